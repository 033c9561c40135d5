package main

import (
	"errors"
	"os"
)

// opener is the program that shows a file in the browser. Without a display
// xdg-open would start a text browser in the middle of our output.
func opener(file string) ([]string, error) {
	for _, name := range []string{"DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"} {
		if os.Getenv(name) != "" {
			return []string{"xdg-open", file}, nil
		}
	}
	return nil, errors.New("there is no display")
}
