package tools

import (
	"context"
	"time"

	"pitwall"
)

// The indicators of the whole universe: which part of its symbols does something. They
// hold as of now only. Breadth by advances, new highs and volume is as in Fosback,
// Stock Market Logic (1976).

// wide is what an indicator of the universe counts of one symbol: for and against, by
// its newest bars; ok is false where it cannot be counted. up is the part of a symbol
// that is moving, 1 or its volume.
type wide struct {
	tradable bool // of tradable symbols only; else of all that are no index
	moved    bool // of symbols with a bar as new as the others' only
	vote     func(bars []pitwall.Bar, x indicator) (up, down float64, ok bool)
}

// breadths is the part of the table of indicators that is about the universe.
func breadths() []kind {
	window := func(p []int) int { return p[0] }
	two := func([]int) int { return 2 }
	return []kind{
		{name: "breadth", params: []parameter{period("n", 50, 1)}, need: window, calc: calcSMA, wide: &wide{tradable: true, vote: aboveMean}},
		{name: "breadth:advance_decline", need: two, calc: calcReturn, wide: &wide{moved: true, vote: advance}},
		{name: "breadth:highs", params: []parameter{period("n", 252, 2)}, need: window, calc: calcHigh, wide: &wide{moved: true, vote: newHigh}},
		{name: "breadth:up_volume", need: two, calc: calcReturn, wide: &wide{moved: true, vote: upVolume}},
	}
}

type breadthRow struct {
	Name    string   `json:"name"`
	Share   *float64 `json:"share"`   // 0 to 1
	Above   int      `json:"above"`   // symbols for it
	Below   int      `json:"below"`   // symbols against it
	Counted int      `json:"counted"` // symbols with enough bars
	Of      int      `json:"of"`      // symbols of the universe
}

// breadth counts the universe. Its order is that of symbols, and so is each sum.
func breadth(ctx context.Context, w *pitwall.World, x indicator, size time.Duration) (breadthRow, error) {
	row := breadthRow{Name: x.String()}
	var newest time.Time
	var lists [][]pitwall.Bar
	for _, i := range w.Instruments.Instruments() {
		if x.wide.tradable && !i.Tradable || !x.wide.tradable && i.Kind == pitwall.Index {
			continue
		}
		row.Of++
		bars, err := indicatorBars(ctx, w, i.Symbol, size, x.need(x.p))
		if err != nil {
			return row, err
		}
		if len(bars) >= x.need(x.p) {
			lists = append(lists, bars)
			if at := bars[len(bars)-1].Start; at.After(newest) {
				newest = at
			}
		}
	}
	var up, down float64
	for _, bars := range lists {
		if x.wide.moved && bars[len(bars)-1].Start.Before(newest.Add(-max(2*size, 4*24*time.Hour))) {
			continue
		}
		u, d, ok := x.wide.vote(bars, x)
		if !ok {
			continue
		}
		row.Counted++
		if u > 0 {
			row.Above++
		}
		if d > 0 {
			row.Below++
		}
		up, down = up+u, down+d
	}
	if up+down > 0 {
		row.Share = significant(up / (up + down))
	}
	return row, nil
}

// aboveMean is for a symbol whose last close is above its own SMA.
func aboveMean(bars []pitwall.Bar, x indicator) (up, down float64, ok bool) {
	mean := x.values(bars, 1)[0][0]
	if mean == nil {
		return 0, 0, false
	}
	if closing := significant(bars[len(bars)-1].Close.Float()); *closing > *mean {
		return 1, 0, true
	}
	return 0, 1, true
}

// advance is for a symbol whose last close is above the one before.
func advance(bars []pitwall.Bar, _ indicator) (up, down float64, ok bool) {
	a, b := bars[len(bars)-2].Close, bars[len(bars)-1].Close
	switch {
	case b > a:
		return 1, 0, true
	case b < a:
		return 0, 1, true
	}
	return 0, 0, true
}

// newHigh is for a symbol whose last bar is higher than all n-1 before it, and against
// one whose last bar is lower than all.
func newHigh(bars []pitwall.Bar, _ indicator) (up, down float64, ok bool) {
	last := bars[len(bars)-1]
	up, down = 1, 1
	for _, b := range bars[:len(bars)-1] {
		if b.High >= last.High {
			up = 0
		}
		if b.Low <= last.Low {
			down = 0
		}
	}
	return up, down, true
}

// upVolume weighs advances and declines with the volume of the last bar.
func upVolume(bars []pitwall.Bar, x indicator) (up, down float64, ok bool) {
	volume := bars[len(bars)-1].Volume
	up, down, _ = advance(bars, x)
	return float64(up * volume), float64(down * volume), volume >= 0
}

// wideName puts the name of a breadth together, as in breadth:highs:252.
func wideName(parts []string) []string {
	if len(parts) > 1 && parts[0] == "breadth" {
		for _, k := range breadths() {
			if name := "breadth:" + parts[1]; k.name == name {
				return append([]string{name}, parts[2:]...)
			}
		}
	}
	return parts
}
