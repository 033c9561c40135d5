package driver

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/cache/history"
)

// Load reads the strategy's data, and more beside them: see [Strategy.Inputs].
func (s *Strategy) Load(ctx context.Context, files fs.FS, local *history.Local, more ...history.Input) (*history.Store, error) {
	if err := s.loadIndex(ctx, files); err != nil {
		return nil, err
	}
	inputs, err := s.Inputs(ctx, files, local)
	if err != nil {
		return nil, err
	}
	inputs = append(inputs, more...)
	opts := history.Options{Symbols: slices.Concat(s.Symbols, s.Watch), MayLack: s.Index != ""}
	if s.Benchmark != "" {
		opts.Symbols = append(opts.Symbols, s.Benchmark)
	}
	if opts.Size, err = s.size(); err != nil {
		return nil, err
	}
	if s.Universe != nil && s.members == nil {
		return s.loadUniverse(ctx, inputs, opts)
	}
	store, err := history.Load(ctx, inputs, opts)
	if s.Index != "" && err == nil {
		return store, s.withoutData(store)
	}
	if pitwall.CodeOf(err) == pitwall.UnknownSymbol && s.BenchmarkOptional && s.Benchmark != "" {
		opts.Symbols = slices.Concat(s.Symbols, s.Watch)
		if store, err = history.Load(ctx, inputs, opts); err == nil {
			store.Warnings = append(store.Warnings, "the data given has no "+s.Benchmark+": the run has no benchmark")
			s.Benchmark = ""
		}
	}
	return store, err
}

// Inputs resolves the data entries: a source's name in the store of downloads, a
// relative path in files below s.Dir, an absolute path on this machine.
func (s *Strategy) Inputs(ctx context.Context, files fs.FS, local *history.Local) (list []history.Input, err error) {
	if len(s.Data) == 0 {
		return nil, s.bad("data is empty").Hintf("name folders or files, for example data: [data]; on the command line --data or PITWALL_DATA stand in")
	}
	for _, d := range s.Data {
		in := s.input(files, d.Path)
		switch {
		case d.Path == "":
			return nil, s.bad("a data entry has no path")
		case d.Dividends != "" && d.Dividends != history.AdjClose:
			return nil, s.bad("data: dividends is %q", d.Dividends).Hintf("use adj_close, or leave it out")
		case d.Dividends != "" && local.Has(d.Path):
			return nil, s.bad("data: dividends is for files, and %s is a source", d.Path).Hintf("fetch its actions: pitwall data fetch %s SYMBOL --kind actions", d.Path)
		case local.Has(d.Path) && s.Universe != nil:
			return nil, s.bad("universe: %s is a source of downloads, and what it holds is not all that there was", d.Path).Hintf("name files or folders under data")
		case local.Has(d.Path):
			more, err := s.stored(ctx, local, d.Path)
			if err != nil {
				return nil, err
			}
			list = append(list, more...)
			continue
		}
		in.Adjusted, in.Dividends, in.Mapping = d.Adjusted, d.Dividends, d.Mapping
		list = append(list, in)
	}
	return list, nil
}

// input is a file that the strategy names: a relative path in files below s.Dir, an
// absolute one on this machine.
func (s *Strategy) input(files fs.FS, name string) history.Input {
	if filepath.IsAbs(name) {
		return history.Disk(name)
	}
	return history.Input{FS: files, Path: path.Join(s.Dir, name), Show: name}
}

// stored returns what the store of downloads holds of a source for the strategy.
func (s *Strategy) stored(ctx context.Context, local *history.Local, source string) (list []history.Input, err error) {
	n := history.Need{Source: source, Symbols: slices.Concat(s.Symbols, s.Watch), MayLack: s.Index != ""}
	if s.Benchmark != "" && !s.BenchmarkOptional && !slices.Contains(n.Symbols, s.Benchmark) {
		n.Symbols = append(n.Symbols, s.Benchmark)
	}
	for _, d := range s.Data {
		n.MayLack = n.MayLack || d.Path != source && local.HasBars(d.Path)
	}
	if n.Size, err = s.size(); err != nil {
		return nil, err
	}
	if n.From, n.To, err = s.Days(); err != nil {
		return nil, err
	}
	list, err = local.Inputs(ctx, n)
	var lacking *pitwall.Error
	if errors.As(err, &lacking) && lacking.Code == pitwall.NoCoverage && len(s.Fetch) > 0 {
		lacking.Hint += "\n  or, as " + s.File + " says, all that it needs:\n  " + strings.Join(s.Fetch, "\n  ")
	}
	return list, err
}

// size returns the size of bars, 0 = that of the data.
func (s *Strategy) size() (time.Duration, error) {
	if s.BarSize == "" {
		return 0, nil
	}
	return pitwall.ParseSize(s.BarSize)
}

// Days returns the first and the last day; zero = the data's.
func (s *Strategy) Days() (from, to time.Time, err error) {
	day := func(text string) (t time.Time) {
		if text != "" && err == nil {
			if t, err = time.Parse(time.DateOnly, text); err != nil {
				err = s.bad("%q is not a date", text).Hintf("write 2020-01-31")
			}
		}
		return t
	}
	from, to = day(s.From), day(s.To)
	if err == nil && !to.IsZero() && from.After(to) {
		err = s.bad("from %s is after to %s", s.From, s.To)
	}
	return from, to, err
}
