package show

import (
	"fmt"
	"strings"

	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools/report"
	"pitwall/tools/report/chart"
)

// Sheet prints a run's figures beside those of doing nothing.
func Sheet(p *term.Pen, s *report.Sheet) {
	h := s.Run
	p.Put(term.Bold, term.OneLine(fmt.Sprintf("%s: %s on %s, %s to %s", h.ID, h.Model, strings.Join(h.Symbols, ", "), h.From, h.To)))
	p.Write("  ")
	p.Put(statusStyle(h.Status), term.OneLine(h.Status))
	p.Write("\n")
	ReadWith(p, s.ReadWith)
	p.Item(term.Dim, "  Did it beat doing nothing? ", 4, term.OneLine(s.Beat()))
	curves := []*report.Stats{&s.Strategy, s.Benchmark, s.BuyHold}
	columns := []term.Column{{Name: ""}, {Name: "run", Right: true}, {Name: term.OneLine(h.Benchmark), Right: true}, {Name: "buy and hold", Right: true}}
	var rows [][]term.Cell
	few := false
	for _, x := range []struct {
		name string
		kind report.Kind
		of   func(*report.Stats) *float64
	}{
		{"return", report.Percent, func(s *report.Stats) *float64 { return s.TotalReturn }},
		{"CAGR", report.Percent, func(s *report.Stats) *float64 { return s.CAGR }},
		{"volatility", report.Share, func(s *report.Stats) *float64 { return s.Volatility }},
		{"max drawdown", report.Percent, func(s *report.Stats) *float64 { return s.MaxDrawdown }},
		{"Sharpe", report.Ratio, func(s *report.Stats) *float64 { return s.Sharpe }},
		{"Sortino", report.Ratio, func(s *report.Stats) *float64 { return s.Sortino }},
	} {
		row := []term.Cell{term.Dim.Cell(x.name)}
		for _, c := range curves {
			f := figureCell(x.kind, x.of, c)
			if x.name != "return" && x.name != "max drawdown" {
				few = markFew(&f, c) || few
			}
			row = append(row, f)
		}
		rows = append(rows, row)
	}
	p.Table(term.Table{Indent: 2, Columns: columns, Rows: rows})
	if few {
		p.Line(term.Dim, "  * from %s: under 30, figures of a year say little", term.Plural(s.Strategy.Days, "daily return"))
	}
	more(p, s)
	textTables(p, report.FundTables(s.Fund))
	for _, x := range s.OtherWarnings() {
		p.Note("  warning: ", x)
	}
	for _, n := range s.Notes {
		p.Note("  note: ", n)
	}
}

// figureCell is a figure of a curve, in colour if it is a gain or a loss.
func figureCell(k report.Kind, of func(*report.Stats) *float64, s *report.Stats) term.Cell {
	if s == nil {
		return term.Cell{}
	}
	f := of(s)
	if f != nil && k == report.Percent {
		return term.Gain(*f).Cell(k.Write(f))
	}
	return term.Plain.Cell(k.Write(f))
}

// markFew marks a yearly figure that few daily returns gave, and reports whether it did.
func markFew(c *term.Cell, s *report.Stats) bool {
	if s == nil || !s.FewForYearly || c.Text == report.Percent.Write(nil) {
		return false
	}
	c.Text += "*"
	return true
}

// more are the figures that only the run has: luck, trading and costs.
func more(p *term.Pen, s *report.Sheet) {
	line := func(name, format string, args ...any) { p.Figure(name, term.Plain, "", format, args...) }
	if d := s.Strategy.MaxDrawdown; d != nil && s.Headline.MaxDrawdown < *d-1e-9 {
		line("within days", "max drawdown %s; the table is of days' ends", report.Percent.Write(&s.Headline.MaxDrawdown))
	}
	l := s.Luck
	if l.Return != nil {
		line("luck", "return %s to %s in 90 %% of %d resampled runs", report.Percent.Write(&l.Return.Low), report.Percent.Write(&l.Return.High), l.Resamples)
	}
	label := "luck"
	if l.Return != nil {
		label = ""
	}
	if l.Probabilistic != nil {
		line(label, "probabilistic Sharpe %s", chance(*l.Probabilistic))
	}
	if l.Trials > 1 && l.Deflated != nil {
		line("", "deflated Sharpe (%s) %s", term.Plural(l.Trials, "attempt"), chance(*l.Deflated))
	}
	if x := l.Random; x != nil {
		little := ""
		if !x.Telling {
			little = "; too little timing for that to say much"
		}
		line("random traders", "%s of %d beaten; their median %s%s", chance(x.Beaten), x.Traders, report.Percent.Write(&x.Median), little)
	}
	if l.Inside != nil && *l.Inside > 0 {
		p.Figure("training", term.Yellow, fmt.Sprintf("%.0f %%", *l.Inside*100), " of the days are not after the cutoff of %s", term.OneLine(l.InsideOf))
	}
	line("trades", "%d closed, %d open; %s, %s, %s", s.Trading.Closed, s.Trading.Open, term.Plural(s.Headline.Orders, "order"), term.Plural(s.Headline.Fills, "fill"), term.Plural(s.Run.Turns, "turn"))
	models := "models not known"
	if c := s.Costs.Models; c != nil {
		models = fmt.Sprintf("models %v USD", c.Round(4))
	}
	line("costs", "commission %s, slippage %s, borrow %s, %s", Money(s.Costs.Commission.Float()), Money(s.Costs.Slippage.Float()), Money(s.Costs.Borrow.Float()), models)
	if s.Costs.Models != nil && *s.Costs.Models > 0 && s.Costs.ReturnAfter != nil {
		p.Figure("after models", term.Gain(*s.Costs.ReturnAfter), report.Percent.Write(s.Costs.ReturnAfter), "")
	}
	if s.Run.Fork != "" {
		line("fork", "%s", term.OneLine(s.Run.Fork))
	}
	if s.Run.Attempt > 1 {
		p.Figure("attempt", term.Yellow, fmt.Sprint(s.Run.Attempt), " on these dates: repeated tries overfit")
	}
	if len(s.Run.Digest) >= 16 {
		line("digest", "%s", term.OneLine(s.Run.Digest[:16]))
	}
}

// statusStyle is the colour of a run's status.
func statusStyle(status string) term.Style {
	switch status {
	case "complete":
		return term.Green
	case "failed":
		return term.Red
	}
	return term.Yellow
}

// chance is a probability as the page has it, with a space that terminals know.
func chance(v float64) string { return strings.ReplaceAll(chart.Chance(v), "\u00a0", " ") }

// ReadWith prints what changes how a result must be read.
func ReadWith(p *term.Pen, list []runs.Reading) {
	for _, x := range list {
		p.Note("  warning: ", x.Text)
	}
}

// Percent is a return with its sign.
func Percent(f *float64) string {
	if f == nil {
		return "n/a"
	}
	if s := fmt.Sprintf("%+.1f %%", *f*100); s != "-0.0 %" {
		return s
	}
	return "0.0 %"
}

// Money is an amount in whole units.
func Money(f float64) string { return report.Group(fmt.Sprintf("%.0f", f)) }
