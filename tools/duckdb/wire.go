package duckdb

import (
	"encoding/gob"
	"errors"
	"io"

	"pitwall"
)

// The protocol between a world's tables and its worker: gob values over two
// pipes, one request and one response at a time; an interrupt may come in between.

// request is one thing to do.
type request struct {
	Open  *settings // first of all
	Load  *load
	Query *query
	// Interrupt stops the query before it, has no response and changes nothing else.
	Interrupt bool
}

// settings are what a worker needs once.
type settings struct {
	Zone string // of the world, for SQL's dates
}

// load brings tables and the clock up to date: all of it, or none.
type load struct {
	Now    int64    // microseconds
	Anew   []string // tables that begin empty
	Blocks []block
	Sheets []sheet
}

// sheet is all rows of a computed table, in place of those before.
type sheet struct {
	Table   string
	Columns []pitwall.TableColumn
	Cells   []cell // row by row
}

// block is further rows of one table, in columns.
type block struct {
	Table                          string
	Symbols                        []string
	Symbol                         []int   // an index into Symbols for each row
	Start                          []int64 // microseconds
	Day                            []int64 // days since 1970-01-01, in the symbol's zone
	Open, High, Low, Close, Volume []float64
}

// query is one text.
type query struct {
	SQL   string
	Limit int
}

// response answers any request.
type response struct {
	Code, Message, Hint string // a failure that the agent may read
	Internal            string // one that it may not
	Columns             []string
	Cells               []cell // row by row
	Truncated           bool
	Preceding           int // the longest window, see [verdict]
}

// cell is one value of a result.
type cell struct {
	Kind  byte // one of the kinds below
	Int   int64
	Float float64
	Text  string
}

const (
	isNull    byte = 'n'
	isBool    byte = 'b' // Int is 1 or 0
	isInt     byte = 'i'
	isFloat   byte = 'f'
	isText    byte = 's'
	isInstant byte = 't' // Int is microseconds
)

// maxFrame bounds one message in bytes: a worker that went mad must not fill
// the server's memory.
const maxFrame = 16 << 20

// stream is one end of the two pipes.
type stream struct {
	capped *capped
	enc    *gob.Encoder
	dec    *gob.Decoder
}

func newStream(r io.Reader, w io.Writer) *stream {
	c := &capped{r: r}
	return &stream{c, gob.NewEncoder(w), gob.NewDecoder(c)}
}

func (s *stream) send(v any) error { return s.enc.Encode(v) }

func (s *stream) receive(v any) error {
	s.capped.left = maxFrame
	return s.dec.Decode(v)
}

// capped reads at most left bytes.
type capped struct {
	r    io.Reader
	left int
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errors.New("a message is too long")
	}
	n, err := c.r.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}
