package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"math/bits"
	"slices"

	"pitwall"
)

// Config says what an engine replays and how it fills.
type Config struct {
	Data  *Data
	Books []Account
	Costs pitwall.Costs
	Rules pitwall.Rules
}

// Account opens a book.
type Account struct {
	Cash  pitwall.Dec
	Terms pitwall.Terms
}

// Engine replays bars and trades against them. It is not safe for concurrent
// use: one goroutine owns it. Nothing that engines share is ever written.
type Engine struct {
	d     *Data
	costs pitwall.Costs
	rules pitwall.Rules

	at   int   // steps made
	now  int64 // the clock
	when int64 // the clock at the end of the step that is being made

	syms   []symbol
	books  []Book
	orders []order // slab; slot = index
	spare  []int32 // free slots
	open   []int32 // open orders, in no order
	count  int32   // orders ever
	rank   int64   // next place in time priority

	alarms      alarms       // ends of orders, soonest first
	unscheduled []int32      // orders whose session is not known yet
	waiting     []int32      // orders whose cancel waits for a bar to end
	pays        []receivable // soonest first
	settle      []unsettled  // sale proceeds on their way
	work        []int32      // orders that this step's bars may fill, by rank
	events      []Event      // since the last Drain
	log         fold         // digest of events
	fed         int          // events that are in it
	expired     int          // expiries that are done
	tried       []int32      // orders that acted on the path of a bar
	asking      *order       // that asks for money: it does not stand in others' way
}

// symbol is what changes about a symbol while the replay goes on.
type symbol struct {
	// The nearest price of each index, and whether orders must look at every
	// bar: this is all that a bar without a trade reads.
	maxBuyLimit, maxSellStop, minSellLimit, minBuyStop pitwall.Dec
	always                                             int32
	holders                                            int32 // books that hold it
	last                                               pitwall.Dec
	bar                                                int32 // newest bar known, -1 before the first
	act                                                int32 // next corporate action

	buyLimit, sellStop index // best = highest price
	sellLimit, buyStop index // best = lowest price
	now, trail         []int32

	volume   pitwall.Dec // left of the current bar, for volumeAt
	taken    pitwall.Dec // of the current bar
	volumeAt int32       // bar that they are about
	closeDay int32       // session whose close is closeAt
	closeAt  int64
}

// New opens the books before the first step.
func New(cfg Config) *Engine {
	e := &Engine{d: cfg.Data, costs: cfg.Costs, rules: cfg.Rules, now: cfg.Data.from, when: cfg.Data.from}
	e.syms = make([]symbol, len(e.d.cols))
	for i := range e.syms {
		y, c := &e.syms[i], &e.d.cols[i]
		y.volumeAt, y.closeDay = -1, math.MinInt32
		y.buyLimit.high, y.sellStop.high = true, true
		y.best()
		y.bar = int32(c.KnownAt(e.now)) - 1
		y.bar = min(y.bar, int32(c.first)-1)
		if y.bar >= 0 {
			y.last = c.Close[y.bar]
		}
	}
	e.log.add(e.now, int64(len(cfg.Books)))
	for _, c := range e.d.cols {
		e.log.text(c.Instrument.Symbol)
	}
	for _, a := range cfg.Books {
		e.books = append(e.books, e.newBook(a))
		e.log.add(int64(a.Cash), 0)
	}
	return e
}

// Clone returns an engine that goes on from here on its own: a copy of the flat
// state. The data stay shared.
func (e *Engine) Clone() *Engine {
	e.feed()
	n := *e
	n.syms = append([]symbol(nil), e.syms...)
	for i := range n.syms {
		y := &n.syms[i]
		for _, x := range []*index{&y.buyLimit, &y.sellStop, &y.sellLimit, &y.buyStop} {
			x.list = append([]entry(nil), x.list...)
		}
		y.now, y.trail = append([]int32(nil), y.now...), append([]int32(nil), y.trail...)
	}
	n.books = append([]Book(nil), e.books...)
	for i := range n.books {
		b := &n.books[i]
		b.Positions = append([]Position(nil), b.Positions...)
		b.Points = append(make([]Point, 0, cap(b.Points)), b.Points...)
	}
	n.orders, n.spare, n.open = append([]order(nil), e.orders...), append([]int32(nil), e.spare...), append([]int32(nil), e.open...)
	n.alarms, n.unscheduled, n.waiting = append(alarms(nil), e.alarms...), append([]int32(nil), e.unscheduled...), append([]int32(nil), e.waiting...)
	n.pays, n.settle = append([]receivable(nil), e.pays...), append([]unsettled(nil), e.settle...)
	n.events, n.work, n.tried = append([]Event(nil), e.events...), nil, nil
	return &n
}

