package scripts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"pitwall/agentloop"
)

// value buys what is cheap and sound by Graham, The Intelligent Investor (1973), chapter 14,
// from the ratios of statements that were filed by then: a score counts those of these tests
// that can be made and are passed, and needs at least three.
//   - the price is not above the Graham number
//   - price_to_earnings at most max_pe (15), price_to_book at most max_pb (1.5)
//   - long_term_debt_to_equity at most max_debt (1)
//   - earnings_growth above 0
//
// It holds equal parts of the max_positions (5) highest scores from signal_threshold (0.65) on.
type graham struct {
	threshold, pe, pb, debt float64
	positions               int
}

func newValue(given map[string]any) (agentloop.Model, error) {
	p := read(given, "signal_threshold", "max_positions", "max_pe", "max_pb", "max_debt")
	return rotating(graham{threshold: p.share("signal_threshold", 0.65), positions: p.whole("max_positions", 5, 1, 50, "positions"), pe: p.number("max_pe", 15), pb: p.number("max_pb", 1.5), debt: p.number("max_debt", 1)}), p.err
}

func (v graham) look(turn) []agentloop.Call { return nil }

func (v graham) ask(_ turn, s holdings) agentloop.Reply {
	if len(s.fresh) == 0 {
		return done("nothing to trade yet")
	}
	var calls []agentloop.Call
	for _, symbol := range s.fresh {
		calls = append(calls, call("fundamentals", map[string]any{"symbol": symbol, "ratios": true}))
	}
	return agentloop.Reply{Calls: calls}
}

// cheap is a symbol with its score.
type cheap struct {
	symbol string
	score  float64
	why    string
}

func (v graham) decide(t turn, s holdings) agentloop.Reply {
	scores := map[string]cheap{}
	var list []cheap
	for i, symbol := range s.fresh {
		r := t.last()[i]
		if r.IsError && !strings.HasPrefix(r.Text, "error NO_COVERAGE") {
			return done("could not decide: %s", strings.TrimSpace(r.Text))
		}
		c := v.score(symbol, number(s.last[symbol]), r.Text)
		scores[symbol] = c
		if c.score >= v.threshold {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b cheap) int { return cmp.Compare(b.score, a.score) })
	var winners []string
	for _, c := range list[:min(len(list), v.positions)] {
		winners = append(winners, c.symbol)
	}
	return s.rotate(winners, func(symbol string, _ bool) string { return scores[symbol].why })
}

// score makes the tests that the ratios allow.
func (v graham) score(symbol string, price float64, text string) cheap {
	ratio := map[string]float64{}
	for _, row := range block(text, "ratios") {
		ratio[row["name"]] = number(row["value"])
	}
	made, passed, words := 0.0, 0.0, []string{}
	test := func(name string, pass func(x float64) bool) {
		x, ok := ratio[name]
		if !ok || x != x { // null
			return
		}
		made++
		mark := "no"
		if pass(x) {
			passed++
			mark = "yes"
		}
		words = append(words, fmt.Sprintf("%s %.4g %s", name, x, mark))
	}
	test("graham_number", func(x float64) bool { return price <= x })
	test("price_to_earnings", func(x float64) bool { return x <= v.pe })
	test("price_to_book", func(x float64) bool { return x <= v.pb })
	test("long_term_debt_to_equity", func(x float64) bool { return x <= v.debt })
	test("earnings_growth", func(x float64) bool { return x > 0 })
	c := cheap{symbol: symbol, why: fmt.Sprintf("score %.0f of %.0f: %s", passed, made, strings.Join(words, ", "))}
	if made >= 3 {
		c.score = passed / made
	}
	return c
}
