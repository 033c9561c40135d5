package layout_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/cache/layout"
)

// exports are the shapes that brokers' exports of fills have, with the rows that they
// hold; what is left out stands behind them.
var exports = map[string]struct{ file, rows, leftOut string }{
	"a run's": {"timestamp,symbol,side,qty,price,fee,book,turn,order,reason,confidence,utc\n2013-10-04T09:30:00-04:00,AAPL,buy,1416,69.15741743,97.92690308,main,21,o-103,\"above, and more\",,2013-10-04T13:30:00Z\n",
		"2013-10-04T13:30:00Z AAPL buy 1416 69.15741743 97.92690308", ""},
	"Interactive Brokers, Flex": {`"ClientAccountID","CurrencyPrimary","AssetClass","Symbol","Description","TradeID","TradeDate","DateTime","Quantity","TradePrice","Proceeds","IBCommission","Buy/Sell","LevelOfDetail"
"U1","USD","STK","AAPL","APPLE INC","","20240102","20240102;093005","300","185.5","-55650","-1.5","BUY","ORDER"
"U1","USD","STK","AAPL","APPLE INC","71","20240102","20240102;093005","100","185.5","-18550","-0.5","BUY","EXECUTION"
"U1","USD","STK","AAPL","APPLE INC","72","20240102","20240102;093006","200","185.5","-37100","-1","BUY","EXECUTION"
"U1","USD","STK","AAPL","APPLE INC","73","20240103","20240103;155930","-300","184.2","55260","-1.5","SELL","EXECUTION"
"U1","USD","OPT","AAPL  240119C00190000","AAPL 19JAN24 190 C","74","20240103","20240103;155931","1","2.1","-210","-1","BUY","EXECUTION"
`, "2024-01-02 09:30:05 AAPL buy 100 185.5 -0.5|2024-01-02 09:30:06 AAPL buy 200 185.5 -1|2024-01-03 15:59:30 AAPL sell 300 184.2 -1.5", "1 row with a sum of others, 1 row about an option"},
	"Interactive Brokers, Flex, dates": {"TradeDate,TradeTime,Symbol,Quantity,TradePrice,IBCommission\n20240102,093005,AAPL,100,185.5,-1\n20240102,100000,AAPL,-40,186,-1\n", "2024-01-02 09:30:05 AAPL buy 100 185.5 -1|2024-01-02 10:00:00 AAPL sell 40 186 -1", ""},
	"Interactive Brokers, statement": {"\ufeffStatement,Header,Field Name,Field Value\nStatement,Data,Title,Activity Statement\n" + strings.Repeat("Net Asset Value,Data,Stock,1,2,3,4\n", 60) +
		`Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,C. Price,Proceeds,Comm/Fee,Basis,Realized P/L,MTM P/L,Code
Trades,Data,Order,Stocks,USD,AAPL,"2024-01-02, 09:30:05","1,000",185.5,185.64,-185500,-5,185505,0,140,O
Trades,Data,Order,Stocks,USD,AAPL,"2024-01-03, 15:59:30",-400,184.2,184.25,73680,-2,-74202,-524,-20,C
Trades,SubTotal,,Stocks,USD,AAPL,,600,,,-111820,-7,111303,-524,120,
Trades,Total,,Stocks,USD,,,,,,-111820,-7,111303,-524,120,
Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,,Proceeds,Comm in USD,,,MTM in USD,Code
Trades,Data,Order,Forex,USD,EUR.USD,"2024-01-03, 10:00:00","1,000",1.1,,-1100,-2,,,0.1,
Fees,Header,Subtitle,Currency,Date,Description,Amount
`, "2024-01-02 09:30:05 AAPL buy 1000 185.5 -5|2024-01-03 15:59:30 AAPL sell 400 184.2 -2", "62 lines before the header, 1 row of trades with other columns"},
	"Alpaca, activities": {`[{"id":"2024::1","activity_type":"FILL","transaction_time":"2024-01-02T14:30:05.123Z","type":"partial_fill","price":"185.5","qty":"40","side":"buy","symbol":"AAPL","leaves_qty":"60","cum_qty":"40","order_id":"a"},
{"id":"2024::2","activity_type":"FILL","transaction_time":"2024-01-03T20:59:30Z","type":"fill","price":"184.2","qty":"40","side":"sell_short","symbol":"AAPL","leaves_qty":"0","cum_qty":"40","order_id":"b"},
{"id":"2024::3","activity_type":"DIV","date":"2024-01-04","net_amount":"1.02","symbol":"AAPL","qty":"4"}]`,
		"2024-01-02T14:30:05.123Z AAPL buy 40 185.5 |2024-01-03T20:59:30Z AAPL sell 40 184.2 ", "1 row that is no trade ()"},
	"numeric symbols": {"timestamp,symbol,side,qty,price,status\n2024-01-02T14:30:01Z,005930,buy,100,70000,filled\n2024-01-02T14:31:00Z,005930,sell,50,70100,canceled\n2024-01-02T14:32:00Z,0005.HK,buy,500,60,filled\n",
		"2024-01-02T14:30:01Z 005930 buy 100 70000 |2024-01-02T14:32:00Z 0005.HK buy 500 60 ", "1 order that is canceled"},
	"Alpaca, orders": {"symbol,side,type,qty,filled_qty,filled_avg_price,status,submitted_at,filled_at\nAAPL,buy,market,10,10,185.5,filled,2024-01-02T14:30:00Z,2024-01-02T14:30:01Z\nAAPL,sell,limit,10,0,,canceled,2024-01-02T15:00:00Z,\n",
		"2024-01-02T14:30:01Z AAPL buy 10 185.5 ", "1 order that is canceled"},
	"Schwab": {`"Transactions  for account XXXX-1234 as of 01/31/2024 10:00:00 ET"
"Date","Action","Symbol","Description","Quantity","Price","Fees & Comm","Amount"
"01/12/2024 as of 01/11/2024","Sell","AAPL","APPLE INC","50","$185.59","$0.08","$9,279.42"
"01/09/2024","Reinvest Shares","AAPL","APPLE INC","0.5","$185.14","","-$92.57"
"01/09/2024","Reinvest Dividend","AAPL","APPLE INC","","","","$92.57"
"01/08/2024","Sell Short","TSLA","TESLA INC","10","$240.45","","$2,404.50"
"01/04/2024","Buy","BBY","BEST BUY CO INC","1,000","$75.12","","-$75,120.00"
"01/03/2024","Security Transfer","AAPL","APPLE INC","100","","",""
"01/02/2024","Bank Interest","","BANK INT 121623-011524","","","","$0.42"
"Transactions Total","","","","","","","-$63,528.65"
`, "2024-01-11 AAPL sell 50 185.59 0.08|2024-01-09 AAPL buy 0.5 185.14 |2024-01-08 TSLA sell 10 240.45 |2024-01-04 BBY buy 1000 75.12 |2024-01-03 AAPL opening 100  ",
		"1 line before the header, 1 row that is no trade (Reinvest Dividend), 1 row that is no trade (Bank Interest), 1 row that is no trade ()"},
	"TD Ameritrade": {"DATE,TRANSACTION ID,DESCRIPTION,QUANTITY,SYMBOL,PRICE,COMMISSION,AMOUNT,REG FEE\n01/02/2024,1,Bought 10 AAPL @ 185.5,10,AAPL,185.5,0.00,-1855.00,\n01/03/2024,2,Sold 10 AAPL @ 184.2,10,AAPL,184.2,0.00,1842.00,0.01\n01/04/2024,3,ORDINARY DIVIDEND (AAPL),,AAPL,,,2.40,\n***END OF FILE***\n",
		"2024-01-02 AAPL buy 10 185.5 0.00|2024-01-03 AAPL sell 10 184.2 0.00", "1 line after the last row, 1 row that is no trade (ORDINARY DIVIDEND (AAPL))"},
	"Fidelity": {"\n\nRun Date,Action,Symbol,Description,Type,Quantity,Price ($),Commission ($),Fees ($),Accrued Interest ($),Amount ($),Cash Balance ($),Settlement Date\n" +
		" 01/05/2024,YOU SOLD BEST BUY CO INC (BBY) (Cash), BBY,BEST BUY CO INC,Cash,-10,75.1,,0.01,,750.99,1000,01/09/2024\n" +
		" 01/04/2024,YOU BOUGHT APPLE INC (AAPL) (Cash), AAPL,APPLE INC,Cash,4,182.5,,,,-730,249.01,01/08/2024\n" +
		" 01/03/2024,DIVIDEND RECEIVED BEST BUY CO (BBY) (Cash), BBY,BEST BUY,Cash,0,,,,,9.2,979.01,\n\n\n\"The data and information in this spreadsheet is provided to you solely for your use\"\n\"and is not for distribution.\"\n\nDate downloaded 01/30/2024 10:22 am\n",
		"2024-01-05 BBY sell 10 75.1 0.01|2024-01-04 AAPL buy 4 182.5 ", "2 lines before the header, 3 lines after the last row, 1 row that is no trade (DIVIDEND RECEIVED BEST BUY CO (BBY) (Cash))"},
	"Robinhood": {`"Activity Date","Process Date","Settle Date","Instrument","Description","Trans Code","Quantity","Price","Amount"
"1/5/2024","1/5/2024","1/9/2024","AAPL","Apple
CUSIP: 037833100","Sell","5","$181.50","$907.50"
"1/4/2024","1/4/2024","1/5/2024","AAPL","AAPL 1/19/2024 Call $190.00","BTO","1","$2.10","($210.04)"
"1/3/2024","1/3/2024","1/5/2024","AAPL","Apple
CUSIP: 037833100","Buy","5.25","$184.20","($967.05)"
"1/2/2024","1/2/2024","1/2/2024","AAPL","Cash Div: R/D 2023-12-15","CDIV","","","$1.20"
"","","","","","","","","The data provided is for informational purposes only."
`, "2024-01-05 AAPL sell 5 181.50 |2024-01-03 AAPL buy 5.25 184.20 ", "1 row about an option, 1 row that is no trade (CDIV), 1 row that is no trade ()"},
	"TradingView, strategy": {"Trade #,Type,Signal,Date/Time,Price USD,Contracts,Profit USD,Cum. Profit USD\n1,Entry long,Long,2024-01-02 09:30,185.5,10,,\n1,Exit long,Close,2024-01-03 15:59,184.2,10,-13,-13\n2,Entry short,Short,2024-01-04 09:30,182.15,10,,\n2,Exit short,Open,,,10,,\n",
		"2024-01-02 09:30:00  buy 10 185.5 |2024-01-03 15:59:00  sell 10 184.2 |2024-01-04 09:30:00  sell 10 182.15 ", "1 row without a time, a quantity or a price"},
	"TradingView, paper": {"Symbol,Side,Type,Qty,Limit Price,Stop Price,Fill Price,Status,Commission,Leverage,Margin,Placing Time,Closing Time,Order ID\nNASDAQ:AAPL,Buy,Market,10,,,185.5,Filled,1.5,5:1,371 USD,2024-01-02 09:30:00,2024-01-02 09:30:01,1\nNASDAQ:AAPL,Sell,Limit,10,190,,,Cancelled,,5:1,,2024-01-02 09:31:00,2024-01-02 16:00:00,2\n",
		"2024-01-02 09:30:01 NASDAQ:AAPL buy 10 185.5 1.5", "1 order that is cancelled"},
	"Binance, spot": {"Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n2024-01-02 09:30:05,BTCUSDT,BUY,\"45,000.10\",0.5BTC,\"22,500.05USDT\",0.0005BTC\n2024-01-03 10:00:00,1INCHUSDT,SELL,0.45,10.51INCH,4.725USDT,0.0047USDT\n",
		"2024-01-02T09:30:05Z BTCUSDT buy 0.5 45000.10 0.0005|2024-01-03T10:00:00Z 1INCHUSDT sell 10.5 0.45 0.0047", ""},
	"Binance, older": {"Date(UTC),Market,Type,Price,Amount,Total,Fee,Fee Coin\n2024-01-02 09:30:05,BTCUSDT,BUY,45000.1,0.5,22500.05,0.0005,BTC\n", "2024-01-02T09:30:05Z BTCUSDT buy 0.5 45000.1 0.0005", ""},
	"Coinbase": {`
Transactions
User,Jane,id
ID,Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Price at Transaction,Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes
1,2024-01-02 15:04:05 UTC,Advanced Trade Buy,BTC,0.5,USD,$45000.10,$22500.05,$22600.05,$100.00,Bought 0.5 BTC
2,2024-01-03 15:04:05 UTC,Send,BTC,-0.1,USD,$44000.00,$4400.00,$4400.00,$0.00,Sent
3,2024-01-04 15:04:05 UTC,Receive,BTC,0.2,USD,$44000.00,$8800.00,$8800.00,$0.00,Received
4,2024-01-05 15:04:05 UTC,Sell,BTC,0.3,USD,$43000.00,$12900.00,$12800.00,$100.00,Sold
5,2024-01-06 15:04:05 UTC,Staking Income,ETH,0.01,USD,$2200.00,$22.00,$22.00,$0.00,
`, "2024-01-02T15:04:05Z BTC buy 0.5 45000.10 100.00|2024-01-04T15:04:05Z BTC opening 0.2 44000.00 0.00|2024-01-05T15:04:05Z BTC sell 0.3 43000.00 100.00",
		"3 lines before the header, 1 row that is no trade (Send), 1 row that is no trade (Staking Income)"},
	"Coinbase, fills":     {"portfolio,trade id,product,side,created at,size,size unit,price,fee,total,price/fee/total unit\ndefault,1,BTC-USD,BUY,2024-01-02T15:04:05.123Z,0.5,BTC,45000.1,100,-22600.05,USD\n", "2024-01-02T15:04:05.123Z BTC-USD buy 0.5 45000.1 100", ""},
	"Kraken":              {`"txid","ordertxid","pair","time","type","ordertype","price","cost","fee","vol","margin","misc","ledgers"` + "\n" + `"T1","O1","XXBTZUSD","2024-01-02 15:04:05.1234","buy","limit",45000.10,22500.05,36.0,0.50000000,0.0,"","L1"` + "\n", "2024-01-02 15:04:05.1234 XXBTZUSD buy 0.50000000 45000.10 36.0", ""},
	"Trading 212":         {"Action,Time,ISIN,Ticker,Name,No. of shares,Price / share,Currency (Price / share),Exchange rate,Result,Total\nMarket buy,2024-01-02 14:30:05,US0378331005,AAPL,\"Apple, Inc.\",2.5,185.50,USD,1.09,,425.46\nDeposit,2024-01-01 10:00:00,,,,,,,,,1000\n", "2024-01-02 14:30:05 AAPL buy 2.5 185.50 ", "1 row that is no trade (Deposit)"},
	"Webull":              {"Name,Symbol,Side,Status,Filled,Total Qty,Price,Avg Price,Time-in-Force,Placed Time,Filled Time\nApple,AAPL,Buy,Filled,10,10,@185.50,185.50,DAY,01/02/2024 09:30:00 EST,01/02/2024 09:30:05 EST\nApple,AAPL,Sell,Cancelled,0,10,@190.00,,DAY,01/02/2024 09:31:00 EST,\n", "2024-01-02T14:30:05Z AAPL buy 10 185.50 ", "1 order that is cancelled"},
	"MetaTrader deals":    {"Time;Deal;Symbol;Type;Direction;Volume;Price;Order;Commission;Profit\n2024.01.02 09:30:05;1;AAPL;buy;in;10;185.5;1;-1;0\n2024.01.03 15:59:30;2;AAPL;sell;out;10;184.2;2;-1;-13\n", "2024-01-02 09:30:05 AAPL buy 10 185.5 -1|2024-01-03 15:59:30 AAPL sell 10 184.2 -1", ""},
	"of one's own":        {"\ufeffDatum;Symbol;Side;Qty;Price;Fee;Date\nx;AAPL;S;-100;505,00;1;26.08.2020\n", "2020-08-26 AAPL sell 100 505.00 1", ""},
	"American, undecided": {"Date,Symbol,Action,Quantity,Price,Commission\n01/02/2024,AAPL,Bought,\"1,000\",$185.50,$1.00\n", "2024-01-02 AAPL buy 1000 185.50 1.00", ""},
}

