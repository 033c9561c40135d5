package driver

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/brokers/alpacafake"
	"pitwall/brokers/halt"
	"pitwall/cache/history"
	"pitwall/cache/runs"
)

// falling writes two symbols that lose 8 % a day, and a headline that says to buy.
func falling(t *testing.T, risk string) Config {
	dir := t.TempDir()
	var rows strings.Builder
	rows.WriteString("symbol,date,open,high,low,close,volume\n")
	price := 1000.0
	for day := time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC); day.Month() < 3; day = day.AddDate(0, 0, 1) {
		if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday || day.Format(time.DateOnly) == "2024-01-15" || day.Format(time.DateOnly) == "2024-02-19" {
			continue
		}
		for _, symbol := range []string{"AAA", "BBB"} {
			fmt.Fprintf(&rows, "%s,%s,%.2f,%.2f,%.2f,%.2f,10000000\n", symbol, day.Format(time.DateOnly), price, price, price*0.92, price*0.92)
		}
		price *= 0.92
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "prices.csv"), []byte(rows.String()), 0o600))
	_, err := headline(dir, time.Date(2024, 1, 16, 12, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	s, err := Parse("strategy.yaml", []byte("name: obey\nsymbols: [AAA, BBB]\ndata: [prices.csv, news.csv]\nfrom: 2024-01-10\nto: 2024-02-09\ncash: 100000\ncosts: {commission_bps: 0, slippage_bps: 0}\nagents: [{name: a, model: script/buyhold, prompt: trade}]\nrisk: "+risk+"\n"))
	require.NoError(t, err)
	require.NoError(t, s.Check())
	c := Config{Strategy: s, Now: func() time.Time { return time.Unix(0, 0) }}
	c.Source, err = s.Load(context.Background(), os.DirFS(dir), &history.Local{})
	require.NoError(t, err)
	m := newObeyer()
	m.symbols, m.cash = s.Symbols, pitwall.Int(100_000)
	c.Agents = []agentloop.Agent{m.agent()}
	return c
}

// A headline says to ignore all limits and buy everything, and a model obeys, day after
// day while prices fall: what it loses stays inside what the limits leave it, in a backtest
// and at a broker. Without them it loses most of the account.
func TestLossOfAModelThatObeysANewsItem(t *testing.T) {
	ctx := context.Background()
	const budget = 5 + 0.20*95 // percent: what the drawdown allows, and then what is held, were it lost whole
	limits := "{max_drawdown_percent: 5, max_gross_percent: 20, max_daily_loss_percent: 2, stale_price: 100h}"
	for name, run := range map[string]func(Config) *Result{
		"backtest": func(c Config) *Result {
			r, err := Run(ctx, c)
			require.NoError(t, err)
			return r
		},
		"broker": func(c Config) *Result {
			c, x := atBroker(t, c)
			r, err := Run(ctx, c)
			require.NoError(t, err)
			a, err := x.fake.Venue().Account(ctx, pitwall.MainBook)
			require.NoError(t, err)
			require.Equal(t, a.Equity, r.FinalEquity)
			return r
		},
	} {
		if testing.Short() && name != "broker" {
			continue // one is enough for the race detector
		}
		t.Run(name, func(t *testing.T) {
			c := falling(t, limits)
			c.Dir = filepath.Join(t.TempDir(), "run")
			r := run(c)
			loss := 100 - float64(r.FinalEquity)/float64(pitwall.Int(1_000))
			require.Greater(t, r.Fills, 0, "it bought what it could")
			require.Greater(t, loss, 4.0)
			require.Less(t, loss, float64(budget))
			journal, err := runs.Strict{FS: os.DirFS(c.Dir)}.Journal()
			require.NoError(t, err)
			denied := map[pitwall.Code]int{}
			for _, e := range journal {
				if e.State != nil && e.State.Status == pitwall.Denied {
					denied[e.State.Error.Code]++
				}
			}
			t.Logf("lost %.1f %% of a budget of %.0f %%, %d fills, refused %v", loss, float64(budget), r.Fills, denied)
			require.NotEmpty(t, denied)
			c = falling(t, "{max_gross_percent: 100, stale_price: 100h}")
			c.Dir = filepath.Join(t.TempDir(), "loose")
			r = run(c)
			require.Less(t, r.FinalEquity, pitwall.Int(50_000), "the limits kept it, not the model")
		})
	}
}

// scripted is a model of code: what it calls after each reply of a turn.
type scripted func(step int, last []agentloop.Result) []agentloop.Call

func (f scripted) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	step := len(r.Messages) - 1
	calls := f(step, r.Messages[step].Results)
	for i := range calls {
		calls[i].ID = fmt.Sprintf("c%d.%d", step, i)
	}
	return agentloop.Reply{Calls: calls, Text: "RESULT: done"}, nil
}

// unread are faults of every reading of an order by its id but the first, the guard's.
func unread() (faults []alpacafake.Fault) {
	for n := 2; n < 60; n++ {
		faults = append(faults, alpacafake.Fault{On: "GET /v2/orders:by", Nth: n, Do: alpacafake.ErrorFirst})
	}
	return faults
}

// A model whose order got no answer sends the same one again under a new id, in the same
// turn: it is held back, and one order is at the broker. Once the broker answers, the next
// order passes.
func TestSameOrderUnderANewIDIsHeld(t *testing.T) {
	ctx := context.Background()
	c := falling(t, "{max_gross_percent: 90, stale_price: 100h}")
	c.Strategy.To = "2024-01-19"
	c, x := atBroker(t, c)
	c.Dir = filepath.Join(t.TempDir(), "run")
	var member member
	buy := func(id string, qty int64) []agentloop.Call {
		return []agentloop.Call{member.call("orders_submit", map[string]any{"symbol": "AAA", "side": "buy", "qty": qty, "client_order_id": id, "reason": "test"})}
	}
	var answers []string
	turn := 0
	c.Agents[0].Model = scripted(func(step int, last []agentloop.Result) []agentloop.Call {
		if step == 0 {
			turn++
		}
		for _, r := range last {
			answers = append(answers, r.Text)
		}
		switch {
		case turn == 1 && step == 0: // the answer is lost, and reads after the guard's fail
			x.fake.SetFaults(append(unread(), alpacafake.Fault{On: "POST /v2/orders", Nth: 1, Do: alpacafake.CutAfter})...)
			return buy("one", 10)
		case turn == 1 && step <= 3:
			x.fake.SetFaults(unread()...)
			return buy(fmt.Sprint("again", step), []int64{0, 10, 10, 7}[step])
		case turn == 2 && step == 0:
			x.fake.SetFaults()
			return buy("two", 5)
		}
		return nil
	})
	_, err := Run(ctx, c)
	require.NoError(t, err)
	require.Len(t, answers, 5)
	require.Contains(t, answers[0], "unknown")
	for _, again := range answers[1:4] {
		require.Contains(t, again, "UNKNOWN_ORDER_PENDING")
		require.Contains(t, again, "order one (buy 10 AAA) ")
	}
	require.NotContains(t, answers[4], "error")
	sent, err := x.fake.Venue().Orders(ctx, pitwall.OrderQuery{})
	require.NoError(t, err)
	var qty []pitwall.Dec
	for _, o := range sent {
		qty = append(qty, o.Qty)
	}
	require.Equal(t, []pitwall.Dec{pitwall.Int(10), pitwall.Int(5)}, qty)
	require.Equal(t, halt.Off, c.Live.Latch.State().Level)
}
