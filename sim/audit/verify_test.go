package audit

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pitwall"
)

// truth returns c's journal with all that the rules give.
func truth(t require.TestingT, c Run) []pitwall.Entry {
	r, err := newReplica(c)
	require.NoError(t, err)
	require.NoError(t, r.run(time.Time{}))
	journal := slices.Clone(c.Journal)
	for _, p := range r.points {
		for _, f := range r.fills {
			if f.step.Equal(p.Time) {
				journal = append(journal, pitwall.Entry{Kind: pitwall.EntryFill, AsOf: p.Time, Fill: &f.Fill})
			}
		}
		for _, f := range r.flows {
			if f.step.Equal(p.Time) {
				journal = append(journal, pitwall.Entry{Kind: pitwall.EntryCash, AsOf: p.Time, Book: f.book, Flow: &f.CashFlow})
			}
		}
		journal = append(journal, pitwall.Entry{Kind: pitwall.EntryMark, AsOf: p.Time, Book: p.book, Mark: &p.EquityPoint})
	}
	for _, o := range slices.Concat(r.done, r.orders) {
		s := r.state(o)
		journal = append(journal, pitwall.Entry{Kind: pitwall.EntryOrder, AsOf: r.now, ID: o.ID, State: &s})
	}
	for i := range journal {
		journal[i].Seq = int64(i) + 1
	}
	return journal
}

// scene is a run with fees, a dividend, a fill in parts and a rejected order.
func scene(t testing.TB) Run {
	p := play{bars: []string{flat("2024-01-02") + " 1000", flat("2024-01-03") + " 1000", "2024-01-04 102 103 101 102 1000", "2024-01-05 103 104 102 103 1000"},
		costs: pitwall.Costs{CommissionBps: dec("10"), SlippageBps: dec("5")}, rules: pitwall.Rules{VolumeShare: dec("0.05")},
		actions: func(x *pitwall.Series) []pitwall.Action {
			return []pitwall.Action{{Symbol: "X", Ex: x.Bar(2).Start, Pay: x.Bar(3).Start, Type: "dividend", Value: dec("0.5")}}
		},
		acts: []act{{order: ask("o1 buy 80 market")}, {order: ask("o2 buy 900 market")}, {at: 2, order: ask("o3 sell 10 limit 150")}, {at: 3, cancel: "o3"}}}
	c, _ := p.newRun(t)
	c.Journal = truth(t, c)
	return c
}

func TestVerifyAgrees(t *testing.T) {
	v, err := Verify(scene(t))
	require.NoError(t, err)
	require.Equal(t, Result{Orders: 3, Fills: 2, Points: 4, Flows: 2}, v)
}

func TestVerifyFindsLies(t *testing.T) {
	find := func(c Run, kind pitwall.EntryKind, n int) int {
		for i, e := range c.Journal {
			if e.Kind == kind {
				if n == 0 {
					return i
				}
				n--
			}
		}
		t.Fatalf("no %s", kind)
		return 0
	}
	for _, lie := range []struct {
		name string
		tell func(*Run)
		want []string
	}{
		{"price", func(c *Run) { c.Journal[find(*c, pitwall.EntryFill, 1)].Fill.Price = dec("102.05") },
			[]string{"entry 9, fill of o1 in the bar of 2024-01-04T14:30:00Z: price: the journal says 102.05, the rules give 102.051"}},
		{"qty", func(c *Run) { c.Journal[find(*c, pitwall.EntryFill, 0)].Fill.Qty = dec("49") },
			[]string{"entry 7, fill of o1 in the bar of 2024-01-03T14:30:00Z: qty: the journal says 49, the rules give 50"}},
		{"fee", func(c *Run) { c.Journal[find(*c, pitwall.EntryFill, 0)].Fill.Fee = 0 },
			[]string{"entry 7, fill of o1 in the bar of 2024-01-03T14:30:00Z: fee: the journal says 0, the rules give 5.0025"}},
		{"equity", func(c *Run) { c.Journal[find(*c, pitwall.EntryMark, 1)].Mark.Equity += 1 },
			[]string{"entry 8, mark of main at 2024-01-03T21:00:00Z: equity: the journal says 9992.49750001, the rules give 9992.4975"}},
		{"a fill dropped", func(c *Run) { i := find(*c, pitwall.EntryFill, 0); c.Journal = slices.Delete(c.Journal, i, i+1) },
			[]string{"fill of o1 in the bar of 2024-01-03T14:30:00Z: the rules have it (book main, symbol X, side buy, qty 50, price 100.05, fee 5.0025, reference 100, slippage 2.5, maker false, capped 30, realized 0), the journal does not"}},
		{"a fill added", func(c *Run) {
			i := find(*c, pitwall.EntryFill, 0)
			e := c.Journal[i]
			e.Fill = &pitwall.Fill{OrderID: "o9", Symbol: "X", Side: pitwall.Buy, Qty: pitwall.One, Price: dec("100"), Bar: e.Fill.Bar}
			c.Journal = slices.Insert(c.Journal, i, e)
		}, []string{"entry 7, fill of o9 in the bar of 2024-01-03T14:30:00Z: the journal has it (book main, symbol X, side buy, qty 1, price 100, fee 0, reference 0, slippage 0, maker false, capped 0, realized 0), the rules do not"}},
		{"status", func(c *Run) { c.Journal[find(*c, pitwall.EntryOrder, 2)].State.Status = pitwall.Expired },
			[]string{"entry 16, order o3: status: the journal says expired, the rules give canceled"}},
		{"code", func(c *Run) { c.Journal[find(*c, pitwall.EntryOrder, 0)].State.Error.Code = pitwall.ReduceOnly },
			[]string{"entry 14, order o2: code: the journal says REDUCE_ONLY, the rules give BUYING_POWER"}},
		{"flow", func(c *Run) { c.Journal[find(*c, pitwall.EntryCash, 0)].Flow.Amount = dec("24") },
			[]string{"entry 10, flow dividend of main X: amount: the journal says 24, the rules give 25"}},
	} {
		c := scene(t)
		lie.tell(&c)
		v, err := Verify(c)
		require.NoError(t, err)
		if !slices.Equal(lie.want, v.Differences) {
			text, _ := json.MarshalIndent(v.Differences, "", " ")
			t.Errorf("%s: want %q, got %s", lie.name, lie.want, text)
		}
	}
}

