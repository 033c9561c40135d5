package agentloop_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"pitwall"
	"pitwall/agentloop"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counter is an MCP server that is not Pitwall: a clock of n days, one tool, no
// prompts and no digests. The loop must work against it.
type counter struct {
	days, n, echoes int
	moves           int  // calls of clock_next_bar
	lax             bool // answers a stale after as Pitwall does: with no step
}

func (c *counter) serve(t *testing.T) *mcp.ClientSession {
	s := mcp.NewServer(&mcp.Implementation{Name: "counter", Version: "1"}, nil)
	at := func() string { return time.Date(2024, 1, 1+c.n, 16, 0, 0, 0, time.UTC).Format(time.RFC3339) }
	type in struct {
		Bars  int    `json:"bars,omitempty"`
		Until string `json:"until,omitempty"`
		After string `json:"after,omitempty"`
	}
	mcp.AddTool(s, &mcp.Tool{Name: "clock_now"}, func(context.Context, *mcp.CallToolRequest, in) (*mcp.CallToolResult, map[string]any, error) {
		return nil, map[string]any{"as_of": at()}, nil
	})
	mcp.AddTool(s, &mcp.Tool{Name: "clock_next_bar"}, func(_ context.Context, _ *mcp.CallToolRequest, i in) (*mcp.CallToolResult, map[string]any, error) {
		if i.After != at() && c.lax {
			return nil, map[string]any{"as_of": at(), "advanced": 0, "ended": false, "since": i.After}, nil
		}
		if i.After != at() {
			return nil, nil, fmt.Errorf("after is %s, it is %s", i.After, at())
		}
		c.moves++
		if i.Until != "" {
			day, err := time.Parse(time.DateOnly, i.Until)
			if err != nil {
				return nil, nil, err
			}
			i.Bars = day.YearDay() - 1 - c.n
		}
		moved := min(i.Bars, c.days-c.n)
		c.n += moved
		return nil, map[string]any{"as_of": at(), "advanced": moved, "ended": moved < i.Bars, "equity": 100 + c.n}, nil
	})
	mcp.AddTool(s, &mcp.Tool{Name: "echo"}, func(_ context.Context, _ *mcp.CallToolRequest, a map[string]any) (*mcp.CallToolResult, any, error) {
		c.echoes++
		if a["fail"] == true {
			return nil, nil, errors.New("as you wish")
		}
		return nil, a, nil
	})
	near, far := mcp.NewInMemoryTransports()
	ss, err := s.Connect(context.Background(), far, nil)
	require.NoError(t, err)
	cs, err := mcp.NewClient(&mcp.Implementation{Name: "loop", Version: "1"}, nil).Connect(context.Background(), near, nil)
	require.NoError(t, err)
	t.Cleanup(func() { cs.Close(); _ = ss.Wait() })
	return cs
}

// modelFunc is a model in a function.
type modelFunc func(agentloop.Request) (agentloop.Reply, error)

func (f modelFunc) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	return f(r)
}

// kept is a Recorder in memory.
type kept struct {
	turns   []agentloop.Turn
	bytes   []string
	timings []agentloop.Timing
}

func (k *kept) EndTurn(_ int, turn []byte, _ json.RawMessage, timing agentloop.Timing) error {
	var x agentloop.Turn
	if err := json.Unmarshal(turn, &x); err != nil {
		return err
	}
	k.turns, k.bytes, k.timings = append(k.turns, x), append(k.bytes, string(turn)), append(k.timings, timing)
	return nil
}

// kinds are the kinds of a turn's warnings.
func (k *kept) kinds(i int) (list []string) {
	for _, w := range k.turns[i].Warnings {
		list = append(list, w.Kind)
	}
	return list
}

func drive(t *testing.T, c *counter, every string, m modelFunc, edit func(*agentloop.Config)) (agentloop.Outcome, *kept, error) {
	t.Helper()
	e, err := agentloop.ParseEvery(every)
	require.NoError(t, err)
	k := &kept{}
	cfg := agentloop.Config{Session: c.serve(t), Agents: []agentloop.Agent{{Name: "main", Model: m, ModelName: "test", Prompt: "be good", Every: e}}, Recorder: k, Now: func() time.Time { return time.Unix(0, 0) }}
	if edit != nil {
		edit(&cfg)
	}
	out, err := agentloop.Run(context.Background(), cfg)
	return out, k, err
}

