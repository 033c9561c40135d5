package agentloop

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// A number in a reason is marked unless the turn holds it or it follows from what the
// turn holds.
func TestUnsupportedNumbers(t *testing.T) {
	for reason, marked := range map[string][]string{
		"close 169.10 is above the 50-day average of 160.25":      nil,
		"close 169.1 and average about 160":                       nil,
		"up 5.5 % against the average, 8.85 above it":             nil,
		"10 shares cost 1,691.00":                                 nil,
		"half of the 100k, for 3 reasons, since 2018-05-01 09:30": nil,
		"in 2018 SMA200 rose for 12 weeks":                        nil,
		"RSI 73.4 and price 169.10":                               {"73.4"},
		"target 245.50, stop at 151.3":                            {"245.50", "151.3"},
		"volume of 53.6 million":                                  nil,
		"volume of 93.1 million":                                  {"93.1 million"},
		"volume of 53,569,400 shares":                             nil,
		"volume of 53,569,999 shares":                             {"53569999"},
		"RSI 7351":                                                {"7351"},
		"":                                                        nil,
	} {
		order := map[string]any{"symbol": "AAPL", "side": "buy", "qty": 10, "reason": reason}
		args, err := json.Marshal(order)
		require.NoError(t, err)
		turn := Turn{Messages: []Message{
			{User: "cash=100000\nlast_bars: AAPL,2018-05-01T09:30:00-04:00,166.410004,169.100006,53569400"},
			{Reply: &Reply{Calls: []Call{{Name: "market_indicators", Arguments: json.RawMessage(`{"names":["sma:50"]}`)}}}, Results: []Result{{Text: "sma_50=160.2512\n<data tool=news_search id=7351ffffffffffff>"}}},
			{Reply: &Reply{Calls: []Call{{Name: "orders_submit", Arguments: args}}}, Results: []Result{{Text: "accepted at 245.50"}}},
		}}
		turn.unsupported()
		var got []Warning
		for _, n := range marked {
			got = append(got, Warning{"unsupported_number", fmt.Sprintf("orders_submit: no answer of the turn holds %s of the reason %q", n, reason)})
		}
		require.Equal(t, got, turn.Warnings, reason)
	}
}

// What is answered to the order itself supports none of its reasons, and in a team what
// one role read supports another's.
func TestNumbersOfATeam(t *testing.T) {
	order := Call{Name: "orders_submit", Arguments: json.RawMessage(`{"symbol":"AAPL","reason":"RSI is 73.4"}`)}
	turn := Turn{Messages: []Message{
		{Role: "trader", Reply: &Reply{Calls: []Call{order}}, Results: []Result{{Text: "accepted"}}},
		{Role: "analyst", Reply: &Reply{Calls: []Call{{Name: "market_indicators", Arguments: json.RawMessage(`{}`)}}}, Results: []Result{{Text: "rsi=73.41"}}},
	}}
	alone := turn
	alone.unsupported()
	require.Len(t, alone.Warnings, 1)
	turn.Roles = []RoleRecord{{Name: "analyst"}, {Name: "trader"}}
	turn.unsupported()
	require.Empty(t, turn.Warnings)
}
