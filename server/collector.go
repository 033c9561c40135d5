package server

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// The collector's settings: how much garbage it lets lie, as a share of what lives.
const (
	spareBytes   = 96 << 20
	mostPercent  = 400
	leastPercent = 20
)

// TuneGC sets the collector for a server or a run. The SDK allocates about half a
// megabyte per call, so room for 96 MB of garbage saves most of the collections; a share
// of what lives alone would let a run of a million bars take four times its size. The
// memory limit keeps a server from growing without bound.
func TuneGC() {
	debug.SetMemoryLimit(2 << 30)
	tune(mostPercent)
}

// tune sets the share, and again after the next collection.
func tune(percent int) {
	debug.SetGCPercent(percent)
	runtime.SetFinalizer(new(cycle), func(*cycle) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		tune(int(min(max(spareBytes*100/max(live[0].Value.Uint64(), 1), leastPercent), mostPercent)))
	})
}

// cycle is garbage whose finalizer runs after each collection.
type cycle struct{ _ *int } // a pointer, since small objects without one may share a block
