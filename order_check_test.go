package pitwall

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var checkNow = time.Date(2024, 1, 2, 16, 0, 0, 0, time.UTC)

// drawOrder draws orders of which about half break no shared rule.
func drawOrder(t *rapid.T) Order {
	rare := func(name string) bool { return rapid.IntRange(0, 14).Draw(t, name) == 0 }
	o := Order{Symbol: "A", Side: rapid.SampledFrom([]Side{Buy, Sell}).Draw(t, "side"), Type: rapid.SampledFrom([]OrderType{MarketOrder, MarketOrder, LimitOrder, StopOrder, StopLimit, TrailingStop}).Draw(t, "type"),
		TIF: rapid.SampledFrom([]TIF{Day, GTC, GTD, IOC, CLS}).Draw(t, "tif"), Qty: Int(rapid.Int64Range(1, 9).Draw(t, "qty")), Class: rapid.SampledFrom([]Class{Simple, Simple, OTO, Bracket, OCO}).Draw(t, "class")}
	if o.TIF == GTD != rare("good till") {
		o.GoodTill = checkNow.Add(time.Duration(rapid.IntRange(-1, 5).Draw(t, "hours")) * time.Hour)
	}
	up := (o.Side == Buy) != (o.Class == OCO)
	price := func(name string, above bool) Dec {
		if above != rare(name) {
			return Int(rapid.Int64Range(105, 110).Draw(t, name))
		}
		return Int(rapid.Int64Range(90, 95).Draw(t, name))
	}
	if (o.Type == LimitOrder || o.Type == StopLimit) != rare("limit") {
		o.Limit = 100 * One
	}
	if (o.Type == StopOrder || o.Type == StopLimit) != rare("stop") {
		o.Stop = 100 * One
	}
	if (o.Type == TrailingStop) != rare("trail") {
		o.Trail = One
	}
	if rare("trail percent") {
		o.TrailPercent = Int(rapid.SampledFrom([]int64{5, 100, -1}).Draw(t, "by"))
	}
	if n := map[Class]int{OTO: 1, Bracket: 2, OCO: 2}[o.Class]; (n == 2) != rare("target") {
		o.Legs = append(o.Legs, Leg{Role: TakeProfit, Limit: price("target limit", up)})
	}
	if (o.Class != Simple) != rare("protect") {
		l := Leg{Role: StopLoss}
		switch rapid.IntRange(0, 3).Draw(t, "by") {
		case 0:
			l.Percent = Int(rapid.SampledFrom([]int64{5, 50, 100}).Draw(t, "percent"))
		case 1:
			l.TrailPercent = Int(rapid.SampledFrom([]int64{5, 50, 100}).Draw(t, "percent"))
		default:
			l.Stop = price("leg stop", !up)
		}
		if rare("second way") {
			l.Trail = One
		}
		o.Legs = append(o.Legs, l)
	}
	if rare("odd qty") {
		o.Qty = rapid.SampledFrom([]Dec{0, -One, One / 2}).Draw(t, "odd")
	}
	if rare("side") {
		o.Side = "hold"
	}
	if rare("group") {
		o.Group = "g"
	}
	return o
}

// allowed states the shared rules a second time, as what may be rather than as
// what may not.
func allowed(o Order) bool {
	prices := map[OrderType][2]bool{MarketOrder: {}, LimitOrder: {true, false}, StopOrder: {false, true}, StopLimit: {true, true}, TrailingStop: {}}[o.Type]
	ok := (o.Limit != 0) == prices[0] && (o.Stop != 0) == prices[1]
	if o.Type == TrailingStop {
		ok = ok && (o.Trail > 0 && o.TrailPercent == 0 || o.Trail == 0 && o.TrailPercent > 0 && o.TrailPercent < 100*One)
	} else {
		ok = ok && o.Trail == 0 && o.TrailPercent == 0
	}
	ok = ok && (o.Side == Buy || o.Side == Sell) && o.Qty > 0 && o.Qty%One == 0
	switch o.TIF {
	case GTD:
		ok = ok && o.GoodTill.After(checkNow)
	case IOC, CLS:
		ok = ok && o.GoodTill.IsZero() && o.Class != OCO && (o.Type == MarketOrder || o.Type == LimitOrder)
	default:
		ok = ok && o.GoodTill.IsZero()
	}
	var target, stop *Leg
	for i, l := range o.Legs {
		if l.Role == TakeProfit {
			target = &o.Legs[i]
		} else {
			stop = &o.Legs[i]
		}
	}
	switch o.Class {
	case Simple:
		ok = ok && target == nil && stop == nil
	case OTO:
		ok = ok && (target == nil) != (stop == nil) && o.Group == ""
	case Bracket:
		ok = ok && target != nil && stop != nil && o.Group == ""
	case OCO:
		ok = ok && target != nil && stop != nil && o.Group == "" && o.Type == MarketOrder
	}
	const entry = 100 * One // of every price drawn, and the last one
	up := o.Side == Buy && o.Class != OCO || o.Side == Sell && o.Class == OCO
	if target != nil {
		ok = ok && (target.Limit > entry) == up
	}
	if stop != nil {
		ways := 0
		for _, d := range []Dec{stop.Stop, stop.Percent, stop.Trail, stop.TrailPercent} {
			if d != 0 {
				ways++
			}
		}
		ok = ok && ways == 1 && stop.TrailPercent < 100*One && (stop.Stop == 0 || (stop.Stop < entry) == up) && (stop.Percent < 100*One || !up)
	}
	return ok
}

func TestPropertyCheckIsTheSharedRules(t *testing.T) {
	i := Instrument{Symbol: "A", Lot: One}
	seen := map[bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		o := drawOrder(t)
		e := o.Check(i, 100*One, checkNow)
		seen[e == nil]++
		require.Equal(t, allowed(o), e == nil, "%+v: %v", o, e)
		if e != nil {
			require.NotEmpty(t, e.Message)
		}
	})
	require.NotZero(t, seen[true])
	require.NotZero(t, seen[false])
}

func TestOrderDefaults(t *testing.T) {
	require.Equal(t, Order{Book: MainBook, Type: MarketOrder, Class: Simple, TIF: Day}, Order{}.WithDefaults())
	require.Equal(t, OTO, Order{Legs: make([]Leg, 1)}.WithDefaults().Class)
	require.Equal(t, Bracket, Order{Legs: make([]Leg, 3)}.WithDefaults().Class)
	o := Order{Book: "b", Type: LimitOrder, Class: OCO, TIF: GTC, Legs: make([]Leg, 1)}
	require.Equal(t, o, o.WithDefaults())
}

// An order that was sized is the same order when the account has moved since.
func TestSizedOrdersAreTheSameByWhatWasAsked(t *testing.T) {
	sized := func(side Side, qty int64, reduce bool, asked string) Order {
		return Order{ID: "k", Side: side, Qty: Int(qty), ReduceOnly: reduce, Sizing: &Sizing{Asked: asked}}
	}
	one := sized(Buy, 5, false, "target_percent 50")
	require.True(t, one.SameAs(sized(Sell, 1, true, "target_percent 50")))
	require.False(t, one.SameAs(sized(Buy, 5, false, "target_percent 40")))
	byHand := one
	byHand.Sizing = nil
	require.True(t, one.SameAs(byHand))
	byHand.Qty++
	require.False(t, one.SameAs(byHand))
	asked := sized(Buy, 5, false, "target_percent 50")
	asked.Sizing.ReduceOnly = true
	require.False(t, one.SameAs(asked))
}
