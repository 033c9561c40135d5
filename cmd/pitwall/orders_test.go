package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"
)

// served starts the binary on a strategy over stdio and returns a way to call
// its tools: the structured answer, and whether it is an error.
func served(t *testing.T, strategy string, files ...string) func(name string, args map[string]any) (map[string]any, bool) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, append([]string{"s.yaml", strategy}, files...)...)
	cmd := exec.Command(binary, "serve", "s.yaml")
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	cs, err := mcp.NewClient(&mcp.Implementation{Name: "t", Version: "1"}, nil).Connect(context.Background(), &mcp.CommandTransport{Command: cmd}, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = cs.Close() })
	return func(name string, args map[string]any) (map[string]any, bool) {
		r, err := cs.CallTool(context.Background(), &mcp.CallToolParams{Name: name, Arguments: args})
		require.NoError(t, err)
		answer := r.StructuredContent.(map[string]any)
		if r.IsError {
			return answer["error"].(map[string]any), true
		}
		return answer, false
	}
}

const marginStrategy = `name: m
symbols: [A, BTC-USD]
data: [bars.csv, act.csv]
cash: 10000
account: {type: margin, borrow_rate: 0.365, no_borrow: [BTC-USD]}
costs: {commission_bps: 0, slippage_bps: 0, volume_share: 1}
risk: {max_order_qty: 100, max_symbol_percent: 150}
agent: {model: script/buyhold}
`

const marginBars = `symbol,timestamp,open,high,low,close,volume
A,2024-01-02,100,101,99,100,100000
A,2024-01-03,100,104,98,103,100000
A,2024-01-04,104,111,103,110,100000
A,2024-01-05,110,111,108,109,100000
A,2024-01-08,50,52,49,51,100000
A,2024-01-09,51,53,50,52,100000
BTC-USD,2024-01-02,40000,41000,39000,40500,1000
BTC-USD,2024-01-03,40500,41000,39500,40600,1000
BTC-USD,2024-01-04,40600,41000,39500,40700,1000
BTC-USD,2024-01-05,40700,41000,39500,40800,1000
BTC-USD,2024-01-06,40800,41000,39500,40900,1000
`

// A margin account with limits, over the tools of the built binary: a bracket, a
// denial, a short with its fee, a split, exits on a held position.
func TestMarginOverTools(t *testing.T) {
	call := served(t, marginStrategy, "bars.csv", marginBars, "act.csv", "symbol,ex_date,type,value,pay_date\nA,2024-01-08,split,2,\nA,2024-01-05,dividend,0.5,2024-01-09\n")
	ok := func(name string, args map[string]any) map[string]any {
		t.Helper()
		r, failed := call(name, args)
		require.False(t, failed, "%s: %v", name, r)
		return r
	}
	status := func(id string) map[string]any {
		return ok("orders_status", map[string]any{"id": id})["order"].(map[string]any)
	}
	ok("clock_next_bar", map[string]any{"until": "2024-01-02T16:00:00-05:00"})
	bracket := ok("orders_submit", map[string]any{"symbol": "A", "side": "buy", "qty": 50, "take_profit": 110, "stop_loss_percent": 5, "client_order_id": "b1"})
	require.Equal(t, []any{"b1.tp", "b1.sl"}, bracket["order"].(map[string]any)["legs"])
	denied, failed := call("orders_submit", map[string]any{"symbol": "A", "side": "buy", "qty": 101})
	require.True(t, failed)
	require.Equal(t, "MAX_ORDER_QTY", denied["code"])
	require.Contains(t, denied["message"], "101 exceeds 100")
	require.NotEmpty(t, denied["checks"])
	ok("clock_next_bar", map[string]any{"until": "2024-01-03T16:00:00-05:00"})
	require.Equal(t, "working", status("b1.tp")["status"])
	require.EqualValues(t, 95, status("b1.sl")["stop"], "5 % below the fill at 100")
	ok("clock_next_bar", map[string]any{"until": "2024-01-04T16:00:00-05:00"})
	require.Equal(t, "filled", status("b1.tp")["status"])
	require.Equal(t, "canceled", status("b1.sl")["status"])
	short, failed := call("orders_submit", map[string]any{"symbol": "BTC-USD", "side": "sell", "qty": 0.1})
	require.True(t, failed)
	require.Equal(t, "NO_BORROW", short["code"], short)
	ok("orders_submit", map[string]any{"symbol": "A", "target_percent": -50})
	ok("clock_next_bar", map[string]any{"until": "2024-01-05T16:00:00-05:00"})
	held := ok("account_positions", map[string]any{"symbol": "A"})["positions"].([]any)[0].(map[string]any)
	require.EqualValues(t, -47, held["qty"], "half of 10,500 at 110, whole shares")
	flows := ok("clock_next_bar", map[string]any{"until": "2024-01-08T16:00:00-05:00"})["cash_flows"].([]any)
	require.Len(t, flows, 2, "three nights, and the split")
	borrow := flows[0].(map[string]any)
	require.EqualValues(t, []any{"borrow", -15.369}, []any{borrow["type"], borrow["amount"]}, "47 x 109 x 0.365 x 3 / 365")
	require.EqualValues(t, -94, flows[1].(map[string]any)["qty"])
	ok("orders_submit", map[string]any{"symbol": "A", "class": "oco", "take_profit": 40, "stop_loss": 52.5, "client_order_id": "exit"})
	require.Equal(t, "buy", status("exit.tp")["side"], "exits of a short buy")
	ok("clock_next_bar", nil)
	require.Equal(t, "filled", status("exit")["status"])
	require.EqualValues(t, 94, status("exit")["filled"])
	again, failed := call("orders_submit", map[string]any{"symbol": "A", "class": "oco", "take_profit": 40, "stop_loss": 52.5})
	require.True(t, failed)
	require.Equal(t, "REDUCE_ONLY", again["code"])
}

