package models

import (
	"cmp"
	"encoding/json"
	"regexp"
	"strings"

	"pitwall/agentloop"
)

// unusable returns why a reply is no answer, nil for one that is: no decision may be
// read from, and nothing recorded of, a reply that never was one.
func unusable(reply agentloop.Reply, r agentloop.Request) error {
	for _, c := range reply.Calls {
		if c.Name == "" {
			return badReplyf("the answer holds a call without the name of a tool")
		}
	}
	blank := strings.TrimSpace(reply.Text) == ""
	switch {
	case len(reply.Calls) > 0, reply.Stop == agentloop.StopRefused, reply.Stop == agentloop.StopPaused && len(reply.Opaque) > 0:
		return nil
	case reply.Stop == agentloop.StopCalls:
		return badReplyf("the answer announces a call of a tool and holds none")
	case blank && reply.Stop == agentloop.StopLength:
		return &badReply{why: "the answer was cut at its limit of tokens before it said anything", hint: "raise max_tokens"}
	case blank && reply.Reasoning != "":
		return badReplyf("the answer holds reasoning only: neither text nor a call of a tool")
	case blank:
		return badReplyf("the answer is empty: it holds neither text nor a call of a tool")
	}
	if tool := callAsText(reply.Text, r.Tools); tool != "" {
		return &badReply{why: "the answer writes a call of " + tool + " as text", hint: "was a tool parser configured on the server, and can the model call tools? (vLLM: --enable-auto-tool-choice --tool-call-parser)"}
	}
	return nil
}

var (
	// callMarks are what models write around calls that their server should have read.
	callMarks = regexp.MustCompile(`<tool_call>|\[TOOL_CALLS\]|\[ARGS\]|<function=|<\|tool_calls?|<｜tool▁calls?▁begin｜>|<｜DSML｜|<\|channel\|>commentary to=|<\|python_tag\|>|` +
		`<(\w+:)?(invoke|function_calls|tool_call)\b|^functools\[`)
	lastFence = regexp.MustCompile("(?s)```[a-z_]*\\s*([^`]*?)\\s*```\\s*$")
	// pythonCall is a text that is a call and nothing else; action is a call of ReAct.
	pythonCall = regexp.MustCompile(`(?s)^\[?(?:print\()?(?:default_api\.|functions\.|tools\.)?(\w+)\(.*\)\]?$`)
	action     = regexp.MustCompile(`(?m)^Action: *(\w+)\s+Action Input:`)
)

const maxCallText = 8 << 10 // the end of a text in which the JSON of a call is looked for

// callAsText returns the tool whose call is written in a text, empty for none: marks of
// a model's own format, or a text that is, or ends in, a call of a known tool.
func callAsText(text string, tools []agentloop.Tool) string {
	known := func(name string) string {
		for _, t := range tools {
			if t.Name == name {
				return name
			}
		}
		return ""
	}
	if callMarks.MatchString(text) {
		for _, t := range tools {
			if strings.Contains(text, t.Name) {
				return t.Name
			}
		}
		return "a tool"
	}
	if m := action.FindStringSubmatch(text); m != nil {
		return known(m[1])
	}
	text = strings.TrimSpace(text)
	if fence := lastFence.FindStringSubmatch(text); fence != nil {
		text = fence[1]
	}
	if m := pythonCall.FindStringSubmatch(text); m != nil {
		return known(m[1])
	}
	text = text[max(0, len(text)-maxCallText):]
	for i, c := range text {
		if c != '{' && c != '[' {
			continue
		}
		if !json.Valid([]byte(text[i:])) {
			continue
		}
		return known(jsonCall([]byte(text[i:])))
	}
	return ""
}

// jsonCall returns the name of the tool that a JSON value, or the first of a list,
// calls; empty for what is no call.
func jsonCall(value json.RawMessage) string {
	var list []json.RawMessage
	if json.Unmarshal(value, &list) == nil && len(list) > 0 {
		value = list[0]
	}
	var c struct {
		Name       string          `json:"name"`
		Tool       string          `json:"tool_name"`
		Arguments  json.RawMessage `json:"arguments"`
		Parameters json.RawMessage `json:"parameters"`
	}
	if json.Unmarshal(value, &c) != nil || len(c.Arguments)+len(c.Parameters) == 0 {
		return ""
	}
	return cmp.Or(c.Name, c.Tool)
}
