package brokertest_test

import (
	"context"
	"testing"
	"time"

	"pitwall"
	"pitwall/brokers/brokertest"
	"pitwall/sim"
)

// source is twenty flat days of one symbol at 100.
type source struct{ series *pitwall.Series }

func (s source) Series() []*pitwall.Series { return []*pitwall.Series{s.series} }
func (source) Actions() []pitwall.Action   { return nil }

// newHarness makes a fresh broker; here it is the simulated venue.
func newHarness(t *testing.T) brokertest.Harness {
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "A", Kind: pitwall.Equity, Lot: pitwall.One}, Size: 24 * time.Hour}
	first := time.Date(2024, 1, 2, 9, 30, 0, 0, time.UTC)
	for d := range 20 {
		p, start := pitwall.Int(100), first.AddDate(0, 0, d)
		end := start.Add(6*time.Hour + 30*time.Minute)
		if err := s.Append(pitwall.Bar{Open: p, High: p, Low: p, Close: p, Volume: 1e6, Start: start, End: end, Known: end}); err != nil {
			t.Fatal(err)
		}
	}
	v, err := sim.New(sim.Config{Source: source{s}, Symbols: []string{"A"}, From: first, Cash: pitwall.Int(20_000),
		Rules: pitwall.Rules{VolumeShare: sim.DefaultVolumeShare}, Journal: &pitwall.MemoryJournal{}})
	if err != nil {
		t.Fatal(err)
	}
	step := func(t *testing.T) {
		if _, err := v.Next(context.Background(), v.Now()); err != nil {
			t.Fatal(err)
		}
	}
	step(t) // a first price is known
	return brokertest.Harness{Broker: v, Symbol: "A", Far: pitwall.Int(50), Step: step}
}

// A broker's own test is one call.
func Example() {
	_ = func(t *testing.T) { brokertest.Run(t, newHarness) }
}

func TestExampleHarness(t *testing.T) { brokertest.Run(t, newHarness) }
