package history

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

const secret = "SECRET+KEY/123"

// wire is a local server in a vendor's place, with a clock that sleeping moves.
type wire struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
	slept []time.Duration
	now   time.Time
}

func serve(t testing.TB, h http.HandlerFunc) *wire {
	t.Helper()
	w := &wire{now: day("2026-11-20").Add(15 * time.Hour)}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.asked = append(w.asked, r.URL.String())
		w.mu.Unlock()
		h(rw, r)
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *wire) clock() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now }

func (w *wire) sleep(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slept = append(w.slept, d)
	w.now = w.now.Add(d)
	return ctx.Err()
}

func (w *wire) options() RemoteOptions {
	return RemoteOptions{BaseURL: w.URL, Key: secret, Secret: secret, KeyNames: "THE_KEY", Now: w.clock, Sleep: w.sleep, Transport: w.Client().Transport}
}

func day(s string) time.Time {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return d
}

// ask is a request of 2024's first days.
func ask(kind RowKind, symbol string, size time.Duration) Request {
	return Request{Kind: kind, Symbol: symbol, Size: size, From: day("2024-01-02"), To: day("2024-01-05")}
}

// source is one source with a question and a good answer made by hand.
type source struct {
	name string
	make func(RemoteOptions) Remote
	ask  Request
	good string
	next string // the second request's answer, if there is one
	rows int
	list bool // its answers are lists, of which an empty one says that there is nothing
	free bool // it needs no key
}

const yahooGood = `{"chart":{"result":[{"meta":{"currency":"USD","symbol":"AAPL","exchangeTimezoneName":"America/New_York","dataGranularity":"1d"},
"timestamp":[1704205800,1704292200,1704378600],"events":{"dividends":{"1704292200":{"amount":0.24,"date":1704292200}},"splits":{"1704378600":{"date":1704378600,"numerator":4,"denominator":1}}},
"indicators":{"quote":[{"open":[187.14999389648438,null,182.14999389648438],"high":[188.44000244140625,null,183.08999633789062],"low":[183.88999938964844,null,180.8800048828125],"close":[185.63999938964844,null,181.91000366210938],"volume":[82488700,null,71983600]}],
"adjclose":[{"adjclose":[184.9,null,181.2]}]}}],"error":null}}`

const polygonEmpty = `{"status":"OK","results":[]}`

func allSources() []source {
	d := 24 * time.Hour
	y := func(o RemoteOptions) Remote { return NewYahoo(o) }
	a := func(o RemoteOptions) Remote { return NewAlpaca(o) }
	f := func(o RemoteOptions) Remote { return NewFred(o) }
	p := func(o RemoteOptions) Remote { return NewPolygon(o) }
	v := func(o RemoteOptions) Remote { return NewAlphaVantage(o) }
	return append(keylessSources(), []source{
		{"yahoo bars", y, ask(KindBars, "AAPL", d), yahooGood, "", 2, false, true},
		{"yahoo actions", y, ask(KindActions, "AAPL", 0), yahooGood, "", 2, false, true},
		{"alpaca bars", a, ask(KindBars, "AAPL", d), `{"bars":{"AAPL":[{"t":"2024-01-02T05:00:00Z","o":187.15,"h":188.44,"l":183.885,"c":185.64,"v":81964874,"n":1,"vw":185.9}]},"next_page_token":null}`, "", 1, false, false},
		{"alpaca crypto", a, ask(KindBars, "BTC/USD", time.Hour), `{"bars":{"BTC/USD":[{"t":"2024-01-02T05:00:00Z","o":45000,"h":45010.5,"l":44900,"c":45000.25,"v":1.2345678,"n":1,"vw":1}]},"next_page_token":null}`, "", 1, false, false},
		{"alpaca actions", a, ask(KindActions, "AAPL", 0), `{"corporate_actions":{"cash_dividends":[{"symbol":"AAPL","rate":0.24,"ex_date":"2024-01-03","payable_date":"2024-01-05","process_date":"2024-01-05"}]},"next_page_token":null}`, "", 1, false, false},
		{"alpaca news", a, ask(KindNews, "AAPL", 0), `{"news":[{"id":5,"headline":"Apple &amp; Co","summary":"s","created_at":"2024-01-02T10:00:00Z","updated_at":"2024-01-02T10:05:00Z","symbols":["AAPL"]}],"next_page_token":null}`, "", 1, false, false},
		{"fred vintages", f, ask(KindMacro, "DGS10", 0), `{"realtime_start":"1776-07-04","realtime_end":"9999-12-31","units":"lin","count":2,"offset":0,"observations":[{"realtime_start":"2024-01-03","realtime_end":"9999-12-31","date":"2024-01-02","value":"3.95"},{"realtime_start":"2024-01-04","realtime_end":"9999-12-31","date":"2024-01-03","value":"."}]}`, "", 1, false, true},
		{"fred public", func(o RemoteOptions) Remote { o.Key = ""; return NewFred(o) }, ask(KindMacro, "DGS10", 0), "observation_date,DGS10\n2024-01-02,3.95\n2024-01-03,.\n", "", 1, false, true},
		{"polygon bars", p, ask(KindBars, "AAPL", d), `{"status":"OK","ticker":"AAPL","adjusted":false,"results":[{"t":1704171600000,"o":187.15,"h":188.44,"l":183.885,"c":185.64,"v":8.1964874e+07,"n":5}]}`, "", 1, false, false},
		{"polygon actions", p, ask(KindActions, "AAPL", 0), polygonEmpty, `{"status":"OK","results":[{"execution_date":"2024-01-03","split_from":3,"split_to":2,"ticker":"AAPL"}]}`, 1, false, false},
		{"alphavantage daily", v, ask(KindBars, "AAPL", d), `{"Meta Data":{"2. Symbol":"AAPL","4. Output Size":"Full size","5. Time Zone":"US/Eastern"},"Time Series (Daily)":{"2024-01-02":{"1. open":"187.1500","2. high":"188.4400","3. low":"183.8850","4. close":"185.6400","5. volume":"82488674"},"2023-12-29":{"1. open":"1","2. high":"1","3. low":"1","4. close":"1","5. volume":"1"}}}`, "", 1, false, false},
		{"alphavantage 1h", v, ask(KindBars, "AAPL", time.Hour), `{"Meta Data":{"2. Symbol":"AAPL","6. Time Zone":"US/Eastern"},"Time Series (60min)":{"2024-01-02 10:00:00":{"1. open":"187.15","2. high":"188.44","3. low":"183.885","4. close":"185.64","5. volume":"5"}}}`, "", 1, false, false},
	}...)
}

