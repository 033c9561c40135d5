package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
)

// madeRun is a run's folder in memory: a turn a day, from a day on.
type madeRun struct {
	manifest map[string]any
	turns    []agentloop.Turn
	equity   []float64
}

// made makes a run whose agent looks at a price each day and buys on the third.
func made(days int) *madeRun {
	m := &madeRun{manifest: map[string]any{"run_id": "r", "status": "complete", "symbols": []string{"A"}, "from": "2024-01-02", "to": "2024-01-09", "cash": 1000,
		"model": "m/1", "costs": map[string]any{"commission_bps": 10}, "data": []any{map[string]any{"path": "../x/bars.csv", "sha256": "0123456789"}, map[string]any{"path": "act.csv", "sha256": "fedcba9876"}},
		"agents": []any{map[string]any{"name": "main", "model": "m/1", "prompt": "Buy it."}}}}
	for d := range days {
		asOf := time.Date(2024, 1, 2+d, 21, 0, 0, 0, time.UTC).Format(time.RFC3339)
		calls := []string{"market_last_price", `{"symbols":["A"]}`, fmt.Sprintf("price %d", 10+d)}
		if d == 2 {
			calls = append(calls, "orders_submit", `{"symbol":"A","qty":5,"reason":"it rises"}`, "sent=true")
		}
		m.turns = append(m.turns, madeTurn(d+1, asOf, "main", fmt.Sprintf("Turn %d. Bars since your last turn: 1.\ncash=%d\n", d+1, 1000-d), calls...))
		m.equity = append(m.equity, 1000+float64(d))
	}
	return m
}

// madeTurn asks once: name, arguments, result of each call, then words.
func madeTurn(n int, asOf, agent, question string, calls ...string) agentloop.Turn {
	t := agentloop.Turn{Turn: n, AsOf: asOf, Agent: agent, Model: "m/1", Why: "every", Status: "no_action", Result: "done", StateDigest: "s" + asOf}
	reply := map[string]any{}
	var list []any
	var results []any
	for i := 0; i < len(calls); i += 3 {
		list = append(list, map[string]any{"id": fmt.Sprint(i), "name": calls[i], "arguments": json.RawMessage(calls[i+1])})
		results = append(results, map[string]any{"id": fmt.Sprint(i), "name": calls[i], "text": calls[i+2]})
	}
	reply["calls"] = list
	raw, err := json.Marshal([]any{map[string]any{"user": question}, map[string]any{"reply": reply, "results": results}, map[string]any{"reply": map[string]any{"text": "RESULT: done"}}})
	if err == nil {
		err = json.Unmarshal(raw, &t.Messages)
	}
	if err != nil {
		panic(err)
	}
	return t
}

// open writes the folder and reads it.
func (m *madeRun) open(t testing.TB) *Run {
	t.Helper()
	fsys := fstest.MapFS{}
	put := func(name string, v any) {
		raw, err := json.Marshal(v)
		require.NoError(t, err)
		fsys[name] = &fstest.MapFile{Data: append(raw, '\n')}
	}
	put("manifest.json", m.manifest)
	put("usage.json", map[string]any{"cost_usd": 0.5})
	var lines strings.Builder
	for _, x := range m.turns {
		put(fmt.Sprintf("turns/%06d.json", x.Turn), x)
		line := agentloop.TurnLine{Turn: x.Turn, AsOf: x.AsOf, Agent: x.Agent, Why: x.Why, Status: x.Status}
		for _, s := range asked(&x) {
			line.Calls = append(line.Calls, s.name)
		}
		raw, err := json.Marshal(line)
		require.NoError(t, err)
		lines.Write(append(raw, '\n'))
	}
	fsys["summaries.jsonl"] = &fstest.MapFile{Data: []byte(lines.String())}
	equity := "timestamp,equity,cash,benchmark,buy_and_hold\n"
	for i, e := range m.equity {
		equity += fmt.Sprintf("%s,%v,%v,,%v\n", time.Date(2024, 1, 2+i, 21, 0, 0, 0, time.UTC).Format(time.RFC3339), e, e, 1000+i)
	}
	fsys["equity.csv"] = &fstest.MapFile{Data: []byte(equity)}
	fsys["journal.jsonl"] = &fstest.MapFile{Data: []byte{}}
	fsys["fills.csv"] = &fstest.MapFile{Data: []byte("timestamp,symbol,side,qty,price,fee,book,turn,order,reason\n")}
	r, err := Open(fsys)
	require.NoError(t, err)
	return r
}

