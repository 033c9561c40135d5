package history

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
)

// loadOne loads one file as Load does, or through the reader of texts alone, and reports
// whether it was read by columns.
func loadOne(read func(context.Context, Input) (*parsedFile, error), in Input, opts Options) (s *Store, columns bool, err error) {
	l := newLoader(opts.Symbols...)
	l.opts = opts
	p, err := read(context.Background(), in)
	if err == nil {
		err = l.take(context.Background(), p)
	}
	if err != nil {
		return nil, false, err
	}
	s, err = l.finish()
	return s, p.columns != nil, err
}

// sameByRows reports whether a file was read by columns, after a comparison with what the
// reader of texts makes of it.
func sameByRows(t *testing.T, in Input, opts Options) bool {
	t.Helper()
	in.Show = in.Path
	got, columns, err := loadOne(readFile, in, opts)
	want, _, wantErr := loadOne(parseFile, in, opts)
	if wantErr != nil {
		require.EqualError(t, err, wantErr.Error(), in.Path)
		return false
	}
	require.NoError(t, err, in.Path)
	require.Equal(t, len(want.series), len(got.series), in.Path)
	for i, s := range want.series {
		require.Equal(t, figures(s), figures(got.series[i]), in.Path)
		require.Equal(t, s, got.series[i], in.Path)
		require.Equal(t, want.beside[s], got.beside[got.series[i]], in.Path)
	}
	require.Equal(t, want.Warnings, got.Warnings, in.Path)
	require.Equal(t, want.dated, got.dated, in.Path)
	require.Equal(t, want.Files, got.Files, in.Path)
	return columns
}

// Every type of column in Parquet is read as its text is.
func TestParquetColumns(t *testing.T) {
	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	defer db.Close()
	prices := map[string]string{
		"cents": "round(100 + (i * 7919 % 1000) / 100.0, 2)::DOUBLE", "noise": "(100 + (i * 7919 % 1000) / 100.0)::DOUBLE * 1.0000000001", "low": "(0.1 + (i * 7919 % 1000) / 123456.0)::DOUBLE",
		"large": "(12345678 + i / 7.0)::DOUBLE", "float": "(100 + i / 7.0)::FLOAT", "decimal": "(100 + i / 7.0)::DECIMAL(18, 4)", "short decimal": "(100 + i / 7.0)::DECIMAL(7, 3)",
		"long decimal": "(100 + i / 7.0)::DECIMAL(38, 10)", "nine decimals": "(100 + i / 7.0)::DECIMAL(18, 9)", "whole": "(100 + i % 7)::INTEGER", "unsigned": "(100 + i % 7)::UTINYINT", "text": "(100 + i / 7.0)::DECIMAL(18, 2)::VARCHAR",
		"null": "CASE WHEN i = 7 THEN NULL ELSE 100.5 END", "nan": "CASE WHEN i = 7 THEN 'nan'::DOUBLE ELSE 100.5 END", "tiny": "0.00123::DOUBLE + i / 1e6", "negative": "-(100 + i)::BIGINT",
	}
	const minute = "TIMESTAMP '2024-03-01 14:30:00' + INTERVAL 1 MINUTE * i"
	times := map[string]string{
		"naive": minute, "instant": "(" + minute + ")::TIMESTAMPTZ", "seconds": "(" + minute + ")::TIMESTAMP_S", "milliseconds": "(" + minute + ")::TIMESTAMP_MS", "nanoseconds": "(" + minute + ")::TIMESTAMP_NS",
		"date": "DATE '2024-01-01' + i::INTEGER", "midnight": "TIMESTAMP '2024-01-01' + INTERVAL 1 DAY * i", "ISO": "strftime(" + minute + ", '%Y-%m-%dT%H:%M:%S-05:00')", "text": "(" + minute + ")::VARCHAR",
		"epoch": "epoch_ms(" + minute + ")", "compact": "strftime(DATE '2024-01-01' + i::INTEGER, '%Y%m%d')::INTEGER", "day first": "strftime(" + minute + ", '%d.%m.%Y %H:%M')",
		"fraction": minute + " + INTERVAL 1 MILLISECOND", "newest first": "TIMESTAMP '2024-03-01 14:30:00' - INTERVAL 1 MINUTE * i", "double epoch": "epoch(" + minute + ")", "null": "CASE WHEN i = 7 THEN NULL ELSE " + minute + " END",
		"skipped hour": "TIMESTAMP '2024-03-10 01:30:00' + INTERVAL 1 MINUTE * i", "twice": "TIMESTAMP '2024-11-03 00:30:00' + INTERVAL 1 MINUTE * i",
	}
	volumes := map[string]string{"double": "(100 + i)::DOUBLE", "whole": "100 + i", "none": "NULL::BIGINT", "some": "CASE WHEN i = 3 THEN NULL ELSE 100.5::FLOAT END", "text": "'1e3'"}
	symbols := map[string]string{"own": "'AAPL' AS symbol, ", "three": "['AAPL', 'MSFT', 'SPY.US'][1 + i % 3] AS symbol, ", "none": ""}
	dir, read, cells := t.TempDir(), map[string]int{}, 0
	for p, price := range prices {
		for at, stamp := range times {
			for v, volume := range volumes {
				for s, symbol := range symbols {
					if cells++; cells%151 != 0 && os.Getenv("PITWALL_LONG") == "" && !(p == "cents" && v == "double" && s == "own") && !(at == "naive" && v == "double" && s == "own") &&
						!(p == "cents" && at == "naive") {
						continue
					}
					names := []string{"timestamp", "open", "high", "low", "close", "volume"}
					if cells%2 == 0 {
						names = []string{"Date", "Open", "High", "Low", "Close", "Volume"}
					}
					file := filepath.Join(dir, "AAPL.parquet")
					_, err := db.Exec(fmt.Sprintf("COPY (SELECT %s%s AS %s, %s AS %s, %s AS %s, %s AS %s, %s AS %s, %s AS %s FROM range(60) r(i)) TO '%s' (FORMAT parquet)",
						symbol, stamp, names[0], price, names[1], price, names[2], price, names[3], price, names[4], volume, names[5], file))
					require.NoError(t, err)
					if sameByRows(t, Disk(file), Options{Symbols: []string{"AAPL"}, MayLack: true}) {
						read[p]++
						read[at]++
						read[v]++
						read[s]++
					}
				}
			}
		}
	}
	for _, x := range strings.Split("cents noise low large float decimal short decimal long decimal whole unsigned text naive instant seconds milliseconds nanoseconds date midnight ISO epoch double some none three own", " ") {
		if _, ok := prices[x]; ok {
			require.Positive(t, read[x], x)
		}
		if _, ok := times[x]; ok {
			require.Positive(t, read[x], x)
		}
	}
	t.Logf("%d cells, read by columns: %v", cells, read)
}

