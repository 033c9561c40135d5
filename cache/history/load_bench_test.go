package history

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
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
	{"no header", "", func(t time.Time, o, h, l, c string, v int) string {
		return fmt.Sprintf("%s,%s,%s,%s,%s,%d", t.Format("2006.01.02,15:04"), o, h, l, c, v)
	}},
	{"klines without header", "", func(t time.Time, o, h, l, c string, v int) string {
		return fmt.Sprintf("%d,%s000000,%s000000,%s000000,%s000000,%d.50000000,%d,%d.00000000,77,1.5,2.5,0", t.UnixMilli(), o, h, l, c, v, t.UnixMilli()+59999, v)
	}},
	{"adjusted closes", "Date,Open,High,Low,Close,Adj Close,Volume", func(t time.Time, o, h, l, c string, v int) string {
		return fmt.Sprintf("%s,%s,%s,%s,%s,%s,%d", t.Format("2006-01-02 15:04:05-07:00"), o, h, l, c, c, v)
	}},
	{"quotes and dollars", "\"Date\",\"Close/Last\",\"Volume\",\"Open\",\"High\",\"Low\"", func(t time.Time, o, h, l, c string, v int) string {
		return fmt.Sprintf("\"%s\",\"$%s\",\"%d\",\"$%s\",\"$%s\",\"$%s\"", t.Format("01/02/2006 15:04"), c, v, o, h, l)
	}},
	{"dividends beside", "Datetime,Open,High,Low,Close,Volume,Dividends,Stock Splits", func(t time.Time, o, h, l, c string, v int) string {
		dividend := "0.0"
		if v%9000 == 224 {
			dividend = "0.25"
		}
		return fmt.Sprintf("%s,%s000122070312,%s000122070312,%s000122070312,%s000122070312,%d,%s,0.0", t.Format("2006-01-02 15:04:05-07:00"), o, h, l, c, v, dividend)
	}},
	{"unfinished bars", "ts,open,high,low,close,vol,confirm", func(t time.Time, o, h, l, c string, v int) string {
		return fmt.Sprintf("%d,%s,%s,%s,%s,%d,1", t.UnixMilli(), o, h, l, c, v)
	}},
	{"binary floats", "timestamp,open,high,low,close,volume", func(t time.Time, o, h, l, c string, v int) string {
		return fmt.Sprintf("%s,%s00000000000014,%s00000000000014,%s00000000000014,%s00000000000014,%d.0", t.Format("2006-01-02 15:04:05-07:00"), o, h, l, c, v)
	}},
}

// otherLines put lines that are no bars between those of minutes, each with how DuckDB
// reads such a file.
var otherLines = []struct {
	name, reader string
	edit         func(header string, rows []string) []string
}{
	{"rows of null, 1 %", "read_csv(?, nullstr = 'null')", func(header string, rows []string) []string {
		lines := []string{header}
		for i, row := range rows {
			if lines = append(lines, row); i%100 == 50 {
				comma := regexp.MustCompile("[,;\t]").FindString(row)
				first, _, _ := strings.Cut(row, comma)
				lines = append(lines, first+strings.Repeat(comma+"null", strings.Count(row, comma)))
			}
		}
		return lines
	}},
	{"lines before and after", "read_csv(?, skip = 1, ignore_errors = true)", func(header string, rows []string) []string {
		lines := append([]string{"https://www.CryptoDataDownload.com", header}, rows...)
		return append(lines, "Downloaded from Barchart.com as of 01-31-2024 10:00pm CST")
	}},
	{"blank lines, newest first", "read_csv(?)", func(header string, rows []string) []string {
		lines := []string{header}
		for i, row := range slices.Backward(rows) {
			if lines = append(lines, row); i%390 == 0 {
				lines = append(lines, "")
			}
		}
		return lines
	}},
}

// otherFile edits the lines of a file with a header.
func otherFile(tb testing.TB, file string, edit func(header string, rows []string) []string) {
	raw, err := os.ReadFile(file)
	if err == nil {
		lines := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
		err = os.WriteFile(file, []byte(strings.Join(edit(lines[0], lines[1:]), "\n")+"\n"), 0o644)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// minuteFile writes n minute bars of one symbol in a shape.
func minuteFile(tb testing.TB, file, header string, n int, row func(t time.Time, o, h, l, c string, volume int) string) {
	var text strings.Builder
	if header != "" {
		text.WriteString(header + "\n")
	}
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
}

// cpuOf returns the CPU time that a function takes, after the garbage of others is
// collected: a shared machine changes only the clock's.
func cpuOf(b *testing.B, f func()) time.Duration {
	runtime.GC()
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	f()
	return used() - before
}

// BenchmarkShapes reads a file of minute bars in each shape, by Pitwall into bars that
// were checked and by DuckDB into a table, in turn, and prints the ratio of their CPU
// times and what a bar keeps of memory.
//
//	go test ./cache/history -run xxx -bench Shapes -benchtime 5x -count 5
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
	both := func(name, file, reader string, n int) {
		b.Run(name, func(b *testing.B) {
			var ours, theirs time.Duration
			var s *Store
			for b.Loop() {
				ours += cpuOf(b, func() {
					if s, err = Load(context.Background(), []Input{Disk(file)}, Options{Symbols: []string{"AAA"}}); err != nil || s.Series()[0].Len() != n {
						b.Fatal(err)
					}
				})
				theirs += cpuOf(b, func() { query("CREATE OR REPLACE TABLE t AS FROM "+reader, file) })
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(ours.Seconds()*1e9/float64(b.N*n), "cpu-ns/bar")
			b.ReportMetric(theirs.Seconds()*1e9/float64(b.N*n), "duckdb-cpu-ns/bar")
			b.ReportMetric(ours.Seconds()/theirs.Seconds(), "x-duckdb")
			var with, without runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&with)
			runtime.KeepAlive(s)
			s = nil
			runtime.GC()
			runtime.ReadMemStats(&without)
			b.ReportMetric(float64(with.HeapAlloc-without.HeapAlloc)/float64(n), "B/bar")
		})
	}
	for _, s := range shapes {
		file := filepath.Join(dir, strings.ReplaceAll(s.name, " ", "_")+".csv")
		minuteFile(b, file, s.header, rows, s.row)
		both(s.name, file, "read_csv(?)", rows)
	}
	for _, o := range otherLines {
		file := filepath.Join(dir, strings.ReplaceAll(o.name, " ", "_")+".csv")
		minuteFile(b, file, shapes[1].header, rows, shapes[1].row)
		otherFile(b, file, o.edit)
		both(o.name, file, o.reader, rows)
	}
	million := filepath.Join(dir, "million.csv")
	minuteFile(b, million, shapes[0].header, 5*rows, shapes[0].row)
	for _, p := range [][2]string{{"parquet", "*"}, {"parquet of texts", "COLUMNS(*)::VARCHAR"}} {
		name, as := p[0], p[1]
		file := filepath.Join(dir, name+".parquet")
		query("COPY (SELECT " + as + " FROM read_csv('" + million + "')) TO '" + file + "' (FORMAT parquet)")
		both(name, file, "read_parquet(?)", 5*rows)
	}
}
