package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"pitwall"
	"pitwall/cache/history"
	"pitwall/cache/runs"
)

// runFolder is --out, or the next free runs/<name>-<n>.
func runFolder(out, name string) (string, error) {
	if out != "" {
		return out, nil
	}
	for n := 1; n < 1_000_000; n++ {
		dir := filepath.Join("runs", name+"-"+strconv.Itoa(n))
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("runs/ is full")
}

// dataFiles are the files of a store as the manifest lists them.
func dataFiles(list []history.File) (out []runs.DataFile) {
	for _, f := range list {
		out = append(out, runs.DataFile(f))
	}
	return out
}

// prices writes the bars of what the run traded, compared itself with or settled
// against, and says in the manifest what they are.
func (w *simWorld) prices(folder *runs.Folder, spec simSpec, m *runs.Manifest) error {
	until := w.Clock.Now()
	shown := map[string]bool{spec.Benchmark: true}
	for _, s := range w.store.Series() {
		if slices.Contains(spec.Symbols, s.Instrument.Symbol) {
			shown[s.Instrument.Symbol], shown[s.Instrument.Underlying] = true, true
		}
	}
	for _, s := range w.store.Series() {
		if !shown[s.Instrument.Symbol] || s.Known[0] > until.UnixNano() {
			continue
		}
		if err := folder.Prices(s, w.from, until); err != nil {
			return err
		}
		in := s.Instrument
		in.Tradable = slices.Contains(spec.Symbols, in.Symbol)
		m.Traded = append(m.Traded, runs.Traded{Instrument: in, Zone: in.Location().String(), Size: pitwall.SizeName(s.Size), Adjusted: s.Adjusted})
	}
	for _, a := range w.store.Actions() {
		if (slices.Contains(spec.Symbols, a.Symbol) || a.Symbol == spec.Benchmark) && !a.Ex.After(until) && !a.Ex.Before(w.from) {
			m.Actions = append(m.Actions, a)
		}
	}
	return nil
}

// references values the benchmark and buy-and-hold from the bars of the run.
func references(store *history.Store, spec simSpec, from time.Time) pitwall.Reference {
	named := map[string]*pitwall.Series{}
	for _, s := range store.Series() {
		named[s.Instrument.Symbol] = s
	}
	var symbols []*pitwall.Series
	for _, s := range spec.Symbols {
		symbols = append(symbols, named[s])
	}
	return pitwall.NewReference(spec.Cash, named[spec.Benchmark], symbols, store.Actions(), from)
}
