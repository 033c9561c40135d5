package duckdb

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// Worlds that share a budget of two workers answer, at once and in turn, with the bytes of
// a world that has its worker for itself.
func TestSharedWorkersAnswerTheSame(t *testing.T) {
	src := uneven(t)
	alone := lived(t, src, firstDay)
	shared := &Workers{most: 2 * usually}
	var worlds []*past
	for range 3 {
		w := lived(t, src, firstDay)
		w.deadline = 5 * time.Second
		w.Share(shared)
		worlds = append(worlds, w)
	}
	for round := range 2 {
		day := firstDay + round*100
		alone.move(day)
		for _, w := range worlds {
			w.move(day)
		}
		for _, text := range corpus[:2] {
			want := alone.tell(text)
			answers := make([]string, len(worlds))
			var all sync.WaitGroup
			for i, w := range worlds {
				all.Go(func() { answers[i] = w.tell(text) })
			}
			all.Wait()
			for _, got := range answers {
				require.Equal(t, want, got, text)
			}
		}
		running := 0
		for _, w := range worlds {
			if w.worker != nil && w.worker.alive() {
				running++
			}
		}
		require.LessOrEqual(t, running, 2)
		require.Len(t, shared.idle, running)
		require.Zero(t, shared.busy)
	}
}

// A query that finds all memory in use waits for one that ends, and no longer than its
// caller or its world.
func TestSharedWorkersWait(t *testing.T) {
	shared := &Workers{most: usually}
	slow, next := newWorld(t, 10), newWorld(t, 10)
	slow.Share(shared)
	next.Share(shared)
	slow.ask(t, "SELECT 1")
	running, stop := context.WithCancel(context.Background())
	defer stop()
	go func() { _, _ = slow.Query(running, endless, 10) }()
	require.Eventually(t, func() bool {
		shared.mu.Lock()
		defer shared.mu.Unlock()
		return shared.busy > 0
	}, slack(time.Second), time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := next.Query(ctx, "SELECT 1", 10)
	require.Equal(t, pitwall.Timeout, pitwall.CodeOf(err), "%v", err)
	closed := newWorld(t, 10)
	closed.Share(shared)
	time.AfterFunc(50*time.Millisecond, func() { _ = closed.Close() })
	_, err = closed.Query(context.Background(), "SELECT 1", 10)
	require.Equal(t, pitwall.WorldEnded, pitwall.CodeOf(err), "%v", err)
	time.AfterFunc(50*time.Millisecond, stop)
	require.Equal(t, [][]any{{int64(10)}}, next.ask(t, "SELECT count(*) FROM a"))
	require.Nil(t, slow.worker, "its memory was needed")
}

// BenchmarkSharedWorkers is a query over 1,500 bars whose worker was given back, beside
// one whose worker is there.
func BenchmarkSharedWorkers(b *testing.B) {
	for _, most := range []int64{usually, 4 * usually} {
		b.Run(fmt.Sprint(most>>20, "MB"), func(b *testing.B) {
			shared := &Workers{most: most}
			one, two := long(b, 1, 1500), long(b, 1, 1500)
			for b.Loop() {
				for _, w := range []*world{one, two} {
					w.Share(shared)
					w.ask(b, average)
				}
			}
		})
	}
}
