package agentloop

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"pitwall"
)

// Model answers one request of a turn: with calls, or with a final text.
// Replies must depend on the request alone, so that a recorded one can stand in.
// A failure is a *[ModelError].
type Model interface {
	Reply(ctx context.Context, r Request) (Reply, error)
}

// Request is everything that a model sees.
type Request struct {
	System   string         `json:"system"`
	Messages []Message      `json:"messages"`
	Tools    []Tool         `json:"tools"`
	Params   map[string]any `json:"params,omitempty"` // the strategy's params

	// MaxOutput is how many tokens the reply may have; 0 = the provider's default.
	MaxOutput int `json:"max_output,omitempty"`
	// MaxCalls is after how many calls a streamed reply may be cut; 0 = never. It
	// is no part of what a model sees.
	MaxCalls int `json:"-"`
}

// Message is one entry of a turn's conversation: the user's, or a reply with
// the results of its calls.
type Message struct {
	User    string   `json:"user,omitempty"`
	Reply   *Reply   `json:"reply,omitempty"`
	Results []Result `json:"results,omitempty"` // one per call of Reply, in order
	Role    string   `json:"role,omitempty"`    // in the record of a turn with several
}

// Tool is a tool as the model sees it.
type Tool struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Input       json.RawMessage `json:"input"` // its JSON schema
}

// Call is one call of a tool.
type Call struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"` // of a Model as it sent them: may not be valid JSON
	Sent      *Sent           `json:"sent,omitempty"`
}

// Sent is what a model sent where it had to be changed; empty fields are as in the call.
type Sent struct {
	ID        string `json:"id,omitempty"`
	Name      string `json:"name,omitempty"`
	Arguments string `json:"arguments,omitempty"`
}

// Result is what a call returned: the text is what a model reads and what is
// recorded.
type Result struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Text    string `json:"text"`
	IsError bool   `json:"is_error,omitempty"`

	// Data is the structured part, for a [Decider]: the same facts as Text. No record holds
	// it, and no model reads it.
	Data json.RawMessage `json:"-"`
}

// Reply is what a model answered. Without calls the turn is over.
type Reply struct {
	Text      string `json:"text,omitempty"`
	Reasoning string `json:"reasoning,omitempty"` // as far as the provider shows it
	Calls     []Call `json:"calls,omitempty"`
	Stop      Stop   `json:"stop,omitempty"`
	// StopReason is the provider's own word where Stop is StopRefused.
	StopReason string `json:"stop_reason,omitempty"`
	Model      string `json:"model,omitempty"` // the provider's own id of the model that answered
	// Opaque is the provider's own form of this reply, where signatures of its
	// reasoning must be sent back as they came. Only its provider reads it.
	Opaque json.RawMessage `json:"opaque,omitempty"`

	// What may differ between two runs is no part of the record of a turn.
	Usage Usage `json:"-"`
	Tries []Try `json:"-"` // failed attempts before this answer
	// Notes say what the server was found to need, once each: such as a field that it
	// refuses and that is left out from now on.
	Notes []string `json:"-"`
}

// ByModel reports whether a model gave the reply; one without text, end and model is a call
// of the [Decider] itself.
func (r *Reply) ByModel() bool { return r.Text != "" || r.Stop != "" || r.Model != "" }

// Stop is why a reply ended.
type Stop string

// The reasons. Empty is a model that does not say.
const (
	StopEnd     Stop = "end"     // it had said everything
	StopCalls   Stop = "calls"   // it waits for results
	StopLength  Stop = "length"  // its output limit cut it: arguments may be torn
	StopRefused Stop = "refused" // the provider's filter or the model declined
	StopCut     Stop = "cut"     // we stopped reading after Request.MaxCalls calls
	StopPaused  Stop = "paused"  // the provider wants to be asked again with what it said so far
)

// Usage counts tokens; zero when a model has none.
type Usage struct {
	Input      int `json:"input,omitempty"`       // all of the request, cached ones included
	Output     int `json:"output,omitempty"`      // all of the reply, reasoning included
	CacheRead  int `json:"cache_read,omitempty"`  // of Input: read from the provider's prompt cache
	CacheWrite int `json:"cache_write,omitempty"` // of Input: written to it
	Reasoning  int `json:"reasoning,omitempty"`   // of Output
	// Estimated says that the provider reported none, as for a reply that we cut.
	Estimated bool `json:"estimated,omitempty"`
	// USD is what the provider says that it cost; it counts where no price is known.
	USD pitwall.Dec `json:"usd,omitzero"`
}

// Add sums two usages.
func (u Usage) Add(v Usage) Usage {
	return Usage{u.Input + v.Input, u.Output + v.Output, u.CacheRead + v.CacheRead, u.CacheWrite + v.CacheWrite, u.Reasoning + v.Reasoning, u.Estimated || v.Estimated, u.USD + v.USD}
}

// Try is one failed attempt at asking a provider.
type Try struct {
	Status int           `json:"status,omitempty"` // of HTTP; 0 = no answer
	Error  string        `json:"error"`
	Wait   time.Duration `json:"wait_ns"` // before the next attempt
	// Usage is an estimate of what it cost all the same: an answer that was begun and
	// came torn is billed, and no provider says how much.
	Usage Usage `json:"usage,omitzero"`
}

// ErrorKind classifies a provider's failure.
type ErrorKind string

// The kinds. The first three end a run: every further turn would fail the same way.
const (
	ErrorAuth        ErrorKind = "auth"        // 401, 403: the key is missing, wrong or not allowed
	ErrorBilling     ErrorKind = "billing"     // 402, or a quota that is used up
	ErrorConfig      ErrorKind = "config"      // 404: there is no such model; a parameter it does not take
	ErrorLimited     ErrorKind = "limited"     // 429 after all attempts
	ErrorUnavailable ErrorKind = "unavailable" // 5xx, no connection, a timeout, after all attempts
	ErrorBadReply    ErrorKind = "bad_reply"   // an unusable answer: truncated JSON, no choice in it
	ErrorRequest     ErrorKind = "request"     // any other 4xx: this request is refused, for example as too long
)

// ModelError is a provider's failure. Its message never holds a key.
type ModelError struct {
	Kind    ErrorKind
	Status  int // of HTTP; 0 = no answer
	Message string
	Hint    string // what would work
	Tries   []Try  // the attempts before the last one
	Usage   Usage  // of the last one, as of a Try
}

func (e *ModelError) Error() string {
	s := string(e.Kind)
	if e.Status != 0 {
		s += fmt.Sprintf(" (%d)", e.Status)
	}
	s += ": " + e.Message
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// Stops reports whether every further turn would fail the same way.
func (e *ModelError) Stops() bool {
	return e.Kind == ErrorAuth || e.Kind == ErrorBilling || e.Kind == ErrorConfig
}
