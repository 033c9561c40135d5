package runs

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"pitwall"
)

// Dir is the default parent of runs' folders.
const Dir = "runs"

// signs are the files by which a folder is known as a run's.
var signs = []string{ManifestFile, SummariesFile, JournalFile}

// Is reports whether a folder is a run's.
func Is(fsys fs.FS) bool {
	for _, f := range signs {
		if info, err := fs.Stat(fsys, f); err == nil && info.Mode().IsRegular() {
			return true
		}
	}
	return false
}

// Find returns the folder of the run that a person names: a path, a name below Dir,
// or last, which is the run whose journal was written to last.
func Find(name string) (string, error) {
	if name == "last" {
		return last()
	}
	for _, dir := range []string{name, filepath.Join(Dir, name)} {
		if Is(os.DirFS(dir)) {
			return filepath.Clean(dir), nil
		}
	}
	e := pitwall.Errorf(pitwall.InvalidInput, "there is no run at %s", shown(name))
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		e = pitwall.Errorf(pitwall.InvalidInput, "%s is not a run's folder: it has neither manifest.json nor summaries.jsonl", shown(name))
	}
	names := below(os.DirFS(Dir))
	if len(names) == 0 {
		return "", e.Hintf("pitwall backtest leaves one in runs/; there is none here")
	}
	near := ""
	if x, is := pitwall.Near(filepath.Base(name), append(names, "last")); is {
		near = "did you mean " + shown(x) + "? "
	}
	return "", e.Hintf("%slast is the newest of the %d in runs/; pitwall runs lists them", near, len(names))
}

// below returns the names of the runs in a folder, in order.
func below(fsys fs.FS) (names []string) {
	entries, _ := fs.ReadDir(fsys, ".") // without a folder there are no runs
	for _, x := range entries {
		if run, err := fs.Sub(fsys, x.Name()); err == nil && Is(run) {
			names = append(names, x.Name())
		}
	}
	return names
}

func last() (string, error) {
	var newest time.Time
	found := ""
	for _, name := range below(os.DirFS(Dir)) {
		dir := filepath.Join(Dir, name)
		if t := written(os.DirFS(dir), JournalFile, SummariesFile, ManifestFile); found == "" || t.After(newest) {
			found, newest = dir, t
		}
	}
	if found == "" {
		return "", pitwall.Errorf(pitwall.InvalidInput, "there is no run in runs/").Hintf("pitwall backtest examples/momentum leaves one; or name a run's folder")
	}
	return found, nil
}

// written returns when the first of the files that is there was written.
func written(fsys fs.FS, files ...string) time.Time {
	for _, f := range files {
		if info, err := fs.Stat(fsys, f); err == nil {
			return info.ModTime()
		}
	}
	return time.Time{}
}

// shown returns a name for a message, quoted if a terminal would not show it as it is.
func shown(name string) string {
	if q := strconv.Quote(name); q != `"`+name+`"` {
		return q
	}
	return name
}
