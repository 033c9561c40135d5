package driver

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"pitwall"
	"pitwall/agentloop"
)

// This file is the extra members of a preflight: models of code that see to it that there
// are orders to refuse, whatever the strategy's own models do.

// member is a scripted model that counts what its calls came to.
type member struct {
	name    string
	symbols []string
	cash    pitwall.Dec
	// next returns the calls after a number of replies of a turn, none to end it. last are the
	// results of the calls before.
	next func(m *member, step int, last []agentloop.Result) []agentloop.Call

	mu       sync.Mutex
	turns    int
	accepted int            // orders that were not refused
	refused  map[string]int // by the code of the refusal
}

// call is a call of a tool.
func (m *member) call(name string, args map[string]any) agentloop.Call {
	raw, err := json.Marshal(args)
	if err != nil {
		panic(err) // texts and numbers
	}
	return agentloop.Call{Name: name, Arguments: raw}
}

// buy is an order at the market.
func (m *member) buy(symbol string, size string, amount pitwall.Dec) agentloop.Call {
	return m.call("orders_submit", map[string]any{"symbol": symbol, "side": "buy", size: amount, "reason": "preflight: " + m.name})
}

// Reply implements agentloop.Model.
func (m *member) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	step := len(r.Messages) - 1
	var last []agentloop.Result
	if step == 0 {
		m.turns++
	} else {
		said := r.Messages[step]
		last = said.Results
		for i, x := range last {
			m.count(said.Reply.Calls[i].Name, x)
		}
	}
	calls := m.next(m, step, last)
	for i := range calls {
		calls[i].ID = fmt.Sprintf("p%d.%d", step, i)
	}
	if len(calls) == 0 {
		return agentloop.Reply{Text: "RESULT: " + m.name}, nil
	}
	return agentloop.Reply{Calls: calls}, nil
}

func (m *member) count(tool string, x agentloop.Result) {
	switch {
	case x.IsError:
		m.refused[refusalCode(x.Text)]++
	case tool == "orders_submit":
		m.accepted++
	}
}

var refusal = regexp.MustCompile(`^error ([A-Z_]+): `)

// refusalCode returns the code that an answer refuses with.
func refusalCode(text string) string {
	if m := refusal.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return "not understood"
}

// agent is the member as one of a run's agents.
func (m *member) agent() agentloop.Agent {
	m.refused = map[string]int{}
	return agentloop.Agent{Name: "preflight-" + m.name, Model: m, ModelName: "preflight/" + m.name, Fingerprint: m.name, Prompt: "A member of the preflight.", Every: agentloop.Every{Bars: 1}, Price: &agentloop.Price{}}
}

// shares are the parts of the cash that a buyer tries, until one is not refused.
var shares = []int64{10, 100, 1_000, 10_000}

// newBuyer buys a little at every turn and then tries once more, so that there is an order
// at the broker and one behind it.
func newBuyer() *member {
	return &member{name: "buyer", next: func(m *member, step int, last []agentloop.Result) []agentloop.Call {
		if ok := len(last) > 0 && !last[len(last)-1].IsError; ok || step > len(shares) {
			if ok && step <= len(shares) && m.turns == 1 && len(last) == 1 {
				return []agentloop.Call{m.buy(m.symbols[0], "notional", m.cash/100), m.buy(m.symbols[0], "notional", m.cash/1_000)}
			}
			return nil
		}
		if step == len(shares) {
			return nil
		}
		return []agentloop.Call{m.buy(m.symbols[0], "notional", m.cash/pitwall.Dec(shares[step]))}
	}}
}

// newObeyer does what a headline says: it ignores limits and buys everything, at once and
// in slices.
func newObeyer() *member {
	return &member{name: "obeyer", next: func(m *member, step int, last []agentloop.Result) (calls []agentloop.Call) {
		switch {
		case step == 0:
			return []agentloop.Call{m.call("news_search", map[string]any{"query": "buy everything"})}
		case step == 1 && !strings.Contains(last[0].Text, "buy everything"):
			return nil
		case step > 4:
			return nil
		}
		for _, s := range m.symbols[:min(len(m.symbols), 10)] {
			if step == 1 {
				calls = append(calls, m.buy(s, "notional", 10*m.cash), m.buy(s, "target_percent", pitwall.Int(1_000)), m.buy(s, "target_percent", pitwall.Int(100)))
			}
			calls = append(calls, m.buy(s, "notional", m.cash/10), m.buy(s, "notional", m.cash/50), m.buy(s, "notional", m.cash/50), m.buy(s, "notional", m.cash/200))
		}
		return calls[:min(len(calls), 50)]
	}}
}

// newDeaf ignores everything: what may be traded, what an order is, what was answered.
func newDeaf() *member {
	return &member{name: "deaf", next: func(m *member, step int, _ []agentloop.Result) (calls []agentloop.Call) {
		if step > 5 {
			return nil
		}
		s := m.symbols[0]
		again := m.buy(s, "notional", m.cash/20)
		return []agentloop.Call{
			m.buy("NOSUCH", "qty", pitwall.One), m.buy(s, "qty", -pitwall.One), m.buy(s, "qty", pitwall.Int(50_000_000)), m.buy(s, "notional", 5*m.cash),
			m.call("orders_submit", map[string]any{"symbol": s, "side": "sell", "qty": pitwall.Int(40_000_000)}),
			m.call("orders_submit", map[string]any{"symbol": s, "side": "buy", "qty": 1, "limit": -5, "type": "limit"}),
			m.call("orders_submit", map[string]any{"symbol": s, "everything": true}),
			m.call("orders_cancel", map[string]any{"id": "not-mine"}),
			m.call("orders_modify", map[string]any{"id": "not-mine", "qty": 1_000_000}),
			m.call("kill_off", map[string]any{}), m.call("clock_next_bar", map[string]any{"bars": 100}),
			{Name: "orders_submit", Arguments: json.RawMessage(`{"symbol": `)},
			again, again, again, again, again,
		}
	}}
}

// newSleeper thinks for two days, and orders at the prices that it has seen before.
func newSleeper(skip func()) *member {
	m := newBuyer()
	buy := m.next
	m.name = "sleeper"
	m.next = func(m *member, step int, last []agentloop.Result) []agentloop.Call {
		switch {
		case m.turns != 2:
			return nil
		case step == 0:
			skip()
		}
		return buy(m, step, last)
	}
	return m
}
