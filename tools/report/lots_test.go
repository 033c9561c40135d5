package report

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pitwall"
)

func dec(s string) pitwall.Dec {
	d, err := pitwall.ParseDec(s)
	if err != nil {
		panic(err)
	}
	return d
}

func dayN(n int) time.Time { return time.Date(2024, 1, n, 9, 30, 0, 0, time.UTC) }

// told is a round trip in short.
func told(list []RoundTrip) []string {
	out := []string{}
	for _, t := range list {
		exit := "open"
		if t.ExitPrice != nil {
			exit = t.ExitOrder + "@" + t.ExitPrice.String()
		}
		out = append(out, fmt.Sprintf("%s %v %s@%v %s fees %v profit %v", t.Side, t.Qty, t.EntryOrder, t.EntryPrice, exit, t.Fees, t.Profit))
	}
	return out
}

func TestLots(t *testing.T) {
	type fill struct{ qty, price, fee, order string }
	for name, c := range map[string]struct {
		fills []fill
		many  string
		want  []string
		open  []string
	}{
		"first in, first out": {
			fills: []fill{{"10", "100", "1", "a"}, {"10", "110", "1", "b"}, {"-15", "120", "3", "c"}},
			want:  []string{"long 10 a@100 c@120 fees 3 profit 197", "long 5 b@110 c@120 fees 1.5 profit 48.5"},
			open:  []string{"long 5 b@110 open fees 0.5 profit 99.5"},
		},
		"one order in parts is one trip": {
			fills: []fill{{"10", "100", "1", "a"}, {"30", "104", "3", "a"}, {"-20", "120", "2", "c"}, {"-20", "124", "2", "c"}},
			want:  []string{"long 40 a@103 c@122 fees 8 profit 752"},
		},
		"parts of an open order are one": {
			fills: []fill{{"10", "100", "1", "a"}, {"30", "104", "3", "a"}},
			open:  []string{"long 40 a@103 open fees 4 profit 1076"},
		},
		"through zero": {
			fills: []fill{{"10", "100", "1", "a"}, {"-25", "90", "5", "b"}, {"15", "80", "3", "c"}},
			want:  []string{"long 10 a@100 b@90 fees 3 profit -103", "short 15 b@90 c@80 fees 6 profit 144"},
		},
		"units worth more": {
			fills: []fill{{"2", "10", "1", "a"}, {"-2", "11", "1", "b"}}, many: "50",
			want: []string{"long 2 a@10 b@11 fees 2 profit 98"},
		},
		"fractions": {
			fills: []fill{{"0.3", "3", "0.01", "a"}, {"-0.1", "6", "0", "b"}},
			want:  []string{"long 0.1 a@3 b@6 fees 0.00333333 profit 0.29666667"},
			open:  []string{"long 0.2 a@3 open fees 0.00666667 profit 25.39333333"},
		},
	} {
		l := lots{held: map[[2]string]*holding{}, many: map[string]pitwall.Dec{}}
		if c.many != "" {
			l.many["X"] = dec(c.many)
		}
		for i, f := range c.fills {
			l.trade("main", "X", dec(f.qty), dec(f.price), dec(f.fee), dayN(i+1), f.order)
		}
		require.NoError(t, l.a.Err, name)
		require.Equal(t, append([]string{}, c.want...), told(l.ended()), name)
		require.Equal(t, append([]string{}, c.open...), told(l.open(func(string) pitwall.Dec { return 130 * pitwall.One })), name)
	}
}

// Other exits in between do not cut a trade in two.
func TestLotsMergeAcross(t *testing.T) {
	l := lots{held: map[[2]string]*holding{}}
	for i, x := range []struct {
		symbol, order string
		qty           int64
	}{{"X", "a", 10}, {"Y", "b", 5}, {"X", "c", -4}, {"Y", "d", -5}, {"X", "c", -6}} {
		l.trade("main", x.symbol, pitwall.Int(x.qty), 100*pitwall.One, 0, dayN(i+1), x.order)
	}
	require.Equal(t, []string{"long 5 b@100 d@100 fees 0 profit 0", "long 10 a@100 c@100 fees 0 profit 0"}, told(l.ended()), "in the order of their last exits")
}

func TestLotsSplit(t *testing.T) {
	l := lots{held: map[[2]string]*holding{}}
	l.trade("main", "X", 3*pitwall.One, 100*pitwall.One, pitwall.One, dayN(1), "a")
	l.trade("main", "X", 4*pitwall.One, 50*pitwall.One, 0, dayN(2), "b")
	l.split("main", "X", 14*pitwall.One) // two for one
	l.trade("main", "X", -14*pitwall.One, 60*pitwall.One, 0, dayN(3), "c")
	require.Equal(t, []string{"long 6 a@50 c@60 fees 1 profit 59", "long 8 b@25 c@60 fees 0 profit 280"}, told(l.closed))
	require.Zero(t, l.of("main", "X").qty)
	require.Empty(t, l.of("main", "X").lots)

	// One for four of 7 leaves one unit (the rest is cash in lieu): in the later lot.
	l = lots{held: map[[2]string]*holding{}}
	l.trade("main", "X", 3*pitwall.One, 10*pitwall.One, 0, dayN(1), "a")
	l.trade("main", "X", 4*pitwall.One, 10*pitwall.One, 0, dayN(1), "b")
	l.split("main", "X", pitwall.One)
	var sum pitwall.Dec
	for _, x := range l.of("main", "X").lots {
		sum += x.qty
	}
	require.Equal(t, pitwall.One, sum)
	l.split("main", "X", 0)
	require.Empty(t, l.open(func(string) pitwall.Dec { return 0 }))
}

