package tools

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"pitwall"
)

// Wall says how the wall holds for an outside tool. In a simulation at least one
// of the three must be there: nothing else keeps a service that answers as of
// today from telling the future.
type Wall struct {
	Clamp    []Clamp // parameters that are at most now
	Known    string  // the field (dotted) of each row that says when it was known
	Timeless bool    // answers do not depend on time
}

// Clamp is a parameter of an upper date and how it is written: time (RFC 3339),
// date, epoch (s) or epoch_ms.
type Clamp struct{ Param, Format string }

func (r Wall) declared() bool { return len(r.Clamp) > 0 || r.Known != "" || r.Timeless }

// vouched reports whether a declaration covers the whole answer, not rows only.
func (r Wall) vouched() bool { return r.Timeless || len(r.Clamp) > 0 }

func (r Wall) undeclared(name string) error {
	return pitwall.Errorf(pitwall.NotTimeSafe, "tool %s does not say how it keeps the future out of a backtest", name).
		Hintf("declare clamp (parameters set to at most now), known (the field of each row that says when it was known) or timeless: true; or when: live")
}

// filled are the parameters that are set when they are left out.
func (r Wall) filled(m pitwall.Mode) []string {
	var names []string
	for _, c := range r.Clamp {
		if m == pitwall.Sim {
			names = append(names, c.Param)
		}
	}
	return names
}

// Declared refuses a tool of a simulation that declares nothing.
func (r Wall) Declared(name string, m pitwall.Mode) error {
	if m == pitwall.Sim && !r.declared() {
		return r.undeclared(name)
	}
	return nil
}

// check refuses a rule that cannot hold.
func (r Wall) check(name string, in *jsonschema.Schema, m pitwall.Mode, broken bool) error {
	if err := r.Declared(name, m); err != nil {
		return err
	}
	for i, c := range r.Clamp {
		numeric := c.Format == "epoch" || c.Format == "epoch_ms"
		if !numeric && c.Format != "time" && c.Format != "date" {
			return pitwall.Errorf(pitwall.StrategyError, "tool %s: the clamp of %s has format %q", name, c.Param, c.Format).Hintf("use time, date, epoch or epoch_ms")
		}
		if slices.ContainsFunc(r.Clamp[:i], func(o Clamp) bool { return o.Param == c.Param }) {
			return pitwall.Errorf(pitwall.StrategyError, "tool %s: %s is clamped twice", name, c.Param)
		}
		if broken {
			continue // its parameters are not known
		}
		var p *jsonschema.Schema
		if in != nil {
			p = in.Properties[c.Param]
		}
		if p == nil {
			return pitwall.Errorf(pitwall.StrategyError, "tool %s: clamp names %q, which is not a parameter", name, c.Param)
		}
		if p.Type != "string" && !(numeric && (p.Type == "integer" || p.Type == "number")) {
			return pitwall.Errorf(pitwall.StrategyError, "tool %s: clamped parameter %s is of type %q", name, c.Param, p.Type).Hintf("format %s needs a string%s", c.Format, map[bool]string{true: ", an integer or a number"}[numeric])
		}
	}
	return nil
}

// clamp lowers parameters to now and says which it lowered. A value that was not
// given is set without a word: there was nothing else to ask for.
func (r Wall) clamp(now Moment, in *jsonschema.Schema, args map[string]json.RawMessage) ([]string, error) {
	if now.Mode != pitwall.Sim {
		return nil, nil
	}
	var notes []string
	for _, c := range r.Clamp {
		most := c.most(now)
		given, err := c.given(args[c.Param])
		if err != nil {
			return nil, err
		}
		if given != "" && !c.unbounded(given) {
			later, err := c.later(now, given)
			if err != nil {
				return nil, err
			}
			if !later {
				continue
			}
			notes = append(notes, c.Param+" lowered to "+most)
		}
		args[c.Param] = c.encode(in, most)
	}
	return notes, nil
}

// most is the latest value that may be asked for.
func (c Clamp) most(now Moment) string {
	switch c.Format {
	case "date":
		return lastWholeDay(now)
	case "epoch":
		return strconv.FormatInt(now.Now.Unix(), 10)
	case "epoch_ms":
		return strconv.FormatInt(now.Now.UnixMilli(), 10)
	}
	return now.Now.In(now.Zone).Format(time.RFC3339)
}

// encode writes a value as the schema wants it.
func (c Clamp) encode(in *jsonschema.Schema, v string) json.RawMessage {
	if p := in.Properties[c.Param]; p != nil && p.Type != "string" {
		return json.RawMessage(v)
	}
	return json.RawMessage(strconv.Quote(v))
}

// given is the value as text; empty when there is none.
func (c Clamp) given(raw json.RawMessage) (string, error) {
	if raw == nil {
		return "", nil
	}
	if raw[0] != '"' {
		return string(raw), nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", c.unreadable(string(raw))
	}
	return strings.TrimSpace(s), nil
}

