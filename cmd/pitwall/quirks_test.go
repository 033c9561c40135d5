package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/examples"
)

// quirk is a way of its own that a model's server has, and what must come of it.
type quirk struct {
	name   string // begins with a- for Anthropic's dialect, g- for Gemini's
	answer func(ask) replied
	status agentloop.Status // of the first turn
	fills  int
	says   string // in the error of the run, or in the record of the first turn or what it cost
	tries  int    // failed attempts in the first turn
}

// A run of two turns over each server: live, and again from the cache alone with the
// same digest and end.
func TestModelQuirks(t *testing.T) {
	cases := slices.Concat(quirksOfAnswers(), quirksOfCalls(), quirksOfServers(), quirksOfMore())
	url, requests := quirkServer(t, cases)
	setUpQuirks(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			live, turn, err := runQuirk(t, dir, url, c.name, false)
			require.Equal(t, c.status, turn.Status, "%v %v", err, turn.Warnings)
			shown := quirkRecord(t, filepath.Join(dir, "live"))
			if err != nil {
				shown += err.Error()
			}
			require.Contains(t, shown, c.says)
			require.Equal(t, c.tries, turnTries(t, filepath.Join(dir, "live")), shown)
			before := requests(c.name)
			again, _, replayed := runQuirk(t, dir, url, c.name, true)
			require.Equal(t, before, requests(c.name), "a strict run asks nothing")
			replaysAs(t, dir, live, err, again, replayed)
			if err == nil {
				require.Equal(t, c.fills, live.Fills)
			} else {
				require.Equal(t, agentloop.StatusModelError, c.status)
			}
		})
	}
}

// The shared server holds quirks that users reported: each run replays to the same digest
// and end, and one without a result says why.
func TestSharedModelQuirks(t *testing.T) {
	script := "../../../shared/cases/models/server.py"
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("skipped: no python3")
	}
	if _, err := os.Stat(script); err != nil {
		t.Skip("skipped: no ../shared")
	}
	if os.Getenv("PITWALL_LONG") == "" {
		t.Skip("skipped: about 140 cases; PITWALL_LONG=1 runs them")
	}
	list, err := exec.Command(python, script, "0", os.DevNull).Output()
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	host := l.Addr().String()
	require.NoError(t, l.Close())
	server := exec.Command(python, script, host[strings.LastIndex(host, ":")+1:], os.DevNull)
	require.NoError(t, server.Start())
	t.Cleanup(func() { server.Process.Kill(); server.Wait() }) //nolint:errcheck // it is told to end
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", host)
		return err == nil && c.Close() == nil
	}, 20*time.Second, 20*time.Millisecond)
	setUpQuirks(t)
	for _, name := range strings.Fields(string(list)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			live, _, err := runQuirk(t, dir, "http://"+host, name, false)
			again, _, replayed := runQuirk(t, dir, "http://"+host, name, true)
			replaysAs(t, dir, live, err, again, replayed)
		})
	}
}

// replaysAs compares a run with its strict replay.
func replaysAs(t *testing.T, dir string, live *driver.Result, err error, again *driver.Result, replayed error) {
	t.Helper()
	if err == nil {
		require.NoError(t, replayed)
	} else {
		require.NotEmpty(t, err.Error())
		require.Error(t, replayed)
		require.Equal(t, err.Error(), strings.ReplaceAll(replayed.Error(), filepath.Join(dir, "strict"), filepath.Join(dir, "live")))
	}
	require.Equal(t, live.Digest, again.Digest)
	require.Zero(t, again.ModelCalls)
	sameTurns(t, filepath.Join(dir, "live"), filepath.Join(dir, "strict"))
}

func setUpQuirks(t *testing.T) {
	for _, key := range keyNames {
		t.Setenv(key, secretKey)
	}
	t.Setenv("PITWALL_CACHE_DIR", t.TempDir())
}

// runQuirk runs a strategy of two turns and returns its result and first turn.
func runQuirk(t *testing.T, dir, url, name string, strict bool) (*driver.Result, agentloop.Turn, error) {
	t.Helper()
	model, base := "openai/fake-1", url+"/"+name+"/v1"
	switch {
	case strings.HasPrefix(name, "a-"):
		model, base = "anthropic/claude-fake", url+"/"+name
	case strings.HasPrefix(name, "g-"):
		model, base = "gemini/gemini-3-fake", url+"/"+name
	}
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "data"), 0o755))
	for _, file := range []string{"aapl_daily.csv", "aapl_daily.csv.yaml"} {
		body, err := examples.FS.ReadFile("data/" + file)
		require.NoError(t, err)
		write(t, filepath.Join(dir, "data"), file, string(body))
	}
	write(t, dir, "s.yaml", "name: quirk\nsymbols: [AAPL]\ndata: [data]\nfrom: 2018-05-01\nto: 2018-05-11\nevery: 5\n"+
		"agent: {model: "+model+", base_url: \""+base+"\", prompt: Trade Apple.}\n")
	a := testApp(t)
	a.sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	s, err := backtestFlags{}.strategy(filepath.Join(dir, "s.yaml"))
	require.NoError(t, err)
	out := filepath.Join(dir, map[bool]string{false: "live", true: "strict"}[strict])
	r, err := a.runStrategy(t.Context(), s, backtestFlags{out: out, noReport: true, strictReplay: strict}, nil)
	if strict {
		return r, agentloop.Turn{}, err
	}
	return r, readTurns(t, out)[0], err
}

// quirkRecord is what a first-time user may look at: the first turn, what it cost, and
// the warnings of the run.
func quirkRecord(t *testing.T, run string) string {
	t.Helper()
	all := recordsOf(t, run)[0]
	for _, file := range []string{"timing.jsonl", "manifest.json"} {
		body, err := os.ReadFile(filepath.Join(run, file))
		require.NoError(t, err)
		all += string(body)
	}
	return all
}

// turnTries counts the failed attempts of the first turn.
func turnTries(t *testing.T, run string) int {
	t.Helper()
	f, err := os.Open(filepath.Join(run, "timing.jsonl"))
	require.NoError(t, err)
	defer f.Close()
	line, err := bufio.NewReader(f).ReadBytes('\n')
	if err != io.EOF {
		require.NoError(t, err)
	}
	var timing agentloop.Timing
	require.NoError(t, json.Unmarshal(line, &timing))
	return len(timing.Tries)
}
