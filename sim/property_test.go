package sim_test

import (
	"context"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pitwall"
	"pitwall/sim"
)

// The properties run 100 cases each by default; .ci/run asks for 10,000, a
// campaign for 10^6: go test ./sim -run Property -rapid.checks=1000000.

func drawCosts(t *rapid.T) pitwall.Costs {
	return pitwall.Costs{CommissionBps: pitwall.Int(rapid.Int64Range(0, 50).Draw(t, "bps")), PerShare: pitwall.Dec(rapid.Int64Range(0, 1e6).Draw(t, "per share")),
		Fixed: pitwall.Int(rapid.Int64Range(0, 3).Draw(t, "fixed")), SlippageBps: pitwall.Int(rapid.Int64Range(0, 80).Draw(t, "slippage"))}
}

// fillsOf are a world's fills with the final state of their orders.
func fillsOf(t *rapid.T, v *sim.Venue) ([]pitwall.Fill, map[string]pitwall.OrderState) {
	fills, _, err := v.Fills(context.Background(), pitwall.Cursor{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := v.Orders(context.Background(), pitwall.OrderQuery{})
	if err != nil {
		t.Fatal(err)
	}
	orders := map[string]pitwall.OrderState{}
	for _, o := range all {
		orders[o.ID] = o
	}
	return fills, orders
}

// The ledger's identity holds exactly after every bar, told by the account.
func TestPropertyLedgerIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, everything)
		w.play(t, func(v *sim.Venue) { account(t, v) })
	})
}

// No fill lies outside its bar before slippage.
func TestPropertyFillInsideBar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, everything)
		fills, _ := fillsOf(t, w.play(t, nil).venue)
		for _, f := range fills {
			bar, ok := find(w.series, f.Symbol, f.Bar)
			if !ok || f.Reference < bar.Low || f.Reference > bar.High {
				t.Fatalf("%+v: outside %+v", f, bar)
			}
		}
	})
}

// No fill on a bar that began before its order was accepted. A leg is accepted
// with its parent.
func TestPropertyNoSeenBar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, everything)
		fills, orders := fillsOf(t, w.play(t, nil).venue)
		for _, f := range fills {
			if f.Bar.Before(orders[f.OrderID].Accepted.Add(w.cfg.Rules.Latency)) {
				t.Fatalf("%+v: its order was accepted at %v, latency %v", f, orders[f.OrderID].Accepted, w.cfg.Rules.Latency)
			}
		}
	})
}

// No limit fills worse than its limit. (A limit may be changed or split later,
// so each fill is compared with the order as it stood: worlds without either.)
func TestPropertyLimitHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, taste{margin: true, costs: true, legs: true, ticks: true, odd: true})
		w.unchanged()
		fills, orders := fillsOf(t, w.play(t, nil).venue)
		for _, f := range fills {
			o := orders[f.OrderID]
			if o.Limit != 0 && (o.Side == pitwall.Buy && f.Price > o.Limit || o.Side == pitwall.Sell && f.Price < o.Limit) {
				t.Fatalf("%+v: limit %v", f, o.Limit)
			}
		}
	})
}

// unchanged leaves out the changes of orders.
func (w *world) unchanged() {
	kept := w.moves[:0]
	for _, m := range w.moves {
		if m.id == "" {
			kept = append(kept, m)
		}
	}
	w.moves = kept
}

// What fills stays within the order's quantity, and what all orders take of a
// bar within its share.
func TestPropertyQuantityAndShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, taste{margin: true, costs: true, legs: true, ticks: true, odd: true})
		fills, orders := fillsOf(t, w.play(t, nil).venue)
		filled, share := map[string]pitwall.Dec{}, map[string]pitwall.Dec{}
		for _, f := range fills {
			key := f.Symbol + f.Bar.String()
			filled[f.OrderID] += f.Qty
			share[key] += f.Qty
			bar, _ := find(w.series, f.Symbol, f.Bar)
			if w.cfg.Rules.VolumeShare != pitwall.NoVolumeLimit && share[key].Float() > bar.Volume/10 {
				t.Fatalf("%+v: %v of a volume of %v", f, share[key], bar.Volume)
			}
			if o := orders[f.OrderID]; o.TIF == pitwall.FOK && f.Qty != o.Qty {
				t.Fatalf("%+v: fok filled in part of %v", f, o.Qty)
			}
		}
		for id, o := range orders {
			if o.Class != pitwall.OCO && (o.Filled != filled[id] || o.Filled > o.Qty || (o.Status == pitwall.Filled) != (o.Filled == o.Qty && o.Qty > 0 && o.Status != pitwall.Canceled)) {
				t.Fatalf("%+v: fills say %v", o, filled[id])
			}
		}
	})
}

