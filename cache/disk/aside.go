package disk

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteAside writes a file beside its place and renames it, so that a reader sees
// the old one or the new one, whole. A link stays and its file is replaced, with the
// permissions that it has; a device or a pipe is written to, never replaced.
func WriteAside(file string, write func(io.Writer) error) error {
	if err := writeWhole(file, write); err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	return nil
}

func writeWhole(file string, write func(io.Writer) error) error {
	mode := fs.FileMode(0o644)
	if to, err := filepath.EvalSymlinks(file); err == nil {
		file = to
	}
	switch info, err := os.Stat(file); {
	case err != nil: // a new file
	case info.IsDir():
		return errors.New("it is a folder; name a file")
	case !info.Mode().IsRegular():
		f, err := os.OpenFile(file, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return writeTo(f, write)
	default:
		mode = info.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".pitwall-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing is there after the rename
	if err := errors.Join(f.Chmod(mode), writeTo(f, write)); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

// writeTo writes and closes a file.
func writeTo(f *os.File, write func(io.Writer) error) error {
	w := bufio.NewWriter(f)
	err := write(w)
	if err == nil {
		err = w.Flush()
	}
	return errors.Join(err, f.Close())
}
