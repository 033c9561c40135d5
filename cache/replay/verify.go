package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
)

// Bad is an entry that Verify found bad.
type Bad struct {
	Path  string `json:"path"` // of a log or a segment: with the place in it and the key
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
	rows, err := s.rows()
	if err != nil {
		return r, err
	}
	s.mu.Lock()
	r.Bad, s.found = s.found, nil
	for _, g := range s.segments {
		if g.other {
			r.Other++
		}
		for _, b := range g.bad { // a log that is being written, or that may not be touched
			r.Bad = append(r.Bad, s.evidence(g, b))
		}
		g.bad = nil
	}
	s.mu.Unlock()
	b := s.borrow()
	defer s.giveBack(b)
	done := 0
	for _, f := range rows {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		e, err := s.decode(b, f.segment, f.row)
		if err == nil {
			err = b.judge(e, f)
		}
		if done++; progress != nil {
			progress(done)
		}
		switch bad, isBad := errors.AsType[*badEntry](err); {
		case err == nil:
			r.Whole++
			r.Bytes += f.Bytes
		case errors.Is(err, errOther):
			r.Other++
		case isBad:
			s.mu.Lock()
			moved, err := s.drop(f.segment, f.row, bad.why)
			s.mu.Unlock()
			if err != nil {
				return r, fmt.Errorf("writing the replay cache: %w", err)
			}
			r.Bad = append(r.Bad, moved)
		default:
			return r, fmt.Errorf("reading the replay cache: %w", err)
		}
	}
	return r, s.verifyFiles(ctx, &r, before, done, progress)
}

// verifyFiles goes through the files of older versions.
func (s *Store) verifyFiles(ctx context.Context, r *Report, before time.Time, done int, progress func(done int)) error {
	b := s.borrow()
	defer s.giveBack(b)
	for f, err := range s.walk(ctx) {
		if err != nil {
			return err
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
			return fmt.Errorf("reading the replay cache: %w", err)
		}
	}
	return nil
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
