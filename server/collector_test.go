package server_test

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/server"
)

// The collector lets less garbage lie, as a share, where much lives, and more again once it
// does not.
func TestTuneGC(t *testing.T) {
	limit := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(limit) })
	server.TuneGC()
	require.EqualValues(t, 2<<30, debug.SetMemoryLimit(-1))
	percent := func() uint64 {
		runtime.GC()
		s := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	lives := make([]byte, 192<<20) // never written, so hardly any memory
	require.Eventually(t, func() bool { p := percent(); return p >= 40 && p <= 50 }, 10*time.Second, 5*time.Millisecond)
	runtime.KeepAlive(lives)
	require.Eventually(t, func() bool { return percent() > 200 }, 10*time.Second, 5*time.Millisecond)
}
