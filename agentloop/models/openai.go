package models

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	openai "github.com/sashabaranov/go-openai"

	"pitwall/agentloop"
)

// openAI speaks chat completions: OpenAI and all who are compatible. The library
// makes requests and splits the stream; answers are read by our own types, as the
// library's drop "reasoning" (Ollama, OpenRouter, Groq, vLLM) and fail on
// arguments that are sent as an object.
type openAI struct {
	provider provider
	model    string
	params   params
	lib      *openai.Client
}

func newOpenAI(p provider, base, key, model string, given params, h *http.Client) *openAI {
	config := openai.DefaultConfig(key)
	config.BaseURL = base
	config.HTTPClient = h
	config.EmptyMessagesLimit = maxBody // keep-alive comments of a slow model are no error
	return &openAI{provider: p, model: model, params: given, lib: openai.NewClientWithConfig(config)}
}

func (o *openAI) version() string { return "openai-1" }

func (o *openAI) ask(ctx context.Context, r agentloop.Request, x *exchange) (agentloop.Reply, error) {
	req := o.request(r, x)
	b := &builder{maxCalls: r.MaxCalls, streamed: req.Stream}
	x.keep = true
	var err error
	if req.Stream {
		err = o.stream(ctx, req, b, x)
	} else {
		err = o.whole(ctx, req, b, x)
	}
	if err != nil {
		return agentloop.Reply{}, err
	}
	if !b.cut && x.readErr != nil {
		return agentloop.Reply{}, x.readErr
	}
	if !b.cut && b.stop == "" {
		return agentloop.Reply{}, badReplyf("the answer ended without a finish_reason")
	}
	return b.reply(x), nil
}

// request makes the body; what the library's type cannot say is patched in.
func (o *openAI) request(r agentloop.Request, x *exchange) openai.ChatCompletionRequest {
	p := o.params
	req := openai.ChatCompletionRequest{Model: o.model, Messages: o.messages(r), Stream: p.stream(),
		ReasoningEffort: p.word("reasoning_effort"), ServiceTier: openai.ServiceTier(p.word("service_tier")), Verbosity: p.word("verbosity")}
	x.patch = map[string]any{}
	for name, field := range map[string]*float32{"temperature": &req.Temperature, "top_p": &req.TopP, "presence_penalty": &req.PresencePenalty, "frequency_penalty": &req.FrequencyPenalty} {
		if v := p.float32(name); v != nil && *v != 0 {
			*field = *v
		} else if v != nil {
			x.patch[name] = 0 // the library leaves out a zero, which then means 1
		}
	}
	if v, ok := p.integer("seed"); ok {
		req.Seed = &v
	}
	if n := p.maxOutput(r.MaxOutput); n > 0 {
		x.patch[cmp.Or(o.provider.maxTokens, "max_tokens")] = n
	}
	if req.Stream {
		req.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
	}
	for _, t := range r.Tools {
		req.Tools = append(req.Tools, openai.Tool{Type: openai.ToolTypeFunction,
			Function: &openai.FunctionDefinition{Name: t.Name, Description: t.Description, Parameters: schema(t)}})
	}
	if v, ok := p["parallel_tool_calls"]; ok && len(r.Tools) > 0 {
		req.ParallelToolCalls = v
	}
	return req
}

func (o *openAI) messages(r agentloop.Request) []openai.ChatCompletionMessage {
	var list []openai.ChatCompletionMessage
	if r.System != "" {
		list = append(list, openai.ChatCompletionMessage{Role: "system", Content: r.System})
	}
	for _, m := range r.Messages {
		if m.User != "" {
			list = append(list, openai.ChatCompletionMessage{Role: "user", Content: m.User})
		}
		if m.Reply == nil || (m.Reply.Text == "" && len(m.Reply.Calls) == 0) {
			continue // an assistant that says nothing is refused
		}
		a := openai.ChatCompletionMessage{Role: "assistant", Content: m.Reply.Text}
		if o.provider.echoReasoning {
			a.ReasoningContent = m.Reply.Reasoning
		}
		for _, c := range m.Reply.Calls {
			a.ToolCalls = append(a.ToolCalls, openai.ToolCall{ID: c.ID, Type: openai.ToolTypeFunction,
				Function: openai.FunctionCall{Name: c.Name, Arguments: string(object(c.Arguments))}})
		}
		list = append(list, a)
		for i, res := range m.Results {
			id := res.ID
			if i < len(m.Reply.Calls) {
				id = m.Reply.Calls[i].ID
			}
			list = append(list, openai.ChatCompletionMessage{Role: "tool", ToolCallID: id, Content: nonEmpty(res.Text)})
		}
	}
	return list
}

// whole reads an answer that is one JSON object.
func (o *openAI) whole(ctx context.Context, req openai.ChatCompletionRequest, b *builder, x *exchange) error {
	_, err := o.lib.CreateChatCompletion(ctx, req)
	if !x.answered {
		return err
	}
	return b.openAI(x.body.Bytes())
}

func (o *openAI) stream(ctx context.Context, req openai.ChatCompletionRequest, b *builder, x *exchange) error {
	s, err := o.lib.CreateChatCompletionStream(ctx, req)
	if err != nil {
		return err
	}
	defer s.Close()
	for n := 0; !b.cut; n++ {
		line, err := s.RecvRaw()
		var inside *openai.APIError
		switch {
		case errors.As(err, &inside):
			return streamError(inside.Code, inside.Message, inside.Type)
		case errors.Is(err, io.EOF) && n == 0 && x.body.Len() > 0:
			return b.openAI(x.body.Bytes()) // a server that does not stream
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := b.openAI(line); err != nil {
			return err
		}
	}
	return nil
}

// streamError is an error that came inside of an answer, with the status that it
// would have had: OpenRouter sends it as code.
func streamError(code any, message, kind string) error {
	status := http.StatusInternalServerError
	if n, ok := code.(float64); ok && n >= 400 && n < 600 {
		status = int(n)
	}
	if n, ok := code.(int); ok && n >= 400 && n < 600 {
		status = n
	}
	if word, _ := code.(string); word == "rate_limit_exceeded" || word == "insufficient_quota" || kind == "insufficient_quota" {
		status = http.StatusTooManyRequests
	}
	body, err := json.Marshal(map[string]any{"error": map[string]any{"message": message, "code": code, "type": kind}})
	if err != nil {
		body = []byte(message)
	}
	return &httpError{status: status, body: body}
}
