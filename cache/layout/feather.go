package layout

import (
	"bytes"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"pitwall"
)

// feather reads an Arrow file, plain or packed, every column as text.
func (t *Table) feather(raw []byte) (err error) {
	r, err := ipc.NewFileReader(bytes.NewReader(raw))
	if err != nil {
		return pitwall.Errorf(pitwall.DataError, "%s: %v", t.Name, err)
	}
	defer r.Close()
	t.Floats = true
	for _, f := range r.Schema().Fields() {
		t.Header = append(t.Header, f.Name)
	}
	for i := range r.NumRecords() {
		batch, err := r.RecordBatch(i)
		if err != nil {
			return pitwall.Errorf(pitwall.DataError, "%s: %v", t.Name, err)
		}
		start := len(t.Rows)
		for range batch.NumRows() {
			t.Rows = append(t.Rows, make([]string, len(t.Header)))
		}
		for c, column := range batch.Columns() {
			for k := range column.Len() {
				t.Rows[start+k][c] = arrowText(column, k)
			}
		}
	}
	return nil
}

// arrowText writes one value; times as instants when their column has a zone.
func arrowText(column arrow.Array, i int) string {
	if column.IsNull(i) {
		return ""
	}
	if at, ok := column.(*array.Timestamp); ok {
		unit := at.DataType().(*arrow.TimestampType)
		m := moment{t: at.Value(i).ToTime(unit.Unit), clock: true, instant: unit.TimeZone != ""}
		return m.text()
	}
	return column.ValueStr(i)
}
