package runs

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"sync"
	"time"

	json2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pitwall"
	"pitwall/agentloop"
)

// Run is a run's folder, read as far as it can be: also one that is still being
// written or whose writer was killed. What cannot be read is left out and becomes a
// note; a file that is not there reads as empty. Turn and RawTurn are safe for
// concurrent use, the rest is not.
type Run struct {
	fs.FS
	Manifest Manifest
	Damaged  error // why manifest.json cannot be read; nil: it was
	Notes    []string

	left map[string]int // parts of files that were left out

	once   sync.Once // turns.log is read when a turn is asked for
	log    turnLog
	logErr error
}

// Open reads a folder's manifest. The other files are read when they are asked for.
func Open(fsys fs.FS) *Run {
	r := &Run{FS: fsys, left: map[string]int{}}
	r.Damaged = readJSON(fsys, ManifestFile, &r.Manifest)
	switch {
	case r.Damaged != nil:
		r.Note("manifest.json cannot be read: %v", r.Damaged)
	case r.Manifest.Status == "running":
		r.Note("the run has not ended: it is still running, or it was killed")
	case r.Manifest.Error != "":
		r.Note("the run failed: %s", r.Manifest.Error)
	}
	return r
}

// Note adds a note.
func (r *Run) Note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// maxLeft is how many parts of a file that are left out have a note of their own.
const maxLeft = 3

// leave notes that a part of a file is left out.
func (r *Run) leave(f *fault) error {
	if f.torn {
		r.Note("%s ends in half a line, which is left out", f.file)
		return nil
	}
	r.left[f.file]++
	switch {
	case r.left[f.file] <= maxLeft:
		r.Note("line %d of %s cannot be read and is left out", f.line, f.file)
	case r.left[f.file] == maxLeft+1:
		r.Note("%s has more lines that cannot be read and are left out", f.file)
	}
	return nil
}

// missing notes why a file cannot be read, unless it is not there.
func (r *Run) missing(err error) {
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.Note("%v", err)
	}
}

// Journal reads journal.jsonl. Journals without turns were written before entries
// had one: what is known then is the column of fills.csv, so the turns of orders
// that never filled, and of changes, are lost.
func (r *Run) Journal() []pitwall.Entry {
	list, err := linesOf[pitwall.Entry](r, JournalFile, r.leave)
	r.missing(err)
	orders := func(e pitwall.Entry) bool { return e.Order != nil || e.Fill != nil }
	if !slices.ContainsFunc(list, orders) || slices.ContainsFunc(list, func(e pitwall.Entry) bool { return e.Turn > 0 }) {
		return list
	}
	r.Note("the journal of this older run has no turns: those of orders that never filled are not known")
	turns := map[string]int{}
	for _, row := range r.Rows(FillsFile) {
		if n, err := strconv.Atoi(row[7]); err == nil && n > 0 {
			turns[row[8]] = n
		}
	}
	for i, e := range list {
		if e.State != nil && e.State.Parent != "" {
			turns[e.ID] = turns[e.State.Parent]
		}
		if e.Change == nil && e.Verb != "cancel" && (e.State == nil || e.State.Status != pitwall.Denied) {
			list[i].Turn = turns[e.ID]
		}
	}
	return list
}

// Timing reads timing.jsonl, by turn.
func (r *Run) Timing() map[int]agentloop.Timing {
	list, err := linesOf[agentloop.Timing](r, TimingFile, r.leave)
	r.missing(err)
	by := map[int]agentloop.Timing{}
	for _, t := range list {
		by[t.Turn] = t
	}
	return by
}

// Equity reads equity.csv.
func (r *Run) Equity() []EquityRow {
	list, err := rowsOf(r, EquityFile, parseEquity, r.leave)
	r.missing(err)
	return list
}

// Bars reads prices.csv: the bars of each symbol, in the zone of its exchange.
func (r *Run) Bars() map[string][]pitwall.Bar {
	zones := map[string]*time.Location{}
	for _, t := range r.Manifest.Traded {
		if z, err := pitwall.LoadZone(t.Zone); err == nil {
			zones[t.Symbol] = z
		}
	}
	list, err := rowsOf(r, PricesFile, parseBar, r.leave)
	r.missing(err)
	bars := map[string][]pitwall.Bar{}
	for _, b := range list {
		if z := zones[b.Symbol]; z != nil {
			b.Start, b.End, b.Known = b.Start.In(z), b.End.In(z), b.Known.In(z)
		}
		bars[b.Symbol] = append(bars[b.Symbol], b)
	}
	return bars
}

// Rows reads a CSV file as it is written, without its header.
func (r *Run) Rows(file string) [][]string {
	list, err := rowsOf(r, file, func(row []string) ([]string, error) { return row, nil }, r.leave)
	r.missing(err)
	return list
}

// Usage reads usage.json, which a run writes at its end.
func (r *Run) Usage() (*Usage, error) {
	var u Usage
	if err := readJSON(r, UsageFile, &u); err != nil {
		return nil, err
	}
	return &u, nil
}

// Lines reads summaries.jsonl, in the order of the turns. A turn whose record was
// written and whose line was not, since the run was killed between the two, gets its
// line from the record.
func (r *Run) Lines() []agentloop.TurnLine {
	list, err := linesOf[agentloop.TurnLine](r, SummariesFile, r.leave)
	r.missing(err)
	seen := map[int]bool{}
	for _, t := range list {
		seen[t.Turn] = true
	}
	for _, n := range r.recorded() {
		if seen[n] {
			continue
		}
		t, err := r.Turn(n)
		if err != nil {
			r.Note("%v", err)
			continue
		}
		list = append(list, t.Line())
	}
	slices.SortStableFunc(list, func(a, b agentloop.TurnLine) int { return a.Turn - b.Turn })
	return list
}

// Turn reads the record of a turn.
func (r *Run) Turn(n int) (*agentloop.Turn, error) {
	raw, err := r.RawTurn(n)
	if err != nil {
		return nil, err
	}
	return ParseTurn(n, raw)
}

// ParseTurn decodes the record of turn n. A page reads thousands of them: this
// decoder takes half the time of encoding/json.
func ParseTurn(n int, raw []byte) (*agentloop.Turn, error) {
	var t agentloop.Turn
	if err := json2.Unmarshal(raw, &t, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
		return nil, fmt.Errorf("turn %d: %w", n, err)
	}
	return &t, nil
}
