package scripts

import (
	"fmt"

	"pitwall/agentloop"
)

// newTrendFollowing holds what is in an uptrend: the close and the fast average above the slow
// one. It leaves when the close falls below the slow average, or at its stop. Averages of 50
// and 200 days as in Faber, "A quantitative approach to tactical asset allocation", Journal of
// Wealth Management 9 (2007); the stop of 3 average true ranges as in Faith, Way of the Turtle
// (2007), who has 2.
func newTrendFollowing(given map[string]any) (agentloop.Model, error) {
	p := read(given, "fast", "slow", "stop_atr", "target_atr", "max_positions")
	fast := fmt.Sprintf("sma:%d", p.whole("fast", 50, 2, 499, "bars"))
	slow := fmt.Sprintf("sma:%d", p.whole("slow", 200, 3, 500, "bars"))
	l := levels{names: []string{fast, slow}}.exits(p, 3, 0)
	l.enter = func(_, now bar) (bool, string) {
		return now.get(closing) > now.get(slow) && now.get(fast) > now.get(slow), fmt.Sprintf("uptrend: %s %.6g above %s %.6g", fast, now[fast], slow, now[slow])
	}
	l.leave = func(_, now bar) (bool, string) {
		return now.get(closing) < now.get(slow), fmt.Sprintf("close %.6g below %s %.6g", now[closing], slow, now[slow])
	}
	return script(l.reply), p.err
}
