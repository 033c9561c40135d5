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
	Analysts []string // the roles that report, in the order of the record
	Rounds   int      // of the debate; 0 = none
	Trader   bool     // without one nothing is planned, and so nothing is ordered
	Risk     bool     // a risk manager reviews the plan
	Manager  bool     // then a portfolio manager
	Parallel int      // how many analysts are asked at the same time; 0 = one

	schemas map[string]json.RawMessage
}

// The roles that a desk has at most once.
const (
	bull    = "bull"
	bear    = "bear"
	judge   = "judge"
	trader  = "trader"
	risk    = "risk"
	manager = "manager"
)

// New returns a desk that is ready to decide.
func New(d Desk) (*Desk, error) {
	for i, a := range d.Analysts {
		if slices.Contains([]string{bull, bear, judge, trader, risk, manager}, a) || slices.Contains(d.Analysts[:i], a) {
			return nil, fmt.Errorf("an analyst cannot be named %s: the desk has that role already", a)
		}
	}
	switch {
	case len(d.Seats()) == 0:
		return nil, errors.New("desk has no roles")
	case !d.Trader && (d.Risk || d.Manager):
		return nil, errors.New("a risk manager or portfolio manager reviews the plan of a trader, and the desk has none")
	case d.Rounds < 0 || d.Rounds > 10:
		return nil, fmt.Errorf("a debate of %d rounds; use 1 to 10", d.Rounds)
	}
	d.schemas = schemas()
	return &d, nil
}

// Name tells the desk from others that decide otherwise, for [agentloop.Agent].
func (d *Desk) Name() string {
	return fmt.Sprintf("desk 2 of %s; %d rounds", strings.Join(d.Seats(), ", "), d.Rounds)
}

// Seats lists the desk's roles in the order of the record.
func (d *Desk) Seats() []string {
	list := slices.Clone(d.Analysts)
	if d.Rounds > 0 {
		list = append(list, bull, bear, judge)
	}
	for _, x := range []struct {
		has  bool
		role string
	}{{d.Trader, trader}, {d.Risk, risk}, {d.Manager, manager}} {
		if x.has {
			list = append(list, x.role)
		}
	}
	return list
}

// Answers returns the kind of answer that a role gives.
func Answers(role string) string {
	switch role {
	case bull, bear:
		return argument
	case judge:
		return judgement
	case trader:
		return tradePlan
	case risk, manager:
		return verdict
	}
	return analystReports
}

// Acts returns the tools that the desk calls for a role and its model may not.
func Acts(role string) []string {
	if role == trader {
		return []string{submitTool}
	}
	return nil
}

