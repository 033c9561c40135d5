package scripts

import (
	"context"
	"fmt"
	"math"
	"strings"

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
	if err := onlyParams(given, "risky", "safe", "max_age_days", "context"); err != nil {
		return nil, err
	}
	p := params{given: given}
	m := m2Liquidity{risky: p.text("risky", "TQQQ"), safe: p.text("safe", "SHV"), maxAge: p.whole("max_age_days", 120, 1, 10_000, "days"), context: p.texts("context")}
	return m, p.err
}

// Reply implements agentloop.Model: look, read M2 as it is known, order.
func (m m2Liquidity) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	t := turn{r}
	switch t.step() {
	case 0:
		return look("macro_series", struct{}{}) // what there is
	case 1:
		if e, bad := t.failed(0); bad {
			return done("could not decide: %s", strings.TrimSpace(e.Text))
		}
		pairs := seriesCalls(t.results(0)[3], append([]string{"M2SL"}, m.context...))
		if len(pairs) == 0 {
			return done("no M2SL is known yet: nothing is ordered")
		}
		return reply(1, pairs...)
	case 2:
		if e, bad := t.failed(1); bad {
			return done("could not decide: %s", strings.TrimSpace(e.Text))
		}
		return m.decide(t)
	}
	return ordered(t, 2)
}

func (m m2Liquidity) decide(t turn) (agentloop.Reply, error) {
	x := readSeries(t.results(1), "M2SL")
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
		if c := readSeries(t.results(1), name); len(c.points) > 0 {
			why += "; " + c.told(m.maxAge)
		}
	}
	if now > three && now > six {
		return sees(t).into(2, m.risky, "liquidity rises: "+why)
	}
	return sees(t).into(2, m.safe, "liquidity does not rise: "+why)
}
