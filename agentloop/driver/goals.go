package driver

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"go.yaml.in/yaml/v3"

	"pitwall/cache/runs"
	"pitwall/tools/report"
)

// Goals are what a desk is to reach. They change nothing: the end of the run says beside
// each what came of it.
type Goals struct {
	NetPL          *float64 `yaml:"net_pl"`           // money, above
	MaxDrawdown    *float64 `yaml:"max_drawdown"`     // share of the highest equity, at most
	WinRateGain    *float64 `yaml:"win_rate_gain"`    // of the trades after the first learned ones, at least
	USDPerDecision *float64 `yaml:"usd_per_decision"` // at most
	Logged         *float64 `yaml:"logged"`           // share of turns with a logged decision, at least
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (g *Goals) UnmarshalYAML(n *yaml.Node) error {
	type plain Goals
	return strictly(n, (*plain)(g), "Goals", keys(Goals{}))
}

// check refuses what desk.json cannot hold.
func (g *Goals) check() error {
	if g == nil {
		return nil
	}
	for _, x := range []*float64{g.NetPL, g.MaxDrawdown, g.WinRateGain, g.USDPerDecision, g.Logged} {
		if x != nil && (math.IsNaN(*x) || math.IsInf(*x, 0)) {
			return fmt.Errorf("a goal is %v; give a number", *x)
		}
	}
	return nil
}

// learned is how many closed trades win_rate_gain compares the later ones with.
const learned = 50

// score returns what came of each goal that is given.
func (g *Goals) score(usd *float64, m report.Metrics, trades []report.RoundTrip, logged float64) (list []runs.Goal) {
	net, drawdown := (m.FinalEquity - m.Start).Float(), math.Abs(m.MaxDrawdown)
	for _, x := range []struct {
		name      string
		goal, got *float64
		met       func(got, goal float64) bool
	}{
		{"net_pl", g.NetPL, &net, func(got, goal float64) bool { return got > goal }},
		{"max_drawdown", g.MaxDrawdown, &drawdown, func(got, goal float64) bool { return got <= goal }},
		{"win_rate_gain", g.WinRateGain, winRateGain(trades), func(got, goal float64) bool { return got >= goal }},
		{"usd_per_decision", g.USDPerDecision, usd, func(got, goal float64) bool { return got <= goal }},
		{"logged", g.Logged, &logged, func(got, goal float64) bool { return got >= goal }},
	} {
		if x.goal == nil {
			continue
		}
		out := runs.Goal{Name: x.name, Goal: *x.goal, Got: x.got}
		if x.got != nil {
			met := x.met(*x.got, *x.goal)
			out.Met = &met
		}
		list = append(list, out)
	}
	return list
}

// winRateGain returns the share of winning trades after the first [learned] less that of
// these, in the order in which they closed; nil without later ones.
func winRateGain(trades []report.RoundTrip) *float64 {
	closed := slices.DeleteFunc(slices.Clone(trades), func(t report.RoundTrip) bool { return t.ExitTime == nil })
	slices.SortStableFunc(closed, func(a, b report.RoundTrip) int {
		return cmp.Or(a.ExitTime.Compare(*b.ExitTime), cmp.Compare(a.Symbol, b.Symbol))
	})
	if len(closed) <= learned {
		return nil
	}
	rate := func(list []report.RoundTrip) float64 {
		won := 0
		for _, t := range list {
			if t.Profit > 0 {
				won++
			}
		}
		return float64(won) / float64(len(list))
	}
	gain := rate(closed[learned:]) - rate(closed[:learned])
	return &gain
}
