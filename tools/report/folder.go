package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"

	"pitwall"
)

// Folder reads a run's folder as far as it can be read: also one that is still
// being written or whose writer was killed. What is left out becomes a note.
type Folder struct {
	fs.FS
	Notes []string
}

func (f *Folder) note(format string, args ...any) {
	f.Notes = append(f.Notes, fmt.Sprintf(format, args...))
}

// JSON reads a whole file.
func (f *Folder) JSON(name string, v any) error {
	raw, err := fs.ReadFile(f, name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Lines reads a file of JSON lines; a file that is not there has none. A torn
// last line is what a crash leaves.
func Lines[T any](f *Folder, name string) []T {
	raw, err := fs.ReadFile(f, name)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			f.note("%v", err)
		}
		return nil
	}
	var list []T
	for n := 1; len(raw) > 0; n++ {
		line, rest, whole := bytes.Cut(raw, []byte("\n"))
		raw = rest
		var x T
		switch err := json.Unmarshal(line, &x); {
		case err == nil:
			list = append(list, x)
		case !whole:
			f.note("%s ends in half a line, which is left out", name)
		case len(bytes.TrimSpace(line)) > 0:
			f.note("line %d of %s cannot be read and is left out", n, name)
		}
	}
	return list
}

// Journal reads journal.jsonl. Journals without turns were written before entries
// had one: what is known then is the column of fills.csv, so the turns of orders
// that never filled, and of changes, are lost.
func (f *Folder) Journal() []pitwall.Entry {
	list := Lines[pitwall.Entry](f, "journal.jsonl")
	orders := func(e pitwall.Entry) bool { return e.Order != nil || e.Fill != nil }
	if !slices.ContainsFunc(list, orders) || slices.ContainsFunc(list, func(e pitwall.Entry) bool { return e.Turn > 0 }) {
		return list
	}
	f.note("the journal of this older run has no turns: those of orders that never filled are not known")
	turns := map[string]int{}
	for _, row := range f.Rows("fills.csv", 10) {
		if n, err := strconv.Atoi(row[7]); err == nil && n > 0 {
			turns[row[8]] = n
		}
	}
	for i, e := range list {
		if e.State != nil && e.State.Parent != "" {
			turns[e.ID] = turns[e.State.Parent]
		}
		if e.Change == nil && e.Verb != "cancel" && (e.State == nil || e.State.Status != pitwall.Denied) {
			list[i].Turn = turns[e.ID]
		}
	}
	return list
}

// Rows reads a CSV file without its header; rows have the given number of fields.
func (f *Folder) Rows(name string, fields int) [][]string {
	raw, err := fs.ReadFile(f, name)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			f.note("%v", err)
		}
		return nil
	}
	if end := bytes.LastIndexByte(raw, '\n') + 1; end < len(raw) {
		raw = raw[:end]
		f.note("%s ends in half a line, which is left out", name)
	}
	c := csv.NewReader(bytes.NewReader(raw))
	c.FieldsPerRecord = fields
	var rows [][]string
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			f.note("%s cannot be read after row %d", name, len(rows))
			break
		}
		rows = append(rows, row)
	}
	return rows[min(1, len(rows)):]
}
