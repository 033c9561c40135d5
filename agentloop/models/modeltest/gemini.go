package modeltest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"pitwall/agentloop"
)

// gemini is the dialect of models/...:generateContent. Its calls have no ids.
type gemini struct{ stream bool }

func (gemini) ids() bool { return false }

type geminiPart struct {
	Text         string `json:"text"`
	Thought      bool   `json:"thought"`
	Signature    string `json:"thoughtSignature"`
	FunctionCall *struct {
		ID   string          `json:"id"`
		Name string          `json:"name"`
		Args json.RawMessage `json:"args"`
	} `json:"functionCall"`
	FunctionResponse *struct {
		ID       string            `json:"id"`
		Name     string            `json:"name"`
		Response map[string]string `json:"response"`
	} `json:"functionResponse"`
}

func (g gemini) parse(s *Server, body []byte) (conversation, bool, error) {
	var in struct {
		System struct {
			Parts []geminiPart `json:"parts"`
		} `json:"systemInstruction"`
		Contents []struct {
			Role  string       `json:"role"`
			Parts []geminiPart `json:"parts"`
		} `json:"contents"`
		Tools []struct {
			Functions []struct {
				Name        string          `json:"name"`
				Description string          `json:"description"`
				Schema      json.RawMessage `json:"parametersJsonSchema"`
			} `json:"functionDeclarations"`
		} `json:"tools"`
	}
	var c conversation
	if err := json.Unmarshal(body, &in); err != nil {
		return c, false, err
	}
	for _, p := range in.System.Parts {
		c.req.System += p.Text
	}
	for _, t := range in.Tools {
		for _, f := range t.Functions {
			c.req.Tools = append(c.req.Tools, agentloop.Tool{Name: f.Name, Description: f.Description, Input: f.Schema})
		}
	}
	for _, m := range in.Contents {
		var err error
		if m.Role == "model" {
			err = geminiModel(s, &c, m.Parts)
		} else {
			err = geminiUser(&c, m.Parts)
		}
		if err != nil {
			return c, false, err
		}
	}
	return c, g.stream, nil
}

func geminiModel(s *Server, c *conversation, parts []geminiPart) error {
	var r agentloop.Reply
	signature := ""
	for _, p := range parts {
		switch {
		case p.FunctionCall != nil:
			args := p.FunctionCall.Args
			if len(args) == 0 {
				args = json.RawMessage("{}") // left out when there are none
			}
			if len(r.Calls) == 0 {
				signature = p.Signature
				if raw, err := base64.StdEncoding.DecodeString(signature); err == nil { // else the text that skips the check
					signature = string(raw)
				}
			}
			r.Calls = append(r.Calls, agentloop.Call{ID: p.FunctionCall.ID, Name: p.FunctionCall.Name, Arguments: args})
		case p.Thought:
			r.Reasoning += p.Text
		default:
			r.Text += p.Text
		}
	}
	if err := s.checkSigned(r.Calls, signature); err != nil {
		return err
	}
	return c.assistant(r)
}

func geminiUser(c *conversation, parts []geminiPart) error {
	for _, p := range parts {
		f := p.FunctionResponse
		if f == nil {
			if err := c.user(p.Text); err != nil {
				return err
			}
			continue
		}
		text, isError := f.Response["error"]
		if !isError {
			text = f.Response["output"]
		}
		if err := c.result(f.ID, text, isError); err != nil {
			return err
		}
		if want := c.last().Results[len(c.last().Results)-1].Name; f.Name != want {
			return fmt.Errorf("a result of %s for a call of %s", f.Name, want)
		}
	}
	return nil
}

func geminiStop(s agentloop.Stop) string {
	switch s {
	case agentloop.StopLength:
		return "MAX_TOKENS"
	case agentloop.StopRefused:
		return "SAFETY"
	}
	return "STOP"
}

func geminiAnswer(r agentloop.Reply, parts []object, finish string) object {
	c := object{"index": 0, "content": object{"role": "model", "parts": parts}}
	if finish != "" {
		c["finishReason"] = finish
	}
	return object{"candidates": []object{c}, "modelVersion": r.Model, "responseId": "fake",
		"usageMetadata": object{"promptTokenCount": r.Usage.Input, "candidatesTokenCount": r.Usage.Output - r.Usage.Reasoning, "thoughtsTokenCount": r.Usage.Reasoning,
			"cachedContentTokenCount": r.Usage.CacheRead, "totalTokenCount": r.Usage.Input + r.Usage.Output}}
}

func geminiCalls(r agentloop.Reply) (list []object) {
	for i, c := range r.Calls {
		p := object{"functionCall": object{"name": c.Name, "args": c.Arguments}}
		if i == 0 && r.Reasoning != "" {
			p["thoughtSignature"] = base64.StdEncoding.EncodeToString([]byte(sign(r.Reasoning)))
		}
		list = append(list, p)
	}
	return list
}

func (gemini) whole(r agentloop.Reply) any {
	parts := []object{}
	if r.Reasoning != "" {
		parts = append(parts, object{"text": r.Reasoning, "thought": true})
	}
	if r.Text != "" {
		parts = append(parts, object{"text": r.Text})
	}
	return geminiAnswer(r, append(parts, geminiCalls(r)...), geminiStop(r.Stop))
}

func (gemini) events(r agentloop.Reply) (list []event) {
	if r.Reasoning != "" {
		for _, p := range pieces(r.Reasoning) {
			list = append(list, event{data: geminiAnswer(r, []object{{"text": p, "thought": true}}, "")})
		}
	}
	for _, p := range pieces(r.Text) {
		list = append(list, event{data: geminiAnswer(r, []object{{"text": p}}, "")})
	}
	for _, p := range geminiCalls(r) {
		list = append(list, event{data: geminiAnswer(r, []object{p}, "")})
	}
	return append(list, event{data: geminiAnswer(r, []object{{"text": ""}}, geminiStop(r.Stop))})
}

func (gemini) failure(status int, code, message string) any {
	return object{"error": object{"code": status, "message": message, "status": strings.ToUpper(strings.ReplaceAll(http.StatusText(status), " ", "_")),
		"details": []object{{"reason": code}}}}
}
