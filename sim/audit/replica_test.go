package audit

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// act is an intent made when bar at of series X is known.
type act struct {
	at      int
	when    string // instead, a time
	order   *pitwall.Order
	replace string
	change  pitwall.Change
	cancel  string
}

func (a act) entry(at time.Time) pitwall.Entry {
	e := pitwall.Entry{Kind: pitwall.EntryIntent, AsOf: at, Verb: "submit", Order: a.order}
	switch {
	case a.order != nil:
		e.ID = a.order.ID
	case a.replace != "":
		e.Verb, e.ID, e.Change = "replace", a.replace, &a.change
	default:
		e.Verb, e.ID = "cancel", a.cancel
	}
	return e
}

// ask reads "id side qty type [price [limit]] [tif]".
func ask(text string, change ...func(*pitwall.Order)) *pitwall.Order {
	f := strings.Fields(text)
	o := &pitwall.Order{ID: f[0], Symbol: "X", Side: pitwall.Side(f[1]), Qty: dec(f[2]), Type: pitwall.OrderType(f[3]), TIF: pitwall.GTC}
	var prices []pitwall.Dec
	for _, x := range f[4:] {
		if d, err := pitwall.ParseDec(x); err == nil {
			prices = append(prices, d)
		} else {
			o.TIF = pitwall.TIF(x)
		}
	}
	switch {
	case o.Type == pitwall.LimitOrder:
		o.Limit = prices[0]
	case o.Type == pitwall.TrailingStop:
		o.Trail = prices[0]
	case len(prices) > 0:
		o.Stop = prices[0]
	}
	if len(prices) > 1 {
		o.Limit = prices[1]
	}
	for _, c := range change {
		c(o)
	}
	return o
}

func legs(class pitwall.Class, legs ...pitwall.Leg) func(*pitwall.Order) {
	return func(o *pitwall.Order) { o.Class, o.Legs = class, legs }
}

func target(price string) pitwall.Leg {
	return pitwall.Leg{Role: pitwall.TakeProfit, Limit: dec(price)}
}
func stopAt(price string) pitwall.Leg { return pitwall.Leg{Role: pitwall.StopLoss, Stop: dec(price)} }

func reduceOnly(o *pitwall.Order) { o.ReduceOnly = true }

// play is a scenario on X, worked out by hand from the rules.
type play struct {
	name    string
	size    time.Duration // of X's bars; 0 = daily
	bars    []string
	more    []*pitwall.Series
	tune    func(*pitwall.Series)
	cash    string // 10000
	terms   pitwall.Terms
	costs   pitwall.Costs
	rules   pitwall.Rules
	actions func(*pitwall.Series) []pitwall.Action
	acts    []act

	fills  []string // "order bar qty@price"
	status string   // "order status [code]", with commas
	end    string   // cash at the end
	flows  []string
}

func (p play) newRun(t testing.TB) (Run, *pitwall.Series) {
	if p.size == 0 {
		p.size = day
	}
	if p.cash == "" {
		p.cash = "10000"
	}
	if p.terms.Type == "" {
		p.terms.Type = pitwall.MarginAccount
	}
	if p.rules.VolumeShare == 0 {
		p.rules.VolumeShare = pitwall.NoVolumeLimit
	}
	x := barsOf(t, "X", p.size, p.bars...)
	if p.tune != nil {
		p.tune(x)
	}
	data := fixed{series: append([]*pitwall.Series{x}, p.more...)}
	if p.actions != nil {
		data.actions = p.actions(x)
	}
	journal := []pitwall.Entry{{Kind: pitwall.EntryStart, Seq: 1, AsOf: x.Bar(0).Start, Amount: dec(p.cash)}}
	for i, a := range p.acts {
		e := a.entry(x.Bar(a.at).Known)
		if a.when != "" {
			e.AsOf = mustTime(a.when)
		}
		e.Seq = int64(i) + 2
		journal = append(journal, e)
	}
	return Run{Data: data, Terms: p.terms, Costs: p.costs, Rules: p.rules, Journal: journal}, x
}

