package history

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// dailyBars are the bars of ../shared/cases/data/formats/00_native.csv.
func dailyBars() (days []time.Time, price [][4]float64) {
	for i, d := range []int{2, 3, 4, 5, 8, 9, 10, 11, 12, 16, 17, 18} {
		days = append(days, time.Date(2024, 1, d, 0, 0, 0, 0, time.UTC))
		o := 100 + float64(i)/2
		price = append(price, [4]float64{o, o + 1.25, o - 0.5, o + 0.75})
	}
	return days, price
}

// rows writes a row for each of the daily bars; %D and %o %h %l %c %v stand for what a
// bar has.
func rows(row string, date func(time.Time) string) string {
	var b strings.Builder
	days, price := dailyBars()
	for i, d := range days {
		p := price[i]
		r := strings.NewReplacer("%D", date(d), "%o", fmt.Sprint(p[0]), "%h", fmt.Sprint(p[1]), "%l", fmt.Sprint(p[2]), "%c", fmt.Sprint(p[3]), "%v", fmt.Sprint(1000000+1000*i))
		b.WriteString(r.Replace(row) + "\n")
	}
	return b.String()
}

// newestFirst turns lines around.
func newestFirst(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, j := 0, len(lines)-1; i < j; i, j = i+1, j-1 {
		lines[i], lines[j] = lines[j], lines[i]
	}
	return strings.Join(lines, "\n") + "\n"
}

func dated(layout string) func(time.Time) string {
	return func(t time.Time) string { return t.Format(layout) }
}

