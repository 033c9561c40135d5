package mirror_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/mirror"
	"pitwall/brokers/risk"
	"pitwall/sim"
	"pitwall/sim/wall"
)

// weather is a venue whose answers are lost, late or old, as a random source says.
type weather struct {
	*sim.Venue
	r    *rand.Rand
	fine bool
	late map[string]*delayed      // orders that got no answer and have not arrived
	lost map[string]pitwall.Order // orders that got no answer, as this process knows
	old  *pitwall.Account         // the account as it was read last
	lies int                      // how many answers may still be old: a difference counts after three readings
}

// delayed is an order on its way.
type delayed struct {
	o    pitwall.Order
	left int // questions about it until it arrives
}

// bad reports whether one in n calls meets a fault.
func (w *weather) bad(n int) bool { return !w.fine && w.r.IntN(n) == 0 }

func (w *weather) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	if _, err := w.Venue.Orders(ctx, pitwall.OrderQuery{ID: o.ID}); err == nil {
		return w.Venue.Submit(ctx, o)
	}
	old, ok := w.lost[o.ID]
	switch {
	case ok && !old.SameAs(o):
		return pitwall.OrderState{}, pitwall.Errorf(pitwall.IdempotencyConflict, "order id %q was used", o.ID)
	case w.late[o.ID] != nil:
		return unknown(o), nil
	case !ok:
		w.lost[o.ID] = o
		switch {
		case w.bad(40): // it never arrives
			return unknown(o), nil
		case w.bad(20): // it arrives, and the answer is lost
			_, err := w.Venue.Submit(ctx, o)
			return unknown(o), err
		case w.bad(20): // it arrives later
			w.late[o.ID] = &delayed{o, 1 + w.r.IntN(9)}
			return unknown(o), nil
		}
	}
	delete(w.lost, o.ID)
	return w.Venue.Submit(ctx, o)
}

// unknown is the state of an order without an answer.
func unknown(o pitwall.Order) pitwall.OrderState {
	return pitwall.OrderState{Order: o, Status: pitwall.Unknown, Error: noAnswer()}
}

func noAnswer() *pitwall.Error { return pitwall.Errorf(pitwall.Timeout, "no answer") }

func (w *weather) Cancel(ctx context.Context, id string) (pitwall.OrderState, error) {
	if w.bad(10) {
		return pitwall.OrderState{}, noAnswer()
	}
	s, err := w.Venue.Cancel(ctx, id)
	if w.bad(10) {
		return pitwall.OrderState{}, noAnswer()
	}
	return s, err
}

func (w *weather) Replace(ctx context.Context, id string, c pitwall.Change) (pitwall.OrderState, error) {
	if w.bad(10) {
		return pitwall.OrderState{}, noAnswer()
	}
	s, err := w.Venue.Replace(ctx, id, c)
	if w.bad(10) {
		return pitwall.OrderState{}, noAnswer()
	}
	return s, err
}

// Orders lists what this process knows to be without an answer as unknown, as the adapter
// of Alpaca does.
func (w *weather) Orders(ctx context.Context, q pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	if d := w.late[q.ID]; d != nil {
		if d.left--; d.left == 0 {
			delete(w.late, q.ID)
			if _, err := w.Venue.Submit(ctx, d.o); err != nil {
				return nil, err
			}
		}
	}
	if w.bad(60) {
		return nil, noAnswer()
	}
	list, err := w.Venue.Orders(ctx, q)
	o, lost := w.lost[q.ID]
	switch {
	case lost && err == nil:
		delete(w.lost, q.ID)
	case lost:
		return []pitwall.OrderState{unknown(o)}, nil
	case q.Open:
		for id, o := range w.lost {
			if _, err := w.Venue.Orders(ctx, pitwall.OrderQuery{ID: id}); err != nil {
				list = append(list, unknown(o))
			}
		}
	}
	return list, err
}

func (w *weather) Fills(ctx context.Context, since pitwall.Cursor) ([]pitwall.Fill, pitwall.Cursor, error) {
	if w.bad(60) {
		return nil, pitwall.Cursor{}, noAnswer()
	}
	list, next, err := w.Venue.Fills(ctx, since)
	switch {
	case len(list) > 0 && w.lies > 0 && w.bad(4): // the newest is listed late
		w.lies--
		return list[:len(list)-1], since, err
	case len(list) > 0 && w.bad(4): // and each again
		return append(list, list...), since, err
	}
	return list, next, err
}

func (w *weather) Account(ctx context.Context, book string) (pitwall.Account, error) {
	if w.bad(60) {
		return pitwall.Account{}, noAnswer()
	}
	a, err := w.Venue.Account(ctx, book)
	if old := w.old; old != nil && w.lies > 0 && w.bad(10) {
		w.lies--
		return *old, err
	}
	w.old = &a
	return a, err
}

