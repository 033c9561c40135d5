package driver_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
)

// plans lets the trader plan these orders, one list a turn.
func plans(lists ...string) func(string, agentloop.Request) (agentloop.Reply, error) {
	turn := 0
	return func(role string, _ agentloop.Request) (agentloop.Reply, error) {
		if role != "trader" {
			return agentloop.Reply{}, nil
		}
		turn++
		return agentloop.Reply{Text: `{"orders":[` + strings.ReplaceAll(lists[turn-1], "SIZE", `"confidence":0.5,"reason":"r"`) + `]}`}, nil
	}
}

// What only reduces a position is sent reduce-only, at the market or not, and nothing is
// opened once it was refused.
func TestDeskReducesFirst(t *testing.T) {
	const other = `{"symbol":"SPX","target_percent":10,SIZE}`
	d := &deskRun{desk: "{trader: {}}", turns: 4, play: plans(
		`{"symbol":"AAPL","side":"buy","quantity":100,SIZE}`,
		`{"symbol":"AAPL","side":"sell","quantity":40,"entry":60,SIZE}`,
		other+`,{"symbol":"AAPL","side":"sell","quantity":0.5,SIZE}`, // no whole lot
		other+`,{"symbol":"AAPL","target_percent":0,SIZE}`)}
	_, turns, err := d.run(t)
	require.NoError(t, err)
	var asked [][]bool
	for _, x := range turns {
		var list []bool
		for _, o := range recordOf(t, x).Orders {
			var s struct {
				ReduceOnly bool `json:"reduce_only"`
			}
			require.NoError(t, json.Unmarshal(o.Asked, &s))
			list = append(list, s.ReduceOnly)
		}
		asked = append(asked, list)
	}
	require.Equal(t, [][]bool{{false}, {true}, {true, false}, {true, false}}, asked)
	require.False(t, recordOf(t, turns[1]).Orders[0].Refused)
	refused := recordOf(t, turns[2])
	require.True(t, refused.Orders[0].Refused)
	require.Equal(t, "skipped, since the order of AAPL was refused, which reduces a position", refused.Orders[1].NotSent)
	require.Empty(t, refused.Orders[1].Answer)
	require.Contains(t, kindsOf(turns[2]), "order_skipped")
	require.Contains(t, turns[2].Result, "SPX skipped, since the order of AAPL was refused, which reduces a position; orders: 0 sent, 1 refused")
	last := recordOf(t, turns[3])
	require.Empty(t, last.Orders[0].NotSent)
	require.Contains(t, last.Orders[1].Answer, "error NOT_TRADABLE", "it is sent when the sale was")
}

// A target that is there already is not called sent.
func TestDeskSaysWhatWasNotSent(t *testing.T) {
	d := &deskRun{desk: "{trader: {}}", turns: 1, play: plans(`{"symbol":"AAPL","target_percent":0,SIZE}`)}
	r, turns, err := d.run(t)
	require.NoError(t, err)
	require.Zero(t, r.Orders)
	require.Equal(t, "plan: AAPL 0 %; AAPL not needed; orders: 0 sent, 0 refused", turns[0].Result)
}

// A role whose limit is below one call ends the run and says why: it would be absent at
// every turn.
func TestRoleBudgetBelowOneCall(t *testing.T) {
	for usd, want := range map[string]string{
		"0.05": "budget of role trader: usd_per_turn is 0.05 and one call alone may cost more: ",
		"0.50": "",
	} {
		d := &deskRun{desk: "{analysts: [technical], trader: {}}", turns: 1, change: func(a *agentloop.Agent) {
			limit, err := pitwall.ParseDec(usd)
			require.NoError(t, err)
			a.Roles[1].USDPerTurn, a.Roles[1].Price = limit, &agentloop.Price{In: pitwall.Int(3), Out: pitwall.Int(15)}
			require.Equal(t, 8192, a.Roles[1].MaxOutput, "0.123 USD")
		}}
		r, turns, err := d.run(t)
		require.NoError(t, err)
		require.Contains(t, turns[0].Error, want)
		require.Equal(t, want != "", turns[0].Status == agentloop.StatusBudget, "%s", turns[0].Status)
		if want == "" {
			require.Equal(t, 1, r.Orders)
			continue
		}
		require.Contains(t, turns[0].Error, "raise it or lower max_tokens")
		require.Zero(t, d.asked["trader"])
	}
}
