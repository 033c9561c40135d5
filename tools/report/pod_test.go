package report

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
)

// fundRun is two pods over four days: a gains 10 % a day with its 100 and gives 50 after the
// second; b has 100, and nothing until it buys with the 50 at the end of day 3.
func fundRun() *Run {
	day := func(n int) time.Time { return time.Date(2024, 3, n, 16, 0, 0, 0, time.UTC) }
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "X", Lot: pitwall.One, Multiplier: pitwall.One, Zone: time.UTC}, Size: 24 * time.Hour}
	for n, open := range []int64{10, 11, 12, 15, 15} {
		p := pitwall.Int(open)
		_ = s.Append(pitwall.Bar{Symbol: "X", Start: day(n + 4).Add(-6 * time.Hour), End: day(n + 4), Known: day(n + 4), Open: p, High: p, Low: p, Close: p, Volume: 1})
	}
	mark := func(book string, n int, equity int64) pitwall.Entry {
		return pitwall.Entry{AsOf: day(n), Kind: pitwall.EntryMark, Book: book, Mark: &pitwall.EquityPoint{Time: day(n), Equity: pitwall.Int(equity), Cash: pitwall.Int(equity)}}
	}
	begin := func(book string, cash int64) pitwall.Entry {
		return pitwall.Entry{AsOf: day(3), Kind: pitwall.EntryStart, Book: book, Amount: pitwall.Int(cash)}
	}
	moved := func(book string, n int, amount int64) pitwall.Entry {
		return pitwall.Entry{AsOf: day(n), Kind: pitwall.EntryCash, Book: book, Flow: &pitwall.CashFlow{Time: day(n), Type: "transfer", Amount: pitwall.Int(amount)}}
	}
	order := pitwall.Order{ID: "1", Book: "b", Symbol: "X", Side: pitwall.Buy, Qty: pitwall.Int(10)}
	denied := pitwall.Entry{AsOf: day(4), Kind: pitwall.EntryOrder, Book: "b", ID: "1", State: &pitwall.OrderState{Order: order, Status: pitwall.Denied,
		Error: &pitwall.Error{Checks: []pitwall.Check{{Name: "fund.max_gross_percent"}}}}}
	trimmed := order
	trimmed.ID, trimmed.Side, trimmed.Sizing = "2", pitwall.Sell, &pitwall.Sizing{Limited: "cash; limit fund.max_leverage: 3 of 5"}
	journal := []pitwall.Entry{begin("main", 0), begin("a", 100), begin("b", 100),
		mark("main", 4, 0), mark("a", 4, 110), mark("b", 4, 100), denied,
		mark("main", 5, 0), mark("a", 5, 121), mark("b", 5, 100), moved("a", 5, -50), moved("b", 5, 50),
		{AsOf: day(5), Kind: pitwall.EntryIntent, Verb: "submit", Book: "b", ID: "2", Order: &trimmed},
		mark("main", 6, 0), mark("a", 6, 71), mark("b", 6, 150),
		mark("main", 7, 0), mark("a", 7, 71), mark("b", 7, 165)}
	m := runs.Manifest{RunID: "f-1", Name: "f", Symbols: []string{"X"}, From: "2024-03-04", Cash: pitwall.Int(200), Pods: []runs.Pod{
		{Name: "a", Cash: pitwall.Int(100), Symbols: []string{"X"}, Agents: []string{"a"}}, {Name: "b", Cash: pitwall.Int(100), Symbols: []string{"X"}, Agents: []string{"b"}}}}
	r := &Run{Manifest: m, Journal: slices.Values(journal), Bars: map[string]*pitwall.Series{"X": s}}
	for i, n := range []int64{210, 221, 221, 236} {
		r.Points = append(r.Points, Point{At: day(i + 4), Equity: float64(n), Exact: pitwall.Int(n)})
	}
	for n := 4; n < 8; n += 2 {
		r.Turns = append(r.Turns, agentloop.TurnLine{Turn: n, Agent: "b", AsOf: day(n).Format(time.RFC3339)}, agentloop.TurnLine{Turn: n + 1, Agent: "a", AsOf: day(n + 1).Format(time.RFC3339)})
	}
	return r
}

func TestPodIsARunOfItsOwn(t *testing.T) {
	r := fundRun()
	a, err := r.Pod("a")
	require.NoError(t, err)
	s, err := a.Sheet()
	require.NoError(t, err)
	require.Equal(t, []any{"f, pod a", pitwall.Int(100), pitwall.Int(71), 2}, []any{s.Run.Name, s.Headline.Start, s.Headline.FinalEquity, s.Run.Turns})
	require.InDelta(t, 0.21, *s.Strategy.TotalReturn, 1e-12, "the 50 that went are no loss")
	require.InDelta(t, 0, s.Headline.MaxDrawdown, 1e-12)
	require.Contains(t, s.Notes, "capital was moved 1 time: returns and the curve are time-weighted; money is what the pod had")
	require.Equal(t, 150.0, a.Points[3].Hold, "100 in X from 10 to 15")
	b, err := r.Pod("b")
	require.NoError(t, err)
	s, err = b.Sheet()
	require.NoError(t, err)
	require.InDelta(t, 0.10, *s.Strategy.TotalReturn, 1e-12)
	_, err = r.Pod("c")
	require.ErrorContains(t, err, `there is no pod "c"`)
	_, err = a.Pod("a")
	require.ErrorContains(t, err, "has no pods")
}

func TestFundSetsPodsSideBySide(t *testing.T) {
	s, err := fundRun().Sheet()
	require.NoError(t, err)
	f := s.Fund
	require.Len(t, f.Pods, 2)
	a, b := f.Pods[0], f.Pods[1]
	require.Equal(t, []pitwall.Dec{pitwall.Int(-50), pitwall.Int(21), pitwall.Int(50), pitwall.Int(15), 0}, []pitwall.Dec{a.Moved, a.Gain, b.Moved, b.Gain, f.Cash})
	require.InDelta(t, 0.105, *a.Share, 1e-12)
	require.InDelta(t, 0.075, *b.Share, 1e-12)
	// Returns of a are 10, 10, 0, 0 percent and of b 0, 0, 0, 10.
	require.InDelta(t, -0.5773502691896258, *f.Correlation[0][1], 1e-12)
	// 10 X from the open of day 5 (11) to that of day 7 (15); 2 X sold from day 6 (12) to day 7 (15).
	require.Equal(t, Central{Denied: 1, Trimmed: 1, Cost: 40, Saved: 6}, b.Central)
	var text []string
	for _, x := range FundTables(f) {
		text = append(text, x.ID)
		for _, row := range x.Rows {
			require.Len(t, row, len(x.Head))
			require.Len(t, x.Kinds, len(x.Head))
		}
	}
	require.Equal(t, []string{"fund-pods", "fund-symbols", "fund-correlation", "fund-limits"}, text)
	for i := range 60 {
		f.Pods[i%2].Symbols = append(f.Pods[i%2].Symbols, Attribution{Symbol: fmt.Sprint("S", i), Gain: pitwall.Int(int64(-i))}, Attribution{Symbol: fmt.Sprint("T", i)})
	}
	by := FundTables(f)[1]
	require.Len(t, by.Rows, 100)
	require.Equal(t, []string{"b", "S59", "-59", "0", "0"}, by.Rows[0])
	require.Contains(t, by.Caption, "the 100 largest of 12")
	single := fundRun()
	single.Manifest.Pods = nil
	s, err = single.Sheet()
	require.NoError(t, err)
	require.Nil(t, s.Fund)
}
