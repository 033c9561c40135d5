// Package layout reads price files as people have them, and says what it took them for:
// exports of Yahoo, Stooq, Binance, MetaTrader, a spreadsheet of one's own.
//
//	bytes   unpack.go   gzip, zip, zstd; UTF-16, Windows-1252 (klauspost/compress, x/text)
//	  |
//	rows    csv.go      separator, lines before and after the rows, no header (encoding/csv)
//	        split.go    rows without quotes, in parts side by side
//	        blanks.go   cells apart by blanks, as R writes them
//	        melt.go     the two lines of names of yfinance
//	        spread.go   columns named for a symbol or a unit: AAPL.Open, Open (USD)
//	        pivot.go    a row for each figure of a bar
//	        parquet.go  Parquet (DuckDB, engine.go)
//	  |
//	bars    names.go    which column is which: one table of names, one of orders without names
//	        column_times.go, times.go   the form of times, by the whole column
//	        date_words.go               months' names of other languages
//	        numbers.go  the decimal mark, by all numbers of the file
//	        bars.go     rows in Pitwall's own columns and text, and what was guessed
//	        no_bars.go  why a file with prices has no bars, and what makes bars of it
//	  |
//	fills   trades.go, sides.go   brokers' exports, through the same rows, times and numbers
//
// Bars whose cells are all plain skip the texts: ReadColumns (columns.go) reads them as
// figures, from Parquet in its own types (parquet_columns.go), from CSV line by line
// (csv_columns.go), without the lines that are no bars (csv_lines.go). It reads what Read
// would, or nothing: whoever gives Read another meaning lets ReadColumns return nil there,
// or read it too; tests read files both ways.
//
// A file that is written as Pitwall writes bars (symbol,timestamp,open,high,low,close,
// volume) is checked for that and left as it is. Whatever can change money is decided by
// the whole file, and refused with what to write where the file does not show it: day
// against month, decimal comma against thousands. What a price, an instant or an
// adjustment means is for package history to say; it checks every row again.
//
// # To add a ...
//
// To add a name of a column, add it to names in names.go. To add a file without a
// header, add its order to headerless. To add a form of times, add it to forms; it must
// read nothing that another form reads otherwise. To add a broker's export, add its names
// to tradeNames and its words for buying and selling to sideWords, and a row of each kind
// to the table of its test.
//
// # Why not
//
// Why not DuckDB's sniffer: it decides by a sample of the rows, and by the sample alone
// 01/02/2024 is a date of its choice. It knows no names of columns.
//
// Why not one reader per vendor: exports change, and most files were touched by a
// spreadsheet since.
package layout
