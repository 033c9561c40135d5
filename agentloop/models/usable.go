package models

import (
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
	callMarks = regexp.MustCompile(`<tool_call>|\[TOOL_CALLS\]|<function=|<\|tool_calls?|<｜tool▁calls?▁begin｜>|<\|channel\|>commentary to=|<\|python_tag\|>`)
	lastFence = regexp.MustCompile("(?s)```(?:json|tool_code)?\\s*([\\[{].*?)```\\s*$")
)

// callAsText returns the tool whose call is written in a text, empty for none: marks
// of a model's own format, or a text that is, or ends in a block that is, the JSON of
// a call of a known tool.
func callAsText(text string, tools []agentloop.Tool) string {
	if mark := callMarks.FindStringIndex(text); mark != nil {
		for _, t := range tools {
			if strings.Contains(text[mark[0]:], t.Name) {
				return t.Name
			}
		}
		return "a tool"
	}
	text = strings.TrimSpace(text)
	if fence := lastFence.FindStringSubmatch(text); fence != nil {
		text = fence[1]
	}
	var list []json.RawMessage
	if json.Unmarshal([]byte(text), &list) != nil || len(list) == 0 {
		list = []json.RawMessage{json.RawMessage(text)}
	}
	var c struct {
		Name       string          `json:"name"`
		Arguments  json.RawMessage `json:"arguments"`
		Parameters json.RawMessage `json:"parameters"`
	}
	if json.Unmarshal(list[0], &c) != nil || len(c.Arguments)+len(c.Parameters) == 0 {
		return ""
	}
	for _, t := range tools {
		if t.Name == c.Name {
			return c.Name
		}
	}
	return ""
}
