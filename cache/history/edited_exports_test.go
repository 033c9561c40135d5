package history

import (
	"fmt"
	"strings"
	"time"
)

// editedDailyExports are files that people or programs touched since, with the daily bars.
func editedDailyExports() map[string]string {
	iso, mdy := dated(time.DateOnly), dated("01/02/2006")
	return map[string]string{
		"dash_volume.tsv":     "Date\tOpen\tHigh\tLow\tClose\tAdj Close\tVolume\n" + newestFirst(rows("%D\t%o\t%h\t%l\t%c\t%c\t-", dated("Jan 2, 2006"))),
		"alpaca_multi.csv":    "symbol,timestamp,open,high,low,close,volume,trade_count,vwap\n" + rows("AAPL,%D 05:00:00+00:00,%o,%h,%l,%c,%v,10,100.1", iso),
		"eod_ndl.csv":         "Date,Open,High,Low,Close,Volume,Dividend,Split,Adj_Open,Adj_High,Adj_Low,Adj_Close,Adj_Volume\n" + newestFirst(rows("%D,%o,%h,%l,%c,%v,0.0,1.0,1,1,1,97.1,1", iso)),
		"ycharts.csv":         "Date,Open,High,Low,Close,Volume,Split-Adjusted Close\n" + rows("%D,%o,%h,%l,%c,%v,%c", iso),
		"pct.csv":             "Date,Open,High,Low,Close,Change,Change %,Volume\n" + rows("%D,%o,%h,%l,%c,+0.5,+0.50%,\"1,000,000\"", mdy),
		"excel_us_time.csv":   "Date,Open,High,Low,Close,Volume\r\n" + strings.ReplaceAll(rows("%D 0:00,%o,%h,%l,%c,%v", dated("1/2/2006")), "\n", "\r\n"),
		"trailing_commas.csv": "Date,Open,High,Low,Close,Volume,,,\n" + rows("%D,%o,%h,%l,%c,%v,,,", iso) + ",,,,,,,,\n",
		"title.csv":           "Apple Inc. (AAPL),,,,,\nDaily prices,,,,,\n,,,,,\nDate,Open,High,Low,Close,Volume\n" + rows("%D,%o,%h,%l,%c,%v", iso),
		"source_foot.csv":     "Date,Open,High,Low,Close,Volume\n" + rows("%D,%o,%h,%l,%c,%v", iso) + "\nSource: Example Data Ltd.,,,,,\n",
		"curr2.csv":           "Date,Open,High,Low,Close,Volume\n" + rows("%D,%o €,%h €,%l €,%c €,%v", iso),
		"rupee.csv":           "Date,Open,High,Low,Close,Volume\n" + rows("%D,₹%o,₹%h,₹%l,₹%c,%v", iso),
		"underscored.csv":     "trade_date,open_price,high_price,low_price,close_price,total_volume\n" + rows("%D,%o,%h,%l,%c,%v", iso),
		"camel.csv":           "TradeDate,OpenPrice,HighPrice,LowPrice,ClosePrice,Volume\n" + rows("%D,%o,%h,%l,%c,%v", iso),
		"kr_naver.json":       "[" + joined(rows(`{"localDate":"%D","closePrice":%c,"openPrice":%o,"highPrice":%h,"lowPrice":%l,"accumulatedTradingVolume":%v,"foreignRetentionRate":50.1}`, dated("20060102"))) + "]",
		"cn_sina.json":        "[" + joined(rows(`{"day":"%D","open":"%o","high":"%h","low":"%l","close":"%c","volume":"%v"}`, iso)) + "]",
		"tw_mis.json":         `{"stat":"OK","fields":["日期","成交股數","開盤價","最高價","最低價","收盤價"],"data":[` + joined(rows(`["%D","%v","%o","%h","%l","%c"]`, iso)) + `]}`,
		"dictrows.json":       `{"columns":["date","open","high","low","close","volume"],"data":[` + joined(rows(`["%D",%o,%h,%l,%c,%v]`, iso)) + `]}`,
		"lightweight2.json":   "[" + joined(rows(`{"time":"%D","open":%o,"high":%h,"low":%l,"close":%c}`, iso)) + "]",
		"highcharts.json":     "[" + joined(rows(`[%D,%o,%h,%l,%c,%v]`, func(t time.Time) string { return fmt.Sprint(t.UnixMilli()) })) + "]",
		"moex.json":           `{"history":{"metadata":{},"columns":["BOARDID","TRADEDATE","SECID","OPEN","LOW","HIGH","CLOSE","VOLUME"],"data":[` + joined(rows(`["TQBR","%D","AAPL",%o,%l,%h,%c,%v]`, iso)) + `]}}`,
		"saxo.csv":            "Date;Time;Open;High;Low;Close;Volume\n" + commaRows("02-Jan-2006", "%D;00:00;%o;%h;%l;%c;%v"),
		"lse.csv":             "Date,Price,Open,High,Low,Volume\n" + rows("%D,%c,%o,%h,%l,%v", dated("02 January 2006")),
		"psx.csv":             "TIME,OPEN,HIGH,LOW,CLOSE,VOLUME\n" + rows(`"%D",%o,%h,%l,%c,"1,000,000"`, dated("Jan 02, 2006")),
		"semicolon_mdy.csv":   "Date;Open;High;Low;Close\n" + rows("%D;%o;%h;%l;%c", mdy),
		"spaces_after.csv":    "Date , Open , High , Low , Close , Volume \n" + rows("%D , %o , %h , %l , %c , %v ", iso),
		"plus.csv":            "Date,Open,High,Low,Close,Volume\n" + rows("%D,+%o,+%h,+%l,+%c,%v", iso),
		"sqlite_pipe.txt":     rows("%D|%o|%h|%l|%c|%v", iso),
	}
}

