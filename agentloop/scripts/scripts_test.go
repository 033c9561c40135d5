package scripts

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
)

// world answers a script's calls with texts; a text that begins with "error" is one.
type world struct {
	asOf  string
	tools []string
	say   func(name, args string) string
}

// order is what a script sent.
type order struct {
	Symbol  string
	Percent float64 `json:"target_percent"`
	Reason  string
}

// turn runs one turn of a script.
func (w world) turn(t *testing.T, m agentloop.Model) (orders []order, called []string, result string) {
	t.Helper()
	r := agentloop.Request{Messages: []agentloop.Message{{User: "Turn 1. Bars since your last turn: 5.\nmode=sim as_of=" + w.asOf + "\n"}}}
	for _, name := range w.tools {
		r.Tools = append(r.Tools, agentloop.Tool{Name: name})
	}
	for range 10 {
		reply, err := m.Reply(context.Background(), r)
		require.NoError(t, err)
		if len(reply.Calls) == 0 {
			return orders, called, reply.Text
		}
		msg := agentloop.Message{Reply: &reply}
		for _, c := range reply.Calls {
			called = append(called, c.Name)
			text := "mode=sim as_of=" + w.asOf + "\n"
			if c.Name == "orders_submit" {
				var o order
				require.NoError(t, json.Unmarshal(c.Arguments, &o))
				orders = append(orders, o)
			} else {
				text += w.say(c.Name, string(c.Arguments))
			}
			msg.Results = append(msg.Results, agentloop.Result{ID: c.ID, Name: c.Name, Text: text, IsError: strings.Contains(text, "\nerror")})
		}
		r.Messages = append(r.Messages, msg)
	}
	require.Fail(t, "the turn does not end")
	return nil, nil, ""
}

// account answers the calls of look: everything costs 100, held are whole positions.
func account(name string, held, stale []string, symbols ...string) string {
	var b strings.Builder
	switch name {
	case "market_last_price":
		b.WriteString("prices: symbol,last,known,age_hours,tradable\n")
		for _, s := range symbols {
			age := 0
			for _, x := range stale {
				if x == s {
					age = 5000
				}
			}
			fmt.Fprintf(&b, "%s,100,2025-05-01T16:00:00-04:00,%d,true\n", s, age)
		}
	case "account_positions":
		b.WriteString("positions: none\n")
		if len(held) > 0 {
			b.Reset()
			b.WriteString("positions: symbol,qty,avg_price,last\n")
		}
		for _, s := range held {
			fmt.Fprintf(&b, "%s,10,100,100\n", s)
		}
	case "orders_open_orders":
		b.WriteString("open_orders: none\n")
	}
	return b.String()
}

func made(t *testing.T, name string, params map[string]any) agentloop.Model {
	t.Helper()
	m, err := All()[name](params)
	require.NoError(t, err)
	return m
}

var companies = map[string]any{"names": map[string]any{"AAPL": []any{"Apple"}, "JPM": []any{"JPMorgan"}, "V": []any{"Visa"}}}

