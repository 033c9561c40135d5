package driver

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"pitwall"
)

// This file is a strategy's `params:`: named values for its rule, its prompts and its
// scripts, so that one of them can be changed without editing the text.

// placeholder is the place of a value in a rule or a prompt, {name}, or {name=value} with
// what stands there where params say nothing. Braces around a name that params do not have
// stay as they are.
var placeholder = regexp.MustCompile(`\{([a-z][a-z0-9_]*)(=[^{}=\s]+)?\}`)

// SetParam sets a value as the command line writes it: name=value.
func (s *Strategy) SetParam(text string) error {
	name, value, ok := strings.Cut(text, "=")
	var v any
	if !ok || !columnName.MatchString(name) || yaml.Unmarshal([]byte(value), &v) != nil || v == nil {
		return pitwall.Errorf(pitwall.InvalidInput, "param %q", text).Hintf("write name=value, for example lookback=50")
	}
	s.Params = maps.Clone(s.Params)
	if s.Params == nil {
		s.Params = map[string]any{}
	}
	s.Params[name] = v
	return nil
}

// fill puts the values into a text.
func (s *Strategy) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		name, preset, has := strings.Cut(found[1:len(found)-1], "=")
		if v, ok := s.Params[name]; ok {
			return fmt.Sprint(v)
		}
		if has {
			return preset
		}
		return found
	})
}

// withParams gives an agent the values: its prompt, a script's params, and those of a
// model's params that it names itself.
func (s *Strategy) withParams(a Agent) Agent {
	a.Prompt = s.fill(a.Prompt)
	for name, v := range s.Params {
		if s.takes(a, name) {
			a.Params = maps.Clone(a.Params)
			if a.Params == nil {
				a.Params = map[string]any{}
			}
			a.Params[name] = v
		}
	}
	return a
}

// takes reports whether a value is a param of an agent's model: a script says itself
// which it knows.
func (*Strategy) takes(a Agent, name string) bool {
	_, named := a.Params[name]
	return named || strings.HasPrefix(a.Model.Name, "script/")
}

// uses reports whether a rule or a prompt has a place for a value.
func (s *Strategy) uses(name string) bool {
	texts := []string{s.Agent.Prompt}
	for _, a := range s.Agents {
		texts = append(texts, a.Prompt)
	}
	for _, c := range s.Rule {
		texts = append(texts, c.SQL)
	}
	return slices.ContainsFunc(texts, func(t string) bool { return hasPlace(t, name) })
}

// hasPlace reports whether a text has a place for a value.
func hasPlace(text, name string) bool {
	return strings.Contains(text, "{"+name+"}") || strings.Contains(text, "{"+name+"=")
}

// checkParams refuses a value that changes nothing.
func (s *Strategy) checkParams() error {
	for _, name := range slices.Sorted(maps.Keys(s.Params)) {
		if !columnName.MatchString(name) {
			return s.bad("params: %q", name).Hintf("use a-z, 0-9 and _ in names")
		}
		takes := func(a Agent) bool { return s.takes(a, name) }
		if !s.uses(name) && !takes(s.Agent) && !slices.ContainsFunc(s.Agents, takes) {
			return s.bad("params: nothing uses %s", name).Hintf("write {%s} in rule or prompt, or name it in agent.params", name)
		}
	}
	return nil
}
