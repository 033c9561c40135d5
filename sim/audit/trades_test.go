package audit

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

func dec(s string) pitwall.Dec {
	d, err := pitwall.ParseDec(s)
	if err != nil {
		panic(err)
	}
	return d
}

// barsOf makes bars from lines "2024-01-02 09:30 open high low close [volume]";
// without a time of day they are daily ones, 09:30 to 16:00.
func barsOf(t testing.TB, symbol string, size time.Duration, lines ...string) *pitwall.Series {
	loc := newYork(t)
	s := &pitwall.Series{Adjusted: pitwall.Raw, Size: size, Instrument: pitwall.Instrument{Symbol: symbol, Kind: pitwall.Equity, Lot: pitwall.One, Tradable: true, Zone: loc}}
	for _, line := range lines {
		f := strings.Fields(line)
		clock, long := "09:30", 6*time.Hour+30*time.Minute
		if size < 24*time.Hour {
			clock, long = f[1], size
			f = append(f[:1], f[2:]...)
		}
		start, err := time.ParseInLocation("2006-01-02 15:04", f[0]+" "+clock, loc)
		require.NoError(t, err)
		b := pitwall.Bar{Symbol: symbol, Start: start, End: start.Add(long), Known: start.Add(long),
			Open: dec(f[1]), High: dec(f[2]), Low: dec(f[3]), Close: dec(f[4]), Volume: pitwall.NoVolume}
		if len(f) > 5 {
			b.Volume = dec(f[5]).Float()
		}
		require.NoError(t, s.Append(b))
	}
	return s
}

const day, minute = 24 * time.Hour, time.Minute

// rowsOf makes rows of lines of timestamp,symbol,side,qty,price[,fee].
func rowsOf(lines ...string) (rows [][]string, at []int) {
	for i, line := range lines {
		if row := strings.Split(line, ","); strings.Count(line, ",") == 4 {
			rows, at = append(rows, append(row, "")), append(at, i+2)
		} else {
			rows, at = append(rows, row), append(at, i+2)
		}
	}
	return rows, at
}

// readRows reads rows as a file would have them.
func readRows(t *testing.T, lines ...string) ([]Trade, error) {
	rows, at := rowsOf(lines...)
	return ReadTrades("t.csv", rows, at, func(symbol string) *time.Location {
		if symbol == "BTC" {
			return nil
		}
		return newYork(t)
	})
}

func TestReadTrades(t *testing.T) {
	got, err := readRows(t, "2024-01-02,X,buy,1,10.5,", "2024-01-02 09:30:00,X,sell,1,10.5,0.25", "2024-01-02T09:30,X,buy,1,10.5,0",
		"2024-01-02T09:30:00.25,X,buy,1,10.5,0", "2024-01-02T09:30:00+01:00,X,buy,1,10.5,0", "2024-01-02 09:30:00,BTC,buy,1,10.5,0", "2024-01-02,X,opening,7,,")
	require.NoError(t, err)
	var stamps []string
	for i, tr := range got {
		require.Equal(t, i+2, tr.Line)
		require.Equal(t, i == 0 || i == 6, tr.DateOnly)
		require.Equal(t, i == 6, tr.Opening)
		stamps = append(stamps, tr.Time.Format(time.RFC3339Nano))
	}
	require.Equal(t, []string{"2024-01-02T00:00:00-05:00", "2024-01-02T09:30:00-05:00", "2024-01-02T09:30:00-05:00",
		"2024-01-02T09:30:00.25-05:00", "2024-01-02T09:30:00+01:00", "2024-01-02T09:30:00Z", "2024-01-02T00:00:00-05:00"}, stamps)
	require.Equal(t, pitwall.Sell, got[1].Side)
	require.Equal(t, "0.25", got[1].Fee.String())
}

func TestReadTradesNamesFileAndLine(t *testing.T) {
	for row, want := range map[string]string{
		"2024-01-02,X,hold,1,1":    `t.csv:2: side "hold"`,
		"2024-01-02,X,buy,one,1":   "t.csv:2: qty",
		"2024-13-02,X,buy,1,1":     "t.csv:2: timestamp",
		"2024-01-02,,buy,1,1":      "t.csv:2: symbol",
		"2024-01-02,X,buy,1":       "t.csv:2: 4 columns",
		"2024-01-02,X,buy,1,1e99":  "t.csv:2: price",
		"2024-01-02,X,buy,1,1,fee": "t.csv:2: fee",
	} {
		_, err := readRows(t, row)
		require.ErrorContains(t, err, want, "%q", row)
	}
}

