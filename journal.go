package pitwall

import (
	"context"
	"iter"
	"math"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"
)

// EntryKind is the kind of a journal line.
type EntryKind string

// The kinds of journal lines. Reads are not journaled.
const (
	EntryStart  EntryKind = "start"  // the world began
	EntryIntent EntryKind = "intent" // about to be sent: no record, no order
	EntryOrder  EntryKind = "order"  // an order's new state
	EntryFill   EntryKind = "fill"   // an execution
	EntryMark   EntryKind = "mark"   // equity at the end of a step
	EntryCash   EntryKind = "cash"   // money that moved without an order
	EntryHalt   EntryKind = "halt"   // a latch was raised or lowered
	// EntryApproval is an order that waits for a person (Verb hold), and what became of it:
	// approve, deny, lapse or withdraw.
	EntryApproval EntryKind = "approval"
	EntryWarning  EntryKind = "warning" // something a reader should know
	EntryMemory   EntryKind = "memory"  // an agent or a desk wrote something down
	EntryEnd      EntryKind = "end"     // the run ended; Note says how
)

// Cause is the turn that caused a change of state, and where a world has several
// the role and pod that had it. A call's own entries (an intent, its outcome, what
// it did to other orders) belong to the turn that made the call. What happens to an
// order later (a fill, an expiry) belongs to the turn that submitted it, a leg to
// its parent's. The zero Cause marks what no turn caused: start and end, equity
// points, cash flows and the venue's own orders (margin calls).
type Cause struct {
	Turn int    `json:"turn,omitempty"` // counts from 1
	Role string `json:"role,omitempty"`
	Pod  string `json:"pod,omitempty"`
}

type causeKey struct{}

// WithCause puts the cause of one call into its context.
func WithCause(ctx context.Context, c Cause) context.Context {
	return context.WithValue(ctx, causeKey{}, c)
}

// CauseFrom returns the cause of this call, zero without one.
func CauseFrom(ctx context.Context) Cause {
	c, _ := ctx.Value(causeKey{}).(Cause)
	return c
}

// Entry is one line of a journal: one change of state. Seq counts from 1.
type Entry struct {
	Seq  int64     `json:"seq"`
	AsOf time.Time `json:"as_of"` // the world's time
	Kind EntryKind `json:"kind"`
	Cause
	Verb   string       `json:"verb,omitempty"` // of an intent: submit, replace, cancel, transfer
	Book   string       `json:"book,omitempty"`
	By     *Caller      `json:"by,omitempty"`
	ID     string       `json:"id,omitempty"` // the order that it is about
	Order  *Order       `json:"order,omitempty"`
	Change *Change      `json:"change,omitempty"`
	State  *OrderState  `json:"state,omitempty"`
	Fill   *Fill        `json:"fill,omitempty"`
	Mark   *EquityPoint `json:"mark,omitempty"`
	Flow   *CashFlow    `json:"flow,omitempty"`
	// Approval is what a person decides about, of an entry that holds an order.
	Approval *Approval   `json:"approval,omitempty"`
	Memory   *MemoryItem `json:"memory,omitempty"`
	Amount   Dec         `json:"amount,omitempty"` // that a book begins with; of a transfer
	Note     string      `json:"note,omitempty"`
}

// Unsent returns the numbers of a journal's intents that were refused after they were
// recorded and before they were sent: a halt that was raised in between.
func Unsent(journal []Entry) map[int64]bool {
	unsent, asked := map[int64]bool{}, map[string]int64{}
	for _, e := range journal {
		switch {
		case e.Kind == EntryIntent:
			asked[e.ID] = e.Seq
		case e.Kind == EntryOrder && asked[e.ID] != 0:
			if e.State != nil && e.State.Status == Denied || e.State == nil && strings.HasPrefix(e.Note, string(Halted)+": ") {
				unsent[asked[e.ID]] = true
			}
			delete(asked, e.ID)
		}
	}
	return unsent
}

// Journal is the evidence and the one stream that metrics, alerts and audits
// read. Implementations are safe for concurrent use.
type Journal interface {
	// Append numbers e, keeps it and returns its number. An error means that
	// it was not kept: whoever was about to act must not.
	Append(ctx context.Context, e Entry) (int64, error)
	// Last returns the number of the newest entry.
	Last() int64
	// Follow yields the entries from a number on, then waits for new ones
	// until ctx ends.
	Follow(ctx context.Context, from int64) iter.Seq2[Entry, error]
}

// MemoryJournal keeps entries in memory. The zero value is ready.
type MemoryJournal struct {
	mu      sync.Mutex
	last    int64
	entries []Entry       // but for plain equity points
	points  pointList     // a fifth of an entry's size, and nearly all of a long run
	grown   chan struct{} // closed and replaced at every Append; nil while no one waits
}

