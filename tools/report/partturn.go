package report

import (
	"regexp"
	"strings"

	"pitwall/agentloop"
)

// This file compares two turns: what was asked, called, answered and said. Prompts,
// parameters and models are settings, and no part of it.

// lineLength is the most of a differing line that is shown, in characters.
const lineLength = 160

// turnNumber matches the beginning of a question: runs that began on other days count
// otherwise.
var turnNumber = regexp.MustCompile(`^Turn \d+\. `)

// firstDifference returns the first difference of two turns, in the order of What's
// values: words may differ while decisions do not.
func firstDifference(x, y *agentloop.Turn) (What, [2]string) {
	if p, q := question(x), question(y); p != q && (p == "" || q == "" || !strings.HasPrefix(p, q) && !strings.HasPrefix(q, p)) { // a role is given more than a fork that decides by itself
		return DifferentState, firstLines(p, q)
	}
	p, q := asked(x), asked(y)
	for i := range max(len(p), len(q)) {
		switch a, b := at(p, i), at(q, i); {
		case a.text != b.text && (agentloop.ChangesOrders(a.name) || agentloop.ChangesOrders(b.name)):
			return DifferentOrders, Around(a.text, b.text)
		case a.text != b.text:
			return DifferentCall, Around(a.text, b.text)
		case a.result != b.result:
			return DifferentResult, firstLines(a.result, b.result)
		}
	}
	if p, q := spoken(x), spoken(y); p != q {
		return DifferentReply, firstLines(p, q)
	}
	if x.Status != y.Status || x.Error != y.Error {
		return DifferentStatus, [2]string{oneLine(string(x.Status) + " " + x.Error), oneLine(string(y.Status) + " " + y.Error)}
	}
	return "", [2]string{}
}

// question returns the text that a turn began with.
func question(t *agentloop.Turn) string {
	if len(t.Messages) == 0 {
		return ""
	}
	return turnNumber.ReplaceAllString(t.Messages[0].User, "")
}

// call is a call with its result.
type call struct{ name, text, result string }

// asked returns the calls of a turn, without some of their arguments.
func asked(t *agentloop.Turn, without ...string) (list []call) {
	for _, m := range t.Messages {
		if m.Reply == nil {
			continue
		}
		for i, c := range m.Reply.Calls {
			s := call{name: c.Name, text: c.Name + " " + Canonical(c.Arguments, without...)}
			s.result = at(m.Results, i).Text
			list = append(list, s)
		}
	}
	return list
}

// spoken returns all that a model wrote in a turn.
func spoken(t *agentloop.Turn) string {
	var b strings.Builder
	for _, m := range t.Messages {
		if m.Reply != nil {
			b.WriteString(m.Reply.Reasoning + "\n" + m.Reply.Text + "\n")
		}
	}
	return b.String()
}

// orderCalls returns the calls of a turn that change orders, without what has no effect
// on the market: the reason, the confidence, the caller's own id.
func orderCalls(t *agentloop.Turn) (list []string) {
	for _, c := range asked(t, "reason", "confidence", "client_order_id") {
		if agentloop.ChangesOrders(c.name) {
			list = append(list, c.text)
		}
	}
	return list
}

// firstLines returns the first differing lines of two texts.
func firstLines(a, b string) [2]string {
	p, q := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range max(len(p), len(q)) {
		if x, y := at(p, i), at(q, i); x != y {
			return Around(x, y)
		}
	}
	return [2]string{}
}

// Around shortens two differing lines to what is near their first difference.
func Around(a, b string) [2]string {
	p, q := []rune(oneLine(a)), []rune(oneLine(b))
	same := 0
	for same < min(len(p), len(q)) && p[same] == q[same] {
		same++
	}
	from := 0
	if max(len(p), len(q)) > lineLength && same > lineLength/2 {
		from = same - lineLength/2
	}
	return [2]string{window(p, from), window(q, from)}
}

func window(line []rune, from int) string {
	head, tail := "", ""
	if len(line) > 0 && from > 0 {
		head = "..."
	}
	line = line[min(from, len(line)):]
	if len(line) > lineLength {
		line, tail = line[:lineLength], "..."
	}
	return head + string(line) + tail
}
