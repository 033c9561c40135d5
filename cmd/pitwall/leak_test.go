package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/agentloop/scripts"
	"pitwall/cache/disk"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools"
)

// leakDays is how long the worlds of this harness are.
const leakDays = 30

// weekday is the n-th day from 2024-01-01 that is no weekend.
func weekday(n int) time.Time { return time.Date(2024, 1, 1+n/5*7+n%5, 0, 0, 0, 0, time.UTC) }

// days makes CSV rows of two symbols from random prices; row i of each symbol is
// day i.
func days(t *rapid.T) [2][]string {
	var rows [2][]string
	for k, symbol := range []string{"AAA", "BBB"} {
		price := 100.0
		for d := range leakDays {
			price *= 1 + float64(rapid.IntRange(-40, 45).Draw(t, "move"))/1000
			rows[k] = append(rows[k], fmt.Sprintf("%s,%s,%.2f,%.2f,%.2f,%.2f,%d", symbol, weekday(d).Format(time.DateOnly),
				price, price*1.02, price*0.98, price*1.01, 100_000+d))
		}
	}
	return rows
}

// fataler is a *testing.T or a *rapid.T.
type fataler interface {
	require.TestingT
	Fatal(args ...any)
}

// evidence runs the momentum script over rows and returns what the run left, by
// simulated time: journal lines and turn files. tamper may spoil the world.
func evidence(t fataler, rows [2][]string, tamper func(*pitwall.World, *history.Store)) map[string]string {
	text := "symbol,timestamp,open,high,low,close,volume\n" + strings.Join(append(append([]string{}, rows[0]...), rows[1]...), "\n") + "\n"
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	store, err := history.Load(ctx, []history.Input{{FS: fstest.MapFS{"b.csv": {Data: []byte(text)}}, Path: "b.csv"}}, history.Options{})
	must(err)
	dir, err := os.MkdirTemp("", "pitwall-leak-")
	must(err)
	defer os.RemoveAll(dir)
	folder, err := runs.Create(disk.OS{}, filepath.Join(dir, "run"), nil)
	must(err)
	spec := plain(t, "AAA", "BBB")
	spec.From = "2024-01-03"
	w, err := driver.NewSim(store, spec, folder)
	must(err)
	defer w.Close()
	if tamper != nil {
		tamper(w.World(), store)
	}
	params := map[string]any{"lookback": 4}
	model, err := scripts.All()["momentum"](params)
	must(err)
	a := &app{now: hostNow, stdout: term.NewOutput(os.Stdout), stderr: os.Stderr, stop: make(chan struct{}), settings: readSettings}
	_, err = driver.Drive(ctx, w.World(), "test", nil, agentloop.Config{Agents: []agentloop.Agent{{Name: "main", Model: model, ModelName: "script/momentum", Params: params, Every: agentloop.Every{Bars: 2}}}, Recorder: folder, Now: a.now, Stop: a.stop})
	must(err)
	must(folder.Close())
	left := map[string]string{}
	keep := func(raw string) {
		var at struct {
			AsOf time.Time `json:"as_of"`
		}
		must(json.Unmarshal([]byte(raw), &at))
		left[at.AsOf.UTC().Format(time.RFC3339)] += raw + "\n"
	}
	journal, err := os.ReadFile(filepath.Join(folder.Dir, "journal.jsonl"))
	must(err)
	for _, line := range strings.Split(strings.TrimSpace(string(journal)), "\n") {
		keep(line)
	}
	for _, raw := range recordsOf(t, folder.Dir) { // none: this harness would see nothing
		keep(raw)
	}
	return left
}

// leaked compares two worlds that agree up to a cut and returns the first time
// up to it at which their evidence differs.
func leaked(whole, other map[string]string, cut string) string {
	for at, text := range whole {
		if at <= cut && other[at] != text {
			return fmt.Sprintf("at %s (cut %s):\n%s\n---\n%s", at, cut, text, other[at])
		}
	}
	for at := range other {
		if _, ok := whole[at]; at <= cut && !ok {
			return "at " + at + " the other world has more"
		}
	}
	return ""
}

