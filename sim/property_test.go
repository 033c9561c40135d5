package sim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pitwall"
	"pitwall/sim"
)

// drawSeries makes a random series of n days; some days are missing.
func drawSeries(t *rapid.T, symbol string, n int) *pitwall.Series {
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: symbol, Kind: pitwall.Equity, Lot: pitwall.One, Zone: newYork}, Size: 24 * time.Hour}
	price := rapid.Int64Range(50, 200).Draw(t, symbol+" price") * int64(pitwall.One)
	move := func(label string) pitwall.Dec {
		return pitwall.Dec(price * rapid.Int64Range(800, 1250).Draw(t, label) / 1000)
	}
	for d := range n {
		if d > 0 && rapid.IntRange(0, 5).Draw(t, "missing") == 0 {
			continue
		}
		a, b, c, e := move("a"), move("b"), move("c"), move("e")
		bar := pitwall.Bar{Open: a, Close: b, High: max(a, b, c, e), Low: min(a, b, c, e), Volume: float64(rapid.IntRange(0, 5000).Draw(t, "volume"))}
		bar.Start = time.Date(2024, 1, 2+d, 9, 30, 0, 0, newYork)
		bar.End = time.Date(2024, 1, 2+d, 16, 0, 0, 0, newYork)
		bar.Known = bar.End
		price = int64(bar.Close)
		if err := s.Append(bar); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// action is one order of a random trader, drawn once and played on any data.
type action struct {
	step   int
	order  pitwall.Order
	cancel string
}

func drawActions(t *rapid.T, steps int, symbols []string) []action {
	var list []action
	for i := range rapid.IntRange(1, 25).Draw(t, "orders") {
		o := pitwall.Order{ID: fmt.Sprintf("o%d", i), Symbol: rapid.SampledFrom(symbols).Draw(t, "symbol"), Side: rapid.SampledFrom([]pitwall.Side{pitwall.Buy, pitwall.Buy, pitwall.Sell}).Draw(t, "side"),
			Type: pitwall.MarketOrder, Qty: pitwall.Int(rapid.Int64Range(1, 600).Draw(t, "qty")), TIF: rapid.SampledFrom([]pitwall.TIF{pitwall.Day, pitwall.GTC}).Draw(t, "tif")}
		price := func(name string) pitwall.Dec { return pitwall.Dec(rapid.Int64Range(40*1e8, 250*1e8).Draw(t, name)) }
		switch rapid.IntRange(0, 7).Draw(t, "kind") {
		case 0, 1:
			o.Type, o.Limit = pitwall.LimitOrder, price("limit")
		case 2:
			o.Type, o.Stop = pitwall.StopOrder, price("stop")
		case 3:
			o.Type, o.Stop, o.Limit = pitwall.StopLimit, price("stop"), price("limit")
		case 4:
			o.Type, o.TrailPercent = pitwall.TrailingStop, pitwall.Int(rapid.Int64Range(1, 30).Draw(t, "trail"))
		case 5:
			o.TIF = rapid.SampledFrom([]pitwall.TIF{pitwall.IOC, pitwall.FOK, pitwall.OPG, pitwall.CLS}).Draw(t, "once")
		}
		a := action{step: rapid.IntRange(0, steps).Draw(t, "step"), order: o}
		if i > 0 && rapid.IntRange(0, 6).Draw(t, "cancel") == 0 {
			a.cancel = fmt.Sprintf("o%d", rapid.IntRange(0, i-1).Draw(t, "which"))
		}
		list = append(list, a)
	}
	return list
}

// play runs actions on series and returns the venue and its journal.
func play(t *rapid.T, series []*pitwall.Series, actions []action, costs pitwall.Costs, steps int) (*sim.Venue, *pitwall.MemoryJournal) {
	j := &pitwall.MemoryJournal{}
	cfg := sim.Config{Source: source{series}, From: time.Date(2024, 1, 2, 0, 0, 0, 0, newYork), Cash: pitwall.Int(50_000), Costs: costs, Rules: pitwall.Rules{VolumeShare: pitwall.One / 10}, Journal: j}
	for _, s := range series {
		cfg.Symbols = append(cfg.Symbols, s.Instrument.Symbol)
	}
	v, err := sim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	for step := 0; step <= steps; step++ {
		for _, a := range actions {
			if a.step != step {
				continue
			}
			if a.cancel != "" {
				_, _ = v.Cancel(ctx, a.cancel) // refusals are part of the game
			}
			if _, err := v.Submit(ctx, a.order); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := v.Next(ctx, v.Now()); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err) // the ledger's identity is checked at every step
		}
	}
	return v, j
}

