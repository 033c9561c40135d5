package history

import (
	"fmt"
	"strings"
	"time"
)

// moreWorldDailyExports are further ones.
func moreWorldDailyExports() map[string]string {
	iso, mdy, compact := dated(time.DateOnly), dated("01/02/2006"), dated("20060102")
	ms := func(t time.Time) string { return fmt.Sprint(t.UnixMilli()) }
	return map[string]string{
		"kite.csv":                 "date,open,high,low,close,volume\n" + rows("%D 00:00:00+05:30,%o,%h,%l,%c,%v", iso),
		"frankfurt_own.csv":        "symbol,timestamp,open,high,low,close,volume\n" + rows("AAPL,%DT00:00:00+01:00,%o,%h,%l,%c,%v", iso),
		"twse.json":                `{"stat":"OK","fields":["日期","成交股數","開盤價","最高價","最低價","收盤價"],"data":[` + joined(rows(`["%D","%v","%o","%h","%l","%c"]`, iso)) + `]}`,
		"naver.json":               "[" + joined(rows(`{"localDate":"%D","closePrice":%c,"openPrice":%o,"highPrice":%h,"lowPrice":%l,"accumulatedTradingVolume":%v}`, dated("20060102"))) + "]",
		"compustat.csv":            "gvkey,iid,datadate,tic,ajexdi,cshtrd,prccd,prchd,prcld,prcod\n" + rows("1690,01,%D,AAPL,1,%v,%c,%h,%l,%o", compact),
		"crsp.csv":                 "PERMNO,date,TICKER,BIDLO,ASKHI,PRC,VOL,RET,OPENPRC\n" + rows("14593,%D,AAPL,%l,%h,%c,%v,0.01,%o", iso),
		"crsp2.csv":                "PERMNO,date,TICKER,BIDLO,ASKHI,PRC,VOL,RET,OPENPRC\n" + rows("14593,%D,AAPL,%l,%h,%c,%v,0.01,%o", compact),
		"js.csv":                   "date,open,high,low,close,volume\n" + rows("%D 00:00:00 GMT-0500 (Eastern Standard Time),%o,%h,%l,%c,%v", dated("Mon Jan 02 2006")),
		"rfc1123.csv":              "date,open,high,low,close,volume\n" + rows(`"%D 00:00:00 GMT",%o,%h,%l,%c,%v`, dated("Mon, 02 Jan 2006")),
		"cme_long.csv":             "Trade Date,Open,High,Low,Settle,Volume,Prev. Day Open Interest\n" + rows("%D,%o,%h,%l,%c,%v,1000", iso),
		"quandl_fut.csv":           "Date,Open,High,Low,Last,Change,Settle,Volume,Previous Day Open Interest\n" + newestFirst(rows("%D,%o,%h,%l,%c,0.5,%c,%v,1000", iso)),
		"wiki_full.csv":            "ticker,date,open,high,low,close,volume,ex-dividend,split_ratio,adj_open,adj_high,adj_low,adj_close,adj_volume\n" + rows("AAPL,%D,%o,%h,%l,%c,%v,0.0,1.0,1,1,1,97.1,1", iso),
		"schwab_hist.csv":          "\"Symbol: AAPL as of 01/30/2024\"\n\n\"Date\",\"Open\",\"High\",\"Low\",\"Close\",\"Volume\"\n" + newestFirst(rows(`"%D","$%o","$%h","$%l","$%c","1,000,000"`, mdy)),
		"fidelity.csv":             "Date,Open,High,Low,Close,Volume\n" + newestFirst(rows(`%D,%o,%h,%l,%c,"1,000,000"`, mdy)) + "\n\"Date downloaded 01/30/2024 4:00 PM\"\n",
		"wsj_space.csv":            "Date, Open, High, Low, Close, Volume\n" + newestFirst(rows("%D, %o, %h, %l, %c, %v", dated("01/02/06"))),
		"csi.txt":                  rows("%D,%o,%h,%l,%c,%v,0", compact),
		"multicharts.txt":          "<Date>, <Time>, <Open>, <High>, <Low>, <Close>, <Volume>\n" + rows("%D, 00:00:00, %o, %h, %l, %c, %v", mdy),
		"amibroker_d.csv":          "<TICKER>,<NAME>,<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOLUME>\n" + rows("AAPL,Apple Inc,%D,%o,%h,%l,%c,%v", compact),
		"portfolio123.csv":         "\"Date\",\"Open\",\"High\",\"Low\",\"Close\",\"Volume\"\n" + newestFirst(rows(`"%D","%o","%h","%l","%c","%v"`, mdy)),
		"tv_ind.csv":               "time,open,high,low,close,Plot,Plot,Plot,Volume,Volume MA\n" + rows("%D,%o,%h,%l,%c,1,2,3,%v,9", func(t time.Time) string { return fmt.Sprint(t.Add(14*time.Hour + 30*time.Minute).Unix()) }),
		"tv_ind2.csv":              "time,open,high,low,close,Upper,Lower,Basis,MACD,Signal,RSI\n" + rows("%D,%o,%h,%l,%c,NaN,NaN,NaN,,,", iso),
		"marketwatch2.csv":         "Date,Open,High,Low,Close,Volume\n" + newestFirst(rows(`%D,"$%o","$%h","$%l","$%c","1,000,000"`, mdy)),
		"numbers_apple.csv":        "Date,Open,High,Low,Close,Volume\n" + rows("%D,%o,%h,%l,%c,%v", dated("2 Jan 2006")),
		"yahoo_es.csv":             "Fecha,Abrir,Máx.,Mín.,Cierre,Cierre ajus.,Volumen\n" + rows("%D,%o,%h,%l,%c,97.1,%v", iso),
		"yahoo_de_copy.tsv":        "Datum\tOffen\tHoch\tTief\tSchluss\tSchlusskurs angepasst\tVolumen\n" + newestFirst(commaRows("02.01.2006", "%D\t%o\t%h\t%l\t%c\t97,10\t1.000.000")),
		"yahoo_gains.tsv":          "Date\tOpen\tHigh\tLow\tClose\tAdj Close\tVolume\n" + newestFirst(strings.Replace(rows("%D\t%o\t%h\t%l\t%c\t97.1\t1,000,000", dated("Jan 2, 2006")), "Jan 9, 2024", "Jan 9, 2024\t4:1 Stock Splits\nJan 9, 2024\t1.5 Capital Gains\nJan 9, 2024", 1)),
		"degiro_like.csv":          "date;open;high;low;close\n" + commaRows("02-01-2006", "%D;%o;%h;%l;%c"),
		"kdb.csv":                  "date,sym,open,high,low,close,size\n" + rows("%D,AAPL,%o,%h,%l,%c,%v", dated("2006.01.02")),
		"iso_week.csv":             "date,open,high,low,close\n" + rows("%DT00:00:00.000-05:00,%o,%h,%l,%c", iso),
		"numbers_quoted_eu.csv":    "\"date\",\"open\",\"high\",\"low\",\"close\",\"volume\"\n" + commaRows("2006-01-02", `"%D","%o","%h","%l","%c","%v"`),
		"hdr_units.csv":            "Date,Open (USD),High (USD),Low (USD),Close (USD),Volume (shares)\n" + rows("%D,%o,%h,%l,%c,%v", iso),
		"hdr_units2.csv":           "Date,Open [USD],High [USD],Low [USD],Close [USD],Volume\n" + rows("%D,%o,%h,%l,%c,%v", iso),
		"sas.csv":                  "DATE,OPEN,HIGH,LOW,CLOSE,VOLUME\n" + rows("%D,%o,%h,%l,%c,%v", func(t time.Time) string { return strings.ToUpper(t.Format("02Jan2006")) }),
		"ms_fraction.csv":          "Date,Open,High,Low,Close,Volume\n" + rows("%D 00:00:00.0000000,%o,%h,%l,%c,%v", iso),
		"nyse_taq_d.psv":           "Date|Symbol|Open|High|Low|Close|Volume\n" + rows("%D|AAPL|%o|%h|%l|%c|%v", iso),
		"binance_vision_stock.csv": "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n" + rows("%D,%o,%h,%l,%c,%v,1,1,1,1,1,0", ms),
		"longfield.csv":            "date,symbol,field,value\n" + rows("%D,AAPL,open,%o\n%D,AAPL,high,%h\n%D,AAPL,low,%l\n%D,AAPL,close,%c\n%D,AAPL,volume,%v", iso),
		"dated_quoted.csv":         "Date,Open,High,Low,Close,Volume\n" + rows("\"%D\",%o,%h,%l,%c,%v", dated("Monday, January 2, 2006")),
		"space_aligned.txt":        "Date        Open    High    Low    Close   Volume\n" + rows("%D  %o  %h  %l  %c  %v", iso),
		"seeking.csv":              "Date,Open,High,Low,Close,Volume\n" + newestFirst(rows(`%D,$%o,$%h,$%l,$%c,1.00M`, dated("1/2/2006"))),
		"stockanalysis.csv":        "Date\tOpen\tHigh\tLow\tClose\tAdj. Close\tChange\tVolume\n" + newestFirst(rows("%D\t%o\t%h\t%l\t%c\t97.1\t-0.10%\t1,000,000", dated("Jan 2, 2006"))),
		"alpha_ts.json":            `{"AAPL":{"historical":[` + joined(rows(`{"date":"%D","open":%o,"high":%h,"low":%l,"close":%c,"volume":%v}`, iso)) + `]}}`,
		"tradier.json":             `{"history":{"day":[` + joined(rows(`{"date":"%D","open":%o,"high":%h,"low":%l,"close":%c,"volume":%v}`, iso)) + `]}}`,
		"intrinio.json":            `{"stock_prices":[` + joined(rows(`{"date":"%D","intraperiod":false,"frequency":"daily","open":%o,"high":%h,"low":%l,"close":%c,"volume":%v,"adj_open":1,"adj_high":1,"adj_low":1,"adj_close":97.1,"adj_volume":1}`, iso)) + `],"security":{"id":"sec","ticker":"AAPL"}}`,
		"tdameritrade.json":        `{"candles":[` + joined(rows(`{"open":%o,"high":%h,"low":%l,"close":%c,"volume":%v,"datetime":%D}`, func(t time.Time) string { return fmt.Sprint(t.Add(6 * time.Hour).UnixMilli()) })) + `],"symbol":"AAPL","empty":false}`,
		"bhav_bse.csv":             "SC_CODE,SC_NAME,SC_GROUP,SC_TYPE,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,NO_TRADES,NO_OF_SHRS,NET_TURNOV,TDCLOINDI,ISIN_CODE,TRADING_DATE\n" + rows("500325,AAPL,A,Q,%o,%h,%l,%c,%c,99,12,%v,1,,INE,%D", dated("02-Jan-06")),
		"hdf.tsv":                  "Symbol\tDate\tOpen\tHigh\tLow\tClose\tVolume\n" + rows("AAPL\t%D\t%o\t%h\t%l\t%c\t%v", dated("02-Jan-2006")),
		"upper_iso.csv":            "DATE,OPEN,HIGH,LOW,CLOSE,VOLUME,TICKER,PER\n" + rows("%D,%o,%h,%l,%c,%v,AAPL,D", iso),
		"vwd.csv":                  "Datum;Uhrzeit;Eröffnung;Hoch;Tief;Schluss;Volumen\n" + commaRows("02.01.2006", "%D;00:00;%o;%h;%l;%c;%v"),
		"comdirect.csv":            "Apple\n\"Datum\";\"Eröffnung\";\"Hoch\";\"Tief\";\"Schluss\";\"Volumen\"\n" + newestFirst(commaRows("02.01.2006", `"%D";"%o";"%h";"%l";"%c";"1.000.000,00"`)),
		"frankfurt.csv":            "Datum;Anfang;Hoch;Tief;Schluss;Umsatz Stück;Umsatz €\n" + newestFirst(commaRows("02.01.06", `%D;%o;%h;%l;%c;1.000.000;100.750.000`)),
		"onvista.csv":              "Datum;Eröffnung;Hoch;Tief;Schluss;Volumen\n" + newestFirst(commaRows("02.01.2006", `%D;%o;%h;%l;%c;1.000.000`)),
		"hkex.csv":                 "Date,Open,High,Low,Close,Volume,Turnover\n" + rows("%D,%o,%h,%l,%c,%v,1", dated("2006-1-2")),
		"sgx.txt":                  rows("%D;AAPL;%o;%h;%l;%c;%v", iso),
		"nocomma_date.csv":         "Date,Open,High,Low,Close,Volume\n" + rows("%D,%o,%h,%l,%c,%v", dated("2-Jan-2006")),
		"ninja_last.txt":           rows("%D;%o;%h;%l;%c;%v", compact),
		"realtest.csv":             "Symbol,Date,Open,High,Low,Close,Volume,Dividend,Split\n" + rows("AAPL,%D,%o,%h,%l,%c,%v,0,1", mdy),
		"zipline.csv":              "date,open,high,low,close,volume,dividend,split\n" + rows("%D,%o,%h,%l,%c,%v,0.0,1.0", iso),
		"backtrader.csv":           "Date,Open,High,Low,Close,Adj Close,Volume,OpenInterest\n" + rows("%D,%o,%h,%l,%c,97.1,%v,0", iso),
		"stooq_v.csv":              "Data,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen,LOP\n" + rows("%D,%o,%h,%l,%c,%v,0", iso),
		"gpw.csv":                  "Data,Nazwa,ISIN,Waluta,Kurs otwarcia,Kurs max,Kurs min,Kurs zamknięcia,Zmiana,Wolumen,Liczba Transakcji,Obrót\n" + rows("%D,AAPL,PL,PLN,%o,%h,%l,%c,1,%v,12,100", iso),
		"ksei.csv":                 "date,open_price,high,low,close,volume\n" + rows("%D,%o,%h,%l,%c,%v", iso),
		"bsi.csv":                  "Trade Date,Open Price,High Price,Low Price,Close Price,Volume\n" + rows("%D,%o,%h,%l,%c,%v", dated("1/2/2006")),
		"cboe2.csv":                "Trade Date,Futures,Open,High,Low,Close,Settle,Change,Total Volume,EFP,Open Interest\n" + rows("%D,F (Jan 2024),%o,%h,%l,%c,0,0,%v,0,0", iso),
	}
}