func (p play) run(t *testing.T) {
	c, x := p.newRun(t)
	r, err := newReplica(c)
	require.NoError(t, err)
	require.NoError(t, r.run(time.Time{}))
	var fills, flows []string
	for _, f := range r.fills {
		fills = append(fills, fmt.Sprintf("%s %d %v@%v", f.OrderID, x.KnownAt(f.step.UnixNano())-1, f.Qty, f.Price))
	}
	for _, f := range r.flows {
		flows = append(flows, strings.Join(strings.Fields(fmt.Sprintf("%s %s %v %v %v", f.Symbol, f.Type, f.Qty, f.Each, f.Amount)), " "))
	}
	require.Equal(t, p.fills, fills, "fills")
	require.Equal(t, p.flows, flows, "flows")
	for want := range strings.SplitSeq(p.status, ", ") {
		o := r.order(strings.Fields(want)[0])
		require.NotNil(t, o, want)
		require.Equal(t, want, strings.TrimSpace(fmt.Sprintf("%s %s %s", o.ID, o.status, o.code)))
	}
	require.Equal(t, p.end, r.books[0].cash.String(), "cash")
	require.Empty(t, r.differences)
}

func TestRulesByHand(t *testing.T) {
	for _, plays := range [][]play{lifePlays(t), legPlays(), moneyPlays()} {
		for _, p := range plays {
			t.Run(p.name, p.run)
		}
	}
}

// flat is a bar from which nothing follows.
func flat(date string) string { return date + " 100 101 99 100" }

