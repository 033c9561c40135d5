package tools

import (
	"context"
	"sync/atomic"
)

// Progress is how far a long call has come. A server may read it while the call runs.
type Progress struct{ done, total atomic.Int64 }

// Steps returns how many steps are done, and of how many; zero where not known.
func (p *Progress) Steps() (done, total int64) { return p.done.Load(), p.total.Load() }

type progressKey struct{}

// WithProgress returns a context whose call reports its steps to p.
func WithProgress(ctx context.Context, p *Progress) context.Context {
	return context.WithValue(ctx, progressKey{}, p)
}

// stepped notes a call's steps, where its caller asked for them.
func stepped(ctx context.Context, done, total int) {
	if p, ok := ctx.Value(progressKey{}).(*Progress); ok {
		p.done.Store(int64(done))
		p.total.Store(int64(total))
	}
}
