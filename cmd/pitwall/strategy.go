package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"pitwall"
	"pitwall/cache/history"
	"pitwall/examples"
	"pitwall/tools/external"
)

// strategy is a strategy file.
type strategy struct {
	Name      string       `yaml:"name"`
	Symbols   []string     `yaml:"symbols"`
	Benchmark string       `yaml:"benchmark"`
	Data      []dataEntry  `yaml:"data"`
	BarSize   string       `yaml:"bar_size"`
	From      string       `yaml:"from"`
	To        string       `yaml:"to"`
	Cash      *pitwall.Dec `yaml:"cash"`
	Every     string       `yaml:"every"`
	Costs     *costs       `yaml:"costs"`
	Account   account      `yaml:"account"`
	Fills     fillRules    `yaml:"fills"`
	Risk      yaml.Node    `yaml:"risk"`
	// AllowRevised shows macro series of which only revised values exist.
	AllowRevised bool             `yaml:"allow_revised"`
	Agent        agent            `yaml:"agent"`
	Agents       []agent          `yaml:"agents"` // several, in the order of their turns
	Prices       map[string]price `yaml:"prices"` // of models, by name
	Tools        []external.Spec  `yaml:"tools"`  // REST endpoints and other MCP servers

	// Known and refused until their time comes.
	Desk     yaml.Node `yaml:"desk"`
	Pods     yaml.Node `yaml:"pods"`
	Regime   yaml.Node `yaml:"regime"`
	Memory   yaml.Node `yaml:"memory"`
	Universe yaml.Node `yaml:"universe"`
	Extends  yaml.Node `yaml:"extends"`

	files fs.FS    // where data paths are looked up
	dir   string   // the strategy's folder inside files
	show  string   // how to name the file
	fetch []string // the commands in its comments that fetch its data

	benchmarkOptional bool // other data was given: drop a benchmark that it lacks
}

// dataEntry is a path, or a path with what was done to its prices.
type dataEntry struct {
	Path     string             `yaml:"path"`
	Adjusted pitwall.Adjustment `yaml:"adjusted"`
}

func (d *dataEntry) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&d.Path)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; k.Value != "path" && k.Value != "adjusted" {
			return fmt.Errorf("line %d: field %s not found in type dataEntry", k.Line, k.Value)
		}
	}
	type plain dataEntry
	return n.Decode((*plain)(d))
}

// readStrategy reads a strategy from a file or folder on disk, or, when there is
// none, from the examples in the binary.
func readStrategy(name string) (*strategy, error) {
	var s strategy
	s.show = name
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		s.files, s.dir = os.DirFS("/"), ""
		name = filepath.Join(name, "strategy.yaml")
		s.show = name
		fallthrough
	case err == nil:
		abs, err := filepath.Abs(name)
		if err != nil {
			return nil, err
		}
		raw, err := os.ReadFile(abs)
		if err != nil {
			return nil, pitwall.Errorf(pitwall.StrategyError, "there is no %s", name).Hintf("pitwall init NAME writes a first strategy")
		}
		s.files, s.dir = os.DirFS("/"), strings.TrimPrefix(filepath.ToSlash(filepath.Dir(abs)), "/")
		return &s, s.parse(raw)
	}
	inside := strings.TrimSuffix(strings.TrimPrefix(path.Clean(filepath.ToSlash(name)), "examples/"), "/strategy.yaml")
	raw, err := fs.ReadFile(examples.FS, inside+"/strategy.yaml")
	if err != nil {
		return nil, pitwall.Errorf(pitwall.StrategyError, "there is no strategy at %s", name).Hintf("the bundled ones are examples/momentum and examples/buyhold, and with data that is fetched first examples/momentum_allocator, examples/macro_risk, examples/m2_liquidity and examples/news_sentiment; pitwall init NAME writes one of your own")
	}
	s.files, s.dir = examples.FS, inside
	return &s, s.parse(raw)
}

func (s *strategy) parse(raw []byte) error {
	for line := range strings.Lines(string(raw)) {
		if command := strings.TrimSpace(strings.TrimLeft(line, "# ")); strings.HasPrefix(line, "#") && strings.HasPrefix(command, "pitwall data fetch ") {
			s.fetch = append(s.fetch, command)
		}
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(s); err != nil && !errors.Is(err, io.EOF) {
		return s.explain(err)
	}
	if err := dec.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		return pitwall.Errorf(pitwall.StrategyError, "%s holds more than one document", s.show).Hintf("leave out everything after the line ---")
	}
	return nil
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
func (s *strategy) explain(err error) error {
	text := err.Error()
	if m := unknownField.FindStringSubmatch(text); m != nil {
		known := map[string][]string{"strategy": keys(strategy{}), "costs": keys(costs{}), "account": keys(account{}), "fillRules": keys(fillRules{}), "agent": keys(agent{}), "budget": keys(budget{}), "price": keys(price{}), "trigger": keys(trigger{}),
			"Spec": keys(external.Spec{}), "REST": keys(external.REST{}), "Parameter": keys(external.Parameter{}), "Clamp": keys(external.Clamp{}), "MCP": keys(external.MCP{}), "dataEntry": keys(dataEntry{})}[m[3]]
		return pitwall.Errorf(pitwall.StrategyError, "%s:%s: there is no key %q", s.show, m[1], m[2]).Hintf("did you mean %q? the keys are %s", pitwall.Nearest(m[2], known), strings.Join(known, ", "))
	}
	if m := wrongType.FindStringSubmatch(text); m != nil {
		return pitwall.Errorf(pitwall.StrategyError, "%s: line %s: %s is not what belongs there", s.show, m[1], m[2]).Hintf("write %s", wanted(m[3]))
	}
	text = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(text, "yaml: "), "unmarshal errors:"))
	return pitwall.Errorf(pitwall.StrategyError, "%s: %s", s.show, text)
}

