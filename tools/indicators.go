package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// Bounds of one market_indicators answer: 1,000 values are about 6,000 tokens.
const (
	maxIndicatorSymbols = 50
	maxIndicatorNames   = 20
	maxIndicatorLast    = 250
	maxIndicatorValues  = 1000
)

func addIndicators(s *Set) {
	add(s, Tool{Name: "market_indicators", Title: "Indicators", Idempotent: true,
		Description: "Indicators over known bars: sma ema rsi macd bollinger atr adx stochastic obv vwap high low return volume_ratio volume_profile; of all symbols: breadth (share above their SMA) breadth:advance_decline breadth:highs breadth:up_volume."}, marketIndicators)
}

type indicatorsIn struct {
	Symbols []string `json:"symbols,omitempty"`
	Names   []string `json:"names" jsonschema:"like rsi:14 bollinger:20:2"`
	Size    string   `json:"bar_size,omitempty" jsonschema:"larger bars: 1h 1d 1w 1mo"`
	Last    *int     `json:"last,omitempty" jsonschema:"newest values, default 1"`
}

type indicatorRow struct {
	Symbol string     `json:"symbol"`
	Start  string     `json:"start"` // of the bar whose close is the last one used
	Values []*float64 `json:"values"`
}

type indicatorsOut struct {
	Columns []string       `json:"columns"`
	Rows    []indicatorRow `json:"rows"`
	Breadth []breadthRow   `json:"breadth,omitempty"`
	Notes   []string       `json:"notes,omitempty"`
}

func (o indicatorsOut) text(*pitwall.World) string {
	var t text
	if len(o.Columns) > 0 {
		t.block("indicators", "symbol,start,"+strings.Join(o.Columns, ","), len(o.Rows), func(i int) []any {
			row := []any{o.Rows[i].Symbol, o.Rows[i].Start}
			for _, v := range o.Rows[i].Values {
				row = append(row, orNull(v))
			}
			return row
		})
	}
	if len(o.Breadth) > 0 {
		t.block("breadth", "name,share,above,below,counted,of", len(o.Breadth), func(i int) []any {
			b := o.Breadth[i]
			return []any{b.Name, orNull(b.Share), b.Above, b.Below, b.Counted, b.Of}
		})
	}
	for _, n := range o.Notes {
		t.WriteString("note: " + n + "\n")
	}
	return t.String()
}

func orNull(v *float64) any {
	if v == nil {
		return "null"
	}
	return *v
}

func marketIndicators(ctx context.Context, w *pitwall.World, in indicatorsIn) (indicatorsOut, error) {
	out := indicatorsOut{Columns: []string{}, Rows: []indicatorRow{}}
	list, wide, err := parseIndicators(in.Names)
	if err != nil {
		return out, err
	}
	size, err := pitwall.ParseSize(in.Size)
	if err != nil {
		return out, err
	}
	last, err := atMost("last", in.Last, 1, maxIndicatorLast)
	if err != nil {
		return out, err
	}
	for _, x := range list {
		out.Columns = append(out.Columns, x.columns()...)
	}
	symbols := slices.Clone(in.Symbols)
	slices.Sort(symbols)
	symbols = slices.Compact(symbols)
	if err := indicatorsFit(len(symbols), len(list), len(out.Columns), last); err != nil {
		return out, err
	}
	if len(list) > 0 {
		for _, s := range symbols {
			if err := out.symbol(ctx, w, s, list, size, last); err != nil {
				return out, err
			}
		}
	}
	for _, x := range wide {
		row, err := breadth(ctx, w, x, size)
		if err != nil {
			return out, err
		}
		out.Breadth = append(out.Breadth, row)
	}
	return out, nil
}

// indicatorsFit keeps an answer small.
func indicatorsFit(symbols, names, columns, last int) error {
	switch {
	case symbols == 0 && names > 0:
		return pitwall.Errorf(pitwall.InvalidInput, "symbols is empty").Hintf("name at least one symbol; market_last_price lists them")
	case symbols > maxIndicatorSymbols:
		return pitwall.Errorf(pitwall.InvalidInput, "%d symbols in one call", symbols).Hintf("ask for at most %d", maxIndicatorSymbols)
	case symbols*columns*last > maxIndicatorValues:
		return pitwall.Errorf(pitwall.InvalidInput, "%d symbols x %d columns x last %d are %d values", symbols, columns, last, symbols*columns*last).
			Hintf("ask for at most %d at once: fewer symbols or names, or last up to %d", maxIndicatorValues, max(1, maxIndicatorValues/(symbols*columns)))
	}
	return nil
}

// parseIndicators reads the names, each once, and sets those apart that speak of
// the whole universe.
func parseIndicators(names []string) (list, wide []indicator, err error) {
	if len(names) == 0 || len(names) > maxIndicatorNames {
		return nil, nil, pitwall.Errorf(pitwall.InvalidInput, "%d names in one call", len(names)).Hintf("ask for 1 to %d, such as rsi:14", maxIndicatorNames)
	}
	seen := map[string]bool{}
	for _, s := range names {
		x, err := parseIndicator(s)
		if err != nil {
			return nil, nil, err
		}
		switch full := x.String(); {
		case seen[full]:
		case x.wide != nil:
			wide = append(wide, x)
		default:
			list = append(list, x)
		}
		seen[x.String()] = true
	}
	return list, wide, nil
}

// indicatorBars are the visible bars of a symbol in the size asked for, restated for
// the splits so far: an average over a split of raw prices means nothing. limit, if
// above 0, is how many are needed.
func indicatorBars(ctx context.Context, w *pitwall.World, symbol string, size time.Duration, limit int) ([]pitwall.Bar, error) {
	return w.Market.Bars(ctx, pitwall.BarQuery{Symbol: symbol, Limit: limit, Size: size, Adjusted: pitwall.SplitAdjusted})
}

// symbol adds a symbol's rows, and a note for each indicator that has too little.
func (o *indicatorsOut) symbol(ctx context.Context, w *pitwall.World, symbol string, list []indicator, size time.Duration, last int) error {
	bars, err := indicatorBars(ctx, w, symbol, size, 0)
	if err != nil {
		return err
	}
	newest := bars[max(0, len(bars)-last):]
	rows := make([]indicatorRow, len(newest))
	for i, b := range newest {
		rows[i] = indicatorRow{Symbol: symbol, Start: w.Time(b.Start), Values: []*float64{}}
	}
	short := []string{}
	for _, x := range list {
		for _, column := range x.values(bars, last) {
			for i := range rows {
				rows[i].Values = append(rows[i].Values, column[i])
			}
		}
		if need := x.need(x.p); len(bars) < need {
			short = append(short, fmt.Sprintf("%s needs %d bars", x, need))
		}
		if x.volume && slices.ContainsFunc(bars, func(b pitwall.Bar) bool { return b.Volume < 0 }) {
			o.Notes = append(o.Notes, fmt.Sprintf("%s: bars without a volume leave %s null", symbol, x))
		}
	}
	if len(short) > 0 {
		o.Notes = append(o.Notes, fmt.Sprintf("%s has %d bars: %s", symbol, len(bars), strings.Join(short, ", ")))
	}
	o.Rows = append(o.Rows, rows...)
	return nil
}
