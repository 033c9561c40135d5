package history

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"pitwall"
	"pitwall/cache/layout"
)

// writtenBar is a bar that a test writes into files of many shapes. Prices are in cents.
type writtenBar struct {
	day        time.Time
	o, h, l, c int
	volume     int
}

// writtenBars are the weekdays of six weeks, with prices of four and five digits.
func writtenBars() (list []writtenBar) {
	for d := time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC); d.Month() < 3 && len(list) < 30; d = d.AddDate(0, 0, 1) {
		if w := d.Weekday(); w == time.Saturday || w == time.Sunday {
			continue
		}
		o := 98765 + 731*len(list)
		list = append(list, writtenBar{day: d, o: o, h: o + 250, l: o - 125, c: o + 75, volume: 1234567 + 1000*len(list)})
	}
	return list
}

// dateForms are the ways in which a date is written, and what the file then needs.
var dateForms = map[string]func(time.Time) string{
	"iso":           dated("2006-01-02"),
	"slashes":       dated("2006/01/02"),
	"points":        dated("2006.01.02"),
	"d.m.y":         dated("02.01.2006"),
	"d/m/y":         dated("02/01/2006"),
	"d-m-y":         dated("2-1-2006"),
	"m/d/y":         dated("01/02/2006"),
	"m/d/yy":        dated("1/2/06"),
	"compact":       dated("20060102"),
	"month":         dated("Jan 2, 2006"),
	"month between": dated("02-Jan-2006"),
	"midnight":      dated("2006-01-02 15:04:05"),
	"T midnight":    dated("2006-01-02T15:04:05.000"),
	"short":         dated("2006-01-02 15:04"),
	"offset":        func(t time.Time) string { return t.Format("2006-01-02 15:04:05") + "-0500" },
	"Z":             dated("2006-01-02T05:00:00Z"),
	"seconds":       func(t time.Time) string { return fmt.Sprint(t.Add(5 * time.Hour).Unix()) },
	"milliseconds":  func(t time.Time) string { return fmt.Sprint(t.Add(5 * time.Hour).UnixMilli()) },
	"microseconds":  func(t time.Time) string { return fmt.Sprint(t.Add(5 * time.Hour).UnixMicro()) },
	"nanoseconds":   func(t time.Time) string { return fmt.Sprint(t.Add(5 * time.Hour).UnixNano()) },
	"Excel": func(t time.Time) string {
		return fmt.Sprint(int(t.Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)).Hours()) / 24)
	},
}

// numberForms are the ways in which a price in cents is written.
var numberForms = map[string]func(int) string{
	"plain":     func(n int) string { return fmt.Sprintf("%d.%02d", n/100, n%100) },
	"comma":     func(n int) string { return fmt.Sprintf("%d,%02d", n/100, n%100) },
	"thousands": func(n int) string { return layout.Grouped(n/100) + fmt.Sprintf(".%02d", n%100) },
	"german": func(n int) string {
		return strings.ReplaceAll(layout.Grouped(n/100), ",", ".") + fmt.Sprintf(",%02d", n%100)
	},
	"swiss": func(n int) string {
		return strings.ReplaceAll(layout.Grouped(n/100), ",", "'") + fmt.Sprintf(".%02d", n%100)
	},
	"french": func(n int) string {
		return strings.ReplaceAll(layout.Grouped(n/100), ",", "\u00a0") + fmt.Sprintf(",%02d", n%100)
	},
	"dollars":       func(n int) string { return fmt.Sprintf("$%d.%02d", n/100, n%100) },
	"six decimals":  func(n int) string { return fmt.Sprintf("%d.%02d0000", n/100, n%100) },
	"exponent":      func(n int) string { return fmt.Sprintf("%d.%02de+00", n/100, n%100) },
	"binary floats": func(n int) string { return fmt.Sprintf("%d.%02d00000000000014", n/100, n%100) },
}

// headers are names of columns in the order symbol or nothing, date, open, high, low,
// close, volume.
var headers = map[string]string{
	"own":       "symbol timestamp open high low close volume",
	"capitals":  " DATE OPEN HIGH LOW CLOSE VOLUME",
	"marked":    "<TICKER> <DATE> <OPEN> <HIGH> <LOW> <CLOSE> <VOL>",
	"nasdaq":    " Date Open High Low Close/Last Volume",
	"german":    " Datum Eröffn. Hoch Tief Schluss Vol.",
	"short":     " t o h l c v",
	"bloomberg": "Ticker Date PX_OPEN PX_HIGH PX_LOW PX_LAST PX_VOLUME",
}