func TestAudit(t *testing.T) {
	data := fixed{series: []*pitwall.Series{
		barsOf(t, "D", day, "2024-01-02 100 102 99 101", "2024-01-03 103 105 103 104"),
		barsOf(t, "M", minute, "2024-01-02 09:30 100 101 99 100", "2024-01-02 09:31 103 104 102 103", "2024-01-02 10:00 90 91 89 90"),
	}}
	for _, c := range []struct{ row, reason string }{
		{"2024-01-02,D,buy,1,99", ""},
		{"2024-01-02,D,buy,1,102", ""},
		{"2024-01-02,D,buy,1,102.01", "price 102.01 is outside the day's range 99 .. 102 (2024-01-02)"},
		{"2024-01-02 00:00:00,D,buy,1,100", ""}, // midnight where only daily bars exist
		{"2024-01-02T00:00:00Z,D,buy,1,100", ""},
		{"2024-01-02 09:30:00,D,buy,1,100", ""},
		{"2024-01-02 16:00:00,D,buy,1,98", "price 98 is outside the bar's range 99 .. 102 (bar of 2024-01-02 09:30)"},
		{"2024-01-02 17:00:00,D,buy,1,101", "no bar of D at 2024-01-02 17:00:00; price 101 is inside the day's range 99 .. 102"},
		{"2024-01-04,D,buy,1,100", "no bar of D on 2024-01-04"},
		{"2024-01-02,Z,buy,1,100", "no data for Z"},
		{"2024-01-02 09:31:00,M,buy,1,100", ""}, // the edge of two bars: the first
		{"2024-01-02 09:31:00,M,buy,1,103", ""}, // and the second
		{"2024-01-02 09:31:00,M,buy,1,101.5", "price 101.5 is outside the bar's range 102 .. 104 (bar of 2024-01-02 09:31)"},
		{"2024-01-02 09:30:30,M,buy,1,103", "price 103 is outside the bar's range 99 .. 101 (bar of 2024-01-02 09:30)"},
		{"2024-01-02T14:30:30Z,M,buy,1,100", ""},
		{"2024-01-02 09:45:00,M,buy,1,95", "no bar of M at 2024-01-02 09:45:00; price 95 is inside the day's range 89 .. 104"},
		{"2024-01-02 09:45:00,M,buy,1,105", "no bar of M at 2024-01-02 09:45:00; price 105 is outside even the day's range 89 .. 104"},
		{"2024-01-02,M,buy,1,95", ""}, // a day's range
		{"2024-01-02 00:00:00,M,buy,1,95", "no bar of M at 2024-01-02 00:00:00; price 95 is inside the day's range 89 .. 104"},
		{"2024-01-02,D,buy,0,100", "qty 0 is not above 0"},
		{"2024-01-02,D,buy,-1,0", "qty -1 is not above 0; price 0 is not above 0; price 0 is outside the day's range 99 .. 102 (2024-01-02)"},
		{"2024-01-02,D,sell,1,103", "price 103 is outside the day's range 99 .. 102 (2024-01-02); sold 1 with 0 held"},
	} {
		trades, err := readRows(t, c.row)
		require.NoError(t, err)
		rep := CheckTrades(trades, data, TradeOptions{})
		if c.reason == "" {
			require.Equal(t, TradeResult{Fills: 1, Explained: 1, Findings: []Finding{}}, rep, c.row)
			continue
		}
		require.Len(t, rep.Findings, 1, c.row)
		require.Equal(t, c.reason, rep.Findings[0].Reason, c.row)
		require.Equal(t, []int{1, 0, 1, 2}, []int{rep.Fills, rep.Explained, rep.Unexplained, rep.Findings[0].Line})
	}
	// A week's bar, from Tuesday (a holiday on Monday) to Friday, is of each of its days.
	week := pitwall.Bar{Symbol: "W", Start: time.Date(2024, 1, 2, 9, 30, 0, 0, newYork(t)), End: time.Date(2024, 1, 5, 16, 0, 0, 0, newYork(t)), Open: dec("100"), High: dec("102"), Low: dec("99"), Close: dec("101"), Volume: pitwall.NoVolume}
	week.Known = week.End
	weekly := &pitwall.Series{Adjusted: pitwall.Raw, Size: 7 * day, Instrument: data.series[0].Instrument}
	weekly.Instrument.Symbol = "W"
	require.NoError(t, weekly.Append(week))
	for row, reason := range map[string]string{
		"2024-01-02,W,buy,1,100":          "",
		"2024-01-04,W,buy,1,100":          "",
		"2024-01-05 12:00:00,W,buy,1,100": "",
		"2024-01-04,W,buy,1,103":          "price 103 is outside the range 99 .. 102 of the bars that hold 2024-01-04",
		"2024-01-01,W,buy,1,100":          "no bar of W on 2024-01-01",
		"2024-01-06,W,buy,1,100":          "no bar of W on 2024-01-06",
	} {
		trades, err := readRows(t, row)
		require.NoError(t, err)
		rep := CheckTrades(trades, fixed{series: []*pitwall.Series{weekly}}, TradeOptions{})
		if reason == "" {
			require.Empty(t, rep.Findings, row)
			continue
		}
		require.Len(t, rep.Findings, 1, row)
		require.Equal(t, reason, rep.Findings[0].Reason)
	}
	ten := []Trade{{Time: data.series[0].Bar(0).Start, Symbol: "D", Side: pitwall.Buy, Qty: pitwall.One, Price: dec("102.1")}}
	require.Equal(t, 1, CheckTrades(ten, data, TradeOptions{ToleranceBps: dec("10")}).Explained, "102 x 1.001 = 102.102")
	require.Equal(t, 0, CheckTrades(ten, data, TradeOptions{ToleranceBps: dec("9")}).Explained, "102 x 1.0009 = 102.0918")
}

