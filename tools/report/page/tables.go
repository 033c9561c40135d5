package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"pitwall/tools/report"
)

func cells(texts ...string) []cell {
	row := make([]cell, 0, len(texts))
	for _, t := range texts {
		row = append(row, cell{Text: t})
	}
	return row
}

func columns(kinds string, names ...string) []column {
	list := make([]column, 0, len(names))
	for i, n := range names {
		kind := "num"
		if kinds[i] == 't' {
			kind = "text"
		}
		list = append(list, column{n, kind})
	}
	return list
}

// year is a row of the heat map.
type year struct {
	Year  string
	Cells [13]cell // twelve months and the year
}

// months returns the heat map, oldest year first. A colour's strength is the month's
// part of the strongest one.
func months(s *report.Sheet) []year {
	most := 0.01
	for _, m := range s.Months {
		most = max(most, math.Abs(m.Return))
	}
	total := map[string]float64{}
	for _, y := range s.Years {
		total[y.Period] = y.Return
	}
	var list []year
	for _, m := range s.Months {
		y, month, _ := strings.Cut(m.Period, "-")
		if len(list) == 0 || list[len(list)-1].Year != y {
			row := year{Year: y}
			if t, is := total[y]; is {
				row.Cells[12] = cell{Text: percent(&t, 1), Class: sign(&t)}
			}
			list = append(list, row)
		}
		if n, err := strconv.Atoi(month); err == nil && n >= 1 && n <= 12 {
			text := strings.TrimSuffix(percent(&m.Return, 1), "\u00a0%")
			list[len(list)-1].Cells[n-1] = cell{Text: text, Class: heat(m.Return / most)}
		}
	}
	return list
}

// heat returns the class of a month: n4 to n1 for losses, h0, p1 to p4.
func heat(v float64) string {
	n := int(math.Ceil(math.Abs(v) * 4))
	switch {
	case v == 0 || math.IsNaN(v):
		return "h0"
	case v < 0:
		return fmt.Sprintf("n%d", min(n, 4))
	}
	return fmt.Sprintf("p%d", min(n, 4))
}

func years(s *report.Sheet) table {
	t := table{ID: "years", Caption: "Returns of the years", Head: columns("tnnn", "Year", "Run", clean(s.Run.Benchmark), "Buy and hold")}
	if s.Run.Benchmark == "" {
		t.Head[2].Name = "Benchmark"
	}
	for _, y := range s.Years {
		row := cells(y.Period, percent(&y.Return, 1), percent(y.Benchmark, 1), percent(y.Hold, 1))
		row[1].Class = sign(&y.Return)
		t.Rows = append(t.Rows, row)
	}
	return t
}

func symbols(s *report.Sheet, drawn map[string]string) table {
	t := table{ID: "by-symbol", Caption: "What each symbol gave", Head: columns("tnnnnnnnn", "Symbol", "Gain", "Of the cash at start", "Traded", "Fills", "Fees", "Dividends", "Borrow", "Still held")}
	for _, a := range s.Symbols {
		gain := a.Gain.Float()
		row := cells(clean(a.Symbol), money(a.Gain), percent(a.Share, 2), number(&a.Traded, 0), fmt.Sprint(a.Fills), money(a.Fees), money(a.Dividends), money(a.Borrow), held(a))
		row[0].Link, row[1].Class = drawn[a.Symbol], sign(&gain)
		t.Rows = append(t.Rows, row)
	}
	if s.Other != 0 {
		t.Rows = append(t.Rows, cells("other: interest, margin, transfers", money(s.Other), "", "", "", "", "", "", ""))
	}
	return t
}

func held(a report.Attribution) string {
	if a.Qty == 0 {
		return "0"
	}
	return exact(a.Qty) + " at " + price(a.Price)
}

func trades(s *report.Sheet, turns map[int]bool) table {
	t := table{ID: "trades-table", Caption: "Trades, in the order of their exits, open ones last", Head: columns("ntttnntnnnnntt",
		"No.", "Symbol", "Side", "Entry", "Quantity", "Entry price", "Exit", "Exit price", "Days", "Profit", "Return", "Fees", "Why in", "Why out")}
	link := func(n int) string {
		if turns[n] {
			return fmt.Sprintf("#turn-%d", n)
		}
		return ""
	}
	for i, x := range s.Trades {
		profit := x.Profit.Float()
		out, exit := "open", "\u2013"
		if x.ExitTime != nil {
			out = moment(*x.ExitTime)
		}
		if x.ExitPrice != nil {
			exit = price(*x.ExitPrice)
		}
		row := cells(fmt.Sprint(i+1), clean(x.Symbol), clean(x.Side), moment(x.EntryTime), exact(x.Qty), price(x.EntryPrice), out, exit,
			number(&x.Days, 1), money(x.Profit), percent(x.Return, 1), money(x.Fees), "", "")
		row[12], row[13] = folded(clean(x.EntryReason)), folded(clean(x.ExitReason))
		row[3].Link, row[6].Link = link(x.EntryTurn), link(x.ExitTurn)
		row[9].Class, row[10].Class = sign(&profit), sign(x.Return)
		t.Rows = append(t.Rows, row)
	}
	return t
}

func passive(s *report.Sheet) table {
	t := table{ID: "passive", Caption: "Doing nothing, by stated rules", Head: columns("tnnn", "Rule", "Return", "Max drawdown", "Cash left")}
	for _, p := range s.Passive {
		t.Rows = append(t.Rows, cells(clean(p.Rule), percent(&p.TotalReturn, 3), percent(&p.MaxDrawdown, 3), share(&p.Cash, 2)))
	}
	return t
}

// regimes are how the run went in each regime, and their history, the newest first; none
// without a regime.
func regimes(s *report.Sheet) []table {
	if len(s.Regimes) == 0 {
		return nil
	}
	of := table{ID: "regimestats", Caption: "By the regime of " + clean(s.RegimeOf) + " that was known when a day began", Head: columns("tnnnn", "Regime", "Days", "Share", "Run", "Benchmark")}
	for _, r := range s.Regimes {
		row := cells(clean(r.Label), strconv.Itoa(r.Days), share(&r.Share, 1), percent(&r.Return, 1), percent(r.Benchmark, 1))
		row[3].Class = sign(&r.Return)
		of.Rows = append(of.Rows, row)
	}
	past := table{ID: "regimehistory", Caption: "History of the regimes, the newest first", Head: columns("ttt", "From the close of", "To", "Regime")}
	for i := len(s.Spans) - 1; i >= 0; i-- {
		past.Rows = append(past.Rows, cells(s.Spans[i].From, s.Spans[i].To, clean(s.Spans[i].Label)))
	}
	return []table{of, past}
}
