package main

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/tools/report"
)

// realRun is a run's folder, read without code of the product.
type realRun struct {
	man     manifestFile
	usage   *usageFile
	journal []journalLine
	steps   []step
	bars    map[string][]barRow
	turns   map[string]fillRow // by order
	nTurns  int
	start   float64
}

type manifestFile struct {
	RunID     string `json:"run_id"`
	Status    string
	Pitwall   string
	Name      string
	Symbols   []string
	Benchmark string
	From      string
	Every     string
	Cash      float64
	Model     string
	Agents    []struct {
		Name, Model, Every, Prompt, Cutoff string
		Params                             obj
	}
	Attempt     int
	Digest      string
	Notes       []string
	Warnings    []string
	Costs       map[string]float64
	Instruments []struct {
		Symbol string
		Kind   string
		Lot    float64
	}
	Actions []action
}

type action struct {
	Symbol string
	Ex     time.Time `json:"ex_date"`
	Type   string
	Value  float64
	Per    float64
}

type usageFile struct {
	Tokens   struct{ Input, Output float64 }
	Cost     *float64 `json:"cost_usd"`
	Recorded *float64 `json:"cost_usd_recorded"`
}

type journalLine struct {
	Kind  string
	Verb  string
	AsOf  time.Time `json:"as_of"`
	State *struct{ ID, Status, Parent, Role string }
	Fill  *struct {
		Order, Book, Symbol, Side            string
		Qty, Price, Fee, Slippage, Reference float64
		Time                                 time.Time
	}
	Flow *struct {
		Symbol, Type      string
		Qty, Each, Amount float64
	}
	Mark *struct{ Equity, Cash float64 }
}

// step is a row of equity.csv.
type step struct {
	at                            time.Time
	equity, cash, benchmark, hold float64
}

type fillRow struct {
	turn   float64
	reason string
}

type barRow struct {
	open, close       float64
	start, end, known time.Time
}

func openRealRun(t *testing.T, dir string) *realRun {
	t.Helper()
	r := &realRun{bars: map[string][]barRow{}, turns: map[string]fillRow{}}
	readRealJSON(t, filepath.Join(dir, "manifest.json"), &r.man)
	readRealJSON(t, filepath.Join(dir, "usage.json"), &r.usage)
	r.start = r.man.Cash
	f, err := os.Open(filepath.Join(dir, "journal.jsonl"))
	require.NoError(t, err)
	defer f.Close()
	for dec := json.NewDecoder(f); dec.More(); {
		var e journalLine
		require.NoError(t, dec.Decode(&e))
		r.journal = append(r.journal, e)
	}
	summaries, err := os.ReadFile(filepath.Join(dir, "summaries.jsonl"))
	require.NoError(t, err)
	for _, c := range summaries {
		if c == '\n' {
			r.nTurns++
		}
	}
	for _, row := range realRows(t, dir, "equity.csv") {
		r.steps = append(r.steps, step{when(t, row[0]), num(t, row[1]), num(t, row[2]), num(t, row[3]), num(t, row[4])})
	}
	for _, row := range realRows(t, dir, "fills.csv") {
		r.turns[row[8]] = fillRow{num(t, row[7]), row[9]}
	}
	for _, e := range r.journal { // an exit that came with an order belongs to that order's turn
		if e.State != nil && e.State.Parent != "" {
			r.turns[e.State.ID] = fillRow{r.turns[e.State.Parent].turn, e.State.Role + " of " + e.State.Parent}
		}
	}
	for _, row := range realRows(t, dir, "prices.csv") {
		r.bars[row[0]] = append(r.bars[row[0]], barRow{num(t, row[2]), num(t, row[5]), when(t, cmp.Or(row[7], row[1])), when(t, row[8]), when(t, cmp.Or(row[9], row[8]))})
	}
	return r
}

func readRealJSON(t *testing.T, file string, to any) {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, to))
}

func realRows(t *testing.T, dir, file string) [][]string {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, file))
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	return rows[1:]
}

func num(t *testing.T, s string) float64 {
	t.Helper()
	if s == "" {
		return 0
	}
	f, err := strconv.ParseFloat(s, 64)
	require.NoError(t, err)
	return f
}

func when(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	require.NoError(t, err)
	return at
}

// sheetJSON is the sheet as its readers get it.
func sheetJSON(t *testing.T, dir string) map[string]any {
	t.Helper()
	run, err := report.Open(os.DirFS(dir))
	require.NoError(t, err)
	s, err := run.Sheet()
	require.NoError(t, err)
	raw, err := json.Marshal(s)
	require.NoError(t, err)
	var m map[string]any
	require.NoError(t, json.Unmarshal(raw, &m))
	return m
}
