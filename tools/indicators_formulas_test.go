package tools_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// Plain formulas, as a book has them, at bar i: nothing is shared with the tool.

type plainBars struct{ h, l, c, v []float64 }

func plainOf(bars []pitwall.Bar) plainBars {
	var p plainBars
	for _, b := range bars {
		p.h, p.l, p.c, p.v = append(p.h, b.High.Float()), append(p.l, b.Low.Float()), append(p.c, b.Close.Float()), append(p.v, b.Volume)
	}
	return p
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// plainEMA is seeded with the mean of the first n.
func plainEMA(v []float64, n, i int) float64 {
	if i == n-1 {
		return mean(v[:n])
	}
	k := 2 / float64(n+1)
	return k*v[i] + (1-k)*plainEMA(v, n, i-1)
}

// wilder is the average whose first value is the mean of v[1..n].
func wilder(v []float64, n, i int) float64 {
	if i == n {
		return mean(v[1 : n+1])
	}
	return (wilder(v, n, i-1)*float64(n-1) + v[i]) / float64(n)
}

func (p plainBars) trueRange() []float64 {
	tr := []float64{0}
	for i := 1; i < len(p.c); i++ {
		tr = append(tr, max(p.h[i]-p.l[i], math.Abs(p.h[i]-p.c[i-1]), math.Abs(p.l[i]-p.c[i-1])))
	}
	return tr
}

func (p plainBars) rsi(n, i int) float64 {
	gain, loss := []float64{0}, []float64{0}
	for k := 1; k < len(p.c); k++ {
		gain, loss = append(gain, max(0, p.c[k]-p.c[k-1])), append(loss, max(0, p.c[k-1]-p.c[k]))
	}
	return 100 - 100/(1+wilder(gain, n, i)/wilder(loss, n, i))
}

// adx follows Wilder's work sheet: sums of n-1 moves begin the running sums.
func (p plainBars) adx(n, i int) float64 {
	plus, minus, tr := []float64{0}, []float64{0}, p.trueRange()
	for k := 1; k < len(p.c); k++ {
		up, down := p.h[k]-p.h[k-1], p.l[k-1]-p.l[k]
		plus, minus = append(plus, 0), append(minus, 0)
		if up > down && up > 0 {
			plus[k] = up
		}
		if down > up && down > 0 {
			minus[k] = down
		}
	}
	running := func(v []float64, k int) float64 {
		sum := 0.0
		for j := 1; j <= k; j++ {
			if j >= n {
				sum -= sum / float64(n)
			}
			sum += v[j]
		}
		return sum
	}
	dx := func(k int) float64 {
		a, b := 100*running(plus, k)/running(tr, k), 100*running(minus, k)/running(tr, k)
		return 100 * math.Abs(a-b) / (a + b)
	}
	value := 0.0
	for k := n; k <= i; k++ {
		if k < 2*n {
			value += dx(k) / float64(n)
		} else {
			value = (value*float64(n-1) + dx(k)) / float64(n)
		}
	}
	return value
}

func (p plainBars) fastK(n, i int) float64 {
	low, high := math.Inf(1), math.Inf(-1)
	for k := i - n + 1; k <= i; k++ {
		low, high = min(low, p.l[k]), max(high, p.h[k])
	}
	return 100 * (p.c[i] - low) / (high - low)
}

// profile cuts each bar's volume by how much of each bin lies between its low and high.
func (p plainBars) profile(a, b int) [3]float64 {
	low, high := slices.Min(p.l[a:b+1]), slices.Max(p.h[a:b+1])
	width := (high - low) / 24
	bins, total := make([]float64, 24), 0.0
	for i := a; i <= b; i++ {
		total += p.v[i]
		for k := range bins {
			left, right := low+width*float64(k), low+width*float64(k+1)
			bins[k] += p.v[i] * math.Max(0, math.Min(right, p.h[i])-math.Max(left, p.l[i])) / (p.h[i] - p.l[i])
		}
	}
	most := slices.Index(bins, slices.Max(bins))
	from, to := most, most+1
	sum := func() (s float64) {
		for _, v := range bins[from:to] {
			s += v
		}
		return s
	}
	for sum() < 0.7*total {
		if to == 24 || from > 0 && bins[from-1] >= bins[to] {
			from--
		} else {
			to++
		}
	}
	return [3]float64{low + width*(float64(most)+0.5), low + width*float64(from), low + width*float64(to)}
}

func (p plainBars) at(column string, i int) float64 {
	macd := func(k int) float64 { return plainEMA(p.c, 3, k) - plainEMA(p.c, 6, k) }
	signal := func() float64 {
		var line []float64
		for k := 5; k <= i; k++ {
			line = append(line, macd(k))
		}
		return plainEMA(line, 4, len(line)-1)
	}
	window := func(n int) []float64 { return p.c[i-n+1 : i+1] }
	deviation := func() float64 {
		m, sum := mean(window(8)), 0.0
		for _, v := range window(8) {
			sum += (v - m) * (v - m)
		}
		return math.Sqrt(sum / 8)
	}
	slowK := func(k int) float64 { return (p.fastK(6, k) + p.fastK(6, k-1) + p.fastK(6, k-2)) / 3 }
	switch column {
	case "high:8":
		return slices.Max(p.h[i-7 : i+1])
	case "low:8":
		return slices.Min(p.l[i-7 : i+1])
	case "return:5":
		return (p.c[i] - p.c[i-5]) / p.c[i-5]
	case "volume_ratio:6":
		return p.v[i] / mean(p.v[i-6:i])
	case "volume_profile:7":
		return p.profile(i-6, i)[0]
	case "volume_profile:7.low":
		return p.profile(i-6, i)[1]
	case "volume_profile:7.high":
		return p.profile(i-6, i)[2]
	case "sma:7":
		return mean(window(7))
	case "ema:7":
		return plainEMA(p.c, 7, i)
	case "rsi:5":
		return p.rsi(5, i)
	case "macd:3:6:4":
		return macd(i)
	case "macd:3:6:4.signal":
		return signal()
	case "macd:3:6:4.histogram":
		return macd(i) - signal()
	case "bollinger:8:2.5.upper":
		return mean(window(8)) + 2.5*deviation()
	case "bollinger:8:2.5.middle":
		return mean(window(8))
	case "bollinger:8:2.5.lower":
		return mean(window(8)) - 2.5*deviation()
	case "atr:5":
		return wilder(p.trueRange(), 5, i)
	case "adx:5":
		return p.adx(5, i)
	case "stochastic:6:3:4.k":
		return slowK(i)
	case "stochastic:6:3:4.d":
		return (slowK(i) + slowK(i-1) + slowK(i-2) + slowK(i-3)) / 4
	case "obv":
		sum := 0.0
		for k := 1; k <= i; k++ {
			switch {
			case p.c[k] > p.c[k-1]:
				sum += p.v[k]
			case p.c[k] < p.c[k-1]:
				sum -= p.v[k]
			}
		}
		return sum
	case "vwap:9":
		money, units := 0.0, 0.0
		for k := i - 8; k <= i; k++ {
			money, units = money+p.v[k]*(p.h[k]+p.l[k]+p.c[k])/3, units+p.v[k]
		}
		return money / units
	}
	return math.NaN()
}

// Each value of each indicator on 60 random bars is the formula's, to 1e-9 of its
// size (the answer has 10 significant digits), and the first one is where the
// documentation says.
func TestIndicatorValues(t *testing.T) {
	first := map[string]int{"sma:7": 7, "ema:7": 28, "rsi:5": 40, "macd:3:6:4": 40, "macd:3:6:4.signal": 40, "macd:3:6:4.histogram": 40, "bollinger:8:2.5.upper": 8, "bollinger:8:2.5.middle": 8,
		"bollinger:8:2.5.lower": 8, "atr:5": 40, "adx:5": 50, "stochastic:6:3:4.k": 11, "stochastic:6:3:4.d": 11, "obv": 1, "vwap:9": 9,
		"high:8": 8, "low:8": 8, "return:5": 6, "volume_ratio:6": 7, "volume_profile:7": 7, "volume_profile:7.low": 7, "volume_profile:7.high": 7}
	s := newSet()
	compared := 0
	for seed := range uint64(20) {
		bars := walk(seed, 60)
		p := plainOf(bars)
		w, _ := worldOf(t, last(bars), map[string][]pitwall.Bar{"X": bars})
		out := ask(t, s, w, map[string]any{"symbols": "X", "names": every()[:10], "last": 60})
		more := ask(t, s, w, map[string]any{"symbols": "X", "names": every()[10:], "last": 60})
		out.Columns = append(out.Columns, more.Columns...)
		for i := range out.Rows {
			out.Rows[i].Values = append(out.Rows[i].Values, more.Rows[i].Values...)
		}
		require.Len(t, out.Columns, len(first))
		for k, column := range out.Columns {
			for i, r := range out.Rows {
				if i+1 < first[column] {
					require.Nil(t, r.Values[k], "%s at bar %d", column, i+1)
					continue
				}
				require.NotNil(t, r.Values[k], "%s at bar %d", column, i+1)
				want := p.at(column, i)
				require.InDelta(t, want, *r.Values[k], 1e-9*max(1, math.Abs(want)), "%s at bar %d", column, i+1)
				compared++
			}
		}
	}
	require.Greater(t, compared, 8000)
	t.Log(compared, "values compared")
}
