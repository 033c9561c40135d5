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
// interrupted run resumes where it stopped. A turn is all of them: it is keyed
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
	Error    string          `json:"error,omitempty"` // why there is no decision
	Stops    bool            `json:"stops,omitempty"` // it ended the run: every further turn would fail the same way
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
	ReadOnly  bool   `json:"read_only,omitempty"`
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
func (t *turnRun) recall(request []byte, slot string) (*recordedTurn, error) {
	if request == nil {
		return nil, nil
	}
	body, err := t.recorded(turnKind, slot, request)
	if err != nil {
		return nil, err
	}
	if body == nil && t.Strict {
		if body, _, err = t.newest(request, slot); err != nil {
			return nil, err
		}
	}
	if body == nil {
		t.miss(slot, request)
		return nil, nil
	}
	line, turn, ok := bytes.Cut(body, []byte("\n"))
	k := &recordedTurn{Turn: turn}
	if err := json.Unmarshal(line, &k.head); err != nil || !ok {
		t.warn("cache_failed", "a recorded turn is unreadable and is asked for again")
		return nil, nil
	}
	return k, nil
}

// recorded reads the cache. One that cannot be read costs a warning, unless the reason
// is this machine or a replay is strict: to ask a model again costs money, and it may
// answer otherwise.
func (t *turnRun) recorded(kind, slot string, request []byte) ([]byte, error) {
	body, err := t.Cache.Get(kind, slot, request)
	if err == nil {
		return body, nil
	}
	if fault := pitwall.MachineFault(err); fault != nil {
		return nil, (&pitwall.Error{Code: fault.Code, Message: "the replay cache could not be read: " + fault.Message, Err: err}).Hintf("%s", fault.Hint)
	}
	if t.Strict {
		return nil, fmt.Errorf("a strict replay asks no model: %w", err)
	}
	t.warn("cache_failed", err.Error())
	return nil, nil
}

// miss reports, once in a run, how the nearest recorded turn differs.
func (t *turnRun) miss(slot string, request []byte) {
	if t.agent.missed {
		return
	}
	t.agent.missed = true
	parts, err := t.Cache.Differs(turnKind, slot, request)
	if err != nil {
		t.warn("cache_failed", err.Error())
	}
	t.timing.Miss = parts
	if parts != "" {
		t.Log.Info("not recorded", "turn", t.timing.Turn, "agent", t.agent.Name, "differs_in", parts)
	}
}

// replay repeats the calls of a recorded turn that change the world, and compares
// every answer.
func (t *turnRun) replay(ctx context.Context, k *recordedTurn) error {
	h := k.head
	t.timing.Cache, t.timing.Cached, t.tools, t.ordered = "turn", h.Replies, h.Calls, h.Ordered
	used := h.Roles
	if len(used) == 0 {
		used = []roleHead{{Usage: h.Usage, Answered: h.Answered}}
	}
	for i, u := range used { // the key covers the roles: they are the same
		r := t.agent.roles[i]
		old, err := r.price(u.Usage)
		if err := errors.Join(err, t.old.add(old)); err != nil {
			return err
		}
		t.talks[i].used = u.Usage
		if u.Answered != "" {
			r.answered = u.Answered
		}
	}
	for i, c := range h.Repeat {
		r, err := t.client.call(ctx, speaker{c.Role, c.ReadOnly}, Call{Name: c.Name, Arguments: json.RawMessage(c.Arguments)})
		if err != nil {
			return fmt.Errorf("repeating %s: %w", c.Name, err)
		}
		if r.IsError && isTransient(r.Text) { // never kept, so never the recorded answer
			return pitwall.Errorf(pitwall.MachineFailed, "turn %d of %s at %s: repeating %s had no answer: %s", t.timing.Turn, t.agent.Name, t.rec.AsOf, c.Name, firstLine(r.Text)).
				Hintf("run again; what is recorded is left as it is")
		}
		if r.Text != c.Text || r.IsError != c.IsError {
			t.out.Warnings["replay_diverged"]++
			return pitwall.Errorf(pitwall.ReplayDiverged, "turn %d of %s at %s: call %d of those that are repeated, %s, answered other than recorded\n%s",
				t.timing.Turn, t.agent.Name, t.rec.AsOf, i+1, c.Name, difference(c.Text, r.Text)).
				Hintf("%s", t.divergedHint())
		}
	}
	t.out.count(h.Warnings)
	return nil
}

