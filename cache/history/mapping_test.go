package history

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
)

// mappedLoad reads one file of AAPL with a mapping.
func mappedLoad(file, text string, m Mapping, more ...string) (*Store, error) {
	files := fstest.MapFS{file: {Data: []byte(text)}}
	for i := 0; i < len(more); i += 2 {
		files[more[i]] = &fstest.MapFile{Data: []byte(more[i+1])}
	}
	return Load(context.Background(), []Input{{FS: files, Path: file, Mapping: m}}, Options{Symbols: []string{"AAPL"}})
}

// What a data entry says goes before what the file shows, and a file that does not show
// what can change money is refused with what to write.
func TestMapping(t *testing.T) {
	undecided := "Date,Open,High,Low,Close\n03/04/2024,1,2,0.5,1.5\n04/04/2024,1,2,0.5,1.5\n"
	grouped := "Date;Open;High;Low;Close\n2024-01-02;1,000;2,000;0,500;1,500\n2024-01-03;1,000;2,000;0,500;1,500\n"
	thousands := "Date;Open;High;Low;Close\n2024-01-02;1,000;2,000;1,000;1,500\n2024-01-03;1,000;2,000;1,000;1,500\n"
	odd := "zeit,beginn,oben,unten,schluss,stueck\n2024-01-02 14:30:00,1,2,0.5,1.5,10\n2024-01-02 14:31:00,1,2,0.5,1.5,10\n"
	columns := map[string]string{"timestamp": "zeit", "open": "beginn", "high": "oben", "low": "unten", "close": "schluss"}
	for name, c := range map[string]struct {
		text string
		m    Mapping
		want string // the first bar, or the error
	}{
		"day or month":          {undecided, Mapping{}, `"03/04/2024" may be 2024-04-03 or 2024-03-04, and no other date of the file shows which; write dates: dmy or dates: mdy`},
		"day":                   {undecided, Mapping{Dates: "dmy"}, "2024-04-03T13:30:00Z 1 2 0.5 1.5"},
		"not the month":         {strings.ReplaceAll(undecided, "04/04/2024", "31/04/2024"), Mapping{Dates: "mdy"}, "is no date of the order mdy"},
		"comma shown":           {grouped, Mapping{}, "2024-01-02T14:30:00Z 1 2 0.5 1.5"},
		"comma or thousands":    {thousands, Mapping{}, `"1,500" may be 1.500 or 1500, and no other number of the file shows which`},
		"comma":                 {thousands, Mapping{Decimal: ","}, "2024-01-02T14:30:00Z 1 2 1 1.5"},
		"thousands":             {thousands, Mapping{Decimal: "."}, "2024-01-02T14:30:00Z 1000 2000 1000 1500"},
		"two ways":              {"Date;Open;High;Low;Close\n2024-01-02;1,5;2.5;1;2\n", Mapping{}, "numbers are written in two ways"},
		"columns":               {odd, Mapping{Columns: columns}, "2024-01-02T19:30:00Z 1 2 0.5 1.5"},
		"timezone":              {odd, Mapping{Columns: columns, Timezone: "UTC"}, "2024-01-02T14:30:00Z 1 2 0.5 1.5"},
		"session":               {odd, Mapping{Columns: columns, Session: "24/7"}, "2024-01-02T14:30:00Z 1 2 0.5 1.5"},
		"session of Tokyo":      {odd, Mapping{Columns: columns, Session: "XTKS"}, "2024-01-02T05:30:00Z 1 2 0.5 1.5"},
		"no such column":        {undecided, Mapping{Columns: map[string]string{"close": "Last"}}, "columns says close: Last, and the header has no Last"},
		"no such meaning":       {undecided, Mapping{Columns: map[string]string{"closing": "Close"}}, `columns names "closing"; the columns of bars are symbol, timestamp`},
		"no such zone":          {odd, Mapping{Timezone: "Mars/Base"}, `unknown timezone "Mars/Base"`},
		"no such session":       {odd, Mapping{Session: "XMARS"}, "session:"},
		"no such order":         {odd, Mapping{Dates: "ydm"}, `dates is "ydm"; use dmy, mdy or ymd`},
		"no such mark":          {odd, Mapping{Decimal: ";"}, `decimal is ";"`},
		"the end of bars":       {"close_time,open,high,low,close\n2024-01-02,1,2,0.5,1.5\n", Mapping{}, "the header lacks the time at which bars begin; close_time is when they end"},
		"hours without a blank": {"time,open,high,low,close\n2024010209,1,2,0.5,1.5\n2024010210,1,2,0.5,1.5\n", Mapping{}, "may be a date with an hour or seconds since 1970"},
	} {
		s, err := mappedLoad("AAPL.csv", c.text, c.m)
		if err != nil {
			require.ErrorContains(t, err, c.want, name)
			continue
		}
		require.Equal(t, c.want, strings.Split(figures(s.Series()[0]), "\n")[0], name)
	}
	s, err := mappedLoad("AAPL.csv", odd, Mapping{}, "AAPL.csv.yaml", "adjusted: split\ntimezone: Europe/London\ncolumns: {timestamp: zeit, open: beginn, high: oben, low: unten, close: schluss, volume: stueck}\n")
	require.NoError(t, err)
	require.Equal(t, "2024-01-02T14:30:00Z", s.Series()[0].Bar(0).Start.UTC().Format(time.RFC3339))
	require.InDelta(t, 10, s.Series()[0].Volume[0], 0)
	require.Contains(t, s.Warnings[0], "AAPL from AAPL.csv: 2 1m bars, times without an offset taken as London")
}

