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

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/desk"
	"pitwall/cache/runs"
)

const learning = "{analysts: [technical, breadth], debate: {rounds: 1}, trader: {}, risk: {}, manager: {}, critic: {}}\nmemory: {episode: week}"

// swinging buys in one turn and sells in the next, and its critic learns from it: a lesson of
// each trade, and each week a belief for the trader alone. said is the lesson's text.
func swinging(said string) func(string, agentloop.Request) (agentloop.Reply, error) {
	return func(role string, r agentloop.Request) (agentloop.Reply, error) {
		text := r.Messages[len(r.Messages)-1].User
		switch role {
		case "critic":
			return agentloop.Reply{Text: criticized(text, said)}, nil
		case "trader":
			if !strings.Contains(text, "positions: none") {
				return agentloop.Reply{Text: `{"orders":[{"symbol":"AAPL","target_percent":0,"confidence":0.5,"reason":"the swing is over"}],"strategy":"swing","regime":"calm"}`}, nil
			}
			return agentloop.Reply{Text: `{"orders":[{"symbol":"AAPL","target_percent":50,"confidence":0.5,"reason":"a swing up","horizon":"5 bars"}],"strategy":"swing","regime":"calm"}`}, nil
		}
		return agentloop.Reply{}, nil
	}
}

func criticized(text, said string) string {
	lessons, beliefs := []any{}, []any{}
	_, closed, _ := strings.Cut(text, "\nClosed trades without a lesson:\n")
	for line := range strings.Lines(closed) {
		var t pitwall.MemoryTrade
		if json.Unmarshal([]byte(line), &t) != nil || t.ID == "" || t.Side == "" {
			continue
		}
		lessons = append(lessons, map[string]any{"trade": t.ID, "lesson": said + " " + t.ID, "expected": "a swing", "why": "as it came"})
	}
	if _, list, ended := strings.Cut(text, "\nThe episode has ended: "); ended {
		of := ""
		for line := range strings.Lines(list) {
			var b pitwall.ScoredBelief
			if json.Unmarshal([]byte(line), &b) == nil && b.ID != "" && of == "" {
				of = b.ID
			}
		}
		x := map[string]any{"subject": "AAPL", "direction": "up", "horizon": 3, "confidence": 0.7, "statement": "the swing goes on", "roles": []string{"trader"}}
		if of != "" {
			x["of"] = of
		}
		beliefs = append(beliefs, x)
	}
	raw, _ := json.Marshal(map[string]any{"lessons": lessons, "beliefs": beliefs, "retired": []any{}})
	return string(raw)
}

// memoryOf reads memory.jsonl.
func memoryOf(t *testing.T, dir string) runs.Memory {
	t.Helper()
	m, err := runs.Open(os.DirFS(dir)).Memory()
	require.NoError(t, err)
	require.NotNil(t, m)
	return *m
}

// heardBy returns all that a role was told in a turn by the desk.
func heardBy(x agentloop.Turn, role string) (text string) {
	for _, m := range x.Messages {
		if m.Role == role {
			text += m.User
		}
	}
	return text
}

// Roles read what concerns them, from the turn on in which it was known, and no other does.
func TestDeskRemindsWhomItConcerns(t *testing.T) {
	d := &deskRun{desk: learning, play: swinging("wait")}
	r, turns, err := d.run(t)
	require.NoError(t, err)
	m := memoryOf(t, r.Out)
	lessons := map[string]pitwall.MemoryItem{}
	for _, x := range m.Items {
		if x.Kind == pitwall.Lesson {
			lessons[x.Trade] = x
			require.Equal(t, []string{"swing", "calm"}, []string{x.Strategy, x.Regime}, "of its plan")
		}
	}
	require.Greater(t, len(lessons), 3)
	for _, x := range m.Trades {
		if l, is := lessons[x.ID]; is {
			require.False(t, l.Known.Before(x.Known), "%s: its lesson before its exit", x.ID)
			require.Equal(t, "within 5 bars", x.Expected)
		}
	}
	reminded, believed := 0, 0
	for _, x := range turns {
		at, err := time.Parse(time.RFC3339, x.AsOf)
		require.NoError(t, err)
		for _, role := range x.Roles {
			text := heardBy(x, role.Name)
			for _, l := range lessons {
				if !strings.Contains(text, l.Text) {
					continue
				}
				reminded++
				require.False(t, l.Known.After(at), "turn %d: %s", x.Turn, l.ID)
				require.Contains(t, []string{"judge", "trader", "risk", "risk_conservative", "manager"}, role.Name)
			}
			if strings.Contains(text, "the swing goes on") && role.Name != "critic" {
				believed++
				require.Equal(t, "trader", role.Name)
			}
		}
	}
	require.Greater(t, reminded, 20)
	require.Greater(t, believed, 4)
	last := heardBy(turns[len(turns)-1], "trader")
	require.Contains(t, last, fmt.Sprintf("- swing in calm: %d trades, ", len(m.Trades)))
	require.Contains(t, last, "Regimes that plans saw, newest first: calm since 2014-01-02\n")
	require.NotContains(t, turns[0].Result, "absent")
}

