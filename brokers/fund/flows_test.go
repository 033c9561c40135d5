package fund_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pitwall"
	"pitwall/brokers/fund"
	"pitwall/brokers/risk"
	"pitwall/sim"
	"pitwall/sim/wall"
)

// flow is a random order flow: what each pod sends after each bar.
type flow struct {
	series []*pitwall.Series
	orders [][][]pitwall.Order // by step and pod
	limits map[string]any
}

const flowSteps = 8

var flowPods = []string{"a", "b", "c", "d", "e"}

func (f *flow) Series() []*pitwall.Series { return f.series }
func (*flow) Actions() []pitwall.Action   { return nil }

// drawFlow draws prices and orders from one seed: a flow has hundreds of numbers.
func drawFlow(seed uint64) *flow {
	r := rand.New(rand.NewPCG(seed, 1))
	f := &flow{limits: map[string]any{"max_gross_percent": 40 + r.IntN(60), "max_net_percent": 30 + r.IntN(60), "max_symbol_percent": 10 + r.IntN(30), "max_leverage": 2, "max_sector_percent": 60}}
	if r.IntN(2) == 0 {
		f.limits["over_limit"] = "trim"
	}
	for _, symbol := range []string{"X", "Y", "Z"} {
		s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: symbol, Kind: pitwall.Crypto, Currency: "USD", Calendar: "24/7", Zone: time.UTC, Lot: pitwall.One, Multiplier: pitwall.One, Sector: symbol[:1]}, Size: 24 * time.Hour, Adjusted: pitwall.Raw}
		price := 50 + r.IntN(100)
		for i := range flowSteps {
			at := start.AddDate(0, 0, i)
			open := pitwall.Int(int64(price))
			price = max(5, price*(80+r.IntN(45))/100)
			last := pitwall.Int(int64(price))
			_ = s.Append(pitwall.Bar{Symbol: symbol, Start: at, End: at.AddDate(0, 0, 1), Known: at.AddDate(0, 0, 1), Open: open, High: max(open, last), Low: min(open, last), Close: last, Volume: 1e6})
		}
		f.series = append(f.series, s)
	}
	for step := range flowSteps {
		var row [][]pitwall.Order
		for _, pod := range flowPods {
			var list []pitwall.Order
			for i := range r.IntN(4) {
				o := pitwall.Order{ID: fmt.Sprint(pod, step, i), Symbol: f.series[r.IntN(3)].Instrument.Symbol, Side: pitwall.Buy, Type: pitwall.MarketOrder, Qty: pitwall.Int(int64(1 + r.IntN(400))), TIF: pitwall.GTC, ReduceOnly: r.IntN(6) == 0}
				if r.IntN(2) == 0 {
					o.Side = pitwall.Sell
				}
				if r.IntN(4) == 0 {
					o.Type, o.Limit = pitwall.LimitOrder, pitwall.Int(int64(20+r.IntN(200)))
				}
				list = append(list, o)
			}
			row = append(row, list)
		}
		f.orders = append(f.orders, row)
	}
	return f
}

// desk is a fund over a flow: a guard over the sum, and a broker for each pod.
type desk struct {
	venue *sim.Venue
	sum   *fund.Sum
	pods  []*fund.Book
	sent  []string

	source []*pitwall.Series
}

func newDesk(t *rapid.T, f *flow) *desk {
	limits, err := risk.Parse(f.limits)
	if err != nil {
		t.Fatal(err)
	}
	terms, names, symbols := pitwall.Terms{Type: pitwall.MarginAccount}, []string{"main"}, []string{"X", "Y", "Z"}
	cfg := sim.Config{Source: f, Symbols: symbols, From: start, Terms: terms, Journal: &pitwall.MemoryJournal{}, Rules: pitwall.Rules{VolumeShare: pitwall.NoVolumeLimit}}
	for _, name := range flowPods {
		names = append(names, name)
		cfg.Books = append(cfg.Books, sim.Book{Name: name, Cash: pitwall.Int(20_000), Terms: terms})
	}
	v, err := sim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{venue: v, sum: fund.NewSum(v, v, names, pitwall.Int(100_000))}
	market := wall.New(f, v.Now, symbols)
	g := risk.New(d.sum, cfg.Journal, v, market, market, limits)
	g.Share(risk.Shared{Name: "fund", Counts: d.sum.Counts, Holders: d.sum.Holders})
	for _, name := range flowPods {
		d.pods = append(d.pods, fund.NewBook(v, g, name, symbols))
	}
	return d
}

