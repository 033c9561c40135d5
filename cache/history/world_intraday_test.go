package history

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
)

// worldHourlyExports are further shapes with the 60 hours of bitcoin.
func worldHourlyExports() map[string]string {
	s := func(t time.Time) string { return fmt.Sprint(t.Unix()) }
	sp := dated("2006-01-02 15:04:05")
	return map[string]string{
		"gate.csv":            "timestamp,volume,close,high,low,open\n" + hourRows("%D,12.5,42050,42100,41900,42000", s),
		"bitfinex.csv":        "MTS,OPEN,CLOSE,HIGH,LOW,VOLUME\n" + hourRows("%D000,42000,42050,42100,41900,12.5", s),
		"bitfinex_nohdr.csv":  newestFirst(hourRows("%D000,42000,42050,42100,41900,12.5", s)),
		"htx.json":            `{"ch":"market.btcusdt.kline.60min","status":"ok","ts":1629428196847,"data":[` + joined(newestFirst(hourRows(`{"id":%D,"open":42000,"close":42050,"low":41900,"high":42100,"amount":12.5,"vol":525000,"count":100}`, s))) + `]}`,
		"bitget.json":         `{"code":"00000","msg":"success","requestTime":1695865615662,"data":[` + joined(hourRows(`["%D000","42000","42100","41900","42050","12.5","525000","525000"]`, s)) + `]}`,
		"bitget7.json":        `{"code":"00000","msg":"success","requestTime":1695865615662,"data":[` + joined(hourRows(`["%D000","42000","42100","41900","42050","12.5","525000"]`, s)) + `]}`,
		"mexc.json":           "[" + joined(hourRows(`[%D000,"42000","42100","41900","42050","12.5",%E000,"525000"]`, s)) + "]",
		"binance_us.csv":      "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n" + hourRows("%D000000,42000,42100,41900,42050,12.5,%E000000,1,1,1,1,0", s),
		"binance_ms.csv":      hourRows("%D000,42000,42100,41900,42050,12.5,%E000,1,1,1,1,0", s),
		"python_binance.csv":  "Open time,Open,High,Low,Close,Volume,Close time,Quote asset volume,Number of trades,Taker buy base asset volume,Taker buy quote asset volume,Ignore\n" + hourRows("%D,42000,42100,41900,42050,12.5,%E,1,1,1,1,0", sp),
		"okx.csv":             "instrument_name,open,high,low,close,vol,vol_ccy,vol_quote,open_time,confirm\n" + hourRows("BTC-USD,42000,42100,41900,42050,12.5,12.5,525000,%D000,1", s),
		"bitstamp.csv":        "unix,date,symbol,open,high,low,close,Volume BTC,Volume USD\n" + newestFirst(hourRows("%D,2024-01-01 00:00:00,BTC/USD,42000,42100,41900,42050,12.5,525000", s)),
		"coingecko_ohlc.json": "[" + joined(hourRows("[%D000,42000,42100,41900,42050]", s)) + "]",
		"kraken_ohlcvt.csv":   hourRows("%D,42000,42100,41900,42050,12.5,100", s),
		"krakenhdr.csv":       "Timestamp,Open,High,Low,Close,Volume,Trades\n" + hourRows("%D,42000,42100,41900,42050,12.5,100", s),
		"kucoin.csv":          "Time,Open,Close,High,Low,Volume,Turnover\n" + hourRows("%D,42000,42050,42100,41900,12.5,525000", s),
		"bybit_pub.csv":       "start_at,symbol,period,open,high,low,close\n" + hourRows("%D,BTCUSD,60,42000,42100,41900,42050", s),
		"bybit_mt4.csv":       hourRows("%D,42000,42100,41900,42050,12.5", dated("2006.01.02 15:04")),
		"cbadv.json":          `{"candles":[` + joined(newestFirst(hourRows(`{"start":"%D","low":"41900","high":"42100","open":"42000","close":"42050","volume":"12.5"}`, s))) + `]}`,
		"cryptocom.json":      `{"id":-1,"method":"public/get-candlestick","code":0,"result":{"interval":"1h","data":[` + joined(hourRows(`{"o":"42000","h":"42100","l":"41900","c":"42050","v":"12.5","t":%D000}`, s)) + `],"instrument_name":"BTC_USD"}}`,
		"dydx.json":           `{"candles":[` + joined(newestFirst(hourRows(`{"startedAt":"%D.000Z","ticker":"BTC-USD","resolution":"1HOUR","low":"41900","high":"42100","open":"42000","close":"42050","baseTokenVolume":"12.5","usdVolume":"525000","trades":100,"startingOpenInterest":"1"}`, dated("2006-01-02T15:04:05")))) + `]}`,
		"poloniex.json":       "[" + joined(hourRows(`["41900","42100","42000","42050","525000","12.5","1","1",100,%D999,"42010","HOUR_1",%D000,%E000]`, s)) + "]",
		"poloniex_old.json":   "[" + joined(hourRows(`{"date":%D,"high":42100,"low":41900,"open":42000,"close":42050,"volume":525000,"quoteVolume":12.5,"weightedAverage":42010}`, s)) + "]",
		"kaiko.csv":           "timestamp,open,high,low,close,volume\n" + hourRows("%D000,42000,42100,41900,42050,12.5", s),
		"tardis.csv":          "exchange,symbol,timestamp,local_timestamp,open,high,low,close,volume\n" + hourRows("bitmex,BTCUSD,%D000000,%E000000,42000,42100,41900,42050,12.5", s),
		"bitmex.csv":          "timestamp,symbol,open,high,low,close,trades,volume,vwap\n" + hourRows("%D,BTCUSD,42000,42100,41900,42050,100,12.5,42010", dated("2006-01-02T15:04:05.000Z")),
		"coinapi.csv":         "time_period_start;time_period_end;time_open;time_close;price_open;price_high;price_low;price_close;volume_traded;trades_count\n" + hourRows("%D.0000000Z;%E.0000000Z;%D.1230000Z;%D.9990000Z;42000;42100;41900;42050;12.5;3", dated("2006-01-02T15:04:05")),
		"freqtrade.json":      "[" + joined(hourRows(`[%D000,42000,42100,41900,42050,12.5]`, s)) + "]",
		"jesse.csv":           "timestamp,open,close,high,low,volume\n" + hourRows("%D000,42000,42050,42100,41900,12.5", s),
		"jesse_nohdr.csv":     hourRows("%D000,42000,42050,42100,41900,12.5", s),
		"cdd_new.csv":         "https://www.CryptoDataDownload.com\nUnix,Date,Symbol,Open,High,Low,Close,Volume BTC,Volume USDT,tradecount\n" + newestFirst(hourRows("%D000,2024-01-01 00:00:00,BTC/USD,42000,42100,41900,42050,12.5,525000,100", s)),
		"cdd_ampm.csv":        "https://www.CryptoDataDownload.com\nDate,Symbol,Open,High,Low,Close,Volume BTC,Volume USD\n" + newestFirst(hourRows("%D,BTCUSD,42000,42100,41900,42050,12.5,525000", dated("2006-01-02 03-PM"))),
		"pd_tz.csv":           ",open,high,low,close,volume\n" + hourRows("%D+00:00,42000,42100,41900,42050,12.5", sp),
		"sci.csv":             "ts,o,h,l,c,v\n" + hourRows("%D,4.2e+04,4.21e+04,4.19e+04,4.205e+04,1.25e+01", s),
		"influx.csv":          "name,time,open,high,low,close,volume\n" + hourRows("BTCUSD,%D000000000,42000,42100,41900,42050,12.5", s),
		"ts_dash.csv":         "date,hour,open,high,low,close,volume\n" + hourRows("%D,42000,42100,41900,42050,12.5", dated("2006-01-02,15")),
		"ctrader.csv":         "DateTime;Open;High;Low;Close;Volume\n" + hourRows("%D;42000;42100;41900;42050;12.5", dated("02.01.2006 15:04:05.000")),
		"tsdb.csv":            "bucket,symbol,open,high,low,close,volume\n" + hourRows("%D+00,BTC/USD,42000,42100,41900,42050,12.5", sp),
		"aggr.csv":            "time,exchange,open,high,low,close,vbuy,vsell\n" + hourRows("%D,BINANCE:btcusd,42000,42100,41900,42050,6,6.5", s),
		"bitvavo.json":        "[" + joined(newestFirst(hourRows(`[%D000,"42000","42100","41900","42050","12.5"]`, s))) + "]",
		"luno.json":           `{"candles":[` + joined(hourRows(`{"timestamp":%D000,"open":"42000","close":"42050","high":"42100","low":"41900","volume":"12.5"}`, s)) + `],"duration":3600,"pair":"BTCUSD"}`,
		"twelve_crypto.csv":   "datetime;open;high;low;close\n" + newestFirst(hourRows("%D;42000;42100;41900;42050", sp)),
		"gem.json":            "[" + joined(newestFirst(hourRows(`[%D000,42000,42100,41900,42050,12.5]`, s))) + "]",
		"bhs.json":            `{"s":"ok","t":[` + joined(hourRows("%D", s)) + `],"c":[` + joined(hourRows("42050", s)) + `],"o":[` + joined(hourRows("42000", s)) + `],"h":[` + joined(hourRows("42100", s)) + `],"l":[` + joined(hourRows("41900", s)) + `],"v":[` + joined(hourRows("12.5", s)) + `]}`,
	}
}

