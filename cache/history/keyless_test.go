package history

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// Sources that need no key. Payloads: Binance's documented klines (../shared), Coinbase's
// documented candles (docs.cdp.coinbase.com, Get product candles), Kraken's OHLC as
// recorded in public tests on 2026-09-03 (XBTUSD, 1 minute, since=1788415200) and its error
// arrays, which came with status 200, Stooq's CSV and texts as public clients quote them.

const (
	stooqGood    = "Date,Open,High,Low,Close,Volume\r\n2024-01-02,187.15,188.44,183.885,185.64,82488674\r\n"
	binanceGood  = `[[1704171600000,"45000.00000000","45010.50000000","44900.00000000","45000.25000000","1.23456780",1704175199999,"55556.0",308,"0.5","22500.1","0"]]`
	coinbaseGood = `[[1704171600,44900,45010.5,45000,45000.25,1.2345678]]`
	krakenGood   = `{"error":[],"result":{"XXBTZUSD":[[1704171600,"45000.0","45010.5","44900.0","45000.2","44990.1","1.23456780",308]],"last":1704168000}}`
)

func keylessSources() []source {
	d := 24 * time.Hour
	edgar := func(o RemoteOptions) Remote {
		if o.Key != "" {
			o.Key = contact
		}
		return NewEdgar(o)
	}
	return []source{
		{"stooq bars", func(o RemoteOptions) Remote { return NewStooq(o) }, ask(KindBars, "AAPL", d), stooqGood, "", 1, false, true},
		{"binance 1h", func(o RemoteOptions) Remote { return NewBinance(o) }, ask(KindBars, "BTC/USD", time.Hour), binanceGood, "", 1, true, true},
		{"coinbase 1h", func(o RemoteOptions) Remote { return NewCoinbase(o) }, ask(KindBars, "BTC/USD", time.Hour), coinbaseGood, "", 1, true, true},
		{"kraken 1h", func(o RemoteOptions) Remote { return NewKraken(o) }, ask(KindBars, "BTC/USD", time.Hour), krakenGood, "", 1, false, true},
		{"edgar statements", edgar, ask(KindStatements, "AAPL", 0), tickersGood, factsGood, 1, false, false},
		{"edgar filings", edgar, ask(KindFilings, "AAPL", 0), tickersGood, submissionsGood, 0, false, false},
	}
}

// refuses fetches from a source that answers with a text, and wants one sentence and a hint.
func refuses(t testing.TB, make func(RemoteOptions) *Vendor, q Request, status int, text string, code pitwall.Code, want, hint string) {
	t.Helper()
	w := serve(t, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(status); fmt.Fprint(rw, text) })
	_, err := make(w.options()).Fetch(context.Background(), q)
	require.ErrorContains(t, err, want, text)
	require.Equal(t, code, pitwall.CodeOf(err), text)
	require.Contains(t, err.(*pitwall.Error).Hint, hint, text)
	require.NotContains(t, err.Error(), "\n", text)
	require.NotContains(t, err.Error(), "<", text)
	require.LessOrEqual(t, len(w.asked), 1, text)
}