// dailyExports are shapes of public exports, each with the daily bars; the name of the
// file is that which the vendor gives it where it matters.
func dailyExports() map[string]string {
	comma := func(text string) string { return strings.ReplaceAll(text, ".", ",") }
	epoch := func(t time.Time) string { return fmt.Sprint(t.Add(5 * time.Hour).Unix()) }
	iso := dated(time.DateOnly)
	return map[string]string{
		"HistoricalData_1706000000000.csv": "Date,Close/Last,Volume,Open,High,Low\n" + newestFirst(rows("%D,$%c,%v,$%o,$%h,$%l", dated("01/02/2006"))),
		"AAPL.csv":                         "Date,Open,High,Low,Close*,Adj Close**,Volume\n" + newestFirst(rows(`"%D",%o,%h,%l,%c,97.1,"%v"`, dated("Jan 2, 2006"))),
		"google.csv":                       "Date,Open,High,Low,Close,Volume\n" + rows("%D 16:00:00,%o,%h,%l,%c,%v", dated("1/2/2006")),
		"NASDAQ_AAPL, 1D_1a2b3.csv":        "time,open,high,low,close,Volume,MA,Upper Band\n" + rows("%D,%o,%h,%l,%c,%v,,NaN", epoch),
		"AAPL_Daily_202401020000.csv":      "<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n" + rows("%D\t%o\t%h\t%l\t%c\t%v\t0\t1", dated("2006.01.02")),
		"AAPL.Last.txt":                    rows("%D;%o;%h;%l;%c;%v", dated("20060102")),
		"flex.csv":                         `"Symbol","Date/Time","Open","High","Low","Close","Volume"` + "\n" + strings.ReplaceAll(rows(`"AAPL","%D","%o","%h","%l","%c","%v"`, dated("20060102")), "", ""),
		"thinkorswim.csv":                  "Price history for AAPL\nExported: 1/30/24\n\nDate,Time,Open,High,Low,Close,Volume\n" + rows("%D,00:00:00,%o,%h,%l,%c,%v", dated("1/2/06")),
		"AAPL_tiingo.csv":                  "date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor\n" + rows("%D,%c,%h,%l,%o,%v,1,1,1,1,1,0.0,1.0", iso),
		"WIKI-AAPL.csv":                    "Date,Open,High,Low,Close,Volume,Ex-Dividend,Split Ratio,Adj. Open,Adj. High,Adj. Low,Adj. Close,Adj. Volume\n" + newestFirst(rows("%D,%o,%h,%l,%c,%v,0.0,1.0,1,1,1,1,1", iso)),
		"AAPL.US.csv":                      "Date,Open,High,Low,Close,Adjusted_close,Volume\n" + rows("%D,%o,%h,%l,%c,97.1,%v", iso) + "12 rows of AAPL, thank you\n",
		"AAPL_1day_firstratedata.txt":      rows("%D,%o,%h,%l,%c,%v", iso),
		"AAPL_kibot.txt":                   rows("%D,%o,%h,%l,%c,%v", dated("01/02/2006")),
		"AAPL Historische Daten.csv":       "\ufeff\"Datum\",\"Zuletzt\",\"Eröffn.\",\"Hoch\",\"Tief\",\"Vol.\",\"+/- %\"\n" + newestFirst(germanRows(comma)),
		"AAPL Données Historiques.csv":     "\"Date\",\"Dernier\",\"Ouv.\",\" Plus Haut\",\"Plus Bas\",\"Vol.\",\"Variation %\"\n" + newestFirst(strings.ReplaceAll(germanRows(comma), ".01.2024", "/01/2024")),
		"aapl.us.txt":                      "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n" + rows("AAPL.US,D,%D,000000,%o,%h,%l,%c,%v,0", dated("20060102")),
		"aapl_daily_historical-data.csv":   "Time,Open,High,Low,Latest,Change,%Change,Volume\n" + newestFirst(rows("%D,%o,%h,%l,%c,1.2,+1.1%,%v", dated("01/02/2006"))) + "\"Downloaded from Barchart.com as of 01-30-2024 03:18pm CST\"\n",
		"all_stocks_5yr.csv":               "date,open,high,low,close,volume,Name\n" + rows("%D,%o,%h,%l,%c,%v,AAPL", iso),
		"finrl.csv":                        ",date,open,high,low,close,volume,tic,day\n" + rows("0,%D,%o,%h,%l,%c,%v,AAPL,1", iso),
		"pandas_index.csv":                 ",Open,High,Low,Close,Volume\n" + rows("%D,%o,%h,%l,%c,%v", dated("2006-01-02 15:04:05")),
		"yfinance_one.csv":                 "Price,Close,High,Low,Open,Volume\nTicker,AAPL,AAPL,AAPL,AAPL,AAPL\nDate,,,,,\n" + rows("%D,%c,%h,%l,%o,%v", iso),
		"yfinance_two.csv":                 ",Close,Close,High,High,Low,Low,Open,Open,Volume,Volume\n,AAPL,MSFT,AAPL,MSFT,AAPL,MSFT,AAPL,MSFT,AAPL,MSFT\nDate,,,,,,,,,,\n" + rows("%D,%c,1,%h,1,%l,1,%o,1,%v,1", iso),
		"yfinance_by_ticker.csv":           "Ticker,AAPL,AAPL,AAPL,AAPL,AAPL\nPrice,Open,High,Low,Close,Volume\nDate,,,,,\n" + rows("%D,%o,%h,%l,%c,%v", iso),
		"excel.csv": "Datum;Eröffnungskurs;Tageshoch;Tagestief;Schlusskurs;Stücke\n" + comma(rows("%D;%o;%h;%l;%c;%v", func(t time.Time) string {
			return fmt.Sprint(int(t.Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)).Hours() / 24))
		})),
		"alphavantage.csv":  "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient\n" + newestFirst(rows("%D,%o,%h,%l,%c,97.1,%v,0.0000,1.0", iso)),
		"bloomberg.csv":     "Ticker,Date,PX_OPEN,PX_HIGH,PX_LOW,PX_LAST,PX_VOLUME\n" + rows("AAPL,%D,%o,%h,%l,%c,%v", dated("02-Jan-2006")),
		"old_google.csv":    "Date,Open,High,Low,Close,Volume\n" + newestFirst(rows("%D,%o,%h,%l,%c,%v", dated("2-Jan-06"))),
		"packed.csv.gz":     gzipped("Date|Open|High|Low|Close|Volume\n" + rows("%D|%o|%h|%l|%c|%v", iso)),
		"utf16.csv":         utf16("Date,Open,High,Low,Close,Volume\r\n" + strings.ReplaceAll(rows("%D,%o,%h,%l,%c,%v", iso), "\n", "\r\n")),
		"alpaca.json":       `{"bars":{"AAPL":[` + joined(rows(`{"t":"%DT05:00:00Z","o":%o,"h":%h,"l":%l,"c":%c,"v":%v,"n":5,"vw":100}`, iso)) + `]},"next_page_token":null}`,
		"polygon.json":      `{"ticker":"AAPL","queryCount":12,"results":[` + joined(rows(`{"v":%v,"vw":100.1,"o":%o,"c":%c,"h":%h,"l":%l,"t":%D000,"n":1}`, epoch)) + `],"status":"OK"}`,
		"alphavantage.json": `{"Meta Data":{"2. Symbol":"AAPL"},"Time Series (Daily)":{` + joined(newestFirst(rows(`"%D":{"1. open":"%o","2. high":"%h","3. low":"%l","4. close":"%c","5. volume":"%v"}`, iso))) + `}}`,
		"eodhd.json":        "[" + joined(rows(`{"date":"%D","open":%o,"high":%h,"low":%l,"close":%c,"adjusted_close":97.1,"volume":%v}`, iso)) + "]",
		"lines.jsonl":       rows(`{"symbol":"AAPL","date":"%D","open":%o,"high":%h,"low":%l,"close":%c,"volume":%v}`, iso),
		"polish.csv":        "Data,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen\n" + rows("%D,%o,%h,%l,%c,%v", iso),
	}
}

