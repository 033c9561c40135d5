package report

import "math"

// The products in the sums of this package are converted to float64 before they are
// added: machines that fuse multiply and add then give the same sums.

// finite returns nil for what JSON cannot write: no figure.
func finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

func sum(x []float64) float64 {
	total := 0.0
	for _, v := range x {
		total += v
	}
	return total
}

// mean returns NaN for no values.
func mean(x []float64) float64 { return sum(x) / float64(len(x)) }

// deviation returns the sample's standard deviation (n-1), NaN below two values.
func deviation(x []float64) float64 {
	if len(x) < 2 {
		return math.NaN()
	}
	return math.Sqrt(squares(x, mean(x)) / float64(len(x)-1))
}

// squares sums the squared distances from a point.
func squares(x []float64, from float64) float64 {
	total := 0.0
	for _, v := range x {
		total += float64((v - from) * (v - from))
	}
	return total
}

// shape returns skew m3/m2^1.5 and kurtosis m4/m2^2 by population moments (all n in
// the mean), not corrected for bias and not less 3. NaN without variance.
func shape(x []float64) (skew, kurtosis float64) {
	n, center := float64(len(x)), mean(x)
	var m2, m3, m4 float64
	for _, v := range x {
		d := v - center
		m2 += float64(d * d)
		m3 += float64(d * d * d)
		m4 += float64(d * d * d * d)
	}
	m2, m3, m4 = m2/n, m3/n, m4/n
	if m2 == 0 {
		return math.NaN(), math.NaN()
	}
	return m3 / (m2 * math.Sqrt(m2)), m4 / (m2 * m2)
}

// percentile returns the value at share p (0 to 1) of sorted values, with linear
// interpolation between the two that are next to place p*(n-1). NaN for no values.
func percentile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	place := p * float64(len(sorted)-1)
	i := min(int(place), len(sorted)-1)
	if i == len(sorted)-1 {
		return sorted[i]
	}
	return sorted[i] + float64((place-float64(i))*(sorted[i+1]-sorted[i]))
}

// normalCDF returns the share of a standard normal distribution below z.
func normalCDF(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// normalQuantile is the inverse of normalCDF.
func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }
