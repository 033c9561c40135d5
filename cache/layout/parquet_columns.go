package layout

import (
	"context"
	"errors"
	"math"
	"strings"

	duckdb "github.com/duckdb/duckdb-go-bindings"

	"pitwall"
)

// errText ends the reading of a file by columns: its texts are needed.
var errText = errors.New("not plain")

// parquet reads the columns of bars in their own types.
func (c *Columns) parquet(ctx context.Context, raw []byte, hints Hints) bool {
	e, end, err := openParquet(c.Name, raw)
	if err != nil {
		return false
	}
	defer end()
	fields, err := e.fields()
	if err != nil {
		return false
	}
	header := make([]string, len(fields))
	for i, f := range fields {
		header[i] = f.name
	}
	at, ok := c.head(header, hints)
	if _, has := at[clock]; !ok || has || hints.Decimal == "," {
		return false
	}
	n, err := e.rows(ctx)
	if err != nil || n <= 0 || n > len(raw) { // bars take more than a byte each: the file's own number may be wrong
		return false
	}
	c.grow(n, at)
	r := &parquetReader{to: c, hints: hints, own: true}
	for _, name := range [...]string{Open, High, Low, Close, Timestamp, Volume, AdjClose, Symbol} {
		if i, ok := at[name]; ok {
			r.add(name, fields[i])
		}
	}
	err = e.run(ctx, "SELECT "+strings.Join(r.columns, ", ")+" FROM read_parquet("+e.file+")", r.read)
	if err != nil || r.row != n {
		return false
	}
	c.Symbols, c.Dates, c.Instants = r.symbols.list, r.kind == date, r.kind == instant
	times := "ymd"
	if r.texts != nil {
		times, r.own = r.texts.form.name, r.own && r.texts.own
	}
	if times == "dmy" || times == "mdy" { // the reader of texts says how it took the first date
		return false
	}
	c.Layout.Decimal = "."
	return c.understood(header, at, hints, times, r.own)
}

// parquetReader fills columns from vectors.
type parquetReader struct {
	to      *Columns
	hints   Hints
	columns []string                         // of the query
	readers []func(p piece, column int) bool // one for each
	row     int                              // of the next piece
	symbols dictionary
	texts   *timeColumn // of times that are texts
	kind    kind        // of all times
	own     bool        // the column of times is written as Pitwall writes it
}

func (r *parquetReader) read(p piece) error {
	if r.row+p.n > len(r.to.Times) {
		return errText
	}
	for i, read := range r.readers {
		if !read(p, i) {
			return errText
		}
	}
	r.row += p.n
	return nil
}

// add reads one more column: in its type where that has a reader, else as text.
func (r *parquetReader) add(name string, f field) {
	var as string
	var read func(p piece, column int) bool
	switch name {
	case Symbol:
		as, read = "VARCHAR", r.symbol
	case Timestamp:
		as, read = r.time(f)
	case Volume:
		as, read = r.floats(f, r.to.Volume, pitwall.NoVolume)
	case AdjClose:
		as, read = r.floats(f, r.to.Adj, 0)
	default:
		k := map[string]int{Open: 0, High: 1, Low: 2, Close: 3}[name]
		as, read = priceType(f), r.price(k, f)
	}
	r.columns, r.readers = append(r.columns, quoted(f.name)+"::"+as), append(r.readers, read)
}

// isWhole reports whether a type is an integer that a BIGINT holds.
func isWhole(k duckdb.Type) bool {
	switch k {
	case duckdb.TypeTinyInt, duckdb.TypeSmallInt, duckdb.TypeInteger, duckdb.TypeBigInt, duckdb.TypeUTinyInt, duckdb.TypeUSmallInt, duckdb.TypeUInteger:
		return true
	}
	return false
}

// priceType is the type as which a column of prices is read.
func priceType(f field) string {
	switch {
	case f.kind == duckdb.TypeDouble:
		return "DOUBLE"
	case isWhole(f.kind):
		return "BIGINT"
	case f.kind == duckdb.TypeDecimal && f.width <= 18:
		return "DECIMAL(18," + string(rune('0'+f.scale/10)) + string(rune('0'+f.scale%10)) + ")"
	}
	return "VARCHAR"
}

// price reads one of the four prices.
func (r *parquetReader) price(k int, f field) func(p piece, column int) bool {
	switch as := priceType(f); as {
	case "DOUBLE":
		return eachPrice(r, k, func(v *float64) (pitwall.Dec, float64, bool) { return decOf(*v) })
	case "VARCHAR":
		return eachPrice(r, k, func(v *text) (pitwall.Dec, float64, bool) { return Figure(v.String(), '.') })
	default: // an integer with decimals
		return eachPrice(r, k, func(v *int64) (pitwall.Dec, float64, bool) {
			if *v < 0 {
				return 0, 0, false
			}
			return scaled(uint64(*v), -f.scale)
		})
	}
}