// hourRows writes a row for each of 60 hours of bitcoin.
func hourRows(row string, date func(time.Time) string) string {
	var b strings.Builder
	for i := range 60 {
		r := strings.NewReplacer("%D", date(time.Date(2024, 1, 1, i, 0, 0, 0, time.UTC)), "%E", date(time.Date(2024, 1, 1, i+1, 0, 0, 0, time.UTC)))
		b.WriteString(r.Replace(row) + "\n")
	}
	return b.String()
}

// hourlyExports are shapes of public exports, each with 60 hours of bitcoin.
func hourlyExports() map[string]string {
	seconds := func(t time.Time) string { return fmt.Sprint(t.Unix()) }
	micros := func(t time.Time) string { return fmt.Sprint(t.UnixMicro()) }
	return map[string]string{
		"coinbase.json":                  "[" + joined(newestFirst(hourRows("[%D,41900,42100,42000,42050,12.5]", seconds))) + "]",
		"coinbase.csv":                   newestFirst(hourRows("%D,41900,42100,42000,42050,12.5", seconds)),
		"bitfinex.json":                  "[" + joined(newestFirst(hourRows("[%D000,42000,42050,42100,41900,12.5]", seconds))) + "]",
		"BTCUSD-1h-2025-01.csv":          hourRows("%D,42000.0,42100.0,41900.0,42050.0,12.5,%E,525000,100,6,260000,0", micros),
		"klines.json":                    "[" + joined(hourRows(`[%D000,"42000.0","42100.0","41900.0","42050.0","12.5",%E000,"525000",100,"6","260000","0"]`, seconds)) + "]",
		"BTC_USD-1h.json":                "[" + joined(hourRows("[%D000,42000.0,42100.0,41900.0,42050.0,12.5]", seconds)) + "]",
		"kraken.json":                    `{"error":[],"result":{"BTC/USD":[` + joined(hourRows(`[%D,"42000.0","42100.0","41900.0","42050.0","42010.1","12.5",100]`, seconds)) + `],"last":1704279600}}`,
		"Bitstamp_BTCUSD_1h.csv":         "https://www.CryptoDataDownload.com\nunix,date,symbol,open,high,low,close,Volume BTC,Volume USD\n" + newestFirst(hourRows("%D,2024-01-01 00:00:00,BTC/USD,42000,42100,41900,42050,12.5,525000", seconds)),
		"bitstamp_kaggle.csv":            "Timestamp,Open,High,Low,Close,Volume_(BTC),Volume_(Currency),Weighted_Price\n1704063600,NaN,NaN,NaN,NaN,NaN,NaN,NaN\n" + hourRows("%D,42000,42100,41900,42050,12.5,525000,42010", seconds),
		"BTC.USD_Candlestick_1_Hour.csv": "Gmt time,Open,High,Low,Close,Volume\n" + hourRows("%D,42000,42100,41900,42050,12.5", dated("02.01.2006 15:04:05.000")),
		"dukascopy_local.csv":            "Local time,Open,High,Low,Close,Volume\n" + hourRows("%D GMT-0500,42000,42100,41900,42050,12.5", func(t time.Time) string { return t.Add(-5 * time.Hour).Format("02.01.2006 15:04:05.000") }),
		"BTCUSD_H1.csv":                  "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n" + hourRows("%D\t42000\t42100\t41900\t42050\t12.5\t0\t1", dated("2006.01.02\t15:04:05")),
		"BTCUSD60.csv":                   hourRows("%D,42000,42100,41900,42050,12.5", dated("2006.01.02,15:04")),
		"ccxt.csv":                       "timestamp,datetime,open,high,low,close,volume\n" + hourRows("%D000,2024,42000,42100,41900,42050,12.5", seconds),
		"coinapi.json":                   "[" + joined(hourRows(`{"time_period_start":"%D.0000000Z","time_period_end":"%E.0000000Z","price_open":42000,"price_high":42100,"price_low":41900,"price_close":42050,"volume_traded":12.5,"trades_count":3}`, dated("2006-01-02T15:04:05"))) + "]",
		"gemini.csv":                     "Time,Symbol,Open,High,Low,Close,Volume\n" + hourRows("%D,BTCUSD,42000,42100,41900,42050,12.5", dated("2006-01-02 15:04:05")),
		"finnhub.json":                   finnhub(seconds),
		"pandas.json":                    pandasColumns(),
		"ampm.csv":                       "Date;Time;Open;High;Low;Close;Volume\n" + hourRows("%D;42000,0;42100,0;41900,0;42050,0;12,5", dated("2006/01/02;3:04 PM")),
		"zoned.csv":                      "datetime,open,high,low,close,volume\n" + hourRows("%D,42000,42100,41900,42050,12.5", dated("2006-01-02T15:04Z07:00")),
		"messari.csv":                    "timestamp,open,high,low,close,volume\n" + hourRows("%D,4.2e4,4.21e4,4.19e4,4.205e4,12.5", dated("2006-01-02 15:04:05+00")),
	}
}

