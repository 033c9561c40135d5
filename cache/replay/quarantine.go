package replay

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// reject moves a bad entry to the quarantine and logs it once. read is the file that
// was checked: a file that has since replaced it is not moved.
func (s *Store) reject(path, key string, read fs.FileInfo, why string) (moved bool) {
	to := ""
	var err error
	if !s.o.ReadOnly {
		to, err = s.quarantine(path, key, read)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.say(path, to, why, err)
	return to != ""
}

// say logs a bad entry, once unless it was moved.
func (s *Store) say(path, to, why string, err error) {
	if s.logged[path] && to == "" {
		return
	}
	if len(s.logged) < 10_000 {
		s.logged[path] = true
	}
	switch {
	case err != nil:
		s.o.Log.Warn("an entry of the replay cache is bad and could not be moved", "entry", path, "why", why, "err", err)
	case to != "":
		s.o.Log.Warn("an entry of the replay cache is bad and was moved", "entry", path, "why", why, "to", to)
	default:
		s.o.Log.Warn("an entry of the replay cache is bad and is not used", "entry", path, "why", why)
	}
}

// evidence copies what is bad in a log or a segment to the quarantine.
func (s *Store) evidence(g *segment, b rest) Bad {
	to := ""
	var err error
	if !s.o.ReadOnly {
		to, err = s.copyOut(g, b)
	}
	out := Bad{Path: fmt.Sprintf("%s at byte %d", g.path, b.at), Why: b.why, Moved: to != ""}
	if b.key != "" {
		out.Path += ", " + b.key
	}
	s.say(out.Path, to, b.why, err)
	return out
}

// copyOut copies a part of a file to quarantine/<key>.<n>.
func (s *Store) copyOut(g *segment, b rest) (string, error) {
	if err := s.folders(filepath.Join(s.dir, quarantine)); err != nil {
		return "", err
	}
	if !validKey(b.key) {
		b.key = strings.TrimSuffix(strings.TrimSuffix(filepath.Base(g.path), logEnd), segEnd)
	}
	to, err := reserve(filepath.Join(s.dir, quarantine, b.key), false)
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(f, io.NewSectionReader(g.f, b.at, min(b.bytes, maxFile)))
	return to, errors.Join(err, f.Close())
}

// drop takes a bad entry out of its segment.
func (s *Store) drop(g *segment, r row, why string) (Bad, error) {
	defer s.lock()()
	if now, ok := g.find(r.id()); !ok || now.at != r.at || !slices.Contains(s.segments, g) {
		return Bad{}, nil // another one was faster
	}
	bad := s.evidence(g, rest{r.at, int64(r.bytes), r.key, why})
	if g.rows != nil {
		delete(g.rows, r.id())
		return bad, nil
	}
	if !bad.Moved {
		return bad, nil
	}
	return bad, s.merge([]*segment{g}, func(x row) bool { return x.id() != r.id() })
}

// quarantine moves a file to quarantine/<key>.<n> without replacing anything:
// it takes the name first and then renames over what it took. It returns "" when
// another was faster.
func (s *Store) quarantine(path, key string, read fs.FileInfo) (string, error) {
	if err := s.folders(filepath.Join(s.dir, quarantine)); err != nil {
		return "", err
	}
	for _, dir := range []string{filepath.Dir(path), filepath.Dir(filepath.Dir(path))} {
		if err := realFolder(dir); err != nil {
			return "", err
		}
	}
	taken, err := reserve(filepath.Join(s.dir, quarantine, key), read.IsDir())
	if err != nil {
		return "", err
	}
	to := taken
	if read.IsDir() { // os.Rename replaces files only
		to = filepath.Join(taken, key)
	}
	now, err := os.Lstat(path)
	if err == nil && !os.SameFile(now, read) {
		err = fs.ErrNotExist
	}
	if err == nil {
		err = os.Rename(path, to)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(taken))
		to = ""
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	return to, err
}

// reserve takes a free name: base.0, base.1, ..., and after many a random one.
func reserve(base string, folder bool) (string, error) {
	for n := 0; ; n++ {
		name := fmt.Sprintf("%s.%d", base, n)
		if n >= 100 {
			name = base + "." + strings.ToLower(rand.Text())
		}
		var err error
		if folder {
			err = os.Mkdir(name, 0o700)
		} else {
			var f *os.File
			if f, err = os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err == nil {
				err = f.Close()
			}
		}
		if !errors.Is(err, fs.ErrExist) || n > 110 {
			return name, err
		}
	}
}
