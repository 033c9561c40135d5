package tools_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A stated 0 of an order is never read as a number that was left out: each number of the
// schema either refuses it where it is needed, or means 0.
func TestZeroOfAnOrder(t *testing.T) {
	with := map[string]string{ // an order that needs the number
		"qty": `"side":"buy"`, "notional": `"side":"buy"`, "target_percent": ``,
		"limit": `"side":"buy","qty":1,"type":"limit"`, "stop": `"side":"buy","qty":1,"type":"stop"`, "trail": `"side":"buy","qty":1,"type":"trailing_stop"`, "trail_percent": `"side":"buy","qty":1,"type":"trailing_stop"`,
		"take_profit": `"side":"buy","qty":1`, "take_profit_percent": `"side":"buy","qty":1`, "stop_loss": `"side":"buy","qty":1`, "stop_loss_percent": `"side":"buy","qty":1`,
		"stop_loss_limit": `"side":"buy","qty":1,"stop_loss":1`, "stop_loss_trail_percent": `"side":"buy","qty":1`, "confidence": `"side":"buy","qty":1`,
	}
	means := []string{"target_percent", "confidence"} // closes the position; no confidence
	for _, tool := range []string{"orders_submit", "orders_modify"} {
		raw, err := os.ReadFile("testdata/" + tool + ".json")
		require.NoError(t, err)
		var schema struct {
			Input struct {
				Properties map[string]struct{ Type any }
			}
		}
		require.NoError(t, json.Unmarshal(raw, &schema))
		numbers := 0
		for name, p := range schema.Input.Properties {
			types, _ := p.Type.([]any)
			if !slices.Contains(types, any("number")) && p.Type != "number" {
				continue
			}
			numbers++
			args := `{"id":"x","` + name + `":0}`
			if tool == "orders_submit" {
				more, ok := with[name]
				require.True(t, ok, "%s has no line in this test", name)
				if more != "" {
					more = "," + more
				}
				args = `{"symbol":"X","` + name + `":0` + more + `}`
			}
			w, _ := liveWorld()
			a := newSet().Call(trader(), w, tool, json.RawMessage(args))
			require.Equal(t, !slices.Contains(means, name), a.IsError, "%s %s: %s", tool, args, a.Text)
		}
		require.Greater(t, numbers, 4, tool)
	}
}
