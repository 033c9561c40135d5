package pitwall

import "time"

// MainBook is the book that every world has.
const MainBook = "main"

// Fill is one execution. It says why it happened: which rule, which bar, from
// which reference price, with which slippage and fee.
type Fill struct {
	ID        string    `json:"id"`
	OrderID   string    `json:"order"`
	Book      string    `json:"book"`
	Symbol    string    `json:"symbol"`
	Side      Side      `json:"side"`
	Qty       Dec       `json:"qty"`
	Price     Dec       `json:"price"`
	Fee       Dec       `json:"fee"`
	Reference Dec       `json:"reference"`          // the price before slippage
	Slippage  Dec       `json:"slippage,omitempty"` // money lost to slippage, all units
	Maker     bool      `json:"maker,omitempty"`
	Rule      string    `json:"rule"`             // e.g. "2: market at the next open"
	Capped    Dec       `json:"capped,omitempty"` // quantity left over because of the volume share
	Bar       time.Time `json:"bar"`              // start of the bar that filled it
	Time      time.Time `json:"time"`             // the bar's start for a fill at the open, else its end
	Known     time.Time `json:"known"`            // when the trader could first know
	Realized  Dec       `json:"realized,omitempty"`
}

// Cursor marks a place in a world's fills. The zero value is the beginning; a
// cursor with only Time starts at the first fill known after that time.
type Cursor struct {
	Seq  int64
	Time time.Time
}

// Position is what a book holds of one symbol.
type Position struct {
	Symbol     string    `json:"symbol"`
	Qty        Dec       `json:"qty"` // negative when short
	AvgPrice   Dec       `json:"avg_price"`
	Cost       Dec       `json:"cost"`
	Last       Dec       `json:"last"` // last known price
	LastTime   time.Time `json:"last_time"`
	Value      Dec       `json:"value"`
	Unrealized Dec       `json:"unrealized"`
	Realized   Dec       `json:"realized"`
}

// Account is a book's money. Equity = Cash + value of positions.
type Account struct {
	Book        string     `json:"book"`
	Currency    string     `json:"currency"`
	Start       Dec        `json:"start"` // cash put in
	Cash        Dec        `json:"cash"`
	Reserved    Dec        `json:"reserved"` // held by open buy orders
	BuyingPower Dec        `json:"buying_power"`
	Equity      Dec        `json:"equity"`
	Realized    Dec        `json:"realized"` // without fees
	Unrealized  Dec        `json:"unrealized"`
	Fees        Dec        `json:"fees"`
	Positions   []Position `json:"positions"` // by symbol, none with quantity 0
}

// EquityPoint is a book's equity at one time.
type EquityPoint struct {
	Time   time.Time `json:"time"`
	Equity Dec       `json:"equity"`
	Cash   Dec       `json:"cash"`
}