// worst is the largest gross exposure, and of one symbol, that the fund's holdings and open
// orders can lead to at the last prices, in percent of equity. It is found from the venue
// alone: what a pod's order that only reduces can do is at most to close the pod's position.
func (d *desk) worst(t *rapid.T) (gross, symbol float64) {
	ctx := context.Background()
	up, down, price := map[string]float64{}, map[string]float64{}, map[string]float64{}
	equity := 0.0
	open, err := d.venue.Orders(ctx, pitwall.OrderQuery{Open: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, pod := range flowPods {
		a, err := d.venue.Account(ctx, pod)
		if err != nil {
			t.Fatal(err)
		}
		equity += a.Equity.Float()
		for _, s := range []string{"X", "Y", "Z"} {
			held := a.Held(s).Float()
			lo, hi, closeUp, closeDown := held, held, held, held
			for _, o := range open {
				if o.Book != pod || o.Symbol != s {
					continue
				}
				left := (o.Qty - o.Filled).Float()
				switch {
				case o.ReduceOnly && o.Side == pitwall.Sell && held > 0:
					closeDown = max(0, closeDown-left)
				case o.ReduceOnly && o.Side == pitwall.Buy && held < 0:
					closeUp = min(0, closeUp+left)
				case o.ReduceOnly:
				case o.Side == pitwall.Buy:
					hi += left
				default:
					lo -= left
				}
			}
			up[s] += max(hi, hi-held+closeUp)
			down[s] += min(lo, lo-held+closeDown)
		}
		for _, p := range a.Positions {
			price[p.Symbol] = p.Last.Float()
		}
	}
	for _, x := range d.source {
		n := x.KnownAt(d.venue.Now().UnixNano())
		price[x.Instrument.Symbol] = x.Close[n-1].Float()
	}
	for s, p := range price {
		money := max(up[s], -down[s]) * p
		gross, symbol = gross+money, max(symbol, money)
	}
	return gross / equity * 100, symbol / equity * 100
}

// Whatever five pods send at the same time, the fund's limits hold; the same flow in the order
// of the pods is answered alike. The campaign: -rapid.checks=N.
func TestPropertyFlowsKeepTheFundsLimits(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		_ = f.Value.Set("25")
		defer func() { _ = f.Value.Set(f.DefValue) }()
	}
	sent, denied, trimmed := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		f := drawFlow(seed)
		gross, symbol := float64(f.limits["max_gross_percent"].(int)), float64(f.limits["max_symbol_percent"].(int))
		var first []string
		ways := []bool{true}
		if seed%8 == 0 {
			ways = []bool{false, false, true}
		}
		for _, parallel := range ways {
			d := newDesk(t, f)
			d.source = f.series
			for step := range flowSteps {
				if _, err := d.venue.Next(t.Context(), d.venue.Now()); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
				grossBefore, symbolBefore := d.worst(t)
				var all sync.WaitGroup
				var mu sync.Mutex
				for i, pod := range d.pods {
					send := func() {
						for _, o := range f.orders[step][i] {
							s, err := pod.Submit(context.Background(), o)
							mu.Lock()
							if d.sent = append(d.sent, fmt.Sprint(o.ID, s.Status, s.Qty, err)); s.Status == pitwall.Denied {
								denied++
							} else if sent++; s.Qty < o.Qty {
								trimmed++
							}
							mu.Unlock()
						}
					}
					if parallel {
						all.Go(send)
					} else {
						send()
					}
				}
				all.Wait()
				// Prices may have moved holdings over a limit: orders never move them further.
				if g, s := d.worst(t); g > max(gross, grossBefore)+1e-6 || s > max(symbol, symbolBefore)+1e-6 {
					t.Fatalf("step %d: gross %.4f %% (%.4f before) of %v, a symbol %.4f %% (%.4f before) of %v; limits %v", step, g, grossBefore, gross, s, symbolBefore, symbol, f.limits)
				}
			}
			switch {
			case parallel:
			case first == nil:
				first = d.sent
			case !slices.Equal(first, d.sent):
				t.Fatalf("the same flow again: %v, first %v", d.sent, first)
			}
		}
	})
	t.Logf("%d orders passed, %d of them trimmed, %d denied", sent, trimmed, denied)
	if sent == 0 || denied == 0 || trimmed == 0 {
		t.Fatal("nothing was tested")
	}
}
