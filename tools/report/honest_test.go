package report

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/cache/runs"
)

// Figures that must not say more than is known.

// edit changes the journal of a run.
func (r *Run) edit(change func(e *pitwall.Entry)) {
	list := slices.Collect(r.Journal)
	for i := range list {
		change(&list[i])
	}
	r.Journal, r.walked = slices.Values(list), nil
}

// A future's gains are cash: equity is cash, and still something is held.
func TestExposureOfAFuture(t *testing.T) {
	r := small()
	r.edit(func(e *pitwall.Entry) {
		if e.Mark != nil {
			e.Mark.Cash = e.Mark.Equity
		}
	})
	for i := range r.Points {
		r.Points[i].Cash = r.Points[i].Equity
	}
	s, err := r.Sheet()
	require.NoError(t, err)
	require.Equal(t, 0.8, *s.Activity.TimeHeld)
	require.InDelta(t, (1040.0/2039+1040.0/2044+(1000.0+200)/2005+192/1970.5)/5, s.Headline.Exposure, 1e-12, "what is held over equity, not equity less cash")
	require.Equal(t, *s.Activity.Exposure, s.Headline.Exposure)
}

func TestHeldAt(t *testing.T) {
	one := pitwall.One
	fill := func(book string, side pitwall.Side, qty pitwall.Dec) pitwall.Entry {
		return pitwall.Entry{Kind: pitwall.EntryFill, Fill: &pitwall.Fill{Book: book, Symbol: "A", Side: side, Qty: qty}}
	}
	flow := func(kind string, qty pitwall.Dec) pitwall.Entry {
		return pitwall.Entry{Kind: pitwall.EntryCash, Book: "main", Flow: &pitwall.CashFlow{Symbol: "A", Type: kind, Qty: qty}}
	}
	mark := pitwall.Entry{Kind: pitwall.EntryMark, Book: "main", Mark: &pitwall.EquityPoint{}}
	other := pitwall.Entry{Kind: pitwall.EntryMark, Book: "pod", Mark: &pitwall.EquityPoint{}}
	journal := []pitwall.Entry{mark,
		fill("main", pitwall.Sell, one), mark, other, fill("main", pitwall.Buy, one), mark,
		fill("pod", pitwall.Buy, one), fill("main", pitwall.Sell, one), mark, fill("pod", pitwall.Sell, one), flow("split", -3*one), mark, flow("split", 0), mark,
		flow("reinvested", one), mark, flow("expiry", one), mark, flow("dividend", one), mark}
	w := newWalk(&Run{Journal: slices.Values(journal)})
	require.NoError(t, w.all())
	var held []bool
	for _, s := range w.steps {
		held = append(held, s.held)
	}
	require.Equal(t, []bool{false, true, false, true, true, false, true, false, false}, held)
	require.Equal(t, 9, stepsOf(slices.Values(journal)))
}

// After equity of zero or less there are no returns, in the headline as elsewhere.
func TestSharpeAfterATotalLoss(t *testing.T) {
	r := &Run{Manifest: runs.Manifest{Cash: 100 * pitwall.One}, Bars: map[string]*pitwall.Series{}}
	for i, e := range []float64{110, 90, -20, -25, -21} {
		r.Points = append(r.Points, Point{At: dayN(1).AddDate(0, 0, i), Equity: e})
	}
	s, err := r.Sheet()
	require.NoError(t, err)
	require.InDelta(t, *Sharpe([]float64{0.1, 90.0/110 - 1, -20.0/90 - 1}, 252), *s.Strategy.Sharpe, 1e-9)
	require.Equal(t, s.Strategy.Sharpe, s.Headline.Sharpe)
}

