package history

import (
	"fmt"
	"strings"
	"time"
)

// worldDailyExports are shapes of exports from other countries, statistics programs and
// vendors, with the daily bars.
func worldDailyExports() map[string]string {
	iso, dmy, compact := dated(time.DateOnly), dated("02/01/2006"), dated("20060102")
	ms := func(t time.Time) string { return fmt.Sprint(t.UnixMilli()) }
	inv := func(head string, date string) string {
		return head + "\n" + newestFirst(commaRows(date, `"%D","%c","%o","%h","%l","1,01M","0,50%"`))
	}
	return map[string]string{
		"inv_pl.csv":               inv(`"Data","Ostatnio","Otwarcie","Max.","Min.","Wol.","Zmiana%"`, "02.01.2006"),
		"inv_nl.csv":               inv(`"Datum","Laatste","Open","Hoog","Laag","Vol.","Verschil %"`, "02-01-2006"),
		"inv_ru.csv":               inv(`"Дата","Цена","Откр.","Макс.","Мин.","Объём","Изм. %"`, "02.01.2006"),
		"inv_tr.csv":               inv(`"Tarih","Şimdi","Açılış","Yüksek","Düşük","Hac.","Fark %"`, "02.01.2006"),
		"inv_jp.csv":               "\"日付け\",\"終値\",\"始値\",\"高値\",\"安値\",\"出来高\",\"変化率 %\"\n" + newestFirst(rows(`"%D","%c","%o","%h","%l","1.01M","0.50%"`, dated("2006年01月02日"))),
		"inv_kr.csv":               "\"날짜\",\"종가\",\"시가\",\"고가\",\"저가\",\"거래량\",\"변동 %\"\n" + newestFirst(rows(`"%D","%c","%o","%h","%l","1.01M","0.50%"`, dated("2006- 01- 02"))),
		"inv_se.csv":               inv(`"Datum","Senaste","Öppen","Högst","Lägst","Vol.","+/- %"`, "2006-01-02"),
		"inv_cn.csv":               "\"日期\",\"收盘\",\"开盘\",\"高\",\"低\",\"交易量\",\"涨跌幅\"\n" + newestFirst(rows(`"%D","%c","%o","%h","%l","1.01M","0.50%"`, iso)),
		"inv_in.csv":               "\"Date\",\"Price\",\"Open\",\"High\",\"Low\",\"Vol.\",\"Change %\"\n" + newestFirst(rows(`"%D","%c","%o","%h","%l","1.01M","0.50%"`, dated("02-01-2006"))),
		"inv_es2.csv":              inv(`"Fecha","Último","Apertura","Máximo","Mínimo","Vol.","% var."`, "02.01.2006"),
		"quantmod.csv":             "\"\",\"AAPL.Open\",\"AAPL.High\",\"AAPL.Low\",\"AAPL.Close\",\"AAPL.Volume\",\"AAPL.Adjusted\"\n" + rows(`"%D",%o,%h,%l,%c,%v,97.1`, iso),
		"zoo.txt":                  "\"Index\" \"AAPL.Open\" \"AAPL.High\" \"AAPL.Low\" \"AAPL.Close\" \"AAPL.Volume\" \"AAPL.Adjusted\"\n" + rows(`%D %o %h %l %c %v 97.1`, iso),
		"write_table.txt":          "\"date\" \"open\" \"high\" \"low\" \"close\" \"volume\"\n" + rows(`"1" "%D" %o %h %l %c %v`, iso),
		"r_rownames.csv":           "\"\",\"date\",\"open\",\"high\",\"low\",\"close\",\"volume\"\n" + rows(`"1",%D,%o,%h,%l,%c,%v`, iso),
		"tidyquant.csv":            "symbol,date,open,high,low,close,volume,adjusted\n" + rows(`AAPL,%D,%o,%h,%l,%c,%v,97.1`, iso),
		"yf_flat.csv":              "Date,Close_AAPL,High_AAPL,Low_AAPL,Open_AAPL,Volume_AAPL\n" + rows(`%D,%c,%h,%l,%o,%v`, iso),
		"yf_flat2.csv":             "Date,AAPL_Close,AAPL_High,AAPL_Low,AAPL_Open,AAPL_Volume\n" + rows(`%D,%c,%h,%l,%o,%v`, iso),
		"yf_tuple.csv":             "Date,\"('Close', 'AAPL')\",\"('High', 'AAPL')\",\"('Low', 'AAPL')\",\"('Open', 'AAPL')\",\"('Volume', 'AAPL')\"\n" + rows(`%D,%c,%h,%l,%o,%v`, iso),
		"yf_stack.csv":             "Date,Ticker,Adj Close,Close,High,Low,Open,Volume\n" + rows(`%D,AAPL,97.1,%c,%h,%l,%o,%v`, iso),
		"yf_actions.csv":           "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits,Capital Gains\n" + rows(`%D 00:00:00-05:00,%o,%h,%l,%c,%v,0.0,0.0,0.0`, iso),
		"ib_api.csv":               "date,open,high,low,close,volume,barCount,average\n" + rows(`%D,%o,%h,%l,%c,%v,55,100.3`, compact),
		"iex.json":                 "[" + joined(rows(`{"close":%c,"high":%h,"low":%l,"open":%o,"priceDate":"%D","symbol":"AAPL","volume":%v,"id":"HISTORICAL_PRICES","key":"AAPL","subkey":"","updated":1704240000000,"fclose":%c,"fhigh":%h,"flow":%l,"fopen":%o,"fvolume":%v,"uclose":%c,"uhigh":%h,"ulow":%l,"uopen":%o,"uvolume":%v}`, iso)) + "]",
		"iex2.csv":                 "date,open,high,low,close,volume,unadjustedVolume,change,changePercent,vwap,label,changeOverTime\n" + rows(`%D,%o,%h,%l,%c,%v,%v,0.5,0.5,100.2,"Jan 2, 24",0`, iso),
		"databento_enc.json":       databentoUnits(),
		"databento_pretty.json":    rows(`{"hd":{"ts_event":"%DT00:00:00.000000000Z","rtype":35,"publisher_id":2,"instrument_id":32},"open":"%o","high":"%h","low":"%l","close":"%c","volume":"%v","symbol":"AAPL"}`, iso),
		"udiff.csv":                "TradDt,BizDt,Sgmt,Src,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,XpryDt,FininstrmActlXpryDt,StrkPric,OptnTp,FinInstrmNm,OpnPric,HghPric,LwPric,ClsPric,LastPric,PrvsClsgPric,UndrlygPric,SttlmPric,OpnIntrst,ChngInOpnIntrst,TtlTradgVol,TtlTrfVal,TtlNbOfTxsExctd,SsnId,NewBrdLotQty,Rmks,Rsvd1,Rsvd2,Rsvd3,Rsvd4\n" + rows("%D,%D,CM,NSE,STK,1,INE,AAPL,EQ,,,,,APPLE,%o,%h,%l,%c,%c,99,,%c,,,%v,1,12,F1,1,,,,,", iso),
		"asx.txt":                  rows("AAPL,%D,%o,%h,%l,%c,%v", compact),
		"metastock.txt":            "<TICKER>,<PER>,<DTYYYYMMDD>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n" + rows("AAPL,D,%D,000000,%o,%h,%l,%c,%v,0", compact),
		"metastock7.txt":           rows("AAPL,D,%D,%o,%h,%l,%c,%v", compact),
		"metastock8.txt":           rows("AAPL,D,%D,%o,%h,%l,%c,%v,0", compact),
		"metastock10.txt":          rows("AAPL,D,%D,000000,%o,%h,%l,%c,%v,0", compact),
		"kabutan.csv":              "日付,始値,高値,安値,終値,前日比,前日比％,売買高(株)\n" + newestFirst(rows(`%D,%o,%h,%l,%c,+1,+0.5,"1,000,000"`, dated("2006/01/02"))),
		"profit.csv":               "Ativo;Data;Hora;Abertura;Máximo;Mínimo;Fechamento;Volume;Quantidade\n" + newestFirst(commaRows("02/01/2006", "AAPL;%D;00:00:00;%o;%h;%l;%c;100750000,00;%v")),
		"b3.csv":                   "Data;Abertura;Máxima;Mínima;Fechamento;Volume\n" + commaRows("02/01/2006", "%D;%o;%h;%l;%c;%v"),
		"ariva.csv":                "Datum;Erster;Hoch;Tief;Schlusskurs;Stuecke;Volumen\n" + newestFirst(commaRows("2006-01-02", "%D;%o;%h;%l;%c;1.000.000;100.750.000")),
		"boursorama.txt":           "date\touv\thaut\tbas\tclot\tvol\tdevise\n" + rows("%D 00:00\t%o\t%h\t%l\t%c\t%v\tUSD", dmy),
		"abcbourse.csv":            commaRows("02/01/06", "AAPL;%D;%o;%h;%l;%c;%v"),
		"swiss.csv":                "Datum;Eröffnung;Hoch;Tief;Schluss;Volumen\n" + rows("%D;%o;%h;%l;%c;1’000’000", dated("02.01.2006")),
		"french_excel.csv":         "Date;Ouverture;Plus haut;Plus bas;Clôture;Volume\n" + commaRows("02/01/2006", "%D;%o;%h;%l;%c;1\u202f000\u202f000"),
		"sep.csv":                  "sep=;\nDate;Open;High;Low;Close;Volume\n" + rows("%D;%o;%h;%l;%c;%v", iso),
		"nordic.csv":               "sep=;\nDate;Bid;Ask;Opening price;High price;Low price;Closing price;Average price;Total volume;Turnover;Trades;\n" + newestFirst(commaRows("2006-01-02", "%D;%l;%h;%o;%h;%l;%c;%c;%v;100750000,00;12;")),
		"moex.csv":                 "history\n\nBOARDID;TRADEDATE;SHORTNAME;SECID;NUMTRADES;VALUE;OPEN;LOW;HIGH;LEGALCLOSEPRICE;WAPRICE;CLOSE;VOLUME\n" + rows("TQBR;%D;Apple;AAPL;100;1000000;%o;%l;%h;%c;%c;%c;%v", iso),
		"moex_candles.csv":         "candles\n\nopen;close;high;low;value;volume;begin;end\n" + rows("%o;%c;%h;%l;1000;%v;%D 00:00:00;%D 23:59:59", iso),
		"finam.csv":                "<TICKER>;<PER>;<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>\n" + rows("AAPL;D;%D;000000;%o;%h;%l;%c;%v", compact),
		"finam_dmy.csv":            "<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>\n" + rows("%D;00:00;%o;%h;%l;%c;%v", dated("02/01/06")),
		"krx.csv":                  "일자,종가,대비,등락률,시가,고가,저가,거래량,거래대금,시가총액,상장주식수\n" + newestFirst(rows("%D,%c,1,0.5,%o,%h,%l,%v,100,1000,10000", dated("2006/01/02"))),
		"baostock.csv":             "date,code,open,high,low,close,preclose,volume,amount,adjustflag,turn,tradestatus,pctChg,isST\n" + rows("%D,AAPL,%o,%h,%l,%c,99,%v,1,3,0.1,1,0.5,0", iso),
		"efinance.csv":             "股票名称,股票代码,日期,开盘,收盘,最高,最低,成交量,成交额,振幅,涨跌幅,涨跌额,换手率\n" + rows("苹果,AAPL,%D,%o,%c,%h,%l,%v,1,1,1,1,1", iso),
		"tdx.txt":                  "600000 浦发银行 日线 不复权\n      日期\t    开盘\t    最高\t    最低\t    收盘\t    成交量\t    成交额\n" + rows("%D\t%o\t%h\t%l\t%c\t%v\t100.00", dated("2006/01/02")) + "数据来源:通达信\n",
		"records.json":             "[" + joined(rows(`{"Date":%D,"Open":%o,"High":%h,"Low":%l,"Close":%c,"Volume":%v}`, ms)) + "]",
		"split.json":               `{"columns":["Open","High","Low","Close","Volume"],"index":[` + joined(rows("%D", ms)) + `],"data":[` + joined(rows("[%o,%h,%l,%c,%v]", ms)) + `]}`,
		"index.json":               "{" + joined(rows(`"%D":{"Open":%o,"High":%h,"Low":%l,"Close":%c,"Volume":%v}`, ms)) + "}",
		"index_iso.json":           "{" + joined(rows(`"%DT00:00:00.000":{"Open":%o,"High":%h,"Low":%l,"Close":%c,"Volume":%v}`, iso)) + "}",
		"table.json":               `{"schema":{"fields":[{"name":"Date","type":"datetime"},{"name":"Open","type":"number"},{"name":"High","type":"number"},{"name":"Low","type":"number"},{"name":"Close","type":"number"},{"name":"Volume","type":"integer"}],"primaryKey":["Date"],"pandas_version":"1.4.0"},"data":[` + joined(rows(`{"Date":"%DT00:00:00.000","Open":%o,"High":%h,"Low":%l,"Close":%c,"Volume":%v}`, iso)) + `]}`,
		"values.json":              "[" + joined(rows(`[%D,%o,%h,%l,%c,%v]`, ms)) + "]",
		"rowcol.json":              columnsByRow(),
		"alphavantage_wrapped.csv": "timestamp,open,high,low,close,volume\n" + newestFirst(rows("%D,%o,%h,%l,%c,%v", iso)),
		"eodhd2.csv":               "Date,Open,High,Low,Close,Adjusted_close,Volume\n" + rows("%D,%o,%h,%l,%c,97.1,%v", iso) + "\n",
		"tiingo2.csv":              "date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor\n" + rows("%D 00:00:00+00:00,%c,%h,%l,%o,%v,97.1,1,1,1,1,0.0,1.0", iso),
		"oanda.json":               `{"instrument":"AAPL","granularity":"D","candles":[` + joined(rows(`{"complete":true,"volume":%v,"time":"%DT05:00:00.000000000Z","mid":{"o":"%o","h":"%h","l":"%l","c":"%c"}}`, iso)) + `]}`,
	}
}

