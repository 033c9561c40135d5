package tools

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

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
		Description: "The run so far in figures: return, risk, drawdown, trades, costs, gain by symbol, against a benchmark and buy and hold, and how much could be luck. With a picture."}, reportTearsheet)
}

type sheetIn struct {
	Benchmark string `json:"benchmark,omitempty" jsonschema:"symbol to compare with"`
	Picture   *bool  `json:"picture,omitempty" jsonschema:"default true"`
}

// sheetOut is a report.Sheet cut to what fits an answer, and what is held now. A
// figure that is not defined is null.
type sheetOut struct {
	Run         report.Header        `json:"run"`
	Headline    report.Metrics       `json:"headline"`
	Strategy    report.Stats         `json:"strategy"`
	Benchmark   *report.Stats        `json:"benchmark,omitempty"`
	BuyHold     *report.Stats        `json:"buy_and_hold,omitempty"`
	Relative    *report.Relative     `json:"relative,omitempty"`
	Passive     []report.Passive     `json:"passive"`
	Activity    report.Activity      `json:"activity"`
	Trading     report.Trading       `json:"trading"`
	Costs       report.CostTable     `json:"costs"`
	Symbols     []report.Attribution `json:"symbols"`
	Other       pitwall.Dec          `json:"other"`
	Months      []report.Month       `json:"months"`
	Years       []report.Month       `json:"years"`
	Luck        report.Luck          `json:"luck"`
	Trades      []report.RoundTrip   `json:"trades"`
	TotalTrades int                  `json:"total_trades"`
	Positions   []positionView       `json:"positions"`
	Fills       []fillView           `json:"fills"`
	Curve       curveView            `json:"curve"`
	Warnings    []string             `json:"warnings"`
	Notes       []string             `json:"notes"`
	Omitted     []string             `json:"omitted"` // what was left out of the lists above

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
	out := &sheetOut{Run: sheet.Run, Headline: sheet.Headline, Strategy: sheet.Strategy, Benchmark: sheet.Benchmark, BuyHold: sheet.BuyHold, Relative: sheet.Relative,
		Passive: sheet.Passive, Activity: sheet.Activity, Trading: sheet.Trading, Costs: sheet.Costs, Other: sheet.Other, Luck: sheet.Luck, TotalTrades: len(sheet.Trades),
		Curve: viewCurve(sheet), Fills: []fillView{}, Omitted: []string{}}
	out.cut(sheet)
	acc, err := w.Broker.Account(ctx, pitwall.MainBook)
	if err != nil {
		return nil, err
	}
	out.Positions = viewPositions(w, acc)
	fills, _, err := w.Broker.Fills(ctx, pitwall.Cursor{})
	if err != nil {
		return nil, err
	}
	out.omit("fills", len(fills), sheetFills)
	out.Fills = viewFills(w, newest(fills, sheetFills))
	if len(sheet.Curve) > 0 && (in.Picture == nil || *in.Picture) {
		var b bytes.Buffer
		if err := chart.Share(&b, sheet); err != nil {
			return nil, err
		}
		out.picture = b.Bytes()
	}
	return out, nil
}

// cut takes over the lists, the newest or the largest of each.
func (o *sheetOut) cut(s *report.Sheet) {
	o.omit("trades", len(s.Trades), sheetTrades)
	o.Trades = slices.Clone(newest(s.Trades, sheetTrades))
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
	o.Symbols = s.Symbols // largest gain first: of many both ends stay
	if n := len(s.Symbols); n > sheetSymbols {
		o.Symbols = append(slices.Clone(s.Symbols[:sheetSymbols/2]), s.Symbols[n-sheetSymbols/2:]...)
		o.Omitted = append(o.Omitted, fmt.Sprintf("symbols: %d in the middle of %d", n-sheetSymbols, n))
	}
	o.omit("months", len(s.Months), sheetMonths)
	o.Months, o.Years = newest(s.Months, sheetMonths), s.Years
	o.omit("warnings", len(s.Warnings), sheetNotes)
	o.Warnings = newest(s.Warnings, sheetNotes)
	o.omit("notes", len(s.Notes), sheetNotes)
	o.Notes = newest(s.Notes, sheetNotes)
}

func (o *sheetOut) omit(what string, have, most int) {
	if have > most {
		o.Omitted = append(o.Omitted, fmt.Sprintf("%s: the first %d of %d", what, have-most, have))
	}
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

// zoned returns the world's zone.
func zoned(w *pitwall.World) *time.Location {
	if w.Zone == nil {
		return time.UTC
	}
	return w.Zone
}
