package risk_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
)

// every is a set of limits that an opening order of 1 A fails, each of them.
func every() limits {
	return limits{"deny": []any{"A"}, "halted": true, "max_order_qty": 0, "max_order_notional": 0, "stale_price": "1s",
		"max_position_qty": 0, "max_position_notional": 0, "max_gross_percent": 0, "max_net_percent": 0, "max_leverage": 0, "max_symbol_percent": 0, "max_sector_percent": 0,
		"buying_power": true, "allow_short": false, "no_borrow": []any{"A"}, "max_orders": limits{"count": 0, "per": "1h"}, "max_open_orders": 0,
		"max_positions": 0, "min_risk_reward": 100, "max_volatility_percent": 0}
}

func everyDesk(t *testing.T) *desk {
	d := newDesk(t, every())
	d.Guard.SetCosts(pitwall.Costs{})
	d.venue.cash = pitwall.One
	d.clock.Time = noon.AddDate(0, 0, 1)
	swing(d, "A", 30, "100", "110")
	d.market.bars["A"][59].Volume = 0
	return d
}

func codes(state pitwall.OrderState) (list []string) {
	for _, c := range state.Error.Checks {
		list = append(list, c.Name)
	}
	return list
}

// Exits skip the limits on exposure and nothing else.
func TestExits(t *testing.T) {
	always := []string{"deny", "halted", "max_order_qty", "max_order_notional", "stale_price", "max_orders", "max_open_orders"}
	opening := []string{"deny", "halted", "max_order_qty", "max_order_notional", "stale_price", "max_position_qty", "max_position_notional", "max_gross_percent", "max_net_percent", "max_leverage",
		"max_symbol_percent", "max_sector_percent", "buying_power", "allow_short", "no_borrow", "max_orders", "max_open_orders", "max_positions", "min_risk_reward", "max_volatility_percent"}
	require.Equal(t, opening, codes(everyDesk(t).submit(t, bracket(s("A", "1"), "99", "111"))), "every limit can fail at once")

	oco := with(s("A", "5"), func(o *pitwall.Order) { o.Class = pitwall.OCO; o.Legs = bracket(*o, "120", "90").Legs })
	reduce := func(o *pitwall.Order) { o.ReduceOnly = true }
	for _, c := range []struct {
		name  string
		held  string
		open  []pitwall.Order
		order pitwall.Order
		exit  bool
	}{
		{"all of it", "5", nil, s("A", "5"), true},
		{"a unit more", "5", nil, s("A", "5.00000001"), false},
		{"cover", "-5", nil, b("A", "5"), true},
		{"more than cover", "-5", nil, b("A", "6"), false},
		{"more of it", "5", nil, b("A", "1"), false},
		{"what open sells leave", "5", []pitwall.Order{named("o", s("A", "2"))}, s("A", "3"), true},
		{"what open sells take", "5", []pitwall.Order{named("o", s("A", "2"))}, s("A", "4"), false},
		{"open buys may not fill", "5", []pitwall.Order{named("o", b("A", "2"))}, s("A", "6"), false},
		{"what reducing sells take", "5", []pitwall.Order{with(named("o", s("A", "2")), reduce)}, s("A", "4"), false},
		{"one group sells once", "5", []pitwall.Order{with(named("o", s("A", "5")), group), with(named("p", s("A", "4")), group)}, with(s("A", "5"), group), true},
		{"legs that wait take nothing", "5", []pitwall.Order{named("o", bracket(b("A", "5"), "110", "90"))}, s("A", "5"), true},
		{"the smaller of a group", "0", []pitwall.Order{with(named("o", s("A", "5")), group)}, with(s("A", "4"), group), false},
		{"reduce only", "0", nil, with(s("A", "5"), reduce), true},
		{"reduce only beside its own kind", "5", []pitwall.Order{with(named("o", s("A", "5")), reduce)}, with(s("A", "5"), reduce), true},
		{"reduce only beside open sells", "5", []pitwall.Order{named("o", s("A", "5"))}, with(s("A", "5"), reduce), false},
		{"oco", "5", nil, oco, true},
		{"an oco and its legs sell once", "10", []pitwall.Order{named("o", oco)}, s("A", "5"), true},
		{"what an oco leaves", "10", []pitwall.Order{named("o", oco)}, s("A", "6"), false},
		{"oco in name only", "0", nil, with(oco, func(o *pitwall.Order) { o.Legs = nil }), false},
		{"a parent of one's own saying", "0", nil, with(s("A", "5"), func(o *pitwall.Order) { o.Parent = "p" }), false},
		{"nothing held", "0", nil, s("A", "1"), false},
	} {
		d := everyDesk(t)
		d.move("A", n(c.held))
		for _, o := range c.open {
			d.rest(t, o)
		}
		got := codes(d.submit(t, c.order))
		if c.exit {
			require.Equal(t, always, got, c.name)
		} else {
			require.Subset(t, got, append([]string{"max_position_qty", "max_gross_percent", "max_volatility_percent"}, always...), c.name)
		}
	}
	d := newDesk(t, limits{"price_collar_percent": 10, "max_position_qty": 0})
	d.move("A", n("1"))
	require.Equal(t, []string{"price_collar_percent"}, codes(d.submit(t, sl("A", "1", "50"))), "exits are collared too")
}

