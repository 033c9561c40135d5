package history

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// recorded reads a payload of ../shared, or skips.
func recorded(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile("../../../shared/data/wire/" + name)
	if os.IsNotExist(err) {
		t.Skip("skipped: no ../shared")
	}
	require.NoError(t, err)
	return string(raw)
}

// cases reads a list of recorded cases: payloads by name, in order.
func cases(t testing.TB, name string) map[string][]string {
	t.Helper()
	var list []struct {
		Case    string          `json:"case"`
		Payload json.RawMessage `json:"payload"`
	}
	require.NoError(t, json.Unmarshal([]byte(recorded(t, name)), &list))
	m := map[string][]string{}
	for _, c := range list {
		text := string(c.Payload)
		var s string
		if json.Unmarshal(c.Payload, &s) == nil {
			text = s
		}
		m[c.Case] = append(m[c.Case], text)
	}
	return m
}

// inTurn answers with one text after another.
func inTurn(texts ...string) http.HandlerFunc {
	n := 0
	return func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, texts[min(n, len(texts)-1)])
		n++
	}
}

// fetch asks a source for a span of days and judges the rows as the store would.
func fetch(t testing.TB, w *wire, r Remote, kind RowKind, symbol string, size time.Duration, from, to string) *Answer {
	t.Helper()
	q := Request{Kind: kind, Symbol: symbol, Size: size, From: day(from), To: day(to)}
	a, err := r.Fetch(context.Background(), q)
	require.NoError(t, err)
	require.NoError(t, validRows(q, a))
	return a
}

func TestRecordedYahoo(t *testing.T) {
	d := 24 * time.Hour
	w := serve(t, body(recorded(t, "yahoo/v8_chart_GOOGL_1d_1d_2026-08.json")))
	a := fetch(t, w, NewYahoo(w.options()), KindBars, "GOOGL", d, "2026-08-21", "2026-08-21")
	require.Equal(t, [][]string{{"GOOGL", "2026-08-21", "342.58", "346.2", "340.4", "344.82", "20803700"}}, a.Rows, "prices without the noise of 32-bit floats")
	require.Equal(t, pitwall.SplitAdjusted, a.Adjusted)
	require.Contains(t, w.asked[0], "period1=1787284800&period2=1787371200", "New York's midnights")

	w.now = time.Unix(1787342400+60, 0) // a minute after the close of that day
	a = fetch(t, w, NewYahoo(w.options()), KindBars, "GOOGL", d, "2026-08-21", "2026-08-21")
	require.Empty(t, a.Rows)
	require.Equal(t, []Drop{{"unfinished bars", 1}}, a.Dropped, "the day's prices are not settled yet")

	weekly := recorded(t, "yahoo/v8_chart_AAPL_1wk_1mo_2024-09.json")
	w = serve(t, body(weekly))
	_, err := NewYahoo(w.options()).Fetch(context.Background(), span("AAPL", "2024-08-01", "2024-09-30"))
	require.ErrorContains(t, err, `bars of "1wk" came for "1d"`, "never weeks for days")
	w = serve(t, body(strings.Replace(weekly, `"dataGranularity": "1wk"`, `"dataGranularity": "1d"`, 1)))
	a, err = NewYahoo(w.options()).Fetch(context.Background(), span("AAPL", "2024-08-01", "2024-09-30"))
	require.NoError(t, err)
	require.Len(t, a.Rows, 5)
	require.Equal(t, "2024-09-16", a.Rows[4][1])
	require.Equal(t, "226.84", priceOf(t, 226.83999633789062))
	require.Equal(t, []Drop{{"live points", 1}}, a.Dropped, "the sixth point is the last trade, not a bar")
	w = serve(t, body(weekly))
	_, err = NewYahoo(w.options()).Fetch(context.Background(), span("MSFT", "2024-08-01", "2024-09-30"))
	require.ErrorContains(t, err, `it is about "AAPL"`)
}

func priceOf(t testing.TB, f float64) string {
	text, err := priceText(f)
	require.NoError(t, err)
	return text
}

