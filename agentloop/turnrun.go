package agentloop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"pitwall"
)

// turnRun is one turn in progress.
type turnRun struct {
	*loop
	client client // says which turn calls
	agent  *agentState
	rec    Turn
	t      Timing
	runCtx context.Context // of the run: the turn's own end does not cut a call that was begun

	mu      sync.Mutex // guards what follows, rec and t, while a Decider is at work
	talks   []*talk    // by role
	new     ledger     // spent in this turn
	old     ledger     // what its recorded replies cost once
	lost    ledger     // what failed attempts may have cost
	pending ledger     // the worst case of the calls under way
	calls   []repeat
	tools   int     // calls made
	failed  []error // of Ask
	broken  error   // the server was lost
	ordered bool    // an order, a change or a cancel was accepted
	decided bool    // the Decider has returned

	// uncacheable is a turn in which something failed that may succeed next time, such
	// as an external tool.
	uncacheable bool
}

// turn gives an agent its turn: from the cache, or by asking its Decider.
func (l *loop) turn(ctx context.Context, a *agentState, snap snapshot, why string) error {
	l.out.Turns++
	n, started := l.out.Turns, l.Now()
	v := &turnRun{loop: l, client: client{l.Session, n}, agent: a, runCtx: ctx, t: Timing{Turn: n, Agent: a.Name, Started: started.UTC().Format(time.RFC3339Nano)}}
	v.rec = Turn{Turn: n, AsOf: snap.asOf, Agent: a.Name, Model: a.ModelName, Why: why, StateDigest: snap.digest, System: a.self.system,
		Tools: a.self.toolNames(), ToolsDigest: a.self.keys.tools, Params: a.Params, Warnings: []Warning{}}
	for _, r := range a.roles {
		v.talks = append(v.talks, &talk{role: r})
		if r != a.self {
			v.rec.Roles = append(v.rec.Roles, RoleRecord{Name: r.Name, Model: r.ModelName, System: r.system, Tools: r.toolNames(), ToolsDigest: r.keys.tools, Params: r.Params})
		}
	}
	text := fmt.Sprintf("Turn %d. Bars since your last turn: %d.\n", n, snap.advanced)
	if why != "first" && why != "every" {
		text += "Why now: " + why + ".\n"
	}
	if a.disturbed {
		text += "After your last turn and at the same time another agent changed orders: open_orders below is how they stand.\n"
		a.disturbed = false
	}
	text += snap.text
	key, slot, err := v.key(text)
	if err != nil {
		return err
	}
	recorded, err := v.recall(key, slot)
	if err != nil {
		return err
	}
	if recorded != nil {
		if err := v.replay(ctx, recorded); err != nil {
			return err
		}
		return v.end(started, recorded.Turn, recorded.head.Summary, recorded.head.Status)
	}
	decision, failed := v.decide(ctx, text)
	if failed != nil && v.rec.Status == "" { // a lost server, a cancelled run: no turn that ended, but it may have cost
		return errors.Join(failed, v.settle())
	}
	body, line, err := v.record(decision, snap.equity)
	if err != nil {
		return err
	}
	if failed == nil {
		v.keep(key, slot, body, line)
	}
	if err := v.end(started, body, line, v.rec.Status); err != nil {
		return err // worse than what stopped the turn: its record is lost
	}
	return failed
}

// decide asks the Decider. A turn that is skipped has no decision; an error ends the
// run.
func (v *turnRun) decide(ctx context.Context, text string) (*Decision, error) {
	limited, cancel := context.WithTimeout(ctx, v.agent.Timeout)
	defer cancel()
	brief := &Brief{Turn: v.t.Turn, AsOf: v.rec.AsOf, Agent: v.agent.Name, Why: v.rec.Why, Text: text, run: v}
	for _, c := range v.talks {
		brief.Roles = append(brief.Roles, c.Name)
	}
	d, err := v.agent.Decider.Decide(limited, brief)
	if early := v.gather(); err == nil {
		err = early
	}
	if err == nil {
		err = v.overlooked()
	}
	if err != nil {
		return nil, v.stopped(ctx, limited, err)
	}
	return &d, nil
}

// gather moves what the roles said into the record, in the order of the roles.
func (v *turnRun) gather() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.decided = true
	v.rec.Messages = []Message{}
	for _, c := range v.talks {
		if c.busy {
			return fmt.Errorf("the decider %s returned while it was still asking %q", v.agent.DeciderName, c.Name)
		}
		c.refuseRest()
		for _, m := range c.messages {
			m.Role = c.Name
			v.rec.Messages = append(v.rec.Messages, m)
		}
		for _, w := range c.warnings {
			v.rec.warn(w.Kind, w.Detail)
		}
	}
	return nil
}

// overlooked returns a failure that ends the run or the turn although the Decider
// went on after it. After any other one the decision stands and is not kept for
// replay.
func (v *turnRun) overlooked() error {
	for _, err := range v.failed {
		m, model := errors.AsType[*ModelError](err)
		stop, refused := errors.AsType[*refusal](err)
		switch {
		case errors.Is(err, errSteps) || refused && !stop.whole:
		case model && !m.Stops(), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
			v.uncacheable = true
			v.warn("model_skipped", err.Error())
		default:
			return err
		}
	}
	return v.broken
}

