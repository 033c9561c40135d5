package audit

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

func TestMoreRulesByHand(t *testing.T) {
	on := func(symbol string) func(*pitwall.Order) { return func(o *pitwall.Order) { o.Symbol = symbol } }
	week := []string{flat("2024-01-02"), flat("2024-01-03"), flat("2024-01-04"), flat("2024-01-05")}
	expiring := func(kind pitwall.Kind, right pitwall.Right) func(*pitwall.Series) {
		return func(s *pitwall.Series) {
			i := &s.Instrument
			i.Kind, i.Right, i.Multiplier, i.Strike, i.Underlying, i.Expiry = kind, right, pitwall.Int(10), dec("110"), "U", s.Bar(2).Start
		}
	}
	split := func(value, per string) func(x *pitwall.Series) []pitwall.Action {
		return func(x *pitwall.Series) []pitwall.Action {
			return []pitwall.Action{{Symbol: "X", Ex: x.Bar(2).Start, Type: "split", Value: dec(value), Per: dec(per)}}
		}
	}
	tenth := pitwall.Change{TrailPercent: dec("10")}
	for _, p := range []play{
		{name: "two positions, the worst one is endEntry", bars: []string{flat("2024-01-02"), flat("2024-01-03"), "2024-01-04 60 60 45 45", "2024-01-05 45 45 45 45"},
			more: []*pitwall.Series{barsOf(t, "Y", day, "2024-01-02 50 50 50 50", "2024-01-03 50 50 50 50", "2024-01-04 20 20 15 15", "2024-01-05 15 15 15 15")},
			acts: []act{{order: ask("y buy 100 market", on("Y"))}, {order: ask("x buy 100 market")}},
			// equity 4500 + 1500 - 5000 = 1000; maintenance 1500, of Y alone 375
			fills: []string{"y 1 100@50", "x 1 100@100", "call-1 3 100@45"}, status: "call-1 filled", end: "-500", flows: []string{"margin_call 0 500 0"}},
		{name: "a future expires", bars: []string{flat("2024-01-02"), flat("2024-01-03"), "2024-01-04 100 104 99 103", "2024-01-05 1 1 1 1"}, tune: expiring(pitwall.Future, ""),
			acts:  []act{{order: ask("o buy 2 market")}},
			fills: []string{"o 1 2@100"}, status: "o filled", end: "10060", flows: []string{"X variation 2 103 60", "X expiry 2 103 0"}},
		{name: "a put expires", bars: week, tune: expiring(pitwall.Option, pitwall.Put), more: []*pitwall.Series{barsOf(t, "U", day, "2024-01-04 90 90 90 90")},
			acts:  []act{{order: ask("o buy 1 market")}},
			fills: []string{"o 1 1@100"}, status: "o filled", end: "9200", flows: []string{"X expiry 1 20 200"}},
		{name: "a split that leaves nothing of an order", bars: []string{flat("2024-01-02"), flat("2024-01-03"), "2024-01-04 400 400 400 400"}, actions: split("1", "4"),
			acts:   []act{{order: ask("a buy 3 limit 90")}, {order: ask("b buy 9 limit 90")}},
			status: "a canceled, b working", end: "10000"},
		{name: "per-unit cash of a split-adjusted series", bars: week, tune: func(s *pitwall.Series) { s.Adjusted = pitwall.SplitAdjusted },
			actions: func(x *pitwall.Series) []pitwall.Action {
				return []pitwall.Action{{Symbol: "X", Ex: x.Bar(2).Start, Type: "dividend", Value: dec("1")}, {Symbol: "X", Ex: x.Bar(3).Start, Type: "split", Value: dec("4")}}
			},
			acts: []act{{order: ask("o buy 10 market")}}, fills: []string{"o 1 10@100"}, status: "o filled", end: "9002.5", flows: []string{"X dividend 10 0.25 2.5"}},
		{name: "a changed trail starts anew, a changed life ends", bars: week, acts: []act{
			{order: ask("p buy 10 market")}, {at: 1, order: ask("a sell 10 trailing_stop 5")}, {at: 2, replace: "a", change: tenth},
			{order: ask("b buy 1 limit 90")}, {at: 1, replace: "b", change: pitwall.Change{TIF: pitwall.GTD, GoodTill: mustTime("2024-01-04T21:00:00Z")}}},
			fills: []string{"p 1 10@100"}, status: "a working, b expired", end: "9000"},
	} {
		t.Run(p.name, p.run)
	}
}

func TestReplaceBeyondFunds(t *testing.T) {
	c, _ := play{bars: []string{flat("2024-01-02"), flat("2024-01-03")}, terms: pitwall.Terms{Type: pitwall.CashAccount}, acts: []act{
		{order: ask("a buy 50 limit 90")}, {order: ask("b buy 50 limit 90")}, {replace: "a", change: pitwall.Change{Qty: dec("62")}}}}.newRun(t)
	r, err := newReplica(c)
	require.NoError(t, err)
	require.NoError(t, r.run(time.Time{}))
	require.Len(t, r.differences, 1, "62 x 90 + 50 x 90 = 10080")
	require.Equal(t, "entry 4, replace of a: the journal answers yes, the rules give BUYING_POWER", r.differences[0].text)
	require.Equal(t, []string{"50", "a"}, []string{r.order("a").Qty.String(), r.orders[0].ID}, "as it was, where it was")
}

