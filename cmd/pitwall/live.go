package main

import (
	"context"
	"time"
)

// hostNow is the only reading of the host's clock in this program; everything
// else takes a function. Simulated time never comes from here.
func hostNow() time.Time { return time.Now() }

// hostSleep waits for the host's clock, or until ctx ends.
func hostSleep(ctx context.Context, d time.Duration) error {
	wait, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-wait.Done()
	return ctx.Err()
}

// hostTick sends now and then, until done closes.
func hostTick(done <-chan struct{}) <-chan time.Time {
	c := make(chan time.Time)
	go func() {
		for hostSleep(context.Background(), time.Second) == nil {
			select {
			case c <- time.Time{}:
			case <-done:
				return
			}
		}
	}()
	return c
}
