package report

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Comparison sets runs side by side. The first run is the one that the others are
// compared with.
type Comparison struct {
	Names    []string  `json:"names"` // unique names of the runs in texts
	Sheets   []*Sheet  `json:"sheets"`
	Settings []Row     `json:"settings"` // how the runs were set up, and the dates that they reached
	Rows     []Row     `json:"figures"`
	Verdicts []string  `json:"verdicts"` // of each run, whether it beat doing nothing
	Warnings []string  `json:"warnings"` // what makes figures hard to compare
	Partings []Parting `json:"partings"` // one for each run but the first
}

// Row is a named figure or setting of every run.
type Row struct {
	Name   string  `json:"name"`
	Kind   Kind    `json:"kind"`
	Values []Value `json:"values"` // one per run
	Differ bool    `json:"differ"`
	Always bool    `json:"always,omitempty"` // shown also where it does not differ
	Yearly bool    `json:"yearly,omitempty"` // annualized: it means little for a sheet whose Strategy.FewForYearly is set
}

// Value is a figure of one run. Number is nil for texts, and for a figure that the
// run does not define.
type Value struct {
	Number *float64 `json:"number,omitempty"`
	Text   string   `json:"text"` // as a terminal prints it; n/a when not defined
}

// Parting is the point where a run's decisions diverge from the first run's. Turns are
// matched by time and agent, not by number; turns before both runs have begun are left
// out.
type Parting struct {
	Run    int        `json:"run"`    // index in Sheets
	Common int        `json:"common"` // turns that both runs have
	Alike  int        `json:"alike"`  // common turns before First; all of them when it is nil
	First  *Departure `json:"first"`  // the first difference of any kind; nil: none, or no turn in common
	Orders *Departure `json:"orders"` // the first turn that ordered differently, reasons aside; nil: none
	Text   string     `json:"text"`   // the parting in a sentence
}

// Departure is a turn in which two runs differ.
type Departure struct {
	AsOf  string `json:"as_of"`
	Agent string `json:"agent"`
	Turns [2]int `json:"turns"` // of the first run and of this one; 0: it has no such turn
	What  What   `json:"what"`
	// OtherState reports that the state digests differ: one run could see what the other
	// could not, even where the question reads the same.
	OtherState bool      `json:"other_state"`
	Lines      [2]string `json:"lines"` // the first differing call or line of either, shortened; empty: it has none
}

// What is the kind of a difference.
type What string

// The kinds, in the order in which a turn is compared.
const (
	DifferentTurn   What = "turn"   // only one of them had a turn then
	DifferentEnd    What = "end"    // one of them has no more turns
	DifferentState  What = "state"  // a different account, different bars or news before the same question
	DifferentCall   What = "call"   // a different tool, or different arguments
	DifferentResult What = "result" // the same call, a different answer
	DifferentReply  What = "reply"  // different text
	DifferentStatus What = "status" // the turn ended differently: a timeout, a budget
	DifferentOrders What = "orders" // different orders
	NoRecord        What = "record" // a turn's record cannot be read
)

// Compare sets runs side by side. Texts call them by names, one for each, or else by
// their ids, with a number where two are equal.
func Compare(runs []*Run, names ...string) (*Comparison, error) {
	if len(runs) == 0 {
		return nil, errors.New("no run to compare; name at least one")
	}
	c := &Comparison{Names: names, Verdicts: []string{}, Warnings: []string{}, Partings: []Parting{}}
	if len(names) != len(runs) {
		c.Names = ids(runs)
	}
	for _, r := range runs {
		s, err := r.Sheet()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Manifest.RunID, err)
		}
		c.Sheets = append(c.Sheets, s)
		c.Verdicts = append(c.Verdicts, s.verdict())
	}
	c.Settings = settingRows(runs)
	c.Rows = append(statusRow(c.Sheets), figureRows(c.Sheets)...)
	c.periods()
	for i := 1; i < len(runs); i++ {
		p := part(runs[0], runs[i])
		p.Run = i
		if p.Common == 0 {
			p.Text = fmt.Sprintf("no turn in common: %s is %s, %s %s", c.Names[0], c.Sheets[0].Run.period(), c.Names[i], c.Sheets[i].Run.period())
		}
		c.Partings = append(c.Partings, p)
	}
	return c, nil
}

// ids returns the names of the runs; a missing or repeated one gets its number.
func ids(runs []*Run) (list []string) {
	for i, r := range runs {
		id := oneLine(r.Manifest.RunID)
		if id == "" || slices.Contains(list, id) {
			id = strings.TrimSpace(fmt.Sprintf("%s (%d)", id, i+1))
		}
		list = append(list, id)
	}
	return list
}

// periods warns when the runs are not over the same days.
func (c *Comparison) periods() {
	var list []string
	differ := false
	for i, s := range c.Sheets {
		differ = differ || s.Run.period() != c.Sheets[0].Run.period()
		list = append(list, c.Names[i]+" is "+s.Run.period())
	}
	if differ {
		c.Warnings = append(c.Warnings, "the periods differ, so figures cover different dates: "+strings.Join(list, ", "))
	}
}

// period returns the dates that a run reached.
func (h Header) period() string { return oneLine(h.From + " to " + h.To) }

