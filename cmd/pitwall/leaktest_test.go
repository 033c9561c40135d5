package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/history"
	"pitwall/tools/leaktest"
)

// plain is what a strategy says that states nothing but its symbols.
func plain(t fataler, symbols ...string) driver.SimSpec {
	cash := pitwall.Int(100_000)
	spec, err := (&driver.Strategy{Symbols: symbols, Cash: &cash}).Spec()
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// sample is the leak test's own sample, which a test beside it writes.
func sample(t testing.TB) (d leaktest.Data) {
	t.Helper()
	body, err := os.ReadFile("../../tools/leaktest/testdata/sample.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(body, &d))
	zone, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	for _, s := range d.Series {
		s.Instrument.Zone = zone
	}
	return d
}

// sampled builds worlds over the sample.
func sampled(t testing.TB) leaktest.Build {
	return leakWorldBuilder(plain(t, "AAA", "BBB", "GONE", "LATE"))
}

func TestLeaktestSample(t *testing.T) {
	rep, err := leaktest.Run(context.Background(), sample(t), sampled(t), leaktest.Options{Mutations: 12, Steps: 8, Queries: 10, Seed: 1, Host: time.Now()})
	require.NoError(t, err)
	for _, f := range rep.Findings {
		t.Errorf("%s seed %d at %s: %s", f.Check, f.Seed, f.At, f.Text)
	}
	require.Positive(t, rep.Fills)
	require.Positive(t, rep.Answered)
	t.Logf("%+v", rep)
}

var update = flag.Bool("update", false, "rewrite testdata/*.json")

// mutations is how many of a share of 60 to make. By default that is none for the
// smaller shares: their files are not read then. CI makes 60 (PITWALL_LEAKTEST=60);
// PITWALL_LEAKTEST=600 go test ./cmd/pitwall -run LeaktestShared -v -timeout 0 is the campaign.
func mutations(share int) int {
	n := 5
	_, _ = fmt.Sscan(os.Getenv("PITWALL_LEAKTEST"), &n)
	return n * share / 60
}

// Real bars, macro vintages, news, statements and filings: no byte of the future.
func TestLeaktestShared(t *testing.T) {
	root := "../../../shared/data/"
	if _, err := os.Stat(root); err != nil {
		t.Skip("skipped: no ../shared")
	}
	records := []string{"macro", "news", "fundamentals", "filings"}
	for _, c := range []struct {
		name    string
		share   int // of 60 mutations
		files   []string
		symbols []string
		revised bool
	}{
		{"daily", 30, []string{"daily/us_daily_raw.csv", "daily/corporate_actions.csv", "daily/vix.csv"}, []string{"AAPL", "AMZN", "JPM", "SHV", "SGOV", "TQQQ", "TSLA"}, false},
		{"daily, revised", 6, []string{"daily/lean_daily_raw_2010_2021.csv", "daily/lean_corporate_actions.csv"}, []string{"AAPL", "SPY", "GOOGL"}, true},
		{"hourly", 12, []string{"intraday/nasdaq100_hourly_2025q4.csv"}, []string{"AAPL", "MSFT", "NVDA", "AMZN"}, false},
		{"hourly, long", 6, []string{"intraday/polygon_hourly_2020_2026.csv"}, []string{"TQQQ", "SPY"}, false},
		{"crypto", 6, []string{"intraday/crypto_hourly_2025q4.csv"}, []string{"BTC-USDT", "ETH-USDT"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if mutations(c.share) == 0 {
				t.Skip("skipped: PITWALL_LEAKTEST is too small for it")
			}
			t.Parallel()
			var in []history.Input
			for _, f := range append(c.files, records...) {
				in = append(in, history.Input{FS: os.DirFS(root), Path: f})
			}
			store, err := history.Load(context.Background(), in, history.Options{})
			require.NoError(t, err)
			spec := plain(t, c.symbols...)
			spec.Revised = c.revised
			d := leaktest.Data{Series: store.Series(), Actions: store.Actions(), Records: store.Records()}
			rep, err := leaktest.Run(context.Background(), d, leakWorldBuilder(spec), leaktest.Options{Mutations: mutations(c.share), Steps: 12, Queries: 20, Seed: 1, Host: time.Now()})
			require.NoError(t, err)
			for _, f := range rep.Findings {
				t.Errorf("%s seed %d at %s: %s", f.Check, f.Seed, f.At, f.Text)
			}
			require.Positive(t, rep.Answered)
			if rep.Mutations >= 6 {
				require.Positive(t, rep.Fills)
			}
			t.Logf("%+v", rep)
		})
	}
}
