package runs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"pitwall"
)

// Listed is a run in a list of runs: its headline.
type Listed struct {
	Run             string       `json:"run"` // its folder's name
	Status          string       `json:"status"`
	Strategy        string       `json:"strategy"`
	Name            string       `json:"name"`
	Model           string       `json:"model"`
	Symbols         []string     `json:"symbols"`
	From            string       `json:"from"` // the dates of its first and last bar; those that were asked for while there is none
	To              string       `json:"to"`
	TotalReturn     *float64     `json:"total_return"`
	Benchmark       string       `json:"benchmark"`
	BenchmarkReturn *float64     `json:"benchmark_return"`
	BuyHoldReturn   *float64     `json:"buy_and_hold_return"`
	MaxDrawdown     *float64     `json:"max_drawdown"`
	Sharpe          *float64     `json:"sharpe"`
	Bars            int          `json:"-"`        // that its returns are of
	Turns           *int         `json:"turns"`    // null: not known
	CostUSD         *pitwall.Dec `json:"cost_usd"` // of models, recorded answers at what they once cost; null: not known
	Attempt         int          `json:"attempt"`
	Written         time.Time    `json:"written"` // when its manifest was
	Damaged         string       `json:"damaged,omitempty"`
}

// List reads the headlines of the runs in a folder, the newest first, from their small
// files alone.
func List(fsys fs.FS) ([]Listed, error) {
	if _, err := fs.Stat(fsys, "."); err != nil {
		return nil, err
	}
	list := []Listed{}
	at := map[string]time.Time{}
	for _, name := range below(fsys) {
		run, err := fs.Sub(fsys, name)
		if err != nil {
			return nil, err
		}
		at[name] = written(run, signs...)
		list = append(list, headline(run, name, at[name]))
	}
	slices.SortStableFunc(list, func(a, b Listed) int { return at[b.Run].Compare(at[a.Run]) })
	return list, nil
}

func headline(fsys fs.FS, name string, at time.Time) Listed {
	x := Listed{Run: name, Symbols: []string{}, Written: at.UTC().Truncate(time.Second)}
	r := Open(fsys)
	m := r.Manifest
	switch {
	case errors.Is(r.Damaged, fs.ErrNotExist):
		x.Status, x.Damaged = "damaged", "it has no manifest.json"
	case r.Damaged != nil:
		x.Status, x.Damaged = "damaged", r.Damaged.Error()
	default:
		x.Status, x.Strategy, x.Name, x.Model, x.From, x.To, x.Attempt, x.Benchmark = m.Status, m.Strategy, m.Name, m.Model, m.From, m.To, m.Attempt, m.Benchmark
		x.Symbols = append(x.Symbols, m.Symbols...)
	}
	metrics, err := Strict{fsys}.Metrics()
	switch {
	case err == nil:
		if metrics.First != nil && metrics.Last != nil {
			x.From, x.To = DateOf(*metrics.First), DateOf(*metrics.Last)
		}
		x.TotalReturn, x.BenchmarkReturn, x.BuyHoldReturn, x.MaxDrawdown, x.Sharpe = &metrics.TotalReturn, metrics.BenchmarkReturn, metrics.BuyHoldReturn, &metrics.MaxDrawdown, metrics.Sharpe
		x.Bars = metrics.Bars
	case x.Damaged != "":
	case !errors.Is(err, fs.ErrNotExist):
		x.Damaged = err.Error()
	case m.Status != "running":
		x.Damaged = "metrics.json: it is not there"
	}
	if u, err := r.Usage(); err == nil {
		x.Turns = u.Turns
		if u.CostUSD != nil && u.CostUSDRecorded != nil {
			if sum, err := u.CostUSD.Add(*u.CostUSDRecorded); err == nil {
				x.CostUSD = &sum
			}
		}
	}
	return x
}

// Attempt counts the different trials on the days of run m, m included: repeated tries
// overfit. Counted are the runs beside dir that came to their end and share a symbol and
// a day with m. Exact repeats count once: the same digest, or the same configuration
// where recorded answers could be used. Agents see the attempt, and a repeat must see
// what the first run saw, or its recorded answers do not fit.
func Attempt(dir string, m Manifest) int {
	trials := []trial{trialOf(m)}
	beside := os.DirFS(filepath.Dir(dir))
	names, _ := fs.ReadDir(beside, ".") // without a folder there are no runs
	for _, name := range names {
		run, err := fs.Sub(beside, name.Name())
		if err != nil || name.Name() == filepath.Base(dir) {
			continue // this one
		}
		r := Open(run)
		x := r.Manifest
		shared := slices.ContainsFunc(x.Symbols, func(s string) bool { return slices.Contains(m.Symbols, s) })
		if r.Damaged != nil || x.Status != "complete" || !shared || x.From > m.To || m.From > x.To {
			continue
		}
		if t := trialOf(x); !slices.ContainsFunc(trials, t.repeats) {
			trials = append(trials, t)
		}
	}
	return len(trials)
}

// trial is what tells whether a run repeats another. Before a run there is no digest.
type trial struct {
	digest, asked string
	noCache       bool
}

func trialOf(m Manifest) trial {
	raw, err := json.Marshal([]any{m.Symbols, m.Benchmark, m.From, m.To, m.Every, m.Cash, m.Costs, m.Account, m.Fills, m.Limits, m.Agents, m.Data, m.Sample, m.Fork})
	if err != nil {
		raw = []byte(m.RunID) // not to be compared
	}
	return trial{m.Digest, string(raw), m.NoCache}
}

// repeats reports whether two runs did the same, or were asked to and a model had no say
// of its own.
func (x trial) repeats(y trial) bool {
	switch {
	case x.digest != "" && x.digest == y.digest:
		return true
	case (x.noCache || y.noCache) && x.digest != "" && y.digest != "":
		return false
	}
	return x.asked == y.asked
}

// NextDir returns the first folder dir/<name>-<n> that does not exist.
func NextDir(dir, name string) (string, error) {
	for n := 1; n < 1_000_000; n++ {
		next := filepath.Join(dir, name+"-"+strconv.Itoa(n))
		if _, err := os.Stat(next); errors.Is(err, fs.ErrNotExist) {
			return next, nil
		}
	}
	return "", fmt.Errorf("%s is full", dir)
}
