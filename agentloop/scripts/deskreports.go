package scripts

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"pitwall/agentloop"
)

// This file is how the script desk plays analysts, and what its other roles read of them.

// report plays an analyst: prices first, then what it judges by.
func report(role string, since []agentloop.Message) agentloop.Reply {
	if len(since) == 0 {
		return agentloop.Reply{Calls: []agentloop.Call{call("market_last_price", struct{}{})}}
	}
	prices := since[0].Results[0]
	symbols, judged := tradable(prices), []string{}
	for _, p := range block(prices.Text, "prices") {
		if (p["tradable"] == "true") != (role == "breadth") {
			judged = append(judged, p["symbol"])
		}
	}
	if prices.IsError || len(symbols) == 0 || len(judged) == 0 {
		return answer(map[string]any{"reports": []any{}})
	}
	if len(since) == 1 {
		if role == "fundamentals" {
			var calls []agentloop.Call
			for _, s := range judged {
				calls = append(calls, call("fundamentals", map[string]any{"symbol": s}))
			}
			return agentloop.Reply{Calls: calls}
		}
		return agentloop.Reply{Calls: []agentloop.Call{call("market_indicators", map[string]any{"symbols": judged, "names": []string{"sma:50", "sma:200", "rsi:14", "atr:14"}})}}
	}
	var reports []any
	for _, symbol := range symbols {
		view := map[string]any{"symbol": symbol, "horizon": "20 bars"}
		if role == "fundamentals" {
			first := "they were not read"
			if i := slices.Index(judged, symbol); i < len(since[1].Results) { // a reply has 50 calls at most
				first, _, _ = strings.Cut(strings.TrimPrefix(since[1].Results[i].Text, "error "), "\n")
			}
			view["signal"], view["confidence"], view["score"] = "HOLD", 0, 5
			view["reasons"], view["evidence"], view["invalidation"] = []string{"statements say nothing here: " + first}, []string{}, "statements that become known"
		} else {
			of := symbol
			if role == "breadth" {
				of = judged[0]
			}
			trend(view, role, of, prices, since[1].Results[0])
		}
		reports = append(reports, view)
	}
	return answer(map[string]any{"reports": reports})
}

// trend judges a symbol by its averages.
func trend(view map[string]any, role, of string, prices, indicators agentloop.Result) {
	last, fast, slow, rsi, atr := math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN()
	for _, p := range block(prices.Text, "prices") {
		if p["symbol"] == of {
			last = number(p["last"])
		}
	}
	for _, r := range block(indicators.Text, "indicators") {
		if r["symbol"] == of {
			fast, slow, rsi, atr = number(r["sma:50"]), number(r["sma:200"]), number(r["rsi:14"]), number(r["atr:14"])
		}
	}
	view["evidence"] = []string{"market_last_price " + of, "market_indicators " + of}
	signal, regime, confidence := "HOLD", "range", 0.3
	switch {
	case math.IsNaN(last + slow + rsi + atr):
		view["signal"], view["confidence"], view["score"] = "HOLD", 0, 5
		view["reasons"], view["invalidation"] = []string{"too few bars of " + of}, "enough bars"
		return
	case last > fast && fast > slow:
		signal, regime, confidence = "BUY", "trending_bull", 0.7
	case last > slow:
		signal, regime, confidence = "BUY", "mild_trend", 0.5
	case fast < slow:
		signal, regime, confidence = "SELL", "bear", 0.6
	}
	if rsi > 75 {
		confidence -= 0.2
	}
	view["signal"], view["confidence"], view["score"] = signal, round(confidence), round(1+9*confidence)
	why := fmt.Sprintf("%s %.2f, average of 50 bars %.2f, of 200 bars %.2f, RSI %.1f, range %.2f", of, last, fast, slow, rsi, atr)
	if role == "breadth" {
		why = regime + ": " + why
	}
	view["reasons"] = []string{why}
	view["invalidation"] = fmt.Sprintf("%s below %.2f", of, slow)
}

// view is what a script reads of a report.
type view struct {
	Role, Symbol, Signal, Invalidation string
	Confidence                         float64
	Reasons                            []string
}

// reportsOf reads the analysts' reports from what a role was given.
func reportsOf(text string) (list []view) {
	_, rest, _ := strings.Cut(text, "\nReports of the analysts:\n")
	for line := range strings.Lines(rest) {
		role, raw, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			break
		}
		var a struct{ Reports []view }
		if json.Unmarshal([]byte(raw), &a) != nil {
			continue // absent
		}
		for _, v := range a.Reports {
			v.Role = role
			list = append(list, v)
		}
	}
	return list
}
