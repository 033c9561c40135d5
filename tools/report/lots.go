package report

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"pitwall"
)

// holding is a book's position in one symbol, as lots in the order of their buying.
type holding struct {
	qty  pitwall.Dec // negative when short
	lots []lot
}

// lot is what one fill opened and no other has closed yet.
type lot struct {
	qty, price, fees pitwall.Dec // qty has the sign of the position
	at               time.Time
	order            string
}

// lots closes lots first in, first out, and keeps the closed trades.
type lots struct {
	a      pitwall.Calc
	held   map[[2]string]*holding // by book and symbol
	closed []RoundTrip
	trips  map[trip]int           // where in closed the trip of two orders is
	many   map[string]pitwall.Dec // multipliers, by symbol
}

// expired and writtenOff are flows that close a position: each stands in place of an
// order.
const expired, writtenOff = "expiry", "written_off"

// Fees that a broker takes out of what a fill brings: coins of a purchase (a fill with this
// rule, and the flow of its money), money of a sale, and what the broker names of it later.
const coinFee, saleFee, namedFee = "coin_fee", "sale_fee", "cfee"

// book applies an entry of the journal to the positions.
func (l *lots) book(e pitwall.Entry) {
	switch {
	case e.Kind == pitwall.EntryFill && e.Fill != nil && e.Fill.Rule == coinFee:
		l.takeFee(*e.Fill)
	case e.Kind == pitwall.EntryFill && e.Fill != nil:
		l.trade(e.Fill.Book, e.Fill.Symbol, signed(*e.Fill), e.Fill.Price, e.Fill.Fee, e.Fill.Time, e.Fill.OrderID)
	case e.Kind == pitwall.EntryCash && e.Flow != nil:
		switch f := e.Flow; f.Type {
		case "split":
			l.split(e.Book, f.Symbol, f.Qty)
		case "reinvested":
			l.trade(e.Book, f.Symbol, f.Qty, f.Each, 0, f.Time, "")
		case expired, writtenOff:
			l.trade(e.Book, f.Symbol, -l.of(e.Book, f.Symbol).qty, f.Each, 0, f.Time, f.Type)
		}
	}
}

// signed returns a fill's quantity, negative when it sold.
func signed(f pitwall.Fill) pitwall.Dec {
	if f.Side == pitwall.Sell {
		return -f.Qty
	}
	return f.Qty
}

func (l *lots) of(book, symbol string) *holding {
	key := [2]string{book, symbol}
	if l.held == nil {
		l.held = map[[2]string]*holding{}
	}
	if l.held[key] == nil {
		l.held[key] = &holding{}
	}
	return l.held[key]
}

// any reports whether a position is open.
func (l *lots) any() bool {
	for _, h := range l.held {
		if h.qty != 0 {
			return true
		}
	}
	return false
}

// trip identifies the fills of one trade: those of the same two orders.
type trip struct{ book, symbol, side, entry, exit string }

// multiplier returns the money that one unit is worth at a price of one.
func (l *lots) multiplier(symbol string) pitwall.Dec { return cmp.Or(l.many[symbol], pitwall.One) }

// trade books a quantity with a sign: what is against the position closes it, the
// rest opens.
func (l *lots) trade(book, symbol string, qty, price, fee pitwall.Dec, at time.Time, order string) {
	h, left := l.of(book, symbol), qty
	for left != 0 && len(h.lots) > 0 && (h.lots[0].qty > 0) != (left > 0) {
		first := &h.lots[0]
		n := min(first.qty.Abs(), left.Abs())
		if left < 0 {
			n = -n
		}
		part := l.a.MulDiv(first.fees, n.Abs(), first.qty.Abs())
		paid := l.a.MulDiv(fee, n.Abs(), qty.Abs())
		l.close(book, symbol, *first, n, price, l.a.Add(part, paid), at, order)
		first.qty, first.fees = l.a.Add(first.qty, n), l.a.Sub(first.fees, part)
		left = l.a.Sub(left, n)
		if first.qty == 0 {
			h.lots = h.lots[1:]
		}
	}
	if left != 0 {
		h.lots = append(h.lots, lot{left, price, l.a.MulDiv(fee, left.Abs(), qty.Abs()), at, order})
	}
	h.qty = l.a.Add(h.qty, qty)
}

// takeFee takes a fee in coins out of the newest lots, below 0 gives one back: what they have
// cost is a fee of theirs, or of the newest trade when it closed the rest.
func (l *lots) takeFee(f pitwall.Fill) {
	h, qty := l.of(f.Book, f.Symbol), -signed(f)
	for qty != 0 && h.qty > 0 {
		last := &h.lots[len(h.lots)-1]
		n := min(qty, last.qty)
		paid := l.money(f.Symbol, n, last.price)
		last.qty, last.fees, h.qty, qty = l.a.Sub(last.qty, n), l.a.Add(last.fees, paid), l.a.Sub(h.qty, n), l.a.Sub(qty, n)
		if last.qty != 0 {
			continue
		}
		fees := last.fees
		h.lots = h.lots[:len(h.lots)-1]
		if k := len(h.lots); k > 0 {
			h.lots[k-1].fees = l.a.Add(h.lots[k-1].fees, fees)
			continue
		}
		for i := range slices.Backward(l.closed) {
			if t := &l.closed[i]; t.Book == f.Book && t.Symbol == f.Symbol {
				t.Fees, t.Profit = l.a.Add(t.Fees, fees), l.a.Sub(t.Profit, fees)
				break
			}
		}
	}
	if qty != 0 {
		l.trade(f.Book, f.Symbol, -qty, f.Price, l.money(f.Symbol, qty, f.Price), f.Time, f.OrderID)
	}
}

