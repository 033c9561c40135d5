// Command golang is a strategy in Go: a tool of one's own, and code that decides
// when the agent is asked at all. Run it: go run ./examples/golang
package main

import (
	"context"
	"embed"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/examples"
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
	driver.RunWorkerIfChild()
	dir := "runs/golang-" + strconv.Itoa(os.Getpid())
	if len(os.Args) > 1 {
		dir = os.Args[1] // go run ./examples/golang FOLDER
	}
	if err := run(context.Background(), dir); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, dir string) error {
	mine, err := external.New(external.Options{Mode: pitwall.Sim}, external.Func(external.Tool{Name: "drawdown",
		Description: "How far a symbol is below its highest close.", Time: external.TimePolicy{Timeless: true}, Source: source}, drawdown))
	if err != nil {
		return err
	}
	result, err := driver.Run(ctx, driver.Config{
		Strategy: &driver.Strategy{Name: "golang", Symbols: []string{"AAPL"}, From: "2013-05-13", Data: []driver.DataEntry{{Path: "data"}}},
		Files:    examples.FS,
		Tools:    mine,
		Agents:   []agentloop.Agent{{Name: "main", Model: dip{}, ModelName: "script/dip", Prompt: "Hold less the deeper the fall.", When: fall}},
		Dir:      dir,
		Now:      time.Now,
	})
	if err != nil {
		return err
	}
	fmt.Printf("%d bars, asked %d times, digest %.16s; evidence in %s\n", result.Bars, result.Turns, result.Digest, result.Out)
	return nil
}
