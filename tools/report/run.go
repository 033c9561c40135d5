package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	json2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pitwall"
)

// Run is what a run left: all that its figures are computed from.
type Run struct {
	Manifest Manifest
	Journal  []pitwall.Entry
	Points   []Point                  // equity at the end of each step
	Bars     map[string][]pitwall.Bar // what was traded or compared with, oldest first
	Turns    []TurnLine               // in their order
	Usage    *Usage                   // nil: not known
	Notes    []string                 // what could not be read

	folder *Folder // nil: the run is a world in memory
}

// Manifest is what the figures need of manifest.json.
type Manifest struct {
	RunID     string           `json:"run_id"`
	Status    string           `json:"status"`
	Pitwall   string           `json:"pitwall"`
	Strategy  string           `json:"strategy"`
	Name      string           `json:"name"`
	Symbols   []string         `json:"symbols"`
	Benchmark string           `json:"benchmark"`
	From      string           `json:"from"`
	To        string           `json:"to"`
	Every     string           `json:"every"`
	Cash      pitwall.Dec      `json:"cash"`
	Costs     json.RawMessage  `json:"costs"`
	Model     string           `json:"model"`
	Agents    []Agent          `json:"agents"`
	Attempt   int              `json:"attempt"`
	Traded    []Traded         `json:"instruments"`
	Actions   []pitwall.Action `json:"actions"`
	Notes     []string         `json:"notes"`
	Warnings  []string         `json:"warnings"`
	Digest    string           `json:"digest"`
	Error     string           `json:"error"`
}

// Traded is an instrument of a run.
type Traded struct {
	pitwall.Instrument
	Zone     string             `json:"zone"`
	Size     string             `json:"bar_size"`
	Adjusted pitwall.Adjustment `json:"adjusted"`
}

// Usage is usage.json.
type Usage struct {
	ModelCalls int `json:"model_calls"`
	CacheHits  int `json:"cache_hits"`
	ToolCalls  int `json:"tool_calls"`
	Tokens     struct {
		Input  int64 `json:"input"`
		Output int64 `json:"output"`
	} `json:"tokens"`
	CostUSD         *pitwall.Dec `json:"cost_usd"`
	CostUSDRecorded *pitwall.Dec `json:"cost_usd_recorded"`
	Stopped         string       `json:"stopped"`
}

// TurnLine is a line of summaries.jsonl.
type TurnLine struct {
	Turn     int       `json:"turn"`
	AsOf     string    `json:"as_of"`
	Agent    string    `json:"agent"`
	Model    string    `json:"model"`
	Why      string    `json:"why"`
	Status   string    `json:"status"`
	Equity   float64   `json:"equity,omitempty"`
	Calls    []string  `json:"calls"`
	Orders   int       `json:"orders"`
	Result   string    `json:"result"`
	Warnings []Warning `json:"warnings,omitempty"`
}

// Turn is a file of turns/.
type Turn struct {
	Turn        int             `json:"turn"`
	AsOf        string          `json:"as_of"`
	Agent       string          `json:"agent"`
	Model       string          `json:"model"`
	Why         string          `json:"why"`
	StateDigest string          `json:"state_digest,omitempty"`
	Status      string          `json:"status"`
	Result      string          `json:"result"`
	Output      json.RawMessage `json:"output,omitempty"`
	Error       string          `json:"error,omitempty"`
	Warnings    []Warning       `json:"warnings"`
	System      string          `json:"system"`
	Tools       []string        `json:"tools"`
	Params      json.RawMessage `json:"params,omitempty"`
	Messages    []Message       `json:"messages"`
}

// Warning is a warning of a turn.
type Warning struct {
	Kind   string `json:"kind"`
	Detail string `json:"detail,omitempty"`
}

// Message is one message of a turn: of the user, a reply, or results.
type Message struct {
	User  string `json:"user,omitempty"`
	Reply *struct {
		Text      string `json:"text,omitempty"`
		Reasoning string `json:"reasoning,omitempty"`
		Model     string `json:"model,omitempty"`
		Stop      string `json:"stop,omitempty"`
		Calls     []struct {
			ID        string          `json:"id"`
			Name      string          `json:"name"`
			Arguments json.RawMessage `json:"arguments"`
		} `json:"calls,omitempty"`
	} `json:"reply,omitempty"`
	Results []struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Text    string `json:"text"`
		IsError bool   `json:"is_error,omitempty"`
	} `json:"results,omitempty"`
}