// volumesOfMoney are hours of bitcoin beside a volume of dollars.
func volumesOfMoney() map[string]string {
	s := func(t time.Time) string { return fmt.Sprint(t.Unix()) }
	sp := dated("2006-01-02 15:04:05")
	return map[string]string{
		"um.csv":              "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n" + hourRows("%D000,42000,42100,41900,42050,12.5,%E000,525000,1,1,1,0", s),
		"ccxt_df.csv":         ",timestamp,open,high,low,close,volume\n" + hourRows("0,%D000,42000,42100,41900,42050,12.5", s),
		"ccxt_df2.csv":        "datetime,timestamp,open,high,low,close,volume\n" + hourRows("%D,42000,42100,41900,42050,12.5", func(t time.Time) string { return t.Format("2006-01-02 15:04:05") + "," + fmt.Sprint(t.UnixMilli()) }),
		"both.csv":            "start_time,end_time,open,high,low,close,volume\n" + hourRows("%D,%E,42000,42100,41900,42050,12.5", sp),
		"bybit_v5.csv":        "startTime,openPrice,highPrice,lowPrice,closePrice,volume,turnover\n" + newestFirst(hourRows("%D000,42000,42100,41900,42050,12.5,525000", s)),
		"okx_hist.csv":        "instrument_name,open_time,open,high,low,close,vol,vol_ccy,vol_quote,confirm\n" + hourRows("BTC-USD,%D000,42000,42100,41900,42050,12.5,12.5,525000,1", s),
		"vol_quote_first.csv": "Date,Open,High,Low,Close,Volume USDT,Volume BTC\n" + hourRows("%D,42000,42100,41900,42050,525000,12.5", sp),
		"two_vol.csv":         "date,open,high,low,close,volumeto,volumefrom\n" + hourRows("%D,42000,42100,41900,42050,525000,12.5", sp),
		"amount_vol.csv":      "ts,open,high,low,close,amount,volume\n" + hourRows("%D,42000,42100,41900,42050,525000,12.5", s),
		"turnover.csv":        "ts,open,high,low,close,turnover,base_volume,quote_volume\n" + hourRows("%D,42000,42100,41900,42050,525000,12.5,525000", s),
	}
}

// moreMinuteExports are further shapes with the minutes of a session.
func moreMinuteExports() map[string]string {
	s := func(t time.Time) string { return fmt.Sprint(t.Unix()) }
	return map[string]string{
		"ninja_semicolon_hdr.csv": "Date;Open;High;Low;Close;Volume\n" + minuteRows("%D;%o;%h;%l;%c;%v", dated("20060102 150405")),
		"sierra.txt":              "Date, Time, Open, High, Low, Last, Volume, NumberOfTrades, BidVolume, AskVolume\n" + minuteRows("%D, %o, %h, %l, %c, %v, 1, 2, 3", dated("2006/1/2, 15:04:05.000000")),
		"offset_colonless.csv":    "time,open,high,low,close,volume\n" + minuteRows("%D,%o,%h,%l,%c,%v", dated("2006-01-02 15:04:05 -0700")),
		"et.csv":                  "time,open,high,low,close,volume\n" + minuteRows("%D EST,%o,%h,%l,%c,%v", dated("2006-01-02 15:04:05")),
		"epoch_s.csv":             "epoch,open,high,low,close,volume\n" + minuteRows("%D,%o,%h,%l,%c,%v", s),
		"unixms.csv":              "unix_ms,open,high,low,close,volume\n" + minuteRows("%D000,%o,%h,%l,%c,%v", s),
		"local_gmt.csv":           "Local time,Open,High,Low,Close,Volume\n" + minuteRows("%D GMT-0500,%o,%h,%l,%c,%v", dated("02.01.2006 15:04:05.000")),
	}
}
