package sim_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/sim"
)

// stage is a small world of flat days for one point each.
type stage struct {
	t *testing.T
	v *sim.Venue
	b pitwall.Broker // the venue, or a guard before it that journals what is asked
}

// set makes daily bars "open high low close" of X and plays with a config.
func set(t *testing.T, bars []string, edit func(*sim.Config, *pitwall.Series, *goldenSource)) stage {
	x := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "X", Kind: pitwall.Equity, Lot: pitwall.One, Zone: newYork}, Size: 24 * time.Hour}
	for i, text := range bars {
		var p [4]pitwall.Dec
		for k, s := range splitFields(text) {
			require.NoError(t, p[k].UnmarshalText([]byte(s)))
		}
		day := time.Date(2024, 1, 2+i, 0, 0, 0, 0, newYork)
		b := pitwall.Bar{Start: day.Add(9*time.Hour + 30*time.Minute), End: day.Add(16 * time.Hour), Open: p[0], High: p[1], Low: p[2], Close: p[3], Volume: 10_000}
		b.Known = b.End
		require.NoError(t, x.Append(b))
	}
	src := &goldenSource{series: []*pitwall.Series{x}}
	cfg := sim.Config{Symbols: []string{"X"}, From: time.Date(2024, 1, 2, 0, 0, 0, 0, newYork), Cash: pitwall.Int(100_000), Rules: pitwall.Rules{VolumeShare: pitwall.NoVolumeLimit}, Journal: &pitwall.MemoryJournal{}}
	if edit != nil {
		edit(&cfg, x, src)
	}
	cfg.Source = *src
	v, err := sim.New(cfg)
	require.NoError(t, err)
	return stage{t, v, v}
}

func splitFields(s string) []string {
	var list []string
	for len(s) > 0 {
		i := 0
		for i < len(s) && s[i] != ' ' {
			i++
		}
		list = append(list, s[:i])
		s = s[min(len(s), i+1):]
	}
	return list
}

func (s stage) next() {
	_, err := s.v.Next(context.Background(), s.v.Now())
	if !errors.Is(err, io.EOF) {
		require.NoError(s.t, err)
	}
}

func (s stage) submit(o pitwall.Order) pitwall.OrderState {
	o.Symbol, o.TIF = "X", pitwall.GTC
	if o.Type == "" {
		o.Type = pitwall.MarketOrder
	}
	state, err := s.b.Submit(context.Background(), o)
	require.NoError(s.t, err)
	return state
}

func (s stage) order(id string) pitwall.OrderState {
	list, err := s.v.Orders(context.Background(), pitwall.OrderQuery{ID: id})
	require.NoError(s.t, err)
	return list[0]
}

func (s stage) account() pitwall.Account {
	a, err := s.v.Account(context.Background(), "")
	require.NoError(s.t, err)
	return a
}

func flatDays(n int, price string) []string {
	var list []string
	for range n {
		list = append(list, price+" "+price+" "+price+" "+price)
	}
	return list
}

// A limit that would close is left over when another order closes first: at the
// fill it would open a short, and shorts are off.
func TestShortsAreTestedAtTheFill(t *testing.T) {
	for name, edit := range map[string]struct {
		terms pitwall.Terms
		code  pitwall.Code
	}{"shorts off": {pitwall.Terms{Type: pitwall.MarginAccount, NoShorts: true}, pitwall.ShortNotAllowed},
		"cannot be borrowed": {pitwall.Terms{Type: pitwall.MarginAccount, NoBorrow: []string{"X"}}, pitwall.NoBorrow}, "cash": {pitwall.Terms{}, pitwall.ShortNotAllowed}} {
		t.Run(name, func(t *testing.T) {
			s := set(t, []string{"100 100 100 100", "100 100 100 100", "100 100 100 100", "100 120 100 110"}, func(c *sim.Config, _ *pitwall.Series, _ *goldenSource) { c.Terms = edit.terms })
			s.next()
			s.submit(pitwall.Order{ID: "in", Side: pitwall.Buy, Qty: pitwall.Int(100)})
			s.next()
			require.Equal(t, pitwall.Working, s.submit(pitwall.Order{ID: "limit", Side: pitwall.Sell, Type: pitwall.LimitOrder, Limit: pitwall.Int(110), Qty: pitwall.Int(100)}).Status)
			out := s.submit(pitwall.Order{ID: "out", Side: pitwall.Sell, Qty: pitwall.Int(100), ReduceOnly: true})
			if out.Status != pitwall.Working {
				require.Equal(t, pitwall.ShortNotAllowed, out.Error.Code, "a cash account holds the units for the limit")
				return
			}
			s.next()
			s.next()
			require.Equal(t, pitwall.Rejected, s.order("limit").Status)
			require.Equal(t, edit.code, s.order("limit").Error.Code)
			require.Empty(t, s.account().Positions)
		})
	}
}

