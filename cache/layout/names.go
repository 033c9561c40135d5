package layout

import (
	"slices"
	"strings"
	"unicode"
)

// The columns of bars, in the order that [Read] returns them; those after volume only
// where the file has them.
const (
	Symbol      = "symbol"
	Timestamp   = "timestamp"
	Open        = "open"
	High        = "high"
	Low         = "low"
	Close       = "close"
	Volume      = "volume"
	AdjClose    = "adj_close"
	Dividends   = "dividends"
	StockSplits = "stock_splits"
	Gains       = "capital_gains"
	FirstSeen   = "first_seen"  // when a bar was first seen by whoever recorded it
	MadeUp      = "made_up"     // how prices were made that are no market's
	clock       = "time of day" // in a column beside the date's; only while a file is read
)

// Beside are the columns that a table of bars may have: of corporate actions, and what
// its prices are.
var Beside = []string{AdjClose, Dividends, StockSplits, Gains, MadeUp, FirstSeen}

// bars are the columns that every table of bars has; without a symbol column in the
// file the caller finds the symbol.
var bars = []string{Timestamp, Open, High, Low, Close, Volume}

// names are the columns' names in public files as [fold] writes them, the preferred
// first: where a file has several of them, the first is read and the others are ignored.
var names = map[string][]string{
	Symbol: {"symbol", "ticker", "tic", "sym", "act_symbol", "instrument", "pair", "asset", "contract", "symbols", "code", "name", "s", "wertpapier", "kürzel", "ticker_symbol", "ts_code", "股票代码", "ativo", "secid", "tckrsymb", "ric", "sc_name", "nazwa", "종목코드", "コード"},
	Timestamp: {"open_time", "opentime", "timeopen", "time_period_start", "time_open", "candle_date_time_utc", "timestamp", "ts_event", "unix", "unix_timestamp", "unix_ms", "epoch", "epoch_ms", "localdate", "window_start", "begins_at", "start", "start_time", "starttime", "datetime", "date_time", "datetime_utc", "date_utc", "time_utc",
		"date", "dtyyyymmdd", "gmt_time", "utc_time", "local_time", "trade_date", "tradedate", "trading_date", "bar_time", "time", "time_stamp", "day", "dt", "ts", "t", "datum", "zeit", "datum_zeit", "fecha", "data", "tarih", "exchange_date", "trading_day", "日付", "日期", "交易日期", "ticks", "index", "index_level_0", "mts", "start_at", "started_at", "startedat", "bucket", "snapped_at", "observation_date", "pricedate", "begin", "datadate", "tradt", "trade_dt", "traddt", "trading_date", "fecha_hora", "дата", "날짜", "일자", "日付け"},
	clock:       {"time", "hour", "time_of_day", "zeit", "uhrzeit", "heure", "hora", "minute", "ora", "saat", "godzina", "время"},
	Open:        {"open", "o", "open_price", "openprice", "opening_price", "price_open", "px_open", "1_open", "first", "eröffn", "eröffnung", "eröffnungskurs", "ouv", "ouverture", "apertura", "abertura", "otwarcie", "opening", "始値", "开盘", "開盤", "opnpric", "openprc", "prcod", "erster", "anfang", "offen", "abrir", "opening_price", "öppen", "açılış", "откр", "kurs_otwarcia", "시가", "开盘价", "開盤價", "ouvrir", "eröffnungspreis"},
	High:        {"high", "h", "high_price", "highprice", "price_high", "px_high", "2_high", "max", "day_high", "hoch", "tageshoch", "höchstkurs", "plus_haut", "haut", "máximo", "massimo", "máxima", "najwyzszy", "highest", "高値", "最高", "hghpric", "askhi", "prchd", "högst", "hoog", "yüksek", "макс", "máx", "kurs_max", "고가", "高", "最高价", "最高價", "élevé"},
	Low:         {"low", "l", "low_price", "lowprice", "price_low", "px_low", "3_low", "min", "day_low", "tief", "tagestief", "tiefstkurs", "plus_bas", "bas", "mínimo", "minimo", "mínima", "najnizszy", "lowest", "安値", "最低", "lwpric", "bidlo", "prcld", "lägst", "laag", "düşük", "мин", "mín", "kurs_min", "저가", "低", "最低价", "最低價", "faible"},
	Close:       {"close", "close_last", "c", "close_price", "closeprice", "closing_price", "price_close", "px_close", "px_last", "4_close", "last", "last_price", "latest", "price", "settle", "zuletzt", "schluss", "schlusskurs", "dernier", "clôture", "cierre", "último", "ultimo", "zamkniecie", "closing", "close_close_price_adjusted_for_splits", "trade_price", "終値", "收盘", "收盤", "clspric", "prccd", "prc", "fechamento", "senaste", "laatste", "ostatnio", "şimdi", "цена", "clot", "clôt", "kurs_zamknięcia", "종가", "收盘价", "收盤價", "fermer"},
	Volume:      {"quantidade", "umsatz_stück", "stuecke", "stücke", "volume", "vol", "v", "volume_base", "base_volume", "accumulatedtradingvolume", "volumefrom", "volume_traded", "total_volume", "shares_traded", "tottrdqty", "total_traded_quantity", "5_volume", "6_volume", "volumen", "volumi", "wolumen", "px_volume", "number_of_shares", "no_of_shares", "trading_volume", "candle_acc_trade_volume", "出来高", "成交量", "tick_volume", "tickvol", "tickvolume", "ttltradgvol", "cshtrd", "wol", "hac", "объём", "no_of_shrs", "거래량", "成交股數", "交易量", "売買高_株", "basetokenvolume"},
	AdjClose:    {"adj_close", "adjclose", "adjusted_close", "adjustedclose", "close_adj", "adj_close_price", "5_adjusted_close", "adj_close_adjusted_close_price_adjusted_for_splits_and_dividend_and_or_capital_gain_distributions", "schlusskurs_angepasst", "cierre_ajus", "clôture_ajustée", "adjusted"},
	Dividends:   {"dividends", "dividend", "divcash", "ex_dividend", "dividend_amount", "7_dividend_amount"},
	Gains:       {"capital_gains", "capitalgains"},
	MadeUp:      {"made_up"},
	FirstSeen:   {"first_seen"},
	StockSplits: {"stock_splits", "splits", "split", "split_ratio", "splitfactor", "split_factor", "split_coefficient", "8_split_coefficient"},
}

