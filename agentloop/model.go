package agentloop

import (
	"context"
	"encoding/json"
)

// Model answers one request of a turn: with calls, or with a final text.
// Replies must depend on the request alone, so that a recorded one can stand in.
type Model interface {
	Reply(ctx context.Context, r Request) (Reply, error)
}

// Request is everything that a model sees.
type Request struct {
	System   string         `json:"system"`
	Messages []Message      `json:"messages"`
	Tools    []Tool         `json:"tools"`
	Params   map[string]any `json:"params,omitempty"` // the strategy's params
}

// Message is one entry of a turn's conversation: the user's, or a reply with
// the results of its calls.
type Message struct {
	User    string   `json:"user,omitempty"`
	Reply   *Reply   `json:"reply,omitempty"`
	Results []Result `json:"results,omitempty"` // one per call of Reply, in order
}

// Tool is a tool as the model sees it.
type Tool struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Input       json.RawMessage `json:"input"`
}

// Call is one call of a tool.
type Call struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
}

// Result is what a call returned. Text is what a model reads and what is
// recorded. Data is the structured part for programs; numbers in it may have
// lost digits past the 15th.
type Result struct {
	ID      string         `json:"id"`
	Name    string         `json:"name"`
	Text    string         `json:"text"`
	IsError bool           `json:"is_error,omitempty"`
	Data    map[string]any `json:"-"`
}

// Reply is what a model answered. Without calls the turn is over.
type Reply struct {
	Text  string `json:"text,omitempty"`
	Calls []Call `json:"calls,omitempty"`
	Usage Usage  `json:"-"`
}

// Usage counts tokens; zero when a model has none.
type Usage struct {
	Input  int `json:"input,omitempty"`
	Output int `json:"output,omitempty"`
}
