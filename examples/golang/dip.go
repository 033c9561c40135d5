package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"pitwall/agentloop"
)

// dip stands for a language model: any agentloop.Model can take its place, for
// example models.New(models.Options{Name: "openai/gpt-5-mini", Env: os.Getenv}).
type dip struct{}

// Reply looks at the drawdown, then sets the position by it.
func (dip) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	call := func(name, args string) agentloop.Reply {
		return agentloop.Reply{Calls: []agentloop.Call{{ID: fmt.Sprintf("c%d", len(r.Messages)), Name: name, Arguments: json.RawMessage(args)}}}
	}
	switch len(r.Messages) {
	case 1:
		return call("drawdown", `{"symbol":"AAPL"}`), nil
	case 2:
		var percent float64
		_, rest, _ := strings.Cut(r.Messages[1].Results[0].Text, "percent\n")
		if _, err := fmt.Sscan(rest, &percent); err != nil {
			return agentloop.Reply{Text: "RESULT: the drawdown is not known"}, nil
		}
		return call("orders_submit", fmt.Sprintf(`{"symbol":"AAPL","target_percent":%.0f,"reason":"%.1f %% below its high"}`, 100-min(2*percent, 100), percent)), nil
	}
	return agentloop.Reply{Text: "RESULT: " + r.Messages[2].Results[0].Text}, nil
}