// A role is reminded by the words of its decision, and by the regime, before by age.
func TestDeskRemindsByWordsAndRegime(t *testing.T) {
	n := 0
	play := func(role string, r agentloop.Request) (agentloop.Reply, error) {
		text := r.Messages[len(r.Messages)-1].User
		switch {
		case role == "critic":
			n++
			return agentloop.Reply{Text: criticized(text, map[bool]string{true: "earnings surprise", false: "nothing special"}[n == 1])}, nil
		case role == "technical":
			return agentloop.Reply{Text: strings.Replace(reports("AAPL", "BUY"), `["r"]`, `["earnings tomorrow"]`, 1)}, nil
		case role == "trader":
			reply, err := swinging("")(role, r)
			reply.Text = strings.Replace(reply.Text, "calm", map[bool]string{true: "calm", false: "wild"}[n%2 == 0], 1)
			return reply, err
		}
		return agentloop.Reply{}, nil
	}
	d := &deskRun{desk: "{analysts: [technical], trader: {}, critic: {}}\nmemory: {episode: quarter, trades: 100}", every: 1, turns: 44, play: play}
	_, turns, err := d.run(t)
	require.NoError(t, err)
	text := heardBy(turns[len(turns)-1], "trader")
	_, list, _ := strings.Cut(text, "\nLessons of this desk's closed trades:\n")
	lines := strings.Split(list, "\n")
	require.Contains(t, lines[0], "earnings surprise", "found by its words, though it is the oldest")
	require.Equal(t, 8, strings.Count(list, "\n- ")+1)
	_, now, _ := strings.Cut(text, "newest first: ")
	now, _, _ = strings.Cut(now, " ")
	for _, line := range lines[1:8] {
		require.Contains(t, line, " in "+now+": nothing special", "every other trade is of the other regime")
	}
}

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

// Under an alert the conservative risk manager judges. The alert and what roles are told of
// beliefs equal a computation from the run's equity and prices.
func TestDeskAlertsAndScoresEqualAnIndependentComputation(t *testing.T) {
	d := &deskRun{desk: learning, every: 2, play: swinging("wait")}
	r, turns, err := d.run(t)
	require.NoError(t, err)
	run := runs.Open(os.DirFS(r.Out))
	m := memoryOf(t, r.Out)
	points := run.Equity()
	closes := run.Bars()["AAPL"]
	alerts := 0
	for _, x := range turns {
		at, err := time.Parse(time.RFC3339, x.AsOf)
		require.NoError(t, err)
		var daily []float64
		before := 100000.0
		for _, p := range points {
			if !p.Time.After(at) {
				daily = append(daily, p.Equity.Float()/before-1)
				before = p.Equity.Float()
			}
		}
		rec := recordOf(t, x)
		if rec.Risk != nil {
			wary := len(daily) > 0 && daily[len(daily)-1] < 0 || len(daily) > 1 && worst(daily) < worst(daily[:len(daily)-1])
			require.Equal(t, wary, rec.Alert != "", "turn %d: %q", x.Turn, rec.Alert)
			judged, other := "risk", "risk_conservative"
			if wary {
				alerts++
				judged, other = other, judged
				require.Contains(t, heardBy(x, judged), "\nAlert: "+rec.Alert)
				require.Contains(t, desk.Conversation(&x), desk.Line{Role: judged, Text: "in place of risk: " + rec.Alert})
			}
			require.NotEmpty(t, heardBy(x, judged), "turn %d", x.Turn)
			require.Empty(t, heardBy(x, other), "turn %d", x.Turn)
		}
		matured, hits, brier := 0, 0.0, 0.0
		for _, b := range m.Beliefs {
			from := slices.IndexFunc(closes, func(c pitwall.Bar) bool { return c.Known.After(b.Known) }) - 1
			if from < 0 || from+b.Horizon >= len(closes) || closes[from+b.Horizon].Known.After(at) {
				continue
			}
			hit := 0.0
			if closes[from+b.Horizon].Close > closes[from].Close {
				hit = 1
			}
			matured, hits, brier = matured+1, hits+hit, brier+math.Pow(0.7-hit, 2)
		}
		if said := heardBy(x, "trader"); matured > 0 && strings.Contains(said, "Beliefs of this desk") {
			n := float64(matured)
			require.Contains(t, said, fmt.Sprintf("Of %d that matured %.0f %% came true (Brier score %.2f;", matured, 100*hits/n, brier/n), "turn %d", x.Turn)
		}
	}
	require.Greater(t, alerts, 3)
	require.Less(t, alerts, len(turns)-3)
}

// worst is the mean of the worst 1 % of results, at least of one.
func worst(results []float64) float64 {
	list := slices.Sorted(slices.Values(results))
	n, sum := (len(list)+99)/100, 0.0
	for _, r := range list[:n] {
		sum += r
	}
	return sum / float64(n)
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

// A desk carries the memory of an earlier run; into one that starts before its end it does
// not. Its critic reviews what it carries.
func TestDeskCarriesItsMemory(t *testing.T) {
	first := &deskRun{desk: learning, play: swinging("wait")}
	r, _, err := first.run(t)
	require.NoError(t, err)
	raw, err := os.ReadFile(filepath.Join(r.Out, runs.MemoryFile))
	require.NoError(t, err)
	beside := fstest.MapFS{"first.jsonl": {Data: raw}}
	carrying := strings.Replace(learning, "{episode", "{carry: first.jsonl, episode", 1)
	early := &deskRun{desk: carrying, beside: beside, play: swinging("wait")}
	_, _, err = early.run(t)
	require.ErrorContains(t, err, "first.jsonl knows of 2014-03-31T16:00:00-04:00, and the run starts at 2014-01-02")
	later := &deskRun{desk: carrying, beside: beside, play: swinging("wait"), days: "from: 2014-04-01\nto: 2014-04-30"}
	_, turns, err := later.run(t)
	require.NoError(t, err)
	require.Contains(t, heardBy(turns[0], "trader"), "Lessons of this desk's closed trades:\n- 2014-03-")
	require.Contains(t, heardBy(turns[0], "trader"), "- run:m", "beliefs with the run's name")
}
