package risk_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
)

func TestOrderRate(t *testing.T) {
	d := newDesk(t, limits{"max_orders": limits{"count": 2, "per": "1h"}, "max_order_qty": 10})
	send := func(id, qty string) pitwall.OrderState { return d.submit(t, named(id, b("A", qty))) }
	require.Equal(t, pitwall.Working, send("a", "1").Status)
	require.Equal(t, pitwall.Denied, send("b", "11").Status, "what was not sent does not count")
	require.Equal(t, pitwall.Working, send("a", "1").Status, "nor does a repeat")
	d.clock.Time = noon.Add(30 * time.Minute)
	require.Equal(t, pitwall.Working, send("b", "2").Status, "a denied id is free again")
	d.clock.Time = noon.Add(time.Hour - 1)
	state := send("c", "3")
	require.Equal(t, &pitwall.Error{Code: risk.OrderRate, Message: "3 in 3600 s; limit 2; next allowed at 2024-06-03T13:00:00Z; nothing was sent",
		Hint:   "wait until 2024-06-03T13:00:00Z: limit max_orders (risk:max_orders)",
		Checks: []pitwall.Check{{Name: "max_orders", Observed: "3", Limit: "2 per 1h", Unit: "orders"}}}, state.Error)
	d.clock.Time = noon.Add(time.Hour)
	require.Equal(t, pitwall.Working, send("c", "3").Status, "exactly when it said")
	_, err := d.Guard.Replace(t.Context(), "c", pitwall.Change{Qty: n("4")})
	require.Equal(t, risk.OrderRate, pitwall.CodeOf(err), "a change that asks for more counts too")
	_, err = d.Guard.Replace(t.Context(), "c", pitwall.Change{Qty: n("2")})
	require.NoError(t, err, "one that asks for less does not")
	require.Contains(t, newDesk(t, limits{"max_orders": limits{"count": 0, "per": "1h"}}).submit(t, b("A", "1")).Error.Message, "next allowed at never")
}

// What is sent in a day counts at its worst price then, filled or not, changes too;
// exits do not.
func TestTurnover(t *testing.T) {
	d := newDesk(t, limits{"max_turnover_percent": 30})
	d.move("B", n("50"))
	require.Equal(t, pitwall.Working, d.submit(t, named("a", bl("A", "10", "90"))).Status)
	_, err := d.Guard.Cancel(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, pitwall.Working, d.submit(t, named("b", b("A", "11"))).Status)
	state := d.submit(t, named("c", b("A", "10.1")))
	require.Equal(t, &pitwall.Error{Code: risk.DailyTurnover, Message: "sent 2000 USD in 24 hours and 1010 USD now are 30.1 % of equity 10000; limit 30 %; nothing was sent", Hint: upTo("10", "max_turnover_percent"),
		Checks: []pitwall.Check{{Name: "max_turnover_percent", Observed: "30.1", Limit: "30", Unit: "%"}}}, state.Error)
	require.Equal(t, pitwall.Working, d.submit(t, named("d", s("B", "50"))).Status, "an exit passes")
	d.clock.Time = noon.Add(24*time.Hour - 1)
	require.Equal(t, risk.DailyTurnover, d.submit(t, named("c", b("A", "1"))).Error.Code, "and counts")
	d.clock.Time = noon.Add(24 * time.Hour)
	require.Equal(t, pitwall.Working, d.submit(t, named("c", bl("A", "15", "100"))).Status)
	_, err = d.Guard.Replace(t.Context(), "c", pitwall.Change{Qty: n("16")})
	require.Equal(t, risk.DailyTurnover, pitwall.CodeOf(err), "a change counts beside what it changes")
	_, err = d.Guard.Replace(t.Context(), "c", pitwall.Change{Limit: n("99")})
	require.NoError(t, err)
	require.Equal(t, "sent 2985 USD in 24 hours and 100 USD now are 30.85 % of equity 10000; limit 30 %; nothing was sent", d.submit(t, named("e", b("A", "1"))).Error.Message)
}

func TestMaxOpenOrders(t *testing.T) {
	d := newDesk(t, limits{"max_open_orders": 1})
	require.Equal(t, pitwall.Working, d.submit(t, bracket(b("A", "1"), "110", "90")).Status, "with its legs it is one")
	state := d.submit(t, named("y", b("A", "1")))
	require.Equal(t, risk.MaxOpenOrders, state.Error.Code)
	require.Equal(t, "2 open with this one; limit 1; nothing was sent", state.Error.Message)
	require.Equal(t, []pitwall.Check{{Name: "max_open_orders", Observed: "2", Limit: "1", Unit: "orders"}}, state.Error.Checks)
	_, err := d.Guard.Replace(t.Context(), "x", pitwall.Change{Qty: n("2")})
	require.NoError(t, err, "a change opens nothing")
	d.fill("x", n("2"))
	require.Equal(t, risk.MaxOpenOrders, d.submit(t, named("y", b("A", "1"))).Error.Code, "the exits of a position are one")
	for _, status := range []pitwall.Status{pitwall.Held, pitwall.PartiallyFilled, pitwall.Unknown} {
		d := newDesk(t, limits{"max_open_orders": 1})
		d.rest(t, named("o", b("B", "1")))
		d.orders[0].Status = status
		require.Equal(t, risk.MaxOpenOrders, d.submit(t, b("A", "1")).Error.Code, status)
	}
}

