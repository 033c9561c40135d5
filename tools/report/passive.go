package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"pitwall"
)

// idle is a symbol of the run that is bought once and held.
type idle struct {
	bars    *pitwall.Series
	actions []pitwall.Action // of raw prices
	lot     pitwall.Dec      // money that buys the smallest quantity at a price of one
}

// passive adds the returns of doing nothing, valued at opens and at closes, in
// fractions and in whole lots.
func (r *Run) passive(s *Sheet) {
	if len(r.Points) == 0 {
		return
	}
	from, err := time.Parse(time.DateOnly, r.Manifest.From)
	if err != nil {
		from = r.Points[0].At
	}
	var symbols []idle
	var starts []int64 // of all bars
	acted := false
	for _, name := range r.Manifest.Symbols {
		x := idle{between(r.Bars[name], from, r.Points[len(r.Points)-1].At), r.Actions(name), pitwall.One}
		acted = acted || len(x.actions) > 0
		if t := r.traded(name); t.Lot > 0 {
			if lot, err := t.Lot.Mul(cmp.Or(t.Multiplier, pitwall.One)); err == nil && lot > 0 {
				x.lot = lot
			}
		}
		if x.bars.Len() == 0 || x.bars.Open[0] <= 0 {
			continue
		}
		symbols = append(symbols, x)
		if starts == nil {
			starts = x.bars.Start
		} else if !slices.Equal(starts, x.bars.Start) { // most have those of the one before
			starts = slices.Concat(starts, x.bars.Start)
			slices.Sort(starts)
			starts = slices.Compact(starts)
		}
	}
	for _, atOpens := range []bool{true, false} {
		for _, whole := range []bool{false, true} {
			if len(symbols) > 0 && (r.Manifest.Cash > 0 || !whole) {
				row := passiveRow(symbols, starts, r.Manifest.Cash, whole, atOpens, r.Manifest.Account.Reinvest)
				row.Rule = passiveRule(len(symbols), whole, atOpens, acted, r.Manifest.Account.Reinvest)
				s.Passive = append(s.Passive, row)
			}
		}
	}
}

// passiveRow buys equal parts of the symbols, each at its first open, and holds them
// without costs. Until then a part is cash, and so is what whole lots leave over.
// Splits change the units, and dividends stay as cash or are reinvested. The drawdown counts the money
// invested as a peak.
func passiveRow(symbols []idle, starts []int64, cash pitwall.Dec, whole, atOpens, reinvest bool) (row Passive) {
	money := cmp.Or(max(0, cash), pitwall.Int(1_000_000)) / pitwall.Dec(len(symbols)) // fractions of any sum return the same
	all := money.Float() * float64(len(symbols))
	held, next := make([]*pitwall.BuyAndHold, len(symbols)), make([]int, len(symbols))
	for i, x := range symbols {
		if !whole {
			x.lot = 0
		}
		held[i] = pitwall.NewBuyAndHold(money, x.lot, x.actions)
		held[i].Reinvest = reinvest
		held[i].Advance(time.Unix(0, x.bars.Start[0]), x.bars.Open[0])
		row.Cash += held[i].Cash().Float()
	}
	row.Cash /= all
	last, fall, sum := 1.0, drawdown{peak: 1}, pitwall.Dec(0)
	worth := make([]pitwall.Dec, len(symbols)) // the parts of sum
	for i := range held {
		worth[i] = held[i].Value()
		sum += worth[i]
	}
	for _, at := range starts {
		for i, x := range symbols {
			if next[i] == x.bars.Len() || x.bars.Start[next[i]] != at {
				continue
			}
			for ; next[i] < x.bars.Len() && x.bars.Start[next[i]] == at; next[i]++ {
				price := x.bars.Close[next[i]]
				if atOpens {
					price = x.bars.Open[next[i]]
				}
				held[i].Advance(time.Unix(0, at), price)
			}
			now := held[i].Value()
			sum += now - worth[i]
			worth[i] = now
		}
		last = sum.Float() / all
		fall.add(last)
	}
	row.TotalReturn, row.MaxDrawdown = last-1, fall.worst
	return row
}

func passiveRule(n int, whole, atOpens, actions, reinvest bool) string {
	names, dividends := "the symbol", "stay as cash"
	if reinvest {
		dividends = "are reinvested"
	}
	if n > 1 {
		names = fmt.Sprintf("equal parts of %d symbols", n)
	}
	return "buy " + names + " at the first open, hold" +
		map[bool]string{true: "; whole lots of the run's cash", false: "; fractions"}[whole] +
		map[bool]string{true: "; valued at opens, to the last one", false: "; valued at closes"}[atOpens] +
		map[bool]string{true: "; dividends " + dividends, false: "; prices as in the data, no dividends added"}[actions] + "; no costs"
}

// between returns the bars that start on a date from `from` on and were known by `to`.
func between(bars *pitwall.Series, from, to time.Time) *pitwall.Series {
	if bars == nil {
		return &pitwall.Series{}
	}
	first, end, day := 0, bars.Len(), from.Format(time.DateOnly)
	for first < end && bars.Bar(first).Start.Format(time.DateOnly) < day {
		first++
	}
	for first < end && bars.Known[end-1] > to.UnixNano() {
		end--
	}
	return bars.Part(first, end)
}
