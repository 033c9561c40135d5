package driver

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"pitwall/agentloop/desk"
	"pitwall/agentloop/roles"
)

// This file is how `desk:` is read: its keys, and the templates that they change.

// strictly decodes a mapping and refuses keys that a type does not have: the decoder
// forgets to where a type reads itself.
func strictly(n *yaml.Node, into any, typeName string, known []string) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: cannot unmarshal !!%s into %s", n.Line, strings.TrimPrefix(n.Tag, "!!"), "driver."+typeName)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; !slices.Contains(known, k.Value) {
			return fmt.Errorf("line %d: field %s not found in type %s", k.Line, k.Value, typeName)
		}
	}
	return n.Decode(into)
}

// UnmarshalYAML implements yaml.Unmarshaler. It refuses a part without a value, which is
// neither given nor left out.
func (d *Desk) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode && strings.HasPrefix(n.Value, bundledPrefix) {
		return d.start(n)
	}
	own, err := d.startAs(n)
	if err != nil {
		return err
	}
	n = own
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Value == "memory" || k.Value == "beliefs" {
			return fmt.Errorf("line %d: desk.%s has no place here; write memory: {} beside desk, and critic: {} in it for lessons and beliefs", k.Line, k.Value)
		}
		if v.Tag == "!!bool" && v.Value == "false" {
			return fmt.Errorf("line %d: desk.%s is false; leave it out (false takes a part out of a template)", k.Line, k.Value)
		}
		if v.Tag == "!!null" {
			return fmt.Errorf("line %d: desk.%s has no value; write %s: {} to have it, or leave it out", k.Line, k.Value, k.Value)
		}
	}
	type plain Desk
	return strictly(n, (*plain)(d), "Desk", keys(Desk{}))
}

// UnmarshalYAML implements yaml.Unmarshaler: a name alone is the role.
func (s *Seat) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&s.Role)
	}
	type plain Seat
	return strictly(n, (*plain)(s), "Seat", keys(Seat{}))
}

// riskKeys are those of a RiskSeat that a Seat does not have.
var riskKeys = []string{"profile", "limits"}

// UnmarshalYAML implements yaml.Unmarshaler.
func (s *RiskSeat) UnmarshalYAML(n *yaml.Node) error {
	type plain struct {
		Profile string         `yaml:"profile"`
		Limits  *bool          `yaml:"limits"`
		Seat    map[string]any `yaml:",inline"`
	}
	var p plain
	if err := strictly(n, &p, "RiskSeat", append(keys(Seat{}), riskKeys...)); err != nil {
		return err
	}
	s.Profile, s.Limits = cmp.Or(p.Profile, s.Profile), cmp.Or(p.Limits, s.Limits)
	rest := *n
	rest.Content = nil
	for i := 0; i+1 < len(n.Content); i += 2 {
		if !slices.Contains(riskKeys, n.Content[i].Value) {
			rest.Content = append(rest.Content, n.Content[i], n.Content[i+1])
		}
	}
	return s.Seat.UnmarshalYAML(&rest)
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (d *Debate) UnmarshalYAML(n *yaml.Node) error {
	type plain Debate
	return strictly(n, (*plain)(d), "Debate", keys(Debate{}))
}

// MenuItem is a strategy that the trader of a desk may choose.
type MenuItem struct {
	Name    string `yaml:"name"`
	Regime  string `yaml:"regime"`  // the state of the market that it is for
	Enabled *bool  `yaml:"enabled"` // nil = true
	Text    string `yaml:"text"`    // when it enters and leaves
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (m *MenuItem) UnmarshalYAML(n *yaml.Node) error {
	type plain MenuItem
	return strictly(n, (*plain)(m), "MenuItem", keys(MenuItem{}))
}

// Portfolio says how views become weights.
type Portfolio struct {
	Volatility float64 `yaml:"volatility"` // most of the whole, percent a year
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (p *Portfolio) UnmarshalYAML(n *yaml.Node) error {
	type plain Portfolio
	return strictly(n, (*plain)(p), "Portfolio", keys(Portfolio{}))
}

// menu returns the strategies as the desk takes them.
func (d *Desk) menu() (list []desk.Strategy) {
	for _, m := range d.Strategies {
		list = append(list, desk.Strategy{Name: m.Name, Regime: m.Regime, Text: m.Text, Disabled: m.Enabled != nil && !*m.Enabled})
	}
	return list
}

// checkMenu refuses a menu that leaves nothing to choose.
func (d *Desk) checkMenu() error {
	enabled := len(d.Strategies) == 0
	for i, m := range d.menu() {
		enabled = enabled || !m.Disabled
		switch {
		case m.Name == "" || m.Regime == "" || m.Text == "":
			return fmt.Errorf("strategy %d lacks name, regime or text; give all three", i+1)
		case slices.ContainsFunc(d.Strategies[:i], func(x MenuItem) bool { return x.Name == m.Name }):
			return fmt.Errorf("two are named %s", m.Name)
		case d.Trader == nil:
			return errors.New("the trader chooses among them, and the desk has none")
		}
	}
	if !enabled {
		return errors.New("all are disabled; enable one, or leave strategies out")
	}
	return nil
}

// bundledPrefix introduces the name of a template.
const bundledPrefix = "bundled/"

// start begins as the template that a text names.
func (d *Desk) start(n *yaml.Node) error {
	raw, err := roles.Template(strings.TrimPrefix(n.Value, bundledPrefix))
	if err != nil {
		return fmt.Errorf("line %d: desk is %s; %w", n.Line, n.Value, err)
	}
	if err := yaml.Unmarshal(raw, d); err != nil {
		return fmt.Errorf("template %s: %w", n.Value, err)
	}
	d.Template = n.Value
	return nil
}

// startAs begins as the template of a mapping, if it names one, and returns the other keys.
// A part that is false is taken out of the template.
func (d *Desk) startAs(n *yaml.Node) (*yaml.Node, error) {
	own := *n
	own.Content = nil
	var named bool
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if k, v := n.Content[i], n.Content[i+1]; k.Value == "template" {
			if named = strings.HasPrefix(v.Value, bundledPrefix); !named {
				return nil, fmt.Errorf("line %d: desk.template is %q; write bundled/ and one of %s", v.Line, v.Value, strings.Join(roles.Templates(), ", "))
			}
			if err := d.start(v); err != nil {
				return nil, err
			}
		}
	}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch at := slices.Index(keys(Desk{}), k.Value); {
		case k.Value == "template":
		case v.Tag == "!!bool" && v.Value == "false" && named && at >= 0:
			reflect.ValueOf(d).Elem().Field(at).SetZero()
		default:
			own.Content = append(own.Content, k, v)
		}
	}
	return &own, nil
}
