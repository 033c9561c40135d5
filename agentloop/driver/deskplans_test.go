package driver_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
)

// Through the whole path, over random plans and verdicts at each turn: what the server is
// asked for is never more than the plan and each verdict allow, by what the roles said.
func TestRandomPlansThroughTheServer(t *testing.T) {
	type size struct {
		Symbol   string
		Target   *float64 `json:"target_percent"`
		Quantity *float64
		Side     string
		Stop     *float64
	}
	r := rand.New(rand.NewPCG(19, 2))
	turn, sized := 0, true
	some := func() string {
		if sized {
			return fmt.Sprintf(`"target_percent":%d`, r.IntN(70))
		}
		return fmt.Sprintf(`"quantity":%d`, 1+r.IntN(300))
	}
	d := &deskRun{desk: "{trader: {}, risk: {}, manager: {}}", turns: 55, every: 1, play: func(role string, q agentloop.Request) (agentloop.Reply, error) {
		if len(q.Messages) > 1 {
			return agentloop.Reply{Text: usual("risk")}, nil // the second time: approve
		}
		if role == "trader" {
			turn++
			sized = r.IntN(2) == 0
			side := ""
			if !sized {
				side = `"side":"` + []string{"buy", "sell"}[r.IntN(2)] + `",`
			}
			return agentloop.Reply{Text: `{"orders":[{"symbol":"AAPL",` + side + some() + `,"confidence":0.5,"reason":"r"}]}`}, nil
		}
		switch r.IntN(4) {
		case 0:
			return agentloop.Reply{Text: `{"decision":"reject","risk_score":1,"risk_level":"HIGH","concerns":[],"recommendations":[]}`}, nil
		case 1:
			return agentloop.Reply{Text: usual("risk")}, nil
		}
		return agentloop.Reply{Text: `{"decision":"modify","orders":[{"symbol":"AAPL",` + some() + `}],"risk_score":1,"risk_level":"HIGH","concerns":[],"recommendations":[]}`}, nil
	}}
	_, turns, err := d.run(t)
	require.NoError(t, err)
	require.Equal(t, 55, turn)
	sent, smaller, rejected := 0, 0, 0
	for _, x := range turns {
		var plan struct{ Orders []size }
		most, rejects := 0.0, false
		asked := []size{}
		for _, m := range x.Messages {
			if m.Reply == nil {
				continue
			}
			for i, c := range m.Reply.Calls {
				var a struct {
					size
					Qty *float64
				}
				require.Equal(t, "orders_submit", c.Name)
				require.Equal(t, "trader", m.Role)
				require.NoError(t, json.Unmarshal(c.Arguments, &a), "%d", i)
				a.Quantity = a.Qty
				asked = append(asked, a.size)
			}
		}
		last := map[string]string{} // a role's last word
		for _, m := range x.Messages {
			if m.Reply != nil && m.Reply.Text != "" {
				last[m.Role] = m.Reply.Text
			}
		}
		require.NoError(t, json.Unmarshal([]byte(last["trader"]), &plan))
		of := func(s size) float64 {
			if s.Target != nil {
				return *s.Target
			}
			return *s.Quantity
		}
		most = of(plan.Orders[0])
		least := most
		for _, role := range []string{"risk", "manager"} {
			var v struct {
				Decision string
				Orders   []size
			}
			if last[role] == "" {
				continue // the plan had ended
			}
			require.NoError(t, json.Unmarshal([]byte(last[role]), &v))
			rejects = rejects || v.Decision == "reject"
			if v.Decision == "modify" {
				least = of(v.Orders[0])
			}
		}
		if rejects {
			rejected++
			require.Empty(t, asked, "turn %d", x.Turn)
			continue
		}
		require.LessOrEqual(t, len(asked), 1, "turn %d", x.Turn)
		for _, a := range asked {
			sent++
			require.LessOrEqual(t, of(a), most, "turn %d", x.Turn)
			require.InDelta(t, least, of(a), 0, "turn %d", x.Turn)
			require.Equal(t, plan.Orders[0].Side, a.Side, "turn %d", x.Turn)
			if of(a) < most {
				smaller++
			}
		}
	}
	t.Logf("no violation found: %d orders, %d of them smaller than planned, %d turns rejected", sent, smaller, rejected)
	require.Greater(t, min(sent, smaller, rejected), 3)
}
