package agentloop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pitwall"
)

// Two levels are kept. A reply is one answer of a model to one request: an
// interrupted run resumes where it stopped. A turn is a whole visit: it is keyed
// by all that the model and its tools could see, and on a hit no model is asked.
// Then the turn's reads are not repeated; its set-ups and changes (orders) are,
// and each answer must be the recorded one.

// The kinds of entries, and the version of their content: a change of what a key
// or a body holds must change it.
const (
	replyKind     = "reply"
	turnKind      = "turn"
	recordVersion = 1
)

// Effects of a tool, as the server's list of tools says.
const (
	kindRead   = "read"
	kindSetup  = "setup"
	kindChange = "change"
)

// turnHead is what a replay needs of a turn without reading all of it.
type turnHead struct {
	Status   Status          `json:"status"`
	Summary  json.RawMessage `json:"summary"`
	Warnings []Warning       `json:"warnings"`
	Replies  int             `json:"replies"`
	Calls    int             `json:"calls"`
	Usage    Usage           `json:"usage"`
	Answered string          `json:"answered,omitempty"`
	Ordered  bool            `json:"ordered"`
	Repeat   []repeat        `json:"repeat"`
	Roles    []roleHead      `json:"roles,omitempty"`
}

// roleHead is what one role of several used: each has a price of its own.
type roleHead struct {
	Name     string `json:"name"`
	Usage    Usage  `json:"usage"`
	Answered string `json:"answered,omitempty"`
}

// repeat is a call that a replay makes again.
type repeat struct {
	Reply     int    `json:"reply"` // the number of the reply that made it
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
	Text      string `json:"text"`
	IsError   bool   `json:"is_error,omitempty"`
	Role      string `json:"role,omitempty"`
}

// recordedTurn is a turn from the cache: its head, and the bytes of its record.
type recordedTurn struct {
	head turnHead
	Turn []byte
}

// recordedReply is a reply from the cache. What it cost follows from its usage and the
// price of today.
type recordedReply struct {
	Reply Reply `json:"reply"`
	Usage Usage `json:"usage"`
}

// recall reads a turn from the cache, nil without one.
func (v *turnRun) recall(request []byte, slot string) (*recordedTurn, error) {
	if request == nil {
		return nil, nil
	}
	body, err := v.Cache.Get(turnKind, slot, request)
	if err != nil {
		v.warn("cache_failed", err.Error())
		return nil, nil
	}
	if body == nil {
		v.miss(slot, request)
		return nil, nil
	}
	line, turn, ok := bytes.Cut(body, []byte("\n"))
	k := &recordedTurn{Turn: turn}
	if err := json.Unmarshal(line, &k.head); err != nil || !ok {
		v.warn("cache_failed", "a recorded turn cannot be read: it is asked for again")
		return nil, nil
	}
	return k, nil
}

// miss says, once in a run, in what the nearest recorded turn differs.
func (v *turnRun) miss(slot string, request []byte) {
	if v.agent.missed {
		return
	}
	v.agent.missed = true
	parts, err := v.Cache.Differs(turnKind, slot, request)
	if err != nil {
		v.warn("cache_failed", err.Error())
	}
	v.t.Miss = parts
	if parts != "" {
		v.Log.Info("not recorded", "turn", v.t.Turn, "agent", v.agent.Name, "differs_in", parts)
	}
}

// replay makes the calls of a recorded turn that change the world, and compares
// every answer. Nothing is taken for done that was not done now.
func (v *turnRun) replay(ctx context.Context, k *recordedTurn) error {
	h := k.head
	v.t.Cache, v.t.Cached, v.tools, v.ordered = "turn", h.Replies, h.Calls, h.Ordered
	used := h.Roles
	if len(used) == 0 {
		used = []roleHead{{Usage: h.Usage, Answered: h.Answered}}
	}
	for i, u := range used { // the key covers the roles: they are the same
		r := v.agent.roles[i]
		old, err := r.price(u.Usage)
		if err := errors.Join(err, v.old.add(old)); err != nil {
			return err
		}
		if u.Answered != "" {
			r.answered = u.Answered
		}
	}
	for i, c := range h.Repeat {
		r, err := v.client.call(ctx, c.Role, Call{Name: c.Name, Arguments: json.RawMessage(c.Arguments)})
		if err != nil {
			return fmt.Errorf("repeating %s: %w", c.Name, err)
		}
		if r.Text != c.Text || r.IsError != c.IsError {
			v.out.Warnings["replay_diverged"]++
			return pitwall.Errorf(pitwall.ReplayDiverged, "turn %d of %s at %s: call %d of those that are repeated, %s, answered other than recorded\n%s",
				v.t.Turn, v.agent.Name, v.rec.AsOf, i+1, c.Name, difference(c.Text, r.Text)).
				Hintf("the recorded turn is not what happens now; --no-cache asks the model again, pitwall cache clear --kind turn forgets all recorded turns")
		}
	}
	for _, w := range h.Warnings {
		v.out.Warnings[w.Kind]++
	}
	v.agent.failures = 0
	return nil
}

// difference shows the first line in which two texts differ.
func difference(recorded, now string) string {
	a, b := strings.Split(recorded, "\n"), strings.Split(now, "\n")
	for i := range max(len(a), len(b)) {
		x, y := "(no line)", "(no line)"
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return fmt.Sprintf("  line %d\n  - recorded: %s\n  + now:      %s", i+1, x, y)
		}
	}
	return "  the texts are the same; one is an error and the other is not"
}

