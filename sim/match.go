package sim

import (
	"context"
	"strconv"
	"time"

	"pitwall"
)

// match fills resting orders against this step's bars, moment by moment.
func (v *Venue) match(ctx context.Context, at time.Time) error {
	for _, ph := range [...]phase{atOpen, onStop, onLimit, atClose} {
		// A fill may end an order and so change v.resting; walk a copy.
		for _, n := range append([]*order(nil), v.resting...) {
			l := v.list[n.sym]
			if !l.hit || l.Start[l.next] < n.accepted || !n.Status.Open() {
				continue
			}
			if q, ok := v.fillPrice(n, l, ph); ok {
				if err := v.execute(ctx, n, l, ph, q, at); err != nil {
					return err
				}
			}
			if n.Status.Open() && over(n, l, ph) {
				v.close(n, pitwall.Canceled, at, nil)
				if err := v.journalState(ctx, n, at); err != nil {
					return err
				}
			}
		}
	}
	v.ratchet()
	return nil
}

// over reports whether an order that has had its one moment ends with it: the
// first open for ioc and fok, a session's first open for opg.
func over(n *order, l *listed, ph phase) bool {
	switch n.TIF {
	case pitwall.IOC, pitwall.FOK:
		return ph == atOpen
	case pitwall.OPG:
		return ph == atOpen && opens(l)
	}
	return false
}

// execute trades what the volume share allows at a reference price: slippage
// for takers, the second test of buying power, the ledger, the journal.
func (v *Venue) execute(ctx context.Context, n *order, l *listed, ph phase, q quote, at time.Time) error {
	qty := min(n.Remaining(), l.left)
	if qty <= 0 || (n.TIF == pitwall.FOK && qty < n.Remaining()) {
		return nil // rule 15: nothing left of this bar's volume; the order rests
	}
	var a pitwall.Calc
	reference, price := q.price, q.price
	if q.taker {
		price = v.cfg.Costs.Slip(&a, n.Side, reference, volumePart(qty, l))
		if n.Limit != 0 { // rule 16: never worse than its limit
			if n.Side == pitwall.Buy {
				price = min(price, n.Limit)
			} else {
				price = max(price, n.Limit)
			}
		}
	}
	notional := a.Mul(qty, price)
	fee := v.cfg.Costs.Fee(&a, n.traded(), qty, notional, !q.taker)
	slippage := a.Mul(qty, (price - reference).Abs())
	spent := a.Add(n.spent, notional)
	fees := a.Add(n.Fees, fee)
	cost := a.Add(notional, fee)
	if a.Err != nil {
		return v.refuse(ctx, n, at, pitwall.Errorf(pitwall.InvalidNumber, "%v %s at %v: %v", qty, n.Symbol, price, a.Err))
	}
	if n.Side == pitwall.Buy && cost > v.ledger.cash {
		e := pitwall.Errorf(pitwall.BuyingPower, "at the fill %v %s at %v cost %v with fee %v; cash is %v", qty, n.Symbol, price, cost.Round(2), fee.Round(2), v.ledger.cash.Round(2)).
			Hintf("the price moved against the reserve: leave a larger cash buffer or use a limit order")
		e.Checks = []pitwall.Check{{Name: "buying_power", Observed: cost.String(), Limit: v.ledger.cash.String(), Unit: "USD"}}
		return v.refuse(ctx, n, at, e)
	}
	if n.Side == pitwall.Sell && notional < fee && a.Sub(fee, notional) > v.ledger.cash {
		return v.refuse(ctx, n, at, pitwall.Errorf(pitwall.BuyingPower, "the fee %v is more than the sale's %v and cash %v", fee, notional, v.ledger.cash))
	}
	f := pitwall.Fill{ID: "f" + strconv.Itoa(len(v.fills)+1), OrderID: n.ID, Book: n.Book, Symbol: n.Symbol, Side: n.Side, Qty: qty, Price: price, Fee: fee,
		Reference: reference, Slippage: slippage, Maker: !q.taker, Rule: q.rule, Capped: n.Remaining() - qty, Bar: l.Bar(l.next).Start, Time: l.Bar(l.next).End, Known: at}
	if ph == atOpen {
		f.Time = f.Bar
	}
	var err error
	if n.Side == pitwall.Buy {
		err = v.ledger.buy(n.sym, qty, notional, fee)
	} else {
		f.Realized, err = v.ledger.sell(n.sym, qty, notional, fee)
	}
	if err != nil {
		return v.refuse(ctx, n, at, pitwall.Errorf(pitwall.InvalidNumber, "posting %v %s at %v: %v", qty, n.Symbol, price, err))
	}
	l.left -= qty
	n.Filled, n.spent, n.Fees, n.Updated = n.Filled+qty, spent, fees, at
	n.AvgPrice = a.Div(spent, n.Filled)
	return v.record(ctx, n, f)
}

