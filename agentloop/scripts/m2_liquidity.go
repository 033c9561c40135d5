package scripts

import (
	"fmt"
	"math"

	"pitwall/agentloop"
)

// m2Liquidity holds the risky symbol when the money supply M2SL, as it was
// published by now, stands above its value 3 and its value 6 months before, and the
// safe symbol otherwise. A value is used as long as it has been known for at most
// max_age_days, with its age in the reason; an older one changes nothing. The
// series in context are told in the reason and decide nothing.
type m2Liquidity struct {
	risky, safe string
	maxAge      int
	context     []string
}

func newM2Liquidity(given map[string]any) (agentloop.Model, error) {
	p := read(given, "risky", "safe", "max_age_days", "context")
	m := m2Liquidity{risky: p.text("risky", "TQQQ"), safe: p.text("safe", "SHV"), maxAge: p.whole("max_age_days", 120, 1, 10_000, "days"), context: p.texts("context")}
	return rotating(m), p.err
}

func (m m2Liquidity) look(turn) []agentloop.Call { return listSeries() }

func (m m2Liquidity) ask(t turn, _ holdings) agentloop.Reply {
	calls := seriesCalls(t, append([]string{"M2SL"}, m.context...))
	if len(calls) == 0 {
		return done("no M2SL is known yet: nothing is ordered")
	}
	return agentloop.Reply{Calls: calls}
}

func (m m2Liquidity) decide(t turn, s holdings) agentloop.Reply {
	if end, bad := failed("could not decide", t.last()); bad {
		return end
	}
	x := readSeries(t.last(), "M2SL")
	_, now := x.newest()
	date3, three := x.before(3)
	date6, six := x.before(6)
	switch {
	case math.IsNaN(now):
		return done("no M2SL is known yet: nothing is ordered")
	case !x.fresh(m.maxAge):
		return done("no change: %s, more than %d", x, m.maxAge)
	case math.IsNaN(three) || math.IsNaN(six):
		return done("no change: %s, but not of %s and %s", x, month(date3), month(date6))
	}
	why := fmt.Sprintf("%s: %+.2f %% against %s (%g), %+.2f %% against %s (%g)", x, 100*(now/three-1), month(date3), three, 100*(now/six-1), month(date6), six)
	for _, name := range m.context {
		if c := readSeries(t.last(), name); len(c.points) > 0 {
			why += "; " + c.describe(m.maxAge)
		}
	}
	if now > three && now > six {
		return s.into(m.risky, "liquidity rises: "+why)
	}
	return s.into(m.safe, "liquidity does not rise: "+why)
}
