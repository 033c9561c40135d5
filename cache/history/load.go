package history

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/cache/layout"
)

// Input is a file or a folder to read.
type Input struct {
	FS       fs.FS
	Path     string             // inside FS
	Show     string             // how to name it in messages; Path when empty
	Adjusted pitwall.Adjustment // if stated by the caller
	Mapping  Mapping            // what the caller says of its columns

	Dividends string // AdjClose: derived from it
	Actions   bool   // the file's source was asked for its symbol's actions, too
}

// AdjClose asks for the dividends that a file's column adj_close shows.
const AdjClose = "adj_close"

// Options narrow what is loaded.
type Options struct {
	Symbols []string      // empty = every symbol
	MayLack bool          // a symbol without data is no error
	Size    time.Duration // empty = whatever there is; needed when a symbol comes in several sizes
}

// File is what was read, for manifests.
type File struct {
	Path     string             `json:"path"`
	Kind     string             `json:"kind"` // bars, actions, instruments, a kind of records, or unused
	Rows     int                `json:"rows"`
	SHA256   string             `json:"sha256"`
	Adjusted pitwall.Adjustment `json:"adjusted,omitempty"`
}

// Disk returns a file or folder of this machine as an input.
func Disk(name string) Input {
	abs, err := filepath.Abs(name)
	if err != nil {
		abs = name // without a current folder: reading it fails
	}
	return Input{FS: os.DirFS(filepath.Dir(abs)), Path: filepath.Base(abs), Show: name}
}

// Store is loaded history. It implements pitwall.Source and is not written
// after Load.
type Store struct {
	Files    []File
	Warnings []string

	series  []*pitwall.Series
	actions []pitwall.Action
	gives   []string // types of the actions in the files, of all symbols
	beside  map[*pitwall.Series]*beside

	derivedFrom []derivedFrom
	doubted     []doubtedAmounts
	dated       []datedWarning
	records     []pitwall.Record
}

// Series implements pitwall.Source.
func (s *Store) Series() []*pitwall.Series { return s.series }

// WithHours returns the store with another calendar in place of the one of the same name.
func (s *Store) WithHours(c *pitwall.Calendar) *Store {
	out := *s
	out.series, out.beside = make([]*pitwall.Series, len(s.series)), map[*pitwall.Series]*beside{}
	for i, x := range s.series {
		y := *x
		if y.Instrument.Hours != nil && y.Instrument.Calendar == c.Name {
			y.Instrument.Hours = c
		}
		out.series[i], out.beside[&y] = &y, s.beside[x]
	}
	return &out
}

// Actions implements pitwall.Source.
func (s *Store) Actions() []pitwall.Action { return s.actions }

// Only returns the store with the bars and actions of some symbols alone.
func (s *Store) Only(symbols []string) *Store {
	some := *s
	some.series = slices.DeleteFunc(slices.Clone(s.series), func(x *pitwall.Series) bool { return !slices.Contains(symbols, x.Instrument.Symbol) })
	some.actions = slices.DeleteFunc(slices.Clone(s.actions), func(a pitwall.Action) bool { return !slices.Contains(symbols, a.Symbol) })
	return &some
}

// Symbols lists what the store holds.
func (s *Store) Symbols() []string {
	names := make([]string, len(s.series))
	for i, x := range s.series {
		names[i] = x.Instrument.Symbol
	}
	return names
}

// loader gathers files until all are read.
type loader struct {
	Store
	opts        Options
	wanted      map[string]bool
	instruments map[string]pitwall.Instrument
	scales      map[string]int // of instruments.csv, as powers of ten
	found       []*pitwall.Series
	given       []givenAction
	held        map[string]bool // every symbol in the files, wanted or not
	newYork     *time.Location
	events      map[string]string // hash of the row of an event's id and known time
	named       map[string]bool   // symbols that were taken for their names, which was said

	alike           map[string]int // files of bars that were read alike
	sentimentWarned bool
}

