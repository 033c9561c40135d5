package engine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pitwall"
	"pitwall/sim/engine"
)

// act is what a random trader does before a step.
type act struct {
	step   int
	spec   engine.Spec
	cancel int // number of an order; -1 = none
}

func drawActs(t *rapid.T, steps int) []act {
	var list []act
	for i := range rapid.IntRange(1, 30).Draw(t, "acts") {
		a := act{step: rapid.IntRange(1, steps).Draw(t, "step"), cancel: -1}
		if i > 0 && rapid.IntRange(0, 5).Draw(t, "cancel") == 0 {
			a.cancel = rapid.IntRange(0, i).Draw(t, "which")
			list = append(list, a)
			continue
		}
		price := func(label string) pitwall.Dec { return pitwall.Int(rapid.Int64Range(80, 120).Draw(t, label)) }
		s := engine.Spec{Sym: int32(rapid.IntRange(0, 1).Draw(t, "symbol")), Side: rapid.SampledFrom([]engine.Side{engine.Buy, engine.Buy, engine.Sell}).Draw(t, "side"),
			Type: rapid.SampledFrom([]engine.Type{engine.Market, engine.Limit, engine.Stop, engine.StopLimit, engine.Trailing}).Draw(t, "type"),
			TIF:  rapid.SampledFrom([]engine.TIF{engine.Day, engine.GTC, engine.GTC}).Draw(t, "tif"), Qty: pitwall.Int(rapid.Int64Range(1, 400).Draw(t, "qty"))}
		switch s.Type {
		case engine.Limit:
			s.Limit = price("limit")
		case engine.Stop:
			s.Stop = price("stop")
		case engine.StopLimit:
			s.Stop, s.Limit = price("stop"), price("limit")
		case engine.Trailing:
			s.Trail = pitwall.Int(rapid.Int64Range(1, 5).Draw(t, "trail"))
		}
		if s.Side == engine.Buy && rapid.Bool().Draw(t, "legs") {
			s.Legs = [2]engine.Leg{{Role: engine.Target, Percent: pitwall.Int(2)}, {Role: engine.StopLoss, Percent: pitwall.Int(2)}}
		}
		a.spec = s
		list = append(list, a)
	}
	return list
}

// drive makes the steps from where the engine stands, with the acts that belong
// to them. stop, if above 0, is where it ends.
func drive(t *rapid.T, e *engine.Engine, acts []act, drain bool, stop int) {
	for {
		for _, a := range acts {
			if a.step != e.Steps() {
				continue
			}
			if a.cancel >= 0 {
				if _, h, ok := e.Find(int32(a.cancel)); ok {
					_, _ = e.Cancel(h)
				}
			} else {
				_, _ = e.Submit(a.spec)
			}
		}
		if stop > 0 && e.Steps() == stop {
			return
		}
		if ok, err := e.Step(); err != nil {
			t.Fatal(err)
		} else if !ok {
			return
		}
		if drain {
			e.Drain()
		}
	}
}

// Step by step, in one go, and resumed from a copy: the same digest.
func TestPropertyStepBatchResume(t *testing.T) {
	d, cfg := setup(t, 2, 40)
	cfg.Books[0].Terms.Type = pitwall.MarginAccount
	_ = d
	rapid.Check(t, func(t *rapid.T) {
		acts := drawActs(t, 40)
		steps := engine.New(cfg)
		drive(t, steps, acts, true, 0)
		batch := engine.New(cfg)
		drive(t, batch, acts, false, 0)
		first := engine.New(cfg)
		at := rapid.IntRange(1, 39).Draw(t, "resume at")
		drive(t, first, acts, rapid.Bool().Draw(t, "drained"), at)
		late := acts[:0:0]
		for _, a := range acts {
			if a.step > at { // those of the step itself were done
				late = append(late, a)
			}
		}
		second := first.Clone()
		drive(t, second, late, true, 0)
		if second.Steps() != 40 || first.Steps() != at {
			t.Fatalf("the copy stands at %d, the first at %d", second.Steps(), first.Steps())
		}
		drive(t, first, late, false, 0)
		want := steps.Digest()
		for name, e := range map[string]*engine.Engine{"batch": batch, "copy": second, "first after its copy": first} {
			if got := e.Digest(); got != want {
				t.Fatalf("%s: %s, step by step %s", name, got, want)
			}
		}
	})
}

