package report

import (
	"errors"
)

// Comparison sets runs side by side. The first run is what the others are held
// against.
type Comparison struct {
	Sheets   []*Sheet  `json:"sheets"`
	Settings []Row     `json:"settings"` // what the runs were asked to do
	Rows     []Row     `json:"figures"`
	Partings []Parting `json:"partings"` // one for each run but the first
}

// Kind is how a figure is written.
type Kind string

// The kinds.
const (
	Percent Kind = "percent" // a fraction: 0.012 is +1.2 %
	Ratio   Kind = "ratio"   // two decimals
	Money   Kind = "money"   // of the account's currency, or USD where the name says so
	Count   Kind = "count"
	Text    Kind = "text"
)

// Row is a named figure or setting of every run.
type Row struct {
	Name   string  `json:"name"`
	Kind   Kind    `json:"kind"`
	Values []Value `json:"values"` // one per run
	Differ bool    `json:"differ"`
}

// Value is a figure of one run. Number is nil for texts, and for a figure that the
// run does not define.
type Value struct {
	Number *float64 `json:"number,omitempty"`
	Text   string   `json:"text"` // as a terminal prints it; n/a when not defined
}

// Parting says where a run's decisions part from the first run's. Turns are matched
// by their time and agent, not by their number; turns before both runs have begun
// are left out.
type Parting struct {
	Run    int        `json:"run"`    // index in Sheets
	Common int        `json:"common"` // turns that both runs have
	Alike  int        `json:"alike"`  // of those, how many come before First: all of them when it is nil
	First  *Departure `json:"first"`  // the first difference of any kind; nil: none
	Orders *Departure `json:"orders"` // the first turn that ordered differently, reasons aside; nil: none
	Text   string     `json:"text"`   // all of it as one sentence
}

// Departure is where two runs stop being alike.
type Departure struct {
	AsOf  string    `json:"as_of"`
	Agent string    `json:"agent"`
	Turns [2]int    `json:"turns"` // of the first run and of this one; 0: it has no such turn
	What  What      `json:"what"`
	Lines [2]string `json:"lines"` // the first differing call or line of either, shortened; empty: it has none
}

// What is the kind of a difference.
type What string

// The kinds, in the order in which a turn is compared.
const (
	DifferentTurn   What = "turn"   // only one of them had a turn then
	DifferentEnd    What = "end"    // one of them has no more turns
	DifferentState  What = "state"  // another account, other bars or news before the same question
	DifferentCall   What = "call"   // another tool, or other arguments
	DifferentResult What = "result" // the same call, another answer
	DifferentReply  What = "reply"  // other words
	DifferentStatus What = "status" // the turn ended otherwise: a timeout, a budget
	DifferentOrders What = "orders" // other orders
	NoRecord        What = "record" // a turn's record cannot be read
)

// Compare sets runs side by side.
func Compare(runs []*Run) (*Comparison, error) {
	return nil, errors.New("not written yet")
}
