package driver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/roles"
)

// Analysts that finish in any order leave the same bytes, cold and warm.
func TestDeskDoesNotDependOnArrival(t *testing.T) {
	load := func(role string, r agentloop.Request) (agentloop.Reply, error) {
		switch {
		case (role == "technical" || role == "breadth") && len(r.Messages) == 1: // the same table, of other symbols
			symbol := map[string]string{"technical": "AAPL", "breadth": "SPX"}[role]
			return agentloop.Reply{Calls: []agentloop.Call{{ID: "a", Name: "market_load_history_table", Arguments: json.RawMessage(`{"symbols":["` + symbol + `"],"table":"bars"}`)},
				{ID: "b", Name: "duckdb_query", Arguments: json.RawMessage(`{"sql":"SELECT symbol, count(*) AS n FROM bars GROUP BY symbol"}`)}}}, nil
		case role == "technical" || role == "breadth":
			return agentloop.Reply{Text: strings.Replace(reports("AAPL", "BUY"), `["r"]`, `["`+strings.ReplaceAll(strings.TrimSpace(r.Messages[1].Results[1].Text[strings.LastIndex(r.Messages[1].Results[1].Text, "symbol"):]), "\n", " ")+`"]`, 1)}, nil
		}
		return agentloop.Reply{}, nil
	}
	var first []byte
	var digest string
	for n, delays := range [][3]time.Duration{{}, {9, 5, 0}, {5, 0, 9}} {
		for _, parallel := range []int{1, 8} {
			d := &deskRun{desk: strings.Replace(wholeDesk, "trader", fmt.Sprintf("parallel: %d, trader", parallel), 1), turns: 2, play: func(role string, r agentloop.Request) (agentloop.Reply, error) {
				for i, name := range []string{"technical", "breadth", "bull"} {
					if name == role {
						time.Sleep(delays[i] * time.Millisecond)
					}
				}
				return load(role, r)
			}}
			r, _, err := d.run(t)
			require.NoError(t, err)
			raw, err := os.ReadFile(filepath.Join(r.Out, "turns.log"))
			require.NoError(t, err)
			if first == nil {
				first, digest = raw, r.Digest
				require.Contains(t, string(raw), "symbol,n AAPL,")
				require.Contains(t, string(raw), "symbol,n SPX,")
			}
			require.True(t, string(first) == string(raw), "delays %d, %d at a time: other bytes", n, parallel)
			require.Equal(t, digest, r.Digest)
		}
	}
}

// Killed at any role's reply and run again, a desk asks for nothing twice, and ends with
// the digest of a run that was not.
func TestDeskGoesOnWhereItWasKilled(t *testing.T) {
	whole := &deskRun{desk: wholeDesk, turns: 1, cache: &deskCache{m: map[string][]byte{}}}
	want, _, err := whole.run(t)
	require.NoError(t, err)
	total := 0
	for _, n := range whole.asked {
		total += n
	}
	require.Equal(t, 11, total)
	for kill := 1; kill <= total; kill++ {
		cache, n := &deskCache{m: map[string][]byte{}}, 0
		ctx, cancel := context.WithCancel(t.Context())
		d := &deskRun{desk: strings.Replace(wholeDesk, "trader", "parallel: 1, trader", 1), turns: 1, cache: cache, context: ctx}
		d.play = func(string, agentloop.Request) (agentloop.Reply, error) {
			if n++; n >= kill {
				cancel()
				return agentloop.Reply{}, ctx.Err()
			}
			return agentloop.Reply{}, nil
		}
		_, _, err := d.run(t)
		require.NoError(t, err)
		before := 0
		for _, n := range d.asked {
			before += n
		}
		require.Equal(t, kill-1, before)
		again := &deskRun{desk: d.desk, turns: 1, cache: cache}
		got, _, err := again.run(t)
		require.NoError(t, err)
		after := 0
		for _, n := range again.asked {
			after += n
		}
		require.Equal(t, total-before, after, "killed at reply %d", kill)
		require.Equal(t, want.Digest, got.Digest)
		require.Equal(t, want.Manifest.TurnsDigest, got.Manifest.TurnsDigest)
	}
}

// file is a role beside a strategy.
func file(role, tier, schema, prompt string) fstest.MapFS {
	return fstest.MapFS{role + ".md": {Data: []byte("---\nname: " + role + "\ntier: " + tier + "\nschema: " + schema + "\n---\n" + prompt)}}
}

// limited is a bundled risk role with another prompt and the limits that it has.
func limited(t *testing.T, role, prompt string) fstest.MapFS {
	t.Helper()
	r, err := roles.Read(nil, "", role)
	require.NoError(t, err)
	limits, err := json.Marshal(r.Limits)
	require.NoError(t, err)
	return file(role, r.Tier, r.Schema+"\nlimits: "+string(limits), prompt)
}

// A changed prompt asks that role again, and those that depend on what it then says.
func TestAChangedPromptAsksWhatDependsOnIt(t *testing.T) {
	const turns = 3
	for name, c := range map[string]struct {
		beside fstest.MapFS
		play   func(string, agentloop.Request) (agentloop.Reply, error)
		want   map[string]int
	}{
		"nothing changed":                {nil, nil, map[string]int{}},
		"an analyst says the same":       {file("news", "fast", "AnalystReports", "Read news."), nil, map[string]int{"news": turns}},
		"an analyst says another thing":  {file("news", "fast", "AnalystReports", "Read news."), says("news", reports("AAPL", "SELL")), map[string]int{"news": turns, "bull": 2 * turns, "bear": 2 * turns, "judge": turns, "trader": turns}},
		"the trader plans the same":      {file("trader", "deep", "TradePlan", "Trade less."), nil, map[string]int{"trader": turns}},
		"the risk manager says the same": {limited(t, "risk_neutral", "Be kind."), nil, map[string]int{"risk": turns}},
	} {
		cache := &deskCache{m: map[string][]byte{}}
		_, _, err := (&deskRun{desk: wholeDesk, turns: turns, cache: cache}).run(t)
		require.NoError(t, err)
		again := &deskRun{desk: wholeDesk, turns: turns, cache: cache, beside: c.beside, play: c.play}
		_, _, err = again.run(t)
		require.NoError(t, err, name)
		require.Equal(t, c.want, again.asked, name)
	}
}

// deskCache keeps answers in memory.
type deskCache struct {
	mu sync.Mutex
	m  map[string][]byte
}

func (c *deskCache) Get(kind, slot string, request []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.m[kind+" "+slot+" "+string(request)], nil
}

func (c *deskCache) Put(kind, slot string, request, body []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := kind + " " + slot + " " + string(request)
	if old, is := c.m[key]; is && string(old) != string(body) {
		return pitwall.Errorf(pitwall.Internal, "another answer to %s", key)
	}
	c.m[key] = body
	return nil
}

func (c *deskCache) Differs(string, string, []byte) (string, error) { return "", nil }
