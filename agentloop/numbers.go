package agentloop

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// This file marks the numbers in an order's reason that nothing in the turn gave the
// model: neither what it was told and answered before, nor simple arithmetic on that. A
// mark is a warning, never a refusal: a rounding that is not foreseen here must not stop
// a trade.

const (
	newestNumbers = 120 // that arithmetic is tried with: with more of them any number follows
	smallNumber   = 10  // whole numbers up to it count things
)

var (
	// notFigures are dates, times, periods, names with digits in them and marks of data.
	notFigures = regexp.MustCompile(`</?data [^>\n]*>|\d{4}-\d{2}(-\d{2})?(T[\d:.+-]+Z?)?|\d{1,2}:\d{2}(:\d{2})?|[A-Za-z_]+[\w:]*\d[\w:.]*|` +
		`\d+[- ]?(day|week|month|year|hour|minute|min|bar|session|period|d|w|h|m|y)s?\b`)
	figure  = regexp.MustCompile(`\d+(\.\d+)?(\s?(k|K|M|bn|B|million|billion)\b)?`)
	grouped = regexp.MustCompile(`\b\d{1,3}(,\d{3})+\b`) // by thousands: in prose, not in tables
	scales  = map[string]float64{"k": 1e3, "K": 1e3, "M": 1e6, "million": 1e6, "bn": 1e9, "B": 1e9, "billion": 1e9}
)

// stated is a number as a text writes it.
type stated struct {
	text  string
	value float64
	half  float64 // half of its last digit: it may be rounded
}

// figures finds the numbers of a text. A sign is a matter of words ("fell 3 %").
func figures(text string) (list []stated) {
	for _, s := range figure.FindAllString(notFigures.ReplaceAllString(text, " "), -1) {
		scale, digits := 1.0, s
		for word, x := range scales {
			if rest, ok := strings.CutSuffix(digits, word); ok {
				scale, digits = x, strings.TrimSpace(rest)
				break
			}
		}
		v, err := strconv.ParseFloat(digits, 64)
		if err != nil {
			continue
		}
		_, decimals, _ := strings.Cut(digits, ".")
		list = append(list, stated{s, v * scale, scale * math.Pow(10, -float64(len(decimals))) / 2})
	}
	return list
}

// knownNumbers are the numbers that the model had seen, newest last, each once.
type knownNumbers struct {
	list []float64
	seen map[float64]bool
}

func (k *knownNumbers) add(text string) {
	for _, s := range figures(text) {
		if !k.seen[s.value] {
			k.seen[s.value] = true
			k.list = append(k.list, s.value)
		}
	}
}

// support reports whether a number was seen or follows from two that were: by a sum, a
// difference, a product, a ratio or a change in percent.
func (k *knownNumbers) support(s stated) bool {
	near := func(v float64) bool { return math.Abs(math.Abs(v)-s.value) <= s.half*(1+1e-9) }
	if slices.ContainsFunc(k.list, func(v float64) bool { return near(v) || near(v*100) || near(v/100) }) {
		return true
	}
	newest := k.list[max(0, len(k.list)-newestNumbers):]
	for _, a := range newest {
		for _, b := range newest {
			if near(a+b) || near(a-b) || near(a*b) || b != 0 && (near(a/b) || near(a/b*100) || near((a/b-1)*100)) {
				return true
			}
		}
	}
	return false
}

// unsupported warns of the numbers in the reasons of orders that nothing supports.
func (t *Turn) unsupported() {
	claimed := func(c Call) bool { list, _, _ := claims(c); return len(list) > 0 }
	if !slices.ContainsFunc(t.Messages, func(m Message) bool { return m.Reply != nil && slices.ContainsFunc(m.Reply.Calls, claimed) }) {
		return // nothing to look for
	}
	known := &knownNumbers{seen: map[float64]bool{}}
	known.add(t.System)
	answered := func(m Message) {
		known.add(m.User)
		for _, r := range m.Results {
			known.add(r.Text)
		}
	}
	if len(t.Roles) > 0 { // what one role reads another may have told it
		for _, m := range t.Messages {
			answered(m)
		}
	}
	for _, m := range t.Messages {
		if m.Reply != nil {
			for _, c := range m.Reply.Calls {
				t.checkReason(c, known)
			}
		}
		answered(m)
	}
}

// claims returns the numbers in the reason of a call that changes orders which should
// come from somewhere, the reason, and the call's other arguments.
func claims(c Call) (list []stated, reason, own string) {
	args := map[string]any{}
	if json.Unmarshal(c.Arguments, &args) != nil {
		return nil, "", ""
	}
	reason, _ = args["reason"].(string)
	delete(args, "reason")
	if raw, err := json.Marshal(args); err == nil {
		own = string(raw)
	}
	if !ChangesOrders(c.Name) {
		return nil, reason, own
	}
	for _, s := range figures(grouped.ReplaceAllStringFunc(reason, func(s string) string { return strings.ReplaceAll(s, ",", "") })) {
		whole := s.half == 0.5
		if !whole || s.value > smallNumber && (s.value < 1900 || s.value >= 2100) { // neither a count nor a year
			list = append(list, s)
		}
	}
	return list, reason, own
}

// checkReason checks one call, whose own arguments are known too.
func (t *Turn) checkReason(c Call, known *knownNumbers) {
	list, reason, own := claims(c)
	known.add(own)
	for _, s := range list {
		if !known.support(s) {
			t.warn("unsupported_number", fmt.Sprintf("%s: no answer of the turn holds %s of the reason %q", c.Name, s.text, clipped(reason, 100)))
		}
	}
}
