package scripts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// params reads a strategy's params, each with its preset value; the first wrong
// one is kept in err.
type params struct {
	given map[string]any
	err   error
}

// read takes a strategy's params, refusing those that a script does not know.
func read(given map[string]any, known ...string) *params {
	p := &params{given: given}
	for _, k := range slices.Sorted(maps.Keys(given)) {
		switch {
		case slices.Contains(known, k) || p.err != nil:
		case len(known) == 0:
			p.err = fmt.Errorf("params: unknown %q; this script takes none", k)
		default:
			p.err = fmt.Errorf("params: unknown %q; this script takes %s", k, strings.Join(known, ", "))
		}
	}
	return p
}

func (p *params) bad(name string, v any, use string) {
	if p.err == nil {
		p.err = fmt.Errorf("params: %s is %v; use %s", name, v, use)
	}
}

// whole is a whole number of things from low to high.
func (p *params) whole(name string, preset, low, high int, things string) int {
	v, given := p.given[name]
	if !given {
		return preset
	}
	n, ok := v.(int)
	if !ok || n < low || n > high {
		p.bad(name, v, fmt.Sprintf("a whole number of %s from %d to %d", things, low, high))
		return preset
	}
	return n
}

// number is a number above 0.
func (p *params) number(name string, preset float64) float64 {
	switch v := p.given[name].(type) {
	case nil:
		return preset
	case int:
		if v > 0 {
			return float64(v)
		}
	case float64:
		if v > 0 {
			return v
		}
	}
	p.bad(name, p.given[name], "a number above 0")
	return preset
}

// share is a share of equity from 0 to 1.
func (p *params) share(name string, preset float64) float64 {
	v, given := p.given[name]
	if !given {
		return preset
	}
	n, ok := v.(float64)
	if i, whole := v.(int); whole {
		n, ok = float64(i), true
	}
	if !ok || n < 0 || n > 1 {
		p.bad(name, v, "a share of equity from 0 to 1")
	}
	return n
}

// text is a word such as a symbol.
func (p *params) text(name, preset string) string {
	v, given := p.given[name]
	if !given {
		return preset
	}
	s, ok := v.(string)
	if !ok || s == "" {
		p.bad(name, v, "a word, in quotes if need be")
	}
	return s
}

// day is a date such as 2025-01-02, or empty.
func (p *params) day(name string) string {
	switch v := p.given[name].(type) {
	case nil:
		return ""
	case time.Time: // how YAML reads a date without quotes
		return v.Format(time.DateOnly)
	case string:
		if _, err := time.Parse(time.DateOnly, v); err == nil {
			return v
		}
	}
	p.bad(name, p.given[name], "a date such as 2025-01-02")
	return ""
}

// texts is a list of words.
func (p *params) texts(name string) []string {
	v, given := p.given[name]
	if !given {
		return nil
	}
	return p.words(name, v)
}

func (p *params) words(name string, v any) (words []string) {
	list, ok := v.([]any)
	for _, x := range list {
		s, isText := x.(string)
		ok = ok && isText && s != ""
		words = append(words, s)
	}
	if !ok {
		p.bad(name, v, "a list such as [A, B]")
	}
	return words
}

// lists is a list of words per key, with the keys in order.
func (p *params) lists(name string) (keys []string, of map[string][]string) {
	of = map[string][]string{}
	v, given := p.given[name]
	m, ok := v.(map[string]any)
	if given && !ok {
		p.bad(name, v, "a mapping such as {AAPL: [Apple]}")
	}
	for k, v := range m {
		keys = append(keys, k)
		of[k] = p.words(name+"."+k, v)
	}
	slices.Sort(keys)
	return keys, of
}
