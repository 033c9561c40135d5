package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pitwall/agentloop"
)

// Desk is a team that decides. Fill in its fields and call [New].
type Desk struct {
	Analysts []string   // the roles that report, in the order of the record
	Pattern  string     // how analysts hear of each other; empty = parallel, see [Patterns]
	Rounds   int        // of the debate; 0 = none
	Compact  bool       // one role argues both sides and decides, in place of a debate
	Menu     []Strategy // those that the trader chooses from; none = its own
	// Portfolio makes the trader give views, which code turns into a plan; nil = it plans.
	Portfolio *Portfolio
	Trader    bool // without one nothing is planned, and so nothing is ordered
	Risk      bool // a risk manager reviews the plan
	Manager   bool // then a portfolio manager
	Memory    bool // its roles are reminded of beliefs and lessons, and plans are noted
	Critic    bool // one role writes lessons and reviews beliefs; needs Memory
	Alert     bool // while the memory has an alert the risk manager is the conservative one; needs Memory
	Parallel  int  // how many analysts are asked at the same time; 0 = one
	// OnlyPlans leaves what was approved unsent.
	OnlyPlans bool

	schemas map[string]json.RawMessage
}

// The roles that a desk has at most once.
const (
	bull    = "bull"
	bear    = "bear"
	judge   = "judge"
	trader  = "trader"
	risk    = "risk"
	wary    = "risk_conservative" // the risk manager under an alert
	manager = "manager"
	debater = "debate" // bull, bear and judge in one
)

// How analysts hear of each other. The debate is a pattern of its own: see Rounds.
const (
	parallel     = "parallel"     // at the same time; none sees another's report
	sequential   = "sequential"   // one after the other; each sees the reports before its own
	hierarchical = "hierarchical" // the trader gives tasks; each analyst sees its own, and reports to the trader
	broadcast    = "broadcast"    // all see all: analysts report, read every report and report again; reviewers read what the trader read
)

// Patterns lists the values of Pattern.
func Patterns() []string { return []string{parallel, sequential, hierarchical, broadcast} }

// New returns a desk that is ready to decide.
func New(d Desk) (*Desk, error) {
	for i, a := range d.Analysts {
		if slices.Contains([]string{critic, bull, bear, judge, debater, trader, risk, wary, manager, Recorder}, a) || slices.Contains(d.Analysts[:i], a) {
			return nil, fmt.Errorf("an analyst cannot be named %s: the desk has that role already", a)
		}
	}
	switch {
	case len(d.Seats()) == 0:
		return nil, errors.New("desk has no roles")
	case !d.Trader && (d.Risk || d.Manager):
		return nil, errors.New("a risk manager or portfolio manager reviews the plan of a trader, and the desk has none")
	case d.Pattern != "" && !slices.Contains(Patterns(), d.Pattern):
		return nil, fmt.Errorf("pattern is %q; use %s", d.Pattern, strings.Join(Patterns(), ", "))
	case d.Pattern == hierarchical && (!d.Trader || len(d.Analysts) == 0):
		return nil, errors.New("in the pattern hierarchical the trader gives analysts their tasks, and the desk lacks one or the other")
	case d.Compact && d.Rounds > 0:
		return nil, errors.New("a compact debate has no rounds")
	case (d.Critic || d.Alert) && !d.Memory:
		return nil, errors.New("a critic writes into the memory, and the strategy has none")
	case d.Portfolio != nil && (!d.Trader || len(d.Menu) > 0):
		return nil, errors.New("a portfolio takes the views of a trader, and no menu of strategies")
	case d.Rounds < 0 || d.Rounds > 10:
		return nil, fmt.Errorf("a debate of %d rounds; use 1 to 10", d.Rounds)
	}
	d.schemas = schemas()
	return &d, nil
}

