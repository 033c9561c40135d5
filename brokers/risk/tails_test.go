package risk_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
)

// path gives a symbol one bar a day, each day with the return that it is given in percent,
// so that the figures can be computed by hand.
func path(d *desk, symbol string, returns []int) {
	d.market.bars[symbol] = nil
	price := pitwall.Int(100_000)
	for i := range len(returns) + 1 {
		if i > 0 {
			price += price / 100 * pitwall.Dec(returns[i-1])
		}
		end := noon.AddDate(0, 0, i-len(returns))
		d.market.bars[symbol] = append(d.market.bars[symbol], pitwall.Bar{Symbol: symbol, Start: end.Add(-time.Hour), End: end, Known: end, Close: price, Volume: 1})
	}
}

// week repeats returns up to n.
func week(n int, list ...int) (out []int) {
	for i := range n {
		out = append(out, list[i%len(list)])
	}
	return out
}

// loses is n days without a move but for the given losses.
func loses(n int, losses ...int) []int {
	out := make([]int, n)
	for i, l := range losses {
		out[3*i] = -l
	}
	return out
}

// A twentieth of the days decides: of 60 the fourth worst is VaR; ES is the mean of the
// three worst. Of 70 it is 3.5 days: the fourth counts half.
func TestTails(t *testing.T) {
	for _, c := range []struct {
		key, name string
		days      int
		losses    []int
		observed  string // in percent of equity, which is what is ordered
	}{
		{"max_var_percent", "value at risk", 60, []int{9, 8, 7, 5}, "5"},
		{"max_var_percent", "value at risk", 79, []int{5, 9, 8, 7}, "5"},
		{"max_var_percent", "value at risk", 80, []int{9, 8, 7, 5, 4}, "4"},
		{"max_var_percent", "value at risk", 60, []int{9, 8, 7}, "0"},
		{"max_shortfall_percent", "expected shortfall", 60, []int{9, 8, 7, 5}, "8"},
		{"max_shortfall_percent", "expected shortfall", 70, []int{9, 8, 7, 5}, "7.571429"},
		{"max_shortfall_percent", "expected shortfall", 80, []int{5, 9, 8, 6, 4}, "7"},
	} {
		desk := func(limit pitwall.Dec) *desk {
			d := newDesk(t, limits{c.key: limits{"limit": limit.String(), "days": c.days}})
			d.venue.cash = pitwall.Int(1_000_000)
			path(d, "A", loses(c.days, c.losses...))
			last := d.market.bars["A"][c.days].Close
			d.market.bars["A"] = append([]pitwall.Bar{{Symbol: "A", Known: noon.AddDate(0, 0, -100), Start: noon.AddDate(0, 0, -100), Close: pitwall.Int(1)}}, d.market.bars["A"]...) // too old to count
			d.venue.cash = last * 10
			return d
		}
		state := desk(n(c.observed)).submit(t, b("A", "10"))
		require.Equal(t, pitwall.Working, state.Status, "%+v: %v", c, state.Error)
		if c.observed == "0" {
			continue
		}
		d := desk(n(c.observed) - 1)
		state = d.submit(t, b("A", "10"))
		require.Equal(t, risk.VaRES, state.Error.Code)
		require.Equal(t, fmt.Sprintf("1-day 95 %% %s would be %s %% of equity %v (historical, %d observations); limit %v %%; nothing was sent", c.name, c.observed, d.venue.cash, c.days, n(c.observed)-1), state.Error.Message)
		require.Equal(t, "limit "+c.key+" (risk:"+c.key+")", state.Error.Hint)
		require.Equal(t, []pitwall.Check{{Name: c.key, Observed: c.observed, Limit: (n(c.observed) - 1).String(), Unit: "%"}}, state.Error.Checks)
		d = desk(n(c.observed) / 2)
		require.Equal(t, pitwall.Working, d.submit(t, b("A", "5")).Status, "half of it has half the loss")
	}
	d := newDesk(t, limits{"max_var_percent": 1})
	d.move("A", n("5"))
	require.Equal(t, pitwall.Working, d.submit(t, s("A", "5")).Status, "an exit needs no history")
}

