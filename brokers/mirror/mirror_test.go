package mirror_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/brokertest"
	"pitwall/brokers/mirror"
	"pitwall/brokers/risk"
	"pitwall/sim"
)

// tampered is a broker whose answers are not those of the venue behind it.
type tampered struct {
	*sim.Venue
	cash, qty pitwall.Dec
	other     string              // a symbol that the account holds besides
	hide      string              // an open order that it does not have
	add       *pitwall.OrderState // an order that it has besides
	quiet     int                 // first readings, which show no change
	gone      bool                // positions are not listed
	gain      pitwall.Dec         // of equity, a quarter of it unrealized
	until     int                 // the last reading that shows one; 0 = all do
	reads     int
	fail      error // of the next reading of the account
}

func (b *tampered) Account(ctx context.Context, book string) (pitwall.Account, error) {
	a, err := b.Venue.Account(ctx, book)
	if b.fail != nil {
		err, b.fail = b.fail, nil
		return a, err
	}
	if b.reads++; b.reads <= b.quiet || b.until > 0 && b.reads > b.until {
		return a, err
	}
	a.Cash += b.cash
	if b.gone {
		a.Positions = nil
	}
	a.Equity, a.Unrealized = a.Equity+b.gain, a.Unrealized+b.gain/4
	if b.other != "" {
		a.Positions = append(a.Positions, pitwall.Position{Symbol: b.other, Qty: pitwall.Int(1), Last: pitwall.Int(5)})
	}
	for i := range a.Positions {
		if a.Positions[i].Symbol == "AAPL" {
			a.Positions[i].Qty += b.qty
		}
	}
	return a, err
}

func (b *tampered) Orders(ctx context.Context, q pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	if q.ID != "" && q.ID == b.hide {
		return nil, pitwall.Errorf(pitwall.UnknownOrder, "none")
	}
	if b.add != nil && q.ID == b.add.ID {
		return []pitwall.OrderState{*b.add}, nil
	}
	list, err := b.Venue.Orders(ctx, q)
	var out []pitwall.OrderState
	for _, s := range list {
		if s.ID != b.hide {
			out = append(out, s)
		}
	}
	if b.add != nil && q.ID == "" {
		out = append(out, *b.add)
	}
	return out, err
}

// desk is a mirror over a venue that can be tampered with: 10 shares are held, and an
// order rests.
type desk struct {
	*mirror.Mirror
	b *tampered
	j *pitwall.MemoryJournal
	g *risk.Guard
}

func newDesk(t *testing.T) *desk {
	ctx := context.Background()
	v, err := sim.New(sim.Config{Source: source{flat()}, Symbols: []string{"AAPL"}, From: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Cash: pitwall.Int(100_000), Rules: pitwall.Rules{VolumeShare: pitwall.One}, Journal: &pitwall.MemoryJournal{}})
	require.NoError(t, err)
	_, err = v.Next(ctx, v.Now())
	require.NoError(t, err)
	d := &desk{b: &tampered{Venue: v}, j: &pitwall.MemoryJournal{}}
	d.Mirror, err = mirror.Open(ctx, mirror.Config{Broker: d.b, Journal: d.j, Rivals: "pw", Pause: func(context.Context) error { return nil }}, v.Now())
	require.NoError(t, err)
	d.g = risk.New(d.Mirror, d.j, v, nil, nil, risk.NoLimits())
	for _, o := range []pitwall.Order{{ID: "a", Type: pitwall.MarketOrder}, {ID: "b", Type: pitwall.LimitOrder, Limit: pitwall.Int(50)}} {
		o.Symbol, o.Side, o.Qty, o.TIF, o.Book = "AAPL", pitwall.Buy, pitwall.Int(10), pitwall.GTC, pitwall.MainBook
		_, err := d.g.Submit(ctx, o)
		require.NoError(t, err)
	}
	_, err = v.Next(ctx, v.Now())
	require.NoError(t, err)
	require.Empty(t, d.sync(t))
	return d
}

func (d *desk) sync(t *testing.T) []string {
	list, err := d.Sync(context.Background(), d.b.Now(), true)
	require.NoError(t, err)
	return list
}

