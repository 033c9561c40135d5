package history

import (
	"context"
	"encoding/csv"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

const someBars = head + "A,2024-01-02,1,2,0.5,1.5,100\n"

// known loads one file of records beside a bar and returns when each row was
// known, in the order of that time, in New York.
func known(t *testing.T, text string) []string {
	t.Helper()
	s, err := load(Options{}, "a.csv", someBars, "r.csv", text)
	require.NoError(t, err)
	zone, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	var list []string
	for _, r := range s.Records() {
		list = append(list, r.Known.In(zone).Format("2006-01-02 15:04:05"))
	}
	return list
}

// Every kind of record has a rule for when it could first have been had.
func TestKnownTimes(t *testing.T) {
	const (
		news    = "published_at,id,symbols,headline,source,summary\n"
		macro   = "series_id,date,value,first_seen\n"
		revised = "series_id,date,value,as_of\n"
		items   = "symbol,fiscal_year,fiscal_period,start_date,end_date,filing_date,acceptance_datetime,statement,item,value,unit\n"
	)
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"news at its second":                   {news + "2024-05-01T12:30:01Z,1,AAPL;V,x,y,z\n", []string{"2024-05-01 08:30:01"}},
		"L36 a release has a time":             {macro + "CPIAUCSL,2024-04-01,3.4,2024-05-15T08:30:00-04:00\n", []string{"2024-05-15 08:30:00"}},
		"L37 an edited headline at its edit":   {"published_at,updated_at,id,symbols,headline\n2024-05-01T12:30:01Z,2024-05-02T09:00:00Z,1,A,x\n", []string{"2024-05-02 05:00:00"}},
		"L38 first seen later than published":  {"published_at,first_seen,id,symbols,headline\n2024-05-01T12:30:01Z,2024-05-01T13:00:00Z,1,A,x\n", []string{"2024-05-01 09:00:00"}},
		"a news date alone ends that day":      {news + "2024-05-01,1,A,x,y,z\n", []string{"2024-05-02 00:00:00"}},
		"a digest of a stock":                  {"symbol,date,sentiment,text\nJNJ,2020-03-13,positive,x\n", []string{"2020-03-14 00:00:00"}},
		"a digest of a coin":                   {"symbol,date,sentiment,text\nBTC,2022-11-29,positive,x\n", []string{"2022-11-29 19:00:00"}},
		"a vintage by the end of its day":      {macro + "M2SL,2019-08-01,15000,2019-09-30\nM2SL,2019-08-01,15001,2021-03-11\n", []string{"2019-10-01 00:00:00", "2021-03-12 00:00:00"}},
		"revised M2: month's end + 28 days":    {revised + "M2SL,2024-04-01,1,2026-07-29\n", []string{"2024-05-29 00:00:00"}},
		"revised CPI: + 16 days":               {revised + "CPIAUCSL,2024-04-01,1,2026-07-29\n", []string{"2024-05-17 00:00:00"}},
		"revised unemployment: + 10 days":      {revised + "UNRATE,2024-04-01,1,2026-07-29\n", []string{"2024-05-11 00:00:00"}},
		"revised fed funds: + 3 days":          {revised + "FEDFUNDS,2024-04-01,1,2026-07-29\n", []string{"2024-05-04 00:00:00"}},
		"fed funds before Labor Day":           {revised + "FEDFUNDS,2018-08-01,1,2026-07-29\n", []string{"2018-09-05 00:00:00"}},
		"revised GDP: quarter's end + 31 days": {revised + "GDP,2024-04-01,1,2026-07-29\nGDPC1,2023-10-01,1,2026-07-29\n", []string{"2024-02-01 00:00:00", "2024-08-01 00:00:00"}},
		"a yield on Friday: Monday":            {revised + "DGS10,2024-05-10,4.5,2026-07-29\n", []string{"2024-05-14 00:00:00"}},
		"a yield before Memorial Day":          {revised + "T10Y2Y,2024-05-24,0.1,2026-07-29\n", []string{"2024-05-29 00:00:00"}},
		"a yield before Christmas":             {revised + "DGS10,2024-12-24,4.5,2026-07-29\n", []string{"2024-12-27 00:00:00"}},
		"a release in a shutdown":              {revised + "CPIAUCSL,2025-09-01,1,2026-07-29\n", []string{"2026-04-01 00:00:00"}},
		"a series without a known lag":         {revised + "HOUST,2024-04-01,1,2026-07-29\n", nil},
		"a statement at its acceptance":        {items + "AAPL,2024,Q1,2023-10-01,2023-12-30,2024-02-02,2024-02-01T21:31:00Z,income,revenues,1,USD\n", []string{"2024-02-01 16:31:00"}},
		"a statement by the end of filing":     {items + "AAPL,2024,Q1,2023-10-01,2023-12-30,2024-02-02,,income,revenues,1,USD\n", []string{"2024-02-03 00:00:00"}},
		"a fourth quarter with the next filing": {items + "AAPL,2023,Q4,2023-07-02,2023-09-30,,,income,revenues,1,USD\nAAPL,2024,Q1,2023-10-01,2023-12-30,2024-02-02,,income,revenues,2,USD\nAAPL,2024,Q4,2024-07-02,2024-09-30,,,income,revenues,3,USD\n",
			[]string{"2024-02-03 00:00:00", "2024-02-03 00:00:00"}},
		"L28 a restatement at its own filing": {items + "AAPL,2024,Q1,2023-10-01,2023-12-30,2024-02-02,,income,revenues,1,USD\nAAPL,2024,Q1,2023-10-01,2023-12-30,2024-06-03,,income,revenues,2,USD\n", []string{"2024-02-03 00:00:00", "2024-06-04 00:00:00"}},
		"a senator's trade when filed":        {"filed_date,transaction_date,senator,owner,ticker,asset_type,type,amount\n2019-01-08,2018-12-21,S,Spouse,CFR,Stock,Sale,\"$1,001 - $15,000\"\n", []string{"2019-01-09 00:00:00"}},
	} {
		require.Equal(t, c.want, known(t, c.text), name)
	}
}

