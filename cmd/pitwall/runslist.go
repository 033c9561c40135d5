package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/cache/runs"
)

func (a *app) runs() *cobra.Command {
	dir, asJSON := runs.Dir, false
	c := &cobra.Command{
		Use:   "runs",
		Short: "List the runs with their headline figures",
		Long: "runs lists the runs in a folder, the newest first: what was run, and what came of it. Against is the benchmark's return, or that of\n" +
			"buying and holding when the run has none. From and to are the days that it came to. A damaged\n" +
			"folder is listed with what is wrong with it.",
		Example: "  pitwall runs\n  pitwall runs --dir elsewhere/runs --json",
		Args:    takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			list, err := runs.List(os.DirFS(dir))
			if errors.Is(err, fs.ErrNotExist) {
				return pitwall.Errorf(pitwall.InvalidInput, "there is no folder %s", oneLine(dir)).Hintf("pitwall backtest leaves its runs in runs/; --dir names another folder")
			}
			if err != nil {
				return err
			}
			if asJSON {
				return a.printSafeJSON(list)
			}
			return a.runsTable(dir, list)
		},
	}
	c.Flags().StringVar(&dir, "dir", runs.Dir, "the folder that holds the runs")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON list on stdout")
	return c
}

// runsTable prints the list.
func (a *app) runsTable(dir string, list []runs.Listed) error {
	p := a.newPen()
	if len(list) == 0 {
		p.linef(plainText, "there is no run in %s: pitwall backtest examples/momentum leaves one", dir)
		return p.done()
	}
	p.runs(list)
	return p.done()
}

// runs prints runs, as wide as the terminal.
func (p *pen) runs(list []runs.Listed) {
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
