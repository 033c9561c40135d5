package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
	"pitwall/tools/report"
)

// This file reads a run's folder for a person: also one that is still being
// written or whose writer was killed. What cannot be read becomes a note.

// pastRun is what a run has left so far.
type pastRun struct {
	dir      string
	manifest runs.Manifest
	turns    []agentloop.TurnLine
	timing   map[int]agentloop.Timing
	files    *report.Folder
}

// runsDir is where backtests put their folders.
const runsDir = "runs"

// findRun finds a run's folder: a path, a name below runs/, or last.
func findRun(name string) (string, error) {
	if name == "last" {
		return lastRun()
	}
	for _, dir := range []string{name, filepath.Join(runsDir, name)} {
		if isRun(dir) {
			return filepath.Clean(dir), nil
		}
	}
	e := pitwall.Errorf(pitwall.InvalidInput, "there is no run at %s", oneLine(name))
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		e = pitwall.Errorf(pitwall.InvalidInput, "%s is not a run's folder: it has neither manifest.json nor summaries.jsonl", oneLine(name))
	}
	var names []string
	entries, _ := os.ReadDir(runsDir) // none is an answer too
	for _, x := range entries {
		if isRun(filepath.Join(runsDir, x.Name())) {
			names = append(names, x.Name())
		}
	}
	if len(names) == 0 {
		return "", e.Hintf("pitwall backtest leaves one in runs/; there is none here")
	}
	near := ""
	if x, is := pitwall.Near(filepath.Base(name), append(names, "last")); is {
		near = "did you mean " + oneLine(x) + "? "
	}
	return "", e.Hintf("%slast is the newest of the %d in runs/; pitwall runs lists them", near, len(names))
}

func isRun(dir string) bool {
	for _, f := range []string{"manifest.json", "summaries.jsonl", "journal.jsonl"} {
		if info, err := os.Stat(filepath.Join(dir, f)); err == nil && info.Mode().IsRegular() {
			return true
		}
	}
	return false
}

// lastRun is the run whose journal was written to last.
func lastRun() (string, error) {
	var newest time.Time
	found := ""
	entries, _ := os.ReadDir(runsDir)
	for _, x := range entries {
		dir := filepath.Join(runsDir, x.Name())
		for _, f := range []string{"journal.jsonl", "summaries.jsonl", "manifest.json"} {
			if info, err := os.Stat(filepath.Join(dir, f)); err == nil {
				if t := info.ModTime(); found == "" || t.After(newest) {
					found, newest = dir, t
				}
				break
			}
		}
	}
	if found == "" {
		return "", pitwall.Errorf(pitwall.InvalidInput, "there is no run in runs/").Hintf("pitwall backtest examples/momentum leaves one; or name a run's folder")
	}
	return found, nil
}

// openRun reads what a run left.
func openRun(name string) (*pastRun, error) {
	dir, err := findRun(name)
	if err != nil {
		return nil, err
	}
	r := &pastRun{dir: dir, timing: map[int]agentloop.Timing{}, files: &report.Folder{FS: os.DirFS(dir)}}
	switch err := r.files.JSON("manifest.json", &r.manifest); {
	case err != nil:
		r.note("manifest.json cannot be read: %v", err)
	case r.manifest.Status == "running":
		r.note("it has not ended: it is still running, or it was killed")
	case r.manifest.Error != "":
		r.note("it failed: %s", r.manifest.Error)
	}
	r.turns = report.Lines[agentloop.TurnLine](r.files, "summaries.jsonl")
	for _, t := range report.Lines[agentloop.Timing](r.files, "timing.jsonl") {
		r.timing[t.Turn] = t
	}
	r.unlisted()
	return r, nil
}

func (r *pastRun) path(name string) string { return filepath.Join(r.dir, name) }

func (r *pastRun) note(format string, args ...any) {
	r.files.Notes = append(r.files.Notes, fmt.Sprintf(format, args...))
}

// notes say what could not be read, a line each.
func (r *pastRun) notes() []string {
	list := []string{}
	for _, n := range r.files.Notes {
		list = append(list, oneLine(n))
	}
	return list
}

// unlisted adds turns whose record was written and whose line was not: the run
// was killed between the two.
func (r *pastRun) unlisted() {
	files, _ := os.ReadDir(r.path("turns"))
	seen := map[int]bool{}
	for _, t := range r.turns {
		seen[t.Turn] = true
	}
	for _, f := range files {
		n, err := strconv.Atoi(strings.TrimSuffix(f.Name(), ".json"))
		if err != nil || seen[n] {
			continue
		}
		t, _, err := r.turn(n)
		if err != nil {
			r.note("%v", err)
			continue
		}
		r.turns = append(r.turns, t.Line())
	}
	slices.SortStableFunc(r.turns, func(a, b agentloop.TurnLine) int { return a.Turn - b.Turn })
}

func changesOrders(tool string) bool {
	switch strings.ReplaceAll(tool, ".", "_") {
	case "orders_submit", "orders_modify", "orders_cancel":
		return true
	}
	return false
}

// turn reads the record of a turn, and its bytes.
func (r *pastRun) turn(n int) (*agentloop.Turn, []byte, error) {
	name := filepath.Join("turns", fmt.Sprintf("%06d.json", n))
	raw, err := os.ReadFile(r.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, pitwall.Errorf(pitwall.InvalidInput, "there is no turn %d in %s", n, oneLine(r.dir)).Hintf("%s", r.have())
	}
	var t agentloop.Turn
	if err == nil {
		err = json.Unmarshal(raw, &t)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", r.path(name), err)
	}
	return &t, raw, nil
}

// have says which turns there are: 1 to 17, 19.
func (r *pastRun) have() string {
	if len(r.turns) == 0 {
		return "it has no turns yet"
	}
	var parts []string
	for i := 0; i < len(r.turns); {
		first := r.turns[i].Turn
		for i++; i < len(r.turns) && r.turns[i].Turn == r.turns[i-1].Turn+1; i++ {
		}
		last := r.turns[i-1].Turn
		if part := strconv.Itoa(first); first == last {
			parts = append(parts, part)
		} else {
			parts = append(parts, part+" to "+strconv.Itoa(last))
		}
	}
	if len(parts) > 8 {
		parts = append(parts[:7], "...", parts[len(parts)-1])
	}
	return "there are turns " + strings.Join(parts, ", ")
}
