package desk

import (
	"context"
	"errors"

	"pitwall/agentloop"
)

// plan asks the trader, lets the plan be reviewed and sends what is left of it.
func (d *Desk) plan(ctx context.Context, b *agentloop.Brief, rec *Record, given string) error {
	var p TradePlan
	q := &question{role: trader, text: given, read: into(&p, (*TradePlan).check, d.chosen, func(p *TradePlan) error { return checkPlan(p, b.Held) })}
	ok, err := d.askOne(ctx, b, rec, q)
	if err != nil {
		return err
	}
	if !ok {
		if _, failed := errors.AsType[*agentloop.ModelError](q.err); failed {
			return q.err
		}
		return nil
	}
	rec.Plan = &p
	orders := p.Orders
	reviewed := b.Text
	if d.Pattern == broadcast {
		reviewed = given
	}
	reviewed += "\nPlan of the trader:\n" + compact(p) + "\n"
	for _, x := range []struct {
		sits bool
		role string
		into **Review
	}{{d.Risk, risk, &rec.Risk}, {d.Manager, manager, &rec.Manager}} {
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
		if err != nil {
			return err
		}
		if !ok { // no verdict, no order
			return nil
		}
		*x.into = &Review{Verdict: v, Original: orders, Modified: left}
		reviewed += "\nVerdict of " + x.role + ":\n" + compact(v) + "\nOrders that are left:\n" + compact(left) + "\n"
		orders = left
	}
	rec.Approved = orders
	return d.send(ctx, b, rec)
}