// On margin a target never turns a position around on the strength of orders that
// may not fill, and what is sold already is not sold again.
func TestMarginNeverTurnsAround(t *testing.T) {
	bars := "symbol,timestamp,open,high,low,close,volume\n"
	for _, day := range []string{"02", "03", "04", "05", "08"} {
		bars += "X,2024-01-" + day + ",100,101,99,100,1000000\n"
	}
	call := served(t, "symbols: [X]\ndata: [bars.csv]\ncash: 100000\naccount: {type: margin}\ncosts: {commission_bps: 0, slippage_bps: 0}\nagent: {model: script/buyhold}\n", "bars.csv", bars)
	ok := func(name string, args map[string]any) map[string]any {
		t.Helper()
		r, failed := call(name, args)
		require.False(t, failed, "%s: %v", name, r)
		return r
	}
	ok("clock_next_bar", nil)
	ok("orders_submit", map[string]any{"symbol": "X", "side": "buy", "qty": 100, "type": "limit", "limit": 50, "tif": "gtc", "client_order_id": "L"})
	none := ok("orders_submit", map[string]any{"symbol": "X", "target_percent": 0})
	require.Equal(t, false, none["sent"])
	require.Contains(t, none["sizing"].(map[string]any)["limited_by"], "L")
	ok("orders_submit", map[string]any{"symbol": "X", "side": "buy", "qty": 1000})
	ok("clock_next_bar", nil)
	ok("orders_submit", map[string]any{"symbol": "X", "target_percent": 0})
	require.EqualValues(t, 193000, ok("account_portfolio", nil)["buying_power"])
	ok("orders_submit", map[string]any{"symbol": "X", "side": "sell", "qty": 1000})
	require.EqualValues(t, 52500, ok("account_portfolio", nil)["reserved"], "the limit, and the second sale, which opens a short")
	bad, failed := call("orders_submit", map[string]any{"symbol": "X", "side": "sell", "qty": 1, "take_profit_percent": 150})
	require.True(t, failed)
	require.Contains(t, bad["message"], "150 percent below the entry")
}

