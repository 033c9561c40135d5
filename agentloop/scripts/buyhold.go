package scripts

import (
	"slices"

	"pitwall/agentloop"
)

// newBuyHold buys equal parts of every symbol at the first turn, then holds. A symbol
// that lists later is bought when it has a price, with cash, or else with what the
// others have above an equal part: which symbols will list is not known before.
func newBuyHold(given map[string]any) (agentloop.Model, error) {
	return script(buyHold), read(given).err
}

func buyHold(t turn) agentloop.Reply {
	switch t.step() {
	case 0:
		return agentloop.Reply{Calls: []agentloop.Call{call("market_last_price", struct{}{}), call("orders_open_orders", struct{}{}), call("account_history", struct{}{})}}
	case 1:
		if end, bad := failed("could not read the account", t.last()); bad {
			return end
		}
		prices, open, history := t.last()[0], t.last()[1], t.last()[2]
		symbols := tradable(prices)
		if len(block(open.Text, "open_orders")) > 0 {
			return done("holding")
		}
		if number(value(history.Text, "total_fills")) > 0 {
			return t.buyLater(symbols, history)
		}
		if len(symbols) == 0 {
			return done("nothing to buy yet")
		}
		var orders []agentloop.Call
		for _, s := range symbols {
			orders = append(orders, target(s, part(len(symbols)), "buy and hold: an equal part of every symbol"))
		}
		return agentloop.Reply{Calls: orders}
	}
	if end, bad := failed("an order failed", t.last()); bad {
		return end
	}
	return done("sent %d orders for equal parts", len(t.last()))
}

// buyLater buys the symbols that have never been bought.
func (t turn) buyLater(symbols []string, history agentloop.Result) agentloop.Reply {
	state, bought := t.Messages[0].User, map[string]bool{}
	held := block(state, "positions")
	for _, row := range append(block(history.Text, "fills"), held...) {
		bought[row["symbol"]] = true
	}
	later := slices.DeleteFunc(symbols, func(s string) bool { return bought[s] })
	if len(later) == 0 {
		return done("holding")
	}
	share := part(len(held) + len(later))
	var orders []agentloop.Call
	if free := number(value(state, "buying_power")) / number(value(state, "equity")) * 100; free < 0.9*share*float64(len(later)) {
		for _, row := range held {
			orders = append(orders, target(row["symbol"], share, "buy and hold: room for a symbol that has listed"))
		}
		return agentloop.Reply{Calls: orders}
	}
	for _, s := range later {
		orders = append(orders, target(s, share, "buy and hold: an equal part of a symbol that has listed"))
	}
	return agentloop.Reply{Calls: orders}
}

// target orders a position's share of equity.
func target(symbol string, percent float64, reason string) agentloop.Call {
	return call("orders_submit", map[string]any{"symbol": symbol, "target_percent": percent, "reason": reason})
}

// part is an equal share in percent, cut to two decimals so that n parts never
// add up to more than 100.
func part(n int) float64 { return float64(10000/n) / 100 }
