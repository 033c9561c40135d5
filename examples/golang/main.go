// Command golang is a strategy in Go: a tool of one's own, and code that decides
// when the agent is asked at all. Run it: go run ./examples/golang
package main

import (
	"context"
	"embed"
	"fmt"
	"log"
	"log/slog"
	"os"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/brokers/risk"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/examples"
	"pitwall/server"
	"pitwall/sim"
	"pitwall/sim/wall"
	"pitwall/tools/duckdb"
	"pitwall/tools/external"
)

//go:embed *.go
var source embed.FS // the model reads the text of drawdown in the tool's description

type symbolIn struct {
	Symbol string `json:"symbol"`
}

// drawdown is how far the newest close is below the highest one known, in percent.
func drawdown(ctx context.Context, now external.Moment, in symbolIn) (map[string]float64, error) {
	bars, err := now.Market.Bars(ctx, pitwall.BarQuery{Symbol: in.Symbol}) // nothing later than now is in there
	high, last := 0.0, 0.0
	for _, b := range bars {
		last = b.Close.Float()
		high = max(high, last)
	}
	return map[string]float64{"percent": (1 - last/high) * 100}, err
}

// fall asks the agent when Apple has fallen by 8 % since it was asked last, or risen by 15 %.
func fall(b agentloop.Bar) string {
	if move := b.Closes["AAPL"]/b.Last["AAPL"] - 1; move < -0.08 || move > 0.15 {
		return fmt.Sprintf("AAPL %+.1f %% since %s", move*100, b.Since.Format(time.DateOnly))
	}
	return ""
}

func main() {
	duckdb.Main() // SQL runs in this program again
	if err := run(context.Background(), os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string) (err error) {
	dir := fmt.Sprintf("runs/golang-%d", os.Getpid())
	if len(args) > 0 {
		dir = args[0] // go run ./examples/golang FOLDER
	}
	symbols := []string{"AAPL"}
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		return err
	}
	store, err := history.Load(ctx, []history.Input{{FS: examples.FS, Path: "data"}}, history.Options{Symbols: symbols})
	if err != nil {
		return err
	}
	folder, err := runs.Create(dir, nil)
	if err != nil {
		return err
	}
	defer folder.Close()
	costs := pitwall.Costs{CommissionBps: pitwall.Int(10), SlippageBps: pitwall.Int(5), CashBuffer: pitwall.One / 50}
	venue, err := sim.New(sim.Config{Source: store, Symbols: symbols, From: time.Date(2013, 5, 13, 0, 0, 0, 0, newYork), Cash: pitwall.Int(100_000),
		Costs: costs, Rules: pitwall.Rules{VolumeShare: sim.DefaultVolumeShare}, Journal: folder})
	if err != nil {
		return err
	}
	market := wall.New(store, venue.Now, symbols)
	world := &pitwall.World{Name: "main", Mode: pitwall.Sim, Clock: venue, Market: market, Instruments: market, Journal: folder, Costs: costs,
		Broker: risk.New(venue, folder, venue, market, market, risk.NoLimits()), Tables: duckdb.New(market, venue.Now, newYork), Zone: newYork}
	defer world.Close()
	mine, err := external.New(external.Options{Mode: pitwall.Sim}, external.Func(external.Tool{Name: "drawdown",
		Description: "How far a symbol is below its highest close.", Time: external.TimePolicy{Timeless: true}, Source: source}, drawdown))
	if err != nil {
		return err
	}
	session, done, err := server.One(ctx, "example", world, mine, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer done()
	out, err := agentloop.Run(ctx, agentloop.Config{Session: session, Recorder: folder, Now: time.Now,
		Agents: []agentloop.Agent{{Name: "main", Model: dip{}, ModelName: "script/dip", Prompt: "Hold less the deeper the fall.", When: fall}}})
	fmt.Printf("%d bars, asked %d times, digest %.16s; evidence in %s\n", out.Bars, out.Turns, venue.Replay().Digest, dir)
	return err
}
