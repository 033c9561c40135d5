package page

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/tools/report"
)

// fake makes the folder of a run: prices that follow a formula, orders that are
// filled at the next open, and turns that say what they are given.
type fake struct {
	name    string
	cash    float64
	symbols []string
	days    []time.Time
	price   func(symbol, day int) float64
	orders  []fakeOrder
	turns   []agentloop.Turn
	edit    func(m map[string]any) // of the manifest
}

type fakeOrder struct {
	day, symbol int
	qty         float64 // negative: sold
	turn        int
	reason      string
}

// newFake is an ordinary run: so many symbols and weekdays from the first one of 2024,
// a turn every fifth day, and a purchase and a sale in turn.
func newFake(symbols, days int) *fake {
	f := &fake{name: "fake", cash: 100000}
	for i := range symbols {
		f.symbols = append(f.symbols, fmt.Sprintf("SYM%d", i))
	}
	zone := time.FixedZone("", -5*3600)
	for d := time.Date(2024, 1, 1, 16, 0, 0, 0, zone); len(f.days) < days; d = d.AddDate(0, 0, 1) {
		if d.Weekday() != time.Saturday && d.Weekday() != time.Sunday {
			f.days = append(f.days, d)
		}
	}
	f.price = func(symbol, day int) float64 {
		return 100 + float64((day*7+symbol*13)%23) + float64(day)/10
	}
	for day := 0; day+1 < days; day += 5 {
		n := day/5 + 1
		t := f.turn(n, day, "no_action")
		if symbols > 0 && n%2 == 1 {
			qty := 10.0
			if n%4 == 3 {
				qty = -10
			}
			t.Status = "ordered"
			f.orders = append(f.orders, fakeOrder{day, (n / 4) % symbols, qty, n, fmt.Sprintf("reason of turn %d", n)})
		}
		f.turns = append(f.turns, t)
	}
	return f
}

// turn is a turn with one call, its result and a reply.
func (f *fake) turn(n, day int, status agentloop.Status) agentloop.Turn {
	t := agentloop.Turn{Turn: n, AsOf: f.days[day].Format(time.RFC3339), Agent: "main", Model: "script/fake", Why: "every", Status: status,
		Result: fmt.Sprintf("result of turn %d", n), System: "You are a trader inside Pitwall.", Tools: []string{"market_last_price", "orders_submit"}}
	raw := fmt.Sprintf(`[{"user":"Turn %d. What do you do?"},
		{"reply":{"text":"first look","reasoning":"thought %d","calls":[{"id":"c1","name":"market_last_price","arguments":{"symbol":"SYM0"}}]}},
		{"results":[{"id":"c1","name":"market_last_price","text":"{\"price\":101.25,\"at\":\"day %d\"}"}]},
		{"reply":{"text":"RESULT: word%dofreply"}}]`, n, n, day, n)
	if err := json.Unmarshal([]byte(raw), &t.Messages); err != nil {
		panic(err)
	}
	return t
}

func dec(v float64) pitwall.Dec {
	d, err := pitwall.FromFloat(v)
	if err != nil {
		panic(err)
	}
	return d.Round(8)
}

// open writes the folder and reads it as a run.
func (f *fake) open(t testing.TB) *report.Run {
	t.Helper()
	r, err := report.Open(f.folder())
	require.NoError(t, err)
	return r
}