// tape is what every world of the steps trades over: three symbols of random bars.
func tape() (list source) {
	r := rand.New(rand.NewPCG(7, 7))
	for _, symbol := range []string{"A", "B", "C"} {
		s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: symbol, Kind: pitwall.Equity, Lot: pitwall.One, Tick: pitwall.One / 100, Zone: time.UTC, Tradable: true}, Size: 24 * time.Hour}
		p := pitwall.Int(100)
		for day := range 400 {
			start, o := time.Date(2024, 1, 1+day, 14, 30, 0, 0, time.UTC), p
			p = max(pitwall.Int(20), (p + pitwall.Dec(r.Int64N(int64(6*pitwall.One))) - 3*pitwall.One).Round(2))
			_ = s.Append(pitwall.Bar{Open: o, High: max(o, p) + pitwall.One, Low: min(o, p) - pitwall.One, Close: p, Volume: 400, Start: start, End: start.Add(6 * time.Hour), Known: start.Add(6 * time.Hour)})
		}
		list = append(list, s)
	}
	return list
}

// The limits of the steps.
const (
	mostHeld = 60
	mostOpen = 8
	mostQty  = 40
)

// walk is a world of the steps.
type walk struct {
	*weather
	t       *testing.T
	seed    uint64
	m       *mirror.Mirror
	guard   *risk.Guard
	j       *pitwall.MemoryJournal
	wall    *wall.Wall
	limits  risk.Limits
	ids     int
	intents map[string]int // by id, as journaled
	read    int64          // lines of the journal that are in intents
	// What is known without the product's own sums.
	cursor pitwall.Cursor
	cash   pitwall.Dec
	held   map[string]pitwall.Dec
	fills  int
	last   time.Time
}

func newWalk(t *testing.T, seed uint64, src source, limits risk.Limits) *walk {
	j := &pitwall.MemoryJournal{}
	v, err := sim.New(sim.Config{Source: src, Symbols: []string{"A", "B", "C"}, From: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Cash: pitwall.Int(1_000_000), Terms: pitwall.Terms{Type: pitwall.MarginAccount},
		Costs: pitwall.Costs{CommissionBps: pitwall.Int(2)}, Rules: pitwall.Rules{VolumeShare: pitwall.One / 10}, Journal: &pitwall.MemoryJournal{}})
	require.NoError(t, err)
	_, err = v.Next(context.Background(), v.Now())
	require.NoError(t, err)
	w := &walk{weather: &weather{Venue: v, r: rand.New(rand.NewPCG(seed, 9)), fine: true, late: map[string]*delayed{}, lost: map[string]pitwall.Order{}}, t: t, seed: seed, j: j, limits: limits, intents: map[string]int{}, cash: pitwall.Int(1_000_000), held: map[string]pitwall.Dec{}}
	w.wall = wall.New(src, v.Now, []string{"A", "B", "C"})
	w.restart()
	w.fine = false
	return w
}

// restart is another process over the same journal.
func (w *walk) restart() {
	before := w.fine
	w.fine, w.lost = true, map[string]pitwall.Order{}
	m, err := mirror.Open(context.Background(), mirror.Config{Broker: w.weather, Journal: w.j, Pause: func(context.Context) error { return nil }}, w.Now())
	require.NoError(w.t, err)
	w.m, w.fine = m, before
	w.guard = risk.New(w.m, w.j, w, w.wall, w.wall, w.limits)
	w.sync()
}

// sync compares until the account can be read; nothing may differ.
func (w *walk) sync() {
	honest := true
	for {
		w.lies = 2
		list, err := w.m.Sync(context.Background(), w.Now(), true)
		if len(list) > 0 {
			require.Empty(w.t, list, "seed %d", w.seed)
		}
		honest = w.lies == 2 // an old account beside old fills is no difference
		if w.lies = 0; err == nil {
			break
		}
		require.Equal(w.t, pitwall.Timeout, pitwall.CodeOf(err), "seed %d: %v", w.seed, err)
	}
	if flows := w.m.Flows(time.Time{}); len(flows) > 0 {
		require.Empty(w.t, flows, "seed %d: money that no fill explains", w.seed)
	}
	a, err := w.Venue.Account(context.Background(), pitwall.MainBook)
	require.NoError(w.t, err)
	if got, _ := w.m.Last(); honest && (got.Cash != a.Cash || len(got.Positions) != len(a.Positions)) {
		require.Equal(w.t, a, got, "seed %d: the journal's account is another", w.seed)
	}
}

