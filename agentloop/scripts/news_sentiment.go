package scripts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"pitwall/agentloop"
)

// newsSentiment scores the headlines of the last days about each company by a small
// list of words (see [score]) and holds, in equal parts, the 2 to most companies
// whose good headlines outnumber the bad ones by at least strong. What is held
// already stays while its score is above 0 and it is among the best. With fewer
// than 2 such companies it holds the safe symbol.
type newsSentiment struct {
	safe         string
	symbols      []string
	names        map[string][]string // of each symbol: words of which one must be in a headline
	days         int
	strong, most int
}

func newNewsSentiment(given map[string]any) (agentloop.Model, error) {
	p := read(given, "safe", "names", "days", "strong", "most")
	m := newsSentiment{safe: p.text("safe", "SHV"), days: p.whole("days", 10, 1, 60, "days"), strong: p.whole("strong", 2, 1, 100, "headlines"), most: p.whole("most", 4, 2, 50, "companies")}
	m.symbols, m.names = p.lists("names")
	if p.err == nil && (len(m.symbols) < 2 || len(m.symbols) > 20) {
		p.bad("names", len(m.symbols), "2 to 20 companies, such as {AAPL: [Apple], JPM: [JPMorgan]}")
	}
	return rotating(m), p.err
}

func (m newsSentiment) look(t turn) []agentloop.Call { return t.probe(m.symbols) }

func (m newsSentiment) ask(t turn, _ holdings) agentloop.Reply {
	calls := t.searches(m.symbols, m.days)
	if len(calls) == 0 {
		return done("no news of the last %d days is held: nothing is ordered", m.days)
	}
	return agentloop.Reply{Calls: calls}
}

func (m newsSentiment) decide(t turn, s holdings) agentloop.Reply {
	bad := slices.IndexFunc(t.last(), func(r agentloop.Result) bool { return r.IsError })
	if bad >= 0 && t.last()[bad].Name == "search_news" {
		return agentloop.Reply{Calls: t.builtin(m.symbols, m.days)}
	}
	if !slices.ContainsFunc(t.last(), func(r agentloop.Result) bool { return !r.IsError }) {
		return done("no news could be read: nothing is ordered")
	}
	counts := score(t.headlines(), m.names)
	var best []string
	for _, symbol := range m.symbols {
		if counts[symbol].net() >= m.least(s, symbol) && slices.Contains(s.fresh, symbol) {
			best = append(best, symbol)
		}
	}
	slices.SortStableFunc(best, func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b].net(), counts[a].net()), s.heldFirst(a, b), cmp.Compare(a, b))
	})
	best = best[:min(len(best), m.most)]
	if len(best) < 2 {
		return s.into(m.safe, fmt.Sprintf("strong catalysts at %d of %d companies, 2 wanted: %s", len(best), len(m.symbols), m.scores(counts)))
	}
	return s.rotate(best, func(symbol string, wanted bool) string {
		if symbol == m.safe {
			return fmt.Sprintf("strong catalysts at %d of %d companies: %s", len(best), len(m.symbols), m.scores(counts))
		}
		if wanted {
			return fmt.Sprintf("news of %d days about %s: %s, at least %d wanted", m.days, symbol, counts[symbol], m.least(s, symbol))
		}
		return fmt.Sprintf("not among the best %d: news of %d days about %s: %s", len(best), m.days, symbol, counts[symbol])
	})
}

// least is the score that a company needs. A weaker echo of last week's catalyst is no
// reason to pay for a switch.
func (m newsSentiment) least(s holdings, symbol string) int {
	if slices.Contains(s.held, symbol) {
		return 1
	}
	return m.strong
}

// scores tells all scores, best first.
func (m newsSentiment) scores(counts map[string]tally) string {
	symbols := slices.Clone(m.symbols)
	slices.SortStableFunc(symbols, func(a, b string) int { return cmp.Compare(counts[b].net(), counts[a].net()) })
	var texts []string
	for _, s := range symbols {
		texts = append(texts, fmt.Sprintf("%s %+d", s, counts[s].net()))
	}
	return strings.Join(texts, ", ")
}
