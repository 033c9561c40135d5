package agentloop_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
)

// team is a Decider of three roles: two analysts look at the same time, the trader
// reads both and plans, and code turns the plan into an order.
type team struct{ decided int }

func (d *team) Decide(ctx context.Context, b *agentloop.Brief) (agentloop.Decision, error) {
	d.decided++
	var views [2]agentloop.Reply
	var errs [2]error
	var wg sync.WaitGroup
	for i, role := range []string{"bull", "bear"} {
		wg.Go(func() { views[i], errs[i] = b.Converse(ctx, role, b.Text) })
	}
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return agentloop.Decision{}, err
	}
	plan, err := b.Ask(ctx, "trader", b.Text+"\nbull: "+views[0].Text+"\nbear: "+views[1].Text)
	if err != nil {
		return agentloop.Decision{}, err
	}
	r, err := b.Call(ctx, "trader", call("orders_submit", `{"symbol":"`+plan.Text+`"}`))
	if err != nil {
		return agentloop.Decision{}, err
	}
	ack, err := b.Ask(ctx, "trader", "sent")
	return agentloop.Decision{Text: ack.Text + "\nRESULT: " + r.Text}, err
}

// teamModels counts what each role was asked; bull is the slower analyst.
type teamModels struct{ asked [3]atomic.Int32 }

func (m *teamModels) analyst(i int, view string) agentloop.Model {
	return modelFunc(func(r agentloop.Request) (agentloop.Reply, error) {
		m.asked[i].Add(1)
		time.Sleep(time.Duration(1-i) * 3 * time.Millisecond)
		usage := agentloop.Usage{Input: 1000, Output: 100}
		if len(r.Messages) == 1 {
			return agentloop.Reply{Calls: []agentloop.Call{call("look", `{}`), call("orders_submit", `{}`)}, Usage: usage, Model: view}, nil
		}
		return agentloop.Reply{Text: view, Usage: usage, Model: view}, nil
	})
}

func (m *teamModels) trader(t *testing.T) agentloop.Model {
	return modelFunc(func(r agentloop.Request) (agentloop.Reply, error) {
		m.asked[2].Add(1)
		if len(r.Messages) == 3 {
			require.Equal(t, "sent", r.Messages[2].User)
			return agentloop.Reply{Text: "well", Usage: agentloop.Usage{Input: 10, Output: 1}}, nil
		}
		require.Contains(t, r.Messages[0].User, "\nbull: up\nbear: down")
		return agentloop.Reply{Text: "AAA", Usage: agentloop.Usage{Input: 10, Output: 1}}, nil
	})
}

// asTeam makes the run's agent a team.
func (m *teamModels) asTeam(t *testing.T, d agentloop.Decider) func(*agentloop.Config) {
	return func(c *agentloop.Config) {
		dear := agentloop.Price{In: pitwall.Int(100), Out: pitwall.Int(100)}
		a := &c.Agents[0]
		a.Model, a.ModelName, a.Decider, a.DeciderName = nil, "desk/three", d, "team 1"
		a.Roles = []agentloop.Role{
			{Name: "bull", Model: m.analyst(0, "up"), ModelName: "test/bull", Prompt: "look for gains", Tools: []string{"look"}, Price: &price},
			{Name: "bear", Model: m.analyst(1, "down"), ModelName: "test/bear", Prompt: "look for losses", Tools: []string{"look"}, Price: &price},
			{Name: "trader", Model: m.trader(t), ModelName: "test/trader", Tools: []string{"orders_submit"}, Price: &dear},
		}
	}
}

