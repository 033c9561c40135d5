package pitwall

import (
	"slices"
	"time"
)

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
	Notional   Dec       `json:"notional"` // Qty x Last x multiplier: the exposure
	Value      Dec       `json:"value"`    // what it adds to equity: Notional, of a future 0 since its gains are cash
	Unrealized Dec       `json:"unrealized"`
	Realized   Dec       `json:"realized"`
}

// AccountType is what an account may do.
type AccountType string

// The account types.
const (
	CashAccount   AccountType = "cash"   // neither borrows nor shorts
	MarginAccount AccountType = "margin" // may do both within its margins
)

// Account is a book's money.
//
//	Equity = Cash + Receivable + value of positions
//	       = Start + Realized + Unrealized + Dividends - Fees - Borrow
type Account struct {
	Book        string      `json:"book"`
	Type        AccountType `json:"type"`
	Currency    string      `json:"currency"`
	Start       Dec         `json:"start"`                // cash put in
	Cash        Dec         `json:"cash"`                 // below 0 = borrowed
	Unsettled   Dec         `json:"unsettled,omitempty"`  // part of Cash that cannot buy yet
	Receivable  Dec         `json:"receivable,omitempty"` // dividends earned and not paid yet; owed when below 0
	Reserved    Dec         `json:"reserved"`             // held by open orders
	BuyingPower Dec         `json:"buying_power"`         // what new orders may cost; on margin a notional
	Equity      Dec         `json:"equity"`
	Realized    Dec         `json:"realized"` // without fees
	Unrealized  Dec         `json:"unrealized"`
	Dividends   Dec         `json:"dividends,omitempty"` // and other cash per unit, earned less owed
	Fees        Dec         `json:"fees"`
	Borrow      Dec         `json:"borrow,omitempty"`      // fees for shorts, interest on borrowed cash
	Initial     Dec         `json:"initial,omitempty"`     // margin that the positions need to be opened
	Maintenance Dec         `json:"maintenance,omitempty"` // margin below which positions are closed
	Positions   []Position  `json:"positions"`             // by symbol, none with quantity 0

	Marks `json:"-"` // for limits
}

// Held returns how much of a symbol the account holds, negative when short.
func (a Account) Held(symbol string) Dec {
	for _, p := range a.Positions {
		if p.Symbol == symbol {
			return p.Qty
		}
	}
	return 0
}

// CashFlow is money that moved without an order: a dividend, a borrow fee, cash
// for a fraction after a split, the settlement of what expired.
type CashFlow struct {
	Time   time.Time `json:"time"` // when the trader could first know
	Symbol string    `json:"symbol,omitempty"`
	Type   string    `json:"type"`             // dividend, coupon, funding, paid, borrow, interest, split, cash_in_lieu, reinvested, variation, expiry, written_off, margin_call, transfer
	Qty    Dec       `json:"qty,omitempty"`    // units it is about; after a split the new quantity
	Each   Dec       `json:"each,omitempty"`   // money per unit, or a price
	Amount Dec       `json:"amount,omitempty"` // change of cash; of a dividend before its pay date, of the receivable
	Pay    time.Time `json:"pay,omitzero"`     // when a receivable becomes cash
}

// Transfer reports whether the account's owner moved the money: it is neither gain nor
// loss. The types are those between the books of a fund (transfer), Alpaca's (csd, csw,
// trans, jnlc, acatc), and cash that a person took over from a broker while every position
// agreed (external).
func (f CashFlow) Transfer() bool {
	return slices.Contains([]string{"transfer", "csd", "csw", "trans", "jnlc", "acatc", "external"}, f.Type)
}

// EquityPoint is a book's equity at one time.
type EquityPoint struct {
	Time   time.Time `json:"time"`
	Equity Dec       `json:"equity"`
	Cash   Dec       `json:"cash"`
}
