package driver

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/desk"
	"pitwall/cache/runs"
)

// This file is what vetoes were worth: what would have happened without them, through the
// engine.

// Veto is a plan that a reviewer rejected or made smaller. Planned and Left are run through
// the engine from that turn on, each from the account as it was, and then left alone for
// the horizon: both are priced at the same time.
type Veto struct {
	Turn     int         `json:"turn"`
	AsOf     string      `json:"as_of"`
	Role     string      `json:"role"`
	Decision string      `json:"decision"` // reject or modify
	Planned  string      `json:"planned"`
	Left     string      `json:"left"`  // empty = nothing
	Saved    pitwall.Dec `json:"saved"` // equity after the horizon with what was left, less that with what was planned
}

// ordersOnce decides a turn by orders that are given, and holds at every other one.
type ordersOnce struct {
	turn   int
	orders []desk.PlannedOrder
}

// Decide implements [agentloop.Decider].
func (o ordersOnce) Decide(ctx context.Context, b *agentloop.Brief) (agentloop.Decision, error) {
	d := agentloop.Decision{Text: "RESULT: hold, as the fork says"}
	if b.Turn != o.turn || len(o.orders) == 0 {
		return d, nil
	}
	d.Text = "RESULT: orders that the fork gives"
	return d, desk.Order(ctx, b, o.orders)
}

// vetoes prices the vetoes of a run of the desk as it is.
func (c AblateConfig) vetoes(ctx context.Context, base *Result) ([]Veto, error) {
	list := []Veto{}
	run := base.open()
	lines := run.Lines()
	for _, line := range lines {
		if line.Shadow() {
			continue // it orders nothing, vetoed or not
		}
		t, err := run.Turn(line.Turn)
		if err != nil {
			return nil, err
		}
		var rec desk.Record
		if len(t.Output) == 0 || json.Unmarshal(t.Output, &rec) != nil || rec.Plan == nil || len(rec.Plan.Orders) == 0 || reflect.DeepEqual(rec.Plan.Orders, rec.Approved) {
			continue
		}
		v := Veto{Turn: t.Turn, AsOf: t.AsOf, Planned: desk.Sizes(rec.Plan.Orders), Left: desk.Sizes(rec.Approved)}
		switch {
		case rec.Risk != nil && rec.Risk.Decision != desk.Approve:
			v.Role, v.Decision = "risk", rec.Risk.Decision
		case rec.Manager != nil && rec.Manager.Decision != desk.Approve:
			v.Role, v.Decision = "manager", rec.Manager.Decision
		default:
			continue // a reviewer was absent
		}
		if c.Told != nil {
			c.Told(fmt.Sprintf("turn %d as it was planned", t.Turn))
		}
		left, err := c.aftermath(ctx, base, t.Turn, "left", rec.Approved)
		if err != nil {
			return nil, err
		}
		planned, err := c.aftermath(ctx, base, t.Turn, "planned", rec.Plan.Orders)
		if err != nil {
			return nil, err
		}
		if v.Saved, err = left.Sub(planned); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// aftermath returns the equity after the horizon of a turn whose orders are given.
func (c AblateConfig) aftermath(ctx context.Context, base *Result, turn int, name string, orders []desk.PlannedOrder) (pitwall.Dec, error) {
	s := new(*c.Run.Strategy)
	s.Desk = new(*s.Desk)
	f := &Fork{Parent: os.DirFS(base.Out), Turn: turn, given: &ordersOnce{turn, orders}}
	if err := f.Prepare(s); err != nil {
		return 0, err
	}
	end := f.horizon(base)
	s.To = min(s.To, runs.DateOf(end))
	r := c.Run
	r.Strategy, r.Fork, r.Dir = s, f, filepath.Join(c.Run.Dir, fmt.Sprintf("veto-%d-%s", turn, name))
	r.Turns = 0
	var err error
	if r.Agents, err = c.Agents(s); err != nil {
		return 0, err
	}
	out, err := Run(ctx, r)
	if err != nil {
		return 0, fmt.Errorf("turn %d with its orders as %s: %w", turn, name, err)
	}
	equity := out.Manifest.Cash
	for _, p := range out.Report.Points {
		if p.At.After(end) {
			break
		}
		equity = p.Exact
	}
	return equity, nil
}

// horizon returns the end of the last bar of the horizon after Turn: both branches are
// priced then, however often each is asked before.
func (f *Fork) horizon(base *Result) time.Time {
	end, steps := f.asOf, 0
	for _, p := range base.Report.Points {
		if p.At.After(f.asOf) && steps < moveHorizon {
			end = p.At
			steps++
		}
	}
	return end
}
