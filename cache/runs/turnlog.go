package runs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
)

// This file reads turns.log: the records of the turns one after the other, each
// behind a line with its number, its length and its sum. Folders of older versions
// have a file per turn instead.

// turnAt is where the record of a turn lies.
type turnAt struct {
	n         int
	at, bytes int64
	sum       string // of the record as it was written
}

// turnLog is what a turns.log holds.
type turnLog struct {
	turns []turnAt
	rest  int64 // bytes at the end that are no whole record
}

var turnPattern = regexp.MustCompile(`^turn (\d{6,9}) (\d{1,10}) ([0-9a-f]{64})\n`)

// maxTurnHead is the longest line before a record.
const maxTurnHead = len("turn 123456789 1234567890 \n") + 64

// turnHead is the line before a record.
func turnHead(n int, sum string, size int) string {
	return fmt.Sprintf("turn %06d %d %s\n", n, size, sum)
}

// parseHead reads the line before a record, and returns its length; 0: there is none.
func parseHead(b []byte) (t turnAt, size int) {
	m := turnPattern.FindSubmatch(b)
	if m == nil {
		return t, 0
	}
	t.n, _ = strconv.Atoi(string(m[1])) // the pattern holds digits only
	t.bytes, _ = strconv.ParseInt(string(m[2]), 10, 64)
	t.sum = string(m[3])
	return t, len(m[0])
}

// openTurns opens turns.log for reading anywhere in it.
func openTurns(fsys fs.FS) (io.ReaderAt, int64, func() error, error) {
	f, err := fsys.Open(TurnsFile)
	if err != nil {
		return nil, 0, nil, err
	}
	info, err := f.Stat()
	r, ok := f.(io.ReaderAt)
	if err == nil && !ok {
		err = errors.New("this file system reads files from their beginning only")
	}
	if err != nil {
		return nil, 0, nil, errors.Join(fmt.Errorf("reading %s: %w", TurnsFile, err), f.Close())
	}
	return r, info.Size(), f.Close, nil
}

// readTurns finds the records of turns.log. A record whose length was changed ends
// where the next one begins; one that is not whole at the end is left out.
func readTurns(fsys fs.FS) (l turnLog, err error) {
	r, size, done, err := openTurns(fsys)
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, done()) }()
	head := make([]byte, maxTurnHead)
	look := func(at int64) (turnAt, int, error) {
		n, err := r.ReadAt(head[:min(int64(len(head)), size-at)], at)
		if errors.Is(err, io.EOF) {
			err = nil
		}
		t, length := parseHead(head[:n])
		return t, length, err
	}
	for at := int64(0); at < size; {
		t, length, err := look(at)
		if err != nil {
			return l, fmt.Errorf("reading %s: %w", TurnsFile, err)
		}
		t.at = at + int64(length)
		end := t.at + t.bytes
		whole := length > 0 && end == size
		if length > 0 && end < size {
			_, next, err := look(end)
			if err != nil {
				return l, fmt.Errorf("reading %s: %w", TurnsFile, err)
			}
			if whole = next > 0; !whole { // half of the next line, or an edit
				body := make([]byte, t.bytes)
				if _, err := r.ReadAt(body, t.at); err != nil {
					return l, fmt.Errorf("reading %s: %w", TurnsFile, err)
				}
				whole = digestOf(body) == t.sum
			}
		}
		if !whole {
			if end, err = nextHead(r, t.at, size); err != nil {
				return l, fmt.Errorf("reading %s: %w", TurnsFile, err)
			}
			t.bytes = end - t.at
			if end == size {
				l.rest = size - at
				return l, nil
			}
		}
		if length > 0 {
			l.turns = append(l.turns, t)
		}
		at = end
	}
	return l, nil
}

// nextHead finds the next line before a record, or the end.
func nextHead(r io.ReaderAt, at, size int64) (int64, error) {
	b := make([]byte, 64<<10)
	for at < size {
		n, err := r.ReadAt(b[:min(int64(len(b)), size-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		for from := 0; ; {
			i := bytes.Index(b[from:n], []byte("\nturn "))
			if i < 0 {
				break
			}
			if _, length := parseHead(b[from+i+1 : n]); length > 0 {
				return at + int64(from+i+1), nil
			}
			from += i + 1
		}
		if at+int64(n) >= size || n <= maxTurnHead {
			break
		}
		at += int64(n - maxTurnHead) // a line may lie across two parts
	}
	return size, nil
}

// turnLog finds the records once.
func (r *Run) turnLog() (turnLog, error) {
	r.once.Do(func() { r.log, r.logErr = readTurns(r) })
	return r.log, r.logErr
}

// RawTurn reads the record of a turn as it is written.
func (r *Run) RawTurn(n int) ([]byte, error) {
	l, err := r.turnLog()
	if errors.Is(err, fs.ErrNotExist) {
		return fs.ReadFile(r, turnFile(n)) // an older folder
	}
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(l.turns, func(t turnAt) bool { return t.n == n })
	if n > 0 && n <= len(l.turns) && l.turns[n-1].n == n {
		i = n - 1 // as a run writes them
	}
	if i < 0 {
		return nil, fmt.Errorf("%s: turn %d: %w", TurnsFile, n, fs.ErrNotExist)
	}
	f, _, done, err := openTurns(r)
	if err != nil {
		return nil, err
	}
	raw := make([]byte, l.turns[i].bytes)
	if _, err := f.ReadAt(raw, l.turns[i].at); err != nil {
		return nil, errors.Join(fmt.Errorf("reading turn %d of %s: %w", n, TurnsFile, err), done())
	}
	return raw, done()
}

// recorded returns the numbers of the turns that have a record.
func (r *Run) recorded() (list []int) {
	l, err := r.turnLog()
	if errors.Is(err, fs.ErrNotExist) {
		files, err := fs.ReadDir(r, turnsDir)
		r.missing(err)
		for _, f := range files {
			if n := turnNumber(f.Name()); n > 0 {
				list = append(list, n)
			}
		}
		return list
	}
	r.missing(err)
	if l.rest > 0 {
		r.Note("%s ends in part of a turn, which is left out", TurnsFile)
	}
	for _, t := range l.turns {
		list = append(list, t.n)
	}
	return list
}
