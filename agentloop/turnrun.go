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
	timing Timing
	runCtx context.Context // of the run: the turn's own end does not cut a call that was begun

	mu      sync.Mutex // guards what follows, rec and timing, while a Decider is at work
	talks   []*talk    // by role
	notes   []Warning  // of the Decider
	new     ledger     // spent in this turn
	old     ledger     // what its recorded replies cost once
	lost    ledger     // what failed attempts may have cost
	pending ledger     // the worst case of the calls under way
	calls   []repeat
	tools   int     // calls made
	failed  []error // of Ask
	broken  error   // the server was lost
	stops   bool    // the model's failure would come again at every further turn
	ordered bool    // an order, a change or a cancel was accepted
	decided bool    // the Decider has returned
	gate    *shut   // keeps the agent out of this turn; nil = it decides

	// uncacheable is a turn in which something failed that may succeed next time, such
	// as an external tool.
	uncacheable bool
}

// turn gives an agent its turn: from the cache, or by asking its Decider.
func (l *loop) turn(ctx context.Context, a *agentState, snap snapshot, why string) error {
	l.out.Turns++
	w := a.world
	w.turns++
	n, started := l.out.Turns, l.Now()
	t := &turnRun{loop: l, client: client{w.client.session, n, why == whyShadow}, agent: a, runCtx: ctx, timing: Timing{Turn: n, Agent: a.Name, Started: started.UTC().Format(time.RFC3339Nano)}}
	t.rec = Turn{Turn: n, AsOf: snap.asOf, Agent: a.Name, Model: a.ModelName, Why: why, StateDigest: snap.digest, System: a.self.system,
		Tools: a.self.toolNames(), ToolsDigest: a.self.keys.tools, Params: a.Params, Warnings: []Warning{}}
	for _, r := range a.roles {
		t.talks = append(t.talks, &talk{role: r})
		if r != a.self {
			t.rec.Roles = append(t.rec.Roles, RoleRecord{Name: r.Name, Model: r.ModelName, System: r.system, Tools: r.toolNames(), ToolsDigest: r.keys.tools, Params: r.Params})
		}
	}
	text := fmt.Sprintf("Turn %d. Bars since your last turn: %d.\n", w.turns-w.shadows, snap.advanced)
	if t.rec.Shadow() {
		w.shadows++
	}
	if why != "first" && why != "every" && why != whyShadow {
		text += "Why now: " + why + ".\n"
	}
	if a.disturbed {
		text += "After your last turn and at the same time another agent changed orders: open_orders below is how they stand.\n"
		a.disturbed = false
	}
	if a.Gate != nil {
		label, err := a.Gate.regime(ctx, w.client)
		if err != nil {
			return err
		}
		g := shut{a.Gate, label}
		text += g.text()
		if g.closed() {
			t.gate = &g
		}
	}
	text += snap.text
	if l.Fork != nil && n < l.Fork.Turn {
		return t.stand(ctx, text, snap.equity, started)
	}
	key, slot, err := t.key(text)
	if err != nil {
		return err
	}
	recorded, err := t.recall(key, slot)
	if err != nil {
		return err
	}
	if recorded != nil {
		if err := t.replay(ctx, recorded); err != nil {
			return err
		}
		failed := t.skipped(recorded.head.Status, errors.New(recorded.head.Error), recorded.head.Stops)
		if err := t.end(started, recorded.Turn, recorded.head.Summary, recorded.head.Status); err != nil {
			return err
		}
		return failed
	}
	decision, failed := t.decide(ctx, text, snap)
	if failed != nil && t.rec.Status == "" { // a lost server, a cancelled run: no turn that ended, but it may have cost
		return errors.Join(failed, t.settle())
	}
	body, line, err := t.record(decision, snap.equity)
	if err != nil {
		return err
	}
	t.keep(key, slot, body, line)
	if err := t.end(started, body, line, t.rec.Status); err != nil {
		return err // worse than what stopped the turn: its record is lost
	}
	return failed
}

