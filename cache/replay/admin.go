package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// stale is the age from which a temporary file has lost its writer.
const stale = time.Hour

// Info describes an entry as its folder does, unopened.
type Info struct {
	Kind, Key, Path string
	Bytes           int64
	Written         time.Time
}

// found is a file below a kind's folder.
type found struct {
	Info
	group string
	mode  fs.FileMode
}

// walk goes through the files of all kinds, in order of their names. Folders that
// are links are not entered.
func (s *Store) walk(ctx context.Context) iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		kinds, err := folder(s.dir)
		if err != nil {
			yield(found{}, err)
			return
		}
		for _, kind := range kinds {
			if !kind.IsDir() || !validKind(kind.Name()) || kind.Name() == quarantine {
				continue
			}
			groups, err := folder(filepath.Join(s.dir, kind.Name()))
			if err != nil && !yield(found{}, err) {
				return
			}
			for _, group := range groups {
				if !group.IsDir() {
					continue
				}
				if err := ctx.Err(); err != nil {
					yield(found{}, err)
					return
				}
				if !s.walkGroup(kind.Name(), group.Name(), yield) {
					return
				}
			}
		}
	}
}

func (s *Store) walkGroup(kind, group string, yield func(found, error) bool) bool {
	dir := filepath.Join(s.dir, kind, group)
	files, err := folder(dir)
	if err != nil && !yield(found{}, err) {
		return false
	}
	for _, f := range files {
		info, err := f.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // cleared meanwhile
		}
		if err != nil {
			if !yield(found{}, fmt.Errorf("reading the replay cache: %w", err)) {
				return false
			}
			continue
		}
		if !yield(found{Info{kind, f.Name(), filepath.Join(dir, f.Name()), info.Size(), info.ModTime()}, group, info.Mode()}, nil) {
			return false
		}
	}
	return true
}

// folder reads a folder that may be gone.
func folder(dir string) ([]fs.DirEntry, error) {
	list, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the replay cache: %w", err)
	}
	return list, nil
}

// List goes through the entries by kind, group and key. It opens none.
func (s *Store) List(ctx context.Context) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		for f, err := range s.walk(ctx) {
			if err == nil && (!f.mode.IsRegular() || !validKey(f.Key)) {
				continue
			}
			if !yield(f.Info, err) {
				return
			}
		}
	}
}

// Held counts the files of the quarantine and their bytes.
func (s *Store) Held() (n int, size int64, err error) {
	files, err := folder(filepath.Join(s.dir, quarantine))
	for _, f := range files {
		if info, err := f.Info(); err == nil {
			n++
			size += info.Size()
		}
	}
	return n, size, err
}

// Bad is an entry that Verify found bad.
type Bad struct {
	Path  string `json:"path"`
	Why   string `json:"why"`
	Moved bool   `json:"moved"` // to the quarantine
}

// Report is what Verify found.
type Report struct {
	Whole   int   `json:"whole"`
	Bytes   int64 `json:"bytes"` // of whole entries
	Bad     []Bad `json:"bad"`
	Other   int   `json:"other_formats"`   // left alone
	Strange int   `json:"strange_files"`   // not named as entries are; left alone
	Temps   int   `json:"temporary_files"` // of killed writers, removed
}

// Verify reads every entry as Get does and moves bad ones to the quarantine.
// progress, if any, is called with the number of entries read.
func (s *Store) Verify(ctx context.Context, progress func(done int)) (Report, error) {
	var r Report
	before, err := s.staleBefore()
	if err != nil {
		return r, err
	}
	b := s.borrow()
	defer s.giveBack(b)
	done := 0
	for f, err := range s.walk(ctx) {
		if err != nil {
			return r, err
		}
		if !validKey(f.Key) {
			if !strings.HasPrefix(f.Key, tempPrefix) {
				r.Strange++
			} else if f.Written.Before(before) && os.Remove(f.Path) == nil {
				r.Temps++
			}
			continue
		}
		e, info, err := s.load(b, f.Path)
		if err == nil {
			err = b.judge(e, f)
		}
		if done++; progress != nil {
			progress(done)
		}
		bad, isBad := errors.AsType[*badEntry](err)
		switch {
		case err == nil:
			r.Whole++
			r.Bytes += f.Bytes
		case errors.Is(err, fs.ErrNotExist): // cleared meanwhile
		case errors.Is(err, errOther):
			r.Other++
		case isBad:
			r.Bad = append(r.Bad, Bad{f.Path, bad.why, s.reject(f.Path, f.Key, info, bad.why)})
		default:
			return r, fmt.Errorf("reading the replay cache: %w", err)
		}
	}
	return r, nil
}

// judge checks that an entry is where its request belongs, with the key computed
// again.
func (b *scratch) judge(e entry, f found) error {
	if e.Kind != f.Kind || e.Key != f.Key || f.group != groupOf(e.Slot, e.Key) {
		return &badEntry{"it is the entry of another place"}
	}
	if err := b.canon.read(e.request); err != nil || !bytes.Equal(b.canon.out, e.request) || keyOf(e.Kind, e.request) != e.Key {
		return &badEntry{"its request is not the one of its key"}
	}
	return nil
}

// staleBefore returns the time before which temporary files are rubbish, by the clock
// of the file system, which may be another machine's. A read-only store has none.
func (s *Store) staleBefore() (time.Time, error) {
	if s.o.ReadOnly {
		return time.Time{}, nil
	}
	f, err := os.CreateTemp(s.dir, tempPrefix+"clock-")
	if err != nil {
		return time.Time{}, fmt.Errorf("writing the replay cache: %w", err)
	}
	info, err := f.Stat()
	if err := errors.Join(err, f.Close(), os.Remove(f.Name())); err != nil {
		return time.Time{}, fmt.Errorf("writing the replay cache: %w", err)
	}
	return info.ModTime().Add(-stale), nil
}

// Clear removes the entries of a kind ("" is every kind) that were written before
// a time, and what killed writers left. The zero time removes no entry: nothing
// is that old. The quarantine is cleared only when it is named as the kind.
// A concurrent reader gets an entry whole or not at all.
func (s *Store) Clear(kind string, olderThan time.Time) (n int, size int64, err error) {
	if s.o.ReadOnly {
		return 0, 0, errors.New("the replay cache is open for reading only")
	}
	if kind != "" && !validKind(kind) {
		return 0, 0, fmt.Errorf("%q is no kind of entry", kind)
	}
	if kind == quarantine {
		return s.clearQuarantine(olderThan)
	}
	before, err := s.staleBefore()
	if err != nil {
		return 0, 0, err
	}
	groups := map[string]bool{}
	for f, err := range s.walk(context.Background()) {
		if err != nil {
			return n, size, err
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
			return n, size, fmt.Errorf("clearing the replay cache: %w", err)
		}
		groups[filepath.Dir(f.Path)] = true
		if err == nil && !temp {
			n++
			size += f.Bytes
		}
	}
	for dir := range groups {
		_ = os.Remove(dir) // only where nothing is left in it
	}
	return n, size, nil
}

func (s *Store) clearQuarantine(olderThan time.Time) (n int, size int64, err error) {
	dir := filepath.Join(s.dir, quarantine)
	files, err := folder(dir)
	if err != nil {
		return 0, 0, err
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || !info.ModTime().Before(olderThan) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, f.Name())); err != nil {
			return n, size, fmt.Errorf("clearing the quarantine: %w", err)
		}
		n++
		size += info.Size()
	}
	return n, size, nil
}
