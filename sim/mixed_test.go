package sim_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
	"pitwall/sim"
	"pitwall/sim/audit"
)

// mixed is a world of a stock with daily session bars and a coin with hourly
// ones: while the stock's bar is in progress the coin's bars pass.
func mixed(t *testing.T) (*sim.Venue, *pitwall.MemoryJournal) {
	j := &pitwall.MemoryJournal{}
	stock := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "S", Kind: pitwall.Equity, Lot: pitwall.One, Zone: newYork}, Size: 24 * time.Hour}
	coin := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "C", Kind: pitwall.Crypto, Lot: 1, Zone: time.UTC, Calendar: pitwall.AlwaysOpen}, Size: time.Hour}
	add := func(s *pitwall.Series, start, end time.Time, low int64) {
		require.NoError(t, s.Append(pitwall.Bar{Start: start, End: end, Known: end, Open: pitwall.Int(100), High: pitwall.Int(105), Low: pitwall.Int(low), Close: pitwall.Int(100), Volume: 1e6}))
	}
	for d := range 3 {
		day := time.Date(2024, 1, 2+d, 0, 0, 0, 0, newYork)
		add(stock, day.Add(9*time.Hour+30*time.Minute), day.Add(16*time.Hour), 90)
	}
	for h := range 60 {
		start := time.Date(2024, 1, 2, 13, 0, 0, 0, time.UTC).Add(time.Duration(h) * time.Hour)
		add(coin, start, start.Add(time.Hour), 95)
	}
	v, err := sim.New(sim.Config{Source: source{[]*pitwall.Series{coin, stock}}, Symbols: []string{"S", "C"}, From: time.Date(2024, 1, 2, 0, 0, 0, 0, newYork), Cash: pitwall.Int(100_000),
		Rules: pitwall.Rules{VolumeShare: pitwall.NoVolumeLimit}, Journal: j})
	require.NoError(t, err)
	return v, j
}

// until passes bars to a time of the second day in New York.
func until(t *testing.T, v *sim.Venue, hour int) {
	at := time.Date(2024, 1, 3, hour, 0, 0, 0, newYork)
	for v.Now().Before(at) {
		_, err := v.Next(context.Background(), v.Now())
		require.NoError(t, err)
	}
	require.True(t, v.Now().Equal(at), v.Now())
}

// At noon the stock's bar is in progress: an order that lay there before may be
// filling, so a cancel waits for the bar's end and a change is refused.
func TestCancelWaitsForTheBarInProgress(t *testing.T) {
	ctx := context.Background()
	order := func(id string, limit int64) pitwall.Order {
		return pitwall.Order{ID: id, Symbol: "S", Side: pitwall.Buy, Type: pitwall.LimitOrder, Qty: pitwall.Int(10), Limit: pitwall.Int(limit), TIF: pitwall.GTC}
	}
	v, j := mixed(t)
	until(t, v, 9)
	legs := order("legs", 50)
	legs.Class, legs.Legs = pitwall.Bracket, []pitwall.Leg{{Role: pitwall.TakeProfit, Limit: pitwall.Int(150)}, {Role: pitwall.StopLoss, Stop: pitwall.Int(20)}}
	one, two := pitwall.WithCause(ctx, pitwall.Cause{Turn: 1}), pitwall.WithCause(ctx, pitwall.Cause{Turn: 2, Role: "trader", Pod: "p"})
	for _, o := range []pitwall.Order{order("near", 95), order("far", 50), legs} {
		s, err := v.Submit(one, o)
		require.NoError(t, err)
		require.Equal(t, pitwall.Working, s.Status, s.Error)
	}
	s, err := v.Submit(ctx, order("early", 95))
	require.NoError(t, err)
	require.Equal(t, pitwall.Working, s.Status)
	s, err = v.Cancel(ctx, "early")
	require.NoError(t, err)
	require.Equal(t, pitwall.Canceled, s.Status, "before the open a cancel takes effect at once")

	until(t, v, 12)
	for _, id := range []string{"near", "far", "legs"} {
		s, err = v.Cancel(two, id)
		require.NoError(t, err)
		require.Equal(t, pitwall.Working, s.Status)
		require.Contains(t, s.Note, "may still fill it")
	}
	_, err = v.Replace(ctx, "far", pitwall.Change{Limit: pitwall.Int(60)})
	require.ErrorContains(t, err, "is in progress")
	late, err := v.Submit(ctx, order("late", 95))
	require.NoError(t, err)
	require.Equal(t, pitwall.Working, late.Status)
	late, err = v.Cancel(ctx, "late")
	require.NoError(t, err)
	require.Equal(t, pitwall.Canceled, late.Status, "an order that cannot be in the bar goes at once")

	until(t, v, 16)
	for id, want := range map[string]pitwall.Status{"near": pitwall.Filled, "far": pitwall.Canceled} {
		got, err := v.Orders(ctx, pitwall.OrderQuery{ID: id})
		require.NoError(t, err)
		require.Equal(t, want, got[0].Status, id)
	}
	ends := map[string]pitwall.Cause{}
	for _, e := range j.Entries() {
		if e.Kind == pitwall.EntryOrder && !e.State.Status.Open() || e.Kind == pitwall.EntryMark && e.Turn != 0 {
			ends[e.ID] = e.Cause
		}
	}
	asked := pitwall.CauseFrom(two)
	require.Equal(t, map[string]pitwall.Cause{"near": {Turn: 1}, "far": asked, "legs": asked, "legs.tp": asked, "legs.sl": asked}, ends, "an end belongs to the turn that asked for it, a fill to the order's")
}

