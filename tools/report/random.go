package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"sync"
)

const (
	traders    = 1000
	traderWork = 40_000_000 // positions that all random traders together pass: a fifth of a second
)

// track is a symbol over the steps of a run. Moves are fractions, 0 at a step
// without a bar; a short position has a negative share.
type track struct {
	overnight []float64 // open / close before - 1, with splits and dividends
	intraday  []float64 // close / open - 1
	before    []float64 // position held into the step / equity at the close before
	after     []float64 // position after the fills at the step's open / equity then
}

// stake is a symbol's position around a step's open.
type stake struct {
	symbol        int
	before, after float64
}

// path holds a run's positions over its steps, without the moves.
type path struct {
	stakes []stake   // step by step; symbols without a position are left out
	ends   []int     // of each step's stakes
	traded []float64 // value traded at each step's open / equity then
	entry  []float64 // the same for a trader who begins at that step
	last   []stake   // before: the positions at the end of the last step
	around float64   // value traded to go from them to the first step's
}

// randomBaseline returns what traders without any idea would have earned by the run's
// own behaviour. Each takes the run's path of positions, all symbols together, moves it
// around the run's steps by a random number of them, and deals it to the symbols by
// a random permutation. So holding times, exposure, concentration and turnover are
// the run's own, and only what was held when is random. There is a seam: the trader
// begins as the run began, in cash, and buys the path's positions at once; and where
// the path goes around, it goes from the run's last positions to its first ones at
// that step's open. A trader's equity compounds, over the steps,
//
//	(1 + sum before*overnight) * (1 - costRate*traded) * (1 + sum after*intraday)
//
// and ends at 0 when all is lost. traded is the run's own at that place of the path:
// the sum over symbols of |after - before moved by the run's own night|, so that
// holding on costs nothing. Beaten counts traders strictly below actual, the run's
// total return. Check is the same method with no shift and every symbol its own.
//
// nil without any position, below two steps, or without traders. Steps beyond the
// shortest list are left out. One symbol that is always held makes all traders
// alike, and like the run: Rule says so when the range is no wider than the method's
// own error.
func randomBaseline(tracks []track, actual, costRate float64, seed uint64, traders int) *RandomBaseline {
	p, ok := pathOf(tracks)
	if !ok || traders < 1 {
		return nil
	}
	steps := len(p.traded)
	overnight, intraday := columns(tracks, steps)
	deal := make([]int, len(tracks))
	for i := range deal {
		deal[i] = i
	}
	check := p.trade(overnight, intraday, deal, 0, costRate)
	rng := rand.New(rand.NewPCG(seed, streamTraders))
	rets := make([]float64, traders)
	var all sync.WaitGroup
	turns := make(chan struct{}, runtime.GOMAXPROCS(0)) // traders at work
	for i := range rets {
		rng.Shuffle(len(deal), func(a, b int) { deal[a], deal[b] = deal[b], deal[a] })
		own, shift := slices.Clone(deal), rng.IntN(steps)
		turns <- struct{}{}
		all.Go(func() {
			rets[i] = p.trade(overnight, intraday, own, shift, costRate)
			<-turns
		})
	}
	all.Wait()
	slices.Sort(rets)
	out := RandomBaseline{Traders: traders, Low: percentile(rets, 0.05), Median: percentile(rets, 0.5),
		High: percentile(rets, 0.95), Check: check}
	for _, x := range []float64{out.Low, out.Median, out.High, out.Check} {
		if finite(x) == nil {
			return nil
		}
	}
	below, _ := slices.BinarySearch(rets, actual)
	out.Beaten = float64(below) / float64(traders)
	out.Telling = out.High-out.Low > math.Abs(out.Check-actual)+1e-9
	out.Rule = baselineRule(out, costRate, len(tracks))
	return &out
}

// baselineRule describes the traders in a sentence, and whether the result says little.
func baselineRule(out RandomBaseline, costRate float64, symbols int) string {
	deal := "with its " + strconv.Itoa(symbols) + " symbols assigned at random"
	if symbols == 1 {
		deal = "in its one symbol"
	}
	rule := fmt.Sprintf("%d traders, each of which makes the run's own trades at random times %s, at %s bps of traded value",
		out.Traders, deal, strconv.FormatFloat(math.Round(costRate*1e6)/100, 'f', -1, 64))
	if !out.Telling {
		rule += "; they differ by less than the method's own error, so the share beaten means little"
	}
	return rule
}

// pathOf takes the positions out of the tracks; false without any, or below two
// steps.
func pathOf(tracks []track) (path, bool) {
	if len(tracks) == 0 {
		return path{}, false
	}
	steps := math.MaxInt
	for _, k := range tracks {
		steps = min(steps, len(k.overnight), len(k.intraday), len(k.before), len(k.after))
	}
	if steps < 2 {
		return path{}, false
	}
	p := path{stakes: make([]stake, 0, stakesIn(tracks, steps)), ends: make([]int, steps), traded: make([]float64, steps), entry: make([]float64, steps)}
	for t := range steps {
		night := 1.0
		for i, k := range tracks {
			if k.before[t] != 0 || k.after[t] != 0 {
				p.stakes = append(p.stakes, stake{i, k.before[t], k.after[t]})
				night += float64(k.before[t] * k.overnight[t])
			}
			p.entry[t] += math.Abs(k.after[t] - k.before[0])
		}
		p.ends[t] = len(p.stakes)
		for _, s := range p.at(t) {
			kept := 0.0
			if night > 0 {
				kept = s.before * (1 + tracks[s.symbol].overnight[t]) / night
			}
			p.traded[t] += math.Abs(s.after - kept)
		}
	}
	p.end(tracks, steps)
	return p, len(p.stakes) > 0
}

