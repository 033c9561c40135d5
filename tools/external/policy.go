package external

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"pitwall"
	"pitwall/tools"
)

// TimePolicy says how the future is kept out of a tool's answers. In a simulation
// at least one of the three must be declared: nothing else keeps a service that
// answers as of today from telling the future.
type TimePolicy struct {
	Clamp    []Clamp // parameters that are at most now
	Known    string  // the field (dotted) of each row that says when it was known
	Timeless bool    // answers do not depend on time
}

// Clamp is a parameter of an upper date and how it is written: time (RFC 3339),
// date, epoch (s) or epoch_ms.
type Clamp struct {
	Param  string `yaml:"param"`
	Format string `yaml:"format"`
}

func (c Clamp) numeric() bool { return c.Format == "epoch" || c.Format == "epoch_ms" }

// coversErrors reports whether a policy covers the whole answer, not rows only.
func (t TimePolicy) coversErrors() bool { return t.Timeless || len(t.Clamp) > 0 }

// declared refuses a tool of a simulation that declares nothing.
func (t TimePolicy) declared(name string, m pitwall.Mode) error {
	if m != pitwall.Sim || t.coversErrors() || t.Known != "" {
		return nil
	}
	return pitwall.Errorf(pitwall.NotTimeSafe, "tool %s does not say how it keeps the future out of a backtest", name).
		Hintf("declare clamp (parameters set to at most now), known (the field of each row that says when it was known) or timeless: true; or when: live")
}

// filled are the parameters that are set when they are left out.
func (t TimePolicy) filled(m pitwall.Mode) []string {
	var names []string
	for _, c := range t.Clamp {
		if m == pitwall.Sim {
			names = append(names, c.Param)
		}
	}
	return names
}

// checkFormats refuses clamps that need not be looked up to be wrong.
func checkFormats(name string, list []Clamp) error {
	for i, c := range list {
		if !c.numeric() && c.Format != "time" && c.Format != "date" {
			return pitwall.Errorf(pitwall.StrategyError, "tool %s: clamp of %s: format is %q", name, c.Param, c.Format).Hintf("use time, date, epoch or epoch_ms")
		}
		if slices.ContainsFunc(list[:i], func(o Clamp) bool { return o.Param == c.Param }) {
			return pitwall.Errorf(pitwall.StrategyError, "tool %s: duplicate clamp of %s", name, c.Param)
		}
	}
	return nil
}

// checkParameters refuses clamps of what is no parameter, or not one of a fitting type.
func (t TimePolicy) checkParameters(name string, in *jsonschema.Schema) error {
	for _, c := range t.Clamp {
		var p *jsonschema.Schema
		if in != nil {
			p = in.Properties[c.Param]
		}
		if p == nil {
			return pitwall.Errorf(pitwall.StrategyError, "tool %s: clamp names %q, which is not a parameter", name, c.Param)
		}
		if p.Type != "string" && !(c.numeric() && (p.Type == "integer" || p.Type == "number")) {
			return pitwall.Errorf(pitwall.StrategyError, "tool %s: clamped parameter %s is of type %q", name, c.Param, p.Type).Hintf("format %s needs a string%s", c.Format, map[bool]string{true: ", an integer or a number"}[c.numeric()])
		}
	}
	return nil
}

// clamp lowers parameters to now and says which it lowered. A value that was not
// given is set without a word: there was nothing else to ask for.
func (t TimePolicy) clamp(now Moment, in *jsonschema.Schema, args map[string]json.RawMessage) ([]string, error) {
	if now.Mode != pitwall.Sim {
		return nil, nil
	}
	var notes []string
	for _, c := range t.Clamp {
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

// most returns the latest value allowed.
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
	return pitwall.Errorf(pitwall.InvalidInput, "argument %s is %q", c.Param, tools.OneLine(v, 60)).Hintf("write %s, or leave it out for now", form)
}

// unbounded reports whether a value is one that services take for no bound at all:
// it counts as not given.
func (c Clamp) unbounded(v string) bool {
	if n, err := strconv.ParseFloat(v, 64); err == nil && decimalNumber.MatchString(v) && c.numeric() {
		return n <= 0
	}
	return v < "1900" && (c.Format == "time" || c.Format == "date") && len(v) > 4 && v[4] == '-'
}

// later reports whether a value reaches beyond now. A date names a
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
