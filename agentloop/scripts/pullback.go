package scripts

import (
	"fmt"

	"pitwall/agentloop"
)

// newPullback buys a dip in an uptrend: the average above the long one, a bar whose low
// touches the average and whose close is above it. It leaves below the long average, at its
// stop or at its target, twice as far. Elder, Trading for a Living (1993), buys such returns to
// value between averages; the lengths of 50 and 200 bars are this script's own.
func newPullback(given map[string]any) (agentloop.Model, error) {
	p := read(given, "average", "long", "stop_atr", "target_atr", "max_positions")
	average := fmt.Sprintf("ema:%d", p.whole("average", 50, 2, 125, "bars"))
	long := fmt.Sprintf("sma:%d", p.whole("long", 200, 3, 500, "bars"))
	const low = "low:1"
	l := levels{names: []string{average, long, low}}.exits(p, 2, 4)
	l.enter = func(_, now bar) (bool, string) {
		return now.get(average) > now.get(long) && now.get(low) <= now.get(average) && now.get(closing) > now.get(average),
			fmt.Sprintf("low %.6g touched %s %.6g in an uptrend", now[low], average, now[average])
	}
	l.leave = func(_, now bar) (bool, string) {
		return now.get(closing) < now.get(long), fmt.Sprintf("close %.6g below %s %.6g", now[closing], long, now[long])
	}
	return script(l.reply), p.err
}
