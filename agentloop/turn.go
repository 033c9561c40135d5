package agentloop

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pitwall"
)

// Turn is the record of one turn: the same bytes on every run.
type Turn struct {
	Turn        int             `json:"turn"`
	AsOf        string          `json:"as_of"`
	Agent       string          `json:"agent"`
	Model       string          `json:"model"`
	Why         string          `json:"why"` // it had a turn: first, every, fill, a move, a schedule
	StateDigest string          `json:"state_digest,omitempty"`
	Status      Status          `json:"status"`
	Result      string          `json:"result"`           // the line RESULT: of the last reply, else all of it
	Output      json.RawMessage `json:"output,omitempty"` // the structured result, if one was asked for
	Error       string          `json:"error,omitempty"`
	Warnings    []Warning       `json:"warnings"`
	System      string          `json:"system"`
	Tools       []string        `json:"tools"`
	ToolsDigest string          `json:"tools_digest"` // of names, descriptions and schemas
	Params      map[string]any  `json:"params,omitempty"`
	Messages    []Message       `json:"messages"`        // of several roles: one after the other, in their order
	Roles       []RoleRecord    `json:"roles,omitempty"` // those that a [Decider] could ask
}

// RoleRecord is one of the roles of a turn.
type RoleRecord struct {
	Name        string         `json:"name"`
	Model       string         `json:"model"`
	System      string         `json:"system"`
	Tools       []string       `json:"tools"`
	ToolsDigest string         `json:"tools_digest"`
	Params      map[string]any `json:"params,omitempty"`
}

// Status is how a turn ended.
type Status string

// The ways to end.
const (
	StatusOrdered    Status = "ordered"     // completed, with an order that was sent and accepted, a change or a cancel
	StatusNoAction   Status = "no_action"   // completed without one
	StatusToolError  Status = "tool_error"  // completed; the last round of calls failed
	StatusStepLimit  Status = "step_limit"  // stopped after its last step
	StatusTurnBudget Status = "turn_budget" // stopped: usd_per_turn
	StatusBudget     Status = "budget"      // stopped with the run
	StatusModelError Status = "model_error" // the model gave no answer: skipped
	StatusTimeout    Status = "timeout"     // the turn took too long: stopped
)

// Warning is something that a reader of the record should look at.
type Warning struct {
	Kind   string `json:"kind"`
	Detail string `json:"detail,omitempty"`
}

// TurnLine is one compact line about a turn.
type TurnLine struct {
	Turn     int       `json:"turn"`
	AsOf     string    `json:"as_of"`
	Agent    string    `json:"agent"`
	Model    string    `json:"model"`
	Why      string    `json:"why"`
	Status   Status    `json:"status"`
	Equity   *float64  `json:"equity,omitempty"` // nil: not known
	Calls    []string  `json:"calls"`
	Orders   int       `json:"orders"` // calls that order, accepted or not; not those that were not needed
	Result   string    `json:"result"`
	Warnings []Warning `json:"warnings,omitempty"`
}

// Timing is what may differ between two runs of the same thing.
type Timing struct {
	Turn         int          `json:"turn"`
	Agent        string       `json:"agent"`
	Started      string       `json:"started"`
	Seconds      float64      `json:"seconds"`
	ModelSeconds float64      `json:"model_seconds"`
	Cache        string       `json:"cache,omitempty"` // turn: all of it came from the cache; replies: some did; parent: it stands as a fork's parent has it
	Miss         string       `json:"miss,omitempty"`  // in what the first miss of a run differed from the nearest entry
	Asked        int          `json:"asked"`           // replies that were asked for
	Cached       int          `json:"cached"`          // replies from the cache
	Usage        Usage        `json:"usage"`           // of those that were asked for
	USD          *pitwall.Dec `json:"usd"`             // their cost; null when the price is not known
	RecordedUSD  *pitwall.Dec `json:"recorded_usd"`    // what those from the cache cost once
	Recorded     Usage        `json:"recorded_usage"`  // and their usage
	Tries        []Try        `json:"tries,omitempty"` // failed attempts at the provider
	Warnings     []Warning    `json:"warnings,omitempty"`
	Roles        []RoleUse    `json:"roles,omitempty"`   // what each of several used, from the cache or not
	Queries      []Query      `json:"queries,omitempty"` // the SQL of the turn; one that is replayed makes none
}

// CacheParent is the Cache of a turn that stands as a fork's parent has it.
const CacheParent = "parent"