func lifePlays(t *testing.T) []play {
	expiresAt := func(clock string) func(*pitwall.Order) {
		return func(o *pitwall.Order) { o.TIF, o.GoodTill = pitwall.GTD, mustTime(clock) }
	}
	three := []string{flat("2024-01-02"), "2024-01-03 98 99 97 98", "2024-01-04 96 97 94 95"}
	path := []string{flat("2024-01-02"), flat("2024-01-03"), "2024-01-04 100 110 90 105"}
	minutes := []string{"2024-01-02 09:30 100 101 99 100", "2024-01-02 09:31 101 102 100 101", "2024-01-02 09:32 102 103 101 102"}
	ticker := []*pitwall.Series{barsOf(t, "M", minute, "2024-01-03 09:30 1 1 1 1", "2024-01-04 09:30 1 1 1 1")}
	return []play{
		{name: "gtd inside a bar counts at its open alone", bars: three, acts: []act{
			{order: ask("o1 buy 10 limit 95", expiresAt("2024-01-04T10:30:00-05:00"))}, {order: ask("o2 buy 10 limit 97", expiresAt("2024-01-04T10:30:00-05:00"))},
			{order: ask("o3 buy 10 limit 95", expiresAt("2024-01-04T16:00:00-05:00"))}},
			fills: []string{"o2 2 10@96", "o3 2 10@95"}, status: "o1 expired, o2 filled, o3 filled", end: "8090"},
		{name: "latency", size: minute, bars: minutes, rules: pitwall.Rules{Latency: time.Second}, acts: []act{{order: ask("o1 buy 10 market")}},
			fills: []string{"o1 2 10@102"}, status: "o1 filled", end: "8980"},
		{name: "no latency", size: minute, bars: minutes, acts: []act{{order: ask("o1 buy 10 market")}},
			fills: []string{"o1 1 10@101"}, status: "o1 filled", end: "8990"},
		{name: "ohlc: a trailing stop is tested as it stood when the bar began", bars: path, rules: pitwall.Rules{Path: pitwall.OHLC},
			acts:  []act{{order: ask("o1 buy 10 market")}, {at: 1, order: ask("o2 sell 10 trailing_stop 5")}},
			fills: []string{"o1 1 10@100", "o2 2 10@95"}, status: "o2 filled", end: "9950"},
		{name: "provable: it triggers as it stood", bars: path,
			acts:  []act{{order: ask("o1 buy 10 market")}, {at: 1, order: ask("o2 sell 10 trailing_stop 5")}},
			fills: []string{"o1 1 10@100", "o2 2 10@95"}, status: "o2 filled", end: "9950"},
		{name: "ohlc: stops, a triggered stop-limit and limits in the path's order", bars: path, rules: pitwall.Rules{Path: pitwall.OHLC},
			acts: []act{{at: 1, order: ask("l buy 1 limit 92")}, {at: 1, order: ask("sl buy 1 stop_limit 105 104")}, {at: 1, order: ask("s buy 1 stop 105")},
				{at: 1, order: ask("a sell 1 limit 109")}, {at: 1, order: ask("b sell 1 stop 95")}},
			fills: []string{"s 2 1@105", "a 2 1@109", "sl 2 1@104", "b 2 1@95", "l 2 1@92"}, status: "sl filled", end: "9903"},
		{name: "ohlc: legs live from the entry's price on", bars: path, rules: pitwall.Rules{Path: pitwall.OHLC},
			acts:  []act{{at: 1, order: ask("o buy 1 stop 105", legs(pitwall.Bracket, target("108"), stopAt("95")))}},
			fills: []string{"o 2 1@105", "o.tp 2 1@108"}, status: "o.sl canceled", end: "10003"},
		{name: "a day order ends with the session of a like symbol", bars: []string{three[0], three[2]},
			more: []*pitwall.Series{barsOf(t, "Y", day, three...)}, acts: []act{{order: ask("o1 buy 10 limit 95 day")}},
			status: "o1 expired", end: "10000"},
		{name: "a cancel waits for the bar in progress, which may fill", bars: three, more: ticker,
			acts: []act{{order: ask("a buy 10 limit 97.5")}, {order: ask("b buy 10 limit 95")}, {order: ask("c buy 10 limit 95")},
				{when: "2024-01-03T09:31:00-05:00", cancel: "a"}, {when: "2024-01-03T09:31:00-05:00", cancel: "b"}, {when: "2024-01-04T09:31:00-05:00", order: ask("d buy 1 limit 99")},
				{when: "2024-01-04T09:31:00-05:00", cancel: "d"}},
			fills: []string{"a 1 10@97.5", "c 2 10@95"}, status: "a filled, b canceled, c filled, d canceled", end: "8075"},
		{name: "replace: to the end of the line, not in the bar that was seen", bars: []string{flat("2024-01-02") + " 100", "2024-01-03 100 101 99 100 100", "2024-01-04 100 101 98 100 100"},
			rules: pitwall.Rules{VolumeShare: dec("0.1")},
			acts: []act{{order: ask("a buy 10 limit 95")}, {order: ask("b buy 10 limit 99")}, {at: 1, replace: "a", change: pitwall.Change{Limit: dec("99")}},
				{at: 1, replace: "b", change: pitwall.Change{Qty: dec("8")}}},
			fills: []string{"b 2 8@99", "a 2 2@99"}, status: "a partially_filled, b filled", end: "9010"},
		{name: "ticks", bars: []string{flat("2024-01-02"), "2024-01-03 100 100.6 99.4 100"}, tune: func(s *pitwall.Series) { s.Instrument.Tick = dec("0.5") },
			acts: []act{{order: ask("a buy 1 limit 99.7")}, {order: ask("b sell 1 limit 100.2")}, {order: ask("c buy 1 stop 100.2")}, {order: ask("d sell 1 stop 99.7")}},
			// 99.5, 100.5, 100.5, 99.5; stops before limits
			fills: []string{"c 1 1@100.5", "d 1 1@99.5", "a 1 1@99.5", "b 1 1@100.5"}, status: "a filled", end: "10000"},
	}
}

