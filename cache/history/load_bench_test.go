package history

import (
	"context"
	"os"
	"testing"
)

// BenchmarkLoad reads daily and hourly bars, actions, macro series and news.
func BenchmarkLoad(b *testing.B) {
	root := "../../../shared/data"
	if _, err := os.Stat(root); err != nil {
		b.Skip("skipped: no ../shared")
	}
	var in []Input
	for _, f := range []string{"daily/us_daily_raw.csv", "daily/corporate_actions.csv", "macro/fred_vintages.csv", "news/finnhub_company_news_2025.csv"} {
		in = append(in, Input{FS: os.DirFS(root), Path: f})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(context.Background(), in, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