// Extend goes on over more data: the same symbols, and every bar that there was before
// those that are new.
func (e *Engine) Extend(d *Data) error {
	same := d.from == e.d.from && len(d.cols) == len(e.d.cols) && len(d.steps) >= e.at && slices.Equal(d.steps[:e.at], e.d.steps[:e.at])
	for i := range e.d.cols {
		same = same && d.cols[i].Instrument.Symbol == e.d.cols[i].Instrument.Symbol && d.cols[i].first == e.d.cols[i].first
	}
	if !same {
		return errors.New("the data to go on with are not the old ones and more")
	}
	old := e.d
	e.d = d
	for _, slot := range e.open {
		if n := &e.orders[slot]; n.expiresAt != 0 && d.cols[n.Sym].lag != old.cols[n.Sym].lag { // their alarm is when the last bar before it is known
			e.alarms.push(alarm{n.expiresAt + d.cols[n.Sym].lag, slot, n.num})
		}
	}
	return nil
}

// Digest is the hash of everything that happened up to now: orders, fills,
// flows and equity points. Asking does not change it.
func (e *Engine) Digest() string {
	e.feed()
	head := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, e.log.a), e.log.b)
	for i := range e.books {
		p := e.books[i].points
		head = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(head, p.a), p.b)
	}
	sum := sha256.Sum256(head)
	return hex.EncodeToString(sum[:])
}

// BookDigest is the hash of a book's equity and cash after each step up to now.
func (e *Engine) BookDigest(i int) string {
	p := e.books[i].points
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, p.a), p.b))
	return hex.EncodeToString(sum[:])
}

// Now returns the clock, in Unix nanoseconds.
func (e *Engine) Now() int64 { return e.now }

// Steps returns how many steps were made.
func (e *Engine) Steps() int { return e.at }

// Book returns one book as it stands. Do not write.
func (e *Engine) Book(i int) *Book { return &e.books[i] }

// Last returns the last known close of a symbol, 0 before the first.
func (e *Engine) Last(sym int) pitwall.Dec { return e.syms[sym].last }

// LastBar returns the newest known bar of a symbol, -1 before the first.
func (e *Engine) LastBar(sym int) int { return int(e.syms[sym].bar) }

// Next returns when the next step is known; false when none is left.
func (e *Engine) Next() (int64, bool) {
	if e.at == len(e.d.steps) {
		return 0, false
	}
	return e.d.steps[e.at].known, true
}

// Step makes one step: fill first, then publish. False when none is left. An
// error means that the books broke: the run must stop.
func (e *Engine) Step() (bool, error) {
	if e.at == len(e.d.steps) {
		return false, nil
	}
	s := &e.d.steps[e.at]
	hits := e.d.hits[s.lo:s.hi]
	e.when = s.known
	if s.acts || len(e.alarms)+len(e.pays)+len(e.settle)+len(e.unscheduled)+len(e.waiting) > 0 || e.nightly() {
		if err := e.beforeOpen(hits); err != nil {
			return false, err
		}
	}
	for _, h := range hits {
		y, c := &e.syms[h.sym], &e.d.cols[h.sym]
		low, high := c.Low[h.bar], c.High[h.bar]
		if low <= y.maxBuyLimit || low <= y.maxSellStop || high >= y.minSellLimit || high >= y.minBuyStop || y.always != 0 {
			e.gather(h)
		}
	}
	if len(e.work) > 0 {
		if err := e.match(hits); err != nil {
			return false, err
		}
	}
	for _, h := range hits {
		y := &e.syms[h.sym]
		y.last, y.bar = e.d.cols[h.sym].Close[h.bar], h.bar
		if y.holders != 0 {
			if err := e.revalue(h.sym); err != nil {
				return false, err
			}
		}
	}
	e.now = s.known
	if len(e.alarms)+len(e.waiting) > 0 {
		e.afterClose()
	}
	if e.expired < len(e.d.expiries) {
		if err := e.settleExpired(); err != nil {
			return false, err
		}
	}
	for i := range e.books {
		if err := e.books[i].close(e, int16(i)); err != nil {
			return false, err
		}
	}
	e.at++
	return true, nil
}

// Run makes all steps that are left.
func (e *Engine) Run() error {
	for {
		ok, err := e.Step()
		if err != nil || !ok {
			return err
		}
	}
}

// nightly reports whether some book pays for its nights.
func (e *Engine) nightly() bool {
	for i := range e.books {
		b := &e.books[i]
		if b.shorts != 0 && b.terms.BorrowRate != 0 || b.Cash < 0 && b.terms.MarginRate != 0 {
			return true
		}
	}
	return false
}

// value is units x price when a quantity is whole units: no division.
func value(units, price pitwall.Dec) (pitwall.Dec, bool) {
	neg := units < 0
	if neg {
		units = -units
	}
	hi, lo := bits.Mul64(uint64(units), uint64(price))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	if neg {
		return -pitwall.Dec(lo), true
	}
	return pitwall.Dec(lo), true
}
