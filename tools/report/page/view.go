package page

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/tools/report"
	"pitwall/tools/report/chart"
)

// view is what page.html shows.
type view struct {
	Name, Facts string
	About       []fact // what was run
	Alert       string // why the figures may not be whole
	Tiles       []fact
	Questions   []question
	Equity      *figure
	Rolling     *figure
	Prices      []figure
	PricesNote  string
	Months      []year
	HasMonths   bool
	Years       table
	Symbols     table
	Trades      table
	TradesMore  int // rows that are not in the page's own table
	Figures     []table
	Passive     table
	Warnings    []string
	Notes       []string
	Turns       int
	Statuses    []string
	Agents      []string
}

func (v *view) title() (string, string) { return v.Name, v.Facts }

// fact is a figure with its name.
type fact struct {
	Name, Value, Note string
	Class             string // good, bad or empty
}

// question is what a reader wants to know, with an answer in words and the
// figures behind it.
type question struct {
	Text, Answer string
	Facts        []fact
}

// figure is a chart, drawn for wide and narrow screens.
type figure struct {
	ID, Title    string
	Wide, Narrow template.HTML
	Legend       []chart.Named
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

// cell is text, perhaps with a place in the page where it leads.
type cell struct {
	Text  string `json:"t"`
	Fold  string `json:"f,omitempty"` // what is shown of a text that folds
	Link  string `json:"l,omitempty"`
	Class string `json:"c,omitempty"`
}

const (
	foldAt      = 28  // letters of a reason that are shown before it folds
	firstTrades = 100 // rows of the table of trades
	priceCharts = 12
)

// folded is a cell whose text folds when it is long.
func folded(text string) cell {
	if r := []rune(text); len(r) > foldAt+4 {
		return cell{Text: text, Fold: string(r[:foldAt]) + "\u2026"}
	}
	return cell{Text: text}
}

func newView(r *report.Run, s *report.Sheet) (*view, []block, error) {
	v := &view{Name: clean(cmp.Or(s.Run.Name, s.Run.ID)), Turns: len(turnRows(r)), Warnings: cleaned(s.Warnings), Notes: cleaned(s.Notes)}
	v.Facts = fmt.Sprintf("%s to %s", cmp.Or(clean(s.Run.From), "?"), cmp.Or(clean(s.Run.To), "?"))
	v.about(s)
	v.Tiles = tiles(s)
	v.Questions = questions(s)
	v.charts(s)
	v.Months, v.HasMonths = months(s), len(s.Months) > 0
	v.Years = years(s)
	drawn := v.prices(r, s)
	v.Symbols = symbols(s, drawn)
	turns := map[int]bool{}
	for _, t := range turnRows(r) {
		turns[t.Turn] = true
	}
	v.Trades = trades(s, turns)
	all := v.Trades.Rows
	v.TradesMore = max(0, len(all)-firstTrades)
	v.Trades.Rows = all[:min(firstTrades, len(all))]
	v.Figures = figures(s)
	v.Passive = passive(s)
	blocks, rows, err := decisions(r, fillLinks(r, s, drawn))
	if err != nil {
		return nil, nil, err
	}
	for _, x := range rows {
		v.Statuses, v.Agents = append(v.Statuses, x.Status), append(v.Agents, x.Agent)
	}
	for _, list := range []*[]string{&v.Statuses, &v.Agents} {
		slices.Sort(*list)
		*list = slices.DeleteFunc(slices.Compact(*list), func(s string) bool { return s == "" })
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

// about says what was run, and whether it came to its end.
func (v *view) about(s *report.Sheet) {
	h := s.Run
	add := func(name, value string) {
		if value != "" {
			v.About = append(v.About, fact{Name: name, Value: clean(value)})
		}
	}
	add("Run", h.ID)
	add("Symbols", listed(h.Symbols, 12))
	add("Benchmark", h.Benchmark)
	add("Cash at start", money(h.Cash))
	add("Model", h.Model)
	if len(h.Agents) > 1 || len(h.Agents) == 1 && h.Agents[0].Model != h.Model {
		for _, a := range h.Agents {
			add("Agent "+a.Name, a.Model)
		}
	}
	add("Turns", plural(h.Turns, "turn", "turns")+every(h.Every))
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
	return ", every " + s
}

func listed(list []string, most int) string {
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}

// charts draws the equity and the rolling Sharpe ratio.
func (v *view) charts(s *report.Sheet) {
	if c := chart.Equity(s); !c.Empty() {
		v.Equity = &figure{ID: "equity-chart", Wide: svg(c, chart.Wide(400)), Narrow: svg(c, chart.Narrow(330)), Legend: c.Legend(),
			Caption: sentence(append([]string{"Return since the start above, drawdown from the highest equity so far below"}, c.Gaps()...))}
	}
	if c, window := chart.Rolling(s); !c.Empty() {
		v.Rolling = &figure{ID: "rolling-chart", Wide: svg(c, chart.Wide(200)), Narrow: svg(c, chart.Narrow(190)),
			Caption: fmt.Sprintf("Each point is the Sharpe ratio of the %d daily returns up to it, annualized with %g periods a year, risk-free rate 0.", window, s.Strategy.PeriodsAYear)}
	}
}

func sentence(parts []string) string { return strings.Join(parts, "; ") + "." }

func svg(c chart.Chart, size chart.Size) template.HTML { return template.HTML(chart.SVG(c, size)) }

// prices draws the symbols in which most was traded, with their fills, and returns
// the address of each one's chart.
func (v *view) prices(r *report.Run, s *report.Sheet) map[string]string {
	drawn := map[string]string{}
	fills := fillsOf(r)
	list := slices.DeleteFunc(slices.Clone(s.Symbols), func(a report.Attribution) bool { return len(fills[a.Symbol]) == 0 })
	slices.SortStableFunc(list, func(a, b report.Attribution) int {
		return cmp.Or(cmp.Compare(b.Traded, a.Traded), cmp.Compare(a.Symbol, b.Symbol))
	})
	if len(list) == 0 {
		v.PricesNote = "Nothing was bought or sold."
		return drawn
	}
	v.PricesNote = "A mark is a fill at its price: bought points up, sold points down. It leads to the turn that sent the order."
	if len(list) > priceCharts {
		v.PricesNote += fmt.Sprintf(" Of %d symbols with fills the %d with the largest traded value are drawn; all are in the table below.", len(list), priceCharts)
		list = list[:priceCharts]
	}
	for _, a := range list {
		marks := marksOf(r, fills[a.Symbol])
		from, to := marks[0].At, marks[len(marks)-1].At
		if len(r.Points) > 0 {
			from, to = earlier(from, r.Points[0].At), later(to, r.Points[len(r.Points)-1].At)
		}
		c := chart.Price(clean(a.Symbol), r.Bars[a.Symbol], from, to, marks)
		size := chart.Half(210)
		if len(list) == 1 {
			size = chart.Wide(260)
		}
		f := figure{ID: fmt.Sprintf("price-%d", len(v.Prices)+1), Title: clean(a.Symbol), Wide: svg(c, size), Narrow: svg(c, chart.Narrow(200)),
			Caption: fmt.Sprintf("%s, gain %s", plural(len(marks), "fill", "fills"), money(a.Gain))}
		for _, x := range append(splits(r, a.Symbol, from, to), c.Gaps()...) {
			f.Caption += "; " + x
		}
		drawn[a.Symbol] = "#" + f.ID
		v.Prices = append(v.Prices, f)
	}
	return drawn
}

// splits names the splits of raw prices, which show as jumps.
func splits(r *report.Run, symbol string, from, to time.Time) []string {
	var list []string
	for _, t := range r.Manifest.Traded {
		if t.Symbol == symbol && t.Adjusted != pitwall.Raw && t.Adjusted != "" {
			return nil
		}
	}
	for _, a := range r.Manifest.Actions {
		if a.Symbol == symbol && a.Type == "split" && !a.Ex.Before(from) && !a.Ex.After(to) {
			per := a.Per
			if per == 0 {
				per = pitwall.One
			}
			list = append(list, fmt.Sprintf("split %s:%s on %s, prices are as traded", a.Value, per, a.Ex.Format(time.DateOnly)))
		}
	}
	return list
}

// fillsOf are a run's executions by symbol, in their order.
func fillsOf(r *report.Run) map[string][]pitwall.Fill {
	fills := map[string][]pitwall.Fill{}
	for _, e := range r.Journal {
		if e.Kind == pitwall.EntryFill && e.Fill != nil {
			fills[e.Fill.Symbol] = append(fills[e.Fill.Symbol], *e.Fill)
		}
	}
	return fills
}

func marksOf(r *report.Run, fills []pitwall.Fill) []chart.Mark {
	var marks []chart.Mark
	for _, f := range fills {
		m := chart.Mark{At: f.Time, Value: f.Price.Float(), Up: f.Side == pitwall.Buy, Title: describe(f)}
		if n := r.Origins[f.OrderID].Turn; n > 0 {
			m.Link = fmt.Sprintf("#turn-%d", n)
			m.Title += fmt.Sprintf(", turn %d", n)
		}
		marks = append(marks, m)
	}
	return marks
}

func describe(f pitwall.Fill) string {
	verb := "bought"
	if f.Side != pitwall.Buy {
		verb = "sold"
	}
	return clean(fmt.Sprintf("%s %s %s at %s, %s", verb, exact(f.Qty), f.Symbol, exact(f.Price.Round(4)), moment(f.Time)))
}

// fillLinks lead from each turn to what its orders became.
func fillLinks(r *report.Run, s *report.Sheet, drawn map[string]string) map[int][]fillLink {
	trades := map[string][]int{} // by order
	for i, t := range s.Trades {
		trades[t.EntryOrder] = append(trades[t.EntryOrder], i+1)
		if t.ExitOrder != "" && t.ExitOrder != t.EntryOrder {
			trades[t.ExitOrder] = append(trades[t.ExitOrder], i+1)
		}
	}
	links := map[int][]fillLink{}
	for _, e := range r.Journal {
		if e.Kind != pitwall.EntryFill || e.Fill == nil {
			continue
		}
		if n := r.Origins[e.Fill.OrderID].Turn; n > 0 {
			links[n] = append(links[n], fillLink{describe(*e.Fill), drawn[e.Fill.Symbol], trades[e.Fill.OrderID]})
		}
	}
	return links
}
