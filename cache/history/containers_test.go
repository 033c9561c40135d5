package history

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"
)

// Parquet columns of every type that holds a time or a price give the bars that were
// written.
func TestParquetTypes(t *testing.T) {
	list := writtenBars()
	dir := t.TempDir()
	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.Exec("SET TimeZone = 'Asia/Tokyo'") // what the reader must not depend on
	require.NoError(t, err)
	csv := filepath.Join(dir, "in.csv")
	require.NoError(t, os.WriteFile(csv, []byte(writeTable(list, headers["own"], ',', dateForms["iso"], numberForms["plain"])), 0o600))
	n := 0
	for name, stamp := range map[string]string{
		"date": "timestamp::DATE", "timestamp": "timestamp::TIMESTAMP", "nanoseconds": "timestamp::TIMESTAMP_NS", "text": "timestamp",
		"zoned":         "to_timestamp(epoch(timestamp::TIMESTAMP) + 5 * 3600)",
		"epoch seconds": "(epoch(timestamp::TIMESTAMP) + 5 * 3600)::BIGINT", "epoch double": "epoch(timestamp::TIMESTAMP) + 5 * 3600",
		"epoch ms": "epoch_ms(timestamp::TIMESTAMP) + 5 * 3600000", "compact": "strftime(timestamp::DATE, '%Y%m%d')::INTEGER",
	} {
		for _, price := range []string{"DOUBLE", "DECIMAL(12,4)", "VARCHAR", "FLOAT"} {
			for _, volume := range []string{"BIGINT", "DOUBLE", "UINTEGER", "VARCHAR"} {
				file := filepath.Join(dir, fmt.Sprint(n, ".parquet"))
				n++
				q := fmt.Sprintf(`COPY (SELECT symbol AS "Ticker", %s AS "Date", open::%[2]s AS "Open", high::%[2]s AS "High", low::%[2]s AS "Low", close::%[2]s AS "Close", volume::%[3]s AS "Volume" FROM read_csv('%[4]s', all_varchar = true)) TO '%[5]s' (FORMAT parquet)`, stamp, price, volume, csv, file)
				_, err := db.Exec(q)
				require.NoError(t, err, q)
				s, err := Load(context.Background(), []Input{Disk(file)}, Options{Symbols: []string{"AAPL"}})
				require.NoError(t, err, "%s %s %s", name, price, volume)
				require.Equal(t, figuresOf(list), figures(s.Series()[0]), "%s %s %s", name, price, volume)
				require.InDelta(t, list[3].volume, s.Series()[0].Volume[3], 0)
			}
		}
	}
}

// Feather files of pandas and freqtrade give the bars that were written, plain and
// packed.
func TestFeather(t *testing.T) {
	list := writtenBars()
	for name, stamp := range map[string]arrow.DataType{
		"nanoseconds": &arrow.TimestampType{Unit: arrow.Nanosecond}, "UTC": &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}, "date": arrow.FixedWidthTypes.Date32, "text": arrow.BinaryTypes.String, "epoch": arrow.PrimitiveTypes.Int64,
	} {
		for packing, option := range map[string][]ipc.Option{"plain": nil, "lz4": {ipc.WithLZ4()}, "zstd": {ipc.WithZstd()}} {
			price := arrow.PrimitiveTypes.Float64
			fields := []arrow.Field{{Name: "date", Type: stamp}}
			for _, p := range []string{"open", "high", "low", "close", "volume"} {
				fields = append(fields, arrow.Field{Name: p, Type: price, Nullable: true})
			}
			schema := arrow.NewSchema(fields, nil)
			b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
			for _, x := range list {
				at := x.day
				switch f := b.Field(0).(type) {
				case *array.TimestampBuilder:
					if kind := stamp.(*arrow.TimestampType); kind.TimeZone != "" {
						at = at.Add(5 * time.Hour)
					}
					v, err := arrow.TimestampFromTime(at, stamp.(*arrow.TimestampType).Unit)
					require.NoError(t, err)
					f.Append(v)
				case *array.Date32Builder:
					f.Append(arrow.Date32FromTime(at))
				case *array.StringBuilder:
					f.Append(at.Format(time.DateOnly))
				case *array.Int64Builder:
					f.Append(at.Add(5 * time.Hour).UnixMilli())
				}
				for i, v := range []float64{float64(x.o) / 100, float64(x.h) / 100, float64(x.l) / 100, float64(x.c) / 100, float64(x.volume)} {
					b.Field(i + 1).(*array.Float64Builder).Append(v)
				}
			}
			var out bytes.Buffer
			w, err := ipc.NewFileWriter(&out, append(option, ipc.WithSchema(schema))...)
			require.NoError(t, err)
			record := b.NewRecordBatch()
			require.NoError(t, w.Write(record))
			require.NoError(t, w.Close())
			s, err := loadBytes("AAPL-1d.feather", out.Bytes())
			require.NoError(t, err, "%s %s", name, packing)
			require.Equal(t, figuresOf(list), figures(s.Series()[0]), "%s %s", name, packing)
			require.True(t, strings.HasPrefix(s.Warnings[0], "AAPL from AAPL-1d.feather: 30 daily bars, New York, prices taken as traded (write"), s.Warnings)
		}
	}
}
