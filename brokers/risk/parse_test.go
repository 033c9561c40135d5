package risk_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
)

func TestParse(t *testing.T) {
	l, err := risk.Parse(limits{"max_order_qty": 100, "max_order_notional": 5000.25, "price_collar_percent": "10", "stale_price": "72h", "allow": []any{"A", "B"},
		"max_orders": limits{"count": 3, "per": "90m"}, "allow_short": false, "max_volatility_percent": limits{"limit": 20, "days": 30}, "max_leverage": "off", "max_positions": 0.0, "halted": false})
	require.NoError(t, err)
	require.Equal(t, "allow [A, B]; max_order_qty 100; max_order_notional 5000.25; price_collar_percent 10; stale_price 3d; allow_short false; max_orders 3 per 1h30m; max_positions 0; max_volatility_percent 20 over 30 days", l.String())
	require.Equal(t, risk.Off[pitwall.Dec](), l.MaxLeverage)
	require.Equal(t, risk.Off[int](), l.MaxOpenOrders, "what is not named is off")
	require.Equal(t, risk.Off[bool](), l.Halted)
	require.Equal(t, risk.At(risk.Rate{Count: 3, Per: 90 * time.Minute}), l.MaxOrders)
	l, err = risk.Parse(limits{"max_volatility_percent": 12.5})
	require.NoError(t, err)
	require.Equal(t, "max_volatility_percent 12.5 over 60 days", l.String())
	fields := 0
	for i := range reflect.TypeFor[risk.Limits]().NumField() {
		if reflect.TypeFor[risk.Limits]().Field(i).IsExported() {
			fields++
		}
	}
	require.Len(t, risk.Keys(), fields, "every limit has its row")
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		key   string
		value any
		text  string
	}{
		{"max_order_qyt", 1, `risk: there is no key "max_order_qyt"; did you mean "max_order_qty"? the keys are allow, deny, halted, max_order_qty, `},
		{"max_order_qty", -1, "risk: max_order_qty is -1: write a number that is not below 0, or off"},
		{"max_order_qty", "ten", `risk: max_order_qty "ten" is not a decimal number`},
		{"max_order_qty", 0.123456789, `risk: max_order_qty "0.123456789" has more than 8 decimals; round it first`},
		{"max_order_qty", nil, "risk: max_order_qty is empty: write a number, or off"},
		{"max_order_qty", true, "risk: max_order_qty is true: write a number, or off"},
		{"max_order_qty", []any{1}, "risk: max_order_qty is [1]: write a number, or off"},
		{"max_order_qty", 1e300, "too large"},
		{"max_positions", 1.5, "risk: max_positions is 1.5: write a whole number"},
		{"max_positions", -2, "not below 0"},
		{"stale_price", 72, "risk: stale_price is 72: write a duration such as 72h or 3d, or off"},
		{"stale_price", "soon", `risk: stale_price is "soon": write a duration such as 72h or 3d, or off`},
		{"stale_price", "-3d", "risk: stale_price is -3d: write a duration above 0, or off"},
		{"stale_price", "99999999d", "write a duration such as"},
		{"duplicate_window", "0s", "write a duration above 0, or off"},
		{"allow", "AAPL", "risk: allow is AAPL: write a list of symbols such as [AAPL, MSFT], or off"},
		{"allow", []any{}, "write a list of symbols"},
		{"deny", []any{"A", 7}, "risk: deny holds 7: write symbols as text, in quotes if need be"},
		{"allow_short", "off", "risk: allow_short is off: write true or false"},
		{"buying_power", 1, "risk: buying_power is 1: write true or false"},
		{"max_orders", 5, "risk: max_orders is 5: write {count: 10, per: 1h}, or off"},
		{"max_orders", limits{"count": 5}, "risk: max_orders per is empty: write a duration"},
		{"max_orders", limits{"count": -5, "per": "1h"}, "risk: max_orders count is -5"},
		{"max_orders", limits{"cuont": 5, "per": "1h"}, `risk: max_orders has no key "cuont": did you mean "count"? write {count: 10, per: 1h}`},
		{"max_volatility_percent", limits{"limit": 20, "days": 19}, "risk: max_volatility_percent days is 19: write 20 to 5000"},
		{"max_volatility_percent", limits{"limit": 20, "days": 5001}, "risk: max_volatility_percent days is 5001: write 20 to 5000"},
		{"max_var_percent", limits{"limit": 2, "days": 59}, "risk: max_var_percent days is 59: write 60 to 5000"},
		{"max_var_percent", limits{"limt": 2}, `did you mean "limit"? write {limit: 20, days: 250}`},
		{"max_volatility_percent", limits{"days": 60}, "risk: max_volatility_percent limit is empty"},
		{"max_volatility_percent", -1, "not below 0"},
		{"max_order_qty", "off", "risk: names no limit; leave it out for no limits"},
		{"allow_short", true, "risk: names no limit"},
	} {
		l, err := risk.Parse(limits{c.key: c.value})
		require.Error(t, err, "%s: %v", c.key, c.value)
		require.Equal(t, pitwall.StrategyError, pitwall.CodeOf(err))
		require.Contains(t, err.Error(), c.text)
		require.Equal(t, risk.Limits{}, l, "what was refused denies")
	}
	for _, empty := range []limits{nil, {}} {
		_, err := risk.Parse(empty)
		require.ErrorContains(t, err, "risk: names no limit; leave it out for no limits")
	}
}