func TestTrades(t *testing.T) {
	for name, c := range exports {
		t.Run(name, func(t *testing.T) {
			table, err := layout.Trades(context.Background(), name+".csv", []byte(c.file), layout.Hints{})
			require.NoError(t, err, name)
			require.Equal(t, "timestamp,symbol,side,qty,price,fee", strings.Join(table.Header, ","))
			var rows, out []string
			for _, row := range table.Rows {
				rows = append(rows, strings.Join(row, " "))
			}
			require.Equal(t, c.rows, strings.Join(rows, "|"), name)
			for _, s := range table.Layout.Skipped {
				out = append(out, s.String())
			}
			require.Equal(t, c.leftOut, strings.Join(out, ", "), name)
		})
	}
}

// What may be a fill and cannot be read is an error, with its line.
func TestTradesRefused(t *testing.T) {
	head := "timestamp,symbol,side,qty,price\n"
	for text, want := range map[string]string{
		"":                                 "is empty",
		"timestamp,symbol,side,qty\na":     "no column price",
		head + "\n2024-01-02,X,hold,1,1\n": `a.csv:3: side: "hold" is neither buy nor sell`,
		head + "2024-01-02,X,buy,1\n":      "line 2",
		head + "2024-01-02,X,buy,1,1\n2024-13-02,X,buy,1,1\n":      "a.csv:3: timestamp",
		"timestamp,symbol,qty,price\n2024-01-02,X,1,1\n":           "no column says what was bought",
		"date,symbol,side,qty,price\n01/02/2024,X,buy,1,1\n":       "dates: dmy or dates: mdy",
		"date;symbol;side;qty;price\n2024-01-02;X;buy;1;1,234\n":   "may be",
		"date,symbol,side,qty,price\n2024-01-02,X,buy,1,1,234.5\n": "wrong number of fields",
	} {
		_, err := layout.Trades(context.Background(), "a.csv", []byte(text), layout.Hints{})
		require.ErrorContains(t, err, want, "%q", text)
	}
}
