//go:build !linux && !darwin && !windows

package main

import "errors"

// opener knows no browser here.
func opener(string) ([]string, error) {
	return nil, errors.New("it is not known how on this system")
}
