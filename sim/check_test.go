package sim_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pitwall"
)

// The venue rejects what Order.Check refuses, with the same error, and of the
// rest only what its account cannot carry.
func TestPropertyVenueKeepsTheSharedRules(t *testing.T) {
	accepted, refused := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		v, _, _ := harness(t)
		price := func(name string, usual bool) pitwall.Dec {
			if usual != (rapid.IntRange(0, 9).Draw(r, name) == 0) {
				return pitwall.Int(rapid.SampledFrom([]int64{80, 90, 110, 120}).Draw(r, name))
			}
			return 0
		}
		o := pitwall.Order{ID: "a", Symbol: "A", Side: rapid.SampledFrom([]pitwall.Side{pitwall.Buy, pitwall.Buy, pitwall.Buy, pitwall.Buy, pitwall.Sell, ""}).Draw(r, "side"),
			Type: rapid.SampledFrom([]pitwall.OrderType{"", pitwall.LimitOrder, pitwall.StopOrder, pitwall.StopLimit, pitwall.TrailingStop, "x"}).Draw(r, "type"),
			TIF:  rapid.SampledFrom([]pitwall.TIF{"", "", pitwall.GTC, pitwall.GTC, pitwall.GTD, pitwall.FOK, pitwall.OPG, pitwall.CLS}).Draw(r, "tif"),
			Qty:  rapid.SampledFrom([]pitwall.Dec{pitwall.One, pitwall.One, pitwall.One, 2 * pitwall.One, 2 * pitwall.One, 3 * pitwall.One, pitwall.One / 2, 0}).Draw(r, "qty")}
		o.Limit = price("limit", o.Type == pitwall.LimitOrder || o.Type == pitwall.StopLimit)
		o.Stop = price("stop", o.Type == pitwall.StopOrder || o.Type == pitwall.StopLimit)
		o.TrailPercent = price("trail", o.Type == pitwall.TrailingStop)
		if o.TIF == pitwall.GTD {
			o.GoodTill = v.Now().AddDate(0, 0, rapid.IntRange(-1, 3).Draw(r, "days"))
		}
		for _, role := range []pitwall.Role{pitwall.TakeProfit, pitwall.StopLoss} {
			if l := (pitwall.Leg{Role: role}); rapid.IntRange(0, 2).Draw(r, string(role)) == 0 {
				if l.Limit = price("leg limit", role == pitwall.TakeProfit); role == pitwall.StopLoss {
					l.Stop = price("leg stop", true)
				}
				o.Legs = append(o.Legs, l)
			}
		}
		want := o.WithDefaults().Check(pitwall.Instrument{Symbol: "A", Lot: pitwall.One}, pitwall.Int(100), v.Now())
		got, err := v.Submit(context.Background(), o)
		require.NoError(r, err)
		switch {
		case want != nil:
			refused++
			require.Equal(r, pitwall.Rejected, got.Status, "%+v: %v", o, want)
			require.Equal(r, want, got.Error)
		case got.Error != nil:
			require.Contains(r, []pitwall.Code{pitwall.BuyingPower, pitwall.ShortNotAllowed}, got.Error.Code, "%+v: %v", o, got.Error)
		default:
			accepted++
		}
	})
	require.NotZero(t, accepted)
	require.NotZero(t, refused)
}
