package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pitwall/agentloop"
)

// CompactDebate is a debate that one role held with itself.
type CompactDebate struct {
	Bull Argument `json:"bull"`
	Bear Argument `json:"bear"`
	Judgement
}

// argue lets the desk argue, if it does. It returns given with the debate.
func (d *Desk) argue(ctx context.Context, b *agentloop.Brief, rec *Record, given string) (string, error) {
	if d.Compact {
		return d.argueAlone(ctx, b, rec, given)
	}
	if d.Rounds == 0 {
		return given, nil
	}
	rec.Debate = &Debate{}
	said, calls := map[string]string{}, map[string][]toolCall{}
	for n := 1; n <= d.Rounds; n++ {
		round := Round{}
		if n == 1 { // the openings know nothing of each other
			sides := []*question{{role: bull, text: given}, {role: bear, text: given}}
			answers := [2]Argument{}
			for i, q := range sides {
				reminder, err := d.remind(ctx, b, rec, q.role)
				if err != nil {
					return "", err
				}
				q.schema, q.text = argument, q.text+reminder+fmt.Sprintf("\nYou are %s. Round 1 of %d: open. Answer with one %s.", q.role, d.Rounds, argument)
				q.read = into(&answers[i], (*Argument).check)
			}
			if err := d.ask(ctx, b, sides...); err != nil {
				return "", err
			}
			if here := [2]bool{rec.answered(sides[0]), rec.answered(sides[1])}; !here[0] || !here[1] {
				rec.Debate = nil
				return given + noDebate, nil
			}
			for i, q := range sides {
				calls[q.role] = q.calls
				rec.cite(b, &answers[i], q)
			}
			round = Round{&answers[0], &answers[1]}
		} else {
			for _, side := range []struct {
				role, other string
				into        **Argument
			}{{bull, bear, &round.Bull}, {bear, bull, &round.Bear}} {
				var a Argument
				q := &question{role: side.role, calls: calls[side.role], text: fmt.Sprintf("Round %d of %d. The %s said:\n%s", n, d.Rounds, side.other, said[side.other]), read: into(&a, (*Argument).check)}
				ok, err := d.askOne(ctx, b, rec, q)
				if err != nil {
					return "", err
				}
				if ok {
					rec.cite(b, &a, q)
					calls[side.role] = q.calls
					*side.into, said[side.role] = &a, compact(a)
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
	given += rec.Debate.told()
	var j Judgement
	ok, err := d.askOne(ctx, b, rec, &question{role: judge, text: given, read: into(&j, (*Judgement).check)})
	if err != nil || !ok {
		return given, err
	}
	rec.Debate.Judgement = &j
	return given + judged(j), nil
}

// noDebate tells those who come after that none was held.
const noDebate = "\nThere was no debate.\n"

// argueAlone lets one role argue both sides and decide.
func (d *Desk) argueAlone(ctx context.Context, b *agentloop.Brief, rec *Record, given string) (string, error) {
	var c CompactDebate
	q := &question{role: debater, text: given, read: into(&c, (*CompactDebate).check)}
	ok, err := d.askOne(ctx, b, rec, q)
	if err != nil {
		return "", err
	}
	if !ok {
		return given + noDebate, nil
	}
	rec.cite(b, &c.Bull, q)
	rec.cite(b, &c.Bear, q)
	rec.Debate = &Debate{Rounds: []Round{{&c.Bull, &c.Bear}}, Judgement: &c.Judgement}
	return given + rec.Debate.told() + judged(c.Judgement), nil
}

// told writes the rounds for the roles that come after.
func (d *Debate) told() string {
	text := "\nDebate:\n"
	for i, r := range d.Rounds {
		text += fmt.Sprintf("round %d bull: %s\nround %d bear: %s\n", i+1, compact(r.Bull), i+1, compact(r.Bear))
	}
	return text
}

func judged(j Judgement) string { return judge + ": " + compact(j) + "\n" }

// cite flags evidence that is neither a report nor a call of the side's own.
func (r *Record) cite(b *agentloop.Brief, a *Argument, q *question) {
	for _, e := range a.Evidence {
		name, _, _ := strings.Cut(strings.TrimSpace(e), " ")
		if !q.fetched(e, b.Closes) && !slices.ContainsFunc(r.Reports, func(x Reported) bool { return x.Role == strings.Trim(name, ",:;") }) {
			a.Unfetched = append(a.Unfetched, e)
			b.Warn("evidence_not_fetched", fmt.Sprintf("%s cites %q, which is no report", q.role, e))
		}
	}
}