// encodings write text as bytes.
var encodings = map[string]func(string) ([]byte, error){
	"UTF-8": func(s string) ([]byte, error) { return []byte(s), nil },
	"BOM":   func(s string) ([]byte, error) { return []byte("\ufeff" + s), nil },
	"CRLF":  func(s string) ([]byte, error) { return []byte(strings.ReplaceAll(s, "\n", "\r\n")), nil },
	"UTF-16LE": func(s string) ([]byte, error) {
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes([]byte(s))
	},
	"UTF-16BE": func(s string) ([]byte, error) {
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().Bytes([]byte(s))
	},
	"Latin-1": func(s string) ([]byte, error) { return charmap.Windows1252.NewEncoder().Bytes([]byte(s)) },
}

// packings compress bytes.
var packings = map[string]func([]byte) []byte{
	"plain": func(b []byte) []byte { return b },
	"gzip":  func(b []byte) []byte { return []byte(gzipped(string(b))) },
	"zstd": func(b []byte) []byte {
		w, _ := zstd.NewWriter(nil) // no options to be wrong
		return w.EncodeAll(b, nil)
	},
}

// writeTable writes bars as delimited text.
func writeTable(list []writtenBar, header string, comma rune, date func(time.Time) string, number func(int) string) string {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma = comma
	names := strings.Split(header, " ")
	put := func(cells []string) {
		if names[0] == "" {
			cells = cells[1:]
		}
		_ = w.Write(cells) // a buffer
	}
	put(names)
	for _, x := range list {
		put([]string{"AAPL", date(x.day), number(x.o), number(x.h), number(x.l), number(x.c), fmt.Sprint(x.volume)})
	}
	w.Flush()
	return b.String()
}

// figuresOf writes what must be read of bars.
func figuresOf(list []writtenBar) string {
	var b strings.Builder
	for _, x := range list {
		fmt.Fprintln(&b, x.day.Add(14*time.Hour+30*time.Minute).Format(time.RFC3339), pitwall.Dec(x.o)*pitwall.One/100, pitwall.Dec(x.h)*pitwall.One/100, pitwall.Dec(x.l)*pitwall.One/100, pitwall.Dec(x.c)*pitwall.One/100)
	}
	return b.String()
}

func loadBytes(file string, raw []byte) (*Store, error) {
	return Load(context.Background(), []Input{{FS: fstest.MapFS{file: {Data: raw}}, Path: file}}, Options{Symbols: []string{"AAPL"}})
}

// Every cell of header x separator x date x number reads the bars that were written;
// encodings and packings go around over them. PITWALL_LONG=1 reads all 5,880, else every
// seventh, and the short form every seventieth.
func TestWrittenShapes(t *testing.T) {
	list := writtenBars()
	want, cells, every := figuresOf(list), 0, 7
	switch {
	case testing.Short():
		every = 70
	case os.Getenv("PITWALL_LONG") != "":
		every = 1
	}
	var codes, packs []string
	for name := range encodings {
		codes = append(codes, name)
	}
	for name := range packings {
		packs = append(packs, name)
	}
	slices.Sort(codes)
	slices.Sort(packs)
	for h, header := range headers {
		for _, comma := range []rune{',', ';', '\t', '|'} {
			for d, date := range dateForms {
				for n, number := range numberForms {
					code, pack := codes[cells%len(codes)], packs[cells/len(codes)%len(packs)]
					if cells++; cells%every != 0 {
						continue
					}
					text := writeTable(list, header, comma, date, number)
					raw, err := encodings[code](text)
					require.NoError(t, err)
					s, err := loadBytes("AAPL.csv", packings[pack](raw))
					at := fmt.Sprintf("%s %q %s %s %s %s", h, comma, d, n, code, pack)
					require.NoError(t, err, "%s\n%.300s", at, text)
					require.Equal(t, want, figures(s.Series()[0]), at)
					require.InDelta(t, list[3].volume, s.Series()[0].Volume[3], 0, at)
				}
			}
		}
	}
	t.Logf("%d cells", cells)
}

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // a buffer
	_ = w.Close()
	return b.String()
}