// Open reads a run's folder, also one whose run has not ended.
func Open(fsys fs.FS) (*Run, error) {
	f := &Folder{FS: fsys}
	r := &Run{folder: f, Bars: map[string][]pitwall.Bar{}}
	if err := f.JSON("manifest.json", &r.Manifest); err != nil {
		return nil, fmt.Errorf("reading the run: %w", err)
	}
	switch m := r.Manifest; {
	case m.Status == "running":
		f.note("the run has not ended: it is still running, or it was killed")
	case m.Error != "":
		f.note("the run failed: %s", m.Error)
	}
	for _, name := range []string{"journal.jsonl", "equity.csv", "fills.csv", "prices.csv", "summaries.jsonl"} {
		if _, err := fs.Stat(f, name); errors.Is(err, fs.ErrNotExist) {
			f.note("%s is not there: what is computed from it is missing or 0", name)
		}
	}
	r.Journal = f.Journal()
	r.Turns = Lines[TurnLine](f, "summaries.jsonl")
	slices.SortStableFunc(r.Turns, func(a, b TurnLine) int { return a.Turn - b.Turn })
	var err error
	if r.Points, err = points(f.Rows("equity.csv", 5)); err != nil {
		return nil, err
	}
	if n := len(heldAt(r.Journal)); n != len(r.Points) {
		f.note("equity.csv has %d steps and journal.jsonl %d: returns are of the first, trades and costs of the second", len(r.Points), n)
	}
	if err := r.readBars(); err != nil {
		return nil, err
	}
	var u Usage
	switch err := f.JSON("usage.json", &u); {
	case err == nil:
		r.Usage = &u
	case errors.Is(err, fs.ErrNotExist) && r.Manifest.Status == "running":
		f.note("what the models used is not known: the run has not come to its end")
	case errors.Is(err, fs.ErrNotExist):
		f.note("what the models used is not known: usage.json is not there")
	default:
		f.note("what the models used is not known: %v", err)
	}
	r.Notes = append(r.Notes, f.Notes...)
	return r, nil
}

// Turn reads the record of a turn.
func (r *Run) Turn(n int) (*Turn, error) {
	if r.folder == nil {
		return nil, pitwall.Errorf(pitwall.NoCoverage, "a world in memory keeps no turns")
	}
	name := fmt.Sprintf("turns/%06d.json", n)
	raw, err := fs.ReadFile(r.folder, name)
	if err != nil {
		return nil, err
	}
	var t Turn
	if err := json2.Unmarshal(raw, &t, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &t, nil
}

// TurnFiles are the numbers of the turns that have a record, in order.
func (r *Run) TurnFiles() []int {
	if r.folder == nil {
		return nil
	}
	entries, err := fs.ReadDir(r.folder, "turns")
	if err != nil {
		return nil // no turn was recorded
	}
	var list []int
	for _, x := range entries {
		if n, err := strconv.Atoi(strings.TrimSuffix(x.Name(), ".json")); err == nil && strings.HasSuffix(x.Name(), ".json") {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return list
}

func (r *Run) readBars() error {
	zones := map[string]*time.Location{}
	for _, t := range r.Manifest.Traded {
		if z, err := time.LoadLocation(t.Zone); err == nil {
			zones[t.Symbol] = z
		}
	}
	for i, row := range r.folder.Rows("prices.csv", 10) {
		b := pitwall.Bar{Symbol: row[0], Volume: pitwall.NoVolume}
		for k, to := range []*pitwall.Dec{&b.Open, &b.High, &b.Low, &b.Close} {
			var err error
			if *to, err = pitwall.ParseDec(row[2+k]); err != nil {
				return fmt.Errorf("prices.csv row %d: %w", i+1, err)
			}
		}
		for k, to := range []*time.Time{&b.Start, &b.End, &b.Known} {
			t, err := time.Parse(time.RFC3339, row[7+k])
			if err != nil {
				return fmt.Errorf("prices.csv row %d: %w", i+1, err)
			}
			if z := zones[b.Symbol]; z != nil {
				t = t.In(z)
			}
			*to = t
		}
		if row[6] != "" {
			v, err := strconv.ParseFloat(row[6], 64)
			if err != nil {
				return fmt.Errorf("prices.csv row %d: %w", i+1, err)
			}
			b.Volume = v
		}
		r.Bars[b.Symbol] = append(r.Bars[b.Symbol], b)
	}
	return nil
}
