package history

import (
	"fmt"
	"maps"
	"strings"
	"time"
)

// moreDailyExports are further shapes of public exports with the daily bars, most of them
// what vendors and exchanges answer as JSON or offer for download.
func moreDailyExports() map[string]string {
	iso := dated(time.DateOnly)
	us, dmy := dated("01/02/2006"), dated("02/01/2006")
	millis := func(t time.Time) string { return fmt.Sprint(t.Add(5 * time.Hour).UnixMilli()) }
	nanos := func(t time.Time) string { return fmt.Sprint(t.UnixNano()) }
	fixed := func(row string) string { // prices in units of 1e-9
		var b strings.Builder
		days, price := dailyBars()
		for i, d := range days {
			p := price[i]
			fmt.Fprintf(&b, row+"\n", nanos(d), int64(p[0]*1e9), int64(p[1]*1e9), int64(p[2]*1e9), int64(p[3]*1e9))
		}
		return b.String()
	}
	return map[string]string{
		"AAPL Historical Data.csv": "\ufeff\"Date\",\"Price\",\"Open\",\"High\",\"Low\",\"Vol.\",\"Change %\"\n" + newestFirst(rows(`"%D","%c","%o","%h","%l","1.01M","0.50%"`, us)),
		"yahoo_copied.tsv": "Date\tOpen\tHigh\tLow\tClose Close price adjusted for splits.\tAdj Close Adjusted close price adjusted for splits and dividend and/or capital gain distributions.\tVolume\n" +
			newestFirst(strings.Replace(rows("%D\t%o\t%h\t%l\t%c\t97.1\t1,000,000", dated("Jan 2, 2006")), "Jan 9, 2024", "Jan 9, 2024\t0.24 Dividend\nJan 9, 2024", 1)),
		"tiingo.json":           "[" + joined(rows(`{"date":"%DT00:00:00.000Z","close":%c,"high":%h,"low":%l,"open":%o,"volume":%v,"adjClose":97.1,"adjHigh":1,"adjLow":1,"adjOpen":1,"adjVolume":1,"divCash":0.0,"splitFactor":1.0}`, iso)) + "]",
		"alphavantage_adj.json": `{"Meta Data":{"1. Information":"Daily","2. Symbol":"AAPL"},"Time Series (Daily)":{` + joined(newestFirst(rows(`"%D":{"1. open":"%o","2. high":"%h","3. low":"%l","4. close":"%c","5. adjusted close":"97.1","6. volume":"%v","7. dividend amount":"0.0000","8. split coefficient":"1.0"}`, iso))) + `}}`,
		"sharadar.csv":          "ticker,date,open,high,low,close,volume,closeadj,closeunadj,lastupdated\n" + rows("AAPL,%D,%o,%h,%l,%c,%v,97.1,%c,2024-02-01", iso),
		"iqfeed.csv":            newestFirst(rows("%D 00:00:00,%h,%l,%o,%c,%v,0", iso)),
		"bloomberg_excel.csv":   "Security,AAPL US Equity\nStart Date,1/2/2024 0:00\nEnd Date,1/18/2024 0:00\nPeriod,D\nCurrency,USD\n\nDate,PX_OPEN,PX_HIGH,PX_LOW,PX_LAST,PX_VOLUME\n" + newestFirst(rows("%D,%o,%h,%l,%c,%v", dated("1/2/2006"))),
		"eikon.csv":             "Exchange Date,Close,Net,%Chg,Open,Low,High,Volume,Turnover - USD\n" + newestFirst(rows(`%D,%c,0.5,+0.50%,%o,%l,%h,"1,000,000","100,750,000"`, dated("02-Jan-2006"))),
		"cboe_index.csv":        "DATE,OPEN,HIGH,LOW,CLOSE\n" + rows("%D,%o,%h,%l,%c", us),
		"HistoricalPrices.csv":  "Date, Open, High, Low, Close, Volume\n" + newestFirst(rows("%D, %o, %h, %l, %c, %v", dated("01/02/06"))),
		"marketwatch.csv":       "Date,Open,High,Low,Close,Volume\n" + newestFirst(rows(`%D,"%o","%h","%l","%c","1,000,000"`, us)),
		"macrotrends.csv":       "Macrotrends Data Download\n\nAAPL - Historical Price and Volume Data\nHistorical prices are adjusted for splits and dividends\nDisclaimer: This file is provided without warranty of any kind\n\n\n\n\ndate,open,high,low,close,volume\n" + rows("%D,%o,%h,%l,%c,%v", iso),
		"nse.csv":               "\ufeff\"Date \",\"series \",\"OPEN \",\"HIGH \",\"LOW \",\"PREV. CLOSE \",\"ltp \",\"close \",\"vwap \",\"52W H\",\"52W L \",\"VOLUME \",\"VALUE \",\"No of trades \"\n" + newestFirst(rows(`"%D","EQ","%o","%h","%l","99.00","100.10","%c","100.2","199.9","50.0","10,00,000","10,07,50,000.00","1,234"`, dated("02-Jan-2006"))),
		"bse.csv":               "Date,Open Price,High Price,Low Price,Close Price,WAP,No.of Shares,No. of Trades,Total Turnover (Rs.),Deliverable Quantity,% Deli. Qty to Traded Qty,Spread High-Low,Spread Close-Open,\n" + newestFirst(rows("%D,%o,%h,%l,%c,100.2,%v,120,100750000,1,1,1.75,0.75,", dated("2-January-2006"))),
		"bhavcopy.csv":          "SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,TOTALTRADES,ISIN,\n" + rows("AAPL,EQ,%o,%h,%l,%c,100,99,%v,1,%D,12,X,", func(t time.Time) string { return strings.ToUpper(t.Format("02-Jan-2006")) }),
		"euronext.csv":          "\ufeff\"Historical Data\"\n\"From 2024-01-02 to 2024-01-18\"\nUS0378331005\nDate;Open;High;Low;Last;Close;\"Number of Shares\";\"Number of Trades\";Turnover;vwap\n" + newestFirst(rows("%D;%o;%h;%l;%c;%c;%v;12;100750000;100.2", dmy)),
		"yahoo_japan.csv":       "日付,始値,高値,安値,終値,出来高,調整後終値\n" + newestFirst(rows(`%D,%o,%h,%l,%c,"1,000,000",97.1`, dated("2006年1月2日"))),
		"akshare.csv":           "日期,开盘,收盘,最高,最低,成交量,成交额,振幅,涨跌幅,涨跌额,换手率\n" + rows("%D,%o,%c,%h,%l,%v,100750000,1.7,0.5,0.5,0.1", iso),
		"tushare.csv":           "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount\n" + newestFirst(rows("AAPL,%D,%o,%h,%l,%c,99,1,1,%v,100", dated("20060102"))),
		"databento.csv":         "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol\n" + fixed("%s,35,2,32,%d,%d,%d,%d,1000000,AAPL"),
		"databento_pretty.csv":  "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol\n" + rows("%DT00:00:00.000000000Z,35,2,32,%o,%h,%l,%c,%v,AAPL", iso),
		"sierra.txt":            "Date, Time, Open, High, Low, Last, Volume, NumberOfTrades, BidVolume, AskVolume\n" + rows("%D, 00:00:00.000000, %o, %h, %l, %c, %v, 12, 1, 2", dated("2006/1/2")),
		"tradestation.txt":      "\"Date\",\"Time\",\"Open\",\"High\",\"Low\",\"Close\",\"Vol\",\"OI\"\n" + rows("%D,1600,%o,%h,%l,%c,%v,0", us),
		"amibroker.csv":         "Ticker,Date/Time,Open,High,Low,Close,Volume\n" + rows("AAPL,%D,%o,%h,%l,%c,%v", iso),
		"norgate.csv":           "Date,Open,High,Low,Close,Volume,Turnover,Unadjusted Close,Dividend\n" + rows("%D,%o,%h,%l,%c,%v,1,%c,0.0", dated("20060102")),
		"simfin.csv":            "Ticker;SimFinId;Date;Open;High;Low;Close;Adj. Close;Volume;Dividend;Shares Outstanding\n" + rows("AAPL;111052;%D;%o;%h;%l;%c;97.1;%v;;15000000", iso),
		"marketstack.json":      `{"pagination":{"limit":100,"count":12},"data":[` + joined(newestFirst(rows(`{"open":%o,"high":%h,"low":%l,"close":%c,"volume":%v,"adj_high":1,"adj_low":1,"adj_close":97.1,"adj_open":1,"split_factor":1.0,"dividend":0.0,"symbol":"AAPL","exchange":"XNAS","date":"%DT00:00:00+0000"}`, iso))) + `]}`,
		"twelvedata.json":       `{"meta":{"symbol":"AAPL","interval":"1day","currency":"USD"},"values":[` + joined(newestFirst(rows(`{"datetime":"%D","open":"%o","high":"%h","low":"%l","close":"%c","volume":"%v"}`, iso))) + `],"status":"ok"}`,
		"twelvedata.csv":        "datetime;open;high;low;close;volume\n" + newestFirst(rows("%D;%o;%h;%l;%c;%v", iso)),
		"fmp.json":              `{"symbol":"AAPL","historical":[` + joined(newestFirst(rows(`{"date":"%D","open":%o,"high":%h,"low":%l,"close":%c,"adjClose":97.1,"volume":%v,"unadjustedVolume":1,"change":0.5,"changePercent":0.5,"vwap":100.2,"label":"January 02, 24","changeOverTime":0.005}`, iso))) + `]}`,
		"quandl.json":           `{"dataset":{"dataset_code":"AAPL","column_names":["Date","Open","High","Low","Close","Volume"],"frequency":"daily","data":[` + joined(newestFirst(rows(`["%D",%o,%h,%l,%c,%v]`, iso))) + `]}}`,
		"datatable.json":        `{"datatable":{"data":[` + joined(rows(`["AAPL","%D",%o,%h,%l,%c,%v]`, iso)) + `],"columns":[{"name":"ticker","type":"String"},{"name":"date","type":"Date"},{"name":"open","type":"double"},{"name":"high","type":"double"},{"name":"low","type":"double"},{"name":"close","type":"double"},{"name":"volume","type":"double"}]},"meta":{"next_cursor_id":null}}`,
		"schwab.json":           `{"candles":[` + joined(rows(`{"open":%o,"high":%h,"low":%l,"close":%c,"volume":%v,"datetime":%D}`, millis)) + `],"symbol":"AAPL","empty":false}`,
		"ib_insync.csv":         ",date,open,high,low,close,volume,average,barCount\n" + rows("0,%D,%o,%h,%l,%c,%v,100.2,120", iso),
		"robinhood.json":        `{"quote":"https://x","symbol":"AAPL","interval":"day","historicals":[` + joined(rows(`{"begins_at":"%DT00:00:00Z","open_price":"%o","close_price":"%c","high_price":"%h","low_price":"%l","volume":%v,"session":"reg","interpolated":false}`, iso)) + `]}`,
		"nasdaq_api.json":       `{"data":{"symbol":"AAPL","totalRecords":12,"tradesTable":{"asOf":null,"headers":{"date":"Date","close":"Close/Last","volume":"Volume","open":"Open","high":"High","low":"Low"},"rows":[` + joined(newestFirst(rows(`{"date":"%D","close":"$%c","volume":"1,000,000","open":"$%o","high":"$%h","low":"$%l"}`, us))) + `]}},"message":null,"status":{"rCode":200}}`,
		"ishares_like.csv":      "Fund Holdings as of,\"Jan 18, 2024\"\n \nDate;Open;High;Low;Close\n" + rows("%D;%o;%h;%l;%c", iso),
		"spreadsheet_names.csv": "Ticker Symbol,Trading Day,Opening,Highest,Lowest,Closing,Trading Volume\n" + rows("AAPL,%D,%o,%h,%l,%c,%v", iso),
		"spanish_investing.csv": "\"Fecha\",\"Último\",\"Apertura\",\"Máximo\",\"Mínimo\",\"Vol.\",\"% var.\"\n" + newestFirst(germanRows(func(s string) string { return strings.ReplaceAll(s, ".", ",") })),
		"italian_investing.csv": "\"Data\",\"Ultimo\",\"Apertura\",\"Massimo\",\"Minimo\",\"Vol.\",\"Var. %\"\n" + newestFirst(germanRows(func(s string) string { return strings.ReplaceAll(s, ".", ",") })),
		"portuguese_invest.csv": "\"Data\",\"Último\",\"Abertura\",\"Máxima\",\"Mínima\",\"Vol.\",\"Var%\"\n" + newestFirst(germanRows(func(s string) string { return strings.ReplaceAll(s, ".", ",") })),
	}
}

