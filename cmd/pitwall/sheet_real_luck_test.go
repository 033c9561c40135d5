package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// checkLuck compares what is random with another draw of the same method: each
// percentile of the sheet lies where the other's neighbours put it.
func (r *realRun) checkLuck(t *testing.T, got obj) {
	t.Helper()
	luck := got["luck"].(obj)
	var equity []float64
	for _, d := range r.days() {
		equity = append(equity, d.equity)
	}
	rng := rand.New(rand.NewPCG(3, 5))
	if block := luck["mean_block"].(float64); block > 0 {
		total, sharpe, down := r.resample(rng, returns(r.start, equity), block)
		for name, sample := range map[string][]float64{"return_interval": total, "sharpe_interval": sharpe, "drawdown_interval": down} {
			for end, p := range map[string]float64{"low": 0.05, "high": 0.95} {
				// 0.03 is four standard errors of a share of 5 % among 1000
				v := luck[name].(obj)[end].(float64)
				require.Greater(t, v, quantile(sample, p-0.03), "%s %s", name, end)
				require.Less(t, v, quantile(sample, p+0.03), "%s %s", name, end)
			}
		}
	}
	random := luck["random_trader"].(obj)
	floor, own := r.randomTraders(rng)
	costs := got["costs"].(obj)
	kept := 1 - (costs["borrow"].(float64)-math.Min(0, costs["interest"].(float64)))/average(equity) // what borrowing cost the run costs its random traders
	for i := range floor {
		floor[i] = (1+floor[i])*kept - 1
	}
	own = (1+own)*kept - 1
	share := func(v any) (below float64) {
		for _, x := range floor {
			if x < v.(float64) {
				below += 1 / float64(len(floor))
			}
		}
		return below
	}
	for name, p := range map[string]float64{"low": 0.05, "median": 0.5, "high": 0.95} {
		require.InDelta(t, p, share(random[name]), 0.045, name) // 0.016 is a standard error of the median's
	}
	require.InDelta(t, share(equity[len(equity)-1]/r.start-1), random["beaten"], 0.05)
	require.InEpsilon(t, 1+own, 1+random["check"].(float64), 0.001)
	require.InEpsilon(t, equity[len(equity)-1]/r.start-1, random["check"], 0.012, "the method gives the run itself")
	require.Contains(t, random["rule"], fmt.Sprintf("%v traders", random["traders"]))
}

// resample is the stationary bootstrap: blocks of geometric length, from anywhere,
// around the end.
func (r *realRun) resample(rng *rand.Rand, x []float64, block float64) (total, sharpe, down []float64) {
	n := len(x)
	for range 2000 {
		var sample []float64
		at, v, peak, worst := rng.IntN(n), 1.0, 1.0, 0.0
		for range n {
			sample = append(sample, x[at])
			v *= 1 + x[at]
			peak = math.Max(peak, v)
			worst = math.Min(worst, v/peak-1)
			if at = (at + 1) % n; rng.Float64() < 1/block {
				at = rng.IntN(n)
			}
		}
		var s, q float64
		for _, a := range sample {
			s, q = s+a, q+a*a
		}
		mean := s / float64(n)
		sharpe = append(sharpe, mean/math.Sqrt((q-mean*s)/float64(n-1))*math.Sqrt(r.perYear()))
		total, down = append(total, v-1), append(down, worst)
	}
	return total, sharpe, down
}

// randomTraders hold the run's weights at other times and of other symbols, and
// pay for what that trades; own is the run's own path.
func (r *realRun) randomTraders(rng *rand.Rand) (floor []float64, own float64) {
	weight, rate := r.weights()
	var gain [][]float64
	for k := range r.steps {
		g := []float64{}
		for _, symbol := range r.man.Symbols {
			p, next := r.openAt(symbol, k)
			g = append(g, next/p-1)
		}
		gain = append(gain, g)
	}
	path := func(shift int, deal []int) float64 {
		v, had := 1.0, make([]float64, len(deal))
		for k := range gain {
			step, traded := 1.0, 0.0
			x := weight[(k+shift)%len(gain)]
			for j, w := range x {
				traded += math.Abs(w - had[j])
				step += w * gain[k][deal[j]]
			}
			for j, w := range x {
				had[j] = w * (1 + gain[k][deal[j]]) / step
			}
			v *= step * (1 - rate*traded)
		}
		return v - 1
	}
	same := make([]int, len(r.man.Symbols))
	for j := range same {
		same[j] = j
	}
	for range 4000 {
		floor = append(floor, path(rng.IntN(len(gain)), rng.Perm(len(same))))
	}
	return floor, path(0, same)
}

// weights are the shares of equity in each symbol after each step's fills, at its
// open; rate is what fees and slippage took of what was traded.
func (r *realRun) weights() (list [][]float64, rate float64) {
	qty, cash, traded, i := map[string]float64{}, r.start, 0.0, 0
	for k, s := range r.steps {
		for ; i < len(r.journal) && !(r.journal[i].Mark != nil && r.journal[i].AsOf.Equal(s.at)); i++ {
			switch e := r.journal[i]; {
			case e.Fill != nil:
				sign := 1.0
				if e.Fill.Side == "sell" {
					sign = -1
				}
				qty[e.Fill.Symbol] += sign * e.Fill.Qty
				cash -= sign*e.Fill.Qty*e.Fill.Price + e.Fill.Fee
				traded += e.Fill.Qty * e.Fill.Price
				rate += e.Fill.Fee + e.Fill.Slippage
			case e.Flow != nil && e.Flow.Type == "split":
				qty[e.Flow.Symbol] = e.Flow.Qty
			case e.Flow != nil:
				cash += e.Flow.Amount
			}
		}
		value, w := cash, []float64{}
		for _, symbol := range r.man.Symbols {
			p, _ := r.openAt(symbol, k)
			w = append(w, qty[symbol]*p)
			value += qty[symbol] * p
		}
		for j := range w {
			w[j] /= value
		}
		list = append(list, w)
	}
	return list, rate / traded
}

// openAt is a symbol's open in step k, and what that is worth at the next open, or
// at the last close; dividends and splits in between included.
func (r *realRun) openAt(symbol string, k int) (now, next float64) {
	for i, b := range r.bars[symbol] {
		if !b.known.Equal(r.steps[k].at) {
			continue
		}
		if k+1 == len(r.steps) || i+1 == len(r.bars[symbol]) {
			return b.open, b.close
		}
		if k == 0 { // the run begins when its first bar has ended
			b.open = b.close
		}
		n := r.bars[symbol][i+1]
		next = n.open
		for _, a := range r.man.Actions {
			if a.Symbol == symbol && a.Ex.After(b.start) && !a.Ex.After(n.start) {
				if a.Type == "split" {
					next *= a.Value / math.Max(a.Per, 1)
				} else {
					next += a.Value
				}
			}
		}
		return b.open, next
	}
	return 1, 1
}
