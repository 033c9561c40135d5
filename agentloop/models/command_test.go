package models

import (
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
)

// program is a client of a shell script.
func program(t *testing.T, script string, more ...string) *Client {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("skipped: no sh")
	}
	return client(t, Options{Command: append([]string{"sh", "-c", script}, more...)})
}

// What programs print, and what is read from it.
func TestCommandAnswers(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"text":         {`echo 'RESULT: hold'`, `|RESULT: hold|`},
		"calls":        {`echo '{"calls":[{"name":"orders_submit","arguments":{"i":1}},{"name":"orders_submit","arguments":"{}"}]}'`, `|| call_0_0 orders_submit{"i":1} call_0_1 orders_submit{}`},
		"in a fence":   {"printf 'I buy.\\n```json\\n{\"calls\":[{\"name\":\"orders_submit\",\"arguments\":{}}]}\\n```\\n'", `|I buy.| call_0_0 orders_submit{}`},
		"after a text": {`echo 'I buy. {"calls":[{"name":"orders_submit","arguments":{}}]}'`, `|I buy.| call_0_0 orders_submit{}`},
		"one object":   {`echo '{"type":"result","is_error":false,"result":"RESULT: hold","total_cost_usd":0.25,"usage":{"input_tokens":3,"cache_read_input_tokens":7,"output_tokens":2}}'`, `|RESULT: hold|`},
		"events":       {`echo '{"type":"item.completed","item":{"type":"reasoning","text":"hm"}}'; echo '{"type":"item.completed","item":{"type":"agent_message","text":"RESULT: hold"}}'; echo '{"type":"turn.completed","usage":{"input_tokens":10,"cached_input_tokens":7,"output_tokens":2}}'`, `|RESULT: hold|`},
		"its own JSON": {`echo '{"mood":"good"}'`, `|{"mood":"good"}|`},
	} {
		reply, err := program(t, c.script).Reply(t.Context(), hello)
		require.NoError(t, err, name)
		usage := reply.Usage
		reply.Model, reply.Usage = "", agentloop.Usage{}
		require.Contains(t, describe(reply, nil), c.want, name)
		switch name {
		case "one object":
			require.Equal(t, agentloop.Usage{Input: 10, Output: 2, CacheRead: 7, USD: pitwall.One / 4}, usage, name)
		case "events":
			require.Equal(t, agentloop.Usage{Input: 10, Output: 2, CacheRead: 7}, usage, name)
		default:
			require.True(t, usage.Estimated, name)
		}
	}
}

// The prompt comes on standard input, or in the place of {prompt}; the program runs in a
// folder of its own.
func TestCommandPrompt(t *testing.T) {
	r := hello
	r.Messages = append(r.Messages, agentloop.Message{Reply: &agentloop.Reply{Calls: []agentloop.Call{{ID: "a", Name: "orders_submit", Arguments: []byte(`{"i":1}`)}}},
		Results: []agentloop.Result{{ID: "a", Name: "orders_submit", Text: "accepted"}}})
	for _, c := range []*Client{program(t, `cat; ls -A`), program(t, `printf '%s' "$1"; cat; ls -A`, "sh", "{prompt}")} {
		reply, err := c.Reply(t.Context(), r)
		require.NoError(t, err)
		require.Contains(t, reply.Text, "You trade.\n\n# How to answer\n")
		require.Contains(t, reply.Text, `{"arguments":{"type":"object","properties":{"i":{"type":"integer"}}},"description":"Orders.","name":"orders_submit"}`)
		require.Contains(t, reply.Text, "# Message\nDecide.\n\n# Your answer\n\n{\"calls\":[{\"name\":\"orders_submit\",\"arguments\":{\"i\":1}}]}\n\n# Result of orders_submit\naccepted")
		require.NotContains(t, reply.Text, "go.mod")
	}
}

// A failure keeps the program's own words.
func TestCommandFailures(t *testing.T) {
	for name, c := range map[string]struct {
		client *Client
		kind   agentloop.ErrorKind
		says   string
		tries  int
	}{
		"not there":    {client(t, Options{Command: []string{"no-such-program-here"}}), agentloop.ErrorConfig, "no-such-program-here: executable file not found", 0},
		"ends badly":   {program(t, `echo 'usage limit reached' >&2; exit 3`), agentloop.ErrorUnavailable, "sh: exit status 3: usage limit reached", 4},
		"says so":      {program(t, `echo '{"is_error":true,"result":"please log in"}'`), agentloop.ErrorUnavailable, "please log in", 4},
		"an event":     {program(t, `echo '{"type":"error","message":"no access"}'`), agentloop.ErrorUnavailable, "no access", 4},
		"says nothing": {program(t, `true`), agentloop.ErrorBadReply, "the program printed nothing", 2},
	} {
		_, err := c.client.Reply(t.Context(), hello)
		var e *agentloop.ModelError
		require.ErrorAs(t, err, &e, name)
		require.Equal(t, c.kind, e.Kind, name)
		require.Contains(t, err.Error(), c.says, name)
		require.Len(t, e.Tries, c.tries, name)
	}
	slow := program(t, `sleep 100`)
	slow.limit, slow.attempts = 50*time.Millisecond, 1
	_, err := slow.Reply(t.Context(), hello)
	require.ErrorContains(t, err, "no answer in time")
	for _, o := range []Options{{Command: []string{""}}, {Command: []string{"x"}, BaseURL: "http://localhost"}, {Command: []string{"x"}, Params: map[string]any{"temperature": 1}}} {
		_, err := New(o)
		require.Equal(t, pitwall.StrategyError, pitwall.CodeOf(err))
	}
	a, b := client(t, Options{Command: []string{"claude", "-p"}}), client(t, Options{Command: []string{"claude", "-p", "--model", "x"}})
	require.Equal(t, "command/claude", a.Name())
	require.NotEqual(t, a.Fingerprint(), b.Fingerprint(), "the whole command tells it from others")
	require.Nil(t, a.ListPrice())
}
