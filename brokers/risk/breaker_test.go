package risk_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
)

// checked is what limits say to an order that opens 1 A, beside 5 A held.
func checked(t *testing.T, raw limits, a pitwall.Account, o pitwall.Order) []risk.Failure {
	l, err := risk.Parse(raw)
	require.NoError(t, err)
	a.Currency, a.Positions = "USD", []pitwall.Position{{Symbol: "A", Qty: n("5")}}
	return l.Check(o, risk.Snapshot{Now: noon, Account: &a, Open: []pitwall.OrderState{},
		Instruments: map[string]pitwall.Instrument{"A": {Symbol: "A", Kind: pitwall.Equity, Currency: "USD", Lot: pitwall.One, Tradable: true}},
		Last:        map[string]pitwall.Bar{"A": {Symbol: "A", Close: n("100"), Known: noon}}})
}

// The prop-firm shapes, each with an account that just passes and one that just does not.
func TestLossShapes(t *testing.T) {
	account := func(start, equity, peak, dayPeak string) pitwall.Account {
		return pitwall.Account{Start: n(start), Equity: n(equity), Marks: pitwall.Marks{PeakEquity: n(peak), DayPeak: n(dayPeak)}}
	}
	day := func(equity, from, balance, low string) pitwall.Account {
		return pitwall.Account{Equity: n(equity), Marks: pitwall.Marks{DayEquity: n(from), DayBalance: n(balance), DayLow: n(low)}}
	}
	locked := limits{"limit": 6, "from": "day", "lock": true}
	for _, c := range []struct {
		name           string
		raw            limits
		pass, deny     pitwall.Account
		code           pitwall.Code
		text           string
		observed, most string
		unit           string
	}{
		{"static", limits{"max_loss_percent": 10}, account("100", "90", "150", "0"), account("100", "89.99", "150", "0"), risk.MaxLoss,
			"equity 89.99 USD is 10.01 % below the start (100 USD); limit 10 %", "10.01", "10", "%"},
		{"trailing in the day", limits{"max_trailing_loss_percent": 4}, account("100", "106", "110", "100"), account("100", "105.99", "110", "100"), risk.TrailingLoss,
			"equity 105.99 USD is below the floor 106 USD: highest equity 110 USD less 4 % of the start 100 USD", "105.99", "106", "USD"},
		{"trailing by day's end", limits{"max_trailing_loss_percent": limits{"limit": 4, "from": "day"}}, account("100", "97", "110", "101"), account("100", "96.99", "110", "101"), risk.TrailingLoss,
			"equity 96.99 USD is below the floor 97 USD: highest end of a day 101 USD less 4 % of the start 100 USD", "96.99", "97", "USD"},
		{"locked", limits{"max_trailing_loss_percent": locked}, account("100", "100", "120", "110"), account("100", "99.99", "120", "110"), risk.TrailingLoss,
			"equity 99.99 USD is below the floor 100 USD: the start, where it is locked", "99.99", "100", "USD"},
		{"not yet locked", limits{"max_trailing_loss_percent": locked}, account("100", "98", "120", "104"), account("100", "97.99", "120", "104"), risk.TrailingLoss,
			"equity 97.99 USD is below the floor 98 USD: highest end of a day 104 USD less 6 % of the start 100 USD", "97.99", "98", "USD"},
		{"daily from the balance", limits{"max_daily_loss_percent": limits{"limit": 5, "from": "balance"}}, day("95", "120", "100", "0"), day("94.99", "90", "100", "0"), risk.MaxDailyLoss,
			"equity 94.99 USD is 5.01 % below the balance with which the day began (100 USD); limit 5 %", "5.01", "5", "%"},
		{"daily lasts until the day ends", limits{"max_daily_loss_percent": 5}, day("99", "100", "1", "95"), day("99", "100", "1", "94.99"), risk.MaxDailyLoss,
			"equity 94.99 USD was 5.01 % below where the day began (100 USD); limit 5 %", "5.01", "5", "%"},
	} {
		require.Empty(t, checked(t, c.raw, c.pass, b("A", "1")), c.name)
		require.Empty(t, checked(t, c.raw, c.deny, s("A", "5")), "%s: an exit", c.name)
		got := checked(t, c.raw, c.deny, b("A", "1"))
		require.Len(t, got, 1, c.name)
		require.Equal(t, c.code, got[0].Code)
		require.Equal(t, c.text, got[0].Text)
		require.Equal(t, "orders that only close or shrink positions pass", got[0].Hint)
		require.Equal(t, pitwall.Check{Name: string(c.code), Observed: c.observed, Limit: c.most, Unit: c.unit}, got[0].Check)
	}
	for key, text := range map[string]string{
		"max_loss_percent":          "max_loss_percent needs equity at the start, which this broker does not tell",
		"max_trailing_loss_percent": "max_trailing_loss_percent needs start and highest equity, which this broker does not tell",
	} {
		for _, a := range []pitwall.Account{account("0", "1", "1", "1"), account("0", "1", "0", "0")} {
			require.Equal(t, text, checked(t, limits{key: 1}, a, b("A", "1"))[0].Text)
		}
	}
	require.Equal(t, "max_trailing_loss_percent needs start and highest end of a day, which this broker does not tell",
		checked(t, limits{"max_trailing_loss_percent": locked}, account("100", "100", "100", "0"), b("A", "1"))[0].Text)
	require.Equal(t, "max_daily_loss_percent needs equity at the balance with which the day began, which this broker does not tell",
		checked(t, limits{"max_daily_loss_percent": limits{"limit": 1, "from": "balance"}}, day("1", "1", "0", "1"), b("A", "1"))[0].Text)
	l, err := risk.Parse(limits{"max_trailing_loss_percent": limits{"limit": 6, "from": "day", "lock": true, "then": "halt"}, "max_daily_loss_percent": 2, "max_drawdown_percent": limits{"limit": 9, "then": "reduce_only"}, "max_fill_gap_percent": 3})
	require.NoError(t, err)
	require.Equal(t, "max_drawdown_percent 9, then reduce_only; max_daily_loss_percent 2 from equity; max_trailing_loss_percent 6 from day, lock, then halt; max_fill_gap_percent 3, then alert", l.String())
}