// T11: every one of 1,000 random differences is found in one reading, named with both values, and gone once it is
// taken over; what is within the tolerance, or passes, is none.
func TestDrifts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	strange := pitwall.OrderState{Order: pitwall.Order{ID: "c", Book: pitwall.MainBook, Symbol: "AAPL", Side: pitwall.Buy, Type: pitwall.LimitOrder, Qty: pitwall.One, Limit: pitwall.One, TIF: pitwall.GTC}, Status: pitwall.Working}
	for range 1_000 {
		d := newDesk(t)
		var want []string
		some := func() bool { return r.IntN(3) == 0 }
		if some() {
			d.b.qty = pitwall.Int(1+r.Int64N(20)) * pitwall.Dec(1-2*r.IntN(2))
			want = append(want, fmt.Sprintf("AAPL: the journal has 10, the broker %v", pitwall.Int(10)+d.b.qty))
		}
		if some() {
			d.b.other = "MSFT"
			want = append(want, "MSFT: the journal has 0, the broker 1")
		}
		if some() {
			d.b.cash = (pitwall.Int(11) + 1) * pitwall.Dec(1-2*r.IntN(2)) // 1 and a basis point of 100,000, and 1e-8
			want = append(want, fmt.Sprintf("cash: the journal has 99000, the broker %v (more than 11 apart)", pitwall.Int(99_000)+d.b.cash))
		}
		if some() {
			d.b.hide = "b"
			want = append(want, "order b is working in the journal and the broker does not have it")
		}
		if some() {
			d.b.add = &strange
			want = append(want, "order c is at the broker (buy 1 AAPL, working) and the journal has no record of sending it")
		}
		got := strings.Join(d.sync(t), "\n")
		for _, w := range want {
			require.Contains(t, got, w)
		}
		require.Equal(t, len(want) == 0, got == "", got)
		_, err := d.Adopt(context.Background(), d.b.Now())
		require.NoError(t, err)
		require.Empty(t, d.sync(t), "taken over")
	}
}

func TestWhatIsNoDrift(t *testing.T) {
	d := newDesk(t)
	d.b.cash = pitwall.Int(11)
	require.Empty(t, d.sync(t))
	require.Len(t, d.Flows(time.Time{}), 1)
	require.Equal(t, pitwall.Int(11), d.Flows(time.Time{})[0].Amount)
	require.Empty(t, d.sync(t))
	require.Len(t, d.Flows(time.Time{}), 1, "it is journaled once")
	d.b.cash += 1
	require.Equal(t, []string{"cash: the journal has 99011, the broker 99011.00000001 (more than 0 apart)"}, d.sync(t), "a day has one tolerance")
	d.b.cash -= 1
	d.b.qty, d.b.reads, d.b.quiet = pitwall.One, 0, 0
	before := d.b.reads
	require.NotEmpty(t, d.sync(t))
	require.Equal(t, before+3, d.b.reads, "it is read three times")
}

// A position that the broker does not list is a difference, and so is an open order of
// another run, once; a person's is none.
func TestWhatIsMissingAndWhoElseTrades(t *testing.T) {
	ctx := context.Background()
	d := newDesk(t)
	d.b.gone = true
	require.Equal(t, []string{"AAPL: the journal has 10, the broker 0"}, d.sync(t))
	d.b.gone = false
	require.Empty(t, d.sync(t))
	theirs := pitwall.OrderState{Order: pitwall.Order{ID: "external:pw1-c", Book: pitwall.MainBook, Symbol: "AAPL", Side: pitwall.Buy, Type: pitwall.LimitOrder, Qty: pitwall.One, Limit: pitwall.One, TIF: pitwall.GTC, By: pitwall.Caller{Principal: "external"}}, Status: pitwall.Working}
	d.b.add = &theirs
	require.Equal(t, []string{"order pw1-c is of another run (buy 1 AAPL, working): one account, one run"}, d.sync(t))
	require.Empty(t, d.sync(t))
	persons := theirs
	persons.ID = "external:p"
	d = newDesk(t)
	d.b.add = &persons
	require.Empty(t, d.sync(t))
	d.b.add = nil
	require.Equal(t, []string{"order external:p is working in the journal and the broker does not have it"}, d.sync(t))
	_, err := d.Adopt(ctx, d.b.Now())
	require.NoError(t, err)
	require.Empty(t, d.sync(t))
}

// What happens to an order, and to its exits, belongs to the turn that sent it.
func TestCauseOfWhatHappensLater(t *testing.T) {
	d := newDesk(t)
	ctx := pitwall.WithCause(context.Background(), pitwall.Cause{Turn: 4})
	o := pitwall.Order{ID: "e", Symbol: "AAPL", Side: pitwall.Buy, Type: pitwall.MarketOrder, Class: pitwall.Bracket, Qty: pitwall.One, TIF: pitwall.GTC, Book: pitwall.MainBook, Legs: []pitwall.Leg{{Role: pitwall.TakeProfit, Limit: pitwall.Int(200)}, {Role: pitwall.StopLoss, Stop: pitwall.Int(50)}}}
	_, err := d.g.Submit(ctx, o)
	require.NoError(t, err)
	_, err = d.b.Next(context.Background(), d.b.Now())
	require.NoError(t, err)
	require.Empty(t, d.sync(t))
	turns := map[string]int{}
	for _, e := range d.j.Entries() {
		if e.Fill != nil || e.State != nil {
			turns[e.ID] = e.Turn
		}
	}
	require.Equal(t, 4, turns["e"])
	require.Equal(t, 4, turns[pitwall.LegID("e", pitwall.TakeProfit)])
	require.Zero(t, turns["a"])
}