func (c Clamp) unreadable(v string) error {
	form := map[string]string{"time": "2020-01-31T16:00:00-05:00", "date": "2020-01-31", "epoch": "seconds since 1970, as 1580504400", "epoch_ms": "milliseconds since 1970, as 1580504400000"}[c.Format]
	return pitwall.Errorf(pitwall.InvalidInput, "argument %s is %q", c.Param, oneLine(v, 60)).Hintf("write %s, or leave it out for now", form)
}

// unbounded reports whether a value is one that services take for no bound at all:
// it counts as not given.
func (c Clamp) unbounded(v string) bool {
	if n, err := strconv.ParseFloat(v, 64); err == nil && decimalNumber.MatchString(v) && (c.Format == "epoch" || c.Format == "epoch_ms") {
		return n <= 0
	}
	return v < "1900" && (c.Format == "time" || c.Format == "date") && len(v) > 4 && v[4] == '-'
}

// later reports whether a value asks for more than is known now. A date names a
// whole day, so today is later than now.
func (c Clamp) later(now Moment, v string) (bool, error) {
	switch c.Format {
	case "date":
		if _, err := time.Parse(time.DateOnly, v); err != nil {
			return false, c.unreadable(v)
		}
		return v > lastWholeDay(now), nil
	case "epoch", "epoch_ms":
		n, err := strconv.ParseFloat(v, 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) || !decimalNumber.MatchString(v) {
			return false, c.unreadable(v)
		}
		if c.Format == "epoch" {
			return n > float64(now.Now.Unix()), nil
		}
		return n > float64(now.Now.UnixMilli()), nil
	}
	if t, err := time.Parse(time.RFC3339, v); err == nil {
		return t.After(now.Now), nil
	}
	if _, err := time.Parse(time.DateOnly, v); err == nil {
		return dayOver(v, lastZone).After(now.Now), nil
	}
	return false, c.unreadable(v)
}

// lastZone is where a day ends last. A bare date where a time is wanted may be
// read in any zone: it must be over in all of them.
var lastZone = time.FixedZone("", -12*3600)

// FutureDated is what the wall removed from an answer. It is for operators: the
// count itself is news from tomorrow, so it is never in what a model reads.
type FutureDated struct {
	Removed    int    `json:"removed"` // rows known after now
	Newest     string `json:"newest,omitempty"`
	Unreadable int    `json:"unreadable,omitempty"` // rows without a time in the known field: removed too
}

// shown is what is left of an answer.
type shown struct {
	rows    []any
	columns []string // of a CSV answer, in its order
	text    string
	isText  bool
	future  FutureDated
}

// show applies the wall to a payload.
func (r Wall) show(now Moment, p Payload, path string, fields []string) (shown, error) {
	var s shown
	switch p.Form {
	case CSV:
		rows, columns, err := csvRows(p.Body)
		if err != nil {
			return s, &Said{Message: "its CSV cannot be read: " + err.Error(), Hint: "decide without it"}
		}
		s.rows, s.columns = rows, columns
	case JSON:
		rows, err := jsonRows(p.Body, path)
		if err != nil {
			return s, err
		}
		s.rows = rows
	default:
		if r.Known != "" && now.Mode == pitwall.Sim {
			return s, &Said{Message: "its answer is text, not rows that say when they were known", Hint: "decide without it"}
		}
		s.isText, s.text = true, clean(string(p.Body))
		return s, nil
	}
	if r.Known != "" {
		s.drop(now, r.Known)
	}
	for i, row := range s.rows {
		s.rows[i] = cleaned(keep(row, fields))
	}
	if len(fields) > 0 {
		s.columns = fields
	}
	return s, nil
}

// drop removes rows that are not known now, and those that do not say.
func (s *shown) drop(now Moment, field string) {
	var newest time.Time
	kept := s.rows[:0:0]
	for _, row := range s.rows {
		t, ok := knownAt(at(row, field), now.Zone)
		if ok && !t.After(now.Now) {
			kept = append(kept, row)
			continue
		}
		if !ok {
			s.future.Unreadable++
			continue
		}
		s.future.Removed++
		if t.After(newest) {
			newest = t
			s.future.Newest = t.In(now.Zone).Format(time.RFC3339)
		}
	}
	s.rows = kept
}

// keep leaves the named fields of a row.
func keep(row any, fields []string) any {
	m, ok := row.(map[string]any)
	if !ok || len(fields) == 0 {
		return row
	}
	out := map[string]any{}
	for _, f := range fields {
		if v, ok := m[f]; ok {
			out[f] = v
		}
	}
	return out
}

// at follows a dotted path; nil when it leads nowhere.
func at(v any, path string) any {
	if m, ok := v.(map[string]any); ok && m[path] != nil {
		return m[path] // a column whose name holds a dot
	}
	for name := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}
