package risk_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
)

// The order is as large as every limit allows, in whole lots, and says so; a repeat of
// it is the same order.
func TestTrim(t *testing.T) {
	d := newDesk(t, limits{"over_limit": "trim", "max_order_notional": 1550, "max_position_qty": 20, "max_symbol_percent": 50})
	state := d.submit(t, b("A", "30"))
	require.Equal(t, pitwall.Working, state.Status)
	require.Equal(t, n("15"), state.Qty)
	require.Equal(t, &pitwall.Sizing{Asked: "qty 30", Price: n("100"), Equity: n("10000"), Limited: "limit max_order_notional, max_position_qty: 15 of 30"}, state.Sizing)
	entries := d.journal.Entries()
	require.Len(t, entries, 2)
	require.Equal(t, state.Sizing, entries[0].Order.Sizing)
	require.Equal(t, n("15"), entries[0].Order.Qty)
	require.Equal(t, n("15"), d.submit(t, b("A", "30")).Qty)
	require.True(t, d.last.SameAs(state.Order), "the broker recognizes it")
	d.submit(t, b("A", "29"))
	require.Equal(t, n("29"), d.last.Qty, "another one is the broker's to refuse")
	d.submit(t, with(b("A", "30"), func(o *pitwall.Order) { o.Sizing = &pitwall.Sizing{Asked: "position"} }))
	require.Equal(t, "position", d.last.Sizing.Asked)
	plain := newDesk(t, limits{"max_order_qty": 10})
	plain.submit(t, b("A", "5"))
	plain.submit(t, b("A", "6"))
	require.Equal(t, n("6"), plain.last.Qty)
	require.Equal(t, 1, d.sent)
	require.Len(t, d.journal.Entries(), 2, "a repeat is not recorded again")

	require.Equal(t, n("5"), d.submit(t, named("y", b("A", "10"))).Qty, "what is open counts")
	state = d.submit(t, named("z", b("A", "10")))
	require.Equal(t, pitwall.Denied, state.Status)
	require.Contains(t, state.Error.Hint, "no quantity would pass")
	require.Equal(t, n("10"), state.Qty)

	// What was sized already keeps what was asked.
	d = newDesk(t, limits{"over_limit": "trim", "max_order_qty": 10})
	o := with(b("A", "30"), func(o *pitwall.Order) {
		o.Sizing = &pitwall.Sizing{Asked: "notional buy 3000", Limited: "buying power"}
	})
	state = d.submit(t, o)
	require.Equal(t, "buying power; limit max_order_qty: 10 of 30", state.Sizing.Limited)
	require.Equal(t, "notional buy 3000", state.Sizing.Asked)
	require.Equal(t, "buying power", o.Sizing.Limited, "the caller's order is the caller's")
	require.Equal(t, n("2"), d.submit(t, named("y", b("A", "2"))).Qty, "what fits stays")
	require.Nil(t, d.find("y").Sizing)
}

// Trimming respects what a smaller order does not pass, and never touches an exit.
func TestTrimRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		raw   limits
		order pitwall.Order
		codes []string
	}{
		{"too small", limits{"max_order_qty": 9, "min_order_notional": 1000}, b("A", "20"), []string{"max_order_qty"}},
		{"a limit that is not about size", limits{"max_order_qty": 9, "deny": []any{"A"}}, b("A", "20"), []string{"deny", "max_order_qty"}},
		{"an exit", limits{"max_order_qty": 9}, s("A", "10"), []string{"max_order_qty"}},
		{"by default", limits{"max_order_qty": 9, "over_limit": "deny"}, b("A", "20"), []string{"max_order_qty"}},
		{"a price that is missing", limits{"max_order_qty": 9, "max_order_notional": 1}, b("Z", "20"), []string{"max_order_qty", "max_order_notional"}},
	} {
		if _, ok := c.raw["over_limit"]; !ok {
			c.raw["over_limit"] = "trim"
		}
		d := newDesk(t, c.raw)
		d.move("A", n("10"))
		d.market.put("Z", "1", "")
		delete(d.market.bars, "Z")
		state := d.submit(t, c.order)
		require.Equal(t, pitwall.Denied, state.Status, c.name)
		require.Equal(t, c.codes, codes(state), c.name)
		require.Zero(t, d.sent)
	}
	d := newDesk(t, limits{"over_limit": "trim", "max_order_qty": 9})
	require.Equal(t, n("9"), d.submit(t, b("A", "9")).Qty)
	_, err := d.Guard.Replace(t.Context(), "x", pitwall.Change{Qty: n("12")})
	require.Equal(t, risk.MaxOrderQty, pitwall.CodeOf(err), "a change is not made smaller")
	d = newDesk(t, limits{"over_limit": "trim", "max_order_qty": 9})
	i := d.market.list["A"]
	i.Lot = pitwall.Int(2)
	d.market.list["A"] = i
	require.Equal(t, n("8"), d.submit(t, b("A", "20")).Qty, "whole lots")
}

// Many at once share a limit to the last unit and never pass it.
func TestTrimRace(t *testing.T) {
	d := newDesk(t, limits{"over_limit": "trim", "max_position_qty": 100})
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() { d.submit(t, marketOrder(fmt.Sprint(i), "A", buy, pitwall.Int(7))) })
	}
	wg.Wait()
	total := pitwall.Dec(0)
	for _, o := range d.orders {
		total += o.Qty
	}
	require.Equal(t, pitwall.Int(100), total)
	require.Equal(t, 15, d.sent)
}

func TestSafeMode(t *testing.T) {
	safe := func(raw limits) string {
		l, err := risk.Parse(raw)
		require.NoError(t, err)
		return l.Safe().String()
	}
	require.Equal(t, "stale_price 3d; max_leverage 2; max_symbol_percent 25; max_positions 3; safe_mode true", safe(limits{"stale_price": "3d"}))
	require.Equal(t, "max_order_qty 10; max_order_notional 250; max_position_qty 5; max_position_notional 100; max_leverage 1.5; max_symbol_percent 10; max_positions 2; safe_mode true",
		safe(limits{"max_order_qty": 40, "max_order_notional": 1000, "max_position_qty": 20, "max_position_notional": 400, "max_symbol_percent": 40, "max_positions": 2, "max_leverage": 1.5}))
	require.Equal(t, "max_order_qty 10; max_leverage 2; max_positions 3; safe_mode true", safe(limits{"max_order_qty": 40, "max_positions": 4, "max_leverage": 3}))
	require.Equal(t, "max_order_qty 10; max_leverage 2; max_positions 3; safe_mode true", safe(limits{"max_order_qty": 40, "safe_mode": true}), "once")
	require.Equal(t, "max_order_qty 40", safe(limits{"max_order_qty": 40, "safe_mode": false}))
	require.Equal(t, "no limits", risk.NoLimits().Safe().String())
	l, err := risk.Parse(limits{"safe_mode": true})
	require.NoError(t, err)
	require.Equal(t, "max_leverage 2; max_symbol_percent 25; max_positions 3; safe_mode true", l.String(), "in a backtest too")
	require.Equal(t, pitwall.Working, deskWith(l).submit(t, b("A", "25")).Status)
	require.Equal(t, []string{"max_symbol_percent"}, codes(deskWith(l).submit(t, b("A", "26"))))
}
