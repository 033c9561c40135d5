package agentloop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
)

func dec(t *testing.T, s string) pitwall.Dec {
	d, err := pitwall.ParseDec(s)
	require.NoError(t, err)
	return d
}

func TestBudgets(t *testing.T) {
	// A turn costs 0.006 and 3,300 tokens; before a call, 1,000 output tokens (0.01)
	// and the request's are reserved.
	for name, c := range map[string]struct {
		budget  agentloop.Budget
		calls   int
		stopped string
		status  agentloop.Status
	}{
		"enough":            {agentloop.Budget{USD: dec(t, "10"), USDPerTurn: dec(t, "1"), Tokens: 1_000_000}, 15, "", agentloop.StatusOrdered},
		"usd":               {agentloop.Budget{USD: dec(t, "0.02")}, 5, "budget of main: 0.01 of 0.02 USD is spent and the next call may cost 0.01", agentloop.StatusBudget},
		"tokens":            {agentloop.Budget{Tokens: 5000}, 4, "budget of main: 4400 of 5000 tokens are used", agentloop.StatusBudget},
		"per turn":          {agentloop.Budget{USDPerTurn: dec(t, "0.013")}, 10, "", agentloop.StatusTurnBudget},
		"per turn, too low": {agentloop.Budget{USDPerTurn: dec(t, "0.01")}, 0, "usd_per_turn is 0.01 and one call alone may cost more", agentloop.StatusBudget},
	} {
		m := &trader{}
		out, k, err := (&desk{days: 5}).run(t, m, nil, func(c2 *agentloop.Config) { c2.Agents[0].Budget = c.budget })
		require.NoError(t, err, name)
		require.Equal(t, c.calls, m.asked, name)
		require.Contains(t, out.Stopped, c.stopped, name)
		require.Equal(t, c.stopped == "", out.Ended, name)
		require.Equal(t, c.status, k.turns[len(k.turns)-1].Status, name)
		if c.budget.USD > 0 {
			require.LessOrEqual(t, *out.Cost, c.budget.USD, name)
		}
	}
}

func TestRecordedRepliesCostNothing(t *testing.T) {
	cache := &memory{m: map[string]string{}}
	limit := func(c *agentloop.Config) { c.Agents[0].Budget = agentloop.Budget{USD: dec(t, "0.025")} }
	out, _, err := (&desk{days: 5}).run(t, &trader{}, cache, limit)
	require.NoError(t, err)
	require.False(t, out.Ended)
	require.Equal(t, 1, out.Warnings["budget_near"]+out.Warnings["budget"])
	out, _, err = (&desk{days: 5}).run(t, &trader{}, cache, limit)
	require.NoError(t, err)
	require.True(t, out.Ended, "with the recorded ones free, the same budget reaches the end")
}

func TestBudgetNear(t *testing.T) {
	out, k, err := (&desk{days: 5}).run(t, &trader{}, nil, func(c *agentloop.Config) {
		c.Agents[0].Budget, c.Agents[0].MaxOutput = agentloop.Budget{USD: dec(t, "0.036")}, 100
	})
	require.NoError(t, err)
	require.Equal(t, 1, out.Warnings["budget_near"], "once")
	require.Contains(t, out.First, "80 %")
	for _, turn := range k.turns {
		require.NotContains(t, fmt.Sprint(turn.Warnings), "budget_near", "it depends on what was paid: no part of the record")
	}
}

func TestUnknownPriceIsNotZero(t *testing.T) {
	unknown := func(c *agentloop.Config) { c.Agents[0].Price = nil }
	out, k, err := (&desk{days: 1}).run(t, &trader{}, nil, unknown)
	require.NoError(t, err)
	require.Nil(t, out.Cost)
	line, err := json.Marshal(k.timings[0])
	require.NoError(t, err)
	require.Contains(t, string(line), `"usd":null`)
	_, _, err = (&desk{days: 1}).run(t, &trader{}, nil, func(c *agentloop.Config) {
		unknown(c)
		c.Agents[0].Budget = agentloop.Budget{USD: 1}
	})
	require.ErrorContains(t, err, "the price of test/one is not known")
	read := dec(t, "0.1")
	cost, err := agentloop.Price{In: pitwall.Int(1), Out: pitwall.Int(10), CacheRead: &read}.Cost(agentloop.Usage{Input: 1_000_000, CacheRead: 500_000, Output: 100_000})
	require.NoError(t, err)
	require.Equal(t, "1.55", cost.String())
}

