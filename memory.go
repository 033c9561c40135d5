package pitwall

import (
	"context"
	"time"
)

// MemoryKind is the kind of what was written down.
type MemoryKind string

// The kinds of a [MemoryItem].
const (
	Note    MemoryKind = "note"    // worth finding again
	Plan    MemoryKind = "plan"    // what the orders of a turn in a symbol are for
	Lesson  MemoryKind = "lesson"  // of a closed trade
	Belief  MemoryKind = "belief"  // where a symbol's price will be some bars later
	Retire  MemoryKind = "retire"  // a belief is believed no longer
	Episode MemoryKind = "episode" // the episode that ended was reviewed
	Regime  MemoryKind = "regime"  // the state of the market changed to Regime
)

// MemoryItem is one thing that an agent or a desk wrote down. Which fields it has
// depends on its kind.
type MemoryItem struct {
	ID    string     `json:"id"`
	Kind  MemoryKind `json:"kind"`
	Known time.Time  `json:"known"` // simulated time at which it was written
	Turn  int        `json:"turn,omitempty"`
	Role  string     `json:"role,omitempty"`
	Run   string     `json:"run,omitempty"` // the earlier run that it was carried from

	Symbol     string   `json:"symbol,omitempty"`
	Text       string   `json:"text"`
	Strategy   string   `json:"strategy,omitempty"`
	Regime     string   `json:"regime,omitempty"`
	Trade      string   `json:"trade,omitempty"`     // a lesson's
	Expected   string   `json:"expected,omitempty"`  // a lesson's, a plan's
	Why        string   `json:"why,omitempty"`       // a lesson's: why the outcome differed
	Direction  string   `json:"direction,omitempty"` // a belief's: up or down
	Horizon    int      `json:"horizon,omitempty"`   // a belief's, in bars of Symbol
	Confidence *float64 `json:"confidence,omitempty"`
	Roles      []string `json:"roles,omitempty"` // whom a belief concerns; empty: all
	Of         string   `json:"of,omitempty"`    // the belief that is refined or retired
}

// MemoryTrade is a closed trade with what was written down of it.
type MemoryTrade struct {
	ID         string    `json:"id"`    // of the turn and the symbol: 12-AAPL
	Known      time.Time `json:"known"` // when its exit was
	Run        string    `json:"run,omitempty"`
	Symbol     string    `json:"symbol"`
	Side       string    `json:"side"` // long or short
	Entry      time.Time `json:"entry_time"`
	Exit       time.Time `json:"exit_time"`
	Turn       int       `json:"turn"` // that opened it
	Qty        Dec       `json:"qty"`
	EntryPrice Dec       `json:"entry_price"`
	ExitPrice  Dec       `json:"exit_price"`
	Profit     Dec       `json:"profit"` // after fees
	Return     *float64  `json:"return"`
	Days       float64   `json:"days"`
	Reason     string    `json:"reason,omitempty"`
	ExitReason string    `json:"exit_reason,omitempty"`
	Confidence *float64  `json:"confidence,omitempty"`
	Strategy   string    `json:"strategy,omitempty"` // of its plan
	Regime     string    `json:"regime,omitempty"`
	Expected   string    `json:"expected,omitempty"`
	Lesson     string    `json:"lesson,omitempty"` // id of its lesson
}

// MaxHorizon is the longest horizon of a belief, in bars.
const MaxHorizon = 2520

// Status of a belief.
const (
	BeliefActive  = "active"
	BeliefRefined = "refined" // a later one stands in its place
	BeliefRetired = "retired"
	BeliefMatured = "matured" // its horizon has passed
)

// ScoredBelief is a belief with what became of it. Each one that was ever stated is scored
// when its horizon has passed, refined and retired ones too.
type ScoredBelief struct {
	MemoryItem
	Status  string     `json:"status"`
	Matured *time.Time `json:"matured,omitempty"` // when the last bar of the horizon was known
	From    Dec        `json:"from,omitempty"`    // the last close when it was stated, split-adjusted
	To      Dec        `json:"to,omitempty"`      // the last close of its horizon
	Hit     *bool      `json:"hit,omitempty"`     // the price moved its way; one that did not move is no hit
	Brier   *float64   `json:"brier,omitempty"`   // (confidence - hit) squared
}

// Memories is all that is remembered as of now, each list oldest first.
type Memories struct {
	Trades  []MemoryTrade
	Items   []MemoryItem // but for beliefs
	Beliefs []ScoredBelief
	// Ended says which episode has ended without a review of beliefs, empty if none.
	Ended string
	// Alert says why risk should be conservative now, empty if it need not.
	Alert string
	// ShortTerm is how many trades of a symbol count as recent, HalfLife the days after
	// which a memory counts half when it is searched.
	ShortTerm int
	HalfLife  float64
}

// Memory is what a run remembers: its closed trades and what was written down. All of it
// follows from the journal, the prices known now and what was carried from an earlier run.
// Implementations are safe for concurrent use.
type Memory interface {
	// Write keeps an item as known now and returns it as it is kept, with its id.
	Write(ctx context.Context, item MemoryItem) (MemoryItem, error)
	// Recall returns what is known now. It is the caller's to read only.
	Recall(ctx context.Context) (Memories, error)
	// Digest is a hash over what was written, carried and traded, up to now.
	Digest() string
}
