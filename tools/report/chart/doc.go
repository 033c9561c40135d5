// Package chart draws a run: as SVG for the page, whose colours follow the
// reader's light, dark or printed page, and as a picture to share.
//
//	SVG(c Chart, size Size) string  one chart; sizes for wide and narrow screens
//	CSS() string                    the style that the charts' classes need
//	Equity, Rolling, Price, Compare charts of a run
//
// gonum.org/v1/plot lays out and draws axes, grids and lines. It is pure Go, draws
// on any canvas, measures text itself and gives the same bytes for the same
// data. Others looked at: go-echarts puts 1 MB of script with its own run-time
// into a page whose policy should allow nothing but 200 lines of ours, and draws
// nothing without it; go-analyze/charts could not be downloaded here and was not
// looked at. Of plot's own SVG canvas (vgsvg) only the idea is used: it writes
// style attributes, which a strict policy refuses, fixed colours and ten digits
// of a pixel. canvas.go is a canvas of ours behind the library's interface: it
// writes classes and tenths of a pixel.
//
// Rules of all charts:
//
//   - Text stays text, and is escaped: names come from outside.
//   - A series is thinned to the smallest and largest value of each column of
//     pixels, so that 10^5 points stay a few kilobytes and no extreme is lost.
//   - A line is broken where there is no data for over 30 days and over ten times
//     the usual step: a straight line would claim values that nobody saw.
//   - Marks that would lie on each other become one, which says how many it is.
//
// # To add a chart
//
// Write a function that returns a Chart (see run.go), and give it a summary in
// words: that is what a reader who does not see the chart gets.
package chart
