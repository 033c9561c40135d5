package driver

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"pitwall"
	"pitwall/cache/lock"
	"pitwall/cache/runs"
)

// lease is the right of this process to trade an account, and to write a run's folder,
// alone among this user's processes on this machine that share a halt folder. It ends with
// the process. Any other is seen by the ids of its orders.
type lease struct{ files []*os.File }

// take locks a file and notes who has it; what names what is locked.
func (l *lease) take(path, what, who string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("making the folder of leases: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("opening a lease: %w", err)
	}
	free, err := lock.Whole(f, false)
	if err != nil {
		return errors.Join(fmt.Errorf("locking %s: %w", path, err), f.Close())
	}
	if !free {
		holder, _ := io.ReadAll(io.LimitReader(f, 200))
		return errors.Join(pitwall.Errorf(pitwall.NotAllowed, "%s is in use by another process of this machine (%s)", what, holder).Hintf("end that one first"), f.Close())
	}
	l.files = append(l.files, f)
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("writing a lease: %w", err)
	}
	if _, err := f.WriteAt([]byte(who), 0); err != nil {
		return fmt.Errorf("writing a lease: %w", err)
	}
	return nil
}

// end gives everything back.
func (l *lease) end() error {
	var errs []error
	for _, f := range l.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

var unusual = regexp.MustCompile(`[^A-Za-z0-9_-]`)

// leaseAccount takes the account of a run.
func (p *LiveSession) leaseAccount(dir string) error {
	name := unusual.ReplaceAllString(p.Live.Remote.Broker+"-"+p.account, "_")
	return p.lease.take(filepath.Join(p.Latch.Dir()+"-leases", name), "account "+p.account+" at "+p.Live.Remote.Broker, holder(dir))
}

// leaseRun takes the folder of a run.
func (p *LiveSession) leaseRun(dir string) error {
	return p.lease.take(filepath.Join(dir, runs.LeaseFile), "the run "+dir, holder(dir))
}

func holder(dir string) string { return fmt.Sprintf("process %d, run %s", os.Getpid(), dir) }
