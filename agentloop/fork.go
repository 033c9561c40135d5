package agentloop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// Fork is how a run parts from an earlier one, its parent. The parent's turns before Turn
// stand as they were recorded and no model is asked: what they changed is done again, and
// state, question and every answer must be the recorded ones. With Without, replies of
// Turn that the missing answer could not touch stand too, and with Same all replies from
// Turn on whose conversation is the parent's.
type Fork struct {
	Turn    int                            // the first that is decided anew, from 1
	Record  func(turn int) ([]byte, error) // of the parent, as it was written
	Decider Decider                        // decides Turn in place of the agent's own; nil = that one
	Alone   bool                           // Decider decides every later turn too
	Without *AnsweredCall                  // a call of Turn that gets no answer
	Same    bool                           // a reply of the parent to the same conversation stands, from Turn on
}

// AnsweredCall is a call of a turn with its answer.
type AnsweredCall struct {
	Role      string
	Name      string
	Arguments json.RawMessage
	Result    Result
}

// Calls lists the calls of a turn in the order of its record.
func (t *Turn) Calls() (list []AnsweredCall) {
	for _, m := range t.Messages {
		for i, r := range m.Results {
			c := m.Reply.Calls[i]
			list = append(list, AnsweredCall{m.Role, c.Name, c.Arguments, r})
		}
	}
	return list
}

// parentHint says what a fork needs.
const parentHint = "fork with the strategy, the data and the version of Pitwall that the parent ran with"

// withoutAnswer is what stands in place of an answer that a fork leaves out.
const withoutAnswer = "error NO_COVERAGE: there is no answer"

// here reports whether turn n is one that a fork changes itself.
func (f *Fork) here(n int) bool {
	return f != nil && (n == f.Turn || f.Alone && n > f.Turn) && (f.Decider != nil || f.Without != nil)
}

// keeps reports whether replies of the parent's turn n can stand in turn n.
func (f *Fork) keeps(n int) bool {
	return f != nil && (n == f.Turn && f.Without != nil || n >= f.Turn && f.Same)
}

// removes reports whether a call of turn n is the one without an answer, also when it is
// made again.
func (f *Fork) removes(n int, role string, c Call) bool {
	return f.here(n) && n == f.Turn && f.Without != nil && f.Without.Role == role && f.Without.Name == c.Name && bytes.Equal(compactJSON(f.Without.Arguments), compactJSON(c.Arguments))
}

// compactJSON returns JSON as every record of it is written, apart from white space.
func compactJSON(raw json.RawMessage) []byte {
	out, err := json.Marshal(raw)
	if err != nil {
		return raw
	}
	return out
}

// decider returns who decides turn n of an agent.
func (l *loop) decider(n int, a *agentState) Decider {
	if l.Fork.here(n) && l.Fork.Decider != nil {
		return l.Fork.Decider
	}
	return a.Decider
}

// parentTurn reads a turn of a fork's parent.
func (l *loop) parentTurn(n int) (raw []byte, t *Turn, err error) {
	if raw, err = l.Fork.Record(n); err != nil {
		return nil, nil, fmt.Errorf("reading turn %d of the parent: %w", n, err)
	}
	t = &Turn{}
	if err := json.Unmarshal(raw, t); err != nil {
		return nil, nil, fmt.Errorf("reading turn %d of the parent: %w", n, err)
	}
	return raw, t, nil
}

// stand repeats a turn of the parent.
func (t *turnRun) stand(ctx context.Context, text string, equity float64, started time.Time) error {
	n := t.timing.Turn
	raw, old, err := t.parentTurn(n)
	if err != nil {
		return err
	}
	if what := t.differs(old, text); what != "" {
		return pitwall.Errorf(pitwall.ReplayDiverged, "turn %d of the parent does not fit: %s", n, what).Hintf("%s", parentHint)
	}
	line := old.Line()
	line.Equity = &equity
	summary, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("encoding the turn's line: %w", err)
	}
	h := turnHead{Status: old.Status, Warnings: old.Warnings, Calls: len(old.Calls()), Ordered: old.Status == StatusOrdered, Error: old.Error}
	for _, r := range t.agent.roles {
		h.Roles = append(h.Roles, roleHead{Name: r.Name})
	}
	for _, m := range old.Messages {
		if m.Reply != nil {
			h.Replies++
		}
	}
	for _, c := range old.Calls() {
		if ChangesOrders(c.Name) && !c.Result.IsError {
			h.Ordered = true
		}
	}
	if h.Repeat, err = t.repeats(old); err != nil {
		return err
	}
	if err := t.replay(ctx, &recordedTurn{h, raw}); err != nil {
		return err
	}
	t.timing.Cache = CacheParent
	failed := t.skipped(old.Status, errors.New(old.Error), false)
	if err := t.end(started, raw, summary, old.Status); err != nil {
		return err
	}
	return failed
}