// money returns what units are worth at a price.
func (l *lots) money(symbol string, qty, price pitwall.Dec) pitwall.Dec {
	return l.a.Mul(l.a.Mul(qty, price), l.multiplier(symbol))
}

// close records that n units (with the sign of the closing) of a lot were closed.
func (l *lots) close(book, symbol string, from lot, n, price, fees pitwall.Dec, at time.Time, order string) {
	t := RoundTrip{Symbol: symbol, Book: book, Side: "long", Qty: n.Abs(), EntryTime: from.at, EntryPrice: from.price, EntryOrder: from.order, ExitTime: &at, ExitPrice: &price, ExitOrder: order, Fees: fees}
	if n > 0 {
		t.Side = "short"
	}
	t.Profit = l.profit(t, price)
	key := trip{book, symbol, t.Side, from.order, order}
	if k, known := l.trips[key]; known && order != "" && from.order != "" {
		l.merge(&l.closed[k], t)
		return
	}
	if l.trips == nil {
		l.trips = map[trip]int{}
	}
	l.trips[key] = len(l.closed)
	l.closed = append(l.closed, t)
}

// ended returns the closed trips in the order of their last exits.
func (l *lots) ended() []RoundTrip {
	slices.SortStableFunc(l.closed, func(a, b RoundTrip) int { return a.ExitTime.Compare(*b.ExitTime) })
	l.trips = nil // places have moved
	return l.closed
}

// profit returns a trip's gain at a price.
func (l *lots) profit(t RoundTrip, price pitwall.Dec) pitwall.Dec {
	move := l.a.Sub(price, t.EntryPrice)
	if t.Side == "short" {
		move = -move
	}
	return l.a.Sub(l.money(t.Symbol, t.Qty, move), t.Fees)
}

// merge adds a further fill of the same two orders to a trip: prices are means by
// quantity, times those of the first entry and the last exit.
func (l *lots) merge(t *RoundTrip, more RoundTrip) {
	qty := l.a.Add(t.Qty, more.Qty)
	mean := func(p, q pitwall.Dec) pitwall.Dec {
		return l.a.Add(p, l.a.MulDiv(l.a.Sub(q, p), more.Qty, qty))
	}
	if more.ExitPrice != nil {
		exit := mean(*t.ExitPrice, *more.ExitPrice)
		t.ExitPrice, t.ExitTime = &exit, more.ExitTime
	}
	t.EntryPrice, t.Qty = mean(t.EntryPrice, more.EntryPrice), qty
	t.Fees, t.Profit = l.a.Add(t.Fees, more.Fees), l.a.Add(t.Profit, more.Profit)
}

// split sets a position's new quantity: each lot gets its part, at a price that
// keeps its value.
func (l *lots) split(book, symbol string, qty pitwall.Dec) {
	h := l.of(book, symbol)
	before := h.qty
	if before == 0 || qty == before {
		return
	}
	if qty == 0 {
		h.lots, h.qty = nil, 0
		return
	}
	left := qty
	for i := range h.lots {
		x := &h.lots[i]
		n := left
		if i+1 < len(h.lots) {
			n = l.a.MulDiv(x.qty, qty, before)
		}
		left = l.a.Sub(left, n)
		if n != 0 {
			x.price = l.a.MulDiv(x.price, x.qty, n)
		}
		x.qty = n
	}
	h.lots = slices.DeleteFunc(h.lots, func(x lot) bool { return x.qty == 0 })
	h.qty = qty
}

// open returns the open positions, valued at their last prices.
func (l *lots) open(last func(symbol string) pitwall.Dec) []RoundTrip {
	var list []RoundTrip
	for _, key := range l.keys() {
		for _, x := range l.held[key].lots {
			t := RoundTrip{Symbol: key[1], Book: key[0], Side: "long", Qty: x.qty.Abs(), EntryTime: x.at, EntryPrice: x.price, EntryOrder: x.order, Fees: x.fees}
			if x.qty < 0 {
				t.Side = "short"
			}
			if price := last(t.Symbol); price != 0 {
				t.Profit = l.profit(t, price)
			}
			if n := len(list) - 1; n >= 0 && list[n].Symbol == t.Symbol && list[n].Book == t.Book && list[n].EntryOrder == t.EntryOrder && t.EntryOrder != "" {
				l.merge(&list[n], t)
				continue
			}
			list = append(list, t)
		}
	}
	return list
}

// keys returns the books and symbols that were ever held, in order.
func (l *lots) keys() [][2]string {
	return slices.SortedFunc(maps.Keys(l.held), func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
}
