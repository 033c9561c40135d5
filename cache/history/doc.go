// Package history is the store of bars and corporate actions: it reads CSV and
// Parquet files, told apart by their header, checks them, and is a
// pitwall.Source.
//
//	bars         symbol,timestamp,open,high,low,close,volume[,adj_close]
//	actions      symbol,ex_date,type,value[,pay_date,...]
//	instruments  symbol,kind,currency,exchange,calendar,sector,tick,lot,scale,...
//	other        noted as not used yet
//
// Files come from any fs.FS, so that the data embedded in the binary and a
// folder on disk are read the same way. Parquet goes through DuckDB, which the
// agent's SQL needs anyway. A sidecar `<file>.yaml` with `adjusted: raw|split|
// total` says what was already done to prices; so may the strategy.
//
// Times. A date is a daily bar, which lasts its exchange's session, or the whole UTC
// day for crypto; dates a week (or month) apart are weekly (monthly) bars, from the open of the week's first
// session to the close of its last. Times a day or more apart that are all one time of
// day are dates too. Any other time is the bar's start, and the bar's size is the usual
// distance between bars. A bar is known at its end. A time without an offset is of the
// exchange's zone (UTC for crypto); one that does not exist or exists twice is refused.
// A day written as the midnight of an offset is that day where days have sessions. A
// mapping may say that times are ends, and which week a Sunday is of (stamps.go).
//
// Files of one symbol that follow each other in time are one series (join.go).
//
// Prices. A Dec has 8 decimals, so that a symbol whose first close is below a cent is
// quoted per 1,000 units or a power of it; see scale.go.
//
// Crypto is told by its name (BTC-USD, ETH/USDT) or by instruments.csv, never
// by looking at later dates.
//
// # Sources and the local store
//
//	Remote (yahoo.go, alpaca.go, fred.go, polygon.go, alphavantage.go, stooq.go, binance.go,
//	   |    coinbase.go, kraken.go, edgar.go; files.go imports)
//	   | every request through throttled: rate, retries, deadline, whole bodies, no keys in errors
//	Local.Fetch: chunk by chunk, checked as Load does, written beside, synced, renamed
//	   |
//	one Parquet file of text columns per symbol, with its sidecar -> Load
//
// Check reads any files leniently and reports what Load refuses or cannot see.
// No vendor was asked while this was built: the sources are tested against
// recorded payloads and local servers only.
//
// # To add a source
//
// Write <name>.go: a constructor that returns a Vendor with its offers and a function
// for each RowKind, which gives rows in the kind's columns; its comment says what its
// prices and times are. Add a row to allSources in
// remote_test.go, where a judge makes it fail in every way, and a row to sources in
// cmd/pitwall/providers.go: the store, data fetch and doctor follow from it. Add the
// line that TestDocsListTheSources asks for to tools/docs/strategy.md, and let
// go test ./cmd/pitwall -run TestDoctorGolden -update write
// cmd/pitwall/testdata/verbs/doctor.txt.
//
// # Why not
//
// Why not let a backtest use the mappings that imports remember (remembered.go): a run
// would depend on what was once typed on this machine.
//
// Why not build Kraken's older bars from its trades: a year of them is thousands of
// requests, at one a second.
//
// Why not append chunks to one file: a merged file is made anew and renamed, so
// a killed fetch leaves the old one or the new one. It costs the disk twice.
//
// Why not quotes from Yahoo: they need cookies that change; charts do not.
//
// Why not guess 24/7 trading from weekend bars: cutting the file would change
// the answer, and so the past would depend on the future.
package history
