package external

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
)

// maxSourceLines is where a function is too long to be a description.
const maxSourceLines = 100

// describe puts the source, or at least the signature, into the description and
// the definition.
func (t *Tool) describe(f any) {
	text := "func" + strings.TrimPrefix(reflect.TypeOf(f).String(), "func")
	if t.Source != nil {
		src, all := sourceOf(f, t.Source)
		if src != "" {
			text = src
		} else {
			t.Warnings = append(t.Warnings, "its source was not found; the description shows the signature only")
		}
		t.Definition = all
	}
	if n := strings.Count(text, "\n") + 1; n > maxSourceLines {
		t.Warnings = append(t.Warnings, fmt.Sprintf("its source has %d lines, which a model pays for on every turn; over %d is long", n, maxSourceLines))
	}
	t.Description = strings.TrimSpace(t.Description + "\n" + text)
	if t.Definition == nil {
		return // without a source nothing is known of what it does: not recorded
	}
	schema, err := json.Marshal(t.In)
	if err != nil {
		schema = nil // it is advertised, so it encodes
	}
	t.Definition = fmt.Appendf(nil, "go\n%s\n%s\n%s", t.Name, schema, t.Definition)
}

var closure = regexp.MustCompile(`\.func\d+(\.\d+)*$|\.gowrap\d+$`)

// sourceOf finds a function's text in the files by its name, file and line, and
// returns a digest over all files. A closure has no text of its own.
func sourceOf(f any, files fs.FS) (text string, digest []byte) {
	fn := runtime.FuncForPC(reflect.ValueOf(f).Pointer())
	file, line := fn.FileLine(fn.Entry())
	name := fn.Name()
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".go") {
			return err
		}
		src, err := fs.ReadFile(files, p)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s\x00%d\x00%s", p, len(src), src)
		method := strings.HasSuffix(name, "-fm") // its wrapper has no line of its own
		if text == "" && !closure.MatchString(name) && (method || path.Base(p) == filepath.Base(file)) {
			text = declared(src, name, line, method)
		}
		return nil
	})
	if err != nil {
		return "", nil
	}
	return text, sum.Sum(nil)
}

// declared returns the declaration of a function that holds a line.
func declared(src []byte, full string, line int, method bool) string {
	parts := strings.Split(strings.TrimSuffix(full[strings.LastIndex(full, "/")+1:], "-fm"), ".")
	name, receiver := parts[len(parts)-1], strings.Trim(parts[max(0, len(parts)-2)], "(*)")
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return ""
	}
	for _, d := range file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Name.Name != name || (fn.Recv != nil) != method {
			continue
		}
		if method && receiver != receiverOf(fn) {
			continue
		}
		from, to := fset.Position(fn.Pos()), fset.Position(fn.End())
		if !method && (line < from.Line || line > to.Line) {
			continue
		}
		if fn.Doc != nil {
			from = fset.Position(fn.Doc.Pos())
		}
		return string(bytes.TrimSpace(src[from.Offset:to.Offset]))
	}
	return ""
}

// receiverOf is the type's name of a method.
func receiverOf(fn *ast.FuncDecl) string {
	t := fn.Recv.List[0].Type
	if p, ok := t.(*ast.StarExpr); ok {
		t = p.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}
