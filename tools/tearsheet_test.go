package tools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// A real broker gives no equity points: the answer says so, and what there is.
func TestTearsheetOfALiveWorld(t *testing.T) {
	w, b := liveWorld()
	b.held = pitwall.Int(3)
	w.Warnings = []pitwall.Warning{{Text: "told from the start"}, {Code: pitwall.NoDividends, Text: "price return"}, {Known: w.Clock.Now(), Text: "known now"}, {Known: w.Clock.Now().Add(time.Nanosecond), Text: "news of tomorrow"}}
	a := newSet().Call(trader(), w, "report_tearsheet", nil)
	require.False(t, a.IsError, a.Text)
	require.Contains(t, a.Text, "NO_COVERAGE: this live world keeps no equity points")
	require.Contains(t, a.Text, "total_return,-\n")
	require.Contains(t, a.Text, "\nX,3,")
	require.Empty(t, a.Images)
	require.Contains(t, a.Text, "warning: told from the start\nwarning: known now\n")
	require.Contains(t, a.Text, "Z\nread with: price return\nfrom=")
	require.Contains(t, string(a.JSON), `"read_with":[{"code":"no_dividends","text":"price return"}]`)
	require.NotContains(t, a.Text+string(a.JSON), "tomorrow")
	var out struct {
		Run       struct{ Name string }
		Strategy  map[string]any
		Positions []any
		Curve     struct{ Time []int64 }
	}
	require.NoError(t, json.Unmarshal(a.JSON, &out))
	require.Equal(t, "Live trading", out.Run.Name)
	require.Nil(t, out.Strategy["total_return"])
	require.Len(t, out.Positions, 1)
	require.NotNil(t, out.Curve.Time)
}

// sheetWorld is a simulated world without a simulator: a journal of points and
// trades.
func sheetWorld(t testing.TB, points, trades int, reason string) *pitwall.World {
	t.Helper()
	w, _ := liveWorld()
	w.Mode = pitwall.Sim
	ctx := context.Background()
	at := time.Date(2025, 1, 2, 21, 0, 0, 0, time.UTC)
	put := func(e pitwall.Entry) {
		_, err := w.Journal.Append(ctx, e)
		require.NoError(t, err)
	}
	put(pitwall.Entry{AsOf: at.Add(-time.Hour), Kind: pitwall.EntryStart, Book: pitwall.MainBook, Amount: pitwall.Int(1000)})
	for i := range trades {
		side := pitwall.Buy
		if i%2 == 1 {
			side = pitwall.Sell
		}
		id := fmt.Sprintf("o%d", i)
		put(pitwall.Entry{AsOf: at, Kind: pitwall.EntryIntent, Verb: "submit", ID: id, Book: pitwall.MainBook, Order: &pitwall.Order{ID: id, Symbol: "X", Side: side, Qty: pitwall.One, Reason: reason}})
		put(pitwall.Entry{AsOf: at, Kind: pitwall.EntryFill, ID: id, Book: pitwall.MainBook, Fill: &pitwall.Fill{ID: id + ".1", OrderID: id, Book: pitwall.MainBook, Symbol: "X", Side: side, Qty: pitwall.One, Price: pitwall.Int(100), Time: at, Known: at}})
	}
	for i := range points {
		p := pitwall.EquityPoint{Time: at, Equity: pitwall.Int(int64(1000 + i%7)), Cash: pitwall.Int(1000)}
		put(pitwall.Entry{AsOf: at, Kind: pitwall.EntryMark, Book: pitwall.MainBook, Mark: &p})
		at = at.Add(24 * time.Hour)
	}
	return w
}

// Long lists are cut, and the answer says so; the curve keeps its ends and peaks.
func TestTearsheetIsCut(t *testing.T) {
	w := sheetWorld(t, 5000, 60, strings.Repeat("long reason ", 300))
	a := newSet().Call(trader(), w, "report_tearsheet", json.RawMessage(`{"picture":false}`))
	require.False(t, a.IsError, a.Text)
	var out struct {
		Trades []struct {
			EntryReason string `json:"entry_reason"`
		}
		Total   int `json:"total_trades"`
		Omitted []string
		Months  []any
		Curve   struct {
			Time     []int64
			Strategy []float64
			Of       int
		}
	}
	require.NoError(t, json.Unmarshal(a.JSON, &out))
	require.Len(t, out.Trades, 20)
	require.Equal(t, 30, out.Total)
	require.LessOrEqual(t, len([]rune(out.Trades[0].EntryReason)), 201)
	require.Contains(t, out.Omitted, "trades: the first 10 of 30")
	require.Contains(t, strings.Join(out.Omitted, ";"), "reasons are cut")
	require.Contains(t, strings.Join(out.Omitted, ";"), "months: the first")
	require.Len(t, out.Months, 36)
	require.Equal(t, 5000, out.Curve.Of)
	require.LessOrEqual(t, len(out.Curve.Time), 300)
	require.Greater(t, len(out.Curve.Time), 200)
	for i := 1; i < len(out.Curve.Time); i++ {
		require.Less(t, out.Curve.Time[i-1], out.Curve.Time[i])
	}
	require.Contains(t, out.Curve.Strategy, 0.006)
	require.InDelta(t, float64(4999%7)/1000, out.Curve.Strategy[len(out.Curve.Strategy)-1], 1e-12)
	require.Less(t, len(a.JSON), 60_000)
	require.Less(t, len(a.Text), 12_000)
}

// It reads what is there and waits for nothing more.
func TestTearsheetDoesNotWait(t *testing.T) {
	ctx, cancel := context.WithTimeout(trader(), 3*time.Minute)
	defer cancel()
	for _, points := range []int{0, 1, 2} {
		w := sheetWorld(t, points, 0, "")
		a := newSet().Call(ctx, w, "report_tearsheet", nil)
		require.False(t, a.IsError, a.Text)
		require.Len(t, a.Images, min(points, 1))
	}
	require.NoError(t, ctx.Err())
}

func BenchmarkTearsheet(b *testing.B) {
	for _, n := range []int{250, 5000} {
		for _, picture := range []bool{false, true} {
			b.Run(fmt.Sprintf("%d points, picture %t", n, picture), func(b *testing.B) {
				w := sheetWorld(b, n, 50, "because")
				raw := json.RawMessage(fmt.Sprintf(`{"picture":%t}`, picture))
				s := newSet()
				for b.Loop() {
					a := s.Call(trader(), w, "report_tearsheet", raw)
					require.False(b, a.IsError, a.Text)
					b.ReportMetric(float64(len(a.Text)+len(a.JSON)), "answer-B")
				}
			})
		}
	}
}
