package report

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pitwall"
	"pitwall/cache/runs"
)

// small is a run of five days by hand: 10 AAA bought at 100 with a stop, a
// dividend, a split of two for one, a stop; BBB sold short and still open. AAA's
// closes: 102, 104, 52, 50, 49.
func small() *Run {
	at := func(day, hour int) time.Time { return time.Date(2024, 1, day, hour, 0, 0, 0, time.UTC) }
	n := func(s string) pitwall.Dec { return dec(s) }
	bar := func(symbol string, day int, open, end string) pitwall.Bar {
		return pitwall.Bar{Symbol: symbol, Start: at(day, 9), End: at(day, 16), Known: at(day, 16), Open: n(open), High: n(open), Low: n(open), Close: n(end)}
	}
	mark := func(day int, equity, cash string) pitwall.Entry {
		return pitwall.Entry{AsOf: at(day, 16), Kind: pitwall.EntryMark, Book: "main", Mark: &pitwall.EquityPoint{Time: at(day, 16), Equity: n(equity), Cash: n(cash)}}
	}
	fill := func(day int, order, symbol string, side pitwall.Side, qty, price, fee, slip string) pitwall.Entry {
		cause := pitwall.Cause{Turn: map[string]int{"o-1": 4, "o-1s": 4}[order]}
		return pitwall.Entry{AsOf: at(day, 16), Kind: pitwall.EntryFill, Cause: cause, Fill: &pitwall.Fill{OrderID: order, Book: "main", Symbol: symbol, Side: side, Qty: n(qty), Price: n(price), Fee: n(fee), Slippage: n(slip), Time: at(day, 9)}}
	}
	flow := func(day int, kind, symbol, qty, each, amount string) pitwall.Entry {
		return pitwall.Entry{AsOf: at(day, 16), Kind: pitwall.EntryCash, Book: "main", Flow: &pitwall.CashFlow{Time: at(day, 16), Symbol: symbol, Type: kind, Qty: n(qty), Each: n(each), Amount: n(amount)}}
	}
	entries := []pitwall.Entry{
		{Kind: pitwall.EntryStart, Book: "main", Amount: n("2000")},
		{Kind: pitwall.EntryIntent, Verb: "submit", ID: "o-1", Order: &pitwall.Order{ID: "o-1", Reason: "a dip"}},
		{Kind: pitwall.EntryOrder, ID: "o-1s", State: &pitwall.OrderState{Order: pitwall.Order{ID: "o-1s", Parent: "o-1", Role: pitwall.StopLoss}}},
		mark(1, "2000", "2000"),
		fill(2, "o-1", "AAA", pitwall.Buy, "10", "100", "1", "0.5"), mark(2, "2039", "999"), // 999 + 10*104
		flow(3, "dividend", "AAA", "10", "0.5", "5"), flow(3, "split", "AAA", "20", "2", "0"), mark(3, "2044", "999"), // 999 + 5 + 20*52
		flow(4, "paid", "", "0", "0", "5"), flow(4, "interest", "", "0", "0", "2"),
		fill(4, "o-2", "BBB", pitwall.Sell, "4", "50", "1", "0"), mark(4, "2005", "1205"), // 999+5+2+199 + 20*50 - 4*50
		fill(5, "o-1s", "AAA", pitwall.Sell, "20", "48", "2", "1"), flow(5, "borrow", "BBB", "-4", "50", "-0.5"), mark(5, "1970.5", "2162.5"), // 1205 + 960 - 2 - 0.5 - 4*48
	}
	w := World{Name: "small", Journal: entries, Symbols: []string{"AAA", "BBB"}, Benchmark: "CCC", From: "2024-01-01", Cash: n("2000"), Attempt: 3,
		Instruments: []pitwall.Instrument{{Symbol: "AAA", Lot: pitwall.One}, {Symbol: "BBB", Lot: pitwall.One}},
		Actions:     []pitwall.Action{{Symbol: "AAA", Ex: at(3, 0), Type: "dividend", Value: n("0.5")}, {Symbol: "AAA", Ex: at(3, 0), Type: "split", Value: n("2"), Per: pitwall.One}}}
	w.Bars = map[string][]pitwall.Bar{
		"AAA": {bar("AAA", 1, "101", "102"), bar("AAA", 2, "100", "104"), bar("AAA", 3, "51.5", "52"), bar("AAA", 4, "51", "50"), bar("AAA", 5, "48", "49")},
		"BBB": {bar("BBB", 1, "49", "49"), bar("BBB", 2, "49", "49"), bar("BBB", 3, "50", "50"), bar("BBB", 4, "50", "50"), bar("BBB", 5, "49", "48")},
		"CCC": {bar("CCC", 1, "10", "10")},
	}
	r := FromWorld(w, func(t time.Time) (benchmark, hold pitwall.Dec) { return pitwall.Int(int64(2000 + 10*t.Day())), 0 })
	r.Manifest.RunID, r.Manifest.Status = "small-1", "complete"
	zero, spent := pitwall.Dec(0), n("3")
	r.Usage = &runs.Usage{CostUSD: &zero, CostUSDRecorded: &spent}
	return r
}

