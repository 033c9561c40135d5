package driver_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
)

// runFiles plays script/buyhold with free trading on files in memory.
func runFiles(t *testing.T, symbol, account string, files map[string]string) *driver.Result {
	t.Helper()
	conf, cash := config(filepath.Join(t.TempDir(), "run")), pitwall.Int(100_000)
	conf.Strategy = &driver.Strategy{Name: "zero", Symbols: []string{symbol}, Cash: &cash, Costs: &driver.Costs{CommissionBps: new(pitwall.Dec), SlippageBps: new(pitwall.Dec)}, Data: []driver.DataEntry{{Path: "."}}}
	conf.Strategy.Account.Type = pitwall.AccountType(account)
	all := fstest.MapFS{}
	for name, text := range files {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	conf.Files = all
	conf.Agents[0].Every.Bars = 1
	result, err := driver.Run(t.Context(), conf)
	require.NoError(t, err)
	_, err = driver.Verify(os.DirFS(result.Out))
	require.NoError(t, err)
	return result
}

// The cases of ../shared/cases/data/negative_zero. A share that falls to 0: 98 % of
// 100,000 at the close of 1 are 98,000 units, bought at the open of 0.5 for 49,000 and
// written off. Buying and holding lost all of it, not nothing.
func TestARunOfAShareAtZero(t *testing.T) {
	r := runFiles(t, "X", "cash", map[string]string{"p.csv": "symbol,timestamp,open,high,low,close,volume\n" +
		"X,2024-01-02,1,1,1,1,1000000\nX,2024-01-03,0.5,0.5,0.2,0.2,1000000\nX,2024-01-04,0.1,0.1,0,0,1000000\nX,2024-01-05,0,0,0,0,1000000\n"})
	require.Equal(t, pitwall.Int(51_000), r.FinalEquity)
	require.InDelta(t, -1, *r.Metrics.BuyHoldReturn, 1e-12)
	require.Contains(t, r.ReadWith, runs.Reading{Code: pitwall.WrittenOff, Text: "X closed at 0 on 2024-01-04: 98000 units were written off"})
}

// Oil: 98,000 at 19.87 x 1,000 are 4 contracts, bought at the open of 19, marked at
// -37.63 (4,000 x -56.63 = -226,520: equity -126,520 against a maintenance of 9 % of
// 4,000 x 37.63 = 13,546.80) and closed by the venue at the open of -14: 4,000 x -33 =
// -132,000.
func TestARunOfOilBelowZero(t *testing.T) {
	r := runFiles(t, "CL", "margin", map[string]string{"instruments.csv": "symbol,kind,multiplier,expiry\nCL,future,1000,2020-05-19\n", "p.csv": "symbol,timestamp,open,high,low,close,volume\n" +
		"CL,2020-04-16,19.5,20,19,19.87,100000\nCL,2020-04-17,19,19.5,17.3,18.27,100000\nCL,2020-04-20,17.73,17.85,-40.32,-37.63,247947\nCL,2020-04-21,-14,13.86,-16.74,10.01,100000\nCL,2020-04-22,11,16,10,13.78,100000\n"})
	require.Equal(t, pitwall.Int(-32_000), r.FinalEquity)
	require.Equal(t, []runs.Reading{{Code: pitwall.MarginCalled, Text: "equity was 140066.8 short of the maintenance margin on 2020-04-20: open orders ended and positions were closed"}}, r.ReadWith)
}
