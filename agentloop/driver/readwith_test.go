package driver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
)

const barHead = "symbol,timestamp,open,high,low,close,volume\n"

// flatBars writes bars of one price a day for weekdays from 2024-01-02 on.
func flatBars(symbol string, volume int, prices ...float64) string {
	var b strings.Builder
	day := time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC)
	for _, p := range prices {
		for day.Weekday() == time.Saturday || day.Weekday() == time.Sunday || day.Day() == 15 && day.Month() == 1 {
			day = day.AddDate(0, 0, 1)
		}
		fmt.Fprintf(&b, "%s,%s,%v,%v,%v,%v,%d\n", symbol, day.Format(time.DateOnly), p, p, p, p, volume)
		day = day.AddDate(0, 0, 1)
	}
	return b.String()
}

// backtest runs buyhold over files of data at no cost; edit changes the strategy.
func backtest(t *testing.T, files map[string]string, edit func(*driver.Config)) *driver.Result {
	t.Helper()
	result, err := runData(t, files, edit)
	require.NoError(t, err)
	return result
}

func backtestError(t *testing.T, files map[string]string, edit func(*driver.Config)) error {
	t.Helper()
	_, err := runData(t, files, edit)
	require.Error(t, err)
	return err
}

func runData(t *testing.T, files map[string]string, edit func(*driver.Config)) (*driver.Result, error) {
	t.Helper()
	conf, cash, free := config(filepath.Join(t.TempDir(), "run")), pitwall.Int(100_000), pitwall.Dec(0)
	conf.Strategy = &driver.Strategy{Name: "case", Symbols: []string{"X"}, Cash: &cash, Data: []driver.DataEntry{{Path: "d"}}, Costs: &driver.Costs{CommissionBps: &free, SlippageBps: &free}}
	conf.Agents[0].Every.Bars = 1
	data := fstest.MapFS{}
	for name, text := range files {
		data["d/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	conf.Files = data
	if edit != nil {
		edit(&conf)
	}
	return driver.Run(t.Context(), conf)
}

// Splits that a run applies wrongly are what its result must be read with.
func TestSplitsReadWith(t *testing.T) {
	const split = "symbol,ex_date,type,value\nX,2024-01-08,split,"
	for name, c := range map[string]struct {
		prices  []float64
		actions string
		code    string
		text    string // or nothing to read with
		equity  string
	}{
		// Bought on the second day at 10 with 98 % of the cash: 9800. A reverse split 1:25
		// makes them 392 at 250; applied as 25:1 they are 245,000 at 250.
		"inverted": {[]float64{10, 10, 10, 10, 250, 250}, split + "25\n", pitwall.SplitMismatch, "X split 25:1 on 2024-01-08 by its action, but its prices moved as 1:25 makes them (10 before it, 250 after): a position held over that day is valued wrongly; a split is new units per old one, so write 1/25", "61252000"},
		"right":    {[]float64{10, 10, 10, 10, 250, 250}, split + "1/25\n", "", "", "100000"},
		// 9800 x 2 at 10: +98,000 that never was.
		"adjusted already":      {[]float64{10, 10, 10, 10, 10, 10}, split + "2\n", pitwall.SplitMismatch, "X split 2:1 on 2024-01-08 by its action, but its prices did not move with it (10 before it, 10 after): a position held over that day is valued wrongly; if the prices are split-adjusted, say `adjusted: split`", "198000"},
		"no action":             {[]float64{10, 10, 10, 10, 10, 5, 5}, "", pitwall.SplitUnapplied, "X went from 10 to 5 on 2024-01-09, as a split of 2:1 makes prices go, and no split is given: if it was one, a position held over that day is valued wrongly", "51000"},
		"no action, in reverse": {[]float64{10, 10, 10, 10, 10, 200, 200}, "", pitwall.SplitUnapplied, "as a split of 1:20 makes prices go", "1962000"},
		"a fall":                {[]float64{10, 10, 10, 10, 10, 5.2, 5.2}, "", "", "", "52960"},
		"one of several falls":  {[]float64{10, 10, 10, 10, 7, 3.5, 3.5}, "", "", "", "36300"},
		"a fall, splits given":  {[]float64{10, 10, 10, 10, 10, 5, 5}, "symbol,ex_date,type,value\nY,2024-01-08,split,2\n", "", "", "51000"},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"p.csv": barHead + flatBars("X", 1_000_000, c.prices...)}
			if c.actions != "" {
				files["a.csv"] = c.actions
			}
			r := backtest(t, files, nil)
			require.Equal(t, c.equity, r.FinalEquity.String())
			if c.code == "" {
				require.Empty(t, r.ReadWith)
				return
			}
			require.Len(t, r.ReadWith, 1)
			require.Equal(t, c.code, r.ReadWith[0].Code)
			require.Contains(t, r.ReadWith[0].Text, c.text)
		})
	}
	t.Run("said to be adjusted and is not", func(t *testing.T) {
		r := backtest(t, map[string]string{"p.csv": barHead + flatBars("X", 1_000_000, 10, 10, 10, 10, 5, 5), "p.csv.yaml": "adjusted: split\n", "a.csv": split + "2\n"}, nil)
		require.Len(t, r.ReadWith, 1)
		require.Equal(t, pitwall.SplitMismatch, r.ReadWith[0].Code)
		require.Contains(t, r.ReadWith[0].Text, "so they are not split-adjusted as stated")
	})
}