// A stock order that was sent while its bar was in progress meets the next day's
// bar, a coin's the next hour; a coin's end decides nothing about the stock's day.
func TestMixedCalendars(t *testing.T) {
	ctx := context.Background()
	v, _ := mixed(t)
	until(t, v, 12)
	for _, o := range []pitwall.Order{{ID: "stock", Symbol: "S", Side: pitwall.Buy, Type: pitwall.MarketOrder, Qty: pitwall.One, TIF: pitwall.Day}, {ID: "coin", Symbol: "C", Side: pitwall.Buy, Type: pitwall.MarketOrder, Qty: pitwall.One, TIF: pitwall.Day}} {
		s, err := v.Submit(ctx, o)
		require.NoError(t, err)
		require.Equal(t, pitwall.Working, s.Status, s.Error)
	}
	until(t, v, 20)
	for {
		if _, err := v.Next(ctx, v.Now()); err != nil {
			break
		}
	}
	fills, _, err := v.Fills(ctx, pitwall.Cursor{})
	require.NoError(t, err)
	require.Len(t, fills, 2)
	require.Equal(t, []string{"coin", "stock"}, []string{fills[0].OrderID, fills[1].OrderID})
	require.Equal(t, "2024-01-03T17:00:00Z", fills[0].Bar.UTC().Format(time.RFC3339), "the next hour")
	require.Equal(t, "2024-01-04T14:30:00Z", fills[1].Bar.UTC().Format(time.RFC3339), "the next day")
}

