package runs

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// This file is SHA256SUMS: what each file of a run held when the run wrote it. Turns
// get their line as they are written, the other files at the end.

// sealed are the files besides the turns that get a sum at the end of a run, before
// manifest.json. Not among them are timing.jsonl, which says nothing of what was
// decided, and report.html, which pitwall report writes again.
var sealed = []string{JournalFile, SummariesFile, UsageFile, MetricsFile, FillsFile, EquityFile, PricesFile}

// sumLine is a line as sha256sum writes and reads it.
func sumLine(name string, body []byte) string { return digestOf(body) + "  " + name + "\n" }

func digestOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Seal ends a folder: it completes m with the digest of the turns, lists the sums of
// all files and writes the manifest, in this order, so that a manifest that says how
// a run ended comes with its sums. No turn may follow.
func (f *Folder) Seal(m *Manifest) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.finishTurns(); err != nil {
		return err
	}
	m.TurnsDigest = digestOf(f.sums)
	manifest, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding %s: %w", ManifestFile, err)
	}
	manifest = append(manifest, '\n')
	all := bytes.NewBuffer(slices.Clone(f.sums))
	for _, name := range sealed {
		body, err := os.ReadFile(filepath.Join(f.Dir, name))
		if err != nil {
			return fmt.Errorf("reading what was written: %w", err)
		}
		all.WriteString(sumLine(name, body))
	}
	all.WriteString(sumLine(ManifestFile, manifest))
	if err := f.replace(SumsFile, all.Bytes()); err != nil {
		return err
	}
	return f.replace(ManifestFile, manifest)
}

// Sums is what SHA256SUMS says of a run's folder.
type Sums struct {
	Absent      bool     // an older version wrote the run: nothing is known
	Turns       int      // with a sum
	Differences []string // files that are not as they were written, a line each
}

// maxNamed is how many differences are named one by one.
const maxNamed = 20

var sumPattern = regexp.MustCompile(`^([0-9a-f]{64})  (.+)$`)

// Sums compares each file with its sum. A run that has not ended has sums of its
// turns only, and its last turn may be without one.
func (s Strict) Sums(m Manifest) (Sums, error) {
	raw, err := fs.ReadFile(s, SumsFile)
	switch {
	case errors.Is(err, fs.ErrNotExist) && m.TurnsDigest == "":
		return Sums{Absent: true}, nil
	case errors.Is(err, fs.ErrNotExist):
		return Sums{Differences: []string{SumsFile + " is missing"}}, nil
	case err != nil:
		return Sums{}, fmt.Errorf("reading the run: %w", err)
	}
	open := m.Status == "running"
	var out Sums
	listed := map[string]bool{}
	differ := func(format string, args ...any) {
		out.Differences = append(out.Differences, fmt.Sprintf(format, args...))
	}
	turns := &bytes.Buffer{}
	for n := 1; len(raw) > 0; n++ {
		line, rest, whole := bytes.Cut(raw, []byte("\n"))
		raw = rest
		x := sumPattern.FindSubmatch(line)
		switch {
		case !whole && open:
			continue // it was killed in the middle of the line
		case x == nil || !whole:
			differ("%s line %d cannot be read", SumsFile, n)
			continue
		}
		name := string(x[2])
		listed[name] = true
		if path.Dir(name) == turnsDir {
			out.Turns++
			turns.Write(append(line, '\n'))
		}
		body, err := fs.ReadFile(s, name)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid):
			differ("%s is missing", name)
		case err != nil:
			return out, fmt.Errorf("reading the run: %w", err)
		case digestOf(body) != string(x[1]):
			differ("%s was changed after the run wrote it: it does not have its sum in %s", name, SumsFile)
		}
	}
	if err := s.unlisted(listed, open, differ); err != nil {
		return out, err
	}
	if got := digestOf(turns.Bytes()); !open && got != m.TurnsDigest {
		differ("%s has turns_digest %q; the turns in %s give %s", ManifestFile, m.TurnsDigest, SumsFile, got)
	}
	if more := len(out.Differences) - maxNamed; more > 0 {
		out.Differences = append(out.Differences[:maxNamed], fmt.Sprintf("and %d more files or lines", more))
	}
	return out, nil
}

// unlisted names the files that should have a sum and have none.
func (s Strict) unlisted(listed map[string]bool, open bool, differ func(format string, args ...any)) error {
	var want []string
	if !open {
		want = append(slices.Clone(sealed), ManifestFile)
	}
	entries, err := fs.ReadDir(s, turnsDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the run: %w", err)
	}
	for i, e := range entries { // in the order of their names
		if beingWritten := strings.HasSuffix(e.Name(), ".tmp") || i == len(entries)-1; !open || !beingWritten {
			want = append(want, turnsDir+"/"+e.Name())
		}
	}
	for _, name := range want {
		if !listed[name] {
			differ("%s has no sum in %s", name, SumsFile)
		}
	}
	return nil
}