// steps is a model that answers by turn: each function gets the turn, from 1 on, and what
// it was told so far.
type steps func(turn int, first bool) (agentloop.Reply, error)

func (f steps) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	day := 1
	if m := regexp.MustCompile(`2024-01-(\d\d)`).FindStringSubmatch(r.Messages[0].User); m != nil {
		day, _ = strconv.Atoi(m[1])
	}
	return f(day, len(r.Messages) == 1)
}

func order(args string) agentloop.Reply {
	return agentloop.Reply{Calls: []agentloop.Call{{ID: "1", Name: "orders_submit", Arguments: json.RawMessage(args)}}}
}

// Every other warning that changes how a result is read, by code, first in a run's result.
func TestReadWith(t *testing.T) {
	flat := []float64{100, 100, 100, 100, 100, 100, 100, 100, 100, 100}
	file := func(volume int) map[string]string {
		return map[string]string{"p.csv": barHead + flatBars("X", volume, flat...)}
	}
	play := func(f steps) func(*driver.Config) {
		return func(c *driver.Config) { c.Agents[0].Model, c.Agents[0].ModelName = f, "test/steps" }
	}
	silent := agentloop.Reply{Text: "I hold."}
	for name, c := range map[string]struct {
		files map[string]string
		edit  func(*driver.Config)
		code  string
		text  string
	}{
		"nothing": {file(1_000_000), nil, "", ""},
		// 980 units are asked; a tenth of 100 is 10.
		"the volume cap": {file(100), nil, pitwall.FillsCapped, "an order was cut by the volume cap: X filled 10 of 980 (1 %)"},
		// All of the cash at the close of 100, and the next open is 130.
		"a rejection": {map[string]string{"p.csv": barHead + flatBars("X", 1_000_000, 100, 130, 130)}, play(func(day int, first bool) (agentloop.Reply, error) {
			if day == 2 && first {
				return order(`{"symbol":"X","side":"buy","qty":"980"}`), nil
			}
			return silent, nil
		}), pitwall.OrdersRejected, "1 order of 1 rejected: BUYING_POWER 1; pitwall why run X 2024-01-03"},
		"failed turns": {file(1_000_000), play(func(day int, first bool) (agentloop.Reply, error) {
			if day == 4 || day == 8 {
				return agentloop.Reply{}, &agentloop.ModelError{Kind: agentloop.ErrorRequest, Status: 400, Message: "no"}
			}
			return silent, nil
		}), pitwall.TurnsFailed, "the model failed in 2 of 10 turns: it decided nothing there"},
		"a benchmark that ends": {map[string]string{"p.csv": barHead + flatBars("X", 1_000_000, flat...) + flatBars("B", 1_000_000, flat[:5]...)},
			func(c *driver.Config) { c.Strategy.Benchmark = "B" }, pitwall.BenchmarkShort, "benchmark B ends on 2024-01-08, the run on 2024-01-16: its return is of the days until then"},
		"a benchmark that starts": {map[string]string{"p.csv": barHead + flatBars("X", 1_000_000, flat...), "b.csv": barHead + strings.Join(strings.Split(flatBars("B", 1_000_000, flat...), "\n")[5:], "\n")},
			func(c *driver.Config) { c.Strategy.Benchmark = "B" }, pitwall.BenchmarkShort, "benchmark B starts on 2024-01-09, the run on 2024-01-02: its return is of the days from then"},
	} {
		t.Run(name, func(t *testing.T) {
			r := backtest(t, c.files, c.edit)
			page, err := os.ReadFile(filepath.Join(r.Out, "manifest.json"))
			require.NoError(t, err)
			if c.code == "" {
				require.Empty(t, r.ReadWith)
				require.NotContains(t, string(page), "read_with")
				return
			}
			require.Equal(t, []string{c.code}, codes(r), "%v", r.ReadWith)
			require.Contains(t, r.ReadWith[0].Text, c.text)
		})
	}
}

// Made-up prices stand beside the headline, dividends that cannot be are not missed.
func TestMadeUpReadWith(t *testing.T) {
	prices := make([]float64, 300)
	for i := range prices {
		prices[i] = 10
	}
	rows := strings.ReplaceAll(flatBars("X", 1_000_000, prices...), ",1000000\n", ",1000000,a walk\n")
	r := backtest(t, map[string]string{"x.csv": strings.TrimSpace(barHead) + ",made_up\n" + rows}, nil)
	require.Equal(t, []runs.Reading{{Code: pitwall.MadeUp, Text: "prices of X are made up (a walk): the result says nothing about a market"}}, r.ReadWith)
	require.Contains(t, r.Warnings, r.ReadWith[0].Text)
	require.Equal(t, pitwall.NoDividends, backtest(t, map[string]string{"x.csv": barHead + flatBars("X", 1_000_000, prices...)}, nil).ReadWith[0].Code)
}
