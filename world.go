package pitwall

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"sync"
	"sync/atomic"
	"time"
)

// Mode is what kind of world this is.
type Mode string

// The modes.
const (
	Sim   Mode = "sim"
	Paper Mode = "paper"
	Live  Mode = "live"
)

// Clock is the world's time.
type Clock interface {
	// Now returns the world's time.
	Now() time.Time
	// Next waits for the next bar after the given time: sim steps, live waits.
	// When the clock is already past after, it returns Now and does nothing, so
	// a repeated call never skips a bar. io.EOF ends a replay.
	Next(ctx context.Context, after time.Time) (time.Time, error)
}

// SimProgress is how far a simulated world has come; see [SimClock].
type SimProgress struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Bars  int       `json:"bars"` // steps made
	Ended bool      `json:"ended"`
	// Digest is a hash over every order, fill and equity point so far.
	Digest string `json:"digest"`
}

// SimClock is a clock that replays: it knows more than the time.
type SimClock interface {
	// Progress returns how far the replay has come.
	Progress() SimProgress
	// Equity returns the equity points so far, oldest first. The caller must not change
	// them.
	Equity() []EquityPoint
	// Flows returns the main book's money that moved without an order and became
	// known after a time, oldest first.
	Flows(after time.Time) []CashFlow
}

// Caller is who is calling. It is on every call and journal line.
type Caller struct {
	Principal string `json:"principal"`       // token's owner, or "local"
	Role      string `json:"role,omitempty"`  // trader, analyst, ...
	Agent     string `json:"agent,omitempty"` // the strategy's name for it
	ReadOnly  bool   `json:"read_only,omitempty"`
	Shadow    bool   `json:"shadow,omitempty"` // leaves nothing behind: it may not load a table that is not there
}

// Local is the principal of a caller without a token.
const Local = "local"

type callerKey struct{}

// WithCaller puts the caller of one request into its context.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerFrom returns the caller of this request. Without one it is a local
// caller that may only read.
func CallerFrom(ctx context.Context) Caller {
	if c, ok := ctx.Value(callerKey{}).(Caller); ok {
		return c
	}
	return Caller{Principal: Local, ReadOnly: true}
}

// World is all that one trader can touch. Tools see nothing else. Records may
// be nil (NO_COVERAGE); so may Tables (SQL refuses) and Memory. A World must not be
// copied.
type World struct {
	Name        string
	ID          string // tells a server's worlds apart, those before a restart too; no part of the digest, empty in a run
	Mode        Mode
	Clock       Clock
	Market      Market
	Records     Records
	Broker      Broker
	Tables      Tables
	Memory      Memory // nil: the strategy has none
	Journal     Journal
	Instruments Instruments
	Risk        Risk // what the account risks beside its limits; nil without a guard

	Costs     Costs          // what sizing assumes
	Zone      *time.Location // how times are shown
	OwnPolicy bool           // the default investor policy is left out of the prompt
	Policy    string         // the strategy's own prompt, if any; it overrides the default policy
	// Conditions are the account's terms, how orders fill and the risk limits, a
	// sentence each.
	Conditions []string
	Warnings   []Warning // what the trader should know about the data
	Events     bool      // there are records of events, now or later: their tool is listed
	Regime     RegimeSpec
	Several    bool // more than one symbol may be traded, now or later: the optimizer is listed
	Attempt    int  // how often this principal has started these dates
	// Setup is whatever else the world was built with, such as terms and limits in
	// full: a part of the digest, shown nowhere.
	Setup string

	once    sync.Once
	effects chan struct{} // holds a value while an effect runs; made once
	ended   atomic.Bool
	visits  atomic.Int64
}

// Warning is something to know about a world's data, from a time on: a split of
// tomorrow is no news today. The zero time is always.
type Warning struct {
	Known time.Time
	Code  string // what changes how the result must be read; empty for the rest
	Text  string
}

// WarningTexts returns the texts of warnings, those of later days included.
func WarningTexts(list []Warning) []string {
	out := []string{}
	for _, w := range list {
		out = append(out, w.Text)
	}
	return out
}