// falls sets the equity of a desk's account and watches.
func (d *desk) falls(t *testing.T, equity string) {
	d.venue.cash = n(equity)
	require.NoError(t, d.Guard.Watch(t.Context()))
}

// told are the lines of the journal about breaches.
func (d *desk) told() (list []string) {
	for _, e := range d.journal.Entries() {
		if e.Kind == pitwall.EntryHalt || e.Kind == pitwall.EntryWarning {
			list = append(list, string(e.Kind)+" "+e.Note)
		}
	}
	return list
}

// A breach that is to last lasts after the loss is made good, whether an order met it or
// not; cancels pass under every one, exits under reduce_only.
func TestBreachLasts(t *testing.T) {
	for _, then := range []string{"", "reduce_only", "halt"} {
		raw := limits{"max_loss_percent": limits{"limit": 10}}
		if then != "" {
			raw["max_loss_percent"] = limits{"limit": 10, "then": then}
		}
		d := newDesk(t, raw)
		d.venue.start = n("10000")
		d.move("A", n("5"))
		d.rest(t, named("o", bl("A", "1", "90")))
		d.falls(t, "9000")
		require.Empty(t, d.told(), "at the limit")
		d.falls(t, "8999")
		d.clock.Time = noon.Add(time.Hour)
		d.falls(t, "8000")
		d.falls(t, "10000")
		opening, exit := d.submit(t, named("x", b("A", "1"))), d.submit(t, named("y", s("A", "1")))
		_, err := d.Guard.Cancel(t.Context(), "o")
		require.NoError(t, err)
		if then == "" {
			require.Empty(t, d.told())
			require.Nil(t, d.Guard.Breach())
			require.Equal(t, pitwall.Working, opening.Status)
			continue
		}
		reason := "limit max_loss_percent: equity 8999 is 10.01 % below the start (10000); limit 10 %"
		require.Equal(t, []string{"halt " + then + ": " + reason}, d.told(), "said once")
		require.Equal(t, &risk.Breach{Then: risk.Then(then), Reason: reason, At: noon}, d.Guard.Breach())
		e := &pitwall.Error{Code: pitwall.Halted, Message: "trading is halted since 2024-06-03T12:00:00Z: " + reason + "; nothing was sent", Hint: "open orders can be canceled",
			Checks: []pitwall.Check{{Name: "HALTED", Observed: then}}}
		if then == "reduce_only" {
			e.Message = "only orders that close or shrink positions pass since 2024-06-03T12:00:00Z: " + reason + "; nothing was sent"
			require.Equal(t, pitwall.Working, exit.Status)
		} else {
			require.Equal(t, e, exit.Error)
		}
		require.Equal(t, e, opening.Error)
	}
}