func newLoader(symbols ...string) *loader {
	l := &loader{Store: Store{beside: map[*pitwall.Series]*beside{}}, opts: Options{Symbols: symbols}, wanted: map[string]bool{}, held: map[string]bool{}, instruments: map[string]pitwall.Instrument{}, scales: map[string]int{}, newYork: newYork(), named: map[string]bool{}, events: map[string]string{}, alike: map[string]int{}}
	for _, s := range symbols {
		l.wanted[s] = true
	}
	return l
}

// Load reads every input and checks it. Errors name file and line; nothing is
// half-loaded.
func Load(ctx context.Context, inputs []Input, opts Options) (*Store, error) {
	l := newLoader(opts.Symbols...)
	l.opts = opts
	var files []Input
	for _, in := range inputs {
		if in.Show == "" {
			in.Show = in.Path
		}
		more, err := list(in, false)
		if err != nil {
			return nil, err
		}
		if len(more) == 0 {
			return nil, pitwall.Errorf(pitwall.DataError, "folder %s holds no %s file, plain or packed", in.Show, strings.Join(inFolders, ", ")).Hintf("folders inside it are not read: name each under data, as files with other names")
		}
		files = append(files, more...)
	}
	// Instruments first, wherever they stand: they say in which zone bars are.
	var rest, unnamed []*parsedFile
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p, err := readFile(ctx, f)
		if err != nil {
			return nil, err
		}
		if kind := p.table.kind(); kind == "bars" && !p.table.has("symbol") {
			unnamed = append(unnamed, p)
		} else if kind != "instruments" {
			rest = append(rest, p)
		} else if err := l.take(ctx, p); err != nil {
			return nil, err
		}
	}
	rest = append(rest, unnamed...) // their symbol may be the one that is left
	for i, p := range rest {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := l.take(ctx, p); err != nil {
			return nil, err
		}
		rest[i] = nil // its rows are columns now
	}
	return l.finish()
}

// parsedFile is a file as rows of text, or as columns of figures.
type parsedFile struct {
	in      Input
	table   *table
	sha256  string
	bytes   int64
	columns *layout.Columns
	raw     []byte // beside columns: the file
}

// parseFile reads a file as rows of text.
func parseFile(ctx context.Context, in Input) (*parsedFile, error) {
	p, err := openFile(in)
	if err != nil {
		return nil, err
	}
	return p, p.parse(ctx)
}

// openFile reads the bytes of a file, and what its sidecar says of them.
func openFile(in Input) (*parsedFile, error) {
	raw, err := fs.ReadFile(in.FS, in.Path)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", in.Show, err)
	}
	if in, err = mapped(in); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	return &parsedFile{in: in, sha256: hex.EncodeToString(sum[:]), bytes: int64(len(raw)), raw: raw}, nil
}

// parse reads the file's rows as texts.
func (p *parsedFile) parse(ctx context.Context) (err error) {
	p.table, err = parse(ctx, p.in, p.raw)
	p.columns, p.raw = nil, nil
	return err
}

// take reads one file into what its kind makes of it.
func (l *loader) take(ctx context.Context, p *parsedFile) (err error) {
	in, kind := p.in, p.table.kind()
	f := File{Path: in.Show, Kind: kind, Rows: len(p.table.rows), SHA256: p.sha256}
	switch t := p.table; kind {
	case "instruments":
		err = l.readInstruments(t)
	case "bars":
		f.Adjusted, f.Rows, err = l.takeBars(ctx, p)
	case "actions":
		entry := in.Adjusted
		in.Adjusted = ""
		if f.Adjusted, err = adjustment(in); err == nil {
			err = l.readActions(t, f.Adjusted, entry)
		}
	case "members": // read where a strategy names it as its index
	case "unused":
		why := "is of no known kind"
		if t.layout.NoBars != "" {
			why = "is not that of bars: " + t.layout.NoBars
		}
		l.warn("%s is not used yet: its header %q %s", in.Show, strings.Join(t.header, ","), why)
	default:
		err = l.readRecords(kind, t)
	}
	if err != nil {
		return err
	}
	l.Files = append(l.Files, f)
	return nil
}

