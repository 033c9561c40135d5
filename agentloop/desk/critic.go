package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pitwall"
	"pitwall/agentloop"
)

// critic is the role that writes lessons and reviews beliefs.
const critic = "critic"

// Critique is what the critic answers with: a lesson of each trade that closed and, when
// an episode has ended, what the desk believes from now on.
type Critique struct {
	Lessons []CritiqueLesson `json:"lessons"`
	Beliefs []CritiqueBelief `json:"beliefs"`
	Retired []Retirement     `json:"retired"`
}

// CritiqueLesson is the lesson of one closed trade.
type CritiqueLesson struct {
	Trade    string `json:"trade"` // its id
	Lesson   string `json:"lesson"`
	Expected string `json:"expected"`
	Why      string `json:"why"` // the outcome differed from that, or did not
}

// CritiqueBelief is a belief that is new or, with Of, refines one.
type CritiqueBelief struct {
	Of         string   `json:"of,omitempty"`
	Subject    string   `json:"subject"`   // a symbol
	Direction  string   `json:"direction"` // up or down
	Horizon    int      `json:"horizon"`   // bars
	Confidence float64  `json:"confidence"`
	Statement  string   `json:"statement"`
	Regime     string   `json:"regime,omitempty"` // in which it holds
	Roles      []string `json:"roles,omitempty"`  // whom it concerns; none = all
}

// Retirement is a belief that is believed no longer.
type Retirement struct {
	Of     string `json:"of"`
	Reason string `json:"reason"`
}

// criticise asks the critic when a trade has closed without a lesson or an episode has
// ended, and writes down what it says.
func (d *Desk) criticise(ctx context.Context, b *agentloop.Brief, rec *Record) error {
	m := rec.memory
	closed := slices.DeleteFunc(slices.Clone(m.Trades), func(t pitwall.MemoryTrade) bool { return t.Lesson != "" || t.Run != "" })
	if len(closed) == 0 && m.Ended == "" {
		return nil
	}
	text := b.Text + "\nClosed trades without a lesson:\n"
	for _, t := range closed {
		text += compact(t) + "\n"
	}
	if len(closed) == 0 {
		text += "none\n"
	}
	standing := slices.DeleteFunc(slices.Clone(m.Beliefs), func(x pitwall.ScoredBelief) bool {
		return x.Status == pitwall.BeliefRefined || x.Status == pitwall.BeliefRetired
	})
	if m.Ended == "" {
		text += "No episode has ended: give no beliefs and retire none.\n"
	} else {
		text += "The episode has ended: " + m.Ended + ". Say what the desk believes from now on. What it believes, or did until it matured:\n"
		for _, x := range standing {
			text += compact(x) + "\n"
		}
		if c := m.Calibration; c.Matured > 0 {
			text += fmt.Sprintf("Of %d that matured %.0f %% came true; Brier score %.3f.\n", c.Matured, 100*c.HitRate, c.Brier)
		}
	}
	var c Critique
	ok, err := d.askOne(ctx, b, rec, &question{role: critic, text: text, read: into(&c, func(c *Critique) error { return d.checkCritique(c, b, closed, standing, m.Ended) })})
	if err != nil || !ok {
		return err
	}
	rec.Critique = &c
	var notes []note
	for _, x := range c.Lessons {
		notes = append(notes, note{Kind: pitwall.Lesson, Trade: x.Trade, Text: clip(x.Lesson), Expected: clip(x.Expected), Why: clip(x.Why)})
	}
	for _, x := range c.Retired {
		notes = append(notes, note{Kind: pitwall.Retire, Of: x.Of, Text: clip(x.Reason)})
	}
	beliefs := slices.Clone(c.Beliefs)
	slices.SortStableFunc(beliefs, func(a, b CritiqueBelief) int { // those that make room go first
		return cmp.Compare(min(len(b.Of), 1), min(len(a.Of), 1))
	})
	for _, x := range beliefs {
		notes = append(notes, note{Kind: pitwall.Belief, Of: x.Of, Symbol: x.Subject, Direction: x.Direction, Horizon: x.Horizon, Confidence: &x.Confidence, Text: clip(x.Statement), Regime: clip(x.Regime), Roles: x.Roles})
	}
	if m.Ended != "" {
		notes = append(notes, note{Kind: pitwall.Episode, Text: fmt.Sprintf("%s: %d beliefs stated or refined, %d retired", m.Ended, len(c.Beliefs), len(c.Retired))})
	}
	for _, n := range notes {
		if err := d.write(ctx, b, critic, n); err != nil {
			return err
		}
	}
	rec.memory, err = d.recall(ctx, b)
	return err
}

