package regime

import "math"

// Model is a hidden Markov model whose states give normal observations with a diagonal
// covariance.
type Model struct {
	Start     []float64   // of each state, at the first observation
	Trans     [][]float64 // from a state to another
	Mean, Var [][]float64 // of each state, by dimension
}

// Filter returns the probability of each state at t given the observations up to t, and
// the log likelihood of all. It never looks ahead: what follows t changes nothing before.
func (m Model) Filter(obs [][]float64) (filtered [][]float64, loglik float64) {
	f := m.forward(obs)
	return f.alpha, f.loglik
}

// pass is a forward pass: probabilities scaled to 1 at each observation, the densities
// over their largest, and the sums by which they were scaled.
type pass struct {
	alpha, density [][]float64
	scale          []float64
	loglik         float64
}

// forward is the scaled recursion of Rabiner, "A tutorial on hidden Markov models",
// Proceedings of the IEEE 77 (1989), section V.A. Densities are divided by the largest of
// their observation, so that one far from every state does not vanish. Products are
// converted to float64 before they are added: no machine fuses the two.
func (m Model) forward(obs [][]float64) pass {
	k := len(m.Start)
	p := pass{alpha: table(len(obs), k), density: table(len(obs), k), scale: make([]float64, len(obs))}
	for t, x := range obs {
		most := m.densities(x, p.density[t])
		sum := 0.0
		for j := range k {
			before := m.Start[j]
			if t > 0 {
				before = 0
				for i := range k {
					before += float64(p.alpha[t-1][i] * m.Trans[i][j])
				}
			}
			p.alpha[t][j] = float64(before * p.density[t][j])
			sum += p.alpha[t][j]
		}
		if sum == 0 { // no state can be there: all are alike
			sum = 1
			for j := range k {
				p.alpha[t][j] = 1 / float64(k)
			}
		} else {
			for j := range k {
				p.alpha[t][j] /= sum
			}
		}
		p.scale[t] = sum
		p.loglik += math.Log(sum) + most
	}
	return p
}

// densities puts the density of x in each state, over the largest, and returns the log of
// that.
func (m Model) densities(x, out []float64) (most float64) {
	most = math.Inf(-1)
	for j := range out {
		sum := 0.0
		for d, v := range x {
			off := v - m.Mean[j][d]
			sum -= float64(0.5*float64(off*off)/m.Var[j][d]) + float64(0.5*math.Log(2*math.Pi*m.Var[j][d]))
		}
		out[j] = sum
		most = max(most, sum)
	}
	for j := range out {
		out[j] = math.Exp(out[j] - most)
	}
	return most
}

// Fit improves the model by Baum and Welch's steps (Rabiner, section III.C) and returns it
// with the log likelihood before each. least is a floor of every variance: without one a
// state may shrink to a single observation.
func (m Model) Fit(obs [][]float64, steps int, least float64) (Model, []float64) {
	var history []float64
	for range steps {
		f := m.forward(obs)
		history = append(history, f.loglik)
		m = m.step(obs, f, least)
	}
	return m, history
}

// step is one step of expectation and maximization.
func (m Model) step(obs [][]float64, f pass, least float64) Model {
	k, n := len(m.Start), len(obs)
	beta := make([]float64, k)
	for j := range beta {
		beta[j] = 1
	}
	gamma, moves := table(n, k), table(k, k)
	for t := n - 1; t >= 0; t-- {
		if t < n-1 {
			next := make([]float64, k) // density x beta of the observation after, scaled
			for j := range k {
				next[j] = float64(f.density[t+1][j]*beta[j]) / f.scale[t+1]
			}
			for i := range k {
				sum := 0.0
				for j := range k {
					part := float64(m.Trans[i][j] * next[j])
					sum += part
					moves[i][j] += float64(f.alpha[t][i] * part)
				}
				beta[i] = sum
			}
		}
		sum := 0.0
		for j := range k {
			gamma[t][j] = float64(f.alpha[t][j] * beta[j])
			sum += gamma[t][j]
		}
		for j := range k {
			gamma[t][j] /= sum
		}
	}
	out := Model{Start: gamma[0], Trans: table(k, k), Mean: table(k, len(obs[0])), Var: table(k, len(obs[0]))}
	for i := range k {
		sum := 0.0
		for j := range k {
			sum += moves[i][j]
		}
		for j := range k {
			if out.Trans[i][j] = m.Trans[i][j]; sum > 0 {
				out.Trans[i][j] = moves[i][j] / sum
			}
		}
		out.moments(obs, gamma, i, m, least)
	}
	return out
}

// moments sets the mean and variance of one state, weighted by how likely it was. A state
// that never was keeps what it had.
func (m *Model) moments(obs, gamma [][]float64, state int, was Model, least float64) {
	weight := 0.0
	for t := range obs {
		weight += gamma[t][state]
	}
	for d := range obs[0] {
		if m.Mean[state][d], m.Var[state][d] = was.Mean[state][d], was.Var[state][d]; weight < 1e-9 {
			continue
		}
		sum, squares := 0.0, 0.0
		for t, x := range obs {
			sum += float64(gamma[t][state] * x[d])
		}
		mean := sum / weight
		for t, x := range obs {
			off := x[d] - mean
			squares += float64(gamma[t][state] * float64(off*off))
		}
		m.Mean[state][d], m.Var[state][d] = mean, max(squares/weight, least)
	}
}

// table is rows of zeros.
func table(rows, columns int) [][]float64 {
	all := make([]float64, rows*columns)
	list := make([][]float64, rows)
	for i := range list {
		list[i] = all[i*columns : (i+1)*columns : (i+1)*columns]
	}
	return list
}
