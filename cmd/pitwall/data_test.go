package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/cmd/pitwall/term"
)

// vendorAt sends every request to a local server: no test reaches the network.
type vendorAt struct {
	server *httptest.Server
	asked  *[]string
}

func (v vendorAt) RoundTrip(r *http.Request) (*http.Response, error) {
	*v.asked = append(*v.asked, r.URL.Path+"?"+r.URL.Query().Get("period1"))
	u, err := url.Parse(v.server.URL)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = u.Scheme, u.Host
	return v.server.Client().Transport.RoundTrip(r)
}

// chartServer answers as Yahoo does: weekdays at 09:30 New York from 2020 on.
func chartServer(t testing.TB) *httptest.Server {
	zone, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		symbol := strings.TrimPrefix(r.URL.Path, "/v8/finance/chart/")
		if symbol == "NOPE" {
			w.WriteHeader(404)
			fmt.Fprint(w, `{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}`)
			return
		}
		from, _ := strconv.ParseInt(r.URL.Query().Get("period1"), 10, 64)
		to, _ := strconv.ParseInt(r.URL.Query().Get("period2"), 10, 64)
		var at, price, volume []string
		for d := time.Unix(from, 0).In(zone); d.Unix() < to; d = d.AddDate(0, 0, 1) {
			if w := d.Weekday(); w != time.Saturday && w != time.Sunday && d.Year() >= 2020 {
				at = append(at, fmt.Sprint(time.Date(d.Year(), d.Month(), d.Day(), 9, 30, 0, 0, zone).Unix()))
				price, volume = append(price, fmt.Sprintf("%.2f", 100+float64(d.YearDay())/10)), append(volume, "1000000")
			}
		}
		p := strings.Join(price, ",")
		fmt.Fprintf(w, `{"chart":{"result":[{"meta":{"currency":"USD","symbol":%q,"exchangeTimezoneName":"America/New_York","dataGranularity":"1d"},"timestamp":[%s],"indicators":{"quote":[{"open":[%s],"high":[%s],"low":[%s],"close":[%s],"volume":[%s]}]}}],"error":null}}`,
			symbol, strings.Join(at, ","), p, p, p, p, strings.Join(volume, ","))
	}))
	t.Cleanup(s.Close)
	return s
}

// console is an app with files for its streams.
type console struct {
	*app
	out   *os.File // behind stdout
	asked []string
}

func newConsole(t testing.TB) *console {
	t.Setenv("PITWALL_DATA_DIR", t.(*testing.T).TempDir())
	c := &console{}
	out, err := os.CreateTemp(t.(*testing.T).TempDir(), "out")
	require.NoError(t, err)
	errs, err := os.CreateTemp(t.(*testing.T).TempDir(), "err")
	require.NoError(t, err)
	now := time.Date(2026, 11, 20, 20, 0, 0, 0, time.UTC)
	c.out = out
	c.app = &app{now: func() time.Time { now = now.Add(2 * time.Second); return now }, stdout: term.NewOutput(out), stderr: errs, stop: make(chan struct{}), settings: readSettings, transport: vendorAt{chartServer(t), &c.asked}}
	return c
}

// run runs a command line and returns stdout, stderr and the error.
func (c *console) run(t testing.TB, args ...string) (string, string, error) {
	for _, f := range []*os.File{c.out, c.stderr} {
		require.NoError(t, f.Truncate(0))
		_, err := f.Seek(0, 0)
		require.NoError(t, err)
	}
	root := c.root()
	root.SetArgs(args)
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	failed := root.ExecuteContext(context.Background())
	var texts [2]string
	for i, f := range []*os.File{c.out, c.stderr} {
		raw, err := os.ReadFile(f.Name())
		require.NoError(t, err)
		texts[i] = string(raw)
	}
	return texts[0], texts[1], failed
}

const fetchedStrategy = `name: s
symbols: [AAA]
data: [yahoo]
from: 2023-06-01
to: 2024-06-28
cash: 100000
agent: {model: script/buyhold}
`

