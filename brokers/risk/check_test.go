package risk_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
)

const (
	buy  = pitwall.Buy
	sell = pitwall.Sell
)

type limits = map[string]any

// n is a decimal constant.
func n(s string) pitwall.Dec {
	d, err := pitwall.ParseDec(s)
	if err != nil {
		panic(err)
	}
	return d
}

func b(symbol, qty string) pitwall.Order { return marketOrder("x", symbol, buy, n(qty)) }
func s(symbol, qty string) pitwall.Order { return marketOrder("x", symbol, sell, n(qty)) }
func bl(symbol, qty, price string) pitwall.Order {
	return limitOrder("x", symbol, buy, n(qty), n(price))
}
func sl(symbol, qty, price string) pitwall.Order {
	return limitOrder("x", symbol, sell, n(qty), n(price))
}

func with(o pitwall.Order, f func(*pitwall.Order)) pitwall.Order { f(&o); return o }
func named(id string, o pitwall.Order) pitwall.Order             { o.ID = id; return o }
func bracket(o pitwall.Order, target, stop string) pitwall.Order {
	o.Class = pitwall.Bracket
	o.Legs = []pitwall.Leg{{Role: pitwall.TakeProfit, Limit: n(target)}, {Role: pitwall.StopLoss, Stop: n(stop)}}
	return o
}
func holds(symbol, qty string) func(*testing.T, *desk) {
	return func(_ *testing.T, d *desk) { d.move(symbol, n(qty)) }
}
func rests(list ...pitwall.Order) func(*testing.T, *desk) {
	return func(t *testing.T, d *desk) {
		for _, o := range list {
			d.rest(t, o)
		}
	}
}

// T1: each limit passes what is exactly at it and denies what is just over.
func TestEdges(t *testing.T) {
	for _, e := range append(orderEdges(), accountEdges()...) {
		t.Run(e.name, func(t *testing.T) {
			for _, over := range []bool{false, true} {
				d := newDesk(t, e.limits)
				if e.given != nil {
					e.given(t, d)
				}
				if !over {
					state := d.submit(t, e.pass)
					require.Equal(t, pitwall.Working, state.Status, "%v", state.Error)
					require.Equal(t, 1, d.sent)
					continue
				}
				state := d.submit(t, e.deny)
				require.Equal(t, pitwall.Denied, state.Status)
				want := &pitwall.Error{Code: e.code, Message: e.text + "; nothing was sent", Hint: e.hint,
					Checks: []pitwall.Check{{Name: e.key(), Observed: e.observed, Limit: e.most, Unit: e.unit}}}
				require.Equal(t, want, state.Error)
				require.Zero(t, d.sent, "the venue heard of it")
			}
		})
	}
}

// Every limit has an edge, or its own test below.
func TestEveryLimitHasAnEdge(t *testing.T) {
	seen := map[string]bool{"max_orders": true, "max_open_orders": true, "duplicate_window": true, "max_volatility_percent": true, "max_drawdown_percent": true, "max_daily_loss_percent": true,
		"max_correlation": true, "max_mean_correlation": true, "max_var_percent": true, "max_shortfall_percent": true,
		"max_loss_percent": true, "max_trailing_loss_percent": true, "max_fill_gap_percent": true, "over_limit": true, "safe_mode": true, "max_consecutive_losses": true, "max_turnover_percent": true}
	for _, e := range append(orderEdges(), accountEdges()...) {
		for k := range e.limits {
			seen[k] = true
		}
	}
	for _, k := range risk.Keys() {
		require.True(t, seen[k], k)
	}
}

func TestAllFailuresAreTold(t *testing.T) {
	d := newDesk(t, limits{"max_order_qty": 40, "max_order_notional": 500, "deny": []any{"A"}, "max_positions": 0})
	state := d.submit(t, b("A", "50"))
	require.Equal(t, &pitwall.Error{Code: risk.Restricted,
		Message: "A is on list deny; MAX_ORDER_QTY: qty 50 exceeds 40 for A; MAX_ORDER_NOTIONAL: 50 x worst price 100 = 5000 USD exceeds 500 USD; MAX_POSITIONS: 1 symbols held or being entered with A; limit 0; nothing was sent",
		Hint:    "at most 5 would pass: limit max_order_qty (risk:max_order_qty), limit max_order_notional (risk:max_order_notional); limit deny (risk:deny); leave another position first: limit max_positions (risk:max_positions)",
		Checks: []pitwall.Check{{Name: "deny", Observed: "A", Limit: "[A]"}, {Name: "max_order_qty", Observed: "50", Limit: "40"},
			{Name: "max_order_notional", Observed: "5000", Limit: "500", Unit: "USD"}, {Name: "max_positions", Observed: "1", Limit: "0", Unit: "symbols"}}}, state.Error)
	require.Equal(t, noon, state.Updated)
	entries := d.journal.Entries()
	require.Len(t, entries, 1, "a denied order has no intent")
	require.Equal(t, pitwall.EntryOrder, entries[0].Kind)
	require.Equal(t, pitwall.Denied, entries[0].State.Status)
	require.Equal(t, "x", entries[0].ID)
}

