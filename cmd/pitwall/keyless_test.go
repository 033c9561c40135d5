package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// keylessServer answers as Stooq, Binance, Coinbase, Kraken and EDGAR do, with the same
// daily bars of 2026 up to the day that is not over.
func keylessServer(t testing.TB) *httptest.Server {
	first, today := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	mux := http.NewServeMux()
	list := func(w http.ResponseWriter, rows [][]any) { // of bars, oldest first
		require.NoError(t, json.NewEncoder(w).Encode(rows))
	}
	days := func(from, to time.Time, row func(at time.Time, price float64) []any) (rows [][]any) {
		for at := first; !at.After(today); at = at.AddDate(0, 0, 1) {
			if !at.Before(from) && !at.After(to) {
				rows = append(rows, row(at, 100+float64(at.YearDay())))
			}
		}
		return rows
	}
	text := func(f float64) string { return strconv.FormatFloat(f, 'f', 4, 64) }
	mux.HandleFunc("/q/d/l/", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "Date,Open,High,Low,Close,Volume\r\n")
		for _, r := range days(first, today, func(at time.Time, p float64) []any { return []any{at, p} }) {
			if at := r[0].(time.Time); at.Weekday() != time.Saturday && at.Weekday() != time.Sunday {
				fmt.Fprintf(w, "%s,%v,%v,%v,%v,5000000\r\n", at.Format(time.DateOnly), r[1], r[1], r[1], r[1])
			}
		}
	})
	mux.HandleFunc("/api/v3/klines", func(w http.ResponseWriter, r *http.Request) {
		from, _ := strconv.ParseInt(r.FormValue("startTime"), 10, 64)
		to, _ := strconv.ParseInt(r.FormValue("endTime"), 10, 64)
		list(w, days(time.UnixMilli(from), time.UnixMilli(to), func(at time.Time, p float64) []any {
			return []any{at.UnixMilli(), text(p), text(p), text(p), text(p), "5000.5", at.AddDate(0, 0, 1).UnixMilli() - 1, "1", 1, "1", "1", "0"}
		}))
	})
	mux.HandleFunc("/products/BTC-USD/candles", func(w http.ResponseWriter, r *http.Request) {
		from, _ := time.Parse(time.RFC3339, r.FormValue("start"))
		to, _ := time.Parse(time.RFC3339, r.FormValue("end"))
		rows := days(from, to, func(at time.Time, p float64) []any { return []any{at.Unix(), p, p, p, p, 5000.5} })
		for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
			rows[i], rows[j] = rows[j], rows[i]
		}
		list(w, rows)
	})
	mux.HandleFunc("/0/public/OHLC", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"error":[],"result":{"XXBTZUSD":`)
		list(w, days(first, today, func(at time.Time, p float64) []any {
			return []any{at.Unix(), text(p), text(p), text(p), text(p), "1.0", "5000.5", 7}
		}))
		fmt.Fprint(w, `,"last":1}}`)
	})
	mux.HandleFunc("/files/company_tickers.json", func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "Jane Doe jane@example.com", r.UserAgent())
		fmt.Fprint(w, `{"0":{"cik_str":320193,"ticker":"AAPL","title":"Apple Inc."}}`)
	})
	mux.HandleFunc("/api/xbrl/companyfacts/CIK0000320193.json", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"cik":320193,"facts":{"us-gaap":{"Revenues":{"units":{"USD":[{"start":"2025-10-01","end":"2025-12-31","val":124300000000,"accn":"0000320193-26-000001","fy":2026,"fp":"Q1","form":"10-Q","filed":"2026-02-02"}]}}}}}`)
	})
	mux.HandleFunc("/submissions/CIK0000320193.json", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"filings":{"recent":{"accessionNumber":["0000320193-26-000002"],"filingDate":["2026-02-03"],"form":["4"],"primaryDocument":["xslF345X05/form4.xml"]},"files":[]}}`)
	})
	mux.HandleFunc("/Archives/edgar/data/320193/000032019326000002/form4.xml", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<ownershipDocument><documentType>4</documentType><issuer><issuerCik>0000320193</issuerCik></issuer><reportingOwner><reportingOwnerId><rptOwnerName>DOE JANE</rptOwnerName></reportingOwnerId></reportingOwner>
<nonDerivativeTable><nonDerivativeTransaction><transactionDate><value>2026-02-02</value></transactionDate><transactionCoding><transactionCode>S</transactionCode></transactionCoding></nonDerivativeTransaction></nonDerivativeTable></ownershipDocument>`)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// What the sources without a key give is fetched, listed, checked and traded on: one
// strategy ends the same on the bars of each exchange (their volume caps its order), and a
// run reads EDGAR's records.
func TestFetchWithoutKeys(t *testing.T) {
	c := newConsole(t)
	c.transport = vendorAt{keylessServer(t), &c.asked}
	dir := t.TempDir()
	const rest = "from: 2026-01-05\nto: 2026-11-19\ncash: 100000\nbenchmark: \"\"\nagent: {model: script/buyhold}\n"
	_, _, err := c.run(t, "data", "fetch", "edgar", "AAPL", "--from", "2026-01-01")
	require.ErrorContains(t, err, "edgar needs a contact, which the SEC asks for")
	t.Setenv("SEC_USER_AGENT", "Jane Doe jane@example.com")

	equity := map[string]any{}
	for _, source := range []string{"binance", "coinbase", "kraken"} {
		out, errs, err := c.run(t, "data", "fetch", source, "BTC/USD", "--from", "2026-01-01")
		require.NoError(t, err, errs)
		require.Regexp(t, `^BTC/USD bars: 323 rows \(\d chunks downloaded\); left out: 1 unfinished bars\n$`, out, source)
		write(t, dir, source+".yaml", "symbols: [BTC/USD]\ndata: ["+source+"]\n"+rest)
		r := backtestJSON(t, dir, nil, source+".yaml")
		require.EqualValues(t, 319, r["bars"], source)
		require.EqualValues(t, 1, r["fills"], source)
		equity[source] = r["final_equity"]
		require.Equal(t, equity["binance"], equity[source], source)
	}
	require.NotNil(t, equity["kraken"])
	for source, want := range map[string]string{"stooq": `^AAPL bars: 231 rows \(1 chunks downloaded\); left out: 1 unfinished bars\n$`, "edgar": `^AAPL statements: 1 rows \(1 chunks downloaded\)\nAAPL filings: 1 rows \(1 chunks downloaded\)\n$`} {
		out, errs, err := c.run(t, "data", "fetch", source, "AAPL", "--from", "2026-01-01")
		require.NoError(t, err, errs)
		require.Regexp(t, want, out)
	}
	write(t, dir, "s.yaml", "symbols: [AAPL]\ndata: [stooq, edgar]\n"+rest)
	require.EqualValues(t, 1, backtestJSON(t, dir, nil, "s.yaml")["fills"])
	out, _, err := c.run(t, "data", "ls")
	require.NoError(t, err)
	require.Regexp(t, `edgar +filings +AAPL +2026-01-01 +2026-11-20 +1 `, out)
	require.Regexp(t, `edgar +statements +AAPL +2026-01-01 +2026-11-20 +1 `, out)
	_, errs, err := c.run(t, "data", "check")
	require.NoError(t, err, errs)
}
