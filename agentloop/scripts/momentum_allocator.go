package scripts

import (
	"context"
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
	if err := onlyParams(given, "risky", "safe", "lookback", "news", "news_from", "news_days", "news_veto"); err != nil {
		return nil, err
	}
	p := params{given: given}
	m := momentumAllocator{
		risky: p.text("risky", "TQQQ"), safe: p.text("safe", "SHV"), lookback: p.whole("lookback", 60, 2, 5000, "bars"),
		news: p.texts("news"), newsFrom: p.day("news_from"), newsDays: p.whole("news_days", 7, 1, 60, "days"), newsVeto: p.whole("news_veto", 3, 1, 1000, "headlines"),
	}
	return m, p.err
}

// Reply implements agentloop.Model: look, ask SQL and the news, order.
func (m momentumAllocator) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	t := turn{r}
	reading := len(m.news) > 0 && (t.has("search_news") || m.newsFrom != "" && t.asOf() >= m.newsFrom)
	switch t.step() {
	case 0:
		if reading {
			return look(t.probe(m.news)...)
		}
		return look()
	case 1:
		s := sees(t)
		if e, bad := failedOf(t.results(0)[:3]); bad {
			return done("could not decide: %s", strings.TrimSpace(e.Text))
		}
		for _, symbol := range []string{m.risky, m.safe} {
			if !slices.Contains(s.fresh, symbol) {
				return done("no fresh price of %s: nothing is ordered", symbol)
			}
		}
		pairs := []any{
			"market_load_history_table", map[string]any{"symbols": []string{m.risky, m.safe}, "table": "prices", "adjusted": "split"},
			"duckdb_query", map[string]any{"limit": 2, "sql": fmt.Sprintf(
				"SELECT symbol, count(*) AS bars, 100 * (max_by(close, ts) / min_by(close, ts) - 1) AS percent FROM "+
					"(SELECT symbol, ts, close FROM prices QUALIFY row_number() OVER (PARTITION BY symbol ORDER BY ts DESC) <= %d) "+
					"GROUP BY symbol ORDER BY symbol", m.lookback+1)},
		}
		if reading {
			var probed *agentloop.Result
			if len(t.results(0)) > 3 {
				probed = &t.results(0)[3]
			}
			pairs = append(pairs, t.searches(m.news, probed, m.newsDays)...)
		}
		return reply(1, pairs...)
	case 2:
		return m.decide(t)
	}
	return ordered(t, 2)
}

func (m momentumAllocator) decide(t turn) (agentloop.Reply, error) {
	if e, bad := failedOf(t.results(1)[:2]); bad {
		return done("could not decide: %s", strings.TrimSpace(e.Text))
	}
	percent := map[string]float64{}
	for _, row := range query(t.results(1)[1].Text) {
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
	if len(t.results(1)) > 2 {
		var all tally
		for _, c := range score(t.headlines(1), nil) {
			all = all.add(c)
		}
		why += fmt.Sprintf("; news of %s in %d days %s", strings.Join(m.news, ", "), m.newsDays, all)
		if up && all.net() <= -m.newsVeto {
			up, why = false, why+fmt.Sprintf(", %d or worse forbids the risk", -m.newsVeto)
		}
	}
	if up {
		return sees(t).into(2, m.risky, why)
	}
	return sees(t).into(2, m.safe, why)
}
