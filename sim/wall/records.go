package wall

import (
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
	now     func() time.Time
	revised bool             // values of later vintages may be shown
	all     []pitwall.Record // by Known

	mu    sync.Mutex // guards the digest chain
	chain [sha256.Size]byte
	fed   int // records already in the chain
}

// NewRecords builds the wall over records, which are shared and not written.
// Records whose values were revised after they were first had are withheld
// unless revised is true.
func NewRecords(all []pitwall.Record, now func() time.Time, revised bool) *Records {
	sorted := slices.Clone(all)
	sort.SliceStable(sorted, func(i, j int) bool {
		a, b := &sorted[i], &sorted[j]
		if !a.Known.Equal(b.Known) {
			return a.Known.Before(b.Known)
		}
		return a.Kind < b.Kind || a.Kind == b.Kind && a.ID < b.ID
	})
	return &Records{now: now, revised: revised, all: sorted}
}

// known returns the visible prefix.
func (r *Records) known() []pitwall.Record {
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
		if x.Kind != q.Kind || x.Revised && !r.revised || q.Series != "" && x.Series != q.Series || !about(x, q.Symbols) || !says(x, words) {
			continue
		}
		found = append(found, copied(x))
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

// Digest implements pitwall.Records: a chain over every record that could be
// shown, in order of (Known, kind, ID).
func (r *Records) Digest() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.known()
	for ; r.fed < len(known); r.fed++ {
		if x := &known[r.fed]; !x.Revised || r.revised {
			r.feed(x)
		}
	}
	if r.chain == [sha256.Size]byte{} {
		return "" // nothing yet: the same as a world without records
	}
	return hex.EncodeToString(r.chain[:])
}

// feed adds one record to the chain: every field behind its length.
func (r *Records) feed(x *pitwall.Record) {
	buf := append([]byte{}, r.chain[:]...)
	put := func(s string) {
		buf = binary.BigEndian.AppendUint64(buf, uint64(len(s)))
		buf = append(buf, s...)
	}
	for _, s := range []string{string(x.Kind), x.ID, x.Series, x.Title, x.Text, x.Source, x.Value} {
		put(s)
	}
	buf = binary.BigEndian.AppendUint64(buf, uint64(x.Event.Unix()))
	buf = binary.BigEndian.AppendUint64(buf, uint64(x.Known.UnixNano()))
	for _, s := range x.Symbols {
		put(s)
	}
	for _, k := range slices.Sorted(maps.Keys(x.Fields)) {
		put(k)
		put(x.Fields[k])
	}
	r.chain = sha256.Sum256(buf)
}
