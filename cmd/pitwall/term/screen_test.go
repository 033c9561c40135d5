package term

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSpark(t *testing.T) {
	var c Curve
	require.Empty(t, c.Spark(10))
	c.Add(1)
	require.Empty(t, c.Spark(10), "one value is no curve")
	c.Add(1)
	require.Equal(t, "▁▁", c.Spark(10), "a flat one")
	c = Curve{}
	for i := range 8 {
		c.Add(float64(i))
	}
	require.Equal(t, "▁▂▃▄▅▆▇█", c.Spark(8))
	require.Equal(t, "▁▄█", c.Spark(3))
	c = Curve{}
	for i := range 100_000 {
		c.Add(math.Sin(float64(i)/100_000*2*math.Pi + 0.1))
	}
	require.LessOrEqual(t, len(c.list), maxSamples)
	require.Equal(t, "▅▆▇██▇▆▅▄▃▁▁▁▂▃▅", c.Spark(16), "the whole curve, not its end")
	c.Add(-5)
	require.True(t, strings.HasSuffix(c.Spark(16), "▁"), "the last value is shown even when it is not kept")
}

func TestScreenOfAFile(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "x")
	require.NoError(t, err)
	defer f.Close()
	s := NewScreen(f)
	require.False(t, s.Terminal || s.Colour, "a file is no terminal")
	require.Equal(t, 80, s.Width())
}