func TestYahooByHand(t *testing.T) {
	d := 24 * time.Hour
	w := serve(t, body(yahooGood))
	y := NewYahoo(w.options())
	a := fetch(t, w, y, KindBars, "AAPL", d, "2024-01-02", "2024-01-05")
	require.Equal(t, [][]string{{"AAPL", "2024-01-02", "187.15", "188.44", "183.89", "185.64", "82488700"}, {"AAPL", "2024-01-04", "182.15", "183.09", "180.88", "181.91", "71983600"}}, a.Rows)
	require.Equal(t, []Drop{{"null bars", 1}}, a.Dropped)
	a = fetch(t, w, y, KindActions, "AAPL", 0, "2024-01-02", "2024-01-05")
	require.Equal(t, [][]string{{"AAPL", "2024-01-03", "dividend", "0.24", "", "", "", "yahoo, split-adjusted"}, {"AAPL", "2024-01-04", "split", "4", "", "", "", "yahoo, split-adjusted"}}, a.Rows)

	for name, c := range map[string]struct {
		status     int
		text, want string
	}{
		"lengths":   {200, strings.Replace(yahooGood, "1704205800,", "", 1), "2 times, 3 opens"},
		"currency":  {200, strings.Replace(yahooGood, "USD", "GBp", 1), `prices are in "GBp"`},
		"two":       {200, strings.Replace(yahooGood, `"result":[`, `"result":[{},`, 1), "2 charts"},
		"error":     {200, `{"chart":{"result":null,"error":{"code":"Bad Request","description":"Invalid input - interval=3d"}}}`, "Invalid input - interval=3d"},
		"too old":   {422, `{"chart":{"result":null,"error":{"code":"Unprocessable Entity","description":"1m data not available"}}}`, "1m data not available"},
		"no symbol": {404, `{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}`, "symbol may be delisted"},
	} {
		w := serve(t, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(c.status); fmt.Fprint(rw, c.text) })
		_, err := NewYahoo(w.options()).Fetch(context.Background(), ask(KindBars, "AAPL", d))
		require.ErrorContains(t, err, c.want, name)
		require.Len(t, w.asked, 1, name)
	}
	w = serve(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.WriteHeader(400)
		fmt.Fprint(rw, `{"chart":{"result":null,"error":{"code":"Bad Request","description":"Data doesn't exist for startDate = 1, endDate = 2"}}}`)
	})
	require.Empty(t, fetch(t, w, NewYahoo(w.options()), KindBars, "AAPL", d, "1970-01-02", "1970-12-31").Rows, "said cleanly: before the listing")
	w = serve(t, body(`{"chart":{"result":[{"meta":{"currency":"USD","symbol":"AAPL","dataGranularity":"1d"},"indicators":{"quote":[{}],"adjclose":[{}]}}],"error":null}}`))
	require.Empty(t, fetch(t, w, NewYahoo(w.options()), KindBars, "AAPL", d, "2024-01-06", "2024-01-07").Rows)
}

// Intraday charts end with the closing print; crypto runs around the clock.
func TestYahooIntraday(t *testing.T) {
	chart := func(symbol, zone string, open, close int64, at ...int64) string {
		times, ones := []string{}, []string{}
		for _, x := range at {
			times, ones = append(times, fmt.Sprint(x)), append(ones, "1")
		}
		p := strings.Join(ones, ",")
		return fmt.Sprintf(`{"chart":{"result":[{"meta":{"currency":"USD","symbol":%q,"exchangeTimezoneName":%q,"dataGranularity":"1h","currentTradingPeriod":{"regular":{"start":%d,"end":%d}}},"timestamp":[%s],"indicators":{"quote":[{"open":[%s],"high":[%s],"low":[%s],"close":[%s],"volume":[%s]}]}}],"error":null}}`,
			symbol, zone, open, close, strings.Join(times, ","), p, p, p, p, p)
	}
	const open = 1704205800 // 2024-01-02 09:30 New York
	w := serve(t, body(chart("AAPL", "America/New_York", open, open+23400, open, open+3600, open+21600, open+23400)))
	a := fetch(t, w, NewYahoo(w.options()), KindBars, "AAPL", time.Hour, "2024-01-02", "2024-01-02")
	require.Len(t, a.Rows, 3)
	require.Equal(t, "2024-01-02T15:30:00-05:00", a.Rows[2][1])
	require.Equal(t, []Drop{{"live points", 1}}, a.Dropped)
	w = serve(t, body(chart("BTC-USD", "UTC", 1704153600, 1704239940, 1704153600, 1704157200, 1704236400, 1704157283)))
	a = fetch(t, w, NewYahoo(w.options()), KindBars, "BTC-USD", time.Hour, "2024-01-02", "2024-01-02")
	require.Len(t, a.Rows, 3)
	require.Equal(t, "2024-01-02T23:00:00Z", a.Rows[2][1])
}

