package history

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// A file that is not bars as it stands is refused with what to write, and writing it gives
// the bars.
func TestRefusedFilesSayWhatToWrite(t *testing.T) {
	iso := dated(time.DateOnly)
	of := func(o, h, l, c string) map[string]string {
		return map[string]string{"open": o, "high": h, "low": l, "close": c}
	}
	closes, minutes, daily := "2024-01-02T14:30:00Z 100.75 100.75 100.75 100.75", strings.SplitN(minuteFigures(), "\n", 2)[0], "2024-01-02T14:30:00Z 100 101.25 99.5 100.75"
	for name, c := range map[string]struct {
		text, says string
		m          Mapping // what is written then; nothing helps without one
		want       string  // the first bar
	}{
		"closes":           {"Date,Close\n" + rows("%D,%c", iso), "it has no open, high and low; to trade at closes alone, write columns: {open: Close, high: Close, low: Close, close: Close} beside the file's path in the strategy, or in FILE.yaml", Mapping{Columns: of("Close", "Close", "Close", "Close")}, closes},
		"coingecko":        {"snapped_at,price,market_cap,total_volume\n" + rows("%D 00:00:00 UTC,%c,1,2", iso), "write columns: {open: price,", Mapping{Columns: of("price", "price", "price", "price")}, closes},
		"wide":             {"Date,AAPL,MSFT,SPY\n" + rows("%D,%c,%o,%h", iso), "it has one number a row for AAPL, MSFT, SPY; if these are closes, write columns: {open: AAPL, high: AAPL, low: AAPL, close: AAPL}", Mapping{Columns: of("AAPL", "AAPL", "AAPL", "AAPL")}, closes},
		"fred":             {"observation_date,SP500\n" + rows("%D,%c", iso), "one number a row for SP500", Mapping{Columns: of("SP500", "SP500", "SP500", "SP500")}, closes},
		"bid and ask":      {"Date,BidOpen,BidHigh,BidLow,BidClose,AskOpen,AskHigh,AskLow,AskClose\n" + rows("%D,%o,%h,%l,%c,1,1,1,1", iso), "write columns: {open: BidOpen, high: BidHigh, low: BidLow, close: BidClose}", Mapping{Columns: of("BidOpen", "BidHigh", "BidLow", "BidClose")}, daily},
		"no open":          {"Fecha;Cierre;Referencia;Máximo;Mínimo\n" + rows("%D;%c;%o;%h;%l", iso), "no column open was found; write columns: {open: NAME}", Mapping{Columns: map[string]string{"open": "Referencia"}}, daily},
		"kibot, one day":   {minuteRows("%D,%o,%h,%l,%c,%v", dated("01/02/2006,15:04")), "write dates: dmy or dates: mdy", Mapping{Dates: "mdy"}, minutes},
		"thinkorswim":      {"Date,Time,Open,High,Low,Close\n" + minuteRows("%D,%o,%h,%l,%c", dated("1/2/06,15:04:05")), "write dates: dmy or dates: mdy", Mapping{Dates: "mdy"}, minutes},
		"two figures":      {"Date,Open,High,Low,Close\n" + minuteRows("%D,%o,%h,%l,%c", dated("1/2/06 3:04 PM")), "may be 2024-02-01 or 2024-01-02", Mapping{Dates: "mdy"}, minutes},
		"trades":           {"timestamp,symbol,side,size,price\n1704067200,AAPL,Buy,1,42000\n", "it holds trades, not bars", Mapping{}, ""},
		"open or close":    {rows("%D,%v,%c,%h,%l,%o", dated("20060102")), "may be timestamp,volume,close,high,low,open or timestamp,volume,open,high,low,close", Mapping{}, ""},
		"quotes":           {rows("EUR/USD,20240102 00:00:00.123,1.1,1.2", iso), "rows of fewer than five numbers are quotes or trades, not bars", Mapping{}, ""},
		"ticks":            {"20240102 093000 0000000;100;99;101;5\n20240102 093001 0000000;100;99;101;5\n", "has no header, and its 5 columns are in no known order", Mapping{}, ""},
		"parts of 32":      {"Date,Open,High,Low,Close\n" + rows("%D,110'165,110'170,110'160,110'165", iso), `"110'165" may be a bond's price in parts of 32`, Mapping{}, ""},
		"negative average": {"PERMNO,date,TICKER,BIDLO,ASKHI,PRC,VOL,OPENPRC\n" + rows("14593,%D,AAPL,%l,%h,-%c,0,%o", iso), "close -100.75 is outside", Mapping{}, ""},
		"years of Taiwan":  {"日期,開盤價,最高價,最低價,收盤價\n" + rows("113/01/02,%o,%h,%l,%c", iso), `"113/01/02" is not a time`, Mapping{}, ""},
		"unknown hours":    {"Date,Time,Open,High,Low,Close\n" + rows("%D,first,1,2,1,2\n%D,second,1,2,1,2", iso), `Time: "second" is not a time of day like 09:30`, Mapping{}, ""},
	} {
		_, err := mappedLoad("prices.csv", c.text, Mapping{})
		require.ErrorContains(t, err, c.says, name)
		if c.want == "" {
			continue
		}
		s, err := mappedLoad("prices.csv", c.text, c.m)
		require.NoError(t, err, name)
		require.Equal(t, c.want, strings.SplitN(figures(s.Series()[0]), "\n", 2)[0], name)
	}
}