// What the costs explain, and on which side; prints of auctions; what was there before.
func TestAuditOfExports(t *testing.T) {
	data := fixed{series: []*pitwall.Series{
		barsOf(t, "D", day, "2024-01-02 100 102 100 101 1000", "2024-01-03 103 105 103 104"),
		barsOf(t, "M", minute, "2024-01-02 09:30 100 101 99 100", "2024-01-02 09:31 103 104 102 103", "2024-01-02 15:59 90 91 89 90", "2024-01-03 09:30 80 81 79 80"),
	}}
	for _, c := range []struct {
		row   string
		costs pitwall.Costs
		why   string
	}{
		{"2024-01-02,D,buy,1,102.1", pitwall.Costs{SlippageBps: dec("10")}, ""}, // 102 x 1.001 = 102.102
		{"2024-01-02,D,buy,1,102.1", pitwall.Costs{SlippageBps: dec("9")}, "outside"},
		{"2024-01-02,D,buy,1,99.95", pitwall.Costs{SlippageBps: dec("10")}, "outside"}, // a buyer's price moves up
		{"2024-01-02,D,sell,1,99.9", pitwall.Costs{SlippageBps: dec("10")}, ""},
		{"2024-01-02,D,sell,1,102.01", pitwall.Costs{SlippageBps: dec("10")}, "outside"},
		{"2024-01-02,D,buy,1,102.06", pitwall.Costs{SlippageEach: dec("0.01"), Spread: dec("0.1")}, ""},
		{"2024-01-02,D,buy,1,102.07", pitwall.Costs{SlippageEach: dec("0.01"), Spread: dec("0.1")}, "outside"},
		{"2024-01-02,D,buy,500,127.5", pitwall.Costs{Impact: dec("1")}, ""}, // half of the volume: 102 x 0.25
		{"2024-01-02,D,buy,500,127.51", pitwall.Costs{Impact: dec("1")}, "outside"},
		{"2024-01-02 16:00:02,D,buy,1,101", pitwall.Costs{}, ""},
		{"2024-01-02 09:29:59,D,buy,1,101", pitwall.Costs{}, ""},
		{"2024-01-02 16:01:01,D,buy,1,101", pitwall.Costs{}, "no bar"},
		{"2024-01-02 16:00:02,D,buy,1,103", pitwall.Costs{}, "outside"},
		{"2024-01-02 16:00:02,M,buy,1,90", pitwall.Costs{}, ""},
		{"2024-01-03 09:29:58,M,buy,1,80", pitwall.Costs{}, ""},
		{"2024-01-02 09:31:30,M,buy,1,100", pitwall.Costs{}, "outside"}, // another bar follows: no print of the one before
		{"2024-01-02 09:32:30,M,buy,1,103", pitwall.Costs{}, ""},
		{"2024-01-02 09:33:30,M,buy,1,103", pitwall.Costs{}, "no bar"},
	} {
		trades, err := readRows(t, c.row)
		require.NoError(t, err)
		rep := CheckTrades(trades, data, TradeOptions{AllowShort: true, Costs: c.costs})
		if c.why == "" {
			require.Empty(t, rep.Findings, c)
			continue
		}
		require.Len(t, rep.Findings, 1, c)
		require.Contains(t, rep.Findings[0].Reason, c.why, c)
	}
	two, err := readRows(t, "2024-01-02 10:00:00,D,buy,250,102", "2024-01-02 10:00:00,D,buy,250,127.5")
	require.NoError(t, err)
	require.Empty(t, CheckTrades(two, data, TradeOptions{Costs: pitwall.Costs{Impact: pitwall.One}}).Findings, "the second takes the second quarter")
	before, err := readRows(t, "2024-01-01,D,opening,10,,", "2024-01-02,D,sell,10,101", "2024-01-03,D,sell,1,104")
	require.NoError(t, err)
	rep := CheckTrades(before, data, TradeOptions{})
	require.Equal(t, []int{2, 1, 1, 1}, []int{rep.Fills, rep.Explained, rep.Unexplained, rep.Opening})
	require.Equal(t, "sold 1 with 0 held", rep.Findings[0].Reason)
	latest, err := readRows(t, "2024-01-03,D,buy,1,104", "2024-01-02,D,sell,10,101", "2024-01-02,D,buy,10,101")
	require.NoError(t, err)
	require.Empty(t, CheckTrades(latest, data, TradeOptions{}).Findings, "the latest comes first")
}

