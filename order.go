package pitwall

import (
	"slices"
	"time"
)

// Side of an order or fill.
type Side string

// The sides.
const (
	Buy  Side = "buy"
	Sell Side = "sell"
)

// Opposite returns the side that undoes s.
func (s Side) Opposite() Side {
	if s == Buy {
		return Sell
	}
	return Buy
}

// OrderType is how an order meets prices.
type OrderType string

// The order types. A broker refuses with UNSUPPORTED what it does not do.
const (
	MarketOrder  OrderType = "market"
	LimitOrder   OrderType = "limit"
	StopOrder    OrderType = "stop"
	StopLimit    OrderType = "stop_limit"
	TrailingStop OrderType = "trailing_stop"
)

// Class is how an order is bound to others.
type Class string

// The classes. Empty means Simple.
const (
	Simple  Class = "simple"
	Bracket Class = "bracket"
	OCO     Class = "oco" // two exits of a held position
	OTO     Class = "oto" // an entry with one exit
)

// TIF is the time in force.
type TIF string

// The times in force. Empty means Day.
const (
	Day TIF = "day" // until the close of the session it can first trade in
	GTC TIF = "gtc" // until canceled
	GTD TIF = "gtd" // until GoodTill
	IOC TIF = "ioc" // what the first open it meets gives, the rest canceled
	FOK TIF = "fok" // all of it at the first open it meets, or nothing
	OPG TIF = "opg" // the first open of the next session
	CLS TIF = "cls" // the close of the next session
)

// Role is what a leg is for.
type Role string

// The roles of legs.
const (
	TakeProfit Role = "take_profit" // a limit
	StopLoss   Role = "stop_loss"   // a stop, a stop-limit or a trailing stop
)

// Leg is an exit that belongs to an order. A bracket's and an OTO's legs are
// held until their parent fills and then cover what it filled; the legs of an
// OCO order cover a position that is held already. Legs only ever reduce.
//
// A take_profit has Limit or Percent. A stop_loss has one of Stop, Percent,
// Trail and TrailPercent; with Stop or Percent, Limit makes it a stop-limit.
type Leg struct {
	ID    string `json:"id,omitempty"` // <parent>.tp or <parent>.sl; given by the broker
	Role  Role   `json:"role"`
	Limit Dec    `json:"limit,omitempty"`
	Stop  Dec    `json:"stop,omitempty"`
	// Percent is the distance from the price of the parent's first fill (of an
	// OCO order: from the last price), 5 = 5 %.
	Percent      Dec `json:"percent,omitempty"`
	Trail        Dec `json:"trail,omitempty"`
	TrailPercent Dec `json:"trail_percent,omitempty"`
}

// Type returns the order type of a leg.
func (l Leg) Type() OrderType {
	switch {
	case l.Role == TakeProfit:
		return LimitOrder
	case l.Trail != 0 || l.TrailPercent != 0:
		return TrailingStop
	case l.Limit != 0:
		return StopLimit
	}
	return StopOrder
}

// LegID returns the id of an order's leg.
func LegID(parent string, r Role) string {
	if r == TakeProfit {
		return parent + ".tp"
	}
	return parent + ".sl"
}

// Sizing says how a quantity was found when the caller gave money, a target or
// nothing instead. The order's Qty is what trades; Asked is what a repeat of the
// order is recognized by.
type Sizing struct {
	Asked      string `json:"asked"` // "notional buy 5000", "target_percent 50" or "position"
	ReduceOnly bool   `json:"-"`     // the caller asked for it; sizing may set the order's too
	Price      Dec    `json:"price"` // last known price
	Equity     Dec    `json:"equity"`
	CashBuffer Dec    `json:"cash_buffer"`          // money left aside
	Limited    string `json:"limited_by,omitempty"` // what made it smaller than asked
}

// Order is an intent to trade. Its ID is its identity: the same ID twice is
// one order.
type Order struct {
	ID           string    `json:"id"`
	Book         string    `json:"book"`
	Symbol       string    `json:"symbol"`
	Side         Side      `json:"side"`
	Type         OrderType `json:"type"`
	Class        Class     `json:"class,omitempty"`
	Qty          Dec       `json:"qty"`
	Limit        Dec       `json:"limit,omitempty"`
	Stop         Dec       `json:"stop,omitempty"`
	Trail        Dec       `json:"trail,omitempty"`
	TrailPercent Dec       `json:"trail_percent,omitempty"`
	Legs         []Leg     `json:"legs,omitempty"`
	TIF          TIF       `json:"tif"`
	GoodTill     time.Time `json:"good_till,omitzero"`
	ReduceOnly   bool      `json:"reduce_only,omitempty"`
	Parent       string    `json:"parent,omitempty"` // the order whose leg this is; set by the broker
	Role         Role      `json:"role,omitempty"`   // of a leg; set by the broker
	Group        string    `json:"group,omitempty"`  // orders of one group: the first fill cancels the others
	By           Caller    `json:"by,omitzero"`
	Reason       string    `json:"reason,omitempty"`
	Confidence   *float64  `json:"confidence,omitempty"` // 0..1, the caller's own estimate
	Sizing       *Sizing   `json:"sizing,omitempty"`
}

