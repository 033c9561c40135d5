package sim_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"pgregory.net/rapid"

	"pitwall"
	"pitwall/brokers/risk"
	"pitwall/cache/calendar"
	"pitwall/sim"
)

// world is a random simulation: bars, corporate actions, account, rules, and what
// a random trader does, all drawn before anything runs, so that the same trader
// can be played on changed data.
type world struct {
	series  []*pitwall.Series
	actions []pitwall.Action
	cfg     sim.Config
	moves   []move
	days    int
	lower   pitwall.Dec // what B's prices are moved down by
}

func (w *world) Series() []*pitwall.Series { return w.series }
func (w *world) Actions() []pitwall.Action { return w.actions }

// move is one act of the trader before a step.
type move struct {
	step   int
	order  pitwall.Order
	cancel string
	change pitwall.Change
	id     string // of the change
}

// taste says what a world may hold.
type taste struct {
	margin, actions, costs, legs, ticks, odd bool // odd: latency, touch, ohlc, settlement, mixed calendars
	zero                                     bool // a share that closes at 0, a future below it
}

var everything = taste{true, true, true, true, true, true, true}

var day0 = time.Date(2024, 1, 1, 0, 0, 0, 0, newYork)

func drawWorld(t *rapid.T, like taste) *world {
	w := &world{days: rapid.IntRange(4, 14).Draw(t, "days")}
	w.cfg = sim.Config{Source: w, From: day0, Cash: pitwall.Int(rapid.SampledFrom([]int64{5_000, 50_000, 500_000}).Draw(t, "cash")), Rules: pitwall.Rules{VolumeShare: pitwall.One / 10}}
	symbols := []string{"A", "B"}
	for _, s := range symbols {
		crypto := like.odd && s == "B" && rapid.IntRange(0, 3).Draw(t, "crypto") == 0
		w.series = append(w.series, drawBars(t, s, w.days, crypto, like.odd))
	}
	w.cfg.Symbols = symbols
	if like.costs {
		w.cfg.Costs = drawCosts(t)
		if rapid.Bool().Draw(t, "more costs") {
			w.cfg.Costs.Spread = pitwall.Dec(rapid.Int64Range(0, 5_000_000).Draw(t, "spread"))
			w.cfg.Costs.Impact = pitwall.Dec(rapid.Int64Range(0, 20_000_000).Draw(t, "impact"))
			w.cfg.Costs.MinPerOrder = pitwall.Int(rapid.Int64Range(0, 3).Draw(t, "min"))
			if maker := rapid.Int64Range(-3, 4).Draw(t, "maker"); maker != 4 {
				w.cfg.Costs.MakerBps = new(pitwall.Int(maker))
			}
			w.cfg.Costs.CashBuffer = pitwall.One / 50
		}
	}
	if like.margin && rapid.Bool().Draw(t, "margin") {
		w.cfg.Terms.Type = pitwall.MarginAccount
		if rapid.Bool().Draw(t, "borrow") {
			w.cfg.Terms.MarginRate = pitwall.Dec(rapid.Int64Range(0, 20_000_000).Draw(t, "interest"))
			w.cfg.Terms.BorrowRate = pitwall.Dec(rapid.Int64Range(0, 30_000_000).Draw(t, "rate"))
		}
	}
	if like.odd && w.cfg.Terms.Type == pitwall.MarginAccount && rapid.IntRange(0, 2).Draw(t, "future") == 0 {
		in := &w.series[1].Instrument
		in.Kind, in.Multiplier = pitwall.Future, pitwall.Int(5)
		if rapid.Bool().Draw(t, "expires") {
			in.Expiry = day0.AddDate(0, 0, rapid.IntRange(2, w.days).Draw(t, "expiry"))
		}
		if like.zero && rapid.Bool().Draw(t, "below zero") {
			w.lower = pitwall.Int(rapid.Int64Range(40, 170).Draw(t, "lower"))
			moveTo(w.series[1], func(p pitwall.Dec) pitwall.Dec { return p - w.lower })
		}
	}
	if like.zero && rapid.IntRange(0, 5).Draw(t, "worthless") == 0 {
		s := w.series[rapid.IntRange(0, 1).Draw(t, "which is")]
		if s.Instrument.Kind != pitwall.Future && s.Len() > 1 {
			dies(s, rapid.IntRange(1, s.Len()-1).Draw(t, "last bar"), rapid.Bool().Draw(t, "it trades"))
		}
	}
	if like.ticks {
		in := &w.series[0].Instrument
		switch rapid.IntRange(0, 3).Draw(t, "tick") {
		case 0:
			in.Tick = pitwall.One / 100
		case 1:
			in.Cents = true
		}
	}
	if like.odd {
		w.cfg.Rules.Touch = rapid.Bool().Draw(t, "touch")
		w.cfg.Rules.Latency = rapid.SampledFrom([]time.Duration{0, 0, time.Second, 20 * time.Hour}).Draw(t, "latency")
		w.cfg.Rules.Path = rapid.SampledFrom([]pitwall.Path{"", pitwall.Provable, pitwall.OHLC}).Draw(t, "path")
		if w.cfg.Terms.Type == "" {
			w.cfg.Terms.SettleDays = rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "settle")
		}
		w.cfg.Terms.Reinvest = rapid.IntRange(0, 3).Draw(t, "reinvest") == 0
		if rapid.IntRange(0, 3).Draw(t, "no cap") == 0 {
			w.cfg.Rules.VolumeShare = pitwall.NoVolumeLimit
		}
	}
	if like.actions {
		w.drawActions(t)
	}
	for i := range rapid.IntRange(1, 22).Draw(t, "moves") {
		w.moves = append(w.moves, w.drawMove(t, i, like))
	}
	return w
}