// with replaces what a turn of a run said or called.
func (m *madeRun) with(n int, from, to string) *madeRun {
	raw, err := json.Marshal(m.turns[n-1])
	if err == nil && !strings.Contains(string(raw), from) {
		err = fmt.Errorf("turn %d has no %s: %s", n, from, raw)
	}
	if err == nil {
		m.turns[n-1] = agentloop.Turn{}
		err = json.Unmarshal([]byte(strings.ReplaceAll(string(raw), from, to)), &m.turns[n-1])
	}
	if err != nil {
		panic(err)
	}
	return m
}

func TestPartings(t *testing.T) {
	later := made(6)
	later.turns = later.turns[2:]
	for i := range later.turns {
		later.turns[i].Turn = i + 1
		later.with(i+1, fmt.Sprintf("Turn %d. ", i+3), fmt.Sprintf("Turn %d. ", i+1))
	}
	gap := made(6)
	gap.turns = append(gap.turns[:1:1], gap.turns[2:]...)
	renamed := made(6)
	for i := range renamed.turns {
		renamed.turns[i].Agent = "trader"
	}
	zone := made(6)
	for i := range zone.turns {
		zone.turns[i].AsOf = strings.Replace(zone.turns[i].AsOf, "T21:00:00Z", "T16:00:00-05:00", 1)
	}
	unread := made(6)
	unread.turns[4].Messages = nil // its bytes differ; so does all of it
	for _, c := range []struct {
		name                string
		other               *madeRun
		common, alike       int
		what                What
		turns               [2]int
		first, second, text string
		ordersAt            [2]int // 0, 0: never
	}{
		{"the same", made(6), 6, 6, "", [2]int{}, "", "", "identical in all 6 turns", [2]int{}},
		{"another model's name and prompt part nothing", made(6).with(2, `"model":"m/1"`, `"model":"m/2"`).with(2, `"system":""`, `"system":"x"`), 6, 6, "", [2]int{}, "", "", "identical in all 6 turns", [2]int{}},
		{"an agent's name alone parts nothing", renamed, 6, 6, "", [2]int{}, "", "", "identical in all 6 turns", [2]int{}},
		{"the same times in another zone", zone, 6, 6, "", [2]int{}, "", "", "identical in all", [2]int{}},
		{"matched by time, not by number", later, 4, 4, "", [2]int{}, "", "", "identical in all 4 turns", [2]int{}},
		{"another account", made(6).with(4, "cash=997", "cash=900"), 6, 3, DifferentState, [2]int{4, 4}, "cash=997", "cash=900",
			"identical for 3 turns, then a different state before the same question at 2024-01-05T21:00:00 (turn 4 against 4); orders are identical in all 6 common turns", [2]int{}},
		{"other arguments", made(6).with(2, `"symbols":["A"]`, `"symbols":["B"]`), 6, 1, DifferentCall, [2]int{2, 2}, `market_last_price {"symbols":["A"]}`, `market_last_price {"symbols":["B"]}`, "a different call", [2]int{}},
		{"keys in another order", made(6).with(3, `"symbol":"A","qty":5`, `"qty":5,"symbol":"A"`), 6, 6, "", [2]int{}, "", "", "identical in all", [2]int{}},
		{"another answer", made(6).with(5, "price 14", "price 15"), 6, 4, DifferentResult, [2]int{5, 5}, "price 14", "price 15", "a different answer to the same call", [2]int{}},
		{"other words", made(6).with(1, "RESULT: done", "RESULT: waiting"), 6, 0, DifferentReply, [2]int{1, 1}, "RESULT: done", "RESULT: waiting", "from the start: different text", [2]int{}},
		{"other orders", made(6).with(3, `"qty":5`, `"qty":6`), 6, 2, DifferentOrders, [2]int{3, 3}, `orders_submit {"qty":5,"reason":"it rises","symbol":"A"}`, `orders_submit {"qty":6,"reason":"it rises","symbol":"A"}`,
			"identical for 2 turns, then different orders at 2024-01-04T21:00:00 (turn 3 against 3)", [2]int{3, 3}},
		{"another reason only", made(6).with(3, "it rises", "a hunch"), 6, 2, DifferentOrders, [2]int{3, 3}, `orders_submit {"qty":5,"reason":"it rises","symbol":"A"}`, `orders_submit {"qty":5,"reason":"a hunch","symbol":"A"}`, "orders are identical", [2]int{}},
		{"words first, orders later", made(6).with(1, "RESULT: done", "RESULT: hm").with(3, `"qty":5`, `"qty":6`), 6, 0, DifferentReply, [2]int{1, 1}, "RESULT: done", "RESULT: hm",
			"from the start: different text at 2024-01-02T21:00:00 (turn 1 against 1); first different orders at 2024-01-04T21:00:00 (turn 3 against 3)", [2]int{3, 3}},
		{"another end of a turn", made(6).with(6, `"status":"no_action"`, `"status":"timeout"`), 6, 5, DifferentStatus, [2]int{6, 6}, "no_action", "timeout", "a different end of the turn", [2]int{}},
		{"it ended", made(2), 2, 2, DifferentEnd, [2]int{3, 0}, "a turn, why: every", "", "identical for 2 turns, then one run has ended at 2024-01-04T21:00:00 (turn 3 against none); orders are identical in all 2 common turns", [2]int{}},
		{"it goes on", made(7), 6, 6, DifferentEnd, [2]int{0, 7}, "", "a turn, why: every", "one run has ended", [2]int{}},
		{"a turn less", gap, 5, 1, DifferentTurn, [2]int{2, 0}, "a turn, why: every", "", "a turn in one run only", [2]int{}},
		{"no messages", unread, 6, 4, DifferentState, [2]int{5, 5}, "Bars since your last turn: 1.", "", "a different state", [2]int{}},
		{"no turns", made(0), 0, 0, "", [2]int{}, "", "", "no turn in common", [2]int{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := part(made(6).open(t), c.other.open(t))
			require.Equal(t, []int{c.common, c.alike}, []int{p.Common, p.Alike})
			require.Contains(t, p.Text, c.text)
			if c.ordersAt == [2]int{} {
				require.Nil(t, p.Orders)
			} else {
				require.Equal(t, c.ordersAt, p.Orders.Turns)
				require.Equal(t, DifferentOrders, p.Orders.What)
			}
			if c.what == "" {
				require.Nil(t, p.First)
				return
			}
			require.Equal(t, c.what, p.First.What)
			require.Equal(t, c.turns, p.First.Turns)
			require.Equal(t, [2]string{c.first, c.second}, p.First.Lines)
		})
	}
}

