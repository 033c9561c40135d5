package pitwall

import "time"

// Kind is the kind of an instrument.
type Kind string

// The kinds. An index is a level: it can be watched, never traded.
const (
	Equity Kind = "equity"
	ETF    Kind = "etf"
	Index  Kind = "index"
	Crypto Kind = "crypto"
	Future Kind = "future"
	Option Kind = "option"
	Cash   Kind = "cash"
	FX     Kind = "fx" // a currency pair
)

// Right is the right of an option.
type Right string

// The rights.
const (
	Call Right = "call"
	Put  Right = "put"
)

// AlwaysOpen is the calendar of what trades day and night; its days are UTC's.
const AlwaysOpen = "24/7"

// Instrument is what can be watched or traded.
type Instrument struct {
	Symbol     string    `json:"symbol"`
	Kind       Kind      `json:"kind"`
	Currency   string    `json:"currency"`
	Exchange   string    `json:"exchange,omitempty"`
	Calendar   string    `json:"calendar,omitempty"` // an exchange's, such as XNYS, or AlwaysOpen; empty = 09:30 to 16:00, Monday to Friday
	Sector     string    `json:"sector,omitempty"`
	Tick       Dec       `json:"tick,omitempty"`       // smallest price step; 0 = that of Cents, or not known: prices are not rounded
	Cents      bool      `json:"cents,omitempty"`      // a US stock: steps of 0.01 from 1 on, of 0.0001 below
	Lot        Dec       `json:"lot,omitempty"`        // smallest quantity step; 0 refuses orders
	Multiplier Dec       `json:"multiplier,omitempty"` // money per point and unit; 0 = 1
	Scale      Dec       `json:"scale,omitempty"`      // units of the data in a unit here, for tiny prices: 1,000 or a power of it; 0 = 1
	Expiry     time.Time `json:"expiry,omitzero"`
	Strike     Dec       `json:"strike,omitempty"`
	Right      Right     `json:"right,omitempty"`
	Underlying string    `json:"underlying,omitempty"`

	// Tradable says that the world's trader may order it. The zero value
	// refuses, so a benchmark that is only watched cannot be bought by mistake.
	Tradable bool `json:"tradable"`
	// Zone is where its days begin and its times are shown; nil means UTC.
	Zone *time.Location `json:"-"`
	// Hours are the facts of Calendar; nil where there are none.
	Hours *Calendar `json:"-"`
}

// Location returns Zone, or UTC.
func (i Instrument) Location() *time.Location {
	if i.Zone == nil {
		return time.UTC
	}
	return i.Zone
}

// DefaultTIF returns the time in force of an order that states none: day. Exchanges of
// crypto have no day: there a market order is ioc, so that no rest of it trades later than
// it was meant for, and any other gtc.
func (i Instrument) DefaultTIF(o Order) TIF {
	switch {
	case i.Kind != Crypto:
		return Day
	case (o.Type == "" || o.Type == MarketOrder) && o.Class != OCO:
		return IOC
	}
	return GTC
}

// TickAt returns the smallest step of an order's price near a price; 0 when it is not
// known. US exchanges take whole cents from 1 dollar on and four decimals below (Rule
// 612 of Regulation NMS).
func (i *Instrument) TickAt(price Dec) Dec {
	switch {
	case i.Tick != 0 || !i.Cents:
		return i.Tick
	case price.Abs() >= One:
		return One / 100
	}
	return One / 10_000
}

// DayStart returns when a day begins here that is named by its midnight in another
// zone; any other instant is returned as it is.
func (i Instrument) DayStart(t time.Time) time.Time {
	if h, m, s := t.Clock(); t.IsZero() || h+m+s+t.Nanosecond() != 0 {
		return t
	}
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, i.Location())
}

// Instruments lists what a world knows as of now: a symbol appears with its
// first known bar and leaves the list, not the world, a while after its last.
type Instruments interface {
	// Instrument returns one instrument, or UNKNOWN_SYMBOL with what there is.
	Instrument(symbol string) (Instrument, error)
	// Instruments returns all of them by symbol.
	Instruments() []Instrument
}