// Canceled and filled never both: after a cancel that took effect nothing fills.
func TestPropertyCancelOrFill(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, everything)
		ended := map[string]int64{}
		for _, e := range w.play(t, nil).journal.Entries() {
			if e.Kind == pitwall.EntryFill && ended[e.Fill.OrderID] != 0 {
				t.Fatalf("entry %d fills %s, which ended at entry %d", e.Seq, e.Fill.OrderID, ended[e.Fill.OrderID])
			}
			if e.Kind == pitwall.EntryOrder && e.State != nil && !e.State.Status.Open() && ended[e.ID] == 0 {
				ended[e.ID] = e.Seq
			}
		}
	})
}

// An order that can never trade changes nothing but what it reserves: money, and
// where shorts may be closed by it, its part of the position. So in a margin
// account it stands in a symbol of its own.
func TestPropertyIdleOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, taste{margin: true, costs: true, legs: true, ticks: true, odd: true})
		w.cfg.Cash = pitwall.Int(100_000_000) // no order is short of money
		before, _ := fillsOf(t, w.play(t, nil).venue)
		idle := move{step: rapid.IntRange(1, w.days).Draw(t, "when"), order: pitwall.Order{ID: "idle", Symbol: "A", Side: pitwall.Buy, Type: pitwall.LimitOrder, Limit: pitwall.One / 100, Qty: pitwall.One, TIF: pitwall.GTC}}
		if w.cfg.Terms.Type == pitwall.MarginAccount {
			idle.order.Symbol = "B"
			for i := range w.moves {
				w.moves[i].order.Symbol = "A"
			}
			before, _ = fillsOf(t, w.play(t, nil).venue)
		}
		w.moves = append(w.moves, idle)
		after, _ := fillsOf(t, w.play(t, nil).venue)
		if x, y := toText(t, before), toText(t, after); x != y {
			t.Fatalf("other fills:\n%s\n%s", x, y)
		}
	})
}

func toText(t *rapid.T, v any) string {
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Prices mirrored and sides swapped give the same gains, in a margin account
// that is never short of money and pays nothing.
func TestPropertyMirror(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, taste{legs: true})
		w.cfg.Cash, w.cfg.Terms.Type = pitwall.Int(100_000_000), pitwall.MarginAccount
		for i := range w.moves {
			inMoney(&w.moves[i].order)
		}
		gains := func(v *sim.Venue) pitwall.Dec { a := account(t, v); return a.Realized + a.Unrealized }
		var one, two []pitwall.Dec
		p := w.play(t, func(v *sim.Venue) { one = append(one, gains(v)) })
		mirror := w.mirrored(t, pitwall.Int(1000))
		q := mirror.play(t, func(v *sim.Venue) { two = append(two, gains(v)) })
		for i := range one {
			if one[i] != two[i] {
				logBoth(t, p, q)
				t.Fatalf("after bar %d: %v and mirrored %v", i+1, one[i], two[i])
			}
		}
	})
}

// logBoth shows two runs that should be alike.
func logBoth(t *rapid.T, runs ...played) {
	for _, p := range runs {
		for _, e := range p.journal.Entries() {
			t.Log(tell(e))
		}
	}
}

// inMoney gives an order's distances in money: percents have no mirror image.
func inMoney(o *pitwall.Order) {
	if o.TrailPercent != 0 {
		o.Trail, o.TrailPercent = o.TrailPercent, 0
	}
	for i := range o.Legs {
		l := &o.Legs[i]
		switch {
		case l.TrailPercent != 0:
			l.Trail, l.TrailPercent = l.TrailPercent, 0
		case l.Role == pitwall.TakeProfit:
			l.Limit, l.Percent = 170*pitwall.One, 0
			if o.Side == pitwall.Sell != (o.Class == pitwall.OCO) {
				l.Limit = 30 * pitwall.One
			}
		default:
			l.Stop, l.Percent = 40*pitwall.One, 0
			if o.Side == pitwall.Sell != (o.Class == pitwall.OCO) {
				l.Stop = 160 * pitwall.One
			}
		}
	}
}

// mirrored is the world with every price p turned into c - p and every side into
// the other.
func (w *world) mirrored(t *rapid.T, c pitwall.Dec) *world {
	m := &world{days: w.days, cfg: w.cfg}
	m.cfg.Source = m
	flip := func(p pitwall.Dec) pitwall.Dec {
		if p == 0 {
			return 0
		}
		return c - p
	}
	for _, s := range w.series {
		x := &pitwall.Series{Instrument: s.Instrument, Size: s.Size}
		for i := range s.Len() {
			b := s.Bar(i)
			b.Open, b.High, b.Low, b.Close = flip(b.Open), flip(b.Low), flip(b.High), flip(b.Close)
			if err := x.Append(b); err != nil {
				t.Fatal(err)
			}
		}
		m.series = append(m.series, x)
	}
	for _, a := range w.moves {
		o := &a.order
		o.Limit, o.Stop = flip(o.Limit), flip(o.Stop)
		if o.Side == pitwall.Buy {
			o.Side = pitwall.Sell
		} else {
			o.Side = pitwall.Buy
		}
		o.Legs = append([]pitwall.Leg(nil), o.Legs...)
		for i := range o.Legs {
			o.Legs[i].Limit, o.Legs[i].Stop = flip(o.Legs[i].Limit), flip(o.Legs[i].Stop)
		}
		a.change.Limit = flip(a.change.Limit)
		m.moves = append(m.moves, a)
	}
	return m
}