// RoleUse is what the replies of one role used in a turn.
type RoleUse struct {
	Role  string       `json:"role"`
	Asked int          `json:"asked,omitempty"` // replies that were asked for
	Usage Usage        `json:"usage"`
	USD   *pitwall.Dec `json:"usd"` // null when the price is not known
}

// Query is one SQL query of a turn.
type Query struct {
	Seconds float64 `json:"seconds"` // host time
	Rows    int     `json:"rows"`    // of the answer; 0 if it failed
}

// manyCalls is how often the same call may be made in a turn without a warning: before
// and after an order.
const manyCalls = 3

// sqlTool is the tool whose calls count as queries.
const sqlTool = "duckdb_query"

// warn adds a warning, once of a kind and detail.
func (t *Turn) warn(kind, detail string) {
	if w := (Warning{kind, detail}); !slices.Contains(t.Warnings, w) {
		t.Warnings = append(t.Warnings, w)
	}
}

// ChangesOrders reports whether a tool sends, changes or cancels orders, also by its
// dotted name.
func ChangesOrders(tool string) bool {
	switch strings.ReplaceAll(tool, ".", "_") {
	case "orders_submit", "orders_modify", "orders_cancel":
		return true
	}
	return false
}

// finish draws the conclusions of a turn. Without a decision the last reply stands
// for it.
func (t *Turn) finish(schema json.RawMessage, d *Decision) {
	if t.last() != nil && len(t.calls()) == 0 && len(t.Tools) > 0 {
		t.warn("no_tool_calls", "")
	}
	t.repeated()
	t.unsupported()
	looked, ordered, failed := false, false, false
	for _, m := range t.Messages {
		failed = failed && len(m.Results) == 0
		for i, r := range m.Results {
			failed = failed || r.IsError
			switch name := strings.ReplaceAll(m.Reply.Calls[i].Name, ".", "_"); {
			case ChangesOrders(name):
				if !looked {
					t.warn("order_without_data", "no tool had answered before "+name)
				}
				ordered = ordered || !r.IsError && !r.notSent()
				if strings.HasPrefix(r.Text, "error "+string(pitwall.Unsupported)) {
					t.warn("unsupported_order", firstLine(r.Text))
				}
			case !r.IsError && !strings.HasPrefix(name, "docs_"):
				looked = true
			}
		}
	}
	switch {
	case t.Status != "":
	case failed:
		t.Status = StatusToolError
	case ordered:
		t.Status = StatusOrdered
	default:
		t.Status = StatusNoAction
	}
	text := ""
	if d != nil {
		text = d.Text
	} else if last := t.last(); last != nil {
		text = last.Text
	}
	t.Result = text
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "RESULT:"); ok {
			t.Result = strings.TrimSpace(rest)
		}
	}
	if d != nil && d.Output != nil {
		t.Output = d.Output
	} else if len(schema) > 0 && d != nil {
		var err error
		if t.Output, err = Structured(schema, text); err != nil {
			t.warn("structured_output_invalid", err.Error())
		}
	}
}

// repeated warns of calls that were made with the same arguments again and again: a
// small model may do nothing else.
func (t *Turn) repeated() {
	times, order := map[string]int{}, []string{}
	for _, m := range t.Messages {
		if m.Reply == nil {
			continue
		}
		for _, c := range m.Reply.Calls {
			key := strings.TrimPrefix(m.Role+": ", ": ") + c.Name + " " + string(c.Arguments)
			if times[key]++; times[key] == manyCalls {
				order = append(order, key)
			}
		}
	}
	for _, key := range order {
		t.warn("repeated_call", fmt.Sprintf("%s: the same call %d times", clipped(key, 120), times[key]))
	}
}

// last is the newest reply, nil without one.
func (t *Turn) last() *Reply {
	if len(t.Messages) == 0 {
		return nil
	}
	return t.Messages[len(t.Messages)-1].Reply
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
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

// Line returns the turn in one line, without its equity: no record holds that.
func (t *Turn) Line() TurnLine {
	s := TurnLine{Turn: t.Turn, AsOf: t.AsOf, Agent: t.Agent, Model: t.Model, Why: t.Why, Status: t.Status, Calls: t.calls(), Result: t.Result, Warnings: t.Warnings}
	for _, m := range t.Messages {
		if m.Reply == nil {
			continue
		}
		for i, c := range m.Reply.Calls {
			if ChangesOrders(c.Name) && (i >= len(m.Results) || !m.Results[i].notSent()) {
				s.Orders++
			}
		}
	}
	return s
}

// notSent reports whether an answer says that an order was not needed, or is there.
func (r Result) notSent() bool { return slices.Contains(strings.Split(r.Text, "\n"), pitwall.NotSent) }
