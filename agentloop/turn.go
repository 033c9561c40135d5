package agentloop

import (
	"slices"
	"strings"
)

// Turn is the record of one turn: the same bytes on every run.
type Turn struct {
	Turn        int       `json:"turn"`
	AsOf        string    `json:"as_of"`
	Agent       string    `json:"agent"`
	Model       string    `json:"model"`
	StateDigest string    `json:"state_digest,omitempty"`
	System      string    `json:"system"`
	Tools       []string  `json:"tools"`
	Messages    []Message `json:"messages"`
	Result      string    `json:"result"`
	Warnings    []string  `json:"warnings"`
}

// summary is one compact line about a turn.
type summary struct {
	Turn     int      `json:"turn"`
	AsOf     string   `json:"as_of"`
	Agent    string   `json:"agent"`
	Model    string   `json:"model"`
	Equity   float64  `json:"equity"`
	Calls    []string `json:"calls"`
	Orders   int      `json:"orders"` // calls that order, accepted or not
	Result   string   `json:"result"`
	Warnings []string `json:"warnings,omitempty"`
}

// timing is what may differ between two runs of the same thing.
type timing struct {
	Turn         int     `json:"turn"`
	Started      string  `json:"started"`
	Seconds      float64 `json:"seconds"`
	ModelSeconds float64 `json:"model_seconds"`
	Usage        Usage   `json:"usage"`
}

// warn adds a warning once.
func (t *Turn) warn(w string) {
	if !slices.Contains(t.Warnings, w) {
		t.Warnings = append(t.Warnings, w)
	}
}

// finish draws the conclusions of a turn.
func (t *Turn) finish(finished bool) {
	calls := t.calls()
	if len(calls) == 0 {
		t.warn("no_tool_calls")
	}
	if !finished {
		t.warn("step_limit")
	}
	last := t.Messages[len(t.Messages)-1].Reply
	if last == nil {
		return
	}
	t.Result = last.Text
	for line := range strings.Lines(last.Text) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "RESULT:"); ok {
			t.Result = strings.TrimSpace(rest)
		}
	}
}

func (t *Turn) calls() []string {
	names := []string{}
	for _, m := range t.Messages {
		if m.Reply != nil {
			for _, c := range m.Reply.Calls {
				names = append(names, c.Name)
			}
		}
	}
	return names
}

func (t *Turn) summary(equity float64) summary {
	s := summary{Turn: t.Turn, AsOf: t.AsOf, Agent: t.Agent, Model: t.Model, Equity: equity, Calls: t.calls(), Result: t.Result, Warnings: t.Warnings}
	for _, c := range s.Calls {
		if c == "orders_submit" || c == "orders_modify" || c == "orders_cancel" {
			s.Orders++
		}
	}
	return s
}
