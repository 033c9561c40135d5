package tools

import (
	"math"
	"slices"
	"strconv"

	talib "github.com/markcheno/go-talib"

	"pitwall"
)

// columns are bars as go-talib takes them. from is the first bar whose values are
// wanted: windowed formulas need not look further back.
type columns struct {
	high, low, close, volume []float64
	from                     int
}

func columnsOf(bars []pitwall.Bar, from int) columns {
	c := columns{from: from}
	for _, b := range bars {
		c.high, c.low, c.close, c.volume = append(c.high, b.High.Float()), append(c.low, b.Low.Float()), append(c.close, b.Close.Float()), append(c.volume, b.Volume)
	}
	return c
}

// values computes an indicator over visible bars: one row per column, of the newest
// last bars; nil where there is no value. go-talib fills what it cannot know with 0
// and panics on input shorter than a period, so it only ever sees enough bars and
// what comes before is cut off here. NaN and infinities never leave.
func (x indicator) values(bars []pitwall.Bar, last int) [][]*float64 {
	last = min(last, len(bars))
	rows := make([][]*float64, len(x.columns()))
	for k := range rows {
		rows[k] = make([]*float64, last)
	}
	need := x.need(x.p)
	if len(bars) < need {
		return rows
	}
	first := len(bars) - last
	for k, row := range x.calc(columnsOf(bars, first), x.p, x.f) {
		for i := max(first, need-1); i < len(bars); i++ {
			rows[k][i-first] = significant(row[i])
		}
	}
	return rows
}

// significant rounds to 10 significant digits; nil for what is no number.
func significant(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 9, 64), 64)
	if err != nil || r == 0 {
		r = 0 // also of -0
	}
	return &r
}

func one(v []float64) [][]float64 { return [][]float64{v} }

// calcSMA is the mean of n closes.
func calcSMA(c columns, p []int, _ []float64) [][]float64 { return one(talib.Sma(c.close, p[0])) }

// calcEMA has the factor 2/(n+1) and begins with the mean of the first n closes.
func calcEMA(c columns, p []int, _ []float64) [][]float64 { return one(talib.Ema(c.close, p[0])) }

// calcRSI is Wilder's (New Concepts in Technical Trading Systems, 1978). Where no
// close has changed for as long as the warm-up there is no value: 0/0.
func calcRSI(c columns, p []int, _ []float64) [][]float64 {
	out := talib.Rsi(c.close, p[0])
	flat := 0
	for i := range out {
		if flat++; i > 0 && c.close[i] != c.close[i-1] {
			flat = 0
		}
		if flat >= settleWilder*p[0] {
			out[i] = math.NaN()
		}
	}
	return one(out)
}

// calcMACD is Appel's: EMA(fast) - EMA(slow), its EMA, the difference. go-talib's
// own Macd begins the signal from zeros; here it begins with the mean of the first
// differences.
func calcMACD(c columns, p []int, _ []float64) [][]float64 {
	line, slow := talib.Ema(c.close, p[0]), talib.Ema(c.close, p[1])
	for i := range line {
		line[i] -= slow[i]
	}
	signal := append(make([]float64, p[1]-1), talib.Ema(line[p[1]-1:], p[2])...)
	histogram := make([]float64, len(line))
	for i := range line {
		histogram[i] = line[i] - signal[i]
	}
	return [][]float64{line, signal, histogram}
}

// calcBollinger is the mean of n closes with bands at a number of population standard
// deviations (divided by n, as Bollinger has it). The deviation is taken from the
// mean directly: go-talib subtracts squares, which loses digits at high prices.
func calcBollinger(c columns, p []int, f []float64) [][]float64 {
	n := p[0]
	middle := talib.Sma(c.close, n)
	upper, lower := slices.Clone(middle), slices.Clone(middle)
	for i := max(c.from, n-1); i < len(middle); i++ {
		sum := 0.0
		for _, v := range c.close[i-n+1 : i+1] {
			sum += (v - middle[i]) * (v - middle[i])
		}
		wide := f[1] * math.Sqrt(sum/float64(n))
		upper[i], lower[i] = middle[i]+wide, middle[i]-wide
	}
	return [][]float64{upper, middle, lower}
}

// calcATR is Wilder's average (1978) of the true range, the first of n ranges' mean.
func calcATR(c columns, p []int, _ []float64) [][]float64 {
	return one(talib.Atr(c.high, c.low, c.close, p[0]))
}

// calcADX is Wilder's (1978). Where neither high nor low has moved for as long as
// the warm-up there is no direction and no value.
func calcADX(c columns, p []int, _ []float64) [][]float64 {
	out := talib.Adx(c.high, c.low, c.close, p[0])
	still := 0
	for i := range out {
		if still++; i > 0 && (c.high[i] != c.high[i-1] || c.low[i] != c.low[i-1]) {
			still = 0
		}
		if still >= settleADX*p[0] {
			out[i] = math.NaN()
		}
	}
	return one(out)
}

// calcStochastic is Lane's slow one: the close's place between the lowest low and
// the highest high of k bars, in percent, averaged over slowing bars, and that over d
// bars. There is no value where a window without any range takes part.
func calcStochastic(c columns, p []int, _ []float64) [][]float64 {
	k, d := talib.Stoch(c.high, c.low, c.close, p[0], p[1], talib.SMA, p[2], talib.SMA)
	still, sinceFlat := 0, math.MaxInt32 // bars of one single price in a row; bars since a window without range
	for i := range k {
		switch {
		case c.high[i] != c.low[i]:
			still = 0
		case still > 0 && c.high[i] == c.high[i-1]:
			still++
		default:
			still = 1
		}
		if sinceFlat++; still >= p[0] {
			sinceFlat = 0
		}
		if sinceFlat < p[1] {
			k[i] = math.NaN()
		}
		if sinceFlat < p[1]+p[2]-1 {
			d[i] = math.NaN()
		}
	}
	return [][]float64{k, d}
}

// calcOBV is Granville's on-balance volume (1963), 0 at the first visible bar: only
// its changes mean something. From a bar without volume on there is no value.
func calcOBV(c columns, _ []int, _ []float64) [][]float64 {
	out := talib.Obv(c.close, c.volume)
	missing := false
	for i := range out {
		out[i] -= c.volume[0]
		if missing = missing || c.volume[i] < 0; missing {
			out[i] = math.NaN()
		}
	}
	return one(out)
}

// calcVWAP is sum(typical price x volume) / sum(volume) over n bars; the typical
// price is (high+low+close)/3. No value where a volume is missing or all are 0.
func calcVWAP(c columns, p []int, _ []float64) [][]float64 {
	out := make([]float64, len(c.close))
	for i := max(c.from, p[0]-1); i < len(out); i++ {
		money, units := 0.0, 0.0
		for k := i - p[0] + 1; k <= i; k++ {
			if c.volume[k] < 0 {
				units = math.NaN()
			}
			money, units = money+(c.high[k]+c.low[k]+c.close[k])/3*c.volume[k], units+c.volume[k]
		}
		out[i] = money / units
	}
	return one(out)
}
