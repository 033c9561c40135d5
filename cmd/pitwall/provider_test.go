package main

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
	"pitwall/agentloop/models/modeltest"
	"pitwall/examples"
)

// What a provider can do to a run, through every dialect, as tools/docs/strategy.md
// says. The key occurs nowhere, even when the provider sends it back.
func TestProviderTroubles(t *testing.T) {
	raw, err := examples.FS.ReadFile("buyhold/strategy.yaml")
	require.NoError(t, err)
	always := func(f modeltest.Fault) func(int64) modeltest.Fault {
		return func(int64) modeltest.Fault { f.Echo = true; return f }
	}
	on := func(n int64, f modeltest.Fault) func(int64) modeltest.Fault {
		return func(i int64) modeltest.Fault {
			if i == n {
				return f
			}
			return modeltest.Fault{}
		}
	}
	for name, c := range map[string]struct {
		fault   func(int64) modeltest.Fault
		model   agentloop.Model // instead of the script
		err     string          // the run fails with it
		status  agentloop.Status
		warning string        // of the first turn, or of the run
		wait    time.Duration // at least, before the only new attempt
	}{
		"401":              {fault: always(modeltest.Fault{Status: 401}), err: "asking the model", status: agentloop.StatusModelError},
		"402":              {fault: always(modeltest.Fault{Status: 402}), err: "billing (402)", status: agentloop.StatusModelError},
		"404":              {fault: always(modeltest.Fault{Status: 404}), err: "config (404)", status: agentloop.StatusModelError},
		"429 once":         {fault: on(1, modeltest.Fault{Status: 429, Header: map[string]string{"Retry-After": "7"}}), status: agentloop.StatusOrdered, wait: 7 * time.Second},
		"429 for an hour":  {fault: always(modeltest.Fault{Status: 429, Header: map[string]string{"Retry-After": "3600"}}), err: "failed in 5 turns in a row", status: agentloop.StatusModelError},
		"500 once":         {fault: on(1, modeltest.Fault{Status: 500}), status: agentloop.StatusOrdered},
		"500 always":       {fault: always(modeltest.Fault{Status: 500}), err: "failed in 5 turns in a row", status: agentloop.StatusModelError},
		"truncated once":   {fault: on(2, modeltest.Fault{Truncate: true}), status: agentloop.StatusOrdered},
		"truncated always": {fault: always(modeltest.Fault{Truncate: true}), err: "failed in 5 turns in a row", status: agentloop.StatusModelError},
		"torn once":        {fault: on(2, modeltest.Fault{Torn: true}), status: agentloop.StatusOrdered},
		"10,000 calls":     {fault: on(1, modeltest.Fault{Calls: 10_000}), status: agentloop.StatusToolError, warning: "too_many_calls"},
		"no such tool":     {model: oneCall{call("make_money", `{}`)}, status: agentloop.StatusToolError, warning: "tool_error"},
		"broken arguments": {model: oneCall{call("orders_submit", `{"symbol":7,"colour":"red"}`)}, status: agentloop.StatusToolError, warning: "tool_error"},
		"endless calls":    {model: endless{}, status: agentloop.StatusStepLimit, warning: "step_limit"},
	} {
		for dialect, of := range dialects {
			t.Run(name+" "+dialect, func(t *testing.T) {
				for _, key := range keyNames {
					t.Setenv(key, secretKey)
				}
				dir, cache := t.TempDir(), t.TempDir()
				t.Setenv("PITWALL_CACHE_DIR", cache)
				m := c.model
				if m == nil {
					m = oneScript(t, string(raw))
				}
				provider := modeltest.New(t, m, modeltest.Options{Fault: c.fault})
				model, base := of(provider.URL)
				text := strings.Replace(overHTTP(string(raw), model, base), "[../data]", "[data]", 1)
				text = strings.Replace(text, "every: month", "every: 5", 1)
				write(t, dir, "s.yaml", text)
				data, err := fs.Sub(examples.FS, "data")
				require.NoError(t, err)
				require.NoError(t, os.CopyFS(filepath.Join(dir, "data"), data))
				a := testApp(t)
				var waits []time.Duration
				a.sleep = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
				s, err := backtestFlags{to: "2013-06-28"}.strategy(filepath.Join(dir, "s.yaml"))
				require.NoError(t, err)
				r, err := a.runStrategy(t.Context(), s, backtestFlags{out: filepath.Join(dir, "run"), noReport: true}, nil)
				if c.err != "" {
					require.ErrorContains(t, err, c.err)
					require.NotContains(t, err.Error(), secretKey)
				} else {
					require.NoError(t, err)
					require.NotZero(t, r.Turns)
				}
				if c.wait != 0 {
					require.Len(t, waits, 1)
					require.InDelta(t, c.wait+time.Second/2, waits[0], float64(time.Second/2), "Retry-After is obeyed")
				}
				turns := readTurns(t, filepath.Join(dir, "run"))
				require.Equal(t, c.status, turns[0].Status, "%+v", turns[0].Warnings)
				if c.warning != "" {
					require.Contains(t, turns[0].Warnings[0].Kind, c.warning)
				}
				if c.status == agentloop.StatusModelError {
					require.NotEmpty(t, turns[0].Error)
				}
				for _, root := range []string{dir, cache} {
					for file, body := range tree(t, root) {
						require.NotContains(t, body, secretKey, file)
					}
				}
				stderr, err := os.ReadFile(a.stderr.Name())
				require.NoError(t, err)
				require.NotContains(t, string(stderr), secretKey)
			})
		}
	}
}

