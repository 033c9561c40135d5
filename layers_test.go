package pitwall

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// layers says who may import whom inside this module, and why the line is where
// it is. A package that is not listed may import only the root of this module.
// Change it only when the shape of the house changes.
var layers = map[string][]string{
	"":                   {},                                                                                                     // the vocabulary
	"sim":                {"sim/engine"},                                                                                         // pure: sees a Source, never a file
	"sim/audit":          {},                                                                                                     // the rules a second time: never sim or sim/engine, which it checks
	"sim/engine":         {},                                                                                                     // the inner loop: integers and columns
	"sim/wall":           {},                                                                                                     // the wall is all here
	"brokers/alpaca":     {"cache/calendar"},                                                                                     // an account at Alpaca
	"brokers/alpacafake": {"cache/calendar", "sim"},                                                                              // a server like Alpaca over the venue; sees a Source, as the venue does
	"brokers/approval":   {"brokers/halt", "cache/disk"},                                                                         // orders that wait for a person; an exit is what the halt calls one
	"brokers/brokertest": {},                                                                                                     // the judge of every broker; imported by tests only
	"brokers/fund":       {},                                                                                                     // books as brokers, and their sum
	"brokers/halt":       {"cache/disk"},                                                                                         // the latch, the last check before a broker, and what a halt does
	"brokers/mirror":     {},                                                                                                     // an account at a broker as its journal tells it
	"brokers/paper":      {"sim"},                                                                                                // live bars, fills by the matcher of the backtest
	"brokers/risk":       {},                                                                                                     // pure checks and the guard
	"cache/calendar":     {},                                                                                                     // facts
	"cache/history":      {"cache/calendar", "cache/layout"},                                                                     // the store of bars; their days have hours
	"cache/layout":       {},                                                                                                     // files of any shape as rows of text
	"cache/disk":         {},                                                                                                     // writing that outlasts a loss of power
	"cache/runs":         {"agentloop", "cache/calendar", "cache/disk"},                                                          // the runs' folders; the record of a turn is agentloop's
	"tools":              {"tools/docs", "tools/memory", "tools/optimize", "tools/regime", "tools/report", "tools/report/chart"}, // never sim, brokers or cache: what it needs it declares
	"tools/leaktest":     {"tools"},                                                                                              // the leak harness; sees worlds that cmd builds
	"tools/bm25":         {},                                                                                                     // ranks short texts: pages of docs, notes of a memory
	"tools/memory":       {"cache/runs", "tools/bm25", "tools/report"},                                                           // trades and notes as of now; trades are those of the report
	"tools/docs":         {"tools/bm25"},                                                                                         //
	"tools/optimize":     {},                                                                                                     // figures of returns
	"tools/regime":       {},                                                                                                     // figures of a series
	"tools/duckdb":       {},                                                                                                     // sees a Market, never a Source
	"tools/report":       {"agentloop", "cache/runs"},                                                                            // reads a run's folder through its owner, and the record of a turn
	"server":             {"tools"},                                                                                              //
	"agentloop":          {},                                                                                                     // an ordinary MCP client
	"agentloop/models":   {"agentloop"},                                                                                          // one file per provider
	"agentloop/scripts":  {"agentloop"},                                                                                          //
	"agentloop/roles":    {},                                                                                                     // embedded files
	"agentloop/rules":    {},                                                                                                     // embedded files
	"agentloop/desk":     {"agentloop", "agentloop/roles"},                                                                       // a team as a Decider, over any MCP server
	"cache/lock":         {},                                                                                                     // files that one process at a time has
	"cache/replay":       {"cache/lock"},                                                                                         // what models and external tools answered
	"tools/external":     {"tools"},                                                                                              // Go functions, REST endpoints and MCP servers as tools
	"examples":           {},                                                                                                     // embedded files
	"agentloop/driver":   {"*"},                                                                                                  // composes: strategy, session, run; stands above everything but cmd
	"agentloop/sweep":    {"agentloop/driver", "cache/disk", "cache/history", "cache/runs", "tools/report"},                      // many runs of the driver, judged together
	"examples/golang":    {"*"},                                                                                                  // wires like cmd, for readers
	"cmd/pitwall":        {"*"},                                                                                                  // the only place that wires
	"cmd/pitwall/term":   {},                                                                                                     // draws on a terminal
	// a run on a terminal
	"cmd/pitwall/show": {"agentloop", "agentloop/desk", "agentloop/driver", "agentloop/sweep", "brokers/halt", "cache/history", "cache/replay", "cache/runs", "cmd/pitwall/term", "sim/audit", "tools/report", "tools/report/chart"},

	"cache/disk/disktest":        {"cache/disk"},                                                        // a disk that loses what was not synced; imported by tests only
	"agentloop/models/modeltest": {"agentloop"},                                                         // a fake provider; imported by tests only
	"tools/report/browsertest":   {},                                                                    // a headless browser; imported by tests only
	"tools/report/chart":         {"tools/report"},                                                      // SVG and pictures of a run
	"tools/report/page":          {"agentloop", "agentloop/desk", "tools/report", "tools/report/chart"}, // report.html; a desk's turn is a conversation
}

