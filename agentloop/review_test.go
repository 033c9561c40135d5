package agentloop_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
)

// What a review of the loop found, each once.

// Arguments with signs that JSON encodes otherwise are found again.
func TestResumeFindsArgumentsWithSigns(t *testing.T) {
	cache := &memory{m: map[string]string{}}
	m := &trader{reply: func(r agentloop.Request) (agentloop.Reply, bool) {
		if len(r.Messages) == 1 {
			return agentloop.Reply{Calls: []agentloop.Call{call("look", ` { "sql" : "a < 5 & b > 3" } `)}}, true
		}
		return agentloop.Reply{}, false
	}, fail: func(n int) error {
		if n == 3 {
			return errors.New("power cut")
		}
		return nil
	}}
	_, _, err := (&desk{days: 1}).run(t, m, cache, nil)
	require.ErrorContains(t, err, "power cut")
	m.fail = nil
	out, _, err := (&desk{days: 1}).run(t, m, cache, nil)
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, []int{out.ModelCalls, out.CacheHits})
}

// Where usd_per_turn ends a turn does not depend on what is recorded.
func TestTurnBudgetIsTheSameWarm(t *testing.T) {
	cache := &memory{m: map[string]string{}}
	limit := func(c *agentloop.Config) { c.Agents[0].Budget = agentloop.Budget{USDPerTurn: dec(t, "0.013")} }
	cold, k, err := (&desk{days: 3}).run(t, &trader{}, cache, limit)
	require.NoError(t, err)
	require.Equal(t, agentloop.StatusTurnBudget, k.turns[0].Status)
	warm, l, err := (&desk{days: 3}).run(t, &trader{fail: func(int) error { panic("asked") }}, cache, func(c *agentloop.Config) { limit(c); c.Strict = true })
	require.NoError(t, err)
	require.Equal(t, k.bytes, l.bytes)
	require.Equal(t, []int{0, cold.ModelCalls}, []int{warm.ModelCalls, warm.CacheHits})
	for key := range cache.m { // the turns forgotten: the replies lead to the same end
		if strings.HasPrefix(key, "turn") {
			delete(cache.m, key)
		}
	}
	_, l, err = (&desk{days: 3}).run(t, &trader{fail: func(int) error { panic("asked") }}, cache, limit)
	require.NoError(t, err)
	require.Equal(t, k.bytes, l.bytes)
}

func TestCancelledTurnIsPaidFor(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	m := &trader{fail: func(n int) error {
		if n == 3 {
			cancel()
			return ctx.Err()
		}
		return nil
	}}
	p := price
	out, err := agentloop.Run(ctx, agentloop.Config{Session: (&desk{days: 3}).serve(t), Recorder: &kept{}, Now: func() time.Time { return time.Unix(0, 0) },
		Agents: []agentloop.Agent{{Name: "main", Model: m, ModelName: "m", Every: agentloop.Every{Bars: 1}, Price: &p}}})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, "0.004", out.Cost.String())
	require.Equal(t, 2, out.ModelCalls)
}

func TestRecordedCostFollowsThePriceOfToday(t *testing.T) {
	cache := &memory{m: map[string]string{}}
	free := func(c *agentloop.Config) { c.Agents[0].Price = nil }
	out, _, err := (&desk{days: 1}).run(t, &trader{}, cache, free)
	require.NoError(t, err)
	require.Nil(t, out.Cost)
	out, _, err = (&desk{days: 1}).run(t, &trader{}, cache, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"0", "0.006"}, []string{out.Cost.String(), out.Recorded.String()})
	out, _, err = (&desk{days: 1}).run(t, &trader{}, cache, free)
	require.NoError(t, err)
	require.Nil(t, out.Recorded, "not known is not 0")
	// A model that tells no usage is not free either.
	silent := &trader{reply: func(agentloop.Request) (agentloop.Reply, bool) { return agentloop.Reply{Text: "RESULT: x"}, true }}
	out, _, err = (&desk{days: 1}).run(t, silent, nil, nil)
	require.NoError(t, err)
	require.Positive(t, *out.Cost)
	require.True(t, out.Usage.Estimated)
}

// An agent is told when another changed orders after its turn at the same bar.
func TestAgentLearnsWhatALaterOneDid(t *testing.T) {
	looker := &trader{reply: func(r agentloop.Request) (agentloop.Reply, bool) {
		if len(r.Messages) == 1 {
			return agentloop.Reply{Calls: []agentloop.Call{call("look", `{}`)}}, true
		}
		return agentloop.Reply{Text: "RESULT: seen"}, true
	}}
	_, k, err := (&desk{days: 3}).run(t, looker, nil, func(c *agentloop.Config) {
		first := c.Agents[0]
		first.Name, first.Every, first.Triggers = "first", agentloop.Every{}, []agentloop.Trigger{{Fill: true}}
		second := c.Agents[0]
		second.Name, second.Model, second.Every = "second", &trader{}, agentloop.Every{Bars: 2}
		c.Agents = []agentloop.Agent{first, second}
	})
	require.NoError(t, err)
	var got []string
	for _, turn := range k.turns {
		got = append(got, turn.AsOf[8:10]+" "+turn.Agent+" "+turn.Why)
	}
	require.Equal(t, []string{"02 first first", "02 second first", "03 first another agent changed orders", "04 second every"}, got)
	require.Contains(t, k.turns[2].Messages[0].User, "another agent changed orders")
	require.NotContains(t, k.turns[0].Messages[0].User, "another agent")
}