// answer sends the good answers in turn.
func (s source) answer() http.HandlerFunc {
	n := 0
	return func(w http.ResponseWriter, _ *http.Request) {
		n++
		if n == 2 && s.next != "" {
			fmt.Fprint(w, s.next)
			return
		}
		fmt.Fprint(w, s.good)
	}
}

func TestSourcesGoodAnswers(t *testing.T) {
	for _, s := range allSources() {
		t.Run(s.name, func(t *testing.T) {
			w := serve(t, s.answer())
			a, err := s.make(w.options()).Fetch(context.Background(), s.ask)
			require.NoError(t, err)
			require.Len(t, a.Rows, s.rows, "%v", a.Rows)
			require.NoError(t, validRows(s.ask, a))
		})
	}
}

// failure is one way in which a vendor fails.
type failure struct {
	name    string
	handler http.HandlerFunc
	code    pitwall.Code // empty = any
	want    string       // in the message
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"message":"no, %s may not"}`, secret) // vendors do echo keys
	}
}

func body(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

func failures() []failure {
	return []failure{
		{"401", status(401), pitwall.NotAllowed, "401 Unauthorized"},
		{"403", status(403), pitwall.NotAllowed, "403 Forbidden"},
		{"404", status(404), pitwall.NoCoverage, "404 Not Found"},
		{"429 for ever", status(429, "Retry-After", "7"), pitwall.Timeout, "429 Too Many Requests (5 tries), asking for a pause of 7s"},
		{"429 for an hour", status(429, "Retry-After", "3600"), pitwall.Timeout, "asking for a pause of 1h0m0s"},
		{"500", status(500), pitwall.DataError, "500 Internal Server Error (5 tries)"},
		{"redirect", status(302, "Location", "http://127.0.0.1:1/"), pitwall.DataError, "302"},
		{"half a body", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			fmt.Fprint(w, `{"bars":{"AAPL":[`)
		}, pitwall.DataError, "broke off after 17 of 100000 bytes"},
		{"garbage", body("<!DOCTYPE html><html><body>Will be right back</body></html>"), pitwall.DataError, "not usable"},
		{"garbage with the key", body("<html>" + secret + "</html>"), pitwall.DataError, "not usable"},
		{"empty body", body(""), pitwall.DataError, "not usable"},
		{"empty object", body("{}"), pitwall.DataError, "not usable"},
		{"a list", body("[]"), pitwall.DataError, "not usable"},
		{"null", body("null"), pitwall.DataError, "not usable"},
	}
}

// judge lets a source fail and says what is wrong with how it does.
func judge(t testing.TB, s source, f failure) (problems []string) {
	w := serve(t, f.handler)
	l := &Local{Dir: t.TempDir(), Now: w.clock}
	_, err := l.Fetch(context.Background(), s.make(w.options()), s.ask, false, nil)
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if err == nil {
		bad("no error")
	} else {
		e, ok := errors.AsType[*pitwall.Error](err)
		switch {
		case !ok:
			bad("not one of our errors: %v", err)
		case f.code != "" && e.Code != f.code:
			bad("code %s, not %s: %v", e.Code, f.code, err)
		case e.Hint == "":
			bad("no hint: %v", err)
		}
		for _, want := range []string{strings.Fields(s.name)[0], s.ask.Symbol, f.want} {
			if !strings.Contains(err.Error(), want) {
				bad("%q is not in %v", want, err)
			}
		}
		if strings.Count(err.Error(), "\n") > 0 {
			bad("more than one line: %v", err)
		}
		for _, key := range []string{secret, "SECRET%2BKEY%2F123", "SECRET"} {
			if strings.Contains(err.Error(), key) {
				bad("the key is in %v", err)
			}
		}
	}
	for _, name := range filesIn(t, l.Dir) {
		bad("the store holds %s", name)
	}
	if len(w.asked) > 5 {
		bad("%d requests", len(w.asked))
	}
	return problems
}

// filesIn lists every file below a folder.
func filesIn(t testing.TB, dir string) (names []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, strings.TrimPrefix(p, dir+"/"))
		}
		return err
	}))
	return names
}

func TestSourcesFailPlainly(t *testing.T) {
	for _, s := range allSources() {
		for _, f := range failures() {
			if s.list && f.name == "a list" {
				continue
			}
			t.Run(s.name+"/"+f.name, func(t *testing.T) {
				require.Empty(t, judge(t, s, f))
			})
		}
	}
}

// careless takes any answer for an empty one, and careless2 for a bar.
type careless struct {
	*Vendor
	rows [][]string
}

func (c *careless) Offers() []Offer {
	return []Offer{{Kind: KindBars, Sizes: []time.Duration{24 * time.Hour}, Chunk: Whole}}
}

func (c *careless) Fetch(ctx context.Context, q Request) (*Answer, error) {
	raw, err := c.get(ctx, "/x", map[string][]string{"apikey": {c.opts.Key}}, nil)
	if err != nil {
		return nil, fmt.Errorf("%w with %s: %s", err, c.opts.Key, raw)
	}
	return &Answer{Kind: KindBars, Rows: c.rows}, nil
}

// The judge must see a source that caches garbage, hides failures or tells keys.
func TestJudgeCanFail(t *testing.T) {
	s := source{"careless bars", func(o RemoteOptions) Remote { return &careless{newVendor("careless", "", 60, o), nil} }, ask(KindBars, "AAPL", 24*time.Hour), "", "", 0, false, false}
	all := map[string]string{}
	for _, f := range failures() {
		all[f.name] = strings.Join(judge(t, s, f), "\n")
	}
	require.Contains(t, all["garbage"], "no error")
	require.Contains(t, all["garbage"], "the store holds careless/bars/1d/.chunks/AAPL/2024-01-02_2024-01-05_2026-11-20.empty")
	require.Contains(t, all["401"], "the key is in")
	require.Contains(t, all["500"], `"AAPL" is not in`)
	s.make = func(o RemoteOptions) Remote {
		return &careless{newVendor("careless", "", 60, o), [][]string{{"AAPL", "2024-01-02", "0", "0", "0", "0", "0"}}}
	}
	require.Contains(t, strings.Join(judge(t, s, failures()[8]), "\n"), `"not usable" is not in`, "an impossible bar is refused by the store itself")
	require.NotContains(t, strings.Join(judge(t, s, failures()[8]), "\n"), "the store holds")
}

func TestRetryAfterThenSuccess(t *testing.T) {
	for _, s := range allSources() {
		t.Run(s.name, func(t *testing.T) {
			n, good := 0, s.answer()
			w := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if n++; n <= 2 {
					status(429, "Retry-After", "7")(w, r)
					return
				}
				good(w, r)
			})
			l := &Local{Dir: t.TempDir(), Now: w.clock}
			out, err := l.Fetch(context.Background(), s.make(w.options()), s.ask, false, nil)
			require.NoError(t, err)
			require.Equal(t, s.rows, out.Rows)
			sevens := 0
			for _, d := range w.slept {
				if d == 7*time.Second {
					sevens++
				}
			}
			require.Equal(t, 2, sevens, "slept %v", w.slept)
		})
	}
}

func TestBackOffAndLimit(t *testing.T) {
	w := serve(t, status(503))
	o := w.options()
	_, err := NewYahoo(o).Fetch(context.Background(), ask(KindBars, "AAPL", 24*time.Hour))
	require.ErrorContains(t, err, "503")
	require.Equal(t, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}, w.slept, "no jitter, and the limit of one a second is kept by it")

	w = serve(t, body(polygonEmpty))
	p := NewPolygon(w.options())
	for range 3 {
		_, err := p.Fetch(context.Background(), ask(KindActions, "AAPL", 0))
		require.NoError(t, err)
	}
	require.Len(t, w.asked, 6)
	require.Len(t, w.slept, 5, "five a minute: every request but the first waits")
	require.InDelta(t, 12, w.slept[4].Seconds(), 0.01)

	w = serve(t, status(429, "Retry-After", w.clock().Add(30*time.Second).Format(http.TimeFormat)))
	_, err = NewYahoo(w.options()).Fetch(context.Background(), ask(KindBars, "AAPL", 24*time.Hour))
	require.ErrorContains(t, err, "429")
	require.Greater(t, w.slept[0], 15*time.Second, "a date is read too")
}

// The transport unpacks, whatever a library asks for.
func TestCompressedAnswers(t *testing.T) {
	for _, s := range allSources() {
		good := s.answer()
		w := serve(t, func(w http.ResponseWriter, r *http.Request) {
			require.Equal(t, "gzip", r.Header.Get("Accept-Encoding"))
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			defer z.Close()
			good(zipped{w, z}, r)
		})
		a, err := s.make(w.options()).Fetch(context.Background(), s.ask)
		require.NoError(t, err, s.name)
		require.Len(t, a.Rows, s.rows, s.name)
	}
}

// zipped writes a body through gzip.
type zipped struct {
	http.ResponseWriter
	zip *gzip.Writer
}

func (z zipped) Write(p []byte) (int, error) { return z.zip.Write(p) }

func TestLongPausesEndTheFetch(t *testing.T) {
	w := serve(t, status(429, "Retry-After", "3600"))
	_, err := NewYahoo(w.options()).Fetch(context.Background(), ask(KindBars, "AAPL", 24*time.Hour))
	require.ErrorContains(t, err, "asking for a pause of 1h0m0s")
	require.Len(t, w.asked, 1)
	require.Empty(t, w.slept)
}

// A bar that has not ended is never a bar: neither a day's before its close nor
// an hour's before its end.
func TestUnfinishedBarsAreDropped(t *testing.T) {
	for _, s := range allSources() {
		if s.ask.Kind != KindBars {
			continue
		}
		w := serve(t, s.answer())
		w.now = day("2024-01-02").Add(15*time.Hour + 10*time.Minute) // 10:10 in New York
		if s.ask.Symbol == "BTC/USD" {
			w.now = day("2024-01-02").Add(5*time.Hour + 10*time.Minute) // or a day of it at its 5th hour
		}
		a, err := s.make(w.options()).Fetch(context.Background(), s.ask)
		require.NoError(t, err, s.name)
		require.Empty(t, a.Rows, s.name)
		require.Contains(t, fmt.Sprint(a.Dropped), "unfinished bars", s.name)
	}
}

func TestStopsWithTheContext(t *testing.T) {
	for _, s := range allSources() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		w := serve(t, func(http.ResponseWriter, *http.Request) { cancel() })
		_, err := s.make(w.options()).Fetch(ctx, s.ask)
		require.ErrorIs(t, err, context.Canceled, s.name)
		require.NotContains(t, err.Error(), "SECRET")
	}
}

func TestKeysAreNeeded(t *testing.T) {
	for _, s := range allSources() {
		w := serve(t, body("{}"))
		o := w.options()
		o.Key, o.Secret = "", ""
		_, err := s.make(o).Fetch(context.Background(), s.ask)
		if s.free {
			continue
		}
		require.ErrorContains(t, err, "THE_KEY", s.name)
		require.Empty(t, w.asked, "nothing is asked without a key")
	}
}

func TestNoKeyInAddresses(t *testing.T) {
	for _, s := range allSources() {
		w := serve(t, s.answer())
		_, err := s.make(w.options()).Fetch(context.Background(), s.ask)
		require.NoError(t, err)
		for _, u := range w.asked {
			if n := strings.Fields(s.name)[0]; n != "fred" && n != "alphavantage" { // these two take it nowhere else
				require.NotContains(t, u, "SECRET")
			}
		}
	}
	require.Equal(t, "", os.Getenv("APCA_API_DATA_URL"), "the test would not be one")
}
