// Package chart draws a run: as SVG for the page, whose colours follow the
// reader's light, dark or printed page, and as a picture to share.
//
//	Equity, Rolling, Price, Compare ─► Chart ─► draw ─► surface ─┬─► SVG, with CSS (svg.go)
//	                                                             └─► Share, a PNG (picture.go)
//
// Both are drawn by the same code: chart.go lays out panels, axes and lines,
// panel.go puts marks and labels on them. A surface is a canvas of the library and
// what the library does not know: labels at lines' ends, dots, links. share.go adds
// to the picture what a page says elsewhere: name, figures, digest. The band in which
// 90 % of random traders end (tools/report/random.go) is given by share.go to a panel
// (Panel.Band), which draws it, and drawn in tools/view/tearsheet.js; the page states
// it as a figure (tools/report/page/headline.go).
//
// gonum.org/v1/plot lays out and draws axes, grids and lines. It is pure Go, draws
// on any canvas, measures text itself and gives the same bytes for the same
// data. Why not go-echarts: it puts 1 MB of script with its own run-time into a page
// whose policy should allow only our 200 lines, and draws nothing without it. Why not
// plot's own SVG canvas (vgsvg): it writes style attributes, which a strict policy
// refuses, fixed colours and ten digits of a pixel. svg.go writes classes and tenths of a pixel.
//
// Rules of all charts:
//
//   - Text stays text, and is escaped: names come from outside.
//   - A series is thinned to the smallest and largest value of each column of
//     pixels, so that 10^5 points stay a few kilobytes and no extreme is lost.
//   - A line is broken where there is no data for over 30 days and over ten times
//     the usual step: a straight line would claim values that were never observed.
//   - Overlapping marks become one, with their number in its title.
//
// # To add a chart
//
// Write a function that returns a Chart (see run.go), and give it a summary in
// words: that is what a reader who does not see the chart gets.
package chart
