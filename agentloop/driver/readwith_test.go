package driver_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop/driver"
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
		"no action":             {[]float64{10, 10, 10, 10, 5, 5}, "", pitwall.SplitUnapplied, "X went from 10 to 5 on 2024-01-08, as a split of 2:1 makes prices go, and no split is given: if it was one, a position held over that day is valued wrongly", "51000"},
		"no action, in reverse": {[]float64{10, 10, 10, 10, 200, 200}, "", pitwall.SplitUnapplied, "as a split of 1:20 makes prices go", "1962000"},
		"a fall":                {[]float64{10, 10, 10, 10, 5.2, 5.2}, "", "", "", "52960"},
		"a fall, splits given":  {[]float64{10, 10, 10, 10, 5, 5}, "symbol,ex_date,type,value\nY,2024-01-08,split,2\n", "", "", "51000"},
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
