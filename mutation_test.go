package pitwall

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMutations changes one thing at a time in the packages that PITWALL_MUTATE
// names (./brokers/risk, several with commas; with files: ./cache/runs:turns.go+why.go)
// and runs their tests. What no test notices is listed as survived.
// PITWALL_MUTATE_TESTS names other packages whose tests judge too, PITWALL_MUTATE_LEAST
// the percentage that must be killed (90), PITWALL_MUTATE_EVERY=5 takes every fifth change
// for a sample, PITWALL_MUTATE_ONLY those whose line matches an expression.
//
// All changes are compiled at once, each behind its number, and each test runs once by
// itself to learn which of them it reaches: a change costs no build, and only the tests
// that reach it, the quick ones first.
func TestMutations(t *testing.T) {
	targets := os.Getenv("PITWALL_MUTATE")
	if targets == "" {
		t.Skip("a tool for developers: PITWALL_MUTATE=./brokers/risk go test -run TestMutations -timeout 2h -v .")
	}
	least := 90
	if s := os.Getenv("PITWALL_MUTATE_LEAST"); s != "" {
		_, err := fmt.Sscan(s, &least)
		require.NoError(t, err)
	}
	for _, target := range strings.Split(targets, ",") {
		pkg, files, _ := strings.Cut(target, ":")
		m := mutate(t, pkg, files)
		judges := []string{pkg}
		if s := os.Getenv("PITWALL_MUTATE_TESTS"); s != "" {
			judges = append(judges, strings.Split(s, ",")...)
		}
		ids := m.chosen(t)
		survived := m.judge(t, judges, ids)
		killed := len(ids) - len(survived)
		t.Logf("%s: %d of %d mutants killed (%.1f %%); there are %d", target, killed, len(ids), 100*float64(killed)/float64(len(ids)), len(m.about))
		require.False(t, 100*killed < least*len(ids), "fewer than %d %% of %s are killed", least, target)
	}
}

// mutants are the changes of a package.
type mutants struct {
	dir, overlay string
	about        []string // by number - 1
	src          []byte
	info         *types.Info
	fset         *token.FileSet
	edits        []edit
}

// edit replaces bytes of a file; of two at one place the one with the lower rank comes first.
type edit struct {
	at, end, rank int
	text          string
}

// mutate writes an overlay of the package with every change behind its number.
func mutate(t *testing.T, pkg, only string) *mutants {
	out, err := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export,Dir,Name,GoFiles", pkg).Output()
	require.NoError(t, err)
	type listed struct {
		ImportPath, Export, Dir, Name string
		GoFiles                       []string
	}
	var last listed
	exports := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			break
		} else {
			require.NoError(t, err)
		}
		exports[p.ImportPath], last = p.Export, p
	}
	m := &mutants{dir: last.Dir, fset: token.NewFileSet(), info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}}
	var files []*ast.File
	for _, name := range last.GoFiles {
		f, err := parser.ParseFile(m.fset, filepath.Join(last.Dir, name), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		files = append(files, f)
	}
	lookup := func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
	_, err = (&types.Config{Importer: importer.ForCompiler(m.fset, "gc", lookup)}).Check(last.ImportPath, m.fset, files, m.info)
	require.NoError(t, err)
	temp, replace := t.TempDir(), map[string]string{}
	put := func(name, text string) {
		to := filepath.Join(temp, name)
		require.NoError(t, os.WriteFile(to, []byte(text), 0o600))
		replace[filepath.Join(last.Dir, name)] = to
	}
	for i, name := range last.GoFiles {
		if only == "" || slices.Contains(strings.Split(only, "+"), name) {
			put(name, m.file(t, files[i], filepath.Join(last.Dir, name)))
		}
	}
	require.NotEmpty(t, m.about, "nothing to change in %s %s", pkg, only)
	put("mutant.go", fmt.Sprintf(mutant, last.Name, len(m.about)+1))
	body, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	m.overlay = filepath.Join(temp, "overlay.json")
	require.NoError(t, os.WriteFile(m.overlay, body, 0o600))
	return m
}

// file returns a file with its changes.
func (m *mutants) file(t *testing.T, f *ast.File, path string) string {
	src, err := os.ReadFile(path)
	require.NoError(t, err)
	m.src, m.edits = src, nil
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		m.early(fn)
		depth := 0
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			if n == nil {
				depth--
				return false
			}
			depth++
			m.node(n, depth)
			return true
		})
	}
	slices.SortStableFunc(m.edits, func(a, b edit) int {
		if a.at != b.at {
			return a.at - b.at
		}
		return a.rank - b.rank
	})
	var out strings.Builder
	at := 0
	for _, e := range m.edits {
		out.Write(src[at:e.at])
		out.WriteString(e.text)
		at = e.end
	}
	out.Write(src[at:])
	return out.String()
}

// add numbers a change.
func (m *mutants) add(n ast.Node, what string) int {
	p := m.fset.Position(n.Pos())
	line := strings.TrimSpace(strings.Split(string(m.src[p.Offset-p.Column+1:]), "\n")[0])
	m.about = append(m.about, fmt.Sprintf("%s:%d:%d: %s: %s", filepath.Base(p.Filename), p.Line, p.Column, what, line))
	return len(m.about)
}