// step does one thing at random. io.EOF: no bar is left.
func (w *walk) step() error {
	ctx, r := context.Background(), w.r
	some := func() string { return "o" + strconv.Itoa(w.ids-r.IntN(min(w.ids, 8)+1)) }
	switch n := r.IntN(100); {
	case n < 30:
		w.ids++
		_, err := w.guard.Submit(ctx, w.order())
		return passing(err)
	case n < 35: // again
		o := w.order()
		if o.ID = some(); w.intents[o.ID] == 0 {
			return nil
		}
		if old, err := w.Venue.Orders(ctx, pitwall.OrderQuery{ID: o.ID}); err == nil && r.IntN(2) == 0 {
			o = old[0].Order
		}
		_, err := w.guard.Submit(ctx, o)
		return passing(err)
	case n < 50:
		_, err := w.guard.Cancel(ctx, some())
		return passing(err)
	case n < 60:
		_, err := w.guard.Replace(ctx, some(), pitwall.Change{Qty: pitwall.Int(1 + r.Int64N(mostQty/2)), Limit: pitwall.Int(60 + r.Int64N(80))})
		return passing(err)
	case n < 90:
		_, err := w.Venue.Next(ctx, w.Now())
		return err
	case n < 99:
		w.sync()
	default:
		w.restart()
	}
	return nil
}

// order is a new one, of any size and kind.
func (w *walk) order() pitwall.Order {
	r := w.r
	o := pitwall.Order{ID: "o" + strconv.Itoa(w.ids), Book: pitwall.MainBook, Symbol: []string{"A", "B", "C"}[r.IntN(3)], Side: pitwall.Buy, Type: pitwall.MarketOrder, Class: pitwall.Simple, Qty: pitwall.Int(1 + r.Int64N(9)*r.Int64N(6)), TIF: pitwall.GTC}
	if r.IntN(2) == 0 {
		o.Side = pitwall.Sell
	}
	switch r.IntN(4) {
	case 0:
		o.Type, o.Limit = pitwall.LimitOrder, pitwall.Int(60+r.Int64N(80))
	case 1:
		o.TIF = pitwall.Day
	case 2:
		o.Type, o.Stop = pitwall.StopOrder, pitwall.Int(60+r.Int64N(80))
	}
	return o
}

// passing keeps what may never happen: everything else is an answer.
func passing(err error) error {
	switch code := pitwall.CodeOf(err); {
	case err == nil, code != "" && code != pitwall.JournalFailed && code != pitwall.Ledger:
		return nil
	}
	return err
}

// check is F1's invariants, from the venue's own fills and orders.
func (w *walk) check() error {
	ctx := context.Background()
	now := w.Now()
	if now.Before(w.last) {
		return fmt.Errorf("the clock went back to %v", now)
	}
	w.last = now
	fills, next, err := w.Venue.Fills(ctx, w.cursor)
	if err != nil {
		return err
	}
	w.cursor, w.fills = next, w.fills+len(fills)
	for _, f := range fills {
		qty := f.Qty
		if f.Side == pitwall.Sell {
			qty = -qty
		}
		w.held[f.Symbol] += qty
		w.cash -= times(qty, f.Price) + f.Fee
		if w.intents[f.OrderID] != 1 {
			return fmt.Errorf("fill %s is of order %s with %d intents", f.ID, f.OrderID, w.intents[f.OrderID])
		}
	}
	return errors.Join(w.ledger(ctx), w.exposure(ctx), w.recorded(), w.unseen(ctx, now))
}

// ledger: cash and positions are those of the fills, and equity is their sum.
func (w *walk) ledger(ctx context.Context) error {
	a, err := w.Venue.Account(ctx, pitwall.MainBook)
	if err != nil {
		return err
	}
	equity := a.Cash
	for _, p := range a.Positions {
		equity += times(p.Qty, p.Last)
		if w.held[p.Symbol] != p.Qty {
			return fmt.Errorf("%v %s are held, the fills say %v", p.Qty, p.Symbol, w.held[p.Symbol])
		}
	}
	if a.Cash != w.cash || a.Equity != equity {
		return fmt.Errorf("cash %v and equity %v; the fills say %v and %v", a.Cash, a.Equity, w.cash, equity)
	}
	return nil
}

// exposure: whatever fills, no limit is passed, orders on their way counted.
func (w *walk) exposure(ctx context.Context) error {
	open, err := w.Venue.Orders(ctx, pitwall.OrderQuery{Open: true})
	if err != nil {
		return err
	}
	for _, d := range w.late {
		open = append(open, pitwall.OrderState{Order: d.o})
	}
	if len(open) > mostOpen {
		var ids []string
		for _, o := range open {
			ids = append(ids, fmt.Sprint(o.ID, " ", o.Status))
		}
		return fmt.Errorf("%d orders are open: %v", len(open), ids)
	}
	for symbol, held := range map[string]pitwall.Dec{"A": w.held["A"], "B": w.held["B"], "C": w.held["C"]} {
		up, down := held, held
		for _, o := range open {
			switch {
			case o.Symbol != symbol:
			case o.Side == pitwall.Buy:
				up += o.Remaining()
			default:
				down -= o.Remaining()
			}
		}
		if up > pitwall.Int(mostHeld) || down < -pitwall.Int(mostHeld) {
			return fmt.Errorf("%s may become %v or %v", symbol, up, down)
		}
	}
	return nil
}

