// Package brokertest is the judge of pitwall.Broker: every broker, the simulated
// venue included, and every guard around one must pass [Run].
//
//	func TestContract(t *testing.T) { brokertest.Run(t, newHarness) }
//
// It checks what callers rely on: an order's ID is its identity, every method is
// safe to repeat, refusals say why, fills can be read from a cursor without a
// gap or a duplicate, and the account adds up.
//
// # To add a broker
//
// Write brokers/<name>/: a pitwall.Broker, whose test calls Run. Add its package to
// layers_test.go and a row to brokers in cmd/pitwall/providers.go (name, modes, the
// variables of its keys, constructor). Let go test ./cmd/pitwall -run
// TestDoctorGolden -update write cmd/pitwall/testdata/verbs/doctor.txt.
//
// # To add a rule
//
// Add a case to Run when every broker can be held to it; rules of one broker
// stay in its own tests.
package brokertest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// Harness is one fresh broker to judge. It must hold enough cash for 100 units
// of Symbol and nothing else.
type Harness struct {
	Broker pitwall.Broker
	Symbol string
	Kind   pitwall.Kind // of Symbol; empty = a share
	// Far is a limit price for buys that is never reached, Above one for sells: a broker
	// that takes no exits by percent is judged with them as prices. Zero = it takes percents.
	Far, Above pitwall.Dec
	// ExitsEndTogether says that canceling one exit of a bracket cancels the other too.
	ExitsEndTogether bool
	// Step lets the market move once, so that market orders fill.
	Step func(t *testing.T)
}

// Run judges brokers made by fresh; each case gets one of its own.
func Run(t *testing.T, fresh func(t *testing.T) Harness) {
	for name, check := range map[string]func(t *testing.T, h Harness){
		"same id, one order":           sameID,
		"same id, another body":        conflict,
		"same id from many at once":    race,
		"cancel is safe to repeat":     cancel,
		"replace changes what it says": replace,
		"unknown ids are errors":       unknown,
		"refusals say why":             refusals,
		"the shared rules hold":        sharedRules,
		"fills by cursor":              fills,
		"the account adds up":          account,
		"queries select":               queries,
		"exits wait for their entry":   exits,
	} {
		t.Run(name, func(t *testing.T) { check(t, fresh(t)) })
	}
}

// market is an order that fills at the next step, limit one that rests.
func (h Harness) market(id string, side pitwall.Side, qty int64) pitwall.Order {
	return pitwall.Order{ID: id, Book: pitwall.MainBook, Symbol: h.Symbol, Side: side, Type: pitwall.MarketOrder, Qty: pitwall.Int(qty), TIF: pitwall.GTC}
}

func (h Harness) limit(id string, qty int64) pitwall.Order {
	o := h.market(id, pitwall.Buy, qty)
	o.Type, o.Limit = pitwall.LimitOrder, h.Far
	return o
}

func submit(t *testing.T, h Harness, o pitwall.Order) pitwall.OrderState {
	t.Helper()
	s, err := h.Broker.Submit(context.Background(), o)
	require.NoError(t, err)
	require.Equal(t, o.ID, s.ID)
	return s
}

func orders(t *testing.T, h Harness, q pitwall.OrderQuery) []pitwall.OrderState {
	t.Helper()
	list, err := h.Broker.Orders(context.Background(), q)
	require.NoError(t, err)
	return list
}

func sameID(t *testing.T, h Harness) {
	one := submit(t, h, h.limit("a", 1))
	require.Equal(t, pitwall.Working, one.Status)
	two := submit(t, h, h.limit("a", 1))
	require.Equal(t, one.Accepted, two.Accepted, "the first outcome")
	require.False(t, one.Repeated)
	require.True(t, two.Repeated)
	again := h.limit("a", 1)
	again.Reason, again.By = "said otherwise", pitwall.Caller{Principal: "another"}
	submit(t, h, again)
	require.Len(t, orders(t, h, pitwall.OrderQuery{}), 1)
}