// An order meets a breach before it is checked, and so does a change.
func TestBreachIsSeenByTheNextOrder(t *testing.T) {
	d := newDesk(t, limits{"max_loss_percent": limits{"limit": 10, "then": "halt"}})
	d.venue.start = n("10000")
	d.move("A", n("5"))
	d.rest(t, named("o", sl("A", "1", "90")))
	d.cash = n("8000")
	require.Equal(t, pitwall.Halted, d.submit(t, s("A", "1")).Error.Code)
	d = newDesk(t, limits{"max_loss_percent": limits{"limit": 10, "then": "halt"}})
	d.venue.start = n("10000")
	d.move("A", n("5"))
	d.rest(t, named("o", sl("A", "1", "90")))
	d.cash = n("8000")
	_, err := d.Guard.Replace(t.Context(), "o", pitwall.Change{Limit: n("95")})
	require.Equal(t, pitwall.Halted, pitwall.CodeOf(err))
}

// With a halt of its own outside, a breach is handed on once for each Then and denies
// nothing itself; what goes farther counts again.
func TestOnBreach(t *testing.T) {
	stands := func(risk.Breach) bool { return true }
	d := newDesk(t, limits{"max_loss_percent": limits{"limit": 10, "then": "reduce_only"}, "max_drawdown_percent": limits{"limit": 20, "then": "halt"}})
	d.venue.start, d.venue.peak = n("10000"), n("10000")
	var got []risk.Breach
	d.Guard.OnBreach(func(_ context.Context, b risk.Breach) error { got = append(got, b); return nil }, stands)
	d.falls(t, "8500")
	d.falls(t, "8400")
	d.falls(t, "7000")
	d.falls(t, "6000")
	require.Equal(t, []risk.Breach{
		{Then: risk.ThenReduceOnly, Reason: "limit max_loss_percent: equity 8500 is 15 % below the start (10000); limit 10 %", At: noon},
		{Then: risk.ThenHalt, Reason: "limit max_drawdown_percent: equity 7000 is 30 % below its peak (10000); limit 20 %", At: noon}}, got)
	require.Empty(t, d.told())
	d.falls(t, "10000")
	require.Equal(t, pitwall.Working, d.submit(t, b("A", "1")).Status)
	d = newDesk(t, limits{"max_loss_percent": limits{"limit": 10, "then": "halt"}})
	d.venue.start, d.cash = n("10000"), n("1")
	tries := 0
	d.Guard.OnBreach(func(context.Context, risk.Breach) error { tries++; return errors.New("no disk") }, stands)
	for range 2 {
		_, err := d.Guard.Submit(t.Context(), b("A", "1"))
		require.ErrorContains(t, err, "no disk")
	}
	require.Equal(t, 2, tries, "what could not be raised is tried again")
	require.Zero(t, d.sent)
}

// raising is a desk whose breaches raise a halt outside, with a switch that lowers it.
func raising(t *testing.T, raw limits) (d *desk, raised *int, lower func()) {
	d, raised = newDesk(t, raw), new(int)
	up := false
	d.Guard.OnBreach(func(context.Context, risk.Breach) error { *raised++; up = true; return nil }, func(risk.Breach) bool { return up })
	return d, raised, func() { up = false }
}

// After a person has lowered the halt, a limit raises it again once it was kept in between,
// and not for the loss that the person has seen.
func TestLoweredBreachIsArmedAgain(t *testing.T) {
	d, raised, lower := raising(t, limits{"max_loss_percent": limits{"limit": 10, "then": "halt"}})
	d.venue.start = n("10000")
	d.falls(t, "8500")
	d.falls(t, "8400")
	require.Equal(t, 1, *raised)
	lower()
	d.falls(t, "8300")
	require.Equal(t, 1, *raised, "the loss that a person has seen")
	d.falls(t, "9500")
	d.falls(t, "8400")
	require.Equal(t, 2, *raised)
	d.falls(t, "9500")
	d.falls(t, "8400")
	require.Equal(t, 2, *raised, "it stands")
}

