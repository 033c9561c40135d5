package scripts

import (
	"encoding/json"
	"slices"
	"strings"

	"pitwall/agentloop"
)

// rule is a script that rotates: it looks at prices and its account, asks for
// evidence, and orders out of what it no longer wants into equal parts of what it
// wants.
type rule interface {
	// look is what the first reply asks for besides prices and the account.
	look(t turn) []agentloop.Call
	// ask follows when prices and account could be read; a reply without calls ends
	// the turn.
	ask(t turn, s holdings) agentloop.Reply
	// decide follows every answer but that of orders; it ends with [holdings.rotate].
	decide(t turn, s holdings) agentloop.Reply
}

func rotating(r rule) script {
	return func(t turn) agentloop.Reply {
		if t.step() == 0 {
			first := []agentloop.Call{call("market_last_price", struct{}{}), call("account_positions", struct{}{}), call("orders_open_orders", struct{}{})}
			return agentloop.Reply{Calls: append(first, r.look(t)...)}
		}
		if end, bad := failed("could not decide", t.results(0)[:3]); bad {
			return end
		}
		switch calls := t.Messages[t.step()].Reply.Calls; {
		case t.step() == 1:
			return r.ask(t, readHoldings(t))
		case calls[0].Name == "orders_submit":
			if end, bad := failed("an order failed", t.last()); bad {
				return end
			}
			return done("orders sent: %d; %s", len(calls), reason(calls[len(calls)-1]))
		}
		return r.decide(t, readHoldings(t))
	}
}

// holdings is what a script knows of prices and its account.
type holdings struct {
	fresh   []string          // symbols that may be traded and have a fresh price
	last    map[string]string // last prices as they were written
	held    []string
	waiting bool // there are open orders
}

func readHoldings(t turn) holdings {
	r := t.results(0)
	s := holdings{fresh: tradable(r[0]), last: map[string]string{}, waiting: len(block(r[2].Text, "open_orders")) > 0}
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
func (s holdings) rotate(winners []string, why func(symbol string, wanted bool) string) agentloop.Reply {
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
	var orders []agentloop.Call
	for _, h := range held {
		if !slices.Contains(winners, h) {
			orders = append(orders, target(h, 0, why(h, false)))
		}
	}
	// What is held first: it may be too much of it now, and sales pay for purchases.
	slices.SortStableFunc(winners, s.heldFirst)
	for _, w := range winners {
		orders = append(orders, target(w, part(len(winners)+len(stuck)), why(w, true)))
	}
	return agentloop.Reply{Calls: orders}
}

// heldFirst compares two symbols: what is held comes before what is not.
func (s holdings) heldFirst(a, b string) int {
	switch x, y := slices.Contains(s.held, a), slices.Contains(s.held, b); {
	case x && !y:
		return -1
	case y && !x:
		return 1
	}
	return 0
}

// because is why what is held stays.
func because(held []string, why func(string, bool) string) string {
	if len(held) == 0 {
		return ""
	}
	return "; " + why(held[0], true)
}

// into is rotate into one symbol, with one reason for everything.
func (s holdings) into(symbol, why string) agentloop.Reply {
	return s.rotate([]string{symbol}, func(string, bool) string { return why })
}

// list names symbols, or cash.
func list(symbols []string) string {
	if len(symbols) == 0 {
		return "cash"
	}
	return strings.Join(symbols, ", ")
}

// reason is what an order said.
func reason(c agentloop.Call) string {
	var args struct{ Reason string }
	if json.Unmarshal(c.Arguments, &args) != nil {
		return ""
	}
	return args.Reason
}