func TestTroubleSkipsOrStops(t *testing.T) {
	fail := func(kind agentloop.ErrorKind, on ...int) *trader {
		return &trader{fail: func(n int) error {
			for _, i := range on {
				if n == i || i < 0 {
					return &agentloop.ModelError{Kind: kind, Status: 500, Message: "no", Tries: []agentloop.Try{{Status: 500, Error: "no", Wait: time.Second}}}
				}
			}
			return nil
		}}
	}
	out, k, err := (&desk{days: 3}).run(t, fail(agentloop.ErrorUnavailable, 5), nil, nil)
	require.NoError(t, err)
	require.True(t, out.Ended)
	require.Equal(t, []agentloop.Status{agentloop.StatusOrdered, agentloop.StatusModelError, agentloop.StatusOrdered}, []agentloop.Status{k.turns[0].Status, k.turns[1].Status, k.turns[2].Status})
	require.Equal(t, "unavailable (500): no", k.turns[1].Error)
	require.Len(t, k.turns[1].Messages, 2, "what was done before the failure is recorded")
	require.Equal(t, 1, out.Warnings["model_skipped"])
	line, err := json.Marshal(k.timings[1])
	require.NoError(t, err)
	require.Contains(t, string(line), `"tries":[{"status":500,"error":"no"`)

	for _, kind := range []agentloop.ErrorKind{agentloop.ErrorAuth, agentloop.ErrorBilling, agentloop.ErrorConfig} {
		out, k, err = (&desk{days: 3}).run(t, fail(kind, 1), nil, nil)
		require.ErrorContains(t, err, "asking the model test/one: "+string(kind))
		require.Len(t, k.turns, 1, "the turn that failed is on record")
		require.False(t, out.Ended)
	}
	m := fail(agentloop.ErrorLimited, -1)
	_, k, err = (&desk{days: 30}).run(t, m, nil, nil)
	require.ErrorContains(t, err, "failed in 5 turns in a row")
	require.Len(t, k.turns, 5)

	// What a turn did before it failed does not make it a success.
	later := &trader{fail: func(n int) error {
		if n%2 == 0 {
			return &agentloop.ModelError{Kind: agentloop.ErrorUnavailable, Status: 500, Message: "no"}
		}
		return nil
	}}
	out, k, err = (&desk{days: 30}).run(t, later, nil, nil)
	require.ErrorContains(t, err, "failed in 5 turns in a row")
	require.Len(t, k.turns, 5)
	require.Equal(t, 5, out.Failed)

	// A failed turn is for strict replays only: the next run asks again.
	cache := &memory{m: map[string]string{}}
	_, _, err = (&desk{days: 1}).run(t, fail(agentloop.ErrorUnavailable, 1), cache, nil)
	require.NoError(t, err)
	out, _, err = (&desk{days: 1}).run(t, &trader{}, cache, nil)
	require.NoError(t, err)
	require.Equal(t, []int{3, 0}, []int{out.ModelCalls, out.Failed})
}

func TestTurnTimeout(t *testing.T) {
	slow := agentModel(func(ctx context.Context, r agentloop.Request) (agentloop.Reply, error) {
		<-ctx.Done()
		return agentloop.Reply{}, &agentloop.ModelError{Kind: agentloop.ErrorUnavailable, Message: ctx.Err().Error()}
	})
	_, k, err := (&desk{days: 2}).run(t, slow, nil, func(c *agentloop.Config) { c.Agents[0].Timeout = 20 * time.Millisecond })
	require.NoError(t, err)
	require.Equal(t, agentloop.StatusTimeout, k.turns[1].Status)
	require.Contains(t, k.turns[1].Error, "longer than 20ms")
}

// agentModel is a model in a function with a context.
type agentModel func(context.Context, agentloop.Request) (agentloop.Reply, error)

func (f agentModel) Reply(ctx context.Context, r agentloop.Request) (agentloop.Reply, error) {
	return f(ctx, r)
}