// volumePart is an order's part of the bar's volume, for the impact model.
func volumePart(qty pitwall.Dec, l *listed) pitwall.Dec {
	volume, err := pitwall.FromFloat(l.Volume[l.next])
	if err != nil || volume <= 0 {
		return 0
	}
	part, err := qty.Div(volume)
	if err != nil {
		return 0
	}
	return part
}

// record publishes a fill: list, digest, journal, and the order's new state.
func (v *Venue) record(ctx context.Context, n *order, f pitwall.Fill) error {
	v.fills = append(v.fills, f)
	v.hashText("fill", f.OrderID, f.Symbol, string(f.Side), f.Rule)
	v.hashWords(int64(f.Qty), int64(f.Price), int64(f.Fee), f.Bar.UnixNano(), f.Time.UnixNano())
	if n.Remaining() == 0 {
		v.close(n, pitwall.Filled, n.Updated, nil)
	} else {
		n.Status = pitwall.PartiallyFilled
		var a pitwall.Calc
		n.reserve = a.MulDiv(n.reserve, n.Remaining(), n.Remaining()+f.Qty)
		v.hashOrder(n)
	}
	if _, err := v.cfg.Journal.Append(ctx, pitwall.Entry{AsOf: f.Known, Kind: pitwall.EntryFill, Book: f.Book, ID: f.OrderID, Fill: &f}); err != nil {
		return err
	}
	return v.journalState(ctx, n, f.Known)
}

// refuse rejects an order at a step, with figures.
func (v *Venue) refuse(ctx context.Context, n *order, at time.Time, why *pitwall.Error) error {
	v.close(n, pitwall.Rejected, at, why)
	return v.journalState(ctx, n, at)
}

// sessions finds the session of day orders that can trade in this step for the
// first time. It runs before anything of the step is published, so it looks at
// this step's bars and never at later ones.
func (v *Venue) sessions() {
	for _, n := range v.resting {
		if sessional(n) && n.ends == 0 {
			n.ends = v.session(n)
		}
	}
}

// sessional reports whether an order ends with a session.
func sessional(n *order) bool { return n.TIF == pitwall.Day || n.TIF == pitwall.CLS }

// session returns the close of the session in which an order can first trade:
// by its own bar, or, when its symbol is missing today, by another symbol of
// the same calendar. 0 = not in this step.
func (v *Venue) session(n *order) int64 {
	own := v.list[n.sym]
	for _, l := range append([]*listed{own}, v.list...) {
		if !l.hit || l.Instrument.Calendar != own.Instrument.Calendar || l.Start[l.next] < n.accepted {
			continue
		}
		if l.Size >= 24*time.Hour {
			return l.End[l.next]
		}
		return l.Instrument.SessionClose(l.Bar(l.next).Start).UnixNano()
	}
	return 0
}

// expire ends day orders whose session closed at or before the instant ns.
func (v *Venue) expire(ctx context.Context, ns int64, at time.Time) error {
	for _, n := range append([]*order(nil), v.resting...) {
		if !sessional(n) || n.ends == 0 || n.ends > ns {
			continue
		}
		end := pitwall.Expired
		if n.TIF == pitwall.CLS {
			end = pitwall.Canceled // its close came without a fill
		}
		v.close(n, end, at, nil)
		if err := v.journalState(ctx, n, at); err != nil {
			return err
		}
	}
	return nil
}

func (v *Venue) journalState(ctx context.Context, n *order, at time.Time) error {
	state := n.OrderState
	_, err := v.cfg.Journal.Append(ctx, pitwall.Entry{AsOf: at, Kind: pitwall.EntryOrder, Book: n.Book, ID: n.ID, State: &state})
	return err
}
