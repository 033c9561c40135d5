package risk_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
)

// closes are fills of A, an hour apart, the newest an hour before noon: each names its order
// and what it realized.
func closes(list ...string) (out []pitwall.Fill) {
	for i := 0; i < len(list); i += 2 {
		at := noon.Add(-time.Duration(len(list)-i) / 2 * time.Hour)
		out = append(out, pitwall.Fill{ID: list[i] + at.String(), OrderID: list[i], Book: pitwall.MainBook, Symbol: "A", Side: pitwall.Sell, Qty: pitwall.One, Realized: n(list[i+1]), Known: at})
	}
	return out
}

// fee takes a fee of each fill.
func fee(f string, list []pitwall.Fill) []pitwall.Fill {
	for i := range list {
		list[i].Fee = n(f)
	}
	return list
}

// R33: as many losing trades in a row as the limit pass, one more is denied, and an exit
// passes. A trade is an order; what is not in the look-back, opened or won is in no row.
func TestConsecutiveLosses(t *testing.T) {
	l, err := risk.Parse(limits{"max_consecutive_losses": limits{"count": 2, "per": "7h"}})
	require.NoError(t, err)
	check := func(fills []pitwall.Fill, o pitwall.Order) []risk.Failure {
		return l.Check(o, risk.Snapshot{Now: noon, Account: &pitwall.Account{Currency: "USD", Equity: n("100"), Positions: []pitwall.Position{{Symbol: "A", Qty: n("5")}}}, Open: []pitwall.OrderState{}, Fills: fills,
			Instruments: map[string]pitwall.Instrument{"A": {Symbol: "A", Kind: pitwall.Equity, Currency: "USD", Lot: pitwall.One, Tradable: true}}})
	}
	for name, c := range map[string]struct{ pass, deny []pitwall.Fill }{
		"in a row":             {closes("a", "-1", "b", "-1"), closes("a", "-1", "b", "-1", "c", "-1")},
		"a win ends it":        {closes("a", "-1", "b", "-1", "c", "0.01", "d", "-9", "e", "-9"), closes("a", "1", "b", "-1", "c", "-1", "d", "-1")},
		"fees count":           {fee("1", closes("a", "-9", "b", "-9", "c", "1")), fee("1", closes("a", "-9", "b", "-9", "c", "0.99999999"))},
		"fees of every part":   {fee("0.5", closes("a", "-9", "b", "-9", "c", "0", "c", "1", "c", "0")[1:]), fee("0.5", closes("a", "-9", "b", "-9", "c", "0", "c", "1", "c", "0"))},
		"parts of one order":   {closes("a", "-1", "b", "-1", "b", "-1"), closes("a", "-1", "b", "-1", "c", "5", "c", "-6")},
		"an order that opened": {closes("a", "-1", "b", "0", "c", "-1"), closes("a", "-1", "b", "-1", "x", "0", "c", "-1")},
		"the look-back":        {closes("a", "-1", "x", "0", "x", "0", "x", "0", "x", "0", "b", "-1", "c", "-1"), closes("a", "-1", "x", "0", "x", "0", "x", "0", "b", "-1", "c", "-1")},
	} {
		require.Empty(t, check(c.pass, b("A", "1")), name)
		require.Empty(t, check(c.deny, s("A", "5")), "%s: an exit", name)
		require.Len(t, check(c.deny, b("A", "1")), 1, name)
	}
	got := check(closes("a", "-1", "b", "-1", "c", "-1", "d", "-1"), b("A", "1"))
	require.Len(t, got, 1)
	require.Equal(t, risk.ConsecutiveLosses, got[0].Code)
	require.Equal(t, "4 losing trades in a row in 7h; limit 2; only orders that close or shrink positions pass until 2024-06-03T16:00:00Z", got[0].Text)
	require.Equal(t, "a trade that wins ends the row", got[0].Hint)
	require.Equal(t, pitwall.Check{Name: "CONSECUTIVE_LOSSES", Observed: "4", Limit: "2", Unit: "trades"}, got[0].Check)
	require.Equal(t, "max_consecutive_losses needs the fills of the last 7h", check(nil, b("A", "1"))[0].Text)
	require.Equal(t, risk.MissingInput, check(nil, b("A", "1"))[0].Code)
}

// The guard reads the fills of the order's book for each order, and a breach that is to last
// does.
func TestConsecutiveLossesOfTheGuard(t *testing.T) {
	d := newDesk(t, limits{"max_consecutive_losses": limits{"count": 1, "per": "7d"}})
	d.venue.fills = closes("a", "-1", "b", "-1")
	d.venue.fills[0].Book = "other"
	require.Equal(t, pitwall.Working, d.submit(t, b("A", "1")).Status)
	d.venue.fills[0].Book = pitwall.MainBook
	denied := d.submit(t, named("y", b("A", "1")))
	require.Equal(t, "2 losing trades in a row in 7d; limit 1; only orders that close or shrink positions pass until 2024-06-10T10:00:00Z; nothing was sent", denied.Error.Message)
	require.Equal(t, "a trade that wins ends the row: "+rule("max_consecutive_losses"), denied.Error.Hint)
	d.clock.Time = noon.AddDate(0, 0, 7).Add(-2*time.Hour - 1)
	require.Equal(t, pitwall.Denied, d.submit(t, named("y", b("A", "1"))).Status)
	d.clock.Time = d.clock.Add(1)
	require.Equal(t, pitwall.Working, d.submit(t, named("y", b("A", "1"))).Status, "at the time that was named")

	d = newDesk(t, limits{"max_consecutive_losses": limits{"count": 1, "per": "7d", "then": "halt"}})
	d.venue.fills = closes("a", "-1", "b", "-1")
	require.NoError(t, d.Guard.Watch(t.Context()))
	require.Equal(t, []string{"halt halt: limit max_consecutive_losses: 2 losing trades in a row in 7d; limit 1; only orders that close or shrink positions pass until 2024-06-10T10:00:00Z"}, d.told())
	d.clock.Time = noon.AddDate(1, 0, 0)
	require.Equal(t, pitwall.Halted, d.submit(t, b("A", "1")).Error.Code, "it lasts")

	l, err := risk.Parse(limits{"max_consecutive_losses": limits{"count": 3, "per": "36h", "then": "reduce_only"}})
	require.NoError(t, err)
	require.Equal(t, "max_consecutive_losses 3 per 36h, then reduce_only", l.String())
	for text, value := range map[string]any{
		"is 3: write {count: 3, per: 7d}, or off":    3,
		"count is 1.5: write a whole number":         limits{"count": 1.5, "per": "7d"},
		"per is empty: write a duration such as 72h": limits{"count": 3},
		"then is panic: write reduce_only or halt":   limits{"count": 3, "per": "7d", "then": "panic"},
		`has no key "from": did you mean "`:          limits{"count": 3, "per": "7d", "from": "day"},
	} {
		_, err := risk.Parse(limits{"max_consecutive_losses": value})
		require.ErrorContains(t, err, "risk: max_consecutive_losses "+text)
	}
}