// takeBars reads bars by columns, or by rows where those are needed.
func (l *loader) takeBars(ctx context.Context, p *parsedFile) (adj pitwall.Adjustment, rows int, err error) {
	if adj, err = adjustment(p.in); err != nil {
		return adj, 0, err
	}
	before := len(l.found)
	if p.columns != nil && l.readColumns(p, adj) {
		rows = len(p.columns.Volume)
	} else {
		if p.columns != nil {
			if err := p.parse(ctx); err != nil {
				return adj, 0, err
			}
		}
		rows = len(p.table.rows)
		if err := l.readBars(p.table, p.in, adj); err != nil {
			return adj, 0, err
		}
	}
	l.understood(p.table, l.found[before:], adj)
	return adj, rows, nil
}

// adjustment returns what the caller or the sidecar states; empty when neither does.
func adjustment(in Input) (pitwall.Adjustment, error) {
	adj := in.Adjusted
	if adj == "" {
		side, err := readSidecar(in)
		if err != nil {
			return "", err
		}
		adj = side.Adjusted
	}
	switch adj {
	case "", pitwall.Raw, pitwall.SplitAdjusted, pitwall.TotalAdjusted:
		return adj, nil
	}
	return "", pitwall.Errorf(pitwall.DataError, "%s: adjusted is %q", in.Show, adj).Hintf("use raw, split or total")
}

func (l *loader) warn(format string, args ...any) {
	l.Warnings = append(l.Warnings, fmt.Sprintf(format, args...))
}

// finish sorts, joins, finds duplicates and collects warnings.
func (l *loader) finish() (*Store, error) {
	more := 0
	for _, n := range l.alike {
		more += max(0, n-shownAlike)
	}
	if more > 0 {
		l.warn("%s more files were read as those of their symbol above; pitwall data check shows each", layout.Grouped(more))
	}
	if err := l.joined(); err != nil {
		return nil, err
	}
	for _, want := range l.opts.Symbols {
		if !l.opts.MayLack && !slices.Contains(l.Store.Symbols(), want) {
			return nil, pitwall.Errorf(pitwall.UnknownSymbol, "there is no data for %s in the files given", want).Hintf("%s", l.offer())
		}
	}
	if len(l.series) == 0 {
		e := pitwall.Errorf(pitwall.DataError, "the data holds no bars")
		if l.opts.Size != 0 && len(l.held) > 0 {
			return nil, pitwall.Errorf(pitwall.NoCoverage, "the data holds no bars of %s", pitwall.SizeName(l.opts.Size)).Hintf("leave bar_size out to see what there is")
		}
		return nil, e.Hintf("bars are symbol,timestamp,open,high,low,close,volume; %s", l.offer())
	}
	l.sortRecords()
	l.besideActions()
	l.warnings()
	if err := l.scaleAmounts(); err != nil {
		return nil, err
	}
	if err := l.derive(); err != nil {
		return nil, err
	}
	if err := l.asPaid(); err != nil {
		return nil, err
	}
	return &l.Store, nil
}

// offer says which symbols the files do hold.
func (l *loader) offer() string {
	if len(l.seen()) == 0 {
		if len(l.Warnings) > 0 { // the first names a file that was passed over, and why
			return l.Warnings[0] + "; fields are separated by commas, semicolons, tabs or |"
		}
		return "the files hold no bars at all"
	}
	if l.opts.Size != 0 {
		return "they hold " + strings.Join(l.seen(), ", ") + ", not all of them in bars of " + pitwall.SizeName(l.opts.Size)
	}
	return "they hold " + strings.Join(l.seen(), ", ")
}

// NewStore returns a store of data in memory. The leak harness uses it, which
// changes the future and keeps the past.
func NewStore(series []*pitwall.Series, actions []pitwall.Action, records []pitwall.Record) *Store {
	return &Store{series: series, actions: actions, records: records}
}
