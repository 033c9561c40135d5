package term

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"time"
)

// openLimit is how long a browser's starter may take to say that it failed.
const openLimit = 3 * time.Second

// opener returns the program that shows a file in the browser. Without a display
// xdg-open would start a text browser in the middle of our output.
func opener() ([]string, error) {
	switch runtime.GOOS {
	case "darwin":
		return []string{"open"}, nil
	case "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler"}, nil
	case "linux":
		displays := []string{"DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"}
		if slices.ContainsFunc(displays, func(name string) bool { return os.Getenv(name) != "" }) {
			return []string{"xdg-open"}, nil
		}
		return nil, errors.New("there is no display")
	}
	return nil, errors.New("it is not known how on " + runtime.GOOS)
}

// Open shows a file in the browser. A browser that still runs after a while is taken
// to show it.
func Open(file string) error {
	args, err := opener()
	if err != nil {
		return err
	}
	c := exec.Command(args[0], append(args[1:], file)...)
	if err := c.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	wait, cancel := context.WithTimeout(context.Background(), openLimit)
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
