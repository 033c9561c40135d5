package report

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/cache/runs"
)

// The golden vector: period returns with P = 252, confirmed elsewhere by running
// empyrical and quantstats themselves.
var golden = []float64{0.01, -0.005, 0.02, -0.015, 0.0, 0.007, -0.01, 0.012, 0.003, -0.004}

func TestGoldenVector(t *testing.T) {
	sharpe := Sharpe(golden, 252)
	require.NotNil(t, sharpe)
	require.InEpsilon(t, 2.663777886829008, *sharpe, 1e-12)
	equity := []float64{1}
	for _, r := range golden {
		equity = append(equity, equity[len(equity)-1]*(1+r))
	}
	require.InEpsilon(t, -0.018023950000000233, MaxDrawdown(equity), 1e-12)
	require.InEpsilon(t, 0.017621574613063018, equity[len(equity)-1]-1, 1e-12)
}

func TestEdges(t *testing.T) {
	require.Nil(t, Sharpe(nil, 252))
	require.Nil(t, Sharpe([]float64{0.1}, 252), "one return has no deviation")
	require.Nil(t, Sharpe([]float64{0.01, 0.01}, 252), "no variance, no ratio")
	require.Zero(t, MaxDrawdown([]float64{1, 2, 3}))
	require.Equal(t, -0.5, MaxDrawdown([]float64{2, 1, 3}), "the first point is a peak")
}

func TestReadARun(t *testing.T) {
	equity := "timestamp,equity,cash,benchmark,buy_and_hold\n"
	for i, e := range []string{"1000,1000,50,100", "1100,100,55,120", "990,990,60,110"} {
		equity += fmt.Sprintf("2024-01-%02dT16:00:00-05:00,%s\n", 2+i, e)
	}
	journal := strings.Join([]string{`{"seq":1,"as_of":"2024-01-02T00:00:00Z","kind":"start","amount":1000}`,
		`{"seq":2,"as_of":"2024-01-02T00:00:00Z","kind":"intent","verb":"submit"}`,
		`{"seq":3,"as_of":"2024-01-02T00:00:00Z","kind":"fill","fill":{"fee":1.5,"slippage":0.25}}`,
		`{"seq":4,"as_of":"2024-01-02T00:00:00Z","kind":"order","state":{"status":"rejected"}}`,
		`{"seq":5,"as_of":"2024-01-02T00:00:00Z","kind":"mark","mark":{"time":"2024-01-02T21:00:00Z","equity":1000}}`, `{"seq":6,"as_of":"2024-01-02T00:00:00Z","kind":"mark","mark":{"time":"2024-01-03T21:00:00Z","equity":1100}}`,
		`{"seq":7,"as_of":"2024-01-02T00:00:00Z","kind":"fill","fill":{"symbol":"A","side":"buy","qty":1}}`, `{"seq":8,"as_of":"2024-01-02T00:00:00Z","kind":"mark","mark":{"time":"2024-01-04T21:00:00Z","equity":990}}`}, "\n")
	prices := "symbol,timestamp,open,high,low,close,volume,start,end,known\nA,2024-01-02,300,300,300,300,9,2024-01-02T09:30:00-05:00,2024-01-02T16:00:00-05:00,2024-01-02T16:00:00-05:00\n"
	run := fstest.MapFS{"equity.csv": {Data: []byte(equity)}, "journal.jsonl": {Data: []byte(journal)}, "prices.csv": {Data: []byte(prices)}}
	m, err := metricsOf(run, runs.Manifest{Cash: pitwall.Int(1000), Symbols: []string{"A"}, Traded: []runs.Traded{{Instrument: pitwall.Instrument{Symbol: "A"}, Zone: "America/New_York", Size: "1d"}}})
	require.NoError(t, err)
	require.Equal(t, "990", m.FinalEquity.String())
	require.InDelta(t, -0.01, m.TotalReturn, 1e-15)
	require.InDelta(t, 0.2, *m.BenchmarkReturn, 1e-15)
	require.InDelta(t, 0.1, *m.BuyHoldReturn, 1e-15)
	require.InDelta(t, -0.1, m.MaxDrawdown, 1e-15)
	require.InDelta(t, 300.0/990/3, m.Exposure, 1e-15, "one unit at 300 in the last of three steps")
	require.Equal(t, []int{3, 1, 2, 1}, []int{m.Bars, m.Orders, m.Fills, m.Rejected})
	require.Equal(t, "1.5", m.Fees.String())
	require.Equal(t, time.January, m.First.Month())
}

// metricsOf reads a folder and computes its metrics.
func metricsOf(run fs.FS, m runs.Manifest) (Metrics, error) {
	r, err := Read(run, m)
	if err != nil {
		return Metrics{}, err
	}
	out, _, _, err := r.Metrics()
	return out, err
}

func TestReadSaysWhatIsBroken(t *testing.T) {
	good := "timestamp,equity,cash,benchmark,buy_and_hold\n"
	for want, run := range map[string]fstest.MapFS{
		"equity.csv":                     {"journal.jsonl": {}},
		"journal.jsonl":                  {"equity.csv": {Data: []byte(good)}},
		"equity.csv line 2":              {"equity.csv": {Data: []byte(good + "2024-01-02T00:00:00Z,x,1,1,1\n")}, "journal.jsonl": {}},
		`"NaN" is not a decimal number`:  {"equity.csv": {Data: []byte(good + "2024-01-02T00:00:00Z,1,1,NaN,1\n")}, "journal.jsonl": {}},
		`"-Inf" is not a decimal number`: {"equity.csv": {Data: []byte(good + "2024-01-02T00:00:00Z,1,-Inf,1,1\n")}, "journal.jsonl": {}},
		"journal.jsonl line 1":           {"equity.csv": {Data: []byte(good)}, "journal.jsonl": {Data: []byte("{")}},
	} {
		_, err := metricsOf(run, runs.Manifest{})
		require.ErrorContains(t, err, want)
	}
	m, err := metricsOf(fstest.MapFS{"equity.csv": {Data: []byte(good)}, "journal.jsonl": {}}, runs.Manifest{})
	require.NoError(t, err, "a run without a bar has no figures")
	require.Nil(t, m.BenchmarkReturn)
	require.Nil(t, m.Sharpe)
}
