package alpaca_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/alpaca"
	"pitwall/brokers/alpacafake"
)

// An order without an answer is sent again for two minutes, and looked for after that: if
// it arrived it is found, if not it stays unknown.
func TestOldOrderIsNotSentAgain(t *testing.T) {
	ctx := context.Background()
	for _, x := range []struct {
		later    time.Duration
		requests int
		status   pitwall.Status
	}{{time.Minute, 3, pitwall.Working}, {3 * time.Minute, 2, pitwall.Unknown}} {
		w := begin(t, alpacafake.Fault{On: "POST /v2/orders", Nth: 1, Do: alpacafake.HangBefore}, alpacafake.Fault{On: "POST /v2/orders", Nth: 2, Do: alpacafake.HangBefore})
		late := time.Duration(0)
		b := w.broker(t, func(c *alpaca.Config) {
			now := c.Now
			c.Now = func() time.Time { return now().Add(late) }
		})
		s, err := b.Submit(ctx, market("a", pitwall.Buy, 1))
		require.NoError(t, err)
		require.Equal(t, pitwall.Unknown, s.Status)
		late = x.later
		s, err = b.Submit(ctx, market("a", pitwall.Buy, 1))
		require.NoError(t, err)
		require.Equal(t, x.status, s.Status, x.later)
		require.Equal(t, x.requests, w.Requests("POST /v2/orders"), x.later)
		if x.status == pitwall.Unknown {
			require.ErrorContains(t, s.Error, "and is not sent again after 2m0s")
		}
	}
}