func conflict(t *testing.T, h Harness) {
	submit(t, h, h.limit("a", 1))
	_, err := h.Broker.Submit(context.Background(), h.limit("a", 2))
	require.Equal(t, pitwall.IdempotencyConflict, pitwall.CodeOf(err))
	require.Equal(t, pitwall.Int(1), orders(t, h, pitwall.OrderQuery{ID: "a"})[0].Qty)
}

func race(t *testing.T, h Harness) {
	var wg sync.WaitGroup
	for range 32 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if _, err := h.Broker.Submit(context.Background(), h.limit("a", 1)); err != nil {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
	require.Len(t, orders(t, h, pitwall.OrderQuery{}), 1)
}

func cancel(t *testing.T, h Harness) {
	ctx := context.Background()
	submit(t, h, h.limit("a", 1))
	for range 2 {
		s, err := h.Broker.Cancel(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, pitwall.Canceled, s.Status)
	}
	submit(t, h, h.market("b", pitwall.Buy, 1))
	h.Step(t)
	_, err := h.Broker.Cancel(ctx, "b")
	require.Equal(t, pitwall.OrderClosed, pitwall.CodeOf(err), "what is filled cannot be canceled")
	_, err = h.Broker.Replace(ctx, "a", pitwall.Change{Qty: pitwall.Int(2)})
	require.Equal(t, pitwall.OrderClosed, pitwall.CodeOf(err))
}

func replace(t *testing.T, h Harness) {
	submit(t, h, h.limit("a", 5))
	s, err := h.Broker.Replace(context.Background(), "a", pitwall.Change{Qty: pitwall.Int(3)})
	require.NoError(t, err)
	require.Equal(t, pitwall.Int(3), s.Qty)
	require.Equal(t, h.Far, s.Limit, "what is not named stays")
	submit(t, h, h.limit("a", 5)) // the order as it was asked for is still this order
	require.Equal(t, pitwall.Int(3), orders(t, h, pitwall.OrderQuery{ID: "a"})[0].Qty)
}

func unknown(t *testing.T, h Harness) {
	ctx := context.Background()
	_, err := h.Broker.Cancel(ctx, "nope")
	require.Equal(t, pitwall.UnknownOrder, pitwall.CodeOf(err))
	_, err = h.Broker.Replace(ctx, "nope", pitwall.Change{Qty: pitwall.One})
	require.Equal(t, pitwall.UnknownOrder, pitwall.CodeOf(err))
	_, err = h.Broker.Orders(ctx, pitwall.OrderQuery{ID: "nope"})
	require.Equal(t, pitwall.UnknownOrder, pitwall.CodeOf(err))
}

func refusals(t *testing.T, h Harness) {
	for i, o := range []pitwall.Order{h.market("", pitwall.Buy, 10_000_000), h.market("", pitwall.Sell, 1)} {
		o.ID = fmt.Sprint("r", i)
		s := submit(t, h, o)
		require.Contains(t, []pitwall.Status{pitwall.Rejected, pitwall.Denied}, s.Status)
		require.NotNil(t, s.Error)
		require.NotEmpty(t, s.Error.Message)
	}
	h.Step(t)
	list, _, err := h.Broker.Fills(context.Background(), pitwall.Cursor{})
	require.NoError(t, err)
	require.Empty(t, list)
}

// sharedRules: what Order.Check refuses is refused with its code, and a broker
// fills in the same defaults.
func sharedRules(t *testing.T, h Harness) {
	target, stop := pitwall.Leg{Role: pitwall.TakeProfit, Percent: pitwall.Int(5)}, pitwall.Leg{Role: pitwall.StopLoss, Percent: pitwall.Int(5)}
	for name, spoil := range map[string]func(o *pitwall.Order){
		"side":              func(o *pitwall.Order) { o.Side = "hold" },
		"type":              func(o *pitwall.Order) { o.Type = "iceberg" },
		"price not taken":   func(o *pitwall.Order) { o.Limit = h.Far },
		"price missing":     func(o *pitwall.Order) { o.Type = pitwall.StopLimit },
		"price below 0":     func(o *pitwall.Order) { o.Type, o.Limit = pitwall.LimitOrder, -h.Far },
		"two trails":        func(o *pitwall.Order) { o.Type, o.Trail, o.TrailPercent = pitwall.TrailingStop, 1, 1 },
		"trail of all":      func(o *pitwall.Order) { o.Type, o.TrailPercent = pitwall.TrailingStop, pitwall.Int(100) },
		"tif":               func(o *pitwall.Order) { o.TIF = "forever" },
		"gtd without end":   func(o *pitwall.Order) { o.TIF = pitwall.GTD },
		"stop at the close": func(o *pitwall.Order) { o.Type, o.Stop, o.TIF = pitwall.StopOrder, h.Far, pitwall.CLS },
		"leg of no role":    func(o *pitwall.Order) { o.Class, o.Legs = pitwall.OTO, []pitwall.Leg{{Percent: pitwall.One}} },
		"leg with no price": func(o *pitwall.Order) { o.Class, o.Legs = pitwall.OTO, []pitwall.Leg{{Role: pitwall.StopLoss}} },
		"legs of a simple":  func(o *pitwall.Order) { o.Class, o.Legs = pitwall.Simple, []pitwall.Leg{stop} },
		"two targets":       func(o *pitwall.Order) { o.Class, o.Legs = pitwall.Bracket, []pitwall.Leg{target, target} },
		"grouped bracket":   func(o *pitwall.Order) { o.Class, o.Legs, o.Group = pitwall.Bracket, []pitwall.Leg{target, stop}, "g" },
		"qty 0":             func(o *pitwall.Order) { o.Qty = 0 },
		"qty below 0":       func(o *pitwall.Order) { o.Qty = -o.Qty },
	} {
		o := h.market(name, pitwall.Buy, 1)
		spoil(&o)
		want := o.WithDefaults().Check(pitwall.Instrument{Symbol: h.Symbol, Lot: pitwall.One}, 0, time.Time{})
		require.NotNil(t, want, name)
		s := submit(t, h, o)
		require.Contains(t, []pitwall.Status{pitwall.Rejected, pitwall.Denied}, s.Status, name)
		require.NotNil(t, s.Error, name)
		require.Equal(t, want.Code, s.Error.Code, name)
	}
	s := submit(t, h, pitwall.Order{ID: "bare", Symbol: h.Symbol, Side: pitwall.Buy, Qty: pitwall.One})
	require.Equal(t, pitwall.Working, s.Status)
	require.Equal(t, []any{pitwall.MainBook, pitwall.MarketOrder, pitwall.Instrument{Kind: h.Kind}.DefaultTIF(pitwall.Order{})}, []any{s.Book, s.Type, s.TIF})
}

func fills(t *testing.T, h Harness) {
	ctx := context.Background()
	var seen []string
	var at pitwall.Cursor
	for i := range 3 {
		submit(t, h, h.market(fmt.Sprint("o", i), pitwall.Buy, 1))
		h.Step(t)
		list, next, err := h.Broker.Fills(ctx, at)
		require.NoError(t, err)
		for _, f := range list {
			seen = append(seen, f.OrderID)
		}
		again, _, err := h.Broker.Fills(ctx, at)
		require.NoError(t, err)
		require.Equal(t, list, again, "the same cursor, the same fills")
		at = next
	}
	require.Equal(t, []string{"o0", "o1", "o2"}, seen)
	list, _, err := h.Broker.Fills(ctx, at)
	require.NoError(t, err)
	require.Empty(t, list)
}

func account(t *testing.T, h Harness) {
	ctx := context.Background()
	before, err := h.Broker.Account(ctx, pitwall.MainBook)
	require.NoError(t, err)
	require.Equal(t, before.Cash, before.Equity)
	submit(t, h, h.limit("rests", 2))
	submit(t, h, h.market("buys", pitwall.Buy, 10))
	h.Step(t)
	a, err := h.Broker.Account(ctx, pitwall.MainBook)
	require.NoError(t, err)
	require.Len(t, a.Positions, 1)
	var c pitwall.Calc
	list, _, err := h.Broker.Fills(ctx, pitwall.Cursor{})
	require.NoError(t, err)
	cash := before.Cash
	for _, f := range list {
		cash = c.Sub(c.Sub(cash, c.Mul(f.Qty, f.Price)), f.Fee)
	}
	require.Equal(t, cash, a.Cash, "cash moved by what the fills say and nothing else")
	require.Equal(t, c.Add(a.Cash, a.Positions[0].Value), a.Equity)
	require.Positive(t, int64(a.Reserved), "an open buy holds its money")
	require.Less(t, int64(a.BuyingPower), int64(a.Cash))
	require.NoError(t, c.Err)
}

func queries(t *testing.T, h Harness) {
	submit(t, h, h.limit("a", 1))
	submit(t, h, h.market("b", pitwall.Buy, 1))
	submit(t, h, h.limit("c", 1))
	h.Step(t)
	ids := func(q pitwall.OrderQuery) (list []string) {
		for _, o := range orders(t, h, q) {
			list = append(list, o.ID)
		}
		return list
	}
	require.Equal(t, []string{"a", "b", "c"}, ids(pitwall.OrderQuery{}), "in submission order")
	require.Equal(t, []string{"a", "c"}, ids(pitwall.OrderQuery{Open: true}))
	require.Equal(t, []string{"b", "c"}, ids(pitwall.OrderQuery{Limit: 2}))
	require.Empty(t, ids(pitwall.OrderQuery{Symbol: "another"}))
	require.Equal(t, []string{"b"}, ids(pitwall.OrderQuery{After: orders(t, h, pitwall.OrderQuery{ID: "a"})[0].Updated}), "what changed since")
}

// exits: the legs of a bracket are held until the entry fills, then cover what it
// filled; canceling one leaves the other, or says that it does not. A broker without brackets says so.
func exits(t *testing.T, h Harness) {
	o := h.market("b", pitwall.Buy, 10)
	if h.Above != 0 {
		o.ID = "percent"
	}
	o.Class, o.Legs = pitwall.Bracket, []pitwall.Leg{{Role: pitwall.TakeProfit, Percent: pitwall.Int(50)}, {Role: pitwall.StopLoss, Percent: pitwall.Int(50)}}
	if h.Above != 0 {
		s := submit(t, h, o)
		require.NotNil(t, s.Error, "exits by percent")
		require.Equal(t, pitwall.Unsupported, s.Error.Code)
		o.ID, o.Legs = "b", []pitwall.Leg{{Role: pitwall.TakeProfit, Limit: h.Above}, {Role: pitwall.StopLoss, Stop: h.Far}}
	}
	s := submit(t, h, o)
	if s.Error != nil && s.Error.Code == pitwall.Unsupported {
		t.Skip("this broker refuses brackets: " + s.Error.Message)
	}
	leg := func(id string) pitwall.OrderState {
		list := orders(t, h, pitwall.OrderQuery{ID: id})
		require.Len(t, list, 1)
		return list[0]
	}
	for id, role := range map[string]pitwall.Role{"b.tp": pitwall.TakeProfit, "b.sl": pitwall.StopLoss} {
		require.Equal(t, pitwall.Held, leg(id).Status, id)
		require.Equal(t, "b", leg(id).Parent)
		require.Equal(t, role, leg(id).Role)
	}
	h.Step(t)
	for _, id := range []string{"b.tp", "b.sl"} {
		got := leg(id)
		require.Equal(t, pitwall.Working, got.Status, id)
		require.Equal(t, pitwall.Sell, got.Side)
		require.Equal(t, pitwall.Int(10), got.Qty)
		require.True(t, got.ReduceOnly)
	}
	_, err := h.Broker.Cancel(context.Background(), "b.tp")
	require.NoError(t, err)
	require.Equal(t, pitwall.Canceled, leg("b.tp").Status)
	other := pitwall.Working
	if h.ExitsEndTogether {
		other = pitwall.Canceled
	}
	require.Equal(t, other, leg("b.sl").Status)
}
