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
}

// repeat is a call that a replay makes again.
type repeat struct {
	Reply     int    `json:"reply"` // the number of the reply that made it
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
	Text      string `json:"text"`
	IsError   bool   `json:"is_error,omitempty"`
}

// keptTurn is a turn from the cache: its head, and the bytes of its record.
type keptTurn struct {
	head turnHead
	Turn []byte
}

// keptReply is a reply from the cache. What it cost follows from its usage and the
// price of today.
type keptReply struct {
	Reply Reply `json:"reply"`
	Usage Usage `json:"usage"`
}

// recall reads a turn from the cache, nil without one.
func (v *visit) recall(request []byte, slot string) (*keptTurn, error) {
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
	k := &keptTurn{Turn: turn}
	if err := json.Unmarshal(line, &k.head); err != nil || !ok {
		v.warn("cache_failed", "a recorded turn cannot be read: it is asked for again")
		return nil, nil
	}
	return k, nil
}

// miss says, once in a run, in what the nearest recorded turn differs.
func (v *visit) miss(slot string, request []byte) {
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
func (v *visit) replay(ctx context.Context, k *keptTurn) error {
	h := k.head
	v.t.Cache, v.t.Cached, v.tools, v.ordered = "turn", h.Replies, h.Calls, h.Ordered
	var err error
	if v.old, err = v.agent.price(h.Usage); err != nil {
		return err
	}
	if h.Answered != "" {
		v.agent.answered = h.Answered
	}
	for i, c := range h.Repeat {
		r, err := v.client.call(ctx, Call{Name: c.Name, Arguments: json.RawMessage(c.Arguments)})
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
func (v *visit) keep(request []byte, slot string, turn []byte, line json.RawMessage) {
	switch v.rec.Status {
	case StatusBudget, StatusModelError, StatusTimeout:
		return // what stopped it may not be there the next time
	}
	if request == nil || v.unlucky {
		return
	}
	all := ledger{}
	if err := errors.Join(all.add(v.new), all.add(v.old)); err != nil {
		v.warn("cache_failed", err.Error())
		return
	}
	h := turnHead{Status: v.rec.Status, Summary: line, Warnings: v.rec.Warnings, Replies: v.t.Asked + v.t.Cached, Calls: v.tools, Usage: all.usage, Answered: v.agent.answered, Ordered: v.ordered, Repeat: v.calls}
	head, err := json.Marshal(h)
	if err == nil {
		err = v.Cache.Put(turnKind, slot, request, append(append(head, '\n'), turn...))
	}
	if err != nil {
		v.warn("cache_failed", err.Error())
	}
}

// reply asks for the next reply of a turn: the cache, then the model.
func (v *visit) reply(ctx context.Context) (Reply, error) {
	a := v.agent
	r := Request{System: a.system, Messages: v.rec.Messages, Tools: a.tools, Params: a.Params, MaxOutput: a.MaxOutput, MaxCalls: maxCalls + 1}
	request, err := v.replyKey()
	if err != nil {
		return Reply{}, err
	}
	if v.Cache != nil {
		body, err := v.Cache.Get(replyKind, "", request)
		if err != nil {
			v.warn("cache_failed", err.Error())
		}
		var k keptReply
		if body != nil && json.Unmarshal(body, &k) == nil {
			readable(k.Reply.Calls)
			v.t.Cached++
			v.t.Cache = "replies"
			old, err := a.price(k.Usage)
			return k.Reply, errors.Join(err, v.old.add(old))
		}
	}
	if v.Strict {
		differs := ""
		if v.t.Miss != "" {
			differs = "; the nearest one differs in " + v.t.Miss
		}
		return Reply{}, pitwall.Errorf(pitwall.NotRecorded, "reply %d of this turn is not recorded%s", len(v.rec.Messages), differs).Hintf("leave out --strict-replay to ask the model")
	}
	worst := a.estimate(len(request) + len(a.system) + a.toolBytes)
	no, err := a.afford(worst, v.new, v.old, v.lost)
	if err != nil {
		return Reply{}, err
	}
	if no != nil {
		return Reply{}, &refused{*no}
	}
	return v.fresh(ctx, r, request, worst)
}

// refused is a refusal on its way up.
type refused struct{ refusal }

func (r *refused) Error() string { return r.text }

// fresh asks the model and keeps what it said.
func (v *visit) fresh(ctx context.Context, r Request, request []byte, worst Usage) (Reply, error) {
	a := v.agent
	asked := v.Now()
	reply, err := a.Model.Reply(ctx, r)
	v.t.ModelSeconds += v.Now().Sub(asked).Seconds()
	lost := reply.Tries
	if m, ok := errors.AsType[*ModelError](err); ok {
		lost = append(slices.Clone(m.Tries), Try{Usage: m.Usage})
	}
	for _, t := range lost { // failed attempts are billed too, as far as they came
		cost, bad := a.price(t.Usage)
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
	if reply.Usage == (Usage{}) && (a.Price == nil || *a.Price != (Price{})) {
		reply.Usage = Usage{Input: worst.Input, Output: worst.Output, Estimated: true} // it told none: the estimate counts
	}
	cost, err := a.price(reply.Usage)
	if err != nil {
		return reply, err
	}
	if err := v.new.add(cost); err != nil {
		return reply, err
	}
	// The reply goes on as it would come from the cache: encoding it changes how its
	// arguments are written (a < b), and the next request is keyed by them.
	k := keptReply{Reply: reply, Usage: reply.Usage}
	body, err := json.Marshal(k)
	if err != nil {
		return reply, fmt.Errorf("encoding the reply: %w", err)
	}
	k = keptReply{}
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