// Whatever is traded: lots add up to the position, closed and open profits to the
// cash that moved plus what is held, and fees to what was paid.
func TestPropertyLots(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := lots{held: map[[2]string]*holding{}}
		var qty, fees int64
		cash := 0.0
		n := rapid.IntRange(1, 30).Draw(t, "fills")
		for i := range n {
			q, p, f := rapid.Int64Range(-50, 50).Draw(t, "qty"), rapid.Int64Range(1, 500).Draw(t, "price"), rapid.Int64Range(0, 5).Draw(t, "fee")
			if q == 0 {
				continue
			}
			l.trade("main", "X", pitwall.Int(q), pitwall.Int(p), pitwall.Int(f), dayN(1).AddDate(0, 0, i), fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "order")))
			qty, fees, cash = qty+q, fees+f, cash-float64(q*p)-float64(f)
		}
		require.NoError(t, l.a.Err)
		last := rapid.Int64Range(1, 500).Draw(t, "last")
		open := l.open(func(string) pitwall.Dec { return pitwall.Int(last) })
		var held, paid pitwall.Dec
		for _, x := range l.of("main", "X").lots {
			held += x.qty
		}
		gain := 0.0
		for _, x := range append(l.closed, open...) {
			gain, paid = gain+x.Profit.Float(), paid+x.Fees
			require.Positive(t, x.Qty)
		}
		require.Equal(t, pitwall.Int(qty), held)
		require.Equal(t, held, l.of("main", "X").qty)
		require.InDelta(t, float64(fees), paid.Float(), 1e-5)
		require.InDelta(t, cash+float64(qty*last), gain, 1e-3) // means by quantity are rounded
	})
}

// A fee that a broker takes in coins closes no trade: it is a fee of the purchase, also when
// the rest was sold before it showed. The money of such fees is commission, and every gain adds
// up.
func TestLotsCoinFees(t *testing.T) {
	type line struct{ qty, price, rule, flow string } // a fill, or the amount of a flow
	for name, c := range map[string]struct {
		lines                   []line
		closed, open            []string
		commission, gain, other string
	}{
		"of the newest lot": {lines: []line{{"1", "100", "", ""}, {"1", "200", "", ""}, {"-0.01", "200", "coin_fee", ""}, {"", "", "coin_fee", "-2"}},
			open: []string{"long 1 o0@100 open fees 0 profit 100", "long 0.99 o1@200 open fees 2 profit -2"}, commission: "2", gain: "-300"},
		"sold before": {lines: []line{{"1", "100", "", ""}, {"-0.99", "110", "", ""}, {"-0.01", "110", "coin_fee", ""}, {"", "", "coin_fee", "-1.1"}, {"", "", "sale_fee", "-0.3"}, {"", "", "cfee", "-0.3"}, {"", "", "sale_fee", "0.3"}},
			closed: []string{"long 0.99 o0@100 o1@110 fees 1 profit 8.9"}, commission: "1.4", gain: "8.9", other: "-0.3"},
		"given back": {lines: []line{{"1", "100", "", ""}, {"-0.01", "100", "coin_fee", ""}, {"", "", "coin_fee", "-1"}, {"0.01", "100", "coin_fee", ""}, {"", "", "coin_fee", "1"}},
			open: []string{"long 1 o0@100 open fees 0 profit 100"}, commission: "0", gain: "-100"},
		"given back when all is sold": {lines: []line{{"1", "100", "", ""}, {"-1", "100", "", ""}, {"0.01", "100", "coin_fee", ""}, {"", "", "coin_fee", "1"}},
			closed: []string{"long 1 o0@100 o1@100 fees 0 profit 0"}, open: []string{"long 0.01 o2@100 open fees -1 profit 2"}, commission: "-1", gain: "0"},
	} {
		var journal []pitwall.Entry
		for i, x := range c.lines {
			if x.flow != "" {
				f := pitwall.CashFlow{Type: x.rule, Amount: dec(x.flow)}
				if x.rule == "coin_fee" {
					f.Symbol = "X"
				}
				journal = append(journal, pitwall.Entry{Kind: pitwall.EntryCash, Book: "main", Flow: &f})
				continue
			}
			f := pitwall.Fill{OrderID: fmt.Sprint("o", i), Book: "main", Symbol: "X", Side: pitwall.Buy, Qty: dec(x.qty).Abs(), Price: dec(x.price), Rule: x.rule, Time: dayN(i + 1)}
			if x.qty[0] == '-' {
				f.Side = pitwall.Sell
			}
			journal = append(journal, pitwall.Entry{Kind: pitwall.EntryFill, Book: "main", Fill: &f})
		}
		w := newWalk(&Run{Journal: slices.Values(journal)})
		require.NoError(t, w.all())
		require.Equal(t, append([]string{}, c.closed...), told(w.lots.closed), name)
		require.Equal(t, append([]string{}, c.open...), told(w.lots.open(func(string) pitwall.Dec { return 200 * pitwall.One })), name)
		require.Equal(t, dec(c.commission), w.costs.Commission, name)
		require.Zero(t, w.costs.Dividends, name)
		require.Equal(t, dec(c.gain), w.gains[0].Gain, name)
		require.Zero(t, w.gains[0].Dividends, name)
		require.Equal(t, dec(cmp.Or(c.other, "0")), w.other, name)
	}
}