// A future opened and added to in one bar needs the same margin as in one order.
func TestFuturesMarginInsideABar(t *testing.T) {
	for name, parts := range map[string][]int64{"one order": {100}, "two orders": {50, 50}} {
		t.Run(name, func(t *testing.T) {
			s := set(t, []string{"100 100 100 100", "150 150 150 150"}, func(c *sim.Config, x *pitwall.Series, _ *goldenSource) {
				c.Terms.Type, c.Cash, x.Instrument.Kind = pitwall.MarginAccount, pitwall.Int(1010), pitwall.Future
			})
			s.next()
			for i, n := range parts {
				require.Equal(t, pitwall.Working, s.submit(pitwall.Order{ID: string(rune('a' + i)), Side: pitwall.Buy, Qty: pitwall.Int(n)}).Status)
			}
			s.next()
			require.Equal(t, pitwall.Rejected, s.order(string(rune('a'+len(parts)-1))).Status, "100 x 150 x 10 % = 1,500 of 1,010")
		})
	}
}

// The market impact of a bar is that of all that is taken of it, in however many
// orders.
func TestImpactCountsTheWholeBar(t *testing.T) {
	price := func(orders int) pitwall.Dec {
		s := set(t, flatDays(3, "100"), func(c *sim.Config, _ *pitwall.Series, _ *goldenSource) {
			c.Cash, c.Costs.Impact = pitwall.Int(10_000_000), pitwall.Int(10)
		})
		s.next()
		for i := range orders {
			s.submit(pitwall.Order{ID: "o" + string(rune('a'+i)), Side: pitwall.Buy, Qty: pitwall.Int(1000 / int64(orders))})
		}
		s.next()
		return s.order("o" + string(rune('a'+orders-1))).AvgPrice
	}
	require.Equal(t, price(1), price(10), "the last of ten pays for the bar's thousand")
}

// An order that is changed to gtc has no end any more.
func TestReplaceToGTC(t *testing.T) {
	s := set(t, flatDays(5, "100"), nil)
	s.next()
	till := time.Date(2024, 1, 3, 16, 0, 0, 0, newYork)
	_, err := s.v.Submit(context.Background(), pitwall.Order{ID: "o", Symbol: "X", Side: pitwall.Buy, Type: pitwall.LimitOrder, Limit: pitwall.Int(50), Qty: pitwall.One, TIF: pitwall.GTD, GoodTill: till})
	require.NoError(t, err)
	_, err = s.v.Replace(context.Background(), "o", pitwall.Change{TIF: pitwall.GTC})
	require.NoError(t, err)
	for range 3 {
		s.next()
	}
	require.Equal(t, pitwall.Working, s.order("o").Status)
}

// A price that a split would carry beyond the range of numbers ends its order, not
// the run.
func TestSplitBeyondNumbers(t *testing.T) {
	s := set(t, []string{"10 10 10 10", "10 10 10 10", "100 100 100 100", "100 100 100 100"}, func(_ *sim.Config, _ *pitwall.Series, src *goldenSource) {
		src.actions = []pitwall.Action{{Symbol: "X", Type: "split", Value: pitwall.One, Per: pitwall.Int(10), Ex: time.Date(2024, 1, 4, 0, 0, 0, 0, newYork)}}
	})
	s.next()
	s.submit(pitwall.Order{ID: "in", Side: pitwall.Buy, Qty: pitwall.Int(100)})
	s.next()
	s.submit(pitwall.Order{ID: "far", Side: pitwall.Sell, Type: pitwall.LimitOrder, Limit: pitwall.Int(10_000_000_000), Qty: pitwall.Int(100)})
	s.next()
	require.Equal(t, pitwall.Canceled, s.order("far").Status)
	require.Equal(t, pitwall.Int(10), s.account().Positions[0].Qty)
}

