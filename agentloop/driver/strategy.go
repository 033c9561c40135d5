package driver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"pitwall"
	"pitwall/cache/history"
	"pitwall/tools/external"
)

// defaultCash is what a run starts with when its strategy does not say.
const defaultCash = 100_000 * pitwall.One

// Strategy is what a strategy file says. The zero values of fields that are left
// out mean the defaults of tools/docs/strategy.md; [Strategy.Check] fills them in.
type Strategy struct {
	Name      string         `yaml:"name"`
	Symbols   symbolList     `yaml:"symbols"` // what may be traded
	Index     string         `yaml:"index"`   // a file of an index's members, in place of Symbols
	Universe  *Universe      `yaml:"universe"`
	Benchmark string         `yaml:"benchmark"`
	Watch     symbolList     `yaml:"watch"` // every tool shows them, no order may name them
	Data      []DataEntry    `yaml:"data"`
	BarSize   string         `yaml:"bar_size"`
	From      string         `yaml:"from"` // days, 2006-01-02; empty = the data's
	To        string         `yaml:"to"`
	Cash      *pitwall.Dec   `yaml:"cash"`
	Every     string         `yaml:"every"`
	Costs     *Costs         `yaml:"costs"`
	Account   Account        `yaml:"account"`
	Fills     FillRules      `yaml:"fills"`
	Risk      map[string]any `yaml:"risk"`    // nil = no limits; see risk.Parse
	OnHalt    string         `yaml:"on_halt"` // what a halt does with orders and positions: keep, cancel or flatten
	Approve   string         `yaml:"approve"` // which orders wait for a person on the live clock; see [Approve]
	// AllowRevised shows macro series of which only revised values exist.
	AllowRevised bool             `yaml:"allow_revised"`
	Agent        Agent            `yaml:"agent"`
	Agents       []Agent          `yaml:"agents"` // several, in the order of their turns
	Prices       map[string]Price `yaml:"prices"` // of models, by name
	Tools        []external.Spec  `yaml:"tools"`  // REST endpoints and other MCP servers

	Desk   *Desk    `yaml:"desk"`   // a team decides; Agent says what its roles have in common
	Memory *Memory  `yaml:"memory"` // its agents remember trades and what they wrote down
	Rule   Rule     `yaml:"rule"`   // SQL that decides in place of a model
	Band   *float64 `yaml:"band"`   // how far a weight of Rule must be from what is held; nil = 0.05

	Regime *Regime  `yaml:"regime"` // how regimes of the market are found
	When   []string `yaml:"when"`   // the labels in which agents decide; else they hold cash. nil = all

	InvestorPolicy *bool `yaml:"investor_policy"` // false leaves the default policy out of prompts

	Extends string `yaml:"extends"` // a file in the same folder whose keys count where this one has none; see [Read]

	Params map[string]any `yaml:"params"` // values for {name} in Rule and prompts, and for scripts

	Pods     []Pod     `yaml:"pods"`     // several strategies, each with a book of its own, in place of one that decides
	Allocate *Allocate `yaml:"allocate"` // when capital moves between pods; nil = never
	Cross    yaml.Node `yaml:"cross"`    // known and refused until its time comes

	File  string   `yaml:"-"` // how messages name the file
	Dir   string   `yaml:"-"` // its folder inside the file system that data paths are read from
	Fetch []string `yaml:"-"` // the commands in its comments that fetch its data

	origins  map[string]string    // which file states a key, where several do
	depth    int                  // of the pods that it is within
	union    bool                 // Symbols are what the pods trade: the file has none
	files    fs.FS                // what stands beside the strategy is read from; nil = nothing is
	members  []pitwall.Membership // of Index or Universe, once it is loaded
	survived string               // what is wrong with a universe of survivors; empty = nothing
	lacking  string               // which of them have no data

	// BenchmarkOptional drops a benchmark that the data lack: other data than the
	// strategy's own was given.
	BenchmarkOptional bool `yaml:"-"`
}

// symbolList is a list of texts, also where YAML sees null, a truth value or a number:
// NULL, ON, TRUE and 600519 are symbols.
type symbolList []string