// utcNames are columns whose times are of UTC when they have no offset.
var utcNames = []string{"gmt_time", "utc_time", "datetime_utc", "date_utc", "time_utc", "time_period_start", "candle_date_time_utc"}

// endNames are times at which a bar ends: taken as its start they would show a bar late.
var endNames = []string{"close_time", "closetime", "timeclose", "time_close", "end_time", "endtime", "time_period_end"}

// quoteUnits end the name of a volume that is money: "Volume USDT" beside "Volume BTC".
var quoteUnits = []string{"usd", "usdt", "usdc", "busd", "eur", "gbp", "jpy", "krw", "try", "currency", "quote"}

// fold writes a header's name as names has it: lower case, and one _ for all that is
// neither a letter nor a digit.
func fold(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range name {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if gap && b.Len() > 0 {
				b.WriteByte('_')
			}
			gap = false
			b.WriteRune(unicode.ToLower(r))
		default:
			gap = true
		}
	}
	return b.String()
}

// find finds columns of a table of names in a header: meaning -> column. folded is the
// header as names are.
func find(names map[string][]string, header []string) (at map[string]int, folded []string) {
	folded = make([]string, len(header))
	for i, h := range header {
		folded[i] = fold(h)
	}
	at = map[string]int{}
	for meaning, list := range names {
		for _, n := range list {
			i := slices.Index(header, n) // t beside T
			if i < 0 {
				i = slices.Index(folded, n)
			}
			if i >= 0 {
				at[meaning] = i
				break
			}
		}
	}
	return at, folded
}