// statusRow returns the runs' statuses, nothing when all are complete.
func statusRow(sheets []*Sheet) []Row {
	if !slices.ContainsFunc(sheets, func(s *Sheet) bool { return !s.Run.complete() }) {
		return nil
	}
	var texts []string
	for _, s := range sheets {
		texts = append(texts, oneLine(s.Run.Status))
	}
	row := textRow("status", texts)
	row.Always = true
	return []Row{row}
}

// compared lists the rows of a comparison in their order.
var compared = []struct {
	name string
	kind Kind
	of   func(*Sheet) *float64
}{
	{"final equity", Money, func(s *Sheet) *float64 { return new(s.Headline.FinalEquity.Float()) }},
	{"return", Percent, func(s *Sheet) *float64 { return &s.Headline.TotalReturn }},
	{"benchmark return", Percent, func(s *Sheet) *float64 { return s.Headline.BenchmarkReturn }},
	{"buy-and-hold return", Percent, func(s *Sheet) *float64 { return s.Headline.BuyHoldReturn }},
	{"CAGR", Percent, func(s *Sheet) *float64 { return s.Strategy.CAGR }},
	{"volatility", Share, func(s *Sheet) *float64 { return s.Strategy.Volatility }},
	{"max drawdown", Percent, func(s *Sheet) *float64 { return &s.Headline.MaxDrawdown }},
	{"longest under water, days", Count, func(s *Sheet) *float64 { return new(float64(s.Strategy.UnderWater)) }},
	{"Sharpe", Ratio, func(s *Sheet) *float64 { return s.Headline.Sharpe }},
	{"Sortino", Ratio, func(s *Sheet) *float64 { return s.Strategy.Sortino }},
	{"Calmar", Ratio, func(s *Sheet) *float64 { return s.Strategy.Calmar }},
	{"probabilistic Sharpe", Ratio, func(s *Sheet) *float64 { return s.Luck.Probabilistic }},
	{"deflated Sharpe", Ratio, func(s *Sheet) *float64 { return s.Luck.Deflated }},
	{"random traders beaten", Share, func(s *Sheet) *float64 {
		if s.Luck.Random == nil {
			return nil
		}
		return &s.Luck.Random.Beaten
	}},
	{"exposure", Share, func(s *Sheet) *float64 { return s.Activity.Exposure }},
	{"turnover a year", Ratio, func(s *Sheet) *float64 { return s.Activity.TurnoverYearly }},
	{"turns", Count, func(s *Sheet) *float64 { return new(float64(s.Run.Turns)) }},
	{"orders", Count, func(s *Sheet) *float64 { return new(float64(s.Headline.Orders)) }},
	{"fills", Count, func(s *Sheet) *float64 { return new(float64(s.Headline.Fills)) }},
	{"closed trades", Count, func(s *Sheet) *float64 { return new(float64(s.Trading.Closed)) }},
	{"trades won", Share, func(s *Sheet) *float64 { return s.Trading.WinRate }},
	{"profit factor", Ratio, func(s *Sheet) *float64 { return s.Trading.ProfitFactor }},
	{"fees", Money, func(s *Sheet) *float64 { return new(s.Headline.Fees.Float()) }},
	{"slippage", Money, func(s *Sheet) *float64 { return new(s.Headline.Slippage.Float()) }},
	{"models, USD", Money, func(s *Sheet) *float64 {
		if s.Costs.Models == nil {
			return nil
		}
		return new(s.Costs.Models.Float())
	}},
	{"return after models", Percent, func(s *Sheet) *float64 { return s.Costs.ReturnAfter }},
	{"attempt", Count, func(s *Sheet) *float64 { return new(float64(s.Run.Attempt)) }},
}

// figureRows returns the figures that at least one run defines.
func figureRows(sheets []*Sheet) []Row {
	rows := []Row{}
	for _, f := range compared {
		row := Row{Name: f.name, Kind: f.kind}
		switch f.name {
		case "return", "benchmark return", "buy-and-hold return": // what every run is compared with
			row.Always = true
		case "CAGR", "volatility", "Sharpe", "Sortino", "Calmar":
			row.Yearly = true
		case "deflated Sharpe":
			row.Name += attempts(sheets)
		}
		defined := false
		for _, s := range sheets {
			n := f.of(s)
			if n != nil {
				n = finite(*n)
			}
			defined = defined || n != nil
			row.Values = append(row.Values, Value{n, f.kind.Write(n)})
		}
		row.Differ = slices.ContainsFunc(row.Values, func(v Value) bool { return differs(row.Values[0].Number, v.Number) })
		if defined {
			rows = append(rows, row)
		}
	}
	return rows
}

// attempts returns the number of attempts that all deflated Sharpe ratios count.
func attempts(sheets []*Sheet) string {
	n := sheets[0].Luck.Trials
	switch {
	case slices.ContainsFunc(sheets, func(s *Sheet) bool { return s.Luck.Trials != n }):
		return " (own attempts)"
	case n == 1:
		return " (1 attempt)"
	}
	return fmt.Sprintf(" (%d attempts)", n)
}

// differs reports whether two figures differ by more than rounding.
func differs(a, b *float64) bool {
	if a == nil || b == nil {
		return a != b
	}
	return math.Abs(*a-*b) > 1e-12*max(1, math.Abs(*a), math.Abs(*b))
}
