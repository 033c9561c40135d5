package runs

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"pitwall/cache/disk"
)

// This file is SHA256SUMS: what each file of a run held when the run wrote it. Files
// get their line at the end; a turn has its sum in turns.log as it is written.

// sealed are the files that get a sum at the end of a run, before manifest.json. Not among them are timing.jsonl, which says nothing of what was
// decided, and report.html, which pitwall report writes again.
var sealed = []string{TurnsFile, JournalFile, SummariesFile, UsageFile, MetricsFile, FillsFile, EquityFile, PricesFile}

// sometimes are sealed files that not every run has: a world without trades, a run without
// a desk or a memory.
var sometimes = []string{TradesFile, BooksFile, DecisionsFile, DeskFile, MemoryFile}

// sumLine is a line as sha256sum writes and reads it.
func sumLine(name, sum string) string { return sum + "  " + name + "\n" }

func digestOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// sumOf returns the sum of a file, which may be larger than memory.
func sumOf(fsys fs.FS, name string) (string, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// summed is a file that takes the sum of what is written into it.
type summed struct {
	disk.File
	sum hash.Hash
}

// Write takes the sum of a long text while it is written. After an error the sum is
// that of nothing, and none is asked for.
func (s *summed) Write(p []byte) (int, error) {
	var sum sync.WaitGroup
	if len(p) < atOnce/2 {
		s.sum.Write(p)
	} else {
		sum.Go(func() { s.sum.Write(p) })
	}
	n, err := s.File.Write(p)
	sum.Wait()
	return n, err
}

// sumOf returns the sum of a file of the folder.
func (f *Folder) sumOf(name string) (string, error) {
	if s, ok := f.files[name].(*summed); ok {
		return hex.EncodeToString(s.sum.Sum(nil)), nil
	}
	return sumOf(os.DirFS(f.Dir), name)
}

// Seal ends a folder: it completes m with the digest of the turns, lists the sums of
// all files and writes the manifest, in this order, so that a manifest that says how
// a run ended comes with its sums. No turn may follow.
func (f *Folder) Seal(m *Manifest) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := errors.Join(f.flush(), f.finishTurns()); err != nil {
		return err
	}
	m.TurnsDigest = digestOf(f.sums)
	manifest, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding %s: %w", ManifestFile, err)
	}
	manifest = append(manifest, '\n')
	all := &bytes.Buffer{}
	for _, name := range slices.Concat(sealed, sometimes) {
		sum, err := f.sumOf(name)
		if !slices.Contains(sealed, name) && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading what was written: %w", err)
		}
		all.WriteString(sumLine(name, sum))
	}
	all.WriteString(sumLine(ManifestFile, digestOf(manifest)))
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
		sum, err := sumOf(s, name)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid):
			differ("%s is missing", name)
		case err != nil:
			return out, fmt.Errorf("reading the run: %w", err)
		case sum != string(x[1]):
			differ("%s was changed after the run wrote it: it does not have its sum in %s", name, SumsFile)
		}
	}
	if err := s.turnSums(&out, open, turns, differ); err != nil {
		return out, err
	}
	if err := s.unlisted(listed, open, differ); err != nil {
		return out, err
	}
	if got := digestOf(turns.Bytes()); !open && got != m.TurnsDigest {
		differ("%s has turns_digest %q; the sums of the turns give %s", ManifestFile, m.TurnsDigest, got)
	}
	if more := len(out.Differences) - maxNamed; more > 0 {
		out.Differences = append(out.Differences[:maxNamed], fmt.Sprintf("and %d more files or lines", more))
	}
	return out, nil
}

// turnSums compares each record of turns.log with its sum.
func (s Strict) turnSums(out *Sums, open bool, sums *bytes.Buffer, differ func(format string, args ...any)) error {
	l, err := readTurns(s)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // an older folder, or its line says that it is missing
	}
	if err != nil {
		return err
	}
	r, _, done, err := openTurns(s)
	if err != nil {
		return err
	}
	next := 1
	for _, t := range l.turns {
		for ; next < t.n; next++ {
			differ("turn %d is missing in %s", next, TurnsFile)
		}
		next = t.n + 1
		body := make([]byte, t.bytes)
		if _, err := r.ReadAt(body, t.at); err != nil {
			return errors.Join(fmt.Errorf("reading turn %d: %w", t.n, err), done())
		}
		if digestOf(body) != t.sum {
			differ("turn %d in %s was changed after the run wrote it: it does not have its sum", t.n, TurnsFile)
		}
		out.Turns++
		sums.WriteString(sumLine(turnFile(t.n), t.sum))
	}
	if l.rest > 0 && !open { // a kill leaves it
		differ("%s ends in %d bytes that are no turn", TurnsFile, l.rest)
	}
	return done()
}

// unlisted names the files that should have a sum and have none.
func (s Strict) unlisted(listed map[string]bool, open bool, differ func(format string, args ...any)) error {
	var want []string
	if !open {
		want = append(slices.Clone(sealed), ManifestFile)
		if _, err := fs.Stat(s, TurnsFile); errors.Is(err, fs.ErrNotExist) {
			want = want[1:]
		}
		for _, name := range sometimes { // each version that wrote one listed it
			if _, err := fs.Stat(s, name); err == nil {
				want = append(want, name)
			}
		}
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
