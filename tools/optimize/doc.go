// Package optimize finds the weights of a portfolio: those of the least variance, the
// highest Sharpe ratio, a return or a volatility asked for, equal risk, or a hierarchy of
// risks, within bounds, caps of sectors, a cost of trading, and with a hedge.
//
//	closes ─► Returns ─► Moments, Shrink ─► Problem ─► MinVariance, MaxSharpe, ... ─► Result ─► Trades
//
// The first four are quadratic programs, solved by an active-set method of the dual
// problem (qp.go). MinVariance and TargetReturn are one program each; MaxSharpe and
// MaxVolatility search the efficient frontier, on which a program minimizes half the
// variance less lambda times the return. Where no weights satisfy all limits, the error
// is an [Infeasible], which names limits that contradict each other.
//
// Nothing here knows a date: the caller passes returns that are known.
//
// # To add a method
//
// One function of a [Problem] in a file of its own; a case in the golden file of the same
// form, if another program has solved it; its name in tools/portfolio.go.
//
// # Golden file
//
// `PITWALL_OPTIMIZER=FILE go test ./tools/optimize -run GoldenOptimizer -v` compares with
// another file of the same form: objectives to 1e-6, weights to 1e-3.
//
// # Why not
//
// Why not a library: gonum has linear programs and unconstrained minima only; the Go
// packages of quadratic programs call C or C++, or have had no release for years. Why not
// a projected gradient: with a money-market fund beside shares its steps are too small by
// a factor of 10,000. Why not start from the weights of the last time: a result would
// depend on every one before it. Products are converted to float64 before they are added,
// so no machine fuses the two.
package optimize
