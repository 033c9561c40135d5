package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/cache/disk"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
)

// This file makes the runs that the tests of trace, why and doctor read.

// momentumRun is a short run of the example, made once. Tests that change a run
// copy it.
var momentumRun = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(filepath.Dir(binary), "verbs")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	return dir, runIn(dir, "backtest", "examples/momentum", "--to", "2014-02-28")
})

func runIn(dir string, args ...string) error {
	out, errs, code := command(quietTB{}, dir, nil, args...)
	if code != 0 {
		return errors.New(out + errs)
	}
	return nil
}

// quietTB is for the run that all tests share: it belongs to none of them.
type quietTB struct{ testing.TB }

func (quietTB) Helper()                           {}
func (quietTB) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (quietTB) FailNow()                          { panic("failed") }

// inMomentum is a folder that holds runs/momentum-1 of its own.
func inMomentum(t *testing.T) string {
	t.Helper()
	made, err := momentumRun()
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(made)))
	return dir
}

// sayer is a model with a reply per request, whatever it is asked. A nil Reply
// is a failure.
type sayer struct {
	replies []*agentloop.Reply
	n       int
}

func (m *sayer) Reply(context.Context, agentloop.Request) (agentloop.Reply, error) {
	r := m.replies[min(m.n, len(m.replies)-1)]
	m.n++
	if r == nil {
		return agentloop.Reply{}, &agentloop.ModelError{Kind: agentloop.ErrorUnavailable, Status: 503, Message: "overloaded", Tries: []agentloop.Try{{Status: 429, Error: "slow down", Wait: 2e9}}}
	}
	return *r, nil
}

// calls is a reply that calls tools: name, arguments, name, arguments.
func calls(reasoning string, list ...string) *agentloop.Reply {
	r := &agentloop.Reply{Reasoning: reasoning, Usage: agentloop.Usage{Input: 1000, Output: 100}}
	for i := 0; i < len(list); i += 2 {
		r.Calls = append(r.Calls, agentloop.Call{ID: fmt.Sprint("c", i), Name: list[i], Arguments: json.RawMessage(list[i+1])})
	}
	return r
}

func says(text string) *agentloop.Reply {
	return &agentloop.Reply{Text: text, Usage: agentloop.Usage{Input: 1200, Output: 20, CacheRead: 800}}
}

// hostile is what a page or a headline may hold: a window's title, colours, a
// cleared screen, a C1 escape, text that runs the other way, a lone return.
const hostile = "\x1b]0;owned\x07 \x1b[31mred\x1b[0m \x1b[2J \u009b31m \u202eevil\u202c \r\x00 done"

// bracketReplies are a trader's: it reads, is refused once, buys with a bracket,
// then waits, fails and says something hostile.
func bracketReplies() []*agentloop.Reply {
	return []*agentloop.Reply{
		calls("The price is rising.\nI look at the account first.", "market_last_price", `{}`, "account_portfolio", `{}`),
		calls("Two ways: too much, then enough.", "orders_submit", `{"symbol":"A","side":"buy","qty":101,"reason":"too many"}`,
			"orders_submit", `{"symbol":"A","side":"buy","qty":50,"take_profit":110,"stop_loss_percent":5,"client_order_id":"b1","reason":"it rises"}`),
		says("I bought with exits.\nRESULT: bought 50 A"),
		says("RESULT: waiting for the exits"),
		nil,
		says(hostile),
	}
}

// modelRun runs a fake model over bars of marginStrategy through the loop, into
// dir/runs/fake-1. More replies are those of more agents.
func modelRun(t *testing.T, dir string, replies ...[]*agentloop.Reply) {
	t.Helper()
	parsed, err := driver.Parse("s.yaml", []byte(marginStrategy))
	require.NoError(t, err)
	s := strategyFile{Strategy: parsed, files: fstest.MapFS{"bars.csv": {Data: []byte(marginBars)}, "act.csv": {Data: []byte("symbol,ex_date,type,value,pay_date\nA,2024-01-04,dividend,0.5,2024-01-09\n")}}}
	require.NoError(t, s.Check())
	store, err := s.Load(t.Context(), s.files, &history.Local{})
	require.NoError(t, err)
	spec, err := s.Spec()
	require.NoError(t, err)
	folder, err := runs.Create(disk.OS{}, filepath.Join(dir, "runs", "fake-1"), nil)
	require.NoError(t, err)
	defer folder.Close()
	w, err := driver.NewSim(store, spec, folder)
	require.NoError(t, err)
	defer w.Close()
	a := &app{now: hostNow, stdout: term.NewOutput(os.Stdout), stderr: os.Stderr, stop: make(chan struct{}), settings: readSettings}
	price := agentloop.Price{In: pitwall.Int(1), Out: pitwall.Int(10)}
	every, err := agentloop.ParseEvery("1d")
	require.NoError(t, err)
	var agents []agentloop.Agent
	for i, list := range replies {
		agents = append(agents, agentloop.Agent{Name: []string{"main", "second"}[i], Model: &sayer{replies: list}, ModelName: "fake/sayer", Price: &price, Every: every})
	}
	out, err := driver.Drive(t.Context(), w.World(), "test", nil, agentloop.Config{Agents: agents, Recorder: folder, Now: a.now, Stop: a.stop})
	require.NoError(t, err)
	require.NoError(t, folder.WriteJSON("usage.json", runs.UsageOf(out)))
	require.NoError(t, folder.WriteJSON("manifest.json", runs.Manifest{RunID: "fake-1", Status: "complete", Symbols: s.Symbols, From: "2024-01-02", To: "2024-01-09", Model: "fake/sayer"}))
}

var (
	hostSeconds = regexp.MustCompile(`\d+\.\d\d s\b`)
	digests     = regexp.MustCompile(`[0-9a-f]{16}\.\.\.`)
)

// goldenText compares what a verb printed with a file. Host times and digests
// are no part of it.
func goldenText(t *testing.T, name, got string) {
	t.Helper()
	got = digests.ReplaceAllString(hostSeconds.ReplaceAllString(got, "0.00 s"), "0123456789abcdef...")
	file := filepath.Join("testdata", "verbs", name+".txt")
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "go test ./cmd/pitwall -run 'Trace|Why|Doctor|Report|Runs' -update")
	require.Equal(t, string(want), got, "go test ./cmd/pitwall -run 'Trace|Why|Doctor|Report|Runs' -update")
}

// printed runs the binary, which must end with a code.
func printed(t *testing.T, dir string, code int, args ...string) string {
	t.Helper()
	out, errs, got := command(t, dir, []string{"COLUMNS=", "NO_COLOR="}, args...)
	require.Equal(t, code, got, out+errs)
	if code == 0 {
		require.Empty(t, errs)
		return out
	}
	return out + errs
}

// harmless fails for text that a terminal would act on.
func harmless(t *testing.T, text string) {
	t.Helper()
	require.Equal(t, strings.ReplaceAll(term.Clean(text), "\t", " "), text)
	for _, r := range text {
		require.False(t, r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == '\u202e', "%U", r)
	}
}