// commaRows writes a row for each of the daily bars with decimal commas.
func commaRows(date, row string) string {
	days, price := dailyBars()
	var b strings.Builder
	c := func(f float64) string { return strings.ReplaceAll(fmt.Sprintf("%.2f", f), ".", ",") }
	for i, d := range days {
		p := price[i]
		b.WriteString(strings.NewReplacer("%D", d.Format(date), "%o", c(p[0]), "%h", c(p[1]), "%l", c(p[2]), "%c", c(p[3]), "%v", fmt.Sprint(1000000+1000*i)).Replace(row) + "\n")
	}
	return b.String()
}

// databentoUnits is Databento's JSON: the time in an object of its own, prices in units of a
// billionth.
func databentoUnits() string {
	var b strings.Builder
	days, price := dailyBars()
	for i, d := range days {
		p := price[i]
		fmt.Fprintf(&b, `{"hd":{"ts_event":"%d","rtype":35,"publisher_id":2,"instrument_id":32},"open":"%d","high":"%d","low":"%d","close":"%d","volume":"%d","symbol":"AAPL"}`+"\n", d.UnixNano(), int64(p[0]*1e9), int64(p[1]*1e9), int64(p[2]*1e9), int64(p[3]*1e9), 1000000+1000*i)
	}
	return b.String()
}

// columnsByRow is what DataFrame.to_json writes of a frame with a column of dates.
func columnsByRow() string {
	days, price := dailyBars()
	cells := make([][]string, 5)
	for i, d := range days {
		cells[0] = append(cells[0], fmt.Sprintf(`"%d":%d`, i, d.UnixMilli()))
		for k, p := range price[i] {
			cells[k+1] = append(cells[k+1], fmt.Sprintf(`"%d":%v`, i, p))
		}
	}
	var columns []string
	for k, name := range []string{"date", "open", "high", "low", "close"} {
		columns = append(columns, fmt.Sprintf("%q:{%s}", name, strings.Join(cells[k], ",")))
	}
	return "{" + strings.Join(columns, ",") + "}"
}
