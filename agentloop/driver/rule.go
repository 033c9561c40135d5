package driver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"pitwall"
	"pitwall/agentloop/rules"
	"pitwall/agentloop/scripts"
	"pitwall/tools/duckdb"
)

// This file is a strategy's `rule:`: SQL that says what share of equity each symbol
// should be, instead of a model.

// bundledRule begins the name of a rule in the binary.
const bundledRule = "bundled/"

// ruleModel is the name of the model of a strategy with a rule.
const ruleModel = "rule"

// defaultBand is how far a weight must be from what is held before an order is sent, at most:
// half an equal part where that is less, so that equal parts of many symbols are bought.
const defaultBand = 0.05

// maxRuleColumns bounds the columns of a rule: each is a query inside the next.
const maxRuleColumns = 50

// Rule is the columns of a rule: one expression alone is the weight.
type Rule []scripts.Column

// UnmarshalYAML implements yaml.Unmarshaler.
func (r *Rule) UnmarshalYAML(n *yaml.Node) error {
	switch n.Kind {
	case yaml.ScalarNode:
		if name, ok := strings.CutPrefix(n.Value, bundledRule); ok {
			text, ok := rules.Text(name)
			if !ok {
				return fmt.Errorf("line %d: there is no rule %s; the bundled ones are %s", n.Line, n.Value, strings.Join(rules.Names(), ", "))
			}
			return yaml.Unmarshal(text, r)
		}
		*r = Rule{{Name: scripts.WeightColumn, SQL: n.Value}}
		return nil
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			if v.Kind != yaml.ScalarNode {
				return fmt.Errorf("line %d: column %s of rule is no text; write an SQL expression", v.Line, k.Value)
			}
			*r = append(*r, scripts.Column{Name: k.Value, SQL: v.Value})
		}
		return nil
	}
	return fmt.Errorf("line %d: rule is a list; write one SQL expression, or named columns of which the last is weight", n.Line)
}

var (
	columnName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	looksAhead = regexp.MustCompile(`(?i)\blead\s*\(|\bfollowing\b`)
)

// barColumns are the columns of a bar in SQL.
var barColumns = []string{"symbol", "ts", "date", "open", "high", "low", "close", "volume"}

// checkRule validates what needs no SQL engine.
func (s *Strategy) checkRule() error {
	switch {
	case len(s.Rule) == 0 && s.Band != nil:
		return s.bad("band is given without rule").Hintf("leave it out")
	case len(s.Rule) == 0:
		return nil
	case len(s.Agents) > 0 || s.Agent.Model.isSet():
		return s.bad("rule and a model are both given").Hintf("leave one out; --model NAME tries a model in the rule's place")
	case s.following() != "":
		return s.bad("rule with " + s.following() + " is not supported yet").Hintf("list the symbols, or let a script or a model decide")
	case s.Band != nil && (*s.Band < 0 || *s.Band >= 1):
		return s.bad("band is %v", *s.Band).Hintf("use a share of equity from 0 (order at every turn) to below 1; default %v", defaultBand)
	case len(s.Symbols)+len(s.Watch) > 1000:
		return s.bad("rule with %d symbols", len(s.Symbols)+len(s.Watch)).Hintf("use at most 1000: a query returns no more rows")
	case len(s.Rule) > maxRuleColumns:
		return s.bad("rule has %d columns", len(s.Rule)).Hintf("use at most %d", maxRuleColumns)
	}
	taken := append(slices.Clone(barColumns), "finite", "newest", "bars")
	for i, c := range s.Rule {
		last := i == len(s.Rule)-1
		switch {
		case !columnName.MatchString(c.Name):
			return s.bad("rule: column %q", c.Name).Hintf("use a-z, 0-9 and _ in names")
		case slices.Contains(taken, c.Name):
			return s.bad("rule: two columns are named %s", c.Name).Hintf("the bars have %s; choose another name", strings.Join(barColumns, ", "))
		case strings.TrimSpace(c.SQL) == "":
			return s.bad("rule: %s is empty", c.Name).Hintf("write an SQL expression, for example close > avg(close) over (h rows 99 preceding)")
		case last != (c.Name == scripts.WeightColumn):
			return s.bad("rule: the columns end with %s", s.Rule[len(s.Rule)-1].Name).Hintf("name the last one weight: a share of equity, or true for an equal part")
		}
		taken = append(taken, c.Name)
		if name := placeholder.FindString(s.fill(c.SQL)); name != "" {
			bare, _, _ := strings.Cut(strings.Trim(name, "{}"), "=")
			return s.bad("rule: %s: %s has no value", c.Name, name).Hintf("write params: {%s: 50} or --param %s=50", bare, bare)
		}
	}
	return nil
}

// rule returns what decides in a strategy with a rule, nil without one.
func (s *Strategy) rule() *scripts.Rule {
	terms, err := s.terms()
	if len(s.Rule) == 0 || err != nil { // Check returns the error
		return nil
	}
	columns := slices.Clone(s.Rule)
	for i, c := range columns {
		columns[i].SQL = s.fill(c.SQL)
	}
	r := &scripts.Rule{Columns: columns, Symbols: s.Symbols, Watch: s.Watch, Band: min(defaultBand, 0.5/float64(max(1, len(s.Symbols)))), Most: 1}
	if s.Band != nil {
		r.Band = *s.Band
	}
	if t := terms.WithDefaults(); t.Type == pitwall.MarginAccount {
		r.Most, r.Shorts = 1/t.Initial.Float(), !t.NoShorts
	}
	return r
}

