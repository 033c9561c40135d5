package driver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop/models"
	"pitwall/brokers/alpacafake"
	"pitwall/brokers/halt"
	"pitwall/cache/history"
	"pitwall/cache/runs"
)

// bitcoin is a scripted strategy of Bitcoin over 20 days of hours, weekends among them.
func bitcoin(t *testing.T) (Config, *Strategy) {
	r, price := rand.New(rand.NewPCG(1, 2)), 42000.0
	var file strings.Builder
	file.WriteString("symbol,timestamp,open,high,low,close,volume\n")
	for i := range 20 * 24 {
		next := price * (1 + 0.006*r.NormFloat64())
		fmt.Fprintf(&file, "BTC/USD,%s,%.2f,%.2f,%.2f,%.2f,%.4f\n", time.Date(2024, 1, 1, i, 0, 0, 0, time.UTC).Format(time.RFC3339), price, max(price, next)+1, min(price, next)-1, next, 1000*r.Float64()+100)
		price = next
	}
	files := fstest.MapFS{"coins.csv": {Data: []byte(file.String())}}
	s, err := Parse("strategy.yaml", []byte("symbols: [BTC/USD]\ndata: [coins.csv]\nfrom: 2024-01-06\nevery: 6\ncosts: {commission_bps: 0, slippage_bps: 0}\n"+
		"risk: {max_gross_percent: 150, max_order_notional: 200000, stale_price: 2h, trading_hours: true}\nagent: {model: script/momentum, params: {lookback: 20}}\n"))
	require.NoError(t, err)
	require.NoError(t, s.Check())
	c := Config{Strategy: s, Now: func() time.Time { return time.Unix(0, 0) }}
	c.Source, err = s.Load(context.Background(), files, &history.Local{})
	require.NoError(t, err)
	m, err := NewModel(s.Team()[0], models.Options{})
	require.NoError(t, err)
	c.Agents, err = s.Deciders([]Model{m}, nil)
	require.NoError(t, err)
	return c, s
}

// Crypto trades day and night at a broker as in the backtest: the same fractional orders at
// the same bars, weekends too.
func TestCryptoAtABrokerIsTheBacktest(t *testing.T) {
	ctx := context.Background()
	c, _ := bitcoin(t)
	c.Dir = filepath.Join(t.TempDir(), "backtest")
	backtest, err := Run(ctx, c)
	require.NoError(t, err)
	sent := asked(t, c.Dir)
	require.Greater(t, len(sent), 5)
	live, _ := atBroker(t, c)
	live.Dir = filepath.Join(t.TempDir(), "broker")
	got, err := Run(ctx, live)
	require.NoError(t, err)
	require.Equal(t, sent, asked(t, live.Dir))
	require.Equal(t, []any{backtest.Turns, backtest.Bars, backtest.Fills, backtest.FinalEquity}, []any{got.Turns, got.Bars, got.Fills, got.FinalEquity})
	require.Equal(t, halt.Off, live.Live.Latch.State().Level, live.Live.Latch.State())
	require.True(t, strings.ContainsAny(strings.Join(sent, ""), "."), "fractions")
	require.Equal(t, 15*24, got.Bars)
}

// Alpaca takes its fee of crypto in coins of a purchase and in money of a sale, and names it a
// day later: the journal follows, nothing halts, and all that is held can be sold.
func TestCryptoFeesAtABroker(t *testing.T) {
	ctx := context.Background()
	c, s := bitcoin(t)
	agents := slices.Clone(c.Agents)
	live, x := atExchange(t, c, exchangeWith(t, c, nil, alpacafake.Config{CryptoFee: pitwall.One / 400}))
	live.Dir = filepath.Join(t.TempDir(), "broker")
	got, err := Run(ctx, live)
	require.NoError(t, err)
	require.Equal(t, halt.Off, live.Live.Latch.State().Level, live.Live.Latch.State())
	journal, err := runs.Strict{FS: os.DirFS(live.Dir)}.Journal()
	require.NoError(t, err)
	coinFees, held := 0, pitwall.Dec(0)
	var paid, taken pitwall.Dec
	var calc pitwall.Calc
	for _, e := range journal {
		if f := e.Fill; f != nil {
			qty := map[pitwall.Side]pitwall.Dec{pitwall.Buy: f.Qty, pitwall.Sell: -f.Qty}[f.Side]
			if held += qty; f.Rule == "coin_fee" {
				coinFees++
				taken = calc.Add(taken, calc.Mul(f.Qty, f.Price))
			}
		}
		if e.Flow != nil {
			require.NotEqual(t, "unexplained", e.Flow.Type)
			paid -= e.Flow.Amount
		}
	}
	require.Greater(t, coinFees, 3)
	require.Greater(t, paid, taken, "sales too")
	b, _, err := live.Live.Remote.Open(ctx, RemoteRun{Now: x.Now, Symbols: []string{"BTC/USD"}, Instruments: []pitwall.Instrument{c.Source.Series()[0].Instrument}})
	require.NoError(t, err)
	a, err := b.Account(ctx, "")
	require.NoError(t, err)
	require.Equal(t, held, a.Held("BTC/USD"))
	require.Equal(t, a.Equity, got.FinalEquity)
	v, err := Verify(os.DirFS(live.Dir))
	require.NoError(t, err)
	require.Empty(t, v.Differences)
	d, err := FindDrift(ctx, DriftConfig{Folder: os.DirFS(live.Dir), Strategy: s, History: c.Source, Agents: agents, Dir: t.TempDir(), Now: c.Now})
	require.NoError(t, err)
	fees := 0
	for _, x := range d.Differences {
		require.NotEqual(t, ByOthers, x.Cause, x)
		if x.Cause == ByFees && strings.HasPrefix(x.Order, "external:") {
			fees++
		}
	}
	require.Equal(t, coinFees, fees)
}