// R1: what is no number to compute with is always refused, whatever is limited.
func TestNumbers(t *testing.T) {
	for text, o := range map[string]pitwall.Order{
		"qty=0 ":                    b("A", "0"),
		"qty=-1 ":                   b("A", "-1"),
		"limit=0 ":                  bl("A", "1", "0"),
		"limit=-5 ":                 with(b("A", "1"), func(o *pitwall.Order) { o.Limit = n("-5") }),
		"stop=0 ":                   with(b("A", "1"), func(o *pitwall.Order) { o.Type = pitwall.StopOrder }),
		"trail=-1 ":                 with(b("A", "1"), func(o *pitwall.Order) { o.Trail = n("-1") }),
		"trail_percent=-1 ":         with(b("A", "1"), func(o *pitwall.Order) { o.TrailPercent = n("-1") }),
		"take_profit limit=-1 ":     bracket(b("A", "1"), "-1", "90"),
		"stop_loss stop=-1 ":        bracket(b("A", "1"), "110", "-1"),
		"stop_loss percent=-1 ":     with(bracket(b("A", "1"), "110", "90"), func(o *pitwall.Order) { o.Legs[1].Percent = n("-1") }),
		"stop_loss trail=-1 ":       with(bracket(b("A", "1"), "110", "90"), func(o *pitwall.Order) { o.Legs[1].Trail = n("-1") }),
		"stop_loss trail_percent=-": with(bracket(b("A", "1"), "110", "90"), func(o *pitwall.Order) { o.Legs[1].TrailPercent = n("-1") }),
	} {
		d := newDesk(t, limits{"halted": true})
		state := d.submit(t, o)
		require.NotNil(t, state.Error, text)
		require.Equal(t, pitwall.InvalidNumber, state.Error.Code, text)
		require.Contains(t, state.Error.Message, text)
		require.Contains(t, state.Error.Message, "is not a finite number > 0; nothing was sent")
		require.Zero(t, d.sent)
	}
	for _, o := range []pitwall.Order{named("", b("A", "1")), with(b("A", "1"), func(o *pitwall.Order) { o.Side = "hold" })} {
		require.Equal(t, pitwall.InvalidInput, newDesk(t, limits{"halted": true}).submit(t, o).Error.Code)
	}
	// Figures beyond the range refuse; they do not wrap.
	state := newDesk(t, limits{"max_gross_percent": 100}).submit(t, b("A", "92000000000"))
	require.Equal(t, pitwall.InvalidNumber, state.Error.Code)
	require.Contains(t, state.Error.Message, "max_gross_percent: number too large")
	require.Contains(t, state.Error.Hint, "at most 100 would pass")
}

func TestUnknownSymbolAndPrice(t *testing.T) {
	d := newDesk(t, limits{"max_order_notional": 100, "max_symbol_percent": 5, "max_order_qty": 1})
	require.Equal(t, pitwall.UnknownSymbol, d.submit(t, b("Z", "1")).Error.Code)
	delete(d.market.bars, "A")
	state := d.submit(t, b("A", "2"))
	require.Equal(t, risk.MaxOrderQty, state.Error.Code)
	require.Equal(t, "qty 2 exceeds 1 for A; NO_REFERENCE_PRICE: no price for A from known bars as of 2024-06-03T12:00:00Z; nothing was sent", state.Error.Message, "said once for both limits that need it")
	require.Equal(t, pitwall.Working, newDeskWithout(t, "A", limits{"max_order_qty": 1}).submit(t, b("A", "1")).Status, "no check needs a price")
}

// newDeskWithout is a desk with no price of one symbol.
func newDeskWithout(t *testing.T, symbol string, l limits) *desk {
	d := newDesk(t, l)
	delete(d.market.bars, symbol)
	return d
}

