package history

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"pitwall"
)

// Local is the store on this machine of what sources gave: downloaded once, in
// chunks, checked before it is kept.
//
//	<dir>/<source>/<kind>/<size>/<symbol>.parquet         what Load reads: every chunk, merged
//	<dir>/<source>/<kind>/<size>/<symbol>.parquet.yaml    adjusted: raw, split or total (bars)
//	<dir>/<source>/<kind>/<size>/.chunks/<symbol>/<from>_<to>_<fetched>.parquet
//	<dir>/<source>/<kind>/<size>/.chunks/<symbol>/<from>_<to>_<fetched>.empty
//
// <size> is there for bars only. Symbols are escaped: BTC/USD is BTC%2FUSD. A
// chunk covers the days From..To as known on the day of the download (New York);
// one that was fetched before its last day had passed is asked for again. Files
// appear under their name only when they are whole and on disk.
type Local struct {
	Dir     string
	Now     func() time.Time
	Sources map[string][]Offer // what each source has, by name
}

// usable reports an error where no folder was found.
func (l *Local) usable() error {
	if l.Dir == "" {
		return pitwall.Errorf(pitwall.DataError, "no cache folder found on this machine").Hintf("set PITWALL_DATA_DIR to a folder for downloads")
	}
	return nil
}

// Step describes a finished chunk.
type Step struct {
	Source, Symbol string
	Kind           RowKind
	Size           time.Duration
	From, To       time.Time // days of this chunk
	Done, Total    int       // chunks
	Rows           int       // in this chunk
}

// Fetched is what a fetch did.
type Fetched struct {
	File       string // merged; empty when the source has nothing
	Kind       RowKind
	Rows       int // in the file
	Downloaded int // chunks
	Dropped    []Drop
}

// String says in one line what was fetched.
func (f Fetched) String() string {
	line := fmt.Sprintf("%s: %d rows", f.Kind, f.Rows)
	switch {
	case f.Rows == 0:
		line = fmt.Sprintf("%s: the source has nothing in this range", f.Kind)
	case f.Downloaded == 0:
		line += ", all there already"
	default:
		line += fmt.Sprintf(" (%d chunks downloaded)", f.Downloaded)
	}
	for _, d := range f.Dropped {
		line += fmt.Sprintf("; left out: %d %s", d.Count, d.Why)
	}
	if f.Kind == KindRevised {
		line += "; these are today's values, not what was known then"
	}
	return line
}

// Fetch downloads what the store lacks of a request, chunk by chunk, and merges.
// When it is stopped or refused, the finished chunks stay and the next call asks
// only for the rest. refresh asks for everything again.
func (l *Local) Fetch(ctx context.Context, r Remote, q Request, refresh bool, show func(Step)) (Fetched, error) {
	var out Fetched
	if err := l.usable(); err != nil {
		return out, err
	}
	offer, err := offerOf(r, q.Kind, q.Size)
	if err != nil {
		return out, err
	}
	if q.Kind != KindBars {
		q.Size = 0
	}
	today := l.today()
	switch {
	case q.Symbol == "" || len(q.Symbol) > 64:
		return out, pitwall.Errorf(pitwall.InvalidInput, "symbol %q", q.Symbol).Hintf("symbols have 1 to 64 characters")
	case q.To.After(today):
		q.To = today
	}
	if q.From.After(q.To) {
		return out, pitwall.Errorf(pitwall.InvalidInput, "from %s is after to %s", q.From.Format(time.DateOnly), q.To.Format(time.DateOnly)).Hintf("the last day to be had is %s", today.Format(time.DateOnly))
	}
	out.Kind = q.Kind
	have, err := l.chunks(shelf{r.Name(), q.Kind, q.Size}, q.Symbol)
	if err == nil && q.Kind == KindMacro && len(have) == 0 { // vintages, or revised without a key
		have, err = l.chunks(shelf{r.Name(), KindRevised, 0}, q.Symbol)
	}
	if err != nil {
		return out, err
	}
	pieces := lacking(q, offer, have, refresh)
	for i, p := range pieces {
		if err = ctx.Err(); err != nil {
			err = fmt.Errorf("%s: %s: stopped: %w", r.Name(), p, err)
			break
		}
		var a *Answer
		if a, err = r.Fetch(ctx, p); err != nil {
			break
		}
		if out.Kind = a.Kind; a.Kind == "" {
			err = pitwall.Errorf(pitwall.Internal, "%s answered without a kind", r.Name())
			break
		}
		if err = l.keep(ctx, r.Name(), p, a, today); err != nil {
			break
		}
		out.Downloaded++
		for _, d := range a.Dropped {
			out.Dropped = addDrop(out.Dropped, d.Why, d.Count)
		}
		if show != nil {
			show(Step{r.Name(), q.Symbol, a.Kind, q.Size, p.From, p.To, i + 1, len(pieces), len(a.Rows)})
		}
	}
	if out.Downloaded == 0 && err != nil {
		return out, err
	}
	file, rows, mergeErr := l.merge(context.WithoutCancel(ctx), shelf{r.Name(), out.Kind, q.Size}, q.Symbol)
	out.File, out.Rows = file, rows
	return out, errors.Join(err, mergeErr)
}