// Every file that people have gives the same by columns as by rows.
func TestFormatsByColumns(t *testing.T) {
	root := "../../../shared/cases/data/formats"
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Skip("skipped: no ../shared")
	}
	n := 0
	for _, e := range entries {
		if sameByRows(t, Disk(filepath.Join(root, e.Name())), Options{}) {
			n++
		}
		sameByRows(t, Disk(filepath.Join(root, e.Name())), Options{Symbols: []string{"AAPL"}, MayLack: true})
	}
	t.Logf("%d of %d files read by columns", n, len(entries))
}

// withOtherLines puts lines that are no bars between those of a file, most of them where
// people have them.
func withOtherLines(r *rand.Rand, text string) string {
	end := "\n"
	if r.IntN(5) == 0 {
		end = "\r\n"
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	header := lines[0]
	comma := regexp.MustCompile("[,;\t|]").FindString(header)
	for range 1 + r.IntN(4) {
		at := r.IntN(len(lines) + 1)
		line := ""
		switch r.IntN(8) {
		case 0, 1, 2: // a row without prices, or with some
			cells := strings.Split(lines[min(at, len(lines)-1)], comma)
			none := []string{"", "null", "NaN", "N/A", "-", ".", "\"\"", " null", "0"}[r.IntN(9)]
			for i, c := range cells {
				if i > r.IntN(3) && (strings.ContainsAny(c, ".,") || r.IntN(3) == 0) && r.IntN(20) > 0 {
					cells[i] = none
				}
			}
			line = strings.Join(cells, comma)
		case 3:
			line = []string{"", "", " ", "\t", "\r", comma}[r.IntN(6)]
		case 4, 5:
			line = []string{"Downloaded from Barchart.com as of 01-31-2024 10:00pm CST", "\"Downloaded from Barchart.com as of 01-31-2024, 10:00pm CST\"", "Source: Example" + comma + comma, "5", "\"Source", "End of file, 100, 101, 99, 100"}[r.IntN(6)]
			if r.IntN(4) > 0 {
				at = len(lines) - min(len(lines), r.IntN(3))
			}
		case 6:
			line, at = []string{"https://www.CryptoDataDownload.com", "Price history for AAPL", "\"AAPL, Daily\"", "", "1,2,3,4,5,6"}[r.IntN(5)], 0
		case 7:
			if line = header; r.IntN(3) == 0 {
				line = "2024-01-05" + comma + "0.24 Dividend"
			}
		}
		lines = slices.Insert(lines, at, line)
	}
	return strings.Join(lines, end) + strings.Repeat(end, r.IntN(3))
}

// Changed files give the same by columns as by rows: daily ones in every form, and minutes
// in the shapes of the benchmark. PITWALL_MUTATIONS is as for TestMutatedFiles.
func TestMutatedByColumns(t *testing.T) {
	dir, columns := t.TempDir(), 0
	from, n := mutations(t, 1000)
	last := ""
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(last)
		}
	})
	for seed := from; seed < from+n; seed++ {
		text := mutate(seed).text
		if r := rand.New(rand.NewPCG(seed, 17)); seed%2 == 0 {
			s := shapes[r.IntN(len(shapes))]
			file := filepath.Join(dir, "minutes.csv")
			minuteFile(t, file, s.header, 10+r.IntN(30), s.row)
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			if text = string(raw); r.IntN(3) == 0 {
				text = strings.ReplaceAll(text, "AAA", "\"AAA\"")
			}
			if r.IntN(4) > 0 {
				text = changed(r, text, regexp.MustCompile("[,;\t]").FindString(s.header))
			}
		}
		if r := rand.New(rand.NewPCG(seed, 18)); r.IntN(2) == 0 {
			text = withOtherLines(r, text)
		}
		last = fmt.Sprintf("seed %d\n%s", seed, text)
		in := Input{FS: fstest.MapFS{"AAPL.csv": {Data: []byte(text)}}, Path: "AAPL.csv"}
		if sameByRows(t, in, Options{Symbols: []string{"AAPL", "AAA"}, MayLack: true}) {
			columns++
		}
	}
	t.Logf("%d files, %d read by columns", n, columns)
	require.Greater(t, columns, int(n/40))
}

