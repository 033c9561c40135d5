package history

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

const head = "symbol,timestamp,open,high,low,close,volume\n"

// load reads files given as name, text pairs.
func load(opts Options, files ...string) (*Store, error) {
	m := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		m["d/"+files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return Load(context.Background(), []Input{{FS: m, Path: "d", Show: "d"}}, opts)
}

func TestDailyBarsAreSessions(t *testing.T) {
	s, err := load(Options{}, "a.csv", head+"AAPL,2024-03-08,1,2,0.5,1.5,100\nAAPL,2024-03-11,1,2,0.5,1.5,\nBTC-USD,2024-03-08,1,2,0.5,1.5,3.25\n")
	require.NoError(t, err)
	require.Equal(t, []string{"AAPL", "BTC-USD"}, s.Symbols())
	a, btc := s.Series()[0], s.Series()[1]
	require.Equal(t, "2024-03-08T09:30:00-05:00", a.Bar(0).Start.Format(time.RFC3339))
	require.Equal(t, "2024-03-08T16:00:00-05:00", a.Bar(0).Known.Format(time.RFC3339))
	require.Equal(t, "2024-03-11T16:00:00-04:00", a.Bar(1).Known.Format(time.RFC3339), "daylight saving began in between")
	require.Equal(t, pitwall.NoVolume, a.Volume[1])
	require.Contains(t, strings.Join(s.Warnings, "\n"), "AAPL has no volume in 1 of 2 bars")
	require.Equal(t, 24*time.Hour, a.Size)
	require.Equal(t, "2024-03-09T00:00:00Z", btc.Bar(0).Known.Format(time.RFC3339), "a crypto day ends at midnight UTC")
	require.Equal(t, pitwall.Dec(1), btc.Instrument.Lot)
}

func TestIntradayBars(t *testing.T) {
	s, err := load(Options{}, "a.csv", head+
		"SPY,2024-01-02T09:30:00-05:00,1,1,1,1,1\nSPY,2024-01-02T09:35:00-05:00,1,1,1,1,1\nSPY,2024-01-02T14:45:00+00:00,1,1,1,1,1\nSPY,2024-01-02 10:00:00,1,1,1,1,1\n")
	require.NoError(t, err)
	x := s.Series()[0]
	require.Equal(t, 5*time.Minute, x.Size, "the usual spacing")
	require.Equal(t, "2024-01-02T09:50:00-05:00", x.Bar(2).Known.Format(time.RFC3339), "other offsets are read; known at the end, not the start")
	require.Equal(t, "2024-01-02T10:00:00-05:00", x.Bar(3).Start.Format(time.RFC3339), "a time without a zone is the exchange's")
}

func TestBadDataNamesFileAndLine(t *testing.T) {
	good := "A,2024-01-02,1,2,0.5,1.5,100\n"
	for name, c := range map[string]struct{ text, want string }{
		"gap in the header":    {"symbol,timestamp,,high,low,close,volume\n" + good, "d/a.csv: column 3 of the header has no name"},
		"column missing":       {"symbol,timestamp,open,high,close,volume\nA,2024-01-02,1,2,1.5,100\n", "d/a.csv: the header lacks low"},
		"column twice":         {"symbol,timestamp,open,open,low,close,volume\n" + good, "names \"open\" twice"},
		"short line":           {head + good + "A,2024-01-03,1,2\n", "record on line 3: wrong number of fields"},
		"broken number":        {head + good + "A,2024-01-03,1,2x,0.5,1.5,100\n", "d/a.csv:3: high: \"2x\" is not a decimal number"},
		"ninth decimal":        {head + "A,2024-01-02,1,2,0.123456789,1.5,100\n", "d/a.csv:2: low: \"0.123456789\" has more than 8 decimals"},
		"not a number":         {head + "A,2024-01-02,1,NaN,0.5,1.5,100\n", "d/a.csv:2: high"},
		"volume":               {head + "A,2024-01-02,1,2,0.5,1.5,-4\n", "d/a.csv:2: volume: \"-4\" is not a number >= 0"},
		"infinite volume":      {head + "A,2024-01-02,1,2,0.5,1.5,Inf\n", "volume"},
		"not sorted":           {head + "A,2024-01-03,1,2,0.5,1.5,1\n" + good + "A,2024-01-04,1,2,0.5,1.5,1\n", "d/a.csv:3: A: time 2024-01-02T09:30:00-05:00 is not after 2024-01-03"},
		"duplicate":            {head + good + "A,2024-01-02,1,2,0.5,1.6,100\n", "d/a.csv:3: A: duplicate timestamp 2024-01-02T09:30:00-05:00"},
		"high below low":       {head + "A,2024-01-02,1,0.4,0.5,1,1\n", "d/a.csv:2: A: high 0.4 is below low 0.5"},
		"open outside":         {head + "A,2024-01-02,3,2,0.5,1,1\n", "open 3 is outside low 0.5 .. high 2"},
		"close outside":        {head + "A,2024-01-02,1,2,0.5,0.4,1\n", "close 0.4 is outside"},
		"price zero":           {head + "A,2024-01-02,0,0,0,0,1\n", "low 0 is not above 0"},
		"date":                 {head + "A,2024-13-02,1,2,0.5,1.5,100\n", "d/a.csv:2: timestamp: \"2024-13-02\" is not a date"},
		"mixed":                {head + good + "A,2024-01-03T09:30:00-05:00,1,2,0.5,1.5,1\n", "mixes dates and times"},
		"two in a month":       {head + "A,2024-01-01,1,2,0.5,1.5,1\nA,2024-02-01,1,2,0.5,1.5,1\nA,2024-03-01,1,2,0.5,1.5,1\nA,2024-03-15,1,2,0.5,1.5,1\nA,2024-04-15,1,2,0.5,1.5,1\n", "2024-03-15 is in the month of the bar before it"},
		"quarterly":            {head + "A,2024-01-01,1,2,0.5,1.5,1\nA,2024-04-01,1,2,0.5,1.5,1\n", "neither daily, weekly nor monthly bars"},
		"months among days":    {head + days(10) + "A,2024-03-31,1,2,0.5,1.5,1\nA,2024-04-30,1,2,0.5,1.5,1\nA,2024-05-31,1,2,0.5,1.5,1\nA,2024-06-30,1,2,0.5,1.5,1\nA,2024-07-31,1,2,0.5,1.5,1\n", "bars of two sizes"},
		"weeks of Sundays":     {head + "A,2024-01-07,1,2,0.5,1.5,1\nA,2024-01-14,1,2,0.5,1.5,1\n", "dated on a Sunday (2024-01-07): some tools mean the week before it, others the week after; write sundays: end or sundays: start beside the file's path in the strategy, or in FILE.yaml"},
		"two in a week":        {head + "A,2024-01-02,1,2,0.5,1.5,1\nA,2024-01-09,1,2,0.5,1.5,1\nA,2024-01-16,1,2,0.5,1.5,1\nA,2024-01-18,1,2,0.5,1.5,1\n", "d/a.csv:5: timestamp: 2024-01-18 is in the week of the bar before it"},
		"spring":               {head + "A,2024-03-10 01:00:00,1,2,0.5,1.5,1\nA,2024-03-10 02:00:00,1,2,0.5,1.5,1\n", "d/a.csv:3: timestamp: \"2024-03-10 02:00:00\" does not exist in America/New_York: clocks skipped that hour; write the time with its offset, such as 2024-03-10T"},
		"autumn":               {head + "ES,2024-11-03 00:00:00,1,2,0.5,1.5,1\nES,2024-11-03 01:00:00,1,2,0.5,1.5,1\n", "d/a.csv:3: timestamp: \"2024-11-03 01:00:00\" exists twice in America/New_York: clocks were set back; write the time with its offset, 2024-11-03T01:00:00-04:00 or 2024-11-03T01:00:00-05:00"},
		"three-day bars":       {head + "BTC-USD,2024-01-01,1,2,0.5,1.5,1\nBTC-USD,2024-01-04,1,2,0.5,1.5,1\nBTC-USD,2024-01-07,1,2,0.5,1.5,1\n", "usually 3 days apart"},
		"a bar's end as time":  {head + "BTCUSDT,2024-01-02T00:59:59.999Z,1,2,0.5,1.5,1\n", "has a fraction of a second"},
		"one intraday bar":     {head + "A,2024-01-02T09:30:00-05:00,1,2,0.5,1.5,1\n", "give bar_size"},
		"empty":                {"", "d/a.csv is empty"},
		"no symbol":            {head + ",2024-01-02,1,2,0.5,1.5,1\n", "d/a.csv:2: symbol: is empty"},
		"nothing but a header": {head, "the data holds no bars"},
		"currency":             {"symbol,kind,currency\nA,equity,EUR\n", "one currency per world"},
		"kind":                 {"symbol,kind\nA,perpetual\n", "not supported"},
	} {
		_, err := load(Options{}, "a.csv", c.text)
		require.ErrorContains(t, err, c.want, name)
		require.Equal(t, pitwall.DataError, pitwall.CodeOf(err), name)
	}
}

func TestSymbolInTwoFiles(t *testing.T) {
	day, hour := head+"A,2024-01-02,1,2,0.5,1.5,100\n", head+"A,2024-01-02T10:00:00-05:00,1,2,0.5,1.5,1\nA,2024-01-02T11:00:00-05:00,1,2,0.5,1.5,1\nB,2024-01-02T11:00:00-05:00,1,2,0.5,1.5,1\nB,2024-01-02T12:00:00-05:00,1,2,0.5,1.5,1\n"
	_, err := load(Options{}, "one.csv", day, "two.csv", day)
	require.ErrorContains(t, err, "A is in two files: d/one.csv (1d bars) and d/two.csv (1d bars)")
	_, err = load(Options{}, "one.csv", day, "two.csv", hour)
	require.ErrorContains(t, err, "bar_size")
	s, err := load(Options{Size: time.Hour}, "one.csv", day, "two.csv", hour)
	require.NoError(t, err)
	require.Equal(t, time.Hour, s.Series()[0].Size)
	s, err = load(Options{Symbols: []string{"B"}}, "one.csv", day, "two.csv", hour)
	require.NoError(t, err, "a symbol that nobody asked for is no trouble")
	require.Equal(t, []string{"B"}, s.Symbols())
	_, err = load(Options{Symbols: []string{"C"}}, "two.csv", hour)
	require.ErrorContains(t, err, "there is no data for C")
	require.ErrorContains(t, err, "they hold A, B")
}

func join(list []pitwall.Warning) string {
	text := ""
	for _, w := range list {
		text += w.Text + "\n"
	}
	return text
}

func TestAdjustment(t *testing.T) {
	bars, actions := head+"A,2024-01-02,1,2,0.5,1.5,100\n", "symbol,ex_date,type,value,pay_date\nA,2024-01-02,dividend,0.5,2024-01-09\nA,2024-01-03,split,2,\n"
	s, err := load(Options{}, "a.csv", bars, "act.csv", actions, "notes.csv", "who,what\nx,y\n")
	require.NoError(t, err)
	require.Equal(t, pitwall.Raw, s.Series()[0].Adjusted)
	require.Len(t, s.Actions(), 2)
	all := strings.Join(s.Warnings, "\n")
	require.Contains(t, all, "taken as raw")
	require.Contains(t, all, "d/notes.csv is not used yet")
	from, to := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	require.Contains(t, join(s.DatedWarnings([]string{"A"}, from, to)), "A split 2:1 on 2024-01-03")
	require.Empty(t, s.DatedWarnings([]string{"A"}, from, from.AddDate(0, 0, 1)), "not in the window")
	s, err = load(Options{}, "a.csv", bars, "a.csv.yaml", "adjusted: split\n", "act.csv", actions)
	require.NoError(t, err)
	require.Equal(t, pitwall.SplitAdjusted, s.Series()[0].Adjusted)
	require.Empty(t, s.DatedWarnings([]string{"A"}, from, to), "the prices do not show it any more")
	_, err = load(Options{}, "a.csv", bars, "a.csv.yaml", "adjusted: maybe\n")
	require.ErrorContains(t, err, "use raw, split or total")
	_, err = load(Options{}, "a.csv", bars, "a.csv.yaml", "adjust: split\n")
	require.ErrorContains(t, err, "a.csv.yaml")
}

// Splits are read as ratios, other actions by their type; what cannot be is an
// error with file and line.
func TestActions(t *testing.T) {
	bars := head + "A,2024-01-02,1,2,0.5,1.5,100\nA,2024-01-03,1,2,0.5,1.5,100\n"
	s, err := load(Options{}, "a.csv", bars, "act.csv", "symbol,ex_date,type,value,pay_date\nA,2024-01-03,Split,1/3,\nA,2024-01-04,split,1:20,\nA,2024-01-05,split,0.1,\nA,2024-01-06,cash_dividend,0.25,2024-01-09\nA,2024-01-07,funding,-0.01,\n")
	require.NoError(t, err)
	got := s.Actions()
	require.Equal(t, []string{"split 1 3", "split 1 20", "split 0.1 0", "dividend 0.25 0", "funding -0.01 0"}, []string{line(got[0]), line(got[1]), line(got[2]), line(got[3]), line(got[4])})
	require.Equal(t, "2024-01-09", got[3].Pay.Format(time.DateOnly))
	for value, want := range map[string]string{"0": "a split of", "-2": "a split of", "1/0": "a split of", "a/b": "not a decimal", "1/": "not a decimal"} {
		_, err := load(Options{}, "a.csv", bars, "act.csv", "symbol,ex_date,type,value\nA,2024-01-03,split,"+value+"\n")
		require.ErrorContains(t, err, "act.csv:2: value: ")
		require.ErrorContains(t, err, want, value)
	}
}

func line(a pitwall.Action) string { return a.Type + " " + a.Value.String() + " " + a.Per.String() }

// Futures and options come from instruments.csv with what they need.
func TestDerivatives(t *testing.T) {
	columns := "symbol,kind,tick,multiplier,expiry,strike,right,underlying\n"
	s, err := load(Options{}, "a.csv", head+"F,2024-01-02,1,2,0.5,1.5,100\nO,2024-01-02,1,2,0.5,1.5,100\n", "i.csv", columns+"F,future,0.25,50,2024-03-15,,,\nO,option,,100,2024-03-15,4500,call,F\n")
	require.NoError(t, err)
	f, o := s.Series()[0].Instrument, s.Series()[1].Instrument
	require.Equal(t, []any{pitwall.Future, pitwall.Int(50), "2024-03-15"}, []any{f.Kind, f.Multiplier, f.Expiry.Format(time.DateOnly)})
	require.Equal(t, []any{pitwall.Option, pitwall.Int(4500), pitwall.Call, "F"}, []any{o.Kind, o.Strike, o.Right, o.Underlying})
	for row, want := range map[string]string{
		"F,bond,,,,,,": `"bond" is not supported`, "F,option,,100,2024-03-15,4500,,F": "needs expiry, strike, right", "F,equity,,,2024-03-15,,,": "expires",
		"F,future,,50,2024-03-15,4500,,": "has a strike", "F,future,,0,,,,": "is not a number > 0", "F,future,,50,soon,,,": "is not a date"} {
		_, err := load(Options{}, "a.csv", head+"F,2024-01-02,1,2,0.5,1.5,100\n", "i.csv", columns+row+"\n")
		require.ErrorContains(t, err, want, row)
	}
}

func TestParquetReadsLikeCSV(t *testing.T) {
	dir := t.TempDir()
	text := head + "A,2024-01-02,1.25,2,0.5,1.5,100\nA,2024-01-03,0.1,2.3,0.1,1.7,250\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.csv"), []byte(text), 0o644))
	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec("COPY (SELECT * FROM read_csv('" + filepath.Join(dir, "a.csv") + "')) TO '" + filepath.Join(dir, "a.parquet") + "' (FORMAT parquet)")
	require.NoError(t, err)
	fsys := os.DirFS(dir)
	one, err := Load(context.Background(), []Input{{FS: fsys, Path: "a.csv"}}, Options{})
	require.NoError(t, err)
	two, err := Load(context.Background(), []Input{{FS: fsys, Path: "a.parquet"}}, Options{})
	require.NoError(t, err)
	require.Equal(t, one.Series()[0].Close, two.Series()[0].Close)
	require.Equal(t, one.Series()[0].Known, two.Series()[0].Known)
	require.Equal(t, "0.1", two.Series()[0].Low[1].String(), "a binary float is the decimal that it was written as")
	// Midnights are dates, as other tools write them; other times of day are not.
	for stamp, known := range map[string]string{"2024-01-02 00:00:00": "2024-01-02T16:00:00-05:00", "2024-01-02T00:00:00+00:00": "2024-01-02T16:00:00-05:00", "2024-01-02T00:00:00-05:00": "2024-01-02T16:00:00-05:00"} {
		next := strings.Replace(stamp, "01-02", "01-03", 1)
		s, err := load(Options{}, "a.csv", head+"A,"+stamp+",1,2,0.5,1.5,1\nA,"+next+",1,2,0.5,1.5,1\n")
		require.NoError(t, err, stamp)
		require.Equal(t, known, s.Series()[0].Bar(0).Known.Format(time.RFC3339), stamp)
	}
	_, err = load(Options{}, "a.csv", head+"A,2024-01-02T20:00:00Z,1,2,0.5,1.5,1\nA,2024-01-03T21:00:00Z,1,2,0.5,1.5,1\nA,2024-01-04T22:00:00Z,1,2,0.5,1.5,1\n")
	require.ErrorContains(t, err, "give dates")
	_, err = load(Options{}, "a.csv", head+"BTC-USD,2024-01-02T16:00:00Z,1,2,0.5,1.5,1\nBTC-USD,2024-01-03T17:00:00Z,1,2,0.5,1.5,1\nBTC-USD,2024-01-04T16:00:00Z,1,2,0.5,1.5,1\n")
	require.ErrorContains(t, err, "give dates")
	// A pair's day that begins at 16:00 is that day, known at its end: as dates its bars
	// would be shown 16 hours early.
	s, err := load(Options{}, "a.csv", head+"BTC-USD,2024-01-02T16:00:00Z,1,2,0.5,1.5,1\nBTC-USD,2024-01-03T16:00:00Z,1,2,0.5,1.5,1\nBTC-USD,2024-01-04T16:00:00Z,1,2,0.5,1.5,1\n")
	require.NoError(t, err)
	require.Equal(t, pitwall.OneDay, s.Series()[0].Size)
	for i, want := range []string{"2024-01-03T16:00:00Z", "2024-01-04T16:00:00Z", "2024-01-05T16:00:00Z"} {
		require.Equal(t, want, s.Series()[0].Bar(i).Known.Format(time.RFC3339))
	}
	_, err = Load(context.Background(), []Input{{FS: fstest.MapFS{"x.parquet": {Data: []byte("PAR1 is not all")}}, Path: "x.parquet"}}, Options{})
	require.Equal(t, pitwall.DataError, pitwall.CodeOf(err))
}