// Codes of a [Warning]. After the first two a position was valued wrongly.
const (
	SplitUnapplied = "split_unapplied" // prices moved by a split that no action gives
	SplitMismatch  = "split_mismatch"  // an action gives a split that prices contradict
	NoDividends    = "no_dividends"    // returns lack dividends
	Dividends      = "dividends"       // derived from adj_close, or of terms that prices contradict
	UnusedColumn   = "unused_column"   // a column that would change the result is not read
	FillsCapped    = "fills_capped"    // the volume cap left orders unfilled
	OrdersRejected = "orders_rejected"
	TurnsFailed    = "turns_failed"
	BenchmarkShort = "benchmark_short" // the benchmark covers only a part of the run
	RunIncomplete  = "run_incomplete"
	WrittenOff     = "written_off"     // what was held of a symbol that closed at 0
	MarginCalled   = "margin_call"     // the venue closed positions
	MadeUp         = "made_up"         // prices that no market made
	DefaultData    = "default_data"    // data of this machine that the strategy does not name
	Survivors      = "survivors"       // symbols listed by hand, none of which was delisted
	MembersLacking = "members_lacking" // members of the index without data
	SectorUnknown  = "sector_unknown"  // symbols without a sector pass the limit of one
)

// Ended reports whether the world was closed: it takes no orders and its clock
// does not move any more.
func (w *World) Ended() bool { return w.ended.Load() }

// Turn returns the turn of a caller that does not number its own: each call that
// moves the clock begins the next one. What comes before the first belongs to turn 1.
func (w *World) Turn() int { return int(max(w.visits.Load(), 1)) }

// BeginTurn counts a call that has moved the clock.
func (w *World) BeginTurn() { w.visits.Add(1) }

// Serialize runs f while no other effect (an order, a step of the clock) runs
// in this world: calls of one session arrive concurrently and out of order. It returns
// ctx's error, and does not run f, when ctx ends before its turn comes.
func (w *World) Serialize(ctx context.Context, f func()) error {
	w.once.Do(func() { w.effects = make(chan struct{}, 1) })
	select {
	case w.effects <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-w.effects }()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	f()
	return nil
}

// Time shows t in the world's zone as RFC 3339.
func (w *World) Time(t time.Time) string {
	if w.Zone != nil {
		t = t.In(w.Zone)
	}
	return t.Format(time.RFC3339)
}

// Digest is a running hash over everything that this world can answer with up to
// now: bars, records, the account and what became of it, tables that were defined,
// and the world's own fields. Later data never changes an earlier digest. Empty
// when the market is not replayed.
//
// Left out are the policy and the end of the replay: tools show neither, but for
// sim_status, which no model in a loop may call.
func (w *World) Digest() string {
	bars := w.Market.Digest()
	if bars == "" {
		return ""
	}
	now := w.Clock.Now()
	zone := now.Location()
	if w.Zone != nil {
		zone = w.Zone
	}
	parts := []any{bars, w.Name, w.Mode, now.UnixNano(), w.Time(now), zone.String(), w.Costs, w.Conditions, w.Attempt, w.Setup}
	records := "" // without records and before the first one are alike
	if w.Records != nil {
		records = w.Records.Digest()
	}
	parts = append(parts, records)
	if c, ok := w.Clock.(SimClock); ok {
		p := c.Progress()
		p.To = time.Time{}
		parts = append(parts, p)
	}
	if w.Tables != nil {
		parts = append(parts, w.Tables.Defined())
	}
	if w.Memory != nil {
		parts = append(parts, w.Memory.Digest())
	}
	for _, x := range w.Warnings {
		if !x.Known.After(now) {
			parts = append(parts, x.Text)
		}
	}
	body, err := json.Marshal(parts)
	if err != nil {
		return "" // nothing is recorded of what cannot be told apart
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Close ends the world and frees what it holds.
func (w *World) Close() error {
	w.ended.Store(true)
	if w.Tables != nil {
		return w.Tables.Close()
	}
	return nil
}
