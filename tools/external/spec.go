package external

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// Spec is one entry of tools: in a strategy file: a REST tool or an MCP server.
type Spec struct {
	Name        string               `yaml:"name"`
	Description string               `yaml:"description"`
	When        When                 `yaml:"when"` // live, backtest or both (default)
	REST        *REST                `yaml:"rest"`
	MCP         *MCP                 `yaml:"mcp"`
	Parameters  map[string]Parameter `yaml:"parameters"`
	Clamp       []Clamp              `yaml:"clamp"`
	Known       string               `yaml:"known"`
	Timeless    bool                 `yaml:"timeless"`
}

// REST is one endpoint. Values that begin with $ come from the environment.
type REST struct {
	Method  string            `yaml:"method"` // GET (default) or POST
	URL     string            `yaml:"url"`    // {param} in the path is replaced
	Query   map[string]string `yaml:"query"`
	Headers map[string]string `yaml:"headers"`
	Answer  string            `yaml:"answer"` // json (default) or csv
	Rows    string            `yaml:"rows"`   // dotted path of the list
	Fields  []string          `yaml:"fields"`
	Timeout time.Duration     `yaml:"timeout"`
}

// Parameter is an argument of a REST tool.
type Parameter struct {
	Type        string `yaml:"type"` // string, number, integer or boolean
	Description string `yaml:"description"`
	Required    bool   `yaml:"required"`
	Default     any    `yaml:"default"`
	In          string `yaml:"in"` // query (default; the body of a POST), path or header
	As          string `yaml:"as"` // its name on the wire
}

// MCP is another MCP server, by URL or by command.
type MCP struct {
	URL      string             `yaml:"url"`
	Command  []string           `yaml:"command"`
	Env      map[string]string  `yaml:"env"`
	Headers  map[string]string  `yaml:"headers"`
	Allow    []string           `yaml:"allow"`
	Pin      map[string]string  `yaml:"pin"`
	Timeout  time.Duration      `yaml:"timeout"`
	Rows     map[string]string  `yaml:"rows"`
	Clamp    map[string][]Clamp `yaml:"clamp"`
	Known    map[string]string  `yaml:"known"`
	Timeless []string           `yaml:"timeless"`
}

