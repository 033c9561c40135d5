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
)

// Right is the right of an option.
type Right string

// The rights.
const (
	Call Right = "call"
	Put  Right = "put"
)

// The calendars. A session calendar trades in the exchange's sessions; an
// always-open one has UTC days.
const (
	Sessions   = ""
	AlwaysOpen = "24/7"
)

// Instrument is what can be watched or traded.
type Instrument struct {
	Symbol     string    `json:"symbol"`
	Kind       Kind      `json:"kind"`
	Currency   string    `json:"currency"`
	Exchange   string    `json:"exchange,omitempty"`
	Calendar   string    `json:"calendar,omitempty"` // Sessions or AlwaysOpen
	Sector     string    `json:"sector,omitempty"`
	Tick       Dec       `json:"tick,omitempty"`       // smallest price step; 0 = not known, prices are not rounded
	Lot        Dec       `json:"lot,omitempty"`        // smallest quantity step; 0 refuses orders
	Multiplier Dec       `json:"multiplier,omitempty"` // money per point and unit; 0 = 1
	Expiry     time.Time `json:"expiry,omitzero"`
	Strike     Dec       `json:"strike,omitempty"`
	Right      Right     `json:"right,omitempty"`
	Underlying string    `json:"underlying,omitempty"`

	// Tradable says that the world's trader may order it. The zero value
	// refuses, so a benchmark that is only watched cannot be bought by mistake.
	Tradable bool `json:"tradable"`
	// Zone is where its days begin and its times are shown; nil means UTC.
	Zone *time.Location `json:"-"`
}

// Location returns Zone, or UTC.
func (i Instrument) Location() *time.Location {
	if i.Zone == nil {
		return time.UTC
	}
	return i.Zone
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

// SessionClose returns the instant at which the day that holds t closes:
// 16:00 in the zone for session calendars, the next midnight for 24/7. A time
// after the close (extended hours) belongs to a session that ends at midnight.
func (i Instrument) SessionClose(t time.Time) time.Time {
	t = t.In(i.Location())
	y, m, d := t.Date()
	closing := time.Date(y, m, d, 16, 0, 0, 0, i.Location())
	if i.Calendar == AlwaysOpen || !t.Before(closing) {
		return time.Date(y, m, d+1, 0, 0, 0, 0, i.Location())
	}
	return closing
}

// Instruments lists what a world knows as of now: a symbol appears with its
// first known bar and leaves the list, not the world, a while after its last.
type Instruments interface {
	// Instrument returns one instrument, or UNKNOWN_SYMBOL with what there is.
	Instrument(symbol string) (Instrument, error)
	// Instruments returns all of them by symbol.
	Instruments() []Instrument
}
