package models

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
	"pitwall/agentloop/models/modeltest"
)

// trader is a scripted model with all that a conversation can hold: reasoning,
// parallel calls, texts beside calls, odd characters, a failed result, usage.
func trader(seen *[]agentloop.Request) model {
	return func(r agentloop.Request) (agentloop.Reply, error) {
		*seen = append(*seen, r)
		usage := agentloop.Usage{Input: 1000, Output: 50, CacheRead: 600, Reasoning: 20}
		switch len(r.Messages) {
		case 1:
			return agentloop.Reply{Reasoning: "First, look at <prices> & think – naïvely.", Usage: usage, Calls: []agentloop.Call{
				call("market_last_price", `{"symbols":["AAPL","Ä\"Ö\\"],"n":1.5}`), call("market_last_price", `{}`)}}, nil
		case 2:
			return agentloop.Reply{Text: "Now an order of <10> shares.", Usage: usage, Calls: []agentloop.Call{call("orders_submit", `{"qty":"10","symbol":"AAPL"}`)}}, nil
		case 3:
			return agentloop.Reply{Text: "Once more.", Reasoning: "It failed.", Usage: usage, Calls: []agentloop.Call{call("orders_submit", `{"qty":"5","symbol":"AAPL"}`)}}, nil
		}
		return agentloop.Reply{Text: "RESULT: bought 5 → done", Usage: usage}, nil
	}
}

func call(name, args string) agentloop.Call {
	return agentloop.Call{Name: name, Arguments: json.RawMessage(args)}
}

// talk runs a conversation to its end, as a loop does, through JSON at every step:
// a reply that was recorded must do the same as one that was just given.
func talk(t *testing.T, c *Client) []agentloop.Message {
	t.Helper()
	r := hello
	r.Tools = append(r.Tools, agentloop.Tool{Name: "market_last_price", Description: "Prices.", Input: json.RawMessage(`{"type":"object"}`)})
	for step := range 10 {
		reply, err := c.Reply(t.Context(), r)
		require.NoError(t, err)
		require.Empty(t, reply.Tries)
		recorded, err := json.Marshal(reply)
		require.NoError(t, err)
		var back agentloop.Reply
		require.NoError(t, json.Unmarshal(recorded, &back))
		usage := reply.Usage
		reply.Usage, reply.Tries = agentloop.Usage{}, nil
		require.Equal(t, reply, back, "a reply must survive its record")
		want := agentloop.Usage{Input: 1000, Output: 50, CacheRead: 600, Reasoning: 20}
		if strings.HasPrefix(c.Name(), "anthropic") {
			want.Reasoning = 0 // it does not say
		}
		require.Equal(t, want, usage)
		m := agentloop.Message{Reply: &back}
		for i, call := range back.Calls {
			res := agentloop.Result{ID: call.ID, Name: call.Name, Text: fmt.Sprintf("price=%d.%d", step, i)}
			if step == 1 {
				res.IsError, res.Text = true, "error BUYING_POWER: too much"
			}
			m.Results = append(m.Results, res)
		}
		r.Messages = append(r.Messages, m)
		if len(back.Calls) == 0 {
			return r.Messages
		}
	}
	t.Fatal("the conversation did not end")
	return nil
}

// What the model behind the server sees is what we said, and what we read is what
// it said, in each dialect, streamed and not: the same replies (C18).
func TestTalk(t *testing.T) {
	for _, d := range dialects {
		var byStream [2][]agentloop.Message
		for i, stream := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s stream=%v", d.name, stream), func(t *testing.T) {
				var seen []agentloop.Request
				s := serve(t, trader(&seen), nil)
				c := client(t, Options{Name: d.name, BaseURL: s.URL + d.path, Params: map[string]any{"stream": stream}})
				messages := talk(t, c)
				byStream[i] = messages
				require.EqualValues(t, 4, s.Calls())
				require.Equal(t, "RESULT: bought 5 → done", messages[4].Reply.Text)
				require.Equal(t, agentloop.StopEnd, messages[4].Reply.Stop)
				first := messages[1].Reply
				require.Equal(t, "First, look at <prices> & think – naïvely.", first.Reasoning)
				require.Equal(t, agentloop.StopCalls, first.Stop)
				require.Equal(t, "fake-1", first.Model)
				require.JSONEq(t, `{"symbols":["AAPL","Ä\"Ö\\"],"n":1.5}`, string(first.Calls[0].Arguments))
				require.Equal(t, "{}", string(first.Calls[1].Arguments))
				require.NotEqual(t, first.Calls[0].ID, first.Calls[1].ID)
				if d.name == "gemini/gemini-3-m" {
					require.Equal(t, "call_0_1", first.Calls[1].ID)
				}
				require.NotNil(t, first.Opaque, "signatures")
				sawWhatWasSaid(t, seen[3], messages[:4])
			})
		}
		require.Equal(t, byStream[0], byStream[1], "%s: streamed and not", d.name)
	}
}

