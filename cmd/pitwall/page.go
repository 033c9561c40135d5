package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"pitwall/tools/report"
	"pitwall/tools/report/page"
)

// pageName is a run's page in its folder.
const pageName = "report.html"

// page writes the page of a run that has ended, however it did. Without one equity
// point there is nothing to show; a fault is a note, and the result stays.
func (a *app) page(dir string) string {
	file, err := writePage(dir)
	if err != nil {
		fmt.Fprintf(a.errs(), "note: the page could not be written (%s); pitwall report %s tries again\n", oneLine(err.Error()), oneLine(dir))
		return ""
	}
	return file
}

// writePage writes a run's page into its folder and returns its path, empty when
// the run has no points. A fault of the page is an error and no crash.
func writePage(dir string) (file string, err error) {
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("the page's own fault: %v", x)
		}
	}()
	run, err := report.Open(os.DirFS(dir))
	if err != nil {
		return "", err
	}
	if len(run.Points) == 0 {
		return "", nil
	}
	s, err := run.Sheet()
	if err != nil {
		return "", err
	}
	file = filepath.Join(dir, pageName)
	return file, writeAside(file, func(w io.Writer) error { return page.Write(w, run, s) })
}

// writeAside writes a file beside its place and renames it, so that a reader sees
// the old one or the new one, whole.
func writeAside(file string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(file), ".pitwall-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing is there after the rename
	w := bufio.NewWriter(f)
	err = write(w)
	if err = errors.Join(err, w.Flush(), f.Chmod(0o644), f.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	return os.Rename(f.Name(), file)
}
