package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/history"
	"pitwall/examples"
)

// strategyFile is a strategy with the folder that its data paths are relative to.
type strategyFile struct {
	*driver.Strategy
	files fs.FS
	dir   string // inside files
}

// readStrategy reads a strategy from a file or folder on disk or, when there is
// none, from the examples in the binary.
func readStrategy(name string) (*strategyFile, error) {
	info, err := os.Stat(name)
	if err != nil {
		inside := strings.TrimSuffix(strings.TrimPrefix(path.Clean(filepath.ToSlash(name)), "examples/"), "/strategy.yaml")
		raw, err := fs.ReadFile(examples.FS, inside+"/strategy.yaml")
		if err != nil {
			return nil, pitwall.Errorf(pitwall.StrategyError, "there is no strategy at %s", name).Hintf("the bundled ones are examples/momentum and examples/buyhold, and with data that is fetched first examples/momentum_allocator, examples/macro_risk, examples/m2_liquidity and examples/news_sentiment; pitwall init NAME writes one of your own")
		}
		s, err := driver.Parse(name, raw)
		return &strategyFile{s, examples.FS, inside}, err
	}
	if info.IsDir() {
		name = filepath.Join(name, "strategy.yaml")
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(abs)
	if err != nil {
		return nil, pitwall.Errorf(pitwall.StrategyError, "there is no %s", name).Hintf("pitwall init NAME writes a first strategy")
	}
	s, err := driver.Parse(name, raw)
	return &strategyFile{s, os.DirFS("/"), strings.TrimPrefix(filepath.ToSlash(filepath.Dir(abs)), "/")}, err
}

// load reads the data that the strategy names.
func (s *strategyFile) load(ctx context.Context, local *history.Local) (*history.Store, error) {
	inputs, err := s.inputs(ctx, local)
	if err != nil {
		return nil, err
	}
	return driver.Load(ctx, s.Strategy, inputs)
}

// newSim makes a simulated world that keeps its journal in memory.
func (s *strategyFile) newSim(ctx context.Context, local *history.Local) (*driver.Sim, error) {
	store, err := s.load(ctx, local)
	if err != nil {
		return nil, err
	}
	spec, err := s.Spec()
	if err != nil {
		return nil, err
	}
	return driver.NewSim(store, spec, &pitwall.MemoryJournal{})
}

// inputs resolves the data entries: vendors in the store, paths in the strategy's
// folder.
func (s *strategyFile) inputs(ctx context.Context, local *history.Local) (list []history.Input, err error) {
	if len(s.Data) == 0 {
		return nil, pitwall.Errorf(pitwall.StrategyError, "%s: data is empty", s.File).Hintf("name folders or files, for example data: [data]")
	}
	for _, d := range s.Data {
		switch {
		case d.Path == "":
			return nil, pitwall.Errorf(pitwall.StrategyError, "%s: a data entry has no path", s.File)
		case local.Has(d.Path):
			more, err := s.stored(ctx, local, d.Path)
			if err != nil {
				return nil, err
			}
			list = append(list, more...)
		case filepath.IsAbs(d.Path):
			list = append(list, diskInput(d.Path, d.Adjusted))
		default:
			list = append(list, history.Input{FS: s.files, Path: path.Join(s.dir, d.Path), Show: d.Path, Adjusted: d.Adjusted})
		}
	}
	return list, nil
}

// stored returns what the store of downloads holds of a source for the strategy.
func (s *strategyFile) stored(ctx context.Context, local *history.Local, source string) (list []history.Input, err error) {
	n := history.Need{Source: source, Symbols: slices.Clone(s.Symbols)}
	if s.Benchmark != "" && !s.BenchmarkOptional && !slices.Contains(s.Symbols, s.Benchmark) {
		n.Symbols = append(n.Symbols, s.Benchmark)
	}
	for _, d := range s.Data {
		n.MayLack = n.MayLack || d.Path != source && local.HasBars(d.Path)
	}
	if s.BarSize != "" {
		if n.Size, err = pitwall.ParseSize(s.BarSize); err != nil {
			return nil, err
		}
	}
	for _, d := range []struct {
		text string
		to   *time.Time
	}{{s.From, &n.From}, {s.To, &n.To}} {
		if d.text != "" {
			if *d.to, err = time.Parse(time.DateOnly, d.text); err != nil {
				return nil, err
			}
		}
	}
	list, err = local.Inputs(ctx, n)
	var lacking *pitwall.Error
	if errors.As(err, &lacking) && lacking.Code == pitwall.NoCoverage && len(s.Fetch) > 0 {
		lacking.Hint += "\n  or, as " + s.File + " says, all that it needs:\n  " + strings.Join(s.Fetch, "\n  ")
	}
	return list, err
}

// use replaces the data by paths from the command line, if there are any.
func (s *strategyFile) use(paths []string) {
	if len(paths) == 0 {
		return
	}
	s.Data = nil
	for _, d := range paths {
		s.Data = append(s.Data, driver.DataEntry{Path: "/" + diskInput(d, "").Path})
	}
	s.BenchmarkOptional = true
}

// diskInput is a file or folder named on the command line.
func diskInput(name string, adj pitwall.Adjustment) history.Input {
	abs, err := filepath.Abs(name)
	if err != nil {
		abs = name
	}
	return history.Input{FS: os.DirFS("/"), Path: strings.TrimPrefix(filepath.ToSlash(abs), "/"), Show: name, Adjusted: adj}
}