func TestRecordedAlpaca(t *testing.T) {
	all := cases(t, "alpaca/marketdata_rest.json")
	d := 24 * time.Hour
	w := serve(t, inTurn(all["TestGetBars"]...))
	a := fetch(t, w, NewAlpaca(w.options()), KindBars, "AMZN", 15*time.Minute, "2021-10-15", "2021-10-15")
	require.Len(t, a.Rows, 5)
	require.Equal(t, []string{"AMZN", "2021-10-15T12:00:00-04:00", "3378.14", "3380.815", "3376.3001", "3379.72", "211689"}, a.Rows[0])
	require.Contains(t, w.asked[0], "/v2/stocks/bars?adjustment=raw&currency=USD&end=2021-10-16T03%3A59%3A59Z")

	pages := all["TestGetBars_Asof"]
	require.Len(t, pages, 2)
	w = serve(t, inTurn(pages[0], pages[1], `{"bars":{},"next_page_token":null}`))
	a = fetch(t, w, NewAlpaca(w.options()), KindBars, "META", d, "2022-06-08", "2022-06-13")
	require.Len(t, w.asked, 3, "the tokens are followed")
	require.Contains(t, w.asked[1], "page_token=TUVU")
	require.Equal(t, "2022-06-08 2022-06-13", a.Rows[0][1]+" "+a.Rows[3][1])
	require.Equal(t, pitwall.Raw, a.Adjusted)

	for _, empty := range []string{"test_get_bars_single_empty_response", "test_get_bars_multi_empty_response"} {
		w = serve(t, inTurn(cases(t, "alpaca/data_rest_py.json")[empty]...))
		require.Empty(t, fetch(t, w, NewAlpaca(w.options()), KindBars, "AAPL", d, "2022-02-01", "2022-02-02").Rows)
	}

	w = serve(t, inTurn(all["TestGetCryptoMultiBars"]...)) // three venues under one time
	l := &Local{Dir: t.TempDir(), Now: w.clock}
	_, err := l.Fetch(context.Background(), NewAlpaca(w.options()), Request{Kind: KindBars, Symbol: "BTC/USD", Size: time.Hour, From: day("2021-11-20"), To: day("2021-11-20")}, false, nil)
	require.ErrorContains(t, err, "duplicate timestamp")
	require.Empty(t, filesIn(t, l.Dir))

	w = serve(t, inTurn(all["TestLatestBar_Currency"][0]))
	_, err = NewAlpaca(w.options()).Fetch(context.Background(), ask(KindBars, "AAPL", d))
	require.ErrorContains(t, err, `prices are in "MXN"`)
	w = serve(t, body(`{"bars":{"BTC/USD":[{"t":"2024-01-02T06:00:00Z","o":1,"h":1,"l":1,"c":1,"v":1}]},"next_page_token":null}`))
	_, err = NewAlpaca(w.options()).Fetch(context.Background(), ask(KindBars, "BTC/USD", d))
	require.ErrorContains(t, err, "daily bars that begin at 06:00 UTC", "not known at midnight UTC")
}

func TestRecordedAlpacaRecords(t *testing.T) {
	py := cases(t, "alpaca/data_rest_py.json")
	w := serve(t, inTurn(py["test_get_corporate_actions"]...))
	a := fetch(t, w, NewAlpaca(w.options()), KindActions, "MNTS", 0, "2023-01-01", "2024-12-31")
	require.Equal(t, [][]string{{"MNTS", "2023-08-24", "split", "1/50", "", "2023-08-24", "", "alpaca"}}, a.Rows)
	require.Len(t, w.asked, 2)
	require.Contains(t, w.asked[0], "end=2025-07-01", "processed after the range, ex inside it")
	require.Contains(t, fmt.Sprint(a.Dropped), "actions of other symbols 3")
	require.Contains(t, fmt.Sprint(a.Dropped), "mergers")
	w = serve(t, inTurn(py["test_get_corporate_actions"]...))
	a = fetch(t, w, NewAlpaca(w.options()), KindActions, "FCF", 0, "2023-01-01", "2023-12-31")
	require.Equal(t, [][]string{{"FCF", "2023-05-04", "dividend", "0.125", "2023-05-19", "2023-05-05", "", "alpaca"}}, a.Rows)

	news := cases(t, "alpaca/marketdata_rest.json")["TestGetNews"]
	w = serve(t, inTurn(news[0], news[1]))
	q := Request{Kind: KindNews, Symbol: "TSLA", From: day("2021-04-03"), To: day("2021-04-03")}
	a, err := NewAlpaca(w.options()).Fetch(context.Background(), q)
	require.NoError(t, err)
	require.NoError(t, validRows(q, a))
	require.GreaterOrEqual(t, len(a.Rows), 2)
	require.Equal(t, "2021-04-03T12:31:16Z", a.Rows[0][0], "published when last changed: that text was not there before")
	require.Contains(t, fmt.Sprint(a.Rows), "Waymo's chief technology officer", "entities are read")
	w = serve(t, inTurn(py["test_get_news"]...))
	a, err = NewAlpaca(w.options()).Fetch(context.Background(), Request{Kind: KindNews, Symbol: "CWAN", From: day("2024-08-01"), To: day("2024-11-30")})
	require.NoError(t, err)
	require.Len(t, a.Rows, 2)
}

