package tools

import (
	"cmp"
	"context"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"pitwall"
)

func addMarket(s *Set) {
	add(s, Tool{Name: "market_last_price", Title: "Last price", Idempotent: true,
		Description: "Last known close of symbols and its age. Without symbols: everything in this world, with what may be traded."}, marketLastPrice)
	add(s, Tool{Name: "market_load_history_table", Title: "Load price history into SQL", Effect: Setup, Idempotent: true,
		Description: "Make price history a SQL table for duckdb_query. It holds every known bar and grows by itself: load once. " +
			"Prices are restated for splits as of now. Columns: symbol, ts (bar start), date, open, high, low, close, volume."}, marketLoad)
}

type lastIn struct {
	Symbols []string `json:"symbols,omitempty"`
}

type priceView struct {
	Symbol   string      `json:"symbol"`
	Last     pitwall.Dec `json:"last"`
	Known    string      `json:"known"`
	AgeHours float64     `json:"age_hours"`
	Tradable bool        `json:"tradable"`
}

type lastOut struct {
	Prices []priceView `json:"prices"`
}

func (o lastOut) text(*pitwall.World) string {
	var t text
	t.block("prices", "symbol,last,known,age_hours,tradable", len(o.Prices), func(i int) []any {
		p := o.Prices[i]
		return []any{p.Symbol, p.Last, p.Known, p.AgeHours, p.Tradable}
	})
	return t.String()
}

func marketLastPrice(ctx context.Context, w *pitwall.World, in lastIn) (lastOut, error) {
	out := lastOut{Prices: []priceView{}}
	symbols := in.Symbols
	if len(symbols) == 0 {
		for _, i := range w.Instruments.Instruments() {
			symbols = append(symbols, i.Symbol)
		}
	}
	if len(symbols) > 500 {
		return out, pitwall.Errorf(pitwall.InvalidInput, "%d symbols in one call", len(symbols)).Hintf("ask for at most 500")
	}
	now := w.Clock.Now()
	for _, s := range symbols {
		i, err := w.Instruments.Instrument(s)
		if err != nil {
			return out, err
		}
		b, err := w.Market.Last(ctx, s)
		if err != nil {
			return out, err
		}
		age := float64(now.Sub(b.Known).Round(time.Minute)) / float64(time.Hour)
		out.Prices = append(out.Prices, priceView{Symbol: s, Last: b.Close, Known: w.Time(b.Known), AgeHours: float64(int(age*10+0.5)) / 10, Tradable: i.Tradable})
	}
	return out, nil
}

type loadIn struct {
	Symbols  []string `json:"symbols"`
	Table    string   `json:"table,omitempty" jsonschema:"SQL name; default the symbol in lower case, or history"`
	BarSize  string   `json:"bar_size,omitempty" jsonschema:"larger bars: 1h 1d 1w 1mo"`
	Adjusted string   `json:"adjusted,omitempty" jsonschema:"split (default), total for dividends too, or raw as traded"`
}

type loadOut struct {
	Table   string   `json:"table"`
	Symbols []string `json:"symbols"`
	Rows    int      `json:"rows"`
	Last    string   `json:"last_ts"`
	Prices  string   `json:"adjusted"`
	Columns []string `json:"columns"`
}

func (o loadOut) text(*pitwall.World) string {
	var t text
	t.pairs("table", o.Table, "symbols", strings.Join(o.Symbols, ";"), "rows", o.Rows, "last_ts", o.Last, "adjusted", o.Prices)
	t.pairs("columns", strings.Join(o.Columns, ","))
	return t.String()
}

var (
	identifier = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)
	notWord    = regexp.MustCompile(`[^a-z0-9]+`)
)

// reserved reports whether SQL keeps a word for itself (duckdb_keywords()).
func reserved(word string) bool {
	const words = " all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create default deferrable desc describe distinct do " +
		"else end except false fetch for foreign from group having in initially intersect into lambda lateral leading limit not null offset on only or order pivot " +
		"pivot_longer pivot_wider placing primary qualify references returning select show some summarize symmetric table then to trailing true union unique unpivot " +
		"using variadic when where window with "
	return strings.Contains(words, " "+word+" ")
}