// differs returns in what a turn of the parent is another one than this, empty if it is
// the same.
func (t *turnRun) differs(old *Turn, text string) string {
	asked := ""
	if len(old.Messages) > 0 {
		asked = old.Messages[0].User
	}
	same := asked == text
	if len(t.agent.Roles) > 0 { // a Decider puts its own words behind the question, or asks in others
		same = strings.HasPrefix(asked, text) || !strings.HasPrefix(asked, "Turn ")
	}
	for _, x := range []struct{ what, recorded, now string }{
		{"time", old.AsOf, t.rec.AsOf}, {"agent", old.Agent, t.rec.Agent}, {"reason for the turn", old.Why, t.rec.Why}, {"state digest", old.StateDigest, t.rec.StateDigest},
	} {
		if x.recorded != x.now {
			return fmt.Sprintf("its %s is %s, and now %s", x.what, x.recorded, x.now)
		}
	}
	if len(old.Messages) > 0 && !same {
		return "its question differs\n" + difference(asked, text)
	}
	return ""
}

// repeats lists the calls of a turn of the parent that are made again: round by round, as
// roles that answer at the same time make them, and after those of a role before them in
// whose name the Decider made calls of its own.
func (t *turnRun) repeats(old *Turn) ([]repeat, error) {
	type at struct {
		round int
		repeat
	}
	var list []at
	who, round, start, own := "", 0, 0, false
	for _, m := range old.Messages {
		if m.Reply == nil {
			continue
		}
		if m.Role != who {
			if own {
				start = round
			}
			who, round, own = m.Role, start, false
		}
		round++
		own = own || !m.Reply.ByModel()
		i := slices.IndexFunc(t.agent.roles, func(r *role) bool { return r.Name == m.Role })
		if i < 0 && len(m.Results) > 0 {
			return nil, pitwall.Errorf(pitwall.ReplayDiverged, "turn %d of the parent has a role %q, and the strategy has none", old.Turn, m.Role).Hintf("fork with the strategy that the parent ran with")
		}
		for k, r := range m.Results {
			c := m.Reply.Calls[k]
			kind := t.agent.traits[strings.ReplaceAll(c.Name, ".", "_")].Kind
			if kind != kindSetup && kind != kindChange || r.notMade() {
				continue
			}
			by := t.agent.roles[i]
			acts := slices.Contains(by.Acts, c.Name) && !strings.HasPrefix(r.Text, "error "+string(pitwall.NotAllowed))
			list = append(list, at{round, repeat{round, c.Name, string(compactJSON(c.Arguments)), r.Text, r.IsError, m.Role, by.ReadOnly && !acts}})
		}
	}
	slices.SortStableFunc(list, func(a, b at) int { return a.round - b.round })
	out := make([]repeat, 0, len(list))
	for _, x := range list {
		out = append(out, x.repeat)
	}
	return out, nil
}

// notMade reports whether a result stands for a call that no server got.
func (r Result) notMade() bool {
	return r.IsError && (strings.HasSuffix(r.Text, "this call was not made") || strings.HasPrefix(r.Text, "error "+string(pitwall.UnknownTool)) || r.Text == withoutAnswer || strings.Contains(r.Text, wakeTaken))
}

// parentReply returns the reply that the parent's turn has to the same conversation of a
// role, nil without one.
func (t *turnRun) parentReply(c *talk) (*Reply, error) {
	if !t.Fork.keeps(t.timing.Turn) {
		return nil, nil
	}
	_, old, err := t.parentTurn(t.timing.Turn)
	if errors.Is(err, fs.ErrNotExist) { // the parent ended before
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	system, tools, params := old.System, old.ToolsDigest, old.Params
	if i := slices.IndexFunc(old.Roles, func(r RoleRecord) bool { return r.Name == c.Name }); i >= 0 {
		if old.Roles[i].Model != c.ModelName {
			return nil, nil
		}
		system, tools, params = old.Roles[i].System, old.Roles[i].ToolsDigest, old.Roles[i].Params
	}
	var said []Message
	for _, m := range old.Messages {
		if m.Role == c.Name {
			m.Role = ""
			said = append(said, m)
		}
	}
	if system != c.system || tools != c.keys.tools || len(said) <= len(c.messages) {
		return nil, nil
	}
	own := c.Params
	if len(own) == 0 {
		own = nil // as a record has it
	}
	a, err1 := json.Marshal([]any{said[:len(c.messages)], params})
	b, err2 := json.Marshal([]any{c.messages, own})
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("encoding a conversation: %w", err)
	}
	r := said[len(c.messages)].Reply
	if !bytes.Equal(a, b) || r == nil || !r.ByModel() {
		return nil, nil
	}
	for i := range r.Calls {
		r.Calls[i].Arguments = compactJSON(r.Calls[i].Arguments)
	}
	return r, nil
}
