package optimize

import "math"

// Returns are the simple returns of closes, a row for each day; closes[i] are those of
// symbol i on the same days.
func Returns(closes [][]float64) [][]float64 {
	var rows [][]float64
	for t := 1; len(closes) > 0 && t < len(closes[0]); t++ {
		row := make([]float64, len(closes))
		for i, c := range closes {
			row[i] = c[t]/c[t-1] - 1
		}
		rows = append(rows, row)
	}
	return rows
}

// Moments are the sample mean and covariance (n-1) of returns, times periods a year.
func Moments(returns [][]float64, periods float64) (mean []float64, cov [][]float64) {
	mean, off := centered(returns)
	cov = square(len(mean))
	for i := range cov {
		for j := range cov {
			cov[i][j] = dot(off[i], off[j]) / float64(len(returns)-1) * periods
		}
	}
	for i := range mean {
		mean[i] *= periods
	}
	return mean, cov
}

// centered returns the means, and for each symbol its returns less its mean.
func centered(returns [][]float64) (mean []float64, off [][]float64) {
	n := len(returns[0])
	mean, off = make([]float64, n), make([][]float64, n)
	for i := range n {
		for _, row := range returns {
			mean[i] += row[i]
		}
		mean[i] /= float64(len(returns))
		for _, row := range returns {
			off[i] = append(off[i], row[i]-mean[i])
		}
	}
	return mean, off
}

// Shrink moves a sample covariance towards one in which all correlations are their mean,
// and returns by how much, 0 to 1. Variances stay. It is the estimator of O. Ledoit and
// M. Wolf, "Honey, I shrunk the sample covariance matrix", Journal of Portfolio Management
// 30 (2004), appendix B; returns are those that cov was made of.
func Shrink(cov, returns [][]float64) (shrunk [][]float64, intensity float64) {
	_, off := centered(returns)
	n, days := len(cov), float64(len(returns))
	s, fourth, third := square(n), square(n), square(n)
	for i := range n {
		for j := range n {
			for t := range returns {
				x, y := off[i][t], off[j][t]
				s[i][j] += float64(x*y) / days
				fourth[i][j] += float64(float64(x*x)*float64(y*y)) / days
				third[i][j] += float64(float64(x*x)*float64(x*y)) / days
			}
		}
	}
	root := func(m [][]float64, i, j int) float64 { return math.Sqrt(float64(m[i][i] * m[j][j])) }
	mean := 0.0 // correlation
	for i := range n {
		for j := range n {
			if i != j {
				mean += s[i][j] / root(s, i, j) / float64(n*(n-1))
			}
		}
	}
	pi, rho, gamma := 0.0, 0.0, 0.0
	for i := range n {
		for j := range n {
			noise := fourth[i][j] - float64(s[i][j]*s[i][j])
			pi += noise
			if i == j {
				rho += noise
				continue
			}
			rho += float64(mean * math.Sqrt(s[j][j]/s[i][i]) * (third[i][j] - float64(s[i][i]*s[i][j])))
			away := s[i][j] - float64(mean*root(s, i, j))
			gamma += float64(away * away)
		}
	}
	if gamma > 0 {
		intensity = min(1, max(0, (pi-rho)/gamma/days))
	}
	shrunk = square(n)
	for i := range n {
		for j := range n {
			shrunk[i][j] = cov[i][j]
			if i != j {
				shrunk[i][j] = float64(intensity*float64(mean*root(cov, i, j))) + float64((1-intensity)*cov[i][j])
			}
		}
	}
	return shrunk, intensity
}
