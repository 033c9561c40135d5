package replay

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// openEntry opens a file that must not be a link.
func openEntry(path string, flag int) (*os.File, error) {
	info, err := os.Lstat(path)
	if err != nil && flag&os.O_CREATE == 0 {
		return nil, err
	}
	if err == nil && !info.Mode().IsRegular() {
		return nil, errNotRegular
	}
	return os.OpenFile(path, flag, 0o600)
}

// syncDir does nothing where folders cannot be synced.
func syncDir(string) error { return nil }

// far is behind every file: Windows lets nobody read what is locked.
var far = windows.Overlapped{OffsetHigh: 1 << 30}

// lockWhole locks a file for this process alone, and reports whether it could. The
// lock ends with the process or the file.
func lockWhole(f *os.File, wait bool) (bool, error) {
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

func unlockWhole(f *os.File) {
	at := far
	_ = windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &at)
}
