package driver

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
	"pitwall/tools"
	"pitwall/tools/regime"
)

// This file is a strategy's `regime:` and `when:`: how regimes of the market are found, and
// in which of them its agents decide.

// Regime says how regimes are found. Its zero value is that of tools/docs/tools.md.
type Regime struct {
	Symbol  string            `yaml:"symbol"`  // whose; empty = the benchmark, or the only symbol
	Model   string            `yaml:"model"`   // hmm or trend
	States  *int              `yaml:"states"`  // of hmm
	Retrain *int              `yaml:"retrain"` // days from one training to the next
	Labels  map[string]string `yaml:"labels"`  // other names
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (r *Regime) UnmarshalYAML(n *yaml.Node) error {
	type plain Regime
	return strictly(n, (*plain)(r), "Regime", keys(Regime{}))
}

var labelName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// regimeSpec returns how the strategy's world finds regimes.
func (s *Strategy) regimeSpec() (spec pitwall.RegimeSpec) {
	r := s.Regime
	if r == nil {
		return spec
	}
	spec = pitwall.RegimeSpec{Symbol: cmp.Or(r.Symbol, s.Benchmark), Model: pitwall.RegimeModel(r.Model), Labels: r.Labels}
	if spec.Symbol == "" && len(s.Symbols) == 1 {
		spec.Symbol = s.Symbols[0]
	}
	if r.States != nil {
		spec.States = *r.States
	}
	if r.Retrain != nil {
		spec.Retrain = *r.Retrain
	}
	return spec
}

// checkRegime validates regime and when.
func (s *Strategy) checkRegime() error {
	r, spec := s.Regime, s.regimeSpec()
	if r == nil {
		if len(s.When) > 0 {
			return s.bad("when is given without regime").Hintf("add regime: {symbol: SPY}, whose regimes it names")
		}
		return nil
	}
	trend := spec.Model == pitwall.TrendRules
	shown := slices.Concat(s.Symbols, s.Watch, []string{s.Benchmark})
	switch {
	case spec.Symbol == "":
		return s.bad("regime names no symbol").Hintf("add symbol: SPY to regime, or a benchmark to the strategy")
	case s.Index == "" && s.Universe == nil && !slices.Contains(shown, spec.Symbol):
		return s.bad("regime is of %s, which is not among symbols, watch and benchmark", spec.Symbol).Hintf("add it to watch")
	case r.Model != "" && spec.Model != pitwall.HiddenMarkov && !trend:
		return s.bad("regime: model is %q", r.Model).Hintf("use hmm (the default) or trend")
	case trend && (r.States != nil || r.Retrain != nil):
		return s.bad("regime: model trend has no states and no training").Hintf("leave states and retrain out")
	case r.States != nil && (*r.States < 2 || *r.States > 4):
		return s.bad("regime: states is %d", *r.States).Hintf("use 2 to 4")
	case r.Retrain != nil && (*r.Retrain < 1 || *r.Retrain > 252):
		return s.bad("regime: retrain is %d", *r.Retrain).Hintf("use 1 to 252 days")
	}
	var plain, names []string
	for _, l := range regime.Labels() {
		plain, names = append(plain, string(l)), append(names, spec.Name(string(l)))
	}
	for from, to := range r.Labels {
		switch {
		case !slices.Contains(plain, from):
			return s.bad("regime: labels names %q, and there is no such label", from).Hintf("labels are %s", strings.Join(plain, ", "))
		case !labelName.MatchString(to):
			return s.bad("regime: labels calls %s %q", from, to).Hintf("use a-z, 0-9 and _ in names")
		}
	}
	for i, n := range names {
		if slices.Contains(names[:i], n) {
			return s.bad("regime: two labels are named %s", n).Hintf("give each a name of its own")
		}
	}
	for i, w := range s.When {
		if !slices.Contains(names, w) {
			return s.bad("when names %q, and there is no such label", w).Hintf("did you mean %q? labels are %s", pitwall.Nearest(w, names), strings.Join(names, ", "))
		}
		if slices.Contains(s.When[:i], w) {
			return s.bad("when names %s twice", w)
		}
	}
	switch {
	case s.When != nil && len(s.When) == 0:
		return s.bad("when is empty: nothing would ever be decided").Hintf("name labels, such as [%s], or leave when out", names[0])
	case len(s.When) > 0 && s.Desk != nil:
		return s.bad("when with desk is not supported yet").Hintf("leave it out; a role can ask market_regime")
	}
	return nil
}

// gate returns the regimes in which agents decide, nil for all.
func (s *Strategy) gate() *agentloop.Gate {
	if len(s.When) == 0 {
		return nil
	}
	return &agentloop.Gate{Symbol: s.regimeSpec().Symbol, When: s.When}
}

// gateText says the gate for the manifest.
func (s *Strategy) gateText() string {
	spec := s.regimeSpec()
	text := fmt.Sprintf("%s by %s", spec.Symbol, cmp.Or(spec.Model, pitwall.HiddenMarkov))
	if spec.States > 0 {
		text += fmt.Sprintf(", states %d", spec.States)
	}
	if spec.Retrain > 0 {
		text += fmt.Sprintf(", retrain %d", spec.Retrain)
	}
	return text + ": " + strings.Join(s.When, ", ")
}

// computedTables are the SQL tables of a world that need no bars.
func computedTables(w *pitwall.World) []pitwall.ComputedTable {
	list := []pitwall.ComputedTable{tools.RatiosTable(w)}
	if w.Regime.Symbol != "" {
		list = append(list, tools.RegimeTable(w))
	}
	return list
}

// gatePod gives a pod the regimes in which it decides: its own, those of its file or the
// fund's. Without a `regime:` of its own it has the fund's, and watches its symbol.
func (s *Strategy) gatePod(p *Pod) {
	own := p.own
	if p.When != nil {
		own.When = p.When
	} else if own.When == nil {
		own.When = s.When
	}
	if own.Regime != nil || s.Regime == nil {
		return
	}
	own.Regime = s.Regime
	if symbol := own.regimeSpec().Symbol; symbol != "" && !slices.Contains(slices.Concat(own.Symbols, own.Watch, []string{own.Benchmark}), symbol) {
		own.Watch = append(own.Watch, symbol)
	}
}

// regimesOf returns the labels of a run's days as they changed, the first one that of the
// day before the run where there is one; nil for a world without `regime:`.
func regimesOf(w *pitwall.World, from, until time.Time) (list []runs.Regime, err error) {
	if w.Regime.Symbol == "" {
		return nil, nil
	}
	rows, err := tools.RegimeTable(w).Rows(context.Background(), until)
	if err != nil {
		return nil, fmt.Errorf("reading the regimes of the run: %w", err)
	}
	for _, row := range rows {
		x := runs.Regime{Symbol: row[0].(string), From: row[1].(string), Label: row[2].(string)}
		switch n := len(list); {
		case n == 1 && !row[5].(time.Time).After(from): // before the run: the newest counts
			list[0] = x
		case n == 0 || list[n-1].Label != x.Label:
			list = append(list, x)
		}
	}
	return list, nil
}