// mutate draws a cut and returns rows that differ only after it.
func mutate(t *rapid.T, rows [2][]string) (other [2][]string, cut string) {
	at := rapid.IntRange(6, leakDays-2).Draw(t, "cut")
	kind := rapid.SampledFrom([]string{"drop", "change", "drop one symbol"}).Draw(t, "mutation")
	for k := range rows {
		other[k] = append([]string{}, rows[k][:at+1]...)
		if kind == "drop" || (kind == "drop one symbol" && k == 1) {
			continue
		}
		for _, row := range rows[k][at+1:] {
			f := strings.Split(row, ",")
			if kind == "change" {
				f[2], f[3], f[4], f[5], f[6] = "7.5", "9999", "0.01", "31.4159", "1"
			}
			other[k] = append(other[k], strings.Join(f, ","))
		}
	}
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	y, m, d := weekday(at).Date()
	return other, time.Date(y, m, d, 16, 0, 0, 0, zone).UTC().Format(time.RFC3339)
}

// Cutting or changing every bar after a random time leaves journal lines and
// turn files up to that time the same, byte for byte.
//
// CI makes 25 mutations. A campaign: PITWALL_LEAKS=600 go test ./cmd/pitwall -run FutureChanges -timeout 30m
func TestTheFutureChangesNothing(t *testing.T) {
	checks := flag.Lookup("rapid.checks")
	before := checks.Value.String()
	defer func() { require.NoError(t, checks.Value.Set(before)) }()
	n := strconv.Itoa(often(8, 25))
	if v := os.Getenv("PITWALL_LEAKS"); v != "" {
		n = v
	}
	require.NoError(t, checks.Value.Set(n))
	tried, filled := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		rows := days(t)
		other, cut := mutate(t, rows)
		whole := evidence(t, rows, nil)
		if text := leaked(whole, evidence(t, other, nil), cut); text != "" {
			t.Fatal(text)
		}
		tried++
		for _, text := range whole {
			if strings.Contains(text, `"kind":"fill"`) {
				filled++
				break
			}
		}
	})
	require.Greater(t, 2*filled, tried, "too few worlds with fills to see a leak in them")
}

// peeking is a planted leak: a Market whose last price is tomorrow's.
type peeking struct {
	pitwall.Market
	store *history.Store
	now   func() time.Time
}

func (p peeking) Last(ctx context.Context, symbol string) (pitwall.Bar, error) {
	b, err := p.Market.Last(ctx, symbol)
	for _, s := range p.store.Series() {
		if n := s.KnownAt(p.now().UnixNano()); s.Instrument.Symbol == symbol && n < s.Len() {
			b.Close = s.Close[n]
		}
	}
	return b, err
}

// early is another: bars are visible from their start.
type early struct {
	pitwall.Market
	store *history.Store
	now   func() time.Time
}

func (e early) Count(ctx context.Context, symbol string) (int, error) {
	n, err := e.Market.Count(ctx, symbol)
	for _, s := range e.store.Series() {
		if s.Instrument.Symbol == symbol {
			n = min(n+1, s.Len())
		}
	}
	return n, err
}

// The harness can fail: each planted leak is caught within a few tries.
func TestPlantedLeaksAreCaught(t *testing.T) {
	for name, tamper := range map[string]func(*pitwall.World, *history.Store){
		"a last price of tomorrow": func(w *pitwall.World, s *history.Store) { w.Market = peeking{w.Market, s, w.Clock.Now} },
		"a bar counted early":      func(w *pitwall.World, s *history.Store) { w.Market = early{w.Market, s, w.Clock.Now} },
	} {
		caught := false
		for seed := 0; seed < 12 && !caught; seed++ {
			rows, other, cut := drawOnce(seed)
			caught = leaked(evidence(t, rows, tamper), evidence(t, other, tamper), cut) != ""
		}
		require.True(t, caught, name)
	}
}

