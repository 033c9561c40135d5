package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"pitwall"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
)

// page writes the page of a run that has ended, however it did. Without one equity
// point there is nothing to show; a fault, a crash of the page's included, is a note,
// and the result stays. It returns errSaid for a fault of this machine: what was asked
// for is not all there.
func (a *app) page(dir string) error {
	err := func() (err error) {
		defer func() {
			if x := recover(); x != nil {
				err = fmt.Errorf("the page's own fault: %v", x)
			}
		}()
		r, err := loadReport(dir)
		if err != nil || len(r.run.Points) == 0 {
			return err
		}
		return writeAside(filepath.Join(dir, runs.PageFile), r.write)
	}()
	if err != nil {
		fmt.Fprintf(a.errs(), "note: the page could not be written (%s); pitwall report %s tries again\n", term.OneLine(err.Error()), term.OneLine(dir))
	}
	if pitwall.MachineFault(err) == nil {
		return nil
	}
	return errSaid
}

// writeAside writes a file beside its place and renames it, so that a reader sees
// the old one or the new one, whole. A link stays and its file is replaced, with the
// permissions that it has; a device or a pipe is written to, never replaced.
func writeAside(file string, write func(io.Writer) error) error {
	if err := writeWhole(file, write); err != nil {
		return fmt.Errorf("writing %s: %w", term.OneLine(file), err)
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
