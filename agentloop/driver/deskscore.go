package driver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/desk"
	"pitwall/cache/runs"
	"pitwall/tools/report"
)

// This file is desk.json: what a desk cost and was worth, computed at the end of a run.

// deskTurn is a turn of a desk with what its record says.
type deskTurn struct {
	runs.TurnRow
	at      time.Time
	rec     desk.Record // empty for a turn without a decision
	replies []string    // the role of each
}

// deskScore writes desk.json of a run with a desk, and returns it.
func (r *run) deskScore(figures *report.Run, metrics report.Metrics, trades []report.RoundTrip, out agentloop.Outcome) (*runs.DeskScore, error) {
	if r.Strategy.Desk == nil {
		return nil, nil
	}
	folder := runs.Open(os.DirFS(r.Dir))
	var turns []deskTurn
	for _, row := range folder.Turns() {
		at, err := time.Parse(time.RFC3339, row.AsOf)
		if err != nil {
			return nil, err
		}
		x := deskTurn{TurnRow: row, at: at}
		t, err := folder.Turn(row.Turn)
		if err != nil {
			return nil, err
		}
		if len(t.Output) > 0 {
			if err := json.Unmarshal(t.Output, &x.rec); err != nil {
				return nil, fmt.Errorf("turn %d: %w", row.Turn, err)
			}
		}
		for _, m := range t.Messages {
			if m.Reply != nil && m.Reply.ByModel() {
				x.replies = append(x.replies, m.Role)
			}
		}
		turns = append(turns, x)
	}
	past := prices{figures.Bars, r.manifest.Actions}
	s := &runs.DeskScore{BasisPoints: metrics.TotalReturn * 1e4, Roles: []runs.RoleCost{}, Calibration: calibrate(turns, past, r.Strategy.Desk.Portfolio != nil)}
	if err := addCosts(s, turns); err != nil {
		return nil, err
	}
	if r.Strategy.Desk.Debate != nil {
		s.Judge = judged(turns, past, r.Strategy.Symbols)
	}
	if r.Strategy.Desk.Wake != nil {
		var err error
		if s.Wake, err = slept(turns, past, r.manifest.Costs, out.Asleep); err != nil {
			return nil, err
		}
	}
	if g := r.Strategy.Desk.Goals; g != nil {
		share, err := logged(r.Dir, turns)
		if err != nil {
			return nil, err
		}
		s.Goals = g.score(s.USDPerDecision, metrics, trades, share)
	}
	return s, r.folder.Desk(s)
}

// costOf adds up what the turns cost, those of a shadow sample apart.
func costOf(turns []deskTurn, shadow bool) (usd *pitwall.Dec, n int, err error) {
	var c pitwall.Calc
	usd = new(pitwall.Dec)
	for _, t := range turns {
		if t.Shadow() != shadow {
			continue
		}
		n++
		y := t.Timed()
		if y.USD == nil || y.RecordedUSD == nil {
			usd = nil
		}
		if usd != nil {
			*usd = c.Add(*usd, c.Add(*y.USD, *y.RecordedUSD))
		}
	}
	return usd, n, c.Err
}

// addCosts fills in what the desk cost, by decision, by basis point and by role.
func addCosts(s *runs.DeskScore, turns []deskTurn) (err error) {
	if s.USD, s.Decisions, err = costOf(turns, false); err != nil {
		return err
	}
	if s.USD != nil && s.Decisions > 0 {
		each := s.USD.Float() / float64(s.Decisions)
		s.USDPerDecision = &each
		if s.BasisPoints > 0 {
			point := s.USD.Float() / s.BasisPoints
			s.USDPerPoint = &point
		}
	}
	var c pitwall.Calc
	of := func(role string) *runs.RoleCost {
		i := slices.IndexFunc(s.Roles, func(x runs.RoleCost) bool { return x.Role == role })
		if i < 0 {
			i = len(s.Roles)
			s.Roles = append(s.Roles, runs.RoleCost{Role: role, USD: new(pitwall.Dec)})
		}
		return &s.Roles[i]
	}
	for _, t := range turns {
		y := t.Timed()
		if y.Cache != agentloop.CacheParent {
			for _, role := range t.replies {
				of(role).Replies++
			}
		}
		for _, use := range y.Roles {
			x := of(use.Role)
			x.Asked += use.Asked
			if x.Usage = x.Usage.Add(use.Usage); use.USD == nil {
				x.USD = nil
			}
			if x.USD != nil {
				*x.USD = c.Add(*x.USD, *use.USD)
			}
		}
	}
	return c.Err
}

// slept returns how often the desk slept, and what the orders of the sample would have made
// from the last close known then to that of the desk's next turn or the run's end. Each is
// taken as filled at that close, less commission and slippage; exits are left out.
func slept(turns []deskTurn, past prices, costs pitwall.Costs, asleep int) (*runs.WakeScore, error) {
	s := &runs.WakeScore{Asleep: asleep}
	var err error
	if s.USD, s.Sampled, err = costOf(turns, true); err != nil {
		return nil, err
	}
	s.Looks = len(turns) - s.Sampled + asleep
	rate := (costs.CommissionBps.Float() + costs.SlippageBps.Float()) / 1e4
	for i, t := range turns {
		if !t.Shadow() || len(t.rec.Orders) == 0 {
			continue
		}
		s.Ordered++
		end := time.Time{}
		if j := slices.IndexFunc(turns[i:], func(x deskTurn) bool { return !x.Shadow() }); j >= 0 {
			end = turns[i+j].at
		}
		for _, o := range t.rec.Orders {
			before, after, ok := past.between(o.Symbol, t.at, end)
			if o.Change == nil || !ok {
				continue
			}
			size := o.Change.Float() / 100
			if o.ByUnit && t.Equity != nil && *t.Equity > 0 {
				size = o.Change.Float() * before / *t.Equity
			}
			s.Missed += size*(after/before-1) - math.Abs(size)*rate
		}
	}
	return s, nil
}

// logged returns the share of turns whose decision is in decisions.jsonl: those that failed
// have none, and those whose trader gave no plan.
func logged(dir string, turns []deskTurn) (float64, error) {
	raw, err := os.ReadFile(filepath.Join(dir, runs.DecisionsFile))
	if err != nil {
		return 0, fmt.Errorf("reading what was written: %w", err)
	}
	seen, failed := map[int]bool{}, map[int]bool{}
	for line := range bytes.Lines(raw) {
		var x runs.Decision
		if err := json.Unmarshal(line, &x); err != nil {
			return 0, fmt.Errorf("reading what was written: %w", err)
		}
		switch {
		case x.Type == runs.Chosen:
			seen[x.Turn] = true
		case x.Type == runs.Failure && x.Symbol == "" && (x.Role == "" || x.Role == "trader"):
			failed[x.Turn] = true
		}
	}
	decided := 0
	for turn := range seen {
		if !failed[turn] {
			decided++
		}
	}
	return float64(decided) / float64(max(1, len(turns))), nil
}