// A tool search_news of the strategy is asked first; where it fails the built-in
// search answers.
func TestNewsSentimentUsesSearchNews(t *testing.T) {
	w := world{asOf: "2025-05-01T16:00:00-04:00", tools: []string{"news_search", "search_news"}}
	broken := false
	w.say = func(name, args string) string {
		switch {
		case name == "search_news" && broken:
			return "error TIMEOUT: no answer"
		case name == "search_news" && strings.Contains(args, `"JPM"`):
			return "source=alpaca rows=0\n"
		case name == "search_news" && strings.Contains(args, `"AAPL"`):
			return "source=alpaca rows=4\ncreated_at,headline,summary,symbols\n" +
				"2025-04-30T10:00:00Z,\"Apple beats estimates, raises outlook\",x,AAPL;MSFT\n2025-04-30T11:00:00Z,Apple wins approval,,AAPL\n" +
				"2025-04-30T12:00:00Z,Apple wins approval,,AAPL\n2025-04-30T12:00:00Z,Microsoft beats,,AAPL\nnote: end\n"
		case name == "search_news":
			return "created_at,headline,summary,symbols\n2025-04-30T10:00:00Z,Visa upgraded,\"a, b\",\"[\"\"V\"\"]\"\n2025-04-29T10:00:00Z,Visa announces record buyback,,V\n"
		case name == "news_search":
			return "covered: JPM 2025-01-01..2025-05-01 (2)\n2025-04-30T10:00:00-04:00 JPM [Yahoo] JPMorgan beats estimates\n  a text\n2025-04-30T11:00:00-04:00 JPM [Yahoo] JPMorgan upgraded\n"
		}
		return account(name, []string{"SHV"}, nil, "AAPL", "JPM", "V", "SHV")
	}
	orders, called, result := w.turn(t, made(t, "news_sentiment", companies))
	require.NotContains(t, called, "news_search")
	require.Equal(t, []order{
		{"SHV", 0, "strong catalysts at 2 of 3 companies: AAPL +2, V +2, JPM +0"},
		{"AAPL", 50, "news of 10 days about AAPL: +2 (2 good, 0 bad of 2 headlines), at least 2 wanted"},
		{"V", 50, "news of 10 days about V: +2 (2 good, 0 bad of 2 headlines), at least 2 wanted"},
	}, orders)
	require.Contains(t, result, "orders sent: 3")

	broken = true
	orders, called, result = w.turn(t, made(t, "news_sentiment", companies))
	require.Empty(t, orders, "one company is not two: the safe symbol stays")
	require.Contains(t, called, "news_search")
	require.Contains(t, result, "strong catalysts at 1 of 3 companies, 2 wanted: JPM +2")
}

// Nothing is ordered without a fresh price; a holding without one keeps its part.
func TestRotateNeedsPrices(t *testing.T) {
	s := holdings{fresh: []string{"A", "B"}, held: []string{"A", "OLD"}}
	why := func(string, bool) string { return "why" }
	r := s.rotate([]string{"B"}, why)
	require.Len(t, r.Calls, 2)
	require.JSONEq(t, `{"symbol":"A","target_percent":0,"reason":"why"}`, string(r.Calls[0].Arguments))
	require.JSONEq(t, `{"symbol":"B","target_percent":50,"reason":"why"}`, string(r.Calls[1].Arguments))
	for _, c := range []struct {
		s    holdings
		want string
	}{
		{holdings{fresh: []string{"A"}, held: []string{"A"}}, "no fresh price of B"},
		{holdings{fresh: []string{"A", "B"}, held: []string{"A"}, waiting: true}, "waiting for open orders"},
		{holdings{fresh: []string{"A", "B"}, held: []string{"B"}}, "no change: holding B; why"},
		{holdings{fresh: []string{"A", "B"}, held: []string{"B", "OLD"}}, "no change: holding B, OLD"},
	} {
		r := c.s.rotate([]string{"B"}, why)
		require.Empty(t, r.Calls)
		require.Contains(t, r.Text, c.want)
	}
}

