package duckdb

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"sort"
	"strings"

	"pitwall"
)

// maxSQL bounds a query's text in bytes.
const maxSQL = 20_000

// gate parses SQL and refuses whatever is not one plain SELECT over known
// tables with allowed functions. It executes nothing of the text.
type gate struct {
	parser    *sql.Conn // parses only; holds no data
	functions map[string]bool
	types     map[string]bool
	verdicts  map[string]verdict
}

// verdict is a cached answer. The tables that exist may change, so the names
// that a text uses are kept and looked at again each time.
type verdict struct {
	err       *pitwall.Error
	tables    []string
	preceding int // the largest N of `rows N preceding` in a window over one symbol's history
}

// check returns what a text reads, or why it may not run.
func (g *gate) check(ctx context.Context, text string, tables map[string]*table) (verdict, error) {
	v, ok := g.verdicts[text]
	if !ok {
		var err error
		if v, err = g.judge(ctx, text); err != nil {
			return v, err
		}
		if len(g.verdicts) >= 1000 {
			clear(g.verdicts) // texts with literals in them never come back; start over
		}
		g.verdicts[text] = v
	}
	if v.err != nil {
		return v, v.err
	}
	for _, t := range v.tables {
		if tables[t] == nil {
			return v, refused("unknown table %q", t).Hintf("%s", offer(tables))
		}
	}
	return v, nil
}

func offer(tables map[string]*table) string {
	if len(tables) == 0 {
		return "load one first with market_load_history_table"
	}
	return "tables: " + strings.Join(slices.Sorted(maps.Keys(tables)), ", ") + "; market_load_history_table makes more"
}

func refused(format string, args ...any) *pitwall.Error {
	return pitwall.Errorf(pitwall.SQLRefused, format, args...)
}

// judge parses a text with json_serialize_sql, bound as a parameter, and walks
// the tree.
func (g *gate) judge(ctx context.Context, text string) (verdict, error) {
	if len(text) > maxSQL {
		return verdict{err: refused("the query has %d bytes", len(text)).Hintf("at most %d", maxSQL)}, nil
	}
	if strings.TrimSpace(text) == "" {
		return verdict{err: refused("the query is empty").Hintf("write one SELECT")}, nil
	}
	var raw string
	if err := g.parser.QueryRowContext(ctx, "SELECT json_serialize_sql(?::VARCHAR)::VARCHAR", text).Scan(&raw); err != nil {
		if ctx.Err() != nil {
			return verdict{}, ctx.Err()
		}
		return verdict{err: refused("the query cannot be parsed: %s", firstLine(err.Error()))}, nil
	}
	var tree struct {
		Error      bool   `json:"error"`
		Type       string `json:"error_type"`
		Message    string `json:"error_message"`
		Statements []any  `json:"statements"`
	}
	if err := json.Unmarshal([]byte(raw), &tree); err != nil {
		// The parser writes what JSON cannot hold, such as an infinite number.
		return verdict{err: refused("the query holds a value that is out of range").Hintf("use numbers below 1e308")}, nil
	}
	if tree.Error {
		why := firstLine(tree.Message)
		if strings.Contains(why, "can be serialized") {
			why = "only a SELECT runs here; PIVOT is none: write max(CASE WHEN symbol = 'X' THEN close END)"
		}
		return verdict{err: refused("%s", why).Hintf("write one SELECT in DuckDB's dialect; docs_search \"SQL examples\" has some")}, nil
	}
	if len(tree.Statements) != 1 {
		return verdict{err: refused("%d statements in one query", len(tree.Statements)).Hintf("send one SELECT")}, nil
	}
	w := &walker{functions: g.functions, types: g.types, ctes: map[string]bool{}, tables: map[string]bool{}}
	w.names(tree.Statements[0])
	w.walk(tree.Statements[0])
	v := verdict{err: w.err, preceding: w.preceding}
	for name := range w.ctes {
		if v.err == nil && (systemName(name) || !identifier.MatchString(name)) {
			v.err = refused("a WITH cannot be named %q", name).Hintf("use letters, digits and _; names that begin with pitwall_, duckdb_, sqlite_, pg_, pragma_ or information_ are taken")
		}
	}
	for t := range w.tables {
		if !w.ctes[t] {
			v.tables = append(v.tables, t)
		}
	}
	sort.Strings(v.tables)
	return v, nil
}