// divergedHint says what to do about a recorded turn that is not what happens now.
func (t *turnRun) divergedHint() string {
	if t.Fork != nil && t.timing.Turn < t.Fork.Turn {
		return parentHint
	}
	return "the recorded turn is not what happens now; --no-cache asks the model again, pitwall cache clear --kind turn forgets all recorded turns"
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

// keep puts a finished turn into the cache. A cache that fails costs a warning, not
// the run.
func (t *turnRun) keep(request []byte, slot string, turn []byte, line json.RawMessage) {
	if request == nil {
		return
	}
	h := turnHead{Status: t.rec.Status, Summary: line, Warnings: t.rec.Warnings, Replies: t.timing.Asked + t.timing.Cached, Calls: t.tools, Ordered: t.ordered, Repeat: t.calls, Error: t.rec.Error, Stops: t.stops}
	for _, c := range t.talks {
		h.Usage = h.Usage.Add(c.used)
		if len(t.agent.Roles) == 0 {
			h.Answered = c.answered
			break
		}
		h.Roles = append(h.Roles, roleHead{c.Name, c.used, c.answered})
	}
	head, err := json.Marshal(h)
	body := append(append(head, '\n'), turn...)
	switch {
	case err != nil:
	case t.forOthers():
		err = t.Cache.Put(turnKind, slot, request, body)
	default:
		err = t.keepForStrict(request, slot, body)
	}
	if err != nil {
		t.warn("cache_failed", err.Error())
	}
}

// reply returns the next reply of a role: from the cache, or asked now.
func (t *turnRun) reply(ctx context.Context, c *talk) (Reply, error) {
	request, err := t.replyKey(c)
	if err != nil {
		return Reply{}, err
	}
	if old, err := t.parentReply(c); old != nil || err != nil {
		if err == nil {
			err = t.countParents(c, request)
		}
		if err != nil {
			return Reply{}, err
		}
		return *old, nil
	}
	if k, err := t.recordedReply(request); k != nil || err != nil {
		if err != nil {
			return Reply{}, err
		}
		return k.Reply, t.countRecorded(c, k.Usage)
	}
	if t.Strict {
		differs := ""
		if t.timing.Miss != "" {
			differs = "; the nearest one differs in " + t.timing.Miss
		}
		return Reply{}, pitwall.Errorf(pitwall.NotRecorded, "reply %d of this turn is not recorded%s", c.replies+1, differs).Hintf("leave out --strict-replay to ask the model")
	}
	need, err := c.price(c.estimate(len(request) + len(c.system) + c.toolBytes))
	if err != nil {
		return Reply{}, err
	}
	turn := t.new
	if err := turn.add(t.pending); err != nil {
		return Reply{}, err
	}
	if err := errors.Join(t.agent.afford(need, turn, t.old, t.lost), c.afford(need)); err != nil {
		return Reply{}, err
	}
	return t.fresh(ctx, c, request, need)
}

// recordedReply returns the reply to a request from the cache, nil without one.
func (t *turnRun) recordedReply(request []byte) (*recordedReply, error) {
	if t.Cache == nil {
		return nil, nil
	}
	body, err := t.recorded(replyKind, "", request)
	k := &recordedReply{}
	if err != nil || body == nil || json.Unmarshal(body, k) != nil {
		return nil, err
	}
	readable(k.Reply.Calls)
	return k, nil
}

// countRecorded counts a reply that is not asked for, at what it once used.
func (t *turnRun) countRecorded(c *talk, used Usage) error {
	t.timing.Cached++
	t.timing.Cache = "replies"
	c.used = c.used.Add(used)
	old, err := c.price(used)
	return errors.Join(err, t.old.add(old))
}

// countParents counts a reply that a fork keeps from its parent. What it used stands in the
// replay cache alone, and a limit of the turn needs it: the turn could afford more than the
// parent's could.
func (t *turnRun) countParents(c *talk, request []byte) error {
	k, err := t.recordedReply(request)
	switch {
	case err != nil:
		return err
	case k != nil:
		return t.countRecorded(c, k.Usage)
	case (t.agent.Budget.USDPerTurn > 0 || c.USDPerTurn > 0) && *c.Price != Price{}:
		return pitwall.Errorf(pitwall.NotRecorded, "turn %d keeps reply %d of its parent, whose cost counts for usd_per_turn and is not in the replay cache", t.timing.Turn, c.replies+1).
			Hintf("fork with the replay cache that the parent filled, or without usd_per_turn")
	}
	return t.countRecorded(c, Usage{})
}

// fresh asks the model and keeps what it said. The lock is open meanwhile.
func (t *turnRun) fresh(ctx context.Context, c *talk, request []byte, worst ledger) (Reply, error) {
	t.pending.usd, t.pending.tokens = t.pending.usd+worst.usd, t.pending.tokens+worst.tokens
	asked := t.Now()
	t.mu.Unlock()
	reply, err := c.Model.Reply(ctx, Request{System: c.system, Messages: c.messages, Tools: c.tools, Params: c.Params, MaxOutput: c.MaxOutput, MaxCalls: maxCalls + 1})
	t.mu.Lock()
	t.pending.usd, t.pending.tokens = t.pending.usd-worst.usd, t.pending.tokens-worst.tokens
	t.timing.ModelSeconds += t.Now().Sub(asked).Seconds()
	lost := reply.Tries
	if m, ok := errors.AsType[*ModelError](err); ok {
		t.timing.Tries = append(t.timing.Tries, m.Tries...)
		lost = append(slices.Clone(m.Tries), Try{Usage: m.Usage})
	}
	for _, try := range lost { // failed attempts are billed too, as far as they came
		cost, bad := c.price(try.Usage)
		if bad := errors.Join(bad, t.lost.add(cost)); bad != nil {
			return reply, bad
		}
	}
	if err != nil {
		return reply, err
	}
	t.timing.Asked++
	c.asked++
	t.timing.Tries = append(t.timing.Tries, reply.Tries...)
	for _, note := range reply.Notes {
		t.timing.Warnings = append(t.timing.Warnings, Warning{"request_adapted", note})
		if !slices.Contains(t.out.Notes, note) {
			t.out.Notes = append(t.out.Notes, note)
		}
	}
	readable(reply.Calls)
	if reply.Usage == (Usage{}) && (c.Price == nil || *c.Price != (Price{})) {
		reply.Usage = worst.usage // it reported none: the estimate counts
	}
	c.used = c.used.Add(reply.Usage)
	cost, err := c.price(reply.Usage)
	if err != nil {
		return reply, err
	}
	if err := t.new.add(cost); err != nil {
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
	if t.Cache != nil {
		if err := t.Cache.Put(replyKind, "", request, body); err != nil {
			t.warn("cache_failed", err.Error())
		}
	}
	return k.Reply, nil
}