// record encodes a turn and its line, and counts its warnings.
func (v *turnRun) record(d *Decision, equity float64) (body []byte, line json.RawMessage, err error) {
	v.rec.finish(v.agent.Schema, d)
	if body, err = json.MarshalIndent(v.rec, "", " "); err != nil {
		return nil, nil, fmt.Errorf("encoding the turn: %w", err)
	}
	summary := v.rec.Line()
	summary.Equity = &equity
	if line, err = json.Marshal(summary); err != nil {
		return nil, nil, fmt.Errorf("encoding the turn's line: %w", err)
	}
	for _, w := range v.rec.Warnings {
		v.out.Warnings[w.Kind]++
	}
	return append(body, '\n'), line, nil
}

// end books what a turn cost and hands its record over.
func (v *turnRun) end(started time.Time, body []byte, line json.RawMessage, status Status) error {
	a := v.agent
	if err := v.settle(); err != nil {
		return err
	}
	if a.near() {
		v.warn("budget_near", fmt.Sprintf("%s has used 80 %% of its budget: %v USD, %d tokens", a.Name, a.spent.usd, a.spent.tokens))
	}
	a.ordered = v.ordered
	v.t.Seconds = v.Now().Sub(started).Seconds()
	v.log(line, status)
	return v.Recorder.EndTurn(v.t.Turn, body, line, v.t)
}

// log writes the line of a turn for operators.
func (v *turnRun) log(line json.RawMessage, status Status) {
	var s TurnLine
	if !v.Log.Enabled(v.runCtx, slog.LevelInfo) || json.Unmarshal(line, &s) != nil {
		return
	}
	usd, cache, kinds := "unknown", "none", []string{}
	if v.t.USD != nil {
		usd = v.t.USD.String()
	}
	if v.t.Cache != "" {
		cache = v.t.Cache
	}
	for _, w := range append(s.Warnings, v.t.Warnings...) {
		kinds = append(kinds, w.Kind)
	}
	v.Log.Info("turn", "n", v.t.Turn, "as_of", v.rec.AsOf, "agent", v.agent.Name, "model", v.rec.Model, "cache", cache, "calls", strings.Join(s.Calls, " "), "status", string(status),
		"warnings", strings.Join(kinds, " "), "result", firstLine(s.Result), "asked", v.t.Asked, "cached", v.t.Cached, "usd", usd, "seconds", v.t.Seconds)
}

// settle adds what this turn used to the agent's and the run's sums.
func (v *turnRun) settle() error {
	if err := errors.Join(v.new.add(v.lost), v.agent.spent.add(v.new)); err != nil {
		return err
	}
	v.out.ModelCalls, v.out.CacheHits, v.out.ToolCalls = v.out.ModelCalls+v.t.Asked, v.out.CacheHits+v.t.Cached, v.out.ToolCalls+v.tools
	v.out.Usage = v.out.Usage.Add(v.new.usage)
	v.t.Usage, v.t.Recorded = v.new.usage, v.old.usage
	if v.t.Asked+v.t.Cached > 0 {
		v.out.Answered++
	}
	return errors.Join(book(&v.out.Cost, &v.t.USD, v.new), book(&v.out.Recorded, &v.t.RecordedUSD, v.old))
}

// book adds a cost to the run's sum. A sum with a part that is not known is not
// known: nil from then on.
func book(sum, turn **pitwall.Dec, l ledger) error {
	if l.unpriced {
		*sum = nil
		return nil
	}
	usd := l.usd
	*turn = &usd
	if *sum == nil {
		return nil
	}
	var c pitwall.Calc
	total := c.Add(**sum, usd)
	*sum = &total
	return c.Err
}

// warn is a warning that may differ between two runs: it goes beside the record.
func (v *turnRun) warn(kind, detail string) {
	v.t.Warnings = append(v.t.Warnings, Warning{kind, detail})
	v.out.Warnings[kind]++
	if v.out.First == "" && kind != "budget" {
		v.out.First = kind + ": " + detail
	}
	v.Log.Info(kind, "turn", v.t.Turn, "agent", v.agent.Name, "detail", detail)
}

// stopped tells a turn that is skipped from one that ends the run.
func (v *turnRun) stopped(run, turn context.Context, err error) error {
	if run.Err() != nil {
		return run.Err()
	}
	if v.broken != nil {
		return v.broken
	}
	if errors.Is(err, errSteps) {
		v.rec.Status = StatusStepLimit
		return nil
	}
	if stop, ok := errors.AsType[*refusal](err); ok {
		if stop.whole {
			v.rec.Error, v.rec.Status, v.out.Stopped = stop.text, StatusBudget, stop.text
			v.warn("budget", stop.text)
			return errBudget
		}
		v.rec.Error, v.rec.Status = stop.text, StatusTurnBudget
		return nil
	}
	if turn.Err() != nil {
		v.rec.Error, v.rec.Status = fmt.Sprintf("the turn took longer than %v and was stopped", v.agent.Timeout), StatusTimeout
		v.warn("model_skipped", v.rec.Error)
		return v.again(err)
	}
	m, ok := errors.AsType[*ModelError](err)
	switch {
	case ok:
	case len(v.failed) == 0:
		return fmt.Errorf("deciding: %w", err)
	default:
		return fmt.Errorf("asking the model: %w", err)
	}
	v.rec.Error, v.rec.Status = m.Error(), StatusModelError
	v.warn("model_skipped", m.Error())
	if m.Stops() {
		return fmt.Errorf("asking the model %s: %w", v.agent.ModelName, m)
	}
	return v.again(m)
}

// again counts a failure: a model that always fails would otherwise take its
// retries' time at every turn of a long run.
func (v *turnRun) again(err error) error {
	if v.agent.failures++; v.agent.failures < maxFailures {
		return nil
	}
	return fmt.Errorf("the model %s failed in %d turns in a row: %w", v.agent.ModelName, v.agent.failures, err)
}
