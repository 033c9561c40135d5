package show

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools/report"
)

// Result prints what came of a run that has just ended.
func Result(p *term.Pen, r *driver.Result) {
	m := r.Metrics
	title := fmt.Sprintf("%s: %s on %s", r.RunID, r.Model, strings.Join(r.Manifest.Symbols, ", "))
	if m.First != nil {
		title += fmt.Sprintf(", %s to %s", runs.DateOf(*m.First), runs.DateOf(*m.Last))
	}
	p.Line(term.Bold, "%s", title)
	ReadWith(p, r.ReadWith)
	row := func(name, format string, args ...any) { p.Figure(name, term.Plain, "", format, args...) }
	row("final equity", "%s from %s", Money(m.FinalEquity.Float()), Money(m.Start.Float()))
	p.Figure("return", term.Gain(m.TotalReturn), Percent(&m.TotalReturn), "   buy and hold %s%s", Percent(m.BuyHoldReturn), benchmarkLine(r))
	p.Figure("max drawdown", term.Gain(m.MaxDrawdown), Percent(&m.MaxDrawdown), "")
	if m.Sharpe != nil {
		few := ""
		if m.Bars <= report.FewPeriods {
			few = "; few returns: says little"
		}
		row("Sharpe", "%.2f (%s, risk-free 0%s)", *m.Sharpe, report.Sampling(*m.First, *m.Last, m.Bars), few)
	}
	replies := fmt.Sprintf(" with %d model calls", r.ModelCalls)
	switch {
	case r.Model == "rule":
		replies = ""
	case scripted(r):
		replies = fmt.Sprintf(" with %d scripted replies", r.ModelCalls)
	}
	row("bars, turns", "%d, %d%s%s", r.Bars, r.Turns, replies, fromCache(r.CacheHits))
	if r.Usage.Tokens != (agentloop.Usage{}) || r.CostUSDRecorded == nil || *r.CostUSDRecorded > 0 {
		row("models", "%s", modelCost(r.Usage))
	}
	deskResult(p, r.Desk)
	row("orders, fills", "%d, %d   exposure %s", r.Orders, r.Fills, report.Share.Write(&m.Exposure))
	assumed := ""
	if r.AssumedCosts {
		assumed = " (assumed: the strategy states none)"
	}
	row("costs", "fees %s, slippage %s; %v%s", Money(m.Fees.Float()), Money(m.Slippage.Float()), r.Manifest.Costs, assumed)
	if r.Manifest.Attempt > 1 {
		p.Figure("attempt", term.Yellow, fmt.Sprint(r.Manifest.Attempt), " on these dates: repeated tries overfit")
	}
	if r.Digest != "" { // a broker's fills have none
		row("digest", "%s", r.Digest[:16])
	}
	row("time", "%.2f s", r.WallSeconds)
	for _, x := range runs.Others(r.Warnings, r.ReadWith) {
		p.Note("  warning: ", x)
	}
	p.Line(term.Plain, "\nEvidence: %s (journal.jsonl, turns.log, fills.csv, trades.csv, equity.csv)", r.Out)
	if file := filepath.Join(r.Out, runs.PageFile); written(file) {
		how := ""
		if p.Terminal {
			how = "   (open it: pitwall report " + r.Out + " --open)"
		}
		p.Item(term.Plain, "Page: ", 6, file+how)
	}
	p.Item(term.Plain, "Next: ", 6, next(r))
}

// written reports whether there is such a file.
func written(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func benchmarkLine(r *driver.Result) string {
	if r.Manifest.Benchmark == "" {
		return ""
	}
	return "   " + r.Manifest.Benchmark + " " + Percent(r.BenchmarkReturn)
}

// fromCache tells how many replies were not asked for.
func fromCache(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d from the replay cache", n)
}

// scripted reports whether a script or a rule decided.
func scripted(r *driver.Result) bool {
	return strings.HasPrefix(r.Model, "script/") || r.Model == "rule"
}

// modelCost says what the models cost: new money, and what the cache saved.
func modelCost(u runs.Usage) string {
	s := fmt.Sprintf("%d tokens in, %d out; cost ", u.Tokens.Input, u.Tokens.Output)
	if u.CostUSD == nil {
		s += "not known: give the price in prices or PITWALL_PRICES"
	} else {
		s += u.CostUSD.Round(4).String() + " USD"
	}
	if u.CostUSDRecorded != nil && *u.CostUSDRecorded > 0 {
		s += fmt.Sprintf("; what came from the cache had cost %v USD", u.CostUSDRecorded.Round(4))
	}
	return s
}

// next is what to do after a run.
func next(r *driver.Result) string {
	trace := "pitwall trace " + r.Out
	switch {
	case r.Requested:
		return "look at its turns (" + trace + "), then run without --turns: recorded replies are not asked for again"
	case !r.Complete && r.Manifest.Mode != "":
		return "see where it stopped (" + trace + "); pitwall trade with --resume " + r.Out + " goes on from there"
	case !r.Complete:
		return "see where it stopped (" + trace + "); the same command runs again, asks nothing twice and goes on from there"
	case len(r.Manifest.Pods) > 0:
		return "look at one pod (pitwall report " + r.Out + " --pod " + r.Manifest.Pods[0].Name + ") and its turns (" + trace + "), or change the strategy"
	case scripted(r):
		return "look at its turns (" + trace + "), change the strategy, or let a model of your own trade it: pitwall serve " + strings.TrimSuffix(r.Manifest.Strategy, "/strategy.yaml")
	}
	return "look at its turns (" + trace + "), ask why it traded (pitwall why " + r.Out + " SYMBOL DATE), have it checked (pitwall verify " + r.Out + ")"
}