func drawCosts(t *rapid.T) pitwall.Costs {
	return pitwall.Costs{CommissionBps: pitwall.Int(rapid.Int64Range(0, 50).Draw(t, "bps")), PerShare: pitwall.Dec(rapid.Int64Range(0, 1e6).Draw(t, "per share")),
		Fixed: pitwall.Int(rapid.Int64Range(0, 3).Draw(t, "fixed")), SlippageBps: pitwall.Int(rapid.Int64Range(0, 80).Draw(t, "slippage"))}
}

// Every fill is one that its bar proves, within its order and the bar's share,
// and the books balance at every step.
func TestFillsAreProvable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		series := []*pitwall.Series{drawSeries(t, "A", 12), drawSeries(t, "B", 12)}
		v, _ := play(t, series, drawActions(t, 12, []string{"A", "B"}), drawCosts(t), 14)
		ctx := context.Background()
		fills, _, err := v.Fills(ctx, pitwall.Cursor{})
		if err != nil {
			t.Fatal(err)
		}
		filled, share := map[string]pitwall.Dec{}, map[string]pitwall.Dec{}
		for _, f := range fills {
			orders, err := v.Orders(ctx, pitwall.OrderQuery{ID: f.OrderID})
			if err != nil {
				t.Fatal(err)
			}
			o := orders[0]
			bar, ok := find(series, f.Symbol, f.Bar)
			filled[f.OrderID] += f.Qty
			key := f.Symbol + f.Bar.String()
			share[key] += f.Qty
			switch {
			case !ok:
				t.Fatalf("%+v: no such bar", f)
			case f.Bar.Before(o.Accepted):
				t.Fatalf("%+v: the bar began before the order was accepted at %v", f, o.Accepted)
			case f.Reference < bar.Low || f.Reference > bar.High:
				t.Fatalf("%+v: reference outside %+v", f, bar)
			case o.Limit != 0 && (o.Side == pitwall.Buy && f.Price > o.Limit || o.Side == pitwall.Sell && f.Price < o.Limit):
				t.Fatalf("%+v: worse than the limit %v", f, o.Limit)
			case o.TIF == pitwall.FOK && f.Qty != o.Qty:
				t.Fatalf("%+v: fok filled in part of %v", f, o.Qty)
			case filled[f.OrderID] > o.Qty:
				t.Fatalf("%+v: more than the order's %v", f, o.Qty)
			case share[key].Float() > bar.Volume/10:
				t.Fatalf("%+v: %v of a volume of %v", f, share[key], bar.Volume)
			}
		}
		all, err := v.Orders(ctx, pitwall.OrderQuery{})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range all {
			if o.Filled != filled[o.ID] || (o.Status == pitwall.Filled) != (o.Filled == o.Qty && o.Qty > 0) {
				t.Fatalf("%+v: fills say %v", o, filled[o.ID])
			}
		}
	})
}

func find(series []*pitwall.Series, symbol string, start time.Time) (pitwall.Bar, bool) {
	for _, s := range series {
		for i := range s.Len() {
			if s.Instrument.Symbol == symbol && s.Start[i] == start.UnixNano() {
				return s.Bar(i), true
			}
		}
	}
	return pitwall.Bar{}, false
}

// Cutting or changing every bar after a random time changes no journal line up
// to that time.
func TestFutureDoesNotReachThePast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawSeries(t, "A", 12), drawSeries(t, "B", 12)
		actions, costs := drawActions(t, 12, []string{"A", "B"}), drawCosts(t)
		_, whole := play(t, []*pitwall.Series{a, b}, actions, costs, 14)
		cut := time.Date(2024, 1, 2+rapid.IntRange(0, 11).Draw(t, "cut"), 16, 0, 0, 0, newYork)
		var other []*pitwall.Series
		for _, s := range []*pitwall.Series{a, b} {
			other = append(other, changed(t, s, cut, rapid.Bool().Draw(t, "drop")))
		}
		if other[0].Len() == 0 || other[1].Len() == 0 {
			return
		}
		_, after := play(t, other, actions, costs, 14)
		if x, y := upTo(whole, cut), upTo(after, cut); x != y {
			t.Fatalf("the journal up to %v differs:\n%s\n%s", cut, x, y)
		}
	})
}

