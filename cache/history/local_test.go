package history

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// years is a source whose bars can be computed: a day's close is its day of the
// year, weekends have none, nothing is before 2020.
type years struct {
	asked []string
	fail  func(n int) error // before the n-th answer
	adj   pitwall.Adjustment
	scale int // of prices; a split in the past changes it
}

func (y *years) Name() string { return "years" }

func (y *years) Offers() []Offer {
	return []Offer{{Kind: KindBars, Sizes: []time.Duration{24 * time.Hour}, Chunk: ByYear}, {Kind: KindActions, Chunk: Whole}}
}

func (y *years) Fetch(_ context.Context, q Request) (*Answer, error) {
	y.asked = append(y.asked, q.From.Format(time.DateOnly)+".."+q.To.Format(time.DateOnly))
	if y.fail != nil {
		if err := y.fail(len(y.asked)); err != nil {
			return nil, err
		}
	}
	a := &Answer{Kind: q.Kind, Adjusted: y.adj}
	for d := q.From; !d.After(q.To) && q.Kind == KindBars; d = d.AddDate(0, 0, 1) {
		if w := d.Weekday(); w != time.Saturday && w != time.Sunday && d.Year() >= 2020 {
			p := fmt.Sprint(1000 * max(1, y.scale))
			a.Rows = append(a.Rows, []string{q.Symbol, d.Format(time.DateOnly), p, p, p, p, fmt.Sprint(d.YearDay())})
		}
	}
	return a, nil
}

func newLocal(t testing.TB, now string) *Local {
	return &Local{Dir: t.TempDir(), Now: func() time.Time { return day(now).Add(18 * time.Hour) }}
}

func span(symbol, from, to string) Request {
	return Request{Kind: KindBars, Symbol: symbol, Size: 24 * time.Hour, From: day(from), To: day(to)}
}

func TestResumesWithTheMissingChunks(t *testing.T) {
	l, y := newLocal(t, "2026-11-20"), &years{}
	y.fail = func(n int) error {
		if n == 3 {
			return pitwall.Errorf(pitwall.Timeout, "killed")
		}
		return nil
	}
	q := span("A", "2021-03-01", "2025-02-10")
	out, err := l.Fetch(context.Background(), y, q, false, nil)
	require.ErrorContains(t, err, "killed")
	require.Equal(t, 2, out.Downloaded)
	y.fail = nil
	var steps []string
	out, err = l.Fetch(context.Background(), y, q, false, func(s Step) { steps = append(steps, fmt.Sprintf("%d/%d %d", s.Done, s.Total, s.Rows)) })
	require.NoError(t, err)
	require.Equal(t, []string{"2021-03-01..2021-12-31", "2022-01-01..2022-12-31", "2023-01-01..2023-12-31", // then again, only what is missing
		"2023-01-01..2023-12-31", "2024-01-01..2024-12-31", "2025-01-01..2025-02-10"}, y.asked)
	require.Equal(t, []string{"1/3 260", "2/3 262", "3/3 29"}, steps)
	require.Equal(t, 1031, out.Rows)

	_, err = l.Fetch(context.Background(), y, q, false, nil)
	require.NoError(t, err)
	require.Len(t, y.asked, 6, "downloaded once")
	_, err = l.Fetch(context.Background(), y, span("A", "2020-12-01", "2025-02-20"), false, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"2020-12-01..2020-12-31", "2021-01-01..2021-02-28", "2025-02-11..2025-02-20"}, y.asked[6:], "a wider range asks for the rest")

	s, err := Load(context.Background(), []Input{{FS: os.DirFS(filepath.Dir(out.File)), Path: "."}}, Options{})
	require.NoError(t, err)
	require.Equal(t, 1031+23+41+8, s.Series()[0].Len(), "a folder of the store is a folder of data")
	for _, f := range filesIn(t, l.Dir) {
		require.NotContains(t, f, ".tmp-")
	}
}