// Two agents of one time, in another order, are matched by their names; agents of
// one time are told apart.
func TestPartingsOfAgents(t *testing.T) {
	two := func(names ...string) *madeRun { // each says its name
		m := made(2)
		for i, name := range names {
			m.turns[i] = madeTurn(i+1, "2024-01-02T21:00:00Z", name, "x")
			m.turns[i].Messages[1].Reply.Text = name
		}
		return m
	}
	p := part(two("a", "b").open(t), two("b", "a").open(t))
	require.Equal(t, "identical in all 2 turns", p.Text)
	p = part(two("a", "b").open(t), two("a", "b").with(2, "RESULT: done", "RESULT: no").open(t))
	require.Equal(t, "b", p.First.Agent)
	require.Equal(t, [2]int{2, 2}, p.First.Turns)
	p = part(two("a", "a").open(t), two("a", "a").open(t))
	require.Equal(t, 2, p.Alike, "two turns of one agent at one time are two")
}

// What could be seen may differ where the question reads the same: alone it parts
// nothing, and beside another difference it is said.
func TestPartingWithAnotherState(t *testing.T) {
	b := made(6)
	b.turns[3].StateDigest = "other"
	require.Nil(t, part(made(6).open(t), b.open(t)).First)
	p := part(made(6).open(t), b.with(4, "RESULT: done", "RESULT: no").open(t))
	require.True(t, p.First.OtherState)
	require.Contains(t, p.Text, "with different data visible")
	require.False(t, part(made(6).open(t), made(6).with(4, "RESULT: done", "RESULT: no").open(t)).First.OtherState)
}

// A record that is gone or torn is said, and does not end the comparison.
func TestPartingOfATornRecord(t *testing.T) {
	b := made(6)
	run := b.open(t)
	files := run.folder.FS.(fstest.MapFS)
	files["turns/000003.json"].Data = files["turns/000003.json"].Data[:50]
	p := part(made(6).open(t), run)
	require.Equal(t, NoRecord, p.First.What)
	require.Equal(t, 2, p.Alike)
	require.Contains(t, p.First.Lines[1], "turn 3: ")
	require.Equal(t, NoRecord, p.Orders.What)
	delete(files, "turns/000003.json")
	require.Contains(t, part(made(6).open(t), run).First.Lines[1], "000003.json")
}