func sawWhatWasSaid(t *testing.T, saw agentloop.Request, said []agentloop.Message) {
	t.Helper()
	require.Equal(t, "You trade.", saw.System)
	require.Len(t, saw.Tools, 2)
	require.JSONEq(t, string(hello.Tools[0].Input), string(saw.Tools[0].Input))
	require.Equal(t, "Orders.", saw.Tools[0].Description)
	require.Len(t, saw.Messages, len(said))
	for i, m := range said {
		require.Equal(t, m.User, saw.Messages[i].User)
		for j, r := range m.Results {
			got := saw.Messages[i].Results[j]
			require.Equal(t, []any{r.Name, r.Text, r.IsError}, []any{got.Name, got.Text, got.IsError})
		}
		if m.Reply != nil {
			require.Equal(t, m.Reply.Text, saw.Messages[i].Reply.Text)
			require.Len(t, saw.Messages[i].Reply.Calls, len(m.Reply.Calls))
			for j, c := range m.Reply.Calls {
				require.JSONEq(t, string(c.Arguments), string(saw.Messages[i].Reply.Calls[j].Arguments))
			}
		}
	}
}

// A conversation that another provider began, with arguments that are no JSON and
// no object, an empty reply and an empty result, is still a valid request.
func TestForeignConversation(t *testing.T) {
	other, err := json.Marshal(opaque{"elsewhere", json.RawMessage(`[{"type":"text","text":"not mine"}]`)})
	require.NoError(t, err)
	messages := []agentloop.Message{
		{User: "Decide."},
		{Reply: &agentloop.Reply{Opaque: other, Reasoning: "hm", Calls: []agentloop.Call{
			{ID: "a", Name: "orders_submit", Arguments: json.RawMessage(`{"qty": 1`)}, {ID: "b", Name: "orders_submit", Arguments: json.RawMessage(`[1]`)},
			{ID: "c", Name: "orders_submit"}, {ID: "d", Name: "orders_submit", Arguments: json.RawMessage("\"\xff\"")}}},
			Results: []agentloop.Result{{ID: "a", Text: "error", IsError: true}, {ID: "b", Text: "x"}, {ID: "c"}, {ID: "d", Text: "y"}}},
		{Reply: &agentloop.Reply{}},
		{User: "Go on."},
	}
	for _, d := range dialects {
		var seen []agentloop.Request
		s := serve(t, trader(&seen), nil)
		r := hello
		r.Messages = messages
		_, err := client(t, Options{Name: d.name, BaseURL: s.URL + d.path}).Reply(t.Context(), r)
		require.NoError(t, err, d.name)
		calls := seen[0].Messages[1].Reply.Calls
		require.JSONEq(t, `{"_invalid":"{\"qty\": 1"}`, string(calls[0].Arguments))
		require.JSONEq(t, `{"_invalid":"[1]"}`, string(calls[1].Arguments))
		require.JSONEq(t, `{}`, string(calls[2].Arguments))
		require.JSONEq(t, "{\"_invalid\":\"\\\"\uFFFD\\\"\"}", string(calls[3].Arguments))
		require.Equal(t, "(empty)", seen[0].Messages[1].Results[2].Text)
		require.Equal(t, "Go on.", seen[0].Messages[2].User)
	}
}

// A reply whose calls were cut after it came goes back without them, and with its
// signature, which the fake asks for.
func TestOpaqueOfCutCalls(t *testing.T) {
	for _, d := range dialects {
		var seen []agentloop.Request
		s := serve(t, trader(&seen), nil)
		c := client(t, Options{Name: d.name, BaseURL: s.URL + d.path})
		reply, err := c.Reply(t.Context(), hello)
		require.NoError(t, err)
		require.Len(t, reply.Calls, 2)
		reply.Calls = reply.Calls[:1]
		r := hello
		r.Messages = append(r.Messages, agentloop.Message{Reply: &reply, Results: []agentloop.Result{{ID: reply.Calls[0].ID, Text: "x"}}})
		_, err = c.Reply(t.Context(), r)
		require.NoError(t, err, d.name)
		require.Len(t, seen[1].Messages[1].Reply.Calls, 1)
	}
}

