// Package sweep runs one strategy over many values, models and samples, and says whether
// the best of them is more than the best of that many tries.
//
//	--param days=20:200:20 ──► Grid ──► points ──► Run ──► one run's folder each
//	                                                │
//	                            sweep.json ◄── rows, report.JudgeTrials (its formulas
//	                                            are in that package's doc)
//
// A sweep's folder holds sweep.json and a run's folder for each point, which trace, why,
// report and verify accept. A second start of the same sweep in the same folder runs only
// what is missing; of another strategy, other data or another program it refuses. The
// same sweep gives the same bytes of sweep.json, whatever was run when and in which order
// it ended.
//
// # To add a kind of value
//
// Add a field to [Point], its values to [Grid], and hand it to the run in
// cmd/pitwall/sweep.go.
//
// # Why not
//
// Why not the figures of a run's own report: deflated Sharpe there has the number of
// attempts and not their spread, which only all of them together show.
package sweep
