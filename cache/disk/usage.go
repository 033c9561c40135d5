package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrNotWritable is that nothing can be written to a folder, nor the folder be made.
var ErrNotWritable = errors.New("not writable")

// Usage looks at a folder: whether it is there, how many files it holds and how large
// they are. It tries to write to it or, where it is not there, to the nearest folder
// above, where it would be made.
func Usage(dir string) (there bool, files int, bytes int64, err error) {
	at := dir
	for at != filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil {
			break
		}
		at = filepath.Dir(at)
	}
	probe, err := os.CreateTemp(at, ".pitwall-probe-*")
	if err != nil {
		return at == dir, 0, 0, ErrNotWritable
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name())
	if at != dir {
		return false, 0, 0, nil
	}
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if i, err := d.Info(); err == nil { // gone since: not counted
			files, bytes = files+1, bytes+i.Size()
		}
		return nil
	})
	return true, files, bytes, err
}
