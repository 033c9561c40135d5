package risk_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
)

// noon is when the tests take place; days before it have bars.
var noon = time.Date(2024, 6, 3, 12, 0, 0, 0, time.UTC)

// at is a clock that stands where it was put.
type at struct{ time.Time }

func (a *at) Now() time.Time                                     { return a.Time }
func (a *at) Next(context.Context, time.Time) (time.Time, error) { return a.Time, nil }

func (m *market) Count(_ context.Context, symbol string) (int, error) {
	return len(m.bars[symbol]), nil
}
func (m *market) Digest() string { return "" }

// market knows what it was given.
type market struct {
	bars map[string][]pitwall.Bar
	list map[string]pitwall.Instrument
}

func (m *market) Last(_ context.Context, symbol string) (pitwall.Bar, error) {
	if b := m.bars[symbol]; len(b) > 0 {
		return b[len(b)-1], nil
	}
	return pitwall.Bar{}, pitwall.Errorf(pitwall.NoPrice, "none")
}

func (m *market) Bars(_ context.Context, q pitwall.BarQuery) (out []pitwall.Bar, err error) {
	for _, b := range m.bars[q.Symbol] {
		if b.Known.After(q.After) {
			out = append(out, b)
		}
	}
	return out, nil
}

func (m *market) Instrument(symbol string) (pitwall.Instrument, error) {
	if i, ok := m.list[symbol]; ok {
		return i, nil
	}
	return pitwall.Instrument{}, pitwall.Errorf(pitwall.UnknownSymbol, "%q is not here", symbol)
}

func (m *market) Instruments() (out []pitwall.Instrument) { return nil }

// put adds a symbol whose newest bar was known at noon.
func (m *market) put(symbol, price, sector string) {
	p, _ := pitwall.ParseDec(price)
	m.list[symbol] = pitwall.Instrument{Symbol: symbol, Kind: pitwall.Equity, Currency: "USD", Sector: sector, Lot: pitwall.One, Tradable: true}
	m.bars[symbol] = []pitwall.Bar{{Symbol: symbol, Start: noon.Add(-3 * time.Hour), End: noon, Known: noon, Open: p, High: p, Low: p, Close: p, Volume: 1e6}}
}

// venue is a broker that keeps orders and positions and refuses nothing, so that
// whatever goes wrong is the guard's. Tests fill its orders when they like.
type venue struct {
	mu      sync.Mutex
	orders  []*pitwall.OrderState
	held    map[string]pitwall.Dec
	symbols []string // of positions, in order
	cash    pitwall.Dec
	sent    int           // calls of Submit and Replace that reached it
	last    pitwall.Order // of the last Submit, repeats too
	market  *market
	blind   bool // it does not answer questions
	fills   []pitwall.Fill

	start, peak pitwall.Dec // of its account
	marks       pitwall.Marks
}

func (v *venue) find(id string) *pitwall.OrderState {
	for _, o := range v.orders {
		if o.ID == id {
			return o
		}
	}
	return nil
}

func (v *venue) Submit(_ context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.last = o
	if old := v.find(o.ID); old != nil {
		return *old, nil
	}
	v.sent++
	s := &pitwall.OrderState{Order: o, Status: pitwall.Working}
	v.orders = append(v.orders, s)
	for _, leg := range o.Legs {
		child := pitwall.Order{ID: o.ID + "." + string(leg.Role), Symbol: o.Symbol, Side: other(o.Side), Qty: o.Qty, Type: pitwall.LimitOrder, Limit: leg.Limit, Stop: leg.Stop, Parent: o.ID, Role: leg.Role, ReduceOnly: true}
		status := pitwall.Held
		if o.Class == pitwall.OCO { // it trades through its legs, at once
			child.Side, child.Group, status = o.Side, "legs of "+o.ID, pitwall.Working
		}
		v.orders = append(v.orders, &pitwall.OrderState{Order: child, Status: status})
	}
	return *s, nil
}

func other(s pitwall.Side) pitwall.Side {
	if s == pitwall.Buy {
		return pitwall.Sell
	}
	return pitwall.Buy
}

func (v *venue) Replace(_ context.Context, id string, c pitwall.Change) (pitwall.OrderState, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sent++
	o := v.find(id)
	if c.Qty != 0 {
		o.Qty = c.Qty
	}
	if c.Limit != 0 {
		o.Limit = c.Limit
	}
	return *o, nil
}

func (v *venue) Cancel(_ context.Context, id string) (pitwall.OrderState, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	o := v.find(id)
	if o == nil {
		return pitwall.OrderState{}, pitwall.Errorf(pitwall.UnknownOrder, "no order %q", id)
	}
	o.Status = pitwall.Canceled
	return *o, nil
}

