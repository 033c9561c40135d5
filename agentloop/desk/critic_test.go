package desk

import (
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
)

// What a critique may say of these trades and beliefs, and why not.
func TestCritiquesAreChecked(t *testing.T) {
	d, err := New(Desk{Analysts: []string{"technical"}, Trader: true, Risk: true, Memory: true, Critic: true})
	require.NoError(t, err)
	b := &agentloop.Brief{Closes: map[string]float64{"AAA": 1, "BBB": 2}}
	closed := []pitwall.MemoryTrade{{ID: "1-AAA"}, {ID: "2-BBB"}}
	standing := []pitwall.ScoredBelief{
		{MemoryItem: pitwall.MemoryItem{ID: "m1", Symbol: "AAA", Direction: "up"}, Status: pitwall.BeliefActive},
		{MemoryItem: pitwall.MemoryItem{ID: "m3", Symbol: "AAA", Direction: "down"}, Status: pitwall.BeliefActive},
		{MemoryItem: pitwall.MemoryItem{ID: "m2", Symbol: "CCC", Direction: "down"}, Status: pitwall.BeliefMatured},
	}
	one, two := CritiqueLesson{Trade: "1-AAA", Lesson: "wait"}, CritiqueLesson{Trade: "2-BBB", Lesson: "wait"}
	both := []CritiqueLesson{one, two}
	is := func(of, subject, direction string, roles ...string) CritiqueBelief {
		return CritiqueBelief{Of: of, Subject: subject, Direction: direction, Statement: "so it is", Roles: roles}
	}
	for name, c := range map[string]struct {
		Critique
		ended, why string
	}{
		"both lessons":          {Critique{Lessons: both}, "", ""},
		"one lesson":            {Critique{Lessons: []CritiqueLesson{one}}, "", "1 lessons of 2 closed trades"},
		"two of one trade":      {Critique{Lessons: []CritiqueLesson{one, one}}, "", "two lessons of trade 1-AAA"},
		"of no trade":           {Critique{Lessons: []CritiqueLesson{one, {Trade: "9-AAA"}}}, "", `a lesson of "9-AAA"`},
		"too early":             {Critique{Lessons: both, Beliefs: []CritiqueBelief{is("", "BBB", "up")}}, "", "no episode has ended"},
		"retired too early":     {Critique{Lessons: both, Retired: []Retirement{{Of: "m1", Reason: "it was wrong"}}}, "", "no episode has ended"},
		"novel":                 {Critique{Lessons: both, Beliefs: []CritiqueBelief{is("", "BBB", "up", "trader")}}, "month", ""},
		"refined":               {Critique{Lessons: both, Beliefs: []CritiqueBelief{is("m1", "AAA", "up"), is("m2", "CCC", "up")}}, "month", ""},
		"retired and replaced":  {Critique{Lessons: both, Retired: []Retirement{{Of: "m1", Reason: "it was wrong"}}, Beliefs: []CritiqueBelief{is("", "AAA", "up")}}, "month", ""},
		"of another symbol":     {Critique{Lessons: both, Beliefs: []CritiqueBelief{is("m1", "BBB", "up")}}, "month", "belief m1 is about AAA, not BBB"},
		"of none":               {Critique{Lessons: both, Beliefs: []CritiqueBelief{is("m9", "BBB", "up")}}, "month", `no belief "m9"`},
		"refined and retired":   {Critique{Lessons: both, Retired: []Retirement{{Of: "m1", Reason: "it was wrong"}}, Beliefs: []CritiqueBelief{is("m1", "AAA", "up")}}, "month", "refined or retired twice"},
		"a symbol unseen":       {Critique{Lessons: both, Beliefs: []CritiqueBelief{is("", "CCC", "up")}}, "month", "the snapshot has no symbol CCC"},
		"the same as one":       {Critique{Lessons: both, Beliefs: []CritiqueBelief{is("", "AAA", "up")}}, "month", "belief m1 says the same of AAA"},
		"twice the same":        {Critique{Lessons: both, Beliefs: []CritiqueBelief{is("", "BBB", "up"), is("", "BBB", "up")}}, "month", "two beliefs say the same of BBB"},
		"a blank lesson":        {Critique{Lessons: []CritiqueLesson{{Trade: "1-AAA", Lesson: " "}, two}}, "", "the lesson of trade 1-AAA is blank"},
		"a blank reason":        {Critique{Lessons: both, Retired: []Retirement{{Of: "m1", Reason: "\t"}}}, "month", "the reason to retire m1 is blank"},
		"a blank statement":     {Critique{Lessons: both, Beliefs: []CritiqueBelief{{Subject: "BBB", Direction: "up"}}}, "month", "a statement about BBB is blank"},
		"refined into another":  {Critique{Lessons: both, Beliefs: []CritiqueBelief{is("m3", "AAA", "up")}}, "month", "belief m1 says the same of AAA"},
		"whom the desk has not": {Critique{Lessons: both, Beliefs: []CritiqueBelief{is("", "BBB", "up", "judge")}}, "month", "the desk has no role judge"},
	} {
		err := d.checkCritique(&c.Critique, b, closed, standing, c.ended)
		if c.why == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, c.why, name)
	}
	for _, bad := range []Desk{{Analysts: []string{"critic"}, Trader: true}, {Analysts: []string{"memory"}, Trader: true}, {Trader: true, Critic: true}, {Trader: true, Risk: true, Alert: true}} {
		_, err := New(bad)
		require.Error(t, err)
	}
}
