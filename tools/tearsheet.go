package tools

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"pitwall"
	"pitwall/tools/report"
	"pitwall/tools/report/chart"
)

// What an answer holds at most of each list, and of a reason.
const (
	sheetTrades  = 20
	sheetFills   = 10
	sheetSymbols = 40
	sheetMonths  = 36
	sheetNotes   = 40
	sheetReason  = 200 // characters
	curvePoints  = 300
)

func addReport(s *Set) {
	add(s, Tool{Name: "report_tearsheet", Title: "Tear sheet", Idempotent: true, View: TearsheetView,
		Description: "The run so far: return, risk, drawdown, trades, costs, gain by symbol, against a benchmark and buy and hold, how much could be luck, a picture."}, reportTearsheet)
}

type sheetIn struct {
	Benchmark string `json:"benchmark,omitempty" jsonschema:"symbol to compare with"`
	Picture   *bool  `json:"picture,omitempty" jsonschema:"default true"`
}

// sheetOut is a report.Sheet whose lists are cut to what fits an answer, and what is
// held now. A figure that is not defined is null.
type sheetOut struct {
	report.Sheet
	TotalTrades int            `json:"total_trades"`
	Positions   []positionView `json:"positions"`
	Fills       []fillView     `json:"fills"`
	Curve       curveView      `json:"curve"`
	Omitted     []string       `json:"omitted"` // what was left out of the lists

	picture []byte
}

// curveView is the equity curve in columns: times in Unix seconds, values as returns
// since the start; a comparison that the run has not is an empty column.
type curveView struct {
	Time      []int64   `json:"time"`
	Strategy  []float64 `json:"strategy"`
	Benchmark []float64 `json:"benchmark"`
	Hold      []float64 `json:"buy_and_hold"`
	Of        int       `json:"of"` // points before thinning
}

func (o *sheetOut) images() []Image {
	if o.picture == nil {
		return nil
	}
	return []Image{{"image/png", o.picture}}
}

// reportTearsheet computes the figures of the world so far: from its journal, and from
// bars that are known now. It waits for nothing.
func reportTearsheet(ctx context.Context, w *pitwall.World, in sheetIn) (*sheetOut, error) {
	run, err := worldRun(ctx, w, in.Benchmark)
	if err != nil {
		return nil, err
	}
	sheet, err := run.Sheet()
	if err != nil {
		return nil, fmt.Errorf("computing the tear sheet: %w", err)
	}
	out := &sheetOut{Sheet: *sheet, TotalTrades: len(sheet.Trades), Curve: viewCurve(sheet), Omitted: []string{}}
	if len(sheet.Curve) > 0 && (in.Picture == nil || *in.Picture) {
		var b bytes.Buffer
		if err := chart.Share(&b, sheet); err != nil {
			return nil, err
		}
		out.picture = b.Bytes()
	}
	out.cut()
	acc, err := w.Broker.Account(ctx, pitwall.MainBook)
	if err != nil {
		return nil, err
	}
	out.Positions = viewPositions(w, acc)
	fills, _, err := w.Broker.Fills(ctx, pitwall.Cursor{})
	if err != nil {
		return nil, err
	}
	out.Fills = viewFills(w, limited(out, "fills", fills, sheetFills))
	return out, nil
}

// cut leaves the newest or the largest rows of each list, and short reasons.
func (o *sheetOut) cut() {
	o.Trades = limited(o, "trades", o.Trades, sheetTrades)
	cut := false
	for i := range o.Trades {
		t := &o.Trades[i]
		for _, reason := range []*string{&t.EntryReason, &t.ExitReason} {
			if r := []rune(*reason); len(r) > sheetReason {
				*reason, cut = string(r[:sheetReason])+"…", true
			}
		}
	}
	if cut {
		o.Omitted = append(o.Omitted, fmt.Sprintf("reasons are cut after %d characters", sheetReason))
	}
	if n := len(o.Symbols); n > sheetSymbols { // largest gain first: both ends stay
		o.Symbols = slices.Delete(o.Symbols, sheetSymbols/2, n-sheetSymbols/2)
		o.Omitted = append(o.Omitted, fmt.Sprintf("symbols: %d in the middle of %d", n-sheetSymbols, n))
	}
	o.Months = limited(o, "months", o.Months, sheetMonths)
	o.Warnings = limited(o, "warnings", o.Warnings, sheetNotes)
	o.Notes = limited(o, "notes", o.Notes, sheetNotes)
}

// limited returns the newest rows of a list and notes how many it left out.
func limited[T any](o *sheetOut, what string, list []T, most int) []T {
	if n := len(list); n > most {
		o.Omitted = append(o.Omitted, fmt.Sprintf("%s: the first %d of %d", what, n-most, n))
	}
	return newest(list, most)
}

// newest are the last rows of a list, never null.
func newest[T any](list []T, most int) []T {
	return append([]T{}, list[max(0, len(list)-most):]...)
}

// viewCurve thins the curve: of each stretch the first, the lowest, the highest and
// the last point stay, so that no peak is lost.
func viewCurve(s *report.Sheet) curveView {
	v := curveView{Time: []int64{}, Strategy: []float64{}, Benchmark: []float64{}, Hold: []float64{}, Of: len(s.Curve)}
	start := s.Run.Cash.Float()
	if start <= 0 {
		return v
	}
	var bench, hold float64 // the first that is known
	for _, i := range thinned(s.Curve, curvePoints) {
		p := s.Curve[i]
		bench, hold = cmp.Or(bench, p.Benchmark), cmp.Or(hold, p.Hold)
		v.Time = append(v.Time, p.At.Unix())
		v.Strategy = append(v.Strategy, rounded(p.Equity/start-1))
		if s.Benchmark != nil && bench > 0 {
			v.Benchmark = append(v.Benchmark, rounded(cmp.Or(p.Benchmark, bench)/bench-1))
		}
		if s.BuyHold != nil && hold > 0 {
			v.Hold = append(v.Hold, rounded(cmp.Or(p.Hold, hold)/hold-1))
		}
	}
	return v
}

// thinned returns the indexes of at most most points, in order.
func thinned(points []report.Point, most int) []int {
	var list []int
	if len(points) <= most {
		for i := range points {
			list = append(list, i)
		}
		return list
	}
	stretches := most / 4
	for k := range stretches {
		from, to := k*len(points)/stretches, (k+1)*len(points)/stretches
		low, high := from, from
		for i := from; i < to; i++ {
			if points[i].Equity < points[low].Equity {
				low = i
			}
			if points[i].Equity > points[high].Equity {
				high = i
			}
		}
		four := []int{from, min(low, high), max(low, high), to - 1}
		list = append(list, slices.Compact(four)...)
	}
	return list
}
