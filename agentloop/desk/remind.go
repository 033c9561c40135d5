package desk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/agentloop"
)

// maxReminded is how many lessons, and how many beliefs, a role is reminded of.
const maxReminded = 8

// regime returns the newest one that a plan saw.
func (m *remembered) regime() string {
	for _, x := range m.Items {
		if x.Kind == pitwall.Regime {
			return x.Regime
		}
	}
	return ""
}

// relevant returns the active beliefs that concern a role, about these symbols and in
// this regime: those that name another regime are left out once a plan named one.
func (m *remembered) relevant(role, regime string, about func(symbol string) bool) (list []pitwall.ScoredBelief) {
	for _, b := range m.Beliefs {
		concerns := len(b.Roles) == 0 || slices.Contains(b.Roles, role) || role == wary && slices.Contains(b.Roles, risk)
		if b.Status == pitwall.BeliefActive && concerns && about(b.Symbol) && (b.Regime == "" || regime == "" || b.Regime == regime) {
			list = append(list, b)
		}
	}
	return list
}

// remind returns what a role is reminded of, once a turn: beliefs that concern it and,
// where it decides, what the desk's trades taught: by strategy and regime, and lessons.
func (d *Desk) remind(ctx context.Context, b *agentloop.Brief, rec *Record, role string) (text string, err error) {
	m := rec.memory
	if m == nil || m.reminded[role] || role == critic {
		return "", nil
	}
	m.reminded[role] = true
	regime := m.regime()
	if rec.Plan != nil && rec.Plan.Regime != "" {
		regime = rec.Plan.Regime
	}
	about := func(symbol string) bool {
		if rec.Plan != nil {
			return slices.ContainsFunc(rec.Plan.Orders, func(o PlannedOrder) bool { return o.Symbol == symbol })
		}
		_, shown := b.Closes[symbol]
		_, held := b.Held[symbol]
		return shown || held
	}
	if list := m.relevant(role, regime, about); len(list) > 0 {
		text = "\nBeliefs of this desk that concern you:\n"
		for _, x := range list[:min(maxReminded, len(list))] {
			text += believed(x) + "\n"
		}
		if c := m.Calibration; c.Matured > 0 {
			text += fmt.Sprintf("Of %d that matured %.0f %% came true (Brier score %.2f; a coin's is 0.25).\n", c.Matured, 100*c.HitRate, c.Brier)
		}
	}
	if !slices.Contains([]string{judge, debater, trader, risk, wary, manager}, role) {
		return text, nil
	}
	text += m.record()
	lessons, err := d.lessons(ctx, b, rec, regime, about)
	for i, x := range lessons {
		if i == 0 {
			text += "\nLessons of this desk's closed trades:\n"
		}
		text += fmt.Sprintf("- %s %s%s: %s%s%s\n", x.Known.Format(time.DateOnly), x.Symbol, after(" in ", x.Regime), x.Text, after("; expected: ", x.Expected), after("; why: ", x.Why))
	}
	if rec.Alert != "" && role == wary {
		text += "\nAlert: " + rec.Alert + ".\n"
	}
	return text, err
}

// record writes how the desk's trades ended, by strategy and regime, and the regimes that
// its plans saw.
func (m *remembered) record() (text string) {
	for i, s := range m.Statistics {
		if i == 0 {
			text += "\nThis desk's closed trades by strategy and regime:\n"
		}
		text += fmt.Sprintf("- %s in %s: %d trades, %.0f %% won, mean return %+.2f %%", cmp.Or(s.Strategy, "no strategy"), cmp.Or(s.Regime, "no regime"), s.Trades, 100*s.WinRate, 100*s.MeanReturn)
		if s.Sharpe != nil {
			text += fmt.Sprintf(", mean over deviation %.2f", *s.Sharpe)
		}
		if s.RewardToRisk != nil {
			text += fmt.Sprintf(", gain to loss %.2f", *s.RewardToRisk)
		}
		text += "\n"
	}
	var seen []string
	for _, x := range m.Items {
		if x.Kind == pitwall.Regime && len(seen) < maxReminded {
			seen = append(seen, x.Regime+" since "+x.Known.Format(time.DateOnly))
		}
	}
	return text + after("\nRegimes that plans saw, newest first: ", strings.Join(seen, ", ")) + map[bool]string{true: "\n"}[len(seen) > 0]
}

// lessons returns those that a role is reminded of: first what shares words with the
// decision at hand, then the newest of this regime, then of others.
func (d *Desk) lessons(ctx context.Context, b *agentloop.Brief, rec *Record, regime string, about func(symbol string) bool) (list []pitwall.MemoryItem, err error) {
	var newest, elsewhere []pitwall.MemoryItem
	for _, x := range rec.memory.Items {
		switch {
		case x.Kind != pitwall.Lesson || !about(x.Symbol):
		case regime == "" || x.Regime == regime:
			newest = append(newest, x)
		default:
			elsewhere = append(elsewhere, x)
		}
	}
	newest = append(newest, elsewhere...)
	if len(newest) == 0 {
		return nil, nil
	}
	symbols := []string{}
	for _, x := range newest {
		symbols = append(symbols, x.Symbol)
	}
	slices.Sort(symbols)
	if words := rec.words(); words != "" {
		var found struct{ Items []pitwall.MemoryItem }
		if _, err := d.search(ctx, b, &found, map[string]any{"query": words, "symbols": slices.Compact(symbols), "kinds": []string{string(pitwall.Lesson)}, "limit": maxReminded / 2}); err != nil {
			return nil, err
		}
		list = found.Items
	}
	for _, x := range newest {
		if len(list) < maxReminded && !slices.ContainsFunc(list, func(y pitwall.MemoryItem) bool { return y.ID == x.ID }) {
			list = append(list, x)
		}
	}
	return list, nil
}

// words is what the desk talks about: a plan's reasons, else those of reports and judge.
func (r *Record) words() string {
	var parts []string
	if r.Plan != nil {
		parts = append(parts, r.Plan.Strategy, r.Plan.Regime)
		for _, o := range r.Plan.Orders {
			parts = append(parts, o.Reason, o.Invalidation)
		}
		return clip(strings.Join(parts, " "))
	}
	for _, a := range r.Reports {
		for _, x := range a.Reports {
			parts = append(parts, x.Reasons...)
		}
	}
	if r.Debate != nil && r.Debate.Judgement != nil {
		parts = append(parts, r.Debate.Thesis, r.Debate.Consensus)
	}
	return clip(strings.Join(parts, " "))
}

// believed writes a belief in a line.
func believed(x pitwall.ScoredBelief) string {
	confidence := 0.0
	if x.Confidence != nil {
		confidence = *x.Confidence
	}
	return fmt.Sprintf("- %s (%s): %s %s within %d bars, confidence %v%s: %s", x.ID, x.Known.Format(time.DateOnly), x.Symbol, x.Direction, x.Horizon, confidence, after(", regime ", x.Regime), x.Text)
}
