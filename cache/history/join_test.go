package history

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
)

// Files of one symbol that follow each other are one series, whatever their order: what one
// file with all of their rows gives.
func TestFilesThatFollowEachOther(t *testing.T) {
	ctx := context.Background()
	load := func(symbol string, files fstest.MapFS) (*Store, error) {
		return Load(ctx, []Input{{FS: files, Path: "."}}, Options{Symbols: []string{symbol}})
	}
	packed := func(name, text string) *fstest.MapFile {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = w.Write([]byte(text))
		require.NoError(t, err)
		require.NoError(t, z.Close())
		return &fstest.MapFile{Data: b.Bytes()}
	}
	// Binance, a month each, in milliseconds and since 2025 in microseconds.
	months := fstest.MapFS{}
	var want strings.Builder
	for i, m := range []time.Time{time.Date(2024, 12, 31, 20, 0, 0, 0, time.UTC), time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)} {
		var rows strings.Builder
		for h := range 4 {
			at, p := m.Add(time.Duration(h)*time.Hour), 100+10*i+h
			stamp := at.UnixMilli()
			if i == 1 {
				stamp = at.UnixMicro()
			}
			fmt.Fprintf(&rows, "%d,%d,%d,%d,%d,12.5,1,1,1,1,1,0\n", stamp, p, p+2, p-2, p+1)
			fmt.Fprintln(&want, at.Format(time.RFC3339), p, p+2, p-2, p+1)
		}
		name := fmt.Sprintf("BTCUSDT-1h-%s", m.Format("2006-01"))
		months[name+".zip"] = packed(name+".csv", rows.String())
	}
	s, err := load("BTCUSDT", months)
	require.NoError(t, err)
	require.Equal(t, want.String(), figures(s.Series()[0]))
	require.Equal(t, s.Series()[0].End, s.Series()[0].Known)
	require.Contains(t, s.Warnings, "BTCUSDT is joined from 2 files that follow each other: ./BTCUSDT-1h-2024-12.zip to ./BTCUSDT-1h-2025-01.zip (2024-12-31 to 2025-01-01)")

	// Polygon, a day each with all symbols.
	days := fstest.MapFS{}
	dates, price := dailyBars()
	for i, d := range dates {
		text := "ticker,volume,open,close,high,low,window_start,transactions\n"
		for _, symbol := range []string{"AAPL", "MSFT"} {
			text += fmt.Sprintf("%s,%d,%v,%v,%v,%v,%d,10\n", symbol, 1000000+1000*i, price[i][0], price[i][3], price[i][1], price[i][2], d.Add(5*time.Hour).UnixNano())
		}
		days[d.Format(time.DateOnly)+".csv"] = &fstest.MapFile{Data: []byte(text)}
	}
	s, err = Load(ctx, []Input{{FS: days, Path: "."}}, Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"AAPL", "MSFT"}, s.Symbols())
	one, err := mappedLoad("AAPL.csv", "Date,Open,High,Low,Close,Volume\n"+rows("%D,%o,%h,%l,%c,%v", dated(time.DateOnly)), Mapping{})
	require.NoError(t, err)
	require.Equal(t, figures(one.Series()[0]), figures(s.Series()[0]))
	require.Equal(t, one.Series()[0].Known, s.Series()[1].Known)
	require.Contains(t, s.Warnings, "9 more files were read as those of their symbol above; pitwall data check shows each")

	// What does not follow is an error.
	jan, feb := head+"A,2024-01-02,1,2,0.5,1.5,1\nA,2024-01-03,1,2,0.5,1.5,1\n", head+"A,2024-02-01,1,2,0.5,1.5,1\nA,2024-02-02,1,2,0.5,1.5,1\n"
	overlap := head + "A,2024-01-03,1,2,0.5,1.5,1\nA,2024-02-01,1,2,0.5,1.5,1\n"
	for name, c := range map[string]struct {
		files []string
		want  string
	}{
		"overlap":    {[]string{"1.csv", jan, "2.csv", overlap}, "A is in two files"},
		"adjustment": {[]string{"1.csv", jan, "2.csv", feb, "2.csv.yaml", "adjusted: split\n"}, "A is in two files"},
		"session":    {[]string{"1.csv", jan, "2.csv", feb, "2.csv.yaml", "session: 24/7\n"}, "A is in two files"},
		"adj_close":  {[]string{"1.csv", jan, "2.csv", strings.ReplaceAll(strings.ReplaceAll(feb, "volume", "volume,adj_close"), ",1\n", ",1,1\n")}, "A is in two files"},
		"they do":    {[]string{"2.csv", feb, "1.csv", jan}, ""},
	} {
		files := fstest.MapFS{}
		for i := 0; i < len(c.files); i += 2 {
			files[c.files[i]] = &fstest.MapFile{Data: []byte(c.files[i+1])}
		}
		s, err := load("A", files)
		if c.want != "" {
			require.ErrorContains(t, err, c.want, name)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, 4, s.Series()[0].Len())
	}
}
