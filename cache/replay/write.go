package replay

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	quarantine = "quarantine"
	tempPrefix = ".tmp-"
)

var errTaken = errors.New("the name is taken")

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
	var data []byte
	for range 3 { // another round only when a bad entry had the name
		old, err := s.read(b, p)
		if err != nil {
			return fmt.Errorf("writing the replay cache: %w", err)
		}
		if old != nil && !bytes.Equal(old.body, body) {
			return fmt.Errorf("%s %s: %w", kind, p.key, ErrNondeterministic)
		}
		if old != nil || s.o.ReadOnly {
			return nil
		}
		if data == nil {
			if data, err = s.codec.encode(kind, slot, p.key, p.request, body); err != nil {
				return fmt.Errorf("writing the replay cache: %w", err)
			}
		}
		if err := s.keep(p.path, data); err == nil {
			return nil
		} else if !errors.Is(err, errTaken) {
			return fmt.Errorf("writing the replay cache: %w", err)
		}
	}
	return fmt.Errorf("writing the replay cache: %s exists and is not an entry", p.path)
}

// keep writes a file under its final name, whole or not at all: aside, synced,
// then linked, which never replaces. An earlier writer is errTaken.
func (s *Store) keep(path string, data []byte) (err error) {
	f, err := s.temp(filepath.Dir(path))
	if err != nil {
		return err
	}
	name := f.Name()
	defer func() {
		// A rename took it away; a link left it.
		if gone := os.Remove(name); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	if err = s.step("created"); err == nil {
		_, err = f.Write(data)
	}
	for _, next := range []struct {
		name string
		do   func() error
	}{
		{"written", f.Sync}, {"synced", f.Close}, {"closed", func() error { return s.name(name, path) }},
		{"named", func() error { return syncDir(filepath.Dir(path)) }},
	} {
		if err == nil {
			err = s.step(next.name)
		}
		if err == nil {
			err = next.do()
		}
	}
	if err != nil {
		f.Close() // a second time after "synced": harmless
	}
	return err
}

// name gives a file its final name without replacing. Where there are no hard
// links it looks first and renames: two writers at one moment can then replace
// each other's whole entry.
func (s *Store) name(temp, path string) error {
	err := s.link(temp, path)
	if err == nil {
		return nil
	}
	if errors.Is(err, fs.ErrExist) {
		return errTaken
	}
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return errTaken
	}
	return os.Rename(temp, path)
}

// temp makes the folder and a file with a unique name in it. Clear may remove
// the folder while it is empty, so temp tries again.
func (s *Store) temp(dir string) (*os.File, error) {
	for try := 0; ; try++ {
		if err := s.folders(filepath.Dir(dir), dir); err != nil {
			return nil, err
		}
		if err := s.step("folders"); err != nil {
			return nil, err
		}
		name := filepath.Join(dir, fmt.Sprintf("%s%d-%s", tempPrefix, os.Getpid(), rand.Text()))
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, fs.ErrNotExist) && try < 10 {
			continue
		}
		return f, err
	}
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
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // gone again: temp sees it
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
	if s.logged[path] && to == "" {
		return false
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
	return to != ""
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
