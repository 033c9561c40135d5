package approval_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/approval"
	"pitwall/brokers/risk"
)

// faulty is a guard whose Submit fails, and which may have sent the order.
type faulty struct {
	pitwall.Broker
	err   error
	sends bool
	reads error // of a list of orders
	empty bool  // a list of orders is empty, and no error
}

func (f *faulty) Orders(ctx context.Context, q pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	if f.reads != nil || f.empty {
		return nil, f.reads
	}
	return f.Broker.Orders(ctx, q)
}

func (f *faulty) Submit(ctx context.Context, o pitwall.Order) (s pitwall.OrderState, err error) {
	if f.err == nil || f.sends {
		s, err = f.Broker.Submit(ctx, o)
	}
	return s, errors.Join(f.err, err)
}

// An approved order that an error keeps from being sent waits for an answer, or ends with a
// line and a state; one that was sent is not said to have lapsed.
func TestErrorsWhenSent(t *testing.T) {
	for name, x := range map[string]struct {
		err     error
		sends   bool
		waiting int
		sent    int
		later   int // lines that end it, after it has lapsed
	}{
		"no answer":                 {pitwall.Errorf(pitwall.Timeout, "no"), false, 1, 0, 1},
		"no answer, and it is sent": {pitwall.Errorf(pitwall.Timeout, "no"), true, 1, 1, 0},
		"no record, and it is sent": {pitwall.Errorf(pitwall.JournalFailed, "no"), true, 1, 1, 0},
		"refused":                   {pitwall.Errorf(pitwall.DataError, "no"), false, 0, 0, 1},
		"an error, and it is sent":  {pitwall.Errorf(pitwall.DataError, "no"), true, 0, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			r := newRoom(t, approval.Entries)
			f := &faulty{}
			r.under = f
			r.start(t)
			r.send(t, order("one", pitwall.Buy, 10))
			r.decide(t, r.told[0].Hash, true)
			f.err, f.sends = x.err, x.sends
			_ = r.Work(ctx)
			require.Equal(t, x.waiting, r.Waiting())
			require.Equal(t, x.sent, r.sent(t, "one"))
			r.status(t, "one") // is one order
			r.now = r.now.Add(approval.Window + 1)
			r.work(t)
			require.Zero(t, r.Waiting())
			ends := 0
			for _, e := range entries(t, r.journal) {
				if e.Kind == pitwall.EntryApproval && strings.Contains(e.Note, "nothing was sent") {
					ends++
				}
			}
			require.Equal(t, x.later, ends)
			require.Equal(t, x.sent == 0, r.status(t, "one").Status == pitwall.Denied)
			r.start(t)
			require.Zero(t, r.Waiting(), "a restart does not send it again")
		})
	}
}

// What limits trim is recognized by what was asked, and is sent as it was approved or not at
// all.
func TestTrimmed(t *testing.T) {
	r := newRoom(t, approval.Entries)
	restart := func(most int) {
		l, err := risk.Parse(map[string]any{"over_limit": "trim", "max_order_qty": most})
		require.NoError(t, err)
		g := risk.New(r.venue, r.journal, r.venue, bars{r.market}, instruments{}, l)
		r.Desk = approval.New(approval.Config{Broker: g, Journal: r.journal, Orders: r.orders, Dir: r.dir, Now: func() time.Time { return r.now }, World: r.venue.Now, Market: r.market, Tell: func(o approval.Order) { r.told = append(r.told, o) }}, entries(t, r.journal))
		g.Hold(r.Hold)
	}
	_, err := r.journal.Append(context.Background(), pitwall.Entry{Kind: pitwall.EntryWarning})
	require.NoError(t, err)
	restart(60)
	require.Equal(t, pitwall.Int(60), r.send(t, order("one", pitwall.Buy, 100)).Qty)
	require.True(t, r.send(t, order("one", pitwall.Buy, 100)).Repeated)
	_, err = r.Submit(context.Background(), order("one", pitwall.Buy, 99))
	require.Equal(t, pitwall.IdempotencyConflict, pitwall.CodeOf(err))
	restart(40) // before a person approves
	r.decide(t, r.told[0].Hash, true)
	r.work(t)
	require.Zero(t, r.sent(t, "one"))
	s := r.status(t, "one")
	require.Equal(t, pitwall.Denied, s.Status)
	require.Contains(t, s.Error.Message, "a person approved 60 of A, and limits leave 40 now")
}

// bars is a quote as a guard's market, and instruments what it trades.
type bars struct{ *quote }

func (bars) Bars(context.Context, pitwall.BarQuery) ([]pitwall.Bar, error) { return nil, nil }
func (bars) Count(context.Context, string) (int, error)                    { return 0, nil }
func (bars) Digest() string                                                { return "" }

type instruments struct{}

func (instruments) Instrument(symbol string) (pitwall.Instrument, error) {
	return pitwall.Instrument{Symbol: symbol, Kind: pitwall.Equity, Lot: pitwall.One, Tradable: true}, nil
}
func (instruments) Instruments() []pitwall.Instrument { return nil }
