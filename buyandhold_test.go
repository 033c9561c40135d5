package pitwall

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// plainReference values one part from the beginning at each question: the rule
// without a cursor.
func plainReference(cash Dec, s *Series, actions []Action, from, at time.Time) Dec {
	n, first := s.KnownAt(at.UnixNano()), s.KnownAt(from.UnixNano())
	if first >= n {
		return cash
	}
	var a Calc
	units, paid := a.Div(cash, s.Close[first]), Dec(0)
	for i, x := range actions {
		if s.Adjusted == SplitAdjusted && x.Type != "split" { // as later splits divided the prices
			var c Calc
			for _, y := range actions[i+1:] {
				if y.Symbol == x.Symbol && y.Type == "split" && y.Ex.After(x.Ex) {
					units, per := y.Split()
					x.Value = c.MulDiv(x.Value, per, units)
				}
			}
		}
		switch ex := x.Ex.UnixNano(); {
		case s.Adjusted == TotalAdjusted || s.Adjusted == SplitAdjusted && x.Type == "split" || x.Symbol != s.Instrument.Symbol || ex <= s.Start[first] || ex > s.Start[n-1]:
		case x.Type != "split":
			paid = a.Add(paid, a.Mul(units, x.Value))
		case x.Per > 0:
			units = a.MulDiv(units, x.Value, x.Per)
		default:
			units = a.Mul(units, x.Value)
		}
	}
	if v := a.Add(a.Mul(units, s.Close[n-1]), paid); a.Err == nil {
		return v
	}
	return cash
}

func tradingDay(n int) time.Time { return time.Date(2024, 1, 1+n, 9, 30, 0, 0, time.UTC) }

func closes(symbol string, first int, prices ...Dec) *Series {
	s := &Series{Instrument: Instrument{Symbol: symbol}, Adjusted: Raw}
	for i, p := range prices {
		start := tradingDay(first + i).UnixNano()
		s.Start, s.Known, s.Close = append(s.Start, start), append(s.Known, start+int64(time.Hour)), append(s.Close, p)
	}
	return s
}

func TestBuyAndHoldByHand(t *testing.T) {
	actions := []Action{
		{Ex: tradingDay(0), Type: "dividend", Value: Int(100)}, // on the day of the purchase: the seller's
		{Ex: tradingDay(2), Type: "dividend", Value: One / 2},
		{Ex: tradingDay(2), Type: "split", Value: Int(3), Per: Int(2)},
		{Ex: tradingDay(4), Type: "split", Value: Int(2)},
	}
	for _, c := range []struct {
		lot    Dec
		values string
		cash   string
	}{
		// 1000/110 = 9.09090909, x 0.5 = 4.54545454, x 3/2 = 13.63636364 (half to even)
		{0, "999.9999999 1090.9090908 959.09090934 959.09090934 1095.45454574", "4.54545454"},
		{One, "1000 1090 959.5 959.5 1094.5", "14.5"}, // 9 and 10 left; 13.5 and 27 later
		{Int(4), "1000 1080 964 964 1084", "124"},     // 8 and 120 left; 12 and 24 later
	} {
		h := NewBuyAndHold(Int(1000), c.lot, actions)
		require.Equal(t, Int(1000), h.Value(), "cash before the purchase")
		var got []string
		for i, price := range []int64{110, 120, 70, 70, 40} {
			h.Advance(tradingDay(i), Int(price))
			got = append(got, h.Value().String())
		}
		require.Equal(t, c.values, strings.Join(got, " "), "lot %v", c.lot)
		require.Equal(t, c.cash, h.Cash().String(), "lot %v", c.lot)
	}
	short := NewBuyAndHold(Int(3000)-1, One, nil)
	short.Advance(tradingDay(0), Int(3000))
	require.Equal(t, Int(3000)-1, short.Cash(), "2999.99999999 / 3000 rounds to 1, which it cannot pay for")

	huge := NewBuyAndHold(Int(1_000_000), 0, nil)
	huge.Advance(tradingDay(0), 1)
	require.Equal(t, Int(1_000_000), huge.Value(), "units that do not fit a Dec")
}

// 10 units at 100; a dividend of 4 is 40, at 100 - 4 = 96 0.41666667 units; in whole lots
// none, and 40 stay. At 120 the units are worth 1250 and 1200.
func TestBuyAndHoldReinvests(t *testing.T) {
	actions := []Action{{Ex: tradingDay(1), Type: "dividend", Value: Int(4)}}
	for lot, want := range map[Dec]float64{0: 1250, One: 1240} {
		h := NewBuyAndHold(Int(1000), lot, actions)
		h.Reinvest = true
		h.Advance(tradingDay(0), Int(100))
		h.Advance(tradingDay(1), Int(120))
		require.InDelta(t, want, h.Value().Float(), 1e-6, "lot %v", lot)
	}
}