func TestStooq(t *testing.T) {
	d := 24 * time.Hour
	w := serve(t, body(stooqGood))
	a := fetch(t, w, NewStooq(w.options()), KindBars, "AAPL", d, "2024-01-01", "2024-01-31")
	require.Equal(t, [][]string{{"AAPL", "2024-01-02", "187.15", "188.44", "183.885", "185.64", "82488674"}}, a.Rows)
	require.Equal(t, pitwall.Raw, a.Adjusted)
	require.Equal(t, "/q/d/l/?d1=20240101&d2=20240131&i=d&o=1111111&s=aapl.us", w.asked[0])
	w = serve(t, body("Date,Open,High,Low,Close\n2024-01-02,4745.2,4754.33,4722.67,4742.83\n"))
	a = fetch(t, w, NewStooq(w.options()), KindBars, "^SPX", d, "2024-01-01", "2024-01-31")
	require.Equal(t, [][]string{{"^SPX", "2024-01-02", "4745.2", "4754.33", "4722.67", "4742.83", ""}}, a.Rows, "an index without volume")
	for symbol, want := range map[string]string{"AAPL": "aapl.us", "AAPL.US": "aapl.us", "BRK.B": "brk-b.us", "BRK-B": "brk-b.us", "^SPX": "^spx", "VOD.UK": "", "BTC-USD": "", "ES=F": ""} {
		got, err := stooqTicker(symbol)
		require.Equal(t, want, got, symbol)
		require.Equal(t, want == "", err != nil, symbol)
	}

	q := ask(KindBars, "AAPL", d)
	refuses(t, NewStooq, q, 200, "No data", pitwall.NoCoverage, "it does not know aapl.us, or has no day of it in this range", "stooq.com")
	refuses(t, NewStooq, q, 200, "Exceeded the daily hits limit", pitwall.Timeout, "the daily limit of downloads from this address is reached", "tomorrow")
	refuses(t, NewStooq, q, 200, "<!DOCTYPE html>\n<html><title>Stooq</title>\nExceeded the daily hits limit</html>", pitwall.Timeout, "the daily limit of downloads", "tomorrow")
	refuses(t, NewStooq, q, 200, "<html>\n<script>verify()</script></html>", pitwall.DataError, "a web page came instead of CSV", "pitwall data import FILE")
	refuses(t, NewStooq, q, 200, "Date,Open\n2024-01-02,1\n", pitwall.DataError, "not usable: Date,Open", "")
	refuses(t, NewStooq, q, 200, "Date,Open,High,Low,Close,Volume\n2024-01-02,N/D,1,1,1,1\n", pitwall.DataError, `a price at 2024-01-02: "N/D"`, "")
	refuses(t, NewStooq, q, 200, "Date,Open,High,Low,Close,Volume\n02.01.2024,1,1,1,1,1\n", pitwall.DataError, `a bar on "02.01.2024"`, "")
	refuses(t, NewStooq, q, 200, "Date,Open,High,Low,Close,Volume\n2024-01-02,1,1\n", pitwall.DataError, "wrong number of fields", "")
	refuses(t, NewStooq, ask(KindBars, "BTC/USD", d), 200, stooqGood, pitwall.Unsupported, "only shares and indices of the United States", "binance")

	w = serve(t, body(stooqGood))
	w.now = day("2024-01-02").Add(24*time.Hour + 30*time.Minute) // 19:30 in New York: prices may still change
	a, err := NewStooq(w.options()).Fetch(context.Background(), q)
	require.NoError(t, err)
	require.Equal(t, []Drop{{"unfinished bars", 1}}, a.Dropped)
}

func TestCoins(t *testing.T) {
	for symbol, want := range map[string]string{"BTC/USD": "BTC USD", "BTC-USD": "BTC USD", "BTCUSD": "BTC USD", "BTCUSDT": "BTC USDT", "ETH/USDC": "ETH USDC", "XBTUSD": "BTC USD", "USDT/USD": "USDT USD",
		"AAPL": " ", "BTC/EUR": " ", "ETH/BTC": " ", "GBPUSD": " "} {
		coin, currency, _ := coins(symbol)
		require.Equal(t, want, coin+" "+currency, symbol)
	}
}

// The exchanges' refusals, and answers about something else.
func TestExchangesRefuse(t *testing.T) {
	q := ask(KindBars, "BTC/USD", time.Hour)
	for _, c := range []struct {
		make       func(RemoteOptions) *Vendor
		status     int
		text       string
		code       pitwall.Code
		want, hint string
	}{
		{NewBinance, 400, `{"code":-1121,"msg":"Invalid symbol."}`, pitwall.NoCoverage, "no pair BTCUSDT there: Invalid symbol. (code -1121)", "BTC/USD is BTCUSDT"},
		{NewBinance, 400, `{"code":-1120,"msg":"Invalid interval."}`, pitwall.DataError, "refused: Invalid interval. (code -1120)", "another range"},
		{NewBinance, 451, `{"code":0,"msg":"Service unavailable from a restricted location."}`, pitwall.NotAllowed, "refused: Service unavailable from a restricted location.", "use coinbase or kraken"},
		{NewBinance, 418, `{"code":-1003,"msg":"Way too many requests; IP banned until 1704171600000."}`, pitwall.Timeout, "418", "repeat the same command later"},
		{NewBinance, 200, `[[1499040000000,"0.1","0.8","0.1","0.1","1",1499644799999]]`, pitwall.DataError, "a bar from 1499040000000 to 1499644799999 where bars of 1h from 2024-01-02T00:00:00Z", ""},
		{NewBinance, 200, `[[1704171600001,"1","1","1","1","1",1704175199999]]`, pitwall.DataError, "a bar of 1h begins at 2024-01-02T05:00:00Z", ""},
		{NewBinance, 200, `[[1704171600000,"1","1",null,"1","1",1704175199999]]`, pitwall.DataError, "a bar with a cell that is no figure", ""},
		{NewBinance, 200, `[[1704171600000,"1"]]`, pitwall.DataError, "a bar of 2 figures, not 7", ""},
		{NewBinance, 200, `[[1704171600000,"1","x","1","1","1",1704175199999]]`, pitwall.DataError, `a price at 2024-01-02T05:00:00Z: "x"`, ""},
		{NewCoinbase, 404, `{"message":"NotFound"}`, pitwall.NoCoverage, "no pair BTC-USD there", "spells the pair"},
		{NewCoinbase, 400, `{"message":"granularity too small for the requested time range. Count of aggregations requested exceeds 300"}`, pitwall.DataError, "refused: granularity too small", "another range"},
		{NewCoinbase, 200, `[[1704168000,1,1,1,1,1],[1704171600,1,1,1,1,1]]`, pitwall.DataError, "not newest first", ""},
		{NewKraken, 200, `{"error":["EQuery:Unknown asset pair"]}`, pitwall.NoCoverage, "no pair XBTUSD there: EQuery:Unknown asset pair", "BTC/USD is XBTUSD"},
		{NewKraken, 200, `{"error":["EGeneral:Too many requests"]}`, pitwall.Timeout, "refused: EGeneral:Too many requests", "repeat the same command later"},
		{NewKraken, 200, `{"error":["EGeneral:Invalid arguments"]}`, pitwall.DataError, "refused: EGeneral:Invalid arguments", ""},
		{NewKraken, 200, `{"error":[],"result":{"XETHZUSD":[],"last":0}}`, pitwall.DataError, "it is not about XBTUSD", ""},
		{NewKraken, 200, `{"error":[],"result":{"XXBTZUSD":null,"last":0}}`, pitwall.DataError, "not usable", ""},
		{NewKraken, 200, `{"error":[],"result":{"XXBTZUSD":[[1704171600,"1","1","1","1","1","1",1],[1704171600,"1","1","1","1","1","1",1]],"last":0}}`, pitwall.DataError, "a bar at 2024-01-02T05:00:00Z after", ""},
	} {
		refuses(t, c.make, q, c.status, c.text, c.code, c.want, c.hint)
	}
	for _, make := range []func(RemoteOptions) *Vendor{NewBinance, NewCoinbase, NewKraken} {
		refuses(t, make, ask(KindBars, "AAPL", time.Hour), 200, "[]", pitwall.Unsupported, "only pairs of crypto", "BTC/USD")
		refuses(t, make, ask(KindBars, "BTC/EUR", time.Hour), 200, "[]", pitwall.Unsupported, "prices are in EUR", "USD")
	}
}