// One book's sales are no money of another's, and a reduce-only order larger than
// the position sets no more margin free than the position holds.
func TestCreditsAreReal(t *testing.T) {
	s := set(t, flatDays(4, "100"), func(c *sim.Config, _ *pitwall.Series, _ *goldenSource) {
		c.Cash, c.Books = pitwall.Int(1000), []sim.Book{{Name: "two", Cash: pitwall.Int(1_000_000)}}
	})
	s.next()
	s.submit(pitwall.Order{ID: "in", Book: "two", Side: pitwall.Buy, Qty: pitwall.Int(5000)})
	s.next()
	s.submit(pitwall.Order{ID: "out", Book: "two", Side: pitwall.Sell, Qty: pitwall.Int(5000)})
	require.Equal(t, pitwall.Int(1000), s.account().BuyingPower)

	s = set(t, flatDays(4, "100"), func(c *sim.Config, _ *pitwall.Series, _ *goldenSource) { c.Terms.Type = pitwall.MarginAccount })
	s.next()
	s.submit(pitwall.Order{ID: "in", Side: pitwall.Buy, Qty: pitwall.One})
	s.next()
	before := s.account().BuyingPower
	s.submit(pitwall.Order{ID: "out", Side: pitwall.Sell, Qty: pitwall.Int(1_000_000), ReduceOnly: true})
	require.Equal(t, before+pitwall.Int(100), s.account().BuyingPower)
}

// Borrowed cash pays for its nights, weekends included.
func TestInterestOnBorrowedCash(t *testing.T) {
	s := set(t, flatDays(7, "100"), func(c *sim.Config, _ *pitwall.Series, _ *goldenSource) {
		c.Terms, c.Cash = pitwall.Terms{Type: pitwall.MarginAccount, MarginRate: 365 * pitwall.One / 1000}, pitwall.Int(10_000)
	})
	s.next()
	s.submit(pitwall.Order{ID: "in", Side: pitwall.Buy, Qty: pitwall.Int(150)})
	s.next()
	require.Equal(t, "-5000", s.account().Cash.String())
	s.next()
	require.Equal(t, "5", s.account().Borrow.String(), "5,000 x 0.365 / 365")
	require.Equal(t, "-5005", s.account().Cash.String())
	require.Equal(t, "interest", s.v.Flows(time.Time{})[0].Type)
}

// The profile worst lets the stop of an entry that filled inside the bar act when
// the range reaches it; the default only when the bar proves it.
func TestWorstPath(t *testing.T) {
	for path, want := range map[pitwall.Path]pitwall.Status{pitwall.Provable: pitwall.Working, pitwall.Worst: pitwall.Filled} {
		s := set(t, []string{"100 100 100 100", "100 103 99 102"}, func(c *sim.Config, _ *pitwall.Series, _ *goldenSource) { c.Rules.Path = path })
		s.next()
		s.submit(pitwall.Order{ID: "b", Side: pitwall.Buy, Type: pitwall.StopOrder, Stop: pitwall.Int(101), Qty: pitwall.One, Class: pitwall.OTO, Legs: []pitwall.Leg{{Role: pitwall.StopLoss, Stop: pitwall.Int(100)}}})
		s.next()
		require.Equal(t, want, s.order("b.sl").Status, path)
	}
}

// A cancel of a group, or of a held leg, is no way round the bar in progress.
func TestNoWayRoundTheBarInProgress(t *testing.T) {
	ctx := context.Background()
	v, _ := mixed(t)
	until(t, v, 9)
	entry := pitwall.Order{ID: "y", Symbol: "S", Side: pitwall.Buy, Type: pitwall.LimitOrder, Limit: pitwall.Int(95), Qty: pitwall.Int(10), TIF: pitwall.GTC, Class: pitwall.Bracket,
		Legs: []pitwall.Leg{{Role: pitwall.TakeProfit, Limit: pitwall.Int(150)}, {Role: pitwall.StopLoss, Stop: pitwall.Int(60)}}}
	for _, o := range []pitwall.Order{entry, {ID: "g1", Symbol: "S", Side: pitwall.Buy, Type: pitwall.MarketOrder, Qty: pitwall.One, TIF: pitwall.GTC, Group: "g"}} {
		s, err := v.Submit(ctx, o)
		require.NoError(t, err)
		require.Equal(t, pitwall.Working, s.Status, s.Error)
	}
	until(t, v, 12)
	_, err := v.Replace(ctx, "y.tp", pitwall.Change{Limit: pitwall.Int(104)})
	require.ErrorContains(t, err, "is in progress")
	leg, err := v.Cancel(ctx, "y.sl")
	require.NoError(t, err)
	require.Equal(t, pitwall.Held, leg.Status, "it waits with its entry")
	_, err = v.Submit(ctx, pitwall.Order{ID: "g2", Symbol: "C", Side: pitwall.Buy, Type: pitwall.MarketOrder, Qty: pitwall.One, TIF: pitwall.GTC, Group: "g"})
	require.NoError(t, err)
	until(t, v, 16)
	g1, err := v.Orders(ctx, pitwall.OrderQuery{ID: "g1"})
	require.NoError(t, err)
	require.Equal(t, pitwall.Filled, g1[0].Status, "it had filled at 09:30, whatever the other one did at 13:00")
}