// Verify finds nothing in a run as it was left, and what was changed in it.
func TestVerify(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "s.yaml", strings.Replace(marginStrategy, "risk: {max_order_qty: 100, max_symbol_percent: 150}\n", "every: 2\n", 1),
		"bars.csv", marginBars, "act.csv", "symbol,ex_date,type,value,pay_date\nA,2024-01-08,split,2,\nA,2024-01-05,dividend,0.5,2024-01-09\n")
	r := backtestJSON(t, dir, nil, "s.yaml")
	require.NotZero(t, r["fills"])
	run := filepath.Join(dir, "runs", "m-1")
	out, errs, code := command(t, dir, nil, "verify", run)
	require.Equal(t, 0, code, errs+out)
	require.Contains(t, out, "verified: ")
	manifest, err := os.ReadFile(filepath.Join(run, "manifest.json"))
	require.NoError(t, err)
	require.Contains(t, string(manifest), `"limits": "no limits"`)
	for file, change := range map[string][2]string{"journal.jsonl": {`"fee":0`, `"fee":1`}, "prices.csv": {",100,104,98,103,", ",100.5,104,98,103,"},
		"fills.csv": {",buy,", ",sell,"}, "equity.csv": {",10000,", ",10001,"}, "metrics.json": {`"fills": `, `"fills": 1`}, "manifest.json": {`"digest": "`, `"digest": "0`}} {
		t.Run(file, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(run, file))
			require.NoError(t, err)
			require.Contains(t, string(raw), change[0])
			t.Cleanup(func() { require.NoError(t, os.WriteFile(filepath.Join(run, file), raw, 0o644)) })
			write(t, run, file, strings.Replace(string(raw), change[0], change[1], 1))
			out, _, code := command(t, dir, nil, "verify", run, "--json")
			require.Equal(t, 1, code)
			var v struct{ Differences []string }
			require.NoError(t, json.Unmarshal([]byte(out), &v))
			require.NotEmpty(t, v.Differences)
		})
	}
	raw, err := os.ReadFile(filepath.Join(run, "journal.jsonl"))
	require.NoError(t, err)
	lines := strings.SplitAfter(string(raw), "\n")
	write(t, run, "journal.jsonl", strings.Join(lines[:len(lines)-8], ""))
	out, _, code = command(t, dir, nil, "verify", run)
	require.Equal(t, 1, code)
	require.Contains(t, out, "the journal's last equity point is of")
	_, errs, code = command(t, dir, nil, "verify", dir)
	require.Equal(t, 1, code)
	require.Contains(t, errs, "is not a run's folder")
	_, _, code = command(t, dir, nil, "verify")
	require.Equal(t, 2, code)
}

// The audit of somebody's fills counts those that no bar explains.
func TestVerifyFills(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "bars.csv", marginBars, "good.csv", "timestamp,symbol,side,qty,price,fee\n2024-01-03 09:30:00,A,buy,10,100,1\n2024-01-04T16:00:00-05:00,A,sell,10,110,0\n",
		"bad.csv", "timestamp,symbol,side,qty,price,fee\n2024-01-03,A,buy,10,104.01,1\n2024-01-06,A,buy,1,110,0\n2024-01-04,A,sell,50,110,0\n")
	out, errs, code := command(t, dir, nil, "verify", "--fills", "good.csv", "--data", "bars.csv", "--json")
	require.Equal(t, 0, code, errs)
	var r struct{ Fills, Explained, Unexplained int }
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	require.Equal(t, []int{2, 2, 0}, []int{r.Fills, r.Explained, r.Unexplained})
	out, _, code = command(t, dir, nil, "verify", "--fills", "bad.csv", "--data", "bars.csv", "--json")
	require.Equal(t, 1, code)
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	require.Equal(t, []int{3, 0, 3}, []int{r.Fills, r.Explained, r.Unexplained})
	out, _, _ = command(t, dir, nil, "verify", "--fills", "bad.csv", "--data", "bars.csv")
	require.Contains(t, out, "bad.csv:2: ")
	require.Contains(t, out, "3 fills: 0 explained by a bar, 3 unexplained")
	_, errs, code = command(t, dir, nil, "verify", "--fills", "bad.csv")
	require.Equal(t, 2, code)
	require.Contains(t, errs, "--fills needs --data")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "runs", "a"), 0o755))
	// Own fills, whose slippage stands in the manifest; a list that is cut; positions from before.
	write(t, dir, "runs/a/fills.csv", "timestamp,symbol,side,qty,price,fee\n2024-01-03,A,buy,10,104.01,1\n", "runs/a/manifest.json", `{"costs":{"slippage_bps":"5"}}`)
	out, errs, code = command(t, dir, nil, "verify", "--fills", "runs/a/fills.csv", "--data", "bars.csv")
	require.Equal(t, 0, code, out+errs)
	require.Contains(t, out, "slippage 5 bps")
	require.Contains(t, out, "1 fill: 1 explained")
	sales := "Date,Action,Symbol,Quantity,Price\n" + strings.Repeat("01/04/2024,Sold,A.US,50,$110.00\n", 25) + "01/31/2024,Deposit,,,\n"
	write(t, dir, "sales.csv", sales)
	out, _, code = command(t, dir, nil, "verify", "--fills", "sales.csv", "--data", "bars.csv")
	require.Equal(t, 1, code)
	require.Equal(t, 20, strings.Count(out, "sold 50 with 0 held"))
	require.Contains(t, out, "and 5 more; --json lists all\n25 fills: 0 explained")
	require.Contains(t, out, `"A.US" is checked against the bars of A`)
	require.Contains(t, out, "left out: 1 row that is no trade (Deposit)")
	out, _, code = command(t, dir, nil, "verify", "--fills", "sales.csv", "--data", "bars.csv", "--held", "A=1250")
	require.Equal(t, 0, code, out)
	_, errs, code = command(t, dir, nil, "verify", "--fills", "sales.csv", "--data", "bars.csv", "--held", "A")
	require.Equal(t, 2, code)
	require.Contains(t, errs, "AAPL=100")
	write(t, dir, "broken.csv", "when,what\n1,2\n")
	_, errs, code = command(t, dir, nil, "verify", "--fills", "broken.csv", "--data", "bars.csv")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "broken.csv")
}

