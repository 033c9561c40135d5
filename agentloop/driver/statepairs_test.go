package driver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/history"
	"pitwall/sim/wall"
	"pitwall/tools"
)

// said is one answer, with the world's digest before and after it.
type said struct{ call, before, answer, after string }

// asker asks every world of one seed the same.
type asker struct {
	set  *tools.Set
	seed uint64
	sql  bool // costs a process per world
}

// ask calls every tool at each of a few times, and hands each answer over until
// told to stop.
func (a asker) ask(w *pitwall.World, yield func(said) bool) {
	ctx := pitwall.WithCaller(context.Background(), pitwall.Caller{Principal: pitwall.Local})
	last := w.Digest()
	call := func(name string, args map[string]any) bool {
		raw, err := json.Marshal(args)
		if err != nil {
			panic(err)
		}
		before := last
		r := a.set.Call(ctx, w, name, raw)
		last = r.Digest
		return yield(said{fmt.Sprintf("%s %s", name, raw), before, r.Text + "\n" + string(r.JSON), r.Digest})
	}
	for step := range 6 {
		r := rand.New(rand.NewPCG(a.seed, uint64(step)))
		if !call("clock_next_bar", map[string]any{}) {
			return
		}
		now := w.Clock.Now()
		for _, x := range a.calls(r, now, step) {
			if !call(x.name, x.args) {
				return
			}
		}
	}
}

type asked struct {
	name string
	args map[string]any
}

// calls are those of one step: some for each kind of data, and one of every tool by
// its schema.
func (a asker) calls(r *rand.Rand, now time.Time, step int) (list []asked) {
	symbol := func() string { return []string{"AAA", "BBB", "IDX", "LATE"}[r.IntN(4)] }
	list = append(list, asked{"market_last_price", nil}, asked{"macro_series", nil}, asked{"macro_series", map[string]any{"series": "GDP"}}, asked{"macro_series", map[string]any{"series": "HOUST"}},
		asked{"news_search", map[string]any{"limit": 50}}, asked{"filings_search", map[string]any{"limit": 50}}, asked{"market_events", map[string]any{"limit": 50}}, asked{"fundamentals", map[string]any{"symbol": "AAA", "periods": 20}},
		asked{"market_load_history_table", map[string]any{"symbols": []string{symbol()}, "table": "t", "adjusted": []string{"", "split", "total"}[r.IntN(3)]}},
		asked{"market_indicators", map[string]any{"symbols": []string{symbol()}, "names": []string{"sma:2", "obv"}, "last": 3}},
		asked{"orders_submit", map[string]any{"symbol": symbol(), "target_percent": r.IntN(60), "client_order_id": fmt.Sprint("o", step)}},
		asked{"account_portfolio", nil}, asked{"sim_status", nil})
	if a.sql {
		list = append(list, asked{"duckdb_query", map[string]any{"sql": "SELECT * FROM t"}})
	}
	for _, t := range a.set.Tools() {
		switch {
		case t.Effect == tools.Step, t.Name == "duckdb_query", t.Name == "report_tearsheet" && (step < 5 || a.seed%8 != 4): // the dear ones less often
			continue
		}
		args := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(t.In.Properties)) {
			if p := t.In.Properties[name]; slices.Contains(t.In.Required, name) || r.IntN(3) == 0 {
				args[name] = fitting(r, name, p, now)
			}
		}
		if t.Name == "report_tearsheet" {
			args["picture"] = false
		}
		list = append(list, asked{t.Name, args})
	}
	return list
}

// fitting draws a value of a schema that mostly means something.
func fitting(r *rand.Rand, name string, p *jsonschema.Schema, now time.Time) any {
	kinds := p.Types
	if p.Type != "" {
		kinds = []string{p.Type}
	}
	switch {
	case len(p.Enum) > 0:
		return p.Enum[r.IntN(len(p.Enum))]
	case slices.Contains(kinds, "array"):
		return []any{fitting(r, name, p.Items, now)}
	case slices.Contains(kinds, "integer"), slices.Contains(kinds, "number"):
		return 1 + r.IntN(5)
	case slices.Contains(kinds, "boolean"):
		return r.IntN(2) == 0
	}
	words := []string{"AAA", "BBB", "IDX", "LATE", "NONE", "GDP", "HOUST", "o0", "o1"}
	switch {
	case strings.Contains(name, "symbol"):
		words = words[:5]
	case name == "query":
		words = []string{"earnings", "recall", "wire", "other", "why was my order rejected", "USD"}
	case name == "since" || name == "after" || name == "until":
		words = []string{now.Format(time.DateOnly), now.AddDate(0, 0, -2).Format(time.DateOnly)}
	case name == "names":
		words = []string{"sma:2", "rsi:2", "atr:2", "breadth:2"}
	case name == "items":
		words = []string{"rev", "assets"}
	case name == "bar_size":
		words = []string{"1d", "1w"}
	}
	return words[r.IntN(len(words))]
}

// world builds a world with, for a test of this test, a part missing in its digest.
func (m *made) world(omit omission) (*pitwall.World, error) {
	s, err := driver.NewSim(history.NewStore(m.Series, m.Actions, m.Records), m.spec, &pitwall.MemoryJournal{})
	if err != nil {
		return nil, err
	}
	if omit != nil {
		omit(m, s.World())
	}
	return s.World(), nil
}

