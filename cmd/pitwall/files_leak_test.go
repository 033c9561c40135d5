package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/history"
	"pitwall/tools"
)

// row is a line of a file with the day by whose end at the latest it was known.
type row struct {
	file, text string
	known      int // day
}

// headers of the files.
var headers = map[string]string{
	"bars.csv":    "symbol,timestamp,open,high,low,close,volume,adj_close",
	"actions.csv": "symbol,ex_date,type,value,pay_date",
	"news.csv":    "published_at,id,symbols,headline,source,summary",
	"digest.csv":  "symbol,date,sentiment,text",
	"macro.csv":   "series_id,date,value,first_seen",
	"latest.csv":  "series_id,date,value,as_of",
	"items.csv":   "symbol,fiscal_year,fiscal_period,start_date,end_date,filing_date,acceptance_datetime,statement,item,value,unit",
	"senate.csv":  "filed_date,transaction_date,senator,owner,ticker,asset_type,type,amount",
}

// lines are made-up files of every kind over 60 days.
func lines(r *rand.Rand) []row {
	day := func(n int) string { return time.Date(2024, 2, 1+n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly) }
	var list []row
	add := func(file string, known int, format string, args ...any) {
		list = append(list, row{file, fmt.Sprintf(format, args...), known})
	}
	for _, symbol := range []string{"AAPL", "LATE"} {
		for n := range 60 {
			if symbol == "LATE" && n < 25 || time.Date(2024, 2, 1+n, 0, 0, 0, 0, time.UTC).Weekday()%6 == 0 {
				continue
			}
			p := 100 + r.IntN(20)
			add("bars.csv", n, "%s,%s,%d,%d,%d,%d,%d,%d", symbol, day(n), p, p+3, p-3, p+1, 100_000+r.IntN(1000), p)
		}
	}
	for n := range 60 {
		if n%9 == 4 {
			add("actions.csv", n-1, "AAPL,%s,dividend,0.5,%s", day(n), day(n+3)) // known from the ex day's start
		}
		add("news.csv", n, "%sT%02d:00:00Z,n%d,AAPL,headline %d,wire,text %d", day(n), 6+r.IntN(12), n, r.IntN(99), n)
		add("digest.csv", n, "AAPL,%s,positive,digest %d", day(n), r.IntN(99))
		if n%5 == 0 {
			add("macro.csv", n+2, "CPIAUCSL,%s,%d.5,%s", day(n-30), 300+r.IntN(9), day(n+2))
			add("macro.csv", n+6, "CPIAUCSL,%s,%d.25,%s", day(n-30), 300+r.IntN(9), day(n+6))
		}
		if n%7 == 4 { // Mondays
			add("latest.csv", n+1, "DGS10,%s,%d.1,2026-01-01", day(n), r.IntN(5))
		}
		if n%5 == 0 {
			add("senate.csv", n+8, "%s,%s,Senator S,Self,AAPL,Stock,Sale,$%d", day(n+8), day(n), r.IntN(999))
		}
		if n%10 == 0 {
			add("items.csv", n+12, "AAPL,2024,Q4,%s,%s,,,income,revenues,%d,USD", day(n-90), day(n), r.IntN(999)) // with the next filing
			add("items.csv", n+12, "AAPL,2024,Q1,%s,%s,%s,,income,revenues,%d,USD", day(n-80), day(n+5), day(n+12), r.IntN(999))
		}
	}
	return list
}

// told is what tools say over files at each step, by day.
func told(t *testing.T, list []row, until int) []string {
	files := fstest.MapFS{}
	for name, h := range headers {
		text := h + "\n"
		for _, l := range list {
			if l.file == name {
				text += l.text + "\n"
			}
		}
		files["d/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	store, err := history.Load(context.Background(), []history.Input{{FS: files, Path: "d"}}, history.Options{})
	require.NoError(t, err)
	spec := plain(t, "AAPL", "LATE")
	spec.From, spec.To, spec.Revised = "2024-02-05", "2024-06-30", true
	session, err := driver.NewSim(store, spec, &pitwall.MemoryJournal{})
	require.NoError(t, err)
	defer session.Close()
	w := session.World()
	set := tools.New(slog.New(slog.DiscardHandler), nil)
	ctx := pitwall.WithCaller(context.Background(), pitwall.Caller{Principal: pitwall.Local})
	var days []string
	for w.Clock.Now().Before(time.Date(2024, 2, until, 0, 0, 0, 0, w.Zone)) {
		text := ""
		for _, c := range [][2]string{{"clock_next_bar", `{}`}, {"sim_status", `{}`}, {"market_last_price", `{}`}, {"news_search", `{"limit":50}`}, {"macro_series", `{}`}, {"macro_series", `{"series":"CPIAUCSL"}`}, {"macro_series", `{"series":"DGS10"}`},
			{"fundamentals", `{"symbol":"AAPL","periods":20}`}, {"filings_search", `{}`}, {"market_load_history_table", `{"symbols":["AAPL"],"adjusted":"total"}`}, {"duckdb_query", `{"sql":"SELECT count(*), sum(close), sum(volume) FROM aapl_total"}`}} {
			a := set.Call(ctx, w, c[0], json.RawMessage(c[1]))
			text += a.Text + a.Digest + "\n"
		}
		days = append(days, text)
	}
	return days
}

// Files of every kind, read by their readers: what stands in lines that were known
// later changes nothing before. The harness in tools/leaktest changes what was read;
// this one what is read.
func TestFilesTellNoFuture(t *testing.T) {
	t.Parallel()
	for seed := range uint64(often(3, 8)) {
		r := rand.New(rand.NewPCG(seed, 3))
		list := lines(r)
		const cut = 34 // the day before, a Tuesday, is the last that is looked at; LATE is listed by then
		base := told(t, list, cut)
		require.Greater(t, len(base), 10)
		var known []row // the test can fail: what was known already makes a difference
		for _, l := range list {
			if l.file == "bars.csv" || l.known < cut-4 {
				known = append(known, l)
			}
		}
		require.NotEqual(t, base, told(t, known, cut))
		for _, kind := range []string{"drop", "change", "weekends"} {
			var other []row
			for _, l := range list {
				if l.known >= cut {
					if kind == "drop" && !(l.file == "bars.csv" && l.known < cut+2) {
						continue
					}
					if kind == "change" && l.file != "actions.csv" && l.file != "bars.csv" {
						l.text = strings.NewReplacer("headline", "CANARY", "digest ", "CANARY ", "income", "CANARY", "Senator", "CANARY").Replace(l.text)
					}
				}
				other = append(other, l)
			}
			if kind == "weekends" { // a stock that begins to trade on Saturdays
				for n := cut + 1; n < 60; n++ {
					if time.Date(2024, 2, 1+n, 0, 0, 0, 0, time.UTC).Weekday() == time.Saturday {
						other = append(other, row{"news.csv", fmt.Sprintf("%sT10:00:00Z,w%d,AAPL,CANARY,wire,x", time.Date(2024, 2, 1+n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), n), n})
					}
				}
			}
			got := told(t, other, cut)
			for i := range base {
				require.Equal(t, base[i], got[i], "seed %d, %s, step %d", seed, kind, i)
			}
		}
	}
}
