package tools

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"time"

	"pitwall"
	"pitwall/tools/regime"
)

func addRegime(s *Set) {
	add(s, Tool{Name: "market_regime", Title: "Market regime", Idempotent: true,
		Description: "Regime (trending_bull, mild_trend, range, volatile_bear, volatile, mixed) by a hidden Markov model of daily bars."}, s.marketRegime)
}

type regimeIn struct {
	Symbol string `json:"symbol"`
	States *int   `json:"states,omitempty" jsonschema:"2 to 4, default 3"`
	Last   *int   `json:"last,omitempty" jsonschema:"newest days, default 1"`
}

// stateView is a hidden state of the newest model, in percent a year.
type stateView struct {
	Label string   `json:"label"`
	Mean  *float64 `json:"mean_percent"`
	Vola  *float64 `json:"volatility_percent"`
}

type regimeDay struct {
	Start  string     `json:"start"`
	Label  string     `json:"label"`
	Leader string     `json:"leader"` // before it is damped
	Since  string     `json:"since"`
	Of     []*float64 `json:"probabilities"` // of the states of that day's model
}

type regimeOut struct {
	States []stateView `json:"states"`
	Days   []regimeDay `json:"days"`
}

func (o regimeOut) text(*pitwall.World) string {
	var t text
	t.block("states", "label,mean_percent,volatility_percent", len(o.States), func(i int) []any {
		s := o.States[i]
		return []any{s.Label, orNull(s.Mean), orNull(s.Vola)}
	})
	header := "start,label,leader,since"
	for i := range o.States {
		header += fmt.Sprintf(",p%d", i+1)
	}
	t.block("days", header, len(o.Days), func(i int) []any {
		d := o.Days[i]
		row := []any{d.Start, d.Label, d.Leader, d.Since}
		for _, p := range d.Of {
			row = append(row, orNull(p))
		}
		return row
	})
	return t.String()
}

// marketRegime labels days by the world's model.
func (s *Set) marketRegime(ctx context.Context, w *pitwall.World, in regimeIn) (regimeOut, error) {
	out := regimeOut{States: []stateView{}, Days: []regimeDay{}}
	last, err := atMost("last", in.Last, 1, maxIndicatorLast)
	if err != nil {
		return out, err
	}
	m, err := modelOf(w.Regime, in.States, &s.trained)
	if err != nil {
		return out, err
	}
	days, bars, err := m.days(ctx, w, in.Symbol, last)
	if err != nil {
		return out, err
	}
	for _, x := range days[len(days)-1].States {
		out.States = append(out.States, stateView{w.Regime.Name(string(x.Label)), decimals(x.Mean, 2), decimals(x.Vola, 2)})
	}
	for i, d := range days {
		row := regimeDay{w.Time(bars[len(bars)-len(days)+i].Start), w.Regime.Name(string(d.Label)), w.Regime.Name(string(d.Leader)), w.Time(bars[d.Since].Start), []*float64{}}
		for _, p := range d.Of {
			row.Of = append(row.Of, decimals(p, 4))
		}
		out.Days = append(out.Days, row)
	}
	return out, nil
}

// regimeModel is a world's model of regimes.
type regimeModel struct {
	spec   pitwall.RegimeSpec
	states int
	kept   *regime.Trainings
}

func modelOf(spec pitwall.RegimeSpec, given *int, kept *regime.Trainings) (regimeModel, error) {
	m := regimeModel{spec, cmp.Or(spec.States, 3), kept}
	switch {
	case given == nil:
	case spec.Model == pitwall.TrendRules:
		return m, pitwall.Errorf(pitwall.InvalidInput, "states of %s rules: they have none", spec.Model).Hintf("leave it out")
	case *given < 2 || *given > 4:
		return m, pitwall.Errorf(pitwall.InvalidInput, "states is %d", *given).Hintf("use 2 to 4")
	default:
		m.states = *given
	}
	return m, nil
}

