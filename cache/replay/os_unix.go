//go:build unix

package replay

import (
	"errors"
	"os"
	"syscall"
)

// openEntry opens a file that must not be a link, and does not wait for the
// other end of a pipe.
func openEntry(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, flag|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.EMLINK) || errors.Is(err, syscall.ENXIO) {
		return nil, errNotRegular // EMLINK: FreeBSD's word for a link; ENXIO: a socket
	}
	return f, err
}

// syncDir makes a new name last.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil // some network file systems cannot, and need not
	}
	return errors.Join(err, d.Close())
}