// B moves with A, C against it, D not at all: a symbol held short counts the other way.
func TestCorrelation(t *testing.T) {
	desk := func(key string, limit any) *desk {
		d := newDesk(t, limits{key: limits{"limit": limit, "days": 20}})
		d.market.put("D", "10", "food")
		d.venue.cash = pitwall.Int(100_000_000)
		path(d, "A", week(20, 1, -1, 2, -2))
		path(d, "B", week(20, 2, -2, 4, -4))
		path(d, "C", week(20, -1, 1, -2, 2))
		path(d, "D", week(20, 0))
		return d
	}
	d := desk("max_correlation", "0.999999")
	require.Equal(t, pitwall.Working, d.submit(t, b("A", "1")).Status, "alone it is like nothing")
	state := d.submit(t, named("w", b("B", "1")))
	require.Equal(t, &pitwall.Error{Code: risk.Correlation, Message: "correlation of B with what else is held would be 1 over 20 daily returns; limit 0.999999; nothing was sent",
		Hint: "limit max_correlation (risk:max_correlation)", Checks: []pitwall.Check{{Name: "max_correlation", Observed: "1", Limit: "0.999999"}}}, state.Error)
	require.Equal(t, pitwall.Working, d.submit(t, named("y", s("B", "1"))).Status, "short it hedges")
	require.Equal(t, pitwall.Working, d.submit(t, named("z", b("D", "1"))).Status, "what does not move is like nothing")
	require.Equal(t, pitwall.Working, desk("max_correlation", 1).submit(t, b("B", "1")).Status)
	d = desk("max_correlation", 0)
	d.move("A", n("-1"))
	require.Equal(t, "correlation of C with what else is held would be 1 over 20 daily returns; limit 0; nothing was sent", d.submit(t, b("C", "1")).Error.Message)
	require.Equal(t, pitwall.Working, d.submit(t, b("B", "1")).Status)
	d = desk("max_correlation", 0)
	d.move("C", n("3"))
	d.move("D", n("1"))
	require.Equal(t, pitwall.Working, d.submit(t, b("A", "1")).Status, "the rest counts as one: it moves against A")

	// A and B alike (1), each against C (-1): the mean of the pairs is -1/3; with D alone 1/3.
	d = desk("max_mean_correlation", "0.333333")
	d.move("A", n("1"))
	require.Equal(t, pitwall.Working, d.submit(t, b("C", "1")).Status)
	require.Equal(t, pitwall.Working, d.submit(t, named("y", b("B", "1"))).Status)
	d = desk("max_mean_correlation", "0.333332")
	d.move("A", n("1"))
	d.move("D", n("1"))
	state = d.submit(t, b("B", "1"))
	require.Equal(t, "mean correlation of 3 pairs would be 0.333333 over 20 daily returns; limit 0.333332; nothing was sent", state.Error.Message)
	require.Equal(t, pitwall.Working, desk("max_mean_correlation", 0).submit(t, b("A", "1")).Status)
}

// While an order has no answer, another of its symbol and side is held back, whatever its
// size; its own id passes, and so do the other side and other symbols.
func TestUnansweredOrderHoldsBackAnother(t *testing.T) {
	for _, status := range []pitwall.Status{pitwall.Unknown, pitwall.Working} {
		d := newDesk(t, limits{"max_order_qty": 100})
		d.rest(t, named("o", bl("A", "5", "99")))
		d.orders[0].Status, d.orders[0].Accepted = status, noon
		d.move("A", n("5"))
		require.Equal(t, pitwall.Working, d.submit(t, s("A", "1")).Status)
		require.Equal(t, pitwall.Working, d.submit(t, named("y", b("B", "5"))).Status)
		require.Equal(t, status, d.submit(t, named("o", bl("A", "5", "99"))).Status, "the same id asks again")
		state := d.submit(t, named("z", b("A", "4")))
		if status == pitwall.Working {
			require.Equal(t, pitwall.Working, state.Status)
			continue
		}
		require.Equal(t, &pitwall.Error{Code: risk.UnknownPending, Message: "order o (buy 5 A) has no answer since 2024-06-03T12:00:00Z and may be at the broker; another buy of A is held back; nothing was sent",
			Hint: "read orders_status of o, or submit it again under that client_order_id", Checks: []pitwall.Check{{Name: "UNKNOWN_ORDER_PENDING", Observed: "o"}}}, state.Error)
	}
}