func TestSheetByHand(t *testing.T) {
	s, err := small().Sheet()
	require.NoError(t, err)
	near := func(want float64, got *float64, what string) {
		t.Helper()
		require.NotNil(t, got, what)
		require.InDelta(t, want, *got, 1e-12, what)
	}
	near(1970.5/2000-1, s.Strategy.TotalReturn, "total return")
	near(1970.5/2044-1, s.Strategy.MaxDrawdown, "drawdown")
	require.Equal(t, []string{"2024-01-03", "2024-01-05", ""}, []string{s.Strategy.MaxDDFrom, s.Strategy.MaxDDTo, s.Strategy.MaxDDRecovery})
	near(2050.0/2010-1, s.Benchmark.TotalReturn, "benchmark, from its worth at the first point")
	near(1970.5/2000-2050.0/2010, s.Relative.Excess, "excess")
	require.Nil(t, s.BuyHold, "not known")

	require.Equal(t, []string{"long 20 o-1@50 o-1s@48 fees 3 profit -43", "short 4 o-2@50 open fees 1 profit 7"}, told(s.Trades))
	require.Equal(t, []any{4, "a dip", 4, "stop_loss of o-1"}, []any{s.Trades[0].EntryTurn, s.Trades[0].EntryReason, s.Trades[0].ExitTurn, s.Trades[0].ExitReason})
	near(-0.043, s.Trades[0].Return, "of the entry's value")
	near(3, s.Activity.HoldingMean, "days")
	require.Equal(t, 7.0/24+1, s.Trades[1].Days, "an open one, until the last point")
	require.Equal(t, []int{1, 1, 0, 1}, []int{s.Trading.Closed, s.Trading.Open, s.Trading.Won, s.Trading.Lost})

	require.Len(t, s.Symbols, 2)
	require.Equal(t, "6.5 -38 2", s.Symbols[0].Gain.String()+" "+s.Symbols[1].Gain.String()+" "+s.Other.String())
	require.Equal(t, []string{"BBB", "AAA"}, []string{s.Symbols[0].Symbol, s.Symbols[1].Symbol})
	require.Equal(t, "-29.5", (s.Symbols[0].Gain + s.Symbols[1].Gain + s.Other).String(), "the whole gain")
	require.Empty(t, s.Notes)

	near(4.0/5, s.Activity.TimeHeld, "time held")
	near((1040.0/2039+1040.0/2044+(1000.0+200)/2005+192/1970.5)/5, s.Activity.Exposure, "gross")
	near((1040.0/2039+1040.0/2044+(1000.0-200)/2005-192/1970.5)/5, s.Activity.NetExposure, "net")
	near((1000.0/2039+200.0/2005+960/1970.5)/5, s.Activity.Turnover, "turnover")

	require.Equal(t, "4 1.5 0.5 2 5", s.Costs.Commission.String()+" "+s.Costs.Slippage.String()+" "+s.Costs.Borrow.String()+" "+s.Costs.Interest.String()+" "+s.Costs.Dividends.String())
	near(1967.5/2000-1, s.Costs.ReturnAfter, "less what the models cost")
	near((1970.5+6)/2000-1, s.Costs.ReturnWithout, "without costs")
	near(5.5/2160*10_000, s.Costs.CostOfTradedBps, "bps")
	require.Equal(t, 3, s.Luck.Trials)

	require.Equal(t, []Month{{"2024-01", s.Headline.TotalReturn, s.Benchmark.TotalReturn, nil}}, s.Months)
	require.Len(t, s.Passive, 4)
	// 1000 of AAA at 101 and 1000 of BBB at 49, at the last opens 48 (twice, with a
	// dividend of 0.5 on the old or new units: the action's units are the old ones) and
	// 49. Units have eight places: 1000/101 = 9.9009901, 1000/49 = 20.40816327.
	require.InDelta(t, (9.9009901*(2*48+0.5)+20.40816327*49)/2000-1, s.Passive[0].TotalReturn, 1e-12)
	require.InDelta(t, (9.9009901*(2*49+0.5)+20.40816327*48)/2000-1, s.Passive[2].TotalReturn, 1e-12)
	require.Contains(t, s.Passive[0].Rule, "opens")
	require.InDelta(t, (9*(2*48+0.5)+91+20*49.0+20)/2000-1, s.Passive[1].TotalReturn, 1e-12, "whole lots")
	require.InDelta(t, 111.0/2000, s.Passive[1].Cash, 1e-12)
	_, err = json.Marshal(s)
	require.NoError(t, err)
}

