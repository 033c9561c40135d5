package scripts

import (
	"context"
	"strings"

	"pitwall/agentloop"
)

// buyHold buys equal parts of every symbol at the first turn, then holds.
type buyHold struct{}

func newBuyHold(params map[string]any) (agentloop.Model, error) {
	return buyHold{}, onlyParams(params)
}

// Reply implements agentloop.Model.
func (buyHold) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	t := turn{r}
	var c calls
	switch t.step() {
	case 0:
		for _, name := range []string{"market_last_price", "orders_open_orders", "account_history"} {
			if err := c.add(0, name, struct{}{}); err != nil {
				return agentloop.Reply{}, err
			}
		}
		return agentloop.Reply{Calls: c}, nil
	case 1:
		if e, bad := t.failed(0); bad {
			return done("could not read the account: %s", e.Text)
		}
		prices, open, history := t.results(0)[0], t.results(0)[1], t.results(0)[2]
		fills := number(value(history.Text, "total_fills"))
		symbols := tradable(prices)
		if fills > 0 || len(block(open.Text, "open_orders")) > 0 {
			return done("holding")
		}
		if len(symbols) == 0 {
			return done("nothing to buy yet")
		}
		for _, s := range symbols {
			err := c.add(1, "orders_submit", map[string]any{"symbol": s, "target_percent": part(len(symbols)), "reason": "buy and hold: an equal part of every symbol"})
			if err != nil {
				return agentloop.Reply{}, err
			}
		}
		return agentloop.Reply{Calls: c}, nil
	}
	if e, bad := t.failed(1); bad {
		return done("an order failed: %s", strings.TrimSpace(e.Text))
	}
	return done("bought %d symbols in equal parts", len(t.results(1)))
}

// part is an equal share in percent, cut to two decimals so that n parts never
// add up to more than 100.
func part(n int) float64 { return float64(10000/n) / 100 }