// A daily loss is a new one each day, also where the day begins with it.
func TestLoweredDailyLossIsArmedAgain(t *testing.T) {
	d, raised, lower := raising(t, limits{"max_daily_loss_percent": limits{"limit": 5, "then": "halt"}})
	d.venue.marks = pitwall.NewMarks(n("10000"))
	for i, x := range []struct {
		day    int
		equity string
		raised int
	}{{1, "9000", 1}, {1, "8900", 1}, {2, "8000", 2}, {3, "7900", 2}, {5, "7000", 3}} {
		d.venue.marks.Move(noon.AddDate(0, 0, x.day).Add(time.Duration(i)), n(x.equity), n(x.equity))
		d.falls(t, x.equity)
		require.Equal(t, x.raised, *raised, "%+v", x)
		lower()
	}
}

// Each fill far off raises a halt that was lowered; one that could not be raised is not
// lost.
func TestLoweredFillGapIsArmedAgain(t *testing.T) {
	d, raised, lower := raising(t, limits{"max_fill_gap_percent": limits{"limit": 3, "then": "halt"}})
	require.Equal(t, pitwall.Working, d.submit(t, b("A", "1")).Status)
	gap := func() {
		d.venue.fills = append(d.venue.fills, pitwall.Fill{OrderID: "x", Symbol: "A", Side: pitwall.Buy, Qty: n("1"), Price: n("110")})
	}
	for i := range 2 {
		gap()
		require.NoError(t, d.Guard.Watch(t.Context()))
		require.Equal(t, i+1, *raised)
		lower()
	}
	full := true
	d.Guard.OnBreach(func(context.Context, risk.Breach) error {
		if full {
			return errors.New("no disk")
		}
		*raised++
		return nil
	}, func(risk.Breach) bool { return false })
	gap()
	require.ErrorContains(t, d.Guard.Watch(t.Context()), "no disk")
	full = false
	require.NoError(t, d.Guard.Watch(t.Context()))
	require.Equal(t, 3, *raised)
}

// What cannot be read trips nothing: the next order is refused instead.
func TestWatchOfWhatCannotBeRead(t *testing.T) {
	d := newDesk(t, limits{"max_loss_percent": limits{"limit": 10, "then": "halt"}})
	d.falls(t, "1") // no start
	require.Empty(t, d.told())
	require.Equal(t, risk.MissingInput, d.submit(t, b("A", "1")).Error.Code)
	d.venue.start, d.blind = n("10000"), true
	require.NoError(t, d.Guard.Watch(t.Context()))
	require.Empty(t, d.told())
	require.Equal(t, risk.MissingInput, d.submit(t, b("A", "1")).Error.Code)
}

