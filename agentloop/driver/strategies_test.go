package driver_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop/driver"
	"pitwall/agentloop/models"
	"pitwall/cache/runs"
)

// filled runs a script over files and returns its fills: day, side, price.
func filled(t *testing.T, files fstest.MapFS, text string) (list []string) {
	t.Helper()
	s, err := driver.Parse("s.yaml", []byte("name: s\nsymbols: [X]\ncosts: {commission_bps: 0, slippage_bps: 0}\n"+text))
	require.NoError(t, err)
	require.NoError(t, s.Check())
	m, err := driver.NewModel(s.Team()[0], models.Options{})
	require.NoError(t, err)
	agents, err := s.Deciders([]driver.Model{m}, nil)
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "run")
	_, err = driver.Run(t.Context(), driver.Config{Strategy: s, Files: files, Agents: agents, Dir: dir, Now: time.Now})
	require.NoError(t, err)
	for _, row := range runs.Open(os.DirFS(dir)).Rows(runs.FillsFile) {
		list = append(list, fmt.Sprintf("%.10s %s %s", row[0], row[2], row[4]))
	}
	return list
}

// days are weekdays from 2024-01-01 on.
func days(n int) (list []string) {
	for day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC); len(list) < n; day = day.AddDate(0, 0, 1) {
		if wd := day.Weekday(); wd != time.Saturday && wd != time.Sunday {
			list = append(list, day.Format(time.DateOnly))
		}
	}
	return list
}

// closes are bars that open, and but for the lows given by day end, where they close.
func closes(lows map[int]float64, list ...float64) fstest.MapFS {
	var b strings.Builder
	b.WriteString("symbol,timestamp,open,high,low,close,volume\n")
	for i, day := range days(len(list)) {
		low := list[i]
		if l, ok := lows[i]; ok {
			low = l
		}
		fmt.Fprintf(&b, "X,%s,%v,%v,%v,%v,%d\n", day, list[i], list[i], low, list[i], 1000000)
	}
	return fstest.MapFS{"x.csv": {Data: []byte(b.String())}}
}

// flat is n closes of 100, and more.
func flat(n int, more ...float64) []float64 {
	var list []float64
	for range n {
		list = append(list, 100)
	}
	return append(list, more...)
}

// The trades of each script on a hand-made series, by hand. A signal of a close fills at the
// next open, which is that day's close here.
func TestRuleStrategies(t *testing.T) {
	day := days(40)
	buy := func(i int, price float64) string { return fmt.Sprintf("%s buy %v", day[i], price) }
	sell := func(i int, price float64) string { return fmt.Sprintf("%s sell %v", day[i], price) }
	rise := []float64{100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 110, 109}
	for name, x := range map[string]struct {
		files  fstest.MapFS
		params string
		want   []string
	}{
		// 101 is above the highest of three, 100; 101 later is below the lowest of two, 102.
		"breakout": {closes(nil, flat(20, 101, 103, 102, 101, 101.5)...), "{high: 3, low: 2, volume: 0, stop_atr: 0}", []string{buy(21, 103), sell(24, 101.5)}},
		// The average of three is 100.33 at 101, of two 100.5; at the second 101 it is 102.
		"trend_following": {closes(nil, flat(20, 101, 103, 102, 101, 101.5)...), "{fast: 2, slow: 3, stop_atr: 0}", []string{buy(21, 103), sell(24, 101.5)}},
		// At 97 the band of three is 99 less 1.41; at 98 its middle is 98.33, at 99 98.
		"mean_reversion": {closes(nil, flat(20, 97, 98, 99, 99.5, 99.5)...), "{band: 3, deviations: 1, stop_atr: 0}", []string{buy(21, 98), sell(23, 99.5)}},
		// The average of two stays half a point below the close; on day 12 the low is at 111.4,
		// below 111.5. At 110 the average of three is 111.67.
		"pullback": {closes(map[int]float64{12: 111.4}, rise...), "{average: 2, long: 3, stop_atr: 0, target_atr: 0}", []string{buy(13, 113), sell(15, 109)}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, x.want, filled(t, x.files, "data: [x.csv]\nagent: {model: script/"+name+", params: "+x.params+"}\n"))
		})
	}
}

// Stops and targets are average true ranges from the close of the signal: after 130 days that
// swing by 1 the range is (13 x 1 + 0.5) / 14 = 0.964 at 101.5, so the stop is at 99.57 and the
// target at 104.39. A bar beyond either fills at its open, one between at none.
func TestRuleStrategiesStop(t *testing.T) {
	for price, sold := range map[float64]bool{98: true, 99.6: false, 104.3: false, 108: true} {
		var list []float64
		for i := range 130 {
			list = append(list, 100+float64(i%2))
		}
		list = append(list, 101.5, 101.5, price)
		fills := filled(t, closes(nil, list...), "data: [x.csv]\nagent: {model: script/breakout, params: {high: 5, low: 3, volume: 0, stop_atr: 2, target_atr: 3}}\n")
		require.Contains(t, fills[0], "buy 101.5")
		require.Len(t, fills, map[bool]int{true: 2, false: 1}[sold], "%v: %v", price, fills)
		if sold {
			require.Contains(t, fills[1], fmt.Sprintf("sell %v", price))
		}
	}
}

// value buys by figures once they are filed, the day after, and sells once one is restated:
// EPS 4 and book 40 a share at a price of 40 pass all three tests that can be made; without
// earnings two of them cannot be made.
func TestValueStrategy(t *testing.T) {
	var bars, filed strings.Builder
	bars.WriteString("symbol,timestamp,open,high,low,close,volume\n")
	for day := time.Date(2023, 1, 2, 0, 0, 0, 0, time.UTC); day.Year() == 2023; day = day.AddDate(0, 0, 1) {
		if wd := day.Weekday(); wd != time.Saturday && wd != time.Sunday {
			fmt.Fprintf(&bars, "X,%s,40,40,40,40,1000000\n", day.Format(time.DateOnly))
		}
	}
	filed.WriteString("symbol,fiscal_year,fiscal_period,start_date,end_date,filing_date,statement,item,value,unit\n")
	row := func(quarter int, filing, statement, item string, value int) {
		end := time.Date(2022, time.Month(3*quarter+1), 0, 0, 0, 0, 0, time.UTC)
		fmt.Fprintf(&filed, "X,2022,Q%d,%s,%s,%s,%s,%s,%d,USD\n", quarter, end.AddDate(0, -3, 1).Format(time.DateOnly), end.Format(time.DateOnly), filing, statement, item, value)
	}
	const income = "net_income_loss_available_to_common_stockholders_basic"
	for q := 1; q <= 4; q++ {
		row(q, "2023-02-01", "income_statement", income, 10)
		row(q, "2023-02-01", "income_statement", "diluted_average_shares", 10)
		row(q, "2023-02-01", "balance_sheet", "equity_attributable_to_parent", 400)
	}
	row(4, "2023-05-10", "income_statement", income, -40)
	files := fstest.MapFS{"x.csv": {Data: []byte(bars.String())}, "f.csv": {Data: []byte(filed.String())}}
	require.Equal(t, []string{"2023-03-02 buy 40", "2023-06-02 sell 40"}, filled(t, files, "data: [x.csv, f.csv]\nevery: month\nagent: {model: script/value}\n"))
}
