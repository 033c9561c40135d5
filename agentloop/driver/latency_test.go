package driver

import (
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
)

// ordersAt notes when the first order after each bar leaves for the broker.
type ordersAt struct {
	http.RoundTripper
	barAt atomic.Int64 // when the newest bar came, in nanoseconds; 0 = its order was sent
	took  []time.Duration
}

func (o *ordersAt) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/v2/orders") {
		if began := o.barAt.Swap(0); began != 0 {
			o.took = append(o.took, time.Since(time.Unix(0, began)))
		}
	}
	return o.RoundTripper.RoundTrip(r)
}

// From the moment the broker has a bar to the moment an order leaves: account and bars are
// read and compared, the journal is synced, the turn is made through an MCP server in
// process, limits and halt are looked at. The model answers at once. The goal is 50 ms for
// half of them on a machine with nothing else to do; this run prints both figures, and
// fails when something waits that should not.
func TestBarToOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: a measurement")
	}
	c, s := traded(t)
	s.To, s.Every, c.Agents[0].Every.Bars = "2013-12-31", "1", 1
	var m member
	c.Agents[0].Model = scripted(func(step int, _ []agentloop.Result) []agentloop.Call {
		if step > 0 {
			return nil
		}
		return []agentloop.Call{m.call("orders_submit", map[string]any{"symbol": "AAPL", "side": "buy", "qty": 1, "reason": "test"})}
	})
	x := newExchange(t, c, nil)
	c, _ = atExchange(t, c, x)
	tap := &ordersAt{RoundTripper: x.wire}
	r, err := Alpaca(AlpacaConfig{Key: "k", Secret: "s", URL: x.url, Now: x.Now, Transport: tap, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	require.NoError(t, err)
	r.Every, r.Watch, c.Live.Remote = 24*time.Hour, nil, r
	step, before := x.wait, x.fake.Now()
	x.wait = func(now time.Time) {
		step(now)
		if x.fake.Now().After(before) {
			before = x.fake.Now()
			tap.barAt.Store(time.Now().UnixNano())
		}
	}
	c.Dir = filepath.Join(t.TempDir(), "run")
	_, err = Run(context.Background(), c)
	require.NoError(t, err)
	require.Greater(t, len(tap.took), 100)
	slices.Sort(tap.took)
	p50, p99 := tap.took[len(tap.took)/2], tap.took[len(tap.took)*99/100]
	t.Logf("bar to order, %d times: p50 %v, p99 %v", len(tap.took), p50, p99)
	require.Less(t, p50, time.Second)
}
