package driver_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/desk"
	"pitwall/cache/runs"
)

const learning = "{analysts: [technical, breadth], debate: {rounds: 1}, trader: {}, risk: {limits: false}, manager: {}, critic: {}}\nmemory: {episode: week}"

// swinging buys in one turn and sells in the next, and its critic learns from it: a lesson of
// each trade, and each week a belief for the trader alone. said is the lesson's text.
func swinging(said string) func(string, agentloop.Request) (agentloop.Reply, error) {
	return func(role string, r agentloop.Request) (agentloop.Reply, error) {
		text := r.Messages[len(r.Messages)-1].User
		switch role {
		case "critic":
			return agentloop.Reply{Text: criticized(text, said)}, nil
		case "trader":
			if !strings.Contains(text, "positions: none") {
				return agentloop.Reply{Text: `{"orders":[{"symbol":"AAPL","target_percent":0,"confidence":0.5,"reason":"the swing is over"}],"strategy":"swing","regime":"calm"}`}, nil
			}
			return agentloop.Reply{Text: `{"orders":[{"symbol":"AAPL","target_percent":50,"confidence":0.5,"reason":"a swing up","horizon":"5 bars"}],"strategy":"swing","regime":"calm"}`}, nil
		}
		return agentloop.Reply{}, nil
	}
}

func criticized(text, said string) string {
	lessons, beliefs := []any{}, []any{}
	_, closed, _ := strings.Cut(text, "\nClosed trades without a lesson:\n")
	for line := range strings.Lines(closed) {
		var t pitwall.MemoryTrade
		if json.Unmarshal([]byte(line), &t) != nil || t.ID == "" || t.Side == "" {
			continue
		}
		lessons = append(lessons, map[string]any{"trade": t.ID, "lesson": said + " " + t.ID, "expected": "a swing", "why": "as it came"})
	}
	if _, list, ended := strings.Cut(text, "\nThe episode has ended: "); ended {
		of := ""
		for line := range strings.Lines(list) {
			var b pitwall.ScoredBelief
			if json.Unmarshal([]byte(line), &b) == nil && b.ID != "" && of == "" {
				of = b.ID
			}
		}
		x := map[string]any{"subject": "AAPL", "direction": "up", "horizon": 3, "confidence": 0.7, "statement": "the swing goes on", "roles": []string{"trader"}}
		if of != "" {
			x["of"] = of
		}
		beliefs = append(beliefs, x)
	}
	raw, _ := json.Marshal(map[string]any{"lessons": lessons, "beliefs": beliefs, "retired": []any{}})
	return string(raw)
}

// memoryOf reads memory.jsonl.
func memoryOf(t *testing.T, dir string) runs.Memory {
	t.Helper()
	m, err := runs.Open(os.DirFS(dir)).Memory()
	require.NoError(t, err)
	require.NotNil(t, m)
	return *m
}

// heardBy returns all that a role was told in a turn by the desk.
func heardBy(x agentloop.Turn, role string) (text string) {
	for _, m := range x.Messages {
		if m.Role == role {
			text += m.User
		}
	}
	return text
}

// Roles read what concerns them, from the turn on in which it was known, and no other does.
func TestDeskRemindsWhomItConcerns(t *testing.T) {
	d := &deskRun{desk: learning, play: swinging("wait")}
	r, turns, err := d.run(t)
	require.NoError(t, err)
	m := memoryOf(t, r.Out)
	lessons := map[string]pitwall.MemoryItem{}
	for _, x := range m.Items {
		if x.Kind == pitwall.Lesson {
			lessons[x.Trade] = x
			require.Equal(t, []string{"swing", "calm"}, []string{x.Strategy, x.Regime}, "of its plan")
		}
	}
	require.Greater(t, len(lessons), 3)
	for _, x := range m.Trades {
		if l, is := lessons[x.ID]; is {
			require.False(t, l.Known.Before(x.Known), "%s: its lesson before its exit", x.ID)
			require.Equal(t, "within 5 bars", x.Expected)
		}
	}
	reminded, believed := 0, 0
	for _, x := range turns {
		at, err := time.Parse(time.RFC3339, x.AsOf)
		require.NoError(t, err)
		for _, role := range x.Roles {
			text := heardBy(x, role.Name)
			for _, l := range lessons {
				if !strings.Contains(text, l.Text) {
					continue
				}
				reminded++
				require.False(t, l.Known.After(at), "turn %d: %s", x.Turn, l.ID)
				require.Contains(t, []string{"judge", "trader", "risk", "risk_conservative", "manager"}, role.Name)
			}
			if strings.Contains(text, "the swing goes on") && role.Name != "critic" {
				believed++
				require.Equal(t, "trader", role.Name)
			}
		}
	}
	require.Greater(t, reminded, 20)
	require.Greater(t, believed, 4)
	last := heardBy(turns[len(turns)-1], "trader")
	require.Contains(t, last, fmt.Sprintf("- swing in calm: %d trades, ", len(m.Trades)))
	require.Contains(t, last, "Regimes that plans saw, newest first: calm since 2014-01-02\n")
	require.NotContains(t, turns[0].Result, "absent")
}