func TestRecordedFred(t *testing.T) {
	text := recorded(t, "fred/observations_M2SL_rewrapped.json")
	w := serve(t, body(text))
	q := Request{Kind: KindMacro, Symbol: "M2SL", From: day("2020-01-01"), To: day("2026-11-20")}
	_, err := NewFred(w.options()).Fetch(context.Background(), q)
	require.ErrorContains(t, err, "it covers publication days 2025-08-31..2025-08-31", "one day's view is not when things were first seen")

	whole := strings.Replace(strings.Replace(text, `"realtime_start": "2025-08-31"`, `"realtime_start": "1776-07-04"`, 1), `"realtime_end": "2025-08-31"`, `"realtime_end": "9999-12-31"`, 1)
	w = serve(t, body(whole))
	a := fetch(t, w, NewFred(w.options()), KindMacro, "M2SL", 0, "2020-01-01", "2026-11-20")
	require.Len(t, a.Rows, 67)
	require.Equal(t, []string{"M2SL", "2025-07-01", "22115.4", "2025-08-31"}, a.Rows[66])

	for series, n := range map[string]int{"M2SL": 48, "CPIAUCSL": 48} {
		w = serve(t, body(recorded(t, "fred/fredgraph_"+series+".csv")))
		o := w.options()
		o.Key = ""
		a = fetch(t, w, NewFred(o), KindMacro, series, 0, "2000-01-01", "2026-11-20")
		require.Len(t, a.Rows, n)
		require.Equal(t, KindRevised, a.Kind)
		require.Equal(t, "2026-11-20", a.Rows[0][3])
	}
	var xml []struct {
		Body string `json:"body"`
	}
	require.NoError(t, json.Unmarshal([]byte(recorded(t, "fred/xml_responses.json")), &xml))
	w = serve(t, body(xml[0].Body))
	_, err = NewFred(w.options()).Fetch(context.Background(), q)
	require.ErrorContains(t, err, "not usable", "XML is not what was asked for")
}

// A daily series has more vintages than one answer may span: it comes in
// windows, at whose start values are repeated.
func TestFredWindows(t *testing.T) {
	w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		v := r.URL.Query()
		first, last := v.Get("realtime_start"), v.Get("realtime_end")
		switch {
		case first == alfredFirst && last == alfredLast:
			rw.WriteHeader(400)
			fmt.Fprint(rw, `{"error_code":400,"error_message":"Bad Request.  This exceeds the maximum number of vintage dates allowed (2000)."}`)
			return
		case last < "2019":
			rw.WriteHeader(400)
			fmt.Fprint(rw, `{"error_code":400,"error_message":"Bad Request.  The series does not exist in ALFRED but may exist in FRED."}`)
			return
		}
		row := func(start, date, value string) string {
			return fmt.Sprintf(`{"realtime_start":%q,"date":%q,"value":%q}`, start, date, value)
		}
		rows := map[string][]string{
			"2015-01-01": {row("2018-06-01", "2018-05-01", "1"), row("2018-07-01", "2018-06-01", "2")},
			"2020-01-01": {row("2020-01-01", "2018-05-01", "1"), row("2020-01-01", "2018-06-01", "2.5"), row("2021-02-01", "2018-05-01", "1.1")},
			"2025-01-01": {row("2025-01-01", "2018-05-01", "1.1"), row("2025-01-01", "2018-06-01", "2.5")},
		}[first]
		fmt.Fprintf(rw, `{"realtime_start":%q,"realtime_end":%q,"count":%d,"observations":[%s]}`, first, last, len(rows), strings.Join(rows, ","))
	})
	a := fetch(t, w, NewFred(w.options()), KindMacro, "DGS10", 0, "2018-01-01", "2026-11-20")
	require.Equal(t, [][]string{{"DGS10", "2018-05-01", "1", "2018-06-01"}, {"DGS10", "2018-05-01", "1.1", "2021-02-01"},
		{"DGS10", "2018-06-01", "2", "2018-07-01"}, {"DGS10", "2018-06-01", "2.5", "2020-01-01"}}, a.Rows)
	w = serve(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.WriteHeader(400)
		fmt.Fprint(rw, `{"error_code":400,"error_message":"Bad Request.  The series does not exist."}`)
	})
	_, err := NewFred(w.options()).Fetch(context.Background(), ask(KindMacro, "NOPE", 0))
	require.Equal(t, pitwall.NoCoverage, pitwall.CodeOf(err))
}

