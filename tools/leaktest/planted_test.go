package leaktest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
	"pitwall/cache/history"
	"pitwall/sim"
	"pitwall/sim/wall"
	"pitwall/tools"
	"pitwall/tools/duckdb"
	"pitwall/tools/memory"
)

func TestMain(m *testing.M) {
	duckdb.RunWorkerIfChild()
	os.Exit(m.Run())
}

var update = flag.Bool("update", false, "rewrite the table of planted leaks in LEAKS.md")

// build composes a world over the sample as a backtest does.
func build(d Data, from time.Time) (*pitwall.World, error) {
	store := history.NewStore(d.Series, d.Actions, d.Records)
	symbols := slices.DeleteFunc([]string{"AAA", "BBB", "GONE", "LATE"}, func(s string) bool { return !slices.Contains(store.Symbols(), s) })
	costs := pitwall.Costs{CommissionBps: pitwall.Int(10), SlippageBps: pitwall.Int(5), CashBuffer: pitwall.One / 50}
	j := &pitwall.MemoryJournal{}
	zone := d.Series[0].Instrument.Location()
	y, m, day := from.In(zone).Date()
	v, err := sim.New(sim.Config{Source: store, Symbols: symbols, From: time.Date(y, m, day, 0, 0, 0, 0, zone), Cash: pitwall.Int(100_000), Costs: costs, Rules: pitwall.Rules{VolumeShare: pitwall.One / 10}, Journal: j})
	if err != nil {
		return nil, err
	}
	market := wall.New(store, v.Now, symbols)
	guard := risk.New(v, j, v, market, market, risk.NoLimits())
	guard.SetCosts(costs)
	remembers, err := memory.New(memory.Config{Journal: j, Market: market, Now: v.Now, Zone: zone, Episode: memory.Week})
	if err != nil {
		return nil, err
	}
	tables := duckdb.New(market, v.Now, zone)
	tables.Compute(remembers.Tables()...)
	w := &pitwall.World{Name: "main", Mode: pitwall.Sim, Clock: v, Market: market, Instruments: market, Journal: j, Broker: guard,
		Tables: tables, Memory: remembers, Records: wall.NewRecords(store.Records(), v.Now, false), Costs: costs, Zone: zone, Attempt: 1}
	tables.Compute(tools.RatiosTable(w))
	return w, nil
}

// The worlds that leaks are planted in are free of leaks before.
func TestNoLeakPlanted(t *testing.T) {
	t.Parallel()
	rep, err := Run(context.Background(), Sample(), build, Options{Mutations: 6, Steps: 7, Queries: 9, Seed: 1, Host: time.Now()})
	require.NoError(t, err)
	require.Empty(t, rep.Findings)
	require.Positive(t, rep.Fills)
	require.Positive(t, rep.Answered)
}

// Each planted leak is caught by the check that LEAKS.md names. Only leaks in
// tables need SQL, which is what costs; with PITWALL_LEAKTEST set each world is
// asked SQL as well, and a leak may meet another check first.
func TestPlantedLeaks(t *testing.T) {
	host := time.Now()
	full := os.Getenv("PITWALL_LEAKTEST") != ""
	without := slices.Concat(marketLeaks(), recordLeaks(), worldLeaks(), memoryLeaks())
	list := append(without, tableLeaks(host)...)
	require.GreaterOrEqual(t, len(list), 55)
	caught := make([]string, len(list))
	t.Run("leaks", func(t *testing.T) {
		for i, l := range list {
			t.Run(l.name, func(t *testing.T) {
				t.Parallel()
				leaky := func(d Data, from time.Time) (*pitwall.World, error) {
					w, err := build(d, from)
					if err == nil {
						l.do(w, d)
					}
					return w, err
				}
				o := Options{Mutations: 72, Steps: 7, Seed: 1, Host: host, stopAtFirst: true}
				if full || i >= len(without) {
					o.Queries = 9
				}
				rep, err := Run(context.Background(), Sample(), leaky, o)
				require.NoError(t, err)
				require.NotEmpty(t, rep.Findings, "not caught: %s", l.what)
				caught[i] = rep.Findings[0].Check
			})
		}
	})
	if full || t.Failed() {
		return
	}
	const page, heading = "LEAKS.md", "| leak | what | caught by |\n|---|---|---|\n"
	raw, err := os.ReadFile(page)
	require.NoError(t, err)
	head, published, ok := strings.Cut(string(raw), heading)
	require.True(t, ok)
	table := ""
	for i, l := range list {
		table += fmt.Sprintf("| %s | %s | %s |\n", l.name, l.what, caught[i])
	}
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(head+heading+table), 0o644))
		return
	}
	require.Equal(t, published, table, "go test ./tools/leaktest -run PlantedLeaks -update")
}