// columnsOf finds the columns of bars in a header.
func columnsOf(header []string) map[string]int {
	at, folded := find(names, header)
	if _, ok := at[Volume]; !ok {
		i := slices.IndexFunc(folded, func(f string) bool {
			unit, ok := strings.CutPrefix(f, "volume_")
			return ok && !slices.Contains(quoteUnits, unit)
		})
		if i >= 0 {
			at[Volume] = i
		}
	}
	if _, ok := at[Timestamp]; !ok && len(folded) > 0 && folded[0] == "" {
		at[Timestamp] = 0 // the index that pandas writes
	}
	if at[clock] == at[Timestamp] {
		delete(at, clock)
	}
	coins(at, folded)
	return at
}

// isBars reports whether columns are those of bars: all four prices, or two of them
// under their own names, so that a file which lacks one is named as such.
func isBars(header []string, at map[string]int) bool {
	all, own := 0, 0
	for _, p := range []string{Open, High, Low, Close} {
		i, ok := at[p]
		if !ok {
			continue
		}
		if all++; strings.EqualFold(strings.TrimSpace(header[i]), p) {
			own++
		}
	}
	return all == 4 || own >= 2
}

// order is a known arrangement of columns in files without a header.
type order struct {
	name    string
	columns []string // "" = not used
}

// average is a column of average prices, which are never beyond the high and the low.
const average = "average"

// headerless are the arrangements that are known, by the number of columns. One is
// taken when in every row of the file the high is the highest and the low the lowest
// price, and no other that fits reads other bars.
var headerless = []order{
	{"time,open,high,low,close", []string{Timestamp, Open, High, Low, Close}},
	{"time,open,high,low,close,volume", []string{Timestamp, Open, High, Low, Close, Volume}},
	{"Coinbase", []string{Timestamp, Low, High, Open, Close, Volume}},
	{"Bitfinex", []string{Timestamp, Open, Close, High, Low, Volume}},
	{"Gate.io files", []string{Timestamp, Volume, Close, High, Low, Open}},
	{"time,volume,open,high,low,close", []string{Timestamp, Volume, Open, High, Low, Close}}, // never told from Gate.io's
	{"date,time,open,high,low,close", []string{Timestamp, clock, Open, High, Low, Close}},
	{"date,time,open,high,low,close,volume (MetaTrader, Kibot)", []string{Timestamp, clock, Open, High, Low, Close, Volume}},
	{"symbol,date,open,high,low,close,volume", []string{Symbol, Timestamp, Open, High, Low, Close, Volume}},
	{"date,symbol,open,high,low,close,volume", []string{Timestamp, Symbol, Open, High, Low, Close, Volume}},
	{"Kraken", []string{Timestamp, Open, High, Low, Close, Volume, ""}},
	{"KuCoin", []string{Timestamp, Open, Close, High, Low, Volume, ""}},
	{"IQFeed", []string{Timestamp, High, Low, Open, Close, Volume, ""}},
	{"Gate.io", []string{Timestamp, "", Close, High, Low, Open, Volume, ""}},
	{"Kraken OHLC", []string{Timestamp, Open, High, Low, Close, average, Volume, ""}},
	{"time,open,high,low,close,volume (Bitget, MEXC)", []string{Timestamp, Open, High, Low, Close, Volume, "", ""}},
	{"symbol,period,date,open,high,low,close,volume", []string{Symbol, "", Timestamp, Open, High, Low, Close, Volume}},
	{"symbol,period,date,open,high,low,close,volume,open interest", []string{Symbol, "", Timestamp, Open, High, Low, Close, Volume, ""}},
	{"symbol,period,date,time,open,high,low,close,volume", []string{Symbol, "", Timestamp, clock, Open, High, Low, Close, Volume}},
	{"symbol,period,date,time,open,high,low,close,volume,open interest", []string{Symbol, "", Timestamp, clock, Open, High, Low, Close, Volume, ""}},
	{"symbol,date,time,open,high,low,close,volume", []string{Symbol, Timestamp, clock, Open, High, Low, Close, Volume}},
	{"OKX", []string{Timestamp, Open, High, Low, Close, Volume, "", "", ""}},
	{"Poloniex", []string{Low, High, Open, Close, "", Volume, "", "", "", "", "", "", Timestamp, ""}},
	{"Binance", []string{Timestamp, Open, High, Low, Close, Volume, "", "", "", "", "", ""}},
}