func legPlays() []play {
	buy := func(text string, l ...pitwall.Leg) []act {
		return []act{{order: ask(text, legs(pitwall.Bracket, l...))}}
	}
	trail := pitwall.Leg{Role: pitwall.StopLoss, Trail: dec("3")}
	group := func(o *pitwall.Order) { o.Group = "g" }
	oco := legs(pitwall.OCO, target("110"), stopAt("95"))
	return []play{
		{name: "a target proved by the close", bars: []string{flat("2024-01-02"), "2024-01-03 100 103 97 102"}, acts: buy("o buy 1 limit 98", target("101"), stopAt("90")),
			fills: []string{"o 1 1@98", "o.tp 1 1@101"}, status: "o.sl canceled", end: "10003"},
		{name: "a target at the close is not past it", bars: []string{flat("2024-01-02"), "2024-01-03 100 103 97 101"}, acts: buy("o buy 1 limit 98", target("101"), stopAt("90")),
			fills: []string{"o 1 1@98"}, status: "o.sl working, o.tp working", end: "9902"},
		{name: "a stop entry's stop proved by the close", bars: []string{flat("2024-01-02"), "2024-01-03 102 106 99 100"}, acts: buy("o buy 1 stop 105", target("120"), stopAt("100")),
			fills: []string{"o 1 1@105", "o.sl 1 1@100"}, status: "o.tp canceled", end: "9995"},
		{name: "a stop entry's stop not proved", bars: []string{flat("2024-01-02"), "2024-01-03 102 106 99 104"}, acts: buy("o buy 1 stop 105", target("120"), stopAt("100")),
			fills: []string{"o 1 1@105"}, status: "o.sl working", end: "9895"},
		{name: "a short entry, mirrored", bars: []string{flat("2024-01-02"), "2024-01-03 100 106 98 104"}, acts: buy("o sell 1 limit 102", target("90"), stopAt("105")),
			fills: []string{"o 1 1@102", "o.sl 1 1@105"}, status: "o.tp canceled", end: "9997"},
		{name: "a trailing leg moves with the close in its first bar", bars: []string{flat("2024-01-02"), "2024-01-03 100 104 97 102", "2024-01-04 102 102 98.5 99"},
			acts: buy("o buy 1 limit 98", target("120"), trail), fills: []string{"o 1 1@98", "o.sl 2 1@99"}, status: "o.tp canceled", end: "10001"},
		{name: "oto with a percent leg on a tick", bars: []string{flat("2024-01-02"), "2024-01-03 101.3 102 100 101", "2024-01-04 101 102 95 96"},
			tune: func(s *pitwall.Series) { s.Instrument.Tick = dec("0.5") },
			acts: []act{{order: ask("o buy 1 market", legs(pitwall.OTO, pitwall.Leg{Role: pitwall.StopLoss, Percent: dec("5")}))}},
			// 101.3 x 0.95 = 96.235, down to 96
			fills: []string{"o 1 1@101.3", "o.sl 2 1@96"}, status: "o filled, o.sl filled", end: "9994.7"},
		{name: "oco covers a held position", bars: []string{flat("2024-01-02"), flat("2024-01-03"), "2024-01-04 104 111 103 110", "2024-01-05 90 91 89 90"},
			acts:  []act{{order: ask("x sell 10 limit 110", oco)}, {order: ask("p buy 10 market")}, {at: 1, order: ask("o sell 10 limit 110", oco)}},
			fills: []string{"p 1 10@100", "o.tp 2 10@110"}, status: "x rejected REDUCE_ONLY, o filled, o.tp filled, o.sl canceled", end: "10100"},
		{name: "a partial parent arms for what has filled", rules: pitwall.Rules{VolumeShare: pitwall.One},
			bars: []string{flat("2024-01-02") + " 10", flat("2024-01-03") + " 10", "2024-01-04 104 111 103 110 15", "2024-01-05 94 96 93 95 100"},
			acts: buy("o buy 20 market", target("110"), stopAt("95")),
			// 10000 - 1000 - 1040 + 550 + 1410
			fills: []string{"o 1 10@100", "o 2 10@104", "o.tp 2 5@110", "o.sl 3 15@94"}, status: "o filled, o.tp canceled, o.sl filled", end: "9920"},
		{name: "an entry that ends unfilled takes its legs along", bars: []string{flat("2024-01-02"), flat("2024-01-03")}, acts: buy("o buy 1 limit 90 day", target("110"), stopAt("80")),
			status: "o expired, o.tp canceled, o.sl canceled", end: "10000"},
		{name: "the first fill of a group, in part, cancels the others", rules: pitwall.Rules{VolumeShare: dec("0.1")},
			bars:  []string{flat("2024-01-02") + " 50", "2024-01-03 100 101 97 98 50"},
			acts:  []act{{order: ask("a buy 10 limit 98", group)}, {order: ask("b buy 10 limit 99", group)}},
			fills: []string{"a 1 5@98"}, status: "a partially_filled, b canceled", end: "9510"},
		{name: "reduce-only never crosses zero and ends with the position", bars: []string{flat("2024-01-02"), flat("2024-01-03"), flat("2024-01-04")},
			acts:  []act{{order: ask("x sell 1 market", reduceOnly)}, {order: ask("p buy 10 market")}, {at: 1, order: ask("a sell 15 market", reduceOnly)}, {at: 1, order: ask("b sell 5 limit 120", reduceOnly)}},
			fills: []string{"p 1 10@100", "a 2 10@100"}, status: "x rejected REDUCE_ONLY, a canceled, b canceled", end: "10000"},
	}
}