// check validates what needs no data.
func (s *strategy) check() error {
	bad := func(format string, args ...any) *pitwall.Error {
		return pitwall.Errorf(pitwall.StrategyError, s.show+": "+format, args...)
	}
	for _, later := range []struct {
		key  string
		node yaml.Node
	}{{"desk", s.Desk}, {"pods", s.Pods}, {"regime", s.Regime}, {"memory", s.Memory}, {"universe", s.Universe}, {"extends", s.Extends}} {
		if later.node.Kind != 0 {
			return bad("%s is reserved and not supported yet (line %d)", later.key, later.node.Line).Hintf("leave it out")
		}
	}
	if s.Name == "" {
		s.Name = "strategy"
	}
	switch {
	case !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,60}$`).MatchString(s.Name):
		return bad("name is %q", s.Name).Hintf("use letters, digits, - and _")
	case len(s.Symbols) == 0:
		return bad("symbols is empty").Hintf("say what may be traded, for example symbols: [AAPL]")
	case len(s.Data) == 0:
		return bad("data is empty").Hintf("name folders or files, for example data: [data]")
	case s.Cash != nil && *s.Cash <= 0:
		return bad("cash is %v", *s.Cash).Hintf("start with cash above 0")
	}
	if s.Cash == nil {
		cash := pitwall.Int(100_000)
		s.Cash = &cash
	}
	if err := s.checkAgents(); err != nil {
		return err
	}
	for _, t := range s.Tools {
		if err := t.Check(); err != nil {
			if e, ok := errors.AsType[*pitwall.Error](err); ok {
				return bad("%s", e.Message).Hintf("%s", e.Hint)
			}
			return bad("%v", err)
		}
	}
	if _, err := s.spec(); err != nil {
		return bad("%v", err)
	}
	var dates [2]time.Time
	for i, d := range []string{s.From, s.To} {
		if d == "" {
			continue
		}
		var err error
		if dates[i], err = time.Parse(time.DateOnly, d); err != nil {
			return bad("%q is not a date", d).Hintf("write 2020-01-31")
		}
	}
	if s.From != "" && s.To != "" && dates[0].After(dates[1]) {
		return bad("from %s is after to %s", s.From, s.To)
	}
	return nil
}

// inputs resolves the data entries against the strategy's folder.
func (s *strategy) inputs(ctx context.Context, local *history.Local) ([]history.Input, error) {
	var list []history.Input
	for _, d := range s.Data {
		switch d.Path {
		case "":
			return nil, pitwall.Errorf(pitwall.StrategyError, "%s: a data entry has no path", s.show)
		}
		if local.Has(d.Path) {
			more, err := s.stored(ctx, local, d.Path)
			if err != nil {
				return nil, err
			}
			list = append(list, more...)
			continue
		}
		if filepath.IsAbs(d.Path) {
			list = append(list, diskInput(d.Path, d.Adjusted))
			continue
		}
		list = append(list, history.Input{FS: s.files, Path: path.Join(s.dir, d.Path), Show: d.Path, Adjusted: d.Adjusted})
	}
	return list, nil
}

// stored are the inputs of a strategy that names a source of the store.
func (s *strategy) stored(ctx context.Context, local *history.Local, source string) (list []history.Input, err error) {
	n := history.Need{Source: source, Symbols: append([]string{}, s.Symbols...)}
	if s.Benchmark != "" && !s.benchmarkOptional && !slices.Contains(s.Symbols, s.Benchmark) {
		n.Symbols = append(n.Symbols, s.Benchmark)
	}
	for _, d := range s.Data {
		n.MayLack = n.MayLack || d.Path != source && local.HasBars(d.Path)
	}
	if s.BarSize != "" {
		if n.Size, err = pitwall.ParseSize(s.BarSize); err != nil {
			return nil, err
		}
	}
	for _, d := range []struct {
		text string
		to   *time.Time
	}{{s.From, &n.From}, {s.To, &n.To}} {
		if d.text != "" {
			if *d.to, err = time.Parse(time.DateOnly, d.text); err != nil {
				return nil, err
			}
		}
	}
	list, err = local.Inputs(ctx, n)
	var lacking *pitwall.Error
	if errors.As(err, &lacking) && lacking.Code == pitwall.NoCoverage && len(s.fetch) > 0 {
		lacking.Hint += "\n  or, as " + s.show + " says, all that it needs:\n  " + strings.Join(s.fetch, "\n  ")
	}
	return list, err
}

// use replaces the data by paths from the command line, if there are any.
func (s *strategy) use(paths []string) {
	if len(paths) == 0 {
		return
	}
	s.Data = nil
	for _, d := range paths {
		s.Data = append(s.Data, dataEntry{Path: "/" + diskInput(d, "").Path})
	}
	// A benchmark of the strategy's own data need not be in the given data.
	s.benchmarkOptional = true
}

// diskInput is a file or folder named on the command line.
func diskInput(name string, adj pitwall.Adjustment) history.Input {
	abs, err := filepath.Abs(name)
	if err != nil {
		abs = name
	}
	return history.Input{FS: os.DirFS("/"), Path: strings.TrimPrefix(filepath.ToSlash(abs), "/"), Show: name, Adjusted: adj}
}

// keys lists the yaml keys of a struct.
func keys(v any) []string {
	var list []string
	t := reflect.TypeOf(v)
	for i := range t.NumField() {
		if k := t.Field(i).Tag.Get("yaml"); k != "" {
			list = append(list, k)
		}
	}
	return list
}