func drawBars(t *rapid.T, symbol string, n int, crypto, abroad bool) *pitwall.Series {
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: symbol, Kind: pitwall.Equity, Lot: pitwall.One, Zone: newYork}, Size: 24 * time.Hour}
	size := 390 * time.Minute
	if crypto {
		s.Instrument.Kind, s.Instrument.Calendar, s.Instrument.Zone = pitwall.Crypto, pitwall.AlwaysOpen, time.UTC
		size, s.Size = 8*time.Hour, 8*time.Hour
	} else if abroad && rapid.Bool().Draw(t, symbol+" abroad") {
		name := rapid.SampledFrom([]string{"XNYS", "XTKS", "XHKG", "CMES"}).Draw(t, symbol+" calendar")
		c, err := calendar.Named(name)
		if err != nil {
			t.Fatal(err)
		}
		s.Instrument.Calendar, s.Instrument.Hours, s.Instrument.Zone = name, c, c.Zone
		size, s.Size = 2*time.Hour, 2*time.Hour
	}
	price := rapid.Int64Range(60, 150).Draw(t, symbol+" price") * 100
	cents := func(label string) pitwall.Dec {
		return pitwall.Dec(max(100, price*rapid.Int64Range(850, 1180).Draw(t, label)/1000) * 1_000_000)
	}
	for k, start := range starts(s.Instrument, size, n) {
		if k > 0 && rapid.IntRange(0, 7).Draw(t, "missing") == 0 {
			continue
		}
		a, b, c, e := cents("a"), cents("b"), cents("c"), cents("e")
		bar := pitwall.Bar{Open: a, Close: b, High: max(a, b, c, e), Low: min(a, b, c, e), Volume: float64(rapid.SampledFrom([]int{0, 90, 1500, 40_000, 40_000}).Draw(t, "volume"))}
		bar.Start = start
		bar.End = bar.Start.Add(size)
		bar.Known = bar.End
		price = max(500, int64(b)/1_000_000)
		if err := s.Append(bar); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// moveTo changes every price of a series.
func moveTo(s *pitwall.Series, to func(pitwall.Dec) pitwall.Dec) {
	for _, prices := range [][]pitwall.Dec{s.Open, s.High, s.Low, s.Close} {
		for i := range prices {
			prices[i] = to(prices[i])
		}
	}
}

// dies lets a share close at 0 with a bar, in which it may still trade.
func dies(s *pitwall.Series, last int, trades bool) {
	for i := last; i < s.Len(); i++ {
		if s.Low[i], s.Close[i] = 0, 0; i > last || !trades {
			s.Open[i], s.High[i] = 0, 0
		}
	}
}

// starts lists when bars begin: of n days from 2024-01-02, or, with a calendar's
// hours, of its sessions, from the open and after a break from its end.
func starts(in pitwall.Instrument, size time.Duration, n int) (list []time.Time) {
	for d := range n {
		day := time.Date(2024, 1, 2+d, 0, 0, 0, 0, time.UTC)
		open, closes, ok := in.Session(day)
		pause, resumes := in.Break(day)
		if in.Hours != nil && !ok {
			continue
		}
		for at := open; at.Before(closes); at = at.Add(size) {
			if !pause.IsZero() && !at.Before(pause) && at.Before(resumes) {
				at = resumes
			}
			list = append(list, at)
		}
	}
	return list
}

func (w *world) drawActions(t *rapid.T) {
	for range rapid.IntRange(0, 3).Draw(t, "actions") {
		a := pitwall.Action{Symbol: "A", Ex: day0.AddDate(0, 0, rapid.IntRange(1, w.days).Draw(t, "ex")), Type: "dividend", Value: pitwall.Dec(rapid.Int64Range(1, 300).Draw(t, "dividend") * 1_000_000)}
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			a.Type, a.Value, a.Per = "split", pitwall.Int(rapid.Int64Range(1, 4).Draw(t, "new")), pitwall.Int(rapid.Int64Range(1, 3).Draw(t, "old"))
		case 1, 2:
			a.Pay = a.Ex.AddDate(0, 0, rapid.IntRange(0, 4).Draw(t, "pay"))
		}
		w.actions = append(w.actions, a)
	}
}

