package replay

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pitwall/cache/lock"
)

// This file makes segments: of logs whose writers are gone, of many small segments,
// and of a segment without some of its entries.

const (
	small = 64 << 20 // bytes up to which a segment is made part of a larger one
	many  = 16       // small segments that become one
)

// tidy makes segments of the logs whose writers are gone, and one of many small
// ones. It says what a killed writer has left of its last entry.
func (s *Store) tidy() error {
	defer s.lock()()
	if err := s.refresh(); err != nil || s.o.ReadOnly || s.locker == nil {
		return err
	}
	names, err := folder(filepath.Join(s.dir, logs))
	if err != nil {
		return err
	}
	for _, d := range names {
		if strings.HasPrefix(d.Name(), tempPrefix) { // of a writer that was killed: this one holds the lock
			_ = os.Remove(filepath.Join(s.dir, logs, d.Name()))
		}
	}
	var few []*segment
	for _, g := range slices.Clone(s.segments) {
		if g.rows != nil {
			if _, err := s.claim(g); err != nil { // a full disk: what is in the log can be read all the same
				s.o.Log.Warn("a log of the replay cache whose writer is gone stays as it is", "log", g.path, "error", err)
			}
		}
		if g.index != nil && g.end <= small {
			few = append(few, g)
		}
	}
	if len(few) < many {
		return nil
	}
	return s.merge(few, func(row) bool { return true })
}

// claim makes a segment of a log whose writer is gone, and reports whether it is one.
func (s *Store) claim(g *segment) (bool, error) {
	if g.rows == nil {
		return !g.other, nil
	}
	if g == s.own {
		return true, s.finish()
	}
	if free, err := lock.Whole(g.f, false); !free || err != nil {
		return false, nil // another process is writing it, or nothing tells
	}
	return true, s.seal(g)
}

// seal makes a segment of a log: it cuts off an entry that was not written whole and
// adds the index. A log with bad parts is written anew without them.
func (s *Store) seal(g *segment) error {
	info, err := g.f.Stat()
	if err != nil {
		return err
	}
	tail := make([]byte, min(info.Size()-g.end, small))
	if _, err := g.f.ReadAt(tail, g.end); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch word, _, ok := parseFrame(tail); {
	case len(tail) == 0, ok && word == "index":
	case strings.HasSuffix(g.path, segEnd):
		g.bad = append(g.bad, rest{g.end, int64(len(tail)), "", "the file is damaged or ends too early"})
	case ok, len(tail) < frameLen:
		s.o.Log.Warn("the writer of a log of the replay cache was killed: part of an entry is left out and will be asked for again", "log", g.path, "bytes", len(tail))
	default:
		g.bad = append(g.bad, rest{g.end, int64(len(tail)), "", "it does not begin as an entry does"})
	}
	for _, b := range g.bad {
		s.found = append(s.found, s.evidence(g, b))
	}
	if len(g.bad) > 0 {
		return s.merge([]*segment{g}, func(row) bool { return true })
	}
	if len(g.rows) == 0 {
		s.segments = slices.DeleteFunc(s.segments, func(x *segment) bool { return x == g })
		return os.Remove(g.path)
	}
	var index bytes.Buffer
	for r := range g.all() {
		index.WriteString(r.String())
	}
	if err := g.f.Truncate(g.end); err != nil {
		return err
	}
	return s.complete(g, g.end, index.Bytes())
}

// complete writes an index behind the entries of a file and gives it the name of a
// segment: the digest of its index, which names every entry by its own.
func (s *Store) complete(g *segment, end int64, index []byte) error {
	sum := sha256.Sum256(index)
	name := hex.EncodeToString(sum[:])
	at := end + int64(frameLen)
	text := append([]byte(frame("index", len(index))), index...)
	text = fmt.Appendf(text, endForm, at, name)
	err := s.step("index")
	if err == nil {
		_, err = g.f.WriteAt(text, end)
	}
	if err == nil {
		err = g.f.Sync()
	}
	path := filepath.Join(s.dir, logs, name+segEnd)
	if err == nil {
		err = s.step("name")
	}
	if err == nil {
		err = os.Rename(g.path, path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err == nil {
		g.path, g.end, g.rows, g.index = path, end, nil, index
	}
	return err
}

// part is an entry that goes into a new segment.
type part struct {
	*segment
	row
}

// merge makes one segment of several, with the rows that stay, and removes them.
func (s *Store) merge(from []*segment, stays func(row) bool) error {
	var parts []part
	for _, g := range from {
		for r := range g.all() {
			if stays(r) {
				parts = append(parts, part{g, r})
			}
		}
	}
	slices.SortStableFunc(parts, func(a, b part) int { return strings.Compare(a.id(), b.id()) })
	parts = slices.CompactFunc(parts, func(a, b part) bool { return a.id() == b.id() })
	made, err := s.newSegment(parts)
	if err != nil {
		return err
	}
	s.segments = slices.DeleteFunc(s.segments, func(g *segment) bool { return slices.Contains(from, g) })
	if made != nil {
		s.segments = append(s.segments, made)
	}
	for _, g := range from {
		if made != nil && g.path == made.path {
			continue
		}
		if err := os.Remove(g.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// newSegment writes entries into a new segment, nil without any.
func (s *Store) newSegment(parts []part) (*segment, error) {
	if len(parts) == 0 {
		return nil, nil
	}
	f, err := os.CreateTemp(filepath.Join(s.dir, logs), tempPrefix)
	if err != nil {
		return nil, err
	}
	made := &segment{path: f.Name(), f: f}
	if err := s.fill(made, parts); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return made, nil
}

func (s *Store) fill(made *segment, parts []part) error {
	var index bytes.Buffer
	text, end := []byte(logLine), int64(0)
	for _, p := range parts {
		data, err := p.segment.read(p.row, nil)
		if bad, ok := errors.AsType[*badEntry](err); ok {
			s.evidence(p.segment, rest{p.at, int64(p.row.bytes), p.key, bad.why})
			continue
		}
		if err != nil {
			return err
		}
		text = append(append(text, frame("entry", len(data))...), data...)
		p.at = end + int64(len(text)-len(data))
		index.WriteString(p.row.String())
		if len(text) > 1<<20 {
			if _, err := made.f.WriteAt(text, end); err != nil {
				return err
			}
			end, text = end+int64(len(text)), text[:0]
		}
	}
	if _, err := made.f.WriteAt(text, end); err != nil {
		return err
	}
	return s.complete(made, end+int64(len(text)), index.Bytes())
}
