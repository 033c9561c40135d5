package alpaca

import (
	"context"
	"strings"
	"time"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"

	"pitwall"
)

// external begins the id of an order that this program did not send.
const external = "external:"

// orderOf is an order of Alpaca's in our words.
func orderOf(a sdk.Order, id string) pitwall.Order {
	o := pitwall.Order{ID: id, Book: pitwall.MainBook, Symbol: a.Symbol, Side: pitwall.Side(a.Side), Type: pitwall.OrderType(a.Type), Class: pitwall.Class(a.OrderClass), Qty: decOf(a.Qty),
		Limit: decOf(a.LimitPrice), Stop: decOf(a.StopPrice), Trail: decOf(a.TrailPrice), TrailPercent: decOf(a.TrailPercent), TIF: pitwall.TIF(a.TimeInForce),
		ReduceOnly: a.PositionIntent == sdk.SellToClose || a.PositionIntent == sdk.BuyToClose}
	if o.Class == "" {
		o.Class = pitwall.Simple
	}
	if strings.HasPrefix(id, external) {
		o.By = pitwall.Caller{Principal: "external"}
	}
	return o
}

// statusOf is an order's status. A word that is not known is UNKNOWN: it keeps counting
// against limits.
func statusOf(a sdk.Order) pitwall.Status {
	switch a.Status {
	case "new", "accepted", "pending_new", "accepted_for_bidding", "pending_cancel", "pending_replace", "stopped", "suspended", "calculated", "done_for_day", "partially_filled":
		if a.FilledQty.IsPositive() {
			return pitwall.PartiallyFilled
		}
		return pitwall.Working
	case "held":
		return pitwall.Held
	case "filled":
		return pitwall.Filled
	case "canceled", "replaced":
		return pitwall.Canceled
	case "expired":
		return pitwall.Expired
	case "rejected":
		return pitwall.Rejected
	}
	return pitwall.Unknown
}

// overlay is an order as it stands: what was asked, when this process knows it, under
// what Alpaca says.
func (b *Broker) overlay(id string, r *record, a sdk.Order) pitwall.OrderState {
	s := pitwall.OrderState{Order: orderOf(a, id), Status: statusOf(a), Filled: dec(a.FilledQty), AvgPrice: decOf(a.FilledAvgPrice), Accepted: a.SubmittedAt, Updated: a.UpdatedAt}
	if n := b.nameOf(a); n.parent != "" {
		s.Parent, s.Role, s.Class, s.ReduceOnly = n.parent, n.role, pitwall.Simple, true
	}
	if r != nil && s.Parent == "" {
		live := s.Order
		s.Order, s.Note, s.Accepted = r.asked, r.note, r.accepted
		s.Qty, s.TIF, s.Limit, s.Stop, s.Trail, s.TrailPercent = live.Qty, live.TIF, live.Limit, live.Stop, live.Trail, live.TrailPercent
	}
	if s.Type == pitwall.TrailingStop {
		s.Stop, s.Trigger = 0, decOf(a.StopPrice)
	}
	if s.Class == pitwall.OCO { // Alpaca's order is its target
		s.Type, s.Limit, s.Stop = pitwall.MarketOrder, 0, 0
		for _, l := range a.Legs {
			if st := statusOf(l); st == pitwall.Filled || st == pitwall.PartiallyFilled {
				s.Status, s.Filled, s.AvgPrice = st, dec(l.FilledQty), decOf(l.FilledAvgPrice)
			}
		}
	}
	if s.Status == pitwall.Rejected {
		s.Error = pitwall.Errorf(pitwall.NotAllowed, "Alpaca rejected order %s after it had accepted it", id)
	}
	if a.Status == "pending_cancel" {
		s.Note = "cancel asked for; it may still fill"
	}
	return s
}

// state asks Alpaca for the order of a record.
func (b *Broker) state(ctx context.Context, r *record) (pitwall.OrderState, error) {
	a, err := b.find(ctx, r.asked.ID)
	if err != nil {
		return pitwall.OrderState{}, err
	}
	return b.overlay(r.asked.ID, r, *a), nil
}

// find asks for one of our orders by its id: the newest of those that replaced each other.
func (b *Broker) find(ctx context.Context, id string) (*sdk.Order, error) {
	c := b.client(ctx)
	a, err := c.GetOrderByClientOrderID(b.clientID(id))
	if what, _ := judge(err); what == notFound {
		return nil, unknownOrder(id)
	}
	if err != nil {
		return nil, readError("reading order "+id, err)
	}
	b.learn(*a, id)
	return b.newest(ctx, a)
}

func unknownOrder(id string) error {
	return pitwall.Errorf(pitwall.UnknownOrder, "there is no order %q", id).Hintf("orders_open_orders lists the open ones")
}

// newest follows an order to the one that took its place; a replacement that was
// rejected leaves the old one standing.
func (b *Broker) newest(ctx context.Context, a *sdk.Order) (*sdk.Order, error) {
	for range 1000 {
		if a.Status != "replaced" || a.ReplacedBy == nil {
			return a, nil
		}
		next, err := b.client(ctx).GetOrder(*a.ReplacedBy)
		if err != nil {
			return nil, readError("reading the replacement of order "+a.ClientOrderID, err)
		}
		b.inherit(a.ID, next.ID)
		a = next
	}
	return nil, pitwall.Errorf(pitwall.Internal, "order %s was replaced more than 1000 times", a.ClientOrderID)
}

// clientID is the client_order_id of one of our orders.
func (b *Broker) clientID(id string) string {
	if other, ok := strings.CutPrefix(id, external); ok && b.cfg.Prefix != "" {
		return other
	}
	return b.cfg.Prefix + id
}

// learn remembers what Alpaca's ids stand for: an order's, and those of its exits.
func (b *Broker) learn(a sdk.Order, id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.names[a.ID] = name{id: id}
	if a.OrderClass == sdk.MLeg {
		return // its legs are orders of their own, not exits
	}
	for _, l := range a.Legs {
		role := pitwall.StopLoss
		if l.Type == sdk.Limit {
			role = pitwall.TakeProfit
		}
		b.names[l.ID] = name{id: pitwall.LegID(id, role), parent: id, role: role}
	}
}

// inherit gives a replacement the name of what it replaced.
func (b *Broker) inherit(old, next string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n, ok := b.names[old]; ok {
		b.names[next] = n
	}
}

// nameOf is what an order of Alpaca's is called here: as learned, or by its client_order_id.
func (b *Broker) nameOf(a sdk.Order) name {
	b.mu.Lock()
	n, ok := b.names[a.ID]
	b.mu.Unlock()
	if ok {
		return n
	}
	id, ours := strings.CutPrefix(a.ClientOrderID, b.cfg.Prefix)
	if !ours {
		return name{id: external + a.ClientOrderID}
	}
	return name{id: replacement.ReplaceAllString(id, "")}
}

// byClock is when an order entered the list, for sorting local orders among Alpaca's.
func byClock(x, y pitwall.OrderState) int {
	return x.Accepted.Truncate(time.Microsecond).Compare(y.Accepted.Truncate(time.Microsecond))
}