// A split of tomorrow is no news today: sim_status names it from its day on.
func TestStatusKnowsNoFutureSplit(t *testing.T) {
	text := "symbol,timestamp,open,high,low,close,volume\n"
	for d := 2; d < 12; d++ {
		if d == 6 || d == 7 {
			continue // a weekend
		}
		text += fmt.Sprintf("AAA,2024-01-%02d,10,11,9,10,1000\n", d)
	}
	m := fstest.MapFS{"d/b.csv": {Data: []byte(text)}, "d/a.csv": {Data: []byte("symbol,ex_date,type,value\nAAA,2024-01-09,split,4\n")}}
	store, err := history.Load(context.Background(), []history.Input{{FS: m, Path: "d"}}, history.Options{})
	require.NoError(t, err)
	session, err := driver.NewSim(store, plain(t, "AAA"), &pitwall.MemoryJournal{})
	require.NoError(t, err)
	w := session.World()
	set := tools.New(slog.New(slog.DiscardHandler), nil)
	ctx := pitwall.WithCaller(context.Background(), pitwall.Caller{Principal: "local"})
	seen := 0
	for range 8 {
		require.False(t, set.Call(ctx, w, "clock_next_bar", nil).IsError)
		a := set.Call(ctx, w, "sim_status", nil)
		require.False(t, a.IsError, a.Text)
		known := w.Clock.Now().After(time.Date(2024, 1, 9, 0, 0, 0, 0, w.Zone))
		require.Equal(t, known, strings.Contains(a.Text, "split 4:1"), a.Text)
		if known {
			seen++
		}
	}
	require.Equal(t, 3, seen)
}

// drawOnce makes a fixed pair of worlds for a seed.
func drawOnce(seed int) (rows, other [2][]string, cut string) {
	type pair struct {
		rows, other [2][]string
		cut         string
	}
	p := rapid.Custom(func(t *rapid.T) pair {
		rows := days(t)
		other, cut := mutate(t, rows)
		return pair{rows, other, cut}
	}).Example(seed)
	return p.rows, p.other, p.cut
}

// An attempt is a world over days that another world of the same principal has
// shown: passed bars, or history before its start.
func TestAttempts(t *testing.T) {
	ctx := context.Background()
	b, _, err := testApp(t).newWorlds(ctx, "", nil, settings{})
	require.NoError(t, err)
	ann, bob := pitwall.Caller{Principal: "ann"}, pitwall.Caller{Principal: "bob"}
	start := func(by pitwall.Caller, from, to string) *pitwall.World {
		w, err := b.Build(ctx, by, "main", tools.StartRequest{From: from, To: to})
		require.NoError(t, err)
		return w
	}
	first := start(ann, "2015-01-02", "2015-12-31")
	require.Equal(t, 1, first.Attempt)
	require.Equal(t, 1, start(ann, "2015-01-02", "2015-12-31").Attempt, "nothing of those days was shown yet")
	_, err = first.Clock.Next(ctx, first.Clock.Now())
	require.NoError(t, err)
	require.NoError(t, first.Close())
	again := start(ann, "2015-01-02", "2015-12-31")
	require.Equal(t, 2, again.Attempt, "an ended world still counts")
	require.Contains(t, again.Warnings[len(again.Warnings)-1].Text, "attempt 2")
	require.Equal(t, 4, start(ann, "2014-06-02", "2014-12-31").Attempt, "three worlds showed those days as history")
	require.Equal(t, 1, start(ann, "2016-01-04", "2016-12-31").Attempt, "later days than any world has reached")
	require.Equal(t, 1, start(bob, "2015-01-02", "2015-12-31").Attempt, "another principal")
}
