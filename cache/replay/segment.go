package replay

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// This file reads logs and segments.
//
//	pitwall log 1 <check>\n
//	entry 0000026b 5f3c91aa\n   length of what follows, and a check of this line
//	<entry>
//	...                         so far a log; a segment goes on
//	index 00000096 1f2e3d4c\n
//	<a line per entry, sorted by key>
//	end <where the index begins> <SHA-256 of the index>\n

const (
	logMagic  = "pitwall log "
	logEnd    = ".log"
	segEnd    = ".seg"
	frameForm = "%s %08x" // then a space and the check
	rowForm   = "%s %-16s %s %012x %08x %011x\n"
	endForm   = "end %012x %s\n"
)

var (
	logLine  = checkedLine(logMagic + version)
	frameLen = len(frame("entry", 0))
	rowLen   = len(row{key: strings.Repeat("0", 64), sum: strings.Repeat("0", 16)}.String())
	endLen   = len(fmt.Sprintf(endForm, 0, strings.Repeat("0", 64)))
)

// checkedLine adds a check to a line, which tells another one from a damaged one.
func checkedLine(text string) string {
	sum := sha256.Sum256([]byte(text))
	return text + " " + hex.EncodeToString(sum[:4]) + "\n"
}

// frame is the line before an entry or an index of n bytes.
func frame(word string, n int) string { return checkedLine(fmt.Sprintf(frameForm, word, n)) }

// parseFrame returns what a frame line says.
func parseFrame(b []byte) (word string, n int, ok bool) {
	line, _, whole := bytes.Cut(b[:min(len(b), frameLen)], []byte("\n"))
	parts := strings.Fields(string(line))
	if !whole || len(parts) != 3 {
		return "", 0, false
	}
	size, err := strconv.ParseUint(parts[1], 16, 32)
	return parts[0], int(size), err == nil && frame(parts[0], int(size)) == string(line)+"\n"
}

// row says where an entry lies.
type row struct {
	key, kind, group string
	sum              string // the first 16 digits of the entry's digest
	at               int64  // in its file, behind the frame line
	bytes            int
	written          int64 // Unix time in seconds
}

// String is the row's line in an index.
func (r row) String() string {
	return fmt.Sprintf(rowForm, r.id(), r.kind, r.sum, r.at, r.bytes, r.written)
}

// id is what an entry is found by: a request may be kept in several slots.
func (r row) id() string { return idOf(r.key, r.group) }

func idOf(key, group string) string { return fmt.Sprintf("%s %-16s", key, group) }

// parseRow reads a line of an index.
func parseRow(line []byte) (r row, err error) {
	f := strings.Fields(string(line))
	if len(f) != 7 {
		return r, fmt.Errorf("a line of an index has %d fields", len(f))
	}
	r.key, r.group, r.kind, r.sum = f[0], f[1], f[2], f[3]
	var n [3]int64
	for i := range n {
		if n[i], err = strconv.ParseInt(f[4+i], 16, 64); err != nil {
			return r, err
		}
	}
	r.at, r.bytes, r.written = n[0], int(n[1]), n[2]
	return r, nil
}

// rest is a part of a log that is no entry.
type rest struct {
	at    int64
	bytes int64
	key   string // if it is known
	why   string
}

// segment is a file of entries: a log, which may still grow, or a segment.
type segment struct {
	path  string
	f     *os.File
	end   int64          // of what was read, or written, of a log
	rows  map[string]row // of a log, by id
	index []byte         // of a segment: the lines of its rows
	bad   []rest         // of a log
	other bool           // of another format: left alone
}

