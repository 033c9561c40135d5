package scripts

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"pitwall/agentloop"
)

// optimizer holds the weights that portfolio_optimize finds: Markowitz, "Portfolio
// selection", Journal of Finance 7 (1952), for most methods; see the page on tools. It
// orders when a weight is more than band away from what it should be, and then all trades
// of at least min_trade (shares of equity). How often it looks is the strategy's `every`:
// monday is once a week.
type optimizer struct {
	args map[string]any
	band float64
}

// optimizeMethods are those of the tool that need no target, and those that do.
var optimizeMethods = []string{"min_variance", "max_sharpe", "risk_parity", "hierarchical_risk_parity", "target_return", "max_volatility"}

func newOptimize(given map[string]any) (agentloop.Model, error) {
	p := read(given, "method", "target", "bars", "min_weight", "max_weight", "sector_caps", "turnover_penalty", "shrink", "hedge", "neutral", "band", "min_trade")
	o := optimizer{args: map[string]any{"method": p.text("method", "min_variance"), "bars": p.whole("bars", 252, 20, 2520, "daily returns"), "min_trade": p.share("min_trade", 0.01)}, band: p.share("band", 0.05)}
	if !slices.Contains(optimizeMethods, o.args["method"].(string)) {
		p.bad("method", o.args["method"], "one of "+strings.Join(optimizeMethods, ", "))
	}
	for _, name := range []string{"target", "min_weight", "max_weight", "sector_caps", "turnover_penalty", "shrink", "hedge", "neutral"} {
		if v, ok := given[name]; ok {
			o.args[name] = v // the tool checks them
		}
	}
	return script(o.reply), p.err
}

func (o optimizer) reply(t turn) agentloop.Reply {
	if t.step() == 0 {
		return agentloop.Reply{Calls: []agentloop.Call{call("orders_open_orders", struct{}{}), call("portfolio_optimize", o.args)}}
	}
	if t.step() == 2 {
		if end, bad := failed("an order failed", t.last()); bad {
			return end
		}
		return done("orders sent: %d", len(t.last()))
	}
	if end, bad := failed("no weights", t.last()); bad {
		return end
	}
	if len(block(t.last()[0].Text, "open_orders")) > 0 {
		return done("waiting for open orders")
	}
	answer := t.last()[1].Text
	most, farthest := 0.0, ""
	for _, row := range block(answer, "weights") {
		if off := math.Abs(number(row["weight"]) - number(row["held"])); off > most {
			most, farthest = off, row["symbol"]
		}
	}
	var orders []agentloop.Call
	for _, row := range block(answer, "trades") {
		orders = append(orders, target(row["symbol"], number(row["target_percent"]), fmt.Sprintf("%s: %s moves by %s %% of equity", o.args["method"], row["symbol"], row["change_percent"])))
	}
	if most <= o.band || len(orders) == 0 {
		return done("no trade: the weight farthest from its target is that of %s, by %.4g", list([]string{farthest}), most)
	}
	return agentloop.Reply{Calls: orders}
}