func call(name, args string) agentloop.Call {
	return agentloop.Call{ID: "1", Name: name, Arguments: json.RawMessage(args)}
}

// A run that goes on numbers its turns for the model as before: shadow turns are left out.
func TestShadowTurnsOfAnEarlierProcess(t *testing.T) {
	_, k, err := drive(t, &counter{days: 2}, "1", func(agentloop.Request) (agentloop.Reply, error) { return agentloop.Reply{Text: "ok"}, nil }, func(c *agentloop.Config) {
		c.Made, c.Past = 5, map[string]agentloop.Past{"main": {AsOf: "2024-01-01T16:00:00Z", Shadows: 2}}
	})
	require.NoError(t, err)
	require.Equal(t, 6, k.turns[0].Turn)
	require.Contains(t, k.turns[0].Messages[0].User, "Turn 4. Bars since your last turn: 1.")
}

func TestLoopRunsTurns(t *testing.T) {
	c := &counter{days: 11}
	out, k, err := drive(t, c, "5", func(r agentloop.Request) (agentloop.Reply, error) {
		require.Equal(t, "be good", r.System, "a server without prompts leaves the strategy's own")
		for _, tool := range r.Tools {
			require.NotContains(t, []string{"clock_next_bar", "sim_start", "sim_status"}, tool.Name, "time is the loop's")
		}
		if len(r.Messages) == 1 {
			return agentloop.Reply{Calls: []agentloop.Call{call("echo", `{"x":1}`), call("echo", `{"fail":true}`)}}, nil
		}
		require.Len(t, r.Messages[1].Results, 2)
		require.True(t, r.Messages[1].Results[1].IsError)
		return agentloop.Reply{Text: "thinking\nRESULT: done"}, nil
	}, nil)
	require.NoError(t, err)
	require.True(t, out.Ended)
	require.Equal(t, []int{11, 3, 6, 6}, []int{out.Bars, out.Turns, out.ModelCalls, out.ToolCalls}, "turns at bars 1, 6 and 11")
	require.Equal(t, "done", k.turns[0].Result)
	require.Equal(t, []string{"tool_error"}, k.kinds(0))
	require.Equal(t, "2024-01-02T16:00:00Z", k.turns[0].AsOf)
	require.Equal(t, 6, c.echoes)
}

func TestNoTurnOnAPartOfAStride(t *testing.T) {
	out, k, err := drive(t, &counter{days: 9}, "5", func(agentloop.Request) (agentloop.Reply, error) { return agentloop.Reply{Text: "hm"}, nil }, nil)
	require.NoError(t, err)
	require.Equal(t, 2, out.Turns, "with more data bar 9 would be no turn either")
	require.Equal(t, []string{"no_tool_calls"}, k.kinds(0))
}

func TestLoopIsBounded(t *testing.T) {
	c := &counter{days: 1}
	out, k, err := drive(t, c, "", func(agentloop.Request) (agentloop.Reply, error) {
		many := make([]agentloop.Call, 10_000)
		for i := range many {
			many[i] = call("echo", `{}`)
		}
		return agentloop.Reply{Calls: many}, nil
	}, func(cfg *agentloop.Config) { cfg.Agents[0].MaxSteps = 3 })
	require.NoError(t, err)
	require.Equal(t, 3, out.ModelCalls)
	require.Equal(t, 150, c.echoes)
	require.Equal(t, []string{"too_many_calls", "step_limit", "repeated_call"}, k.kinds(0))
}

func TestModelMayNotMoveTime(t *testing.T) {
	c := &counter{days: 3}
	_, k, err := drive(t, c, "", func(r agentloop.Request) (agentloop.Reply, error) {
		if len(r.Messages) == 1 {
			return agentloop.Reply{Calls: []agentloop.Call{call("clock_next_bar", `{"bars":2}`), call("nonsense", `{}`), call("echo", ``),
				call("clock.next_bar", `{"bars":2}`), call("echo", `{"x":`)}}, nil
		}
		return agentloop.Reply{Text: "ok"}, nil
	}, nil)
	require.NoError(t, err)
	require.Len(t, k.turns, 3, "no bar was skipped")
	results := k.turns[0].Messages[1].Results
	require.Contains(t, results[0].Text, "the loop moves the clock")
	require.True(t, results[1].IsError, "an unknown tool is the model's problem, not the run's end")
	require.False(t, results[2].IsError)
	require.Contains(t, results[3].Text, "the loop moves the clock", "nor by the dotted spelling")
	require.Contains(t, results[4].Text, "not a valid JSON object: unexpected end of JSON input at character", "a broken reply is the model's problem too")
	body, err := json.Marshal(k.turns[0])
	require.NoError(t, err, "and what it sent can be recorded")
	require.Contains(t, string(body), `{\"x\":`)
	require.Equal(t, 3, c.echoes, "broken arguments reach no tool")
}

