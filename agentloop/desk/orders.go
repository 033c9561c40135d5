package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"pitwall"
	"pitwall/agentloop"
)

// submitTool is the tool that orders.
const submitTool = "orders_submit"

// submission is the arguments of orders_submit.
type submission struct {
	Symbol        string            `json:"symbol"`
	TargetPercent *pitwall.Dec      `json:"target_percent,omitempty"`
	Side          pitwall.Side      `json:"side,omitempty"`
	Qty           *pitwall.Dec      `json:"qty,omitempty"`
	Type          pitwall.OrderType `json:"type,omitempty"`
	Limit         *pitwall.Dec      `json:"limit,omitempty"`
	StopLoss      *pitwall.Dec      `json:"stop_loss,omitempty"`
	TakeProfit    *pitwall.Dec      `json:"take_profit,omitempty"`
	Reason        string            `json:"reason"`
	Confidence    float64           `json:"confidence"`
}

// maxReason is how many bytes of a plan's reason an order carries.
const maxReason = 2000

// send turns approved orders into calls of orders_submit, those that reduce a position
// first: they pay for the others.
func (d *Desk) send(ctx context.Context, b *agentloop.Brief, rec *Record) error {
	first := func(o PlannedOrder) int {
		if before, after, err := o.effect(b.Held); err == nil && reduces(before, after) {
			return 0
		}
		return 1
	}
	orders := slices.Clone(rec.Approved)
	slices.SortStableFunc(orders, func(x, y PlannedOrder) int { return first(x) - first(y) })
	for i, o := range orders {
		s := submission{Symbol: o.Symbol, TargetPercent: o.TargetPercent, Side: o.Side, Qty: o.Quantity, Limit: o.Entry, StopLoss: o.Stop, TakeProfit: o.Target,
			Reason: rec.reason(o), Confidence: o.Confidence}
		if o.Entry != nil {
			s.Type = pitwall.LimitOrder
		}
		raw, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("encoding the order of %s: %w", o.Symbol, err)
		}
		r, err := b.Call(ctx, trader, agentloop.Call{ID: fmt.Sprintf("desk.%d", i), Name: submitTool, Arguments: raw})
		if err != nil {
			return err
		}
		rec.Orders = append(rec.Orders, Sent{Symbol: o.Symbol, Asked: raw, Answer: r.Text, Refused: r.IsError})
	}
	return nil
}

// reason is why an order is sent, and by whose leave.
func (r *Record) reason(o PlannedOrder) string {
	why := o.Reason
	if len(why) > maxReason {
		why = why[:maxReason]
	}
	if r.Risk != nil {
		why += "; risk: " + r.Risk.Decision
	}
	if r.Manager != nil {
		why += "; manager: " + r.Manager.Decision
	}
	return why
}