func marketLoad(ctx context.Context, w *pitwall.World, in loadIn) (loadOut, error) {
	out := loadOut{Table: in.Table, Symbols: in.Symbols, Columns: []string{"symbol", "ts", "date", "open", "high", "low", "close", "volume"}}
	if w.Tables == nil {
		return out, pitwall.Errorf(pitwall.NoCoverage, "this world has no SQL engine")
	}
	if len(in.Symbols) == 0 {
		return out, pitwall.Errorf(pitwall.InvalidInput, "symbols is empty").Hintf("name at least one symbol; market_last_price lists them")
	}
	spec := pitwall.TableSpec{Symbols: in.Symbols, Adjusted: cmp.Or(pitwall.Adjustment(in.Adjusted), pitwall.SplitAdjusted)}
	out.Prices = string(spec.Adjusted)
	var err error
	if spec.Size, err = pitwall.ParseSize(in.BarSize); err != nil {
		return out, err
	}
	switch spec.Adjusted {
	case pitwall.Raw, pitwall.SplitAdjusted, pitwall.TotalAdjusted:
	default:
		return out, pitwall.Errorf(pitwall.InvalidInput, "adjusted is %q", in.Adjusted).Hintf("use split (what is used without it), total, or raw for prices as traded")
	}
	if out.Table == "" {
		out.Table = "history"
		if len(in.Symbols) == 1 {
			out.Table = strings.Trim(notWord.ReplaceAllString(strings.ToLower(in.Symbols[0]), "_"), "_")
		}
		for _, part := range []string{in.BarSize, in.Adjusted} {
			if part != "" {
				out.Table += "_" + part
			}
		}
		if !identifier.MatchString(out.Table) || reserved(out.Table) {
			out.Table = "t_" + out.Table
		}
	}
	if !identifier.MatchString(out.Table) || reserved(out.Table) {
		return out, pitwall.Errorf(pitwall.InvalidInput, "table is %q", in.Table).Hintf("use lower-case letters, digits and _, starting with a letter, and no SQL keyword")
	}
	slices.Sort(in.Symbols)
	in.Symbols = slices.Compact(in.Symbols)
	out.Symbols, spec.Symbols = in.Symbols, in.Symbols
	spec.Name = out.Table
	var last time.Time
	for _, s := range in.Symbols {
		n, newest, err := rows(ctx, w, s, spec)
		if err != nil {
			return out, err
		}
		out.Rows += n
		if newest.After(last) {
			last = newest
		}
	}
	if out.Rows > 0 {
		out.Last = w.Time(last)
	}
	same := func(x pitwall.TableSpec) bool { return reflect.DeepEqual(x, spec) }
	if by := pitwall.CallerFrom(ctx); by.Shadow && !slices.ContainsFunc(w.Tables.Defined(), same) {
		return out, pitwall.Errorf(pitwall.NotAllowed, "the table %s is not loaded this way, and %q may load none now", out.Table, by.Principal).Hintf("query the tables that there are, or read market_indicators")
	}
	return out, w.Tables.Define(ctx, spec)
}

// rows counts a symbol's rows of a table, and says when the newest begins.
func rows(ctx context.Context, w *pitwall.World, symbol string, spec pitwall.TableSpec) (n int, newest time.Time, err error) {
	q := pitwall.BarQuery{Symbol: symbol, Size: spec.Size, Adjusted: spec.Adjusted}
	if q.Size == 0 {
		if n, err = w.Market.Count(ctx, symbol); err != nil {
			return 0, newest, err
		}
		q.Limit = 1
	}
	bars, err := w.Market.Bars(ctx, q)
	if len(bars) > 0 {
		n, newest = max(n, len(bars)), bars[len(bars)-1].Start
	}
	return n, newest, err
}
