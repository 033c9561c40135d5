package driver_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/agentloop/models"
	"pitwall/agentloop/models/modeltest"
	"pitwall/agentloop/scripts"
	"pitwall/examples"
)

// Providers keep a prompt that begins as an earlier one did. So all requests of a run
// hold the same system prompt and tools, byte for byte, and within a turn each begins
// with all messages of the one before. The first turns of every bundled agent, each
// through the wire of one provider; -v prints what a turn costs in tokens of four bytes.
func TestPromptsBeginTheSame(t *testing.T) {
	dialects := []struct{ model, path, messages string }{{"openai/fake-1", "/v1", "messages"}, {"anthropic/fake-1", "", "messages"}, {"gemini/fake-1", "", "contents"}}
	for i, name := range []string{"buyhold", "momentum", "momentum_allocator", "macro_risk", "m2_liquidity"} {
		t.Run(name, func(t *testing.T) {
			d := dialects[i%len(dialects)]
			raw, err := examples.FS.ReadFile(name + "/strategy.yaml")
			require.NoError(t, err)
			s, err := driver.Parse(name, raw)
			require.NoError(t, err)
			files := fs.FS(examples.FS)
			s.Data = []driver.DataEntry{{Path: "data"}}
			if i > 1 {
				files = os.DirFS("../../../shared/data")
				if _, err := fs.Stat(files, "daily"); err != nil {
					t.Skip("skipped: no ../shared")
				}
				s.Data = []driver.DataEntry{{Path: "daily/us_daily_raw.csv"}, {Path: "daily/corporate_actions.csv"}, {Path: "macro/fred_vintages.csv"}}
			}
			script, err := scripts.All()[strings.TrimPrefix(s.Agent.Model.Name, "script/")](s.Agent.Params)
			require.NoError(t, err)
			provider := modeltest.New(t, script, modeltest.Options{})
			model, err := models.New(models.Options{Name: d.model, BaseURL: provider.URL + d.path, Env: func(string) string { return "key" }})
			require.NoError(t, err)
			every, err := agentloop.ParseEvery(s.Every)
			require.NoError(t, err)
			c := driver.Config{Strategy: s, Files: files, Dir: filepath.Join(t.TempDir(), "run"), Now: time.Now, Turns: 6,
				Agents: []agentloop.Agent{{Name: "main", Model: model, ModelName: d.model, Prompt: s.Agent.Prompt, Every: every, Params: s.Agent.Params}}}
			_, err = driver.Run(t.Context(), c)
			require.NoError(t, err)
			checkPrefixes(t, provider.Bodies(), d.messages)
		})
	}
}

func checkPrefixes(t *testing.T, bodies [][]byte, messages string) {
	t.Helper()
	require.Greater(t, len(bodies), 6)
	var before map[string]json.RawMessage
	var last []json.RawMessage
	cached, fresh, turns := 0, 0, 0
	for _, body := range bodies {
		now := map[string]json.RawMessage{}
		require.NoError(t, json.Unmarshal(body, &now))
		var list []json.RawMessage
		require.NoError(t, json.Unmarshal(now[messages], &list))
		delete(now, messages)
		if before == nil {
			before = now
		}
		require.Equal(t, before, now, "what stands beside the messages")
		same := 0
		for same < min(len(list), len(last)) && bytes.Equal(list[same], last[same]) {
			same++
		}
		if bytes.Contains(list[0], []byte(`"system"`)) {
			require.True(t, last == nil || same > 0, "the system prompt")
		}
		if begins := same == len(last); !begins || last == nil {
			turns++
			require.LessOrEqual(t, same, 1, "a turn shares no message with the one before, but the system prompt")
		}
		for i, m := range list {
			if i < same {
				cached += len(m)
			} else {
				fresh += len(m)
			}
		}
		for key, part := range now {
			if last != nil && key != "model" {
				cached += len(part)
			}
		}
		last = list
	}
	require.Equal(t, 6, turns)
	t.Logf("%d requests a turn; %d tokens a turn that an earlier request began with, %d new", len(bodies)/turns, cached/4/turns, fresh/4/turns)
}