func TestRecordedPolygon(t *testing.T) {
	wrap := func(name string) string { return `{"status":"OK","results":` + recorded(t, "polygon/"+name) + `}` }
	w := serve(t, inTurn(wrap("dividends_AAPL.json"), wrap("splits_AAPL.json")))
	a := fetch(t, w, NewPolygon(w.options()), KindActions, "AAPL", 0, "2000-01-01", "2026-11-20")
	require.Len(t, a.Rows, 23)
	require.Equal(t, []string{"AAPL", "2005-02-28", "split", "2", "", "", "", "polygon"}, a.Rows[0])
	require.Equal(t, []string{"AAPL", "2025-08-11", "dividend", "0.26", "2025-08-14", "2025-08-11", "2025-07-31", "polygon"}, a.Rows[22])
	w = serve(t, inTurn(wrap("dividends_MSFT.json"), wrap("splits_MSFT.json")))
	require.Len(t, fetch(t, w, NewPolygon(w.options()), KindActions, "MSFT", 0, "2000-01-01", "2026-11-20").Rows, 21)
	w = serve(t, body(wrap("dividends_MSFT.json")))
	_, err := NewPolygon(w.options()).Fetch(context.Background(), ask(KindActions, "AAPL", 0))
	require.ErrorContains(t, err, `a dividend of "MSFT"`)
}

func TestPolygonPages(t *testing.T) {
	bar := func(ms int64) string { return fmt.Sprintf(`{"t":%d,"o":1,"h":2,"l":0.5,"c":1.5,"v":10}`, ms) }
	page := func(next string, ms int64) string {
		return fmt.Sprintf(`{"status":"DELAYED","ticker":"X:BTCUSD","adjusted":false,"results":[%s],"next_url":%q}`, bar(ms), next)
	}
	w := serve(t, inTurn(page("https://elsewhere.example/v2/next?cursor=abc", 1704171600000), page("", 1704175200000)))
	a := fetch(t, w, NewPolygon(w.options()), KindBars, "BTC-USD", time.Hour, "2024-01-02", "2024-01-02")
	require.Len(t, a.Rows, 2)
	require.Equal(t, "2024-01-02T05:00:00Z", a.Rows[0][1])
	require.Equal(t, "/v2/next?cursor=abc", w.asked[1], "never another host: the key would go along")
	for text, want := range map[string]string{
		`{"status":"ERROR","error":"bad"}`:                                  `status "ERROR"`,
		`{"status":"OK","ticker":"AAPL","adjusted":true,"results":[]}`:      "adjusted true",
		`{"status":"OK","ticker":"MSFT","adjusted":false,"results":[]}`:     `it is about "MSFT"`,
		`{"status":"OK","ticker":"AAPL","adjusted":false,"results":[{}]}`:   "the bar {}",
		`{"status":"OK","ticker":"AAPL","adjusted":false,"results":["x"]}`:  `the bar "x"`,
		`{"status":"OK","ticker":"AAPL","adjusted":false,"results":[null]}`: "the bar null",
	} {
		w := serve(t, body(text))
		_, err := NewPolygon(w.options()).Fetch(context.Background(), ask(KindBars, "AAPL", 24*time.Hour))
		require.ErrorContains(t, err, want)
	}
}

