package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop/driver"
	"pitwall/brokers/alpacafake"
)

// accountFolder is a folder with a strategy that may trade, and a fake broker whose next
// bar comes every few milliseconds.
func accountFolder(t *testing.T) (dir string, env []string) {
	return accountFolderEvery(t, 60*time.Millisecond)
}

func accountFolderEvery(t *testing.T, every time.Duration) (dir string, env []string) {
	dir, env, _ = brokerFolder(t, every)
	return dir, env
}

// brokerFolder is such a folder whose fake's next bar comes every so often; 0 = when it is
// asked.
func brokerFolder(t *testing.T, every time.Duration) (dir string, env []string, fake *alpacafake.Server) {
	dir = t.TempDir()
	data, err := filepath.Abs("../../examples/data/aapl_daily.csv")
	require.NoError(t, err)
	web, err := fakeFlags{data: []string{data}, symbols: "AAPL", from: "2013-09-02", to: "2018-05-11", cash: 100_000}.fake(t.Context())
	require.NoError(t, err)
	server := httptest.NewServer(web)
	ctx, cancel := context.WithCancel(t.Context())
	walked := make(chan error, 1)
	go func() { walked <- fakeFlags{every: every}.walk(ctx, web) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-walked)
		web.Close()
		server.CloseClientConnections()
		server.Close()
	})
	write(t, dir, "mine.yaml", "name: mine\nsymbols: [AAPL]\ndata: ["+data+"]\nevery: 1\ncosts: {commission_bps: 0, slippage_bps: 0}\nrisk: {max_order_notional: 200000}\nagent: {model: script/momentum, params: {lookback: 20}}\n",
		"paper.yaml", "broker: alpaca\nkeys: [MY_KEY, MY_SECRET]\nurl: "+server.URL+"\nlag: 1s\n",
		"other.yaml", "broker: alpaca\naccount: PA3FAKE00001\nkeys: [MY_KEY, MY_SECRET]\nurl: "+server.URL+"\n",
		"own.yaml", "broker: alpaca\nkeys: [MY_KEY, MY_SECRET]\nurl: https://paper-api.alpaca.markets\n",
		"rehearsal.yaml", "broker: alpaca\nmode: live\naccount: PA3FAKE00000\nkeys: [MY_KEY, MY_SECRET]\nurl: "+server.URL+"\n",
		"live.yaml", "broker: alpaca\nmode: live\naccount: PA3FAKE00001\nkeys: [MY_KEY, MY_SECRET]\nurl: "+server.URL+"\n")
	return dir, []string{"PITWALL_HALT_DIR=" + filepath.Join(dir, "halt"), "PITWALL_CACHE_DIR=none", "MY_KEY=k", "MY_SECRET=s"}, web
}

// A strategy trades at the fake broker, stops, goes on, and its folder is one like a
// backtest's.
func TestTradeAtABroker(t *testing.T) {
	dir, env := accountFolder(t)
	args := []string{"trade", "mine.yaml", "--broker", "alpaca", "--profile", "paper.yaml", "--json", "--turns"}
	out, errs, code := command(t, dir, env, append(args, "6")...)
	require.Zero(t, code, errs)
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	require.Equal(t, "paper", got["mode"])
	require.Positive(t, got["orders"])
	require.Positive(t, got["fills"], "the fake takes what the strategy may trade")
	require.GreaterOrEqual(t, got["turns"], 6.0)
	out, errs, code = command(t, dir, env, append(args, "3", "--resume", "last")...)
	require.Zero(t, code, errs)
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	for _, verb := range [][]string{{"report", "last"}, {"trace", "last"}, {"why", "last", "AAPL", "2013-09-20"}} {
		_, errs, code = command(t, dir, env, verb...)
		require.Zero(t, code, "%v: %s", verb, errs)
	}
	out, errs, code = command(t, dir, env, "verify", "last")
	require.Zero(t, code, out+errs)
	require.Contains(t, out, "the fills are those of the broker")
}

