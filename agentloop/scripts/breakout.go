package scripts

import (
	"fmt"

	"pitwall/agentloop"
)

// newBreakout buys a close above the highest high of the high bars before it on a volume of at
// least volume times its mean of 20 bars. It leaves below the lowest low of the low bars before,
// or at its stop. The channel is Donchian's with the lengths and the stop of Faith, Way of the
// Turtle (2007), system 1; volume as in O'Neil, How to Make Money in Stocks (1988).
func newBreakout(given map[string]any) (agentloop.Model, error) {
	p := read(given, "high", "low", "volume", "stop_atr", "target_atr", "max_positions")
	high := fmt.Sprintf("high:%d", p.whole("high", 20, 2, 500, "bars"))
	low := fmt.Sprintf("low:%d", p.whole("low", 10, 2, 500, "bars"))
	least := p.atLeast0("volume", 1.5)
	const volume = "volume_ratio:20"
	l := levels{names: []string{high, low, volume}}.exits(p, 2, 0)
	l.enter = func(before, now bar) (bool, string) {
		return now.get(closing) > before.get(high) && (least == 0 || now.get(volume) >= least), fmt.Sprintf("close %.6g above %s of before, %.6g, on %.3g times the volume", now[closing], high, before[high], now[volume])
	}
	l.leave = func(before, now bar) (bool, string) {
		return now.get(closing) < before.get(low), fmt.Sprintf("close %.6g below %s of before, %.6g", now[closing], low, before[low])
	}
	return script(l.reply), p.err
}