var (
	serverName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,29}$`)
	envName    = regexp.MustCompile(`^\$[A-Za-z_][A-Za-z0-9_]*$`)
	inPath     = regexp.MustCompile(`\{([^{}]*)\}`)
	hexDigest  = regexp.MustCompile(`^[0-9a-f]{64}$`)
	// secretive names must not have their value in the file.
	secretive = regexp.MustCompile(`(?i)auth|secret|token|cookie|passw|api[-_]?key|key[-_]?id|^key$`)
)

// Check says what is wrong with a spec, in one line. It needs no environment and
// no connection.
func (s Spec) Check() error {
	fail := func(format string, args ...any) error {
		return pitwall.Errorf(pitwall.StrategyError, "tool %s: %s", s.Name, fmt.Sprintf(format, args...))
	}
	switch {
	case (s.REST == nil) == (s.MCP == nil):
		return fail("say either rest or mcp")
	case s.REST != nil && !toolName.MatchString(s.Name):
		return fail("its name must be 3 to 40 lower-case letters, digits and _, a letter first")
	case s.MCP != nil && !serverName.MatchString(s.Name):
		return fail("its name must be at most 30 lower-case letters, digits and _, a letter first")
	case !s.When.valid():
		return fail("when is %q; use live, backtest or both", s.When)
	}
	if s.REST != nil {
		return s.checkREST(fail)
	}
	return s.checkMCP(fail)
}

type failer func(format string, args ...any) error

func (s Spec) checkREST(fail failer) error {
	r := s.REST
	switch {
	case !slices.Contains([]string{"", "GET", "POST"}, r.Method):
		return fail("method is %q; use GET or POST", r.Method)
	case !slices.Contains([]string{"", "json", "csv"}, r.Answer):
		return fail("answer is %q; use json or csv", r.Answer)
	case r.Answer == "csv" && r.Rows != "":
		return fail("rows is for JSON answers; the rows of a CSV are its lines")
	case r.Timeout < 0:
		return fail("timeout is %v", r.Timeout)
	}
	if scheme, rest, ok := strings.Cut(r.URL, "://"); ok && strings.Contains(scheme+strings.SplitN(rest, "/", 2)[0], "{") {
		return fail("{parameters} go into the path of the url; its host is fixed")
	}
	u, err := checkURL(r.URL)
	if err != nil {
		return fail("%v", err)
	}
	if strings.Contains(u.RawQuery, "{") {
		return fail("{parameters} go into the path of the url; the others have in: query")
	}
	if err := cmp.Or(checkValues(fail, "headers", r.Headers), checkValues(fail, "query", r.Query)); err != nil {
		return err
	}
	taken := map[string]bool{}
	for name := range r.Query {
		taken["query "+name] = true
	}
	for name := range u.Query() {
		taken["query "+name] = true
	}
	for name := range r.Headers {
		taken["header "+http.CanonicalHeaderKey(name)] = true
	}
	for _, name := range slices.Sorted(maps.Keys(s.Parameters)) {
		if err := s.checkParameter(fail, name, s.Parameters[name], taken); err != nil {
			return err
		}
	}
	for _, m := range inPath.FindAllStringSubmatch(u.Path, -1) {
		if !taken["path "+m[1]] {
			return fail("the url has {%s}, and no parameter with in: path has that name", m[1])
		}
	}
	return checkFormats(s.Name, s.Clamp)
}

func (s Spec) checkParameter(fail failer, name string, p Parameter, taken map[string]bool) error {
	if !slices.Contains([]string{"string", "number", "integer", "boolean"}, p.Type) {
		return fail("parameter %s: type is %q; use string, number, integer or boolean", name, p.Type)
	}
	if p.Required && p.Default != nil {
		return fail("parameter %s is required and has a default", name)
	}
	where := p.place(s.REST.Method)
	if !slices.Contains([]string{"", "query", "path", "header"}, p.In) {
		return fail("parameter %s: in is %q; use query, path or header", name, p.In)
	}
	wire := where + " " + p.wire(name)
	if where == "header" {
		wire = "header " + http.CanonicalHeaderKey(p.wire(name))
	}
	if taken[wire] {
		return fail("parameter %s: there is another %s", name, wire)
	}
	taken[wire] = true
	if where == "path" {
		if !p.Required && p.Default == nil && !slices.ContainsFunc(s.Clamp, func(c Clamp) bool { return c.Param == name }) {
			return fail("parameter %s is part of the url: make it required or give a default", name)
		}
		if !strings.Contains(s.REST.URL, "{"+p.wire(name)+"}") {
			return fail("parameter %s has in: path, and the url has no {%s}", name, p.wire(name))
		}
	}
	return nil
}

// wire is a parameter's name on the wire.
func (p Parameter) wire(name string) string { return cmp.Or(p.As, name) }

// place is where a parameter goes: query, body, path or header.
func (p Parameter) place(method string) string {
	if method == http.MethodPost {
		return cmp.Or(p.In, "body")
	}
	return cmp.Or(p.In, "query")
}

func (s Spec) checkMCP(fail failer) error {
	m := s.MCP
	switch {
	case len(s.Parameters) > 0 || len(s.Clamp) > 0 || s.Known != "" || s.Timeless:
		return fail("of an MCP server, clamp, known and timeless stand under mcp, per tool; parameters are the server's own")
	case (m.URL == "") == (len(m.Command) == 0):
		return fail("say either url or command")
	case m.URL != "" && len(m.Env) > 0:
		return fail("env is for a command; a url takes headers")
	case m.URL == "" && len(m.Headers) > 0:
		return fail("headers are for a url; a command takes env")
	case len(m.Allow) == 0:
		return fail("allow is missing: name the tools that may be used")
	case m.Timeout < 0:
		return fail("timeout is %v", m.Timeout)
	}
	if m.URL != "" {
		if _, err := checkURL(m.URL); err != nil {
			return fail("%v", err)
		}
	}
	if err := cmp.Or(checkValues(fail, "headers", m.Headers), checkValues(fail, "env", m.Env)); err != nil {
		return err
	}
	named := map[string][]string{"pin": slices.Collect(maps.Keys(m.Pin)), "rows": slices.Collect(maps.Keys(m.Rows)), "clamp": slices.Collect(maps.Keys(m.Clamp)),
		"known": slices.Collect(maps.Keys(m.Known)), "timeless": m.Timeless}
	for _, where := range slices.Sorted(maps.Keys(named)) {
		for _, tool := range named[where] {
			if !slices.Contains(m.Allow, tool) {
				return fail("%s names %q, which allow does not", where, tool)
			}
		}
	}
	seen := map[string]bool{}
	for _, tool := range m.Allow {
		local := s.local(tool)
		if !toolName.MatchString(local) {
			return fail("its tool %q would be named %s; use a shorter name", tool, local)
		}
		if seen[local] {
			return fail("two tools would be named %s", local)
		}
		seen[local] = true
		if p, ok := m.Pin[tool]; ok && !hexDigest.MatchString(p) {
			return fail("the pin of %s is not a sha256 in hexadecimal", tool)
		}
		if err := checkFormats(local, m.Clamp[tool]); err != nil {
			return err
		}
	}
	return nil
}

// timePolicy is that of an endpoint, or of one tool of a server.
func (s Spec) timePolicy(tool string) TimePolicy {
	if s.REST != nil {
		return TimePolicy{s.Clamp, s.Known, s.Timeless}
	}
	return TimePolicy{s.MCP.Clamp[tool], s.MCP.Known[tool], slices.Contains(s.MCP.Timeless, tool)}
}

var notInName = regexp.MustCompile(`[^a-z0-9_]`)

// local is the name of a server's tool here: research_search.
func (s Spec) local(tool string) string {
	return s.Name + "_" + notInName.ReplaceAllString(strings.ToLower(tool), "_")
}

func checkURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the url cannot be read")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("the url must begin with https:// or http://")
	case u.Host == "":
		return nil, fmt.Errorf("the url names no host")
	case u.User != nil:
		return nil, fmt.Errorf("the url holds a user or password; use headers with a $NAME of the environment")
	case u.Fragment != "":
		return nil, fmt.Errorf("the url has a #fragment")
	}
	for name := range u.Query() {
		if secretive.MatchString(name) {
			return nil, fmt.Errorf("the url holds %s; put it under query as $NAME of the environment", name)
		}
	}
	return u, nil
}

// checkValues refuses secrets that stand in the file.
func checkValues(fail failer, where string, values map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v := values[name]
		switch {
		case strings.HasPrefix(v, "$") && !envName.MatchString(v):
			return fail("%s %s: a value that begins with $ is the name of a variable of the environment", where, name)
		case !strings.HasPrefix(v, "$") && v != "" && secretive.MatchString(name):
			return fail("%s %s: secrets stand in the environment; write $NAME", where, name)
		case strings.ContainsAny(name+v, "\r\n\x00"):
			return fail("%s %s holds a line break", where, name)
		}
	}
	return nil
}
