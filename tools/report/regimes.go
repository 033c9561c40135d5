package report

import (
	"slices"
	"time"

	"pitwall/cache/runs"
)

// RegimeStat is a run in one regime of the market. A day counts for the label that was known
// when it began.
type RegimeStat struct {
	Label     string
	Days      int
	Share     float64 // of the days with a label
	Return    float64
	Benchmark *float64 // nil: not known on each of its days
}

// RegimeSpan is a label that held for some days.
type RegimeSpan struct {
	Label, From, To string // To is empty while it holds
}

// regimes fills how the run went in each regime, and when which one was.
func (s *Sheet) regimes(m runs.Manifest, start Point) {
	if len(m.Regimes) == 0 {
		return
	}
	s.RegimeOf = m.Regimes[0].Symbol
	for i, x := range m.Regimes {
		if i > 0 {
			s.Spans[i-1].To = x.From
		}
		s.Spans = append(s.Spans, RegimeSpan{Label: x.Label, From: x.From})
	}
	sums, held := map[string]*RegimeStat{}, map[string]float64{}
	before, at, all := start, 0, 0
	for _, p := range s.Daily {
		day := inDay(p.At).Format(time.DateOnly)
		for at < len(m.Regimes) && m.Regimes[at].From < day {
			at++
		}
		if at > 0 && before.Equity > 0 {
			label := m.Regimes[at-1].Label
			x := sums[label]
			if x == nil {
				x = &RegimeStat{Label: label, Return: 1}
				sums[label], held[label] = x, 1
			}
			x.Days++
			all++
			x.Return *= p.Equity / before.Equity
			if held[label] *= p.Benchmark; before.Benchmark > 0 {
				held[label] /= before.Benchmark
			} else {
				held[label] = 0
			}
		}
		before = p
	}
	for _, x := range m.Regimes { // in the order in which they came
		if stat := sums[x.Label]; stat != nil && !slices.ContainsFunc(s.Regimes, func(r RegimeStat) bool { return r.Label == x.Label }) {
			stat.Share, stat.Return = float64(stat.Days)/float64(all), stat.Return-1
			if v := held[x.Label]; v > 0 {
				stat.Benchmark = new(v - 1)
			}
			s.Regimes = append(s.Regimes, *stat)
		}
	}
}