// L39: what a model made of a text is left out, and the operator is told.
func TestModelMadeFieldsAreDropped(t *testing.T) {
	s, err := load(Options{}, "a.csv", someBars, "r.csv", "symbol,date,sentiment,text\nJNJ,2020-03-13,verypositive,x\n")
	require.NoError(t, err)
	require.Contains(t, strings.Join(s.Warnings, "\n"), "sentiment is left out")
	r := s.Records()[0]
	require.NotContains(t, r.Title+r.Text+r.Source+strings.Join(r.Symbols, ""), "verypositive")
	require.Empty(t, r.Fields)
}

func TestBadRecords(t *testing.T) {
	for text, want := range map[string]string{
		"published_at,headline\nyesterday,x\n":                                                                         "r.csv:2: published_at",
		"series_id,date,value,first_seen\nGDP,2024-01-01,abc,2024-02-02\n":                                             "r.csv:2: value",
		"series_id,date,value,first_seen\n,2024-01-01,1,2024-02-02\n":                                                  "r.csv:2: series_id",
		"series_id,date,value,first_seen\nGDP,2024-01-01,1,\n":                                                         "r.csv:2: first_seen",
		"filed_date,transaction_date,senator,owner,ticker,asset_type,type,amount\nx,2018-12-21,S,Self,CFR,Stock,S,1\n": "r.csv:2: filed_date",
		"symbol,fiscal_year,fiscal_period,start_date,end_date,filing_date,acceptance_datetime,statement,item,value,unit\nA,2024,Q1,2023-10-01,2023-12-30,2023-12-01,,i,r,1,USD\n": "before the period's end",
	} {
		_, err := load(Options{}, "a.csv", someBars, "r.csv", text)
		require.ErrorContains(t, err, want, text)
	}
}

// shared opens a file of the shared data, or skips.
func shared(t *testing.T, name string) Input {
	t.Helper()
	if _, err := os.Stat("../../../shared/data"); err != nil {
		t.Skip("skipped: no ../shared")
	}
	return Input{FS: os.DirFS("../../../shared/data"), Path: name}
}