// A failure of this machine and moment is not a recorded truth.
func TestTimeoutsOfToolsAreAskedAgain(t *testing.T) {
	cache := &memory{m: map[string]string{}}
	_, _, err := (&desk{days: 1, orderError: "error TIMEOUT: too slow"}).run(t, &trader{}, cache, nil)
	require.NoError(t, err)
	for k := range cache.m {
		require.False(t, strings.HasPrefix(k, "turn"), k)
	}
	_, k, err := (&desk{days: 1}).run(t, &trader{}, cache, nil)
	require.NoError(t, err)
	require.Equal(t, agentloop.StatusOrdered, k.turns[0].Status)
}

func TestHostileObjectTakesNoTime(t *testing.T) {
	text := strings.Repeat(`{"a":`, 200_000) + strings.Repeat("}", 200_000)
	m := &trader{reply: func(agentloop.Request) (agentloop.Reply, bool) { return agentloop.Reply{Text: text}, true }}
	_, k, err := (&desk{days: 1}).run(t, m, nil, func(c *agentloop.Config) { c.Agents[0].Schema = json.RawMessage(`{"type":"object"}`) })
	require.NoError(t, err)
	require.Contains(t, k.kinds(0), "structured_output_invalid")
}

// An answer that was begun and came torn is billed: its estimate counts, whether
// the next attempt had more luck or not.
func TestFailedAttemptsCost(t *testing.T) {
	torn := agentloop.Try{Status: 200, Error: "torn", Usage: agentloop.Usage{Input: 1000, Estimated: true}}
	m := agentModel(func(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
		if len(r.Messages) == 1 {
			return agentloop.Reply{Calls: []agentloop.Call{call("look", `{}`)}, Usage: agentloop.Usage{Input: 1000}, Tries: []agentloop.Try{torn}}, nil
		}
		return agentloop.Reply{}, &agentloop.ModelError{Kind: agentloop.ErrorBadReply, Tries: []agentloop.Try{torn}, Usage: torn.Usage}
	})
	out, _, err := (&desk{days: 1}).run(t, m, nil, nil)
	require.NoError(t, err)
	require.Equal(t, "0.004", out.Cost.String())
	require.True(t, out.Usage.Estimated)
}

// A turn that was cut by a cancel or by its own time is not a good one to replay.
func TestCutTurnsAreNotKept(t *testing.T) {
	for name, steps := range map[string]int{"cancelled": 0, "timeout": 2} {
		cache := &memory{m: map[string]string{}}
		ctx, cancel := context.WithCancel(context.Background())
		deaf := modelFunc(func(r agentloop.Request) (agentloop.Reply, error) { // looks at no context
			if len(r.Messages) == 1 {
				return agentloop.Reply{Calls: []agentloop.Call{call("look", `{}`)}}, nil
			}
			if len(r.Messages) == 2 {
				if name == "cancelled" {
					cancel()
				} else {
					time.Sleep(400 * time.Millisecond) // far beyond its time: a busy machine sees it late
				}
				return agentloop.Reply{Calls: []agentloop.Call{call("orders_submit", `{"symbol":"AAA"}`)}}, nil
			}
			return agentloop.Reply{Text: "RESULT: done"}, nil
		})
		d := &desk{days: 1}
		_, err := agentloop.Run(ctx, agentloop.Config{Session: d.serve(t), Cache: cache, Recorder: &kept{}, Now: func() time.Time { return time.Unix(0, 0) },
			Agents: []agentloop.Agent{{Name: "main", Model: deaf, ModelName: "m", Every: agentloop.Every{Bars: 1}, MaxSteps: steps, Timeout: 100 * time.Millisecond, Price: &agentloop.Price{}}}})
		if name == "cancelled" {
			require.ErrorIs(t, err, context.Canceled)
		} else {
			require.NoError(t, err)
		}
		require.Empty(t, d.orders, name)
		for k := range cache.m {
			require.False(t, strings.HasPrefix(k, "turn"), name)
			require.True(t, strings.HasPrefix(k, "reply") || name == "timeout", name)
		}
		cancel()
	}
}

// What an unlucky attempt cost ends no turn early: the record would differ.
func TestLostAttemptsAreNoPartOfTheTurnsBudget(t *testing.T) {
	torn := agentloop.Usage{Input: 5000, Estimated: true}
	unlucky := agentModel(func(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
		reply, err := (&trader{}).Reply(context.Background(), r)
		if len(r.Messages) == 1 {
			reply.Tries = []agentloop.Try{{Usage: torn}}
		}
		return reply, err
	})
	limit := func(c *agentloop.Config) { c.Agents[0].Budget = agentloop.Budget{USDPerTurn: dec(t, "0.016")} }
	out, k, err := (&desk{days: 1}).run(t, unlucky, nil, limit)
	require.NoError(t, err)
	require.Equal(t, agentloop.StatusOrdered, k.turns[0].Status)
	require.Equal(t, "0.011", out.Cost.String(), "and yet it is paid")
	_, l, err := (&desk{days: 1}).run(t, &trader{}, nil, limit)
	require.NoError(t, err)
	require.Equal(t, k.bytes, l.bytes)
}
