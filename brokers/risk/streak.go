package risk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pitwall"
)

// The check of trades that lost one after another. A trade is an order that closed
// positions: it lost when what its fills realized, less their fees, is below 0. The fills
// come from the broker and say what each realized; an order whose fills all realized nothing
// is of no trade: it opened, or it closed at exactly the price of the entry, which a fill
// does not tell apart.

// trade is what an order's fills realized.
type trade struct {
	order string
	gain  pitwall.Dec
	at    time.Time // of its newest fill that realized anything
}

// losing returns the trades of the look-back that lost since the last one that did not,
// newest first.
func (t *trial) losing() (list []trade) {
	for _, f := range slices.Backward(t.s.Fills) {
		if t.s.Now.Sub(f.Known) >= t.row.fills {
			continue
		}
		i := slices.IndexFunc(list, func(x trade) bool { return x.order == f.OrderID })
		if i < 0 {
			i, list = len(list), append(list, trade{order: f.OrderID})
		}
		if f.Realized != 0 && list[i].at.IsZero() {
			list[i].at = f.Known
		}
		list[i].gain = t.calc.Add(list[i].gain, t.calc.Sub(f.Realized, f.Fee))
	}
	list = slices.DeleteFunc(list, func(x trade) bool { return x.at.IsZero() })
	if i := slices.IndexFunc(list, func(x trade) bool { return x.gain >= 0 }); i >= 0 {
		list = list[:i]
	}
	return list
}

func (t *trial) lossesInARow(limit Streak) {
	if t.row.fills == 0 || t.s.Fills == nil {
		t.missing("the fills of the last %s", showDuration(limit.Per))
		return
	}
	list := t.losing()
	n := len(list)
	if n <= limit.Count {
		return
	}
	until := t.time(list[limit.Count].at.Add(limit.Per))
	f := t.fail(ConsecutiveLosses, itoa(n), "trades", "%d losing trades in a row in %s; limit %d; only orders that close or shrink positions pass until %s", n, showDuration(limit.Per), limit.Count, until)
	f.Check.Limit, f.Hint = itoa(limit.Count), "a trade that wins ends the row"
}

// streaks is the form of a limit on losing trades.
func streaks(then []Then) form[Streak] {
	return form[Streak]{read: func(raw any) (s Streak, err error) {
		m, err := mapping(raw, "{count: 3, per: 7d}", "count", "per", "then")
		if err != nil {
			return s, err
		}
		if s.Rate, err = rateOf(m); err != nil {
			return s, err
		}
		if v, given := m["then"]; given {
			s.Then, err = readThen(v, then)
		}
		return s, err
	}, text: func(s Streak) string {
		if s.Then == "" {
			return s.Rate.text()
		}
		return fmt.Sprintf("%s, then %s", s.Rate.text(), s.Then)
	}}
}

// recentFills are a book's, as far back as limits look; nil = none looks, or they could
// not be read.
func (g *Guard) recentFills(ctx context.Context, book string) []pitwall.Fill {
	_, _, back := g.limits.lookBack()
	if back == 0 {
		return nil
	}
	all, _, err := g.broker.Fills(ctx, pitwall.Cursor{Time: g.clock.Now().Add(-back)})
	if err != nil {
		return nil
	}
	list := []pitwall.Fill{}
	for _, f := range all {
		if f.Book == book || g.shared != nil {
			list = append(list, f)
		}
	}
	return list
}
