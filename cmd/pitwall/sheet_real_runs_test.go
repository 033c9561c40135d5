package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
	"pitwall/agentloop/models/modeltest"
)

// realRuns are the runs whose sheets are checked; each returns its folder.
func realRuns(t *testing.T) map[string]func(t *testing.T) string {
	files := sharedFiles(t)
	example := func(name string) func(*testing.T) string {
		return func(t *testing.T) string {
			dir := t.TempDir()
			backtestJSON(t, dir, nil, append([]string{"examples/" + name, "--out", "run"}, files...)...)
			return filepath.Join(dir, "run")
		}
	}
	return map[string]func(*testing.T) string{
		"macro_risk":     example("macro_risk"),     // dividends and splits, two symbols
		"news_sentiment": example("news_sentiment"), // ten names and SHV
		"crypto":         cryptoRun,                 // weekends trade, fractional lots
		"hourly":         hourlyRun,                 // the same by the hour, under 30 days, without a benchmark
		"plan":           planRun,                   // hourly, shorts, margin, partial fills, a model that costs
	}
}

func cryptoRun(t *testing.T) string {
	return cryptoRunOver(t, "daily/crypto_daily.csv", `
symbols: [BTC-USD]
benchmark: BTC-USD
from: 2020-01-15
to: 2023-02-10
every: 7
agent: {model: script/momentum, prompt: Hold it above its average., params: {lookback: 50}}
`)
}

func hourlyRun(t *testing.T) string {
	return cryptoRunOver(t, "intraday/crypto_hourly_2025q4.csv", `
symbols: [BTC-USDT, ETH-USDT]
from: 2025-10-28
to: 2025-11-10
every: 9
agent: {model: script/momentum, prompt: Hold what is above its average., params: {lookback: 20}}
`)
}

func cryptoRunOver(t *testing.T, file, text string) string {
	dir := t.TempDir()
	data, err := filepath.Abs("../../../shared/data/" + file)
	require.NoError(t, err)
	write(t, dir, "s.yaml", fmt.Sprintf("name: crypto\ncash: 100000\ncosts: {commission_bps: 10, slippage_bps: 5}\ndata: [%s]\n%s", data, text))
	backtestJSON(t, dir, nil, "s.yaml", "--out", "run")
	return filepath.Join(dir, "run")
}

// plan sends orders by the number of the turn.
type plan map[string][]string

func (p plan) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	number, _, _ := strings.Cut(r.Messages[0].User, ".")
	var calls []agentloop.Call
	for i, args := range p[number] {
		calls = append(calls, agentloop.Call{ID: fmt.Sprint("c", i), Name: "orders_submit", Arguments: json.RawMessage(args)})
	}
	if len(r.Messages) > 1 || calls == nil {
		return agentloop.Reply{Text: "RESULT: done"}, nil
	}
	return agentloop.Reply{Calls: calls}, nil
}

// planRun flips from long to short and back, over AAPL's split of 2020-08-31 and
// dividends of both, with fills in parts, exits by limit and stop, and interest.
func planRun(t *testing.T) string {
	dir := t.TempDir()
	root, err := filepath.Abs("../../../shared/data")
	require.NoError(t, err)
	t.Setenv("OPENAI_API_KEY", secretKey)
	provider := modeltest.New(t, plan{
		"Turn 1":  {`{"symbol":"AAPL","side":"buy","qty":100,"reason":"first"}`, `{"symbol":"SPY","side":"sell","qty":60,"reason":"hedge"}`},
		"Turn 3":  {`{"symbol":"AAPL","side":"buy","qty":350,"tif":"gtc","reason":"more: in parts"}`},
		"Turn 5":  {`{"symbol":"SPY","side":"buy","qty":25,"reason":"a part of the hedge"}`},
		"Turn 7":  {`{"symbol":"AAPL","side":"sell","qty":120,"reason":"first out"}`},
		"Turn 12": {`{"symbol":"AAPL","side":"sell","qty":600,"tif":"gtc","reason":"flip"}`},
		"Turn 30": {`{"symbol":"AAPL","side":"buy","qty":700,"tif":"gtc","reason":"cover some after the split"}`},
		"Turn 34": {`{"symbol":"SPY","side":"buy","qty":335,"tif":"gtc","reason":"flip to long"}`},
		"Turn 38": {`{"symbol":"AAPL","side":"buy","qty":380,"tif":"gtc","reason":"cover the rest"}`},
		"Turn 40": {`{"symbol":"AAPL","side":"buy","qty":300,"tif":"gtc","take_profit_percent":4,"stop_loss_percent":6,"reason":"with exits"}`},
		"Turn 44": {`{"symbol":"SPY","side":"sell","qty":100,"type":"limit","limit":340,"tif":"gtc","reason":"some at a limit"}`},
	}, modeltest.Options{})
	write(t, dir, "s.yaml", fmt.Sprintf(`
name: plan
symbols: [AAPL, SPY]
benchmark: SPY
data: [%s/intraday/lean_hourly_raw_2018_2021.csv, %[1]s/daily/lean_corporate_actions.csv]
from: 2020-07-20
to: 2020-12-31
cash: 150000
every: 15
costs: {commission_bps: 3, slippage_bps: 2, min_per_order: 1.5, volume_share: 0.00001}
account: {type: margin, borrow_rate: 0.03, margin_rate: 0.05}
prices: {openai/fake-1: {in: 100, out: 1000}}
agent: {model: openai/fake-1, base_url: %s/v1, prompt: Follow the plan., cutoff: 2020-09-30}
`, root, provider.URL))
	backtestJSON(t, dir, nil, "s.yaml", "--out", "run")
	return filepath.Join(dir, "run")
}
