package driver

import (
	"context"
	"sync"
	"time"

	"pitwall"
)

// HostClock is the clock of the machine, from which the clocks of live worlds are made.
type HostClock struct {
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
	While func() // called while a clock is waited on; may be nil
}

// Played returns the clock of a recorded feed: it begins at start and runs speed times as
// fast as the host's, or jumps where speed is 0. A wait ends when stop is closed.
func (h HostClock) Played(start time.Time, speed float64, stop <-chan struct{}) (now func() time.Time, wait func(context.Context, time.Time) error) {
	p := &playedClock{HostClock: h, began: h.Now(), start: start, speed: speed, stop: stop}
	return p.now, p.wait
}

// Waiting returns the host's own clock.
func (h HostClock) Waiting() (now func() time.Time, wait func(context.Context, time.Time) error) {
	return h.Now, func(ctx context.Context, until time.Time) error {
		return h.sleepUntil(ctx, until, h.Now, nil, time.Second)
	}
}

// Following returns the clock of a server of one's own that stands for a broker and has a
// time of its own, such as that of recorded bars. A live profile can be rehearsed there:
// the gate of the clock compares the server's time with itself, and nothing else changes.
// It refuses the broker's own host.
func (h HostClock) Following(ctx context.Context, r *Remote) (now func() time.Time, wait func(context.Context, time.Time) error, err error) {
	if r.Server == "" {
		return nil, nil, pitwall.Errorf(pitwall.NotAllowed, "the clock of %s itself is not followed: the host's must agree with it", r.Broker)
	}
	f := &followedClock{read: r.Clock}
	r.Clock = func(ctx context.Context) (time.Time, error) {
		err := f.look(ctx)
		return f.now(), err
	}
	return f.now, func(ctx context.Context, until time.Time) error {
		return h.sleepUntil(ctx, until, f.now, f.look, 20*time.Millisecond)
	}, f.look(ctx)
}

// sleepUntil waits until a time of a clock that look reads anew.
func (h HostClock) sleepUntil(ctx context.Context, until time.Time, now func() time.Time, look func(context.Context) error, pause time.Duration) error {
	for {
		h.while()
		left := until.Sub(now())
		if left <= 0 {
			return ctx.Err()
		}
		if look != nil {
			if err := look(ctx); err != nil {
				return err
			}
		}
		if err := h.Sleep(ctx, min(left, pause)); err != nil {
			return err
		}
	}
}

func (h HostClock) while() {
	if h.While != nil {
		h.While()
	}
}

// playedClock is the host's clock as a recorded feed sees it.
type playedClock struct {
	HostClock
	began time.Time
	start time.Time
	speed float64
	stop  <-chan struct{}

	mu     sync.Mutex
	jumped time.Duration
}

func (p *playedClock) now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.start.Add(p.jumped + time.Duration(float64(p.Now().Sub(p.began))*p.speed))
}

// wait waits until a time of the feed, or until the run is to stop.
func (p *playedClock) wait(ctx context.Context, until time.Time) error {
	if p.speed == 0 {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.jumped = max(p.jumped, until.Sub(p.start))
		return ctx.Err()
	}
	for {
		p.while()
		left := time.Duration(float64(until.Sub(p.now())) / p.speed)
		if left <= 0 {
			return ctx.Err()
		}
		select {
		case <-p.stop:
			return ctx.Err()
		default:
		}
		if err := p.Sleep(ctx, min(left, time.Second)); err != nil {
			return err
		}
	}
}

// followedClock is the clock of a server, as last read.
type followedClock struct {
	read func(context.Context) (time.Time, error)

	mu sync.Mutex
	at time.Time
}

func (f *followedClock) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}

func (f *followedClock) look(ctx context.Context) error {
	at, err := f.read(ctx)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = at
	return nil
}