func call(name, args string) agentloop.Call {
	return agentloop.Call{ID: "c1", Name: name, Arguments: json.RawMessage(args)}
}

// oneCall makes one call at the first step and then ends.
type oneCall struct{ agentloop.Call }

func (s oneCall) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	if len(r.Messages) == 1 {
		return agentloop.Reply{Calls: []agentloop.Call{s.Call}}, nil
	}
	return agentloop.Reply{Text: "RESULT: tried"}, nil
}

// endless never ends.
type endless struct{}

func (endless) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	c := call("clock_now", `{}`)
	c.ID = "c" + strconv.Itoa(len(r.Messages))
	return agentloop.Reply{Calls: []agentloop.Call{c}}, nil
}

// A budget that pays no call stops a run as incomplete; a model that answers
// nothing fails it.
func TestNothingIsAnswered(t *testing.T) {
	raw, err := examples.FS.ReadFile("buyhold/strategy.yaml")
	require.NoError(t, err)
	provider := modeltest.New(t, endless{}, modeltest.Options{Fault: func(int64) modeltest.Fault { return modeltest.Fault{Status: 500} }})
	t.Setenv("OPENAI_API_KEY", secretKey)
	for budget, want := range map[string]string{"": "the model failed in 4 of 4 turns: unavailable (500)", "  budget: {usd: 0.00001}\n": ""} {
		dir := t.TempDir()
		data, err := fs.Sub(examples.FS, "data")
		require.NoError(t, err)
		require.NoError(t, os.CopyFS(filepath.Join(dir, "data"), data))
		text := strings.Replace(overHTTP(string(raw), "openai/fake-1", provider.URL+"/v1"), "[../data]", "[data]", 1)
		write(t, dir, "s.yaml", text+"\n"+budget+"prices: {openai/fake-1: {in: 1, out: 1}}\n")
		a := testApp(t)
		a.sleep = func(context.Context, time.Duration) error { return nil }
		s, err := backtestFlags{to: "2013-08-05"}.strategy(filepath.Join(dir, "s.yaml"))
		require.NoError(t, err)
		r, err := a.runStrategy(t.Context(), s, backtestFlags{out: filepath.Join(dir, "run"), noReport: true}, nil)
		if want != "" {
			require.ErrorContains(t, err, want)
			continue
		}
		require.NoError(t, err)
		require.False(t, r.Complete)
		require.Contains(t, strings.Join(r.Warnings, "\n"), "the run was stopped before its end: budget of main: 0 of 0.00001 USD is spent")
	}
}
