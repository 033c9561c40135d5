package main

import (
	"context"
	"time"
)

// hostNow is the only reading of the host's clock in this program; everything
// else takes a function. Simulated time never comes from here.
func hostNow() time.Time { return time.Now() }

// hostSleep waits for the host's clock, or until ctx ends. It is for downloads.
func hostSleep(ctx context.Context, d time.Duration) error {
	wait, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-wait.Done()
	return ctx.Err()
}
