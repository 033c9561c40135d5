// Package scripts holds deterministic models: they call real tools every turn
// and decide by a rule, so that the whole path from prompt to fill can be run
// without a key, repeated, and checked.
//
// A script is a function of the conversation so far (an agentloop.Model): it
// keeps nothing between replies or turns.
//
// # To add a script
//
// One file with a constructor; one line in [All].
package scripts

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"pitwall/agentloop"
)

//go:embed *.go
var source embed.FS

// Fingerprint is a digest over the source of all scripts: a script that was
// edited does not answer for the one that was recorded.
func Fingerprint() string {
	h := sha256.New()
	files, err := source.ReadDir(".")
	for _, f := range files { // in order of names
		var body []byte
		if body, err = source.ReadFile(f.Name()); err != nil {
			break
		}
		if !strings.HasSuffix(f.Name(), "_test.go") {
			fmt.Fprintf(h, "%s %d\n%s", f.Name(), len(body), body)
		}
	}
	if err != nil {
		panic(fmt.Sprintf("reading the embedded scripts: %v", err)) // they are in the binary
	}
	return "scripts " + hex.EncodeToString(h.Sum(nil)[:8])
}

// New makes a script from the strategy's params, refusing unknown ones.
type New func(params map[string]any) (agentloop.Model, error)

// All lists the scripts by name (script/<name> in a strategy).
func All() map[string]New {
	return map[string]New{
		"breakout":           newBreakout,
		"buyhold":            newBuyHold,
		"coin":               newCoin,
		"desk":               newDesk,
		"m2_liquidity":       newM2Liquidity,
		"macro_risk":         newMacroRisk,
		"mean_reversion":     newMeanReversion,
		"momentum":           newMomentum,
		"momentum_allocator": newMomentumAllocator,
		"news_sentiment":     newNewsSentiment,
		"optimize":           newOptimize,
		"pairs":              newPairs,
		"pullback":           newPullback,
		"switch":             newSwitch,
		"trend_following":    newTrendFollowing,
		"value":              newValue,
	}
}

// script is a rule: the next reply as a function of the conversation so far.
type script func(t turn) agentloop.Reply

// Reply implements agentloop.Model.
func (s script) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	t := turn{r}
	reply := s(t)
	for i := range reply.Calls {
		reply.Calls[i].ID = fmt.Sprintf("c%d.%d", t.step(), i)
	}
	return reply, nil
}

// turn reads the conversation of a turn.
type turn struct{ agentloop.Request }

// step is how many replies were given so far.
func (t turn) step() int { return len(t.Messages) - 1 }

// results are the results of the calls of reply i.
func (t turn) results(i int) []agentloop.Result { return t.Messages[i+1].Results }

// last are the results of the newest reply.
func (t turn) last() []agentloop.Result { return t.results(t.step() - 1) }

// failed returns the reply that ends a turn because one of the results is an error.
func failed(what string, results []agentloop.Result) (agentloop.Reply, bool) {
	i := slices.IndexFunc(results, func(r agentloop.Result) bool { return r.IsError })
	if i < 0 {
		return agentloop.Reply{}, false
	}
	return done("%s: %s", what, strings.TrimSpace(results[i].Text)), true
}

// call makes a call; [script.Reply] numbers it.
func call(name string, args any) agentloop.Call {
	raw, err := json.Marshal(args)
	if err != nil {
		panic(err) // scripts send texts, numbers and lists of them
	}
	return agentloop.Call{Name: name, Arguments: raw}
}

// inSteps is a turn that reads prices and open orders, asks about the symbols that can be
// traded, and decides.
func (t turn) inSteps(ask func(symbols []string) agentloop.Reply, decide func(turn) agentloop.Reply) agentloop.Reply {
	switch t.step() {
	case 0:
		return agentloop.Reply{Calls: []agentloop.Call{call("market_last_price", struct{}{}), call("orders_open_orders", struct{}{})}}
	case 1, 2:
		if end, bad := failed("could not decide", t.last()); bad {
			return end
		}
		if t.step() == 2 {
			return decide(t)
		}
		symbols := tradable(t.last()[0])
		if len(symbols) == 0 {
			return done("nothing to trade yet")
		}
		return ask(symbols)
	}
	if end, bad := failed("an order failed", t.last()); bad {
		return end
	}
	return done("orders sent: %d; %s", len(t.last()), reason(t.Messages[t.step()].Reply.Calls[0]))
}

// done ends a turn.
func done(format string, args ...any) agentloop.Reply {
	return agentloop.Reply{Text: "RESULT: " + fmt.Sprintf(format, args...)}
}

// tradable lists the symbols that may be traded and whose price is fresh.
func tradable(prices agentloop.Result) []string {
	const staleHours = 24 * 7
	var symbols []string
	for _, p := range block(prices.Text, "prices") {
		if p["tradable"] == "true" && number(p["age_hours"]) < staleHours {
			symbols = append(symbols, p["symbol"])
		}
	}
	return symbols
}

// number reads a number, NaN without one.
func number(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.NaN()
	}
	return f
}
