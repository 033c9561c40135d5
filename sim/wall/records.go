package wall

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"pitwall"
)

// Records shows the known part of a list of records. It implements
// pitwall.Records and is safe for concurrent use.
type Records struct {
	now func() time.Time
	all []view // by Known

	mu    sync.Mutex // guards the digest chain
	chain [sha256.Size]byte
	fed   int // records already in the chain
}

// view is what may be shown of a record. Every answer and the digest are made of
// views alone, so that no answer can hold what the digest lacks.
type view struct {
	pitwall.Record
	withheld bool // coverage counts it, and nothing else is kept of it
}

// NewRecords builds the wall over records, which are shared and not written.
// Records whose values were revised after they were first had are withheld
// unless revised is true.
func NewRecords(all []pitwall.Record, now func() time.Time, revised bool) *Records {
	r := &Records{now: now, all: make([]view, len(all))}
	for i, x := range all {
		if x.Revised && !revised {
			x = pitwall.Record{Kind: x.Kind, Symbols: x.Symbols, Series: x.Series, Known: x.Known, Revised: true}
			r.all[i].withheld = true
		}
		r.all[i].Record = x
	}
	slices.SortStableFunc(r.all, func(a, b view) int {
		if c := cmp.Or(a.Known.Compare(b.Known), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)); c != 0 {
			return c
		}
		return bytes.Compare(a.encode(nil), b.encode(nil)) // one order, whatever that of the files
	})
	return r
}

// known returns the visible prefix.
func (r *Records) known() []view {
	now := r.now()
	n := sort.Search(len(r.all), func(i int) bool { return r.all[i].Known.After(now) })
	return r.all[:n:n]
}

// Find implements pitwall.Records.
func (r *Records) Find(_ context.Context, q pitwall.RecordQuery) ([]pitwall.Record, error) {
	words := make([]string, len(q.Words))
	for i, w := range q.Words {
		words[i] = strings.ToLower(w)
	}
	var found []pitwall.Record
	known := r.known()
	for i := len(known) - 1; i >= 0 && !known[i].Known.Before(q.Since); i-- {
		x := &known[i]
		if x.Kind != q.Kind || x.withheld || q.Series != "" && x.Series != q.Series || !about(&x.Record, q.Symbols) || !says(&x.Record, words) {
			continue
		}
		found = append(found, copied(&x.Record))
		if len(found) == q.Limit {
			break
		}
	}
	return found, nil
}

func about(x *pitwall.Record, symbols []string) bool {
	if len(symbols) == 0 {
		return true
	}
	for _, s := range symbols {
		if slices.Contains(x.Symbols, s) {
			return true
		}
	}
	return false
}

func says(x *pitwall.Record, words []string) bool {
	if len(words) == 0 {
		return true
	}
	text := x.Title + "\n" + x.Text + "\n" + x.Source + "\n" + x.Series
	for _, v := range x.Fields {
		text += "\n" + v
	}
	text = strings.ToLower(text)
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// copied is a record that shares nothing with the source.
func copied(x *pitwall.Record) pitwall.Record {
	c := *x
	c.Symbols = slices.Clone(x.Symbols)
	c.Fields = maps.Clone(x.Fields)
	return c
}

// Coverage implements pitwall.Records: per symbol, or per series for macro.
func (r *Records) Coverage(_ context.Context, k pitwall.RecordKind) ([]pitwall.Coverage, error) {
	type key struct {
		name    string
		revised bool
	}
	found := map[key]*pitwall.Coverage{}
	known := r.known()
	for i := range known {
		x := &known[i]
		if x.Kind != k {
			continue
		}
		names := x.Symbols
		if k == pitwall.Macro {
			names = []string{x.Series}
		} else if len(names) == 0 {
			names = []string{""}
		}
		for _, n := range names {
			c := found[key{n, x.Revised}]
			if c == nil {
				c = &pitwall.Coverage{Kind: k, Name: n, From: x.Known, Revised: x.Revised}
				found[key{n, x.Revised}] = c
			}
			c.Until = x.Known
			c.Count++
		}
	}
	list := make([]pitwall.Coverage, 0, len(found))
	for _, c := range found {
		list = append(list, *c)
	}
	sort.Slice(list, func(i, j int) bool {
		return list[i].Name < list[j].Name || list[i].Name == list[j].Name && !list[i].Revised && list[j].Revised
	})
	return list, nil
}

// Digest implements pitwall.Records: a chain over every view, in order of
// (Known, kind, ID).
func (r *Records) Digest() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.known()
	for ; r.fed < len(known); r.fed++ {
		r.chain = sha256.Sum256(known[r.fed].encode(r.chain[:]))
	}
	if r.fed == 0 {
		return "" // nothing yet: the same as a world without records
	}
	return hex.EncodeToString(r.chain[:])
}

// encode appends every field, each behind its length. TestDigestCoversEveryField
// fails for a field that is missing here.
func (v *view) encode(buf []byte) []byte {
	put := func(s string) {
		buf = binary.BigEndian.AppendUint64(buf, uint64(len(s)))
		buf = append(buf, s...)
	}
	for _, s := range []string{string(v.Kind), v.ID, v.Series, v.Title, v.Text, v.Source, v.Value} {
		put(s)
	}
	for _, t := range []time.Time{v.Event, v.Known} {
		_, offset := t.Zone() // days are shown in the record's own zone
		for _, n := range []int64{t.Unix(), int64(t.Nanosecond()), int64(offset)} {
			buf = binary.BigEndian.AppendUint64(buf, uint64(n))
		}
	}
	buf = binary.BigEndian.AppendUint64(buf, uint64(len(v.Symbols)))
	for _, s := range v.Symbols {
		put(s)
	}
	for _, k := range slices.Sorted(maps.Keys(v.Fields)) {
		put(k)
		put(v.Fields[k])
	}
	if v.Revised {
		buf = append(buf, 1)
	}
	return buf
}
