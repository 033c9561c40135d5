package agentloop

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pitwall"
)

// This file is what a Brief's Ask and Call do: one conversation per role.

// talk is the conversation of one role in a turn.
type talk struct {
	*role
	messages []Message
	warnings []Warning
	used     Usage // of all its replies
	replies  int
	asked    int  // replies that are from no record
	busy     bool // in an Ask or a Call
}

// errSteps ends a conversation.
var errSteps = errors.New("step_limit")

// open takes the conversation of a role until release.
func (t *turnRun) open(name string) (*talk, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.talks {
		switch {
		case c.Name != name:
		case t.decided:
			return nil, fmt.Errorf("role %q: the turn is over", name)
		case c.busy:
			return nil, fmt.Errorf("role %q is in two calls at the same time", name)
		default:
			c.busy = true
			return c, nil
		}
	}
	return nil, fmt.Errorf("agent %s has no role %q", t.agent.Name, name)
}

func (t *turnRun) release(c *talk) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.busy = false
}

// warn adds a warning to the record, which names the role if there are several.
func (c *talk) warn(kind, detail string) {
	if c.Name != "" {
		detail = strings.TrimSuffix(c.Name+": "+detail, ": ")
	}
	c.warnings = append(c.warnings, Warning{kind, detail})
}

// last returns the newest message if it is a reply.
func (c *talk) last() *Message {
	if n := len(c.messages); n > 0 && c.messages[n-1].Reply != nil {
		return &c.messages[n-1]
	}
	return nil
}

// refuseRest answers the calls of the last reply that were not made.
func (c *talk) refuseRest() {
	m := c.last()
	for m != nil && len(m.Results) < len(m.Reply.Calls) {
		x := m.Reply.Calls[len(m.Results)]
		m.Results = append(m.Results, Result{ID: x.ID, Name: x.Name, IsError: true, Text: "error UNSUPPORTED: this call was not made"})
	}
}

// ask is one reply of a role.
func (t *turnRun) ask(ctx context.Context, c *talk, text string) (Reply, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.refuseRest()
	if text != "" {
		c.messages = append(c.messages, Message{User: text})
	}
	reply, err := Reply{}, ctx.Err()
	switch {
	case err != nil:
	case c.Model == nil:
		err = fmt.Errorf("role %q has no model", c.Name)
	case c.replies == t.agent.MaxSteps:
		err = errSteps
		c.warn("step_limit", fmt.Sprintf("stopped after %d replies", c.replies))
	default:
		reply, err = t.reply(ctx, c)
	}
	if err != nil {
		if stop, ok := errors.AsType[*refusal](err); ok && !stop.whole {
			c.warn("turn_budget", stop.text)
		}
		t.failed = append(t.failed, err)
		return Reply{}, err
	}
	c.check(&reply)
	c.repair(reply.Calls)
	c.messages = append(c.messages, Message{Reply: &reply})
	c.replies++
	return reply, nil
}

// check looks at a reply before its calls are run.
func (c *talk) check(r *Reply) {
	if len(r.Calls) > maxCalls {
		c.warn("too_many_calls", fmt.Sprintf("%d calls in one reply: the first %d were run", len(r.Calls), maxCalls))
		r.Calls = r.Calls[:maxCalls]
	}
	switch r.Stop {
	case StopLength:
		c.warn("output_limit", "a reply was cut at its limit of tokens")
	case StopRefused:
		c.warn("refused", strings.Trim(r.StopReason+": "+firstLine(r.Text), ": "))
	}
	if c.answered != "" && r.Model != "" && r.Model != c.answered {
		c.warn("model_moved", fmt.Sprintf("the provider answered with %s, before with %s", r.Model, c.answered))
	}
	if r.Model != "" {
		c.answered = r.Model
	}
}

// isTransient reports whether a failure has to do with this machine and moment, and the
// model may go on after it. What is the machine's alone ends the run: [answer.fault].
func isTransient(text string) bool {
	for _, code := range []pitwall.Code{pitwall.Timeout, pitwall.CallCanceled, pitwall.Internal, pitwall.SQLExhausted} {
		if strings.HasPrefix(text, "error "+string(code)+":") {
			return true
		}
	}
	return false
}