// A table of closes gives each of its symbols in an entry of its own.
func TestWideTableOfCloses(t *testing.T) {
	text := "Date,AAPL,MSFT\n" + rows("%D,%c,%o", dated(time.DateOnly))
	entry := func(symbol string) Input {
		return Input{FS: fstest.MapFS{"closes.csv": {Data: []byte(text)}}, Path: "closes.csv", Mapping: Mapping{Columns: map[string]string{"open": symbol, "high": symbol, "low": symbol, "close": symbol}}}
	}
	s, err := Load(context.Background(), []Input{entry("MSFT"), entry("AAPL")}, Options{Symbols: []string{"AAPL", "MSFT"}})
	require.NoError(t, err)
	require.Equal(t, []string{"AAPL", "MSFT"}, s.Symbols())
	require.Equal(t, "100.75", s.Series()[0].Close[0].String())
	require.Equal(t, "100", s.Series()[1].Close[0].String())
}

// Headers in the encodings of Windows in other countries are read as well.
func TestOtherEncodings(t *testing.T) {
	for name, c := range map[string]struct {
		encoding.Encoding
		header string
	}{
		"GB 18030":     {simplifiedchinese.GBK, "日期,开盘,最高,最低,收盘,成交量"},
		"Shift JIS":    {japanese.ShiftJIS, "日付,始値,高値,安値,終値,出来高"},
		"EUC-KR":       {korean.EUCKR, "일자,시가,고가,저가,종가,거래량"},
		"Windows-1251": {charmap.Windows1251, "Дата,Откр.,Макс.,Мин.,Цена,Объём"},
		"Windows-1254": {charmap.Windows1254, "Tarih,Açılış,Yüksek,Düşük,Şimdi,Hac."},
		"Windows-1252": {charmap.Windows1252, "Datum,Eröffnung,Hoch,Tief,Schluss,Stücke"},
	} {
		text, err := c.NewEncoder().String(c.header + "\n" + rows("%D,%o,%h,%l,%c,%v", dated(time.DateOnly)))
		require.NoError(t, err)
		s, err := mappedLoad("AAPL.csv", text, Mapping{})
		require.NoError(t, err, name)
		require.Equal(t, "100 101.25 99.5 100.75 1e+06", fmt.Sprint(s.Series()[0].Open[0], " ", s.Series()[0].High[0], " ", s.Series()[0].Low[0], " ", s.Series()[0].Close[0], " ", s.Series()[0].Volume[0]), name)
	}
}
