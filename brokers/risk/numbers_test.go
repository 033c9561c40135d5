package risk

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// numbers are the checks R1 to R48 of reference/reliability.md, section 2.3: the keys
// of their rows, or where else they are and why not here.
var numbers = [...]struct{ keys, elsewhere string }{
	1:  {"", "trial.numbers: always on"},
	2:  {"", "trial.known: always on"},
	3:  {"allow deny", ""},
	4:  {"halted", "a halt shows as a bar without volume; no source tells when it ends"},
	5:  {"max_order_qty", ""},
	6:  {"max_order_notional", ""},
	7:  {"price_collar_percent", "market orders are sent as they are: the simulation and Alpaca have no collared market order"},
	8:  {"stale_price", ""},
	9:  {"", "trial.noPrice: every row that needs a price refuses without one"},
	10: {"", "no: a Market has bars and no quotes, so no spread is known"},
	11: {"max_participation_percent", ""},
	12: {"max_position_qty", ""},
	13: {"max_position_notional", ""},
	14: {"max_gross_percent", ""},
	15: {"max_net_percent", ""},
	16: {"max_leverage", ""},
	17: {"max_symbol_percent", ""},
	18: {"max_sector_percent", ""},
	19: {"buying_power", ""},
	20: {"allow_short", ""},
	21: {"no_borrow", ""},
	22: {"", "no: options can be bought and sold out, not written; every venue refuses the rest, so no level beyond the lowest is needed"},
	23: {"", "no: the broker's rules on day trading are its own and it rejects with them; margin is tested by the venue and buying_power"},
	24: {"wash_trade", ""},
	25: {"max_orders", ""},
	26: {"", "no: cancels always pass, since a cancel that is held back keeps risk on"},
	27: {"", "no: it limits fees of exchanges for messages, which brokers here do not charge; max_orders bounds the messages"},
	28: {"max_open_orders", ""},
	29: {"duplicate_window", "a repeat that is meant waits for the window; there is no flag that a model could set"},
	30: {"", "every Broker: IDEMPOTENCY_CONFLICT, judged by brokertest"},
	31: {"max_daily_loss_percent max_loss_percent", ""},
	32: {"max_drawdown_percent max_trailing_loss_percent", ""},
	33: {"max_consecutive_losses", ""},
	34: {"max_turnover_percent", ""},
	35: {"max_var_percent max_shortfall_percent", ""},
	36: {"trading_hours", "times in force that a venue does not take are the venue's and Order.Check's"},
	37: {"", "every Broker: a reduce_only order never opens, judged by brokertest; under a halt the gate of brokers/halt"},
	38: {"", "brokers/mirror: an order or fill without an intent enters as external, and the difference halts"},
	39: {"", "the venue: legs cover what their parent filled and no more, judged by brokertest"},
	40: {"", "agentloop/driver: no turn begins before the account was compared, and a difference halts"},
	41: {"", "trial.pending: always on; it holds back the symbol's side, not the symbol, so that a position can be closed"},
	42: {"", "brokers/halt: the gate below the guard"},
	43: {"", "agentloop/driver: Arming"},
	44: {"", "Guard.Hold: an order waits until a person has approved it"},
	45: {"", "server: tokens and their scopes"},
	46: {"", "agentloop/driver: Arming"},
	47: {"", "Unstated: agentloop/driver refuses to start a live run that does not state them; Limits.unset: in Go, what is neither set nor off refuses every order"},
	48: {"", "no: a turn of the loop begins with the account in the prompt, and the checks read it anew"},
}

// Every number has a row or a reason, and every row that is named is there.
func TestEveryNumberHasARowOrAReason(t *testing.T) {
	require.Len(t, numbers, 49)
	for n, c := range numbers[1:] {
		require.False(t, c.keys == "" && c.elsewhere == "", "R%d has neither row nor reason", n+1)
		for _, key := range strings.Fields(c.keys) {
			require.True(t, slices.Contains(Keys(), key), "R%d names %s, which has no row", n+1, key)
		}
	}
}
