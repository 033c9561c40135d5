package page

import (
	"bytes"
	"cmp"
	"encoding/ascii85"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"

	"pitwall/agentloop"
	"pitwall/agentloop/desk"
	"pitwall/tools/report"
)

// block is JSON that the script inflates when it needs it.
type block struct {
	name string
	gzip []byte
}

func newBlock(name string, v any) (block, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return block{}, err
	}
	var b bytes.Buffer
	// The header has neither a time nor a system's name: same JSON, same bytes.
	w, err := gzip.NewWriterLevel(&b, 6)
	if err != nil {
		return block{}, err
	}
	_, err = w.Write(raw)
	err = errors.Join(err, w.Close())
	return block{name, b.Bytes()}, err
}

// encoded returns Ascii85, which takes 5 characters for 4 bytes where base64 takes 16
// for 12, without the one that could end an element: < is written as v.
func encoded(raw []byte) []byte {
	out := make([]byte, ascii85.MaxEncodedLen(len(raw)))
	out = out[:ascii85.Encode(out, raw)]
	return bytes.ReplaceAll(out, []byte("<"), []byte("v"))
}

// blockSize is the number of bytes of JSON in a block of turns: one click inflates it.
const blockSize = 256 << 10

// index lists the turns, and the texts that they share.
type index struct {
	Rows   []row    `json:"rows"`
	Shared []string `json:"shared"` // system prompts, lists of tools and parameters
}

// row is a turn of the list.
type row struct {
	Turn     int    `json:"n"`
	AsOf     string `json:"t"`
	Agent    string `json:"a"`
	Status   string `json:"s"`
	Result   string `json:"r"`
	Calls    int    `json:"c"`
	Orders   int    `json:"o"`
	Warnings int    `json:"w"`
	Block    int    `json:"b"` // -1: the turn has no record
	At       int    `json:"i"` // its place in the block
}

// body is the content of an opened turn.
type body struct {
	Model    string      `json:"model,omitempty"`
	Why      string      `json:"why,omitempty"`
	Error    string      `json:"error,omitempty"`
	Output   string      `json:"output,omitempty"`
	Warnings [][2]string `json:"warnings,omitempty"`
	System   int         `json:"system"` // index in shared; -1: none
	Tools    int         `json:"tools"`
	Params   int         `json:"params"`
	Parts    []part      `json:"parts"`
	Fills    []fillLink  `json:"fills,omitempty"`
}

// part is a piece of a conversation.
type part struct {
	Kind string `json:"k"` // desk, context, reasoning, reply, call, result, error
	Name string `json:"n,omitempty"`
	Text string `json:"-"`
	At   int    `json:"t"` // of Text in the block's texts
}

// fillLink links a turn to what became of its orders.
type fillLink struct {
	Text  string `json:"t"`
	Chart string `json:"c,omitempty"` // address of the chart
	Trade []int  `json:"r,omitempty"` // numbers of trades
}

// pool keeps each text once.
type pool struct {
	list []string
	at   map[string]int
}

func (p *pool) put(s string) int {
	if s == "" {
		return -1
	}
	i, is := p.at[s]
	if !is {
		i = len(p.list)
		p.at[s], p.list = i, append(p.list, s)
	}
	return i
}

// decisions returns the blocks of all turns, of which the first lists them.
func decisions(r *report.Run, rows []row, fills map[int][]fillLink) ([]block, error) {
	records := make([]*record, len(rows))
	each(len(rows), func(i int) {
		if t, err := r.Turn(rows[i].Turn); err == nil { // else it is shown as a turn without a record
			records[i] = newRecord(t, fills[t.Turn])
		}
	})
	shared := &pool{at: map[string]int{}}
	var groups [][]body
	size := blockSize
	for i, x := range records {
		if x == nil {
			continue
		}
		if size >= blockSize {
			groups, size = append(groups, nil), 0
		}
		x.body.System, x.body.Tools, x.body.Params = shared.put(x.system), shared.put(x.tools), shared.put(x.params)
		last := len(groups) - 1
		rows[i].Block, rows[i].At = last, len(groups[last])
		groups[last] = append(groups[last], x.body)
		size += 500 // what the body itself is, about
		for _, p := range x.body.Parts {
			size += len(p.Text)
		}
	}
	blocks, errs := make([]block, len(groups)+1), make([]error, len(groups)+1)
	each(len(blocks), func(i int) {
		if i == len(groups) {
			blocks[i], errs[i] = newBlock("index", index{rows, shared.list})
		} else {
			blocks[i], errs[i] = newBlock(fmt.Sprintf("turns-%d", i), pack(groups[i]))
		}
	})
	return blocks, errors.Join(errs...)
}

