package scripts

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"pitwall/agentloop"
)

// levels is a script that goes in and out of each symbol by itself, by indicators of its
// newest bar and of the one before. Each position is an equal part of equity, in one of slots;
// of several entries at a time those of the symbols that come first by name get one. Entries
// have a stop and a target in average true ranges from the close.
type levels struct {
	names        []string // of indicators, besides sma:1 (the close) and atr:14
	slots        int      // positions at most; 0 = as many as symbols
	stop, target float64  // average true ranges; 0 = none
	enter, leave func(before, now bar) (bool, string)
}

// bar is indicators by name; one that is not known is not there, and compares as NaN.
type bar map[string]float64

func (b bar) get(name string) float64 {
	if v, ok := b[name]; ok {
		return v
	}
	return math.NaN()
}

const (
	closing   = "sma:1" // the close
	trueRange = "atr:14"
	perCall   = 25 // symbols of one call of market_indicators
)

// exits reads the params that all of these scripts have.
func (l levels) exits(p *params, stop, target float64) levels {
	l.stop, l.target = p.atLeast0("stop_atr", stop), p.atLeast0("target_atr", target)
	l.slots = p.whole("max_positions", 0, 1, 500, "positions")
	return l
}

// atLeast0 is a number, 0 allowed.
func (p *params) atLeast0(name string, preset float64) float64 {
	if v, ok := p.given[name]; ok && (v == 0 || v == 0.0) {
		return 0
	} else if !ok {
		return preset
	}
	return p.number(name, preset)
}

func (l levels) reply(t turn) agentloop.Reply {
	return t.inSteps(func(symbols []string) agentloop.Reply {
		var calls []agentloop.Call
		for some := range slices.Chunk(symbols, perCall) {
			calls = append(calls, call("market_indicators", map[string]any{"symbols": some, "names": append([]string{closing, trueRange}, l.names...), "last": 2}))
		}
		return agentloop.Reply{Calls: calls}
	}, l.decide)
}

// bars reads the two newest bars of each symbol; symbols are in order.
func bars(results []agentloop.Result) (symbols []string, of map[string][]bar) {
	of = map[string][]bar{}
	for _, r := range results {
		for _, row := range block(r.Text, "indicators") {
			b := bar{}
			for name, v := range row {
				if f := number(v); !math.IsNaN(f) {
					b[name] = f
				}
			}
			if s := row["symbol"]; of[s] == nil {
				symbols = append(symbols, s)
			}
			of[row["symbol"]] = append(of[row["symbol"]], b)
		}
	}
	return symbols, of
}

func (l levels) decide(t turn) agentloop.Reply {
	symbols, of := bars(t.last())
	held := t.shares()
	waiting := map[string]bool{}
	for _, o := range block(t.results(0)[1].Text, "open_orders") {
		if !strings.HasSuffix(o["id"], ".sl") && !strings.HasSuffix(o["id"], ".tp") {
			waiting[o["symbol"]] = true
		}
	}
	slots := l.slots
	if slots == 0 {
		slots = len(symbols)
	}
	free := slots - len(held) - len(waiting)
	var sales, purchases []agentloop.Call
	short := 0
	for _, symbol := range symbols {
		list := of[symbol]
		if len(list) < 2 {
			short++
			continue
		}
		before, now := list[0], list[1]
		_, has := held[symbol]
		switch {
		case waiting[symbol]:
		case has:
			if out, why := l.leave(before, now); out {
				sales = append(sales, target(symbol, 0, why))
				free++
			}
		default:
			if in, why := l.enter(before, now); in {
				if order, ok := l.entry(symbol, part(slots), now, why); ok {
					purchases = append(purchases, order)
				}
			}
		}
	}
	orders := append(sales, purchases[:min(len(purchases), max(0, free))]...)
	if len(orders) > 0 {
		return agentloop.Reply{Calls: orders}
	}
	return done("no signal in %d symbols; %d are held", len(symbols)-short, len(held))
}

// entry is an order with its stop and target; none where they cannot be known yet.
func (l levels) entry(symbol string, percent float64, now bar, why string) (agentloop.Call, bool) {
	args := map[string]any{"symbol": symbol, "target_percent": percent}
	price, wide := now.get(closing), now.get(trueRange)
	if l.stop > 0 || l.target > 0 {
		if !(wide > 0) || l.stop*wide >= price {
			return agentloop.Call{}, false
		}
		why += fmt.Sprintf("; close %.6g, average true range %.4g", price, wide)
	}
	if l.stop > 0 {
		args["stop_loss"] = cents(price - l.stop*wide)
	}
	if l.target > 0 {
		args["take_profit"] = cents(price + l.target*wide)
	}
	args["reason"] = why
	return call("orders_submit", args), true
}

// cents rounds a price to a step that exchanges take.
func cents(price float64) float64 {
	if price < 1 {
		return math.Round(price*1e4) / 1e4
	}
	return math.Round(price*100) / 100
}