// A 2:1 split on raw prices is the same as doubled quantities at half prices
// before it.
func TestPropertySplitIsDoubling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := drawWorld(t, taste{legs: true})
		raw.cfg.Terms.Type = pitwall.MarginAccount
		at := rapid.IntRange(2, raw.days).Draw(t, "split")
		ex := day0.AddDate(0, 0, at)
		raw.actions = []pitwall.Action{{Symbol: "A", Type: "split", Value: 2 * pitwall.One, Ex: ex}}
		// Until the first bar after it the trader sees, and orders in, old units.
		applies := day0.AddDate(1, 0, 0)
		for i := raw.series[0].Len() - 1; i > 0 && !raw.series[0].Bar(i).Start.Before(ex); i-- {
			applies = raw.series[0].Bar(i).Start
		}
		half := &world{days: raw.days, cfg: raw.cfg}
		half.cfg.Source = half
		for _, s := range raw.series {
			x := &pitwall.Series{Instrument: s.Instrument, Size: s.Size}
			for i := range s.Len() {
				b := s.Bar(i)
				if s.Instrument.Symbol == "A" && b.Start.Before(applies) {
					b.Open, b.High, b.Low, b.Close, b.Volume = b.Open/2, b.High/2, b.Low/2, b.Close/2, b.Volume*2
				}
				if err := x.Append(b); err != nil {
					t.Fatal(err)
				}
			}
			half.series = append(half.series, x)
		}
		for i := range raw.moves { // even prices halve exactly; one symbol, before the split
			inMoney(&raw.moves[i].order)
		}
		// A move belongs to the clock that its step stands at.
		clock, step := map[int]time.Time{}, 0
		raw.play(t, func(v *sim.Venue) { step++; clock[step] = v.Now() })
		for _, m := range raw.moves {
			if m.order.Symbol == "A" && clock[m.step].Before(applies) || m.id != "" {
				o := &m.order
				o.Qty, o.Limit, o.Stop, o.Trail = 2*o.Qty, o.Limit/2, o.Stop/2, o.Trail/2
				o.Legs = append([]pitwall.Leg(nil), o.Legs...)
				for i := range o.Legs {
					l := &o.Legs[i]
					l.Limit, l.Stop, l.Trail = l.Limit/2, l.Stop/2, l.Trail/2
				}
			}
			if m.id != "" {
				continue // whose order it changes decides; left out of both
			}
			half.moves = append(half.moves, m)
		}
		raw.unchanged()
		var one, two []pitwall.Dec
		p := raw.play(t, func(v *sim.Venue) { one = append(one, account(t, v).Equity) })
		q := half.play(t, func(v *sim.Venue) { two = append(two, account(t, v).Equity) })
		for i := range one {
			if one[i] != two[i] {
				logBoth(t, p, q)
				t.Fatalf("after bar %d: raw %v, halved %v", i+1, one[i], two[i])
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
func TestPropertyFutureDoesNotReachThePast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, everything)
		whole := w.play(t, nil).journal
		cut := day0.AddDate(0, 0, rapid.IntRange(1, w.days).Draw(t, "cut")).Add(16 * time.Hour)
		other := &world{days: w.days, cfg: w.cfg, moves: w.moves}
		other.cfg.Source = other
		for _, s := range w.series {
			other.series = append(other.series, changed(t, s, cut, rapid.Bool().Draw(t, "drop")))
		}
		for _, a := range w.actions {
			if !a.Ex.After(cut) || rapid.Bool().Draw(t, "keep action") {
				other.actions = append(other.actions, a)
			}
		}
		if other.series[0].Len() == 0 || other.series[1].Len() == 0 {
			return
		}
		after := other.play(t, nil).journal
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

// The same orders on the same bars give the same digest, and another fee another
// one.
func TestPropertyDigest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, everything)
		one, two := w.play(t, nil).venue, w.play(t, nil).venue
		if one.Progress().Digest != two.Progress().Digest {
			t.Fatal("the same run has two digests")
		}
		w.cfg.Costs = pitwall.Costs{CommissionBps: pitwall.Int(77)}
		three := w.play(t, nil).venue
		if a, b := account(t, one).Fees, account(t, three).Fees; a != b && one.Progress().Digest == three.Progress().Digest {
			t.Fatalf("fees of %v and %v, the same digest", a, b)
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
	require.Equal(t, 1, v.Progress().Bars)
	for range 2 {
		_, err = v.Next(ctx, v.Now())
		require.NoError(t, err)
	}
	_, err = v.Next(ctx, v.Now())
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, 3, v.Progress().Bars)
}