func (v *venue) Orders(_ context.Context, q pitwall.OrderQuery) (out []pitwall.OrderState, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.blind {
		return nil, context.DeadlineExceeded
	}
	for _, o := range v.orders {
		if (q.ID == "" || q.ID == o.ID) && (!q.Open || o.Status.Open()) {
			out = append(out, *o)
		}
	}
	if q.ID != "" && len(out) == 0 {
		return nil, pitwall.Errorf(pitwall.UnknownOrder, "no order %q", q.ID)
	}
	return out, nil
}

func (v *venue) Fills(_ context.Context, since pitwall.Cursor) ([]pitwall.Fill, pitwall.Cursor, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.blind {
		return nil, pitwall.Cursor{}, context.DeadlineExceeded
	}
	return v.fills[since.Seq:], pitwall.Cursor{Seq: int64(len(v.fills))}, nil
}

func (v *venue) Account(context.Context, string) (pitwall.Account, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.blind {
		return pitwall.Account{}, context.DeadlineExceeded
	}
	a := pitwall.Account{Book: pitwall.MainBook, Cash: v.cash, BuyingPower: v.cash, Equity: v.cash, Start: v.start, Marks: v.marks}
	a.PeakEquity = max(a.PeakEquity, v.peak)
	for _, s := range v.symbols {
		if q := v.held[s]; q != 0 {
			a.Positions = append(a.Positions, pitwall.Position{Symbol: s, Qty: q})
		}
	}
	return a, nil
}

// fill trades part of an order as a venue must: a reducing order never opens, and
// the first fill of a group cancels the others.
func (v *venue) fill(id string, qty pitwall.Dec) {
	v.mu.Lock()
	defer v.mu.Unlock()
	o := v.find(id)
	if !o.Status.Open() || o.Status == pitwall.Held {
		return
	}
	signed := min(qty, o.Remaining())
	if o.ReduceOnly {
		room := v.held[o.Symbol]
		if o.Side == pitwall.Buy {
			room = -room
		}
		signed = min(signed, max(0, room))
	}
	if signed == 0 {
		return
	}
	o.Filled += signed
	o.Status = pitwall.PartiallyFilled
	if o.Remaining() == 0 {
		o.Status = pitwall.Filled
	}
	if o.Side == pitwall.Sell {
		signed = -signed
	}
	v.move(o.Symbol, signed)
	for _, p := range v.orders {
		if o.Group != "" && p != o && p.Group == o.Group && p.Status.Open() {
			p.Status = pitwall.Canceled
		}
		if p.Parent == o.ID && p.Status == pitwall.Held {
			p.Status = pitwall.Working
		}
	}
}

// move changes a position.
func (v *venue) move(symbol string, qty pitwall.Dec) {
	if _, ok := v.held[symbol]; !ok {
		v.symbols = append(v.symbols, symbol)
	}
	v.held[symbol] += qty
}

// desk is a guard over a venue, with everything at hand.
type desk struct {
	*risk.Guard
	*venue
	market  *market
	clock   *at
	journal *pitwall.MemoryJournal
}

// newDesk knows A at 100 (tech), B at 50 (tech) and C at 10 (food); equity 10,000.
func newDesk(t require.TestingT, limits map[string]any) *desk {
	l, err := risk.Parse(limits)
	require.NoError(t, err)
	return deskWith(l)
}

func deskWith(l risk.Limits) *desk {
	m := &market{map[string][]pitwall.Bar{}, map[string]pitwall.Instrument{}}
	m.put("A", "100", "tech")
	m.put("B", "50", "tech")
	m.put("C", "10", "food")
	d := &desk{market: m, clock: &at{noon}, journal: &pitwall.MemoryJournal{}, venue: &venue{held: map[string]pitwall.Dec{}, cash: pitwall.Int(10_000), market: m}}
	d.Guard = risk.New(d.venue, d.journal, d.clock, m, m, l)
	return d
}

// submit sends through the guard.
func (d *desk) submit(t require.TestingT, o pitwall.Order) pitwall.OrderState {
	s, err := d.Guard.Submit(context.Background(), o)
	require.NoError(t, err)
	return s
}

// rest puts an order into the venue past the guard: what was there before.
func (d *desk) rest(t *testing.T, o pitwall.Order) {
	t.Helper()
	_, err := d.venue.Submit(context.Background(), o)
	require.NoError(t, err)
	d.venue.sent = 0
}

// The orders of the tests. Books are left to their default.
func marketOrder(id, symbol string, side pitwall.Side, qty pitwall.Dec) pitwall.Order {
	return pitwall.Order{ID: id, Symbol: symbol, Side: side, Type: pitwall.MarketOrder, Qty: qty}
}

func limitOrder(id, symbol string, side pitwall.Side, qty, price pitwall.Dec) pitwall.Order {
	o := marketOrder(id, symbol, side, qty)
	o.Type, o.Limit = pitwall.LimitOrder, price
	return o
}
