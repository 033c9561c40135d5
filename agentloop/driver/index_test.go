package driver_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/history"
	"pitwall/tools"
)

// weekdays writes n daily bars from 2023-01-03 on.
func weekdays(symbol string, n int, price float64) string {
	var b strings.Builder
	for day := time.Date(2023, 1, 3, 0, 0, 0, 0, time.UTC); n > 0; day = day.AddDate(0, 0, 1) {
		if w := day.Weekday(); w != time.Saturday && w != time.Sunday {
			fmt.Fprintf(&b, "%s,%s,%v,%v,%v,%v,1000000\n", symbol, day.Format(time.DateOnly), price, price, price, price)
			n--
		}
	}
	return b.String()
}

// What may be traded follows the index as known at the clock; what left it can be closed.
func TestIndexMembers(t *testing.T) {
	files := fstest.MapFS{
		"m.csv":      {Data: []byte("symbol,from,to,known_at\nA,2020-01-01,2023-01-10,\nB,2023-01-09,,\nC,2020-01-01,,2023-01-12T09:00:00-05:00\nD,2020-01-01,2022-12-30,\nE,2020-01-01,,\n")},
		"d/bars.csv": {Data: []byte(barHead + weekdays("A", 30, 10) + weekdays("B", 30, 20) + weekdays("C", 30, 30) + weekdays("D", 30, 40) + weekdays("X", 30, 50))},
	}
	s, err := driver.Parse("s.yaml", []byte("index: m.csv\ndata: [d]\nfrom: 2023-01-03\nagent: {model: script/buyhold}\n"))
	require.NoError(t, err)
	require.NoError(t, s.Check())
	store, err := s.Load(t.Context(), files, &history.Local{})
	require.NoError(t, err)
	require.NoError(t, s.Check(), "it may be checked again")
	spec, err := s.Spec()
	require.NoError(t, err)
	require.Equal(t, []string{"A", "B", "C"}, spec.Symbols, "D left before, E has no data")
	require.Equal(t, "1 of 4 members of m.csv have no bars in the data (E): results lack them, and those that were delisted are the likeliest to lack", spec.Lacking)

	sim, err := driver.NewSim(store, spec, &pitwall.MemoryJournal{})
	require.NoError(t, err)
	defer sim.Close()
	w, set := sim.World(), tools.New(slog.New(slog.DiscardHandler), nil)
	ctx := pitwall.WithCaller(t.Context(), pitwall.Caller{Principal: pitwall.Local})
	tradable := func() (list string) {
		for _, i := range w.Instruments.Instruments() {
			if i.Tradable {
				list += i.Symbol
			}
		}
		return list
	}
	call := func(args string) tools.Answer { return set.Call(ctx, w, "orders_submit", []byte(args)) }
	seen, digests := map[string]string{}, map[string]string{}
	for {
		before := w.Clock.Now()
		now, err := w.Clock.Next(context.WithoutCancel(ctx), before)
		if err != nil {
			break
		}
		day := now.Format(time.DateOnly)
		seen[day], digests[day] = tradable(), w.Market.Digest()
		switch day {
		case "2023-01-03":
			require.False(t, call(`{"symbol":"A","qty":100,"side":"buy"}`).IsError)
			require.Contains(t, call(`{"symbol":"B","qty":1,"side":"buy"}`).Text, "UNKNOWN_SYMBOL", "that B will join is not known")
			_, err := w.Market.Last(ctx, "B")
			require.ErrorContains(t, err, "UNKNOWN_SYMBOL")
			require.Len(t, w.Instruments.Instruments(), 1)
		case "2023-01-09":
			bars, err := w.Market.Bars(ctx, pitwall.BarQuery{Symbol: "B"})
			require.NoError(t, err)
			require.Len(t, bars, 5, "its bars from before it joined are shown then")
		case "2023-01-11":
			require.Contains(t, call(`{"symbol":"A","qty":1,"side":"buy"}`).Text, "A is not in the index now: it can only be closed")
			require.Contains(t, call(`{"symbol":"A","target_percent":1}`).Text, "can only be closed")
			require.False(t, call(`{"symbol":"A","target_percent":0}`).IsError)
		}
	}
	require.Equal(t, []string{"A", "AB", "AB", "B", "BC", "BC"}, []string{seen["2023-01-06"], seen["2023-01-09"], seen["2023-01-10"], seen["2023-01-11"], seen["2023-01-12"], seen["2023-01-31"]})
	acc, err := w.Broker.Account(ctx, pitwall.MainBook)
	require.NoError(t, err)
	require.Zero(t, acc.Held("A"), "what left the index was sold")

	// Other members of later days change nothing before them.
	other := fstest.MapFS{"d/bars.csv": files["d/bars.csv"], "m.csv": {Data: []byte(strings.Replace(string(files["m.csv"].Data), "2023-01-12T", "2023-01-20T", 1))}}
	again, err := driver.Parse("s.yaml", []byte("index: m.csv\ndata: [d]\nfrom: 2023-01-03\nagent: {model: script/buyhold}\n"))
	require.NoError(t, err)
	require.NoError(t, again.Check())
	store, err = again.Load(t.Context(), other, &history.Local{})
	require.NoError(t, err)
	spec, err = again.Spec()
	require.NoError(t, err)
	second, err := driver.NewSim(store, spec, &pitwall.MemoryJournal{})
	require.NoError(t, err)
	defer second.Close()
	u := second.World()
	for day := ""; day != "2023-01-12"; {
		now, err := u.Clock.Next(ctx, u.Clock.Now())
		require.NoError(t, err)
		if day = now.Format(time.DateOnly); day == "2023-01-12" {
			require.NotEqual(t, digests[day], u.Market.Digest(), "a member more in the other world")
		} else {
			require.Equal(t, digests[day], u.Market.Digest(), day)
		}
	}
}

