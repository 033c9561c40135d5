package history

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What is read quickly is what time.Parse reads, and nothing else is.
func TestPlainTimeIsTimeParse(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	read := 0
	for range 200_000 {
		s := fmt.Sprintf("%04d-%02d-%02d%s%02d:%02d:%02d%s", 1990+rng.IntN(40), rng.IntN(14), rng.IntN(33), []string{"T", " "}[rng.IntN(2)], rng.IntN(26), rng.IntN(62), rng.IntN(62),
			[]string{"", "Z", "-05:00", "+02:00", "+14:30", "+05", ".5Z", "-0500"}[rng.IntN(8)])
		if b := []byte(s); rng.IntN(10) == 0 {
			b[rng.IntN(len(b))] = "09-: TZx"[rng.IntN(8)]
			s = string(b)
		}
		at, offset, ok := plainTime(s)
		if !ok {
			continue
		}
		read++
		var want time.Time
		var err error
		for _, form := range []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02T15:04:05"} {
			if want, err = time.Parse(form, s); err == nil {
				break
			}
		}
		require.NoError(t, err, s)
		require.Equal(t, len(s) == 19, offset == noOffset, s)
		if offset == noOffset {
			offset = 0
		}
		require.True(t, want.Equal(at.Add(-offset)), s)
	}
	require.Greater(t, read, 50_000)
}
