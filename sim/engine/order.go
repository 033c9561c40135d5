package engine

import (
	"math"

	"pitwall"
)

// Side is +1 to buy, -1 to sell.
type Side int8

// The sides.
const (
	Buy  Side = 1
	Sell Side = -1
)

// Type is how an order meets prices.
type Type uint8

// The types. A pair trades nothing itself: it stands for two legs on a position.
const (
	Market Type = iota
	Limit
	Stop
	StopLimit
	Trailing
	Pair
)

// TIF is the time in force; those after GTD have one moment only.
type TIF uint8

// The times in force.
const (
	Day TIF = iota
	GTC
	GTD
	IOC
	FOK
	OPG
	CLS
)

// Role is what a leg is for.
type Role uint8

// The roles; 0 is no leg.
const (
	Target   Role = 1
	StopLoss Role = 2
)

// Leg is an exit of an order; see pitwall.Leg.
type Leg struct {
	Role                                      Role
	Limit, Stop, Percent, Trail, TrailPercent pitwall.Dec
}

// Spec is an order as the engine takes it. Its prices fit its type; the caller
// checks that.
type Spec struct {
	Book         int16
	Sym          int32
	Side         Side
	Type         Type
	TIF          TIF
	ReduceOnly   bool
	Group        int32 // 0 = none
	Qty          pitwall.Dec
	Limit        pitwall.Dec
	Stop         pitwall.Dec
	Trail        pitwall.Dec
	TrailPercent pitwall.Dec
	GoodTill     int64
	Legs         [2]Leg // the target, then the stop
}

// Handle names an order: its number in order of submission, and where it is.
// Legs have the numbers after their parent's.
type Handle struct{ Num, slot int32 }

// order is a live order in the slab.
type order struct {
	Spec
	num    int32 // -1 = the slot is free
	slot   int32
	status Status
	role   Role
	// resting: it is in an index or a list of its symbol. own: the venue made it.
	resting, own bool
	triggered    bool // a stop that was touched
	crossed      bool // it was marketable at the first open that it met as a limit
	trigBar      int32
	since        int32 // first bar whose open counts for that; -1 = by active
	bar          int32 // the bar that it was gathered for
	rank         int64 // time priority
	active       int64 // it may meet bars that start then or later
	expiresAt    int64 // it meets only bars before then; 0 = no end
	cancelAt     int64 // a cancel waits since then; 0 = none
	cancelBy     int64
	trigger      pitwall.Dec // the stop as it stands
	filled       pitwall.Dec
	spent        pitwall.Dec
	fees         pitwall.Dec
	reserve      pitwall.Dec
	err          *pitwall.Error

	legs    [2]int32 // slots; -1 = none
	sibling int32
	parent  int32 // a pair's slot for its legs; -1 else
	// unarmed is the part of a leg that its entry has not filled yet.
	unarmed pitwall.Dec
	// fresh is what a leg got by a fill inside the bar of step freshAt: only what
	// that bar proves may happen to it there.
	fresh   pitwall.Dec
	freshAt int
	armedAt int // step of the first arming
	how     how
}

// how says where in a bar an entry filled.
type how uint8

const (
	byOpen how = iota
	byLimit
	byStop
	byTest // a stop_limit's fill that the close proves
	byClose
	byPath
)

// left is what may still trade; of a leg, what its entry has filled.
func (n *order) left() pitwall.Dec { return n.Qty - n.filled - n.unarmed }

// get finds a live order, nil when it has ended.
func (e *Engine) get(h Handle) *order {
	if h.slot < 0 || int(h.slot) >= len(e.orders) || e.orders[h.slot].num != h.Num {
		return nil
	}
	return &e.orders[h.slot]
}

// newOrder takes a slot for an order.
func (e *Engine) newOrder(s Spec) int32 {
	slot := int32(len(e.orders))
	if k := len(e.spare); k > 0 {
		slot = e.spare[k-1]
		e.spare = e.spare[:k-1]
	} else {
		e.orders = append(e.orders, order{})
	}
	e.orders[slot] = order{Spec: s, num: e.count, slot: slot, rank: e.rank, active: e.now + int64(e.rules.Latency), since: -1, legs: [2]int32{-1, -1}, sibling: -1, parent: -1, trigBar: -1, bar: -1, freshAt: -1, armedAt: -1}
	e.count++
	e.rank++
	e.open = append(e.open, slot)
	return slot
}

