package page

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/tools/report"
	"pitwall/tools/report/browsertest"
)

// A stop loss that came with an order counts for the turn of that order: its mark,
// its trade and the turn itself agree. So it is in folders of before the journal had
// turns, where fills.csv knows that of the entry alone.
func TestLegsBelongToTheirOrdersTurn(t *testing.T) {
	f := newFake(1, 40)
	f.orders = []fakeOrder{{0, 0, 10, 1, "with a stop"}, {10, 0, -10, 3, "leg"}}
	fsys := f.folder()
	var lines []string
	for l := range strings.Lines(string(fsys["journal.jsonl"].Data)) {
		var e pitwall.Entry
		require.NoError(t, json.Unmarshal([]byte(l), &e))
		switch {
		case e.Kind == pitwall.EntryIntent && e.ID == "o-3-0":
			continue
		case e.Kind == pitwall.EntryIntent:
			e.Order.Legs = []pitwall.Leg{{Role: pitwall.StopLoss, Stop: pitwall.Int(1)}}
		case e.Kind == pitwall.EntryFill && e.ID == "o-3-0":
			e.ID, e.Fill.OrderID, e.Turn = "o-1-0.sl", "o-1-0.sl", 1
			lines = append(lines, string(line(pitwall.Entry{Seq: e.Seq, AsOf: e.AsOf, Book: e.Book, Kind: pitwall.EntryOrder, Cause: e.Cause, ID: e.ID,
				State: &pitwall.OrderState{Order: pitwall.Order{ID: e.ID, Symbol: e.Fill.Symbol, Parent: "o-1-0", Role: pitwall.StopLoss}}})))
		}
		lines = append(lines, string(line(e)))
	}
	journal := strings.Join(lines, "")
	fsys["fills.csv"].Data = []byte(strings.ReplaceAll(string(fsys["fills.csv"].Data), `,3,o-3-0,"leg"`, `,0,"o-1-0.sl",""`))
	for name, text := range map[string]string{"turns": journal, "an older folder": strings.ReplaceAll(journal, `"turn":1,`, "")} {
		t.Run(name, func(t *testing.T) {
			fsys["journal.jsonl"].Data = []byte(text)
			r, err := report.Open(fsys)
			require.NoError(t, err)
			s, err := r.Sheet()
			require.NoError(t, err)
			require.Len(t, s.Trades, 1)
			require.Equal(t, []int{1, 1}, []int{s.Trades[0].EntryTurn, s.Trades[0].ExitTurn})
			require.Equal(t, []string{"with a stop", "stop_loss of o-1-0"}, []string{s.Trades[0].EntryReason, s.Trades[0].ExitReason})
			links := fillLinks(r, s, map[string]string{})
			require.Len(t, links[1], 2, "the purchase and the stop")
			for _, m := range marksOf(r)["SYM0"] {
				require.Equal(t, "#turn-1", m.Link)
			}
			require.Equal(t, name != "turns", len(r.Notes) == 1, r.Notes)
		})
	}
}

// A turn tells what became of its orders that did not fill.
func TestUnfilledOrdersAreOfTheirTurn(t *testing.T) {
	f := newFake(1, 40)
	f.orders = nil
	fsys := f.folder()
	add := func(turn int, id string, states ...pitwall.OrderState) {
		o := pitwall.Order{ID: id, Symbol: "SYM0", Side: pitwall.Buy, Type: pitwall.LimitOrder, Qty: pitwall.Int(3)}
		lines := line(pitwall.Entry{Kind: pitwall.EntryIntent, Cause: pitwall.Cause{Turn: turn}, ID: id, Order: &o})
		if states[0].Status == pitwall.Denied {
			lines = nil
		}
		for i, s := range states {
			s.Order = o
			lines = append(lines, line(pitwall.Entry{Kind: pitwall.EntryOrder, Cause: pitwall.Cause{Turn: turn + i}, ID: id, State: &s})...)
		}
		fsys["journal.jsonl"].Data = append(fsys["journal.jsonl"].Data, lines...)
	}
	add(1, "a", pitwall.OrderState{Status: pitwall.Denied, Error: pitwall.Errorf(pitwall.NotTradable, "no")})
	add(2, "a", pitwall.OrderState{Status: pitwall.Rejected, Error: pitwall.Errorf(pitwall.BuyingPower, "too much")})
	add(2, "b", pitwall.OrderState{Status: pitwall.Working}, pitwall.OrderState{Status: pitwall.Canceled})
	add(3, "c", pitwall.OrderState{Status: pitwall.Working})
	r, err := report.Open(fsys)
	require.NoError(t, err)
	s, err := r.Sheet()
	require.NoError(t, err)
	require.Equal(t, map[int][]fillLink{1: {{Text: "denied: buy 3 SYM0 limit, NOT_TRADABLE no"}},
		2: {{Text: "rejected: buy 3 SYM0 limit, BUYING_POWER too much"}, {Text: "canceled: buy 3 SYM0 limit"}}, 3: {{Text: "working: buy 3 SYM0 limit"}}},
		fillLinks(r, s, map[string]string{}))
}

