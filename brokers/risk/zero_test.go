package risk_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
)

// Money and percent mean nothing against a price of 0 or below: limits that need a price
// refuse what opens, in that symbol and while such a symbol is held, and let pass what
// closes. Limits that need none stay as they are.
func TestPricesOfZeroAndBelow(t *testing.T) {
	for _, price := range []string{"-37.63", "0"} {
		for key, limit := range map[string]any{"max_order_notional": 1_000_000, "max_gross_percent": 1000, "price_collar_percent": 50, "max_volatility_percent": 1000} {
			d := newDesk(t, limits{key: limit})
			d.market.put("A", price, "energy")
			state := d.submit(t, b("A", "1"))
			require.Equal(t, pitwall.Denied, state.Status, "%s at %s", key, price)
			require.Equal(t, pitwall.NoPrice, state.Error.Code)
			require.Equal(t, "the last price of A is "+price+": limits in money and percent cannot be tested at 0 or below; nothing was sent", state.Error.Message)
			require.Contains(t, state.Error.Hint, "only orders that close a position pass")
			d.move("A", n("5"))
			require.Equal(t, pitwall.Working, d.submit(t, named("exit", s("A", "5"))).Status, "%s at %s: a closing order", key, price)
		}
		d := newDesk(t, limits{"max_gross_percent": 1000})
		d.market.put("A", price, "energy")
		d.move("A", n("5"))
		state := d.submit(t, b("B", "1"))
		require.Equal(t, risk.MissingInput, state.Error.Code, "what is held at %s has no share of equity", price)
		d = newDesk(t, limits{"max_order_qty": 5})
		d.market.put("A", price, "energy")
		require.Equal(t, pitwall.Working, d.submit(t, b("A", "5")).Status)
	}
}
