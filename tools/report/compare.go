package report

import (
	"fmt"
	"math"
	"strconv"

	"pitwall"
)

// Comparison sets runs side by side. The first run is what the others are held
// against.
type Comparison struct {
	Sheets   []*Sheet  `json:"sheets"`
	Settings []Row     `json:"settings"` // what the runs were asked to do
	Rows     []Row     `json:"figures"`
	Partings []Parting `json:"partings"` // one for each run but the first
}

// Kind is how a figure is written.
type Kind string

// The kinds.
const (
	Percent Kind = "percent" // a fraction that is a gain or a loss: 0.012 is +1.20 %
	Share   Kind = "share"   // a fraction of something: 0.012 is 1.20 %
	Ratio   Kind = "ratio"   // two decimals
	Money   Kind = "money"   // of the account's currency, or USD where the name says so
	Count   Kind = "count"
	Text    Kind = "text"
)

// Row is a named figure or setting of every run.
type Row struct {
	Name   string  `json:"name"`
	Kind   Kind    `json:"kind"`
	Values []Value `json:"values"` // one per run
	Differ bool    `json:"differ"`
}

// Value is a figure of one run. Number is nil for texts, and for a figure that the
// run does not define.
type Value struct {
	Number *float64 `json:"number,omitempty"`
	Text   string   `json:"text"` // as a terminal prints it; n/a when not defined
}

// Parting says where a run's decisions part from the first run's. Turns are matched
// by their time and agent, not by their number; turns before both runs have begun
// are left out.
type Parting struct {
	Run    int        `json:"run"`    // index in Sheets
	Common int        `json:"common"` // turns that both runs have
	Alike  int        `json:"alike"`  // of those, how many come before First: all of them when it is nil
	First  *Departure `json:"first"`  // the first difference of any kind; nil: none
	Orders *Departure `json:"orders"` // the first turn that ordered differently, reasons aside; nil: none
	Text   string     `json:"text"`   // all of it as one sentence
}

// Departure is where two runs stop being alike.
type Departure struct {
	AsOf  string `json:"as_of"`
	Agent string `json:"agent"`
	Turns [2]int `json:"turns"` // of the first run and of this one; 0: it has no such turn
	What  What   `json:"what"`
	// OtherState says that the state digests differ: one of them could see what the
	// other could not, even where the question reads the same.
	OtherState bool      `json:"other_state"`
	Lines      [2]string `json:"lines"` // the first differing call or line of either, shortened; empty: it has none
}

// What is the kind of a difference.
type What string

// The kinds, in the order in which a turn is compared.
const (
	DifferentTurn   What = "turn"   // only one of them had a turn then
	DifferentEnd    What = "end"    // one of them has no more turns
	DifferentState  What = "state"  // another account, other bars or news before the same question
	DifferentCall   What = "call"   // another tool, or other arguments
	DifferentResult What = "result" // the same call, another answer
	DifferentReply  What = "reply"  // other words
	DifferentStatus What = "status" // the turn ended otherwise: a timeout, a budget
	DifferentOrders What = "orders" // other orders
	NoRecord        What = "record" // a turn's record cannot be read
)

// Compare sets runs side by side.
func Compare(runs []*Run) (*Comparison, error) {
	c := &Comparison{Partings: []Parting{}}
	for _, r := range runs {
		s, err := r.Sheet()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Manifest.RunID, err)
		}
		c.Sheets = append(c.Sheets, s)
	}
	c.Settings = settingRows(runs)
	c.Rows = figureRows(c.Sheets)
	for i := 1; i < len(runs); i++ {
		p := part(runs[0], runs[i])
		p.Run = i
		c.Partings = append(c.Partings, p)
	}
	return c, nil
}

