package report

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
)

// Run holds what a run left: all that its figures are computed from.
type Run struct {
	Manifest runs.Manifest
	Journal  iter.Seq[pitwall.Entry]
	Points   []Point                    // equity at the end of each step
	Bars     map[string]*pitwall.Series // what was traded or compared with
	Turns    []agentloop.TurnLine       // in their order
	Usage    *runs.Usage                // nil: not known
	Desk     *runs.DeskScore            // nil: no desk, or it is not known
	Memory   *runs.Memory               // nil: none, or it is not known
	Notes    []string                   // what could not be read

	folder *runs.Run       // nil: the run is a world in memory
	walked *walk           // nil before the first figures
	events []pitwall.Entry // see Events
}

// Open reads a run's folder, also one whose run has not ended.
func Open(fsys fs.FS) (*Run, error) { return open(fsys, nil) }

// Ended returns the run in a folder that its writer has just left. What r already has is
// not read again, unless the run failed; r may be nil.
func (r *Run) Ended(fsys fs.FS) (*Run, error) { return open(fsys, r) }

// open reads a folder; what held already has is not read again.
func open(fsys fs.FS, held *Run) (*Run, error) {
	f := runs.Open(fsys)
	if f.Damaged != nil {
		return nil, fmt.Errorf("reading the run: %w", f.Damaged)
	}
	for _, name := range []string{runs.JournalFile, runs.EquityFile, runs.FillsFile, runs.PricesFile, runs.SummariesFile} {
		if _, err := fs.Stat(f, name); errors.Is(err, fs.ErrNotExist) {
			f.Note("%s is missing: figures computed from it are missing or 0", name)
		}
	}
	r := &Run{Manifest: f.Manifest, folder: f}
	if held != nil && f.Manifest.Status == "complete" {
		r.Turns, r.Journal, r.Points, r.Bars, r.walked = f.Lines(), held.Journal, held.Points, held.Bars, held.walked
		r.events = held.events
		if r.walked != nil && len(r.Manifest.Pods) == 0 { // what is asked of the journal now is in events: equity points need not stay
			r.Journal, held.Journal = nil, nil
		}
	} else {
		rows := f.Equity()
		r.Journal, r.Turns, r.Points = slices.Values(f.Journal()), f.Lines(), pointsOf(slices.Values(rows), len(rows))
		if n := stepsOf(r.Journal); n != len(r.Points) {
			f.Note("equity.csv has %d steps and journal.jsonl %d: returns are of the first, trades and costs of the second", len(r.Points), n)
		}
		r.Bars = seriesOf(f.Bars())
	}
	var err error
	switch r.Usage, err = f.Usage(); {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist) && r.Manifest.Status == "running":
		f.Note("model usage is unknown: the run has not ended")
	case errors.Is(err, fs.ErrNotExist):
		f.Note("model usage is unknown: usage.json is missing")
	default:
		f.Note("model usage is unknown: %v", err)
	}
	if r.Desk, err = f.DeskScore(); err != nil {
		f.Note("what the desk was worth is unknown: %v", err)
	}
	if r.Memory, err = f.Memory(); err != nil {
		f.Note("what the run remembered is unknown: %v", err)
	}
	r.Notes = append(r.Notes, f.Notes...)
	return r, nil
}

func pointsOf(rows iter.Seq[runs.EquityRow], n int) []Point {
	list := make([]Point, 0, n)
	for p := range rows {
		list = append(list, point(p))
	}
	return list
}

// seriesOf puts the bars of symbols into columns.
func seriesOf(bars map[string][]pitwall.Bar) map[string]*pitwall.Series {
	by := map[string]*pitwall.Series{}
	for symbol, list := range bars {
		x := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: symbol}}
		for _, b := range list {
			x.Instrument.Zone = b.Start.Location()
			_ = x.Append(b) // what is impossible about a bar was for its reader to say
		}
		by[symbol] = x
	}
	return by
}

func point(p runs.EquityRow) Point {
	return Point{At: p.Time, Equity: p.Equity.Float(), Cash: p.Cash.Float(), Benchmark: p.Benchmark.Float(), Hold: p.Hold.Float(), Exact: p.Equity}
}

// Turn reads the record of a turn.
func (r *Run) Turn(n int) (*agentloop.Turn, error) {
	if r.folder == nil {
		return nil, errNoTurns
	}
	return r.folder.Turn(n)
}

var errNoTurns = pitwall.Errorf(pitwall.NoCoverage, "a world in memory keeps no turns")

// Events returns the journal without equity points, which are nearly all of a long one.
func (r *Run) Events() []pitwall.Entry {
	if r.events == nil && r.Journal != nil {
		r.events = []pitwall.Entry{}
		for e := range r.Journal {
			if e.Kind != pitwall.EntryMark {
				r.events = append(r.events, e)
			}
		}
	}
	return r.events
}

// traded returns what the manifest says of a symbol with bars; zero if nothing.
func (r *Run) traded(symbol string) (t runs.Traded) {
	if i := slices.IndexFunc(r.Manifest.Traded, func(t runs.Traded) bool { return t.Symbol == symbol }); i >= 0 {
		t = r.Manifest.Traded[i]
	}
	return t
}

// Actions returns the splits and dividends that a symbol's prices were not adjusted
// for, in the terms of the prices.
func (r *Run) Actions(symbol string) []pitwall.Action {
	own := slices.DeleteFunc(slices.Clone(r.Manifest.Actions), func(a pitwall.Action) bool { return a.Symbol != symbol })
	return pitwall.ActionsFor(r.traded(symbol).Adjusted, own)
}

// World describes a world without a folder.
type World struct {
	Name        string
	Symbols     []string // those that were or may be traded
	Benchmark   string
	From        string // the date on which it began
	Cash        pitwall.Dec
	Costs       pitwall.Costs
	Attempt     int
	Instruments []pitwall.Instrument // those that Bars has
	Actions     []pitwall.Action
	Digest      string
	Notes       []string
	Warnings    []pitwall.Warning

	Journal []pitwall.Entry
	Bars    map[string][]pitwall.Bar
}

// FromWorld returns a run without a folder. It has no turns.
func FromWorld(w World, ref pitwall.Reference) *Run {
	m := runs.Manifest{Name: w.Name, Symbols: w.Symbols, Benchmark: w.Benchmark, From: w.From, Cash: w.Cash, Costs: w.Costs, Attempt: w.Attempt, Actions: w.Actions, Digest: w.Digest, Notes: w.Notes, Warnings: pitwall.WarningTexts(w.Warnings), ReadWith: runs.ReadWith(w.Warnings)}
	for _, i := range w.Instruments {
		m.Traded = append(m.Traded, runs.Traded{Instrument: i, Zone: i.Location().String(), Adjusted: pitwall.Raw})
	}
	r := &Run{Manifest: m, Journal: slices.Values(w.Journal), Bars: seriesOf(w.Bars)}
	var whole pitwall.BookSum
	for _, e := range w.Journal {
		if x, ok := whole.Add(e); ok {
			p := runs.EquityRow{Time: x.Time, Equity: x.Equity, Cash: x.Cash}
			if ref != nil {
				p.Benchmark, p.Hold = ref(p.Time)
			}
			r.Points = append(r.Points, point(p))
		}
	}
	return r
}
