package models

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"pitwall/agentloop"
)

// openAI speaks chat completions, by hand: OpenAI and all who are compatible.
type openAI struct {
	provider         provider
	base, key, model string
	params           params
	refused          *refusals
	http             *http.Client
}

func (o *openAI) version() string { return "openai-2" }

func (o *openAI) takesID(id string) bool {
	return !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r == 0x7f })
}

func (o *openAI) ask(ctx context.Context, r agentloop.Request, x *exchange) (agentloop.Reply, error) {
	header := map[string]string{}
	if o.key != "" {
		header["Authorization"] = "Bearer " + o.key
	}
	resp, err := post(ctx, o.http, o.base+"/chat/completions", header, o.request(r, x))
	if err != nil {
		return agentloop.Reply{}, err
	}
	defer resp.Body.Close()
	m := &openAIReply{builder: builder{maxCalls: r.MaxCalls, tools: r.Tools}, extras: extras{}}
	if err := readAnswer(resp.Body, m.whole, m.event); err != nil {
		return agentloop.Reply{}, err
	}
	switch {
	case m.cut:
	case x.readErr != nil:
		return agentloop.Reply{}, x.readErr
	case m.stop == "" && !m.ended:
		return agentloop.Reply{}, badReplyf("the answer ended without a finish_reason")
	}
	return m.finish(x)
}

// request makes the body. What the strategy does not ask for is optional: a server
// that does not know it is asked again without.
func (o *openAI) request(r agentloop.Request, x *exchange) map[string]any {
	req := map[string]any{"model": o.model, "messages": o.messages(r, x), "stream": o.params.stream() && !o.refused.has("stream")}
	for name, v := range o.params {
		switch name {
		case "max_tokens", "stream":
		case "parallel_tool_calls":
			if len(r.Tools) > 0 {
				req[name] = v
			}
		default:
			req[name] = v
		}
	}
	if n := o.params.maxOutput(r.MaxOutput); n > 0 {
		name, other := cmp.Or(o.provider.maxTokens, "max_tokens"), "max_tokens"
		if name == other {
			other = "max_completion_tokens"
		}
		if o.refused.has(name) {
			name = other
		} else {
			x.optional = append(x.optional, name)
		}
		req[name] = n
	}
	if req["stream"] == true {
		x.optional = append(x.optional, "stream")
		if !o.refused.has("stream_options") {
			x.optional = append(x.optional, "stream_options")
			req["stream_options"] = map[string]any{"include_usage": true}
		}
	}
	var tools []any
	for _, t := range r.Tools {
		tools = append(tools, map[string]any{"type": "function", "function": map[string]any{"name": t.Name, "description": t.Description, "parameters": schema(t, o.refused, x)}})
	}
	if len(tools) > 0 {
		req["tools"] = tools
	}
	return req
}

func (o *openAI) messages(r agentloop.Request, x *exchange) (list []map[string]any) {
	say := func(role, text string) map[string]any {
		m := map[string]any{"role": role}
		if text != "" {
			m["content"] = text
		}
		list = append(list, m)
		return m
	}
	first := ""
	switch {
	case r.System != "" && o.refused.has("system"): // some models' templates and o1 have no such role
		first = r.System + "\n\n"
	case r.System != "":
		x.optional = append(x.optional, "system")
		say("system", r.System)
	}
	for _, m := range r.Messages {
		if m.User != "" {
			say("user", first+m.User)
			first = ""
		}
		if m.Reply == nil || (m.Reply.Text == "" && len(m.Reply.Calls) == 0) {
			continue // an assistant that says nothing is refused
		}
		var own openAIExtras
		if raw := opaqueOf(m.Reply, "openai"); raw != nil && json.Unmarshal(raw, &own) != nil {
			own = openAIExtras{}
		}
		a := say("assistant", m.Reply.Text)
		o.addTo(a, own.Message, x)
		var calls []any
		for i, c := range m.Reply.Calls {
			function := map[string]any{"name": safeName(c.Name), "arguments": string(object(c.Arguments))}
			call := map[string]any{"id": c.ID, "type": "function", "function": function}
			if i < len(own.Calls) {
				o.addTo(call, own.Calls[i].Call, x)
				o.addTo(function, own.Calls[i].Function, x)
			}
			calls = append(calls, call)
		}
		if len(calls) > 0 {
			a["tool_calls"] = calls
		}
		for _, res := range results(m) {
			say("tool", res.Text)["tool_call_id"] = res.ID
		}
	}
	return list
}

// addTo returns to the server what it sent, unless it turned out to refuse it.
func (o *openAI) addTo(m map[string]any, fields extras, x *exchange) {
	for name, v := range fields {
		if !o.refused.has(name) {
			m[name] = v
			x.optional = append(x.optional, name)
		}
	}
}