// Cash that is older than the fills beside it is read again, and is no flow: fees of a
// round trip, whose positions do not differ. (Seed 536 of the simulated steps.)
func TestOldCashIsNoFlow(t *testing.T) {
	d := newDesk(t)
	d.b.cash, d.b.reads, d.b.until = pitwall.One/20, 0, 2
	require.Empty(t, d.sync(t))
	require.Empty(t, d.Flows(time.Time{}))
	require.Equal(t, 3, d.b.reads)
}

// What a person does in the broker's app enters as external, and is no difference.
func TestExternalOrder(t *testing.T) {
	ctx := context.Background()
	d := newDesk(t)
	_, err := d.b.Submit(ctx, pitwall.Order{ID: "external:x", Symbol: "AAPL", Side: pitwall.Buy, Type: pitwall.MarketOrder, Qty: pitwall.One, TIF: pitwall.GTC, Book: pitwall.MainBook, By: pitwall.Caller{Principal: "external"}})
	require.NoError(t, err)
	_, err = d.b.Next(ctx, d.b.Now())
	require.NoError(t, err)
	require.Empty(t, d.sync(t))
	n := 0
	for _, e := range d.j.Entries() {
		if e.ID == "external:x" {
			n++
			require.Zero(t, e.Turn)
		}
	}
	require.Equal(t, 2, n, "an order and its fill")
}

// An order of another run is a difference once, also when the reading that finds it fails.
func TestFindingOutlivesAnError(t *testing.T) {
	ctx := context.Background()
	d := newDesk(t)
	d.b.add = &pitwall.OrderState{Order: pitwall.Order{ID: "c", Book: pitwall.MainBook, Symbol: "AAPL", Side: pitwall.Buy, Type: pitwall.LimitOrder, Qty: pitwall.One, Limit: pitwall.One, TIF: pitwall.GTC}, Status: pitwall.Working}
	d.b.fail = errors.New("no answer")
	_, err := d.Sync(ctx, d.b.Now(), true)
	require.ErrorContains(t, err, "no answer")
	require.Contains(t, d.sync(t), "order c is at the broker (buy 1 AAPL, working) and the journal has no record of sending it")
	require.Empty(t, d.sync(t))
}

// What another run has open is not taken over.
func TestAdoptRefusesAnotherRun(t *testing.T) {
	d := newDesk(t)
	d.b.add = &pitwall.OrderState{Order: pitwall.Order{ID: "external:pw1-c", Book: pitwall.MainBook, Symbol: "AAPL", Side: pitwall.Buy, Type: pitwall.LimitOrder, Qty: pitwall.One, Limit: pitwall.One, TIF: pitwall.GTC, By: pitwall.Caller{Principal: "external"}}, Status: pitwall.Working}
	d.b.qty = pitwall.One
	_, err := d.Adopt(context.Background(), d.b.Now())
	require.ErrorContains(t, err, "another run has the open order pw1-c (buy 1 AAPL)")
	require.Contains(t, d.sync(t), "AAPL: the journal has 10, the broker 11")
}

// Beside another difference no cash is booked as small.
func TestNoSmallCashBesideADifference(t *testing.T) {
	d := newDesk(t)
	d.b.cash, d.b.qty = pitwall.One, pitwall.One
	require.Equal(t, []string{"AAPL: the journal has 10, the broker 11"}, d.sync(t))
	require.Empty(t, d.Flows(time.Time{}))
}

// An order that the journal calls rejected and that fills is a difference; before it is
// called so, the broker has answered 15 times.
func TestFillOfARejectedOrder(t *testing.T) {
	ctx := context.Background()
	d := newDesk(t)
	o := pitwall.Order{ID: "late", Symbol: "AAPL", Side: pitwall.Buy, Type: pitwall.MarketOrder, Qty: pitwall.One, TIF: pitwall.GTC, Book: pitwall.MainBook}
	_, err := d.j.Append(ctx, pitwall.Entry{Kind: pitwall.EntryIntent, Verb: "submit", ID: o.ID, Book: o.Book, Order: &o})
	require.NoError(t, err)
	before := d.b.reads
	require.Empty(t, d.sync(t))
	require.Equal(t, 15, d.b.reads-before)
	last := d.j.Entries()[len(d.j.Entries())-2] // before the mark
	require.Equal(t, pitwall.Rejected, last.State.Status)
	_, err = d.b.Submit(ctx, o)
	require.NoError(t, err)
	_, err = d.b.Next(ctx, d.b.Now())
	require.NoError(t, err)
	require.Equal(t, []string{"order late was rejected in the journal and the broker has a fill of it (buy 1 AAPL at 100)"}, d.sync(t))
}