// each calls f for 0 to n-1, on all cores at once.
func each(n int, f func(i int)) {
	var all sync.WaitGroup
	cores := runtime.GOMAXPROCS(0)
	for first := range cores {
		all.Go(func() {
			for i := first; i < n; i += cores {
				f(i)
			}
		})
	}
	all.Wait()
}

// record is a turn as it was read, before the pooling of shared texts.
type record struct {
	body                  body
	system, tools, params string
}

// packed is a block of turns. Texts of one kind stand together, prompts with prompts
// and a tool's answers with its answers: gzip, which looks back 32 KB, then takes 9 to
// 25 % less.
type packed struct {
	Turns []body   `json:"turns"`
	Texts []string `json:"texts"`
}

func pack(turns []body) packed {
	var all []*part
	for _, t := range turns {
		for i := range t.Parts {
			all = append(all, &t.Parts[i])
		}
	}
	slices.SortStableFunc(all, func(a, b *part) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
	p := packed{Turns: turns}
	for _, x := range all {
		x.At = len(p.Texts)
		p.Texts = append(p.Texts, x.Text)
	}
	return p
}

// turnRows returns the turns in order. Of a duplicate turn, as after a crash, the last
// counts.
func turnRows(r *report.Run) []row {
	known := map[int]row{}
	for _, t := range r.Turns {
		known[t.Turn] = row{Turn: t.Turn, Block: -1, AsOf: clean(t.AsOf), Agent: clean(t.Agent), Status: clean(string(t.Status)),
			Result: clean(t.Result), Calls: len(t.Calls), Orders: t.Orders, Warnings: len(t.Warnings)}
	}
	list := slices.AppendSeq([]row{}, maps.Values(known)) // never null
	slices.SortFunc(list, func(a, b row) int { return a.Turn - b.Turn })
	return list
}

func newRecord(t *agentloop.Turn, fills []fillLink) *record {
	x := &record{system: clean(t.System), tools: clean(strings.Join(t.Tools, ", ")), params: clean(report.JSON(t.Params))}
	b := &x.body
	*b = body{Model: clean(t.Model), Why: clean(t.Why), Error: clean(t.Error), Output: plainJSON(t.Output), Fills: fills, Parts: []part{}}
	for _, w := range t.Warnings {
		b.Warnings = append(b.Warnings, [2]string{clean(w.Kind), clean(w.Detail)})
	}
	add := func(kind, name, text string) {
		if text != "" || name != "" && (kind == "call" || kind == "result" || kind == "error") {
			b.Parts = append(b.Parts, part{Kind: kind, Name: clean(name), Text: clean(text)})
		}
	}
	for _, line := range desk.Conversation(t) {
		add("desk", line.Role, line.Text)
	}
	for _, m := range t.Messages {
		add("context", m.Role, m.User)
		if p := m.Reply; p != nil {
			add("reasoning", "", p.Reasoning)
			add("reply", m.Role, p.Text)
			for _, c := range p.Calls {
				add("call", c.Name, plainJSON(c.Arguments))
			}
		}
		for _, x := range m.Results {
			kind := "result"
			if x.IsError {
				kind = "error"
			}
			add(kind, x.Name, x.Text)
		}
	}
	return x
}

// plainJSON returns JSON as text without escapes, so that a search for a word finds it.
func plainJSON(raw json.RawMessage) string {
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	return clean(report.Canonical(raw))
}
