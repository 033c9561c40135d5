package replay

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	quarantine = "quarantine"
	tempPrefix = ".tmp-"
)

// Put keeps a body. The first writer wins: another body for the same request is
// not written and is an error that wraps ErrNondeterministic; the same body again
// is fine. A read-only store compares and writes nothing.
//
// After an error of the disk there is no half entry: the caller can warn and go
// on without one.
func (s *Store) Put(kind, slot string, request, body []byte) error {
	b := s.borrow()
	defer s.giveBack(b)
	p, err := s.place(b, kind, slot, request)
	if err != nil {
		return err
	}
	if s.o.ReadOnly {
		old, err := s.read(b, p)
		return errors.Join(err, p.same(old, body))
	}
	data, err := s.codec.encode(kind, slot, p.key, p.request, body)
	for range 3 { // another round only when a bad entry had the place
		done := false
		if err == nil {
			done, err = s.keep(p, data)
		}
		if done && err == nil {
			return nil
		}
		var old *entry
		if err == nil {
			old, err = s.read(b, p)
		}
		if err != nil {
			return fmt.Errorf("writing the replay cache: %w", err)
		}
		if old != nil {
			return p.same(old, body)
		}
	}
	return fmt.Errorf("writing the replay cache: %s exists and is not an entry", p.path)
}

// same compares what is kept with a body that should be.
func (p place) same(old *entry, body []byte) error {
	if old != nil && !bytes.Equal(old.body, body) {
		return fmt.Errorf("%s %s: %w", p.kind, p.key, ErrNondeterministic)
	}
	return nil
}

// keep adds an entry to the log, unless there is one.
func (s *Store) keep(p place, data []byte) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.folders(filepath.Join(s.dir, logs)); err != nil {
		return false, err
	}
	defer s.lock()()
	if err := s.failed; err != nil {
		s.failed = nil
		return false, fmt.Errorf("syncing what was written before: %w", err)
	}
	if err := s.refresh(); err != nil {
		return false, err
	}
	if _, _, taken := s.find(p.id()); taken {
		return false, nil
	}
	if _, err := os.Lstat(p.path); err == nil {
		return false, nil
	}
	return true, s.add(p, data)
}

// folders makes folders, outermost first. Links to elsewhere are refused.
func (s *Store) folders(dirs ...string) error {
	for _, dir := range dirs {
		err := os.Mkdir(dir, 0o700)
		if err == nil {
			err = syncDir(filepath.Dir(dir))
		} else if errors.Is(err, fs.ErrExist) {
			err = realFolder(dir)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // gone again: begin sees it
			return err
		}
	}
	return nil
}

func realFolder(dir string) error {
	info, err := os.Lstat(dir)
	if err == nil && !info.IsDir() {
		return fmt.Errorf("%s is not a folder", dir)
	}
	return err
}
