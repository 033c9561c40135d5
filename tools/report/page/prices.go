package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/tools/report"
	"pitwall/tools/report/chart"
)

// prices draws the symbols in which most was traded, with their fills, and returns
// the address of each one's chart.
func (v *view) prices(r *report.Run, s *report.Sheet) map[string]string {
	drawn := map[string]string{}
	fills := marksOf(r)
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
		marks := fills[a.Symbol]
		times := []time.Time{marks[0].At, marks[len(marks)-1].At}
		if len(r.Points) > 0 {
			times = append(times, r.Points[0].At, r.Points[len(r.Points)-1].At)
		}
		from, to := slices.MinFunc(times, time.Time.Compare), slices.MaxFunc(times, time.Time.Compare)
		c := chart.Price(clean(a.Symbol), r.Bars[a.Symbol], from, to, marks)
		size := chart.Half(210)
		if len(list) == 1 {
			size = chart.Wide(260)
		}
		f := figure{ID: fmt.Sprintf("price-%d", len(v.Prices)+1), Title: clean(a.Symbol), Wide: svg(c, size), Narrow: svg(c, chart.Narrow(200)),
			Caption: fmt.Sprintf("%s, gain %s", report.Plural(len(marks), "fill"), money(a.Gain))}
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
	for _, a := range r.Actions(symbol) {
		if a.Type == "split" && !a.Ex.Before(from) && !a.Ex.After(to) {
			list = append(list, fmt.Sprintf("split %s:%s on %s, prices are as traded", a.Value, cmp.Or(a.Per, pitwall.One), a.Ex.Format(time.DateOnly)))
		}
	}
	return list
}

// marksOf returns a run's fills by symbol, in their order.
func marksOf(r *report.Run) map[string][]chart.Mark {
	marks := map[string][]chart.Mark{}
	for _, e := range r.Events() {
		if e.Kind != pitwall.EntryFill || e.Fill == nil {
			continue
		}
		m := chart.Mark{At: e.Fill.Time, Value: e.Fill.Price.Float(), Up: e.Fill.Side == pitwall.Buy, Title: describe(*e.Fill)}
		if e.Turn > 0 {
			m.Link = fmt.Sprintf("#turn-%d", e.Turn)
			m.Title += fmt.Sprintf(", turn %d", e.Turn)
		}
		marks[e.Fill.Symbol] = append(marks[e.Fill.Symbol], m)
	}
	return marks
}

func describe(f pitwall.Fill) string {
	verb := "bought"
	if f.Side != pitwall.Buy {
		verb = "sold"
	}
	return clean(fmt.Sprintf("%s %s %s at %s, %s", verb, exact(f.Qty), f.Symbol, price(f.Price), moment(f.Time)))
}

// fillLinks links each turn to what became of its orders.
func fillLinks(r *report.Run, s *report.Sheet, drawn map[string]string) map[int][]fillLink {
	trades := map[string][]int{} // by order
	for i, t := range s.Trades {
		trades[t.EntryOrder] = append(trades[t.EntryOrder], i+1)
		if t.ExitOrder != "" && t.ExitOrder != t.EntryOrder {
			trades[t.ExitOrder] = append(trades[t.ExitOrder], i+1)
		}
	}
	links := map[int][]fillLink{}
	var sent []pitwall.Entry
	last := map[string]*pitwall.OrderState{}
	for _, e := range r.Events() {
		switch {
		case e.Kind == pitwall.EntryFill && e.Fill != nil:
			links[e.Turn] = append(links[e.Turn], fillLink{describe(*e.Fill), drawn[e.Fill.Symbol], trades[e.Fill.OrderID]})
		case e.Kind == pitwall.EntryIntent && e.Order != nil:
			sent = append(sent, e)
		case e.Kind == pitwall.EntryOrder && e.State != nil && e.State.Status == pitwall.Denied:
			links[e.Turn] = append(links[e.Turn], unfilled(e.State))
		case e.Kind == pitwall.EntryOrder && e.State != nil:
			last[e.ID] = e.State
		}
	}
	for _, e := range sent {
		if o := last[e.ID]; o != nil && o.Filled == 0 {
			links[e.Turn] = append(links[e.Turn], unfilled(o))
		}
	}
	return links
}

// unfilled describes an order without a fill.
func unfilled(o *pitwall.OrderState) fillLink {
	s := fmt.Sprintf("%s: %s %s %s %s", strings.ReplaceAll(string(o.Status), "_", " "), o.Side, exact(o.Qty), o.Symbol, o.Type)
	if o.Error != nil {
		s += ", " + string(o.Error.Code) + " " + o.Error.Message
	}
	return fillLink{Text: clean(s)}
}
