// Package page writes a run as one HTML file that works from disk with no network:
// report.html, and the page that sets runs side by side.
//
//	Write(w, run, sheet)          report.html of a run
//	Compare(w, runs, comparison)  several runs
//
// # What a page may do
//
// Nothing but run the two scripts and the one style sheet whose hashes its policy
// names: default-src is 'none', so it can load nothing, send nothing and run
// nothing that a prompt, a headline or a symbol brought along. All text of a run
// is hostile. It reaches the page in two ways only: through html/template, which
// escapes it, and as JSON in compressed blocks, which the script shows with
// textContent. Control characters and terminal colours are taken out before, and
// signs that turn the direction of text or hide it are shown by their number
// (text.go).
//
// # Size
//
// The decisions are most of a run. Their bodies are gzip in Ascii85, a quarter of
// a megabyte of turns to a block, and the browser's own DecompressionStream
// opens a block when a turn of it is asked for. System prompts are stored once.
// The list shows 200 turns at a time.
//
// # Same run, same bytes
//
// Nothing of the machine is in a page: no host time, no path, no zone but that of
// the run's records, no order of a map.
package page