func TestVerifyTakesTheVenuesWordButNotAboutFunds(t *testing.T) {
	base := play{bars: []string{flat("2024-01-02"), flat("2024-01-03")}, acts: []act{{order: ask("o1 buy 1 limit 90")}, {replace: "o1", change: pitwall.Change{Limit: dec("91")}}}}
	for note, want := range map[string][]string{
		"UNSUPPORTED: not today":      nil,
		"BUYING_POWER: not even this": {"entry 3, replace of o1: the journal answers BUYING_POWER, the rules give yes"},
	} {
		c, _ := base.newRun(t)
		c.Journal = append(c.Journal, pitwall.Entry{Seq: 4, Kind: pitwall.EntryOrder, AsOf: c.Journal[2].AsOf, ID: "o1", Note: note})
		r, err := newReplica(c)
		require.NoError(t, err)
		require.NoError(t, r.run(time.Time{}))
		var got []string
		for _, d := range r.differences {
			got = append(got, d.text)
		}
		require.Equal(t, want, got)
	}
	c, _ := play{bars: base.bars, acts: base.acts[:1]}.newRun(t)
	state := pitwall.OrderState{Order: *base.acts[0].order, Status: pitwall.Rejected, Error: pitwall.Errorf(pitwall.NotTradable, "watched only")}
	first := pitwall.EquityPoint{Time: c.Journal[1].AsOf, Equity: dec("10000"), Cash: dec("10000")}
	c.Journal = append(c.Journal, pitwall.Entry{Seq: 3, Kind: pitwall.EntryOrder, ID: "o1", State: &state}, pitwall.Entry{Seq: 4, Kind: pitwall.EntryMark, Mark: &first})
	v, err := Verify(c)
	require.NoError(t, err)
	require.Empty(t, v.Differences)
	state.Error = pitwall.Errorf(pitwall.BuyingPower, "too dear")
	v, err = Verify(c)
	require.NoError(t, err)
	require.Len(t, v.Differences, 1)
}

func TestVerifyStopsWhereTheJournalDoes(t *testing.T) {
	c := scene(t)
	i := slices.IndexFunc(c.Journal, func(e pitwall.Entry) bool { return e.Kind == pitwall.EntryMark })
	c.Journal = c.Journal[:i+1]
	v, err := Verify(c)
	require.NoError(t, err)
	require.Equal(t, 1, v.Points)
	require.Len(t, v.Differences, 2, "no states of o1 and o2: %v", v.Differences)
	_, err = Verify(Run{Data: c.Data})
	require.ErrorContains(t, err, "no start entry")
}

// Whatever is asked, the books balance, volume and limits hold, and a journal
// made by the rules has no differences.
func TestAnyOrdersBalance(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		price := rapid.IntRange(90, 110)
		p := play{cash: "20000", terms: pitwall.Terms{Type: rapid.SampledFrom([]pitwall.AccountType{pitwall.CashAccount, pitwall.MarginAccount}).Draw(rt, "type"), BorrowRate: dec("0.05")},
			costs: pitwall.Costs{CommissionBps: dec("7"), MakerBps: new(dec("1")), SlippageBps: dec("3"), Fixed: dec("0.3")},
			rules: pitwall.Rules{VolumeShare: dec("0.1"), Path: rapid.SampledFrom([]pitwall.Path{pitwall.Provable, pitwall.OHLC}).Draw(rt, "path")}}
		for d := range 12 {
			four := []int{price.Draw(rt, "p"), price.Draw(rt, "p"), price.Draw(rt, "p"), price.Draw(rt, "p")}
			open, end := four[0], four[1]
			p.bars = append(p.bars, fmt.Sprintf("2024-01-%02d %d %d %d %d %d", 2+d, open, slices.Max(four), slices.Min(four), end, rapid.IntRange(0, 900).Draw(rt, "v")))
		}
		kinds := []string{"market", "market ioc", "market opg", "market cls", "limit A", "limit A day", "limit A fok", "stop A", "stop_limit A B", "trailing_stop 3"}
		for k := range rapid.IntRange(1, 15).Draw(rt, "orders") {
			kind := strings.NewReplacer("A", fmt.Sprint(price.Draw(rt, "a")), "B", fmt.Sprint(price.Draw(rt, "b"))).Replace(rapid.SampledFrom(kinds).Draw(rt, "kind"))
			o := ask(fmt.Sprintf("o%d %s %d %s", k, rapid.SampledFrom([]string{"buy", "sell"}).Draw(rt, "side"), rapid.IntRange(1, 150).Draw(rt, "qty"), kind))
			if rapid.Bool().Draw(rt, "bracket") && o.TIF == pitwall.GTC {
				o.Class, o.Legs = pitwall.Bracket, []pitwall.Leg{{Role: pitwall.TakeProfit, Percent: dec("3")}, {Role: pitwall.StopLoss, Trail: dec("4")}}
			}
			p.acts = append(p.acts, act{at: min(k, 10), order: o})
		}
		c, _ := p.newRun(t)
		c.Journal = truth(rt, c)
		v, err := Verify(c)
		require.NoError(rt, err)
		require.Empty(rt, v.Differences)
	})
}