func finnhub(seconds func(time.Time) string) string {
	column := func(cell string) string { return "[" + joined(hourRows(cell, seconds)) + "]" }
	return `{"c":` + column("42050") + `,"h":` + column("42100") + `,"l":` + column("41900") + `,"o":` + column("42000") + `,"s":"ok","t":` + column("%D") + `,"v":` + column("12.5") + `}`
}

// pandasColumns is what DataFrame.to_json writes of a frame with an index of times.
func pandasColumns() string {
	column := func(cell string) string {
		return "{" + joined(hourRows(`"%D000":`+cell, func(t time.Time) string { return fmt.Sprint(t.Unix()) })) + "}"
	}
	return `{"open":` + column("42000.0") + `,"high":` + column("42100.0") + `,"low":` + column("41900.0") + `,"close":` + column("42050.0") + `,"volume":` + column("12.5") + `}`
}

func TestHourlyExports(t *testing.T) {
	var want strings.Builder
	for i := range 60 {
		fmt.Fprintln(&want, time.Date(2024, 1, 1, i, 0, 0, 0, time.UTC).Format(time.RFC3339), "42000 42100 41900 42050")
	}
	for file, text := range allOf(hourlyExports(), moreHourlyExports(), worldHourlyExports(), volumesOfMoney()) {
		t.Run(file, func(t *testing.T) {
			s, err := Load(context.Background(), []Input{{FS: fstest.MapFS{file: {Data: []byte(text)}}, Path: file}}, Options{Symbols: []string{"BTC-USD"}})
			require.NoError(t, err)
			require.Equal(t, want.String(), figures(s.Series()[0]))
			if v := s.Series()[0].Volume[0]; v != pitwall.NoVolume { // of coins, never of money
				require.InDelta(t, 12.5, v, 0)
			}
		})
	}
}

func joined(lines string) string {
	return strings.ReplaceAll(strings.TrimSuffix(lines, "\n"), "\n", ",")
}

func germanRows(comma func(string) string) string {
	days, price := dailyBars()
	var b strings.Builder
	for i, d := range days {
		p := price[i]
		fmt.Fprintf(&b, "%q,%q,%q,%q,%q,%q,%q\n", d.Format("02.01.2006"), comma(fmt.Sprintf("%.2f", p[3])), comma(fmt.Sprintf("%.2f", p[0])), comma(fmt.Sprintf("%.2f", p[1])), comma(fmt.Sprintf("%.2f", p[2])), "1,01M", "0,50%")
	}
	return b.String()
}

func utf16(text string) string {
	b := []byte{0xff, 0xfe}
	for _, r := range text {
		b = append(b, byte(r), byte(r>>8))
	}
	return string(b)
}

func TestDailyExports(t *testing.T) {
	native := "symbol,timestamp,open,high,low,close,volume\n" + rows("AAPL,%D,%o,%h,%l,%c,%v", dated(time.DateOnly))
	want := ""
	volumes := []float64{1000000, 1010000, 1006000, pitwall.NoVolume} // as rows are, rounded, or none
	read := func(file, text string) (string, error) {
		s, err := Load(context.Background(), []Input{{FS: fstest.MapFS{file: {Data: []byte(text)}}, Path: file}}, Options{Symbols: []string{"AAPL"}})
		if err != nil {
			return "", err
		}
		require.Contains(t, volumes, s.Series()[0].Volume[0], file)
		return figures(s.Series()[0]), nil
	}
	want, err := read("native.csv", native)
	require.NoError(t, err)
	require.Len(t, strings.Split(want, "\n"), 13)
	for file, text := range allOf(dailyExports(), moreDailyExports(), worldDailyExports(), moreWorldDailyExports(), editedDailyExports()) {
		t.Run(file, func(t *testing.T) {
			got, err := read(file, text)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}