// recorded: an order at the venue has one intent.
func (w *walk) recorded() error {
	if w.read >= w.j.Last() {
		return nil
	}
	for e, err := range w.j.Follow(context.Background(), w.read+1) {
		if err != nil {
			return err
		}
		if w.read = e.Seq; e.Kind == pitwall.EntryIntent && e.Verb == "submit" {
			if w.intents[e.ID]++; w.intents[e.ID] > 1 {
				return fmt.Errorf("order %s has a second intent", e.ID)
			}
		} else if e.State != nil && e.State.Error != nil && e.State.Error.Code == pitwall.UnknownOrder {
			w.intents[e.ID]-- // the broker does not have it: its id is free
		}
		if w.read >= w.j.Last() {
			break
		}
	}
	return nil
}

// unseen: no bar is shown before it is known.
func (w *walk) unseen(ctx context.Context, now time.Time) error {
	for _, symbol := range []string{"A", "B", "C"} {
		b, err := w.wall.Last(ctx, symbol)
		if err != nil || b.Known.After(now) {
			return fmt.Errorf("%v shows a bar of %v: %w", now, b.Known, err)
		}
	}
	return nil
}

// times is a product; figures here are small.
func times(a, b pitwall.Dec) pitwall.Dec {
	p, err := a.Mul(b)
	if err != nil {
		panic(err)
	}
	return p
}

// agrees compares the journal's orders with the venue's at the end: the journal is the
// state. It returns how many there are.
func (w *walk) agrees() int {
	status := map[string]pitwall.Status{}
	for _, e := range w.j.Entries() {
		if e.Kind == pitwall.EntryOrder && e.State != nil && (e.State.Status != pitwall.Denied || status[e.ID] == "") {
			status[e.ID] = e.State.Status
		}
	}
	list, err := w.Venue.Orders(context.Background(), pitwall.OrderQuery{})
	require.NoError(w.t, err)
	for _, s := range list {
		if w.intents[s.ID] != 1 || status[s.ID] != s.Status {
			require.Equal(w.t, s.Status, status[s.ID], "seed %d: order %s with %d intents", w.seed, s.ID, w.intents[s.ID])
			require.Equal(w.t, 1, w.intents[s.ID], "seed %d: order %s", w.seed, s.ID)
		}
	}
	return len(list)
}

// Next implements pitwall.Clock; no step of the guard asks.
func (w *walk) Next(ctx context.Context, after time.Time) (time.Time, error) { return w.Now(), nil }

// F1, T9 and T14: seeded steps of trading at a broker with lost, late, old and repeated
// answers, with the invariants after every one. 20,000 of them, 1,000,000 in .ci/run, or as
// many as PITWALL_STEPS says.
func TestSimulatedSteps(t *testing.T) {
	steps := uint64(20_000)
	if testing.Short() {
		steps = 4_000
	} else if os.Getenv("PITWALL_LONG") != "" {
		steps = 1_000_000
	}
	if n, err := strconv.ParseUint(os.Getenv("PITWALL_STEPS"), 10, 64); err == nil {
		steps = n
	}
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	limits, err := risk.Parse(map[string]any{"max_position_qty": mostHeld, "max_open_orders": mostOpen, "max_order_qty": mostQty, "stale_price": "240h"})
	require.NoError(t, err)
	src, begun, orders, fills := tape(), time.Now(), 0, 0
	var done uint64
	for seed := uint64(0); done < steps; seed++ {
		w := newWalk(t, seed, src, limits)
		for n := 0; n < 1_000 && done < steps; n++ {
			err := w.step()
			if errors.Is(err, io.EOF) {
				break
			}
			if err := errors.Join(err, w.recorded()); err != nil {
				require.NoError(t, err, "seed %d, step %d", seed, n)
			}
			if err := w.check(); err != nil {
				require.NoError(t, err, "seed %d, step %d", seed, n)
			}
			done++
		}
		w.fine = true
		w.sync()
		orders, fills = orders+w.agrees(), fills+w.fills
	}
	require.Greater(t, orders, int(steps/15))
	t.Logf("%d steps, %d orders, %d fills: no violation found; %.0f steps/s", done, orders, fills, float64(done)/time.Since(begun).Seconds())
}
