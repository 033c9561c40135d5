package engine

import (
	"math"
	"slices"
)

// timeline merges the bars of all symbols by Known, then by symbol.
type timeline struct {
	*Data
	next []int   // bar of each symbol
	acts []int   // action of each symbol
	due  []int64 // Known of each symbol's next bar; never once it has none
}

const never = math.MaxInt64

func (d *Data) timeline() *timeline {
	t := &timeline{Data: d, next: make([]int, len(d.cols)), acts: make([]int, len(d.cols)), due: make([]int64, len(d.cols))}
	bars, longest := 0, 0
	for s := range d.cols {
		c := &d.cols[s]
		bars, longest = bars+c.end-c.first, max(longest, c.end-c.first)
		t.next[s], t.due[s] = c.first, c.knownAt(c.first)
	}
	d.hits, d.steps = make([]hit, 0, bars), make([]step, 0, longest)
	return t
}

// knownAt is when a bar is known, never for one beyond the run.
func (c *column) knownAt(bar int) int64 {
	if bar >= c.end {
		return never
	}
	return c.Known[bar]
}

func (t *timeline) merge() {
	t.together()
	t.apart()
}

// together takes all bars of an instant in one pass over the symbols, for as long as
// passes find enough: symbols of one calendar are merged without comparing them in pairs.
func (t *timeline) together() {
	const worth = 16 // symbols passed over per bar found
	for credit := 64 * len(t.due); credit >= 0 && len(t.due) > 0; credit -= len(t.due) {
		known := slices.Min(t.due)
		if known == never {
			return
		}
		for s, at := range t.due {
			if at == known {
				t.take(int32(s))
				credit += worth
			}
		}
	}
}

// apart takes bar by bar from a heap of the symbols' next bars.
func (t *timeline) apart() {
	var heap []int32
	for s, at := range t.due {
		if at != never {
			heap = append(heap, int32(s))
		}
	}
	before := func(a, b int32) bool {
		x, y := t.due[a], t.due[b]
		return x < y || x == y && a < b
	}
	down := func(i int) {
		for {
			k := 2*i + 1
			if k >= len(heap) {
				return
			}
			if k+1 < len(heap) && before(heap[k+1], heap[k]) {
				k++
			}
			if !before(heap[k], heap[i]) {
				return
			}
			heap[i], heap[k] = heap[k], heap[i]
			i = k
		}
	}
	for i := len(heap) / 2; i >= 0 && len(heap) > 0; i-- {
		down(i)
	}
	for len(heap) > 0 {
		s := heap[0]
		t.take(s)
		if t.due[s] == never {
			heap[0] = heap[len(heap)-1]
			heap = heap[:len(heap)-1]
		}
		down(0)
	}
}

// take appends a symbol's next bar to its step.
func (t *timeline) take(s int32) {
	c, bar := &t.cols[s], t.next[s]
	if k := len(t.steps); k == 0 || t.steps[k-1].known != t.due[s] {
		t.steps = append(t.steps, step{known: t.due[s], lo: int32(len(t.hits))})
	}
	t.hits = append(t.hits, hit{s, int32(bar)})
	st := &t.steps[len(t.steps)-1]
	st.hi = int32(len(t.hits))
	for ; t.acts[s] < len(c.actions) && c.actions[t.acts[s]].bar == int32(bar); t.acts[s]++ {
		st.acts = true
	}
	t.next[s]++
	t.due[s] = c.knownAt(t.next[s])
}
