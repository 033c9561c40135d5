package page

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"

	"pitwall/tools/report"
	"pitwall/tools/report/chart"
)

// view is the data of page.html.
type view struct {
	Name, Facts string
	About       []fact   // what was run
	ReadWith    []string // what changes how the figures must be read
	Alert       string   // why the figures may be incomplete
	Tiles       []fact
	Questions   []question
	Equity      *figure
	Rolling     *figure
	Prices      []figure
	PricesNote  string
	Months      []year
	Years       table
	Regimes     []table // of a strategy with regime
	Symbols     table
	Trades      table
	TradesMore  int // rows that are not in the page's own table
	Figures     []table
	Passive     table
	Pods        []table // of a fund
	Warnings    []string
	Notes       []string
	Turns       int
	Statuses    []string
	Agents      []string
}

// fact is a figure with its name.
type fact struct {
	Name, Value, Note string
	Class             string // good, bad or empty
}

// question is a reader's question with its answer and the figures behind it.
type question struct {
	Text, Answer string
	Facts        []fact
}

// figure is a chart, drawn for wide and narrow screens.
type figure struct {
	ID, Title    string
	Wide, Narrow template.HTML
	Legend       []chart.Line
	Caption      string
}

// table is rows of text.
type table struct {
	ID      string
	Caption string
	Head    []column
	Rows    [][]cell
}

// column is a table's heading. Kind is num or text: how it is sorted and aligned.
type column struct{ Name, Kind string }

// cell is text, with an optional link to a place in the page.
type cell struct {
	Text  string `json:"t"`
	Fold  string `json:"f,omitempty"` // what is shown of a text that folds
	Link  string `json:"l,omitempty"`
	Class string `json:"c,omitempty"`
}

const (
	foldAt      = 60  // characters of a reason that are shown before it folds
	firstTrades = 100 // rows of the table of trades
	priceCharts = 12
)

// folded returns a cell whose text folds when it is long.
func folded(text string) cell {
	if r := []rune(text); len(r) > foldAt+4 {
		return cell{Text: text, Fold: string(r[:foldAt]) + "\u2026"}
	}
	return cell{Text: text}
}

func newView(r *report.Run, s *report.Sheet) (*view, []block, error) {
	rows := turnRows(r)
	v := &view{Name: clean(cmp.Or(s.Run.Name, s.Run.ID)), Turns: len(rows), Warnings: cleaned(s.Warnings), Notes: cleaned(s.Notes)}
	for _, x := range s.ReadWith {
		v.ReadWith = append(v.ReadWith, clean(x.Text))
	}
	v.Facts = fmt.Sprintf("%s to %s", cmp.Or(clean(s.Run.From), "?"), cmp.Or(clean(s.Run.To), "?"))
	v.about(s)
	v.Tiles = tiles(s)
	v.Questions = []question{beat(s), luck(s), cost(s)} // the fourth, why it traded, is in the decisions
	v.charts(s)
	v.Months = months(s)
	v.Regimes = regimes(s)
	v.Years = years(s)
	drawn := v.prices(r, s)
	v.Symbols = symbols(s, drawn)
	turns := map[int]bool{}
	for _, x := range rows {
		turns[x.Turn] = true
		v.Statuses, v.Agents = append(v.Statuses, x.Status), append(v.Agents, x.Agent)
	}
	for _, list := range []*[]string{&v.Statuses, &v.Agents} {
		slices.Sort(*list)
		*list = slices.DeleteFunc(slices.Compact(*list), func(s string) bool { return s == "" })
	}
	v.Trades = trades(s, turns)
	all := v.Trades.Rows
	v.TradesMore = max(0, len(all)-firstTrades)
	v.Trades.Rows = all[:min(firstTrades, len(all))]
	v.Figures = append([]table{curves(s), relative(s), activity(s), trading(s)}, textTables(slices.Concat(report.DeskTables(r.Desk), report.MemoryTables(r.Memory)))...)
	v.Pods = textTables(report.FundTables(s.Fund))
	v.Passive = passive(s)
	blocks, err := decisions(r, rows, fillLinks(r, s, drawn))
	if err != nil {
		return nil, nil, err
	}
	if v.TradesMore > 0 {
		b, err := newBlock("trades", all)
		if err != nil {
			return nil, nil, err
		}
		blocks = append(blocks, b)
	}
	return v, blocks, nil
}

func cleaned(list []string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		out = append(out, clean(s))
	}
	return out
}

// about describes what was run, and whether it is complete.
func (v *view) about(s *report.Sheet) {
	h := s.Run
	add := func(name, value string) {
		if value != "" {
			v.About = append(v.About, fact{Name: name, Value: clean(value)})
		}
	}
	add("Run", h.ID)
	add("Symbols", chart.Listed(h.Symbols, 12))
	add("Benchmark", h.Benchmark)
	add("Cash at start", money(h.Cash))
	add("Model", h.Model)
	for _, a := range h.Agents {
		prefix := ""
		if len(h.Agents) > 1 {
			prefix = a.Name + ": "
		}
		for _, x := range [][2]string{{"Prompt", a.Prompt}, {"Parameters", report.JSON(a.Params)}} {
			if x[1] != "" {
				add(x[0], prefix+x[1])
			}
		}
	}
	if len(h.Agents) > 1 || len(h.Agents) == 1 && h.Agents[0].Model != h.Model {
		for _, a := range h.Agents {
			add("Agent "+a.Name, a.Model)
		}
	}
	add("Turns", report.Plural(h.Turns, "turn")+every(h.Every))
	if h.Fork != "" {
		add("Fork", h.Fork)
	}
	add("Attempt on these dates", fmt.Sprint(max(1, h.Attempt)))
	add("Costs assumed", s.Costs.StatedCommission)
	add("Pitwall", h.Pitwall)
	add("Digest", h.Digest)
	switch h.Status {
	case "", "complete":
	case "running":
		v.Alert = "This run has not ended: it is still running, or it was killed. The figures are those up to its last record."
	default:
		v.Alert = fmt.Sprintf("This run is %s. The figures are those up to its last record.", clean(h.Status))
	}
	if h.Error != "" {
		v.Alert = strings.TrimSpace(v.Alert + " It ended with: " + clean(h.Error))
	}
}

func every(s string) string {
	if s == "" {
		return ""
	}
	if _, err := strconv.Atoi(s); err == nil {
		return ", every " + s + " bars"
	}
	return ", every " + s
}

// charts draws the equity and the rolling Sharpe ratio.
func (v *view) charts(s *report.Sheet) {
	if c := chart.Equity(s); !c.Empty() {
		v.Equity = &figure{ID: "equity-chart", Wide: svg(c, chart.Wide(400)), Narrow: svg(c, chart.Narrow(330)), Legend: c.Legend(),
			Caption: strings.Join(append([]string{"Return since the start above, drawdown from the highest equity so far below"}, c.Gaps()...), "; ") + "."}
	}
	if c, window := chart.Rolling(s); !c.Empty() {
		v.Rolling = &figure{ID: "rolling-chart", Wide: svg(c, chart.Wide(200)), Narrow: svg(c, chart.Narrow(190)),
			Caption: fmt.Sprintf("Each point is the Sharpe ratio of the %d daily returns up to it, annualized with %g periods a year, risk-free rate 0. Windows that hardly moved (under 1 %% a year, or on fewer than a third of their days) are left out.", window, s.Strategy.PeriodsAYear)}
	}
}

func svg(c chart.Chart, size chart.Size) template.HTML { return template.HTML(chart.SVG(c, size)) }
