package show

import (
	"fmt"
	"path/filepath"
	"strings"

	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools/report"
)

// List prints a list of runs, as wide as the terminal.
func List(p *term.Pen, list []runs.Listed, dir string) {
	if len(list) == 0 {
		p.Line(term.Plain, "there is no run in %s: pitwall backtest examples/momentum leaves one", dir)
		return
	}
	t := term.Table{Columns: []term.Column{{Name: "run"}, {Name: "status"}, {Name: "return", Right: true}, {Name: "against", Right: true}, {Name: "drawdown", Right: true}, {Name: "Sharpe", Right: true},
		{Name: "from"}, {Name: "to"}, {Name: "turns", Right: true}, {Name: "USD", Right: true}, {Name: "attempt", Right: true}, {Name: "model", Least: 12}, {Name: "strategy"}, {Name: "written (UTC)"}, {Name: "trouble", Wide: true}}}
	few := false
	for _, x := range list {
		against, of := x.BenchmarkReturn, x.Benchmark
		if against == nil {
			against, of = x.BuyHoldReturn, "hold"
		}
		row := []term.Cell{term.Bold.Cell(x.Run), statusStyle(x.Status).Cell(x.Status), signedCell(x.TotalReturn), {}, signedCell(x.MaxDrawdown), {}, {Text: x.From}, {Text: x.To}, {}, {}, {}, {Text: x.Model}, {Text: strategyName(x.Strategy)}, term.Dim.Cell(x.Written.Format("2006-01-02 15:04")), term.Red.Cell(x.Damaged)}
		if against != nil {
			row[3].Text = strings.TrimSpace(of + " " + Percent(against))
		}
		if x.Sharpe != nil {
			row[5].Text = fmt.Sprintf("%.2f", *x.Sharpe)
			if x.Bars > 0 && x.Bars <= report.FewPeriods {
				row[5].Text, few = row[5].Text+"*", true
			}
		}
		if x.Turns != nil {
			row[8].Text = fmt.Sprint(*x.Turns)
		}
		if x.CostUSD != nil && *x.CostUSD != 0 {
			row[9].Text = x.CostUSD.Round(2).String()
		}
		if x.Attempt > 1 {
			row[10] = term.Yellow.Cell(fmt.Sprint(x.Attempt))
		}
		t.Rows = append(t.Rows, row)
	}
	below := t.Fit(p.Width)
	p.Table(t)
	if few {
		p.Line(term.Dim, "  * from under %d returns: it says little", report.FewPeriods)
	}
	for i, trouble := range below {
		if trouble != "" {
			p.Item(term.Red, "  "+term.OneLine(list[i].Run)+": ", 4, trouble)
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
func signedCell(f *float64) term.Cell {
	if f == nil {
		return term.Cell{}
	}
	return term.Gain(*f).Cell(Percent(f))
}
