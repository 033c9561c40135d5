//go:build unix

package lock

import (
	"errors"
	"os"
	"syscall"
)

// Whole locks a file for this process alone, and reports whether it could; wait waits for
// another one. errors.ErrUnsupported: this file system has no locks.
func Whole(f *os.File, wait bool) (bool, error) {
	how := syscall.LOCK_EX
	if !wait {
		how |= syscall.LOCK_NB
	}
	for {
		err := syscall.Flock(int(f.Fd()), how)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOSYS):
			return false, errors.ErrUnsupported
		default:
			return false, err
		}
	}
}

// Free ends a lock.
func Free(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