// loadSegment reads the index of a file, or all of it where there is none.
func (c *codec) loadSegment(path string, f *os.File) (*segment, error) {
	g := &segment{path: path, f: f}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	first := make([]byte, len(logLine))
	n, err := f.ReadAt(first, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if line, _, whole := strings.Cut(string(first[:n]), "\n"); whole && line+"\n" != logLine && strings.HasPrefix(line, logMagic) {
		if i := strings.LastIndexByte(line, ' '); checkedLine(line[:i]) == line+"\n" {
			g.other = true
			return g, nil
		}
	}
	if string(first[:n]) == logLine {
		g.end = int64(n)
		if g.readIndex(info.Size()) {
			return g, nil
		}
	}
	g.rows = map[string]row{}
	return g, g.scan(c)
}

// readIndex reports whether there is a whole index at the end of the file.
func (g *segment) readIndex(size int64) bool {
	last := make([]byte, endLen)
	if _, err := g.f.ReadAt(last, size-int64(endLen)); err != nil {
		return false
	}
	var at int64
	var sum string
	if _, err := fmt.Sscanf(string(last), "end %x %s\n", &at, &sum); err != nil || fmt.Sprintf(endForm, at, sum) != string(last) || at < g.end || at > size-int64(endLen) {
		return false
	}
	index := make([]byte, size-int64(endLen)-at)
	if _, err := g.f.ReadAt(index, at); err != nil || len(index)%rowLen != 0 {
		return false
	}
	if got := sha256.Sum256(index); hex.EncodeToString(got[:]) != sum {
		return false
	}
	g.index, g.end = index, at-int64(frameLen)
	return true
}

// scan reads what a log has grown by. Every digest is checked, since there is no
// index to say what was written. What is not whole at the end is left for later.
func (g *segment) scan(c *codec) error {
	info, err := g.f.Stat()
	if err != nil || info.Size() <= g.end {
		return err
	}
	b := make([]byte, info.Size()-g.end)
	if n, err := g.f.ReadAt(b, g.end); err != nil && !errors.Is(err, io.EOF) {
		return err
	} else if b = b[:n]; g.end == 0 {
		if len(b) < len(logLine) {
			return nil
		}
		if bytes.HasPrefix(b, []byte(logLine)) {
			g.end, b = int64(len(logLine)), b[len(logLine):]
		}
	}
	for len(b) >= frameLen {
		word, n, ok := parseFrame(b)
		if ok && (word != "entry" || len(b) < frameLen+n) {
			return nil // an index without its end, or an entry that is being written
		}
		size := frameLen + n
		if !ok {
			next := nextFrame(b[1:])
			if next < 0 {
				return nil
			}
			size = 1 + next
			g.bad = append(g.bad, rest{g.end, int64(size), "", "it does not begin as an entry does"})
		} else if h, digest, err := c.head(b[frameLen:size]); err != nil {
			g.bad = append(g.bad, rest{g.end + int64(frameLen), int64(n), h.Key, err.Error()})
		} else {
			r := row{h.Key, h.Kind, groupOf(h.Slot, h.Key), digest[:16], g.end + int64(frameLen), n, info.ModTime().Unix()}
			if _, twice := g.rows[r.id()]; !twice {
				g.rows[r.id()] = r
			}
		}
		g.end, b = g.end+int64(size), b[size:]
	}
	return nil
}

// nextFrame finds the next frame line, -1 without one.
func nextFrame(b []byte) int {
	for from := 0; ; {
		i := bytes.Index(b[from:], []byte("entry "))
		if i < 0 {
			return -1
		}
		if _, _, ok := parseFrame(b[from+i:]); ok {
			return from + i
		}
		from += i + 1
	}
}

// find returns where an entry lies.
func (g *segment) find(id string) (row, bool) {
	if g.rows != nil {
		r, ok := g.rows[id]
		return r, ok
	}
	line := func(i int) []byte { return g.index[i*rowLen : (i+1)*rowLen] }
	n := len(g.index) / rowLen
	i := sort.Search(n, func(i int) bool { return string(line(i)[:len(id)]) >= id })
	if i == n || string(line(i)[:len(id)]) != id {
		return row{}, false
	}
	r, err := parseRow(line(i))
	return r, err == nil
}

// all goes through the rows by id.
func (g *segment) all() iter.Seq[row] {
	return func(yield func(row) bool) {
		for _, id := range slices.Sorted(maps.Keys(g.rows)) {
			if !yield(g.rows[id]) {
				return
			}
		}
		for line := range slices.Chunk(g.index, rowLen) {
			if r, err := parseRow(line); err == nil && !yield(r) {
				return
			}
		}
	}
}

// read returns the bytes of an entry, in memory that is large enough.
func (g *segment) read(r row, memory []byte) ([]byte, error) {
	if r.bytes > maxFile {
		return nil, &badEntry{fmt.Sprintf("it has %d bytes, more than any entry", r.bytes)}
	}
	if cap(memory) < r.bytes {
		memory = make([]byte, r.bytes)
	}
	n, err := g.f.ReadAt(memory[:r.bytes], r.at)
	if errors.Is(err, io.EOF) {
		err = &badEntry{fmt.Sprintf("its file ends after %d of %d bytes", n, r.bytes)}
	}
	return memory[:n], err
}