// An account that held something begins with it at today's price.
func TestBeginWithPositions(t *testing.T) {
	d := newDesk(t)
	j := &pitwall.MemoryJournal{}
	m, err := mirror.Open(context.Background(), mirror.Config{Broker: d.b, Journal: j, Since: d.b.Now(), Pause: func(context.Context) error { return nil }}, d.b.Now())
	require.NoError(t, err)
	require.Equal(t, pitwall.Int(100_000), m.Start())
	list, err := m.Sync(context.Background(), d.b.Now(), true)
	require.NoError(t, err)
	require.Empty(t, list)
	a, err := m.Account(context.Background(), pitwall.MainBook)
	require.NoError(t, err)
	require.Equal(t, pitwall.Int(10), a.Held("AAPL"))
}

func TestMirrorIsABroker(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) brokertest.Harness {
		v, err := sim.New(sim.Config{Source: source{flat()}, Symbols: []string{"AAPL"}, From: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Cash: pitwall.Int(20_000), Rules: pitwall.Rules{VolumeShare: pitwall.One}, Journal: &pitwall.MemoryJournal{}})
		require.NoError(t, err)
		_, err = v.Next(context.Background(), v.Now())
		require.NoError(t, err)
		m, err := mirror.Open(context.Background(), mirror.Config{Broker: v, Journal: &pitwall.MemoryJournal{}, Pause: func(context.Context) error { return nil }}, v.Now())
		require.NoError(t, err)
		return brokertest.Harness{Broker: m, Symbol: "AAPL", Far: pitwall.Int(50), Step: func(t *testing.T) {
			_, err := v.Next(context.Background(), v.Now())
			require.NoError(t, err)
		}}
	})
}

// What the journal knows of the account beside what the broker says: start, peak, gains,
// the day's first equity, bars, flows; and calls that pass as they are.
func TestWhatTheMirrorKnows(t *testing.T) {
	ctx := context.Background()
	d := newDesk(t)
	begun := d.b.Now().AddDate(0, 0, -1) // newDesk opened it a bar ago
	a, err := d.Account(ctx, pitwall.MainBook)
	require.NoError(t, err)
	require.Equal(t, []pitwall.Dec{pitwall.Int(100_000), a.Equity, a.Equity - a.Unrealized - pitwall.Int(100_000)}, []pitwall.Dec{a.Start, a.PeakEquity, a.Realized})
	last, n := d.Last()
	require.Equal(t, 1, n)
	require.Equal(t, a.Cash, last.Cash)
	require.Equal(t, pitwall.SimProgress{From: begun, Bars: 1}, d.Progress())
	points := d.Equity()
	require.Len(t, points, 1)
	require.Equal(t, pitwall.EquityPoint{Time: d.b.Now(), Equity: a.Equity, Cash: a.Cash}, points[0])
	d.b.cash = -pitwall.Int(11) // the market takes what no fill explains
	require.Empty(t, d.sync(t))
	require.Len(t, d.Flows(d.b.Now().Add(-1)), 1)
	require.Empty(t, d.Flows(d.b.Now()), "after, not at")
	_, err = d.b.Next(ctx, d.b.Now())
	require.NoError(t, err)
	require.Empty(t, d.sync(t))
	a, err = d.Account(ctx, pitwall.MainBook)
	require.NoError(t, err)
	require.Equal(t, pitwall.Int(100_000), a.PeakEquity, "what it was at its highest")
	s, err := d.Replace(ctx, "b", pitwall.Change{Limit: pitwall.Int(51)})
	require.NoError(t, err)
	require.Equal(t, pitwall.Int(51), s.Limit)
	s, err = d.Cancel(ctx, "b")
	require.NoError(t, err)
	require.Equal(t, pitwall.Canceled, s.Status)
	list, err := d.Orders(ctx, pitwall.OrderQuery{ID: "a"})
	require.NoError(t, err)
	require.Equal(t, pitwall.Filled, list[0].Status)
	fills, _, err := d.Fills(ctx, pitwall.Cursor{})
	require.NoError(t, err)
	require.Len(t, fills, 1)
	d.b.gain = pitwall.Int(80)
	a, err = d.Account(ctx, pitwall.MainBook)
	require.NoError(t, err)
	require.Equal(t, []pitwall.Dec{pitwall.Int(100_080), pitwall.Int(60)}, []pitwall.Dec{a.PeakEquity, a.Realized})
	d.b.fail = errors.New("no answer")
	_, err = d.Account(ctx, pitwall.MainBook)
	require.EqualError(t, err, "no answer")
}
