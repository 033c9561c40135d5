package risk_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
)

// deaf is a venue that does not answer whether it has an order.
type deaf struct{ *venue }

func (deaf) Orders(context.Context, pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	return nil, pitwall.Errorf(pitwall.Timeout, "no answer")
}

// While it cannot be read whether an order was sent before, nothing is sent and nothing is
// recorded: an order has one intent.
func TestNoSecondIntent(t *testing.T) {
	d := newDesk(t, limits{"max_order_qty": 10})
	require.Equal(t, pitwall.Working, d.submit(t, b("A", "10")).Status)
	lines := len(d.journal.Entries())
	g := risk.New(deaf{d.venue}, d.journal, d.clock, d.market, d.market, risk.NoLimits())
	_, err := g.Submit(t.Context(), b("A", "10"))
	require.EqualError(t, err, "whether order x was sent before is not known, so nothing was sent: TIMEOUT: no answer")
	require.Equal(t, pitwall.Timeout, pitwall.CodeOf(err))
	require.Equal(t, 1, d.sent)
	require.Len(t, d.journal.Entries(), lines)
}

// mute is a venue that takes an order and does not answer; later reads know it.
type mute struct{ *venue }

func (m mute) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	_, err := m.venue.Submit(ctx, o)
	return pitwall.OrderState{Order: o, Status: pitwall.Unknown}, err
}

// An order that got no answer and is found a moment later holds back the same one under a
// new id until the next bar; other symbols and the other side pass.
func TestUnansweredOrderHoldsBackUntilTheNextBar(t *testing.T) {
	d := newDesk(t, limits{"max_order_qty": 100})
	d.move("A", n("50"))
	l, err := risk.Parse(limits{"max_order_qty": 100})
	require.NoError(t, err)
	g := risk.New(mute{d.venue}, d.journal, d.clock, d.market, d.market, l)
	submit := func(o pitwall.Order) pitwall.OrderState {
		s, err := g.Submit(t.Context(), o)
		require.NoError(t, err)
		return s
	}
	require.Equal(t, pitwall.Unknown, submit(named("o", b("A", "5"))).Status)
	state := submit(named("p", b("A", "5")))
	require.Equal(t, risk.UnknownPending, state.Error.Code)
	require.Equal(t, "order o (buy 5 A) got no answer when it was sent at this time and may be at the broker; another buy of A is held back until the next bar; nothing was sent", state.Error.Message)
	require.Equal(t, "read orders_status of o and decide again at the next bar", state.Error.Hint)
	require.Equal(t, pitwall.Unknown, submit(named("q", b("B", "5"))).Status)
	require.Equal(t, pitwall.Unknown, submit(named("r", s("A", "5"))).Status)
	d.clock.Time = noon.Add(1)
	require.Equal(t, pitwall.Unknown, submit(named("p", b("A", "5"))).Status)
	require.Equal(t, 4, d.sent)
}

// An order without an answer is sent again under its id only if it passes the limits and
// what else must agree, and its state stays what it is.
func TestUnansweredOrderIsCheckedBeforeItIsSentAgain(t *testing.T) {
	for name, x := range map[string]struct {
		spoil func(*desk)
		code  pitwall.Code
	}{
		"as it was":      {func(*desk) {}, ""},
		"an old price":   {func(d *desk) { d.clock.Time = noon.Add(time.Hour) }, risk.StalePrice},
		"a dearer price": {func(d *desk) { d.market.put("A", "300", "tech") }, risk.MaxOrderNotional},
		"Before": {func(d *desk) {
			d.Guard.Before(func(context.Context, pitwall.Order) *pitwall.Error {
				return pitwall.Errorf(pitwall.NoPrice, "overslept")
			})
		}, pitwall.NoPrice},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, limits{"stale_price": "5m", "max_order_notional": 1_000, "max_turnover_percent": 50})
			o := b("A", "5")
			require.Equal(t, pitwall.Working, d.submit(t, o).Status)
			d.orders[0].Status = pitwall.Unknown
			d.venue.last = pitwall.Order{}
			x.spoil(d)
			s := d.submit(t, o)
			require.Equal(t, pitwall.Unknown, s.Status)
			if x.code == "" {
				require.Equal(t, "x", d.venue.last.ID)
				return
			}
			require.True(t, s.Repeated)
			require.Equal(t, x.code, s.Error.Code)
			require.Empty(t, d.venue.last.ID, "nothing was sent")
			lines := d.journal.Entries()
			require.Contains(t, lines[len(lines)-1].Note, "not sent again: "+string(x.code))
			require.Nil(t, lines[len(lines)-1].State)
			require.Empty(t, pitwall.Unsent(lines), "its first request counts")
		})
	}
}
