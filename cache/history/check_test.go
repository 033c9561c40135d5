package history

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// checked runs Check over files given as name, text pairs.
func checked(t testing.TB, files ...string) *Checked {
	t.Helper()
	m := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		m["d/"+files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	r, err := Check(context.Background(), []Input{{FS: m, Path: "d", Show: "d"}})
	require.NoError(t, err)
	return r
}

// has finds a finding by rule and symbol.
func (r *Checked) has(file, symbol, rule string) *Finding {
	for i, f := range r.Findings {
		if strings.HasSuffix(f.File, file) && f.Symbol == symbol && f.Rule == rule {
			return &r.Findings[i]
		}
	}
	return nil
}

// rules lists a report's rules.
func (r *Checked) rules() []string {
	var names []string
	for _, f := range r.Findings {
		if !slices.Contains(names, f.Rule) {
			names = append(names, f.Rule)
		}
	}
	slices.Sort(names)
	return names
}

// dayRows writes flat daily bars of a symbol for weekdays of January 2024.
func dayRows(symbol string, edit func(day int, row string) string) string {
	var b strings.Builder
	for d := 2; d <= 31; d++ {
		if w := day(fmt.Sprintf("2024-01-%02d", d)).Weekday(); w == 0 || w == 6 {
			continue
		}
		row := fmt.Sprintf("%s,2024-01-%02d,100,101,99,100,5000\n", symbol, d)
		if edit != nil {
			row = edit(d, row)
		}
		b.WriteString(row)
	}
	return b.String()
}

// hours writes three hourly bars from 09:30 on for days of January 2024.
func hours(symbol string, days ...int) string {
	var b strings.Builder
	for _, d := range days {
		for h := 9; h < 12; h++ {
			fmt.Fprintf(&b, "%s,2024-01-%02dT%02d:30:00-05:00,1,1,1,1,5\n", symbol, d, h)
		}
	}
	return b.String()
}

func TestCheckRules(t *testing.T) {
	fine := dayRows("B", nil)
	at := func(n int, to string) string {
		return head + fine + dayRows("A", func(d int, row string) string {
			if d == n {
				return to
			}
			return row
		})
	}
	from := func(n int, price string) string {
		return head + dayRows("A", func(d int, row string) string {
			if d >= n {
				return fmt.Sprintf("A,2024-01-%02d,%s,%s,%s,%s,5000\n", d, price, price, price, price)
			}
			return row
		})
	}
	for name, c := range map[string]struct {
		files []string
		want  []string
	}{
		"fine":             {[]string{"a.csv", head + fine}, nil},
		"missing day":      {[]string{"a.csv", at(10, "")}, []string{"missing day"}},
		"duplicate":        {[]string{"a.csv", at(10, "A,2024-01-09,100,101,99,100.5,5000\n")}, []string{"duplicate", "missing day"}},
		"row twice":        {[]string{"a.csv", at(10, "A,2024-01-09,100,101,99,100,5000\n")}, []string{"missing day", "row twice"}},
		"high below low":   {[]string{"a.csv", at(10, "A,2024-01-10,100,98,99,100,5000\n")}, []string{"impossible bar"}},
		"open outside":     {[]string{"a.csv", at(10, "A,2024-01-10,102,101,99,100,5000\n")}, []string{"impossible bar"}},
		"zero":             {[]string{"a.csv", at(10, "A,2024-01-10,0,0,0,0,5000\n")}, []string{"impossible bar"}},
		"end at zero":      {[]string{"a.csv", head + "A,2024-01-02,5,5,5,5,5\nA,2024-01-03,4,4,0,0,5\nA,2024-01-04,0,0,0,0,5\n"}, []string{"prices of 0 or below"}},
		"share below zero": {[]string{"a.csv", head + "A,2024-01-02,5,5,5,5,5\nA,2024-01-03,4,4,-3,-3,5\n"}, []string{"impossible bar"}},
		"oil below zero":   {[]string{"a.csv", head + "A,2024-01-02,5,5,5,5,5\nA,2024-01-03,4,4,-3,-3,5\n", "instruments.csv", "symbol,kind\nA,future\n"}, []string{"prices of 0 or below"}},
		"text":             {[]string{"a.csv", at(10, "A,2024-01-10,x,101,99,100,5000\n")}, []string{"missing day", "unreadable"}},
		"order":            {[]string{"a.csv", at(10, "A,2024-01-01,100,101,99,100,5000\n")}, []string{"missing day", "out of order"}},
		"weekend":          {[]string{"a.csv", at(12, "A,2024-01-12,100,101,99,100,5000\nA,2024-01-13,100,101,99,100,5000\n")}, []string{"missing day", "weekend bar"}},
		"split missing":    {[]string{"a.csv", from(16, "25")}, []string{"jump like a missing split"}},
		"reverse split":    {[]string{"a.csv", from(16, "1000")}, []string{"jump like a missing split"}},
		"split given":      {[]string{"a.csv", from(16, "25"), "act.csv", "symbol,ex_date,type,value\nA,2024-01-16,split,4\n"}, nil},
		"split twice":      {[]string{"a.csv", from(16, "25"), "act.csv", "symbol,ex_date,type,value\nA,2024-01-16,split,4\nA,2024-01-16,split,4\n"}, []string{"duplicate action"}},
		"split adjusted":   {[]string{"a.csv", from(16, "100"), "act.csv", "symbol,ex_date,type,value\nA,2024-01-16,split,4\n"}, []string{"split-adjusted prices"}},
		"split inverted":   {[]string{"a.csv", from(16, "2500"), "act.csv", "symbol,ex_date,type,value\nA,2024-01-16,split,25\n"}, []string{"inverted split"}},
		"not adjusted":     {[]string{"a.csv", from(16, "25"), "a.csv.yaml", "adjusted: split\n", "act.csv", "symbol,ex_date,type,value\nA,2024-01-16,split,4\n"}, []string{"not adjusted"}},
		"said so":          {[]string{"a.csv", from(16, "100"), "a.csv.yaml", "adjusted: split\n", "act.csv", "symbol,ex_date,type,value\nA,2024-01-16,split,4\n"}, nil},
		"sidecar":          {[]string{"a.csv", from(16, "100"), "a.csv.yaml", "adjusted: some\n"}, []string{"sidecar"}},
		"last bar":         {[]string{"a.csv", at(31, "A,2024-01-31,100,101,99,100,0\n")}, []string{"last bar still forming", "volume 0"}},
		"no pay date":      {[]string{"a.csv", head + fine, "act.csv", "symbol,ex_date,type,value\nA,2024-01-16,dividend,4\n"}, []string{"no pay date"}},
		"not one of ours":  {[]string{"a.csv", "a,b\n1,2\n"}, []string{"not used"}},
		"not a file":       {[]string{"a.csv", "", "b.parquet", "PAR1junk"}, []string{"unreadable"}},
		"bad header":       {[]string{"a.csv", "date,open,close\n2024-01-02,1,1\n"}, []string{"unreadable"}},
		"a week away":      {[]string{"a.csv", head + dayRows("A", func(d int, row string) string { return map[bool]string{true: row}[d < 10 || d > 18] })}, []string{"missing days"}},
		"session missing":  {[]string{"a.csv", head + hours("A", 2, 3, 4) + hours("B", 2, 4)}, []string{"missing day"}},
		"bar missing":      {[]string{"a.csv", head + hours("A", 2, 3) + "A,2024-01-04T09:30:00-05:00,1,1,1,1,5\nA,2024-01-04T11:30:00-05:00,1,1,1,1,5\n"}, []string{"missing bars in a session"}},
		"macro step":       {[]string{"m.csv", "series_id,date,value,as_of\nX,2024-01-01,1,2024-09-01\nX,2024-02-01,1,2024-09-01\nX,2024-03-01,1,2024-09-01\nX,2024-05-01,1,2024-09-01\n"}, []string{"missing observation", "revised values"}},
		"macro value":      {[]string{"m.csv", "series_id,date,value,as_of\nX,2024-01-01,.,2024-09-01\n"}, []string{"revised values", "unreadable"}},
		"files disagree":   {[]string{"a.csv", head + fine, "b.csv", head + strings.Replace(fine, "B,2024-01-10,100,101,99,100,", "B,2024-01-10,100,101,99,100.5,", 1)}, []string{"files disagree"}},
		"range of a split": {[]string{"a.csv", at(10, "A,2024-01-10,100,101,25,100,5000\n")}, []string{"range like a split"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := checked(t, c.files...)
			require.Equal(t, c.want, r.rules(), "%+v", r.Findings)
			for _, f := range r.Findings {
				require.NotEmpty(t, f.Do, "%+v", f)
				require.LessOrEqual(t, len(f.Examples), 3)
			}
		})
	}
}

// defects are those of ../shared/data/README.md: each is named by a finding, or
// it says why there is nothing to find.
var defects = []struct{ what, file, symbol, rule, example string }{
	// daily
	{"SHV flat bars with volume 0 from 2025-05-28", "us_daily_adjusted.csv", "SHV", "flat run", "2025-05-28 .. 2026-06-18"},
	{"us_daily_raw SHV ends 2025-05-27", "us_daily_raw.csv", "SHV", "ends before the file", "2025-05-27"},
	{"SHV small dividends are not listed", "us_daily_raw.csv", "SHV", "adj_close holds what no action says", ""},
	{"derived amounts are good to about 0.001", "corporate_actions.csv", "SHV", "derived amount", ""},
	{"SGOV has dividends in adj_close and no actions", "us_daily_raw.csv", "SGOV", "adj_close holds what no action says", ""},
	{"QQQ has no pay dates", "corporate_actions.csv", "QQQ", "no pay date", ""},
	{"SPY has no pay dates", "corporate_actions.csv", "SPY", "no pay date", ""},
	{"TQQQ has no pay dates", "corporate_actions.csv", "TQQQ", "no pay date", ""},
	{"XOM has no pay dates", "corporate_actions.csv", "XOM", "no pay date", ""},
	{"dividend rows stop at 2025-07-31", "corporate_actions.csv", "MSFT", "actions stop before the bars", "last dividend 2025-05-15"},
	{"lean GOOGL starts at the 2014 split", "lean_daily_raw_2010_2021.csv", "GOOGL", "starts later than the file", "2014-04-03"},
	{"lean dividends are derived from factor files", "corporate_actions.csv", "SPY", "actions disagree", "lean_corporate_actions.csv"},
	{"rebuilt prices are off by 0.0001", "us_daily_raw.csv", "TQQQ", "off the cent", "170.4299"},
	{"AAPL 2020-07-09 differs between sources", "lean_daily_raw_2010_2021.csv", "AAPL", "files disagree", "2020-07-09"},
	{"adj_close is of one vintage", "us_daily_raw.csv", "SPY", "adj_close of one vintage", ""},
	{"us_daily_adjusted is dividend-adjusted", "us_daily_adjusted.csv", "SPY", "dividend-adjusted prices", ""},
	{"us_daily_adjusted is split-adjusted", "us_daily_adjusted.csv", "AMZN", "split-adjusted prices", "20:1"},
	{"NVDA exists only adjusted", "us_daily_adjusted.csv", "NVDA", "only adjusted", ""},
	{"GOOGL exists only adjusted", "us_daily_adjusted.csv", "GOOGL", "only adjusted", ""},
	{"META exists only adjusted", "us_daily_adjusted.csv", "META", "only adjusted", ""},
	{"AVGO exists only adjusted", "us_daily_adjusted.csv", "AVGO", "only adjusted", ""},
	{"the VIX has volume 0", "vix.csv", "VIX", "no volume", ""},
	{"crypto_daily volume is in USD", "crypto_daily.csv", "BTC-USD", "whole crypto volume", ""},
	// intraday
	{"polygon_hourly starts at 10:00", "polygon_hourly_2020_2026.csv", "SPY", "session starts late", "10h0m0s"},
	{"polygon_hourly is split-adjusted", "polygon_hourly_2020_2026.csv", "TQQQ", "split-adjusted prices", "2025-11-20"},
	{"nasdaq100_hourly starts at 10:00", "nasdaq100_hourly_2025q4.csv", "AAPL", "session starts late", "10h0m0s"},
	{"lean_hourly 09:00 covers 09:30", "lean_hourly_raw_2018_2021.csv", "SPY", "bar spans the open", "9h0m0s"},
	{"lean minutes include extended hours", "lean_minute_raw.csv", "SPY", "extended hours", ""},
	{"spy_1min includes extended hours", "spy_1min_2025-07.csv", "SPY", "extended hours", ""},
	{"lean minutes: the first bar of 2014-06-09 mixes both sides of the split", "lean_minute_raw.csv", "AAPL", "range like a split", "2014-06-09T04:00"},
	{"yahoo_1min's last bar is still forming", "yahoo_1min_2026-03.csv", "SPY", "last bar still forming", "2026-03-31"},
	{"yahoo_1min lacks two minutes on 2026-03-27", "yahoo_1min_2026-03.csv", "SPY", "missing bars in a session", "2026-03-27"},
	{"minutes without trades are absent", "coinbase_minute_2018.csv", "ETH-USD", "missing bars in a session", ""},
	{"minutes without trades are flat", "yahoo_5min_2026q1.csv", "QQQ", "volume 0", ""},
	{"crypto_hourly volume is in whole coins", "crypto_hourly_2025q4.csv", "BTC-USDT", "whole crypto volume", ""},
	// macro
	{"fred_latest is revised", "fred_latest.csv", "M2SL", "revised values", "2026-07"},
	{"first_seen is an upper bound", "fred_vintages.csv", "CPIAUCSL", "first_seen is an upper bound", "snapshot days"},
	{"CPIAUCSL has no 2025-10", "fred_latest.csv", "CPIAUCSL", "missing observation", "2025-10-01"},
	{"UNRATE has no 2025-10", "fred_vintages.csv", "UNRATE", "missing observation", "2025-10-01"},
	{"T10Y2Y skips holidays", "fred_latest.csv", "T10Y2Y", "days without an observation", ""},
	{"DGS10 skips holidays", "fred_latest.csv", "DGS10", "days without an observation", ""},
	{"M2SL is revised", "fred_vintages.csv", "M2SL", "values were revised", ""},
	{"release stamps are no series", "fred_release_timestamps.csv", "", "not used", ""},
	{"the list of snapshots is no series", "fred_vintage_snapshots.csv", "", "not used", ""},
	// news, fundamentals, filings
	{"news covers some days only", "finnhub_company_news_2025.csv", "", "news is a sample", ""},
	{"summaries are cut at 200", "finnhub_company_news_2025.csv", "", "texts are cut", "200"},
	{"digests have a date only", "investorbench_daily_digest.csv", "", "dates without a time", ""},
	{"digests are cut at 300", "investorbench_daily_digest.csv", "", "texts are cut", "300"},
	{"statements without a filing date", "quarterly_financials.csv", "AAPL", "no filing date", ""},
	{"acceptance times on some rows only", "quarterly_financials.csv", "AAPL", "no acceptance time", ""},
	{"amounts of senators' trades are ranges", "senate_trades.csv", "", "amounts are ranges", ""},
}

// notInTheData are notes of that README that no file shows, and why.
var notInTheData = map[string]string{
	"SHV is a composite of four sources":         "they agree on all shared days, so no value is off",
	"published_utc of the news is 8 hours late":  "the file holds the true time, rebuilt from the epoch",
	"nasdaq100_2025_raw has a symbol of 79 rows": "all 68 have 100 rows in this copy; TestFewRows cuts one to those 79 and sees it named",
	"digests are written by a language model":    "nothing in the text says so for sure",
}

func TestEveryKnownDefectIsNamed(t *testing.T) {
	root := "../../../shared/data"
	if _, err := os.Stat(root); os.IsNotExist(err) {
		t.Skip("skipped: no ../shared")
	}
	r, err := Check(context.Background(), []Input{{FS: os.DirFS(root), Path: ".", Show: "data"}})
	require.NoError(t, err)
	for _, d := range defects {
		f := r.has(d.file, d.symbol, d.rule)
		if f == nil {
			t.Errorf("%s: no finding %q for %s %s", d.what, d.rule, d.file, d.symbol)
			continue
		}
		require.Contains(t, strings.Join(f.Examples, " "), d.example, d.what)
	}
	total := 0
	for _, f := range r.Findings {
		if f.Rule == "no filing date" {
			total += f.Count
		}
	}
	require.Equal(t, 3095, total)
	for _, f := range r.Findings { // what the README says is right stays unnamed
		if strings.HasPrefix(f.File, "data/calendars/") {
			continue // exchange calendars are no input of a run
		}
		require.NotContains(t, []string{"impossible bar", "out of order", "weekend bar", "unreadable", "sidecar"}, f.Rule, "%+v", f)
		if strings.HasSuffix(f.File, "daily/us_daily_raw.csv") {
			require.NotEqual(t, "missing day", f.Rule, "%+v", f)
		}
	}
	require.Len(t, notInTheData, 4)
	brief := r.Brief()
	require.Less(t, len(brief), 100, "a report that a person reads")
	require.Greater(t, len(r.Findings), len(brief))
	text := fmt.Sprint(brief)
	require.Contains(t, text, "and 65 more", "68 symbols fold into one line")
}

func TestFewRows(t *testing.T) {
	raw, err := os.ReadFile("../../../shared/data/daily/nasdaq100_2025_raw.csv")
	if os.IsNotExist(err) {
		t.Skip("skipped: no ../shared")
	}
	require.NoError(t, err)
	var lines []string
	for _, l := range strings.Split(string(raw), "\n") {
		cells := strings.Split(l, ",")
		if cells[0] != "AAPL" || cells[1] >= "2025-06-26" && cells[1] <= "2025-10-16" {
			lines = append(lines, l)
		}
	}
	r := checked(t, "n.csv", strings.Join(lines, "\n"))
	f := r.has("n.csv", "AAPL", "few rows")
	require.NotNil(t, f)
	require.Equal(t, "79 rows, usual are 100 (2025-06-26 .. 2025-10-16)", f.Examples[0])
	require.Nil(t, checked(t, "n.csv", string(raw)).has("n.csv", "AAPL", "few rows"))
}

// A file that Load refuses does not hide the next one.
func TestCheckGoesOn(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "in"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.csv"), []byte("broken\"csv,\n\"x"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "in", "b.csv"), []byte(head+"A,2024-01-02,1,0.5,2,1,5\n"), 0o644))
	r, err := Check(context.Background(), []Input{{FS: os.DirFS(dir), Path: ".", Show: "x"}})
	require.NoError(t, err)
	require.Equal(t, []string{"impossible bar", "unreadable"}, r.rules())
	require.Equal(t, "x/in/b.csv", r.Findings[1].File)
	require.True(t, r.Rejected())
	_, err = Check(context.Background(), []Input{{FS: os.DirFS(dir), Path: "nope", Show: "nope"}})
	require.ErrorContains(t, err, "no data at nope")
}