// UnmarshalYAML implements yaml.Unmarshaler.
func (l *symbolList) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.SequenceNode {
		return n.Decode((*[]string)(l))
	}
	for _, x := range n.Content {
		if x.Kind != yaml.ScalarNode || x.Value == "" {
			return n.Decode((*[]string)(l))
		}
		*l = append(*l, x.Value)
	}
	return nil
}

// DataEntry is a path or the name of a vendor, with how its prices are adjusted and what
// the columns of its files are.
type DataEntry struct {
	Path     string             `yaml:"path"`
	Adjusted pitwall.Adjustment `yaml:"adjusted"`
	// Dividends is adj_close where they are to be derived from that column.
	Dividends       string `yaml:"dividends"`
	history.Mapping `yaml:",inline"`
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (d *DataEntry) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&d.Path)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; !slices.Contains(entryKeys(), k.Value) {
			return fmt.Errorf("line %d: field %s not found in type DataEntry", k.Line, k.Value)
		}
	}
	type plain DataEntry
	return n.Decode((*plain)(d))
}

func entryKeys() []string {
	return slices.Concat([]string{"path", "adjusted", "dividends"}, keys(history.Mapping{}))
}

// Parse reads a strategy file; file is how messages name it. [Strategy.Check] has
// still to be called, after the caller's own changes.
func Parse(file string, raw []byte) (*Strategy, error) {
	s := &Strategy{File: file}
	for line := range strings.Lines(string(raw)) {
		if command := strings.TrimSpace(strings.TrimLeft(line, "# ")); strings.HasPrefix(line, "#") && strings.HasPrefix(command, "pitwall data fetch ") {
			s.Fetch = append(s.Fetch, command)
		}
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(s); err != nil && !errors.Is(err, io.EOF) {
		return nil, s.explain(err)
	}
	if err := dec.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		return nil, s.bad("the file holds more than one document").Hintf("leave out everything after the line ---")
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return nil, s.explain(err)
	}
	if err := s.noZeros(&doc); err != nil {
		return nil, err
	}
	return s, nil
}

// bad is an error of the strategy file.
func (s *Strategy) bad(format string, args ...any) *pitwall.Error {
	if s.File != "" {
		format = strings.ReplaceAll(s.File, "%", "%%") + ": " + format
	}
	return pitwall.Errorf(pitwall.StrategyError, format, args...)
}

var unknownField = regexp.MustCompile(`line (\d+): field (\S+) not found in type (?:\w+\.)?(\w+)`)

var wrongType = regexp.MustCompile("line (\\d+): cannot unmarshal !!\\w+ ?(`[^`]*`|) ?into (.+)")

// wanted says in words of YAML what a Go type takes.
func wanted(goType string) string {
	switch {
	case goType == "time.Duration":
		return "a duration, such as 30s or 5m"
	case strings.HasPrefix(goType, "[]"):
		return "a list, such as [a, b]"
	case strings.HasPrefix(goType, "map[") || strings.Contains(goType, "."):
		return "keys and values, such as {key: value}"
	case strings.HasPrefix(goType, "int"):
		return "a whole number"
	case strings.HasPrefix(goType, "float"):
		return "a number"
	case goType == "bool":
		return "true or false"
	}
	return "a text"
}