func TestTeamDecides(t *testing.T) {
	cache := &memory{m: map[string]string{}}
	m, d := &teamModels{}, &team{}
	cold := &desk{days: 4}
	out, k, err := cold.run(t, nil, cache, m.asTeam(t, d))
	require.NoError(t, err)
	require.Equal(t, []int{4, 24, 0, 8, 4}, []int{d.decided, out.ModelCalls, out.CacheHits, cold.reads, len(cold.orders)})
	// 4 turns of four replies for 0.002 and two for 0.0011.
	require.Equal(t, "0.0408", strings.TrimRight(out.Cost.String(), "0"))
	require.Equal(t, []string{"bull", "bear", "trader"}, []string{k.turns[0].Roles[0].Name, k.turns[0].Roles[1].Name, k.turns[0].Roles[2].Name})
	require.Equal(t, "be good\n\nlook for gains", k.turns[0].Roles[0].System)
	require.Equal(t, "be good", k.turns[0].Roles[2].System)
	var order []string
	for _, x := range k.turns[0].Messages {
		order = append(order, x.Role)
	}
	require.Equal(t, "bull bull bull bear bear bear trader trader trader trader trader", strings.Join(order, " "))
	require.Equal(t, []string{"tool_error", "tool_error"}, k.kinds(0), "an analyst may not order")
	require.Contains(t, k.turns[0].Warnings[1].Detail, "bear: error UNKNOWN_TOOL")
	require.Equal(t, k.turns[0].Warnings[0].Detail, out.ToolError)
	require.Equal(t, agentloop.StatusOrdered, k.turns[0].Status)
	require.Equal(t, "as_of=2024-01-02T16:00:00Z", k.turns[0].Result)
	require.Equal(t, []string{"trader", "trader", "trader", "trader"}, cold.roles, "the server knows which role ordered")

	strict := func(c *agentloop.Config) { m.asTeam(t, d)(c); c.Strict = true }
	same := func(name string, want ...int) {
		t.Helper()
		warm := &desk{days: 4}
		again, l, err := warm.run(t, nil, cache, strict)
		require.NoError(t, err, name)
		require.Equal(t, k.bytes, l.bytes, name)
		require.Equal(t, want, []int{d.decided, again.ModelCalls, again.CacheHits, warm.reads, len(warm.orders)}, name)
		require.Equal(t, out.ToolError, again.ToolError, name)
		require.Equal(t, out.Cost.String(), again.Recorded.String(), name)
		require.Equal(t, out.ToolCalls, again.ToolCalls, name)
	}
	same("turns from the cache: no Decider, no reads", 4, 0, 24, 0, 4)
	for key := range cache.m {
		if strings.HasPrefix(key, "turn") {
			delete(cache.m, key)
		}
	}
	same("replies from the cache: the Decider again, and no model", 8, 0, 24, 8, 4)
	require.Equal(t, []int32{8, 8, 8}, []int32{m.asked[0].Load(), m.asked[1].Load(), m.asked[2].Load()})

	_, _, err = (&desk{days: 1}).run(t, nil, cache, func(c *agentloop.Config) { strict(c); c.Agents[0].DeciderName = "team 2" })
	require.NoError(t, err, "another Decider decides again from the same replies")
	require.Equal(t, 9, d.decided)
	_, _, err = (&desk{days: 1}).run(t, nil, cache, func(c *agentloop.Config) { strict(c); c.Agents[0].Roles[1].Prompt = "be bold" })
	require.Equal(t, pitwall.NotRecorded, pitwall.CodeOf(err))
}

// A role that may only read lists no tool that changes the world: every call would fail.
func TestReadOnlyRolesListNoChanges(t *testing.T) {
	for tool, want := range map[string]string{"orders_submit": `role bull may use "orders_submit", which changes the world, and the role may only read`, "look": ""} {
		m := &teamModels{}
		_, _, err := (&desk{days: 1}).run(t, nil, nil, func(c *agentloop.Config) {
			m.asTeam(t, &team{})(c)
			c.Agents[0].Roles[0].Tools, c.Agents[0].Roles[0].ReadOnly = []string{tool}, true
		})
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want)
	}
}