// minuteRows writes a row for each of the first 60 minutes of a session; %E is the end of a
// bar.
func minuteRows(row string, date func(time.Time) string) string {
	var b strings.Builder
	for i := range 60 {
		at, o := time.Date(2024, 1, 2, 9, 30+i, 0, 0, newYork()), 100+float64(i)/4
		b.WriteString(strings.NewReplacer("%D", date(at), "%E", date(at.Add(time.Minute)), "%o", fmt.Sprint(o), "%h", fmt.Sprint(o+1), "%l", fmt.Sprint(o-1), "%c", fmt.Sprint(o+0.5), "%v", fmt.Sprint(5000+i)).Replace(row) + "\n")
	}
	return b.String()
}

// minuteFigures are the bars of minuteRows.
func minuteFigures() string {
	var b strings.Builder
	for i := range 60 {
		o := 100 + float64(i)/4
		fmt.Fprintln(&b, time.Date(2024, 1, 2, 14, 30+i, 0, 0, time.UTC).Format(time.RFC3339), o, o+1, o-1, o+0.5)
	}
	return b.String()
}

// minuteExports are shapes of public exports with those minutes.
func minuteExports() map[string]string {
	ib := dated("20060102  15:04:05")
	ninja := dated("20060102 150405")
	return map[string]string{
		"AAPL_full_1min_firstrate.txt": minuteRows("%D,%o,%h,%l,%c,%v", dated("2006-01-02 15:04:05")),
		"ib.csv":                       "date,open,high,low,close,volume,barCount,average\n" + minuteRows("%D,%o,%h,%l,%c,%v,10,100", ib),
		"ib_zone.csv":                  "date,open,high,low,close,volume,barCount,average\n" + minuteRows("%D US/Eastern,%o,%h,%l,%c,%v,10,100", dated("20060102 15:04:05")),
		"AAPL.Last.txt":                minuteRows("%D;%o;%h;%l;%c;%v", ninja),
		"polygon_flat.csv":             "ticker,volume,open,close,high,low,window_start,transactions\n" + minuteRows("AAPL,%v,%o,%c,%h,%l,%D,10", func(t time.Time) string { return fmt.Sprint(t.UnixNano()) }),
		"av_intraday.csv":              "timestamp,open,high,low,close,volume\n" + newestFirst(minuteRows("%D,%o,%h,%l,%c,%v", dated("2006-01-02 15:04:05"))),
		"av_intraday.json":             `{"Meta Data":{"1. Information":"Intraday (1min)","2. Symbol":"AAPL","6. Time Zone":"US/Eastern"},"Time Series (1min)":{` + joined(newestFirst(minuteRows(`"%D":{"1. open":"%o","2. high":"%h","3. low":"%l","4. close":"%c","5. volume":"%v"}`, dated("2006-01-02 15:04:05")))) + `}}`,
		"eodhd_intraday.csv":           "Timestamp,Gmtoffset,Datetime,Open,High,Low,Close,Volume\n" + minuteRows("%D,%o,%h,%l,%c,%v", func(t time.Time) string { return fmt.Sprint(t.Unix(), ",0,", t.UTC().Format("2006-01-02 15:04:05")) }),
		"mt5.csv":                      "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n" + minuteRows("%D\t%o\t%h\t%l\t%c\t%v\t0\t1", dated("2006.01.02\t15:04:05")),
		"twelve.csv":                   "datetime;open;high;low;close;volume\n" + newestFirst(minuteRows("%D;%o;%h;%l;%c;%v", dated("2006-01-02 15:04:05"))),
		"tv.csv":                       "time,open,high,low,close,Volume\n" + minuteRows("%D,%o,%h,%l,%c,%v", dated("2006-01-02T15:04:05Z07:00")),
		"yf_min.csv":                   "Datetime,Open,High,Low,Close,Adj Close,Volume\n" + minuteRows("%D,%o,%h,%l,%c,%c,%v", dated("2006-01-02 15:04:05-07:00")),
		"yf_min_multi.csv":             "Price,Close,High,Low,Open,Volume\nTicker,AAPL,AAPL,AAPL,AAPL,AAPL\nDatetime,,,,,\n" + minuteRows("%D,%c,%h,%l,%o,%v", func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05+00:00") }),
		"tiingo_iex.csv":               "date,open,high,low,close,volume\n" + minuteRows("%D,%o,%h,%l,%c,%v", func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }),
		"iex_intra.csv":                "date,minute,label,high,low,open,close,average,volume,notional,numberOfTrades\n" + minuteRows("%D,%h,%l,%o,%c,100,%v,1,10", func(t time.Time) string { return t.Format("2006-01-02,15:04,") + t.Format("03:04 PM") }),
		"excel_dt.csv": "Date;Open;High;Low;Close;Volume\n" + strings.ReplaceAll(minuteRows("%D;%o;%h;%l;%c;%v", func(t time.Time) string {
			_, off := t.Zone()
			return fmt.Sprintf("%.10f", t.Add(time.Duration(off)*time.Second).Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)).Hours()/24)
		}), ".", ","),
		"isoweird.csv": "Date,Open,High,Low,Close,Volume\n" + minuteRows("%D,%o,%h,%l,%c,%v", dated("2006-01-02T15:04:05-0700")),
		"mt_ascii.txt": minuteRows("AAPL,5,%D,%o,%h,%l,%c,%v,0", dated("20060102,150405")),
	}
}

func TestMinuteExports(t *testing.T) {
	for file, text := range allOf(minuteExports(), moreMinuteExports()) {
		t.Run(file, func(t *testing.T) {
			s, err := Load(context.Background(), []Input{{FS: fstest.MapFS{file: {Data: []byte(text)}}, Path: file}}, Options{Symbols: []string{"AAPL"}})
			require.NoError(t, err)
			require.Equal(t, minuteFigures(), figures(s.Series()[0]))
			require.InDelta(t, 5000, s.Series()[0].Volume[0], 0)
		})
	}
}
