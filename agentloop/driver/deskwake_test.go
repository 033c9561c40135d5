package driver_test

import (
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

// whys lists why each turn was one, without the bars of "at the latest".
func whys(turns []agentloop.Turn) (list []string) {
	for _, x := range turns {
		list = append(list, x.Why)
	}
	return list
}

// The desk is asked at the bars at which the condition holds, as computed here from the
// closes, at the latest after the stated bars, and never else.
func TestWakeAsksWhenSomethingHappens(t *testing.T) {
	data, closes := madeCloses(330, map[string]float64{"AA": 0.02, "BB": 0.02, "CC": 0.02})
	first := 0 // bar of the first turn: 2014-01-02
	for i := range closes["AA"] {
		if i == 261 {
			first = i
		}
	}
	var want []string
	last := first
	for i := first; i < len(closes["AA"]) && i-first < 63; i++ {
		var moved []string
		for _, s := range []string{"AA", "BB"} {
			if closes[s][i]/closes[s][i-1] < 0.975 {
				moved = append(moved, s)
			}
		}
		switch {
		case i == first:
			want = append(want, "first")
		case i-last >= 12:
			want = append(want, fmt.Sprintf("%d bars since your last turn", i-last))
		case len(moved) > 0:
			want = append(want, "wake: "+strings.Join(moved, ", "))
		default:
			continue
		}
		last = i
	}
	d := &deskRun{desk: `{trader: {}, wake: {when: "close / lag(close) over h < 0.975", every: 12}}`, every: 1, symbols: "AA, BB", data: data}
	d.play = says("trader", `{"orders":[],"no_trade":"n"}`)
	r, turns, err := d.run(t)
	require.NoError(t, err)
	require.Equal(t, want, whys(turns))
	require.Greater(t, len(want), 6)
	require.Equal(t, len(turns), d.asked["trader"])
	require.Equal(t, r.Bars, r.Desk.Wake.Looks)
	require.Equal(t, r.Bars-len(turns), r.Desk.Wake.Asleep)
}

// A symbol wakes a desk by a bar of its own since the last look: not after its last one,
// and not before its first, which keeps no other from waking it.
func TestWakeNeedsANewBar(t *testing.T) {
	data, _ := madeCloses(330, map[string]float64{"AA": 0.02, "BB": 0.02, "CC": 0.02})
	kept, rows := "", map[string]int{}
	for line := range strings.Lines(string(data["data/walk.csv"].Data)) {
		for _, symbol := range []string{"BB", "CC"} {
			if strings.Contains(line, symbol) {
				rows[symbol]++
			}
		}
		if strings.Contains(line, "BB") && rows["BB"] > 270 || strings.Contains(line, "CC") && rows["CC"] < 281 {
			continue
		}
		kept += line
	}
	data["data/walk.csv"] = &fstest.MapFile{Data: []byte(kept)}
	d := &deskRun{desk: `{trader: {}, wake: {when: "symbol <> 'AA'"}}`, every: 1, symbols: "AA, BB, CC", data: data}
	d.play = says("trader", `{"orders":[],"no_trade":"n"}`)
	_, turns, err := d.run(t)
	require.NoError(t, err)
	got := map[string]int{}
	for _, x := range turns {
		got[x.Why]++
	}
	require.Greater(t, len(turns), 20)
	require.Less(t, got["wake: BB"], 12)
	require.Greater(t, got["wake: BB"], 5)
	require.Greater(t, got["wake: CC"], 20)
	require.Len(t, got, 3)
}

// A shadow sample asks while the desk sleeps, and changes nothing: neither what happens nor
// when the desk wakes. Recorded, it is asked for nothing.
func TestShadowTurnsChangeNothing(t *testing.T) {
	data, _ := madeCloses(330, map[string]float64{"AA": 0.02, "BB": 0.02, "CC": 0.02})
	desk := `{trader: {}, risk: {}, wake: {when: "close / lag(close) over h < 0.97", fill: true, shadow: SHARE}}`
	play := func(role string, r agentloop.Request) (agentloop.Reply, error) {
		if role != "trader" {
			return agentloop.Reply{}, nil
		}
		size := len(r.Messages[0].User) % 40 // of all that it sees
		if size%3 > 0 {
			return agentloop.Reply{Text: `{"orders":[],"no_trade":"n"}`}, nil
		}
		return agentloop.Reply{Text: fmt.Sprintf(`{"orders":[{"symbol":"AA","target_percent":%d,"confidence":0.5,"reason":"r"}]}`, size)}, nil
	}
	run := func(share string, cache agentloop.Cache) (*driver.Result, []agentloop.Turn, *deskRun) {
		d := &deskRun{desk: strings.Replace(desk, "SHARE", share, 1), every: 1, symbols: "AA, BB", data: data, play: play, cache: cache}
		r, turns, err := d.run(t)
		require.NoError(t, err)
		return r, turns, d
	}
	without, plain, _ := run("0", nil)
	require.Contains(t, whys(plain), "fill")
	cache := &deskCache{m: map[string][]byte{}}
	with, turns, d := run("0.3", cache)
	awake := []string{}
	shadows := 0
	for _, x := range turns {
		if x.Why != "shadow" {
			awake = append(awake, x.Why)
			continue
		}
		shadows++
		require.NotContains(t, x.Messages[0].User, "Why now")
		for _, o := range recordOf(t, x).Orders {
			require.Equal(t, "not sent, since the desk was asleep", o.NotSent)
			require.Empty(t, o.Answer)
		}
		require.Equal(t, agentloop.StatusNoAction, x.Status)
	}
	require.Equal(t, whys(plain), awake)
	require.Greater(t, shadows, 8)
	require.Less(t, shadows, without.Desk.Wake.Asleep/2)
	sql, err := driver.SQL(t.Context(), runs.Open(os.DirFS(with.Out)), "SELECT count(DISTINCT turn) FROM decisions WHERE shadow = 'true'")
	require.NoError(t, err)
	require.EqualValues(t, shadows, sql.Rows[0][0])
	require.Equal(t, without.Fills, with.Fills)
	require.Equal(t, []int{without.Desk.Wake.Asleep, shadows}, []int{with.Desk.Wake.Asleep, with.Desk.Wake.Sampled})
	require.Equal(t, len(turns), d.asked["trader"])
	again, _, d := run("0.3", cache)
	require.Empty(t, d.asked)
	require.Equal(t, with.Digest, again.Digest)
	cache = &deskCache{m: map[string][]byte{}}
	for _, share := range []string{"0", "0.3", "0.1"} { // what another share recorded had another number
		_, turns, d = run(share, cache)
		for i, x := range turns {
			require.Equal(t, i+1, x.Turn, share)
		}
	}
	require.Empty(t, d.asked, "each answer is recorded")
}

// A role that may order is refused while the desk sleeps.
func TestNothingIsOrderedAsleep(t *testing.T) {
	d := &deskRun{desk: `{trader: {}, wake: {every: 30, shadow: 1}}`, every: 1, turns: 3}
	d.play = func(role string, r agentloop.Request) (agentloop.Reply, error) {
		if len(r.Messages) == 1 {
			return agentloop.Reply{Calls: []agentloop.Call{{ID: "c", Name: "orders_submit", Arguments: json.RawMessage(`{"symbol":"AAPL","side":"buy","qty":1}`)}}}, nil
		}
		return agentloop.Reply{Text: `{"orders":[],"no_trade":"n"}`}, nil
	}
	d.change = func(a *agentloop.Agent) { a.Roles[0].Tools, a.Roles[0].Acts, a.Roles[0].ReadOnly = nil, nil, false }
	r, turns, err := d.run(t)
	require.NoError(t, err)
	require.Equal(t, []string{"first", "shadow", "shadow"}, whys(turns))
	require.Equal(t, 1, r.Orders, "of the turn in which it was awake")
	for _, x := range turns[1:] {
		require.Contains(t, x.Messages[1].Results[0].Text, "error NOT_ALLOWED: orders_submit changes the world")
	}
}

// A desk that sleeps loads no table: later turns and their keys would depend on the sample.
func TestNoTableIsLoadedAsleep(t *testing.T) {
	d := &deskRun{desk: `{trader: {}, wake: {every: 30, shadow: 1}}`, every: 1, turns: 2}
	loads := func(id, table string) agentloop.Call {
		return agentloop.Call{ID: id, Name: "market_load_history_table", Arguments: json.RawMessage(`{"symbols":["AAPL"],"table":"` + table + `"}`)}
	}
	n := 0
	d.play = func(role string, r agentloop.Request) (agentloop.Reply, error) {
		if n++; len(r.Messages) > 1 {
			return agentloop.Reply{Text: `{"orders":[],"no_trade":"n"}`}, nil
		}
		calls := []agentloop.Call{loads("a", "a")}
		if n > 1 {
			calls = append(calls, loads("b", "b"))
		}
		return agentloop.Reply{Calls: calls}, nil
	}
	d.change = func(a *agentloop.Agent) { a.Roles[0].Tools = nil }
	_, turns, err := d.run(t)
	require.NoError(t, err)
	require.Equal(t, []string{"first", "shadow"}, whys(turns))
	require.Contains(t, turns[1].Messages[1].Results[0].Text, "table=a")
	require.Contains(t, turns[1].Messages[1].Results[1].Text, "error NOT_ALLOWED: the table b is not loaded this way")
}

// News of its symbols wake a desk once.
func TestNewsWake(t *testing.T) {
	data, _ := madeCloses(330, map[string]float64{"AA": 0.02, "BB": 0.02, "CC": 0.02})
	data["data/news.csv"] = &fstest.MapFile{Data: []byte("published_at,headline,id,symbols,source\n2014-01-08T15:00:00Z,AA makes a deal,1,AA,x\n2014-01-10T15:00:00Z,others,2,ZZ,x\n2014-02-03T15:00:00Z,BB is sued,3,BB,x\n2014-02-03T15:30:00Z,AA too,4,AA,x\n")}
	d := &deskRun{desk: `{trader: {}, wake: {news: true}}`, every: 1, symbols: "AA, BB", data: data}
	d.play = says("trader", `{"orders":[],"no_trade":"n"}`)
	_, turns, err := d.run(t)
	require.NoError(t, err)
	require.Equal(t, []string{"first", "news", "news"}, whys(turns))
	require.Equal(t, "2014-01-08", turns[1].AsOf[:10])
	require.Equal(t, "2014-02-03", turns[2].AsOf[:10])
}

func TestWakeKeys(t *testing.T) {
	for text, want := range map[string]string{
		"{}":                               "nothing wakes the desk",
		"{every: -1}":                      "every is -1",
		"{fill: true, shadow: 2}":          "shadow is 2",
		"{when: 'close > {level}'}":        "{level} has no value",
		"{sql: close}":                     `there is no key "sql"`,
		"{when: 'close >'}":                "desk.wake.when: close >: ",
		"{when: 'price > 1'}":              "write a condition on symbol, ts",
		"{when: '(SELECT 1 FROM prices)'}": "desk.wake.when",
	} {
		s, err := driver.Parse("s.yaml", []byte("symbols: [AAPL]\nbenchmark: SPX\ndata: [data]\nagent: {model: script/desk}\ndesk: {trader: {}, wake: "+text+"}"))
		if err == nil {
			err = s.Check()
		}
		if err == nil {
			c := config(filepath.Join(t.TempDir(), "run"))
			c.Strategy = s
			_, err = driver.Run(t.Context(), c)
		}
		require.ErrorContains(t, err, want, text)
	}
}
