package replay

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Cleared is what Clear removed.
type Cleared struct {
	Entries int
	Bytes   int64
	Busy    int // that stay: a run is writing their log
}

// Clear removes the entries of a kind ("" is every kind) that were written before
// a time, and what killed writers left. The zero time removes no entry: nothing
// is that old. The quarantine is cleared only when it is named as the kind.
// A concurrent reader gets an entry whole or not at all.
func (s *Store) Clear(kind string, olderThan time.Time) (c Cleared, err error) {
	if s.o.ReadOnly {
		return c, errors.New("the replay cache is open for reading only")
	}
	if kind == quarantine {
		return s.clearQuarantine(olderThan)
	}
	if kind != "" && !validKind(kind) {
		return c, fmt.Errorf("%q is no kind of entry", kind)
	}
	before, err := s.staleBefore()
	if err != nil {
		return c, err
	}
	if err := s.clearRows(&c, kind, olderThan); err != nil {
		return c, fmt.Errorf("clearing the replay cache: %w", err)
	}
	return c, s.clearFiles(&c, kind, olderThan, before)
}

// clearRows writes the segments anew without what goes.
func (s *Store) clearRows(c *Cleared, kind string, olderThan time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.lock()()
	if err := s.refresh(); err != nil {
		return err
	}
	goes := func(r row) bool { return (kind == "" || kind == r.kind) && time.Unix(r.written, 0).Before(olderThan) }
	for _, g := range slices.Clone(s.segments) {
		n, size := 0, int64(0)
		for r := range g.all() {
			if goes(r) {
				n, size = n+1, size+int64(r.bytes)
			}
		}
		if n == 0 {
			continue
		}
		done, err := s.claim(g)
		if err != nil {
			return err
		}
		if !done {
			c.Busy += n
			continue
		}
		if err := s.merge([]*segment{g}, func(r row) bool { return !goes(r) }); err != nil {
			return err
		}
		c.Entries, c.Bytes = c.Entries+n, c.Bytes+size
	}
	return nil
}

// clearFiles removes files of older versions.
func (s *Store) clearFiles(c *Cleared, kind string, olderThan, before time.Time) error {
	groups := map[string]bool{}
	for f, err := range s.walk(context.Background()) {
		if err != nil {
			return err
		}
		if kind != "" && f.Kind != kind {
			continue
		}
		temp := strings.HasPrefix(f.Key, tempPrefix)
		switch {
		case f.mode.IsDir(), !temp && !validKey(f.Key): // no entry
			continue
		case temp && !f.Written.Before(before), !temp && !f.Written.Before(olderThan):
			continue
		}
		err := os.Remove(f.Path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("clearing the replay cache: %w", err)
		}
		groups[filepath.Dir(f.Path)] = true
		if err == nil && !temp {
			c.Entries++
			c.Bytes += f.Bytes
		}
	}
	for dir := range groups {
		_ = os.Remove(dir) // only where nothing is left in it
	}
	return nil
}

func (s *Store) clearQuarantine(olderThan time.Time) (c Cleared, err error) {
	dir := filepath.Join(s.dir, quarantine)
	files, err := folder(dir)
	if err != nil {
		return c, err
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || !info.ModTime().Before(olderThan) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, f.Name())); err != nil {
			return c, fmt.Errorf("clearing the quarantine: %w", err)
		}
		c.Entries++
		c.Bytes += info.Size()
	}
	return c, nil
}
