// Package show writes a run on a terminal: what `pitwall trace`, `why`, `report` and
// `runs` print. It reads folders through cache/runs, has its figures from tools/report
// and draws with term; tools/report/page is the same for a browser.
//
//	Open ─► Run ─► Turns, Turn, Why     what was decided, and why
//	report.Sheet, Comparison ─► Sheet, Comparison
//	runs.List ─► List
//	Progress, Status                    a line on stderr while a run runs
//
// doctor.go, fork.go and halt.go are what `pitwall doctor`, `fork` and `kill` print.
//
// What a verb prints as JSON is the value that these functions print.
//
// # To add something that a verb prints
//
// A line in the file of that verb: turns.go, turn.go, why.go, sheet.go, comparison.go
// or list.go.
//
// # Why not
//
// Why not beside the pages in tools/report: those have no terminal, no width and no
// colours, and are read long after the verb has ended.
package show
