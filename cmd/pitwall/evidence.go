package main

import (
	"encoding/json"
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

// attempt counts the runs beside dir that share a symbol and a day with run m, m
// included: trying again is a way to look ahead. No tries are runs that failed
// before their first turn, those that did the same as another or as m, and those
// that were stopped on the way to what m does and kept their answers, which m goes
// on from. Before a run there is no digest: then what was asked to do the same
// counts as the same. Agents see the attempt, and a repeat must see what the first
// run saw, or its recorded answers do not fit.
func attempt(dir string, m runs.Manifest) int {
	n := 1
	seen := map[string]bool{m.Digest: true}
	others, err := filepath.Glob(filepath.Join(filepath.Dir(dir), "*", "manifest.json"))
	if err != nil {
		return n // the pattern is ours: cannot fail
	}
	for _, file := range others {
		var x runs.Manifest
		raw, err := os.ReadFile(file)
		if err != nil || json.Unmarshal(raw, &x) != nil || filepath.Dir(file) == filepath.Clean(dir) {
			continue // not a run of ours, or this one
		}
		if x.Status == "failed" && untried(filepath.Dir(file)) || x.Digest != "" && seen[x.Digest] || (m.Digest == "" || x.Status != "complete" && !x.NoCache && !m.NoCache) && sameTrial(x, m) {
			continue
		}
		seen[x.Digest] = true
		shared := slices.ContainsFunc(x.Symbols, func(s string) bool { return slices.Contains(m.Symbols, s) })
		if shared && x.From <= m.To && m.From <= x.To {
			n++
		}
	}
	return n
}

// untried reports whether a run has no turn. It is asked of failed runs only: a folder
// of turns is long.
func untried(dir string) bool {
	turns, err := os.ReadDir(filepath.Join(dir, "turns"))
	return err == nil && len(turns) == 0
}

// sameTrial reports whether two runs were asked to do the same.
func sameTrial(x, y runs.Manifest) bool {
	asked := func(m runs.Manifest) string {
		raw, err := json.Marshal([]any{m.Symbols, m.Benchmark, m.From, m.To, m.Every, m.Cash, m.Costs, m.Account, m.Fills, m.Limits, m.Agents, m.Data, m.Sample})
		if err != nil {
			return m.RunID // not to be compared
		}
		return string(raw)
	}
	return asked(x) == asked(y)
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
