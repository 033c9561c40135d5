package risk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pitwall"
)

// over_limit: trim makes an order as large as limits allow.

const trim = "trim"

// fit returns an order that may be sent: the order itself, or with over_limit: trim the
// largest one that passes every limit. Exits and changes are never made smaller: what
// should close a position must not leave a part of it unseen.
func (g *Guard) fit(ctx context.Context, o pitwall.Order) (pitwall.Order, Snapshot, *pitwall.Error) {
	e, s, failures := g.check(ctx, o, nil)
	if e == nil || len(failures) == 0 || g.limits.OverLimit.value != trim {
		return o, s, e
	}
	var keys []string
	for _, f := range failures {
		if !f.sized {
			return o, s, e
		}
		keys = append(keys, g.scope()+f.Key)
	}
	smaller := o
	counted := g.counts(ctx)(pitwall.OrderState{Order: o}).Order
	smaller.Qty = g.limits.most(counted, s)
	if exit := (&trial{o: counted, s: s}).exits(); exit || smaller.Qty <= 0 {
		return o, s, e
	}
	sizing := pitwall.Sizing{Asked: asked(o), Price: s.Last[o.Symbol].Close}
	if s.Account != nil {
		sizing.Equity = s.Account.Equity
	}
	if o.Sizing != nil {
		sizing = *o.Sizing
	}
	sizing.Limited = strings.TrimPrefix(sizing.Limited+fmt.Sprintf("; limit %s: %v of %v", strings.Join(slices.Compact(keys), ", "), smaller.Qty, o.Qty), "; ")
	smaller.Sizing = &sizing
	if again, _, _ := g.check(ctx, smaller, nil); again != nil {
		return o, s, e // a limit that a smaller order does not pass
	}
	return smaller, s, nil
}

func asked(o pitwall.Order) string { return "qty " + o.Qty.String() }

// repeated is an order as it was sent: what was trimmed is recognized by what was asked.
func repeated(o pitwall.Order, known pitwall.OrderState) pitwall.Order {
	if k := known.Sizing; o.Sizing == nil && k != nil && k.Asked == asked(o) {
		o.Qty, o.Sizing = known.Qty, k
	}
	return o
}
