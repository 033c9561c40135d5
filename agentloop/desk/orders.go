package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pitwall"
	"pitwall/agentloop"
)

// The tools that code calls.
const (
	submitTool = "orders_submit"
	cancelTool = "orders_cancel"
	loadTool   = "market_load_history_table"
	queryTool  = "duckdb_query"
	priceTool  = "market_last_price"
)

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
	ReduceOnly    bool              `json:"reduce_only,omitempty"`
	Reason        string            `json:"reason"`
	Confidence    float64           `json:"confidence"`
}

// maxReason is how many bytes of a plan's reason an order carries.
const maxReason = 2000

// Order sends orders as a desk sends what was approved of a plan.
func Order(ctx context.Context, b *agentloop.Brief, approved []PlannedOrder) error {
	return (&Desk{}).send(ctx, b, &Record{Approved: approved})
}

// send turns approved orders into calls of orders_submit, those that reduce a position
// first: they pay for the others, so once one is refused nothing is opened. They are
// reduce-only: should an exit fill before one of them, it ends instead of opening a
// position.
func (d *Desk) send(ctx context.Context, b *agentloop.Brief, rec *Record) error {
	if d.OnlyPlans {
		return nil
	}
	type step struct {
		PlannedOrder
		reduces, lessens bool
		change           pitwall.Dec
	}
	var reductions, rest []step
	for _, o := range rec.Approved {
		before, after, err := o.effect(b.Held)
		if err != nil {
			return fmt.Errorf("order of %s: %w", o.Symbol, err)
		}
		if x := (step{o, reduces(before, after), lessens(before, after), after - before}); x.reduces {
			reductions = append(reductions, x)
		} else {
			rest = append(rest, x)
		}
	}
	stay, err := rec.withdraw(ctx, b)
	if err != nil {
		return err
	}
	refused := "" // the symbol of a reduction
	for i, x := range slices.Concat(reductions, rest) {
		o := x.PlannedOrder
		s := submission{Symbol: o.Symbol, TargetPercent: o.TargetPercent, Side: o.Side, Qty: o.Quantity, Limit: o.Entry, StopLoss: o.Stop, TakeProfit: o.Target,
			ReduceOnly: x.reduces, Reason: rec.reason(o), Confidence: o.Confidence}
		if o.Entry != nil {
			s.Type = pitwall.LimitOrder
		}
		raw, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("encoding the order of %s: %w", o.Symbol, err)
		}
		why := ""
		switch id := stay[o.Symbol]; {
		case x.reduces:
		case refused != "":
			why = "skipped, since the order of " + refused + " was refused, which reduces a position"
		case id != "":
			why = "skipped, since its open entry " + id + " could not be canceled"
		}
		if why != "" {
			b.Warn("order_skipped", o.Symbol+": "+why)
			rec.Orders = append(rec.Orders, Sent{Symbol: o.Symbol, Asked: raw, NotSent: why})
			continue
		}
		if b.Shadow {
			rec.Orders = append(rec.Orders, Sent{Symbol: o.Symbol, Asked: raw, NotSent: "not sent, since the desk was asleep", Change: &x.change, ByUnit: o.Quantity != nil})
			continue
		}
		r, err := b.Call(ctx, trader, agentloop.Call{ID: fmt.Sprintf("desk.%d", i), Name: submitTool, Arguments: raw})
		if err != nil {
			return err
		}
		rec.Orders = append(rec.Orders, Sent{Symbol: o.Symbol, Asked: raw, Answer: r.Text, Refused: r.IsError, NotSent: notSent(r)})
		if r.IsError && x.lessens {
			refused = o.Symbol
		}
	}
	return d.notePlan(ctx, b, rec)
}

// withdraw cancels the open entries of the symbols that are to be ordered: an old one may
// neither fill beside the new order nor after a decision to be flat. It returns, by symbol,
// the entry that stays because its cancel was refused. Orders that others sent to the same
// account stay.
func (r *Record) withdraw(ctx context.Context, b *agentloop.Brief) (stay map[string]string, err error) {
	stay = map[string]string{}
	for _, o := range b.Open {
		held := b.Held[o.Symbol].Qty
		opens := o.Parent == "" && (o.Side == pitwall.Buy && held >= 0 || o.Side == pitwall.Sell && held <= 0)
		planned := slices.ContainsFunc(r.Approved, func(p PlannedOrder) bool { return p.Symbol == o.Symbol })
		if b.Shadow || !opens || !planned || strings.HasPrefix(o.ID, "external:") {
			continue
		}
		raw, err := json.Marshal(map[string]string{"id": o.ID})
		if err != nil {
			return nil, fmt.Errorf("encoding the cancel of %s: %w", o.ID, err)
		}
		a, err := b.Call(ctx, trader, agentloop.Call{ID: "desk.cancel." + o.ID, Name: cancelTool, Arguments: raw})
		if err != nil {
			return nil, err
		}
		if a.IsError {
			stay[o.Symbol] = o.ID
			continue
		}
		r.Canceled = append(r.Canceled, o.ID)
	}
	return stay, nil
}

// notSent returns why an answer says that no order was sent, empty if one was.
func notSent(r agentloop.Result) string {
	switch {
	case r.IsError || !slices.Contains(strings.Split(r.Text, "\n"), pitwall.NotSent):
		return ""
	case strings.Contains(r.Text, string(pitwall.Awaiting)):
		return "waits for approval"
	}
	return "not needed"
}

// reason returns why an order is sent, and by whose leave.
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
