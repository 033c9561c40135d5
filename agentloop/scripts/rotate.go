package scripts

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"pitwall/agentloop"
)

// A rotating script begins its turn with [look], gathers its evidence, and ends
// it with [seen.rotate]: out of what it no longer wants, into equal parts of what
// it wants.

// look adds the calls that come first, whose answers [sees] reads.
func look(more ...any) (agentloop.Reply, error) {
	return reply(0, append([]any{"market_last_price", struct{}{}, "account_positions", struct{}{}, "orders_open_orders", struct{}{}}, more...)...)
}

// seen is what a script knows of prices and its account.
type seen struct {
	fresh   []string          // symbols that may be traded and have a fresh price
	last    map[string]string // last prices as they were written
	held    []string
	waiting bool // there are open orders
}

func sees(t turn) seen {
	r := t.results(0)
	s := seen{fresh: tradable(r[0]), last: map[string]string{}, waiting: len(block(r[2].Text, "open_orders")) > 0}
	for _, p := range block(r[0].Text, "prices") {
		s.last[p["symbol"]] = p["last"]
	}
	for _, p := range block(r[1].Text, "positions") {
		s.held = append(s.held, p["symbol"])
	}
	slices.Sort(s.held)
	return s
}

// rotate orders only when the winners are not what is held. why says the reason
// of each order. Nothing is ordered without a fresh price: a holding that has none
// (it may be delisted) stays, and its part of the money with it.
func (s seen) rotate(step int, winners []string, why func(symbol string, wanted bool) string) (agentloop.Reply, error) {
	winners = slices.Clone(winners)
	slices.Sort(winners)
	var held, stuck []string
	for _, h := range s.held {
		if slices.Contains(s.fresh, h) {
			held = append(held, h)
		} else if !slices.Contains(winners, h) {
			stuck = append(stuck, h)
		}
	}
	for _, w := range winners {
		if !slices.Contains(s.fresh, w) {
			return done("no fresh price of %s: nothing is ordered", w)
		}
	}
	switch {
	case s.waiting:
		return done("waiting for open orders")
	case slices.Equal(winners, held):
		return done("no change: holding %s%s", list(s.held), because(s.held, why))
	}
	var c calls
	for _, h := range held {
		if !slices.Contains(winners, h) {
			if err := c.add(step, "orders_submit", map[string]any{"symbol": h, "target_percent": 0, "reason": why(h, false)}); err != nil {
				return agentloop.Reply{}, err
			}
		}
	}
	// What is held first: it may be too much of it now, and sales pay for purchases.
	slices.SortStableFunc(winners, func(a, b string) int {
		return cmp.Compare(count(!slices.Contains(held, a)), count(!slices.Contains(held, b)))
	})
	for _, w := range winners {
		if err := c.add(step, "orders_submit", map[string]any{"symbol": w, "target_percent": part(len(winners) + len(stuck)), "reason": why(w, true)}); err != nil {
			return agentloop.Reply{}, err
		}
	}
	return agentloop.Reply{Calls: c}, nil
}

// because is why what is held stays.
func because(held []string, why func(string, bool) string) string {
	if len(held) == 0 {
		return ""
	}
	return "; " + why(held[0], true)
}

// into is rotate into one symbol, with one reason for everything.
func (s seen) into(step int, symbol, why string) (agentloop.Reply, error) {
	return s.rotate(step, []string{symbol}, func(string, bool) string { return why })
}

// ordered ends a turn after the orders of reply i.
func ordered(t turn, i int) (agentloop.Reply, error) {
	if e, bad := t.failed(i); bad {
		return done("an order failed: %s", strings.TrimSpace(e.Text))
	}
	n := len(t.results(i))
	return done("orders sent: %d; %s", n, reason(t.Messages[i+1].Reply.Calls[n-1]))
}

// reason is what an order said.
func reason(c agentloop.Call) string {
	var args struct{ Reason string }
	if json.Unmarshal(c.Arguments, &args) != nil {
		return ""
	}
	return args.Reason
}