func TestPeriodsAYear(t *testing.T) {
	year := func(trades func(time.Time) bool, n int) float64 {
		var list []Point
		for at := time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC); len(list) < n; at = at.AddDate(0, 0, 1) {
			if trades(at) {
				list = append(list, Point{At: at})
			}
		}
		return periods(list)
	}
	all := func(time.Time) bool { return true }
	require.Equal(t, 365.0, year(all, 300))
	require.Equal(t, 365.0, year(all, 7))
	require.Equal(t, 252.0, year(func(at time.Time) bool { return at.Weekday() <= time.Thursday }, 300), "Sunday to Thursday")
	require.Equal(t, 252.0, year(func(at time.Time) bool { return at.Weekday() != time.Saturday }, 300), "opens on Sunday evenings")
	require.Equal(t, 252.0, year(func(at time.Time) bool {
		return at.Weekday() != time.Sunday && (at.Weekday() != time.Saturday || at.YearDay() == 20)
	}, 250), "one special session")
	require.Equal(t, 52.0, year(func(at time.Time) bool { return at.Weekday() == time.Friday && at.YearDay() != 89 }, 60), "weekly bars, one closed a day early or not at all")
	require.Equal(t, 52.0, year(func(at time.Time) bool { return at.Weekday() == time.Saturday }, 60), "weekly bars that end on Saturdays")
	require.Equal(t, 12.0, year(func(at time.Time) bool { return at.AddDate(0, 0, 1).Day() == 1 }, 14), "monthly bars")
	require.Equal(t, 12.0, year(func(at time.Time) bool { return at.Day() == 1 }, 3), "February among them")
}

// Without prices what is held is worth what it last traded at, and that is said.
func TestNoPrices(t *testing.T) {
	r := small()
	r.Bars = map[string]*pitwall.Series{}
	s, err := r.Sheet()
	require.NoError(t, err)
	require.Equal(t, []string{"BBB", "50", "-1.5"}, []string{s.Symbols[0].Symbol, s.Symbols[0].Price.String(), s.Symbols[0].Gain.String()}, "fee and borrow")
	require.Equal(t, "-1", s.Trades[1].Profit.String(), "its fee")
	require.Contains(t, strings.Join(s.Notes, "\n"), "-4 BBB are still held and prices.csv has no price of it: valued at the last fill, 50")
	r.edit(func(e *pitwall.Entry) { // a split of what is still held: the price before it says nothing
		if e.Flow != nil && e.Flow.Type == "borrow" {
			e.Flow = &pitwall.CashFlow{Symbol: "BBB", Type: "split", Qty: -8 * pitwall.One}
		}
	})
	s, err = r.Sheet()
	require.NoError(t, err)
	require.Contains(t, strings.Join(s.Notes, "\n"), "-8 BBB are still held and prices.csv has no price of it: the gain is incomplete")
}

// An order that the venue sent says why.
func TestMarginCallIsAReason(t *testing.T) {
	r := small()
	r.edit(func(e *pitwall.Entry) {
		if e.State != nil {
			e.State = &pitwall.OrderState{Order: pitwall.Order{ID: "o-1s", Reason: "margin call"}}
		}
		if e.Fill != nil && e.Fill.OrderID == "o-1s" {
			e.Turn = 0
		}
	})
	s, err := r.Sheet()
	require.NoError(t, err)
	require.Equal(t, "margin call", s.Trades[0].ExitReason)
	require.Zero(t, s.Trades[0].ExitTurn)
}

func TestLateBenchmarkIsSaid(t *testing.T) {
	r := small()
	r.Points[0].Benchmark, r.Points[1].Benchmark = 0, 0
	s, err := r.Sheet()
	require.NoError(t, err)
	require.Nil(t, s.Benchmark)
	require.Equal(t, []string{"the benchmark CCC has no price before 2024-01-03: beta, alpha, correlation and tracking error are of the days from there on"}, s.Notes)
}

