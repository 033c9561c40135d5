package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"pitwall/agentloop"
)

// question is what a role is asked, and what came of it.
type question struct {
	role, text string
	schema     string
	read       func(raw json.RawMessage) error // decodes and checks the answer

	heard  []string // the analysts whose reports it may cite
	calls  []toolCall
	reply  agentloop.Reply
	err    error  // of Ask
	again  string // why it was asked once more
	absent string // why there is no answer
	done   bool
}

// toolCall is a call of a role with its answer.
type toolCall struct {
	call   agentloop.Call
	result agentloop.Result
}

// into decodes an answer into v and checks it.
func into[T any](v *T, checks ...func(*T) error) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		*v = *new(T)
		if err := json.Unmarshal(raw, v); err != nil {
			return err
		}
		for _, check := range checks {
			if err := check(v); err != nil {
				return err
			}
		}
		return nil
	}
}

// ask asks roles until each has answered or is absent. An error ends the turn.
func (d *Desk) ask(ctx context.Context, b *agentloop.Brief, list ...*question) error {
	for {
		var open []*question
		for _, q := range list {
			if !q.done {
				open = append(open, q)
			}
		}
		if len(open) == 0 {
			return nil
		}
		var wg sync.WaitGroup
		slots := make(chan struct{}, max(1, d.Parallel))
		for _, q := range open {
			slots <- struct{}{}
			wg.Go(func() {
				q.reply, q.err = b.Ask(ctx, q.role, q.text)
				<-slots
			})
		}
		wg.Wait()
		for _, q := range open { // in the order of the roles
			if err := d.take(ctx, b, q); err != nil {
				return err
			}
		}
	}
}

// take reads a reply: it makes its calls, or it is the answer.
func (d *Desk) take(ctx context.Context, b *agentloop.Brief, q *question) error {
	q.text = ""
	switch {
	case q.err != nil && (ctx.Err() != nil || agentloop.Ends(q.err)):
		return q.err
	case q.err != nil:
		q.leave(b, q.err.Error())
		return nil
	case len(q.reply.Calls) == 0 && q.reply.Stop == agentloop.StopPaused:
		return nil
	case len(q.reply.Calls) > 0:
		for _, c := range q.reply.Calls {
			r, err := b.Call(ctx, q.role, c)
			if err != nil {
				return err
			}
			q.calls = append(q.calls, toolCall{c, r})
		}
		return nil
	}
	why := q.answer(d.schemas[q.schema])
	switch {
	case why == "":
		q.done = true
		if q.again != "" {
			b.Warn("answer_repaired", q.role+": "+q.again)
		}
	case q.again == "":
		q.again = why
		q.text = "This is no " + q.schema + ": " + why + ". Answer again, with the whole object and nothing else."
	default:
		q.leave(b, why)
	}
	return nil
}

// answer reads the reply, and returns why it is none.
func (q *question) answer(schema json.RawMessage) string {
	switch {
	case q.reply.Stop == agentloop.StopRefused:
		return "the answer was refused"
	case strings.TrimSpace(q.reply.Text) == "":
		return "the answer is empty"
	}
	raw, err := agentloop.Structured(schema, q.reply.Text)
	if err == nil {
		err = q.read(raw)
	}
	switch {
	case err != nil && q.reply.Stop == agentloop.StopLength:
		return "the answer was cut at its limit of tokens, so be shorter: " + err.Error()
	case err != nil:
		return err.Error()
	}
	return ""
}

// leave ends a question without an answer.
func (q *question) leave(b *agentloop.Brief, why string) {
	q.done, q.absent = true, why
	b.Warn("role_absent", fmt.Sprintf("%s: %s", q.role, why))
}

// fetched reports whether evidence names a call that the role made, with an answer, and
// whose arguments or answer hold the symbols that it names: those of the snapshot, and the
// words behind the tool that look like one (TSLA, BRK.B).
func (q *question) fetched(evidence string, symbols map[string]float64) bool {
	words := strings.FieldsFunc(evidence, func(r rune) bool { return strings.ContainsRune(" \t\n,:;()", r) })
	if len(words) == 0 {
		return false
	}
	if words[0] == "snapshot" {
		return true
	}
	tool := strings.ReplaceAll(words[0], ".", "_")
	named := words[1:]
	if i := slices.IndexFunc(named, func(w string) bool { return !tickerLike.MatchString(w) }); i >= 0 {
		named = named[:i]
	}
	for _, w := range words[1:] {
		if _, is := symbols[w]; is {
			named = append(slices.Clip(named), w)
		}
	}
	for _, m := range q.calls {
		if m.result.IsError || strings.ReplaceAll(m.call.Name, ".", "_") != tool {
			continue
		}
		arguments := string(m.call.Arguments)
		if !slices.ContainsFunc(named, func(w string) bool {
			// arguments name indicators in lower case: rsi:14
			return !holdsWord(arguments, w) && !holdsWord(m.result.Text, w) && !holdsWord(arguments, strings.ToLower(w))
		}) {
			return true
		}
	}
	return false
}

// tickerLike matches what may be a symbol: upper case, with a class, pair or index mark.
var tickerLike = regexp.MustCompile(`^\^?[A-Z][A-Z0-9]*([.\-/=][A-Z0-9]+)*$`)

// holdsWord reports whether a text holds a word with no part of another one beside it: T is
// not in TSLA, and BRK not in BRK.B.
func holdsWord(text, word string) bool {
	return regexp.MustCompile(`(?:^|[^\w.\-/]|(?:^|\W)[.\-/])` + regexp.QuoteMeta(word) + `(?:$|[^\w.\-/]|[.\-/](?:$|\W))`).MatchString(text)
}
