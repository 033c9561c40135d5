package models

import (
	"cmp"
	"encoding/json"

	"pitwall/agentloop"
)

// What follows reads recorded requests back into ours, apart from the code under
// test: the other direction.

func dict(v any) map[string]any { m, _ := v.(map[string]any); return m }

func list(v any) []any {
	if m, ok := v.(map[string]any); ok {
		return []any{m} // some clients leave out the list around one
	}
	l, _ := v.([]any)
	return l
}

func str(m map[string]any, k string) string { s, _ := m[k].(string); return s }

func raw(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func add(r *agentloop.Request, m agentloop.Message) { r.Messages = append(r.Messages, m) }

func result(r *agentloop.Request, res agentloop.Result) {
	m := &r.Messages[len(r.Messages)-1]
	m.Results = append(m.Results, res)
}

func openAIRecorded(body map[string]any) (r agentloop.Request) {
	for _, t := range list(body["tools"]) {
		f := dict(dict(t)["function"])
		r.Tools = append(r.Tools, agentloop.Tool{Name: str(f, "name"), Description: str(f, "description"), Input: raw(f["parameters"])})
	}
	for _, v := range list(body["messages"]) {
		m := dict(v)
		switch text := str(m, "content"); str(m, "role") {
		case "system":
			r.System = text
		case "user":
			add(&r, agentloop.Message{User: text})
		case "tool":
			result(&r, agentloop.Result{ID: str(m, "tool_call_id"), Text: text})
		case "assistant":
			reply := &agentloop.Reply{Text: text}
			for _, c := range list(m["tool_calls"]) {
				f := dict(dict(c)["function"])
				reply.Calls = append(reply.Calls, agentloop.Call{ID: str(dict(c), "id"), Name: str(f, "name"), Arguments: json.RawMessage(str(f, "arguments"))})
			}
			add(&r, agentloop.Message{Reply: reply})
		}
	}
	return r
}

func anthropicRecorded(body map[string]any) (r agentloop.Request) {
	r.System = str(body, "system")
	for _, t := range list(body["tools"]) {
		r.Tools = append(r.Tools, agentloop.Tool{Name: str(dict(t), "name"), Description: str(dict(t), "description"), Input: raw(dict(t)["input_schema"])})
	}
	for _, v := range list(body["messages"]) {
		reply := &agentloop.Reply{}
		assistant := str(dict(v), "role") == "assistant"
		for _, w := range list(dict(v)["content"]) {
			b := dict(w)
			switch str(b, "type") {
			case "text":
				if !assistant {
					add(&r, agentloop.Message{User: str(b, "text")})
				}
				reply.Text += str(b, "text")
			case "tool_use":
				reply.Calls = append(reply.Calls, agentloop.Call{ID: str(b, "id"), Name: str(b, "name"), Arguments: raw(b["input"])})
			case "tool_result":
				text := str(b, "content")
				for _, p := range list(b["content"]) {
					text += str(dict(p), "text")
				}
				failed, _ := b["is_error"].(bool)
				result(&r, agentloop.Result{ID: str(b, "tool_use_id"), Text: text, IsError: failed})
			}
		}
		if assistant {
			add(&r, agentloop.Message{Reply: reply})
		}
	}
	return r
}

func geminiRecorded(body map[string]any) (r agentloop.Request) {
	for _, p := range list(dict(body["systemInstruction"])["parts"]) {
		r.System += str(dict(p), "text")
	}
	for _, t := range list(body["tools"]) {
		for _, name := range []string{"functionDeclarations", "function_declarations"} {
			for _, f := range list(dict(t)[name]) {
				schema := dict(f)["parameters_json_schema"]
				if schema == nil {
					schema = dict(f)["parameters"]
				}
				r.Tools = append(r.Tools, agentloop.Tool{Name: str(dict(f), "name"), Description: str(dict(f), "description"), Input: raw(schema)})
			}
		}
	}
	for _, v := range list(body["contents"]) {
		reply := &agentloop.Reply{}
		model := str(dict(v), "role") == "model"
		for _, w := range list(dict(v)["parts"]) {
			p := dict(w)
			if f := dict(p["functionCall"]); f != nil {
				reply.Calls = append(reply.Calls, agentloop.Call{ID: str(f, "id"), Name: str(f, "name"), Arguments: raw(f["args"])})
			} else if f := dict(p["functionResponse"]); f != nil {
				result(&r, agentloop.Result{ID: str(f, "id"), Name: str(f, "name"), Text: string(raw(f["response"]))})
			} else if model {
				reply.Text += str(p, "text")
			} else {
				add(&r, agentloop.Message{User: cmp.Or(str(p, "text"), "-")}) // one was recorded without a text
			}
		}
		if model {
			add(&r, agentloop.Message{Reply: reply})
		}
	}
	return r
}
