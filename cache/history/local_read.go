package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// Held is one file of the store.
type Held struct {
	Source   string    `json:"source"`
	Kind     RowKind   `json:"kind"`
	Size     string    `json:"size,omitempty"`
	Symbol   string    `json:"symbol"`
	From, To time.Time // days that were downloaded, with or without rows
	Rows     int       `json:"rows"`
	Bytes    int64     `json:"bytes"` // of the merged file
	File     string    `json:"file"`
}

// List says what the store holds, by source, kind, size and symbol.
func (l *Local) List(ctx context.Context) ([]Held, error) {
	var list []Held
	if err := l.usable(); err != nil {
		return nil, err
	}
	err := fs.WalkDir(os.DirFS(l.Dir), ".", func(p string, d fs.DirEntry, err error) error {
		parts := strings.Split(p, "/")
		switch {
		case p == "." && errors.Is(err, fs.ErrNotExist):
			return fs.SkipAll
		case err != nil:
			return err
		case d.IsDir() && p != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(p) != ".parquet" || len(parts) < 3 || len(parts) > 4:
			return nil
		}
		h := Held{Source: parts[0], Kind: RowKind(parts[1]), Symbol: unescapeSymbol(strings.TrimSuffix(d.Name(), ".parquet")), File: filepath.Join(l.Dir, p)}
		s := shelf{h.Source, h.Kind, 0}
		if len(parts) == 4 {
			h.Size = parts[2]
			if s.size, err = pitwall.ParseSize(h.Size); err != nil {
				return nil // not ours
			}
		}
		f, err := parseFile(ctx, Disk(h.File))
		if err != nil {
			return err
		}
		h.Rows, h.Bytes = len(f.table.rows), f.bytes
		chunks, err := l.chunks(s, h.Symbol)
		if len(chunks) > 0 { // the oldest first
			h.From, h.To = chunks[0].From, slices.MaxFunc(chunks, func(a, b chunkFile) int { return a.To.Compare(b.To) }).To
		}
		list = append(list, h)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the store at %s: %w", l.Dir, err)
	}
	return list, nil
}

// Need is what a strategy asks of one source in the store.
type Need struct {
	Source   string
	Symbols  []string
	Size     time.Duration // empty = 1d
	From, To time.Time     // days; zero = whatever there is
	MayLack  bool          // other data is named too: symbols that are not here may be there
}

// Has reports whether the store takes rows of a source; files are what Import
// copied.
func (l *Local) Has(source string) bool {
	_, ok := l.Sources[source]
	return ok || source == "files"
}

// HasBars reports whether a source may have bars: only one that offers other
// kinds alone has none.
func (l *Local) HasBars(source string) bool {
	offers, ok := l.Sources[source]
	return !ok || slices.ContainsFunc(offers, func(o Offer) bool { return o.Kind == KindBars })
}

// needsActions reports whether a source's prices are as traded and its actions can
// be fetched: without them splits would be losses.
func (l *Local) needsActions(source string) bool {
	offers := l.Sources[source]
	return slices.ContainsFunc(offers, func(o Offer) bool { return o.Kind == KindBars && o.Adjusted == pitwall.Raw }) &&
		slices.ContainsFunc(offers, func(o Offer) bool { return o.Kind == KindActions })
}

// Inputs returns the files that a need is met with, or an error with the exact
// command that would fetch what is missing.
func (l *Local) Inputs(ctx context.Context, n Need) ([]Input, error) {
	if n.Size == 0 {
		n.Size = 24 * time.Hour
	}
	if err := l.usable(); err != nil {
		return nil, err
	}
	if !l.HasBars(n.Source) {
		return l.recordInputs(ctx, n)
	}
	var list []Input
	if n.Source == "files" { // an import of news or macro is not about one symbol
		var err error
		if list, err = l.shelves("files", KindNews, KindMacro, KindRevised); err != nil {
			return nil, err
		}
	}
	for _, symbol := range n.Symbols {
		in, err := l.input(ctx, shelf{n.Source, KindBars, n.Size}, symbol, n)
		if err != nil {
			return nil, err
		}
		if in == nil {
			continue
		}
		asked, err := l.chunks(shelf{n.Source, KindActions, 0}, symbol)
		if err != nil {
			return nil, err
		}
		in.Actions = len(asked) > 0
		list = append(list, *in)
		more := n
		more.MayLack = !l.needsActions(n.Source) || pair.MatchString(symbol)
		for _, k := range []RowKind{KindActions, KindNews} {
			in, err := l.input(ctx, shelf{n.Source, k, 0}, symbol, more)
			if err != nil {
				return nil, err
			}
			if in != nil && !(k == KindNews && n.Source == "files") {
				list = append(list, *in)
			}
			more.MayLack = true // news is never required
		}
	}
	return list, nil
}

// recordInputs returns the files of a source without bars: all of its macro series, else
// those of the symbols that it has records of.
func (l *Local) recordInputs(ctx context.Context, n Need) (list []Input, err error) {
	for _, o := range l.Sources[n.Source] {
		if o.Kind == KindMacro {
			list, err = l.shelves(n.Source, KindMacro, KindRevised)
			if err == nil && len(list) == 0 {
				err = pitwall.Errorf(pitwall.NoCoverage, "the store holds no macro series from %s", n.Source).Hintf("pitwall data fetch %s CPIAUCSL UNRATE --from 2000-01-01", n.Source)
			}
			return list, err
		}
		for _, symbol := range n.Symbols {
			n.MayLack = true // funds and indices file nothing
			in, err := l.input(ctx, shelf{n.Source, o.Kind, 0}, symbol, n)
			if err != nil {
				return nil, err
			}
			if in != nil {
				list = append(list, *in)
			}
		}
	}
	if len(list) == 0 {
		err = pitwall.Errorf(pitwall.NoCoverage, "the store holds nothing of %s from %s", strings.Join(n.Symbols, ", "), n.Source).
			Hintf("pitwall data fetch %s %s --from %s", n.Source, strings.Join(n.Symbols, " "), dateOr(n.From, "2018-01-01"))
	}
	return list, err
}

// input is one file, brought up to date; nil when there is none and none is
// needed, or when the source said that there is nothing.
func (l *Local) input(ctx context.Context, s shelf, symbol string, n Need) (*Input, error) {
	have, err := l.chunks(s, symbol)
	if err != nil {
		return nil, err
	}
	if len(have) == 0 && n.MayLack {
		return nil, nil
	}
	today, from, to := l.today(), n.From, n.To
	if yesterday := today.AddDate(0, 0, -1); to.After(yesterday) {
		to = yesterday
	}
	fetch := fmt.Sprintf("pitwall data fetch %s %s --from %s --to %s", s.source, symbol, dateOr(n.From, "2018-01-01"), dateOr(n.To, today.Format(time.DateOnly)))
	what := s.kind.of(s.size)
	switch {
	case s.source == "files":
		fetch = "pitwall data import FILE..."
	case s.kind == KindBars:
		fetch += " --size " + pitwall.SizeName(s.size)
	default:
		fetch += " --kind " + what
	}
	if len(have) == 0 {
		return nil, pitwall.Errorf(pitwall.NoCoverage, "the store holds no %s of %s from %s", what, symbol, s.source).Hintf("%s", fetch)
	}
	if !from.IsZero() && s.kind != KindNews && s.source != "files" {
		if to.IsZero() {
			to = from
		}
		day, err := l.lacks(s, symbol, from, to)
		if err != nil {
			return nil, err
		}
		if !day.IsZero() {
			return nil, pitwall.Errorf(pitwall.NoCoverage, "the store holds %s of %s from %s, but not %s", what, symbol, s.source, day.Format(time.DateOnly)).Hintf("%s", fetch)
		}
	}
	if ok, err := l.fresh(s, symbol); err != nil {
		return nil, err
	} else if !ok {
		if _, _, err := l.merge(ctx, s, symbol); err != nil {
			return nil, err
		}
	}
	path := l.file(s, symbol)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if s.kind == KindBars && !n.MayLack {
			return nil, pitwall.Errorf(pitwall.NoCoverage, "%s has no %s of %s in the days that were fetched", s.source, what, symbol).Hintf("check the symbol's spelling, or use another source")
		}
		return nil, nil
	}
	in := Disk(path)
	return &in, nil
}

// shelves are all files of a source and some kinds; a name that an earlier kind
// has is left out of the later ones, so that vintages go before revised values.
func (l *Local) shelves(source string, kinds ...RowKind) ([]Input, error) {
	var list []Input
	var held []string
	for _, k := range kinds {
		dir := l.shelfDir(shelf{source, k, 0})
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("reading the store: %w", err)
		}
		for _, e := range entries {
			if filepath.Ext(e.Name()) != ".parquet" || slices.Contains(held, e.Name()) {
				continue
			}
			held = append(held, e.Name())
			list = append(list, Disk(filepath.Join(dir, e.Name())))
		}
	}
	return list, nil
}

func dateOr(t time.Time, other string) string {
	if t.IsZero() {
		return other
	}
	return t.Format(time.DateOnly)
}