func group(o *pitwall.Order) { o.Group = "g" }

// Of a group only the largest counts; of an unknown order all that is left.
func TestWhatCounts(t *testing.T) {
	d := newDesk(t, limits{"max_position_qty": 10})
	d.rest(t, with(named("o", b("A", "6")), group))
	require.Equal(t, pitwall.Working, d.submit(t, with(named("p", b("A", "10")), group)).Status)
	require.Equal(t, pitwall.Denied, d.submit(t, named("q", b("A", "1"))).Status)
	d = newDesk(t, limits{"max_position_qty": 10})
	d.rest(t, named("o", b("A", "10")))
	d.fill("o", n("4"))
	d.orders[0].Status = pitwall.Unknown
	require.Equal(t, pitwall.Denied, d.submit(t, named("p", b("A", "1"))).Status, "4 held and 6 unknown")
	_, err := d.Guard.Cancel(t.Context(), "o")
	require.NoError(t, err)
	require.Equal(t, pitwall.Working, d.submit(t, named("p", b("A", "6"))).Status)
}

func TestReplaceIsChecked(t *testing.T) {
	d := newDesk(t, limits{"max_position_notional": 1000, "deny": []any{"C"}})
	ctx := t.Context()
	require.Equal(t, pitwall.Working, d.submit(t, bl("A", "10", "100")).Status)
	d.fill("x", n("4"))
	sent := d.sent
	change := func(c pitwall.Change) error { _, err := d.Guard.Replace(ctx, "x", c); return err }

	err := change(pitwall.Change{Qty: n("11")})
	require.Equal(t, risk.MaxPositionNotional, pitwall.CodeOf(err))
	require.Contains(t, err.Error(), "A now 400 USD, open 0 USD, this 700 USD -> 1100 USD; limit 1000 USD; nothing was sent", "its old self is gone")
	require.Equal(t, risk.MaxPositionNotional, pitwall.CodeOf(change(pitwall.Change{Limit: n("101")})), "a higher price is a larger exposure")
	require.Equal(t, pitwall.InvalidNumber, pitwall.CodeOf(change(pitwall.Change{Qty: n("-1")})))
	require.Equal(t, sent, d.sent)
	require.Equal(t, n("10"), d.orders[0].Qty, "nothing was changed")
	entries := d.journal.Entries()
	last := entries[len(entries)-1]
	require.Equal(t, pitwall.EntryOrder, last.Kind)
	require.Equal(t, "x", last.ID)
	require.Nil(t, last.State)
	require.True(t, strings.HasPrefix(last.Note, "change denied: INVALID_NUMBER: qty=-1 "), last.Note)

	require.NoError(t, change(pitwall.Change{Limit: n("90")}))
	require.NoError(t, change(pitwall.Change{Qty: n("8")}), "a smaller order passes")
	require.NoError(t, change(pitwall.Change{Qty: n("10"), Limit: n("100")}))
	require.Equal(t, sent+3, d.sent)
	_, err = d.Guard.Replace(ctx, "nope", pitwall.Change{Qty: n("1")})
	require.Equal(t, pitwall.UnknownOrder, pitwall.CodeOf(err))
	d.rest(t, named("c", bl("C", "10", "10")))
	_, err = d.Guard.Replace(ctx, "c", pitwall.Change{Qty: n("5")})
	require.NoError(t, err, "shrinking passes whatever the limits are")
	_, err = d.Guard.Replace(ctx, "c", pitwall.Change{Limit: n("9")})
	require.Equal(t, risk.Restricted, pitwall.CodeOf(err))
	// A leg stays an exit when it is moved.
	d = newDesk(t, limits{"max_position_qty": 1})
	require.Equal(t, pitwall.Working, d.submit(t, bracket(b("A", "1"), "110", "90")).Status)
	d.fill("x", n("1"))
	_, err = d.Guard.Replace(ctx, "x.take_profit", pitwall.Change{Limit: n("120")})
	require.NoError(t, err)
	// The money that the old self held is free for the new one.
	d = newDesk(t, limits{"buying_power": true})
	d.Guard.SetCosts(pitwall.Costs{})
	require.Equal(t, pitwall.Working, d.submit(t, bl("A", "100", "100")).Status)
	d.cash = n("1") // what is left besides
	_, err = d.Guard.Replace(ctx, "x", pitwall.Change{Limit: n("100.01")})
	require.NoError(t, err)
	_, err = d.Guard.Replace(ctx, "x", pitwall.Change{Limit: n("100.03")})
	require.Equal(t, pitwall.BuyingPower, pitwall.CodeOf(err))
}