// Rates that tighten lower what is allowed, as long as they are fresh.
func TestMacroRiskReadsRates(t *testing.T) {
	for name, c := range map[string]struct {
		age, now, then float64
		risky          bool
		want           string
	}{
		"calm":    {10, 2.5, 2.5, true, "6.00 % of the price, 7.00 % allowed; FEDFUNDS 2.5 of 2025-03, known for 10 days"},
		"hikes":   {10, 3.5, 2.5, false, "5.25 % allowed; FEDFUNDS 3.5 of 2025-03, known for 10 days, up from 2.5 of 2024-09"},
		"too old": {130, 3.5, 2.5, true, "7.00 % allowed; FEDFUNDS 3.5 of 2025-03, known for 130 days, too old to use"},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{asOf: "2025-05-01T16:00:00-04:00", say: func(name, args string) string {
				switch {
				case name == "macro_series" && args == "{}":
					return "covered: FEDFUNDS 2019-10-01..2025-04-05 (60), M2SL 2019-10-01..2025-04-05 (60)\n"
				case name == "macro_series":
					return fmt.Sprintf("covered: FEDFUNDS 2019-10-01..2025-04-05 (60)\nseries=FEDFUNDS revised=false age_days=%g\npoints: date,value,known,revised\n2025-04-01,,2025-04-21,false\n2025-03-01,%g,2025-04-21,false\n2024-09-01,%g,2025-04-21,false\n", c.age, c.now, c.then)
				case name == "market_indicators":
					return "indicators: symbol,start,sma:150,atr:20\nTQQQ,2025-05-01T09:30:00-04:00,90,6\n"
				}
				return account(name, nil, nil, "TQQQ", "SHV")
			}}
			orders, _, _ := w.turn(t, made(t, "macro_risk", map[string]any{"rates": []any{"FEDFUNDS", "T10Y2Y"}}))
			require.Len(t, orders, 1)
			require.Equal(t, map[bool]string{true: "TQQQ", false: "SHV"}[c.risky], orders[0].Symbol)
			require.Contains(t, orders[0].Reason, c.want)
		})
	}
}

// Bad news forbids the risk that momentum asks for, and a price that is weeks old
// allows no order.
func TestMomentumAllocatorVeto(t *testing.T) {
	var stale []string
	w := world{asOf: "2025-05-01T16:00:00-04:00", say: func(name, _ string) string {
		switch name {
		case "duckdb_query":
			return "rows=2 truncated=false\nsymbol,bars,percent\nSHV,61,1\nTQQQ,61,20\n"
		case "news_search":
			return "covered: AAPL 2025-01-01..2025-05-01 (3)\n2025-04-30T10:00:00-04:00 AAPL [Yahoo] Apple sued\n2025-04-30T11:00:00-04:00 AAPL [Yahoo] Apple cuts outlook\n2025-04-30T12:00:00-04:00 AAPL [Yahoo] Apple downgraded\n"
		}
		return account(name, []string{"TQQQ"}, stale, "TQQQ", "SHV")
	}}
	params := map[string]any{"news": []any{"AAPL"}, "news_from": "2025-01-02"}
	orders, _, _ := w.turn(t, made(t, "momentum_allocator", params))
	require.Len(t, orders, 2)
	require.Equal(t, "SHV", orders[1].Symbol)
	require.Contains(t, orders[1].Reason, "TQQQ +20.00 % over 60 bars is above SHV +1.00 %; news of AAPL in 7 days -3 (0 good, 3 bad of 3 headlines), -3 or worse forbids the risk")
	params["news_from"] = "2026-01-02"
	orders, called, _ := w.turn(t, made(t, "momentum_allocator", params))
	require.Empty(t, orders)
	require.NotContains(t, called, "news_search")
	stale = []string{"SHV"}
	orders, _, result := w.turn(t, made(t, "momentum_allocator", params))
	require.Empty(t, orders)
	require.Contains(t, result, "no fresh price of SHV")
}

// A month that is missing is not replaced by the month before it.
func TestM2LiquidityLooksUpMonths(t *testing.T) {
	w := world{asOf: "2025-05-01T16:00:00-04:00", say: func(name, args string) string {
		switch {
		case name == "macro_series" && args == "{}":
			return "covered: M2SL 2019-10-01..2025-04-05 (60)\n"
		case name == "macro_series":
			return "series=M2SL revised=false age_days=3\npoints: date,value,known,revised\n2025-03-01,110,2025-04-21,false\n2025-01-01,109,2025-04-21,false\n2024-11-01,108,2025-04-21,false\n2024-09-01,107,2025-04-21,false\n"
		}
		return account(name, nil, nil, "TQQQ", "SHV")
	}}
	orders, _, result := w.turn(t, made(t, "m2_liquidity", nil))
	require.Empty(t, orders)
	require.Contains(t, result, "no change: M2SL 110 of 2025-03, known for 3 days, but not of 2024-12 and 2024-09")
}