// A dividend of 0.82 before a split 4:1 is 0.205 a unit of split-adjusted prices.
func TestActionsFor(t *testing.T) {
	before, split, after := Action{Ex: tradingDay(1), Type: "dividend", Value: 82 * One / 100}, Action{Ex: tradingDay(3), Type: "split", Value: Int(4)}, Action{Ex: tradingDay(4), Type: "dividend", Value: One / 5}
	reverse := Action{Ex: tradingDay(5), Type: "split", Value: One, Per: Int(10)}
	all := []Action{before, split, after, reverse}
	require.Equal(t, all, ActionsFor(Raw, all))
	require.Empty(t, ActionsFor(TotalAdjusted, all))
	before.Value, after.Value = 205*One/100, Int(2) // 0.82 / 4 x 10, 0.2 x 10
	require.Equal(t, []Action{before, after}, ActionsFor(SplitAdjusted, all))
}

func TestReferenceByHand(t *testing.T) {
	bench := closes("B", 1, Int(10), Int(20), Int(30), Int(40))
	late := closes("L", 4, Int(50), Int(60))
	ref := NewReference(Int(1000), bench, []*Series{bench, late, nil}, nil, false, tradingDay(2))
	unlisted := NewReference(Int(1000), late, nil, nil, false, tradingDay(2))
	for _, c := range []struct {
		after                 time.Duration // of from
		benchmark, hold, late string
	}{ // thirds of 333.33333333; 16.66666667 of B are bought at 20, 6.66666667 of L at 50
		{0, "1000", "999.99999999", "0"}, // B is known, from before the run
		{1, "1000", "1000.00000006", "0"},
		{25, "1500", "1166.66666676", "0"},
		{49, "2000", "1333.33333363", "1000"},
		{73, "2000", "1400.00000033", "1200"},
		{999, "2000", "1400.00000033", "1200"},
	} {
		at := tradingDay(2).Add(c.after * time.Hour)
		benchmark, hold := ref(at)
		listed, none := unlisted(at)
		require.Equal(t, []string{c.benchmark, c.hold, c.late, "0"}, []string{benchmark.String(), hold.String(), listed.String(), none.String()}, "%d hours", c.after)
	}
}

func TestPropertyReferenceFollowsThePlainRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		price := rapid.Custom(func(t *rapid.T) Dec { return Dec(rapid.Int64Range(1, 1_000_000_000_000).Draw(t, "price")) })
		var symbols []*Series
		var actions []Action
		for _, name := range []string{"A", "B", "C"}[:rapid.IntRange(1, 3).Draw(t, "symbols")] {
			s := closes(name, rapid.IntRange(0, 5).Draw(t, "first"), rapid.SliceOfN(price, 1, 12).Draw(t, "closes")...)
			s.Adjusted = rapid.SampledFrom([]Adjustment{Raw, Raw, Raw, SplitAdjusted, TotalAdjusted}).Draw(t, "adjusted")
			symbols = append(symbols, s)
			day := 0
			for range rapid.IntRange(0, 5).Draw(t, "actions") {
				day += rapid.IntRange(0, 4).Draw(t, "days")
				actions = append(actions, Action{Symbol: name, Ex: tradingDay(day), Type: rapid.SampledFrom([]string{"split", "dividend"}).Draw(t, "type"),
					Value: Dec(rapid.Int64Range(1, 1_000_000_000).Draw(t, "value")), Per: Dec(rapid.Int64Range(0, 300_000_000).Draw(t, "per"))})
			}
		}
		cash := Dec(rapid.Int64Range(1, 1_000_000_000_000_000).Draw(t, "cash"))
		from := tradingDay(rapid.IntRange(0, 8).Draw(t, "from"))
		bench := symbols[0]
		ref := NewReference(cash, bench, symbols, actions, false, from)
		for day := range 12 {
			at := from.AddDate(0, 0, day).Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "hours")) * time.Hour)
			wantBench, wantHold := Dec(0), Dec(0)
			if bench.KnownAt(at.UnixNano()) > 0 {
				wantBench = plainReference(cash, bench, actions, from, at)
			}
			for _, s := range symbols {
				wantHold += plainReference(cash/Dec(len(symbols)), s, actions, from, at)
			}
			benchmark, hold := ref(at)
			require.Equal(t, wantBench.String(), benchmark.String(), "benchmark at %s", at)
			require.Equal(t, wantHold.String(), hold.String(), "hold at %s", at)
		}
	})
}

// Valuing at every bar costs the same per bar however long the run is: compare
// ns/bar of the sizes.
func BenchmarkReference(b *testing.B) {
	for _, bars := range []int{1_000, 10_000, 100_000} {
		prices := make([]Dec, bars)
		var actions []Action
		for i := range prices {
			prices[i] = Int(int64(100 + i%7))
			if i%10 == 9 {
				actions = append(actions, Action{Symbol: "A", Ex: tradingDay(i), Type: "dividend", Value: One / 100})
			}
		}
		s := closes("A", 0, prices...)
		b.Run(fmt.Sprint(bars), func(b *testing.B) {
			for b.Loop() {
				ref := NewReference(Int(100_000), s, []*Series{s}, actions, false, time.Time{})
				for _, ns := range s.Known {
					ref(time.Unix(0, ns))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*bars), "ns/bar")
		})
	}
}
