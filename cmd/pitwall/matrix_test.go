package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
	"pitwall/agentloop/models/modeltest"
	"pitwall/cache/runs"
)

// matrix is one strategy that calls every tool, the servers that it needs, and the
// undisturbed run that all others are compared with.
type matrix struct {
	model *modeltest.Server
	wire  *httptest.Server
	files []string
	base  map[string]string // of the undisturbed run, every file
	cache string            // what it left in the replay cache
}

// cell is one way to run it.
type cell struct {
	heat   string // cold, warm, strict, stopped, killed: the last two are run again
	noPage bool
	procs  int
	place  int // an index of places
}

func (c cell) String() string {
	page := "page"
	if c.noPage {
		page = "no page"
	}
	return fmt.Sprintf("%s, %s, GOMAXPROCS=%d, %v", c.heat, page, c.procs, places[c.place])
}

var places = [][]string{{"TZ=UTC", "LANG=C"}, {"TZ=Asia/Tokyo", "LANG=de_DE.UTF-8", "LC_ALL=de_DE.UTF-8"}, {"TZ=America/St_Johns", "LANG=tr_TR.UTF-8", "LC_ALL=tr_TR.UTF-8"}}

// Every byte of the evidence is the same, whatever happened on the way. Of runs that
// asked the model all files are compared as they are, but timing.jsonl (host times). Of
// those that took answers from the cache not usage.json (what was new) nor report.html
// (which shows that), and of SHA256SUMS not the line of usage.json. By default a handful
// of cells; PITWALL_LONG=1 runs 15, in which each value of a field meets each value of every
// other; PITWALL_KILLS=200 beside it runs all 30, and 200 more that are killed at a random turn.
func TestMatrix(t *testing.T) {
	x := newMatrix(t)
	cells := []cell{{"strict", true, 1, 1}, {"killed", false, 4, 2}, {"stopped", true, 2, 0}, {"cold", false, 1, 2}}
	kills, _ := strconv.Atoi(os.Getenv("PITWALL_KILLS"))
	if often(0, 1) == 1 {
		cells = nil
		for i, heat := range []string{"cold", "warm", "strict", "stopped", "killed"} {
			for k, procs := range []int{1, 2, 8} {
				for _, noPage := range []bool{false, true} {
					if kills > 0 || noPage == ((i+k)%2 == 1) {
						cells = append(cells, cell{heat, noPage, procs, (i + k) % len(places)})
					}
				}
			}
		}
	}
	rng := rand.New(rand.NewPCG(1, 8))
	for range kills {
		cells = append(cells, cell{"killed", true, 1 + rng.IntN(4), rng.IntN(len(places))})
	}
	began := time.Now()
	t.Run("cells", func(t *testing.T) {
		for i, c := range cells {
			end := 1 + rng.IntN(20)
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				require.Empty(t, x.differs(t, c, end), "cell %d: %v", i, c)
			})
		}
	})
	t.Logf("%d cells in %v", len(cells), time.Since(began))
	x.overTransports(t)
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	wire := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		items := []map[string]any{}
		for day := range 100 {
			at := time.Date(2024, 1, 1+day, 18, 0, 0, 0, time.UTC)
			items = append(items, map[string]any{"at": at.Format(time.RFC3339), "text": fmt.Sprintf("%s on day %d, up to %s", r.URL.Query().Get("topic"), day, r.URL.Query().Get("end"))})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"items": items}) // the future is in it
	}))
	t.Cleanup(wire.Close)
	x := &matrix{model: modeltest.New(t, matrixModel{}, modeltest.Options{}), wire: wire}
	x.files = matrixFiles("openai/fake-1", x.model.URL+"/v1", wire.URL)
	t.Setenv("OPENAI_API_KEY", secretKey)
	run := x.folder(t)
	x.cache = t.TempDir()
	x.run(t, run, x.cache, cell{heat: "cold", procs: 2}, 0)
	x.base = withRecords(t, filepath.Join(run, "run"))
	x.callsEveryTool(t)
	return x
}

