package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop/models/modeltest"
	"pitwall/cache/runs"
	"pitwall/examples"
	"pitwall/tools/report"
)

func TestReportGolden(t *testing.T) {
	dir := inMomentum(t)
	file := filepath.Join(dir, "runs/momentum-1/report.html")
	made, err := os.ReadFile(file)
	require.NoError(t, err, "a backtest writes it")
	require.NoError(t, os.Remove(file))
	goldenText(t, "report_run", printed(t, dir, 0, "report", "momentum-1"))
	again, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, made, again, "the same folder gives the same page")
	left, err := filepath.Glob(filepath.Join(dir, "runs/momentum-1/.pitwall-*"))
	require.NoError(t, err)
	require.Empty(t, left)
	require.Contains(t, printed(t, dir, 0, "report", "last", "-o", "page.html"), "Page: page.html\n")
	elsewhere, err := os.ReadFile(filepath.Join(dir, "page.html"))
	require.NoError(t, err)
	require.Equal(t, made, elsewhere)
}

func TestReportJSON(t *testing.T) {
	dir := inMomentum(t)
	file := filepath.Join(dir, "runs/momentum-1/report.html")
	require.NoError(t, os.Remove(file))
	out := printed(t, dir, 0, "report", "last", "--json")
	harmless(t, out)
	var s struct {
		Run      struct{ ID, Status string }
		Headline struct {
			Return float64 `json:"total_return"`
		}
		Trades []any
	}
	d := json.NewDecoder(strings.NewReader(out))
	require.NoError(t, d.Decode(&s))
	require.False(t, d.More(), "one object")
	require.Equal(t, "momentum-1", s.Run.ID)
	require.Equal(t, "complete", s.Run.Status)
	require.NotZero(t, s.Headline.Return)
	require.NotEmpty(t, s.Trades)
	require.NoFileExists(t, file, "--json writes no page")
	printed(t, dir, 0, "report", "last", "--json", "-o", "p.html")
	require.FileExists(t, filepath.Join(dir, "p.html"))
	require.NoFileExists(t, file)
	require.Contains(t, printed(t, dir, 0, "report", "last", "--png", "p.png"), "Picture: p.png\n")
	raw, err := os.ReadFile(filepath.Join(dir, "p.png"))
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(raw, []byte("\x89PNG")))
}

