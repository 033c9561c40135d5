package scripts

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"pitwall/agentloop"
)

// macroRisk holds the risky symbol while its last price is above its average of
// trend bars and its average true range of 20 bars is below max_atr percent of the
// price; the safe symbol otherwise. When money tightens, that is when T10Y2Y is
// below 0 or FEDFUNDS stands more than half a point above six months before, only
// three quarters of max_atr are allowed. Rates known for longer than max_age_days
// are shown and not used; rates: [] asks for none.
type macroRisk struct {
	risky, safe string
	trend       int
	maxATR      float64
	maxAge      int
	rates       []string
}

func newMacroRisk(given map[string]any) (agentloop.Model, error) {
	p := read(given, "risky", "safe", "trend", "max_atr", "max_age_days", "rates")
	m := macroRisk{risky: p.text("risky", "TQQQ"), safe: p.text("safe", "SHV"), trend: p.whole("trend", 150, 2, 500, "bars"),
		maxATR: p.number("max_atr", 7), maxAge: p.whole("max_age_days", 120, 1, 10_000, "days"), rates: p.texts("rates")}
	for _, r := range m.rates {
		if r != "FEDFUNDS" && r != "T10Y2Y" {
			p.bad("rates", m.rates, "FEDFUNDS and T10Y2Y")
		}
	}
	return rotating(m), p.err
}

func (m macroRisk) look(turn) []agentloop.Call {
	if len(m.rates) == 0 {
		return nil
	}
	return listSeries()
}

func (m macroRisk) ask(t turn, s holdings) agentloop.Reply {
	if !slices.Contains(s.fresh, m.risky) {
		return done("no fresh price of %s: nothing is ordered", m.risky)
	}
	indicators := call("market_indicators", map[string]any{"symbols": []string{m.risky}, "names": []string{m.average(), "atr:20"}})
	return agentloop.Reply{Calls: append([]agentloop.Call{indicators}, seriesCalls(t, m.rates)...)}
}

func (m macroRisk) average() string { return fmt.Sprintf("sma:%d", m.trend) }

func (m macroRisk) decide(t turn, s holdings) agentloop.Reply {
	results := t.last()
	if end, bad := failed("could not decide", results[:1]); bad {
		return end
	}
	last, average, atr := number(s.last[m.risky]), math.NaN(), math.NaN()
	for _, row := range block(results[0].Text, "indicators") {
		average, atr = number(row[m.average()]), number(row["atr:20"])
	}
	if math.IsNaN(average) || math.IsNaN(atr) {
		return done("too little history of %s for %s and atr:20: nothing is ordered", m.risky, m.average())
	}
	allowed, context := m.maxATR, ""
	if tight, why := m.tight(results[1:]); why != "" {
		context = "; " + why
		if tight {
			allowed *= 0.75
		}
	}
	above, wild := "below", 100*atr/last
	if last > average {
		above = "above"
	}
	why := fmt.Sprintf("%s %.2f is %s its average of %d bars %.2f; its range of 20 bars is %.2f %% of the price, %.2f %% allowed%s", m.risky, last, above, m.trend, average, wild, allowed, context)
	if last > average && wild < allowed {
		return s.into(m.risky, why)
	}
	return s.into(m.safe, why)
}

// tight reports whether fresh rates say that money tightens, and what was read.
func (m macroRisk) tight(results []agentloop.Result) (tight bool, why string) {
	var texts []string
	for _, name := range m.rates {
		x := readSeries(results, name)
		_, now := x.newest()
		if math.IsNaN(now) {
			continue
		}
		text := x.describe(m.maxAge)
		switch date, then := x.before(6); {
		case !x.fresh(m.maxAge):
		case name == "T10Y2Y" && now < 0:
			tight, text = true, text+", inverted"
		case name == "FEDFUNDS" && now > then+0.5:
			tight, text = true, text+fmt.Sprintf(", up from %g of %s", then, month(date))
		}
		texts = append(texts, text)
	}
	return tight, strings.Join(texts, "; ")
}
