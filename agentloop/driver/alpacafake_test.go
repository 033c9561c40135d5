package driver

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/cache/history"
)

// One day may be both the first and the last.
func TestFakeAlpacaOfOneDay(t *testing.T) {
	name := filepath.Join(t.TempDir(), "bars.csv")
	require.NoError(t, os.WriteFile(name, []byte("symbol,timestamp,open,high,low,close,volume\nA,2023-12-29,1,1,1,1,9\nA,2024-01-02,1,1,1,1,9\nA,2024-01-03,1,1,1,1,9\nA,2024-01-04,1,1,1,1,9\n"), 0o600))
	s, err := NewFakeAlpaca(t.Context(), []history.Input{history.Disk(name)}, []string{"A"}, "2024-01-03", "2024-01-03", pitwall.Int(1000), false)
	require.NoError(t, err)
	require.Equal(t, "2024-01-03", s.Venue().Now().Format(time.DateOnly))
}
