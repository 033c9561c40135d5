// Package regime says in which regime a market is: a hidden Markov model over daily
// returns and volatility, trained on what was known by then, read forward only.
//
//	closes ─► Observe: return, volatility ─► Model.Fit, every 21 days ─► Model.Filter ─► labels, damped
//
// The label of a day is a function of the closes up to it and of nothing else: it does
// not depend on when it is asked for, and no later close changes it. The model of a day is
// trained on the two years before the newest training day, which are counted from the
// first close of all. Smoothed probabilities and the most likely path over a whole series
// look ahead; neither is computed for a label.
//
// [Trend] labels by rules of trend, volatility and breadth instead, damped alike.
//
// # To add a label
//
// One constant and its rule in labels.go; the formula stands in tools/docs/tools.md.
//
// # Golden file
//
// `PITWALL_HMM=FILE go test ./tools/regime -run GoldenHMM -v` compares with another file of
// the same form: probabilities and log likelihood to 1e-8, parameters after the file's
// steps to 1e-6.
//
// # Why not
//
// Why not start a training from the last one: a label would depend on every training
// before it. Why not gonum: its sums run in another order on other machines. Sums here run in
// one order and no product is fused, but math.Exp and math.Log may differ in the last bit
// from one processor family to another, and so may the last digits of a probability.
package regime
