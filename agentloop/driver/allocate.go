package driver

import (
	"context"
	"math"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/brokers/fund"
	"pitwall/sim"
)

// This file is a fund's `allocate:`: capital that moves between the books of pods.

// Allocate says when capital moves between pods, and by which weights.
type Allocate struct {
	Every string `yaml:"every"` // as an agent's turns
	To    string `yaml:"to"`    // target (the default) or risk_parity
}

const (
	toTarget     = "target"
	toRiskParity = "risk_parity"

	parityBars  = 60 // returns that risk_parity looks back on, at most
	parityLeast = 20 // below these weights are the targets
)

// check validates what needs no data.
func (a *Allocate) check(s *Strategy) error {
	switch {
	case a == nil:
		return nil
	case len(s.Pods) == 0:
		return s.bad("allocate without pods").Hintf("leave it out: it moves capital between pods")
	case a.Every == "":
		return s.bad("allocate has no every").Hintf("write month, monday or a number of bars")
	case a.To != "" && a.To != toTarget && a.To != toRiskParity:
		return s.bad("allocate.to is %q", a.To).Hintf("use %s (the weights of the pods) or %s", toTarget, toRiskParity)
	}
	if _, err := agentloop.ParseEvery(a.Every); err != nil {
		return s.bad("allocate: %v", err)
	}
	return nil
}

// allocation moves capital between the books of a venue when it is due.
type allocation struct {
	every  agentloop.Every
	parity bool
	venue  *sim.Venue
	pods   []shareOf
	last   time.Time
	passed int
}

// shareOf is a pod's part of a fund.
type shareOf struct {
	name    string
	target  pitwall.Dec // of the fund's equity
	base    pitwall.Dec // its equity after the last bar and what was moved then
	returns []float64   // per bar, the newest last
}

// newAllocation returns the allocation that a world asks for, nil for none.
func newAllocation(spec SimSpec, v *sim.Venue) (*allocation, error) {
	if spec.Allocate == nil {
		return nil, nil
	}
	every, err := agentloop.ParseEvery(spec.Allocate.Every)
	if err != nil {
		return nil, err
	}
	a := &allocation{every: every, parity: spec.Allocate.To == toRiskParity, venue: v, last: v.Now()}
	var c pitwall.Calc
	for _, p := range spec.Pods {
		a.pods = append(a.pods, shareOf{name: p.Name, target: c.Div(p.Cash, spec.Cash), base: p.Cash})
	}
	return a, c.Err
}

// pass takes the end of a bar, and moves capital where it is due.
func (a *allocation) pass(ctx context.Context, sum *fund.Sum, now time.Time) error {
	a.passed++
	if a.parity {
		if err := a.look(ctx); err != nil {
			return err
		}
	}
	if !a.every.Due(a.last, now, a.passed) {
		return nil
	}
	a.last, a.passed = now, 0
	return a.move(ctx, sum)
}

// look adds the bar's return of each pod. What was moved is none.
func (a *allocation) look(ctx context.Context) error {
	for i := range a.pods {
		p := &a.pods[i]
		acc, err := a.venue.Account(ctx, p.name)
		if err != nil {
			return err
		}
		if p.base > 0 {
			p.returns = append(p.returns, acc.Equity.Float()/p.base.Float()-1)
			p.returns = p.returns[max(0, len(p.returns)-parityBars):]
		}
		p.base = acc.Equity
	}
	return nil
}

// weights returns each pod's part of the fund: its target or, by risk parity, the sum of the
// targets divided by the inverse of each volatility. Correlations do not count.
func (a *allocation) weights() []pitwall.Dec {
	targets := make([]pitwall.Dec, len(a.pods))
	inverse, all, total := make([]float64, len(a.pods)), 0.0, pitwall.Dec(0)
	for i, p := range a.pods {
		targets[i] = p.target
		total += p.target
		if deviation := deviationOf(p.returns); len(p.returns) >= parityLeast && deviation > 0 {
			inverse[i] = 1 / deviation
		}
		all += inverse[i]
	}
	if !a.parity {
		return targets
	}
	list := make([]pitwall.Dec, len(a.pods))
	for i := range a.pods {
		part, err := pitwall.FromFloat(math.Floor(inverse[i]/all*1e4) / 1e4)
		if inverse[i] == 0 || err != nil { // a pod that has not traded has no volatility yet
			return targets
		}
		if list[i], err = part.Mul(total); err != nil {
			return targets
		}
	}
	return list
}

// deviationOf returns the standard deviation. Products are rounded by themselves, so that
// every machine finds the same.
func deviationOf(list []float64) float64 {
	mean, squares := 0.0, 0.0
	for _, x := range list {
		mean += x / float64(len(list))
	}
	for _, x := range list {
		squares += float64((x - mean) * (x - mean))
	}
	return math.Sqrt(squares / float64(max(1, len(list)-1)))
}

// move takes from pods above their part what they can spare, and gives it, with what the
// fund's own cash has beyond its part, to those below theirs.
func (a *allocation) move(ctx context.Context, sum *fund.Sum) error {
	whole, err := sum.Account(ctx, "")
	if err != nil {
		return err
	}
	var c pitwall.Calc
	wants, needs, lacking, kept := a.weights(), make([]pitwall.Dec, len(a.pods)), pitwall.Dec(0), whole.Equity
	for i, p := range a.pods {
		acc, err := a.venue.Account(ctx, p.name)
		if err != nil {
			return err
		}
		want := c.Mul(whole.Equity, wants[i])
		kept = c.Sub(kept, want)
		if over := c.Sub(acc.Equity, want); over > 0 {
			err = a.transfer(ctx, p.name, pitwall.MainBook, over)
		} else {
			needs[i], lacking = -over, c.Sub(lacking, over)
		}
		if err != nil {
			return err
		}
	}
	own, err := a.venue.Account(ctx, pitwall.MainBook)
	if err != nil {
		return err
	}
	give := min(c.Sub(own.Equity, kept), lacking)
	for i, p := range a.pods {
		if give > 0 && needs[i] > 0 {
			if err := a.transfer(ctx, pitwall.MainBook, p.name, c.MulDiv(needs[i], give, lacking)); err != nil {
				return err
			}
		}
	}
	return c.Err
}

// transfer moves an amount, or what a book can spare of it. Less than one unit stays.
func (a *allocation) transfer(ctx context.Context, from, to string, amount pitwall.Dec) error {
	spare, err := a.venue.Spare(from)
	if amount = min(amount, spare); err != nil || amount < pitwall.One {
		return err
	}
	for i := range a.pods {
		switch p := &a.pods[i]; p.name {
		case from:
			p.base -= amount
		case to:
			p.base += amount
		}
	}
	return a.venue.Transfer(ctx, from, to, amount)
}