// blank reports whether a text says nothing.
func blank(text string) bool { return strings.TrimSpace(text) == "" }

// checkCritique tests what the schema cannot say.
func (d *Desk) checkCritique(c *Critique, b *agentloop.Brief, closed []pitwall.MemoryTrade, standing []pitwall.ScoredBelief, ended string) error {
	for i, x := range c.Lessons {
		switch {
		case !slices.ContainsFunc(closed, func(t pitwall.MemoryTrade) bool { return t.ID == x.Trade }):
			return fmt.Errorf("a lesson of %q, which is no closed trade without one", x.Trade)
		case slices.ContainsFunc(c.Lessons[:i], func(y CritiqueLesson) bool { return y.Trade == x.Trade }):
			return fmt.Errorf("two lessons of trade %s; give one", x.Trade)
		}
	}
	if len(c.Lessons) < len(closed) {
		return fmt.Errorf("%d lessons of %d closed trades; give one for each", len(c.Lessons), len(closed))
	}
	if ended == "" && len(c.Beliefs)+len(c.Retired) > 0 {
		return errors.New("no episode has ended, so give no beliefs and retire none")
	}
	used := map[string]bool{}
	find := func(id string) (pitwall.ScoredBelief, error) {
		i := slices.IndexFunc(standing, func(x pitwall.ScoredBelief) bool { return x.ID == id })
		switch {
		case i < 0:
			return pitwall.ScoredBelief{}, fmt.Errorf("no belief %q can be refined or retired", id)
		case used[id]:
			return standing[i], fmt.Errorf("belief %s is refined or retired twice", id)
		}
		used[id] = true
		return standing[i], nil
	}
	for _, x := range c.Retired {
		if blank(x.Reason) {
			return fmt.Errorf("the reason to retire %s is blank; write a sentence", x.Of)
		}
		if _, err := find(x.Of); err != nil {
			return err
		}
	}
	same := func(symbol, direction, regime string) func(pitwall.ScoredBelief) bool {
		return func(s pitwall.ScoredBelief) bool {
			return s.Status == pitwall.BeliefActive && !used[s.ID] && s.Symbol == symbol && s.Direction == direction && s.Regime == regime
		}
	}
	for _, x := range c.Beliefs {
		if x.Of == "" {
			continue
		}
		if s, err := find(x.Of); err != nil {
			return err
		} else if s.Symbol != x.Subject {
			return fmt.Errorf("belief %s is about %s, not %s", x.Of, s.Symbol, x.Subject)
		}
	}
	for _, x := range c.Beliefs {
		if blank(x.Statement) {
			return fmt.Errorf("a statement about %s is blank; write a sentence", x.Subject)
		}
		if _, shown := b.Closes[x.Subject]; !shown && x.Of == "" {
			return fmt.Errorf("the snapshot has no symbol %s", x.Subject)
		}
		if i := slices.IndexFunc(standing, same(x.Subject, x.Direction, x.Regime)); i >= 0 {
			return fmt.Errorf("belief %s says the same of %s; refine it with of, or retire it", standing[i].ID, x.Subject)
		}
		for _, role := range x.Roles {
			if !slices.Contains(d.Seats(), role) {
				return fmt.Errorf("the desk has no role %s", role)
			}
		}
	}
	for _, x := range c.Lessons {
		if blank(x.Lesson) {
			return fmt.Errorf("the lesson of trade %s is blank; write a sentence", x.Trade)
		}
	}
	for i, x := range c.Beliefs {
		if slices.ContainsFunc(c.Beliefs[:i], func(y CritiqueBelief) bool {
			return y.Subject == x.Subject && y.Direction == x.Direction && y.Regime == x.Regime
		}) {
			return fmt.Errorf("two beliefs say the same of %s; give one", x.Subject)
		}
	}
	return nil
}