func TestAround(t *testing.T) {
	same := strings.Repeat("x", 300)
	got := Around(same+"A"+same, same+"B"+same)
	require.Equal(t, "..."+strings.Repeat("x", 80)+"A"+strings.Repeat("x", 79)+"...", got[0])
	require.Equal(t, "..."+strings.Repeat("x", 80)+"B"+strings.Repeat("x", 79)+"...", got[1])
	require.Equal(t, [2]string{"", "..." + strings.Repeat("x", 80)}, [2]string{Around("", same)[0], Around(same, same+"y")[0]})
	require.Equal(t, [2]string{"a b", "a \uFFFD"}, Around("a\n\tb", "a \xff"))
}

func TestCompare(t *testing.T) {
	b := made(4)
	b.manifest["run_id"], b.manifest["to"] = "q", "2024-01-09"
	b.manifest["agents"] = []any{map[string]any{"name": "other", "model": "m/1", "prompt": "Sell it."}}
	b.manifest["data"] = []any{map[string]any{"path": "act.csv", "sha256": "fedcba9876"}, map[string]any{"path": "bars.csv", "sha256": "9999999999"}}
	c, err := Compare([]*Run{made(6).open(t), b.open(t), made(6).open(t)})
	require.NoError(t, err)
	require.Len(t, c.Sheets, 3)
	require.Len(t, c.Partings, 2)
	require.Equal(t, []int{1, 2}, []int{c.Partings[0].Run, c.Partings[1].Run})
	require.Equal(t, DifferentEnd, c.Partings[0].First.What)
	require.Nil(t, c.Partings[1].First)
	differ := map[string][]Value{}
	for _, r := range c.Settings {
		require.Equal(t, Text, r.Kind)
		require.Len(t, r.Values, 3)
		if r.Differ {
			differ[r.Name] = r.Values
		}
	}
	require.Equal(t, map[string][]Value{
		"to":     {{Text: "2024-01-07"}, {Text: "2024-01-05"}, {Text: "2024-01-07"}},
		"prompt": {{Text: "Buy it."}, {Text: "Sell it."}, {Text: "Buy it."}},
		"data":   {{Text: "act.csv fedcba98, bars.csv 01234567"}, {Text: "act.csv fedcba98, bars.csv 99999999"}, {Text: "act.csv fedcba98, bars.csv 01234567"}},
	}, differ)
	rows := map[string]Row{}
	for _, r := range c.Rows {
		require.Len(t, r.Values, 3)
		rows[r.Name] = r
	}
	require.True(t, rows["turns"].Differ)
	require.Equal(t, []string{"6", "4", "6"}, []string{rows["turns"].Values[0].Text, rows["turns"].Values[1].Text, rows["turns"].Values[2].Text})
	require.Equal(t, "1,005.00", rows["final equity"].Values[0].Text)
	require.Equal(t, "+0.50 %", rows["return"].Values[0].Text)
	require.InDelta(t, 0.005, *rows["return"].Values[0].Number, 1e-15)
	require.False(t, rows["fills"].Differ)
	require.NotContains(t, rows, "benchmark return", "no run has one")
	require.NotContains(t, rows, "status", "all came to their end")
	_, err = json.Marshal(c)
	require.NoError(t, err)
}

func TestKindsAreWritten(t *testing.T) {
	f := func(x float64) *float64 { return &x }
	for want, got := range map[string]string{
		"n/a": Money.Write(nil), "-12.35 %": Percent.Write(f(-0.123456)), "1,234,567.90": Money.Write(f(1234567.895)), "-999.00": Money.Write(f(-999)),
		"-1,000.00": Money.Write(f(-1000)), "3": Count.Write(f(3)), "45.20 %": Share.Write(f(0.452)), "1.50": Ratio.Write(f(1.5)),
	} {
		require.Equal(t, want, got)
	}
	require.True(t, differs(nil, f(0)))
	require.False(t, differs(nil, nil))
	require.False(t, differs(f(0.1+0.2), f(0.3)))
	require.True(t, differs(f(0.3), f(0.3000001)))
}