// pointList keeps entries that say nothing but an equity point of their own time. Nothing
// in it is moved or looked through by the collector.
type pointList struct {
	n      int
	chunks [][]plainMark // of chunk each
	zones  []*time.Location
	books  []string
}

// plainMark is an entry of a pointList.
type plainMark struct {
	ns           int64
	equity, cash Dec
	low          uint32 // the entry's number; a later one is no plainMark
	zone, book   uint8  // indexes
}

func (m *plainMark) seq() int64 { return int64(m.low) }

const chunk = 512

// add takes an entry, or reports that it is not one for the list.
func (l *pointList) add(e Entry) bool {
	if e.Mark == nil || e.Mark.Time != e.AsOf || e != (Entry{Seq: e.Seq, AsOf: e.AsOf, Kind: EntryMark, Book: e.Book, Mark: e.Mark}) {
		return false
	}
	m := plainMark{low: uint32(e.Seq), ns: e.AsOf.UnixNano(), equity: e.Mark.Equity, cash: e.Mark.Cash}
	if m.seq() != e.Seq || time.Unix(0, m.ns).In(e.AsOf.Location()) != e.AsOf || !number(&l.zones, e.AsOf.Location(), &m.zone) || !number(&l.books, e.Book, &m.book) {
		return false
	}
	if l.n == chunk*len(l.chunks) {
		l.chunks = append(l.chunks, make([]plainMark, chunk))
	}
	*l.at(l.n) = m
	l.n++
	return true
}

// number finds or makes the index of one of a few values.
func number[T comparable](list *[]T, x T, index *uint8) bool {
	i := slices.Index(*list, x)
	if i < 0 && len(*list) < 256 {
		i = len(*list)
		*list = append(*list, x)
	}
	*index = uint8(max(i, 0))
	return i >= 0
}

func (l *pointList) at(i int) *plainMark { return &l.chunks[i/chunk][i%chunk] }

// entry returns entry i, whose equity point it writes into p.
func (l *pointList) entry(i int, p *EquityPoint) Entry {
	m := l.at(i)
	*p = EquityPoint{Time: time.Unix(0, m.ns).In(l.zones[m.zone]), Equity: m.equity, Cash: m.cash}
	return Entry{Seq: m.seq(), AsOf: p.Time, Kind: EntryMark, Book: l.books[m.book], Mark: p}
}

// Append implements Journal.
func (j *MemoryJournal) Append(_ context.Context, e Entry) (int64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last++
	e.Seq = j.last
	if !j.points.add(e) {
		j.entries = append(j.entries, e)
	}
	if j.grown != nil {
		close(j.grown)
		j.grown = nil
	}
	return e.Seq, nil
}

// Last implements Journal.
func (j *MemoryJournal) Last() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last
}

// Entries returns what there is.
func (j *MemoryJournal) Entries() []Entry { return slices.Collect(j.All()) }

// All yields what there is now, in order. What entries point to is the journal's: do not
// write.
func (j *MemoryJournal) All() iter.Seq[Entry] {
	j.mu.Lock()
	entries, points := j.entries, j.points // both only grow
	j.mu.Unlock()
	return func(yield func(Entry) bool) {
		var room []EquityPoint
		next := 0
		pointsUntil := func(seq int64) bool {
			for ; next < points.n && points.at(next).seq() < seq; next++ {
				if len(room) == 0 {
					room = make([]EquityPoint, min(chunk, points.n-next))
				}
				if !yield(points.entry(next, &room[0])) {
					return false
				}
				room = room[1:]
			}
			return true
		}
		for _, e := range entries {
			if !pointsUntil(e.Seq) || !yield(e) {
				return
			}
		}
		pointsUntil(math.MaxInt64)
	}
}

// entry returns an entry that is there.
func (j *MemoryJournal) entry(seq int64) Entry {
	l := &j.points
	if i := sort.Search(l.n, func(i int) bool { return l.at(i).seq() >= seq }); i < l.n && l.at(i).seq() == seq {
		return l.entry(i, new(EquityPoint))
	}
	return j.entries[sort.Search(len(j.entries), func(i int) bool { return j.entries[i].Seq >= seq })]
}

// Follow implements Journal.
func (j *MemoryJournal) Follow(ctx context.Context, from int64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for next := max(from, 1); ; next++ {
			e, err := j.wait(ctx, next)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// wait returns entry seq as soon as it is there.
func (j *MemoryJournal) wait(ctx context.Context, seq int64) (Entry, error) {
	for {
		j.mu.Lock()
		if seq <= j.last {
			e := j.entry(seq)
			j.mu.Unlock()
			return e, nil
		}
		if j.grown == nil {
			j.grown = make(chan struct{})
		}
		grown := j.grown
		j.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
			return Entry{}, ctx.Err()
		}
	}
}