// A file without a column of symbols is of the one that its name begins with, else of
// the only one that is without data.
func TestSymbolOfAFile(t *testing.T) {
	text := "Date,Open,High,Low,Close\n2024-01-02,1,2,0.5,1.5\n"
	for _, c := range []struct {
		file, wanted, want string
	}{
		{"AAPL.csv", "", "AAPL"},
		{"aapl.csv", "", "AAPL"},
		{"aapl_us_d.csv", "", "AAPL"},
		{"NASDAQ_AAPL, 1D_ab12.csv", "", "AAPL"},
		{"BTCUSDT-1d-2024-01.csv", "", "BTCUSDT"},
		{"Binance_BTCUSDT_d.csv", "", "BTCUSDT"},
		{"BTC_USDT-1d.csv", "", "BTC-USDT"},
		{"DAT_ASCII_EURUSD_M1_2024.csv", "", "EURUSD"},
		{"EURUSD1440.csv", "", "EURUSD"},
		{"AAPL Historical Data.csv", "", "AAPL"},
		{"brk-b.csv", "BRK.B", "BRK.B"},
		{"BTC_USD-1d.csv", "BTC-USD", "BTC-USD"},
		{"prices.csv", "AAPL", "AAPL"},
		{"01_yahoo_web.csv", "AAPL", "AAPL"},
		{"MSFT.csv", "AAPL", "there is no data for AAPL in the files given"},
		{"MSFT_daily.csv", "AAPL", "there is no data for AAPL in the files given"},
		{"aapl_us_d.csv", "D", "there is no data for D"},
		{"prices.csv", "", "the header lacks symbol, and the file's name shows none"},
		{"prices.csv", "AAPL,MSFT", "the file's name shows none, and 2 symbols are without data: AAPL, MSFT"},
	} {
		s, err := Load(context.Background(), []Input{{FS: fstest.MapFS{c.file: {Data: []byte(text)}}, Path: c.file}}, Options{Symbols: strings.FieldsFunc(c.wanted, func(r rune) bool { return r == ',' })})
		if err != nil {
			require.ErrorContains(t, err, c.want, c.file)
			continue
		}
		require.Equal(t, []string{c.want}, s.Symbols(), c.file)
	}
}
