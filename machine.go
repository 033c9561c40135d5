package pitwall

import (
	"errors"
	"syscall"
)

// machineFaults are the errors of the system that say nothing of what was asked, only of
// this machine at this moment, and what to do about each.
var machineFaults = []struct {
	errno syscall.Errno
	hint  string
}{
	{syscall.ENOSPC, "free disk space"},
	{syscall.EDQUOT, "free disk space or raise the quota"},
	{syscall.EFBIG, "raise the limit of a file's size (ulimit -f)"},
	{syscall.EROFS, "the file system is read-only: name a folder elsewhere"},
	{syscall.EIO, "check the disk or the network drive"},
	{syscall.EMFILE, "raise the limit of open files (ulimit -n)"},
	{syscall.ENFILE, "close programs: the machine's limit of open files is reached"},
	{syscall.ENOMEM, "free memory, or raise the limit of it"},
	{syscall.EAGAIN, "close programs, or raise the limit of processes (ulimit -u)"},
}

// MachineFault returns the fault of this machine in err's chain as an error of its own,
// nil without one: a full disk, no memory, too many open files. Such a fault is no answer
// to what was asked: it must not be recorded as one, nor compared with one.
func MachineFault(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok && (e.Code == MachineFailed || e.Code == JournalFailed) {
		return e
	}
	for _, x := range machineFaults {
		if errors.Is(err, x.errno) {
			return (&Error{Code: MachineFailed, Message: "this machine: " + x.errno.Error(), Err: err}).
				Hintf("%s, then run again", x.hint)
		}
	}
	return nil
}
