package driver

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"pitwall"
)

// Overrides are what a profile says in place of the strategy's file: the layer between the
// file and the flags of the command line.
type Overrides struct {
	Model string         `yaml:"model"`
	Every string         `yaml:"every"`
	Risk  map[string]any `yaml:"risk"` // each key in place of the strategy's
}

// Setting is a value that a run goes by, and where it comes from.
type Setting struct{ Key, Value, From string }

// unstated is where a value comes from that nothing states.
const unstated = "default"

// Layer puts the overrides of a profile over the strategy, and a model of the flag --model
// over both, and returns what the run goes by. file names the profile. It is called before
// [Strategy.Check], which says what is wrong with the values.
func (s *Strategy) Layer(p Profile, file, model string) (list []Setting) {
	from := map[string]string{}
	o := p.Strategy
	if o.Model != "" {
		s.UseModel(o.Model)
		from["model"] = file
	}
	if model != "" {
		s.UseModel(model)
		from["model"] = "--model"
	}
	if o.Every != "" {
		s.Every, from["every"] = o.Every, file
	}
	if len(o.Risk) > 0 {
		s.Risk = maps.Clone(s.Risk)
		if s.Risk == nil {
			s.Risk = map[string]any{}
		}
		for k, v := range o.Risk {
			s.Risk[k], from["risk."+k] = v, file
		}
	}
	add := func(key, value, without string) {
		at := cmp.Or(from[key], s.origin(key))
		if value == "" {
			value, at = without, unstated
		}
		if value != "" {
			list = append(list, Setting{key, value, at})
		}
	}
	for _, a := range s.Team() {
		name := cmp.Or(a.Model.Name, fmt.Sprint(a.Model.Command))
		if a.rule != nil {
			name = ruleModel
		}
		list = append(list, Setting{"model of " + a.Name, name, cmp.Or(from["model"], s.origin("agent.model"))})
	}
	add("every", s.Every, "1 bar")
	cash := ""
	if s.Cash != nil {
		cash = s.Cash.String()
	}
	add("cash", cash, defaultCash.String())
	add("account", string(s.Account.Type), string(pitwall.Terms{}.WithDefaults().Type))
	if c, share, err := s.costs(); err == nil {
		text := fmt.Sprintf("commission %v bps, slippage %v bps, cash buffer %v, at most %v of a bar's volume", c.CommissionBps, c.SlippageBps, c.CashBuffer, share)
		at := s.origin("costs")
		if s.Costs == nil {
			at = unstated
		}
		list = append(list, Setting{"costs", text, at})
	}
	narrowed := s.narrowed(p.Mode)
	keys := maps.Clone(narrowed)
	for k, v := range s.Risk {
		keys[k] = fmt.Sprint(v)
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if v, ok := narrowed[k]; ok {
			list = append(list, Setting{"risk." + k, v, "safe mode"})
			continue
		}
		add("risk."+k, keys[k], "")
	}
	if file != "" {
		list = append(list, Setting{"mode", string(p.Mode), file})
		lag := Setting{"lag", DefaultLag.String(), unstated}
		if p.Lag != 0 {
			lag = Setting{"lag", p.Lag.String(), file}
		}
		list = append(list, lag)
	}
	if orders := stricter(p.Approve, s.Approve); orders != "" {
		at := s.origin("approve")
		if orders != s.Approve {
			at = file
		}
		list = append(list, Setting{"approve", orders, at})
	}
	return list
}

// narrowed returns the limits that safe mode makes others than the files say, in the mode of
// a profile. Limits that cannot be read have none: [Strategy.Check] says why.
func (s *Strategy) narrowed(mode pitwall.Mode) map[string]string {
	values := map[string]string{}
	if l, err := s.limits(); err == nil && mode == pitwall.Live {
		values = l.Safe().Values()
		maps.DeleteFunc(values, func(k, v string) bool { return l.Values()[k] == v })
	}
	return values
}

// DefaultLag is how long after its close a bar is asked for, where no profile says.
const DefaultLag = 5 * time.Second
