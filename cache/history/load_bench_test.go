package history

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
)

// BenchmarkLoad reads daily and hourly bars, actions, macro series and news.
func BenchmarkLoad(b *testing.B) {
	root := "../../../shared/data"
	if _, err := os.Stat(root); err != nil {
		b.Skip("skipped: no ../shared")
	}
	var in []Input
	for _, f := range []string{"daily/us_daily_raw.csv", "daily/corporate_actions.csv", "macro/fred_vintages.csv", "news/finnhub_company_news_2025.csv"} {
		in = append(in, Input{FS: os.DirFS(root), Path: f})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(context.Background(), in, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// shapes write one minute bar as the files of a kind do, each with its header.
var shapes = []struct {
	name, header string
	row          func(t time.Time, o, h, l, c string, volume int) string
}{
	{"native", "symbol,timestamp,open,high,low,close,volume", func(t time.Time, o, h, l, c string, v int) string {
		return fmt.Sprintf("AAA,%s,%s,%s,%s,%s,%d", t.Format(time.RFC3339), o, h, l, c, v)
	}},
	{"no offset", "Datetime,Open,High,Low,Close,Volume", func(t time.Time, o, h, l, c string, v int) string {
		return fmt.Sprintf("%s,%s,%s,%s,%s,%d", t.Format(time.DateTime), o, h, l, c, v)
	}},
	{"milliseconds", "time,open,high,low,close,volume", func(t time.Time, o, h, l, c string, v int) string {
		return fmt.Sprintf("%d,%s,%s,%s,%s,%d", t.UnixMilli(), o, h, l, c, v)
	}},
	{"two columns of time", "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>", func(t time.Time, o, h, l, c string, v int) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%d\t%d\t1", t.Format("2006.01.02\t15:04:05"), o, h, l, c, v, v)
	}},
	{"decimal comma", "Datum;Zeit;Eröffnung;Hoch;Tief;Schluss;Volumen", func(t time.Time, o, h, l, c string, v int) string {
		return strings.ReplaceAll(fmt.Sprintf("%s;%s;%s;%s;%s;%d", t.Format("02-01-2006;15:04"), o, h, l, c, v), ".", ",")
	}},
}

// minuteFile writes n minute bars of one symbol in a shape and returns its size.
func minuteFile(tb testing.TB, file, header string, n int, row func(t time.Time, o, h, l, c string, volume int) string) int64 {
	var text strings.Builder
	text.WriteString(header + "\n")
	day := time.Date(2010, 1, 4, 9, 30, 0, 0, newYork())
	price := 10000
	money := func(cents int) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }
	for i := range n {
		if i > 0 && i%390 == 0 {
			if day = day.AddDate(0, 0, 1); day.Weekday() == time.Saturday {
				day = day.AddDate(0, 0, 2)
			}
		}
		next := max(100, price+i*7919%41-20)
		text.WriteString(row(day.Add(time.Duration(i%390)*time.Minute), money(price), money(max(price, next)+3), money(min(price, next)-3), money(next), 100+i*31%90000) + "\n")
		price = next
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
		tb.Fatal(err)
	}
	return int64(text.Len())
}

// cpu reports the process's CPU time beside the clock's: a shared machine changes only
// the latter.
func cpu(b *testing.B) func() {
	used := func() int64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	before := used()
	return func() { b.ReportMetric(float64(used()-before)/1e6/float64(b.N), "cpu-ms/op") }
}

// BenchmarkShapes reads a file of minute bars in each shape, by Pitwall into bars that
// were checked, and by DuckDB into a table.
//
//	go test ./cache/history -run xxx -bench Shapes -benchmem -count 5
func BenchmarkShapes(b *testing.B) {
	const rows = 200_000
	dir := b.TempDir()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	query := func(text string, args ...any) {
		if _, err := db.Exec(text, args...); err != nil {
			b.Fatal(err)
		}
	}
	both := func(name, file, reader string, size int64) {
		b.Run(name+"/pitwall", func(b *testing.B) {
			b.SetBytes(size)
			defer cpu(b)()
			for b.Loop() {
				s, err := Load(context.Background(), []Input{Disk(file)}, Options{Symbols: []string{"AAA"}})
				if err != nil || s.Series()[0].Len() != rows {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/duckdb", func(b *testing.B) {
			b.SetBytes(size)
			defer cpu(b)()
			for b.Loop() {
				query("CREATE OR REPLACE TABLE t AS FROM "+reader, file)
			}
		})
	}
	for _, s := range shapes {
		file := filepath.Join(dir, strings.ReplaceAll(s.name, " ", "_")+".csv")
		both(s.name, file, "read_csv(?)", minuteFile(b, file, s.header, rows, s.row))
	}
	native := filepath.Join(dir, "native.csv")
	file := filepath.Join(dir, "bars.parquet")
	query("COPY (FROM read_csv('" + native + "')) TO '" + file + "' (FORMAT parquet)")
	info, err := os.Stat(file)
	if err != nil {
		b.Fatal(err)
	}
	both("parquet", file, "read_parquet(?)", info.Size())
}