// A role is reminded by the words of its decision, and by the regime, before by age.
func TestDeskRemindsByWordsAndRegime(t *testing.T) {
	n := 0
	play := func(role string, r agentloop.Request) (agentloop.Reply, error) {
		text := r.Messages[len(r.Messages)-1].User
		switch {
		case role == "critic":
			n++
			return agentloop.Reply{Text: criticized(text, map[bool]string{true: "earnings surprise", false: "nothing special"}[n == 1])}, nil
		case role == "technical":
			return agentloop.Reply{Text: strings.Replace(reports("AAPL", "BUY"), `["r"]`, `["earnings tomorrow"]`, 1)}, nil
		case role == "trader":
			reply, err := swinging("")(role, r)
			reply.Text = strings.Replace(reply.Text, "calm", map[bool]string{true: "calm", false: "wild"}[n%2 == 0], 1)
			return reply, err
		}
		return agentloop.Reply{}, nil
	}
	d := &deskRun{desk: "{analysts: [technical], trader: {}, critic: {}}\nmemory: {episode: quarter, trades: 100}", every: 1, turns: 44, play: play}
	_, turns, err := d.run(t)
	require.NoError(t, err)
	text := heardBy(turns[len(turns)-1], "trader")
	_, list, _ := strings.Cut(text, "\nLessons of this desk's closed trades:\n")
	lines := strings.Split(list, "\n")
	require.Contains(t, lines[0], "earnings surprise", "found by its words, though it is the oldest")
	require.Equal(t, 8, strings.Count(list, "\n- ")+1)
	_, now, _ := strings.Cut(text, "newest first: ")
	now, _, _ = strings.Cut(now, " ")
	for _, line := range lines[1:8] {
		require.Contains(t, line, " in "+now+": nothing special", "every other trade is of the other regime")
	}
}

// Under an alert the conservative risk manager judges. The alert and what roles read of
// beliefs equal a computation from the run's equity and prices.
func TestDeskAlertsAndScoresEqualAnIndependentComputation(t *testing.T) {
	d := &deskRun{desk: learning, every: 2, play: swinging("wait")}
	r, turns, err := d.run(t)
	require.NoError(t, err)
	run := runs.Open(os.DirFS(r.Out))
	m := memoryOf(t, r.Out)
	points := run.Equity()
	closes := run.Bars()["AAPL"]
	alerts := 0
	for _, x := range turns {
		at, err := time.Parse(time.RFC3339, x.AsOf)
		require.NoError(t, err)
		var daily []float64
		before := 100000.0
		for _, p := range points {
			if !p.Time.After(at) {
				daily = append(daily, p.Equity.Float()/before-1)
				before = p.Equity.Float()
			}
		}
		rec := recordOf(t, x)
		if rec.Risk != nil {
			wary := len(daily) > 0 && daily[len(daily)-1] < 0 || len(daily) > 1 && worst(daily) < worst(daily[:len(daily)-1])
			require.Equal(t, wary, rec.Alert != "", "turn %d: %q", x.Turn, rec.Alert)
			judged, other := "risk", "risk_conservative"
			if wary {
				alerts++
				judged, other = other, judged
				require.Contains(t, heardBy(x, judged), "\nAlert: "+rec.Alert)
				require.Contains(t, desk.Conversation(&x), desk.Line{Role: judged, Text: "in place of risk: " + rec.Alert})
			}
			require.NotEmpty(t, heardBy(x, judged), "turn %d", x.Turn)
			require.Empty(t, heardBy(x, other), "turn %d", x.Turn)
		}
		matured, hits, brier := 0, 0.0, 0.0
		for _, b := range m.Beliefs {
			from := slices.IndexFunc(closes, func(c pitwall.Bar) bool { return c.Known.After(b.Known) }) - 1
			if from < 0 || from+b.Horizon >= len(closes) || closes[from+b.Horizon].Known.After(at) {
				continue
			}
			hit := 0.0
			if closes[from+b.Horizon].Close > closes[from].Close {
				hit = 1
			}
			matured, hits, brier = matured+1, hits+hit, brier+math.Pow(0.7-hit, 2)
		}
		if said := heardBy(x, "trader"); matured > 0 && strings.Contains(said, "Beliefs of this desk") {
			n := float64(matured)
			require.Contains(t, said, fmt.Sprintf("Of %d that matured %.0f %% came true (Brier score %.2f;", matured, 100*hits/n, brier/n), "turn %d", x.Turn)
		}
	}
	require.Greater(t, alerts, 3)
	require.Less(t, alerts, len(turns)-3)
}