// Wrong params are refused by name.
func TestParams(t *testing.T) {
	for _, c := range []struct {
		name   string
		params map[string]any
		want   string
	}{
		{"momentum", map[string]any{"lookback": 1}, "lookback is 1; use a whole number of bars from 2 to 5000"},
		{"macro_risk", map[string]any{"max_atr": -1}, "max_atr is -1; use a number above 0"},
		{"macro_risk", map[string]any{"rates": []any{"GDP"}}, "use FEDFUNDS and T10Y2Y"},
		{"m2_liquidity", map[string]any{"safe": 5}, "safe is 5"},
		{"m2_liquidity", map[string]any{"context": "FEDFUNDS"}, "use a list such as [A, B]"},
		{"momentum_allocator", map[string]any{"news_from": "May"}, "use a date such as 2025-01-02"},
		{"news_sentiment", nil, "names is 0; use 2 to 20 companies"},
		{"news_sentiment", map[string]any{"names": map[string]any{"A": "Apple", "B": []any{"b"}}}, "names.A is Apple"},
		{"news_sentiment", map[string]any{"word": 1}, `unknown "word"`},
	} {
		_, err := All()[c.name](c.params)
		require.ErrorContains(t, err, c.want, c.name)
	}
}

// The desk's script answers whatever it is given: more symbols than a reply has calls, and
// reports of other models, which state no range.
func TestDeskScript(t *testing.T) {
	m, err := newDesk(nil)
	require.NoError(t, err)
	ask := func(messages ...agentloop.Message) agentloop.Reply {
		t.Helper()
		reply, err := m.Reply(context.Background(), agentloop.Request{Messages: messages})
		require.NoError(t, err)
		return reply
	}
	prices, read := "prices: symbol,last,age_hours,tradable\nWATCHED,1,0,false\nSTALE,1,9999,true\n", make([]agentloop.Result, 50)
	for i := range 60 {
		prices += fmt.Sprintf("S%d,1,0,true\n", i)
	}
	for i := range read {
		read[i] = agentloop.Result{IsError: true, Text: fmt.Sprintf("error NO_COVERAGE: result %d\n", i)}
	}
	messages := []agentloop.Message{{User: "You are fundamentals. Answer with one AnalystReports."}, {Reply: &agentloop.Reply{}, Results: []agentloop.Result{{Text: prices}}}}
	require.Len(t, ask(messages...).Calls, 60, "the loop makes 50 of them; STALE is not asked for")
	var answer struct{ Reports []view }
	require.NoError(t, json.Unmarshal([]byte(ask(append(messages, agentloop.Message{Reply: &agentloop.Reply{}, Results: read})...).Text), &answer))
	require.Len(t, answer.Reports, 60)
	require.Equal(t, "NO_COVERAGE: result 0", answer.Reports[0].Reasons[0])
	require.Equal(t, "NO_COVERAGE: result 49", answer.Reports[49].Reasons[0])
	require.Equal(t, "it was not read", answer.Reports[50].Reasons[0])
	require.Zero(t, answer.Reports[50].Confidence)

	for reason, orders := range map[string]int{"it rises": 0, "range Inf": 0, "range NaN": 0, "range 0": 0, "range 60": 0, "range 1e308": 0, "range 5": 1} {
		text := "last_bars: symbol,close\nA,100\n\nReports of the analysts:\ntechnical: " +
			`{"reports":[{"symbol":"A","signal":"BUY","confidence":0.5,"reasons":["` + reason + `"],"invalidation":"i"}]}` + "\n\nYou are trader. Answer with one TradePlan."
		var plan struct {
			Orders  []order
			NoTrade string `json:"no_trade"`
		}
		require.NoError(t, json.Unmarshal([]byte(ask(agentloop.Message{User: text}).Text), &plan), reason)
		require.Len(t, plan.Orders, orders, reason)
		require.Equal(t, orders == 0, plan.NoTrade != "", reason)
	}
}