// The inner loop allocates nothing: holding a position, with 20 orders resting.
func TestNoAllocationPerBar(t *testing.T) {
	_, cfg := setup(t, 1, 20_000)
	for name, resting := range map[string]int{"holding": 0, "20 resting": 20} {
		e := engine.New(cfg)
		hold(resting)(e)
		_, err := e.Step()
		require.NoError(t, err)
		e.Drain()
		require.Zero(t, testing.AllocsPerRun(15_000, func() { _, _ = e.Step() }), name)
	}
}

// Snapshots are copies: what happens to one does not reach the other.
func TestCloneIsApart(t *testing.T) {
	_, cfg := setup(t, 1, 10)
	e := engine.New(cfg)
	hold(4)(e)
	c := e.Clone()
	before := e.Digest()
	_, err := c.Submit(engine.Spec{Side: engine.Buy, TIF: engine.GTC, Qty: pitwall.One})
	require.Nil(t, err)
	require.NoError(t, c.Run())
	require.Equal(t, before, e.Digest())
	require.NotEqual(t, before, c.Digest())
	require.Equal(t, 10, c.Steps())
	require.Less(t, e.Steps(), 3)
}

// Two books trade the same bars with their own cash, and share a bar's volume in
// time priority.
func TestBooksAreApart(t *testing.T) {
	s := walk("S", 4, 1)
	for i := range s.Volume {
		s.Volume[i] = 1000
	}
	d, err := engine.NewData(bench{[]*pitwall.Series{s}}, []string{"S"}, time.Date(2000, 1, 3, 0, 0, 0, 0, time.UTC), time.Time{})
	require.NoError(t, err)
	e := engine.New(engine.Config{Data: d, Books: []engine.Account{{Cash: pitwall.Int(50_000)}, {Cash: pitwall.Int(8_000)}}, Rules: pitwall.Rules{VolumeShare: pitwall.One / 10}})
	_, _ = e.Step()
	_, refused := e.Submit(engine.Spec{Book: 0, Side: engine.Buy, TIF: engine.Day, Qty: pitwall.Int(80)})
	require.Nil(t, refused)
	_, refused = e.Submit(engine.Spec{Book: 1, Side: engine.Buy, TIF: engine.Day, Qty: pitwall.Int(90)})
	require.Equal(t, pitwall.BuyingPower, refused.Code, "8,000 do not buy 90")
	_, refused = e.Submit(engine.Spec{Book: 1, Side: engine.Buy, TIF: engine.Day, Qty: pitwall.Int(60)})
	require.Nil(t, refused)
	_, err = e.Step()
	require.NoError(t, err)
	require.Equal(t, pitwall.Int(80), e.Book(0).Positions[0].Qty)
	require.Equal(t, pitwall.Int(20), e.Book(1).Positions[0].Qty, "a tenth of 1,000 for both")
	_, refused = e.Submit(engine.Spec{Book: 1, Side: engine.Sell, TIF: engine.Day, Qty: pitwall.Int(30)})
	require.Equal(t, pitwall.ShortNotAllowed, refused.Code, "another book's units are not its own")
	require.NoError(t, e.Run())
}

// Prices go to the tick toward safety (rule 19).
func TestRound(t *testing.T) {
	cent := pitwall.One / 100
	p, err := pitwall.ParseDec("10.126")
	require.NoError(t, err)
	for _, c := range []struct {
		side engine.Side
		stop bool
		want string
	}{{engine.Buy, false, "10.12"}, {engine.Sell, false, "10.13"}, {engine.Buy, true, "10.13"}, {engine.Sell, true, "10.12"}} {
		require.Equal(t, c.want, engine.Round(cent, c.side, c.stop, p).String())
		require.Equal(t, "10.12", engine.Round(cent, c.side, c.stop, 1012*cent).String())
		require.Equal(t, "10.126", engine.Round(0, c.side, c.stop, p).String(), "no tick is known")
	}
}