// What an instrument is follows from instruments.csv wherever it stands, and
// from the name.
func TestInstruments(t *testing.T) {
	m := fstest.MapFS{"bars.csv": {Data: []byte(head + "BTC,2024-01-06,1,2,0.5,1.5,1\nIDX,2024-01-05,1,2,0.5,1.5,1\nSOLUSDT,2024-01-06,1,2,0.5,1.5,1\nX,2024-01-06,1,2,0.5,1.5,1\n")},
		"inst.csv": {Data: []byte("symbol,kind,lot,tick\nBTC,crypto,0.001,0.01\nIDX,index,,\n")}}
	s, err := Load(context.Background(), []Input{{FS: m, Path: "bars.csv"}, {FS: m, Path: "inst.csv"}}, Options{})
	require.NoError(t, err)
	btc, idx, sol := s.Series()[0], s.Series()[1], s.Series()[2]
	require.Equal(t, "2024-01-07T00:00:00Z", btc.Bar(0).Known.Format(time.RFC3339))
	require.Equal(t, "0.001", btc.Instrument.Lot.String())
	require.Equal(t, pitwall.Index, idx.Instrument.Kind)
	require.Equal(t, pitwall.Crypto, sol.Instrument.Kind)
	w := s.DatedWarnings([]string{"BTC", "X"}, time.Time{}, time.Time{})
	require.Len(t, w, 1, "a stock with a Saturday is named")
	require.Contains(t, w[0].Text, "X has a bar on a Saturday")
	require.Equal(t, s.Series()[3].Bar(0).Known, w[0].Known, "when the bar is known, not before")
}

