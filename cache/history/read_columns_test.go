package history

import (
	"context"
	"database/sql"
	"encoding/binary"
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

	"pitwall/cache/layout"
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

// readParts reads a file as readFile does, a text in parts of few lines.
func readParts(ctx context.Context, in Input) (*parsedFile, error) {
	p, err := readFile(ctx, in)
	if err != nil || p.columns == nil {
		return p, err
	}
	hints, err := p.in.Mapping.hints(in.Show)
	if err != nil {
		return nil, err
	}
	hints.Part = 64
	if p.columns = layout.ReadColumns(ctx, in.Show, p.raw, hints); p.columns == nil {
		return p, p.parse(ctx)
	}
	p.table.layout = p.columns.Layout
	return p, nil
}

// sameByRows reports whether a file was read by columns, after a comparison with what the
// reader of texts makes of it.
func sameByRows(t *testing.T, in Input, opts Options) bool {
	t.Helper()
	in.Show = in.Path
	want, _, wantErr := loadOne(parseFile, in, opts)
	columns := sameAs(t, readFile, want, wantErr, in, opts)
	if sameAs(t, readParts, want, wantErr, in, opts) { // a remark may stand in a part of its own, which is read as texts
		require.True(t, columns, in.Path)
	} else if columns {
		require.NotContains(t, []string{".parquet"}, filepath.Ext(in.Path))
	}
	return columns
}

// sameAs compares what is read with what the reader of texts made of a file, and reports
// whether it was read by columns.
func sameAs(t *testing.T, read func(context.Context, Input) (*parsedFile, error), want *Store, wantErr error, in Input, opts Options) bool {
	t.Helper()
	got, columns, err := loadOne(read, in, opts)
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
					if cells++; cells%151 != 0 && os.Getenv("PITWALL_COLUMNS") == "" && !(p == "cents" && v == "double" && s == "own") && !(at == "naive" && v == "double" && s == "own") &&
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

// queryParquet writes rows of a query.
func queryParquet(t *testing.T, file, query string) string {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec("COPY (" + query + ") TO '" + file + "' (FORMAT parquet)")
	require.NoError(t, err)
	return file
}

// Parquet of more than one piece is read as its texts are: 5,000 and more rows over days and
// symbols. Days that change with the pieces of 2,048 rows show a text that is kept beyond
// its piece.
func TestPiecesOfParquet(t *testing.T) {
	const minute, pieces = "TIMESTAMP '2024-03-01 14:30:00' + INTERVAL 1 MINUTE * i", "(TIMESTAMP '2024-03-01 00:01:00' + INTERVAL 1 DAY * (i // 2048) + INTERVAL 40 SECOND * (i % 2048))"
	dir := t.TempDir()
	for name, c := range map[string]struct {
		stamp, price, volume, symbol string
		columns                      bool
	}{
		"naive":            {minute, "round(100 + (i * 7919 % 1000) / 100.0, 2)::DOUBLE", "(100 + i)::DOUBLE", "'AAPL'", true},
		"instant":          {"(" + minute + ")::TIMESTAMPTZ", "(100 + i / 7.0)::DECIMAL(18, 4)", "100 + i", "['AAPL', 'MSFT', 'SPY.US'][1 + i % 3]", true},
		"days":             {"DATE '2010-01-01' + (i // 3)::INTEGER", "(100 + i / 7.0)::DOUBLE", "CASE WHEN i % 5 = 3 THEN NULL ELSE 100.5::FLOAT END", "['AAPL', 'MSFT', 'SPY.US'][1 + i % 3]", true},
		"symbols in turn":  {"DATE '2010-01-01' + (i % 1700)::INTEGER", "(100 + i % 7)::INTEGER", "NULL::BIGINT", "['AAPL', 'MSFT', 'A.LONGER.SYMBOL', 'SPY'][1 + i // 1700]", true},
		"texts":            {pieces + "::VARCHAR", "(100 + i / 7.0)::DECIMAL(18, 2)::VARCHAR", "100 + i", "'AAPL'", true},
		"texts of ISO":     {"strftime(" + pieces + ", '%Y-%m-%dT%H:%M:%S-05:00')", "100.5", "100 + i", "'AAPL'", true},
		"short texts":      {"(1 + i // 2048) || '.3.24 ' || strftime(TIMESTAMP '2024-03-01' + INTERVAL 1 MINUTE * (i % 2048 // 2), '%H:%M')", "100.5", "100 + i", "['AAPL', 'MSFT'][1 + i % 2]", false}, // 12 bytes, which stand in the vector
		"a NULL at row 5k": {minute, "CASE WHEN i = 5000 THEN NULL ELSE 100.5 END", "100", "'AAPL'", false},
	} {
		file := queryParquet(t, filepath.Join(dir, "AAPL.parquet"), fmt.Sprintf("SELECT %s AS symbol, %s AS timestamp, %s AS open, %[3]s AS high, %[3]s AS low, %[3]s AS close, %s AS volume FROM range(6144) r(i)", c.symbol, c.stamp, c.price, c.volume))
		in := Disk(file)
		if name == "short texts" {
			in.Mapping.Dates = "dmy"
		}
		require.Equal(t, c.columns, sameByRows(t, in, Options{Symbols: []string{"AAPL", "MSFT", "SPY"}, MayLack: true}), name)
	}
}

// A time of day in a column beside the dates is read.
func TestParquetWithTimeBesideDate(t *testing.T) {
	for _, clock := range []string{"'16:00:00'", "TIME '16:00:00'"} {
		file := queryParquet(t, filepath.Join(t.TempDir(), "BTC-USD.parquet"), "SELECT DATE '2024-01-01' + i::INTEGER AS date, "+clock+" AS time, 100.5 AS open, 101.5 AS high, 99.5 AS low, 100 AS close, 5 AS volume FROM range(60) r(i)")
		require.False(t, sameByRows(t, Disk(file), Options{Symbols: []string{"BTC-USD"}}), clock)
		s, err := Load(context.Background(), []Input{Disk(file)}, Options{Symbols: []string{"BTC-USD"}})
		require.NoError(t, err)
		require.Equal(t, 16, s.Series()[0].Bar(0).Start.UTC().Hour(), clock)
	}
}

// A number of rows that no file of its length has is not believed.
func TestParquetWithAbsurdRows(t *testing.T) {
	file := queryParquet(t, filepath.Join(t.TempDir(), "AAPL.parquet"), "SELECT DATE '2010-01-01' + i::INTEGER AS date, 100.5 AS open, 101.5 AS high, 99.5 AS low, 100 AS close, 5 AS volume FROM range(4321) r(i)")
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	own := "\x16" + string(binary.AppendVarint(nil, 4321)) // Thrift's compact protocol
	end := len(raw) - 8
	footer := string(raw[end-int(binary.LittleEndian.Uint32(raw[end:])) : end])
	for _, n := range []int64{1 << 38, 1 << 60} {
		wrong := footer
		for _, behind := range []string{"\x19", "\x26"} { // row_groups behind the file's num_rows, file_offset behind the row group's
			require.Equal(t, 1, strings.Count(footer, own+behind))
			wrong = strings.Replace(wrong, own+behind, "\x16"+string(binary.AppendVarint(nil, n))+behind, 1)
		}
		data := append(raw[:end-len(footer):end-len(footer)], wrong...)
		data = append(binary.LittleEndian.AppendUint32(data, uint32(len(wrong))), "PAR1"...)
		in := Input{FS: fstest.MapFS{"AAPL.parquet": {Data: data}}, Path: "AAPL.parquet"}
		require.False(t, sameByRows(t, in, Options{Symbols: []string{"AAPL"}}))
	}
}

// A column that is stated to be two things is both, as by rows.
func TestColumnOfTwoMeanings(t *testing.T) {
	text := "Date,Open,High,Low,Adj Close\n2024-01-02,1,2,0.5,1.5\n2024-01-03,1,2,0.5,1.25\n"
	in := Input{FS: fstest.MapFS{"AAPL.csv": {Data: []byte(text)}}, Path: "AAPL.csv", Mapping: Mapping{Columns: map[string]string{"close": "Adj Close", "adj_close": "Adj Close"}}}
	for range 20 { // the order of a map
		require.False(t, sameByRows(t, in, Options{Symbols: []string{"AAPL"}}))
	}
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
	for k, s := range shapes {
		if s.header == "" {
			continue
		}
		for i, edit := range []func(string, []string) []string{otherLines[0].edit, otherLines[1].edit, otherLines[2].edit, header} {
			if testing.Short() && (k+i)%4 != 0 {
				continue // each edit and each shape once
			}
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