// systemName reports whether a name may be one of the engine's own tables or
// views, which a WITH of the same name elsewhere in the query must not unlock.
func systemName(name string) bool {
	for _, prefix := range []string{"pitwall_", "duckdb_", "sqlite_", "pg_", "pragma_", "information_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// firstStatement cuts a text that is one statement at its semicolon, so that a
// comment behind it does not swallow what is put around the text.
func firstStatement(text string) string {
	for i := 0; i < len(text); i++ {
		switch rest := text[i:]; {
		case rest[0] == ';':
			return text[:i]
		case rest[0] == '\'' || rest[0] == '"':
			i += skip(rest[1:], rest[:1])
		case strings.HasPrefix(rest, "--"):
			i += skip(rest[2:], "\n")
		case strings.HasPrefix(rest, "/*"):
			i += skip(rest[2:], "*/") + 1
		case rest[0] == '$':
			if n := strings.IndexByte(rest[1:], '$'); n >= 0 && !strings.ContainsAny(rest[1:n+1], " \t\n;()'\"") {
				tag := rest[:n+2]
				i += len(tag) - 1 + skip(rest[len(tag):], tag)
			}
		}
	}
	return text
}

// skip returns how many bytes lie up to and including the end mark.
func skip(text, end string) int {
	if n := strings.Index(text, end); n >= 0 {
		return n + len(end)
	}
	return len(text)
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// walker visits every node of a parse tree.
type walker struct {
	functions map[string]bool
	types     map[string]bool
	ctes      map[string]bool
	tables    map[string]bool
	err       *pitwall.Error
	depth     int
	preceding int
}

// names collects the names that WITH defines.
func (w *walker) names(node any) {
	switch n := node.(type) {
	case map[string]any:
		if m, ok := n["cte_map"].(map[string]any); ok {
			if list, ok := m["map"].([]any); ok {
				for _, e := range list {
					if kv, ok := e.(map[string]any); ok {
						w.ctes[strings.ToLower(str(kv["key"]))] = true
					}
				}
			}
		}
		if str(n["type"]) == "RECURSIVE_CTE_NODE" {
			w.ctes[strings.ToLower(str(n["cte_name"]))] = true
		}
		for _, c := range n {
			w.names(c)
		}
	case []any:
		for _, c := range n {
			w.names(c)
		}
	}
}

func (w *walker) walk(node any) {
	if w.err != nil {
		return
	}
	if w.depth++; w.depth > 500 {
		w.err = refused("the query is nested too deeply")
		return
	}
	defer func() { w.depth-- }()
	switch n := node.(type) {
	case map[string]any:
		w.node(n)
		// Keys in order, so that the first complaint is always the same one.
		keys := make([]string, 0, len(n))
		for k := range n {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		for _, k := range keys {
			w.walk(n[k])
		}
	case []any:
		for _, c := range n {
			w.walk(c)
		}
	}
}

// classes are the kinds of expressions that may stand in a query; lambdas and
// parameters are not among them.
const classes = " CONSTANT COLUMN_REF FUNCTION OPERATOR COMPARISON CONJUNCTION CASE CAST SUBQUERY BETWEEN STAR WINDOW AGGREGATE POSITIONAL_REFERENCE COLLATE "

// node judges one node of the tree.
func (w *walker) node(n map[string]any) {
	q := str(n["catalog_name"]) + str(n["schema_name"]) + str(n["catalog"]) + str(n["schema"])
	if _, function := n["function_name"]; function && q == "main" {
		q = "" // the parser itself writes extract() and AT TIME ZONE so; our clock macros live there too
	}
	if q != "" {
		w.err = refused("qualified names are not allowed (%q)", q).Hintf("use plain table and function names")
		return
	}
	if s, ok := n["sample"]; ok && s != nil {
		w.err = refused("samples are not allowed: they are random").Hintf("use ORDER BY and LIMIT")
		return
	}
	if _, ok := n["type_info"]; ok && !w.types[str(n["id"])] {
		name := str(n["id"])
		if info, ok := n["type_info"].(map[string]any); ok && name == "UNBOUND" {
			name = str(info["name"])
		}
		w.err = refused("the type %s is not allowed", name).Hintf("use numbers, VARCHAR, BOOLEAN, DATE, TIME, TIMESTAMP, TIMESTAMPTZ, INTERVAL or lists of them")
		return
	}
	if list, ok := n["select_list"].([]any); ok && len(list) > maxColumns {
		w.err = refused("the query selects %d columns", len(list)).Hintf("at most %d", maxColumns)
		return
	}
	if class := str(n["class"]); class != "" && !strings.Contains(classes, " "+class+" ") {
		w.err = refused("%s expressions are not allowed", strings.ToLower(class)).Hintf("write values and plain expressions into the query")
		return
	}
	if str(n["start"]) == "EXPR_PRECEDING_ROWS" && ofSymbol(n["partitions"]) {
		w.preceding = max(w.preceding, int(constant(n["start_expr"])))
	}
	switch str(n["type"]) {
	case "BASE_TABLE":
		w.tables[strings.ToLower(str(n["table_name"]))] = true
	case "SHOW_REF":
		w.err = refused("DESCRIBE, SHOW and SUMMARIZE are not allowed").Hintf("columns are symbol, ts, date, open, high, low, close, volume")
	case "TABLE_FUNCTION":
		f, _ := n["function"].(map[string]any)
		if name := strings.ToLower(str(f["function_name"])); name != "unnest" && name != "generate_series" {
			w.err = refused("the table function %q is not allowed", name).Hintf("read from tables made by market_load_history_table")
		}
	default:
		if _, ok := n["function_name"]; ok {
			w.function(n)
		}
	}
}

func (w *walker) function(n map[string]any) {
	name := strings.ToLower(str(n["function_name"]))
	if !w.functions[name] {
		w.err = refused("the function %q is not allowed", name).Hintf("docs_search \"SQL functions\" lists those that are")
		return
	}
	if name == "generate_series" {
		w.series(n)
	}
	args, _ := n["children"].([]any)
	switch {
	case name == "age" && len(args) < 2: // reads the host's clock
		w.err = refused("age needs two arguments here").Hintf("write age(now(), ts)")
	case name == "timezone" && len(args) == 2 && !zoneName(args[0]): // an interval makes a TIME WITH TIME ZONE of a text
		w.err = refused("AT TIME ZONE needs the name of a zone in quotes").Hintf("write ts AT TIME ZONE 'America/New_York'")
	}
}

// zoneName reports whether an argument is a text as it stands in the query.
func zoneName(arg any) bool {
	a, _ := arg.(map[string]any)
	v, _ := a["value"].(map[string]any)
	t, _ := v["type"].(map[string]any)
	return str(a["class"]) == "CONSTANT" && str(t["id"]) == "VARCHAR"
}

// series allows generate_series with literal bounds that make at most 10,000
// rows: anything else could fill the memory.
func (w *walker) series(n map[string]any) {
	args, _ := n["children"].([]any)
	for _, a := range args {
		c, _ := a.(map[string]any)
		v, _ := c["value"].(map[string]any)
		f, ok := v["value"].(float64)
		if !ok || f < -10_000 || f > 10_000 || f != float64(int64(f)) {
			w.err = refused("generate_series takes whole numbers between -10000 and 10000")
			return
		}
	}
}

// ofSymbol reports whether a window's partitions are the symbols.
func ofSymbol(partitions any) bool {
	list, _ := partitions.([]any)
	return slices.ContainsFunc(list, func(p any) bool {
		column, _ := p.(map[string]any)
		names, _ := column["column_names"].([]any)
		return len(names) > 0 && strings.EqualFold(str(names[len(names)-1]), "symbol")
	})
}

// constant returns the value of a number, or of a sum, difference or product of
// numbers; 0 for anything else.
func constant(expr any) float64 {
	n, _ := expr.(map[string]any)
	if v, ok := n["value"].(map[string]any); ok {
		f, _ := v["value"].(float64)
		return f
	}
	args, _ := n["children"].([]any)
	if len(args) != 2 {
		return 0
	}
	switch a, b := constant(args[0]), constant(args[1]); str(n["function_name"]) {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	}
	return 0
}

func str(v any) string {
	s, _ := v.(string)
	return s
}