// The real files, where they are at hand.
func TestSharedData(t *testing.T) {
	root := "../../../shared/data"
	if _, err := os.Stat(root); err != nil {
		t.Skip("skipped: no ../shared")
	}
	in := func(path string) []Input { return []Input{{FS: os.DirFS(root), Path: path}} }
	s, err := Load(context.Background(), in("daily/us_daily_raw.csv"), Options{})
	require.NoError(t, err)
	rows := 0
	for _, x := range s.Series() {
		rows += x.Len()
	}
	require.Equal(t, 33055, rows)
	from, to := time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	all := join(s.DatedWarnings(s.Symbols(), from, to))
	for _, want := range []string{"AAPL split 4:1 on 2020-08-31", "AMZN split 20:1 on 2022-06-06", "TSLA split 5:1 on 2020-08-31", "TSLA split 3:1 on 2022-08-25",
		"TQQQ split 3:1 on 2018-05-24", "TQQQ split 2:1 on 2021-01-21", "TQQQ split 2:1 on 2022-01-13", "TQQQ split 2:1 on 2025-11-20"} {
		require.Contains(t, all, want)
	}
	require.Len(t, s.DatedWarnings(s.Symbols(), from, to), 8, "and no other")
	_, err = Load(context.Background(), in("daily"), Options{})
	require.ErrorContains(t, err, "is in two files")
	for path, size := range map[string]time.Duration{"intraday/polygon_hourly_2020_2026.csv": time.Hour, "intraday/yahoo_5min_2026q1.csv": 5 * time.Minute,
		"intraday/spy_1min_2025-07.csv": time.Minute, "intraday/crypto_hourly_2025q4.csv": time.Hour, "daily/crypto_daily.csv": 24 * time.Hour} {
		s, err := Load(context.Background(), in(path), Options{})
		require.NoError(t, err, path)
		require.Equal(t, size, s.Series()[0].Size, path)
	}
	s, err = Load(context.Background(), in("daily/crypto_daily.csv"), Options{})
	require.NoError(t, err)
	require.Equal(t, pitwall.AlwaysOpen, s.Series()[0].Instrument.Calendar)
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{head + "A,2024-01-02,1,2,0.5,1.5,100\n", "symbol,ex_date,type,value\nA,2024-01-02,split,2\n", "symbol,kind\nA,equity\n", "PAR1", "\xef\xbb\xbf" + head, head + "A,\"x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.HasPrefix(text, "PAR1") {
			return // another library's parser
		}
		s, err := load(Options{}, "a.csv", text)
		if err != nil {
			return
		}
		for _, x := range s.Series() { // what is accepted is sound
			for i := range x.Len() {
				require.NoError(t, x.Check(i))
			}
		}
	})
}