// Binance: a page that is full is followed by the next, from the bar after its last.
func TestBinancePages(t *testing.T) {
	first := day("2024-01-02")
	w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		from, _ := strconv.ParseInt(r.FormValue("startTime"), 10, 64)
		to, _ := strconv.ParseInt(r.FormValue("endTime"), 10, 64)
		var rows []string
		for at := from; at <= to && len(rows) < 1000; at += 60_000 {
			rows = append(rows, fmt.Sprintf(`[%d,"0.00001234","0.00001300","0.00001200","0.00001250","%d.5",%d,"1",1,"1","1","0"]`, at, (at-first.UnixMilli())/60_000, at+59_999))
		}
		fmt.Fprintf(rw, "[%s]", strings.Join(rows, ","))
	})
	a := fetch(t, w, NewBinance(w.options()), KindBars, "SHIB/USD", time.Minute, "2024-01-02", "2024-01-03")
	require.Len(t, a.Rows, 2880)
	for i, r := range a.Rows {
		require.Equal(t, []string{"SHIB/USD", first.Add(time.Duration(i) * time.Minute).Format(time.RFC3339), "0.00001234", "0.000013", "0.000012", "0.0000125", fmt.Sprintf("%d.5", i)}, r)
	}
	require.Len(t, w.asked, 3)
	require.Equal(t, "/api/v3/klines?endTime=1704326399999&interval=1m&limit=1000&startTime=1704153600000&symbol=SHIBUSDT", w.asked[0])
	require.Contains(t, w.asked[1], "startTime=1704213600000&")
}

// Coinbase: windows of 300 bars, newest first, low before high before open; bars before
// the start, which its documentation allows, are left out.
func TestCoinbasePages(t *testing.T) {
	w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		from, err := time.Parse(time.RFC3339, r.FormValue("start"))
		to, err2 := time.Parse(time.RFC3339, r.FormValue("end"))
		if err != nil || err2 != nil || to.Sub(from) > 299*time.Hour {
			rw.WriteHeader(400)
			fmt.Fprint(rw, `{"message":"granularity too small for the requested time range. Count of aggregations requested exceeds 300"}`)
			return
		}
		var rows []string
		for at := to; !at.Before(from.Add(-time.Hour)); at = at.Add(-time.Hour) {
			if at.Hour() != 3 { // no trades, no candle
				rows = append(rows, fmt.Sprintf("[%d,1e-05,4,2,3.5,%d.25]", at.Unix(), at.Hour()))
			}
		}
		fmt.Fprintf(rw, "[%s]", strings.Join(rows, ","))
	})
	a := fetch(t, w, NewCoinbase(w.options()), KindBars, "BTC-USD", time.Hour, "2024-01-01", "2024-01-31")
	require.Len(t, a.Rows, 31*23)
	require.Equal(t, []string{"BTC-USD", "2024-01-01T00:00:00Z", "2", "4", "0.00001", "3.5", "0.25"}, a.Rows[0])
	require.Equal(t, []Drop{{"bars outside the range", 3}}, a.Dropped)
	require.Len(t, w.asked, 3)
	require.Equal(t, "/products/BTC-USD/candles?end=2024-01-13T11%3A00%3A00Z&granularity=3600&start=2024-01-01T00%3A00%3A00Z", w.asked[0])

	// a candle of the documented form, of which the day has not ended: no bar
	w = serve(t, body(fmt.Sprintf("[[%d, 0.32, 4.2, 0.35, 4.2, 12.3]]", day("2026-11-20").Unix())))
	a = fetch(t, w, NewCoinbase(w.options()), KindBars, "BTC-USD", 24*time.Hour, "2026-11-20", "2026-11-20")
	require.Empty(t, a.Rows)
	require.Equal(t, []Drop{{"unfinished bars", 1}}, a.Dropped)
}

