package scripts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pitwall/agentloop"
)

// momentumAllocator holds the risky symbol when its price gained more over lookback
// bars than that of the safe one, and the safe symbol otherwise. (Splits are taken out;
// dividends are not, since prices that come split-adjusted cannot be had otherwise.) From news_from on,
// and always where the strategy has a tool search_news, it also reads the headlines
// of the last news_days about the symbols in news, and stays safe when bad ones
// outnumber good ones by news_veto or more. News that cannot be had decides nothing.
type momentumAllocator struct {
	risky, safe string
	lookback    int
	news        []string
	newsFrom    string // there is no news before, so it is not asked for
	newsDays    int
	newsVeto    int
}

func newMomentumAllocator(given map[string]any) (agentloop.Model, error) {
	p := read(given, "risky", "safe", "lookback", "news", "news_from", "news_days", "news_veto")
	m := momentumAllocator{
		risky: p.text("risky", "TQQQ"), safe: p.text("safe", "SHV"), lookback: p.whole("lookback", 60, 2, 5000, "bars"),
		news: p.texts("news"), newsFrom: p.day("news_from"), newsDays: p.whole("news_days", 7, 1, 60, "days"), newsVeto: p.whole("news_veto", 3, 1, 1000, "headlines"),
	}
	return rotating(m), p.err
}

// reads reports whether the turn has news to read.
func (m momentumAllocator) reads(t turn) bool {
	return len(m.news) > 0 && (t.has("search_news") || m.newsFrom != "" && t.asOf() >= m.newsFrom)
}

func (m momentumAllocator) look(t turn) []agentloop.Call {
	if !m.reads(t) {
		return nil
	}
	return t.probe(m.news)
}

func (m momentumAllocator) ask(t turn, s holdings) agentloop.Reply {
	for _, symbol := range []string{m.risky, m.safe} {
		if !slices.Contains(s.fresh, symbol) {
			return done("no fresh price of %s: nothing is ordered", symbol)
		}
	}
	calls := []agentloop.Call{
		call("market_load_history_table", map[string]any{"symbols": []string{m.risky, m.safe}, "table": "prices", "adjusted": "split"}),
		call("duckdb_query", map[string]any{"limit": 2, "sql": fmt.Sprintf(
			"SELECT symbol, count(*) AS bars, 100 * (max_by(close, ts) / min_by(close, ts) - 1) AS percent FROM "+
				"(SELECT symbol, ts, close FROM prices QUALIFY row_number() OVER (PARTITION BY symbol ORDER BY ts DESC) <= %d) "+
				"GROUP BY symbol ORDER BY symbol", m.lookback+1)}),
	}
	if m.reads(t) {
		calls = append(calls, t.searches(m.news, m.newsDays)...)
	}
	return agentloop.Reply{Calls: calls}
}

func (m momentumAllocator) decide(t turn, s holdings) agentloop.Reply {
	if end, bad := failed("could not decide", t.last()[:2]); bad {
		return end
	}
	percent := map[string]float64{}
	for _, row := range query(t.last()[1].Text) {
		if row["bars"] == strconv.Itoa(m.lookback+1) {
			percent[row["symbol"]] = number(row["percent"])
		}
	}
	if len(percent) < 2 {
		return done("fewer than %d bars of %s and %s: nothing is ordered", m.lookback+1, m.risky, m.safe)
	}
	up, what := percent[m.risky] > percent[m.safe], "below"
	if up {
		what = "above"
	}
	why := fmt.Sprintf("%s %+.2f %% over %d bars is %s %s %+.2f %%", m.risky, percent[m.risky], m.lookback, what, m.safe, percent[m.safe])
	if len(t.last()) > 2 {
		var all tally
		for _, c := range score(t.headlines(), nil) {
			all = all.add(c)
		}
		why += fmt.Sprintf("; news of %s in %d days %s", strings.Join(m.news, ", "), m.newsDays, all)
		if up && all.net() <= -m.newsVeto {
			up, why = false, why+fmt.Sprintf(", %d or worse forbids the risk", -m.newsVeto)
		}
	}
	if up {
		return s.into(m.risky, why)
	}
	return s.into(m.safe, why)
}