func TestFetchThenBacktest(t *testing.T) {
	c := newConsole(t)
	dir := t.TempDir()
	write(t, dir, "s.yaml", fetchedStrategy)
	_, errs, code := command(t, dir, nil, "backtest", "s.yaml")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "the store holds no 1d bars of AAA from yahoo\n  pitwall data fetch yahoo AAA --from 2023-06-01 --to 2024-06-28 --size 1d")

	words := strings.Fields("data fetch yahoo AAA --from 2023-06-01 --to 2024-06-28 --size 1d") // as the message says
	out, _, err := c.run(t, words...)
	require.NoError(t, err)
	require.Contains(t, out, "AAA bars: 282 rows (2 chunks downloaded)\n")
	require.Contains(t, out, "AAA actions: the source has nothing in this range\n")
	require.Len(t, c.asked, 3)

	r := backtestJSON(t, dir, nil, "s.yaml")
	require.EqualValues(t, 282, r["bars"])
	require.EqualValues(t, 1, r["fills"])

	out, _, err = c.run(t, words...)
	require.NoError(t, err)
	require.Contains(t, out, "AAA bars: 282 rows, all there already")
	require.Len(t, c.asked, 3, "downloaded once")

	_, errs, code = command(t, dir, nil, "backtest", "s.yaml", "--to", "2025-01-31")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "but not 2024-06-29\n  pitwall data fetch yahoo AAA --from 2023-06-01 --to 2025-01-31 --size 1d")

	out, _, err = c.run(t, "data", "ls")
	require.NoError(t, err)
	require.Regexp(t, `yahoo +bars +1d +AAA +2023-06-01 +2024-06-28 +282 +\d+\n$`, out)
	out, _, err = c.run(t, "data", "check")
	require.NoError(t, err)
	require.Contains(t, out, "1 files, 282 rows, 0 findings")
}

func TestFetchGoesOnAndStops(t *testing.T) {
	c := newConsole(t)
	out, errs, err := c.run(t, "data", "fetch", "yahoo", "NOPE", "AAA", "--from", "2024-01-01", "--to", "2024-12-31", "--kind", "bars")
	require.ErrorIs(t, err, errSaid)
	require.Contains(t, out, "AAA bars: 262 rows")
	require.Contains(t, errs, "pitwall: yahoo: NOPE 1d bars 2024-01-01..2024-12-31: answered 404 Not Found")
	require.Contains(t, errs, "1 of 2 symbols failed")

	c = newConsole(t)
	server := c.transport
	n := 0
	c.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if n++; n == 3 {
			close(c.stop)
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		return server.RoundTrip(r)
	})
	args := []string{"data", "fetch", "yahoo", "AAA", "--from", "2021-01-01", "--to", "2024-12-31", "--kind", "bars"}
	_, errs, err = c.run(t, args...)
	require.ErrorIs(t, err, context.Canceled)
	require.Contains(t, errs, "yahoo 1/1 AAA bars  2021-01-01..2021-12-31  1/4  261 rows\n", "plain lines: this is no terminal")
	require.NotContains(t, errs, "\x1b")
	require.Len(t, c.asked, 2)
	c.stop, c.transport, c.asked = make(chan struct{}), server, nil
	out, _, err = c.run(t, args...)
	require.NoError(t, err)
	require.Contains(t, out, "AAA bars: 1043 rows (2 chunks downloaded)")
	require.Len(t, c.asked, 2, "only the rest")
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestDataUsage(t *testing.T) {
	dir := t.TempDir()
	store := []string{"PITWALL_DATA_DIR=" + filepath.Join(dir, "store"), "POLYGON_API_KEY=", "APCA_API_KEY_ID=", "ALPACA_API_KEY="}
	write(t, dir, "p.csv", goodBars, "bad.csv", strings.Replace(goodBars, "10,11,9,10,", "10,8,9,10,", 1), "s.yaml", strings.Replace(goodStrategy, "bars.csv", "files", 1))
	for line, c := range map[string]struct {
		code int
		want string
	}{
		"data":                                              {0, "pitwall data fetch yahoo"},
		"data fetch":                                        {2, "usage: pitwall data fetch SOURCE SYMBOL..."},
		"data fetch yaho A --from 2024-01-01":               {2, `did you mean "yahoo"? the sources are yahoo, stooq, binance, coinbase, kraken, alpaca, fred, edgar, polygon, alphavantage`},
		"data fetch yahoo A":                                {2, "--from is missing"},
		"data fetch yahoo A --from soon":                    {2, `--from is "soon"`},
		"data fetch yahoo A --from 2030-01-01":              {2, "is after --to"},
		"data fetch yahoo A --from 2024-01-01 --size 3x":    {2, `--size is "3x"`},
		"data fetch yahoo A --from 2024-01-01 --size 7m":    {1, "yahoo has no bars of 7m"},
		"data fetch yahoo A --from 2024-01-01 --kind macro": {2, `yahoo has no "macro"; it has bars, actions`},
		"data fetch polygon A --from 2024-01-01":            {1, "polygon needs a key\n  set POLYGON_API_KEY in the environment or in .env"},
		"data fetch alpaca A --from 2024-01-01":             {1, "set APCA_API_KEY_ID and APCA_API_SECRET_KEY"},
		"data ls":                                           {0, "is empty"},
		"data check":                                        {1, "name files or folders"},
		"data check bad.csv":                                {1, "impossible bar (A): 1"},
		"data check p.csv":                                  {0, "1 files, 3 rows, 0 findings"},
		"data synth A --from 2024-01-02 --to 2024-01-31":    {0, "made-up.csv: 21 made-up daily bars of 1 symbols, 2024-01-02 to 2024-01-31, seed 1"},
		"data synth A --to 2024-01-31":                      {2, "--from is missing"},
		"data synth A --from 2024-01-02 --vol much":         {2, "--vol is"},
		"data check nope.csv":                               {1, "no data at nope.csv"},
		"data import":                                       {2, "missing FILE..."},
		"data import bad.csv":                               {1, "high 8 is below low 9"},
	} {
		out, errs, code := command(t, dir, store, strings.Fields(line)...)
		require.Equal(t, c.code, code, "%s: %s%s", line, out, errs)
		require.Contains(t, out+errs, c.want, line)
	}
	_, err := os.Stat(filepath.Join(dir, "store"))
	require.ErrorIs(t, err, os.ErrNotExist, "nothing was stored")
	out, errs, code := command(t, dir, store, "data", "import", "p.csv", "--adjusted", "raw")
	require.Equal(t, 0, code, errs)
	require.Equal(t, "p.csv: A bars, 3 rows\n", out)
	r := backtestJSON(t, dir, store, "s.yaml")
	require.EqualValues(t, 3, r["bars"])
}