// A margin call at noon ends an open pair of exits, but the stock's bar in progress
// may fill one of them before: its stop at 80 lies in the bar.
func TestMarginCallWaitsForPairs(t *testing.T) {
	ctx := t.Context()
	stock := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "S", Kind: pitwall.Equity, Lot: pitwall.One, Zone: newYork}, Size: 24 * time.Hour}
	coin := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "C", Kind: pitwall.Crypto, Lot: 1, Zone: time.UTC, Calendar: pitwall.AlwaysOpen}, Size: time.Hour}
	for d, low := range []int64{95, 95, 70, 95} {
		day := time.Date(2024, 1, 2+d, 0, 0, 0, 0, newYork)
		start, end := day.Add(9*time.Hour+30*time.Minute), day.Add(16*time.Hour)
		require.NoError(t, stock.Append(pitwall.Bar{Start: start, End: end, Known: end, Open: pitwall.Int(100), High: pitwall.Int(105), Low: pitwall.Int(low), Close: pitwall.Int(100), Volume: 1e6}))
	}
	for h := range 80 {
		start := time.Date(2024, 1, 2, 13, 0, 0, 0, time.UTC).Add(time.Duration(h) * time.Hour)
		price := pitwall.Int(100)
		if !start.Before(time.Date(2024, 1, 4, 16, 0, 0, 0, time.UTC)) { // 11:00 in New York of the third day
			price = pitwall.Int(40)
		}
		require.NoError(t, coin.Append(pitwall.Bar{Start: start, End: start.Add(time.Hour), Known: start.Add(time.Hour), Open: price, High: price, Low: price, Close: price, Volume: 1e6}))
	}
	journal := &pitwall.MemoryJournal{}
	cfg := sim.Config{Source: source{[]*pitwall.Series{coin, stock}}, Symbols: []string{"S", "C"}, From: time.Date(2024, 1, 2, 0, 0, 0, 0, newYork), Cash: pitwall.Int(10_000),
		Rules: pitwall.Rules{VolumeShare: pitwall.NoVolumeLimit}, Terms: pitwall.Terms{Type: pitwall.MarginAccount}, Journal: journal}
	v, err := sim.New(cfg)
	require.NoError(t, err)
	guard := risk.New(v, journal, v, nil, nil, risk.NoLimits())
	submit := func(o pitwall.Order) {
		s, err := guard.Submit(ctx, o)
		require.NoError(t, err)
		require.Equal(t, pitwall.Working, s.Status, "%v", s.Error)
	}
	pass := func(day, hour int) {
		for at := time.Date(2024, 1, day, hour, 0, 0, 0, newYork); v.Now().Before(at); {
			_, err := v.Next(ctx, v.Now())
			require.NoError(t, err)
		}
	}
	pass(2, 16)
	submit(pitwall.Order{ID: "s", Symbol: "S", Side: pitwall.Buy, Type: pitwall.MarketOrder, Qty: pitwall.Int(10), TIF: pitwall.GTC})
	submit(pitwall.Order{ID: "c", Symbol: "C", Side: pitwall.Buy, Type: pitwall.MarketOrder, Qty: pitwall.Int(150), TIF: pitwall.GTC})
	pass(3, 16)
	submit(pitwall.Order{ID: "pair", Symbol: "S", Side: pitwall.Sell, Type: pitwall.MarketOrder, Qty: pitwall.Int(10), TIF: pitwall.GTC, Class: pitwall.OCO,
		Legs: []pitwall.Leg{{Role: pitwall.TakeProfit, Limit: pitwall.Int(150)}, {Role: pitwall.StopLoss, Stop: pitwall.Int(80)}}})
	pass(4, 16)
	for id, want := range map[string]pitwall.Status{"pair": pitwall.Filled, "pair.sl": pitwall.Filled, "pair.tp": pitwall.Canceled, "call-1": pitwall.Filled} {
		got, err := v.Orders(ctx, pitwall.OrderQuery{ID: id})
		require.NoError(t, err)
		require.Equal(t, want, got[0].Status, id)
	}
	found, err := audit.Verify(audit.Run{Data: cfg.Source, Symbols: cfg.Symbols, From: cfg.From, Terms: cfg.Terms, Rules: cfg.Rules, Journal: journal.Entries()})
	require.NoError(t, err)
	require.Empty(t, found.Differences)
}

// A waiting sale of more than is still held, since an exit sold a part, will be
// rejected: what it would bring pays for nothing. 10,000 - 50 x 100 + 30 x 80 = 7,400.
func TestWaitingSaleOfWhatIsGone(t *testing.T) {
	ctx := t.Context()
	stock := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "S", Kind: pitwall.Equity, Lot: pitwall.One, Zone: newYork}, Size: 24 * time.Hour}
	for d, low := range []int64{95, 95, 95, 95, 70} { // Monday to Friday
		start := time.Date(2024, 1, 8+d, 9, 30, 0, 0, newYork)
		end := start.Add(6*time.Hour + 30*time.Minute)
		require.NoError(t, stock.Append(pitwall.Bar{Start: start, End: end, Known: end, Open: pitwall.Int(100), High: pitwall.Int(105), Low: pitwall.Int(low), Close: pitwall.Int(100), Volume: 1e6}))
	}
	journal, data := &pitwall.MemoryJournal{}, source{[]*pitwall.Series{stock}}
	cfg := sim.Config{Source: data, Symbols: []string{"S"}, From: time.Date(2024, 1, 8, 0, 0, 0, 0, newYork), Cash: pitwall.Int(10_000),
		Rules: pitwall.Rules{VolumeShare: pitwall.NoVolumeLimit, Latency: 20 * time.Hour}, Journal: journal}
	v, err := sim.New(cfg)
	require.NoError(t, err)
	guard := risk.New(v, journal, v, nil, nil, risk.NoLimits())
	day := func(orders ...pitwall.Order) (last pitwall.OrderState) {
		_, err := v.Next(ctx, v.Now())
		require.NoError(t, err)
		for _, o := range orders {
			o.Symbol, o.TIF = "S", pitwall.GTC
			last, err = guard.Submit(ctx, o)
			require.NoError(t, err)
		}
		return last
	}
	day(pitwall.Order{ID: "buy", Side: pitwall.Buy, Type: pitwall.MarketOrder, Qty: pitwall.Int(50)}) // fills on Wednesday
	day()
	day(pitwall.Order{ID: "exit", Side: pitwall.Sell, Type: pitwall.StopOrder, Stop: pitwall.Int(80), Qty: pitwall.Int(30), ReduceOnly: true})
	day(pitwall.Order{ID: "sale", Side: pitwall.Sell, Type: pitwall.MarketOrder, Qty: pitwall.Int(50)}) // waits for Monday
	more := day(pitwall.Order{ID: "more", Side: pitwall.Buy, Type: pitwall.LimitOrder, Limit: pitwall.Int(76), Qty: pitwall.Int(100)})
	require.Equal(t, pitwall.Rejected, more.Status)
	require.Contains(t, more.Error.Message, "free is 7400 ")
	found, err := audit.Verify(audit.Run{Data: data, Symbols: cfg.Symbols, From: cfg.From, Rules: cfg.Rules, Journal: journal.Entries()})
	require.NoError(t, err)
	require.Empty(t, found.Differences)
}