// A target percent beside exits: the exits do not count as done, closing closes,
// and the exits end with the position; in both kinds of account. The stop of an
// open position can be moved.
func TestTargetBesideExits(t *testing.T) {
	bars := "symbol,timestamp,open,high,low,close,volume\n"
	for _, day := range []string{"02", "03", "04", "05", "08", "09", "10"} {
		bars += "X,2024-01-" + day + ",100,101,99,100,1000000\n"
	}
	for _, kind := range []string{"cash", "margin"} {
		t.Run(kind, func(t *testing.T) {
			call := served(t, "symbols: [X]\ndata: [bars.csv]\ncash: 100000\naccount: {type: "+kind+"}\ncosts: {commission_bps: 0, slippage_bps: 0}\nagent: {model: script/buyhold}\n", "bars.csv", bars)
			ok := func(name string, args map[string]any) map[string]any {
				t.Helper()
				r, failed := call(name, args)
				require.False(t, failed, "%s: %v", name, r)
				return r
			}
			ok("clock_next_bar", nil)
			ok("orders_submit", map[string]any{"symbol": "X", "target_percent": 30, "take_profit": 120, "stop_loss": 80, "client_order_id": "b"})
			ok("clock_next_bar", nil)
			for range 2 {
				again := ok("orders_submit", map[string]any{"symbol": "X", "target_percent": 30})
				require.Equal(t, false, again["sent"], again)
				_, failed := call("orders_submit", map[string]any{"symbol": "X", "side": "sell", "class": "oco", "take_profit": 121, "stop_loss": 79})
				require.True(t, failed, "all of it has exits already")
			}
			moved := ok("orders_modify", map[string]any{"id": "b.sl", "stop": 85})
			require.EqualValues(t, 85, moved["order"].(map[string]any)["stop"])
			ok("orders_submit", map[string]any{"symbol": "X", "target_percent": 0})
			last := ok("clock_next_bar", nil)
			require.Empty(t, last["positions"])
			require.Empty(t, last["open_orders"], "the exits ended with the position")
		})
	}
}

// The digest of a run that starts after its data do is found again from the bars
// of the run alone.
func TestVerifyStartsLater(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "s.yaml", "name: m\nsymbols: [A]\nfrom: 2024-01-20\ndata: [bars.csv]\nevery: 2\nagent: {model: script/momentum, params: {lookback: 3}}\n")
	text := "symbol,timestamp,open,high,low,close,volume\n"
	for d := range 60 {
		p := 100 + 7*(d%9)
		text += fmt.Sprintf("A,%s,%d,%d,%d,%d,1000000\n", time.Date(2024, 1, 1+d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), p, p+3, p-3, p+1)
	}
	write(t, dir, "bars.csv", text)
	r := backtestJSON(t, dir, nil, "s.yaml")
	require.Greater(t, r["fills"], 3.0)
	out, errs, code := command(t, dir, nil, "verify", filepath.Join(dir, "runs", "m-1"))
	require.Equal(t, 0, code, errs+out)
	// Less history before the run, the same digest.
	write(t, dir, "bars.csv", strings.Join(append([]string{"symbol,timestamp,open,high,low,close,volume"}, strings.Split(text, "\n")[11:]...), "\n"))
	require.Equal(t, r["digest"], backtestJSON(t, dir, nil, "s.yaml")["digest"])
}