func (f *fake) folder() fstest.MapFS {
	fsys := fstest.MapFS{}
	put := func(name, text string) { fsys[name] = &fstest.MapFile{Data: []byte(text)} }
	var journal, equity, fills, prices strings.Builder
	seq := 0
	entry := func(e pitwall.Entry) {
		seq++
		e.Seq, e.Book = int64(seq), "main"
		journal.Write(line(e))
	}
	equity.WriteString("timestamp,equity,cash,benchmark,buy_and_hold\n")
	fills.WriteString("timestamp,symbol,side,qty,price,fee,book,turn,order,reason\n")
	prices.WriteString("symbol,timestamp,open,high,low,close,volume,start,end,known\n")
	for s, name := range f.symbols {
		for i, day := range f.days {
			p, at := dec(f.price(s, i)), day.Format(time.RFC3339)
			fmt.Fprintf(&prices, "%s,%s,%s,%s,%s,%s,1000,%s,%s,%s\n", quoted(name), day.Format(time.DateOnly), p, p, p, p, day.Add(-6*time.Hour).Format(time.RFC3339), at, at)
		}
	}
	cash, held := f.cash, make([]float64, len(f.symbols))
	var pending []fakeOrder
	next := 0
	for i, day := range f.days {
		for _, o := range pending {
			seq := seq
			side, price, open := pitwall.Buy, f.price(o.symbol, i), day.Add(-6*time.Hour)
			if o.qty < 0 {
				side = pitwall.Sell
			}
			id := fmt.Sprintf("o-%d-%d", o.turn, o.symbol)
			x := pitwall.Fill{ID: fmt.Sprintf("f%d", seq), OrderID: id, Book: "main", Symbol: f.symbols[o.symbol], Side: side, Qty: dec(o.qty).Abs(), Price: dec(price), Fee: dec(1), Reference: dec(price), Bar: open, Time: open, Known: day}
			entry(pitwall.Entry{AsOf: day, Kind: pitwall.EntryFill, Cause: pitwall.Cause{Turn: o.turn}, ID: id, Fill: &x})
			cash, held[o.symbol] = cash-o.qty*dec(price).Float()-1, held[o.symbol]+o.qty
			fmt.Fprintf(&fills, "%s,%s,%s,%s,%s,1,main,%d,%s,%s\n", open.Format(time.RFC3339), quoted(x.Symbol), side, x.Qty, x.Price, o.turn, id, quoted(o.reason))
		}
		pending = nil
		worth, bench, hold := cash, f.cash*(1+float64(i)/1000), 0.0
		for s := range f.symbols {
			worth += held[s] * dec(f.price(s, i)).Float()
			hold += f.cash / float64(len(f.symbols)) * f.price(s, i) / f.price(s, 0)
		}
		entry(pitwall.Entry{AsOf: day, Kind: pitwall.EntryMark, Mark: &pitwall.EquityPoint{Time: day, Equity: dec(worth), Cash: dec(cash)}})
		fmt.Fprintf(&equity, "%s,%s,%s,%s,%s\n", day.Format(time.RFC3339), dec(worth), dec(cash), dec(bench), dec(hold))
		for ; next < len(f.orders) && f.orders[next].day == i; next++ {
			o := f.orders[next]
			side := pitwall.Buy
			if o.qty < 0 {
				side = pitwall.Sell
			}
			id := fmt.Sprintf("o-%d-%d", o.turn, o.symbol)
			entry(pitwall.Entry{AsOf: day, Kind: pitwall.EntryIntent, Cause: pitwall.Cause{Turn: o.turn}, Verb: "submit", ID: id, Order: &pitwall.Order{ID: id, Book: "main", Symbol: f.symbols[o.symbol], Side: side, Qty: dec(o.qty).Abs(), Reason: o.reason}})
			pending = append(pending, o)
		}
	}
	f.records(put)
	put("journal.jsonl", journal.String())
	put("equity.csv", equity.String())
	put("fills.csv", fills.String())
	put("prices.csv", prices.String())
	put("usage.json", `{"model_calls":3,"tokens":{"input":1200,"output":300},"cost_usd":0.25,"cost_usd_recorded":0}`)
	return fsys
}

func line(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return append(raw, '\n')
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// records writes the turns and the manifest.
func (f *fake) records(put func(name, text string)) {
	var summaries strings.Builder
	for _, t := range f.turns {
		raw, err := json.Marshal(t)
		if err != nil {
			panic(err)
		}
		put(fmt.Sprintf("turns/%06d.json", t.Turn), string(raw))
		orders := 0
		for _, o := range f.orders {
			if o.turn == t.Turn {
				orders++
			}
		}
		summaries.Write(line(agentloop.TurnLine{Turn: t.Turn, AsOf: t.AsOf, Agent: t.Agent, Model: t.Model, Why: t.Why, Status: t.Status, Calls: []string{"market_last_price"}, Orders: orders, Result: t.Result, Warnings: t.Warnings}))
	}
	put("summaries.jsonl", summaries.String())
	m := map[string]any{"run_id": f.name + "-1", "status": "complete", "name": f.name, "symbols": f.symbols, "benchmark": "BENCH", "cash": f.cash, "model": "script/fake", "attempt": 1,
		"agents": []map[string]string{{"name": "main", "model": "script/fake"}}}
	var traded []map[string]string
	for _, s := range f.symbols {
		traded = append(traded, map[string]string{"symbol": s, "zone": "America/New_York"})
	}
	m["instruments"] = traded
	if len(f.days) > 0 {
		m["from"], m["to"] = f.days[0].Format(time.DateOnly), f.days[len(f.days)-1].Format(time.DateOnly)
	}
	if f.edit != nil {
		f.edit(m)
	}
	put("manifest.json", string(line(m)))
}