// A budget covers all roles, each at its own price, and those that are asked at the
// same time reserve their worst case together.
func TestTeamHasOneBudget(t *testing.T) {
	m := &teamModels{}
	out, k, err := (&desk{days: 4}).run(t, nil, nil, func(c *agentloop.Config) {
		m.asTeam(t, &team{})(c)
		c.Agents[0].Budget = agentloop.Budget{USD: dec(t, "0.02")}
		for i := range c.Agents[0].Roles {
			c.Agents[0].Roles[i].MaxOutput = 100
		}
	})
	require.NoError(t, err)
	require.Contains(t, out.Stopped, "budget of main")
	require.LessOrEqual(t, *out.Cost, dec(t, "0.02"))
	require.Equal(t, agentloop.StatusBudget, k.turns[len(k.turns)-1].Status)
	refused := make(chan struct{})
	var asked atomic.Int32
	slow := modelFunc(func(agentloop.Request) (agentloop.Reply, error) {
		asked.Add(1)
		<-refused
		return agentloop.Reply{Text: "x", Usage: agentloop.Usage{Input: 1000, Output: 100}}, nil
	})
	both := deciderFunc(func(ctx context.Context, b *agentloop.Brief) (agentloop.Decision, error) {
		var wg sync.WaitGroup
		for _, role := range []string{"bull", "bear"} {
			wg.Go(func() {
				if _, err := b.Ask(ctx, role, b.Text); err != nil {
					close(refused)
				}
			})
		}
		wg.Wait()
		return agentloop.Decision{}, nil
	})
	out, _, err = (&desk{days: 4}).run(t, nil, nil, func(c *agentloop.Config) {
		m.asTeam(t, both)(c)
		c.Agents[0].Roles[0].Model, c.Agents[0].Roles[1].Model = slow, slow
		c.Agents[0].Budget = agentloop.Budget{USD: dec(t, "0.015")} // one worst case is above 0.01
	})
	require.NoError(t, err)
	require.Equal(t, int32(1), asked.Load(), "for two at once there is no money")
	require.Equal(t, "0.002", out.Cost.String())
	require.Contains(t, out.Stopped, "budget of main", "a Decider cannot overlook it")
}

// deciderFunc is a Decider in a function.
type deciderFunc func(context.Context, *agentloop.Brief) (agentloop.Decision, error)

func (f deciderFunc) Decide(ctx context.Context, b *agentloop.Brief) (agentloop.Decision, error) {
	return f(ctx, b)
}

