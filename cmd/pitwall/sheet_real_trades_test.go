package main

import (
	"math"
	"slices"
	"time"
)

// lot is what is left of one order's fills in a symbol.
type lot struct {
	order      string
	at         time.Time
	sign       float64 // -1: sold short
	qty, price float64
	fee        float64 // of what is left
}

// trip is a position opened by one order and closed by one.
type trip struct {
	symbol, book, entry, exit string
	sign, qty, bought, sold   float64 // sold: money at the exit, or at the last price
	fees                      float64
	from, to                  time.Time
	open                      bool
}

func (x trip) profit() float64 { return x.sign*(x.sold-x.bought) - x.fees }
func (x trip) days() float64   { return x.to.Sub(x.from).Hours() / 24 }

// given is what a symbol gave.
type given struct {
	symbol                                            string
	cash, traded, fills, fees, dividends, borrow, qty float64
	price                                             float64
}

// book is what a run's journal adds up to.
type book struct {
	r               *realRun
	trades          []trip
	of              map[string]*given
	lots            map[string][]lot
	other, slippage float64
	interest        float64
	traded          map[string]float64 // by day
	gross, net      []float64
	held            float64 // steps with a position
	value           []float64
	orders          float64
	rejected        float64
}

// last is the newest close that is known at a time.
func (r *realRun) last(symbol string, at time.Time) float64 {
	var p float64
	for _, b := range r.bars[symbol] {
		if b.known.After(at) {
			break
		}
		p = b.close
	}
	return p
}

// replay adds up the journal, entry by entry.
func (r *realRun) replay() *book {
	b := &book{r: r, of: map[string]*given{}, lots: map[string][]lot{}, traded: map[string]float64{}}
	for _, s := range r.man.Symbols {
		b.of[s] = &given{symbol: s}
	}
	cash, receivable := r.start, 0.0
	for _, e := range r.journal {
		switch {
		case e.Kind == "intent" && e.Verb == "submit":
			b.orders++
		case e.State != nil && e.State.Status == "rejected":
			b.rejected++
		case e.Fill != nil:
			cash += b.fill(e)
		case e.Flow != nil:
			switch f := e.Flow; f.Type {
			case "split":
				b.split(f.Symbol, f.Qty)
			case "paid":
			default:
				cash += f.Amount
				b.flow(f.Symbol, f.Type, f.Amount)
			}
		case e.Mark != nil:
			b.mark(e.AsOf, cash+receivable)
		}
	}
	b.close()
	return b
}

func (b *book) flow(symbol, kind string, amount float64) {
	g := b.of[symbol]
	if g == nil {
		g = &given{}
		b.other += amount
	}
	g.cash += amount
	switch kind {
	case "dividend":
		g.dividends += amount
	case "borrow":
		g.borrow -= amount
	case "interest":
		b.interest += amount
	}
}

// fill returns the change of cash.
func (b *book) fill(e journalLine) float64 {
	f, g := e.Fill, b.of[e.Fill.Symbol]
	sign := 1.0
	if f.Side == "sell" {
		sign = -1
	}
	money := f.Qty * f.Price
	g.fills++
	g.traded += money
	g.fees += f.Fee
	g.qty = units(g.qty + sign*f.Qty)
	g.cash -= sign*money + f.Fee
	b.slippage += f.Slippage
	b.traded[b.r.day(e.AsOf).Format(time.DateOnly)] += money
	qty := f.Qty
	for qty > 0 && len(b.lots[f.Symbol]) > 0 && b.lots[f.Symbol][0].sign != sign {
		first := &b.lots[f.Symbol][0]
		q := math.Min(qty, first.qty)
		part := first.fee * q / first.qty
		b.pair(trip{f.Symbol, f.Book, first.order, f.Order, first.sign, q, q * first.price, q * f.Price, part + f.Fee*q/f.Qty, first.at, f.Time, false})
		first.fee -= part
		first.qty = units(first.qty - q)
		qty = units(qty - q)
		if first.qty == 0 {
			b.lots[f.Symbol] = b.lots[f.Symbol][1:]
		}
	}
	if qty > 0 {
		b.lots[f.Symbol] = append(b.lots[f.Symbol], lot{f.Order, f.Time, sign, qty, f.Price, f.Fee * qty / f.Qty})
	}
	return -sign*money - f.Fee
}

// units is a quantity without the dust of float64.
func units(q float64) float64 { return math.Round(q*1e8) / 1e8 }

