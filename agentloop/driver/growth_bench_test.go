package driver_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/agentloop/scripts"
)

// growing writes bars of some symbols, and returns the strategy that holds equal parts
// of them.
func growing(b *testing.B, symbols, bars int, step time.Duration) *driver.Strategy {
	var text strings.Builder
	text.WriteString("symbol,timestamp,open,high,low,close,volume\n")
	s := &driver.Strategy{Name: "growth", Data: []driver.DataEntry{{Path: "bars.csv"}}}
	for k := range symbols {
		s.Symbols = append(s.Symbols, fmt.Sprintf("S%04d", k))
		at := time.Date(2010, 1, 4, 14, 30, 0, 0, time.UTC)
		for i := range bars {
			price := 100 + float64((i*7919+k*31)%997)/100
			fmt.Fprintf(&text, "S%04d,%s,%.2f,%.2f,%.2f,%.2f,100000\n", k, at.Format(time.RFC3339), price, price+1, price-1, price)
			at = at.Add(step)
		}
	}
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bars.csv"), []byte(text.String()), 0o644); err != nil {
		b.Fatal(err)
	}
	b.Chdir(dir)
	return s
}

// BenchmarkGrowth runs whole backtests, loading and figures included and the page not,
// over more and more bars, symbols and turns. CONTRIBUTING.md has the table.
//
//	go test ./agentloop/driver -run xxx -bench Growth -benchtime 3x -timeout 30m
func BenchmarkGrowth(b *testing.B) {
	run := func(name string, symbols, bars, every int, step time.Duration) {
		b.Run(name, func(b *testing.B) {
			s := growing(b, symbols, bars, step)
			b.ReportAllocs()
			used := func() int64 {
				var u syscall.Rusage
				if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
					b.Fatal(err)
				}
				return u.Utime.Nano() + u.Stime.Nano()
			}
			before := used()
			for b.Loop() {
				model, err := scripts.All()["buyhold"](nil)
				if err != nil {
					b.Fatal(err)
				}
				dir := filepath.Join(b.TempDir(), "run")
				result, err := driver.Run(context.Background(), driver.Config{Strategy: s, Files: os.DirFS("."), Dir: dir, Now: time.Now,
					Agents: []agentloop.Agent{{Name: "main", Model: model, ModelName: "script/buyhold", Prompt: "Hold.", Every: agentloop.Every{Bars: every}}}})
				if err != nil || result.Bars != bars {
					b.Fatal(err, result)
				}
				if err := os.RemoveAll(dir); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(used()-before)/1e6/float64(b.N), "cpu-ms/op")
		})
	}
	for _, bars := range []int{1_000, 10_000, 100_000, 1_000_000} {
		run(fmt.Sprintf("bars/%d", bars), 1, bars, max(bars/100, 1), time.Minute)
	}
	for _, symbols := range []int{10, 100, 1000} {
		run(fmt.Sprintf("symbols/%d", symbols), symbols, 252, 21, 24*time.Hour)
	}
	for _, turns := range []int{100, 1_000, 10_000} {
		run(fmt.Sprintf("turns/%d", turns), 1, 10_000, 10_000/turns, time.Minute)
	}
}
