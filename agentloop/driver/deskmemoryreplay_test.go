package driver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
)

// Analysts that finish in any order, recorded answers and a kill at any reply leave the same
// bytes, and nothing is asked twice.
func TestDeskThatRemembersIsReplayed(t *testing.T) {
	const turns = 4
	small := "{analysts: [technical, breadth], trader: {}, risk: {}, critic: {}}\nmemory: {episode: week}"
	var want []byte
	var digest string
	for _, delays := range [][2]time.Duration{{0, 0}, {6, 0}, {0, 6}} {
		for _, parallel := range []int{1, 8} {
			d := &deskRun{desk: strings.Replace(small, "trader", fmt.Sprintf("parallel: %d, trader", parallel), 1), turns: turns, play: func(role string, r agentloop.Request) (agentloop.Reply, error) {
				if i := slices.Index([]string{"technical", "breadth"}, role); i >= 0 {
					time.Sleep(delays[i] * time.Millisecond)
				}
				return swinging("wait")(role, r)
			}}
			r, _, err := d.run(t)
			require.NoError(t, err)
			raw, err := os.ReadFile(filepath.Join(r.Out, "turns.log"))
			require.NoError(t, err)
			if want == nil {
				want, digest = raw, r.Digest
			}
			require.True(t, string(want) == string(raw), "other bytes")
			require.Equal(t, digest, r.Digest)
		}
	}
	whole := &deskRun{desk: small, turns: turns, play: swinging("wait"), cache: &deskCache{m: map[string][]byte{}}}
	cold, _, err := whole.run(t)
	require.NoError(t, err)
	require.Equal(t, digest, cold.Digest)
	require.Positive(t, whole.asked["critic"])
	total := 0
	for _, n := range whole.asked {
		total += n
	}
	warm := &deskRun{desk: small, turns: turns, play: swinging("wait"), cache: whole.cache}
	again, _, err := warm.run(t)
	require.NoError(t, err)
	require.Empty(t, warm.asked)
	require.Equal(t, cold.Manifest.TurnsDigest, again.Manifest.TurnsDigest)
	a, b := memoryOf(t, cold.Out), memoryOf(t, again.Out)
	require.Equal(t, a, b)
	for kill := 1; kill <= total; kill++ {
		cache, n := &deskCache{m: map[string][]byte{}}, 0
		ctx, cancel := context.WithCancel(t.Context())
		d := &deskRun{desk: strings.Replace(small, "trader", "parallel: 1, trader", 1), turns: turns, cache: cache, context: ctx}
		d.play = func(role string, r agentloop.Request) (agentloop.Reply, error) {
			if n++; n >= kill {
				cancel()
				return agentloop.Reply{}, ctx.Err()
			}
			return swinging("wait")(role, r)
		}
		_, _, err := d.run(t)
		require.NoError(t, err)
		resumed := &deskRun{desk: d.desk, turns: turns, cache: cache, play: swinging("wait")}
		got, _, err := resumed.run(t)
		require.NoError(t, err)
		after := 0
		for _, n := range resumed.asked {
			after += n
		}
		require.Equal(t, total-kill+1, after, "killed at reply %d", kill)
		require.Equal(t, cold.Digest, got.Digest, "killed at reply %d", kill)
		require.Equal(t, cold.Manifest.TurnsDigest, got.Manifest.TurnsDigest)
	}
}

// Another prompt of the critic asks the critic again; another lesson asks those that read it.
func TestAnotherLessonAsksWhoReadsIt(t *testing.T) {
	const turns = 3
	cache := &deskCache{m: map[string][]byte{}}
	first := &deskRun{desk: learning, turns: turns, play: swinging("wait"), cache: cache}
	_, _, err := first.run(t)
	require.NoError(t, err)
	critics := first.asked["critic"]
	require.Positive(t, critics)
	other := file("critic", "deep", "Critique", "Be short.")
	same := &deskRun{desk: learning, turns: turns, play: swinging("wait"), cache: cache, beside: other}
	_, _, err = same.run(t)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"critic": critics}, same.asked)
	changed := &deskRun{desk: learning, turns: turns, play: swinging("hurry"), cache: cache, beside: file("critic", "deep", "Critique", "Be long.")}
	_, list, err := changed.run(t)
	require.NoError(t, err)
	require.Equal(t, critics, changed.asked["critic"])
	for _, role := range []string{"technical", "breadth", "bull", "bear"} {
		require.Zero(t, changed.asked[role], role)
	}
	n := 0
	for _, x := range list {
		if strings.Contains(heardBy(x, "trader"), "hurry") {
			n++
		}
	}
	require.Positive(t, n)
	require.Equal(t, []int{n, n}, []int{changed.asked["judge"], changed.asked["trader"]})
}

// What is after a time changes nothing that a desk with a memory was told before it.
func TestDeskRemembersNoFuture(t *testing.T) {
	made := func(after float64) fstest.MapFS {
		text, price := "time,symbol,open,high,low,close,volume\n", 100.0
		for i := range 60 {
			price *= 1 + 0.02*math.Sin(float64(i*i))
			if i >= 40 {
				price *= after
			}
			p := math.Round(price*100) / 100
			text += fmt.Sprintf("%s,AAA,%v,%v,%v,%v,1000000\n", time.Date(2024, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), p, p+1, p-1, p)
		}
		return fstest.MapFS{"data/a.csv": {Data: []byte(text)}}
	}
	told := func(after float64) (texts []string) {
		d := &deskRun{desk: learning, every: 1, symbols: "AAA", days: "from: 2024-01-01\nto: 2024-02-29", data: made(after), play: func(role string, r agentloop.Request) (agentloop.Reply, error) {
			reply, err := swinging("wait")(role, r)
			if reply.Text == "" && len(reply.Calls) == 0 {
				reply.Text = usual(role)
			}
			reply.Text = strings.ReplaceAll(reply.Text, "AAPL", "AAA")
			return reply, err
		}}
		r, turns, err := d.run(t)
		require.NoError(t, err)
		require.Greater(t, len(memoryOf(t, r.Out).Trades), 20)
		for _, x := range turns {
			raw, err := json.Marshal([]any{x.AsOf, x.StateDigest, x.Messages, x.Output})
			require.NoError(t, err)
			texts = append(texts, string(raw))
		}
		return texts
	}
	a, b := told(1), told(1.03)
	require.Equal(t, a[:40], b[:40])
	require.NotEqual(t, a[40], b[40])
}