func TestWarnings(t *testing.T) {
	say := func(replies ...agentloop.Reply) *trader {
		return &trader{reply: func(r agentloop.Request) (agentloop.Reply, bool) {
			return replies[min(len(r.Messages)-1, len(replies)-1)], true
		}}
	}
	calls := func(list ...agentloop.Call) agentloop.Reply { return agentloop.Reply{Calls: list} }
	end := agentloop.Reply{Text: "RESULT: ok"}
	order := call("orders_submit", `{"symbol":"AAA"}`)
	for name, c := range map[string]struct {
		m    *trader
		d    *desk
		want []string
	}{
		"quiet":               {say(calls(call("look", `{}`)), calls(order), end), &desk{}, nil},
		"no_tool_calls":       {say(end), &desk{}, []string{"no_tool_calls"}},
		"order_without_data":  {say(calls(order, call("look", `{}`)), end), &desk{}, []string{"order_without_data"}},
		"looked in one reply": {say(calls(call("look", `{}`), order), end), &desk{}, nil},
		"future_dated":        {say(calls(call("news", `{}`)), end), &desk{}, []string{"future_dated"}},
		"tool_error":          {say(calls(call("look", `{}`)), calls(call("nonsense", `{}`)), end), &desk{}, []string{"tool_error"}},
		"unsupported_order":   {say(calls(call("look", `{}`)), calls(order), end), &desk{orderError: "error UNSUPPORTED: no such order type"}, []string{"tool_error", "unsupported_order"}},
		"output_limit":        {say(agentloop.Reply{Text: "I", Stop: agentloop.StopLength, Calls: []agentloop.Call{call("look", `{"x":`)}}, end), &desk{}, []string{"output_limit", "tool_error"}},
		"refused":             {say(calls(call("look", `{}`)), agentloop.Reply{Text: "I may not", Stop: agentloop.StopRefused}), &desk{}, []string{"refused"}},
		"model_moved":         {say(agentloop.Reply{Model: "m-1", Calls: []agentloop.Call{call("look", `{}`)}}, agentloop.Reply{Text: "RESULT: x", Model: "m-2"}), &desk{}, []string{"model_moved"}},
	} {
		c.d.days = 1
		out, k, err := c.d.run(t, c.m, nil, nil)
		require.NoError(t, err, name)
		require.ElementsMatch(t, c.want, k.kinds(0), name)
		for _, w := range c.want {
			require.Equal(t, 1, out.Warnings[w], name)
		}
	}
	_, k, err := (&desk{days: 1}).run(t, say(calls(call("news", `{}`)), end), nil, nil)
	require.NoError(t, err)
	require.Equal(t, "news: 3 rows known after now were removed, the newest of 2030-01-01", k.turns[0].Warnings[0].Detail)
	require.NotContains(t, k.turns[0].Messages[1].Results[0].Text, "2030", "the model does not read it")
}

func TestStructuredResult(t *testing.T) {
	schema := json.RawMessage(`{"type":"object","properties":{"stance":{"enum":["long","cash"]},"confidence":{"type":"number","maximum":1}},"required":["stance"]}`)
	for text, want := range map[string]string{
		`RESULT: fine {"stance":"long"}`:                              `{"stance":"long"}`,
		"thinking {not json} so\n```json\n{\"stance\":\"cash\"}\n```": `{"stance":"cash"}`,
		`{"stance":"long","confidence":0.5}`:                          `{"stance":"long","confidence":0.5}`,
		`{"stance":"short"}`:                                          "",
		`{"stance":"long","confidence":2}`:                            "",
		`{"stance":"long"} and more`:                                  "",
		`no object`:                                                   "",
		`{"stance":"long"`:                                            "",
	} {
		m := &trader{reply: func(r agentloop.Request) (agentloop.Reply, bool) {
			require.Contains(t, r.System, `"required":["stance"]`)
			if len(r.Messages) == 1 {
				return agentloop.Reply{Calls: []agentloop.Call{call("look", `{}`)}}, true
			}
			return agentloop.Reply{Text: text}, true
		}}
		_, k, err := (&desk{days: 1}).run(t, m, nil, func(c *agentloop.Config) { c.Agents[0].Schema = schema })
		require.NoError(t, err)
		if want == "" {
			require.Equal(t, []string{"structured_output_invalid"}, k.kinds(0), text)
			require.Empty(t, k.turns[0].Output)
			continue
		}
		require.Empty(t, k.kinds(0), text)
		require.JSONEq(t, want, string(k.turns[0].Output))
	}
	_, _, err := (&desk{days: 1}).run(t, &trader{}, nil, func(c *agentloop.Config) { c.Agents[0].Schema = json.RawMessage(`{"type":7}`) })
	require.ErrorContains(t, err, "output_schema")
}

