// Package term draws on a terminal.
//
//	Output  stdout, which remembers that something could not be written
//	Pen     what a verb prints on stdout: styles, prose, tables; plain text in a pipe
//	Table   columns and rows, cut to a width
//	Screen  a line on stderr that is drawn again while something runs
//	Curve   a sparkline of any number of values
//	Open    a file in the browser
//
// Pen and Screen clean all text that goes through them: models, vendors and news
// wrote much of it, and none of it may move the cursor, change the title or hide
// what it says. The only escape codes that leave here are their own.
//
// NO_COLOR takes the colours, TERM=dumb what is drawn again, and COLUMNS is the width
// where stdout is no terminal.
//
// # To add a style
//
// A constant in pen.go.
//
// # Why not
//
// Why not a library for tables and wrapping: tables here hide empty columns, cut one
// column to what is left of the line and clean every cell, which lipgloss and
// tablewriter leave to their caller; what they would replace is about 60 lines.
//
// Why C in closed_unix.go: once Go code runs, a stdout that was closed cannot be told
// from one that was sent to /dev/null on purpose.
//
// Why are wide characters counted as one: their width differs between terminals,
// and nothing here depends on it but the alignment of a row.
package term