// pure packages do no I/O and hold no goroutine or clock.
var pure = []string{"", "sim", "sim/audit", "sim/engine", "sim/wall", "brokers/fund", "brokers/risk", "tools/optimize", "tools/regime"}

// impure are standard packages that a pure package must not import.
var impure = []string{"os", "net", "net/http", "io/ioutil", "log", "log/slog", "os/exec", "math/rand", "math/rand/v2"}

// sdk may be imported by these only: agentloop and tools/external
// are clients, server a server.
var sdk = []string{"server", "agentloop", "tools/external", "cmd/pitwall"}

// goFile is a parsed file of the product (no tests).
type goFile struct {
	path, pkg string
	ast       *ast.File
	fset      *token.FileSet
}

func productFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(path))
		if pkg == "." {
			pkg = ""
		}
		files = append(files, goFile{path, pkg, f, fset})
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, len(files), 40, "the walk found too few files to mean anything")
	return files
}

func TestLayers(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	module := strings.Fields(string(mod))[1]
	own := 0
	for _, f := range productFiles(t) {
		allowed, listed := layers[f.pkg]
		if !listed {
			t.Errorf("%s: package %q is not in the table of layers", f.path, f.pkg)
			continue
		}
		for _, imp := range f.ast.Imports {
			name := strings.Trim(imp.Path.Value, `"`)
			if pkg, ok := strings.CutPrefix(name, module+"/"); ok {
				own++
				if !slices.Contains(allowed, "*") && !slices.Contains(allowed, pkg) {
					t.Errorf("%s imports %s: %q may import %v", f.path, name, f.pkg, allowed)
				}
			}
			if f.pkg == "" && (strings.Contains(name, ".") || strings.HasPrefix(name, module)) {
				t.Errorf("%s imports %s: the root package is standard library only", f.path, name)
			}
			if slices.Contains(pure, f.pkg) && slices.Contains(impure, name) {
				t.Errorf("%s imports %s: %q is pure", f.path, name, f.pkg)
			}
			if strings.HasPrefix(name, "github.com/modelcontextprotocol/") && !slices.Contains(sdk, f.pkg) {
				t.Errorf("%s imports the MCP SDK; only %v may", f.path, sdk)
			}
		}
	}
	require.Greater(t, own, 40, "too few imports of the module's own packages: is its path read rightly?")
}

var hostClock = regexp.MustCompile(`\btime\.(Now|Since|Until|After|Tick|NewTimer|NewTicker|AfterFunc)\(`)

// The host clock is read in one file; a simulated run must not depend on it.
func TestHostClockInOneFile(t *testing.T) {
	found := 0
	for _, f := range productFiles(t) {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && hostClock.MatchString(x.Name+"."+sel.Sel.Name+"(") {
				if f.path == filepath.Join("cmd", "pitwall", "live.go") {
					found++
				} else {
					t.Errorf("%s: %s.%s outside cmd/pitwall/live.go", f.fset.Position(call.Pos()), x.Name, sel.Sel.Name)
				}
			}
			return true
		})
	}
	require.Equal(t, 1, found, "the rule must see the one allowed call")
}

// Zones come from the binary, see [pitwall.LoadZone].
func TestNoZoneOfTheHost(t *testing.T) {
	for _, f := range productFiles(t) {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && sel.Sel.Name == "LoadLocation" {
					t.Errorf("%s: time.LoadLocation reads the host's zones; use pitwall.LoadZone", f.fset.Position(n.Pos()))
				}
			}
			return true
		})
	}
}

// No init functions, no dot or blank imports but for embedding, drivers and zone
// data; every package says what it is for.
func TestHouseRules(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range productFiles(t) {
		documented[f.pkg] = documented[f.pkg] || f.ast.Doc != nil
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "init" && fn.Recv == nil {
				t.Errorf("%s: init functions are not used here", f.path)
			}
		}
		if lines := f.fset.File(f.ast.Pos()).LineCount(); lines > 400 {
			t.Errorf("%s has %d lines: over 400 means two ideas", f.path, lines)
		}
	}
	for pkg := range layers {
		require.True(t, documented[pkg], "package %q has no doc comment", pkg)
	}
}