func TestPartOfTheData(t *testing.T) {
	p := play{bars: []string{"2024-01-02 90 90 90 90", flat("2024-01-03"), "2024-01-04 50 51 49 50", flat("2024-01-05")}, terms: pitwall.Terms{Type: pitwall.CashAccount},
		actions: func(x *pitwall.Series) []pitwall.Action { // on the first bar: what was ordered before it is in old units
			return []pitwall.Action{{Symbol: "X", Ex: x.Bar(1).Start, Type: "split", Value: dec("2")}}
		},
		acts: []act{{order: ask("a buy 112 market")}, {order: ask("b buy 1 market")}}}
	c, x := p.newRun(t)
	c.From, c.To = x.Bar(1).Start, x.Bar(3).Start
	c.Journal[0].AsOf = x.Bar(0).Known
	r, err := newReplica(c)
	require.NoError(t, err)
	require.NoError(t, r.run(time.Time{}))
	require.Len(t, r.points, 2, "bars 1 and 2")
	require.Equal(t, pitwall.BuyingPower, r.order("a").code, "112 x 90 = 10080 at the close before the run")
	require.Equal(t, "9800", r.books[0].cash.String())
}

func TestBarsInProgress(t *testing.T) {
	daily := &symbol{Series: barsOf(t, "D", day, flat("2024-01-02"))}
	crypto := &symbol{Series: barsOf(t, "C", day, flat("2024-01-02"))}
	crypto.Instrument.Calendar, crypto.Instrument.Zone = pitwall.AlwaysOpen, nil
	weekly := &symbol{Series: barsOf(t, "W", 7*day, flat("2024-01-02"))}
	five := &symbol{Series: barsOf(t, "F", 5*time.Minute, "2024-01-02 09:30 1 1 1 1"), next: 1}
	none := &symbol{Series: barsOf(t, "N", 5*time.Minute, "2024-01-02 09:30 1 1 1 1")}
	for _, c := range []struct {
		s         *symbol
		at, start string // start empty = no bar
	}{
		{daily, "2024-01-03T12:00:00-05:00", "2024-01-03T14:30:00Z"}, {daily, "2024-01-03T09:30:00-05:00", ""}, {daily, "2024-01-03T16:00:00-05:00", ""},
		{daily, "2024-01-06T12:00:00-05:00", ""}, // a Saturday
		{weekly, "2024-01-10T20:00:00-05:00", "2024-01-08T14:30:00Z"}, {weekly, "2024-01-08T09:30:00-05:00", ""}, {weekly, "2024-01-08T08:00:00-05:00", ""}, {weekly, "2024-01-12T16:00:00-05:00", ""},
		{crypto, "2024-01-06T12:00:00Z", "2024-01-06T00:00:00Z"}, {crypto, "2024-01-06T00:00:00Z", ""},
		{five, "2024-01-02T09:42:00-05:00", "2024-01-02T14:40:00Z"}, {five, "2024-01-02T09:40:00-05:00", ""}, {five, "2024-01-02T16:01:00-05:00", ""}, {none, "2024-01-02T09:42:00-05:00", ""},
	} {
		start, end, ok := c.s.inProgress(mustTime(c.at))
		require.Equal(t, c.start != "", ok, "%s at %s", c.s.name(), c.at)
		if ok {
			require.Equal(t, c.start, start.UTC().Format(time.RFC3339))
			require.True(t, end.After(mustTime(c.at)))
		}
	}
}

func TestAMarginCallIsNotTheTraders(t *testing.T) {
	p := play{bars: []string{flat("2024-01-02"), flat("2024-01-03"), "2024-01-04 60 61 43 44", "2024-01-05 43 45 42 44"}, acts: []act{{order: ask("b buy 150 market")}, {at: 2, cancel: "call-1"}}}
	c, _ := p.newRun(t)
	r, err := newReplica(c)
	require.NoError(t, err)
	require.NoError(t, r.run(time.Time{}))
	require.Equal(t, pitwall.Filled, r.order("call-1").status)
	require.Len(t, r.differences, 1)
	require.Contains(t, r.differences[0].text, "cancel of call-1: the journal answers yes, the rules give MARGIN_CALL")
}

func TestVerdictIsCapped(t *testing.T) {
	c := scene(t)
	for i := range 30 {
		c.Journal = append(c.Journal, pitwall.Entry{Seq: int64(100 + i), Kind: pitwall.EntryFill, Fill: &pitwall.Fill{OrderID: "z"}})
	}
	v, err := Verify(c)
	require.NoError(t, err)
	require.Len(t, v.Differences, maxDifferences+1)
	require.Equal(t, "and 10 more", v.Differences[maxDifferences])
	require.True(t, strings.HasPrefix(v.Differences[0], "entry 100, fill of z"))
}