func TestRecordedAlphaVantage(t *testing.T) {
	w := serve(t, body(recorded(t, "alphavantage/TIME_SERIES_DAILY_AAPL.json")))
	a := fetch(t, w, NewAlphaVantage(w.options()), KindBars, "AAPL", 24*time.Hour, "2025-09-15", "2025-10-22")
	require.Len(t, a.Rows, 28)
	require.Equal(t, []string{"AAPL", "2025-10-22", "262.65", "262.85", "255.43", "258.45", "45015254"}, a.Rows[27])
	_, err := NewAlphaVantage(w.options()).Fetch(context.Background(), span("AAPL", "2020-01-01", "2025-10-22"))
	require.ErrorContains(t, err, "only the last 30 days came (from 2025-09-11)")

	w = serve(t, body(recorded(t, "alphavantage/TIME_SERIES_INTRADAY_60min_QQQ.json")))
	a = fetch(t, w, NewAlphaVantage(w.options()), KindBars, "QQQ", time.Hour, "2025-11-01", "2025-11-30")
	require.Equal(t, "2025-11-03T10:00:00-05:00", a.Rows[0][1])
	require.Equal(t, []string{"QQQ", "2025-11-10T15:00:00-05:00", "622.9", "624.31", "622.77", "623.18", "9766317"}, a.Rows[len(a.Rows)-1])
	require.Contains(t, w.asked[0], "month=2025-11")
	for text, code := range map[string]pitwall.Code{
		`{"Note":"Thank you! Our standard API call frequency is 5 calls per minute"}`:             pitwall.Timeout,
		`{"Information":"We have detected your API key as ` + secret + ` and our rate limit is"}`: pitwall.NotAllowed,
		`{"Error Message":"Invalid API call."}`:                                                   pitwall.NoCoverage,
	} {
		w := serve(t, body(text))
		_, err := NewAlphaVantage(w.options()).Fetch(context.Background(), ask(KindBars, "AAPL", 24*time.Hour))
		require.Equal(t, code, pitwall.CodeOf(err))
		require.NotContains(t, err.Error(), "SECRET")
	}
}

// inMemory answers without a network, three times.
func inMemory(text []byte) roundTripper {
	n := 0
	return func(r *http.Request) (*http.Response, error) {
		if n++; n > 3 {
			return nil, io.ErrClosedPipe
		}
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(text)), Request: r}, nil
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestEndlessPages(t *testing.T) {
	for name, text := range map[string]string{
		"alpaca bars":  `{"bars":{},"next_page_token":"x"}`,
		"polygon bars": `{"status":"OK","ticker":"AAPL","adjusted":false,"results":[],"next_url":"https://x/%d"}`,
	} {
		for _, s := range allSources() {
			if s.name != name {
				continue
			}
			n := 0
			o := RemoteOptions{BaseURL: "http://127.0.0.1:1", Key: secret, Secret: secret, Now: func() time.Time { return day("2026-11-20") }, Sleep: func(context.Context, time.Duration) error { return nil },
				Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					n++
					return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(strings.Replace(text, "%d", fmt.Sprint(n), 1))), Request: r}, nil
				})}
			_, err := s.make(o).Fetch(context.Background(), s.ask)
			require.ErrorContains(t, err, "more than 5000 pages", name)
		}
	}
}

// Whatever a vendor sends, a source gives an error or rows that hold: no panic
// (finance-go would), no half answer.
func FuzzSources(f *testing.F) {
	for _, s := range allSources() {
		f.Add([]byte(s.good))
	}
	f.Add([]byte(`{"chart":{"result":[null]}}`))
	f.Add([]byte(`{"chart":{"result":[{"meta":{"currency":"USD","symbol":"AAPL","dataGranularity":"1d"},"timestamp":[1],"indicators":{"quote":[{"open":[1]}]}}]}}`))
	now := func() time.Time { return day("2026-11-20") }
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, s := range allSources() {
			o := RemoteOptions{BaseURL: "http://127.0.0.1:1", Key: secret, Secret: secret, Now: now, Sleep: func(context.Context, time.Duration) error { return nil }, Transport: inMemory(raw)}
			a, err := s.make(o).Fetch(context.Background(), s.ask)
			if (a == nil) == (err == nil) {
				t.Fatalf("%s: answer %v and error %v", s.name, a, err)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Fatalf("%s: the key is in %v", s.name, err)
			}
		}
	})
}
