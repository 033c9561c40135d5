package desk

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"pitwall"
	"pitwall/agentloop"
)

// This file is who may change what of a plan.

// effect returns what is held of an order's symbol before and after it, in percent of
// equity or, of an order with a quantity, in units.
func (o *PlannedOrder) effect(held map[string]agentloop.Holding) (before, after pitwall.Dec, err error) {
	h := held[o.Symbol]
	if o.TargetPercent != nil {
		return h.Percent, *o.TargetPercent, nil
	}
	change := *o.Quantity
	if o.Side == pitwall.Sell {
		change = -change
	}
	var c pitwall.Calc
	after = c.Add(h.Qty, change)
	return h.Qty, after, c.Err
}

// reduces reports whether an order takes a position down without turning it round.
func reduces(before, after pitwall.Dec) bool {
	return before != 0 && (after == 0 || (after > 0) == (before > 0)) && after.Abs() <= before.Abs()
}

// lessens reports whether an order leaves less of a position than there is, also by
// turning it round.
func lessens(before, after pitwall.Dec) bool { return after.Abs() < before.Abs() }

// checkPlan refuses exits on orders that open nothing.
func checkPlan(p *TradePlan, held map[string]agentloop.Holding) error {
	for _, o := range p.Orders {
		before, after, err := o.effect(held)
		if err != nil {
			return fmt.Errorf("order of %s: %w", o.Symbol, err)
		}
		switch {
		case o.Stop == nil && o.Target == nil:
		case before == after:
			return fmt.Errorf("order of %s: %v %% is what is held, so no order is sent and stop and target would not be placed; leave them out", o.Symbol, after)
		case reduces(before, after):
			return fmt.Errorf("order of %s: it reduces the position, so stop and target have no place; leave them out", o.Symbol)
		}
	}
	return nil
}

// apply returns what a verdict leaves of a plan's orders. An error is a verdict that has
// no right to what it says. A modification may drop a reduction only with all purchases:
// they were planned for what it leaves.
func apply(plan []PlannedOrder, v Verdict, held map[string]agentloop.Holding) ([]PlannedOrder, error) {
	switch v.Decision {
	case Approve:
		return plan, nil
	case Reject:
		return nil, nil
	}
	var left []PlannedOrder
	var dropped, opening string // symbols
	for _, o := range plan {
		i := slices.IndexFunc(v.Orders, func(a Approval) bool { return a.Symbol == o.Symbol })
		if i < 0 {
			if before, after, err := o.effect(held); err != nil || lessens(before, after) {
				dropped = o.Symbol
			}
			continue
		}
		lower, err := lowered(o, v.Orders[i], held)
		if err != nil {
			return nil, fmt.Errorf("order of %s: %w", o.Symbol, err)
		}
		before, after, err := lower.effect(held)
		if err != nil || after != before { // else nothing is left of it
			left = append(left, lower)
			if err != nil || !reduces(before, after) {
				opening = o.Symbol
			}
		}
	}
	for _, a := range v.Orders {
		if !slices.ContainsFunc(plan, func(o PlannedOrder) bool { return o.Symbol == a.Symbol }) {
			return nil, fmt.Errorf("order of %s: the plan has none", a.Symbol)
		}
	}
	if dropped != "" && opening != "" {
		return nil, fmt.Errorf("order of %s: it leaves less of a position and is dropped, while the order of %s opens or enlarges one; list both, or drop both", dropped, opening)
	}
	return left, nil
}

// lowered returns an order as a modification leaves it, or why that is no lower risk.
func lowered(o PlannedOrder, a Approval, held map[string]agentloop.Holding) (PlannedOrder, error) {
	before, planned, err := o.effect(held)
	if err != nil {
		return o, err
	}
	if (a.TargetPercent != nil) != (o.TargetPercent != nil) {
		return o, fmt.Errorf("size it as the plan does, with %s", o.sizedBy())
	}
	m := o
	m.TargetPercent, m.Quantity = a.TargetPercent, a.Quantity
	_, after, err := m.effect(held)
	if err != nil {
		return o, err
	}
	var c pitwall.Calc
	want, less := c.Sub(planned, before), c.Sub(after, before)
	switch {
	case c.Err != nil:
		return o, c.Err
	case less != 0 && (less > 0) != (want > 0), less.Abs() > want.Abs():
		return o, fmt.Errorf("%s %v goes beyond the plan's %v (held: %v)", o.sizedBy(), m.size(), o.size(), before)
	case after.Abs() > planned.Abs():
		return o, fmt.Errorf("%s %v keeps more than the plan does; an order that reduces a position can be approved or rejected", o.sizedBy(), m.size())
	case after != 0 && planned != 0 && (after > 0) != (planned > 0):
		return o, fmt.Errorf("%s %v leaves a position on the other side than the plan's", o.sizedBy(), m.size())
	case reduces(before, after) && a.Stop != nil:
		return o, errors.New("a stop on an order that reduces the position")
	case reduces(before, after): // what is left of turning a position round may only close it
		m.Stop, m.Target = nil, nil
		return m, nil
	case a.Stop == nil:
		return m, nil
	case o.Stop != nil && *a.Stop != *o.Stop && (planned > 0) != (*a.Stop > *o.Stop):
		return o, fmt.Errorf("stop %v is farther than the plan's %v; a stop may be added or nearer", *a.Stop, *o.Stop)
	}
	m.Stop = a.Stop
	return m, nil
}

func (o *PlannedOrder) sizedBy() string {
	if o.TargetPercent != nil {
		return "target_percent"
	}
	return "quantity"
}

func (o *PlannedOrder) size() pitwall.Dec { return *cmp.Or(o.TargetPercent, o.Quantity) }
