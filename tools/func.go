package tools

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
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
	"time"

	"pitwall"
)

// Option sets something of a [Func].
type Option func(*Foreign)

// Timeless says that answers do not depend on time, other than through the
// Moment: true of a function that only computes on the world's own data.
func Timeless() Option { return func(f *Foreign) { f.Wall.Timeless = true } }

// Known names the field of each row that says when it was known.
func Known(field string) Option { return func(f *Foreign) { f.Wall.Known = field } }

// Clamped names a parameter that is at most now: time, date, epoch or epoch_ms.
func Clamped(param, format string) Option {
	return func(f *Foreign) { f.Wall.Clamp = append(f.Wall.Clamp, Clamp{param, format}) }
}

// Changes says that the function keeps state: it is repeated on replay and must
// answer the same. It is never recorded.
func Changes() Option { return func(f *Foreign) { f.Effect = Change } }

// RowsAt names where the list stands in the answer.
func RowsAt(path string) Option { return func(f *Foreign) { f.Rows = path } }

// Deadline bounds one call; default 30 s.
func Deadline(d time.Duration) Option { return func(f *Foreign) { f.Timeout = d } }

// OnlyIn keeps the tool out of other worlds.
func OnlyIn(w When) Option { return func(f *Foreign) { f.When = w } }

// Source gives the package's files (//go:embed *.go), from which the function's
// own text goes into the description: a model reads best what a tool does from
// what it does. Its identity then covers all the files.
func Source(files fs.FS) Option {
	return func(f *Foreign) { f.source = files }
}

// maxSourceLines is where a function is too long to be a description.
const maxSourceLines = 100

// Func makes a tool of a Go function. The schema comes from In as for our own
// tools; a string is answered as text, everything else as JSON.
func Func[In, Out any](name, description string, f func(ctx context.Context, now Moment, in In) (Out, error), opts ...Option) Foreign {
	dec := newDecoder[In]()
	t := Foreign{Name: name, Description: description, In: dec.schema, World: true}
	for _, o := range opts {
		o(&t)
	}
	t.describe(f)
	t.Call = func(ctx context.Context, now Moment, args map[string]json.RawMessage) (Payload, error) {
		raw, err := json.Marshal(args)
		if err != nil {
			return Payload{}, fmt.Errorf("encoding arguments: %w", err)
		}
		var in In
		if err := dec.decode(raw, &in); err != nil {
			return Payload{}, err
		}
		out, err := f(ctx, now, in)
		if err != nil {
			return Payload{}, ofFunc(err)
		}
		if s, ok := any(out).(string); ok {
			return Payload{Text, []byte(s)}, nil
		}
		body, err := json.Marshal(out)
		if err != nil {
			return Payload{}, fmt.Errorf("encoding the answer of %s: %w", name, err)
		}
		return Payload{JSON, body}, nil
	}
	return t
}

// ofFunc passes errors with a code, deadlines and outside failures as they are;
// others are the function's words.
func ofFunc(err error) error {
	_, coded := errors.AsType[*pitwall.Error](err)
	_, said := errors.AsType[*Said](err)
	if coded || said || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &Said{Message: "it failed", Hint: "change the arguments, or decide without it", Words: err.Error()}
}

// describe puts the source, or at least the signature, into the description and
// the definition.
func (t *Foreign) describe(f any) {
	text := "func" + strings.TrimPrefix(reflect.TypeOf(f).String(), "func")
	if t.source != nil {
		src, all := sourceOf(f, t.source)
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