func moneyPlays() []play {
	reinvest := func(x *pitwall.Series) []pitwall.Action {
		return []pitwall.Action{{Symbol: "X", Ex: x.Bar(2).Start, Pay: x.Bar(3).Start, Type: "dividend", Value: dec("0.5")}}
	}
	fifty := func(date string) string { return date + " 50 51 49 50" }
	week := []string{flat("2024-01-02"), flat("2024-01-03"), flat("2024-01-04"), flat("2024-01-05"), flat("2024-01-08"), flat("2024-01-09")}
	return []play{
		{name: "a split restates a bracket's legs", bars: []string{flat("2024-01-02"), flat("2024-01-03"), "2024-01-04 50 51 49 50", "2024-01-05 50 56 50 55"},
			actions: func(x *pitwall.Series) []pitwall.Action {
				return []pitwall.Action{{Symbol: "X", Ex: x.Bar(2).Start, Type: "split", Value: dec("2")}}
			},
			acts:  []act{{order: ask("o buy 10 market", legs(pitwall.Bracket, target("110"), stopAt("95")))}},
			fills: []string{"o 1 10@100", "o.tp 3 20@55"}, status: "o.tp filled, o.sl canceled", end: "10100", flows: []string{"X split 20 2 0"}},
		{name: "two sessions to settle", terms: pitwall.Terms{Type: pitwall.CashAccount, SettleDays: 2}, bars: week, acts: []act{
			{order: ask("b buy 100 market")}, {at: 1, order: ask("s sell 100 market")}, {at: 3, order: ask("x buy 50 market")}, {at: 4, order: ask("y buy 50 market")}},
			fills: []string{"b 1 100@100", "s 2 100@100", "x 4 50@100", "y 5 50@100"}, status: "x filled, y filled", end: "0"},
		// sold at bar 1's open, settled when bar 2 begins: what is ordered after bar 1 meets bar 2
		{name: "a session to settle", terms: pitwall.Terms{Type: pitwall.CashAccount, SettleDays: 1}, bars: week, acts: []act{
			{order: ask("b buy 100 market")}, {at: 1, order: ask("s sell 100 market")}, {at: 1, order: ask("x buy 50 market")}, {at: 2, order: ask("y buy 50 market")}},
			fills: []string{"b 1 100@100", "s 2 100@100", "y 3 50@100"}, status: "x rejected BUYING_POWER, y filled", end: "5000"},
		{name: "margin call", bars: []string{flat("2024-01-02"), flat("2024-01-03"), "2024-01-04 60 61 43 44", "2024-01-05 43 45 42 44"},
			acts: []act{{order: ask("b buy 150 market")}, {at: 1, order: ask("u sell 1 limit 500")}},
			// equity 150 x 44 - 5000 = 1600; maintenance 6600 / 4 = 1650
			fills: []string{"b 1 150@100", "call-1 3 150@43"}, status: "u canceled, call-1 filled", end: "1450", flows: []string{"margin_call 0 50 0"}},
		{name: "borrow over a weekend", terms: pitwall.Terms{BorrowRate: dec("0.0365")},
			bars:  []string{fifty("2024-01-04"), "2024-01-05 50 53 49 52", fifty("2024-01-08")},
			acts:  []act{{order: ask("s sell 100 market")}}, // 5200 x (0.0365 x 3) / 365
			fills: []string{"s 1 100@50"}, status: "s filled", end: "14998.44", flows: []string{"X borrow -100 52 -1.56"}},
		{name: "reinvest", terms: pitwall.Terms{Reinvest: true}, actions: reinvest, bars: []string{fifty("2024-01-02"), fifty("2024-01-03"), fifty("2024-01-04"), fifty("2024-01-05")},
			acts:  []act{{order: ask("b buy 100 market")}}, // 50 / 49.5 = 1 unit, 0.50 left
			fills: []string{"b 1 100@50"}, status: "b filled", end: "5000.5", flows: []string{"X dividend 100 0.5 50", "X reinvested 1 49.5 -49.5"}},
		{name: "a receivable is paid at its time", actions: reinvest, bars: []string{fifty("2024-01-02"), fifty("2024-01-03"), fifty("2024-01-04"), fifty("2024-01-05")},
			acts: []act{{order: ask("b buy 100 market")}}, fills: []string{"b 1 100@50"}, status: "b filled", end: "5050", flows: []string{"X dividend 100 0.5 50", "X paid 0 0 50"}},
		{name: "shorts that are not allowed", terms: pitwall.Terms{NoBorrow: []string{"X"}}, bars: week, acts: []act{
			{order: ask("b buy 10 market")}, {at: 1, order: ask("a sell 10 limit 120")}, {at: 1, order: ask("x sell 1 limit 120")}},
			fills: []string{"b 1 10@100"}, status: "a working, x rejected NO_BORROW", end: "9000"},
		{name: "no shorts at all", terms: pitwall.Terms{NoShorts: true}, bars: week, acts: []act{{order: ask("x sell 1 limit 120")}},
			status: "x rejected SHORT_NOT_ALLOWED", end: "10000"},
		{name: "an open sale's proceeds count, less the buffer", terms: pitwall.Terms{Type: pitwall.CashAccount}, costs: pitwall.Costs{CashBuffer: dec("0.02")}, bars: week, acts: []act{
			{order: ask("b buy 100 market")}, {at: 1, order: ask("s sell 100 market")}, {at: 1, order: ask("x buy 99 market")}, {at: 1, order: ask("y buy 98 market")}},
			fills: []string{"b 1 100@100", "s 2 100@100", "y 2 98@100"}, status: "x rejected BUYING_POWER", end: "200"},
		{name: "slippage stops at the limit, makers pay less", costs: pitwall.Costs{SlippageBps: dec("100"), CommissionBps: dec("10"), MakerBps: new(dec("2"))},
			bars: []string{flat("2024-01-02"), "2024-01-03 100 101 97 98"}, acts: []act{{order: ask("t buy 10 limit 100.5")}, {order: ask("m buy 10 limit 98")}},
			// 101 cut to 100.5, fee 1.005; 980, fee 0.196
			fills: []string{"t 1 10@100.5", "m 1 10@98"}, status: "t filled", end: "8013.799"},
		{name: "makers pay nothing", costs: pitwall.Costs{CommissionBps: dec("10"), MakerBps: new(pitwall.Dec(0))}, // 10000 - 980
			bars: []string{flat("2024-01-02"), "2024-01-03 100 101 97 98"}, acts: []act{{order: ask("m buy 10 limit 98")}},
			fills: []string{"m 1 10@98"}, status: "m filled", end: "9020"},
		{name: "makers get a rebate", costs: pitwall.Costs{CommissionBps: dec("10"), MakerBps: new(dec("-5"))}, // 10000 - 980 + 0.49
			bars: []string{flat("2024-01-02"), "2024-01-03 100 101 97 98"}, acts: []act{{order: ask("m buy 10 limit 98")}},
			fills: []string{"m 1 10@98"}, status: "m filled", end: "9020.49"},
	}
}

func mustTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}