// today is the calendar day in New York: a day is over for every market that we
// know when it is over there.
func (l *Local) today() time.Time { return calendarDay(l.Now().In(newYork())) }

// keep checks an answer and writes it as a chunk; older chunks inside its days go.
func (l *Local) keep(ctx context.Context, source string, q Request, a *Answer, today time.Time) error {
	s := shelf{source, a.Kind, q.Size}
	c := chunkFile{From: q.From, To: q.To, Fetched: today, Empty: len(a.Rows) == 0}
	if c.Empty && !q.To.Before(today) {
		return nil // nothing yet: remembered only when the days are over
	}
	if err := validRows(q, a); err != nil {
		return fmt.Errorf("%s: nothing was stored: %w", source, err)
	}
	older, err := l.chunks(s, q.Symbol)
	if err != nil {
		return err
	}
	dir := l.chunkDir(s, q.Symbol)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the store's folder: %w", err)
	}
	if err := l.sidecar(s, q.Symbol, a); err != nil {
		return err
	}
	c.Path = filepath.Join(dir, c.name())
	if c.Empty {
		err = writeWhole(c.Path, nil)
	} else {
		err = writeParquet(ctx, c.Path, a.Kind.header(), a.Rows)
	}
	if err != nil {
		return err
	}
	for _, o := range older {
		if o.Path != c.Path && !o.From.Before(c.From) && !o.To.After(c.To) {
			if err := os.Remove(o.Path); err != nil {
				return fmt.Errorf("removing what was replaced: %w", err)
			}
		}
	}
	return nil
}

// lacking cuts a request into the chunks that are still to be asked for.
func lacking(q Request, offer Offer, have []chunkFile, all bool) []Request {
	covered := func(day time.Time) bool {
		return !offer.Revises && !all && slices.ContainsFunc(have, func(c chunkFile) bool { return !day.Before(c.From) && !day.After(c.through()) })
	}
	var pieces []Request
	for from := q.From; !from.After(q.To); {
		end := chunkEnd(from, offer.Chunk)
		if end.After(q.To) {
			end = q.To
		}
		for day := from; !day.After(end); {
			if covered(day) {
				day = day.AddDate(0, 0, 1)
				continue
			}
			p := q
			p.From, p.To = day, day
			for next := day.AddDate(0, 0, 1); !next.After(end) && !covered(next); next = next.AddDate(0, 0, 1) {
				p.To = next
			}
			day = p.To.AddDate(0, 0, 1)
			pieces = append(pieces, grow(p, offer, have))
		}
		from = end.AddDate(0, 0, 1)
	}
	return pieces
}

// grow widens a piece over the unfinished chunk that it continues, so that daily
// fetches replace one chunk instead of leaving hundreds.
func grow(p Request, offer Offer, have []chunkFile) Request {
	for _, c := range have {
		touches := !c.From.After(p.To) && !c.To.AddDate(0, 0, 1).Before(p.From)
		within := offer.Chunk == Whole || !chunkEnd(c.From, offer.Chunk).Before(p.From)
		if touches && within && (offer.Revises || c.through().Before(c.To)) {
			if c.From.Before(p.From) {
				p.From = c.From
			}
			if offer.Revises && c.To.After(p.To) {
				p.To = c.To
			}
		}
	}
	return p
}

// chunkEnd returns the last day of the chunk that a day begins or is in.
func chunkEnd(day time.Time, c Chunk) time.Time {
	y, m, _ := day.Date()
	switch c {
	case ByYear:
		return time.Date(y, 12, 31, 0, 0, 0, 0, time.UTC)
	case ByMonth:
		return time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC)
	case ByWeek:
		return day.AddDate(0, 0, (7-int(day.Weekday()))%7)
	}
	return time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
}

// lacks returns the first day in [from, to] that the store lacks of a request,
// or the zero time when it has all of them.
func (l *Local) lacks(s shelf, symbol string, from, to time.Time) (time.Time, error) {
	have, err := l.chunks(s, symbol)
	if err != nil {
		return time.Time{}, err
	}
	for day := from; !day.After(to); {
		next := day
		for _, c := range have {
			if !day.Before(c.From) && !day.After(c.through()) {
				next = c.through().AddDate(0, 0, 1)
			}
		}
		if next.Equal(day) {
			return day, nil
		}
		day = next
	}
	return time.Time{}, nil
}
