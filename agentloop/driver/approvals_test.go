package driver

import (
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/approval"
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