func TestStoppedByTheUser(t *testing.T) {
	l, y := newLocal(t, "2026-11-20"), &years{}
	ctx, cancel := context.WithCancel(context.Background())
	_, err := l.Fetch(ctx, y, span("A", "2021-01-01", "2025-12-31"), false, func(s Step) {
		if s.Done == 2 {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, y.asked, 2)
	list, err := l.List(context.Background())
	require.NoError(t, err)
	require.Len(t, list, 1, "what came can be used")
	require.Equal(t, 261+260, list[0].Rows)
	require.Equal(t, "2022-12-31", list[0].To.Format(time.DateOnly))
}

func TestTodayIsNeverComplete(t *testing.T) {
	l, y := newLocal(t, "2026-11-20"), &years{}
	q := span("A", "2026-01-01", "2027-12-31")
	for _, now := range []string{"2026-11-20", "2026-11-20", "2026-11-23", "2027-01-04"} {
		l.Now = func() time.Time { return day(now).Add(18 * time.Hour) }
		_, err := l.Fetch(context.Background(), y, q, false, nil)
		require.NoError(t, err)
	}
	require.Equal(t, []string{"2026-01-01..2026-11-20", "2026-01-01..2026-11-20", "2026-01-01..2026-11-23", "2026-01-01..2026-12-31", "2027-01-01..2027-01-04"}, y.asked)
	have, err := l.chunks(shelf{"years", KindBars, 24 * time.Hour}, "A")
	require.NoError(t, err)
	require.Len(t, have, 2, "an unfinished chunk is replaced, not collected")
}

func TestEmptyIsRememberedOnlyOfThePast(t *testing.T) {
	l, y := newLocal(t, "2026-11-20"), &years{}
	out, err := l.Fetch(context.Background(), y, span("A", "2018-01-01", "2019-12-31"), false, nil)
	require.NoError(t, err)
	require.Equal(t, Fetched{Kind: KindBars, Downloaded: 2}, out)
	require.Len(t, filesIn(t, l.Dir), 2)
	_, err = l.Fetch(context.Background(), y, span("A", "2018-06-01", "2019-06-30"), false, nil)
	require.NoError(t, err)
	require.Len(t, y.asked, 2, "known to be empty")

	q := Request{Kind: KindActions, Symbol: "A", From: day("2026-01-01"), To: day("2026-11-20")}
	for range 2 {
		_, err = l.Fetch(context.Background(), y, q, false, nil)
		require.NoError(t, err)
	}
	require.Len(t, y.asked, 4, "today may still bring one")
	require.Len(t, filesIn(t, l.Dir), 2)
}

func TestSymbolsCannotLeaveTheStore(t *testing.T) {
	l, y := newLocal(t, "2026-11-20"), &years{}
	for symbol, name := range map[string]string{"../../x": "%2E%2E%2F%2E%2E%2Fx", "BTC/USD": "BTC%2FUSD", "BRK.B": "BRK.B", "^GSPC": "%5EGSPC", "..": "%2E%2E", "a..b": "a.%2Eb", "a%2Fb": "a%252Fb", ".hid": "%2Ehid", `c:\x`: "c%3A%5Cx"} {
		require.Equal(t, name, escapeSymbol(symbol))
		require.Equal(t, symbol, unescapeSymbol(name))
		_, err := l.Fetch(context.Background(), y, span(symbol, "2024-01-01", "2024-01-31"), false, nil)
		require.NoError(t, err)
	}
	list, err := l.List(context.Background())
	require.NoError(t, err)
	require.Len(t, list, 9)
	entries, err := os.ReadDir(filepath.Dir(l.Dir))
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing beside the store")
	_, err = l.Fetch(context.Background(), y, span(strings.Repeat("A", 65), "2024-01-01", "2024-01-31"), false, nil)
	require.ErrorContains(t, err, "1 to 64")
}

func TestOnlyWhatHoldsIsStored(t *testing.T) {
	q := span("A", "2024-01-02", "2024-01-05")
	for name, rows := range map[string][][]string{
		"high below low": {{"A", "2024-01-02", "1", "1", "2", "1", "5"}},
		"zero":           {{"A", "2024-01-02", "0", "0", "0", "0", "0"}},
		"zero at last":   {{"A", "2024-01-02", "1", "1", "1", "1", "5"}, {"A", "2024-01-03", "0", "0", "0", "0", "0"}},
		"twice":          {{"A", "2024-01-02", "1", "1", "1", "1", "5"}, {"A", "2024-01-02", "1", "1", "1", "1", "5"}},
		"backwards":      {{"A", "2024-01-03", "1", "1", "1", "1", "5"}, {"A", "2024-01-02", "1", "1", "1", "1", "5"}},
		"other symbol":   {{"B", "2024-01-02", "1", "1", "1", "1", "5"}},
		"outside":        {{"A", "2024-01-08", "1", "1", "1", "1", "5"}},
		"nine decimals":  {{"A", "2024-01-02", "0.500000001", "2", "0.4", "1.5", "5"}},
		"no date":        {{"A", "soon", "1", "1", "1", "1", "5"}},
		"short":          {{"A", "2024-01-02", "1"}},
		"mixed":          {{"A", "2024-01-02", "1", "1", "1", "1", "5"}, {"A", "2024-01-03T09:30:00-05:00", "1", "1", "1", "1", "5"}},
	} {
		l := newLocal(t, "2026-11-20")
		err := l.keep(context.Background(), "x", q, &Answer{Kind: KindBars, Rows: rows}, day("2026-11-20"))
		require.ErrorContains(t, err, "nothing was stored", name)
		require.Empty(t, filesIn(t, l.Dir), name)
	}
}

func TestPricesComeBackExactly(t *testing.T) {
	l := newLocal(t, "2026-11-20")
	rows := [][]string{{"A", "2024-01-02", "0.1", "12345678.12345678", "0.00000001", "0.3", "1.5"}, {"A", "2024-01-03", "1", "2", "0.5", "1", ""}}
	require.NoError(t, l.keep(context.Background(), "x", span("A", "2024-01-01", "2024-01-05"), &Answer{Kind: KindBars, Rows: rows, Adjusted: pitwall.SplitAdjusted}, day("2026-11-20")))
	path, n, err := l.merge(context.Background(), shelf{"x", KindBars, 24 * time.Hour}, "A")
	require.NoError(t, err)
	require.Equal(t, 2, n)
	s, err := Load(context.Background(), []Input{{FS: os.DirFS(filepath.Dir(path)), Path: filepath.Base(path)}}, Options{})
	require.NoError(t, err)
	x := s.Series()[0]
	require.Equal(t, "12345678.12345678 0.00000001 0.3", fmt.Sprint(x.High[0], x.Low[0], x.Close[0]))
	require.Equal(t, pitwall.SplitAdjusted, x.Adjusted, "the sidecar says so")
	require.Equal(t, pitwall.NoVolume, x.Volume[1])
}

// Split-adjusted prices of two downloads do not fit when a split lies between.
func TestSplitBetweenDownloads(t *testing.T) {
	l, y := newLocal(t, "2024-12-01"), &years{adj: pitwall.SplitAdjusted, scale: 4}
	_, err := l.Fetch(context.Background(), y, span("A", "2023-01-01", "2023-12-31"), false, nil)
	require.NoError(t, err)
	l.Now = func() time.Time { return day("2025-06-01") }
	y.scale = 1
	q := span("A", "2023-01-01", "2024-12-31")
	_, err = l.Fetch(context.Background(), y, q, false, nil)
	require.ErrorContains(t, err, "prices leap 4:1 between 2023-12-29 and 2024-01-01")
	require.ErrorContains(t, err, "pitwall data fetch years A --from 2023-01-02 --to 2024-12-31 --size 1d --refresh")
	out, err := l.Fetch(context.Background(), y, q, true, nil)
	require.NoError(t, err)
	require.Equal(t, 522, out.Rows)
	require.Len(t, filesIn(t, l.Dir), 4, "two chunks, the merged file and its sidecar")
}

func TestInputsNameTheCommand(t *testing.T) {
	l, y := newLocal(t, "2026-11-20"), &years{}
	need := Need{Source: "years", Symbols: []string{"A"}, From: day("2022-01-01"), To: day("2023-06-30")}
	_, err := l.Inputs(context.Background(), need)
	require.ErrorContains(t, err, "pitwall data fetch years A --from 2022-01-01 --to 2023-06-30 --size 1d")
	_, err = l.Fetch(context.Background(), y, span("A", "2022-01-01", "2022-12-31"), false, nil)
	require.NoError(t, err)
	_, err = l.Inputs(context.Background(), need)
	require.ErrorContains(t, err, "but not 2023-01-01")
	_, err = l.Fetch(context.Background(), y, span("A", "2023-01-01", "2023-12-31"), false, nil)
	require.NoError(t, err)
	in, err := l.Inputs(context.Background(), need)
	require.NoError(t, err)
	require.Len(t, in, 1)

	require.NoError(t, os.Remove(l.file(shelf{"years", KindBars, 24 * time.Hour}, "A")), "killed before the merge")
	in, err = l.Inputs(context.Background(), need)
	require.NoError(t, err)
	s, err := Load(context.Background(), in, Options{})
	require.NoError(t, err)
	require.Equal(t, 520, s.Series()[0].Len())

	l.Sources = map[string][]Offer{"years": {{Kind: KindBars, Adjusted: pitwall.Raw}, {Kind: KindActions}}, "fred": NewFred(RemoteOptions{}).Offers()}
	_, err = l.Inputs(context.Background(), need)
	require.ErrorContains(t, err, "--kind actions", "prices as traded need splits")
	need.Symbols = []string{"A", "B"}
	l.Sources["years"] = y.Offers()
	need.MayLack = true
	in, err = l.Inputs(context.Background(), need)
	require.NoError(t, err, "other data may hold B")
	require.Len(t, in, 1)
	_, err = l.Inputs(context.Background(), Need{Source: "fred"})
	require.ErrorContains(t, err, "pitwall data fetch fred")
	_, err = (&Local{}).Inputs(context.Background(), need)
	require.ErrorContains(t, err, "no cache folder found", "never a folder below the current one")
}

func TestMacroIsAskedAgain(t *testing.T) {
	n := 0
	w := serve(t, func(rw http.ResponseWriter, _ *http.Request) {
		n++
		fmt.Fprintf(rw, "observation_date,DGS10\n2024-01-02,3.9%d\n", n)
	})
	o := w.options()
	o.Key = ""
	l := &Local{Dir: t.TempDir(), Now: w.clock}
	for i := range 2 {
		out, err := l.Fetch(context.Background(), NewFred(o), ask(KindMacro, "DGS10", 0), false, nil)
		require.NoError(t, err)
		require.Equal(t, KindRevised, out.Kind)
		raw, err := os.ReadFile(out.File)
		require.NoError(t, err)
		tab, err := parse(context.Background(), Input{Show: "x"}, raw)
		require.NoError(t, err)
		require.Equal(t, [][]string{{"DGS10", "2024-01-02", fmt.Sprintf("3.9%d", i+1), "2026-11-20"}}, tab.rows, "the newest download counts")
	}
}

func TestImport(t *testing.T) {
	l := newLocal(t, "2026-11-20")
	dir := t.TempDir()
	put := func(name, text string) Input {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
		return Input{FS: os.DirFS(dir), Path: name, Show: name}
	}
	done, err := l.Import(context.Background(), put("a.csv", head+"A,2024-01-02,1,2,0.5,1.5,100\nA,2024-01-03,1,2,0.5,1.5,100\nBTC-USD,2024-01-02T10:00:00Z,1,2,1,1,1\nBTC-USD,2024-01-02T11:00:00Z,1,2,1,1,1\n"))
	require.NoError(t, err)
	require.Len(t, done, 2)
	_, err = l.Import(context.Background(), put("act.csv", "symbol,ex_date,type,value\nA,2024-01-03,dividend,0.1\n"))
	require.NoError(t, err)
	_, err = l.Import(context.Background(), put("news.csv", "published_at,id,symbols,headline,source,summary\n2024-01-02T10:00:00Z,1,A;B,\"h, \"\"q\"\"\",s,\"two\nlines\"\n"))
	require.NoError(t, err)
	in, err := l.Inputs(context.Background(), Need{Source: "files", Symbols: []string{"A"}})
	require.NoError(t, err)
	require.Len(t, in, 3)
	before := filesIn(t, l.Dir)
	for name, text := range map[string]string{
		"wrong row":  head + "C,2024-01-02,1,2,0.5,1.5,100\nD,2024-01-02,9,2,0.5,1.5,100\nD,2024-01-03,1,2,0.5,1.5,100\n",
		"overlap":    head + "A,2024-01-03,1,2,0.5,1.5,100\nA,2024-01-04,1,2,0.5,1.5,100\n",
		"future":     head + "A,2030-01-03,1,2,0.5,1.5,100\nA,2030-01-04,1,2,0.5,1.5,100\n",
		"other kind": "a,b\n1,2\n",
		"one hour":   head + "C,2024-01-02T10:00:00Z,1,2,1,1,1\n",
	} {
		_, err := l.Import(context.Background(), put("bad.csv", text))
		require.Error(t, err, name)
		require.Equal(t, before, filesIn(t, l.Dir), "%s: all or nothing", name)
	}
}

// Two downloads of one day: the newer says what is true, rows that it no longer
// has are gone.
func TestTheNewestDownloadCounts(t *testing.T) {
	l := newLocal(t, "2026-11-20")
	row := func(day, value string) []string { return []string{"A", day, "dividend", value, "", "", "", "x"} }
	q := Request{Kind: KindActions, Symbol: "A", From: day("2024-01-01"), To: day("2024-06-30")}
	require.NoError(t, l.keep(context.Background(), "x", q, &Answer{Kind: KindActions, Rows: [][]string{row("2024-02-01", "1"), row("2024-04-01", "2"), row("2024-05-01", "3"), row("2024-05-01", "3")}}, day("2024-07-01")))
	q.From, q.To = day("2024-03-01"), day("2024-12-31")
	require.NoError(t, l.keep(context.Background(), "x", q, &Answer{Kind: KindActions, Rows: [][]string{row("2024-04-01", "2.5"), row("2024-08-01", "4")}}, day("2025-01-02")))
	path, n, err := l.merge(context.Background(), shelf{"x", KindActions, 0}, "A")
	require.NoError(t, err)
	require.Equal(t, 3, n)
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	tab, err := parse(context.Background(), Input{Show: "x"}, raw)
	require.NoError(t, err)
	require.Equal(t, [][]string{row("2024-02-01", "1"), row("2024-04-01", "2.5"), row("2024-08-01", "4")}, tab.rows)
}
