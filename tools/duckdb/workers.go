package duckdb

import (
	"cmp"
	"context"
	"slices"
	"sync"
)

const (
	resident = 400 << 20 // bytes that the workers of many worlds may have resident together
	usually  = 64 << 20  // of a worker that was not measured yet
)

// Workers is one memory budget for the SQL workers of many worlds. When a query needs
// a worker and memory is short, the worker that has been idle longest is ended; its
// world's next query starts and loads another, which answers with the same bytes. A
// query waits while all the memory belongs to queries that run. The zero value is
// ready to use, and safe for concurrent use.
type Workers struct {
	most int64 // bytes; 0 = resident; tests only

	mu   sync.Mutex
	busy int64         // bytes of workers whose world has a query running
	idle []*Tables     // with a worker, least recently used first
	free chan struct{} // closed when a query ends; nil while none waits for it
}

// Share makes the tables start their worker within w. Call it before the first query.
func (t *Tables) Share(w *Workers) { t.workers = w }

// enter takes the memory that t's worker needs. The caller has t's turn, and calls leave.
func (w *Workers) enter(ctx context.Context, t *Tables) error {
	if w == nil {
		return nil
	}
	for {
		wait := w.take(t)
		if wait == nil {
			return nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return canceled(ctx)
		case <-t.life.Done():
			return ended()
		}
	}
}

// take is enter without waiting: it returns what to wait for, if anything.
func (w *Workers) take(t *Tables) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forget(t)
	size := max(t.size, usually)
	w.shrink(size)
	if w.busy > 0 && w.busy+size > w.budget() {
		if t.size = 0; t.worker != nil {
			_ = t.drop() // while it waits it would be counted nowhere
		}
		if w.free == nil {
			w.free = make(chan struct{})
		}
		return w.free
	}
	t.size = size
	w.busy += size
	return nil
}

// leave gives back what enter took and keeps t's worker for its next query if it fits.
func (w *Workers) leave(t *Tables) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy -= t.size
	if t.size = 0; t.worker != nil {
		if t.size = residentMemory(t.worker.cmd.Process.Pid); t.size == 0 {
			t.size = usually
		}
		w.idle = append(w.idle, t)
	}
	if w.free != nil {
		close(w.free)
		w.free = nil
	}
	w.shrink(0)
}

// shrink ends idle workers until this many bytes more fit.
func (w *Workers) shrink(more int64) {
	for _, t := range w.idle {
		more += t.size
	}
	for len(w.idle) > 0 && w.busy+more > w.budget() {
		t := w.idle[0]
		w.idle = w.idle[1:]
		more -= t.size
		t.size = 0
		_ = t.drop() // a pipe that does not close is not the failure of the query that needs memory
	}
}

func (w *Workers) budget() int64 { return cmp.Or(w.most, resident) }

// forget takes t from the idle ones. Its caller has t's turn.
func (w *Workers) forget(t *Tables) {
	w.idle = slices.DeleteFunc(w.idle, func(x *Tables) bool { return x == t })
}

// remove is for tables that are closed.
func (w *Workers) remove(t *Tables) {
	if w != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.forget(t)
	}
}