// around puts text before and after a node: what is deeper lies inside.
func (m *mutants) around(n ast.Node, depth int, before, after string) {
	from, to := m.fset.Position(n.Pos()).Offset, m.fset.Position(n.End()).Offset
	m.edits = append(m.edits, edit{from, from, depth, before}, edit{to, to, -depth, after})
}

// early makes a function return zero values at once.
func (m *mutants) early(fn *ast.FuncDecl) {
	var zeros []string
	if fn.Type.Results != nil {
		for _, r := range fn.Type.Results.List {
			from, to := m.fset.Position(r.Type.Pos()).Offset, m.fset.Position(r.Type.End()).Offset
			for range max(1, len(r.Names)) {
				zeros = append(zeros, "*new("+string(m.src[from:to])+")")
			}
		}
	}
	at := m.fset.Position(fn.Body.Lbrace).Offset + 1
	id := m.add(fn.Name, "return at once")
	m.edits = append(m.edits, edit{at, at, 1 << 20, fmt.Sprintf(" if mutantIs(%d) { return %s };", id, strings.Join(zeros, ", "))})
}

// node adds the changes of one node.
func (m *mutants) node(n ast.Node, depth int) {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		m.binary(n, depth)
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			m.around(n, depth, fmt.Sprintf("mutantNot(%d, ", m.add(n, "without !")), ")")
		}
	case *ast.IfStmt:
		m.condition(n.Cond, depth)
	case *ast.BlockStmt:
		m.statements(n.List, depth)
	case *ast.CaseClause:
		m.statements(n.Body, depth)
	case *ast.ReturnStmt:
		for _, r := range n.Results {
			if id, ok := r.(*ast.Ident); ok && (id.Name == "true" || id.Name == "false") {
				m.around(r, depth, fmt.Sprintf("mutantNot(%d, ", m.add(r, "the opposite")), ")")
			}
		}
	}
}

// condition turns a condition that is no operation.
func (m *mutants) condition(e ast.Expr, depth int) {
	switch e := e.(type) {
	case *ast.BinaryExpr:
	case *ast.UnaryExpr:
	default:
		m.around(e, depth, fmt.Sprintf("mutantNot(%d, ", m.add(e, "the opposite")), ")")
	}
}

// binary changes an operator.
func (m *mutants) binary(n *ast.BinaryExpr, depth int) {
	whole, x := m.info.Types[n], m.info.Types[n.X]
	if whole.Value != nil {
		return // a constant
	}
	replace := func(text string) {
		at := m.fset.Position(n.OpPos).Offset
		m.edits = append(m.edits, edit{at, at + len(n.Op.String()), 0, text})
	}
	basic := func(info types.BasicInfo) bool {
		b, ok := x.Type.Underlying().(*types.Basic)
		return ok && b.Info()&info != 0
	}
	switch n.Op {
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		id := m.add(n, "the edge on the other side of "+n.Op.String())
		m.add(n, "the opposite of "+n.Op.String())
		m.around(n, depth, fmt.Sprintf("mutantCmp(%d, %q, ", id, n.Op.String()), ")")
		replace(",")
	case token.EQL, token.NEQ:
		m.around(n, depth, fmt.Sprintf("mutantNot(%d, ", m.add(n, "the opposite of "+n.Op.String())), ")")
	case token.LAND, token.LOR:
		name := map[token.Token]string{token.LAND: "mutantAnd", token.LOR: "mutantOr"}[n.Op]
		m.around(n, depth, fmt.Sprintf("%s(%d, func() bool { return (", name, m.add(n, "the other of "+n.Op.String())), ") })")
		replace(") }, func() bool { return (")
	case token.ADD, token.SUB, token.MUL, token.QUO:
		if basic(types.IsInteger | types.IsFloat) {
			m.around(n, depth, fmt.Sprintf("mutantOp(%d, %q, ", m.add(n, "the opposite of "+n.Op.String()), n.Op.String()), ")")
			replace(",")
		}
	}
}

// statements leaves each statement out that has an effect and no result.
func (m *mutants) statements(list []ast.Stmt, depth int) {
	for _, s := range list {
		switch a := s.(type) {
		case *ast.AssignStmt:
			if a.Tok == token.DEFINE || len(a.Lhs) == 1 && isBlank(a.Lhs[0]) {
				continue
			}
		case *ast.ExprStmt, *ast.IncDecStmt, *ast.DeferStmt, *ast.SendStmt, *ast.BranchStmt:
		case *ast.ReturnStmt:
			if len(a.Results) > 0 {
				continue
			}
		default:
			continue
		}
		if b, ok := s.(*ast.BranchStmt); ok && (b.Tok == token.GOTO || b.Tok == token.FALLTHROUGH) {
			continue
		}
		m.around(s, depth, fmt.Sprintf("if !mutantIs(%d) { ", m.add(s, "left out")), " }")
	}
}

func isBlank(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "_"
}
