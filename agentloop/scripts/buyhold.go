package scripts

import "pitwall/agentloop"

// newBuyHold buys equal parts of every symbol at the first turn, then holds.
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
		if number(value(history.Text, "total_fills")) > 0 || len(block(open.Text, "open_orders")) > 0 {
			return done("holding")
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
	return done("bought %d symbols in equal parts", len(t.last()))
}

// target orders a position's share of equity.
func target(symbol string, percent float64, reason string) agentloop.Call {
	return call("orders_submit", map[string]any{"symbol": symbol, "target_percent": percent, "reason": reason})
}

// part is an equal share in percent, cut to two decimals so that n parts never
// add up to more than 100.
func part(n int) float64 { return float64(10000/n) / 100 }