// compared are the rows of a comparison, in their order.
var compared = []struct {
	name string
	kind Kind
	of   func(*Sheet) *float64
}{
	{"final equity", Money, func(s *Sheet) *float64 { return dec2(&s.Headline.FinalEquity) }},
	{"return", Percent, func(s *Sheet) *float64 { return &s.Headline.TotalReturn }},
	{"buy and hold", Percent, func(s *Sheet) *float64 { return s.Headline.BuyHoldReturn }},
	{"benchmark", Percent, func(s *Sheet) *float64 { return s.Headline.BenchmarkReturn }},
	{"CAGR", Percent, func(s *Sheet) *float64 { return s.Strategy.CAGR }},
	{"volatility", Share, func(s *Sheet) *float64 { return s.Strategy.Volatility }},
	{"max drawdown", Percent, func(s *Sheet) *float64 { return &s.Headline.MaxDrawdown }},
	{"longest under water, days", Count, func(s *Sheet) *float64 { return count(s.Strategy.UnderWater) }},
	{"Sharpe", Ratio, func(s *Sheet) *float64 { return s.Headline.Sharpe }},
	{"Sortino", Ratio, func(s *Sheet) *float64 { return s.Strategy.Sortino }},
	{"Calmar", Ratio, func(s *Sheet) *float64 { return s.Strategy.Calmar }},
	{"deflated Sharpe", Ratio, func(s *Sheet) *float64 { return s.Luck.Deflated }},
	{"random traders beaten", Share, func(s *Sheet) *float64 {
		if s.Luck.Random == nil {
			return nil
		}
		return &s.Luck.Random.Beaten
	}},
	{"time invested", Share, func(s *Sheet) *float64 { return s.Activity.Exposure }},
	{"turnover a year", Ratio, func(s *Sheet) *float64 { return s.Activity.TurnoverYearly }},
	{"turns", Count, func(s *Sheet) *float64 { return count(s.Run.Turns) }},
	{"orders", Count, func(s *Sheet) *float64 { return count(s.Headline.Orders) }},
	{"fills", Count, func(s *Sheet) *float64 { return count(s.Headline.Fills) }},
	{"closed trades", Count, func(s *Sheet) *float64 { return count(s.Trading.Closed) }},
	{"trades won", Share, func(s *Sheet) *float64 { return s.Trading.WinRate }},
	{"profit factor", Ratio, func(s *Sheet) *float64 { return s.Trading.ProfitFactor }},
	{"fees", Money, func(s *Sheet) *float64 { return dec2(&s.Headline.Fees) }},
	{"slippage", Money, func(s *Sheet) *float64 { return dec2(&s.Headline.Slippage) }},
	{"models, USD", Money, func(s *Sheet) *float64 { return dec2(s.Costs.Models) }},
	{"return after models", Percent, func(s *Sheet) *float64 { return s.Costs.ReturnAfter }},
	{"attempt", Count, func(s *Sheet) *float64 { return count(s.Run.Attempt) }},
}

func count(n int) *float64 {
	f := float64(n)
	return &f
}

func dec2(d *pitwall.Dec) *float64 {
	if d == nil {
		return nil
	}
	f := d.Float()
	return &f
}

// figureRows are the figures that at least one run defines.
func figureRows(sheets []*Sheet) []Row {
	rows := []Row{}
	for _, f := range compared {
		row := Row{Name: f.name, Kind: f.kind}
		defined := false
		for _, s := range sheets {
			n := f.of(s)
			if n != nil && (math.IsNaN(*n) || math.IsInf(*n, 0)) {
				n = nil // JSON has no word for it
			}
			defined = defined || n != nil
			row.Values = append(row.Values, Value{n, f.kind.Write(n)})
		}
		for _, v := range row.Values[min(1, len(row.Values)):] {
			row.Differ = row.Differ || differs(row.Values[0].Number, v.Number)
		}
		if defined {
			rows = append(rows, row)
		}
	}
	return rows
}

// differs leaves out what the order of a sum can do to a number.
func differs(a, b *float64) bool {
	if a == nil || b == nil {
		return a != b
	}
	return math.Abs(*a-*b) > 1e-12*max(1, math.Abs(*a), math.Abs(*b))
}

// Write is a figure as a terminal prints it.
func (k Kind) Write(f *float64) string {
	switch {
	case f == nil:
		return "n/a"
	case k == Percent:
		return fmt.Sprintf("%+.2f %%", *f*100)
	case k == Share:
		return fmt.Sprintf("%.2f %%", *f*100)
	case k == Count:
		return strconv.FormatFloat(*f, 'f', -1, 64)
	case k == Money:
		s := strconv.FormatFloat(math.Abs(*f), 'f', 2, 64)
		for i := len(s) - 6; i > 0; i -= 3 {
			s = s[:i] + "," + s[i:]
		}
		if *f < 0 {
			return "-" + s
		}
		return s
	}
	return strconv.FormatFloat(*f, 'f', 2, 64)
}