// Files of several parts with lines that are no bars are read by columns, and give the
// same as by rows.
func TestOtherLinesByColumns(t *testing.T) {
	header := func(h string, rows []string) []string { // files one below the other
		return slices.Concat([]string{h}, rows[:len(rows)/3], []string{h}, rows[len(rows)/3:])
	}
	for _, s := range shapes {
		if s.header == "" {
			continue
		}
		for i, edit := range []func(string, []string) []string{otherLines[0].edit, otherLines[1].edit, otherLines[2].edit, header} {
			n := 8_000 // of which some day is no month
			if i == 0 {
				n = 25_000 // more than a part
			}
			file := filepath.Join(t.TempDir(), "AAPL.csv")
			minuteFile(t, file, s.header, n, s.row)
			otherFile(t, file, edit)
			require.True(t, sameByRows(t, Disk(file), Options{Symbols: []string{"AAPL", "AAA"}, MayLack: true}), "%s, %d", s.name, i)
		}
	}
	for text, columns := range map[string]bool{
		"Date,Open,High,Low,Close,Volume\nSource: Example Data Ltd.\n2024-01-02,100,101,99,100,5\n2024-01-03,100,101,99,100,5\n": false, // no row before it
		rows("%D,%o,%h,%l,%c,%v", dated(time.DateOnly)) + "Source: Example Data Ltd.\n":                                          true,
		// Cells of the first row are no symbols, and those without figures are of no price.
		"Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-01,null,null,null,null,null,null\n" + rows("%D,%o,%h,%l,%c,%c,%v", dated(time.DateOnly)):            true,
		rows("%D,%o,%h,%l,%c,%v", dated(time.DateOnly)) + "2024-01-31,NaN,NaN,NaN,NaN,NaN\n":                                                                    true,
		"date,open,high,low,close,volume,complete\n" + rows("%D,%o,%h,%l,%c,%v,True", dated(time.DateOnly)) + "2024-01-31,100,101,99,100,5,False\n,,,,,,True\n": true,
	} {
		in := Input{FS: fstest.MapFS{"AAPL.csv": {Data: []byte(text)}}, Path: "AAPL.csv"}
		require.Equal(t, columns, sameByRows(t, in, Options{Symbols: []string{"AAPL"}}), text)
		s, err := loadBytes("AAPL.csv", []byte(text))
		require.Equal(t, columns, err == nil, text)
		require.True(t, err != nil || len(s.Series()[0].Open) == 12, text)
	}
}