// Name tells the desk from others that decide otherwise, for [agentloop.Agent].
func (d *Desk) Name() string {
	name := fmt.Sprintf("desk 2 of %s; %d rounds", strings.Join(d.Seats(), ", "), d.Rounds)
	if d.Pattern != "" && d.Pattern != parallel {
		name += "; " + d.Pattern
	}
	if d.OnlyPlans {
		name += "; only plans"
	}
	if d.Portfolio != nil {
		name += fmt.Sprintf("; views at %v %%", d.Portfolio.Volatility)
	}
	if d.Memory {
		name += "; memory 1"
	}
	return name
}

// Seats lists the desk's roles in the order of the record.
func (d *Desk) Seats() []string {
	var list []string
	if d.Critic {
		list = append(list, critic)
	}
	list = append(list, d.Analysts...)
	if d.Rounds > 0 {
		list = append(list, bull, bear, judge)
	}
	if d.Compact {
		list = append(list, debater)
	}
	for _, x := range []struct {
		has  bool
		role string
	}{{d.Trader, trader}, {d.Risk, risk}, {d.Risk && d.Alert, wary}, {d.Manager, manager}} {
		if x.has {
			list = append(list, x.role)
		}
	}
	return list
}

// Answers returns the kind of answer that a role gives.
func (d *Desk) Answers(role string) string {
	switch role {
	case bull, bear:
		return argument
	case judge:
		return judgement
	case debater:
		return compactDebate
	case trader:
		if d.Portfolio != nil {
			return views
		}
		return tradePlan
	case risk, wary, manager:
		return verdict
	case critic:
		return critique
	}
	return analystReports
}

// Acts returns the tools that the desk calls for a role and its model may not.
func (d *Desk) Acts(role string) (list []string) {
	if role == trader {
		list = append(list, submitTool, cancelTool)
	}
	if role == trader && d.Portfolio != nil {
		list = append(list, loadTool, queryTool, priceTool)
	}
	if d.Memory && (role == trader || role == critic) {
		list = append(list, noteTool)
	}
	return list
}

// Decide implements [agentloop.Decider].
func (d *Desk) Decide(ctx context.Context, b *agentloop.Brief) (agentloop.Decision, error) {
	rec := &Record{}
	if d.Memory {
		var err error
		if rec.memory, err = d.recall(ctx, b); err != nil {
			return agentloop.Decision{}, err
		}
	}
	if d.Critic && !b.Shadow {
		if err := d.criticise(ctx, b, rec); err != nil {
			return agentloop.Decision{}, err
		}
	}
	given, err := d.analyse(ctx, b, rec)
	if err != nil {
		return agentloop.Decision{}, err
	}
	if given == "" { // no analyst reported
		return rec.decision()
	}
	if given, err = d.argue(ctx, b, rec, given); err != nil {
		return agentloop.Decision{}, err
	}
	if d.Trader {
		if err := d.plan(ctx, b, rec, given); err != nil {
			return agentloop.Decision{}, err
		}
	}
	return rec.decision()
}

// decision ends the turn.
func (r *Record) decision() (agentloop.Decision, error) {
	raw, err := json.Marshal(r)
	if err != nil {
		return agentloop.Decision{}, fmt.Errorf("encoding the decision: %w", err)
	}
	return agentloop.Decision{Text: "RESULT: " + strings.ReplaceAll(r.summary(), "\n", " "), Output: raw}, nil
}

// askOne asks a single role. It reports whether there is an answer.
func (d *Desk) askOne(ctx context.Context, b *agentloop.Brief, rec *Record, q *question) (bool, error) {
	q.schema = d.Answers(q.role)
	reminder, err := d.remind(ctx, b, rec, q.role)
	if err != nil {
		return false, err
	}
	q.text += reminder + "\n\nYou are " + q.role + ". Answer with one " + q.schema + "."
	err = d.ask(ctx, b, q)
	return err == nil && rec.answered(q), err
}

// answered reports whether a question has an answer, and notes the role as absent if not.
func (r *Record) answered(q *question) bool {
	if q.absent != "" {
		r.Absent = append(r.Absent, Absent{q.role, q.absent})
	}
	return q.absent == ""
}

// compact encodes types of this package as JSON in one line.
func compact(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}
