package scripts

import (
	"fmt"

	"pitwall/agentloop"
)

// newMeanReversion buys what has fallen far: an RSI below rsi_below (Wilder, New Concepts in
// Technical Trading Systems, 1978), or a close below the lower Bollinger band (Bollinger on
// Bollinger Bands, 2001). It leaves at the middle band, or at its stop.
func newMeanReversion(given map[string]any) (agentloop.Model, error) {
	p := read(given, "rsi", "rsi_below", "band", "deviations", "stop_atr", "target_atr", "max_positions")
	rsi := fmt.Sprintf("rsi:%d", p.whole("rsi", 14, 2, 500, "bars"))
	below := p.number("rsi_below", 30)
	band := fmt.Sprintf("bollinger:%d:%v", p.whole("band", 20, 2, 500, "bars"), p.number("deviations", 2))
	lower, middle := band+".lower", band+".middle"
	l := levels{names: []string{rsi, band}}.exits(p, 3, 0)
	l.enter = func(_, now bar) (bool, string) {
		return now.get(rsi) < below || now.get(closing) < now.get(lower), fmt.Sprintf("fallen far: %s %.4g, lower band %.6g", rsi, now[rsi], now[lower])
	}
	l.leave = func(_, now bar) (bool, string) {
		return now.get(closing) >= now.get(middle), fmt.Sprintf("close %.6g back at the middle band %.6g", now[closing], now[middle])
	}
	return script(l.reply), p.err
}