// days labels the newest days of a symbol, and returns all its bars. Daily bars are restated
// for splits, as those of indicators.
func (m regimeModel) days(ctx context.Context, w *pitwall.World, symbol string, last int) ([]regime.Day, []pitwall.Bar, error) {
	bars, err := indicatorBars(ctx, w, symbol, 24*time.Hour, 0)
	if err != nil {
		return nil, nil, err
	}
	closes := make([]float64, len(bars))
	for i, b := range bars {
		if closes[i] = b.Close.Float(); b.Close <= 0 {
			return nil, nil, pitwall.Errorf(pitwall.NoCoverage, "%s closed at %v: returns mean nothing at 0 or below", symbol, b.Close)
		}
	}
	var days []regime.Day
	needs := regime.Needs
	if m.spec.Model == pitwall.TrendRules {
		needs = regime.TrendNeeds
		shares, err := breadthByDay(ctx, w, symbol, bars)
		if err != nil {
			return nil, nil, err
		}
		days = regime.Trend{Kept: m.kept}.Days(closes, shares, last)
	} else {
		year := 252.0
		if i, err := w.Instruments.Instrument(symbol); err == nil && i.Calendar == pitwall.AlwaysOpen {
			year = 365
		}
		days = regime.HMM{States: m.states, Retrain: m.spec.Retrain, Year: year, Trained: m.kept}.Days(closes, last)
	}
	if len(days) == 0 {
		return nil, nil, pitwall.Errorf(pitwall.NoCoverage, "%s has %d daily bars", symbol, len(bars)).Hintf("a regime needs %d", needs)
	}
	return days, bars, nil
}

// leastBreadth is how many symbols make a breadth.
const leastBreadth = 5

// breadthByDay returns for each bar which share of this world's symbols, watched ones too
// but no index, closed above their own long average on its day; NaN where fewer than
// leastBreadth can be counted.
func breadthByDay(ctx context.Context, w *pitwall.World, symbol string, days []pitwall.Bar) ([]float64, error) {
	own, err := w.Instruments.Instrument(symbol)
	if err != nil {
		return nil, err
	}
	above, counted := map[string]int{}, map[string]int{}
	for _, i := range w.Instruments.Instruments() {
		if i.Kind == pitwall.Index {
			continue
		}
		bars, err := indicatorBars(ctx, w, i.Symbol, 24*time.Hour, 0)
		if err != nil {
			return nil, err
		}
		closes := make([]float64, len(bars))
		for k, b := range bars {
			closes[k] = b.Close.Float()
		}
		for k, up := range regime.Above(closes) {
			day := dayOf(i, bars[k+regime.Long-1])
			counted[day]++
			if up {
				above[day]++
			}
		}
	}
	shares := make([]float64, len(days))
	for k, b := range days {
		day := dayOf(own, b)
		if shares[k] = math.NaN(); counted[day] >= leastBreadth {
			shares[k] = float64(above[day]) / float64(counted[day])
		}
	}
	return shares, nil
}

// dayOf is the date of a daily bar where its symbol trades.
func dayOf(i pitwall.Instrument, b pitwall.Bar) string {
	return b.Start.In(i.Location()).Format(time.DateOnly)
}

// RegimeTable is the SQL table regimes of a world whose strategy has `regime:`: each day
// that the model can label by now.
func RegimeTable(w *pitwall.World) pitwall.ComputedTable {
	kept := &regime.Trainings{}
	text := func(name string) pitwall.TableColumn {
		return pitwall.TableColumn{Name: name, Type: pitwall.TextColumn}
	}
	return pitwall.ComputedTable{
		Name:    "regimes",
		Columns: []pitwall.TableColumn{text("symbol"), text("date"), text("label"), text("leader"), text("since"), {Name: "known", Type: pitwall.TimeColumn}},
		Rows: func(ctx context.Context, _ time.Time) (rows [][]any, err error) {
			m, err := modelOf(w.Regime, nil, kept)
			if err != nil {
				return nil, err
			}
			days, bars, err := m.days(ctx, w, w.Regime.Symbol, maxRegimeRows)
			if c := pitwall.CodeOf(err); c == pitwall.NoCoverage || c == pitwall.UnknownSymbol {
				return nil, nil // none can be labeled yet
			}
			for i, d := range days {
				b := bars[len(bars)-len(days)+i]
				rows = append(rows, []any{w.Regime.Symbol, w.Time(b.Start)[:len(time.DateOnly)], w.Regime.Name(string(d.Label)), w.Regime.Name(string(d.Leader)), w.Time(bars[d.Since].Start)[:len(time.DateOnly)], b.Known})
			}
			return rows, err
		},
	}
}

// maxRegimeRows is how many of the newest days the table regimes holds.
const maxRegimeRows = 2520

// decimals rounds a statistic to places, so that its text is the same on every machine;
// nil for what is no number.
func decimals(v float64, places int) *float64 {
	scale := math.Pow10(places)
	if v = math.Round(v*scale) / scale; math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	if v == 0 {
		v = 0 // also of -0
	}
	return &v
}