// drawMove draws an order, or something about an earlier one.
func (w *world) drawMove(t *rapid.T, i int, like taste) move {
	m := move{step: rapid.IntRange(1, w.days).Draw(t, "step")}
	if i > 0 {
		earlier := fmt.Sprintf("o%d%s", rapid.IntRange(0, i-1).Draw(t, "which"), rapid.SampledFrom([]string{"", "", ".tp", ".sl"}).Draw(t, "leg"))
		switch rapid.IntRange(0, 9).Draw(t, "act") {
		case 0:
			m.cancel = earlier
			return m
		case 1:
			m.id, m.change = earlier, pitwall.Change{Limit: drawPrice(t, "new limit") - pitwall.Dec(rapid.IntRange(0, 1).Draw(t, "of B"))*w.lower}
			if rapid.Bool().Draw(t, "or qty") {
				m.change = pitwall.Change{Qty: pitwall.Int(rapid.Int64Range(1, 300).Draw(t, "new qty"))}
			}
			return m
		}
	}
	o := pitwall.Order{ID: fmt.Sprintf("o%d", i), Symbol: rapid.SampledFrom(w.cfg.Symbols).Draw(t, "symbol"), Side: rapid.SampledFrom([]pitwall.Side{pitwall.Buy, pitwall.Buy, pitwall.Sell}).Draw(t, "side"),
		Type: pitwall.MarketOrder, Qty: pitwall.Int(rapid.Int64Range(1, 300).Draw(t, "qty")), TIF: rapid.SampledFrom([]pitwall.TIF{pitwall.Day, pitwall.GTC, pitwall.GTC}).Draw(t, "tif")}
	switch rapid.IntRange(0, 7).Draw(t, "type") {
	case 0, 1:
		o.Type, o.Limit = pitwall.LimitOrder, drawPrice(t, "limit")
	case 2:
		o.Type, o.Stop = pitwall.StopOrder, drawPrice(t, "stop")
	case 3:
		o.Type, o.Stop, o.Limit = pitwall.StopLimit, drawPrice(t, "stop"), drawPrice(t, "limit")
	case 4:
		o.Type, o.TrailPercent = pitwall.TrailingStop, pitwall.Int(rapid.Int64Range(1, 15).Draw(t, "trail"))
	}
	if (o.Type == pitwall.MarketOrder || o.Type == pitwall.LimitOrder) && rapid.IntRange(0, 4).Draw(t, "once") == 0 {
		o.TIF = rapid.SampledFrom([]pitwall.TIF{pitwall.IOC, pitwall.FOK, pitwall.OPG, pitwall.CLS}).Draw(t, "moment")
	} else if like.odd && rapid.IntRange(0, 7).Draw(t, "gtd") == 0 {
		o.TIF, o.GoodTill = pitwall.GTD, day0.AddDate(0, 0, m.step+rapid.IntRange(0, 3).Draw(t, "till")).Add(time.Duration(rapid.IntRange(0, 23).Draw(t, "hour"))*time.Hour)
	}
	if like.legs {
		drawLegs(t, &o)
	}
	if w.lower != 0 && o.Symbol == "B" {
		lower(&o, w.lower)
	}
	m.order = o
	return m
}