// krakenMinutes is a recorded answer: 1-minute OHLC of XBTUSD, the last of which forms.
const krakenMinutes = `{"error":[],"result":{"XXBTZUSD":[[1788415200,"77776.4","77800.0","77717.8","77736.8","77777.6","4.07649664",167],
[1788415260,"77736.7","77741.5","77714.0","77714.7","77727.6","1.69139349",65],[1788415320,"77714.7","77730.3","77682.0","77707.9","77694.0","2.64594439",90],
[1788415380,"77703.2","77703.2","77690.9","77701.7","77698.6","0.40658752",58]],"last":1788415380}}`

// Kraken: the key of its answer, volume and not the mean price, the bar that still forms,
// and 720 bars at most, after which days would be missing.
func TestKraken(t *testing.T) {
	list, err := krakenResult([]byte(krakenMinutes), "XBT", "USD")
	require.NoError(t, err)
	rows, err := candleRows(list, 8)
	require.NoError(t, err)
	require.Equal(t, []string{"1788415200", "77776.4", "77800.0", "77717.8", "77736.8", "77777.6", "4.07649664", "167"}, rows[0])
	for name, of := range map[string][2]string{"XXBTZUSD": {"XBT", "USD"}, "XETHZUSD": {"ETH", "USD"}, "SOLUSD": {"SOL", "USD"}, "XDGUSD": {"XDG", "USD"}, "USDTZUSD": {"USDT", "USD"}, "XBTUSDT": {"XBT", "USDT"}} {
		_, err := krakenResult([]byte(`{"error":[],"result":{"`+name+`":[],"last":1}}`), of[0], of[1])
		require.NoError(t, err, name)
	}

	days := func(n int, last time.Time) http.HandlerFunc {
		var rows []string
		for i := n - 1; i >= 0; i-- {
			rows = append(rows, fmt.Sprintf(`[%d,"10.0","12.0","9.0","11.0","10.5","%d.125",7]`, last.AddDate(0, 0, -i).Unix(), i))
		}
		return body(`{"error":[],"result":{"XXBTZUSD":[` + strings.Join(rows, ",") + fmt.Sprintf(`],"last":%d}}`, last.AddDate(0, 0, -1).Unix()))
	}
	w := serve(t, days(720, day("2026-11-20")))
	a := fetch(t, w, NewKraken(w.options()), KindBars, "BTC/USD", 24*time.Hour, "2026-11-18", "2026-11-20")
	require.Equal(t, [][]string{{"BTC/USD", "2026-11-18", "10", "12", "9", "11", "2.125"}, {"BTC/USD", "2026-11-19", "10", "12", "9", "11", "1.125"}}, a.Rows)
	require.Equal(t, []Drop{{"unfinished bars", 1}}, a.Dropped)
	require.Equal(t, "/0/public/OHLC?interval=1440&pair=XBTUSD&since=1794873600", w.asked[0])

	_, err = NewKraken(w.options()).Fetch(context.Background(), ask(KindBars, "BTC/USD", 24*time.Hour))
	require.ErrorContains(t, err, "only the last 720 bars are to be had, from 2024-12-01T00:00:00Z on")
	require.Contains(t, err.(*pitwall.Error).Hint, "--from 2024-12-01")
	w = serve(t, days(100, day("2026-11-20"))) // listed after the range began: nothing is missing
	require.Len(t, fetch(t, w, NewKraken(w.options()), KindBars, "BTC/USD", 24*time.Hour, "2024-01-01", "2026-11-20").Rows, 99)
	w = serve(t, body("{}"))
	_, err = (&Local{Dir: t.TempDir(), Now: w.clock}).Fetch(context.Background(), NewKraken(w.options()), ask(KindBars, "BTC/USD", time.Minute), false, nil)
	require.ErrorContains(t, err, "kraken has no bars of 1m")
}