func TestDeciderAndItsFailures(t *testing.T) {
	down := modelFunc(func(agentloop.Request) (agentloop.Reply, error) {
		return agentloop.Reply{}, &agentloop.ModelError{Kind: agentloop.ErrorUnavailable, Message: "down"}
	})
	noKey := modelFunc(func(agentloop.Request) (agentloop.Reply, error) {
		return agentloop.Reply{}, &agentloop.ModelError{Kind: agentloop.ErrorAuth, Message: "no key"}
	})
	many := modelFunc(func(agentloop.Request) (agentloop.Reply, error) {
		return agentloop.Reply{Calls: []agentloop.Call{call("look", `{}`), call("look", `{}`)}}, nil
	})
	for name, c := range map[string]struct {
		model  agentloop.Model
		decide deciderFunc
		err    string
		status agentloop.Status
		kept   bool
	}{
		"a rule needs no model": {nil, func(ctx context.Context, b *agentloop.Brief) (agentloop.Decision, error) {
			_, err := b.Call(ctx, "", call("orders_submit", `{"symbol":"AAA"}`))
			return agentloop.Decision{Text: "RESULT: by rule"}, err
		}, "", agentloop.StatusOrdered, true},
		"it may do nothing": {nil, func(context.Context, *agentloop.Brief) (agentloop.Decision, error) { return agentloop.Decision{}, nil },
			"", agentloop.StatusNoAction, true},
		"it goes on after a failure, which is not kept": {down, func(ctx context.Context, b *agentloop.Brief) (agentloop.Decision, error) {
			_, err := b.Ask(ctx, "", b.Text)
			require.Error(t, err)
			return agentloop.Decision{Text: "RESULT: without it"}, nil
		}, "", agentloop.StatusNoAction, false},
		"not after one that ends the run": {noKey, func(ctx context.Context, b *agentloop.Brief) (agentloop.Decision, error) {
			_, err := b.Ask(ctx, "", b.Text)
			require.Error(t, err)
			return agentloop.Decision{}, nil
		}, "asking the model test/one: auth: no key", agentloop.StatusModelError, false},
		"calls that were not made are refused": {many, func(ctx context.Context, b *agentloop.Brief) (agentloop.Decision, error) {
			reply, err := b.Ask(ctx, "", b.Text)
			require.NoError(t, err)
			_, err = b.Call(ctx, "", reply.Calls[0])
			require.NoError(t, err)
			_, err = b.Ask(ctx, "", "")
			return agentloop.Decision{}, err
		}, "", agentloop.StatusToolError, true},
		"its own error": {nil, func(context.Context, *agentloop.Brief) (agentloop.Decision, error) {
			return agentloop.Decision{}, errors.New("no quorum")
		}, "deciding: no quorum", "", false},
		"a role that is not there": {nil, func(ctx context.Context, b *agentloop.Brief) (agentloop.Decision, error) {
			_, err := b.Ask(ctx, "judge", b.Text)
			return agentloop.Decision{}, err
		}, `agent main has no role "judge"`, "", false},
		"a role without a model": {nil, func(ctx context.Context, b *agentloop.Brief) (agentloop.Decision, error) {
			_, err := b.Ask(ctx, "", b.Text)
			return agentloop.Decision{}, err
		}, `role "" has no model`, "", false},
	} {
		cache := &memory{m: map[string]string{}}
		var late *agentloop.Brief
		_, k, err := (&desk{days: 1}).run(t, c.model, cache, func(cfg *agentloop.Config) {
			cfg.Agents[0].Decider, cfg.Agents[0].DeciderName = deciderFunc(func(ctx context.Context, b *agentloop.Brief) (agentloop.Decision, error) {
				late = b
				return c.decide(ctx, b)
			}), "test"
		})
		if c.err != "" {
			require.ErrorContains(t, err, c.err, name)
		} else {
			require.NoError(t, err, name)
		}
		if c.status == "" {
			require.Empty(t, k.turns, name)
		} else {
			require.Equal(t, c.status, k.turns[0].Status, name)
			for _, m := range k.turns[0].Messages {
				if m.Reply != nil {
					require.Len(t, m.Results, len(m.Reply.Calls), name)
				}
			}
		}
		turns := 0
		for key := range cache.m {
			if strings.HasPrefix(key, "turn") {
				turns++
			}
		}
		require.Equal(t, c.kept, turns == 1, name)
		_, err = late.Ask(context.Background(), "", "more")
		require.ErrorContains(t, err, "the turn is over", name)
	}
}

func TestTeamIsChecked(t *testing.T) {
	m := &teamModels{}
	for want, edit := range map[string]func(*agentloop.Agent){
		"has roles and no Decider":                  func(a *agentloop.Agent) { a.Decider = nil; a.Model = m.trader(t) },
		"has a Decider without a name":              func(a *agentloop.Agent) { a.DeciderName = "" },
		"two roles of agent main are named":         func(a *agentloop.Agent) { a.Roles[1].Name = "bull" },
		"cannot be named":                           func(a *agentloop.Agent) { a.Roles[1].Name = "" },
		`may use "nope"`:                            func(a *agentloop.Agent) { a.Roles[1].Tools = []string{"nope"} },
		"and its agent main may not":                func(a *agentloop.Agent) { a.Tools = []string{"look"} },
		"the price of test/bear is not known":       func(a *agentloop.Agent) { a.Budget.USD, a.Roles[1].Price = pitwall.One, nil },
		"no limit of output tokens":                 func(a *agentloop.Agent) { a.Budget.USD, a.MaxOutput = pitwall.One, 0 },
		fmt.Sprintf("agent %s never has a", "main"): func(a *agentloop.Agent) { a.Every = agentloop.Every{} },
	} {
		_, _, err := (&desk{days: 1}).run(t, nil, nil, func(c *agentloop.Config) { m.asTeam(t, &team{})(c); edit(&c.Agents[0]) })
		require.ErrorContains(t, err, want)
	}
}