// A signature that was changed is found out, so TestTalk would fail if we lost one.
func TestLostSignature(t *testing.T) {
	for _, d := range dialects {
		var seen []agentloop.Request
		s := serve(t, trader(&seen), nil)
		c := client(t, Options{Name: d.name, BaseURL: s.URL + d.path})
		reply, err := c.Reply(t.Context(), hello)
		require.NoError(t, err)
		reply.Opaque = nil
		r := hello
		m := agentloop.Message{Reply: &reply}
		for _, c := range reply.Calls {
			m.Results = append(m.Results, agentloop.Result{ID: c.ID, Name: c.Name, Text: "x"})
		}
		r.Messages = append(r.Messages, m)
		_, err = c.Reply(t.Context(), r)
		var e *agentloop.ModelError
		require.ErrorAs(t, err, &e)
		require.Equal(t, agentloop.ErrorRequest, e.Kind)
		require.Contains(t, e.Message, "ignature")
	}
}

// After MaxCalls calls a stream is left, and a whole answer is cut alike.
func TestCut(t *testing.T) {
	many := model(func(agentloop.Request) (agentloop.Reply, error) {
		r := agentloop.Reply{Text: "many"}
		for i := range 3000 {
			r.Calls = append(r.Calls, call("orders_submit", fmt.Sprintf(`{"i":%d}`, i)))
		}
		return r, nil
	})
	for _, d := range dialects {
		var got [2]agentloop.Reply
		for i, stream := range []bool{true, false} {
			s := serve(t, many, nil)
			r := hello
			r.MaxCalls = 3
			reply, err := client(t, Options{Name: d.name, BaseURL: s.URL + d.path, Params: map[string]any{"stream": stream}}).Reply(t.Context(), r)
			require.NoError(t, err)
			require.Len(t, reply.Calls, 3)
			require.Equal(t, agentloop.StopCut, reply.Stop)
			require.Equal(t, `{"i":2}`, string(reply.Calls[2].Arguments))
			require.Equal(t, stream, reply.Usage.Estimated)
			require.Positive(t, reply.Usage.Input)
			require.Positive(t, reply.Usage.Output)
			reply.Usage = agentloop.Usage{}
			got[i] = reply
		}
		require.Equal(t, got[0], got[1], d.name)
	}
	s := serve(t, many, nil)
	r := hello
	r.MaxCalls = 3000
	reply, err := client(t, Options{Name: "openai/m", BaseURL: s.URL + "/v1"}).Reply(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, agentloop.StopCalls, reply.Stop, "exactly as many are not cut")
	require.False(t, reply.Usage.Estimated)
}

func TestStops(t *testing.T) {
	for _, d := range dialects {
		for _, stop := range []agentloop.Stop{agentloop.StopEnd, agentloop.StopLength, agentloop.StopRefused} {
			for _, stream := range []bool{true, false} {
				s := serve(t, model(func(agentloop.Request) (agentloop.Reply, error) { return agentloop.Reply{Text: "x", Stop: stop}, nil }), nil)
				reply, err := client(t, Options{Name: d.name, BaseURL: s.URL + d.path, Params: map[string]any{"stream": stream}}).Reply(context.Background(), hello)
				require.NoError(t, err)
				require.Equal(t, stop, reply.Stop, d.name)
			}
		}
	}
}

// A Client serves several agents at once.
func TestConcurrent(t *testing.T) {
	for _, d := range dialects {
		s := serve(t, says("ok"), func(n int64) modeltest.Fault { return modeltest.Fault{Torn: n%5 == 0} })
		c := client(t, Options{Name: d.name, BaseURL: s.URL + d.path, Sleep: func(context.Context, time.Duration) error { return nil }, Params: map[string]any{"temperature": 0}})
		done := make(chan error)
		for range 8 {
			go func() {
				_, err := c.Reply(context.Background(), hello)
				done <- err
			}()
		}
		for range 8 {
			require.NoError(t, <-done)
		}
	}
}