// Submit takes an order. A rejected one has a number too and is in the log.
func (e *Engine) Submit(s Spec) (Handle, *pitwall.Error) {
	slot := e.newOrder(s)
	n := &e.orders[slot]
	h := Handle{n.num, slot}
	n.status = Working
	n.trigger = s.Stop
	var bad error
	if s.Type == Trailing {
		n.trigger, bad = e.trail(n, e.syms[s.Sym].last)
	}
	err := e.reserve(n)
	if bad != nil && err == nil {
		err = pitwall.Errorf(pitwall.InvalidNumber, "trail %v, trail_percent %v: %v", s.Trail, s.TrailPercent, bad)
	}
	if err != nil {
		e.end(slot, Rejected, err)
		return h, err
	}
	for i, l := range s.Legs {
		if l.Role != 0 {
			e.makeLeg(slot, i, l)
		}
	}
	n = &e.orders[slot]
	e.emit(n)
	for _, k := range n.legs {
		if k >= 0 {
			e.emit(&e.orders[k])
		}
	}
	if s.Type == Pair {
		e.arm(slot, s.Qty, e.syms[s.Sym].last, byOpen, -1)
		return h, nil
	}
	e.rest(slot)
	e.scheduleExpiry(slot)
	return h, nil
}

// makeLeg makes a held leg beside its parent.
func (e *Engine) makeLeg(parent int32, i int, l Leg) {
	p := e.orders[parent].Spec
	side := -p.Side
	if p.Type == Pair {
		side = p.Side
	}
	s := Spec{Book: p.Book, Sym: p.Sym, Side: side, TIF: GTC, ReduceOnly: true, Qty: p.Qty, Limit: l.Limit, Stop: l.Stop, Trail: l.Trail, TrailPercent: l.TrailPercent}
	switch {
	case l.Role == Target:
		s.Type = Limit
	case l.Trail != 0 || l.TrailPercent != 0:
		s.Type = Trailing
	case l.Limit != 0:
		s.Type = StopLimit
	default:
		s.Type = Stop
	}
	slot := e.newOrder(s)
	n := &e.orders[slot]
	n.Legs[0] = l // its percent is needed when it is armed
	n.role, n.status, n.active, n.trigger, n.parent = l.Role, Held, math.MinInt64, l.Stop, parent
	n.unarmed = n.Qty
	e.orders[parent].legs[i] = slot
	if other := e.orders[parent].legs[0]; i == 1 && other >= 0 {
		n.sibling, e.orders[other].sibling = other, slot
	}
}

// scheduleExpiry sets when an order expires: at its date, or with a session that
// is found when the order can first trade.
func (e *Engine) scheduleExpiry(slot int32) {
	n := &e.orders[slot]
	n.expiresAt = 0
	switch n.TIF {
	case Day, CLS:
		e.unscheduled = append(e.unscheduled, slot)
	case GTD:
		n.expiresAt = n.GoodTill
		e.alarms.push(alarm{n.expiresAt + e.d.cols[n.Sym].lag, slot, n.num})
	}
}

// name is a symbol's name, for messages.
func (e *Engine) name(sym int32) string { return e.d.cols[sym].Instrument.Symbol }

// State is a live order as it stands.
type State struct {
	Status                             Status
	Qty, Filled, Limit, Trigger, Trail pitwall.Dec
	Reserve                            pitwall.Dec
	Rank                               int64
	CancelAt                           int64
	Triggered                          bool
}

// State returns a live order's state; false when it has ended.
func (e *Engine) State(h Handle) (State, bool) {
	n := e.get(h)
	if n == nil {
		return State{}, false
	}
	return State{n.status, n.Qty, n.filled, n.Limit, n.trigger, n.Trail, n.reserve, n.rank, n.cancelAt, n.triggered}, true
}

// Leg returns the handle of a live order's leg (0 target, 1 stop).
func (e *Engine) Leg(h Handle, i int) (Handle, bool) {
	n := e.get(h)
	if n == nil || n.legs[i] < 0 {
		return Handle{-1, -1}, false
	}
	return Handle{e.orders[n.legs[i]].num, n.legs[i]}, true
}

// Find returns an open order by number.
func (e *Engine) Find(num int32) (Spec, Handle, bool) {
	for _, slot := range e.open {
		if n := &e.orders[slot]; n.num == num {
			return n.Spec, Handle{num, slot}, true
		}
	}
	return Spec{}, Handle{}, false
}