// A check that lacks its input refuses; one that does not need it passes.
func TestMissingInput(t *testing.T) {
	for _, c := range []struct {
		key   string
		value any
		given func(*desk)
		text  string
	}{
		{"max_position_qty", 10, func(d *desk) { d.blind = true }, "max_position_qty needs the account"},
		{"max_position_notional", 10, func(d *desk) { d.blind = true }, "max_position_notional needs the account"},
		{"max_gross_percent", 10, func(d *desk) { d.blind = true }, "max_gross_percent needs the account"},
		{"max_symbol_percent", 10, func(d *desk) { d.blind = true }, "max_symbol_percent needs the account"},
		{"max_open_orders", 10, func(d *desk) { d.blind = true }, "max_open_orders needs the open orders"},
		{"no_borrow", []any{"A"}, func(d *desk) { d.blind = true }, "no_borrow needs the account"},
		{"max_positions", 10, func(d *desk) { d.blind = true }, "max_positions needs the account"},
		{"allow_short", false, func(d *desk) { d.blind = true }, "allow_short needs the account"},
		{"buying_power", true, func(d *desk) {}, "buying_power needs what trading costs"},
		{"max_gross_percent", 1000, func(d *desk) { d.move("B", pitwall.One); delete(d.market.bars, "B") }, "max_gross_percent needs the reference price of B"},
		{"max_leverage", 1000, func(d *desk) { d.cash = 0 }, "max_leverage needs equity above 0; it is 0"},
		{"max_symbol_percent", 1000, func(d *desk) { d.cash = n("-1") }, "max_symbol_percent needs equity above 0; it is -1"},
		{"max_correlation", 1, func(d *desk) { d.move("B", pitwall.One) }, "max_correlation needs 20 common daily returns of A, B; there are 0"},
		{"max_mean_correlation", 1, func(d *desk) { d.move("B", pitwall.One) }, "max_mean_correlation needs 20 common daily returns of A, B; there are 0"},
		{"max_var_percent", 1, func(d *desk) { swing(d, "A", 60, "100", "110") }, "max_var_percent needs 60 common daily returns of A; there are 59"},
		{"max_shortfall_percent", 1, func(d *desk) { swing(d, "A", 60, "100", "110") }, "max_shortfall_percent needs 60 common daily returns of A; there are 59"},
		{"max_participation_percent", 1, func(d *desk) {}, "max_participation_percent needs 20 days of volume of A; there are 1"},
		{"max_participation_percent", 1, func(d *desk) { d.market.bars["A"][0].Volume = pitwall.NoVolume }, "max_participation_percent needs the volume of A"},
		{"max_drawdown_percent", 10, func(d *desk) { d.blind = true }, "max_drawdown_percent needs the account"},
		{"max_daily_loss_percent", 10, func(d *desk) { d.blind = true }, "max_daily_loss_percent needs the account"},
		{"max_loss_percent", 10, func(d *desk) { d.blind = true }, "max_loss_percent needs the account"},
		{"max_trailing_loss_percent", 10, func(d *desk) { d.blind = true }, "max_trailing_loss_percent needs the account"},
		{"max_turnover_percent", 10, func(d *desk) { d.blind = true }, "max_turnover_percent needs the account"},
		{"max_turnover_percent", 10, func(d *desk) { d.cash = 0 }, "max_turnover_percent needs equity above 0; it is 0"},
		{"max_sector_percent", 10, func(d *desk) { d.blind = true }, "max_sector_percent needs the account"},
		{"buying_power", true, func(d *desk) { d.blind = true }, "buying_power needs the account"},
		{"wash_trade", false, func(d *desk) { d.blind = true }, "wash_trade needs the open orders"},
		{"max_volatility_percent", 10, func(d *desk) {}, "max_volatility_percent needs 20 common daily returns of A; there are 0"},
	} {
		d := newDesk(t, limits{c.key: c.value})
		c.given(d)
		o := s("A", "1")
		if c.key != "allow_short" && c.key != "no_borrow" {
			o = b("A", "1")
		}
		state := d.submit(t, o)
		require.Equal(t, pitwall.Denied, state.Status, c.text)
		require.Equal(t, risk.MissingInput, state.Error.Code)
		require.Equal(t, c.text+"; nothing was sent", state.Error.Message)
		require.Zero(t, d.sent)
	}
	l, err := risk.Parse(limits{"max_position_qty": 10, "max_loss_percent": 10})
	require.NoError(t, err)
	failures := l.Check(s("A", "1"), risk.Snapshot{Account: &pitwall.Account{Positions: []pitwall.Position{{Symbol: "A", Qty: n("5")}}}, Instruments: map[string]pitwall.Instrument{"A": {}}})
	require.Len(t, failures, 2, "without the open orders nothing is an exit")
	require.Equal(t, "max_position_qty needs the open orders", failures[0].Text)
	require.Equal(t, "max_loss_percent needs the open orders", failures[1].Text)
	d := newDesk(t, limits{"max_order_qty": 10})
	d.blind = true
	require.Equal(t, pitwall.Working, d.submit(t, b("A", "10")).Status)
	l, err = risk.Parse(limits{"max_order_qty": 10})
	require.NoError(t, err)
	blindGuard := risk.New(d.venue, d.journal, d.clock, nil, nil, l)
	state, err := blindGuard.Submit(t.Context(), named("y", b("A", "1")))
	require.NoError(t, err)
	require.Equal(t, risk.MissingInput, state.Error.Code)
}