// decide asks the Decider. A turn that is skipped has no decision; an error ends the
// run.
func (t *turnRun) decide(ctx context.Context, text string, snap snapshot) (*Decision, error) {
	limited, cancel := context.WithTimeout(ctx, t.agent.Timeout)
	defer cancel()
	brief := &Brief{Shadow: t.rec.Shadow(), Turn: t.timing.Turn, AsOf: t.rec.AsOf, Agent: t.agent.Name, Why: t.rec.Why, Text: text, Held: snap.held, Open: snap.open, Closes: map[string]float64{}, run: t}
	for _, b := range snap.closes {
		brief.Closes[b.symbol] = b.close
	}
	for _, c := range t.talks {
		brief.Roles = append(brief.Roles, c.Name)
	}
	decider := t.decider(t.timing.Turn, t.agent)
	if t.gate != nil {
		decider, t.talks[0].messages = t.gate, []Message{{User: text}}
	}
	if t.Fork.here(t.timing.Turn) && t.Fork.Without == nil {
		t.talks[0].messages = []Message{{User: text}} // what the fork decides about
	}
	d, err := decider.Decide(limited, brief)
	if early := t.gather(); err == nil {
		err = early
	}
	if err == nil {
		err = t.overlooked()
	}
	if err != nil {
		return nil, t.stopped(ctx, limited, err)
	}
	return &d, nil
}

// gather moves what the roles said into the record, in the order of the roles.
func (t *turnRun) gather() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.decided = true
	t.rec.Messages = []Message{}
	for _, c := range t.talks {
		if c.busy {
			return fmt.Errorf("the decider %s returned while it was still asking %q", t.agent.DeciderName, c.Name)
		}
		c.refuseRest()
		for _, m := range c.messages {
			m.Role = c.Name
			t.rec.Messages = append(t.rec.Messages, m)
		}
		for _, w := range c.warnings {
			t.rec.warn(w.Kind, w.Detail)
		}
	}
	for _, w := range t.notes {
		t.rec.warn(w.Kind, w.Detail)
	}
	return nil
}

// Ends reports whether a failure of Ask ends the run or the turn even if the Decider
// goes on.
func Ends(err error) bool {
	stop, refused := errors.AsType[*refusal](err)
	return err != nil && !errors.Is(err, errSteps) && (!refused || stop.whole) && !mayDiffer(err)
}