// SameAs reports whether o asks for the same trade as p: everything but who
// asked and why. Of two sized orders it compares what was asked instead of the
// quantity found: the account may have moved in between.
func (o Order) SameAs(p Order) bool {
	size := o.Qty == p.Qty && o.Side == p.Side && o.ReduceOnly == p.ReduceOnly
	if o.Sizing != nil && p.Sizing != nil {
		size = o.Sizing.Asked == p.Sizing.Asked && o.Sizing.ReduceOnly == p.Sizing.ReduceOnly
	}
	return size && slices.Equal(o.Legs, p.Legs) && o.ID == p.ID && o.Book == p.Book && o.Symbol == p.Symbol && o.Type == p.Type &&
		o.Class == p.Class && o.Limit == p.Limit && o.Stop == p.Stop && o.Trail == p.Trail &&
		o.TrailPercent == p.TrailPercent && o.TIF == p.TIF && o.GoodTill.Equal(p.GoodTill) && o.Group == p.Group
}

// Status is where an order stands.
type Status string

// The states. Denied = our guard said no, nothing was sent. Rejected = the
// venue said no. Unknown = sent, no answer: it keeps consuming limits.
const (
	Held            Status = "held" // a child that waits for its parent
	Working         Status = "working"
	PartiallyFilled Status = "partially_filled"
	Filled          Status = "filled"
	Canceled        Status = "canceled"
	Expired         Status = "expired"
	Rejected        Status = "rejected"
	Denied          Status = "denied"
	Unknown         Status = "unknown"
	Awaiting        Status = "awaiting_approval" // nothing was sent: a person must approve it
)

// Open reports whether an order in this state can still trade.
func (s Status) Open() bool {
	return s == Held || s == Working || s == PartiallyFilled || s == Unknown
}

// OrderState is an order and where it stands.
type OrderState struct {
	Order
	Status   Status    `json:"status"`
	Repeated bool      `json:"repeated,omitempty"` // Submit found the order by its id and sent nothing
	Filled   Dec       `json:"filled"`
	AvgPrice Dec       `json:"avg_price,omitempty"`
	Fees     Dec       `json:"fees,omitempty"`
	Accepted time.Time `json:"accepted,omitzero"`
	Updated  time.Time `json:"updated,omitzero"`
	// Trigger is the stop price as it stands: a trailing stop's moves.
	Trigger Dec `json:"trigger,omitempty"`
	// Note says what the venue changed: a price rounded to the tick, a split.
	Note string `json:"note,omitempty"`
	// Error says why an order was rejected, denied or expired with the figures.
	Error *Error `json:"error,omitempty"`
}

// Approval binds what a person decides to one order.
type Approval struct {
	Hash  string    `json:"hash"`  // of the order and Held
	Held  time.Time `json:"held"`  // in the time of the clock that the world waits by
	Until time.Time `json:"until"` // it lapses then
	Price Dec       `json:"price"` // the last one known when it was held
}

// Remaining returns the quantity that has not traded.
func (s OrderState) Remaining() Dec { return s.Qty - s.Filled }

// Change is what Replace may alter; zero fields stay as they are.
type Change struct {
	Qty          Dec       `json:"qty,omitempty"` // the new total quantity, filled part included
	Limit        Dec       `json:"limit,omitempty"`
	Stop         Dec       `json:"stop,omitempty"`
	Trail        Dec       `json:"trail,omitempty"`
	TrailPercent Dec       `json:"trail_percent,omitempty"`
	TIF          TIF       `json:"tif,omitempty"`
	GoodTill     time.Time `json:"good_till,omitzero"` // with TIF gtd
}

// OrderQuery selects orders. Results are in submission order.
type OrderQuery struct {
	Book   string
	Symbol string
	ID     string
	Open   bool // only orders that can still trade
	// After, if set, keeps orders whose Updated is after it.
	After time.Time
	// Limit, if above 0, keeps the newest Limit orders.
	Limit int
}