// stakesIn counts the positions that tracks hold around their steps' opens.
func stakesIn(tracks []track, steps int) (n int) {
	for _, k := range tracks {
		for t := range steps {
			if k.before[t] != 0 || k.after[t] != 0 {
				n++
			}
		}
	}
	return n
}

// at returns the stakes of a step.
func (p *path) at(t int) []stake {
	if t == 0 {
		return p.stakes[:p.ends[0]]
	}
	return p.stakes[p.ends[t-1]:p.ends[t]]
}

// end sets where the path ends, and what it takes to begin again from there.
func (p *path) end(tracks []track, steps int) {
	day := 1.0
	for _, k := range tracks {
		day += float64(k.after[steps-1] * k.intraday[steps-1])
	}
	for i, k := range tracks {
		left := 0.0
		if day > 0 {
			left = k.after[steps-1] * (1 + k.intraday[steps-1]) / day
		}
		if left != 0 {
			p.last = append(p.last, stake{symbol: i, before: left})
		}
		p.around += math.Abs(k.after[0] - left)
	}
}

// columns lays the moves out by step and then by symbol.
func columns(tracks []track, steps int) (overnight, intraday []float64) {
	if len(tracks) == 1 {
		return tracks[0].overnight[:steps], tracks[0].intraday[:steps]
	}
	overnight, intraday = make([]float64, 0, steps*len(tracks)), make([]float64, 0, steps*len(tracks))
	for t := range steps {
		for _, k := range tracks {
			overnight, intraday = append(overnight, k.overnight[t]), append(intraday, k.intraday[t])
		}
	}
	return overnight, intraday
}

// trade returns the total return of the path begun at the step `shift`, with the
// positions of symbol i in symbol deal[i].
func (p *path) trade(overnight, intraday []float64, deal []int, shift int, costRate float64) float64 {
	n, steps := len(deal), len(p.traded)
	if shift == 0 {
		return p.pass(1, 0, steps, overnight, intraday, deal, costRate) - 1
	}
	turn := (steps - shift) * n // of the moves: where the path goes around
	equity := p.seam(1, p.at(0), shift, p.entry[shift], overnight, intraday, deal, costRate)
	equity = p.pass(equity, shift+1, steps, overnight[n:], intraday[n:], deal, costRate)
	equity = p.seam(equity, p.last, 0, p.around, overnight[turn:], intraday[turn:], deal, costRate)
	return p.pass(equity, 1, shift, overnight[turn+n:], intraday[turn+n:], deal, costRate) - 1
}

// pass returns what equity becomes over steps from..to of the path, to exclusive, with
// the moves from the first of overnight and intraday on.
func (p *path) pass(equity float64, from, to int, overnight, intraday []float64, deal []int, costRate float64) float64 {
	stakes, traded, intraday := p.stakes, p.traded, intraday[:len(overnight)]
	row, next := 0, 0
	if from > 0 {
		next = p.ends[from-1]
	}
	for at := from; at < to; at++ {
		end := p.ends[at]
		night, day := 1.0, 1.0
		for ; next < end; next++ { // two sums side by side take half the time of one after the other
			s := &stakes[next]
			k := row + deal[s.symbol]
			night += float64(s.before * overnight[k])
			day += float64(s.after * intraday[k])
		}
		row += len(deal)
		if equity = compounded(equity, night, 1-float64(costRate*traded[at]), day); equity == 0 {
			return 0
		}
	}
	return equity
}

// seam is a step of pass into which other positions come than the run held there.
func (p *path) seam(equity float64, into []stake, at int, traded float64, overnight, intraday []float64, deal []int, costRate float64) float64 {
	night, day := 1.0, 1.0
	for _, s := range into {
		night += float64(s.before * overnight[deal[s.symbol]])
	}
	for _, s := range p.at(at) {
		day += float64(s.after * intraday[deal[s.symbol]])
	}
	return compounded(equity, night, 1-float64(costRate*traded), day)
}

// compounded returns equity after a step, 0 when all is lost.
func compounded(equity, night, cost, day float64) float64 {
	if !(equity > 0 && night > 0 && cost > 0 && day > 0) {
		return 0
	}
	return equity * (night * cost * day)
}

// randomTraders returns the random baseline. Its traders pay what the run paid to be
// short or on margin: as a share of mean equity, once at the end.
func (w *walk) randomTraders(actual, rate float64) *RandomBaseline {
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
		f.Rule += "; the run bought once and held, so there is no timing to judge and the share beaten means little"
	}
	return f
}

// boughtOnce reports whether a run was nearly always in the market, in all of its
// symbols, and traded no more than to get in and out. One that left symbols out has
// chosen, and is compared with traders who choose at random.
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

// carry returns the cost of borrowing shares and cash.
func (w *walk) carry() float64 { return w.costs.Borrow.Float() + max(0, -w.costs.Interest.Float()) }

// traders returns the number of random traders that are worth their time: fewer in a
// run that held hundreds of positions at once.
func (w *walk) traders() int {
	return min(traders, max(traderWork/(1+stakesIn(w.tracks, len(w.steps))), traders/10))
}