// A mapping is typed once; the next file of its header, and a backtest over the store,
// need none.
func TestImportMapsOnce(t *testing.T) {
	dir := t.TempDir()
	store := []string{"PITWALL_DATA_DIR=" + filepath.Join(dir, "store")}
	var rows strings.Builder
	for d := range 20 {
		fmt.Fprintf(&rows, "%02d.01.2024;10,5;12;10;%d,5;900\n", d+1, 10+d%2)
	}
	text := "wann;p0;p1;p2;p3;menge\n" + rows.String()
	write(t, dir, "BTC-USD.csv", text, "ETH-USD.csv", text, "s.yaml", "symbols: [ETH-USD]\nbenchmark: \"\"\ndata: [files]\nagent: {model: script/buyhold}\n")
	_, errs, code := command(t, dir, store, "data", "import", "BTC-USD.csv")
	require.Equal(t, 1, code, errs)
	out, errs, code := command(t, dir, store, "data", "import", "BTC-USD.csv", "--columns", "timestamp=wann,open=p0,high=p1,low=p2,close=p3", "--dates", "dmy")
	require.Equal(t, 0, code, errs)
	require.Contains(t, out, "BTC-USD.csv: columns: {close: p3, high: p1, low: p2, open: p0, timestamp: wann}, dates: dmy; remembered for files of this header in ")
	out, errs, code = command(t, dir, store, "data", "import", "ETH-USD.csv")
	require.Equal(t, 0, code, errs)
	require.Regexp(t, `dates: dmy, as remembered in .*mappings\.yaml\nETH-USD\.csv: ETH-USD bars, 20 rows\n$`, out)
	out, errs, code = command(t, dir, store, "backtest", "s.yaml")
	require.Equal(t, 0, code, errs+out)
	_, errs, code = command(t, dir, store, "backtest", "s.yaml", "--data", "ETH-USD.csv")
	require.Equal(t, 1, code, "a file named by its path is read without what the store remembers")
	require.Contains(t, errs, "ETH-USD.csv")
}
