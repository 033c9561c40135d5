package driver

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"pitwall/cache/runs"
	"slices"
	"time"

	"pitwall"
)

// Feed gives the bars of a world that goes on, each once.
type Feed interface {
	// Bars returns the finished bars that were not returned before and are known by now,
	// by Known and symbol. io.EOF says that there will be none any more.
	Bars(ctx context.Context, now time.Time) ([]pitwall.Bar, error)
}

// Recorded is a feed that plays bars of a source, each when it became known.
type Recorded struct{ bars []pitwall.Bar }

// NewRecorded plays the bars that became known after one time and, unless it is zero,
// started before another.
func NewRecorded(src pitwall.Source, after, to time.Time) *Recorded {
	r := &Recorded{}
	for _, s := range src.Series() {
		for i := s.KnownAt(after.UnixNano()); i < s.Len() && (to.IsZero() || s.Start[i] < to.UnixNano()); i++ {
			r.bars = append(r.bars, s.Bar(i))
		}
	}
	slices.SortStableFunc(r.bars, func(a, b pitwall.Bar) int {
		return cmp.Or(a.Known.Compare(b.Known), cmp.Compare(a.Symbol, b.Symbol))
	})
	return r
}

// PlayAfter plays the bars of a source after a history of bars of the same size, and
// returns the time after which it does: from, or where a run that goes on had got to.
func PlayAfter(history, src pitwall.Source, past fs.FS, from, to time.Time) (*Recorded, time.Time, error) {
	for _, x := range history.Series() {
		for _, y := range src.Series() {
			if x.Instrument.Symbol == y.Instrument.Symbol && x.Size != y.Size {
				return nil, from, pitwall.Errorf(pitwall.DataError, "bars of %s are %s in the history and %s in the feed", x.Instrument.Symbol, pitwall.SizeName(x.Size), pitwall.SizeName(y.Size)).Hintf("name history of the same size with --data")
			}
		}
	}
	if past != nil {
		kept, err := runs.Strict{FS: past}.Kept()
		if err != nil {
			return nil, from, fmt.Errorf("reading the run that goes on: %w", err)
		}
		for _, b := range kept {
			if b.Known.After(from) {
				from = b.Known
			}
		}
	}
	return NewRecorded(src, from, to), from, nil
}

// Bars implements [Feed].
func (r *Recorded) Bars(_ context.Context, now time.Time) ([]pitwall.Bar, error) {
	if len(r.bars) == 0 {
		return nil, io.EOF
	}
	n := slices.IndexFunc(r.bars, func(b pitwall.Bar) bool { return b.Known.After(now) })
	if n < 0 {
		n = len(r.bars)
	}
	out := r.bars[:n]
	r.bars = r.bars[n:]
	return out, nil
}

// until returns the part of a source that was known by a time.
func until(src pitwall.Source, at time.Time) *cut {
	c := &cut{actions: src.Actions()}
	for _, s := range src.Series() {
		x, n := *s, s.KnownAt(at.UnixNano())
		x.Start, x.End, x.Known = x.Start[:n:n], x.End[:n:n], x.Known[:n:n]
		x.Open, x.High, x.Low, x.Close, x.Volume = x.Open[:n:n], x.High[:n:n], x.Low[:n:n], x.Close[:n:n], x.Volume[:n:n]
		c.series = append(c.series, &x)
	}
	return c
}

// cut is a source up to a time.
type cut struct {
	series  []*pitwall.Series
	actions []pitwall.Action
}

// Series implements pitwall.Source.
func (c *cut) Series() []*pitwall.Series { return c.series }

// Actions implements pitwall.Source.
func (c *cut) Actions() []pitwall.Action { return c.actions }

// together is a feed that holds bars back until each symbol has one of the same time, or
// it has had time to come.
type together struct {
	Feed
	symbols int
	grace   time.Duration
	given   time.Time // the newest time that was returned
	held    []pitwall.Bar
}

// Bars implements [Feed]. A bar that comes after others of its time is known from when
// it came.
func (t *together) Bars(ctx context.Context, now time.Time) ([]pitwall.Bar, error) {
	got, err := t.Feed.Bars(ctx, now)
	for _, b := range got {
		if !b.Known.After(t.given) {
			b.Known = now
		}
		t.held = append(t.held, b)
	}
	slices.SortStableFunc(t.held, func(a, b pitwall.Bar) int {
		return cmp.Or(a.Known.Compare(b.Known), cmp.Compare(a.Symbol, b.Symbol))
	})
	n := 0
	for n < len(t.held) {
		end := n
		for end < len(t.held) && t.held[end].Known.Equal(t.held[n].Known) {
			end++
		}
		if end-n < t.symbols && end == len(t.held) && now.Before(t.held[n].Known.Add(t.grace)) {
			break
		}
		t.given, n = t.held[n].Known, end
	}
	out := t.held[:n:n]
	t.held = t.held[n:]
	return out, err
}