// A list of stocks that all lived through the run is named, and only then.
func TestSurvivorsReadWith(t *testing.T) {
	data := func(ends int) map[string]string {
		text := barHead
		for i, s := range []string{"A", "B", "C", "D", "X"} {
			n := 300
			if i == 0 {
				n = ends
			}
			text += weekdays(s, n, float64(10+i))
		}
		return map[string]string{"d.csv": text}
	}
	symbols := func(list ...string) func(*driver.Config) {
		return func(c *driver.Config) { c.Strategy.Symbols = list; c.Agents[0].Every.Bars = 100 }
	}
	has := func(r *driver.Result) bool {
		for _, x := range r.ReadWith {
			if x.Code == pitwall.Survivors {
				require.Equal(t, "the 5 stocks were listed by hand and none of them ended within the run: results are likely too good; index: FILE follows an index's members as they were known", x.Text)
				return true
			}
		}
		return false
	}
	require.True(t, has(backtest(t, data(300), symbols("A", "B", "C", "D", "X"))))
	require.False(t, has(backtest(t, data(200), symbols("A", "B", "C", "D", "X"))), "one ended")
	require.False(t, has(backtest(t, data(300), symbols("A", "B", "C", "D"))), "few")
	kinds := data(300)
	kinds["i.csv"] = "symbol,kind\nA,etf\n"
	require.False(t, has(backtest(t, kinds, symbols("A", "B", "C", "D", "X"))), "four and a fund")
	require.False(t, has(backtest(t, data(300), func(c *driver.Config) {
		symbols("A", "B", "C", "D", "X")(c)
		c.Strategy.From = "2023-12-01"
	})), "a short run")
	r := backtest(t, map[string]string{"d.csv": data(300)["d.csv"], "m.csv": "symbol,from,to\nA,2020-01-01,\nB,2020-01-01,\nC,2020-01-01,\nD,2020-01-01,\nX,2020-01-01,\nZ,2020-01-01,\n"}, func(c *driver.Config) {
		c.Strategy.Symbols, c.Strategy.Index = nil, filepath.Join("d", "m.csv")
		c.Agents[0].Every.Bars = 100
	})
	require.False(t, has(r))
	require.Equal(t, pitwall.MembersLacking, r.ReadWith[0].Code)
	require.Contains(t, r.ReadWith[0].Text, "1 of 6 members of d/m.csv have no bars in the data (Z)")
}