// folder makes a folder with the strategy and its data.
func (x *matrix) folder(t *testing.T) string {
	dir := t.TempDir()
	write(t, dir, x.files...)
	return dir
}

// run runs the strategy in a folder; at turn end, if there is one, it is ended.
func (x *matrix) run(t *testing.T, dir, cache string, c cell, end int) {
	t.Helper()
	args := []string{"backtest", "s.yaml", "--out", "run"}
	if c.noPage {
		args = append(args, "--no-report")
	}
	if c.heat == "strict" && end == 0 {
		args = append(args, "--strict-replay")
	}
	cmd := exec.Command(binary, args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "PITWALL_CACHE_DIR="+cache, fmt.Sprintf("GOMAXPROCS=%d", c.procs)), places[c.place]...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	require.NoError(t, cmd.Start())
	if end == 0 {
		require.NoError(t, cmd.Wait(), errs.String())
		return
	}
	turnAppears(t, filepath.Join(dir, "run"), end)
	if c.heat == "killed" {
		require.NoError(t, cmd.Process.Kill())
	} else {
		require.NoError(t, cmd.Process.Signal(os.Interrupt))
	}
	require.Error(t, cmd.Wait(), "it was ended at turn %d", end)
}

// differs runs a cell and returns the files that are not those of the undisturbed run.
// A cell that is run again ends first at a turn.
func (x *matrix) differs(t *testing.T, c cell, end int) (list []string) {
	t.Helper()
	dir, cache := x.folder(t), t.TempDir()
	switch c.heat {
	case "warm", "strict":
		require.NoError(t, os.CopyFS(cache, os.DirFS(x.cache)))
	case "stopped", "killed":
		x.run(t, dir, cache, c, end)
		require.NoError(t, os.RemoveAll(filepath.Join(dir, "run")))
	}
	x.run(t, dir, cache, c, 0)
	got := withRecords(t, filepath.Join(dir, "run"))
	if c.heat == "warm" || c.heat == "strict" {
		require.Contains(t, got[runs.UsageFile], `"model_calls": 0`)
	}
	for name, want := range x.base {
		have := got[name]
		switch {
		case name == runs.TimingFile, c.heat != "cold" && (name == runs.UsageFile || name == runs.PageFile), c.noPage && name == runs.PageFile:
			continue
		case name == runs.SumsFile && c.heat != "cold":
			want, have = withoutLine(want, runs.UsageFile), withoutLine(have, runs.UsageFile)
		}
		if have != want {
			list = append(list, name+": "+firstDifferent(want, have))
		}
	}
	for name := range got {
		if _, known := x.base[name]; !known {
			list = append(list, name+" is one file more")
		}
	}
	return list
}