// The walk sees the moves and the positions of a step as they were.
func TestWalkTracks(t *testing.T) {
	r := small()
	w := newWalk(r)
	require.NoError(t, w.all())
	require.Equal(t, []string{"AAA", "BBB"}, w.names, "a benchmark cannot be traded")
	a := w.tracks[0]
	for i, want := range []float64{0, 100.0/102 - 1, (51.5*2+0.5)/104 - 1, 51.0/52 - 1, 48.0/50 - 1} {
		require.InDelta(t, want, a.overnight[i], 1e-12, i)
	}
	for i, want := range []float64{102.0/101 - 1, 0.04, 52/51.5 - 1, 50.0/51 - 1, 49.0/48 - 1} {
		require.InDelta(t, want, a.intraday[i], 1e-12, i)
	}
	require.Equal(t, []float64{0, 0, 1040.0 / 2039, 1040.0 / 2044, 1000.0 / 2005}, a.before)
	require.InDelta(t, 0.5, a.after[1], 1e-12)
	require.Zero(t, a.after[4], "the stop counts as at the open")
	require.InDelta(t, -200.0/(2044+1040*(51.0/52-1)), w.tracks[1].after[3], 1e-12)
}

// Runs that are odd give figures or none, never NaN, and always encode.
func TestOddRuns(t *testing.T) {
	one := func(points ...Point) *Run {
		return &Run{Manifest: runs.Manifest{Cash: 1000 * pitwall.One, Symbols: []string{"A"}}, Points: points, Bars: map[string]*pitwall.Series{}}
	}
	at := func(day int, equity float64) Point {
		return Point{At: dayN(1).AddDate(0, 0, day), Equity: equity, Cash: equity, Exact: pitwall.Dec(equity * 1e8)}
	}
	for name, r := range map[string]*Run{
		"no points":     one(),
		"one point":     one(at(0, 1000)),
		"nothing moved": one(at(0, 1000), at(1, 1000), at(2, 1000)),
		"total loss":    one(at(0, 1000), at(1, 0), at(2, 0)),
		"below zero":    one(at(0, 500), at(1, -200), at(2, 100)),
		"a year's gap":  one(at(0, 1000), at(400, 1100)),
		"no cash":       {Manifest: runs.Manifest{}, Points: []Point{at(0, 0)}, Bars: map[string]*pitwall.Series{}},
	} {
		s, err := r.Sheet()
		require.NoError(t, err, name)
		_, err = json.Marshal(s)
		require.NoError(t, err, name)
		require.Nil(t, s.Luck.Random, name)
		require.Zero(t, s.Activity.Traded, name)
	}
	s, err := one(at(0, 1000), at(1, 0), at(2, 0)).Sheet()
	require.NoError(t, err)
	require.Equal(t, -1.0, *s.Strategy.TotalReturn)
	require.Equal(t, -1.0, *s.Strategy.MaxDrawdown)
	require.Equal(t, s.Strategy.Sharpe, s.Headline.Sharpe, "the same figure everywhere, after a total loss too")
	require.NotNil(t, s.Headline.Sharpe)
	s, err = one(at(0, 1000), at(400, 1100)).Sheet()
	require.NoError(t, err)
	require.Equal(t, []string{"2024", "2025"}, []string{s.Years[0].Period, s.Years[1].Period})
	require.InDelta(t, 0.1, s.Years[1].Return, 1e-12)
}

// A market that never closes ends its day at midnight: that is no new day.
func TestMidnightEndsTheDay(t *testing.T) {
	r := &Run{Manifest: runs.Manifest{Cash: 100 * pitwall.One}, Bars: map[string]*pitwall.Series{}}
	for i, e := range []float64{110, 121, 133.1} { // of 30 and 31 January and 1 February
		r.Points = append(r.Points, Point{At: time.Date(2024, 1, 31+i, 0, 0, 0, 0, time.UTC), Equity: e, Benchmark: 10 * float64(i+1)})
	}
	s, err := r.Sheet()
	require.NoError(t, err)
	require.Equal(t, "2024-01-30 2024-02-01", s.Run.From+" "+s.Run.To)
	require.Equal(t, []string{"2024-01", "2024-02"}, []string{s.Months[0].Period, s.Months[1].Period})
	require.InDelta(t, 0.21, s.Months[0].Return, 1e-9)
	require.InDelta(t, 1.0, *s.Months[0].Benchmark, 1e-9, "from its first point")
	require.Equal(t, 252.0, s.Strategy.PeriodsAYear)
}

func TestPropertySheetEncodes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &Run{Manifest: runs.Manifest{Cash: pitwall.Int(rapid.Int64Range(0, 10).Draw(t, "cash")), Symbols: []string{"A"}}, Bars: map[string]*pitwall.Series{}}
		for i := range rapid.IntRange(0, 60).Draw(t, "points") {
			e := float64(rapid.Int64Range(-3, 9).Draw(t, "equity"))
			r.Points = append(r.Points, Point{At: dayN(1).AddDate(0, 0, i), Equity: e, Cash: e, Exact: pitwall.Int(int64(e)), Benchmark: math.Abs(e), Hold: float64(i % 3)})
		}
		s, err := r.Sheet()
		require.NoError(t, err)
		_, err = json.Marshal(s)
		require.NoError(t, err)
	})
}
