package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/cache/runs"
	"pitwall/tools/report"
)

// listedRun is a run in the list of runs.
type listedRun struct {
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
	Turns           *int         `json:"turns"`    // null: not known
	CostUSD         *pitwall.Dec `json:"cost_usd"` // of models, recorded answers at what they once cost; null: not known
	Attempt         int          `json:"attempt"`
	Written         time.Time    `json:"written"` // when its manifest was
	Damaged         string       `json:"damaged,omitempty"`

	at time.Time // Written with its fraction
}

func (a *app) runs() *cobra.Command {
	dir, asJSON := runsDir, false
	c := &cobra.Command{
		Use:   "runs",
		Short: "List the runs with their headline figures",
		Long: "runs lists the runs in a folder, the newest first: what was run, and what came of it. Against is the benchmark's return, or that of\n" +
			"buying and holding when the run has none. From and to are the days that it came to. A damaged\n" +
			"folder is listed with what is wrong with it.",
		Example: "  pitwall runs\n  pitwall runs --dir elsewhere/runs --json",
		Args:    takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			list, err := listRuns(dir)
			if err != nil {
				return err
			}
			if asJSON {
				return a.printSafeJSON(list)
			}
			return a.runsTable(dir, list)
		},
	}
	c.Flags().StringVar(&dir, "dir", runsDir, "the folder that holds the runs")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON list on stdout")
	return c
}

// listRuns reads the headlines of the runs in a folder, the newest first.
func listRuns(dir string) ([]listedRun, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "there is no folder %s", oneLine(dir)).Hintf("pitwall backtest leaves its runs in runs/; --dir names another folder")
	}
	if err != nil {
		return nil, err
	}
	list := []listedRun{}
	for _, x := range entries {
		if run := filepath.Join(dir, x.Name()); isRun(run) {
			list = append(list, readListed(run))
		}
	}
	slices.SortStableFunc(list, func(a, b listedRun) int { return b.at.Compare(a.at) })
	return list, nil
}

// readListed reads a run's headline from its small files alone.
func readListed(dir string) listedRun {
	x := listedRun{Run: filepath.Base(dir), Symbols: []string{}}
	var m runs.Manifest
	switch err := readJSON(filepath.Join(dir, "manifest.json"), &m); {
	case errors.Is(err, fs.ErrNotExist):
		x.Status, x.Damaged = "damaged", "it has no manifest.json"
	case err != nil:
		x.Status, x.Damaged = "damaged", "manifest.json: "+err.Error()
	default:
		x.Status, x.Strategy, x.Name, x.Model, x.From, x.To, x.Attempt, x.Benchmark = m.Status, m.Strategy, m.Name, m.Model, m.From, m.To, m.Attempt, m.Benchmark
		x.Symbols = append(x.Symbols, m.Symbols...)
	}
	for _, f := range []string{"manifest.json", "summaries.jsonl", "journal.jsonl"} {
		if info, err := os.Stat(filepath.Join(dir, f)); err == nil {
			x.at = info.ModTime()
			x.Written = x.at.UTC().Truncate(time.Second)
			break
		}
	}
	var metrics report.Metrics
	switch err := readJSON(filepath.Join(dir, "metrics.json"), &metrics); {
	case err == nil:
		if metrics.First != nil && metrics.Last != nil {
			x.From, x.To = report.DateOf(*metrics.First), report.DateOf(*metrics.Last)
		}
		x.TotalReturn, x.BenchmarkReturn, x.BuyHoldReturn, x.MaxDrawdown, x.Sharpe = &metrics.TotalReturn, metrics.BenchmarkReturn, metrics.BuyHoldReturn, &metrics.MaxDrawdown, metrics.Sharpe
	case x.Damaged == "" && (m.Status != "running" || !errors.Is(err, fs.ErrNotExist)):
		x.Damaged = "metrics.json: " + reason(err)
	}
	var u runs.Usage
	if readJSON(filepath.Join(dir, "usage.json"), &u) == nil {
		x.Turns = u.Turns
		if u.CostUSD != nil && u.CostUSDRecorded != nil {
			if sum, err := u.CostUSD.Add(*u.CostUSDRecorded); err == nil {
				x.CostUSD = &sum
			}
		}
	}
	return x
}

// reason is an error without the path that the reader of a list knows.
func reason(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "it is not there"
	}
	return err.Error()
}

func readJSON(path string, v any) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

// runsTable prints the list.
func (a *app) runsTable(dir string, list []listedRun) error {
	p := a.newPen()
	if len(list) == 0 {
		p.linef(plainText, "there is no run in %s: pitwall backtest examples/momentum leaves one", dir)
		return p.done()
	}
	p.runs(list)
	return p.done()
}

// runs prints runs, as wide as the terminal.
func (p *pen) runs(list []listedRun) {
	columns := []column{{name: "run"}, {name: "status"}, {name: "return", right: true}, {name: "against", right: true}, {name: "drawdown", right: true}, {name: "Sharpe", right: true},
		{name: "from"}, {name: "to"}, {name: "turns", right: true}, {name: "USD", right: true}, {name: "attempt", right: true}, {name: "model"}, {name: "strategy"}, {name: "written (UTC)"}, {name: "trouble", wide: true}}
	var rows [][]cell
	for _, x := range list {
		against, of := x.BenchmarkReturn, x.Benchmark
		if against == nil {
			against, of = x.BuyHoldReturn, "hold"
		}
		row := []cell{{x.Run, bold}, {x.Status, statusStyle(x.Status)}, signedCell(x.TotalReturn), {}, signedCell(x.MaxDrawdown), {}, {text: x.From}, {text: x.To}, {}, {}, {}, {text: x.Model}, {text: strategyName(x.Strategy)}, {x.Written.Format("2006-01-02 15:04"), dim}, {x.Damaged, red}}
		if against != nil {
			row[3].text = strings.TrimSpace(of + " " + percent(against))
		}
		if x.Sharpe != nil {
			row[5].text = fmt.Sprintf("%.2f", *x.Sharpe)
		}
		if x.Turns != nil {
			row[8].text = fmt.Sprint(*x.Turns)
		}
		if x.CostUSD != nil && *x.CostUSD != 0 {
			row[9].text = x.CostUSD.Round(2).String()
		}
		if x.Attempt > 1 {
			row[10] = cell{fmt.Sprint(x.Attempt), yellow}
		}
		rows = append(rows, row)
	}
	below := fitRuns(columns, rows, p.width)
	p.table(columns, rows)
	for i, trouble := range below {
		if trouble != "" {
			p.put(red, "  "+oneLine(list[i].Run)+": ")
			p.hang(4, plainText, oneLine(trouble))
		}
	}
}

// strategyName is a strategy in a list: the last part of its path, of strategy.yaml the
// folder's.
func strategyName(path string) string {
	if path == "" {
		return "" // not known
	}
	name := lastParts(path, 1)
	if dir := filepath.Dir(path); name == "strategy.yaml" && dir != "." {
		return lastParts(dir, 1)
	}
	return name
}

// signedCell is a gain or a loss in its colour.
func signedCell(f *float64) cell {
	if f == nil {
		return cell{}
	}
	return cell{percent(f), gain(*f)}
}