func TestAuditOfHoldings(t *testing.T) {
	x := barsOf(t, "X", day, "2024-01-02 100 102 98 100", "2024-01-03 50 51 49 50", "2024-01-04 50 51 49 50")
	splits := []pitwall.Action{{Symbol: "X", Ex: x.Bar(1).Start, Type: "split", Value: pitwall.Int(2)}}
	at := func(line, bar int, side pitwall.Side, qty int64, price string) Trade {
		return Trade{Line: line, Time: x.Bar(bar).Start, Symbol: "X", Side: side, Qty: pitwall.Int(qty), Price: dec(price)}
	}
	book := []Trade{at(2, 1, pitwall.Sell, 15, "50"), at(3, 0, pitwall.Buy, 10, "100"), at(4, 2, pitwall.Sell, 6, "50"), at(5, 2, pitwall.Buy, 1, "50"), at(6, 2, pitwall.Sell, 1, "50")}
	rep := CheckTrades(book, fixed{[]*pitwall.Series{x}, splits}, TradeOptions{})
	require.Equal(t, []Finding{{Line: 4, Time: "2024-01-04T09:30:00-05:00", Symbol: "X", Side: "sell", Qty: "6", Price: "50", Reason: "sold 6 with 5 held"}}, rep.Findings)
	require.Equal(t, []int{5, 4, 1}, []int{rep.Fills, rep.Explained, rep.Unexplained})
	require.Empty(t, CheckTrades(book, fixed{[]*pitwall.Series{x}, splits}, TradeOptions{AllowShort: true}).Findings)
	require.Empty(t, CheckTrades(book, fixed{[]*pitwall.Series{x}, splits}, TradeOptions{Held: map[string]pitwall.Dec{"X": dec("0.5")}}).Findings, "half a share before is one after")
	later := book[2:] // of the day after the split: what is held is in new units
	require.Len(t, CheckTrades(later, fixed{[]*pitwall.Series{x}, splits}, TradeOptions{Held: map[string]pitwall.Dec{"X": dec("5")}}).Findings, 1)
	require.Empty(t, CheckTrades(later, fixed{[]*pitwall.Series{x}, splits}, TradeOptions{Held: map[string]pitwall.Dec{"X": dec("6")}}).Findings)
	x.Adjusted = pitwall.SplitAdjusted
	rep = CheckTrades(book, fixed{[]*pitwall.Series{x}, splits}, TradeOptions{})
	require.Equal(t, "sold 15 with 10 held", rep.Findings[0].Reason, "the series' units are new ones already")
}