// The session and its edges: a break, an evening, a weekend.
func TestTradingHours(t *testing.T) {
	day := func(hour, minute int) time.Time { return time.Date(2024, 6, 7, hour, minute, 0, 0, time.UTC) } // a Friday
	tokyo := &pitwall.Calendar{Zone: time.UTC, Regular: pitwall.Hours{Open: 9 * time.Hour, Close: 15 * time.Hour, BreakStart: 11 * time.Hour, BreakEnd: 12 * time.Hour}}
	for _, c := range []struct {
		at   time.Time
		next string // empty: it is open
	}{
		{day(9, 0), ""}, {day(9, 0).Add(-1), "2024-06-07T09:00:00Z"},
		{day(15, 0), ""}, {day(15, 0).Add(1), "2024-06-10T09:00:00Z"},
		{day(11, 0), ""}, {day(11, 30), "2024-06-07T12:00:00Z"}, {day(12, 0), ""},
		{day(12, 0).AddDate(0, 0, 1), "2024-06-10T09:00:00Z"},
		{day(1, 0).AddDate(0, 0, 2), "2024-06-10T09:00:00Z"},
	} {
		d := newDesk(t, limits{"trading_hours": true})
		i := d.market.list["A"]
		i.Hours = tokyo
		d.market.list["A"] = i
		d.clock.Time = c.at
		d.move("A", n("1"))
		state := d.submit(t, s("A", "1")) // an exit too
		if c.next == "" {
			require.Equal(t, pitwall.Working, state.Status, "%v %v", c.at, state.Error)
			continue
		}
		require.Equal(t, risk.TradingHours, state.Error.Code, c.at)
		require.Contains(t, state.Error.Message, "; next open "+c.next)
	}
}

// What is missing or no number refuses with its own words and nothing else.
func TestStatisticsOfBadPrices(t *testing.T) {
	for _, key := range []string{"max_volatility_percent", "max_var_percent", "max_shortfall_percent", "max_correlation", "max_mean_correlation"} {
		d := newDesk(t, limits{key: limits{"limit": 1000, "days": 60}})
		d.market.put("D", "1", "")
		path(d, "A", week(60, 1, -1))
		path(d, "D", week(60, 1, -1))
		d.move("D", n("1"))
		d.venue.cash = pitwall.Int(100_000_000)
		require.Equal(t, pitwall.Working, d.submit(t, named("a", b("A", "1"))).Status, key)
		d.market.bars["D"][30].Close = 0
		state := d.submit(t, named("b", b("A", "1")))
		require.Len(t, state.Error.Checks, 1)
		require.Equal(t, key+" needs daily closes above 0 of A, D; nothing was sent", state.Error.Message)
	}
	for _, key := range []string{"max_volatility_percent", "max_var_percent", "max_shortfall_percent", "max_correlation", "max_mean_correlation"} {
		d := newDesk(t, limits{key: 1000})
		d.blind = true
		require.Equal(t, key+" needs the account; nothing was sent", d.submit(t, b("A", "1")).Error.Message)
		d = newDesk(t, limits{key: 1000})
		d.cash = 0
		require.Equal(t, key+" needs equity above 0; it is 0; nothing was sent", d.submit(t, b("A", "1")).Error.Message)
	}
	// A change to nothing more than is held in a leg leaves nothing to measure.
	d := newDesk(t, limits{"max_var_percent": 0, "max_volatility_percent": 0})
	d.move("A", n("-5"))
	path(d, "A", week(60, 0))
	d.cash = pitwall.Int(10_000_000)
	require.Equal(t, pitwall.Working, d.submit(t, b("A", "7")).Status, "what does not move has no bad day")
}

// The mean volume is a whole number of units, and none is no room.
func TestParticipationOfNoVolume(t *testing.T) {
	d := newDesk(t, limits{"max_participation_percent": limits{"limit": 100, "days": 1}})
	d.market.bars["A"][0].Volume = 0
	state := d.submit(t, b("A", "1"))
	require.Equal(t, "qty 1 is all % of the mean daily volume 0 of 1 days; limit 100 %; nothing was sent", state.Error.Message)
	d.market.bars["A"][0].Volume = 1.9
	require.Equal(t, pitwall.Denied, d.submit(t, b("A", "1.1")).Status)
	require.Equal(t, pitwall.Working, d.submit(t, b("A", "1")).Status)
	d.market.bars["A"][0].Volume = 1e300
	require.Contains(t, d.submit(t, named("y", b("A", "1"))).Error.Message, "max_participation_percent needs a mean volume that is a number: ")
}