// lower moves an order's prices down as its symbol's were.
func lower(o *pitwall.Order, by pitwall.Dec) {
	prices := []*pitwall.Dec{&o.Limit, &o.Stop}
	for i := range o.Legs {
		prices = append(prices, &o.Legs[i].Limit, &o.Legs[i].Stop)
	}
	for _, p := range prices {
		if *p != 0 {
			*p -= by
		}
	}
}

func drawPrice(t *rapid.T, label string) pitwall.Dec {
	return pitwall.Dec(rapid.Int64Range(50_000, 160_000).Draw(t, label) * 100_000) // three decimals: off a tick of 0.01
}

// drawLegs makes an order a bracket, a pair for what is held, or one of a group.
func drawLegs(t *rapid.T, o *pitwall.Order) {
	percent := func(name string) pitwall.Dec { return pitwall.Int(rapid.Int64Range(1, 12).Draw(t, name)) }
	target := pitwall.Leg{Role: pitwall.TakeProfit, Percent: percent("target")}
	stop := pitwall.Leg{Role: pitwall.StopLoss, Percent: percent("stop leg")}
	switch rapid.IntRange(0, 3).Draw(t, "stop kind") {
	case 0:
		stop = pitwall.Leg{Role: pitwall.StopLoss, TrailPercent: percent("trail leg")}
	case 1:
		stop.Limit = drawPrice(t, "leg limit")
	}
	switch rapid.IntRange(0, 9).Draw(t, "class") {
	case 0, 1, 2:
		o.Class, o.Legs = pitwall.Bracket, []pitwall.Leg{target, stop}
	case 3:
		o.Class, o.Legs = pitwall.OTO, []pitwall.Leg{stop}
	case 4:
		*o = pitwall.Order{ID: o.ID, Symbol: o.Symbol, Side: o.Side, Type: pitwall.MarketOrder, Qty: o.Qty, TIF: pitwall.GTC, Class: pitwall.OCO, Legs: []pitwall.Leg{target, stop}}
	case 5:
		o.Group = rapid.SampledFrom([]string{"g", "h"}).Draw(t, "group")
	case 6:
		o.ReduceOnly = true
	}
}

// played is a world after its run.
type played struct {
	venue   *sim.Venue
	journal *pitwall.MemoryJournal
}

// play runs a world's moves to the end of its data. Refusals are part of the
// game; the books must balance at every step.
func (w *world) play(t *rapid.T, watch func(v *sim.Venue)) played {
	ctx := context.Background()
	cfg := w.cfg
	j := &pitwall.MemoryJournal{}
	cfg.Journal = j
	v, err := sim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	g := risk.New(v, j, v, nil, nil, risk.NoLimits())
	for step := 1; ; step++ {
		if _, err := v.Next(ctx, v.Now()); errors.Is(err, io.EOF) {
			return played{v, j}
		} else if err != nil {
			t.Fatal(err)
		}
		if watch != nil {
			watch(v)
		}
		for _, m := range w.moves {
			switch {
			case m.step != step:
			case m.cancel != "":
				_, _ = g.Cancel(ctx, m.cancel)
			case m.id != "":
				_, _ = g.Replace(ctx, m.id, m.change)
			default:
				if _, err := g.Submit(ctx, m.order); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// account is the main book, with both sides of its identity compared.
func account(t *rapid.T, v *sim.Venue) pitwall.Account {
	a, err := v.Account(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	worth, open := a.Cash+a.Receivable, pitwall.Dec(0)
	for _, p := range a.Positions {
		worth, open = worth+p.Value, open+p.Unrealized
	}
	if sum := a.Start + a.Realized + open + a.Dividends - a.Fees - a.Borrow; worth != a.Equity || sum != a.Equity {
		t.Fatalf("equity %v, cash and positions %v, start and gains %v: %+v", a.Equity, worth, sum, a)
	}
	return a
}
