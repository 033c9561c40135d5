package risk_test

import (
	"flag"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pitwall"
)

// The limits of the property, far enough below what its orders could reach.
const (
	mostUnits   = 20
	mostMoney   = 1200
	mostGross   = 15 // percent of 10,000
	mostOpen    = 4
	mostSymbols = 2
)

// T2: whatever is ordered, changed, canceled and filled, in whatever order, the
// worst that open orders can lead to stays within every limit. The worst is found
// here by trying, not with the guard's arithmetic: see worstOf.
func TestPropertyNothingExceedsALimit(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		require.NoError(t, f.Value.Set("1000"))
		defer func() { _ = f.Value.Set(f.DefValue) }()
	}
	cases, passed, denied := 0, 0, map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		cases++
		d := newDesk(t, limits{"max_position_qty": mostUnits, "max_position_notional": mostMoney, "max_gross_percent": mostGross, "max_open_orders": mostOpen, "max_positions": mostSymbols})
		for step := range rapid.IntRange(1, 40).Draw(t, "steps") {
			id := fmt.Sprint("o", rapid.IntRange(0, step).Draw(t, "id"))
			switch rapid.SampledFrom([]string{"submit", "submit", "submit", "fill", "fill", "cancel", "replace", "unknown"}).Draw(t, "act") {
			case "submit":
				state := d.submit(t, anyOrder(t, fmt.Sprint("o", step)))
				if state.Status == pitwall.Denied {
					for _, code := range codes(state) {
						denied[code]++
					}
				} else {
					passed++
				}
			case "fill":
				if d.find(id) != nil {
					d.fill(id, pitwall.Int(int64(rapid.IntRange(1, 15).Draw(t, "filled"))))
				}
			case "cancel":
				if d.find(id) != nil {
					_, err := d.Guard.Cancel(t.Context(), id)
					require.NoError(t, err)
				}
			case "replace":
				c := pitwall.Change{Qty: pitwall.Int(int64(rapid.IntRange(0, 15).Draw(t, "qty")))}
				if o := d.find(id); o != nil && o.Status.Open() && (c.Qty == 0 || c.Qty > o.Filled) {
					if o.Type == pitwall.LimitOrder {
						c.Limit = pitwall.Int(int64(rapid.IntRange(0, 130).Draw(t, "limit")))
					}
					_, _ = d.Guard.Replace(t.Context(), id, c)
				}
			case "unknown":
				if o := d.find(id); o != nil && o.Status == pitwall.Working {
					o.Status = pitwall.Unknown
				}
			}
			judge(t, d)
		}
	})
	require.Greater(t, passed, 2*cases, "too few orders passed to mean anything")
	for _, code := range []string{"max_position_qty", "max_position_notional", "max_gross_percent", "max_open_orders", "max_positions"} {
		require.Greater(t, denied[code], cases/50, "%s denied too little: %v", code, denied)
	}
}

func anyOrder(t *rapid.T, id string) pitwall.Order {
	o := marketOrder(id, rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "symbol"), rapid.SampledFrom([]pitwall.Side{buy, sell}).Draw(t, "side"), pitwall.Int(int64(rapid.IntRange(1, 25).Draw(t, "qty"))))
	if rapid.Bool().Draw(t, "priced") {
		o.Type, o.Limit = pitwall.LimitOrder, pitwall.Int(int64(rapid.IntRange(1, 130).Draw(t, "price")))
	}
	o.ReduceOnly = rapid.IntRange(0, 4).Draw(t, "reduce") == 0
	if rapid.IntRange(0, 4).Draw(t, "grouped") == 0 {
		o.Group = o.Symbol
	}
	return o
}

// judge looks at the worst that could still happen.
func judge(t *rapid.T, d *desk) {
	gross := pitwall.Dec(0)
	used, open := []string{}, 0
	price := map[string]pitwall.Dec{"A": 100, "B": 50, "C": 10}
	for _, symbol := range []string{"A", "B", "C"} {
		var list []*pitwall.OrderState
		entering := false
		for _, o := range d.orders {
			if o.Symbol == symbol && o.Status.Open() {
				open++
				list = append(list, o)
				entering = entering || !o.ReduceOnly
			}
		}
		if d.held[symbol] != 0 || entering {
			used = append(used, symbol)
		}
		most := worstOf(d.held[symbol], list)
		require.LessOrEqual(t, most, pitwall.Int(mostUnits), "units of %s", symbol)
		require.LessOrEqual(t, most*price[symbol], pitwall.Int(mostMoney), "money in %s", symbol)
		gross += most * price[symbol]
	}
	require.LessOrEqual(t, gross, pitwall.Int(10_000*mostGross/100), "gross exposure")
	require.LessOrEqual(t, open, mostOpen, "open orders")
	require.LessOrEqual(t, len(used), mostSymbols, "symbols %v", used)
}

// worstOf is the largest position that any sequence of whole fills leads to: it
// fills every open order in every order, as a venue would.
func worstOf(held pitwall.Dec, open []*pitwall.OrderState) pitwall.Dec {
	worst := held.Abs()
	for i, o := range open {
		qty := o.Remaining()
		if o.ReduceOnly {
			room := held
			if o.Side == pitwall.Buy {
				room = -held
			}
			qty = min(qty, max(0, room))
		}
		if qty == 0 {
			continue
		}
		if o.Side == pitwall.Sell {
			qty = -qty
		}
		rest := slices.DeleteFunc(slices.Delete(slices.Clone(open), i, i+1), func(p *pitwall.OrderState) bool { return o.Group != "" && p.Group == o.Group })
		worst = max(worst, worstOf(held+qty, rest))
	}
	return worst
}
