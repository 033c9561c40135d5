package report

import (
	"errors"
	"fmt"
	"io/fs"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
)

// Run is what a run left: all that its figures are computed from.
type Run struct {
	Manifest runs.Manifest
	Journal  []pitwall.Entry
	Points   []Point                  // equity at the end of each step
	Bars     map[string][]pitwall.Bar // what was traded or compared with, oldest first
	Turns    []agentloop.TurnLine     // in their order
	Usage    *runs.Usage              // nil: not known
	Notes    []string                 // what could not be read

	folder *runs.Run // nil: the run is a world in memory
}

// Open reads a run's folder, also one whose run has not ended.
func Open(fsys fs.FS) (*Run, error) {
	f := runs.Open(fsys)
	if f.Damaged != nil {
		return nil, fmt.Errorf("reading the run: %w", f.Damaged)
	}
	for _, name := range []string{runs.JournalFile, runs.EquityFile, runs.FillsFile, runs.PricesFile, runs.SummariesFile} {
		if _, err := fs.Stat(f, name); errors.Is(err, fs.ErrNotExist) {
			f.Note("%s is not there: what is computed from it is missing or 0", name)
		}
	}
	r := &Run{Manifest: f.Manifest, Journal: f.Journal(), Turns: f.Lines(), folder: f}
	for _, p := range f.Equity() {
		r.Points = append(r.Points, point(p))
	}
	if n := len(heldAt(r.Journal)); n != len(r.Points) {
		f.Note("equity.csv has %d steps and journal.jsonl %d: returns are of the first, trades and costs of the second", len(r.Points), n)
	}
	r.Bars = f.Bars()
	var err error
	switch r.Usage, err = f.Usage(); {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist) && r.Manifest.Status == "running":
		f.Note("what the models used is not known: the run has not come to its end")
	case errors.Is(err, fs.ErrNotExist):
		f.Note("what the models used is not known: usage.json is not there")
	default:
		f.Note("what the models used is not known: %v", err)
	}
	r.Notes = append(r.Notes, f.Notes...)
	return r, nil
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
