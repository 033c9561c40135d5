package main

import (
	"context"
	"io"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop/driver"
)

// The verb serves an Alpaca that the adapter trades at: the row of the table opens it, an
// order fills when a bar is asked for, and Ctrl-C ends it.
func TestAlpacaFake(t *testing.T) {
	data, err := filepath.Abs("../../examples/data/aapl_daily.csv")
	require.NoError(t, err)
	url := startServer(t, "alpaca-fake", "--addr", "127.0.0.1:0", "--data", data, "--symbols", "AAPL", "--from", "2018-01-02")
	post := func() {
		r, err := http.Post(url+"/fake/step", "", nil)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, r.Body)
		require.NoError(t, err)
		require.NoError(t, r.Body.Close())
	}
	ctx := context.Background()
	for _, row := range brokers() {
		if row.name != "alpaca" {
			continue
		}
		account, err := row.open(connection{keys: []string{"k", "s"}, url: url})
		require.NoError(t, err)
		in := pitwall.Instrument{Symbol: "AAPL", Kind: pitwall.Equity, Tick: pitwall.One / 100, Lot: pitwall.One, Tradable: true}
		b, _, err := account.Open(ctx, driver.RemoteRun{Now: time.Now, Symbols: []string{"AAPL"}, Instruments: []pitwall.Instrument{in}})
		require.NoError(t, err)
		s, err := b.Submit(ctx, pitwall.Order{ID: "one", Symbol: "AAPL", Side: pitwall.Buy, Qty: pitwall.Int(10), TIF: pitwall.GTC})
		require.NoError(t, err)
		require.Equal(t, pitwall.Working, s.Status, "%v", s.Error)
		post()
		a, err := b.Account(ctx, pitwall.MainBook)
		require.NoError(t, err)
		require.Equal(t, pitwall.Int(10), a.Held("AAPL"))
	}
	_, errs, code := command(t, t.TempDir(), nil, "alpaca-fake", "--data", data)
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "--data or --symbols is missing")
	_, errs, code = command(t, t.TempDir(), nil, "alpaca-fake", "--data", data, "--symbols", "AAPL", "--from", "yesterday")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "write 2024-01-31")
}
