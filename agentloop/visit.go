package agentloop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"pitwall"
)

// visit is one turn in progress.
type visit struct {
	*loop
	client client // says which turn calls
	agent  *agentState
	rec    Turn
	t      Timing
	new    ledger // spent in this turn
	old    ledger // what its recorded replies cost once
	calls  []repeat
	tools  int // calls made
	// unlucky is a turn in which an external tool failed: the next run may have
	// better luck, or the key that was missing.
	unlucky bool
	ordered bool   // an order, a change or a cancel was accepted
	lost    ledger // what failed attempts may have cost
}

// visit gives an agent its turn: from the cache, or by asking its model.
func (l *loop) visit(ctx context.Context, a *agentState, snap snapshot, why string) error {
	l.out.Turns++
	n, started := l.out.Turns, l.Now()
	v := &visit{loop: l, client: client{l.Session, n}, agent: a, t: Timing{Turn: n, Agent: a.Name, Started: started.UTC().Format(time.RFC3339Nano)}}
	v.rec = Turn{Turn: n, AsOf: snap.asOf, Agent: a.Name, Model: a.ModelName, Why: why, StateDigest: snap.digest, System: a.system,
		ToolsDigest: a.keys.tools, Params: a.Params, Warnings: []Warning{}}
	for _, t := range a.tools {
		v.rec.Tools = append(v.rec.Tools, t.Name)
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
	kept, err := v.recall(key, slot)
	if err != nil {
		return err
	}
	if kept != nil {
		if err := v.replay(ctx, kept); err != nil {
			return err
		}
		return v.end(started, kept.Turn, kept.head.Summary, kept.head.Status)
	}
	failed := v.ask(ctx, text)
	if failed != nil && v.rec.Status == "" { // a lost server, a cancelled run: no turn that ended, but it may have cost
		return errors.Join(failed, v.settle())
	}
	body, line, err := v.record(snap.equity)
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

// record encodes a turn and its line, and counts its warnings.
func (v *visit) record(equity float64) (body []byte, line json.RawMessage, err error) {
	v.rec.finish(v.agent)
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
func (v *visit) end(started time.Time, body []byte, line json.RawMessage, status Status) error {
	a := v.agent
	if err := v.settle(); err != nil {
		return err
	}
	if a.near() {
		v.warn("budget_near", fmt.Sprintf("%s has used 80 %% of its budget: %v USD, %d tokens", a.Name, a.spent.usd, a.spent.tokens))
	}
	a.ordered = v.ordered
	v.t.Seconds = v.Now().Sub(started).Seconds()
	usd := "?"
	if v.t.USD != nil {
		usd = v.t.USD.String()
	}
	v.Log.Info("turn", "n", v.t.Turn, "as_of", v.rec.AsOf, "agent", a.Name, "status", string(status), "tools", v.tools, "asked", v.t.Asked, "cached", v.t.Cached, "usd", usd)
	return v.Recorder.EndTurn(v.t.Turn, body, line, v.t)
}

// settle adds what this turn used to the agent's and the run's sums.
func (v *visit) settle() error {
	if err := errors.Join(v.new.add(v.lost), v.agent.spent.add(v.new)); err != nil {
		return err
	}
	v.out.ModelCalls, v.out.CacheHits, v.out.ToolCalls = v.out.ModelCalls+v.t.Asked, v.out.CacheHits+v.t.Cached, v.out.ToolCalls+v.tools
	v.out.Usage = v.out.Usage.Add(v.new.usage)
	v.t.Usage, v.t.Recorded = v.new.usage, v.old.usage
	if v.t.Asked+v.t.Cached > 0 {
		v.out.Answered++
	}
	return errors.Join(v.book(&v.out.Cost, &v.t.USD, v.new), v.book(&v.out.Recorded, &v.t.RecordedUSD, v.old))
}

// book adds a cost to the run's sum. A sum with a part that is not known is not
// known: nil from then on.
func (v *visit) book(sum **pitwall.Dec, turn **pitwall.Dec, l ledger) error {
	if v.agent.Price == nil && l.tokens > 0 {
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
func (v *visit) warn(kind, detail string) {
	v.t.Warnings = append(v.t.Warnings, Warning{kind, detail})
	v.out.Warnings[kind]++
	if v.out.First == "" && kind != "budget" {
		v.out.First = kind + ": " + detail
	}
	v.Log.Info(kind, "turn", v.t.Turn, "agent", v.agent.Name, "detail", detail)
}

// ask asks the model until it stops calling tools, and runs its calls. An error
// ends the run.
func (v *visit) ask(ctx context.Context, text string) error {
	a := v.agent
	v.rec.Messages = []Message{{User: text}}
	limited, cancel := context.WithTimeout(ctx, a.Timeout)
	defer cancel()
	for range a.MaxSteps {
		reply, err := v.reply(limited)
		if err != nil {
			return v.failed(ctx, limited, err)
		}
		a.failures = 0
		v.check(&reply)
		results, err := v.run(ctx, limited, reply.Calls)
		if err != nil {
			return err
		}
		v.rec.Messages = append(v.rec.Messages, Message{Reply: &reply, Results: results})
		if len(reply.Calls) == 0 {
			return nil
		}
		if err := limited.Err(); err != nil {
			return v.failed(ctx, limited, err)
		}
	}
	v.rec.Status = StatusStepLimit
	v.rec.warn("step_limit", fmt.Sprintf("stopped after %d replies", a.MaxSteps))
	return nil
}

// failed tells a turn that is skipped from one that ends the run.
func (v *visit) failed(run, turn context.Context, err error) error {
	if run.Err() != nil {
		return run.Err()
	}
	var stop *refused
	if errors.As(err, &stop) {
		if stop.whole {
			v.rec.Error, v.rec.Status, v.out.Stopped = stop.text, StatusBudget, stop.text
			v.warn("budget", stop.text)
			return errBudget
		}
		v.rec.Error, v.rec.Status = stop.text, StatusTurnBudget
		v.rec.warn("turn_budget", stop.text)
		return nil
	}
	m, ok := errors.AsType[*ModelError](err)
	if ok {
		v.t.Tries = append(v.t.Tries, m.Tries...)
	}
	if turn.Err() != nil {
		v.rec.Error, v.rec.Status = fmt.Sprintf("the turn took longer than %v and was stopped", v.agent.Timeout), StatusTimeout
		v.warn("model_skipped", v.rec.Error)
		return v.again(err)
	}
	if !ok {
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
func (v *visit) again(err error) error {
	if v.agent.failures++; v.agent.failures < maxFailures {
		return nil
	}
	return fmt.Errorf("the model %s failed in %d turns in a row: %w", v.agent.ModelName, v.agent.failures, err)
}

// check looks at a reply before its calls are run.
func (v *visit) check(r *Reply) {
	if len(r.Calls) > maxCalls {
		v.rec.warn("too_many_calls", fmt.Sprintf("%d calls in one reply: the first %d were run", len(r.Calls), maxCalls))
		r.Calls, r.Opaque = r.Calls[:maxCalls], nil // the provider's form holds all of them
	}
	switch r.Stop {
	case StopLength:
		v.rec.warn("output_limit", "a reply was cut at its limit of tokens")
	case StopRefused:
		v.rec.warn("refused", firstLine(r.Text))
	}
	if v.agent.answered != "" && r.Model != "" && r.Model != v.agent.answered {
		v.rec.warn("model_moved", fmt.Sprintf("the provider answered with %s, before with %s", r.Model, v.agent.answered))
	}
	if r.Model != "" {
		v.agent.answered = r.Model
	}
}

// passing reports whether a failure has to do with this machine and moment.
func passing(text string) bool {
	return strings.HasPrefix(text, "error "+string(pitwall.Timeout)) || strings.HasPrefix(text, "error "+string(pitwall.Internal))
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

// run makes the calls of one reply, one at a time, in the listed order. A turn
// whose time is up makes no further one; one that was begun is let end.
func (v *visit) run(ctx, turn context.Context, calls []Call) ([]Result, error) {
	results := make([]Result, 0, len(calls))
	for _, c := range calls {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		v.tools++
		name := strings.ReplaceAll(c.Name, ".", "_")
		refuse := ""
		switch {
		case turn.Err() != nil:
			refuse = "error TIMEOUT: the turn's time is up; this call was not made"
		case c.Arguments[0] != '{':
			refuse = "error INVALID_INPUT: the arguments are not a valid JSON object"
		case hidden[name]:
			refuse = "error UNKNOWN_TOOL: the loop moves the clock; end your turn to let time pass"
		case !v.agent.may(c.Name):
			refuse = "error UNKNOWN_TOOL: there is no tool " + c.Name + "; there is " + strings.Join(v.rec.Tools, ", ")
		}
		if refuse != "" {
			v.unlucky = v.unlucky || turn.Err() != nil
			results = append(results, Result{ID: c.ID, Name: c.Name, IsError: true, Text: refuse})
			v.rec.warn("tool_error", firstLine(refuse))
			continue
		}
		r, err := v.client.call(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("calling %s: %w", c.Name, err)
		}
		if r.IsError {
			v.rec.warn("tool_error", c.Name+": "+firstLine(r.Text))
			v.unlucky = v.unlucky || v.agent.traits[name].Identity != "" || passing(r.Text)
		}
		if removed := r.futureDated(); removed != "" {
			v.rec.warn("future_dated", c.Name+": "+removed)
		}
		if k := v.agent.traits[name]; k.Kind == kindSetup || k.Kind == kindChange {
			v.ordered = v.ordered || ChangesOrders(name) && !r.IsError
			v.calls = append(v.calls, repeat{len(v.rec.Messages), c.Name, string(c.Arguments), r.Text, r.IsError})
		}
		results = append(results, r.Result)
	}
	return results, nil
}