func TestTradeAtABrokerRefuses(t *testing.T) {
	dir, env := accountFolder(t)
	write(t, dir, "key.yaml", "broker: alpaca\nkeys: [PKABCDEFGH12345, secret]\n", "mode.yaml", "broker: alpaca\nmode: SECRETVALUE\n", "odd.yaml", "broker: alpaca\nsecret: SECRETVALUE\n")
	for _, x := range []struct {
		code int
		want []string
		args []string
	}{
		{2, []string{"--feed, --from, --to and --speed play recorded bars"}, []string{"--broker", "alpaca", "--feed", "x"}},
		{2, []string{"--live, --profile and --adopt are for an account"}, []string{"--feed", "x", "--live"}},
		{2, []string{"--adopt is for a run that goes on"}, []string{"--broker", "alpaca", "--adopt"}},
		{1, []string{"is not set"}, []string{"--broker", "alpaca"}},
		{1, []string{"name 1 of keys, webhook and link is not a variable name"}, []string{"--broker", "alpaca", "--profile", "key.yaml"}},
		{1, []string{"mode is neither paper nor live"}, []string{"--broker", "alpaca", "--profile", "mode.yaml"}},
		{1, []string{"it is not a valid broker profile (line 2)"}, []string{"--broker", "alpaca", "--profile", "odd.yaml"}},
		{1, []string{"live trading is not armed", "of 10 gates are closed; nothing was started", "--live was not given", `I_UNDERSTAND_LIVE_TRADING is ""`, `"PA3FAKE00001" and the broker answers "PA3FAKE00000"`}, []string{"--broker", "alpaca", "--profile", "live.yaml"}},
		{1, []string{`the profile says account "PA3FAKE00001", and the broker answers "PA3FAKE00000"`}, []string{"--broker", "alpaca", "--profile", "other.yaml"}},
		{1, []string{"url: https://paper-api.alpaca.markets is not on this machine"}, []string{"--broker", "alpaca", "--profile", "own.yaml"}},
		{1, []string{"of 10 gates", "does not say live"}, []string{"--broker", "alpaca", "--live", "--profile", "paper.yaml"}},
	} {
		_, errs, code := command(t, dir, append(env, "APCA_API_KEY_ID=", "APCA_API_SECRET_KEY=", "ALPACA_API_KEY=", "ALPACA_API_SECRET="), append([]string{"trade", "mine.yaml"}, x.args...)...)
		require.Equal(t, x.code, code, errs)
		for _, want := range x.want {
			require.Contains(t, errs, want)
		}
		require.NotContains(t, errs, "PKABC")
		require.NotContains(t, errs, "SECRETVALUE")
	}
	list, err := filepath.Glob(filepath.Join(dir, "runs", "*"))
	require.NoError(t, err)
	require.Empty(t, list, "what cannot start leaves nothing")
	_, err = os.Stat(filepath.Join(dir, "halt"))
	require.NoError(t, err)
}

// A live profile is rehearsed at the fake, by its clock: every gate is open, and the run says
// where its orders went.
func TestLiveIsRehearsed(t *testing.T) {
	dir, env := accountFolder(t)
	raw, err := os.ReadFile(filepath.Join(dir, "mine.yaml"))
	require.NoError(t, err)
	write(t, dir, "mine.yaml", strings.NewReplacer("script/momentum, params: {lookback: 20}", "script/buyhold", "max_order_notional: 200000",
		"max_order_notional: 2000000, max_drawdown_percent: 50, max_symbol_percent: 500, max_gross_percent: 700, max_daily_loss_percent: 20, max_orders: {count: 100, per: 1h}, price_collar_percent: 20, stale_price: 100h").Replace(string(raw)))
	out, errs, code := command(t, dir, env, "preflight", "mine.yaml")
	require.Zero(t, code, out+errs)
	args := []string{"trade", "mine.yaml", "--broker", "alpaca", "--profile", "rehearsal.yaml", "--live", "--turns", "4", "--json"}
	_, errs, code = command(t, dir, env, args...)
	require.Equal(t, 1, code)
	require.Contains(t, errs, "1 of 10 gates are closed")
	require.Contains(t, errs, `I_UNDERSTAND_LIVE_TRADING is ""`)
	out, errs, code = command(t, dir, append(env, "I_UNDERSTAND_LIVE_TRADING=true"), args...)
	require.Zero(t, code, errs)
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	require.Equal(t, "live", got["mode"])
	require.Positive(t, got["fills"], out)
	require.Contains(t, out, "at a server of your own")
}

// An alert runs a command with its text and posts it; what fails is a note without the
// address.
func TestAlerts(t *testing.T) {
	got := make(chan string, 1)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- string(body)
	}))
	a := testApp(t)
	var errs bytes.Buffer
	a.beside = &errs
	file := filepath.Join(t.TempDir(), "alert")
	cfg := settings{vars: map[string]string{"MY_HOOK": web.URL + "/secret"}}
	l, err := a.alerts(cfg, driver.Alert{Command: []string{"sh", "-c", `printf %s "$0" > ` + file}, Webhook: "MY_HOOK"})
	require.NoError(t, err)
	l.Tell("halt & \"quotes\"")
	l.Wait()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "halt & \"quotes\"", string(raw))
	require.JSONEq(t, `{"text": "pitwall: halt & \"quotes\""}`, <-got)
	require.Empty(t, errs.String())
	web.Close()
	l.Command = []string{"false"}
	l.Tell("again")
	l.Wait()
	require.Contains(t, errs.String(), "an alert was not sent (exit status 1): again")
	require.Contains(t, errs.String(), "the webhook could not be reached")
	require.NotContains(t, errs.String(), "secret")
	_, err = a.alerts(settings{}, driver.Alert{Webhook: "MY_HOOK"})
	require.ErrorContains(t, err, "MY_HOOK is not set")
}