func withoutLine(text, with string) string {
	var out []string
	for line := range strings.Lines(text) {
		if !strings.Contains(line, with) {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

// firstDifferent shows where two texts part.
func firstDifferent(a, b string) string {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return fmt.Sprintf("at byte %d: %.120q, not %.120q", n, a[n:], b[n:])
}

// callsEveryTool asserts that the run exercises what the test is for.
func (x *matrix) callsEveryTool(t *testing.T) {
	called, failed, turns := map[string]int{}, map[string]int{}, 0
	var offered []string
	for name, text := range x.base {
		if !strings.HasPrefix(name, "turns/") {
			continue
		}
		turns++
		turn, err := runs.ParseTurn(1, []byte(text))
		require.NoError(t, err)
		offered = turn.Tools
		for _, message := range turn.Messages {
			for _, r := range message.Results {
				tool := strings.ReplaceAll(r.Name, ".", "_")
				called[tool]++
				if r.IsError {
					failed[tool+" "+strings.Fields(r.Text)[1]]++
				}
			}
		}
	}
	for _, tool := range offered {
		require.Positive(t, called[tool], "%s is not called: extend matrixModel", tool)
	}
	for _, fault := range []string{"duckdb_query SQL_FAILED:", "orders_submit UNKNOWN_SYMBOL:", "orders_cancel UNKNOWN_ORDER:", "orders_submit MAX_ORDER_QTY:", "macro_series NO_COVERAGE:"} {
		require.Positive(t, failed[fault], "%s: %v", fault, failed)
	}
	require.GreaterOrEqual(t, turns, 35)
	for _, kind := range []string{`"type":"limit"`, `"type":"stop"`, `"type":"stop_limit"`, `"type":"trailing_stop"`, `"class":"bracket"`, `"class":"oco"`, `"class":"oto"`, `"kind":"cash"`, `"verb":"replace"`, `"verb":"cancel"`, `"tif":"ioc"`, `"tif":"opg"`, `"tif":"cls"`, `"tif":"gtd"`} {
		require.Contains(t, x.base[runs.JournalFile], kind)
	}
	require.Contains(t, x.base[turnName(1)], "revised", "macro series without vintages are shown")
	t.Logf("%d turns, %d fills, calls %v", turns, strings.Count(x.base[runs.FillsFile], "\n")-1, called)
}

// overTransports asserts that through every transport and both eras of the protocol a loop
// sees what it sees in process: each turn's record and line is the same, byte for byte.
func (x *matrix) overTransports(t *testing.T) {
	t.Helper()
	eras := []string{"2025-11-25", "2026-07-28"}
	for i, version := range eras {
		dir := x.folder(t)
		cmd := exec.Command(binary, "serve", "s.yaml")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), places[1+i]...)
		cmd.Env = append(cmd.Env, fmt.Sprint("GOMAXPROCS=", 1+2*i))
		x.same(t, dir, "stdio "+version, &mcp.CommandTransport{Command: cmd}, version)
		if i == 0 || often(0, 1) == 1 { // each era once by default
			url := serveHTTP(t, "serve", filepath.Join(dir, "s.yaml"))
			x.same(t, dir, "http "+version, &mcp.StreamableClientTransport{Endpoint: url, DisableStandaloneSSE: true}, version)
		}
	}
}

// same drives a server of the strategy with the loop of a backtest and compares what
// it records.
func (x *matrix) same(t *testing.T, dir, name string, transport mcp.Transport, version string) {
	t.Helper()
	s, err := backtestFlags{}.strategy(filepath.Join(dir, "s.yaml"))
	require.NoError(t, err)
	agents, err := testApp(t).deciders(s.Strategy, settings{vars: map[string]string{"OPENAI_API_KEY": secretKey}}, false)
	require.NoError(t, err)
	cs, err := mcp.NewClient(&mcp.Implementation{Name: "t", Version: "1"}, nil).Connect(t.Context(), transport, &mcp.ClientSessionOptions{ProtocolVersion: version})
	require.NoError(t, err)
	defer cs.Close()
	got := &records{turns: map[string]string{}}
	out, err := agentloop.Run(t.Context(), agentloop.Config{Session: cs, Agents: agents, Recorder: got, Now: hostNow})
	require.NoError(t, err, name)
	require.True(t, out.Ended)
	for file, want := range x.base {
		if strings.HasPrefix(file, "turns/") {
			require.Empty(t, differing(want, got.turns[file]), "%s: %s", name, file)
		}
	}
	require.Len(t, got.turns, strings.Count(x.base[runs.SummariesFile], "\n"))
	require.Equal(t, x.base[runs.SummariesFile], got.lines.String(), name)
}

func differing(a, b string) string {
	if a == b {
		return ""
	}
	return firstDifferent(a, b)
}

// records keeps the turns of a run as its folder would.
type records struct {
	turns map[string]string
	lines strings.Builder
}

// EndTurn implements agentloop.Recorder.
func (r *records) EndTurn(n int, turn []byte, line json.RawMessage, _ agentloop.Timing) error {
	r.turns[turnName(n)] = string(turn)
	r.lines.Write(append(line, '\n'))
	return nil
}