// pair adds to the trade of the same two orders, if there is one.
func (b *book) pair(x trip) {
	for i, o := range b.trades {
		if o.symbol == x.symbol && o.entry == x.entry && o.exit == x.exit && o.open == x.open {
			b.trades[i].qty += x.qty
			b.trades[i].bought += x.bought
			b.trades[i].sold += x.sold
			b.trades[i].fees += x.fees
			b.trades[i].to = x.to
			return
		}
	}
	b.trades = append(b.trades, x)
}

// split restates lots for the position after a split.
func (b *book) split(symbol string, after float64) {
	ratio := after / b.of[symbol].qty
	for i := range b.lots[symbol] {
		b.lots[symbol][i].qty = units(b.lots[symbol][i].qty * ratio)
		b.lots[symbol][i].price /= ratio
	}
	b.of[symbol].qty = after
}

// mark is the end of a step.
func (b *book) mark(at time.Time, cash float64) {
	var gross, net float64
	for _, g := range b.of {
		v := g.qty * b.r.last(g.symbol, at)
		gross, net = gross+math.Abs(v), net+v
	}
	equity := cash + net
	b.value = append(b.value, equity)
	b.gross, b.net = append(b.gross, gross/equity), append(b.net, net/equity)
	if gross > 0 {
		b.held++
	}
}

// close values what is open at the end.
func (b *book) close() {
	end := b.r.steps[len(b.r.steps)-1].at
	slices.SortStableFunc(b.trades, func(x, y trip) int { return x.to.Compare(y.to) })
	for _, s := range b.symbolNames() {
		g := b.of[s]
		if g.qty != 0 {
			g.price = b.r.last(s, end)
			g.cash += g.qty * g.price
		}
		for _, l := range b.lots[s] {
			b.pair(trip{s, "main", l.order, "", l.sign, l.qty, l.qty * l.price, l.qty * g.price, l.fee, l.at, end, true})
		}
	}
}

func (b *book) symbolNames() (list []string) {
	for s := range b.of {
		list = append(list, s)
	}
	slices.Sort(list)
	return list
}

func (b *book) list() []any {
	list := []any{}
	for _, x := range b.trades {
		from := b.r.turns[x.entry]
		o := obj{
			"symbol": x.symbol, "book": x.book, "side": map[float64]string{1: "long", -1: "short"}[x.sign], "qty": x.qty,
			"entry_time": x.from.Format(time.RFC3339), "entry_price": x.bought / x.qty, "entry_order": x.entry, "entry_turn": from.turn, "entry_reason": from.reason,
			"exit_time": nil, "exit_price": nil, "fees": x.fees, "profit": x.profit(), "return": x.profit() / x.bought, "days": x.days(),
		}
		if !x.open {
			to := b.r.turns[x.exit]
			o["exit_time"], o["exit_price"], o["exit_order"] = x.to.Format(time.RFC3339), x.sold/x.qty, x.exit
			o["exit_turn"], o["exit_reason"] = to.turn, to.reason
		}
		list = append(list, o)
	}
	return list
}

func trading(trades []trip) obj {
	var all, won, lost []float64
	var open float64
	for _, x := range trades {
		switch p := x.profit(); {
		case x.open:
			open++
			continue
		case p > 0:
			won = append(won, p)
		case p < 0:
			lost = append(lost, p)
		}
		all = append(all, x.profit())
	}
	o := obj{
		"closed": float64(len(all)), "open": open, "won": float64(len(won)), "lost": float64(len(lost)), "win_rate": opt(float64(len(won)) / float64(len(all))),
		"profit_factor": opt(sum(won) / -sum(lost)), "expectancy": opt(average(all)), "average_win": opt(average(won)), "average_loss": opt(average(lost)),
		"largest_win": nil, "largest_loss": nil,
	}
	if len(won) > 0 {
		o["largest_win"] = slices.Max(won)
	}
	if len(lost) > 0 {
		o["largest_loss"] = slices.Min(lost)
	}
	return o
}

func (b *book) symbols() []any {
	names := b.symbolNames()
	slices.SortStableFunc(names, func(x, y string) int { return -cmpFloat(b.of[x].cash, b.of[y].cash) })
	list := []any{}
	for _, s := range names {
		g := b.of[s]
		if g.fills == 0 {
			continue
		}
		list = append(list, obj{"symbol": s, "gain": g.cash, "share": g.cash / b.r.start, "traded": g.traded, "fills": g.fills, "fees": g.fees,
			"dividends": g.dividends, "borrow": g.borrow, "qty": g.qty, "price": g.price})
	}
	return list
}

func cmpFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