// Prices far under one are not shown as nothing, and days that end at midnight
// have their own dates.
func TestTinyPrices(t *testing.T) {
	f := newFake(1, 60)
	for i := range f.days {
		f.days[i] = time.Date(2024, 1, 2+i, 0, 0, 0, 0, time.UTC)
	}
	for i := range f.orders {
		f.orders[i].qty *= 1e6
	}
	f.price = func(_, day int) float64 { return 0.00000123 + float64(day%3)*1e-8 }
	r := f.open(t)
	p := show(t, r, 1400, 900)
	good(t, p)
	require.Equal(t, "0.00000124", eval[string](p, `document.querySelector("#trades-table").tBodies[0].rows[0].cells[5].textContent`))
	require.Contains(t, eval[string](p, `document.querySelector("#price-1 .mark title").textContent`), " at 0.00000124, ")
	require.Contains(t, eval[string](p, `document.querySelector("#price-1 svg").getAttribute("aria-label")`), "from 2024-01-01 to 2024-02-29, first 0.00000123, last 0.00000125")
	shot(p, "tiny-prices")
}

// What JSON writes by number is found, and a filter finds what it lists.
func TestSearchOfEscapes(t *testing.T) {
	f := newFake(1, 60)
	f.turns[4].Messages[2].Results[0].Text = `{"name":"AT\u0026T Z\u00fcrich","raw":"\u202e"}`
	f.turns[3].Agent = "two  spaces "
	p := show(t, f.open(t), 1400, 900)
	for _, word := range []string{"at&t", "zürich"} {
		require.Equal(t, "1 hit in 1 of 12 turns", eval[string](p, `(async () => { document.querySelector("#query").value = "`+word+`"; await search(); return document.querySelector("#count").textContent; })()`))
	}
	require.Equal(t, "1 of 12 turns", eval[string](p, `(async () => { document.querySelector("#query").value = ""; await search(); const s = document.querySelector("#agent");
		s.selectedIndex = [...s.options].findIndex((o) => o.textContent.includes("two")); s.dispatchEvent(new Event("change")); return document.querySelector("#count").textContent; })()`))
	p.Clean()
}

// What cannot be unpacked is said where it is asked for.
func TestDamagedBlocks(t *testing.T) {
	f := newFake(1, 1500)
	for day := 3; day < 1400; day += 5 {
		f.orders = append(f.orders, fakeOrder{day, 0, 1, 1000 + day, "r"}, fakeOrder{day + 1, 0, -1, 2000 + day, "r"})
	}
	sortOrders(f)
	raw := string(render(t, f.open(t)))
	for _, name := range []string{"turns-0", "trades"} {
		at := strings.Index(raw, fmt.Sprintf(`id="block-%s">`, name))
		require.Positive(t, at)
		raw = raw[:at+60] + "!!!!!" + raw[at+65:]
	}
	p := browsertest.Open(t, file(t, []byte(raw)), 1400, 900)
	p.Wait("document.documentElement.dataset.ready === '1'")
	p.Eval(`document.querySelector(".turn").open = true`, nil)
	p.Wait(`document.querySelector(".turn .body")?.textContent.startsWith("This turn cannot be unpacked")`)
	p.Click("#trades-more")
	p.Wait(`document.querySelector("#trades-more").textContent.startsWith("The trades cannot be unpacked here")`)
	p.Click(`#trades-table th:nth-child(2) button`)
	require.Contains(t, eval[string](p, `(async () => { document.querySelector("#query").value = "result"; await search(); return document.querySelector("#count").textContent; })()`), "only what the list shows can be read")
	p.Clean()
}
