package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools/report"
	"pitwall/tools/report/chart"
	"pitwall/tools/report/page"
)

// reportFlags are report's settings.
type reportFlags struct {
	out, png   string
	json, open bool
}

func (a *app) report() *cobra.Command {
	var f reportFlags
	c := &cobra.Command{
		Use:   "report RUN [RUN...]",
		Short: "Write a run's page, or a page that sets runs side by side",
		Long: "report writes one HTML file that needs no network: did the run beat doing nothing, was it luck, what did it cost, and what did\n" +
			"each turn decide. It prints the figures and the file's path. RUN is a run's folder, its name below runs/, or last: the newest in\n" +
			"runs/. It may still be running, or have crashed: it shows what there is and says what is missing.\n" +
			"With several runs the page sets them side by side, and the table shows what differs and where their decisions first part: turns are\n" +
			"matched by their time and agent, and held against the first run's.\n" +
			"The page goes to " + runs.PageFile + " in the run's folder, a comparison to compare-A-B.html in the current folder; -o names another file.\n" +
			"--json prints the figures and writes a page only if -o names one.",
		Example: "  pitwall report last --open\n  pitwall report momentum-1 -o page.html --png share.png\n  pitwall report momentum-1 momentum-2\n  pitwall report last --json",
		Args:    takes(1, 20),
		RunE: func(c *cobra.Command, args []string) error {
			var list []pastReport
			for _, name := range args {
				r, err := readReport(name)
				if err != nil {
					return err
				}
				list = append(list, r)
			}
			if len(list) > 1 {
				return a.reportMany(list, f)
			}
			r := list[0]
			return a.deliver(f, delivery{file: filepath.Join(r.dir, runs.PageFile), value: r.sheet,
				page:    r.write,
				picture: func(w io.Writer) error { return chart.Share(w, r.sheet) },
				print:   func(p *term.Pen) { printSheet(p, r.sheet) }})
		},
	}
	fs := c.Flags()
	fs.StringVarP(&f.out, "out", "o", "", "the page's file")
	fs.BoolVar(&f.open, "open", false, "open the page in the browser")
	fs.BoolVar(&f.json, "json", false, "print the figures as one JSON object on stdout")
	fs.StringVar(&f.png, "png", "", "also write a picture of 1200 x 630 to share, of one run")
	return c
}

// pastReport is a run that was read, with its figures.
type pastReport struct {
	dir   string
	run   *report.Run
	sheet *report.Sheet
}

// write writes the page.
func (r pastReport) write(w io.Writer) error { return page.Write(w, r.run, r.sheet) }

// loadReport reads a run's folder.
func loadReport(dir string) (r pastReport, err error) {
	r.dir = dir
	if r.run, err = report.Open(os.DirFS(dir)); err == nil {
		r.sheet, err = r.run.Sheet()
	}
	return r, err
}

// readReport reads the run that a person names.
func readReport(name string) (r pastReport, err error) {
	dir, err := runs.Find(name)
	if err != nil {
		return r, err
	}
	if r, err = loadReport(dir); err != nil {
		err = pitwall.Errorf(pitwall.InvalidInput, "%s cannot be read: %s", term.OneLine(dir), term.OneLine(err.Error())).Hintf("pitwall trace %s shows the turns that it has", term.OneLine(dir))
	}
	return r, err
}

// delivery is what report makes of one run or of several.
type delivery struct {
	file          string // of the page, unless -o names another
	value         any    // as JSON
	page, picture func(io.Writer) error
	print         func(*term.Pen)
}

// deliver writes the files and prints the figures.
func (a *app) deliver(f reportFlags, d delivery) error {
	if f.out != "" {
		d.file = f.out
	} else if f.json && !f.open {
		d.file = ""
	}
	for _, x := range []struct {
		file  string
		write func(io.Writer) error
	}{{d.file, d.page}, {f.png, d.picture}} {
		if x.file == "" {
			continue
		}
		if err := writeAside(x.file, x.write); err != nil {
			return err
		}
	}
	var err error
	if f.json {
		err = a.printJSON(d.value)
	} else {
		p := term.NewPen(a.stdout)
		d.print(p)
		p.Line(term.Plain, "Page: %s", d.file)
		if f.png != "" {
			p.Line(term.Plain, "Picture: %s", f.png)
		}
		err = p.Done()
	}
	if err == nil && f.open {
		a.open(d.file)
	}
	return err
}

// printSheet prints a run's figures beside those of doing nothing.
func printSheet(p *term.Pen, s *report.Sheet) {
	h := s.Run
	p.Put(term.Bold, term.OneLine(fmt.Sprintf("%s: %s on %s, %s to %s", h.ID, h.Model, strings.Join(h.Symbols, ", "), h.From, h.To)))
	p.Write("  ")
	p.Put(statusStyle(h.Status), term.OneLine(h.Status))
	p.Write("\n")
	readWith(p, s.ReadWith)
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
		p.Line(term.Dim, "  * from %s: under 30, figures of a year say little", plural(s.Strategy.Days, "daily return"))
	}
	more(p, s)
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
		line("", "deflated Sharpe (%s) %s", plural(l.Trials, "attempt"), chance(*l.Deflated))
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
	line("trades", "%d closed, %d open; %s, %s, %s", s.Trading.Closed, s.Trading.Open, plural(s.Headline.Orders, "order"), plural(s.Headline.Fills, "fill"), plural(s.Run.Turns, "turn"))
	models := "models not known"
	if c := s.Costs.Models; c != nil {
		models = fmt.Sprintf("models %v USD", c.Round(4))
	}
	line("costs", "commission %s, slippage %s, borrow %s, %s", money(s.Costs.Commission.Float()), money(s.Costs.Slippage.Float()), money(s.Costs.Borrow.Float()), models)
	if s.Costs.Models != nil && *s.Costs.Models > 0 && s.Costs.ReturnAfter != nil {
		p.Figure("after models", term.Gain(*s.Costs.ReturnAfter), report.Percent.Write(s.Costs.ReturnAfter), "")
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
