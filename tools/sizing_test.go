package tools_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/tools"
)

// The fake world's only price is 100; commission is 10 bps, the buffer 2 %.
func TestSizing(t *testing.T) {
	for name, c := range map[string]struct {
		cash string
		args string
		qty  string // of the order that was sent; empty = none
		want string
	}{
		"target":                       {"1000", `"target_percent":50`, "4", "sized_from=target_percent 50 price=100 equity=1000 cash_buffer=20"},
		"target of everything":         {"1000", `"target_percent":100`, "9", ""},
		"target of nothing, none held": {"1000", `"target_percent":0`, "", "already there"},
		"target below a lot":           {"150", `"target_percent":50`, "", "73.5 is less than one lot (1) of X at 100 with costs"},
		"notional":                     {"1000", `"side":"buy","notional":505`, "5", ""},
		"notional beyond the buffer":   {"1000", `"side":"buy","notional":1000`, "9", "limited_by=buying power 1000 less the cash buffer"},
		"notional below a lot":         {"1000", `"side":"buy","notional":100`, "", "100 is less than one lot"},
		"raise money, costs on top":    {"1000", `"side":"sell","notional":999`, "10", ""},
		"a limit's own price":          {"1000", `"target_percent":50,"type":"limit","limit":50`, "9", "price=50"},
		"a stop on the wrong side":     {"1000", `"side":"buy","notional":505,"type":"stop","stop":10`, "5", "price=100"},
		"a stop above":                 {"1000", `"side":"buy","notional":505,"type":"stop","stop":120`, "4", "price=120"},
		"a sale's stop":                {"1000", `"side":"sell","notional":319,"type":"stop","stop":80`, "3", "price=80"},
		"a trailing buy":               {"1000", `"target_percent":100,"type":"trailing_stop","trail_percent":10`, "8", "price=110"},
		"half a percent is not half":   {"100000", `"target_percent":0.5`, "4", "for a share such as 0.5 of it send 50"},
		"confidence in quotes":         {"1000", `"side":"buy","qty":1,"confidence":"0.5"`, "1", ""},
	} {
		w, b := liveWorld()
		cash, err := pitwall.ParseDec(c.cash)
		require.NoError(t, err)
		b.cash = cash
		a := newSet().Call(trader(), w, "orders_submit", json.RawMessage(`{"symbol":"X",`+c.args+`}`))
		require.Contains(t, a.Text, c.want, name)
		if c.qty == "" {
			require.Empty(t, b.orders, name)
			continue
		}
		require.False(t, a.IsError, name+": "+a.Text)
		require.Len(t, b.orders, 1, name)
		require.Equal(t, c.qty, b.orders[0].Qty.String(), name)
	}
}

func TestTargetBesideOpenOrders(t *testing.T) {
	w, _ := liveWorld()
	s := newSet()
	submit := func(args string) tools.Answer { return s.Call(trader(), w, "orders_submit", json.RawMessage(args)) }
	require.False(t, submit(`{"symbol":"X","target_percent":50,"client_order_id":"mine"}`).IsError)
	require.Contains(t, submit(`{"symbol":"X","target_percent":50}`).Text, "already there", "an open order counts as done")
	a := submit(`{"symbol":"X","target_percent":0}`)
	require.Equal(t, pitwall.ShortNotAllowed, code(t, a))
	require.Contains(t, a.Text, "cancel the open orders first: mine")
}

// A protective stop may never trade: it is no sale that is as good as done.
func TestTargetBesideAStop(t *testing.T) {
	w, b := liveWorld()
	b.held = pitwall.Int(5)
	s := newSet()
	submit := func(args string) tools.Answer { return s.Call(trader(), w, "orders_submit", json.RawMessage(args)) }
	require.False(t, submit(`{"symbol":"X","side":"sell","qty":5,"type":"stop","stop":80,"tif":"gtc","client_order_id":"stop"}`).IsError)
	require.Contains(t, submit(`{"symbol":"X","target_percent":33.5}`).Text, "already there", "5 of 100 in an equity of 1500 are a third")
	a := submit(`{"symbol":"X","target_percent":0}`)
	require.Equal(t, pitwall.ShortNotAllowed, code(t, a))
	require.Contains(t, a.Text, "cancel the open orders first: stop")
	require.Len(t, b.orders, 1)
}

func TestOwnIDsAreReserved(t *testing.T) {
	w, b := liveWorld()
	a := newSet().Call(trader(), w, "orders_submit", json.RawMessage(`{"symbol":"X","side":"buy","qty":1,"client_order_id":"o-13"}`))
	require.Equal(t, pitwall.InvalidInput, code(t, a))
	require.Empty(t, b.orders)
}

func TestAnEndedWorldTakesNoOrders(t *testing.T) {
	w, b := liveWorld()
	s := newSet()
	require.NoError(t, w.Close())
	require.Equal(t, pitwall.WorldEnded, code(t, s.Call(trader(), w, "orders_submit", json.RawMessage(`{"symbol":"X","side":"buy","qty":1}`))))
	require.Equal(t, pitwall.WorldEnded, code(t, s.Call(trader(), w, "clock_next_bar", nil)))
	require.False(t, s.Call(trader(), w, "account_portfolio", nil).IsError, "what was can still be read")
	require.Empty(t, b.orders)
}

func TestRepeatedRejectionIsTheSameError(t *testing.T) {
	w, b := liveWorld()
	b.reject = pitwall.Errorf(pitwall.BuyingPower, "needs 5")
	s := newSet()
	args := json.RawMessage(`{"symbol":"X","side":"buy","notional":505,"client_order_id":"k"}`)
	one := s.Call(trader(), w, "orders_submit", args)
	two := s.Call(trader(), w, "orders_submit", args)
	require.Equal(t, pitwall.BuyingPower, code(t, one))
	require.Equal(t, one.Text, two.Text)
	require.Len(t, b.orders, 1)
}

// lowMarket has one price of 0 or below.
type lowMarket struct {
	fakeMarket
	price pitwall.Dec
}

func (m lowMarket) Last(ctx context.Context, s string) (pitwall.Bar, error) {
	bar, err := m.fakeMarket.Last(ctx, s)
	bar.Open, bar.High, bar.Low, bar.Close = m.price, m.price, m.price, m.price
	return bar, err
}

// Money and a share of equity are no number of units at 0 or below; a target of 0 closes
// what is held, and qty needs no price.
func TestSizingAtZeroAndBelow(t *testing.T) {
	for _, price := range []string{"-37.63", "0"} {
		for args, want := range map[string]string{
			`"side":"buy","notional":5000`: "the price of X is " + price + ": money and shares of equity are no number of units at 0 or below",
			`"target_percent":50`:          "give qty; target_percent 0 closes",
			`"target_percent":0`:           "",
			`"side":"buy","qty":1`:         "",
		} {
			w, b := liveWorld()
			low := lowMarket{fakeMarket{w.Clock.(*fakeClock)}, 0}
			require.NoError(t, low.price.UnmarshalText([]byte(price)))
			w.Market, b.held = low, pitwall.Int(4)
			a := newSet().Call(trader(), w, "orders_submit", json.RawMessage(`{"symbol":"X",`+args+`}`))
			require.Equal(t, want != "", a.IsError, "%s at %s: %s", args, price, a.Text)
			require.Contains(t, a.Text, want)
			if args == `"target_percent":0` {
				require.Equal(t, pitwall.Int(4), b.orders[0].Qty)
				require.Equal(t, pitwall.Sell, b.orders[0].Side)
			}
		}
	}
}
