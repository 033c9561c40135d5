package engine_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pitwall"
	"pitwall/sim/engine"
)

// bench is bars for benchmarks: random walks from a seed, daily, in UTC.
type bench struct{ series []*pitwall.Series }

func (b bench) Series() []*pitwall.Series { return b.series }
func (b bench) Actions() []pitwall.Action { return nil }

func walk(symbol string, bars int, seed uint64) *pitwall.Series {
	r := rand.New(rand.NewPCG(seed, 7))
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: symbol, Kind: pitwall.Equity, Lot: pitwall.One}, Size: 24 * time.Hour}
	price := int64(100_0000_0000)
	start := time.Date(2000, 1, 3, 9, 30, 0, 0, time.UTC)
	for i := range bars {
		open := price
		price += (r.Int64N(2001) - 1000) * price / 100_000
		if price < 50_0000_0000 || price > 200_0000_0000 {
			price = 100_0000_0000
		}
		high, low := max(open, price)+r.Int64N(price/200), min(open, price)-r.Int64N(price/200)
		at := start.Add(time.Duration(i) * 24 * time.Hour)
		s.Start, s.End, s.Known = append(s.Start, at.UnixNano()), append(s.End, at.Add(390*time.Minute).UnixNano()), append(s.Known, at.Add(390*time.Minute).UnixNano())
		s.Open, s.High, s.Low, s.Close = append(s.Open, pitwall.Dec(open)), append(s.High, pitwall.Dec(high)), append(s.Low, pitwall.Dec(low)), append(s.Close, pitwall.Dec(price))
		s.Volume = append(s.Volume, 1e7)
	}
	return s
}

func setup(tb testing.TB, symbols, bars int) (*engine.Data, engine.Config) {
	var src bench
	var names []string
	for i := range symbols {
		name := fmt.Sprintf("S%03d", i)
		names = append(names, name)
		src.series = append(src.series, walk(name, bars, uint64(i+1)))
	}
	d, err := engine.NewData(src, names, time.Date(2000, 1, 3, 0, 0, 0, 0, time.UTC), time.Time{})
	if err != nil {
		tb.Fatal(err)
	}
	return d, engine.Config{Data: d, Books: []engine.Account{{Cash: pitwall.Int(1_000_000)}}, Costs: pitwall.Costs{CommissionBps: pitwall.Int(5)}, Rules: pitwall.Rules{VolumeShare: pitwall.One / 10}}
}

// run makes all steps with an action before each and reports bars per second.
func run(b *testing.B, d *engine.Data, cfg engine.Config, begin func(*engine.Engine), each func(*engine.Engine, int)) {
	b.ReportAllocs()
	bars := 0
	for b.Loop() {
		e := engine.New(cfg)
		begin(e)
		for i := 0; ; i++ {
			if each != nil {
				each(e, i)
			}
			if ok, err := e.Step(); err != nil {
				b.Fatal(err)
			} else if !ok {
				break
			}
			if len(e.Events()) > 4096 {
				e.Drain()
			}
		}
		_ = e.Digest() // the equity curve and the log are in it
		bars += d.Bars()
	}
	b.ReportMetric(float64(bars)/b.Elapsed().Seconds()/1e6, "Mbars/s")
	b.ReportMetric(0, "ns/op")
}

// hold buys one position and, far away, n orders that rest.
func hold(n int) func(*engine.Engine) {
	return func(e *engine.Engine) {
		_, _ = e.Step()
		if _, err := e.Submit(engine.Spec{Side: engine.Buy, TIF: engine.GTC, Qty: pitwall.Int(100)}); err != nil {
			panic(err)
		}
		for i := range n {
			s := engine.Spec{Side: engine.Buy, Type: engine.Limit, TIF: engine.GTC, Qty: pitwall.One, Limit: pitwall.Int(int64(10 + i))}
			if i%2 == 1 {
				s = engine.Spec{Side: engine.Buy, Type: engine.Stop, TIF: engine.GTC, Qty: pitwall.One, Stop: pitwall.Int(int64(400 + i))}
			}
			if _, err := e.Submit(s); err != nil {
				panic(err)
			}
		}
	}
}

func BenchmarkNoOrders(b *testing.B) {
	d, cfg := setup(b, 1, 50_000)
	run(b, d, cfg, func(*engine.Engine) {}, nil)
}

func BenchmarkHolding(b *testing.B) {
	d, cfg := setup(b, 1, 50_000)
	run(b, d, cfg, hold(0), nil)
}

func Benchmark20Resting(b *testing.B) {
	d, cfg := setup(b, 1, 50_000)
	run(b, d, cfg, hold(20), nil)
}

func BenchmarkOrderPerBar(b *testing.B) {
	d, cfg := setup(b, 1, 50_000)
	run(b, d, cfg, func(e *engine.Engine) { _, _ = e.Step() }, func(e *engine.Engine, i int) {
		side := engine.Buy
		if i%2 == 1 {
			side = engine.Sell
		}
		if _, err := e.Submit(engine.Spec{Side: side, TIF: engine.GTC, Qty: pitwall.Int(10)}); err != nil {
			b.Fatal(err)
		}
	})
}

func Benchmark500x2520(b *testing.B) {
	d, cfg := setup(b, 500, 2520)
	run(b, d, cfg, func(e *engine.Engine) {
		_, _ = e.Step()
		for i := range 500 {
			if _, err := e.Submit(engine.Spec{Sym: int32(i), Side: engine.Buy, TIF: engine.GTC, Qty: pitwall.Int(5)}); err != nil {
				b.Fatal(err)
			}
		}
	}, nil)
}

func BenchmarkData500x2520(b *testing.B) {
	var src bench
	var names []string
	for i := range 500 {
		name := fmt.Sprintf("S%03d", i)
		names = append(names, name)
		src.series = append(src.series, walk(name, 2520, uint64(i+1)))
	}
	for b.Loop() {
		if _, err := engine.NewData(src, names, time.Date(2000, 1, 3, 0, 0, 0, 0, time.UTC), time.Time{}); err != nil {
			b.Fatal(err)
		}
	}
}