// The largest figures that are read, and what reads a limit back.
func TestParseOfExtremes(t *testing.T) {
	l, err := risk.Parse(limits{"max_positions": 2147483647, "max_volatility_percent": limits{"limit": 1e7, "days": 5000}, "max_var_percent": limits{"limit": 1, "days": 60}, "stale_price": "106751d"})
	require.NoError(t, err)
	require.Equal(t, "stale_price 106751d; max_positions 2147483647; max_volatility_percent 10000000 over 5000 days; max_var_percent 1 over 60 days", l.String())
	most, ok := l.MaxPositions.Get()
	require.True(t, ok)
	require.Equal(t, 2147483647, most)
	_, ok = l.MaxOpenOrders.Get()
	require.False(t, ok)
	for key, value := range map[string]any{"max_positions": 2147483648, "stale_price": "106752d", "allow": []any{"A", ""}} {
		_, err := risk.Parse(limits{key: value})
		require.Error(t, err, key)
	}
}

func TestUnstated(t *testing.T) {
	require.Equal(t, []string{"max_order_notional", "max_symbol_percent", "max_gross_percent", "max_daily_loss_percent", "max_orders", "price_collar_percent", "stale_price"}, risk.Unstated(nil))
	require.Equal(t, []string{"max_order_notional", "max_orders"}, risk.Unstated(limits{"max_symbol_percent": 1, "max_gross_percent": "off", "max_daily_loss_percent": 1, "price_collar_percent": 1, "stale_price": "1h", "max_positions": 1}))
}

// A limit that is neither set nor off refuses every order.
func TestUnsetLimitRefuses(t *testing.T) {
	l, err := risk.Parse(limits{"max_order_qty": 10})
	require.NoError(t, err)
	require.Equal(t, pitwall.Working, deskWith(l).submit(t, b("A", "1")).Status)
	l.MaxLeverage, l.Allow = risk.Limit[pitwall.Dec]{}, risk.Limit[[]string]{}
	require.Equal(t, "nothing allowed: allow, max_leverage neither set nor off", l.String())
	d := deskWith(l)
	state := d.submit(t, b("A", "1"))
	require.Equal(t, pitwall.NotAllowed, state.Error.Code)
	require.Equal(t, "allow is neither set nor off; NOT_ALLOWED: max_leverage is neither set nor off; nothing was sent", state.Error.Message)
	require.Zero(t, d.sent)
}

// The extremes of one order: with every limit off it passes.
func TestOffPasses(t *testing.T) {
	l, err := risk.Parse(limits{"max_order_qty": 10})
	require.NoError(t, err)
	l.MaxOrderQty = risk.Off[pitwall.Dec]()
	require.Equal(t, "every limit off", l.String())
	require.Equal(t, pitwall.Working, deskWith(l).submit(t, s("A", "1000000")).Status)
	require.Equal(t, pitwall.Working, deskWith(risk.NoLimits()).submit(t, s("Z", "-5")).Status, "nothing is looked at")
}