// readable turns arguments that are not JSON into a JSON text, and none into an
// empty object, so that what a model really sent can be kept. No tool takes a text.
func readable(calls []Call) {
	for i, c := range calls {
		c.Arguments = bytes.TrimSpace(c.Arguments)
		calls[i].Arguments = c.Arguments
		if len(c.Arguments) == 0 {
			calls[i].Arguments = json.RawMessage("{}")
		} else if !json.Valid(c.Arguments) {
			text, err := json.Marshal(string(c.Arguments))
			if err != nil {
				text = []byte(`""`)
			}
			calls[i].Arguments = text
		}
	}
}

// call makes one call of a role. A turn whose time is up makes no further one; one
// that was begun is let end.
func (t *turnRun) call(ctx context.Context, c *talk, x Call) (Result, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.runCtx.Err(); err != nil {
		t.broken = err
		return Result{}, err
	}
	one := []Call{x}
	readable(one)
	x = one[0]
	m := c.last()
	own := m == nil || len(m.Results) >= len(m.Reply.Calls) || m.Reply.Calls[len(m.Results)].ID != x.ID || m.Reply.Calls[len(m.Results)].Name != x.Name
	if own {
		c.refuseRest()
		c.messages = append(c.messages, Message{Reply: &Reply{Calls: one}})
		m = c.last()
	}
	t.tools++
	name := strings.ReplaceAll(x.Name, ".", "_")
	acts := own && slices.Contains(c.Acts, x.Name)
	by := speaker{c.Name, c.ReadOnly && !acts || t.rec.Shadow()}
	text := cmp.Or(c.refuses(ctx, x, name, acts), t.agent.taken(x))
	if t.Fork.removes(t.timing.Turn, c.Name, x) {
		text = withoutAnswer
	}
	if text != "" {
		t.uncacheable = t.uncacheable || ctx.Err() != nil
		c.warn("tool_error", firstLine(text))
		m.Results = append(m.Results, Result{ID: x.ID, Name: x.Name, IsError: true, Text: text})
		return m.Results[len(m.Results)-1], nil
	}
	asked := t.Now()
	t.mu.Unlock()
	r, err := t.client.call(t.runCtx, by, x)
	t.mu.Lock()
	if err != nil {
		t.broken = fmt.Errorf("calling %s: %w", x.Name, err)
		return Result{}, t.broken
	}
	if name == sqlTool {
		var x struct{ Rows []json.RawMessage }
		r.read(&x)
		t.timing.Queries = append(t.timing.Queries, Query{Seconds: t.Now().Sub(asked).Seconds(), Rows: len(x.Rows)})
	}
	if r.IsError {
		c.warn("tool_error", x.Name+": "+firstLine(r.Text))
		t.uncacheable = t.uncacheable || t.agent.traits[name].Identity != "" || isTransient(r.Text)
	}
	if removed := r.futureDated(); removed != "" {
		c.warn("future_dated", x.Name+": "+removed)
	}
	if k := t.agent.traits[name]; k.Kind == kindSetup || k.Kind == kindChange {
		t.ordered = t.ordered || ChangesOrders(name) && !r.IsError
		t.calls = append(t.calls, repeat{c.replies, x.Name, string(x.Arguments), r.Text, r.IsError, by.role, by.readOnly})
	}
	said := r.Result
	said.Data = nil // it can be large, and is the Decider's alone
	m.Results = append(m.Results, said)
	return r.Result, nil
}

// refuses returns the answer to a call that no server gets, empty for any other.
func (c *talk) refuses(ctx context.Context, x Call, name string, acts bool) string {
	switch {
	case ctx.Err() != nil:
		return "error TIMEOUT: the turn's time is up; this call was not made"
	case x.Arguments[0] != '{':
		return invalid(x, c.last() != nil && c.last().Reply.Stop == StopLength)
	case hidden[name]:
		return "error UNKNOWN_TOOL: the loop moves the clock; end your turn to let time pass"
	case !acts && !c.may(x.Name):
		names, meant := c.toolNames(), ""
		if near, ok := pitwall.Near(x.Name, names); ok {
			meant = "; did you mean " + near + "?"
		}
		return "error UNKNOWN_TOOL: there is no tool " + x.Name + meant + "; there is " + strings.Join(names, ", ")
	}
	return ""
}