// withActions is a source with corporate actions.
type withActions struct {
	source
	actions []pitwall.Action
}

func (s withActions) Actions() []pitwall.Action { return s.actions }

// A dividend that is owed on a short makes equity fall below what is held although
// there is cash: 10,000 - 5,000 owed, 9,500 of which buys L at 50. At 30 it is worth
// 5,700 and equity is 500 - 5,000 + 5,700 = 1,200, less than a quarter of it, 1,425.
func TestMarginCallOverWhatIsOwed(t *testing.T) {
	ctx := t.Context()
	series := func(symbol string, prices ...int64) *pitwall.Series {
		x := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: symbol, Kind: pitwall.Equity, Lot: pitwall.One, Zone: newYork}, Size: 24 * time.Hour}
		for d, p := range prices {
			start := time.Date(2024, 1, 8+d, 9, 30, 0, 0, newYork)
			end, price := start.Add(6*time.Hour+30*time.Minute), pitwall.Int(p)
			require.NoError(t, x.Append(pitwall.Bar{Start: start, End: end, Known: end, Open: price, High: price, Low: price, Close: price, Volume: 1e6}))
		}
		return x
	}
	day := func(d int) time.Time { return time.Date(2024, 1, d, 0, 0, 0, 0, newYork) }
	data := withActions{source{[]*pitwall.Series{series("L", 50, 50, 50, 50, 50, 30), series("S", 100, 100, 100, 100, 100, 100)}},
		[]pitwall.Action{{Symbol: "S", Type: "dividend", Ex: day(10), Pay: day(31), Value: pitwall.Int(50)}}}
	journal := &pitwall.MemoryJournal{}
	cfg := sim.Config{Source: data, Symbols: []string{"L", "S"}, From: day(8), Cash: pitwall.Int(10_000),
		Rules: pitwall.Rules{VolumeShare: pitwall.NoVolumeLimit}, Terms: pitwall.Terms{Type: pitwall.MarginAccount}, Journal: journal}
	v, err := sim.New(cfg)
	require.NoError(t, err)
	guard := risk.New(v, journal, v, nil, nil, risk.NoLimits())
	step := func(side pitwall.Side, symbol string, qty int64) {
		_, err := v.Next(ctx, v.Now())
		require.NoError(t, err)
		if qty == 0 {
			return
		}
		s, err := guard.Submit(ctx, pitwall.Order{ID: symbol + string(side), Symbol: symbol, Side: side, Type: pitwall.MarketOrder, Qty: pitwall.Int(qty), TIF: pitwall.GTC})
		require.NoError(t, err)
		require.Equal(t, pitwall.Working, s.Status, "%v", s.Error)
	}
	step(pitwall.Sell, "S", 100) // short on the 9th; the dividend is owed from the 10th
	step(pitwall.Sell, "S", 0)
	step(pitwall.Buy, "S", 100) // flat on the 11th
	step(pitwall.Buy, "L", 190) // on the 12th at 50; the next close is 30
	step(pitwall.Buy, "L", 0)
	step(pitwall.Buy, "L", 0)
	var short []pitwall.Dec
	for _, e := range journal.Entries() {
		if e.Flow != nil && e.Flow.Type == "margin_call" {
			short = append(short, e.Flow.Each)
		}
	}
	require.Equal(t, []pitwall.Dec{pitwall.Int(225)}, short) // 1,425 - 1,200
	found, err := audit.Verify(audit.Run{Data: data, Symbols: cfg.Symbols, From: cfg.From, Terms: cfg.Terms, Rules: cfg.Rules, Journal: journal.Entries()})
	require.NoError(t, err)
	require.Empty(t, found.Differences)
}