// ruleAgent makes the agent of a strategy with a rule: what it decides by stands in
// its params, so in the manifest and in each turn.
func ruleAgent(a Agent, r *scripts.Rule) Agent {
	a.Model, a.rule = ModelChoice{Name: ruleModel}, r
	text := make([]any, 0, len(r.Columns))
	for _, c := range r.Columns {
		text = append(text, c.Name+": "+c.SQL)
	}
	a.Params = map[string]any{"rule": text, "band": r.Band}
	return a
}

// CheckRule asks the SQL engine whether it takes the strategy's rule, column by
// column, over no bars. It returns how many bars the rule's longest window holds.
func (s *Strategy) CheckRule(ctx context.Context) (bars int, err error) {
	all, err := s.windows(ctx)
	for _, n := range all {
		bars = max(bars, n)
	}
	return bars, err
}

// windows returns the bars of the longest window of each rule, by the agent that it decides
// for: the strategy's own, or its pods'.
func (s *Strategy) windows(ctx context.Context) (map[string]int, error) {
	now := func() time.Time { return time.Time{} }
	t := duckdb.New(nil, now, nil) // a table without symbols asks no market
	defer t.Close()
	all := map[string]int{}
	for _, x := range s.parts() {
		n, err := x.checkSQL(ctx, t)
		if err != nil {
			return nil, err
		}
		all[x.main().Name] = n
	}
	return all, nil
}

// checkSQL asks an SQL engine whether it takes the strategy's rule, if it has one.
func (s *Strategy) checkSQL(ctx context.Context, t *duckdb.Tables) (bars int, err error) {
	r := s.rule()
	if r == nil {
		return 0, nil
	}
	if err := t.Define(ctx, pitwall.TableSpec{Name: scripts.HistoryTable}); err != nil {
		return 0, err
	}
	for i, c := range r.Columns {
		// As an argument it must be one expression.
		_, err := t.Query(ctx, "SELECT nullif(("+c.SQL+"\n), NULL) FROM "+r.Rows(i)+" "+scripts.Windows, 1)
		if err == nil {
			_, err = t.Query(ctx, "SELECT count(*) FROM "+r.Rows(i+1), 1)
		}
		if err != nil {
			return 0, s.badSQL(c, err)
		}
	}
	// sum takes numbers and truth values, and nothing else.
	if _, err := t.Query(ctx, "SELECT sum("+scripts.WeightColumn+") FROM "+r.Rows(len(r.Columns)), 1); pitwall.CodeOf(err) == pitwall.SQLFailed {
		c := r.Columns[len(r.Columns)-1]
		return 0, s.bad("rule: %s is neither a number nor true or false: %s", c.Name, c.SQL).Hintf("give a share of equity, or a condition")
	} else if err != nil {
		return 0, err
	}
	result, err := t.Query(ctx, r.Query(), 1)
	if err != nil {
		return 0, s.badSQL(r.Columns[len(r.Columns)-1], err)
	}
	return result.Preceding + 1, nil
}

// badSQL is an error of one column, with the engine's own words.
func (s *Strategy) badSQL(c scripts.Column, err error) error {
	e, ok := errors.AsType[*pitwall.Error](err)
	if !ok || e.Code != pitwall.SQLFailed && e.Code != pitwall.SQLRefused {
		return fmt.Errorf("checking the rule: %w", err)
	}
	text, _, _ := strings.Cut(e.Message, " You might need to add")
	out := s.bad("rule: %s: %s: %s", c.Name, c.SQL, strings.ReplaceAll(text, "\n", "; "))
	out.Hint = s.sqlHint(c, e)
	return out
}

var (
	unknownColumn = regexp.MustCompile(`Referenced column "([^"]*)" not found`)
	average       = regexp.MustCompile(`function "?(sma|ema|ma|mavg|wma|rolling_mean)\b`)
)

// sqlHint says what would work in place of a faulty expression of one column.
func (s *Strategy) sqlHint(c scripts.Column, e *pitwall.Error) string {
	hints := []string{}
	if found := unknownColumn.FindStringSubmatch(e.Message); found != nil {
		columns := slices.Clone(barColumns)
		for _, x := range s.Rule {
			if x.Name == c.Name {
				break
			}
			columns = append(columns, x.Name)
		}
		hint := "columns are " + strings.Join(columns, ", ")
		if near, ok := pitwall.Near(found[1], columns); ok {
			hint = "did you mean " + near + "? " + hint
		}
		hints = append(hints, hint)
	} else if found := average.FindStringSubmatch(e.Message); found != nil {
		hints = append(hints, found[1]+": a 50-day average is avg(close) over (h rows 49 preceding)")
	} else if e.Hint != "" {
		hints = append(hints, strings.ReplaceAll(e.Hint, "docs_search", "pitwall docs"))
	}
	raw := s.Rule[slices.IndexFunc(s.Rule, func(x scripts.Column) bool { return x.Name == c.Name })].SQL
	for _, name := range slices.Sorted(maps.Keys(s.Params)) {
		if hasPlace(raw, name) {
			hints = append(hints, fmt.Sprintf("{%s} is %v, from params or --param %s", name, s.Params[name], name))
		}
	}
	return strings.Join(hints, "; ")
}

// ruleNotes says what a rule asks for in vain.
func (s *Strategy) ruleNotes() (notes []string) {
	for _, c := range s.Rule {
		if word := looksAhead.FindString(c.SQL); word != "" {
			notes = append(notes, fmt.Sprintf("rule: %s looks ahead (%s): rows after now are not there, so at the newest bar it sees nothing of them", c.Name, strings.TrimSpace(strings.TrimSuffix(word, "("))))
		}
	}
	return notes
}
