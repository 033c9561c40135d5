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
	mostDays     = 5000
)

// span is how far back bars are read: calendar days outnumber trading days, and
// markets pause.
func (m Measured) span() time.Duration { return time.Duration(2*m.Days+30) * 24 * time.Hour }

// weights are the symbols of a portfolio with some open orders, each at the end of its span
// that is farther from 0, as parts of equity.
func (t *trial) weights(orders []pitwall.OrderState) (held []string, weights []float64, ok bool) {
	list, ok := t.spans(orders)
	if !ok {
		return nil, nil, false
	}
	equity, ok := t.equity()
	if !ok {
		return nil, nil, false
	}
	for _, s := range list {
		money := s.hiM
		if s.loM.Abs() > money.Abs() {
			money = s.loM
		}
		if money != 0 {
			held, weights = append(held, s.symbol), append(weights, money.Float()/equity.Float())
		}
	}
	return held, weights, true
}

// volatility limits the yearly volatility of the portfolio as it would be.
func (t *trial) volatility(limit Measured) {
	if v, n, ok := t.yearly(t.after(), limit.Days); ok && v > limit.Limit {
		t.fail(PortfolioVolatility, v.String(), "%", "volatility would be %v %% a year over %d daily returns; limit %v %%", v, n, limit.Limit).Check.Limit = limit.Limit.String()
	}
}

// yearly is the yearly volatility in percent, and of how many returns: each symbol
// weighted by its part of equity. It is a statistic: float64 in, six decimals out.
func (t *trial) yearly(orders []pitwall.OrderState, days int) (v pitwall.Dec, n int, ok bool) {
	held, weights, ok := t.weights(orders)
	if !ok {
		return 0, 0, false
	}
	year := 252.0
	if slices.ContainsFunc(held, func(s string) bool { return t.s.Instruments[s].Calendar == pitwall.AlwaysOpen }) {
		year = 365
	}
	returns, ok := t.portfolio(held, weights, days, leastReturns)
	if !ok {
		return 0, 0, false
	}
	v, ok = t.statistic(deviation(returns) * math.Sqrt(year) * 100)
	return v, len(returns), ok
}

// statistic is a float as a decimal of six places, refused when it is no number.
func (t *trial) statistic(f float64) (pitwall.Dec, bool) {
	v, err := pitwall.FromFloat(f)
	if err != nil {
		t.missing("a statistic that is a number: %v", err)
		return 0, false
	}
	return v.Round(6), true
}

// portfolio is the returns of held symbols at fixed weights; fewer than least refuse.
// Nothing held has none.
func (t *trial) portfolio(held []string, weights []float64, days, least int) ([]float64, bool) {
	if len(held) == 0 {
		return nil, true
	}
	returns := t.returns(held, weights, days)
	if len(returns) < least {
		t.missing("%d common daily returns of %s; there are %d", least, strings.Join(held, ", "), len(returns))
		return nil, false
	}
	if slices.ContainsFunc(returns, math.IsNaN) {
		t.missing("daily closes above 0 of %s", strings.Join(held, ", "))
		return nil, false
	}
	return returns, true
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
		day := dayOf(b)
		if _, ok := last[day]; !ok {
			days = append(days, day)
		}
		if last[day] = b.Close.Float(); b.Close <= 0 {
			last[day] = math.NaN() // a return from or to it means nothing
		}
	}
	return last, days
}

// dayOf is the number of the day on which a bar starts.
func dayOf(b pitwall.Bar) int {
	y, m, d := b.Start.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// deviation is the sample standard deviation, 0 of fewer than two.
func deviation(list []float64) float64 {
	if len(list) < 2 {
		return 0
	}
	m, squares := mean(list), 0.0
	for _, r := range list {
		squares += float64((r - m) * (r - m))
	}
	return math.Sqrt(squares / float64(len(list)-1))
}

func mean(list []float64) float64 {
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	return sum / float64(len(list))
}