// changed copies a series, dropping or doubling every bar known after cut.
func changed(t *rapid.T, s *pitwall.Series, cut time.Time, drop bool) *pitwall.Series {
	n := &pitwall.Series{Instrument: s.Instrument, Size: s.Size}
	for i := range s.Len() {
		b := s.Bar(i)
		if b.Known.After(cut) {
			if drop {
				break
			}
			b.Open, b.High, b.Low, b.Close, b.Volume = 2*b.Open, 2*b.High, 2*b.Low, 2*b.Close, b.Volume+1
		}
		if err := n.Append(b); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// upTo is the journal's lines up to a time, as they are written.
func upTo(j *pitwall.MemoryJournal, cut time.Time) string {
	text := ""
	for _, e := range j.Entries() {
		if e.AsOf.After(cut) {
			break
		}
		line, err := json.Marshal(e)
		if err != nil {
			panic(err)
		}
		text += string(line) + "\n"
	}
	return text
}

// The same orders on the same bars give the same digest, and another fill price
// another one.
func TestDigest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawSeries(t, "A", 8)
		actions := drawActions(t, 8, []string{"A"})
		one, _ := play(t, []*pitwall.Series{a}, actions, pitwall.Costs{}, 9)
		two, _ := play(t, []*pitwall.Series{a}, actions, pitwall.Costs{}, 9)
		if one.Replay().Digest != two.Replay().Digest {
			t.Fatal("the same run has two digests")
		}
		fills, _, err := one.Fills(context.Background(), pitwall.Cursor{})
		if err != nil {
			t.Fatal(err)
		}
		three, _ := play(t, []*pitwall.Series{a}, actions, pitwall.Costs{Fixed: pitwall.One}, 9)
		if len(fills) > 0 && one.Replay().Digest == three.Replay().Digest {
			t.Fatal("another fee, the same digest")
		}
	})
}

func TestVenueRefusesBadConfig(t *testing.T) {
	ok := sim.Config{Source: source{}, Cash: pitwall.One, Journal: &pitwall.MemoryJournal{}}
	for name, c := range map[string]struct {
		edit func(*sim.Config)
		want string
	}{
		"no journal": {func(c *sim.Config) { c.Journal = nil }, "no journal"},
		"no cash":    {func(c *sim.Config) { c.Cash = 0 }, "cash is 0"},
		"no symbols": {func(c *sim.Config) {}, "no symbols"},
		"no data":    {func(c *sim.Config) { c.Symbols = []string{"X"} }, "no data"},
		"backwards":  {func(c *sim.Config) { c.From, c.To = time.Unix(2, 0), time.Unix(1, 0) }, "not before"},
	} {
		cfg := ok
		c.edit(&cfg)
		_, err := sim.New(cfg)
		require.ErrorContains(t, err, c.want, name)
	}
}

// A clock that is asked again with the same time does not move again.
func TestNextIsSafeToRepeat(t *testing.T) {
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "A", Lot: pitwall.One, Zone: newYork}, Size: 24 * time.Hour}
	for d := range 3 {
		b := pitwall.Bar{Open: pitwall.One, High: pitwall.One, Low: pitwall.One, Close: pitwall.One, Volume: 1, Start: time.Date(2024, 1, 2+d, 9, 30, 0, 0, newYork), End: time.Date(2024, 1, 2+d, 16, 0, 0, 0, newYork)}
		b.Known = b.End
		require.NoError(t, s.Append(b))
	}
	v, err := sim.New(sim.Config{Source: source{[]*pitwall.Series{s}}, Symbols: []string{"A"}, From: time.Date(2024, 1, 2, 0, 0, 0, 0, newYork), Cash: pitwall.One, Journal: &pitwall.MemoryJournal{}})
	require.NoError(t, err)
	ctx := context.Background()
	start := v.Now()
	one, err := v.Next(ctx, start)
	require.NoError(t, err)
	again, err := v.Next(ctx, start)
	require.NoError(t, err)
	require.Equal(t, one, again)
	require.Equal(t, 1, v.Replay().Bars)
	for range 2 {
		_, err = v.Next(ctx, v.Now())
		require.NoError(t, err)
	}
	_, err = v.Next(ctx, v.Now())
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, 3, v.Replay().Bars)
}
