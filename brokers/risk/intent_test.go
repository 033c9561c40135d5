package risk_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
)

// deaf is a venue that does not answer whether it has an order.
type deaf struct{ *venue }

func (deaf) Orders(context.Context, pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	return nil, pitwall.Errorf(pitwall.Timeout, "no answer")
}

// While it cannot be read whether an order was sent before, nothing is sent and nothing is
// recorded: an order has one intent.
func TestNoSecondIntent(t *testing.T) {
	d := newDesk(t, limits{"max_order_qty": 10})
	require.Equal(t, pitwall.Working, d.submit(t, b("A", "10")).Status)
	lines := len(d.journal.Entries())
	g := risk.New(deaf{d.venue}, d.journal, d.clock, d.market, d.market, risk.NoLimits())
	_, err := g.Submit(t.Context(), b("A", "10"))
	require.EqualError(t, err, "whether order x was sent before is not known, so nothing was sent: TIMEOUT: no answer")
	require.Equal(t, pitwall.Timeout, pitwall.CodeOf(err))
	require.Equal(t, 1, d.sent)
	require.Len(t, d.journal.Entries(), lines)
}