// worst is the mean of the worst 1 % of results, at least of one.
func worst(results []float64) float64 {
	list := slices.Sorted(slices.Values(results))
	n, sum := (len(list)+99)/100, 0.0
	for _, r := range list[:n] {
		sum += r
	}
	return sum / float64(n)
}

// A desk carries the memory of an earlier run; into one that starts before its end it does
// not. Its critic reviews what it carries.
func TestDeskCarriesItsMemory(t *testing.T) {
	first := &deskRun{desk: learning, play: swinging("wait")}
	r, _, err := first.run(t)
	require.NoError(t, err)
	raw, err := os.ReadFile(filepath.Join(r.Out, runs.MemoryFile))
	require.NoError(t, err)
	beside := fstest.MapFS{"first.jsonl": {Data: raw}}
	carrying := strings.Replace(learning, "{episode", "{carry: first.jsonl, episode", 1)
	early := &deskRun{desk: carrying, beside: beside, play: swinging("wait")}
	_, _, err = early.run(t)
	require.ErrorContains(t, err, "first.jsonl knows of 2014-03-31T16:00:00-04:00, and the run starts at 2014-01-02")
	later := &deskRun{desk: carrying, beside: beside, play: swinging("wait"), days: "from: 2014-04-01\nto: 2014-04-30"}
	_, turns, err := later.run(t)
	require.NoError(t, err)
	require.Contains(t, heardBy(turns[0], "trader"), "Lessons of this desk's closed trades:\n- 2014-03-")
	require.Contains(t, heardBy(turns[0], "trader"), "- run:m", "beliefs with the run's name")
}

// A memory that cannot be read reminds of nothing, and risk is judged conservatively.
func TestDeskWhoseMemoryCannotBeRead(t *testing.T) {
	d := &deskRun{desk: learning, turns: 4, play: swinging("wait"), change: func(a *agentloop.Agent) {
		for i := range a.Roles {
			if a.Roles[i].Name == desk.Recorder {
				a.Roles[i].Tools = []string{}
			}
		}
	}}
	_, turns, err := d.run(t)
	require.NoError(t, err)
	require.Zero(t, d.asked["risk"])
	require.Positive(t, d.asked["risk_conservative"])
	for _, x := range turns {
		require.Contains(t, kindsOf(x), "memory_unread")
		require.Equal(t, "the memory could not be read", recordOf(t, x).Alert)
		require.NotContains(t, heardBy(x, "trader"), "Lessons")
	}
}

// Once there is a plan, reviewers are reminded of the symbols that it orders.
func TestReviewersAreRemindedOfThePlansSymbols(t *testing.T) {
	files, _ := madeCloses(40, map[string]float64{"AA": 0.01, "BB": 0.01})
	order := func(symbol, target string) string {
		return `{"symbol":"` + symbol + `","target_percent":` + target + `,"confidence":0.5,"reason":"r"}`
	}
	n := 0
	d := &deskRun{desk: "{trader: {}, risk: {limits: false}, critic: {}}\nmemory: {episode: quarter}", every: 1, symbols: "AA, BB", days: "from: 2013-01-02\nto: 2013-02-28", data: files, turns: 6, play: func(role string, r agentloop.Request) (agentloop.Reply, error) {
		switch role {
		case "critic":
			return agentloop.Reply{Text: criticized(r.Messages[0].User, "wait")}, nil
		case "trader":
			n++
			switch n {
			case 1:
				return agentloop.Reply{Text: `{"orders":[` + order("AA", "20") + "," + order("BB", "20") + `]}`}, nil
			case 3:
				return agentloop.Reply{Text: `{"orders":[` + order("AA", "0") + "," + order("BB", "0") + `]}`}, nil
			case 5:
				return agentloop.Reply{Text: `{"orders":[` + order("BB", "10") + `]}`}, nil
			}
			return agentloop.Reply{Text: `{"orders":[],"no_trade":"wait"}`}, nil
		}
		return agentloop.Reply{}, nil
	}}
	_, turns, err := d.run(t)
	require.NoError(t, err)
	for _, x := range turns {
		if x.Turn != 5 {
			continue
		}
		judged := "risk"
		if recordOf(t, x).Alert != "" {
			judged = "risk_conservative"
		}
		require.Contains(t, heardBy(x, "trader"), "wait 1-AA")
		require.Contains(t, heardBy(x, "trader"), "wait 1-BB")
		require.Contains(t, heardBy(x, judged), "wait 1-BB")
		require.NotContains(t, heardBy(x, judged), "wait 1-AA")
	}
	require.GreaterOrEqual(t, len(turns), 5)
}
