package pitwall_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
)

func TestNearest(t *testing.T) {
	known := []string{"max_gross", "max_positions", "max_open_orders"}
	for word, want := range map[string]string{
		"max_postions":   "max_positions",
		"maxgross":       "max_gross",
		"max_open_order": "max_open_orders",
		"":               "max_gross",
	} {
		require.Equal(t, want, pitwall.Nearest(word, known), word)
	}
	require.Equal(t, "ab", pitwall.Nearest("a", []string{"ab", "ac"}), "the first of two as near")
}
