package optimize

import "math"

// dot is the sum of products, in order.
func dot(a, b []float64) float64 {
	sum := 0.0
	for i, x := range a {
		sum += float64(x * b[i])
	}
	return sum
}

// times returns a matrix times a vector.
func times(m [][]float64, v []float64) []float64 {
	out := make([]float64, len(m))
	for i, row := range m {
		out[i] = dot(row, v)
	}
	return out
}

// square is rows of zeros.
func square(n int) [][]float64 {
	m := make([][]float64, n)
	for i := range m {
		m[i] = make([]float64, n)
	}
	return m
}

// cholesky returns the lower triangle L with L times its transpose = m; false where m is
// not positive definite, for all that its figures can tell.
func cholesky(m [][]float64) ([][]float64, bool) {
	l := square(len(m))
	for i := range m {
		for j := range i {
			l[i][j] = (m[i][j] - dot(l[i][:j], l[j][:j])) / l[j][j]
		}
		left := m[i][i] - dot(l[i][:i], l[i][:i])
		if !(left > 1e-13*m[i][i]) { // also of NaN
			return nil, false
		}
		l[i][i] = math.Sqrt(left)
	}
	return l, true
}

// inverseTransposed returns the transpose of the inverse of a lower triangle.
func inverseTransposed(l [][]float64) [][]float64 {
	out := square(len(l))
	for k := range l { // column k of the inverse is row k of the result
		for i := k; i < len(l); i++ {
			sum := 0.0
			if i == k {
				sum = 1
			}
			for j := k; j < i; j++ {
				sum -= float64(l[i][j] * out[k][j])
			}
			out[k][i] = sum / l[i][i]
		}
	}
	return out
}