// omission plants a part that is missing in the digest.
type omission func(m *made, w *pitwall.World)

// otherRecords and otherMarket answer as before, with the digest of others.
type (
	otherRecords struct {
		pitwall.Records
		digest func() string
	}
	otherMarket struct {
		*wall.Wall
		digest func() string
	}
)

func (o otherRecords) Digest() string { return o.digest() }
func (o otherMarket) Digest() string  { return o.digest() }

func omissions() map[string]omission {
	return map[string]omission{
		"withheld records": func(m *made, w *pitwall.World) {
			shown := slices.DeleteFunc(slices.Clone(m.Records), func(r pitwall.Record) bool { return r.Revised && !m.spec.Revised })
			w.Records = otherRecords{w.Records, wall.NewRecords(shown, w.Clock.Now, true).Digest}
		},
		"units": func(m *made, w *pitwall.World) {
			bare := slices.Clone(m.Records)
			for i := range bare {
				bare[i].Fields = nil
			}
			w.Records = otherRecords{w.Records, wall.NewRecords(bare, w.Clock.Now, m.spec.Revised).Digest}
		},
		"corporate actions": func(m *made, w *pitwall.World) {
			w.Market = otherMarket{w.Market.(*wall.Wall), wall.New(history.NewStore(m.Series, nil, nil), w.Clock.Now, m.spec.Symbols).Digest}
		},
		"instruments": func(m *made, w *pitwall.World) {
			bare := m.clone()
			for i := range bare.Series {
				s := bare.ownSeries(i)
				s.Instrument = pitwall.Instrument{Symbol: s.Instrument.Symbol}
			}
			w.Market = otherMarket{w.Market.(*wall.Wall), wall.New(history.NewStore(bare.Series, m.Actions, nil), w.Clock.Now, m.spec.Symbols).Digest}
		},
		"limits and terms": func(_ *made, w *pitwall.World) { w.Setup, w.Conditions = "", nil },
	}
}

// pairs counts what the harness saw.
type pairs struct {
	pairs, refused, calls, compared, same int
	tools                                 map[string]int // compared answers
	found                                 []string       // equal digests, other answers
}

// compare runs pairs of worlds: the same digest must give the same answer.
func compare(t testing.TB, from, n int, omit omission) (p pairs) {
	set := tools.New(slog.New(slog.DiscardHandler), nil)
	p.tools = map[string]int{}
	const perBase = 50
	for base := from; p.pairs < n && len(p.found) == 0; base++ {
		r := rand.New(rand.NewPCG(uint64(base), 13))
		m := makeStore(t, r)
		a := asker{set, uint64(base), base%40 == 1}
		w, err := m.world(omit)
		require.NoError(t, err)
		var first []said
		a.ask(w, func(s said) bool { first = append(first, s); return true })
		require.NoError(t, w.Close())
		for range min(perBase, n-p.pairs) {
			p.pairs++
			c := m.clone()
			what := c.change(t, r)
			if c.tidy(); !c.valid() {
				p.refused++
				continue
			}
			w, err := c.world(omit)
			if err != nil {
				p.refused++
				continue
			}
			i := 0
			a.ask(w, func(s said) bool {
				x := first[i]
				i++
				p.calls++
				// A step is judged by the digest that comes after it.
				if stepped := strings.HasPrefix(s.call, "clock_next_bar"); s.before != x.before || stepped && s.after != x.after {
					return false
				}
				p.compared++
				p.tools[strings.Fields(s.call)[0]]++
				if s.answer != x.answer {
					p.found = append(p.found, fmt.Sprintf("seed %d, %s: %s\n- %s\n+ %s", base, what, s.call, x.answer, s.answer))
					return false
				}
				return true
			})
			if i == len(first) {
				p.same++
			}
			require.NoError(t, w.Close())
		}
	}
	return p
}

// Of two worlds that answer otherwise at some time, the digests differ by then.
// PITWALL_STATES=100000 runs that many pairs.
func TestDigestTellsWorldsApart(t *testing.T) {
	n := 300
	if testing.Short() {
		n = 60
	}
	if v := os.Getenv("PITWALL_STATES"); v != "" {
		var err error
		n, err = strconv.Atoi(v)
		require.NoError(t, err)
	}
	p := compare(t, 1, n, nil)
	for _, f := range p.found {
		t.Error(f)
	}
	t.Logf("%d pairs of worlds, %d of them refused, %d alike to the end; %d calls, %d under an equal digest", p.pairs, p.refused, p.same, p.calls, p.compared)
	require.Positive(t, p.same)
	for _, x := range tools.New(slog.New(slog.DiscardHandler), nil).Tools() {
		require.True(t, p.tools[x.Name] > 0 || testing.Short(), "%s was not compared", x.Name)
	}
}

// The harness sees what is missing in a digest.
func TestPlantedOmissions(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: thousands of pairs, and TestDigestTellsWorldsApart runs the same code")
	}
	for name, omit := range omissions() {
		t.Run(name, func(t *testing.T) {
			p := compare(t, 2, 2000, omit)
			require.NotEmpty(t, p.found, "%d pairs", p.pairs)
			t.Logf("after %d pairs: %s", p.pairs, p.found[0])
		})
	}
}
