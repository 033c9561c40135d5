package tools

import (
	"math"
	"strconv"
	"strings"

	"pitwall"
)

// maxPeriod bounds every period, in bars.
const maxPeriod = 500

// parameter is one number after an indicator's name.
type parameter struct {
	name     string
	value    float64 // when it is left out
	min, max float64
	whole    bool
}

// kind is an indicator: how it is written and how it is computed.
type kind struct {
	name   string
	params []parameter
	outs   []string // names of several values; the first is written without a name
	volume bool     // needs traded volume
	// need is how many bars the first value takes, those included that let a
	// recursive formula forget where the history began.
	need func(p []int) int
	// calc gets at least need bars and answers one row per out, NaN where there is
	// no value; what lies before need is not looked at.
	calc func(c columns, p []int, f []float64) [][]float64
	wide *wide // of the whole universe; nil for an indicator of one symbol
}

// indicator is a kind with its parameters.
type indicator struct {
	kind
	f []float64
	p []int // the same, whole
}

func period(name string, value, least float64) parameter {
	return parameter{name, value, least, maxPeriod, true}
}

// settle is how many periods of history a recursive formula gets before it is
// shown. With period n an EMA seeded n bars into the history then weighs its seed
// with (1-2/(n+1))^(3n) = 0.25 %, a Wilder average with (1-1/n)^(7n) = 0.1 %, ADX,
// smoothed twice, with about 0.3 %.
const (
	settleEMA    = 4
	settleWilder = 8
	settleADX    = 10
)

// kinds is the table of indicators. Sources are in tools/docs/tools.md.
func kinds() []kind {
	window := func(p []int) int { return p[0] }
	longer := func(p []int) int { return p[0] + 1 }
	times := func(n int) func([]int) int { return func(p []int) int { return n * p[0] } }
	list := []kind{
		{name: "sma", params: []parameter{period("n", 20, 1)}, need: window, calc: calcSMA},
		{name: "ema", params: []parameter{period("n", 20, 1)}, need: times(settleEMA), calc: calcEMA},
		{name: "rsi", params: []parameter{period("n", 14, 2)}, need: times(settleWilder), calc: calcRSI},
		{name: "macd", params: []parameter{period("fast", 12, 1), period("slow", 26, 2), period("signal", 9, 1)}, outs: []string{"", "signal", "histogram"},
			need: func(p []int) int { return settleEMA * (p[1] + p[2]) }, calc: calcMACD},
		{name: "bollinger", params: []parameter{period("n", 20, 2), {"deviations", 2, 0.1, 10, false}}, outs: []string{"upper", "middle", "lower"}, need: window, calc: calcBollinger},
		{name: "atr", params: []parameter{period("n", 14, 1)}, need: times(settleWilder), calc: calcATR},
		{name: "adx", params: []parameter{period("n", 14, 2)}, need: times(settleADX), calc: calcADX},
		{name: "stochastic", params: []parameter{period("k", 14, 1), period("slowing", 3, 1), period("d", 3, 1)}, outs: []string{"k", "d"},
			need: func(p []int) int { return p[0] + p[1] + p[2] - 2 }, calc: calcStochastic},
		{name: "obv", volume: true, need: func([]int) int { return 1 }, calc: calcOBV},
		{name: "vwap", params: []parameter{period("n", 20, 1)}, volume: true, need: window, calc: calcVWAP},
		{name: "high", params: []parameter{period("n", 252, 1)}, need: window, calc: calcHigh},
		{name: "low", params: []parameter{period("n", 252, 1)}, need: window, calc: calcLow},
		{name: "return", params: []parameter{period("n", 5, 1)}, need: longer, calc: calcReturn},
		{name: "volume_ratio", params: []parameter{period("n", 20, 1)}, volume: true, need: longer, calc: calcVolumeRatio},
		{name: "volume_profile", params: []parameter{period("n", 60, 1)}, outs: []string{"", "low", "high"}, volume: true, need: window, calc: calcVolumeProfile},
	}
	return append(list, breadths()...)
}

// usage shows how a kind is written, defaults filled in.
func (k kind) usage() string {
	s := k.name
	for _, p := range k.params {
		s += ":" + strconv.FormatFloat(p.value, 'g', -1, 64)
	}
	return s
}

// usagesOf lists how the kinds are written whose names begin like this.
func usagesOf(prefix string) (list []string) {
	for _, k := range kinds() {
		if strings.HasPrefix(k.name, prefix) {
			list = append(list, k.usage())
		}
	}
	return list
}

// parseIndicator reads a name such as rsi, rsi:14 or bollinger:20:2.5. Parameters
// that are left out have their usual values.
func parseIndicator(s string) (indicator, error) {
	parts := wideName(strings.Split(strings.ToLower(strings.TrimSpace(s)), ":"))
	names, usages := []string{}, []string{}
	var x indicator
	for _, k := range kinds() {
		names, usages = append(names, k.name), append(usages, k.usage())
		if k.name == parts[0] {
			x.kind = k
		}
	}
	if x.calc == nil {
		shown := s
		if len(shown) > 40 {
			shown = shown[:40] + "..."
		}
		e := pitwall.Errorf(pitwall.InvalidInput, "unknown indicator %q", shown)
		if len(parts[0]) > 0 && len(parts[0]) <= 20 {
			return x, e.Hintf("did you mean %s? the indicators are %s", pitwall.Nearest(parts[0], names), strings.Join(usages, ", "))
		}
		return x, e.Hintf("the indicators are %s", strings.Join(usages, ", "))
	}
	if len(parts)-1 > len(x.params) {
		return x, pitwall.Errorf(pitwall.InvalidInput, "%s has %d parameters and takes %d", x.name, len(parts)-1, len(x.params)).Hintf("write %s", x.usage())
	}
	for i, p := range x.params {
		v := p.value
		if i+1 < len(parts) {
			var err error
			v, err = strconv.ParseFloat(parts[i+1], 64)
			if err != nil || !(v >= p.min && v <= p.max) || p.whole && v != math.Trunc(v) {
				what := "a number"
				if p.whole {
					what = "a whole number"
				}
				return x, pitwall.Errorf(pitwall.InvalidInput, "parameter %s of %s is not %s from %g to %g", p.name, x.name, what, p.min, p.max).Hintf("write for example %s", strings.Join(append([]string{x.usage()}, usagesOf(x.name+":")...), ", "))
			}
		}
		x.f, x.p = append(x.f, v), append(x.p, int(v))
	}
	if x.name == "macd" && x.p[0] >= x.p[1] {
		return x, pitwall.Errorf(pitwall.InvalidInput, "the fast period %d of macd is not below the slow one, %d", x.p[0], x.p[1]).Hintf("write for example %s", x.usage())
	}
	return x, nil
}

// String is the name in full.
func (x indicator) String() string {
	s := x.name
	for _, v := range x.f {
		s += ":" + strconv.FormatFloat(v, 'g', -1, 64)
	}
	return s
}

// columns are the names of its values.
func (x indicator) columns() []string {
	if len(x.outs) == 0 {
		return []string{x.String()}
	}
	var list []string
	for _, o := range x.outs {
		if o != "" {
			o = "." + o
		}
		list = append(list, x.String()+o)
	}
	return list
}
