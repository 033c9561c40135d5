package alpaca_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/alpaca"
	"pitwall/brokers/brokertest"
	"pitwall/brokers/risk"
)

func (w *world) harness(b pitwall.Broker) brokertest.Harness {
	return brokertest.Harness{Broker: b, Symbol: "AAPL", Far: pitwall.Int(50), Above: pitwall.Int(200), ExitsEndTogether: true, Step: func(t *testing.T) { require.NoError(t, w.Step(context.Background())) }}
}

func TestAlpacaIsABroker(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) brokertest.Harness { w := begin(t); return w.harness(w.broker(t)) })
}

// Crypto trades by the same contract; exits are refused and say so.
func TestAlpacaIsABrokerOfCrypto(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) brokertest.Harness {
		w := begin(t)
		h := w.harness(w.broker(t))
		h.Symbol, h.Kind = "BTC/USD", pitwall.Crypto
		return h
	})
}

func TestPrefixedAlpacaIsABroker(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) brokertest.Harness {
		w := begin(t)
		return w.harness(w.broker(t, func(c *alpaca.Config) { c.Prefix = "desk1-" }))
	})
}

func TestGuardedAlpacaIsABroker(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) brokertest.Harness {
		w := begin(t)
		return w.harness(risk.New(w.broker(t), &pitwall.MemoryJournal{}, w.Venue(), nil, nil, risk.NoLimits()))
	})
}

// One id submitted 1,000 times at once, by one process and by ten, is one order.
func TestOneIDIsOneOrder(t *testing.T) {
	for _, processes := range []int{1, 10} {
		w := begin(t)
		var list []*alpaca.Broker
		for range processes {
			list = append(list, w.broker(t))
		}
		var wg sync.WaitGroup
		for n := range 1000 {
			wg.Go(func() {
				if s, err := list[n%processes].Submit(context.Background(), resting("a", 1)); err != nil || s.Status != pitwall.Working {
					t.Error(s.Status, err)
				}
			})
		}
		wg.Wait()
		all, err := list[0].Orders(context.Background(), pitwall.OrderQuery{})
		require.NoError(t, err)
		require.Len(t, all, 1)
		require.Len(t, sent(t, w), 1)
		require.LessOrEqual(t, w.Requests("POST /v2/orders"), processes, "a process sends it once")
		t.Log(fmt.Sprint(processes, " processes, 1000 submissions: ", w.Requests("POST /v2/orders"), " sent, 1 order"))
	}
}

// sent are the orders that the venue accepted, without exits.
func sent(t testing.TB, w *world) []pitwall.OrderState {
	list, err := w.Venue().Orders(context.Background(), pitwall.OrderQuery{})
	require.NoError(t, err)
	var out []pitwall.OrderState
	for _, s := range list {
		if s.Status != pitwall.Rejected && s.Parent == "" {
			out = append(out, s)
		}
	}
	return out
}
