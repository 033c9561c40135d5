package driver

import (
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/approval"
	"pitwall/brokers/risk"
)

// An id that looks like another order's hash does not stand for that hash.
func TestAskedByHashOrID(t *testing.T) {
	small := approval.Order{Order: pitwall.Order{ID: "a"}, Approval: pitwall.Approval{Hash: "3f9a1c0700000000"}}
	big := approval.Order{Order: pitwall.Order{ID: small.Hash}, Approval: pitwall.Approval{Hash: "0123456789abcdef"}}
	require.True(t, Asked{Hash: "3f9a1c07"}.Is(small))
	require.False(t, Asked{Hash: small.Hash}.Is(big))
	require.True(t, Asked{ID: small.Hash}.Is(big))
	require.False(t, Asked{ID: "a"}.Is(big))
	require.False(t, Asked{Hash: "3f9"}.Is(small), "too short")
	require.False(t, Asked{}.Is(approval.Order{}))
}

// The price may move as far as price_collar_percent says, else 2 %.
func TestApprovalCollar(t *testing.T) {
	for raw, want := range map[any]string{nil: "2", "off": "2", 5: "5", 0: "0"} {
		limits := map[string]any{"max_order_qty": 1}
		if raw != nil {
			limits["price_collar_percent"] = raw
		}
		l, err := risk.Parse(limits)
		require.NoError(t, err)
		require.Equal(t, want, approvalCollar(l).String(), "%v", raw)
	}
	require.Equal(t, "2", approvalCollar(risk.NoLimits()).String())
}
