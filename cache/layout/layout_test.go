package layout_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/cache/layout"
)

// What a file is taken for: its times, its closes, its decimal mark. Whole exports are
// tried in package history, where bars are made of them.
func TestWhatAFileIsTakenFor(t *testing.T) {
	const day1, day2 = "2024-01-02", "2024-01-13" // the 13th can only be a day
	for name, c := range map[string]struct {
		file, decimal, closes string
	}{
		"as Pitwall writes it":        {"symbol,timestamp,open,high,low,close,volume\nA,2024-01-02,1,2,1,1.5,9\nA,2024-01-13,1,2,1,1.25,9\n", "", "1.5 1.25"},
		"names in any case":           {" Date ,OPEN,<HIGH>,Low,Close/Last,Vol.\n2024-01-02,1,2,1,1.5,9\n2024-01-13,1,2,1,1.25,9\n", ".", "1.5 1.25"},
		"decimal comma, day first":    {"Datum;Eröffnung;Hoch;Tief;Schluss;Volumen\n02.01.2024;1,00;2,00;1,00;1,50;1.234\n13.01.2024;1,00;2,00;1,00;1,25;1.234\n", ",", "1.50 1.25"},
		"month first, by one row":     {"Date,Open,High,Low,Close\n01/02/2024,1,2,1,1.5\n01/13/2024,1,2,1,1.25\n", ".", "1.5 1.25"},
		"thousands, money, suffixes":  {"Date\tOpen\tHigh\tLow\tPrice\tVolume\n2024-01-02\t$1,000.00\t$2,000.00\t$900.00\t$1,500.00\t1.5M\n2024-01-13\t$1,000.00\t$2,000.00\t$900.00\t$1,250.00\t900K\n", ".", "1500.00 1250.00"},
		"lines before and after":      {"https://example.org, daily\n\nDate,Open,High,Low,Close\n2024-01-02,1,2,1,1.5\n2024-01-13,1,2,1,1.25\nDownloaded from example.org\n", ".", "1.5 1.25"},
		"no header, milliseconds":     {"1704153600000,1,2,1,1.5,9\n1705104000000,1,2,1,1.25,9\n", ".", "1.5 1.25"},
		"JSON rows":                   {`[{"t":"2024-01-02","o":1,"h":2,"l":1,"c":1.5},{"t":"2024-01-13","o":1,"h":2,"l":1,"c":1.25}]`, ".", "1.5 1.25"},
		"spelled months, UTF-8 mark":  {"\ufeffDate,Open,High,Low,Close\n\"Jan 02, 2024\",1,2,1,1.5\n\"Jan 13, 2024\",1,2,1,1.25\n", ".", "1.5 1.25"},
		"ids that do not fit a float": {"symbol,timestamp,open,high,low,close,volume\nA,2024-01-02,1,2,1,1.5,9007199254740993\nA,2024-01-13,1,2,1,1.25,9\n", "", "1.5 1.25"},
	} {
		table, err := layout.Read(context.Background(), "A.csv", []byte(c.file), layout.Hints{})
		require.NoError(t, err, name)
		require.True(t, table.Layout.Bars, name)
		require.Equal(t, c.decimal, table.Layout.Decimal, name)
		column := func(want string) (list []string) {
			for i, h := range table.Header {
				for _, row := range table.Rows {
					if h == want {
						list = append(list, row[i])
					}
				}
			}
			return list
		}
		require.Equal(t, c.closes, strings.Join(column(layout.Close), " "), name)
		for i, stamp := range column(layout.Timestamp) {
			require.Equal(t, []string{day1, day2}[i], stamp[:10], name)
		}
	}
}

// What a file does not show is refused with what to write, and a hint decides it.
func TestUndecidable(t *testing.T) {
	days := "Date,Open,High,Low,Close\n03/04/2024,1,2,1,1.5\n04/05/2024,1,2,1,1.5\n"
	_, err := layout.Read(context.Background(), "a.csv", []byte(days), layout.Hints{})
	require.ErrorContains(t, err, "dates:")
	for order, want := range map[string]string{"dmy": "2024-04-03", "mdy": "2024-03-04"} {
		table, err := layout.Read(context.Background(), "a.csv", []byte(days), layout.Hints{Dates: order})
		require.NoError(t, err)
		require.Equal(t, want, table.Rows[0][0][:10])
	}
	for clock, ok := range map[string]bool{"20240310 01:30:00": true, "20240310 03:30:00": true, "20240310 02:30:00": false, "20241103 01:30:00": false, "20240311 09:30:00": true} { // skipped and doubled hours of New York
		_, err := layout.Read(context.Background(), "a.csv", []byte("Date,Open,High,Low,Close\n"+clock+" US/Eastern,1,2,1,1.5\n"), layout.Hints{})
		require.Equal(t, ok, err == nil, clock)
	}
	turned := "Date,Open,High,Low,Close\n1/2/24,1,2,1,1.5\n1/3/24,1,2,1,1.5\n1/4/24,1,2,1,1.5\n19/5/24,1,2,1,1.5\n1/8/24,1,2,1,1.5\n"
	_, err = layout.Read(context.Background(), "a.csv", []byte(turned), layout.Hints{})
	require.ErrorContains(t, err, `a.csv:5: timestamp: "19/5/24" alone says that dates are dmy`)
	_, err = layout.Read(context.Background(), "a.csv", []byte(turned), layout.Hints{Dates: "dmy"})
	require.NoError(t, err)
	marks := "Date;Open;High;Low;Close\n2024-01-02;1,234;2,345;1,123;1,500\n2024-01-03;1,234;2,345;1,123;1,500\n"
	_, err = layout.Read(context.Background(), "a.csv", []byte(marks), layout.Hints{})
	require.ErrorContains(t, err, "decimal:")
	for mark, want := range map[string]string{",": "1.500", ".": "1500"} {
		table, err := layout.Read(context.Background(), "a.csv", []byte(marks), layout.Hints{Decimal: mark})
		require.NoError(t, err)
		require.Equal(t, want, table.Rows[0][4])
	}
}

// A row that is cut off in a file without a header is named, wherever it ends.
func TestShortRowsWithoutHeader(t *testing.T) {
	for _, row := range []string{
		"0.5,2,1,1.5,10,10,0,0,1,0,0,MINUTE_1,1704153600000,1704153659999", // Poloniex
		"1704153600,1,2,0.5,1.5,1.2,10,3",                                  // Kraken OHLC
	} {
		cells := strings.Split(row, ",")
		for n := 2; n < len(cells); n++ {
			short := strings.Join(cells[:n], ",")
			raw := []byte(row + "\n" + row + "\n" + short + "\n")
			require.Nil(t, layout.ReadColumns(context.Background(), "a.csv", raw, layout.Hints{}), short)
			_, err := layout.Read(context.Background(), "a.csv", raw, layout.Hints{})
			require.ErrorContains(t, err, "line 3", short)
			list := strings.ReplaceAll("[["+row+"],["+short+"]]", "MINUTE_1", `"MINUTE_1"`)
			_, err = layout.Read(context.Background(), "a.json", []byte(list), layout.Hints{})
			require.ErrorContains(t, err, "the JSON holds lists that are no bars", short)
		}
	}
}
