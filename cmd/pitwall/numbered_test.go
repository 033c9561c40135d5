package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/agentloop/scripts"
	"pitwall/cache/disk"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools"
)

// L7: a 24/7 world that is moved by k days trades the same, k days later: nothing
// hangs on an absolute date.
func TestL07WorldShift(t *testing.T) {
	t.Parallel()
	trades := func(days int) string {
		text := "symbol,timestamp,open,high,low,close,volume\n"
		price := 100.0
		for d := range 60 {
			price *= 1 + float64(d*37%19-9)/300
			text += fmt.Sprintf("COIN-USD,%s,%.2f,%.2f,%.2f,%.2f,100000\n", time.Date(2023, 5, 1+d+days, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), price, price*1.03, price*0.97, price*1.01)
		}
		store, err := history.Load(context.Background(), []history.Input{{FS: fstest.MapFS{"b.csv": {Data: []byte(text)}}, Path: "b.csv"}}, history.Options{})
		require.NoError(t, err)
		folder, err := runs.Create(disk.OS{}, filepath.Join(t.TempDir(), "run"), nil)
		require.NoError(t, err)
		defer folder.Close()
		w, err := driver.NewSim(store, plain(t, "COIN-USD"), folder)
		require.NoError(t, err)
		defer w.Close()
		params := map[string]any{"lookback": 5}
		model, err := scripts.All()["momentum"](params)
		require.NoError(t, err)
		a := &app{now: hostNow, stdout: term.NewOutput(os.Stdout), stderr: os.Stderr, stop: make(chan struct{}), settings: readSettings}
		_, err = driver.Drive(context.Background(), w.World(), "test", nil, agentloop.Config{Agents: []agentloop.Agent{{Name: "main", Model: model, ModelName: "script/momentum", Params: params, Every: agentloop.Every{Bars: 2}}}, Recorder: folder, Now: a.now, Stop: a.stop})
		require.NoError(t, err)
		fills, _, err := w.World().Broker.Fills(context.Background(), pitwall.Cursor{})
		require.NoError(t, err)
		var b strings.Builder
		for _, f := range fills {
			fmt.Fprintln(&b, f.Time.AddDate(0, 0, -days), f.Side, f.Qty, f.Price, f.Fee, f.Rule)
		}
		return b.String()
	}
	first := trades(0)
	require.GreaterOrEqual(t, strings.Count(first, "\n"), 6)
	for _, days := range []int{1, 6, 7, 30, 365, 366, -400} {
		require.Equal(t, first, trades(days), "moved by %d days", days)
	}
}

// L8: the host's date changes no byte of a run but timing.jsonl.
func TestL08HostClock(t *testing.T) {
	dir := t.TempDir()
	run := func(name string, now time.Time) string {
		s, err := readStrategy("examples/momentum")
		require.NoError(t, err)
		s.To = aYear()
		require.NoError(t, s.Check())
		a := &app{now: func() time.Time { return now }, stdout: term.NewOutput(os.Stdout), stderr: os.Stderr, stop: make(chan struct{}), settings: readSettings}
		out := filepath.Join(dir, name, "run")
		_, err = a.runStrategy(context.Background(), s, backtestFlags{out: out, noReport: true}, nil)
		require.NoError(t, err)
		return fingerprint(t, out)
	}
	first := run("a", time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC))
	require.Equal(t, first, run("b", time.Date(2040, 12, 31, 23, 59, 59, 0, time.UTC)))
	require.Equal(t, first, run("c", time.Now()))
	require.NotContains(t, first, time.Now().Format(time.DateOnly), "L10: no host date in what was left")
}

// L50: 64 worlds at different times, side by side over the same data, see what
// each alone sees.
func TestL50ManyWorlds(t *testing.T) {
	t.Parallel()
	d, build := sample(t), sampled(t)
	at := func(i int) string {
		w, err := build(d, d.Series[0].Bar(5+i).Start)
		require.NoError(t, err)
		defer w.Close()
		set := tools.New((&app{stderr: os.Stderr, settings: readSettings}).logger(), nil)
		ctx := pitwall.WithCaller(context.Background(), pitwall.Caller{Principal: pitwall.Local})
		text := ""
		for _, c := range [][2]string{{"clock_next_bar", `{}`}, {"market_load_history_table", `{"symbols":["AAA","BBB"],"table":"h"}`}, {"duckdb_query", `{"sql":"SELECT count(*), max(ts), max(high), sum(volume) FROM h"}`},
			{"news_search", `{}`}, {"macro_series", `{"series":"GDP"}`}, {"fundamentals", `{"symbol":"AAA"}`}, {"market_last_price", `{}`}} {
			text += set.Call(ctx, w, c[0], json.RawMessage(c[1])).Text
		}
		return text
	}
	worlds := often(16, 64)
	alone, together := make([]string, worlds), make([]string, worlds)
	for i := range worlds {
		alone[i] = at(i)
		if i > 0 {
			require.NotEqual(t, alone[i-1], alone[i])
		}
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, 8)
	for i := range worlds {
		wg.Go(func() {
			slots <- struct{}{}
			together[i] = at(i)
			<-slots
		})
	}
	wg.Wait()
	require.Equal(t, alone, together)
}
