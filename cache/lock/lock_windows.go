package lock

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// far is behind every file: Windows refuses to read what is locked.
var far = windows.Overlapped{OffsetHigh: 1 << 30}

// Whole locks a file for this process alone, and reports whether it could; wait waits for
// another one.
func Whole(f *os.File, wait bool) (bool, error) {
	flags := uint32(windows.LOCKFILE_EXCLUSIVE_LOCK)
	if !wait {
		flags |= windows.LOCKFILE_FAIL_IMMEDIATELY
	}
	at := far
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}

// Free ends a lock.
func Free(f *os.File) {
	at := far
	_ = windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &at)
}
