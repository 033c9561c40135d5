package main

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/examples"
)

// strategyFile is a strategy with the file system that its data paths are read from.
type strategyFile struct {
	*driver.Strategy
	files    fs.FS
	account  driver.Profile   // of the run's broker, where one is named
	settings []driver.Setting // what it goes by, with the profile and the flags; nil before they are applied
}

// readStrategy reads a strategy from a file or folder on disk or, when there is
// none, from the examples in the binary.
func readStrategy(name string) (*strategyFile, error) {
	if info, err := os.Stat(name); err != nil {
		inside := strings.TrimSuffix(strings.TrimPrefix(path.Clean(filepath.ToSlash(name)), "examples/"), "/strategy.yaml")
		if _, err := fs.Stat(examples.FS, inside+"/strategy.yaml"); err != nil {
			return nil, pitwall.Errorf(pitwall.StrategyError, "there is no strategy at %s", name).Hintf("the bundled ones are examples/momentum, examples/buyhold, examples/cross, examples/volatility, examples/fund and examples/desk, and with data that is fetched first examples/momentum_allocator, examples/macro_risk, examples/m2_liquidity, examples/news_sentiment and examples/desk_ten; pitwall init NAME writes one of your own")
		}
		return parseStrategy(name, examples.FS, inside+"/strategy.yaml")
	} else if info.IsDir() {
		name = filepath.Join(name, "strategy.yaml")
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	return parseStrategy(name, os.DirFS("/"), strings.TrimPrefix(filepath.ToSlash(abs), "/"))
}

func parseStrategy(name string, files fs.FS, file string) (*strategyFile, error) {
	s, err := driver.Read(files, file, name)
	if err != nil {
		return nil, err
	}
	s.ReadRoles(files)
	return &strategyFile{Strategy: s, files: files}, nil
}

// standIn reads the data of PITWALL_DATA where neither the strategy nor the command line
// names any, and says so.
func (s *strategyFile) standIn(cfg settings) (list []pitwall.Warning) {
	if len(s.Data) > 0 || cfg.Data == "" {
		return nil
	}
	s.use(filepath.SplitList(cfg.Data))
	return []pitwall.Warning{{Code: pitwall.DefaultData, Text: s.File + " names no data: these are those of PITWALL_DATA, " + cfg.Data}}
}

// use replaces the data by paths from the command line, if there are any.
func (s *strategyFile) use(paths []string) {
	if len(paths) == 0 {
		return
	}
	s.Data = nil
	for _, d := range paths {
		if abs, err := filepath.Abs(d); err == nil { // else reading it fails
			d = abs
		}
		s.Data = append(s.Data, driver.DataEntry{Path: d})
	}
	s.BenchmarkOptional = true
}
