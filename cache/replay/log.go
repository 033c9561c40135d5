package replay

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"pitwall/cache/lock"
)

// This file writes logs and sees those of others, under the lock of their folder,
// which one process at a time holds.

const (
	logs     = "log" // the folder of logs and segments
	lockFile = "lock"
)

// lock takes the lock of the folder of logs. Where it cannot be had (no folder yet,
// no right to write, a file system without locks) the store goes on without: then two
// processes may keep an answer of their own each, and no other one's log is touched.
func (s *Store) lock() (unlock func()) {
	if s.o.ReadOnly {
		return func() {}
	}
	path := filepath.Join(s.dir, logs, lockFile)
	for {
		if s.locker == nil {
			err := realFolder(filepath.Dir(path))
			if err == nil {
				s.locker, err = openEntry(path, os.O_CREATE|os.O_RDWR)
			}
			if err != nil {
				s.locker = nil
				return func() {}
			}
		}
		if locked, err := lock.Whole(s.locker, true); !locked || err != nil {
			return func() {}
		}
		mine, err := s.locker.Stat()
		now, gone := os.Lstat(path)
		if err != nil || gone == nil && os.SameFile(mine, now) {
			return func() { lock.Free(s.locker) }
		}
		_ = s.locker.Close() // the folder was removed
		s.locker = nil
	}
}

// refresh reads what other processes have written since the last time.
func (s *Store) refresh() error {
	dir := filepath.Join(s.dir, logs)
	if err := realFolder(dir); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			s.segments, s.own = nil, nil
			return nil
		}
		return err
	}
	names, err := folder(dir)
	if err != nil {
		return err
	}
	var list []*segment
	for _, d := range names {
		if !strings.HasSuffix(d.Name(), logEnd) && !strings.HasSuffix(d.Name(), segEnd) {
			continue
		}
		path := filepath.Join(dir, d.Name())
		if i := slices.IndexFunc(s.segments, func(g *segment) bool { return g.path == path }); i >= 0 {
			g := s.segments[i]
			if g.rows != nil && g != s.own {
				if err := g.scan(s.codec); err != nil {
					return fmt.Errorf("reading the replay cache: %w", err)
				}
			}
			list = append(list, g)
			continue
		}
		g, err := s.open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading the replay cache: %w", err)
		}
		list = append(list, g)
	}
	s.segments = list // files that are gone are closed with the last reader
	if !slices.Contains(list, s.own) {
		s.own = nil // it was removed
	}
	return nil
}

// open opens a log or a segment, for writing too where that is allowed: a log whose
// writer is gone is made a segment.
func (s *Store) open(path string) (*segment, error) {
	flag := os.O_RDWR
	if s.o.ReadOnly {
		flag = os.O_RDONLY
	}
	f, err := openEntry(path, flag)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		f, err = openEntry(path, os.O_RDONLY)
	}
	if errors.Is(err, errNotRegular) {
		return &segment{path: path, other: true}, nil
	}
	if err != nil {
		return nil, err
	}
	return s.codec.loadSegment(path, f)
}

// find returns the segment that holds an entry.
func (s *Store) find(id string) (*segment, row, bool) {
	for _, g := range s.segments {
		if r, ok := g.find(id); ok {
			return g, r, true
		}
	}
	return nil, row{}, false
}

// add writes an entry to this store's log, which it begins with the first one. An
// entry that was not written whole is cut off again.
func (s *Store) add(p place, data []byte) error {
	if s.own == nil {
		if err := s.begin(); err != nil {
			return err
		}
	}
	g := s.own
	err := s.step("append")
	if err == nil {
		_, err = g.f.WriteAt(append([]byte(frame("entry", len(data))), data...), g.end)
	}
	if err != nil {
		return errors.Join(err, g.f.Truncate(g.end))
	}
	at := g.end + int64(frameLen)
	info, err := g.f.Stat()
	if err != nil {
		return err
	}
	digest := data[len(s.codec.first):][:16]
	g.rows[p.id()] = row{p.key, p.kind, p.group, string(digest), at, len(data), info.ModTime().Unix()}
	g.end = at + int64(len(data))
	s.unsynced = true
	if !s.syncing {
		s.syncing = true
		go s.sync()
	}
	return nil
}

// begin makes this store's log.
func (s *Store) begin() error {
	dir := filepath.Join(s.dir, logs)
	path := filepath.Join(dir, strings.ToLower(rand.Text())+logEnd)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	_, err = lock.Whole(f, false) // says that the writer lives
	if errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	if err == nil {
		err = s.step("begin")
	}
	if err == nil {
		_, err = f.WriteString(logLine)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return errors.Join(err, f.Close(), os.Remove(path))
	}
	s.own = &segment{path: path, f: f, end: int64(len(logLine)), rows: map[string]row{}}
	s.segments = append(s.segments, s.own)
	return nil
}

// sync makes what was written last, also without power, until nothing new is there:
// what is written meanwhile shares the next one. Its error is the next write's.
func (s *Store) sync() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.unsynced && s.own != nil {
		s.unsynced = false
		f := s.own.f
		s.mu.Unlock()
		err := errors.Join(s.step("sync"), f.Sync())
		s.mu.Lock()
		s.failed = errors.Join(s.failed, err)
	}
	s.syncing = false
}

// Close syncs what was written and makes a segment of it. A store without writes has
// nothing to close.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.lock()()
	if err := s.finish(); err != nil {
		return fmt.Errorf("closing the replay cache: %w", err)
	}
	return nil
}

// finish makes a segment of this store's log.
func (s *Store) finish() error {
	g := s.own
	s.own = nil
	err := s.failed
	s.failed = nil
	if g != nil {
		err = errors.Join(err, s.seal(g))
	}
	return err
}
