package risk

import (
	"math"
	"slices"
	"strings"
	"time"

	"pitwall"
)

const (
	defaultDays  = 60
	leastReturns = 20 // fewer say nothing
)

// span is how far back bars are read: calendar days outnumber trading days, and
// markets pause.
func (v Volatility) span() time.Duration { return time.Duration(2*v.Days+30) * 24 * time.Hour }

// volatility limits the yearly volatility of the portfolio as it would be: each
// symbol at the end of its span that is farther from 0, weighted by its part of
// equity. It is a statistic: float64 in, six decimals out.
func (t *trial) volatility(limit Volatility) {
	list, ok := t.spans(t.after())
	if !ok {
		return
	}
	equity, ok := t.equity()
	if !ok {
		return
	}
	var held []string
	var weights []float64
	year := 252.0
	for _, s := range list {
		money := s.hiM
		if s.loM.Abs() > money.Abs() {
			money = s.loM
		}
		if money == 0 {
			continue
		}
		held, weights = append(held, s.symbol), append(weights, money.Float()/equity.Float())
		if t.s.Instruments[s.symbol].Calendar == pitwall.AlwaysOpen {
			year = 365
		}
	}
	returns := t.returns(held, weights, limit.Days)
	if len(held) > 0 && len(returns) < leastReturns {
		t.missing("%d common daily returns of %s; there are %d", leastReturns, strings.Join(held, ", "), len(returns))
		return
	}
	v, err := pitwall.FromFloat(deviation(returns) * math.Sqrt(year) * 100)
	if err != nil {
		t.missing("a volatility that is a number: %v", err)
		return
	}
	if v = v.Round(6); v > limit.Percent {
		t.fail(PortfolioVolatility, v.String(), "%", "volatility would be %v %% a year over %d daily returns; limit %v %%", v, len(returns), limit.Percent).Check.Limit = limit.Percent.String()
	}
}

// returns are the portfolio's last daily returns at fixed weights, over the days
// that all symbols have. Their sample variance is that of the weighted sample
// covariances.
func (t *trial) returns(held []string, weights []float64, days int) []float64 {
	closes := make([]map[int]float64, len(held))
	var common []int
	for i, symbol := range held {
		var list []int
		closes[i], list = dailyCloses(t.bars(symbol))
		if i == 0 {
			common = list
		}
		common = slices.DeleteFunc(common, func(d int) bool { _, ok := closes[i][d]; return !ok })
	}
	if len(common) > days+1 {
		common = common[len(common)-days-1:]
	}
	var out []float64
	for n := 1; n < len(common); n++ {
		sum := 0.0
		for i, w := range weights {
			r := closes[i][common[n]]/closes[i][common[n-1]] - 1
			sum += float64(w * r) // the conversion forbids a fused multiply-add: same digits everywhere
		}
		out = append(out, sum)
	}
	return out
}

// dailyCloses is the last close of each day, NaN at 0 or below, and the days in order. A bar belongs
// to the day on which it starts.
func dailyCloses(bars []pitwall.Bar) (map[int]float64, []int) {
	last := map[int]float64{}
	var days []int
	for _, b := range bars {
		y, m, d := b.Start.Date()
		day := int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
		if _, ok := last[day]; !ok {
			days = append(days, day)
		}
		if last[day] = b.Close.Float(); b.Close <= 0 {
			last[day] = math.NaN() // a return from or to it means nothing
		}
	}
	return last, days
}

// deviation is the sample standard deviation, 0 of fewer than two.
func deviation(list []float64) float64 {
	if len(list) < 2 {
		return 0
	}
	mean := 0.0
	for _, r := range list {
		mean += r
	}
	mean /= float64(len(list))
	squares := 0.0
	for _, r := range list {
		squares += float64((r - mean) * (r - mean))
	}
	return math.Sqrt(squares / float64(len(list)-1))
}
