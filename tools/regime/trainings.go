package regime

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"sync"
)

// maxKept is how much of each kind is kept; beyond it all of the kind is forgotten.
const maxKept = 20_000

// Trainings keeps what was computed by the figures that it was computed from, so that days
// that are asked for again cost little. It changes no label. It is safe for concurrent use.
// A nil one keeps nothing.
type Trainings struct {
	mu     sync.Mutex
	models map[key]Model
	spans  map[key][]Day // that one model labels, complete ones
	rules  map[key]Label
}

type key [sha256.Size]byte

// keyOf is a digest of numbers.
func keyOf(first float64, rows ...[]float64) key {
	text := binary.LittleEndian.AppendUint64(make([]byte, 0, 8*(1+len(rows)*max(1, len(rows[0])))), math.Float64bits(first))
	for _, row := range rows {
		for _, v := range row {
			text = binary.LittleEndian.AppendUint64(text, math.Float64bits(v))
		}
	}
	return sha256.Sum256(text)
}

// kept returns what a map holds under a key, and computes it where there is nothing.
func kept[T any](t *Trainings, of func(*Trainings) *map[key]T, k func() key, compute func() T) T {
	if t == nil {
		return compute()
	}
	at := k()
	t.mu.Lock()
	v, ok := (*of(t))[at]
	t.mu.Unlock()
	if ok {
		return v
	}
	v = compute()
	t.mu.Lock()
	defer t.mu.Unlock()
	if m := of(t); *m == nil || len(*m) >= maxKept {
		*m = map[key]T{}
	}
	(*of(t))[at] = v
	return v
}
