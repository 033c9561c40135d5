package tools

import (
	"context"
	"fmt"
	"math"
	"time"

	"pitwall"
	"pitwall/tools/regime"
)

func addRegime(s *Set) {
	add(s, Tool{Name: "market_regime", Title: "Market regime", Idempotent: true,
		Description: "Regime (trending_bull, mild_trend, range, volatile_bear, volatile, mixed) by a hidden Markov model of daily bars."}, marketRegime)
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

// marketRegime labels days. Daily bars are restated for splits, as those of indicators.
func marketRegime(ctx context.Context, w *pitwall.World, in regimeIn) (regimeOut, error) {
	out := regimeOut{States: []stateView{}, Days: []regimeDay{}}
	states, err := atMost("states", in.States, 3, 4)
	if err == nil && states < 2 {
		err = pitwall.Errorf(pitwall.InvalidInput, "states is %d", states).Hintf("use 2 to 4")
	}
	if err != nil {
		return out, err
	}
	last, err := atMost("last", in.Last, 1, maxIndicatorLast)
	if err != nil {
		return out, err
	}
	bars, err := indicatorBars(ctx, w, in.Symbol, 24*time.Hour, 0)
	if err != nil {
		return out, err
	}
	closes := make([]float64, len(bars))
	for i, b := range bars {
		if closes[i] = b.Close.Float(); b.Close <= 0 {
			return out, pitwall.Errorf(pitwall.NoCoverage, "%s closed at %v: returns mean nothing at 0 or below", in.Symbol, b.Close)
		}
	}
	year := 252.0
	if i, err := w.Instruments.Instrument(in.Symbol); err == nil && i.Calendar == pitwall.AlwaysOpen {
		year = 365
	}
	days := regime.Days(closes, states, last, year)
	if len(days) == 0 {
		return out, pitwall.Errorf(pitwall.NoCoverage, "%s has %d daily bars", in.Symbol, len(bars)).Hintf("a regime needs %d", regime.Needs)
	}
	for _, s := range days[len(days)-1].States {
		out.States = append(out.States, stateView{string(s.Label), decimals(s.Mean, 2), decimals(s.Vola, 2)})
	}
	for i, d := range days {
		row := regimeDay{w.Time(bars[len(bars)-len(days)+i].Start), string(d.Label), string(d.Leader), w.Time(bars[d.Since].Start), []*float64{}}
		for _, p := range d.Of {
			row.Of = append(row.Of, decimals(p, 4))
		}
		out.Days = append(out.Days, row)
	}
	return out, nil
}

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
