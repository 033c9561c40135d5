package sim_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/brokertest"
	"pitwall/brokers/risk"
	"pitwall/sim"
)

// harness is a venue over twenty flat days at 100, one of them passed.
func harness(t *testing.T) (*sim.Venue, *pitwall.MemoryJournal, brokertest.Harness) {
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "A", Kind: pitwall.Equity, Lot: pitwall.One, Zone: newYork}, Size: 24 * time.Hour}
	for d := range 20 {
		p := pitwall.Int(100)
		b := pitwall.Bar{Open: p, High: p, Low: p, Close: p, Volume: 1e6, Start: time.Date(2024, 1, 2+d, 9, 30, 0, 0, newYork), End: time.Date(2024, 1, 2+d, 16, 0, 0, 0, newYork)}
		b.Known = b.End
		require.NoError(t, s.Append(b))
	}
	j := &pitwall.MemoryJournal{}
	v, err := sim.New(sim.Config{Source: source{[]*pitwall.Series{s}}, Symbols: []string{"A"}, From: time.Date(2024, 1, 2, 0, 0, 0, 0, newYork), Cash: pitwall.Int(20_000),
		Costs: pitwall.Costs{CommissionBps: pitwall.Int(10)}, Rules: pitwall.Rules{VolumeShare: sim.DefaultVolumeShare}, Journal: j})
	require.NoError(t, err)
	step := func(t *testing.T) {
		_, err := v.Next(context.Background(), v.Now())
		require.NoError(t, err)
	}
	step(t)
	return v, j, brokertest.Harness{Broker: v, Symbol: "A", Far: pitwall.Int(50), Step: step}
}

func TestVenueIsABroker(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) brokertest.Harness { _, _, h := harness(t); return h })
}

func TestGuardedVenueIsABroker(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) brokertest.Harness {
		v, j, h := harness(t)
		h.Broker = risk.New(v, j, v, nil, nil, risk.NoLimits())
		return h
	})
}
