package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"
)

// opening is how long a browser's starter may take to say that it failed.
const opening = 3 * time.Second

// open shows a file in the browser, or says why it could not and where the file is:
// it is written all the same.
func (a *app) open(file string) {
	abs, err := filepath.Abs(file)
	if err == nil {
		err = start(abs)
	}
	if err != nil {
		fmt.Fprintf(a.stderr, "pitwall: the browser could not be opened (%v); the page is %s\n", err, oneLine(abs))
	}
}

// start starts the browser. What still runs after a while is taken to show it.
func start(file string) error {
	args, err := opener(file)
	if err != nil {
		return err
	}
	c := exec.Command(args[0], args[1:]...)
	if err := c.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	wait, cancel := context.WithTimeout(context.Background(), opening)
	defer cancel()
	select {
	case err := <-ended:
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
	case <-wait.Done():
	}
	return nil
}
