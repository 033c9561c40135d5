package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"pitwall/agentloop"
)

// summary prints a run for a person.
func (a *app) summary(r *result) {
	w := tabwriter.NewWriter(a.stdout, 0, 4, 2, ' ', 0)
	m := r.metrics
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(a.stdout, "%s: %s on %s", r.RunID, r.Model, strings.Join(r.symbols, ", "))
	if m.First != nil {
		fmt.Fprintf(a.stdout, ", %s to %s", m.First.Format("2006-01-02"), m.Last.Format("2006-01-02"))
	}
	fmt.Fprintln(a.stdout)
	row("final equity", "%s from %s", money(m.FinalEquity.Float()), money(m.Start.Float()))
	row("return", "%s   buy and hold %s%s", percent(&m.TotalReturn), percent(m.BuyHoldReturn), r.benchmarkLine())
	row("max drawdown", "%s", percent(&m.MaxDrawdown))
	if m.Sharpe != nil {
		row("Sharpe", "%.2f (daily, risk-free 0)", *m.Sharpe)
	}
	row("bars, turns", "%d, %d with %d model calls%s", r.Bars, r.Turns, r.ModelCalls, fromCache(r.CacheHits))
	if r.usage.Tokens != (agentloop.Usage{}) || r.CostUSDRecorded == nil || *r.CostUSDRecorded > 0 {
		row("models", "%s", modelCost(r.usage))
	}
	row("orders, fills", "%d, %d   invested in %.0f %% of the bars", r.Orders, r.Fills, m.Exposure*100)
	assumed := ""
	if r.costs.assumed {
		assumed = " (assumed: the strategy states none)"
	}
	row("costs", "fees %s, slippage %s; %v%s", money(m.Fees.Float()), money(m.Slippage.Float()), r.costs.Costs, assumed)
	if r.attempt > 1 {
		row("attempt", "%d over these dates: trying again is a way to look ahead", r.attempt)
	}
	row("digest", "%s", r.Digest[:16])
	row("time", "%.2f s", r.WallSeconds)
	w.Flush()
	for _, x := range r.Warnings {
		fmt.Fprintf(a.stdout, "  warning: %s\n", x)
	}
	fmt.Fprintf(a.stdout, "\nEvidence: %s (journal.jsonl, turns/, fills.csv, equity.csv)\n", r.Out)
	fmt.Fprintln(a.stdout, "Next: "+r.next())
}

func (r *result) benchmarkLine() string {
	if r.benchmark == "" {
		return ""
	}
	return "   " + r.benchmark + " " + percent(r.BenchmarkReturn)
}

func percent(f *float64) string {
	if f == nil {
		return "n/a"
	}
	return fmt.Sprintf("%+.1f %%", *f*100)
}

// fromCache tells how many replies were not asked for.
func fromCache(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d from the replay cache", n)
}

// modelCost says what the models cost: new money, and what the cache saved.
func modelCost(u usage) string {
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
func (r *result) next() string {
	trace := "pitwall trace " + r.Out
	switch {
	case !r.complete:
		return "see where it stopped (" + trace + "); the same command goes on from there and asks nothing twice"
	case strings.HasPrefix(r.Model, "script/"):
		return "look at its turns (" + trace + "), change the strategy's params, or let your own model trade: pitwall serve"
	}
	return "look at its turns (" + trace + "), ask why it traded (pitwall why " + r.Out + " SYMBOL DATE), have it checked (pitwall verify " + r.Out + ")"
}