// A fill much worse than its order could expect is told, or stops trading.
func TestFillGap(t *testing.T) {
	for _, c := range []struct {
		name        string
		order       pitwall.Order
		good, worse string // prices
		text        string
	}{
		{"market buy", b("A", "1"), "103", "103.01", "fill of x: buy 1 A at 103.01 is 3.01 % worse than the expected 100; limit 3 %"},
		{"market sell", s("A", "1"), "97", "96.99", "fill of x: sell 1 A at 96.99 is 3.01 % worse than the expected 100; limit 3 %"},
		{"limit buy", bl("A", "1", "90"), "92.7", "93", "fill of x: buy 1 A at 93 is 3.33 % worse than the expected 90; limit 3 %"},
		{"stop buy", stopAt(b("A", "1"), "110"), "113.3", "114", "fill of x: buy 1 A at 114 is 3.64 % worse than the expected 110; limit 3 %"},
	} {
		for _, then := range []string{"", "halt"} {
			raw := limits{"max_fill_gap_percent": 3}
			if then != "" {
				raw["max_fill_gap_percent"] = limits{"limit": 3, "then": then}
			}
			d := newDesk(t, raw)
			require.Equal(t, pitwall.Working, d.submit(t, c.order).Status)
			d.market.put("A", "50", "tech") // what comes later changes no expectation
			at := func(id, price string) {
				d.venue.fills = append(d.venue.fills, pitwall.Fill{OrderID: id, Symbol: "A", Side: c.order.Side, Qty: n("1"), Price: n(price)})
				require.NoError(t, d.Guard.Watch(t.Context()))
			}
			at("x", c.good)
			at("another's", "1000000")
			require.Empty(t, d.told(), c.name)
			at("x", c.worse)
			require.NoError(t, d.Guard.Watch(t.Context()))
			text := "limit max_fill_gap_percent: " + c.text
			if then == "" {
				require.Equal(t, []string{"warning " + text}, d.told())
				require.Equal(t, pitwall.Working, d.submit(t, named("y", b("B", "1"))).Status)
				continue
			}
			require.Equal(t, []string{"halt halt: " + text}, d.told())
			require.Equal(t, pitwall.Halted, d.submit(t, named("y", b("B", "1"))).Error.Code)
		}
	}
	d := newDesk(t, limits{"max_fill_gap_percent": 3})
	d.blind = true
	require.NoError(t, d.Guard.Watch(t.Context()))
	delete(d.market.bars, "A")
	require.Equal(t, pitwall.Working, d.submit(t, b("A", "1")).Status, "without a price nothing is expected")
}

// A changed order is expected at its new price: neither worse than the old one nor better.
func TestFillGapAfterAChange(t *testing.T) {
	for _, c := range []struct {
		to, price string
		want      int
	}{{"105", "105", 0}, {"95", "98", 1}} {
		d := newDesk(t, limits{"max_fill_gap_percent": 3})
		require.Equal(t, pitwall.Working, d.submit(t, bl("A", "1", "100")).Status)
		_, err := d.Guard.Replace(t.Context(), "x", pitwall.Change{Limit: n(c.to)})
		require.NoError(t, err)
		d.venue.fills = []pitwall.Fill{{OrderID: "x", Symbol: "A", Side: pitwall.Buy, Qty: n("1"), Price: n(c.price)}}
		require.NoError(t, d.Guard.Watch(t.Context()))
		require.Len(t, d.told(), c.want, "%+v", c)
	}
}

func TestParseOfLosses(t *testing.T) {
	for _, c := range []struct {
		key   string
		value any
		text  string
	}{
		{"max_loss_percent", "x", `risk: max_loss_percent "x" is not a decimal number`},
		{"max_loss_percent", limits{"limit": -1}, "risk: max_loss_percent limit is -1"},
		{"max_loss_percent", limits{"limit": 1, "then": "panic"}, "risk: max_loss_percent then is panic: write reduce_only or halt"},
		{"max_loss_percent", limits{"limit": 1, "then": 7}, "risk: max_loss_percent then is 7: write reduce_only or halt"},
		{"max_loss_percent", limits{"limit": 1, "then": "alert"}, "write reduce_only or halt"},
		{"max_loss_percent", limits{"limit": 1, "from": "day"}, `risk: max_loss_percent has no key "from"`},
		{"max_daily_loss_percent", limits{"limit": 1, "from": "day"}, "risk: max_daily_loss_percent from is day: write equity or balance"},
		{"max_daily_loss_percent", limits{"limit": 1, "lock": true}, `risk: max_daily_loss_percent has no key "lock"`},
		{"max_trailing_loss_percent", limits{"limit": 1, "from": "equity"}, "from is equity: write bar or day"},
		{"max_trailing_loss_percent", limits{"limit": 1, "lock": 1}, "lock is 1: write true or false"},
		{"max_fill_gap_percent", limits{"limit": 1, "then": "panic"}, "then is panic: write alert or reduce_only or halt"},
		{"over_limit", "shrink", "risk: over_limit is shrink: write deny or trim"},
		{"over_limit", "off", "risk: over_limit is off: write deny or trim"},
		{"over_limit", "trim", "risk: names no limit"},
		{"safe_mode", "off", "risk: safe_mode is off: write true or false"},
		{"safe_mode", false, "risk: names no limit"},
	} {
		_, err := risk.Parse(limits{c.key: c.value})
		require.ErrorContains(t, err, c.text)
	}
}