// The shared records load; nothing is known before the day that it is about,
// but for figures of a period, which end later than they begin.
func TestSharedRecords(t *testing.T) {
	s, err := Load(context.Background(), []Input{shared(t, "daily/vix.csv"), shared(t, "macro"), shared(t, "news"), shared(t, "fundamentals"), shared(t, "filings")}, Options{})
	require.NoError(t, err)
	n := map[pitwall.RecordKind]int{}
	for _, r := range s.Records() {
		n[r.Kind]++
		require.True(t, r.Known.After(r.Event) || r.Kind == pitwall.News && r.Known.Equal(r.Event), "%+v", r)
	}
	t.Log(n, strings.Join(s.Warnings, "\n"))
	require.Equal(t, 2588+5876-9, n[pitwall.News])
	require.Equal(t, 15339+1407, n[pitwall.Macro])
	require.Equal(t, 1888, n[pitwall.Filing])
	require.Greater(t, n[pitwall.Fundamental], 12_700)
}

// The usual lags against the dated snapshots: no revised value is shown on a day
// on which a snapshot still lacked its date.
func TestLagsAgainstSnapshots(t *testing.T) {
	in := shared(t, "macro/fred_vintage_snapshots.csv")
	f, err := in.FS.Open(in.Path)
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	zone, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	tried := 0
	for _, row := range rows[1:] {
		last, err := time.ParseInLocation(time.DateOnly, row[3], zone)
		require.NoError(t, err)
		taken, err := time.ParseInLocation(time.DateOnly, row[1], zone)
		require.NoError(t, err)
		next := map[string]time.Time{"GDP": last.AddDate(0, 3, 0), "GDPC1": last.AddDate(0, 3, 0), "T10Y2Y": nextBusinessDay(last), "DGS10": nextBusinessDay(last), "WM2NS": last.AddDate(0, 0, 7)}[row[0]]
		if next.IsZero() {
			next = last.AddDate(0, 1, 0)
		}
		out := released(row[0], next)
		require.False(t, out.IsZero(), row[0])
		if row[0] == "M2SL" && row[1] == "2022-05-01" {
			continue // an old copy: February was released on 2022-03-22
		}
		require.True(t, out.After(taken), "%s of %s would be shown from %s, and the snapshot of %s does not have it", row[0], next.Format(time.DateOnly), out, row[1])
		tried++
	}
	require.Greater(t, tried, 50)
}

// Raw prices with their actions, adjusted as of the last day, give the vendor's
// adj_close up to a constant.
func TestAdjustAgainstAdjClose(t *testing.T) {
	s, err := Load(context.Background(), []Input{shared(t, "daily/us_daily_raw.csv"), shared(t, "daily/corporate_actions.csv")}, Options{Symbols: []string{"TQQQ", "SPY", "AAPL", "AMZN", "TSLA", "JPM"}})
	require.NoError(t, err)
	in := shared(t, "daily/us_daily_raw.csv")
	f, err := in.FS.Open(in.Path)
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	theirs := map[string][]float64{}
	for _, row := range rows[1:] {
		d, err := pitwall.ParseDec(row[7])
		require.NoError(t, err)
		theirs[row[0]] = append(theirs[row[0]], d.Float())
	}
	for _, x := range s.Series() {
		symbol := x.Instrument.Symbol
		var bars []pitwall.Bar
		for i := range x.Len() {
			bars = append(bars, x.Bar(i))
		}
		var actions []pitwall.Action
		for _, a := range s.Actions() {
			if a.Symbol == symbol {
				actions = append(actions, a)
			}
		}
		bars, err := pitwall.Adjust(bars, actions, pitwall.Raw, pitwall.TotalAdjusted, bars[len(bars)-1].Known)
		require.NoError(t, err)
		worst, last := 0.0, theirs[symbol][len(bars)-1]/bars[len(bars)-1].Close.Float()
		for i, b := range bars {
			worst = max(worst, math.Abs(b.Close.Float()*last/theirs[symbol][i]-1))
		}
		t.Logf("%s: %d bars, worst relative difference %.1e", symbol, len(bars), worst)
		require.Less(t, worst, 2e-5, symbol)
	}
}
