package main

import (
	"fmt"
	"io"
)

// sayStop tells, at the first Ctrl-C, that a turn is being finished. The returned
// function ends the waiting for one.
func (a *app) sayStop() func() {
	done := make(chan struct{})
	go func() {
		select {
		case <-a.stop:
			fmt.Fprintln(a.errs(), "\nfinishing this turn; Ctrl-C again stops at once. What was answered is kept: the same command runs again, asks nothing twice and goes on from there")
		case <-done:
		}
	}()
	return func() { close(done) }
}

// errs is stderr, above a line that is drawn there.
func (a *app) errs() io.Writer {
	if a.beside != nil {
		return a.beside
	}
	return a.stderr
}
