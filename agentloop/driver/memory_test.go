package driver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
)

// remembering trades every other turn, writes lessons and beliefs, and reads them by SQL.
type remembering struct{ asked int }

func (m *remembering) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	m.asked++
	call := func(name, args string) agentloop.Call {
		return agentloop.Call{ID: fmt.Sprintf("c%d", len(r.Messages)) + name, Name: name, Arguments: json.RawMessage(args)}
	}
	last := r.Messages[len(r.Messages)-1]
	switch len(r.Messages) {
	case 1:
		return agentloop.Reply{Calls: []agentloop.Call{call("memory_search", `{"limit":100}`), call("duckdb_query", `{"sql":"SELECT count(*) AS n, count(lesson) AS l FROM memory_trades"}`)}}, nil
	case 2:
		calls := []agentloop.Call{call("memory_note", `{"kind":"belief","symbol":"AAPL","direction":"up","horizon":3,"confidence":0.6,"text":"it goes on"}`)}
		for line := range strings.Lines(last.Results[0].Text) {
			if id, rest, ok := strings.Cut(line, ",AAPL,long,"); ok && strings.HasSuffix(strings.TrimSpace(rest), ",") { // no lesson yet
				calls = append(calls, call("memory_note", `{"kind":"lesson","trade":"`+id+`","text":"it closed","expected":"a gain","why":"as it came"}`))
			}
		}
		target, plan := "0", ""
		if strings.Contains(r.Messages[0].User, "positions: none") {
			target, plan = "50", "ok"
		}
		calls = append(calls, call("orders_submit", `{"symbol":"AAPL","target_percent":`+target+`,"reason":"in turn"}`))
		if plan != "" {
			calls = append(calls, call("memory_note", `{"kind":"plan","symbol":"AAPL","strategy":"swing","regime":"calm","text":"a few days","expected":"a gain"}`))
		}
		return agentloop.Reply{Calls: calls}, nil
	}
	return agentloop.Reply{Text: "RESULT: done"}, nil
}

// remember runs a strategy with a memory over bundled data.
func remember(t *testing.T, keys string, beside fstest.MapFS, cache agentloop.Cache, ctx context.Context) (*driver.Result, *remembering, error) {
	t.Helper()
	c, m := config(filepath.Join(t.TempDir(), "first")), &remembering{}
	s, err := driver.Parse("memory.yaml", []byte("name: memory\nsymbols: [AAPL]\ndata: [data]\n"+keys+"\nevery: 2\nagent: {model: script/momentum, prompt: Trade.}\n"))
	require.NoError(t, err)
	s.ReadRoles(beside)
	if err := s.Check(); err != nil {
		return nil, m, err
	}
	c.Strategy, c.Cache = s, cache
	c.Agents, err = s.Deciders([]driver.Model{{Model: m, Name: "test/m", Free: true}}, nil)
	require.NoError(t, err)
	r, err := driver.Run(ctx, c)
	return r, m, err
}

const year2014 = "from: 2014-01-02\nto: 2014-03-31\n"

// An agent's memory is in its tools, in SQL, in the journal and in memory.jsonl; a run
// from the cache remembers the same.
func TestAgentRemembers(t *testing.T) {
	cache := &deskCache{m: map[string][]byte{}}
	r, cold, err := remember(t, year2014+"memory: {}", nil, cache, t.Context())
	require.NoError(t, err)
	require.Positive(t, cold.asked)
	raw, err := os.ReadFile(filepath.Join(r.Out, runs.MemoryFile))
	require.NoError(t, err)
	m, err := runs.ReadMemory(raw)
	require.NoError(t, err)
	require.Equal(t, runs.MemoryOf{Run: "first", From: "2014-01-02", Until: m.Of.Until}, m.Of)
	require.Greater(t, len(m.Trades), 5)
	lessons := 0
	for _, x := range m.Trades {
		require.Equal(t, []string{"swing", "calm", "a gain"}, []string{x.Strategy, x.Regime, x.Expected}, x.ID)
		if x.Lesson != "" {
			lessons++
		}
	}
	require.GreaterOrEqual(t, lessons, len(m.Trades)-1)
	matured := 0
	for _, b := range m.Beliefs {
		if b.Matured != nil {
			matured++
			require.Equal(t, b.To > b.From, *b.Hit)
		}
	}
	require.Greater(t, matured, 5)
	turns := turnsIn(t, r.Out)
	last := turns[len(turns)-1]
	require.Contains(t, last.Messages[1].Results[0].Text, "calibration: confidence_from")
	require.Contains(t, last.Messages[1].Results[0].Text, "episode_ended=month 2014-01\n", "it was not reviewed")
	require.Contains(t, last.Messages[1].Results[0].Text, "swing,calm,")
	require.Contains(t, last.Messages[1].Results[1].Text, fmt.Sprintf("n,l\n%d,%d\n", len(m.Trades), len(m.Trades)))

	again, warm, err := remember(t, year2014+"memory: {}", nil, cache, t.Context())
	require.NoError(t, err)
	require.Zero(t, warm.asked)
	require.Equal(t, r.Digest, again.Digest)
	require.Equal(t, r.Manifest.TurnsDigest, again.Manifest.TurnsDigest)
	replayed, err := os.ReadFile(filepath.Join(again.Out, runs.MemoryFile))
	require.NoError(t, err)
	require.Equal(t, string(raw), string(replayed))

	verified, err := driver.Verify(os.DirFS(r.Out))
	require.NoError(t, err)
	require.Empty(t, verified.Differences)

	other, _, err := remember(t, year2014+"memory: {half_life: 30}", nil, cache, t.Context())
	require.NoError(t, err)
	require.NotEqual(t, r.Manifest.TurnsDigest, other.Manifest.TurnsDigest, "another memory is another state")
}

// A memory is carried into a later run; into one that starts before its end it is not.
func TestMemoryIsCarried(t *testing.T) {
	r, _, err := remember(t, year2014+"memory: {}", nil, nil, t.Context())
	require.NoError(t, err)
	raw, err := os.ReadFile(filepath.Join(r.Out, runs.MemoryFile))
	require.NoError(t, err)
	beside := fstest.MapFS{"first.jsonl": {Data: raw}}
	_, _, err = remember(t, "from: 2014-03-31\nto: 2014-04-30\nmemory: {carry: first.jsonl}", beside, nil, t.Context())
	require.ErrorContains(t, err, "first.jsonl knows of 2014-03-31T16:00:00-04:00, and the run starts at 2014-03-31T00:00:00-04:00")
	later, _, err := remember(t, "from: 2014-04-01\nto: 2014-04-30\nmemory: {carry: first.jsonl}", beside, nil, t.Context())
	require.NoError(t, err)
	require.Contains(t, strings.Join(later.Manifest.Notes, "\n"), "memory carried from first.jsonl: run first until 2014-03-31T16:00:00-04:00")
	require.Contains(t, turnsIn(t, later.Out)[0].Messages[1].Results[0].Text, "first:")
	_, _, err = remember(t, year2014+"memory: {carry: none.jsonl}", beside, nil, t.Context())
	require.ErrorContains(t, err, "reading memory.carry")
	_, _, err = remember(t, year2014+"memory: {carry: bad.jsonl}", fstest.MapFS{"bad.jsonl": {Data: []byte("{}\n")}}, nil, t.Context())
	require.ErrorContains(t, err, "does not say whose memory it is")
	_, _, err = remember(t, year2014+"memory: {episode: day}", nil, nil, t.Context())
	require.ErrorContains(t, err, `episode is "day"`)
}