func TestDuplicates(t *testing.T) {
	d := newDesk(t, limits{"duplicate_window": "1m"})
	require.Equal(t, pitwall.Working, d.submit(t, named("a", bl("A", "1", "99"))).Status)
	d.clock.Time = noon.Add(59 * time.Second)
	state := d.submit(t, named("b", bl("A", "1", "99")))
	require.Equal(t, &pitwall.Error{Code: risk.DuplicateOrder, Message: "same buy 1 A at 99 as a, 59 s ago (window 60 s); nothing was sent",
		Hint:   "if it is meant, send it from 2024-06-03T12:01:00Z on: limit duplicate_window (risk:duplicate_window)",
		Checks: []pitwall.Check{{Name: "duplicate_window", Observed: "59", Limit: "1m", Unit: "s"}}}, state.Error)
	for i, o := range []pitwall.Order{bl("A", "1", "98"), bl("A", "2", "99"), bl("B", "1", "99"), sl("A", "1", "99"), stopAt(bl("A", "1", "99"), "99")} {
		require.Equal(t, pitwall.Working, d.submit(t, named(fmt.Sprint("other", i), o)).Status)
	}
	require.Equal(t, pitwall.Working, d.submit(t, named("a", bl("A", "1", "99"))).Status, "a repeat of the id is no duplicate")
	d.clock.Time = noon.Add(time.Minute)
	require.Equal(t, pitwall.Working, d.submit(t, named("b", bl("A", "1", "99"))).Status)
}

// swing gives a symbol days of bars whose closes alternate, so that its daily
// returns are +r, -r', ... and its volatility can be computed by hand.
func swing(d *desk, symbol string, days int, low, high string) {
	d.market.bars[symbol] = nil
	for i := range days {
		p := n(low)
		if (days-i)%2 == 0 {
			p = n(high)
		}
		start := noon.AddDate(0, 0, i-days).Add(-time.Hour)
		for _, price := range []pitwall.Dec{p / 2, p} { // two bars a day: the day's last close counts
			start = start.Add(time.Hour)
			d.market.bars[symbol] = append(d.market.bars[symbol], pitwall.Bar{Symbol: symbol, Start: start, End: start.Add(time.Hour), Known: start.Add(time.Hour), Close: price, Volume: 1})
		}
	}
}

func TestVolatility(t *testing.T) {
	// Closes 100, 110, 100, ...: 20 returns of +1/10 and -1/11 in turn.
	up, down := 0.1, -1.0/11
	half := (up - down) / 2
	daily := math.Sqrt(20 * half * half / 19)
	want, err := pitwall.FromFloat(daily * math.Sqrt(252) * 100 * 0.1) // a tenth of equity
	require.NoError(t, err)
	want = want.Round(6)
	desk := func(limit pitwall.Dec, days int) *desk {
		d := newDesk(t, limits{"max_volatility_percent": limits{"limit": limit.String(), "days": 20}})
		swing(d, "A", days, "100", "110")
		return d
	}
	require.Equal(t, pitwall.Working, desk(want, 21).submit(t, b("A", "10")).Status)
	state := desk(want-100, 21).submit(t, b("A", "10"))
	require.Equal(t, risk.PortfolioVolatility, state.Error.Code)
	require.Equal(t, fmt.Sprintf("volatility would be %v %% a year over 20 daily returns; limit %v %%; nothing was sent", want, want-100), state.Error.Message)
	require.Equal(t, []pitwall.Check{{Name: "max_volatility_percent", Observed: want.String(), Limit: (want - 100).String(), Unit: "%"}}, state.Error.Checks)
	state = desk(pitwall.Int(1000), 20).submit(t, b("A", "10"))
	require.Equal(t, "max_volatility_percent needs 20 common daily returns of A; there are 19; nothing was sent", state.Error.Message)
	require.Equal(t, pitwall.Denied, desk(want, 21).submit(t, b("A", "11")).Status, "it grows with the order")

	// A hedge that moves against it takes the volatility away; open orders count.
	d := desk(pitwall.Int(1), 21)
	swing(d, "B", 21, "100", "110")
	d.rest(t, named("o", s("B", "10")))
	require.Equal(t, pitwall.Working, d.submit(t, b("A", "10")).Status)
	// Days that one symbol lacks are no common days.
	d = desk(pitwall.Int(1000), 21)
	swing(d, "B", 21, "100", "110")
	d.market.bars["B"] = d.market.bars["B"][2:]
	d.move("B", pitwall.One)
	require.Equal(t, "max_volatility_percent needs 20 common daily returns of A, B; there are 19; nothing was sent", d.submit(t, b("A", "10")).Error.Message)
	// 24/7 markets have 365 days a year.
	d = desk(want, 21)
	i := d.market.list["A"]
	i.Calendar = pitwall.AlwaysOpen
	d.market.list["A"] = i
	require.Equal(t, risk.PortfolioVolatility, d.submit(t, b("A", "10")).Error.Code)
}
