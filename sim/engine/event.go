package engine

import (
	"math/bits"

	"pitwall"
)

// Kind is the kind of an event.
type Kind uint8

// The kinds of events.
const (
	OrderEvent Kind = iota // an order's new state
	FillEvent              // an execution
	FlowEvent              // money that moved without an order
)

// Status is where an order stands.
type Status uint8

// The states, as in pitwall.Status.
const (
	Held Status = iota
	Working
	Partial
	Filled
	Canceled
	Expired
	Rejected
)

// Open reports whether an order in this state can still trade.
func (s Status) Open() bool { return s <= Partial }

// Rule says which rule made a fill.
type Rule uint8

// The rules of fills; Text writes them.
const (
	NoRule Rule = iota
	MarketOpen
	LimitOpen
	LimitThrough
	StopOpen
	StopTouched
	StopWentOn
	StopLimitTouched
	StopLimitClose
	OnClose
	LegProven
	PathLimit
	PathStop
	LimitTouched
)

// Text names a rule as fills show it; the number is the documentation's. It has
// no comma, since it stands in CSV.
func (r Rule) Text() string {
	return [...]string{"", "2: market at the open", "3: limit at a better open", "3: limit traded through", "4: stop passed at the open", "4: stop touched",
		"4: stop touched before and filled on", "5: stop touched within the limit", "5: stop touched and the close is past the limit", "14: at the close",
		"8: leg in the bar of its entry", "20: limit on the path", "20: stop on the path", "3: limit touched"}[r]
}

// Event is one entry of the log. Order events carry the order's whole state,
// fills and flows what they say; the rest is zero.
type Event struct {
	Kind   Kind
	Status Status
	Rule   Rule
	Maker  bool
	AtOpen bool
	Book   int16
	Num    int32 // the order, in order of submission
	Sym    int32
	Bar    int32
	Time   int64 // when the trader can know it

	Qty     pitwall.Dec // of the order, the fill or the flow
	Filled  pitwall.Dec
	Spent   pitwall.Dec // notional of all fills of the order
	Price   pitwall.Dec // of the fill; of a flow money per unit; of an order its limit
	Trigger pitwall.Dec
	Fee     pitwall.Dec // of the fill; of an order all its fees
	Ref     pitwall.Dec
	Slip    pitwall.Dec
	Gain    pitwall.Dec // realized
	Capped  pitwall.Dec
	Amount  pitwall.Dec // of a flow
	Pay     int64
	Flow    string // kind of a flow
	Err     *pitwall.Error
}

// Events returns what happened since the last Drain. The slice is the engine's:
// use it before the next call.
func (e *Engine) Events() []Event { return e.events }

// Drain forgets the events that were read. They are in the digest before.
func (e *Engine) Drain() {
	e.feed()
	e.events, e.fed = e.events[:0], 0
}

// emit logs an order's state.
func (e *Engine) emit(n *order) {
	qty := n.Qty
	if n.status != Held {
		qty -= n.unarmed // a leg shows what it covers
	}
	e.events = append(e.events, Event{Kind: OrderEvent, Status: n.status, Book: n.Book, Num: n.num, Sym: n.Sym, Time: e.when, Qty: qty, Filled: n.filled, Spent: n.spent,
		Price: n.Limit, Trigger: n.trigger, Fee: n.fees, Err: n.err})
}

// flow logs money that moved without an order.
func (e *Engine) flow(book int16, sym int32, kind string, qty, each, amount pitwall.Dec, pay int64) {
	e.events = append(e.events, Event{Kind: FlowEvent, Book: book, Num: -1, Sym: sym, Time: e.when, Qty: qty, Price: each, Amount: amount, Pay: pay, Flow: kind})
}

// feed puts new events into the digest, in the order of the log.
func (e *Engine) feed() {
	for i := e.fed; i < len(e.events); i++ {
		v := &e.events[i]
		e.log.add(int64(v.Kind)<<56|int64(v.Status)<<48|int64(v.Rule)<<40|int64(count(v.Maker))<<32|int64(v.Book), int64(v.Num)<<32|int64(v.Sym))
		bar := int64(v.Bar)
		if v.Kind == FillEvent {
			bar -= int64(e.d.cols[v.Sym].first) // counted from the run's first: history before it is no matter
		}
		e.log.add(bar, v.Time)
		e.log.add(int64(v.Qty), int64(v.Filled))
		e.log.add(int64(v.Price), int64(v.Trigger))
		e.log.add(int64(v.Fee), int64(v.Amount))
		if v.Flow != "" {
			e.log.text(v.Flow)
		}
		if v.Err != nil {
			e.log.text(string(v.Err.Code))
		}
	}
	e.fed = len(e.events)
}

// fold is a running 128-bit hash of words. Each word changes the state one to
// one, so two logs that differ in one word never meet; it is no defence against
// somebody who looks for a collision (verify recomputes a run).
type fold struct{ a, b uint64 }

func (f *fold) add(x, y int64) {
	f.a = bits.RotateLeft64(f.a^uint64(x)*0x9e3779b97f4a7c15, 29)*0xbf58476d1ce4e5b9 + f.b
	f.b = bits.RotateLeft64(f.b^uint64(y)*0x94d049bb133111eb, 31)*0xd6e8feb86659fd93 + f.a
}

func (f *fold) text(s string) {
	f.add(int64(len(s)), -1)
	for i := range len(s) {
		f.add(int64(s[i]), int64(i))
	}
}
