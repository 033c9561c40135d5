package models

import (
	"bytes"
	"encoding/json"
	"strings"

	"pitwall"
	"pitwall/agentloop"
)

// printed is what a program printed, read.
type printed struct {
	text     string
	model    string
	usage    agentloop.Usage
	reported bool
}

// printedEvent is an answer as JSON, or a line of one: the text stands under one of
// several names.
type printedEvent struct {
	Type                                             string
	Result, Response, Text, Content, Message, Output json.RawMessage
	IsError                                          bool            `json:"is_error"`
	Error                                            json.RawMessage `json:"error"`
	Model                                            string          `json:"model"`
	Cost                                             json.Number     `json:"total_cost_usd"`
	Item                                             struct {
		Type string          `json:"type"`
		Text json.RawMessage `json:"text"`
	} `json:"item"` // of codex exec --json
	Usage *struct {
		Input      count `json:"input_tokens"`
		Cached     count `json:"cached_input_tokens"`
		CacheWrite count `json:"cache_creation_input_tokens"`
		CacheRead  count `json:"cache_read_input_tokens"`
		Output     count `json:"output_tokens"`
	} `json:"usage"`
}

// readPrinted reads text, a JSON object that holds it, or lines of such objects.
func readPrinted(out []byte) (p printed, err error) {
	out = bytes.TrimSpace(out)
	if len(out) == 0 {
		return p, badReplyf("the answer is empty: the program printed nothing")
	}
	if out[0] != '{' {
		p.text = string(out)
		return p, nil
	}
	var lines []printedEvent
	d := json.NewDecoder(bytes.NewReader(out))
	for d.More() {
		var e printedEvent
		if d.Decode(&e) != nil {
			lines = nil
			break
		}
		lines = append(lines, e)
	}
	known, complaint := false, ""
	for _, e := range lines {
		if e.Type == "error" { // codex goes on after one, or not
			complaint = textOf(e.Message)
			continue
		}
		known = p.add(e) || known
		if e.IsError || len(e.Error) > 0 && string(e.Error) != "null" {
			why, _ := errorText(out)
			if p.text != "" {
				why = p.text
			}
			return p, &commandFailed{clip(why, maxErrorText)}
		}
	}
	if complaint != "" && p.text == "" {
		return p, &commandFailed{clip(complaint, maxErrorText)}
	}
	if !known { // the calls themselves, or JSON that says nothing to us
		p.text = string(out)
	}
	return p, nil
}

// add takes an object, and reports whether it holds something of an answer.
func (p *printed) add(e printedEvent) (known bool) {
	texts := []json.RawMessage{e.Result, e.Response, e.Text, e.Content, e.Message, e.Output}
	if e.Item.Type == "agent_message" || e.Item.Type == "assistant_message" {
		texts = append(texts, e.Item.Text)
	}
	for _, raw := range texts {
		if text := textOf(raw); text != "" {
			p.text, known = text, true
		}
	}
	if e.Model != "" {
		p.model = e.Model
	}
	if u := e.Usage; u != nil && (u.Input > 0 || u.Output > 0) {
		read, write := int(u.Cached+u.CacheRead), int(u.CacheWrite)
		input := int(u.Input)
		if u.Cached == 0 {
			input += read + write // Anthropic counts them apart
		}
		p.usage, p.reported, known = agentloop.Usage{Input: input, Output: int(u.Output), CacheRead: read, CacheWrite: write}, true, true
	}
	if usd, err := pitwall.ParseDec(e.Cost.String()); err == nil && usd > 0 {
		p.usage.USD = usd
	}
	return known
}

// reply finds the calls in the text, which is otherwise the end of the turn.
func (p printed) reply(r agentloop.Request, x *exchange) agentloop.Reply {
	b := &builder{maxCalls: r.MaxCalls, model: p.model, usage: p.usage, reported: p.reported, tools: r.Tools}
	calls, rest := callsIn(p.text)
	for i, c := range calls {
		one := b.add(i, "", c.Name)
		if one == nil {
			break
		}
		one.args.WriteString(argumentsOf(c.Arguments))
	}
	if b.text.WriteString(p.text); len(calls) > 0 {
		b.text.Reset()
		b.text.WriteString(rest)
	}
	out := b.reply(x)
	out.Usage.USD = p.usage.USD
	return out
}

type printedCall struct {
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
}

// callsIn reads the object with calls that a text is or ends with, in a fence or not,
// and what was said before it.
func callsIn(text string) (calls []printedCall, rest string) {
	body := strings.TrimSpace(text)
	if fence := lastFence.FindStringSubmatchIndex(body); fence != nil {
		rest, body = body[:fence[0]], body[fence[2]:fence[3]]
	} else if at := strings.Index(body, `{"calls"`); at > 0 {
		rest, body = body[:at], body[at:]
	}
	var o struct {
		Calls     []printedCall   `json:"calls"`
		ToolCalls []printedCall   `json:"tool_calls"`
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
	}
	if json.Unmarshal([]byte(body), &o) != nil {
		return nil, ""
	}
	calls = append(o.Calls, o.ToolCalls...)
	if o.Name != "" && len(o.Arguments) > 0 {
		calls = append(calls, printedCall{o.Name, o.Arguments})
	}
	return calls, strings.TrimSpace(rest)
}