func TestReportRefuses(t *testing.T) {
	dir := inMomentum(t)
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{2, "missing RUN", nil},
		{1, "there is no run at nope", []string{"nope"}},
		{1, "there is no run at nope", []string{"last", "nope"}},
		{2, "--png is a picture of one run; 2 are given", []string{"last", "last", "--png", "x.png"}},
		{1, "no such file or directory", []string{"last", "-o", "no/such/folder/x.html"}},
	} {
		require.Contains(t, printed(t, dir, c.code, append([]string{"report"}, c.args...)...), c.want)
	}
	file := filepath.Join(dir, "runs/momentum-1/manifest.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"run_id": "mo`), 0o644))
	out := printed(t, dir, 1, "report", "last")
	require.Contains(t, out, "runs/momentum-1 cannot be read: ")
	require.Contains(t, out, "pitwall trace runs/momentum-1 shows the turns that it has")
}

// Two runs of one idea: the table says what differs, and where they part.
func TestReportManyGolden(t *testing.T) {
	dir := inMomentum(t)
	printed(t, dir, 0, "backtest", "examples/momentum", "--to", "2014-01-31", "--cash", "50000", "--no-report", "--out", "runs/less")
	require.NoFileExists(t, filepath.Join(dir, "runs/less/report.html"), "--no-report")
	out := printed(t, dir, 0, "report", "momentum-1", "less", "momentum-1")
	goldenText(t, "report_many", out)
	require.Contains(t, out, "  momentum-1 (3): identical in all 41 turns\n")
	require.FileExists(t, filepath.Join(dir, "compare-momentum-1-less-momentum-1.html"))
	var c struct {
		Partings []struct{ Text string }
		Sheets   []any
	}
	require.NoError(t, json.Unmarshal([]byte(printed(t, dir, 0, "report", "momentum-1", "less", "--json")), &c))
	require.Len(t, c.Partings, 1)
	require.Len(t, c.Sheets, 2)
	require.NoFileExists(t, filepath.Join(dir, "compare-momentum-1-less.html"))
	require.NoError(t, os.CopyFS(filepath.Join(dir, "old/momentum-1"), os.DirFS(filepath.Join(dir, "runs/momentum-1"))))
	require.Contains(t, printed(t, dir, 0, "report", "momentum-1", "old/momentum-1"), "  old/momentum-1: identical in all 41 turns\n", "two folders of one name are told apart")
}

func TestCompareName(t *testing.T) {
	require.Equal(t, "compare-a-b.html", compareName([]string{"runs/a", "/x/b/"}))
	require.Equal(t, "compare-a-b-c-d.html", compareName([]string{"a", "b", "c", "d"}))
	require.Equal(t, "compare-a-b-c-and-2-more.html", compareName([]string{"a", "b", "c", "d", "e"}))
	require.Equal(t, "compare-_x-é_.html", compareName([]string{"\x1bx", "é\u202e"}))
}

// The page is the same bytes cold and warm if its inputs are: what differs are the
// run's name, the attempt, and what was asked for or came from the cache.
func TestPageColdAndWarm(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PITWALL_CACHE_DIR", t.TempDir())
	for _, out := range []string{"cold", "warm"} {
		backtestJSON(t, dir, nil, "examples/momentum", "--to", "2013-12-31", "--out", out)
	}
	cold, err := os.ReadFile(filepath.Join(dir, "cold/report.html"))
	require.NoError(t, err)
	require.Positive(t, hits(t, filepath.Join(dir, "warm")))
	for _, name := range []string{"manifest.json", "usage.json"} {
		raw, err := os.ReadFile(filepath.Join(dir, "cold", name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "warm", name), raw, 0o644))
	}
	printed(t, dir, 0, "report", "warm")
	warm, err := os.ReadFile(filepath.Join(dir, "warm/report.html"))
	require.NoError(t, err)
	require.Equal(t, string(cold), string(warm))
}

// Text that others wrote reaches neither the terminal nor the file's name as it is.
func TestReportOfHostileText(t *testing.T) {
	dir := t.TempDir()
	modelRun(t, dir, bracketReplies())
	require.NoError(t, os.CopyFS(filepath.Join(dir, "runs", "b\x1b[31m"), os.DirFS(filepath.Join(dir, "runs/fake-1"))))
	var m map[string]any
	file := filepath.Join(dir, "runs/fake-1/manifest.json")
	require.NoError(t, readJSON(file, &m))
	m["model"], m["warnings"], m["notes"], m["cash"], m["status"] = hostile, []string{hostile}, []string{hostile}, 10000, hostile
	raw, err := json.Marshal(m)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, raw, 0o644))
	for _, args := range [][]string{{"report", "fake-1"}, {"report", "fake-1", "b\x1b[31m"}, {"report", "fake-1", "--json"}, {"report", "fake-1", "b\x1b[31m", "--json"}, {"runs"}, {"runs", "--json"}} {
		out := printed(t, dir, 0, args...)
		require.Contains(t, out, "owned", "%v: the text is there", args)
		harmless(t, out)
	}
}

// A page that cannot be written is a note: the run's result stays.
func TestPageFaultIsANote(t *testing.T) {
	dir := inMomentum(t)
	run := filepath.Join(dir, "runs/momentum-1")
	file := filepath.Join(run, "report.html")
	require.NoError(t, os.Remove(file))
	require.NoError(t, os.MkdirAll(filepath.Join(file, "in the way"), 0o755))
	a := testApp(t)
	require.NoError(t, a.page(run, nil))
	said, err := os.ReadFile(a.stderr.Name())
	require.NoError(t, err)
	require.Contains(t, string(said), "note: the page could not be written (")
	require.Contains(t, string(said), "pitwall report "+run+" tries again")
	require.NoError(t, os.WriteFile(filepath.Join(run, "equity.csv"), []byte("timestamp,equity,cash,benchmark,buy_and_hold\n"), 0o644))
	require.NoError(t, os.RemoveAll(file))
	require.NoError(t, a.page(run, nil))
	require.NoFileExists(t, file, "no points, no page")
	again, err := os.ReadFile(a.stderr.Name())
	require.NoError(t, err)
	require.Equal(t, string(said), string(again), "and no fault")
}

// A run that failed on its way leaves a page of what was until then.
func TestFailedRunHasAPage(t *testing.T) {
	raw, err := examples.FS.ReadFile("buyhold/strategy.yaml")
	require.NoError(t, err)
	t.Setenv("OPENAI_API_KEY", secretKey)
	provider := modeltest.New(t, oneScript(t, string(raw)), modeltest.Options{Fault: func(n int64) modeltest.Fault {
		if n > 6 {
			return modeltest.Fault{Status: 401}
		}
		return modeltest.Fault{}
	}})
	dir := t.TempDir()
	write(t, dir, "s.yaml", strings.Replace(strings.Replace(overHTTP(string(raw), "openai/fake-1", provider.URL+"/v1"), "every: month", "every: 5", 1), "[../data]", "[data]", 1))
	copyExampleData(t, dir)
	out, errs, code := command(t, dir, nil, "backtest", "s.yaml", "--to", "2013-12-31", "--out", "run")
	require.Equal(t, 1, code, out)
	require.Contains(t, errs, "asking the model")
	page, err := os.ReadFile(filepath.Join(dir, "run/report.html"))
	require.NoError(t, err)
	require.Contains(t, string(page), "failed")
	run, err := report.Open(os.DirFS(filepath.Join(dir, "run")))
	require.NoError(t, err)
	require.Equal(t, "failed", run.Manifest.Status)
	require.NotEmpty(t, run.Points)
	listed := printed(t, dir, 0, "runs", "--dir", ".")
	require.Contains(t, listed, "failed")
}

// copyExampleData puts the bundled data into dir/data.
func copyExampleData(t *testing.T, dir string) {
	t.Helper()
	files, err := examples.FS.ReadDir("data")
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "data"), 0o755))
	for _, f := range files {
		raw, err := examples.FS.ReadFile("data/" + f.Name())
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "data", f.Name()), raw, 0o644))
	}
}

// --open starts the system's opener with the whole path; when it cannot, the page
// is there all the same.
func TestReportOpen(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: the opener of this test is xdg-open")
	}
	dir := inMomentum(t)
	bin := t.TempDir()
	env := []string{"PATH=" + bin, "DISPLAY=:0", "WAYLAND_DISPLAY=", "BROWSER=", "WSL_DISTRO_NAME="}
	file := filepath.Join(dir, "runs/momentum-1/report.html")
	opened := func(env []string, want string) {
		t.Helper()
		require.NoError(t, os.RemoveAll(file))
		_, errs, code := command(t, dir, env, "report", "last", "--open")
		require.Equal(t, 0, code)
		require.FileExists(t, file)
		if want == "" {
			require.Empty(t, errs)
			return
		}
		require.Contains(t, errs, want)
		require.Contains(t, errs, "the page is "+file)
	}
	opened(env, "executable file not found")
	opened(append(env, "DISPLAY="), "there is no display")
	write(t, bin, "xdg-open", "#!/bin/sh\necho \"$1\" > "+bin+"/opened\n")
	require.NoError(t, os.Chmod(filepath.Join(bin, "xdg-open"), 0o755))
	opened(env, "")
	raw, err := os.ReadFile(filepath.Join(bin, "opened"))
	require.NoError(t, err)
	require.Equal(t, file+"\n", string(raw))
	write(t, bin, "xdg-open", "#!/bin/sh\nexit 3\n")
	opened(env, "xdg-open: exit status 3")
}

func TestRunsGolden(t *testing.T) {
	dir := inMomentum(t)
	folder := filepath.Join(dir, "runs")
	for _, name := range []string{"early", "killed", "torn", "nothing", "bare", "older"} {
		require.NoError(t, os.MkdirAll(filepath.Join(folder, name), 0o755))
	}
	write(t, folder, "a file", "x",
		"early/manifest.json", `{"run_id":"early","status":"failed","name":"s","strategy":"s.yaml","model":"m/1","from":"2024-01-02","to":"2024-02-01","error":"no key"}`,
		"killed/manifest.json", `{"run_id":"killed","status":"running","name":"s","strategy":"s.yaml","model":"m/1","from":"2024-01-02","to":"2024-02-01"}`,
		"torn/manifest.json", `{"run_id": "to`, "bare/journal.jsonl", "{}\n",
		"older/manifest.json", `{"run_id":"older","status":"complete","name":"s","strategy":"s.yaml","model":"m/1","from":"2024-01-02","to":"2024-02-01","attempt":3}`,
		"older/metrics.json", `{"total_return":-0.5,"max_drawdown":-0.6,"buy_and_hold_return":0.25,"sharpe":null}`,
		"older/usage.json", `{"cost_usd":1.25,"cost_usd_recorded":0.5}`)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for i, name := range []string{"bare/journal.jsonl", "older/manifest.json", "torn/manifest.json", "killed/manifest.json", "early/manifest.json", "momentum-1/manifest.json"} {
		at := at.Add(time.Duration(i) * time.Hour)
		require.NoError(t, os.Chtimes(filepath.Join(folder, name), at, at))
	}
	goldenText(t, "runs", printed(t, dir, 0, "runs"))
	var list []runs.Listed
	require.NoError(t, json.Unmarshal([]byte(printed(t, dir, 0, "runs", "--dir", folder, "--json")), &list))
	names := []string{}
	for _, x := range list {
		names = append(names, x.Run)
	}
	require.Equal(t, []string{"momentum-1", "early", "killed", "torn", "older", "bare"}, names, "the newest first; what is no run is left out")
	require.Equal(t, 41, *list[0].Turns)
	require.Equal(t, "1.75", list[4].CostUSD.String())
	require.Nil(t, list[4].Turns, "an older folder does not say")
	require.Empty(t, list[2].Damaged, "a run that has not ended has no figures yet")
	require.Contains(t, printed(t, dir, 1, "runs", "--dir", "nowhere"), "there is no folder nowhere")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "empty"), 0o755))
	require.Contains(t, printed(t, dir, 0, "runs", "--dir", "empty"), "there is no run in empty")
	require.Equal(t, "[]\n", printed(t, dir, 0, "runs", "--dir", "empty", "--json"))
}

// A thousand runs are listed without a look at their journals.
func TestRunsAreFast(t *testing.T) {
	dir := inMomentum(t)
	src := filepath.Join(dir, "runs/momentum-1")
	for i := range 1000 {
		to := filepath.Join(dir, "many", fmt.Sprint("r", i))
		require.NoError(t, os.MkdirAll(to, 0o755))
		for _, f := range []string{"manifest.json", "metrics.json", "usage.json"} {
			require.NoError(t, os.Link(filepath.Join(src, f), filepath.Join(to, f)))
		}
	}
	started := hostNow()
	list, err := runs.List(os.DirFS(filepath.Join(dir, "many")))
	took := hostNow().Sub(started)
	require.NoError(t, err)
	require.Len(t, list, 1000)
	require.Empty(t, list[500].Damaged, "a list needs no journal, no turns and no prices")
	require.Less(t, took, time.Minute) // a second without other load
	t.Logf("1,000 runs in %v", took)
}