// Decide implements [agentloop.Decider].
func (d *Desk) Decide(ctx context.Context, b *agentloop.Brief) (agentloop.Decision, error) {
	rec := &Record{}
	given, err := d.analyse(ctx, b, rec)
	if err != nil {
		return agentloop.Decision{}, err
	}
	if given == "" { // no analyst reported
		return rec.decision()
	}
	if d.Rounds > 0 {
		if given, err = d.debate(ctx, b, rec, given); err != nil {
			return agentloop.Decision{}, err
		}
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
	q.schema = Answers(q.role)
	q.text += "\n\nYou are " + q.role + ". Answer with one " + q.schema + "."
	err := d.ask(ctx, b, q)
	return err == nil && rec.answered(q), err
}

// answered reports whether a question has an answer, and notes the role as absent if not.
func (r *Record) answered(q *question) bool {
	if q.absent != "" {
		r.Absent = append(r.Absent, Absent{q.role, q.absent})
	}
	return q.absent == ""
}

// analyse asks the analysts. It returns what the others are given: empty when none of
// them reported.
func (d *Desk) analyse(ctx context.Context, b *agentloop.Brief, rec *Record) (string, error) {
	var list []*question
	answers := make([]AnalystReports, len(d.Analysts))
	for i, role := range d.Analysts {
		list = append(list, &question{role: role, schema: Answers(role), text: b.Text + "\nYou are " + role + ". Answer with one " + Answers(role) + ".",
			read: into(&answers[i], (*AnalystReports).check)})
	}
	if err := d.ask(ctx, b, list...); err != nil {
		return "", err
	}
	given := b.Text + "\nReports of the analysts:\n"
	for i, q := range list {
		if !rec.answered(q) {
			given += q.role + ": absent\n"
			continue
		}
		for j, r := range answers[i].Reports {
			for _, e := range r.Evidence {
				if !q.fetched(e, b.Closes) {
					answers[i].Reports[j].Unfetched = append(answers[i].Reports[j].Unfetched, e)
					b.Warn("evidence_not_fetched", fmt.Sprintf("%s on %s cites %q", q.role, r.Symbol, e))
				}
			}
		}
		rec.Reports = append(rec.Reports, Reported{q.role, answers[i]})
		given += q.role + ": " + compact(answers[i]) + "\n"
	}
	switch {
	case len(d.Analysts) == 0:
		return b.Text, nil
	case len(rec.Reports) > 0:
		return given, nil
	}
	for _, q := range list { // a model that failed makes this a failed turn
		if _, failed := errors.AsType[*agentloop.ModelError](q.err); failed {
			return "", q.err
		}
	}
	return "", nil
}

// debate lets bull and bear argue and a judge decide. It returns given with the debate.
func (d *Desk) debate(ctx context.Context, b *agentloop.Brief, rec *Record, given string) (string, error) {
	rec.Debate = &Debate{}
	said := map[string]string{}
	for n := 1; n <= d.Rounds; n++ {
		round := Round{}
		if n == 1 { // the openings know nothing of each other
			sides := []*question{{role: bull, text: given}, {role: bear, text: given}}
			answers := [2]Argument{}
			for i, q := range sides {
				q.schema, q.text = argument, q.text+fmt.Sprintf("\nYou are %s. Round 1 of %d: open. Answer with one %s.", q.role, d.Rounds, argument)
				q.read = into(&answers[i], (*Argument).check)
			}
			if err := d.ask(ctx, b, sides...); err != nil {
				return "", err
			}
			if here := [2]bool{rec.answered(sides[0]), rec.answered(sides[1])}; !here[0] || !here[1] {
				rec.Debate = nil
				return given + "\nThere was no debate.\n", nil
			}
			round = Round{rec.argued(b, bull, &answers[0]), rec.argued(b, bear, &answers[1])}
		} else {
			for _, side := range []struct {
				role, other string
				into        **Argument
			}{{bull, bear, &round.Bull}, {bear, bull, &round.Bear}} {
				var a Argument
				ok, err := d.askOne(ctx, b, rec, &question{role: side.role, text: fmt.Sprintf("Round %d of %d. The %s said:\n%s", n, d.Rounds, side.other, said[side.other]), read: into(&a, (*Argument).check)})
				if err != nil {
					return "", err
				}
				if ok {
					*side.into = rec.argued(b, side.role, &a)
					said[side.role] = compact(a)
				}
			}
		}
		if n == 1 {
			said[bull], said[bear] = compact(round.Bull), compact(round.Bear)
		}
		rec.Debate.Rounds = append(rec.Debate.Rounds, round)
		if round.Bull == nil || round.Bear == nil {
			break
		}
	}
	given += "\nDebate:\n"
	for i, r := range rec.Debate.Rounds {
		given += fmt.Sprintf("round %d bull: %s\nround %d bear: %s\n", i+1, compact(r.Bull), i+1, compact(r.Bear))
	}
	var j Judgement
	ok, err := d.askOne(ctx, b, rec, &question{role: judge, text: given, read: into(&j, (*Judgement).check)})
	if err != nil || !ok {
		return given, err
	}
	rec.Debate.Judgement = &j
	return given + "judge: " + compact(j) + "\n", nil
}

// argued flags evidence that is no report.
func (r *Record) argued(b *agentloop.Brief, side string, a *Argument) *Argument {
	for _, e := range a.Evidence {
		name, _, _ := strings.Cut(strings.TrimSpace(e), " ")
		if name != "snapshot" && !slices.ContainsFunc(r.Reports, func(x Reported) bool { return x.Role == strings.Trim(name, ",:;") }) {
			a.Unfetched = append(a.Unfetched, e)
			b.Warn("evidence_not_fetched", fmt.Sprintf("%s cites %q, which is no report", side, e))
		}
	}
	return a
}

// plan asks the trader, lets the plan be reviewed and sends what is left of it.
func (d *Desk) plan(ctx context.Context, b *agentloop.Brief, rec *Record, given string) error {
	var p TradePlan
	q := &question{role: trader, text: given, read: into(&p, (*TradePlan).check, func(p *TradePlan) error { return checkPlan(p, b.Held) })}
	ok, err := d.askOne(ctx, b, rec, q)
	if err != nil {
		return err
	}
	if !ok {
		if _, failed := errors.AsType[*agentloop.ModelError](q.err); failed {
			return q.err
		}
		return nil
	}
	rec.Plan = &p
	orders := p.Orders
	reviewed := b.Text + "\nPlan of the trader:\n" + compact(p) + "\n"
	for _, x := range []struct {
		sits bool
		role string
		into **Review
	}{{d.Risk, risk, &rec.Risk}, {d.Manager, manager, &rec.Manager}} {
		if !x.sits || len(orders) == 0 {
			continue
		}
		var v Verdict
		left := []PlannedOrder{}
		ok, err := d.askOne(ctx, b, rec, &question{role: x.role, text: reviewed, read: into(&v, (*Verdict).check, func(v *Verdict) error {
			var err error
			left, err = apply(orders, *v, b.Held)
			return err
		})})
		if err != nil {
			return err
		}
		if !ok { // no verdict, no order
			return nil
		}
		*x.into = &Review{Verdict: v, Original: orders, Modified: left}
		reviewed += "\nVerdict of " + x.role + ":\n" + compact(v) + "\nOrders that are left:\n" + compact(left) + "\n"
		orders = left
	}
	rec.Approved = orders
	return d.send(ctx, b, rec)
}

// compact encodes types of this package as JSON in one line.
func compact(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}