// moreHourlyExports are further shapes with the 60 hours of bitcoin.
func moreHourlyExports() map[string]string {
	seconds := func(t time.Time) string { return fmt.Sprint(t.Unix()) }
	iso := dated("2006-01-02T15:04:05Z")
	column := func(cell string) string { return "[" + joined(hourRows(cell, seconds)) + "]" }
	return map[string]string{
		"bybit.json":         `{"retCode":0,"retMsg":"OK","result":{"symbol":"BTC-USD","category":"linear","list":[` + joined(newestFirst(hourRows(`["%D000","42000","42100","41900","42050","12.5","525000"]`, seconds))) + `]},"retExtInfo":{},"time":1}`,
		"okx.json":           `{"code":"0","msg":"","data":[` + joined(newestFirst(hourRows(`["%D000","42000","42100","41900","42050","12.5","12.5","525000","1"]`, seconds))) + `]}`,
		"deribit.json":       `{"jsonrpc":"2.0","result":{"volume":` + column("12.5") + `,"ticks":` + column("%D000") + `,"status":"ok","open":` + column("42000") + `,"low":` + column("41900") + `,"high":` + column("42100") + `,"cost":` + column("525000") + `,"close":` + column("42050") + `},"usIn":1,"testnet":false}`,
		"bitstamp.json":      `{"data":{"pair":"BTC/USD","ohlc":[` + joined(hourRows(`{"timestamp":"%D","open":"42000","high":"42100","low":"41900","close":"42050","volume":"12.5"}`, seconds)) + `]}}`,
		"kucoin.json":        `{"code":"200000","data":[` + joined(newestFirst(hourRows(`["%D","42000","42050","42100","41900","12.5","525000"]`, seconds))) + `]}`,
		"gate.json":          "[" + joined(hourRows(`["%D","525000","42050","42100","41900","42000","12.5","true"]`, seconds)) + "]",
		"hyperliquid.json":   "[" + joined(hourRows(`{"t":%D000,"T":%E000,"s":"BTC-USD","i":"1h","o":"42000","c":"42050","h":"42100","l":"41900","v":"12.5","n":100}`, seconds)) + "]",
		"upbit.json":         "[" + joined(newestFirst(hourRows(`{"market":"USD-BTC","candle_date_time_utc":"%D","opening_price":42000,"high_price":42100,"low_price":41900,"trade_price":42050,"timestamp":1704063999999,"candle_acc_trade_price":525000,"candle_acc_trade_volume":12.5,"unit":60}`, dated("2006-01-02T15:04:05")))) + "]",
		"cryptocompare.json": `{"Response":"Success","Data":{"Aggregated":false,"Data":[` + joined(hourRows(`{"time":%D,"high":42100,"low":41900,"open":42000,"volumefrom":12.5,"volumeto":525000,"close":42050,"conversionType":"direct"}`, seconds)) + `]}}`,
		"coinmarketcap.csv":  "timeOpen;timeClose;timeHigh;timeLow;open;high;low;close;volume;marketCap;timestamp\n" + newestFirst(hourRows(`"%D";"%E";"%D";"%D";42000;42100;41900;42050;12.5;1;"%E"`, iso)),
		"databento_hour.csv": "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol\n" + hourRows("%D000000000,34,2,32,42000000000000,42100000000000,41900000000000,42050000000000,12.5,BTC-USD", seconds),
		"zone_names.csv":     "date,open,high,low,close,volume\n" + hourRows("%D Etc/UTC,42000,42100,41900,42050,12.5", dated("20060102 15:04:05")),
		"short_clock.csv": "Date,Time,Open,High,Low,Close,Volume\n" + hourRows("%D,42000,42100,41900,42050,12.5", func(t time.Time) string {
			return t.Format("2006-01-02,") + fmt.Sprint(100*t.Hour()+t.Minute())
		}),
	}
}

// allOf joins tables of exports.
func allOf(tables ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, t := range tables {
		maps.Copy(all, t)
	}
	return all
}
