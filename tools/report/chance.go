package report

import (
	"fmt"
	"slices"
)

// What makes the figures about luck repeatable.
const (
	luckSeed  = 1
	resamples = 1000
	traders   = 1000
	floorWork = 40_000_000 // positions that all random traders together pass: a fifth of a second
)

// luck fills how much of the result could be luck.
func (s *Sheet) luck(r *Run, w *walk) {
	l := &s.Luck
	l.Seed, l.Resamples, l.Trials = luckSeed, resamples, max(1, r.Manifest.Attempt)
	curve := values(r.Manifest.Cash.Float(), s.Daily, equityOf)
	x := returnsOf(curve)
	l.Return, l.Sharpe, l.Drawdown, l.Block = resample(x, periods(s.Daily), luckSeed, resamples)
	l.Probabilistic, l.Deflated = probabilisticSharpe(x, 0), deflatedSharpe(x, l.Trials)
	if s.Activity.Traded > 0 && s.Strategy.TotalReturn != nil && len(w.names) > 0 {
		rate := (s.Headline.Fees.Float() + s.Headline.Slippage.Float()) / s.Activity.Traded
		l.Random = w.floor(*s.Strategy.TotalReturn, rate)
	}
	for _, a := range r.Manifest.Agents {
		if a.Inside != nil && (l.Inside == nil || *a.Inside > *l.Inside) {
			l.Inside, l.InsideOf = a.Inside, a.Model
		}
	}
}

// floor is the random floor. What the run paid to be short or on margin its random
// traders pay too: as a share of mean equity, once at the end.
func (w *walk) floor(actual, rate float64) *Random {
	equity := 0.0
	for _, x := range w.steps {
		equity += x.equity / float64(len(w.steps))
	}
	kept := 1 - share(w.carry(), equity)
	if kept <= 0 {
		return nil
	}
	f := randomBaseline(w.tracks, (1+actual)/kept-1, rate, luckSeed, w.traders())
	if f == nil {
		return nil
	}
	if kept != 1 {
		for _, x := range []*float64{&f.Low, &f.Median, &f.High, &f.Check} {
			*x = (1+*x)*kept - 1
		}
		f.Rule += fmt.Sprintf(", less the %.2f %% that the run paid to borrow", (1-kept)*100)
	}
	if f.Telling && w.boughtOnce() {
		f.Telling = false
		f.Rule += "; the run bought once and held, so there is no timing to judge and the share beaten says little"
	}
	return f
}

// boughtOnce reports whether a run was in the market nearly always, in all of its
// symbols, and traded no more than to get in and out. One that left symbols out has
// chosen, and that is held against traders who choose at random.
func (w *walk) boughtOnce() bool {
	held, traded := 0, 0.0
	for _, t := range w.tracks {
		if !slices.ContainsFunc(t.after, func(x float64) bool { return x != 0 }) {
			return false
		}
	}
	for _, x := range w.steps {
		if x.held {
			held++
		}
		traded += share(x.traded, x.equity)
	}
	return held*10 >= len(w.steps)*9 && traded <= 2.1
}

// carry is what borrowing shares and cash cost.
func (w *walk) carry() float64 { return w.costs.Borrow.Float() + max(0, -w.costs.Interest.Float()) }

// traders is how many random traders are worth their time: fewer in a run that
// held hundreds of positions at once.
func (w *walk) traders() int {
	held := 1
	for _, t := range w.tracks {
		for i := range t.after {
			if t.before[i] != 0 || t.after[i] != 0 {
				held++
			}
		}
	}
	return min(traders, max(floorWork/held, traders/10))
}