// mayDiffer reports whether what failed may succeed next time.
func mayDiffer(err error) bool {
	m, model := errors.AsType[*ModelError](err)
	return model && !m.Stops() || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// overlooked returns a failure that ends the run or the turn although the Decider
// went on after it. After any other one the decision stands; where it may differ next
// time, it is not kept for replay.
func (t *turnRun) overlooked() error {
	for _, err := range t.failed {
		switch {
		case Ends(err):
			return err
		case mayDiffer(err):
			t.uncacheable = true
			t.warn("model_skipped", err.Error())
		}
	}
	return t.broken
}

// record encodes a turn and its line, and counts its warnings.
func (t *turnRun) record(d *Decision, equity float64) (body []byte, line json.RawMessage, err error) {
	t.rec.finish(t.agent.Schema, d)
	if body, err = json.MarshalIndent(t.rec, "", " "); err != nil {
		return nil, nil, fmt.Errorf("encoding the turn: %w", err)
	}
	summary := t.rec.Line()
	summary.Equity = &equity
	if line, err = json.Marshal(summary); err != nil {
		return nil, nil, fmt.Errorf("encoding the turn's line: %w", err)
	}
	t.out.count(t.rec.Warnings)
	return append(body, '\n'), line, nil
}

// end books what a turn cost and hands its record over.
func (t *turnRun) end(started time.Time, body []byte, line json.RawMessage, status Status) error {
	a := t.agent
	if status == StatusModelError || status == StatusTimeout {
		t.out.Failed++
	} else {
		a.failures = 0
	}
	if err := t.settle(); err != nil {
		return err
	}
	if a.near() {
		t.warn("budget_near", fmt.Sprintf("%s has used 80 %% of its budget: %v USD, %d tokens", a.Name, a.spent.usd, a.spent.tokens))
	}
	a.ordered = t.ordered
	t.timing.Seconds = t.Now().Sub(started).Seconds()
	t.log(line, status)
	return t.Recorder.EndTurn(t.timing.Turn, body, line, t.timing)
}

// log writes the line of a turn for operators.
func (t *turnRun) log(line json.RawMessage, status Status) {
	var s TurnLine
	if !t.Log.Enabled(t.runCtx, slog.LevelInfo) || json.Unmarshal(line, &s) != nil {
		return
	}
	usd, cache, kinds := "unknown", "none", []string{}
	if t.timing.USD != nil {
		usd = t.timing.USD.String()
	}
	if t.timing.Cache != "" {
		cache = t.timing.Cache
	}
	for _, w := range append(s.Warnings, t.timing.Warnings...) {
		kinds = append(kinds, w.Kind)
	}
	t.Log.Info("turn", "n", t.timing.Turn, "as_of", t.rec.AsOf, "agent", t.agent.Name, "model", t.rec.Model, "cache", cache, "calls", strings.Join(s.Calls, " "), "status", string(status),
		"warnings", strings.Join(kinds, " "), "result", firstLine(s.Result), "asked", t.timing.Asked, "cached", t.timing.Cached, "usd", usd, "seconds", t.timing.Seconds)
}

// settle adds what this turn used to the agent's and the run's sums.
func (t *turnRun) settle() error {
	if err := errors.Join(t.new.add(t.lost), t.agent.spent.add(t.new)); err != nil {
		return err
	}
	t.out.ModelCalls, t.out.CacheHits, t.out.ToolCalls = t.out.ModelCalls+t.timing.Asked, t.out.CacheHits+t.timing.Cached, t.out.ToolCalls+t.tools
	t.out.Usage = t.out.Usage.Add(t.new.usage)
	t.timing.Usage, t.timing.Recorded = t.new.usage, t.old.usage
	for _, c := range t.talks {
		if c.used == (Usage{}) && c.asked == 0 || c.Name == "" {
			continue
		}
		cost, err := c.price(c.used)
		if err != nil {
			return err
		}
		use := RoleUse{Role: c.Name, Asked: c.asked, Usage: c.used}
		if !cost.unpriced {
			use.USD = &cost.usd
		}
		t.timing.Roles = append(t.timing.Roles, use)
	}
	return errors.Join(book(&t.out.Cost, &t.timing.USD, t.new), book(&t.out.Recorded, &t.timing.RecordedUSD, t.old))
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
func (t *turnRun) warn(kind, detail string) {
	t.timing.Warnings = append(t.timing.Warnings, Warning{kind, detail})
	t.out.Warnings[kind]++
	if t.out.First == "" && kind != "budget" {
		t.out.First = kind + ": " + detail
	}
	t.Log.Info(kind, "turn", t.timing.Turn, "agent", t.agent.Name, "detail", detail)
}

// stopped tells a turn that is skipped from one that ends the run.
func (t *turnRun) stopped(run, turn context.Context, err error) error {
	if run.Err() != nil {
		return run.Err()
	}
	if t.broken != nil {
		return t.broken
	}
	if errors.Is(err, errSteps) {
		t.rec.Status = StatusStepLimit
		return nil
	}
	if stop, ok := errors.AsType[*refusal](err); ok {
		if stop.whole {
			t.rec.Error, t.rec.Status = stop.text, StatusBudget
			return t.skipped(t.rec.Status, stop, false)
		}
		t.rec.Error, t.rec.Status = stop.text, StatusTurnBudget
		return nil
	}
	if turn.Err() != nil {
		t.rec.Error, t.rec.Status = fmt.Sprintf("the turn took longer than %v and was stopped", t.agent.Timeout), StatusTimeout
		return t.skipped(t.rec.Status, errors.New(t.rec.Error), false)
	}
	m, ok := errors.AsType[*ModelError](err)
	switch {
	case ok:
	case len(t.failed) == 0:
		return fmt.Errorf("deciding: %w", err)
	default:
		return fmt.Errorf("asking the model: %w", err)
	}
	t.rec.Error, t.rec.Status, t.stops = m.Error(), StatusModelError, m.Stops()
	return t.skipped(t.rec.Status, m, t.stops)
}

// again counts a failed turn, whatever it did before it failed: a model that always
// fails would otherwise take its retries' time at every turn of a long run.
func (t *turnRun) again(err error) error {
	if t.agent.failures++; t.agent.failures < maxFailures {
		return nil
	}
	return fmt.Errorf("the model %s failed in %d turns in a row: %w", t.agent.ModelName, t.agent.failures, err)
}
