package driver

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/tools/report"
)

// This file is which way a part of a desk moved decisions, and how each way paid.

// Direction is the way in which a part moved a decision about a symbol.
type Direction string

// The directions, as the desk with the part decides beside the desk without it.
const (
	ToTrade   Direction = "to trade" // it orders, and would not without the part
	ToHold    Direction = "to hold"  // it orders nothing, and would without the part
	Larger    Direction = "larger"
	Smaller   Direction = "smaller"
	OtherSide Direction = "other side"
)

// moveHorizon is how many bars after the fill a moved decision is priced.
const moveHorizon = 20

// Move is the decisions that a part moved one way. Paid is the mean of what they brought
// within the horizon: the difference in what was ordered, as a share of equity, times the
// return from the open after the decision to the close of the last bar of the horizon.
type Move struct {
	Direction Direction        `json:"direction"`
	Count     int              `json:"count"`
	Paid      float64          `json:"paid"`     // mean, a fraction of equity
	Interval  *report.Interval `json:"interval"` // of Paid; see [report.MeanInterval]
}

// direction tells what was ordered with a part from what was ordered without it; empty =
// no difference.
func direction(with, without float64) Direction {
	switch {
	case with == without:
		return ""
	case without == 0:
		return ToTrade
	case with == 0:
		return ToHold
	case (with > 0) != (without > 0):
		return OtherSide
	case abs(with) > abs(without):
		return Larger
	}
	return Smaller
}

func abs(x float64) float64 { return max(x, -x) }

// ordered is what a turn ordered of a symbol, as a share of equity: sold below 0.
type ordered struct {
	at     time.Time
	symbol string
}

// orderedBy returns what a run's turns ordered, at the last close of each.
func orderedBy(r *Result) (map[ordered]float64, error) {
	out := map[ordered]float64{}
	equity := r.Manifest.Cash.Float()
	var whole pitwall.BookSum
	for e := range r.Report.Journal {
		point, step := whole.Add(e)
		switch {
		case step:
			equity = point.Equity.Float()
		case e.Kind == pitwall.EntryIntent && e.Order != nil && e.Turn > 0:
			price, ok := closeAt(r.Report.Bars[e.Order.Symbol], e.AsOf)
			if !ok || equity <= 0 {
				return nil, fmt.Errorf("order %s: no price or no equity at %s", e.ID, e.AsOf.Format(time.RFC3339))
			}
			share := e.Order.Qty.Float() * price / equity
			if e.Order.Side == pitwall.Sell {
				share = -share
			}
			out[ordered{e.AsOf.UTC(), e.Order.Symbol}] += share
		}
	}
	return out, nil
}

// closeAt returns the newest close that is known at a time.
func closeAt(s *pitwall.Series, at time.Time) (float64, bool) {
	if s == nil {
		return 0, false
	}
	n := s.KnownAt(at.UnixNano())
	if n == 0 {
		return 0, false
	}
	return s.Close[n-1].Float(), true
}

// gainAfter returns the return from the open of the bar after a time to the close of the last
// bar of the horizon, or of the run.
func gainAfter(s *pitwall.Series, at time.Time) float64 {
	n := s.KnownAt(at.UnixNano())
	if n >= s.Len() {
		return 0
	}
	last := min(n+moveHorizon, s.Len()) - 1
	return s.Close[last].Float()/s.Open[n].Float() - 1
}

// sameShare is how near two shares of equity must be to be the same decision: the same
// order differs by the equity that it is held against.
const sameShare = 0.005

// movesOf adds the decisions in which two runs differ, by direction.
func movesOf(moves map[Direction][]float64, with, without *Result) error {
	a, err := orderedBy(with)
	if err != nil {
		return err
	}
	b, err := orderedBy(without)
	if err != nil {
		return err
	}
	var all []ordered
	for k := range a {
		all = append(all, k)
	}
	for k := range b {
		if _, both := a[k]; !both {
			all = append(all, k)
		}
	}
	slices.SortFunc(all, func(x, y ordered) int {
		if c := x.at.Compare(y.at); c != 0 {
			return c
		}
		return strings.Compare(x.symbol, y.symbol)
	})
	for _, k := range all {
		if abs(a[k]-b[k]) < sameShare {
			continue
		}
		d := direction(a[k], b[k])
		bars := with.Report.Bars[k.symbol]
		if bars == nil {
			bars = without.Report.Bars[k.symbol]
		}
		moves[d] = append(moves[d], (a[k]-b[k])*gainAfter(bars, k.at))
	}
	return nil
}

// movesBeside lists the directions in a fixed order.
func movesBeside(moves map[Direction][]float64) []Move {
	list := []Move{}
	for _, d := range []Direction{ToTrade, ToHold, Larger, Smaller, OtherSide} {
		m := Move{Direction: d, Count: len(moves[d])}
		m.Paid, m.Interval = report.MeanInterval(moves[d])
		list = append(list, m)
	}
	return list
}