// eachPrice returns a reader of a column of prices of which none is NULL.
func eachPrice[T any](r *parquetReader, k int, read func(*T) (pitwall.Dec, float64, bool)) func(p piece, i int) bool {
	return func(p piece, i int) bool {
		values, valid, out := column[T](p, i), p.valid(i), r.to.Prices[k][r.row:]
		for row := range values {
			if isNone(valid, row) {
				return false
			}
			d, loss, ok := read(&values[row])
			if !ok || loss > Most {
				return false
			}
			if loss > Noise {
				r.to.round(r.row + row)
			}
			out[row] = d
		}
		return true
	}
}

// floats reads numbers of 0 and above, of which some may be NULL.
func (r *parquetReader) floats(f field, to []float64, none float64) (as string, read func(p piece, column int) bool) {
	switch {
	case f.kind == duckdb.TypeDouble:
		return "DOUBLE", eachFloat(r, to, none, func(v *float64) (float64, bool) { return *v, *v >= 0 && !math.IsInf(*v, 0) })
	case isWhole(f.kind):
		return "BIGINT", eachFloat(r, to, none, func(v *int64) (float64, bool) { return float64(*v), *v >= 0 })
	}
	return "VARCHAR", eachFloat(r, to, none, func(v *text) (float64, bool) {
		if v.size == 0 {
			return none, true
		}
		return floatOf(v.String(), '.')
	})
}

func eachFloat[T any](r *parquetReader, to []float64, none float64, read func(*T) (float64, bool)) func(p piece, i int) bool {
	return func(p piece, i int) bool {
		values, valid, out := column[T](p, i), p.valid(i), to[r.row:]
		for row := range values {
			if isNone(valid, row) {
				out[row] = none
				continue
			}
			v, ok := read(&values[row])
			if !ok {
				return false
			}
			out[row] = v
		}
		return true
	}
}

// symbol reads symbols.
func (r *parquetReader) symbol(p piece, i int) bool {
	values, valid, out := column[text](p, i), p.valid(i), r.to.Of[r.row:]
	for row := range values {
		if isNone(valid, row) {
			return false
		}
		s := values[row].String()
		if !isBare(s) {
			return false
		}
		out[row] = r.symbols.number(s)
	}
	return true
}

// time reads times: of a type of DuckDB, or texts.
func (r *parquetReader) time(f field) (as string, read func(p piece, column int) bool) {
	stamp := func(kind kind, unit int64, as string) (string, func(p piece, column int) bool) {
		r.kind, r.own = kind, kind == naive
		return as, eachTime(r, func(v *int64) (int64, bool) {
			return *v / unit, *v%unit == 0
		})
	}
	switch kind := f.kind; {
	case r.hints.Dates != "" && r.hints.Dates != "ymd": // of texts
	case kind == duckdb.TypeTimestampTZ:
		return stamp(instant, 1e6, "TIMESTAMPTZ")
	case kind == duckdb.TypeTimestamp:
		return stamp(naive, 1e6, "TIMESTAMP")
	case kind == duckdb.TypeTimestampS:
		return stamp(naive, 1, "TIMESTAMP_S")
	case kind == duckdb.TypeTimestampMS:
		return stamp(naive, 1e3, "TIMESTAMP_MS")
	case kind == duckdb.TypeTimestampNS:
		return stamp(naive, 1e9, "TIMESTAMP_NS")
	case kind == duckdb.TypeDate:
		r.kind = date
		return "DATE", eachTime(r, func(v *int32) (int64, bool) { return int64(*v) * 24 * 60 * 60, true })
	}
	return "VARCHAR", eachTime(r, func(v *text) (seconds int64, ok bool) {
		s := v.String()
		if r.texts == nil {
			if r.texts, ok = newTimeColumn(s, r.hints.Dates); !ok {
				return 0, false
			}
		}
		seconds, ok = r.texts.read(s)
		r.kind = r.texts.kind
		return seconds, ok
	})
}

// eachTime returns a reader of a column of times of which none is NULL, in the years that
// a date may be of.
func eachTime[T any](r *parquetReader, read func(*T) (int64, bool)) func(p piece, i int) bool {
	const first, last = -5364662400, 7258118400 // 1800, 2200
	return func(p piece, i int) bool {
		values, valid, out := column[T](p, i), p.valid(i), r.to.Times[r.row:]
		for row := range values {
			if isNone(valid, row) {
				return false
			}
			seconds, ok := read(&values[row])
			if !ok || seconds < first || seconds >= last {
				return false
			}
			out[row] = seconds
		}
		return true
	}
}
