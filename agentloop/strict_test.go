package agentloop_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
)

// A strict replay repeats a run whose turns failed, ran out of time or money, or read a
// tool that failed: the same record, orders and end, and no model is asked.
func TestStrictReplayOfFailedTurns(t *testing.T) {
	failing := func(kind agentloop.ErrorKind, on func(n int) bool) agentloop.Model {
		return &trader{fail: func(n int) error {
			if on(n) {
				return &agentloop.ModelError{Kind: kind, Status: 500, Message: fmt.Sprint("no ", n), Hint: "wait"}
			}
			return nil
		}}
	}
	slow := 0
	for name, c := range map[string]struct {
		model agentloop.Model
		desk  desk
		edit  func(*agentloop.Config)
		turns int
		says  string // how the run ends
	}{
		"before an order":      {failing(agentloop.ErrorUnavailable, func(n int) bool { return n == 4 }), desk{days: 4}, nil, 4, ""},
		"after an order":       {failing(agentloop.ErrorBadReply, func(n int) bool { return n == 6 || n == 12 }), desk{days: 4}, nil, 4, ""},
		"in five turns":        {failing(agentloop.ErrorLimited, func(n int) bool { return n > 3 }), desk{days: 9}, nil, 6, "failed in 5 turns in a row"},
		"for good":             {failing(agentloop.ErrorAuth, func(n int) bool { return n == 5 }), desk{days: 4}, nil, 2, "asking the model test/one: auth (500): no 5; wait"},
		"budget":               {&trader{}, desk{days: 4}, func(c *agentloop.Config) { c.Agents[0].Budget.USD = dec(t, "0.02") }, 2, ""},
		"a tool that failed":   {&trader{}, desk{days: 3, identity: "some url", lookError: true}, nil, 3, ""},
		"an order that failed": {&trader{}, desk{days: 3, orderError: "error REJECTED: no"}, nil, 3, ""},
		"time": {agentModel(func(ctx context.Context, r agentloop.Request) (agentloop.Reply, error) {
			if len(r.Messages) == 2 && slow == 0 {
				slow++
				<-ctx.Done()
				return agentloop.Reply{}, ctx.Err()
			}
			return (&trader{}).Reply(ctx, r)
		}), desk{days: 3}, func(c *agentloop.Config) { c.Agents[0].Timeout = time.Second }, 3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cache := &memory{m: map[string]string{}}
			live, again := c.desk, c.desk
			again.lookError, again.lookText = false, "a tool that works again"
			out, k, err := live.run(t, c.model, cache, c.edit)
			require.Len(t, k.turns, c.turns)
			replayed, l, err2 := again.run(t, &trader{fail: func(int) error { panic("asked") }}, cache, func(cfg *agentloop.Config) {
				if cfg.Strict = true; c.edit != nil {
					c.edit(cfg)
				}
			})
			require.Equal(t, k.bytes, l.bytes)
			require.Equal(t, live.orders, again.orders)
			if c.says == "" {
				require.NoError(t, err)
				require.NoError(t, err2)
			} else {
				require.ErrorContains(t, err, c.says)
				require.EqualError(t, err2, err.Error())
			}
			require.Equal(t, []any{out.Turns, out.Failed, out.Stopped, out.Ended, out.Warnings["model_skipped"], out.First},
				[]any{replayed.Turns, replayed.Failed, replayed.Stopped, replayed.Ended, replayed.Warnings["model_skipped"], replayed.First})
			require.Zero(t, replayed.ModelCalls)
		})
	}
}

// Of several ways in which a turn failed the newest counts; a turn that succeeded counts
// before them.
func TestStrictReplayTakesTheNewest(t *testing.T) {
	cache := &memory{m: map[string]string{}}
	run := func(says string) *kept {
		_, k, err := (&desk{days: 1}).run(t, &trader{fail: func(int) error {
			if says == "" {
				return nil
			}
			return &agentloop.ModelError{Kind: agentloop.ErrorUnavailable, Message: says}
		}}, cache, nil)
		require.NoError(t, err)
		return k
	}
	replay := func() *kept {
		_, k, err := (&desk{days: 1}).run(t, &trader{fail: func(int) error { panic("asked") }}, cache, func(c *agentloop.Config) { c.Strict = true })
		require.NoError(t, err)
		return k
	}
	for _, says := range []string{"one", "two", "two", "one", "", "one"} {
		k := run(says)
		require.Equal(t, k.bytes, replay().bytes, says)
	}
	require.Len(t, cache.m, 3+1+3, "three ways to fail one after the other, a turn, its replies")
	_, _, err := (&desk{days: 2}).run(t, &trader{}, cache, func(c *agentloop.Config) { c.Strict = true })
	require.Equal(t, pitwall.NotRecorded, pitwall.CodeOf(err), "what never was")
}