// A denial that cannot be recorded is an error like any other.
func TestDenialNeedsTheJournal(t *testing.T) {
	d := newDesk(t, limits{"max_order_qty": 1})
	l, err := risk.Parse(limits{"max_order_qty": 1})
	require.NoError(t, err)
	g := risk.New(d.venue, &full{}, d.clock, d.market, d.market, l)
	_, err = g.Submit(t.Context(), b("A", "2"))
	require.Equal(t, pitwall.JournalFailed, pitwall.CodeOf(err))
	d.rest(t, b("A", "1"))
	_, err = g.Replace(t.Context(), "x", pitwall.Change{Qty: n("2")})
	require.Equal(t, pitwall.JournalFailed, pitwall.CodeOf(err))
	require.Zero(t, d.sent)
}

// T3: many at once never pass one limit together.
func TestRace(t *testing.T) {
	d := newDesk(t, limits{"max_position_qty": 100, "max_orders": limits{"count": 50, "per": "1h"}})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for k := range 4 {
				id := fmt.Sprintf("%d-%d", i, k)
				if state, err := d.Guard.Submit(context.Background(), marketOrder(id, "A", buy, pitwall.Int(3))); err == nil && state.Status == pitwall.Working && k%2 == 0 {
					d.fill(id, pitwall.Int(2))
				}
			}
		})
	}
	wg.Wait()
	open, err := d.venue.Orders(t.Context(), pitwall.OrderQuery{Open: true})
	require.NoError(t, err)
	total := d.held["A"]
	for _, o := range open {
		total += o.Remaining()
	}
	require.Equal(t, pitwall.Int(99), total, "as many as fit, and no more")
	require.Equal(t, 33, d.sent)
}

// A stop given by its distance is collared like one given by its price.
func TestCollarOfPercentStops(t *testing.T) {
	for percent, want := range map[string]pitwall.Status{"5": pitwall.Working, "5.1": pitwall.Denied} {
		for _, trail := range []bool{false, true} {
			d := newDesk(t, limits{"price_collar_percent": 5})
			o := b("A", "1")
			o.Class, o.Legs = pitwall.OTO, []pitwall.Leg{{Role: pitwall.StopLoss, Percent: n(percent)}}
			if trail {
				o.Legs = []pitwall.Leg{{Role: pitwall.StopLoss, TrailPercent: n(percent)}}
			}
			require.Equal(t, want, d.submit(t, o).Status, "%s %v", percent, trail)
		}
	}
}

// T3 for every limit that orders share: many at once fill it and never pass it.
func TestRaceOfSharedLimits(t *testing.T) {
	for _, c := range []struct {
		raw  limits
		sent int // of orders of 3 A, each 300 of 10,000
	}{
		{limits{"max_position_notional": 1000}, 3},
		{limits{"max_gross_percent": 10}, 3},
		{limits{"max_net_percent": 12}, 4},
		{limits{"max_leverage": 0.1}, 3},
		{limits{"max_symbol_percent": 10}, 3},
		{limits{"max_sector_percent": 12}, 4},
		{limits{"max_orders": limits{"count": 5, "per": "1h"}}, 5},
		{limits{"max_turnover_percent": 15}, 5},
		{limits{"max_open_orders": 6}, 6},
		{limits{"duplicate_window": "1h"}, 1},
		{limits{"no_borrow": []any{"A"}, "max_order_qty": 3}, 32}, // of buys none is refused
	} {
		d := newDesk(t, c.raw)
		var wg sync.WaitGroup
		for i := range 32 {
			wg.Go(func() { d.submit(t, marketOrder(fmt.Sprint(i), "A", buy, pitwall.Int(3))) })
		}
		wg.Wait()
		require.Equal(t, c.sent, d.sent, "%v", c.raw)
	}
}