func TestTriggers(t *testing.T) {
	days := func(k *kept) (list []string) {
		for _, turn := range k.turns {
			list = append(list, turn.AsOf[8:10]+" "+turn.Why)
		}
		return list
	}
	climb := func(day int) float64 { return 100 + float64(day*day)/10 } // 100.1 .. 104.9 at day 7
	for name, c := range map[string]struct {
		every    agentloop.Every
		triggers []agentloop.Trigger
		want     []string
	}{
		"fill":           {agentloop.Every{}, []agentloop.Trigger{{Fill: true}}, []string{"02 first", "05 fill", "07 fill"}},
		"move":           {agentloop.Every{}, []agentloop.Trigger{{Move: 2, Symbol: "AAA"}}, []string{"02 first", "06 AAA moved +2.40 %", "08 AAA moved +2.34 %"}},
		"another symbol": {agentloop.Every{}, []agentloop.Trigger{{Move: 2, Symbol: "BBB"}}, []string{"02 first"}},
		"at":             {agentloop.Every{}, []agentloop.Trigger{{At: "15:30"}}, []string{"02 first", "03 at 15:30", "04 at 15:30", "05 at 15:30", "06 at 15:30", "07 at 15:30", "08 at 15:30"}},
		"too late":       {agentloop.Every{}, []agentloop.Trigger{{At: "16:30"}}, []string{"02 first"}},
		"on":             {agentloop.Every{}, []agentloop.Trigger{{On: time.Date(2024, 1, 4, 0, 0, 0, 0, time.UTC)}}, []string{"02 first", "04 on 2024-01-04"}},
		"every and fill": {agentloop.Every{Bars: 4}, []agentloop.Trigger{{Fill: true}}, []string{"02 first", "05 fill", "07 fill"}},
		"every":          {agentloop.Every{Bars: 4}, nil, []string{"02 first", "06 every"}},
	} {
		d := &desk{days: 7, closes: climb, fills: map[int]bool{4: true, 6: true}}
		out, k, err := d.run(t, &trader{}, nil, func(cfg *agentloop.Config) { cfg.Agents[0].Every, cfg.Agents[0].Triggers = c.every, c.triggers })
		require.NoError(t, err, name)
		require.Equal(t, c.want, days(k), name)
		require.Equal(t, 7, out.Bars, name)
		if strings.Contains(name, "fill") {
			require.Contains(t, k.turns[1].Messages[0].User, "Why now: fill.")
			require.Contains(t, k.turns[1].Messages[0].User, "since=2024-01-02", "it is told all since its last turn")
		}
	}
}

func TestSeveralAgents(t *testing.T) {
	d := &desk{days: 6}
	first, second := &trader{}, &trader{}
	out, k, err := d.run(t, first, nil, func(c *agentloop.Config) {
		a := c.Agents[0]
		a.Name, a.Every = "fast", agentloop.Every{Bars: 2}
		b := a
		b.Name, b.Every, b.Model, b.ModelName, b.Tools = "slow", agentloop.Every{Bars: 3}, second, "test/two", []string{"look"}
		c.Agents = []agentloop.Agent{a, b}
	})
	require.NoError(t, err)
	var got []string
	for _, turn := range k.turns {
		got = append(got, fmt.Sprintf("%d %s %s %s", turn.Turn, turn.AsOf[8:10], turn.Agent, turn.Model))
	}
	require.Equal(t, []string{"1 02 fast test/one", "2 02 slow test/two", "3 04 fast test/one", "4 05 slow test/two", "5 06 fast test/one"}, got)
	require.Equal(t, 5, out.Turns)
	require.Contains(t, k.turns[0].Messages[0].User, "orders=0")
	require.Contains(t, k.turns[1].Messages[0].User, "orders=1", "the second sees what the first did at the same bar")
	require.Contains(t, k.turns[3].Messages[0].User, "since=2024-01-02T16:00:00Z")
	require.Equal(t, []string{"look"}, k.turns[1].Tools)
	require.Contains(t, k.turns[1].Messages[2].Results[0].Text, "there is no tool orders_submit; there is look")
	require.Len(t, d.orders, 3, "only the fast one may order")
	for _, bad := range []func(*agentloop.Config){
		func(c *agentloop.Config) { c.Agents = append(c.Agents, c.Agents[0]) },
		func(c *agentloop.Config) { c.Agents = nil },
		func(c *agentloop.Config) { c.Agents[0].Tools = []string{"nonsense"} },
		func(c *agentloop.Config) { c.Agents[0].Every = agentloop.Every{} },
		func(c *agentloop.Config) { c.Agents[0].Name = "../x" },
		func(c *agentloop.Config) { c.Recorder = nil },
	} {
		_, _, err := (&desk{days: 1}).run(t, first, nil, bad)
		require.Error(t, err)
	}
}
