package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// stale is the age from which a temporary file has lost its writer.
const stale = time.Hour

// Info describes an entry, unopened.
type Info struct {
	Kind, Key, Path string
	At              int64 // where it begins in Path
	Bytes           int64
	Written         time.Time // of a log: when its last entry was written
}

// found is an entry's place: a file below a kind's folder, or a row of a segment.
type found struct {
	Info
	group   string
	mode    fs.FileMode
	segment *segment
	row     row
}

// walk goes through the files of older versions, an entry each, in order of their
// names. Folders that are links are not entered.
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
		if !yield(found{Info{kind, f.Name(), filepath.Join(dir, f.Name()), 0, info.Size(), info.ModTime()}, group, info.Mode(), nil, row{}}, nil) {
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

// rows returns the entries of logs and segments by kind, group and key, each once.
func (s *Store) rows() ([]found, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	unlock := s.lock()
	err := s.refresh()
	unlock()
	var list []found
	for _, g := range s.segments {
		for r := range g.all() {
			list = append(list, found{Info{r.kind, r.key, g.path, r.at, int64(r.bytes), time.Unix(r.written, 0)}, r.group, 0, g, r})
		}
	}
	return once(list), err
}

// once sorts entries and leaves out those that are there already.
func once(list []found) []found {
	slices.SortStableFunc(list, func(a, b found) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.group, b.group), strings.Compare(a.Key, b.Key))
	})
	return slices.CompactFunc(list, func(a, b found) bool { return a.Kind == b.Kind && a.group == b.group && a.Key == b.Key })
}

// List goes through the entries by kind, group and key. It opens none.
func (s *Store) List(ctx context.Context) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		list, err := s.rows()
		if err != nil && !yield(Info{}, err) {
			return
		}
		for f, err := range s.walk(ctx) {
			switch {
			case err != nil:
				if !yield(Info{}, err) {
					return
				}
			case f.mode.IsRegular() && validKey(f.Key):
				list = append(list, f)
			}
		}
		for _, f := range once(list) {
			if !yield(f.Info, nil) {
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
