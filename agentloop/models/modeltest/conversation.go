package modeltest

import (
	"encoding/json"
	"fmt"
	"strings"

	"pitwall/agentloop"
)

// conversation rebuilds a Request from a dialect's messages, and refuses what no
// provider takes.
type conversation struct {
	req      agentloop.Request
	answered int // results of the last reply
}

func (c *conversation) last() *agentloop.Message {
	if len(c.req.Messages) == 0 {
		return nil
	}
	return &c.req.Messages[len(c.req.Messages)-1]
}

// done refuses calls that have no result.
func (c *conversation) done() error {
	if m := c.last(); m != nil && m.Reply != nil && c.answered != len(m.Reply.Calls) {
		return fmt.Errorf("%d results for %d calls", c.answered, len(m.Reply.Calls))
	}
	return nil
}

func (c *conversation) user(text string) error {
	if text == "" {
		return fmt.Errorf("an empty message")
	}
	if err := c.done(); err != nil {
		return err
	}
	c.req.Messages, c.answered = append(c.req.Messages, agentloop.Message{User: text}), 0
	return nil
}

func (c *conversation) assistant(r agentloop.Reply) error {
	if err := c.done(); err != nil {
		return err
	}
	if r.Text == "" && len(r.Calls) == 0 {
		return fmt.Errorf("an assistant's message without content")
	}
	for i, call := range r.Calls {
		var o map[string]json.RawMessage
		if err := json.Unmarshal(call.Arguments, &o); err != nil || o == nil {
			return fmt.Errorf("the arguments of %s are no object: %s", call.Name, call.Arguments)
		}
		for _, other := range r.Calls[:i] {
			if call.ID != "" && call.ID == other.ID {
				return fmt.Errorf("two calls with the id %s", call.ID)
			}
		}
	}
	c.req.Messages, c.answered = append(c.req.Messages, agentloop.Message{Reply: &r}), 0
	return nil
}

// result files a result under its call: by id, or the next one without one.
func (c *conversation) result(id, text string, isError bool) error {
	m := c.last()
	if m == nil || m.Reply == nil {
		return fmt.Errorf("a result that follows no reply")
	}
	calls := m.Reply.Calls
	at := len(m.Results)
	if at >= len(calls) {
		return fmt.Errorf("more results than calls")
	}
	if calls[at].ID != id {
		return fmt.Errorf("result %d is of the call %q and not of %q", at, id, calls[at].ID)
	}
	if text == "" {
		return fmt.Errorf("an empty result")
	}
	m.Results = append(m.Results, agentloop.Result{ID: id, Name: calls[at].Name, Text: text, IsError: isError})
	c.answered++
	return nil
}

// looksFailed says whether a result is an error where the dialect has no field for
// it: texts of ours begin so.
func looksFailed(text string) bool { return strings.HasPrefix(text, "error ") }