func TestSomebodyElseMovesTheClock(t *testing.T) {
	c := &counter{days: 9}
	_, _, err := drive(t, c, "", func(agentloop.Request) (agentloop.Reply, error) {
		c.n += 2
		return agentloop.Reply{Text: "ok"}, nil
	}, nil)
	require.ErrorContains(t, err, "after is", "a server that minds says so; one that does not is noticed by the loop")
	c = &counter{days: 9, lax: true}
	_, _, err = drive(t, c, "", func(agentloop.Request) (agentloop.Reply, error) {
		c.n += 2
		return agentloop.Reply{Text: "ok"}, nil
	}, nil)
	require.ErrorContains(t, err, "another client shares this world")
}

func TestModelErrorEndsTheRun(t *testing.T) {
	out, _, err := drive(t, &counter{days: 3}, "", func(agentloop.Request) (agentloop.Reply, error) { return agentloop.Reply{}, errors.New("no credit") }, nil)
	require.ErrorContains(t, err, "turn 1 at 2024-01-02T16:00:00Z: asking the model: no credit")
	require.False(t, out.Ended)
}

func TestStop(t *testing.T) {
	stop := make(chan struct{})
	out, _, err := drive(t, &counter{days: 30}, "", func(r agentloop.Request) (agentloop.Reply, error) {
		if r.Messages[0].User[:7] == "Turn 4." {
			close(stop)
		}
		return agentloop.Reply{Text: "ok"}, nil
	}, func(cfg *agentloop.Config) { cfg.Stop = stop })
	require.NoError(t, err)
	require.Equal(t, 4, out.Turns, "the turn is finished, no other begun")
	require.False(t, out.Ended)
}

// A turn is told everything since the turn before, however many moves that took.
func TestTurnSeesAllSinceTheLast(t *testing.T) {
	c := &counter{days: 40, lax: true}
	_, k, err := drive(t, c, "month", func(agentloop.Request) (agentloop.Reply, error) { return agentloop.Reply{Text: "ok"}, nil }, nil)
	require.NoError(t, err)
	require.Len(t, k.turns, 2)
	require.Contains(t, k.turns[1].Messages[0].User, "Bars since your last turn: 30.")
	require.Contains(t, k.turns[1].Messages[0].User, `"since":"2024-01-02T16:00:00Z"`, "the snapshot was asked for from the last turn on")
}

func TestEvery(t *testing.T) {
	for every, want := range map[string][]int{ // days of January 2024 (a Monday) with bars on every day
		"":         {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
		"4":        {2, 6, 10},
		"1d":       {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
		"monday":   {2, 8},
		"1w":       {2, 8},
		"thursday": {2, 4, 11},
		"month":    {2},
	} {
		var got []int
		clock := &counter{days: 11, lax: true}
		_, k, err := drive(t, clock, every, func(agentloop.Request) (agentloop.Reply, error) { return agentloop.Reply{Text: "ok"}, nil }, nil)
		require.NoError(t, err)
		for _, turn := range k.turns {
			at, err := time.Parse(time.RFC3339, turn.AsOf)
			require.NoError(t, err)
			got = append(got, at.Day())
		}
		require.Equal(t, want, got, every)
		require.LessOrEqual(t, clock.moves, 2*len(want)+1, "%s: one call passes the days between two turns, and one tells of them", every)
	}
	for _, bad := range []string{"0", "-1", "often", "1.5", "2d", "10001", "100000000"} {
		_, err := agentloop.ParseEvery(bad)
		require.Error(t, err, bad)
	}
	longest, err := agentloop.ParseEvery("10000")
	require.NoError(t, err)
	require.Equal(t, agentloop.Every{Bars: pitwall.MaxSteps}, longest)
}
