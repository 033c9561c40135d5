package paper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"pitwall"
	"pitwall/sim"
)

// Config says what a venue begins with.
type Config struct {
	// Sim is the venue below: Source holds history before From, Journal gets what comes
	// of bars and orders.
	Sim sim.Config
	// Keep keeps bars before they count, so that a restart finds them; nil keeps none.
	Keep func([]pitwall.Bar) error

	// Of an earlier process with the same Sim: its journal and the bars that it kept.
	Past []pitwall.Entry
	Bars []pitwall.Bar
}

// Venue is a pitwall.Broker over bars that come one by one; see [Venue.Take]. It is safe
// for concurrent use, but for Take itself.
type Venue struct {
	*sim.Venue
	source *Source
	keep   func([]pitwall.Bar) error
}

// Open makes a venue, or goes on with that of an earlier process.
func Open(ctx context.Context, c Config) (*Venue, error) {
	v := &Venue{source: NewSource(c.Sim.Source), keep: c.Keep}
	for _, b := range c.Bars {
		if err := v.source.Add(b); err != nil {
			return nil, fmt.Errorf("the bars that were kept: %w", err)
		}
	}
	j, err := newMatched(c.Sim.Journal, c.Past)
	if err != nil {
		return nil, err
	}
	c.Sim.Source, c.Sim.Journal, c.Sim.Grows = v.source.Copy(), j, true
	if v.Venue, err = sim.New(c.Sim); err != nil {
		return nil, err
	}
	if err := v.Repeat(c.Past); err != nil {
		return nil, fmt.Errorf("replaying the journal: %w", err)
	}
	if _, err := v.catchUp(ctx); err != nil { // bars that were kept and not journaled yet
		return nil, err
	}
	if err := j.check(); err != nil {
		return nil, err
	}
	return v, v.answer(ctx, c.Past, c.Sim.Journal)
}

// answer journals the outcome of requests that an earlier process recorded and did not
// live to see answered.
func (v *Venue) answer(ctx context.Context, past []pitwall.Entry, j pitwall.Journal) error {
	open := map[string]pitwall.Entry{}
	var ids []string
	for _, e := range past {
		switch e.Kind {
		case pitwall.EntryIntent:
			open[e.ID] = e
			ids = append(ids, e.ID)
		case pitwall.EntryOrder:
			delete(open, e.ID)
		}
	}
	for _, id := range ids {
		asked, ok := open[id]
		if !ok {
			continue
		}
		delete(open, id)
		e := pitwall.Entry{AsOf: v.Now(), Kind: pitwall.EntryOrder, Cause: asked.Cause, Book: asked.Book, By: asked.By, ID: id}
		if list, err := v.Orders(ctx, pitwall.OrderQuery{ID: id}); err == nil {
			e.State = &list[0]
		} else {
			e.Note = err.Error()
		}
		if _, err := j.Append(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// Take keeps bars and makes the steps that they bring, oldest first. It returns how many
// steps there were.
func (v *Venue) Take(ctx context.Context, bars []pitwall.Bar) (steps int, err error) {
	next := v.source.Copy()
	for _, b := range bars {
		if err := next.Add(b); err != nil {
			return 0, err
		}
	}
	if v.keep != nil && len(bars) > 0 {
		if err := v.keep(bars); err != nil {
			return 0, err
		}
	}
	if err := v.Extend(next); err != nil {
		return 0, err
	}
	v.source = next.Copy()
	return v.catchUp(ctx)
}

// catchUp makes the steps of all bars that there are.
func (v *Venue) catchUp(ctx context.Context) (steps int, err error) {
	for {
		if _, err := v.Next(ctx, v.Now()); errors.Is(err, io.EOF) {
			return steps, nil
		} else if err != nil {
			return steps, err
		}
		steps++
	}
}

// Source returns the bars so far. It is never written again.
func (v *Venue) Source() pitwall.Source { return v.source }

// Source is bars that grow: a copy shares the columns and adds behind them.
type Source struct {
	series  []*pitwall.Series
	actions []pitwall.Action
}

// NewSource copies a source that others may share.
func NewSource(src pitwall.Source) *Source {
	s := (&Source{src.Series(), slices.Clone(src.Actions())}).Copy()
	for _, x := range s.series {
		x.Start, x.End, x.Known = slices.Clip(x.Start), slices.Clip(x.End), slices.Clip(x.Known)
		x.Open, x.High, x.Low, x.Close, x.Volume = slices.Clip(x.Open), slices.Clip(x.High), slices.Clip(x.Low), slices.Clip(x.Close), slices.Clip(x.Volume)
	}
	return s
}

// Copy returns a source that grows by itself: what is added to one is not in the other.
// Only one of the two may grow.
func (s *Source) Copy() *Source {
	c := &Source{actions: s.actions}
	for _, x := range s.series {
		y := *x
		c.series = append(c.series, &y)
	}
	return c
}

// Series implements pitwall.Source.
func (s *Source) Series() []*pitwall.Series { return s.series }

// Actions implements pitwall.Source.
func (s *Source) Actions() []pitwall.Action { return s.actions }

// Add appends a bar, or returns why it cannot follow.
func (s *Source) Add(b pitwall.Bar) error {
	i := slices.IndexFunc(s.series, func(x *pitwall.Series) bool { return x.Instrument.Symbol == b.Symbol })
	if i < 0 {
		return pitwall.Errorf(pitwall.UnknownSymbol, "a bar of %s, which this world does not hold", b.Symbol)
	}
	if err := s.series[i].Append(b); err != nil {
		return pitwall.Errorf(pitwall.DataError, "the bar of %s that starts at %v: %v", b.Symbol, b.Start, err)
	}
	return nil
}

// matched is the journal of a venue that replays: what an earlier process wrote is
// recognized, what it did not live to write is appended.
type matched struct {
	pitwall.Journal
	past map[string]int // lines of the earlier journal, without their numbers
}

func newMatched(j pitwall.Journal, past []pitwall.Entry) (*matched, error) {
	m := &matched{Journal: j, past: map[string]int{}}
	for _, e := range past {
		line, err := lineOf(e)
		if err != nil {
			return nil, err
		}
		m.past[line]++
	}
	return m, nil
}

func lineOf(e pitwall.Entry) (string, error) {
	e.Seq = 0
	body, err := json.Marshal(e)
	return string(body), err
}

// Append implements pitwall.Journal.
func (m *matched) Append(ctx context.Context, e pitwall.Entry) (int64, error) {
	if len(m.past) > 0 {
		line, err := lineOf(e)
		if err != nil {
			return 0, err
		}
		if m.past[line] > 0 {
			m.past[line]--
			return m.Last(), nil
		}
	}
	return m.Journal.Append(ctx, e)
}

// check refuses a journal with fills, flows or marks that its bars and orders do not
// give. Nothing is compared after it.
func (m *matched) check() error {
	for line, n := range m.past {
		var e pitwall.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			return err
		}
		if n > 0 && (e.Fill != nil || e.Flow != nil || e.Mark != nil || e.Kind == pitwall.EntryStart) {
			return pitwall.Errorf(pitwall.Ledger, "the journal holds a %s at %v that does not follow from its bars and orders: %s", e.Kind, e.AsOf, line).Hintf("pitwall verify lists all differences; a new run begins with a new folder")
		}
	}
	m.past = nil
	return nil
}