// explain names file, line and, for an unknown key, the nearest known one.
func (s *Strategy) explain(err error) error {
	text := err.Error()
	if m := unknownField.FindStringSubmatch(text); m != nil {
		known := map[string][]string{"Strategy": keys(Strategy{}), "Pod": keys(Pod{}), "Allocate": keys(Allocate{}), "Costs": keys(Costs{}), "Account": keys(Account{}), "FillRules": keys(FillRules{}), "Agent": keys(Agent{}), "Budget": keys(Budget{}), "Price": keys(Price{}), "Trigger": keys(Trigger{}),
			"Spec": keys(external.Spec{}), "REST": keys(external.REST{}), "Parameter": keys(external.Parameter{}), "Clamp": keys(external.Clamp{}), "MCP": keys(external.MCP{}), "DataEntry": entryKeys(), "ModelChoice": keys(ModelChoice{}),
			"Desk": keys(Desk{}), "Memory": keys(Memory{}), "Regime": keys(Regime{}), "Seat": keys(Seat{}), "RiskSeat": append(keys(Seat{}), riskKeys...), "Debate": keys(Debate{}), "SeatBudget": keys(SeatBudget{}), "MenuItem": keys(MenuItem{}), "Portfolio": keys(Portfolio{}), "Wake": keys(Wake{}), "Goals": keys(Goals{}), "Universe": keys(Universe{})}[m[3]]
		return pitwall.Errorf(pitwall.StrategyError, "%s:%s: there is no key %q", s.File, m[1], m[2]).Hintf("did you mean %q? the keys are %s", pitwall.Nearest(m[2], known), strings.Join(known, ", "))
	}
	if m := wrongType.FindStringSubmatch(text); m != nil {
		return pitwall.Errorf(pitwall.StrategyError, "%s: line %s: unexpected value %s", s.File, m[1], m[2]).Hintf("write %s", wanted(m[3]))
	}
	text = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(text, "yaml: "), "unmarshal errors:"))
	return pitwall.Errorf(pitwall.StrategyError, "%s: %s", s.File, text)
}

// Check validates what needs no data, and fills in the defaults of name and cash.
func (s *Strategy) Check() error {
	if s.Extends != "" {
		return s.bad("extends is stated, and this text was read alone").Hintf("read it as a file: driver.Read")
	}
	if s.Name == "" {
		s.Name = "strategy"
	}
	switch {
	case !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,60}$`).MatchString(s.Name):
		return s.bad("name is %q", s.Name).Hintf("use letters, digits, - and _")
	case s.Cash != nil && *s.Cash <= 0:
		return s.bad("cash is %v", *s.Cash).Hintf("start with cash above 0")
	}
	if err := errors.Join(s.checkUniverse(), s.checkPods()); err != nil {
		return err
	}
	switch {
	case s.Index != "" && s.Universe != nil:
		return s.bad("index and universe say both what may be traded").Hintf("leave one out")
	case s.following() != "" && len(s.Symbols) > 0 && s.members == nil:
		return s.bad("symbols and %s say both what may be traded", s.following()).Hintf("leave one out")
	case s.following() == "" && len(s.Symbols) == 0:
		return s.bad("symbols is empty").Hintf("say what may be traded, for example symbols: [AAPL], index: FILE for the members of an index, or universe: {top: 20} for what is traded most")
	case slices.ContainsFunc(s.Watch, func(w string) bool { return slices.Contains(s.Symbols, w) }):
		return s.bad("watch and symbols name the same symbol").Hintf("leave it out of watch: what may be traded is shown anyway")
	}
	if s.Cash == nil {
		cash := defaultCash
		s.Cash = &cash
	}
	if s.Memory == nil && s.Desk != nil && s.Desk.Critic != nil { // it writes into one
		s.Memory = &Memory{}
	}
	if err := errors.Join(s.checkAgents(), s.checkDesk(), s.checkRule(), s.checkRegime(), s.checkParams()); err != nil {
		return err
	}
	for _, t := range s.Tools {
		if err := t.Check(); err != nil {
			if e, ok := errors.AsType[*pitwall.Error](err); ok {
				return s.bad("%s", e.Message).Hintf("%s", e.Hint)
			}
			return s.bad("%v", err)
		}
	}
	if _, ok := haltPolicies[s.OnHalt]; !ok {
		return s.bad("on_halt is %q", s.OnHalt).Hintf("use keep (the default), cancel (open orders) or flatten (positions too); to flatten perpetuals alone is not supported: there is no instrument of that kind, and no broker here trades them")
	}
	if err := checkApprove(s.Approve); err != nil {
		return s.bad("%v", err)
	}
	if _, err := s.Spec(); err != nil {
		return s.bad("%v", err)
	}
	_, _, err := s.Days()
	return err
}

// keys lists the yaml keys of a struct.
func keys(v any) []string {
	var list []string
	t := reflect.TypeOf(v)
	for i := range t.NumField() {
		if k := t.Field(i).Tag.Get("yaml"); k != "" && k != "-" {
			list = append(list, k)
		}
	}
	return list
}