// keep puts a finished turn into the cache. A cache that fails is no reason to
// stop a run: it is said and the run goes on.
func (v *turnRun) keep(request []byte, slot string, turn []byte, line json.RawMessage) {
	switch v.rec.Status {
	case StatusBudget, StatusModelError, StatusTimeout:
		return // what stopped it may not be there the next time
	}
	if request == nil || v.uncacheable {
		return
	}
	h := turnHead{Status: v.rec.Status, Summary: line, Warnings: v.rec.Warnings, Replies: v.t.Asked + v.t.Cached, Calls: v.tools, Ordered: v.ordered, Repeat: v.calls}
	for _, c := range v.talks {
		h.Usage = h.Usage.Add(c.used)
		if len(v.agent.Roles) == 0 {
			h.Answered = c.answered
			break
		}
		h.Roles = append(h.Roles, roleHead{c.Name, c.used, c.answered})
	}
	head, err := json.Marshal(h)
	if err == nil {
		err = v.Cache.Put(turnKind, slot, request, append(append(head, '\n'), turn...))
	}
	if err != nil {
		v.warn("cache_failed", err.Error())
	}
}

// reply returns the next reply of a role: from the cache, or asked now.
func (v *turnRun) reply(ctx context.Context, c *talk) (Reply, error) {
	request, err := v.replyKey(c)
	if err != nil {
		return Reply{}, err
	}
	if v.Cache != nil {
		body, err := v.Cache.Get(replyKind, "", request)
		if err != nil {
			v.warn("cache_failed", err.Error())
		}
		var k recordedReply
		if body != nil && json.Unmarshal(body, &k) == nil {
			readable(k.Reply.Calls)
			v.t.Cached++
			v.t.Cache = "replies"
			c.used = c.used.Add(k.Usage)
			old, err := c.price(k.Usage)
			return k.Reply, errors.Join(err, v.old.add(old))
		}
	}
	if v.Strict {
		differs := ""
		if v.t.Miss != "" {
			differs = "; the nearest one differs in " + v.t.Miss
		}
		return Reply{}, pitwall.Errorf(pitwall.NotRecorded, "reply %d of this turn is not recorded%s", c.replies+1, differs).Hintf("leave out --strict-replay to ask the model")
	}
	need, err := c.price(c.estimate(len(request) + len(c.system) + c.toolBytes))
	if err != nil {
		return Reply{}, err
	}
	turn := v.new
	if err := turn.add(v.pending); err != nil {
		return Reply{}, err
	}
	if err := v.agent.afford(need, turn, v.old, v.lost); err != nil {
		return Reply{}, err
	}
	return v.fresh(ctx, c, request, need)
}

// fresh asks the model and keeps what it said. The lock is open meanwhile.
func (v *turnRun) fresh(ctx context.Context, c *talk, request []byte, worst ledger) (Reply, error) {
	v.pending.usd, v.pending.tokens = v.pending.usd+worst.usd, v.pending.tokens+worst.tokens
	asked := v.Now()
	v.mu.Unlock()
	reply, err := c.Model.Reply(ctx, Request{System: c.system, Messages: c.messages, Tools: c.tools, Params: c.Params, MaxOutput: c.MaxOutput, MaxCalls: maxCalls + 1})
	v.mu.Lock()
	v.pending.usd, v.pending.tokens = v.pending.usd-worst.usd, v.pending.tokens-worst.tokens
	v.t.ModelSeconds += v.Now().Sub(asked).Seconds()
	lost := reply.Tries
	if m, ok := errors.AsType[*ModelError](err); ok {
		v.t.Tries = append(v.t.Tries, m.Tries...)
		lost = append(slices.Clone(m.Tries), Try{Usage: m.Usage})
	}
	for _, t := range lost { // failed attempts are billed too, as far as they came
		cost, bad := c.price(t.Usage)
		if bad := errors.Join(bad, v.lost.add(cost)); bad != nil {
			return reply, bad
		}
	}
	if err != nil {
		return reply, err
	}
	v.t.Asked++
	v.t.Tries = append(v.t.Tries, reply.Tries...)
	readable(reply.Calls)
	if reply.Usage == (Usage{}) && (c.Price == nil || *c.Price != (Price{})) {
		reply.Usage = worst.usage // it reported none: the estimate counts
	}
	c.used = c.used.Add(reply.Usage)
	cost, err := c.price(reply.Usage)
	if err != nil {
		return reply, err
	}
	if err := v.new.add(cost); err != nil {
		return reply, err
	}
	// The reply goes on as it would come from the cache: encoding it changes how its
	// arguments are written (a < b), and the next request is keyed by them.
	k := recordedReply{Reply: reply, Usage: reply.Usage}
	body, err := json.Marshal(k)
	if err != nil {
		return reply, fmt.Errorf("encoding the reply: %w", err)
	}
	k = recordedReply{}
	if err := json.Unmarshal(body, &k); err != nil {
		return reply, fmt.Errorf("decoding the reply: %w", err)
	}
	readable(k.Reply.Calls)
	if v.Cache != nil {
		if err := v.Cache.Put(replyKind, "", request, body); err != nil {
			v.warn("cache_failed", err.Error())
		}
	}
	return k.Reply, nil
}