// The figures against a benchmark that starts late are those of the days from its first
// price on: worth 100, 110, 99 there, and the run half of each move. One that goes to 0
// has lost all.
func TestLateBenchmarkHasABeta(t *testing.T) {
	r := small()
	r.Points, r.Bars = nil, nil
	for i, x := range []struct{ equity, benchmark float64 }{{2000, 0}, {2100, 0}, {2000, 100}, {2100, 110}, {1995, 99}} {
		equity, err := pitwall.FromFloat(x.equity)
		require.NoError(t, err)
		r.Points = append(r.Points, Point{At: time.Date(2024, 1, 2+i, 21, 0, 0, 0, time.UTC), Equity: x.equity, Exact: equity, Benchmark: x.benchmark})
	}
	s, err := r.Sheet()
	require.NoError(t, err)
	require.InDelta(t, 0.5, *s.Relative.Beta, 1e-12) // +5 % of +10 %, -5 % of -10 %
	require.InDelta(t, 1, *s.Relative.Correlation, 1e-12)
	require.Nil(t, s.Relative.Excess, "the run's return is of other days")
	require.InDelta(t, -0.01, *s.Headline.BenchmarkReturn, 1e-12)
	r.Points[4].Benchmark = 0
	s, err = r.Sheet()
	require.NoError(t, err)
	require.InDelta(t, -1, *s.Headline.BenchmarkReturn, 1e-12)
}

// A folder that has lost a file says so: no orders is not the same as none known.
func TestLostFilesAreSaid(t *testing.T) {
	manifest, err := json.Marshal(map[string]any{"run_id": "r", "status": "complete", "cash": 100})
	require.NoError(t, err)
	whole := fstest.MapFS{"manifest.json": {Data: manifest}, "usage.json": {Data: []byte("{}")}, "summaries.jsonl": {}, "prices.csv": {}, "fills.csv": {},
		"journal.jsonl": {Data: []byte(`{"seq":1,"as_of":"2024-01-02T00:00:00Z","kind":"mark","book":"main","mark":{"time":"2024-01-02T00:00:00Z","equity":100,"cash":100}}` + "\n")},
		"equity.csv":    {Data: []byte("timestamp,equity,cash,benchmark,buy_and_hold\n2024-01-02T00:00:00Z,100,100,,\n")}}
	notes := func(without, empty string) []string {
		fsys := fstest.MapFS{}
		for name, f := range whole {
			switch name {
			case without:
			case empty:
				fsys[name] = &fstest.MapFile{}
			default:
				fsys[name] = f
			}
		}
		r, err := Open(fsys)
		require.NoError(t, err)
		return r.Notes
	}
	require.Empty(t, notes("", ""))
	for _, name := range []string{"summaries.jsonl", "prices.csv", "fills.csv"} {
		require.Equal(t, []string{name + " is missing: figures computed from it are missing or 0"}, notes(name, ""))
	}
	require.Equal(t, []string{"journal.jsonl is missing: figures computed from it are missing or 0", "equity.csv has 1 steps and journal.jsonl 0: returns are of the first, trades and costs of the second"}, notes("journal.jsonl", ""))
	require.Equal(t, []string{"equity.csv has 1 steps and journal.jsonl 0: returns are of the first, trades and costs of the second"}, notes("", "journal.jsonl"))
	require.Len(t, notes("equity.csv", ""), 2)
	require.Equal(t, []string{"model usage is unknown: usage.json is missing"}, notes("usage.json", ""), "the run came to its end")
}

// Money beyond what can be kept is an error, not a wrong figure.
func TestTooMuchMoney(t *testing.T) {
	r := small()
	r.edit(func(e *pitwall.Entry) {
		if e.Fill != nil && e.Fill.Symbol == "BBB" {
			e.Fill.Qty = 1_000_000_000 * pitwall.One
		}
	})
	r.Bars["BBB"].Close[4] = 1000 * pitwall.One
	_, err := r.Sheet()
	require.ErrorContains(t, err, "number too large")
}

