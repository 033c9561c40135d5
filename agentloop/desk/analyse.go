package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pitwall/agentloop"
)

// Assignments is what the trader of a hierarchical desk begins with. An analyst without a
// task is not asked.
type Assignments struct {
	Tasks []Task `json:"tasks"`
}

// Task is what one analyst is asked to find out.
type Task struct {
	Analyst string `json:"analyst"`
	Task    string `json:"task"`
}

// analyst is one of those that report, in a turn.
type analyst struct {
	*question
	answer   AnalystReports
	reminder string // of the memory
}

// analyse asks the analysts, in the order and with what the pattern lets them see. It
// returns what the others are given: empty when none of them reported.
func (d *Desk) analyse(ctx context.Context, b *agentloop.Brief, rec *Record) (string, error) {
	if len(d.Analysts) == 0 {
		return b.Text, nil
	}
	if d.Pattern == hierarchical {
		if err := d.assign(ctx, b, rec); err != nil {
			return "", err
		}
	}
	var list []*analyst
	var together []*question
	for _, role := range d.Analysts {
		task := rec.task(role)
		if rec.Tasks != nil && task == "" {
			continue
		}
		reminder, err := d.remind(ctx, b, rec, role)
		if err != nil {
			return "", err
		}
		x := &analyst{reminder: reminder, question: &question{role: role, schema: analystReports, text: b.Text + after("\nYour task: ", task) + reminder + instruction(role)}}
		x.read = into(&x.answer, (*AnalystReports).check)
		list, together = append(list, x), append(together, x.question)
	}
	if len(list) == 0 { // none has a task
		return b.Text, nil
	}
	reported := "\nReports of the analysts:\n"
	if d.Pattern == sequential {
		for i, x := range list {
			if i > 0 {
				x.text, x.heard = b.Text+reported+x.reminder+instruction(x.role), heard(rec.Reports)
			}
			if err := d.ask(ctx, b, x.question); err != nil {
				return "", err
			}
			reported += rec.hear(b, x)
		}
	} else {
		if err := d.ask(ctx, b, together...); err != nil {
			return "", err
		}
		for _, x := range list {
			reported += rec.hear(b, x)
		}
	}
	if len(rec.Reports) == 0 {
		for _, x := range list { // a model that failed makes this a failed turn
			if _, failed := errors.AsType[*agentloop.ModelError](x.err); failed {
				return "", x.err
			}
		}
		return "", nil
	}
	if d.Pattern == broadcast {
		var err error
		if reported, err = d.hearAgain(ctx, b, rec, list, reported); err != nil {
			return "", err
		}
	}
	return b.Text + reported, nil
}

func instruction(role string) string {
	return "\nYou are " + role + ". Answer with one " + analystReports + "."
}

// hear notes what an analyst said, flags evidence that no call returned, and returns it
// for those who come after.
func (r *Record) hear(b *agentloop.Brief, x *analyst) string {
	if !r.answered(x.question) {
		return x.role + ": absent\n"
	}
	for j, a := range x.answer.Reports {
		for _, e := range a.Evidence {
			name, _, _ := strings.Cut(strings.TrimSpace(e), " ")
			if !x.fetched(e, b.Closes) && !slices.Contains(x.heard, strings.Trim(name, ",:;")) {
				x.answer.Reports[j].Unfetched = append(x.answer.Reports[j].Unfetched, e)
				b.Warn("evidence_not_fetched", fmt.Sprintf("%s on %s cites %q", x.role, a.Symbol, e))
			}
		}
	}
	r.Reports = append(r.Reports, Reported{x.role, x.answer})
	return x.role + ": " + compact(x.answer) + "\n"
}

// hearAgain shows every report to every analyst that gave one, and asks for its last
// word. Of one that has none the first stands.
func (d *Desk) hearAgain(ctx context.Context, b *agentloop.Brief, rec *Record, list []*analyst, reported string) (string, error) {
	first := rec.Reports
	rec.Reports = nil
	var again []*analyst
	var together []*question
	for _, x := range list {
		if x.absent != "" {
			continue
		}
		y := &analyst{question: &question{role: x.role, schema: analystReports, calls: x.calls, heard: heard(first), text: reported[1:] + "Every analyst has read these. Report again, changed or not." + instruction(x.role)}}
		y.read = into(&y.answer, (*AnalystReports).check)
		again, together = append(again, y), append(together, y.question)
	}
	if err := d.ask(ctx, b, together...); err != nil {
		return "", err
	}
	reported = "\nReports of the analysts:\n"
	for i, y := range again {
		if y.absent != "" {
			rec.Absent = append(rec.Absent, Absent{y.role, y.absent})
			rec.Reports = append(rec.Reports, first[i])
			reported += y.role + ": " + compact(first[i].AnalystReports) + "\n"
			continue
		}
		reported += rec.hear(b, y)
	}
	return reported, nil
}

// heard lists who reported.
func heard(list []Reported) (roles []string) {
	for _, r := range list {
		roles = append(roles, r.Role)
	}
	return roles
}

// assign lets the trader give tasks. Without an answer every analyst is asked, without a
// task.
func (d *Desk) assign(ctx context.Context, b *agentloop.Brief, rec *Record) error {
	var a Assignments
	q := &question{role: trader, schema: assignments, text: b.Text + "\nAnalysts: " + strings.Join(d.Analysts, ", ") + "\nYou lead them: before you plan, give each whose work you need today a task. This time match this schema of " + assignments + ":\n" + string(d.schemas[assignments]) +
		"\n\nYou are trader. Answer with one " + assignments + ".",
		read: into(&a, func(a *Assignments) error { return a.check(d.Analysts) })}
	if err := d.ask(ctx, b, q); err != nil {
		return err
	}
	if rec.answered(q) {
		rec.Tasks = a.Tasks
	}
	return nil
}

func (a *Assignments) check(analysts []string) error {
	for i, t := range a.Tasks {
		switch {
		case !slices.Contains(analysts, t.Analyst):
			return fmt.Errorf("the desk has no analyst %s; it has %s", t.Analyst, strings.Join(analysts, ", "))
		case slices.ContainsFunc(a.Tasks[:i], func(x Task) bool { return x.Analyst == t.Analyst }):
			return fmt.Errorf("two tasks of %s; give one", t.Analyst)
		}
	}
	return nil
}

// task returns what an analyst is to find out, empty without a task.
func (r *Record) task(analyst string) string {
	for _, t := range r.Tasks {
		if t.Analyst == analyst {
			return t.Task
		}
	}
	return ""
}