// Only what rests at a price can be met: no stop, no held leg, no order that trades
// through its legs.
func TestWashTradeOfWhatDoesNotRest(t *testing.T) {
	for name, o := range map[string]pitwall.Order{
		"stop":     stopAt(s("A", "1"), "90"),
		"trail":    with(s("A", "1"), func(o *pitwall.Order) { o.Type, o.Trail = pitwall.TrailingStop, n("1") }),
		"percent":  with(s("A", "1"), func(o *pitwall.Order) { o.Type, o.TrailPercent = pitwall.TrailingStop, n("1") }),
		"oco":      with(s("A", "1"), func(o *pitwall.Order) { o.Class = pitwall.OCO }),
		"held":     sl("A", "1", "90"),
		"its side": bl("A", "1", "110"),
		"another":  sl("B", "1", "90"),
	} {
		d := newDesk(t, limits{"wash_trade": false})
		d.rest(t, named("o", o))
		if name == "held" {
			d.orders[0].Status = pitwall.Held
		}
		require.Equal(t, pitwall.Working, d.submit(t, bl("A", "1", "100")).Status, name)
	}
	d := newDesk(t, limits{"wash_trade": false})
	d.rest(t, named("o", sl("A", "1", "90")))
	require.Equal(t, pitwall.Working, d.submit(t, stopAt(b("A", "1"), "110")).Status, "a stop meets nothing yet")
	require.Equal(t, risk.WashTrade, d.submit(t, named("y", bl("A", "1", "90"))).Error.Code)
	d = newDesk(t, limits{"wash_trade": false})
	d.rest(t, named("o", bl("A", "1", "90")))
	require.Equal(t, risk.WashTrade, d.submit(t, sl("A", "1", "90")).Error.Code)
}

// The leg of a position that was closed another way may be sent again while it is
// unanswered; an entry may not.
func TestPendingLegs(t *testing.T) {
	d := newDesk(t, limits{"max_order_qty": 100})
	d.rest(t, with(named("o", s("A", "1")), func(o *pitwall.Order) { o.Parent = "p" }))
	d.orders[0].Status = pitwall.Unknown
	require.Equal(t, pitwall.Working, d.submit(t, s("A", "1")).Status)
	d = newDesk(t, limits{"max_order_qty": 100})
	d.rest(t, named("o", s("A", "1")))
	d.orders[0].Status, d.orders[0].Updated = pitwall.Unknown, noon
	state := d.submit(t, s("A", "1"))
	require.Contains(t, state.Error.Message, "no answer since 2024-06-03T12:00:00Z")
	require.Len(t, state.Error.Checks, 1)
}

// Returns whose mean is not 0: what deviates from it counts.
func TestStatisticsAboutTheMean(t *testing.T) {
	d := newDesk(t, limits{"max_volatility_percent": limits{"limit": "16.286902", "days": 20}, "max_correlation": 0, "max_mean_correlation": 0})
	path(d, "A", week(20, 3, 1)) // mean 2, each 1 from it: 1 x sqrt(20/19) x sqrt(252)
	path(d, "B", week(20, 1, 3))
	d.cash = d.market.bars["A"][20].Close
	require.Equal(t, pitwall.Working, d.submit(t, named("a", b("A", "1"))).Status)
	d.rest(t, named("p", b("B", "0.1")))
	require.Equal(t, pitwall.Working, d.submit(t, named("b", b("B", "0.1"))).Status, "they move against each other")
	d = newDesk(t, limits{"max_volatility_percent": limits{"limit": "16.2869", "days": 20}})
	path(d, "A", week(20, 3, 1))
	d.cash = d.market.bars["A"][20].Close
	require.Contains(t, d.submit(t, b("A", "1")).Error.Message, "volatility would be 16.286901 % a year over 20 daily returns; limit 16.2869 %")
}
