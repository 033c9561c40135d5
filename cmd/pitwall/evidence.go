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
func references(store *history.Store, spec simSpec, from, to time.Time) runs.Reference {
	find := func(symbol string) *pitwall.Series {
		for _, s := range store.Series() {
			if s.Instrument.Symbol == symbol {
				return s
			}
		}
		return nil
	}
	// worth is money put into a series at its first close in the run: of raw prices
	// with its splits, and with its dividends kept as cash.
	worth := func(s *pitwall.Series, money pitwall.Dec, at time.Time) pitwall.Dec {
		n := s.KnownAt(at.UnixNano())
		first := s.KnownAt(from.UnixNano())
		if n == 0 || first >= n {
			return money // not listed yet in the run: cash
		}
		var a pitwall.Calc
		units, cash := a.Div(money, s.Close[first]), pitwall.Dec(0)
		for _, x := range store.Actions() {
			if ex := x.Ex.UnixNano(); s.Adjusted != pitwall.Raw || x.Symbol != s.Instrument.Symbol || ex <= s.Start[first] || ex > s.Start[n-1] {
				continue
			}
			if x.Type != "split" {
				cash = a.Add(cash, a.Mul(units, x.Value))
			} else if per := max(x.Per, 0); per != 0 {
				units = a.MulDiv(units, x.Value, per)
			} else {
				units = a.Mul(units, x.Value)
			}
		}
		v := a.Add(a.Mul(units, s.Close[n-1]), cash)
		if a.Err != nil {
			return money
		}
		return v
	}
	return func(at time.Time) (benchmark, hold pitwall.Dec) {
		if s := find(spec.Benchmark); s != nil && s.KnownAt(at.UnixNano()) > 0 {
			benchmark = worth(s, spec.Cash, at)
		}
		part := spec.Cash / pitwall.Dec(len(spec.Symbols))
		for _, symbol := range spec.Symbols {
			hold += worth(find(symbol), part, at)
		}
		return benchmark, hold
	}
}