// BTC trades every day, SPY does not: the returns that are compared are those from
// Friday to Monday, too, and the year has 252 of them.
func TestRelativeOfTwoCalendars(t *testing.T) {
	btc := []float64{100, 102, 101, 104, 110, 99, 105, 107, 103, 108, 112, 111} // Thursday 2024-01-04 to Monday 2024-01-15
	spy := map[int]int64{4: 400, 5: 404, 8: 402, 9: 410, 10: 409, 11: 413, 12: 420}
	from := time.Date(2024, 1, 5, 0, 0, 0, 0, time.UTC) // the end of Thursday
	r := &Run{Manifest: runs.Manifest{Cash: pitwall.Int(100), Benchmark: "SPY"}, Bars: map[string]*pitwall.Series{}}
	last := int64(400)
	var bars []pitwall.Bar
	for i, e := range btc {
		day := 4 + i
		if p, ok := spy[day]; ok {
			last = p
			open := time.Date(2024, 1, day, 9, 30, 0, 0, time.FixedZone("", -5*60*60))
			bars = append(bars, pitwall.Bar{Symbol: "SPY", Start: open, End: open.Add(390 * time.Minute), Known: open.Add(390 * time.Minute), Open: pitwall.Int(p), Close: pitwall.Int(p)})
		}
		r.Points = append(r.Points, Point{At: from.AddDate(0, 0, i), Equity: e, Benchmark: float64(last)})
	}
	r.Bars = seriesOf(map[string][]pitwall.Bar{"SPY": bars})
	s, err := r.Sheet()
	require.NoError(t, err)
	// The first return is that of the first day against the cash: 0 and 0.
	mine := []float64{0, 102.0/100 - 1, 110.0/102 - 1, 99.0/110 - 1, 105.0/99 - 1, 107.0/105 - 1, 103.0/107 - 1}
	other := []float64{0, 404.0/400 - 1, 402.0/404 - 1, 410.0/402 - 1, 409.0/410 - 1, 413.0/409 - 1, 420.0/413 - 1}
	want := relative(mine, other, 252)
	for name, f := range map[string][2]*float64{"beta": {want.Beta, s.Relative.Beta}, "correlation": {want.Correlation, s.Relative.Correlation}, "tracking error": {want.TrackingError, s.Relative.TrackingError},
		"information ratio": {want.InformationRatio, s.Relative.InformationRatio}, "alpha": {want.Alpha, s.Relative.Alpha}} {
		require.InDelta(t, *f[0], *f[1], 1e-7, name)
	}
	require.Equal(t, 365.0, s.Strategy.PeriodsAYear, "its own figures are of every day")
}

// SPY held against BTC: a Friday's close is compared with BTC's of that date, which is
// known hours later, not with the last that was known at the close.
func TestRelativeToALaterClose(t *testing.T) {
	spy, btc := []float64{100, 101, 103, 102, 105, 104}, []int64{50, 51, 53, 52, 55, 54, 57, 59, 58, 61} // weekdays from Wednesday 2024-01-03; every day
	r := &Run{Manifest: runs.Manifest{Cash: pitwall.Int(100), Benchmark: "BTC"}, Bars: map[string]*pitwall.Series{}}
	var bars []pitwall.Bar
	for i, p := range btc {
		day := time.Date(2024, 1, 3+i, 0, 0, 0, 0, time.UTC)
		bars = append(bars, pitwall.Bar{Symbol: "BTC", Start: day, End: day.AddDate(0, 0, 1), Known: day.AddDate(0, 0, 1), Open: pitwall.Int(p), Close: pitwall.Int(p)})
	}
	r.Bars = seriesOf(map[string][]pitwall.Bar{"BTC": bars})
	for i, day := range []int{3, 4, 5, 8, 9, 10} {
		known := float64(btc[max(0, day-4)]) // of the day before
		r.Points = append(r.Points, Point{At: time.Date(2024, 1, day, 16, 0, 0, 0, time.FixedZone("", -5*60*60)), Equity: spy[i], Benchmark: known})
	}
	s, err := r.Sheet()
	require.NoError(t, err)
	want := relative([]float64{0, 101.0/100 - 1, 103.0/101 - 1, 102.0/103 - 1, 105.0/102 - 1, 104.0/105 - 1}, []float64{0, 51.0/50 - 1, 53.0/51 - 1, 54.0/53 - 1, 57.0/54 - 1, 59.0/57 - 1}, 252)
	require.InDelta(t, *want.Beta, *s.Relative.Beta, 1e-7)
	require.InDelta(t, *want.Correlation, *s.Relative.Correlation, 1e-7)
}
