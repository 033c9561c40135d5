package desk

import (
	"context"
	"errors"

	"pitwall"
	"pitwall/agentloop"
)

// plan asks the trader, lets the plan be reviewed and sends what is left of it.
func (d *Desk) plan(ctx context.Context, b *agentloop.Brief, rec *Record, given string) error {
	if d.Portfolio != nil {
		return d.rebalance(ctx, b, rec, given)
	}
	var p TradePlan
	q := &question{role: trader, text: given, read: into(&p, (*TradePlan).check, d.chosen, func(p *TradePlan) error { return checkPlan(p, b.Held) })}
	if ok, err := d.planned(ctx, b, rec, q); !ok {
		return err
	}
	rec.Plan = &p
	if ok, err := d.review(ctx, b, rec, given); !ok {
		return err
	}
	return d.send(ctx, b, rec)
}

// planned asks the trader. One whose model failed makes this a failed turn.
func (d *Desk) planned(ctx context.Context, b *agentloop.Brief, rec *Record, q *question) (bool, error) {
	ok, err := d.askOne(ctx, b, rec, q)
	if _, failed := errors.AsType[*agentloop.ModelError](q.err); err == nil && !ok && failed {
		err = q.err
	}
	return ok && err == nil, err
}

// review lets the plan be reviewed and notes what is approved. It reports whether each
// reviewer had a verdict: without one nothing is ordered.
func (d *Desk) review(ctx context.Context, b *agentloop.Brief, rec *Record, given string) (bool, error) {
	orders := rec.Plan.Orders
	rec.Held = map[string]pitwall.Dec{}
	for _, o := range orders {
		if h := b.Held[o.Symbol].Percent; h != 0 {
			rec.Held[o.Symbol] = h
		}
	}
	reviewed := b.Text
	if d.Pattern == broadcast {
		reviewed = given
	}
	reviewed += "\nPlan of the trader:\n" + compact(rec.Plan) + "\n"
	for _, x := range []struct {
		sits bool
		role string
		into **Review
	}{{d.Risk, d.reviewer(rec), &rec.Risk}, {d.Manager, manager, &rec.Manager}} {
		if !x.sits || len(orders) == 0 {
			continue
		}
		var v Verdict
		left := []PlannedOrder{}
		ok, err := d.askOne(ctx, b, rec, &question{role: x.role, text: reviewed, read: into(&v, (*Verdict).check, func(v *Verdict) error {
			var err error
			left, err = apply(orders, *v, b.Held)
			return err
		})})
		if err != nil || !ok {
			return false, err
		}
		*x.into = &Review{Verdict: v, Original: orders, Modified: left}
		reviewed += "\nVerdict of " + x.role + ":\n" + compact(v) + "\nOrders that are left:\n" + compact(left) + "\n"
		orders = left
	}
	rec.Approved = orders
	return true, nil
}

// reviewer returns who manages risk: under an alert the conservative one.
func (d *Desk) reviewer(rec *Record) string {
	if d.Alert && rec.memory.Alert != "" {
		rec.Alert = rec.memory.Alert
		return wary
	}
	return risk
}
