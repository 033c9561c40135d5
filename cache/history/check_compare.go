package history

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"pitwall"
)

// spans compares the symbols of each file with each other.
func (c *checker) spans() {
	byFile := map[string][]*checkedBars{}
	for _, s := range c.bars {
		if len(s.bars) > 0 {
			byFile[s.file] = append(byFile[s.file], s)
		}
	}
	for file, group := range byFile {
		var counts []int
		var starts, ends []time.Time
		for _, s := range group {
			counts, starts, ends = append(counts, len(s.bars)), append(starts, s.bars[0].t), append(ends, s.bars[len(s.bars)-1].t)
		}
		first, last := slices.MinFunc(starts, time.Time.Compare), slices.MaxFunc(ends, time.Time.Compare)
		slices.Sort(counts)
		median := counts[len(counts)/2]
		for _, s := range group {
			a, b := s.bars[0], s.bars[len(s.bars)-1]
			if len(group) >= 5 && float64(len(s.bars)) < 0.9*float64(median) {
				c.say(file, s.symbol, "few rows", fmt.Sprintf("%d rows, usual are %d (%s .. %s)", len(s.bars), median, a.text, b.text), "runs that need it are shorter: fetch the rest or leave it out")
			}
			if a.t.Sub(first) > 30*24*time.Hour {
				c.say(file, s.symbol, "starts later than the file", a.text+", others from "+first.Format(time.DateOnly), "a run from before then has no price for it")
			}
			if last.Sub(b.t) > 30*24*time.Hour {
				c.say(file, s.symbol, "ends before the file", b.text+", others to "+last.Format(time.DateOnly), "a run over that day ends its trading there")
			}
		}
	}
}

// compare holds bars against actions and against other files.
func (c *checker) compare() {
	for _, s := range c.bars {
		c.againstSplits(s)
		c.againstFactors(s)
		for _, o := range c.bars {
			if o != s && o.symbol == s.symbol && len(s.byDay) > 0 && len(o.byDay) > 0 {
				c.againstOther(s, o)
			}
		}
	}
	c.onlyAdjusted()
	c.actionsStop()
	c.actionsDisagree()
}

// againstSplits sees prices that a split should have moved and did not, or moved the
// other way.
func (c *checker) againstSplits(s *checkedBars) {
	for _, x := range c.actions {
		if x.symbol != s.symbol || x.kind != "split" {
			continue
		}
		i := sort.Search(len(s.bars), func(i int) bool { return !calendarDay(s.bars[i].t).Before(x.day) })
		if i == 0 || i == len(s.bars) || s.bars[i].t.Sub(s.bars[i-1].t) > 10*24*time.Hour {
			continue
		}
		before, after := s.bars[i-1].c, s.bars[i].o
		day := x.day.Format(time.DateOnly)
		switch seen := splitMove(before, after, x.value); {
		case seen == inverted:
			c.say(x.file, s.symbol, "inverted split", fmt.Sprintf("%s on %s, and prices go from %v to %v in %s", ratioName(x.value), day, before, after, s.file), "a split is new units per old one: write "+fraction(1/x.value))
		case seen == still && (s.adj == "" || s.adj == pitwall.Raw):
			c.say(s.file, s.symbol, "split-adjusted prices", fmt.Sprintf("no jump at the %s split of %s", ratioName(x.value), day), "say `adjusted: split` (or total) in "+s.file+".yaml: else the split is applied twice")
			s.is = pitwall.SplitAdjusted
		case seen == moved && s.adj != "" && s.adj != pitwall.Raw:
			c.say(s.file, s.symbol, "not adjusted", fmt.Sprintf("prices go from %v to %v at the %s split of %s", before, after, ratioName(x.value), day), "the file says `adjusted: "+string(s.adj)+"`: say raw, or the split is not applied")
		}
	}
}

// againstFactors sees dividends that adj_close holds and the actions do not.
func (c *checker) againstFactors(s *checkedBars) {
	var closes, adj []float64
	for _, b := range s.bars {
		closes, adj = append(closes, b.c), append(adj, b.adj)
	}
	for _, step := range factorSteps(closes, adj) {
		if b := s.bars[step.bar]; step.ratio > 1 && !c.actionNear(s.symbol, "", b.t, 1) {
			c.say(s.file, s.symbol, "adj_close holds what no action says", fmt.Sprintf("%s about %.4f a unit", b.text, closes[step.bar-1]*(1-1/step.ratio)), "add the dividend or split to an actions file, or `dividends: adj_close` to the strategy: returns lack it")
		}
	}
}

// againstOther compares two daily files that hold the same symbol.
func (c *checker) againstOther(s, o *checkedBars) {
	same, total, differ, worst := 0, 0, 0, 0.0
	example := ""
	for _, b := range s.bars {
		k, ok := o.byDay[b.text]
		if !ok || b.c <= 0 || o.bars[k].c <= 0 {
			continue
		}
		x := o.bars[k]
		off := math.Abs(b.c/x.c - 1)
		if off < 1e-3 {
			same++
		}
		if x.adj > 0 && off > 0.01 && math.Abs(b.c/x.adj-1) < 1e-3 {
			total++
		}
		if off > 5e-4 {
			differ++
			if off > worst {
				worst, example = off, fmt.Sprintf("%s %v here, %v in %s", b.text, b.c, x.c, o.file)
			}
		}
	}
	switch {
	case total > 10:
		s.is = pitwall.TotalAdjusted
		if s.adj != pitwall.TotalAdjusted {
			c.sayN(s.file, s.symbol, "dividend-adjusted prices", total, "closes equal adj_close in "+o.file, "say `adjusted: total` in "+s.file+".yaml; no trade happened at these levels: use the other file")
		}
	case differ > 0 && differ < same && s.file < o.file:
		c.sayN(s.file, s.symbol, "files disagree", differ, example, "two sources, two closes: name one file as data")
	}
}

// onlyAdjusted names symbols of an adjusted file whose prices as traded are in no
// other file. One symbol that is seen to be adjusted speaks for its file.
func (c *checker) onlyAdjusted() {
	adjusted := map[string]bool{}
	for _, s := range c.bars {
		if s.is == pitwall.TotalAdjusted {
			adjusted[s.file] = true
		}
	}
	for _, s := range c.bars {
		if !adjusted[s.file] {
			continue
		}
		lacking := 0
		for day := range s.byDay {
			if !slices.ContainsFunc(c.bars, func(o *checkedBars) bool {
				_, ok := o.byDay[day]
				return ok && o.symbol == s.symbol && !adjusted[o.file]
			}) {
				lacking++
			}
		}
		if lacking > 0 {
			c.sayN(s.file, s.symbol, "only adjusted", lacking, fmt.Sprintf("%d of %d days", lacking, len(s.bars)), "no file has these days as traded: use returns, never levels, shares or fees per share")
		}
	}
}

// actionsStop names symbols whose dividends end before their bars do.
func (c *checker) actionsStop() {
	ends := map[string]time.Time{}
	for _, s := range c.bars {
		if n := len(s.bars); n > 0 && s.bars[n-1].t.After(ends[s.symbol]) {
			ends[s.symbol] = s.bars[n-1].t
		}
	}
	days := map[string][]time.Time{} // by file and symbol
	for _, x := range c.actions {
		if key := x.file + "\x00" + x.symbol; x.kind == "dividend" {
			days[key] = append(days[key], x.day)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(days)) {
		file, symbol, _ := strings.Cut(key, "\x00")
		list := days[key]
		slices.SortFunc(list, time.Time.Compare)
		if len(list) < 3 || ends[symbol].IsZero() {
			continue
		}
		last := list[len(list)-1]
		step := last.Sub(list[0]) / time.Duration(len(list)-1)
		if ends[symbol].Sub(last) > step*3/2 {
			c.say(file, symbol, "actions stop before the bars", fmt.Sprintf("last dividend %s, bars to %s", last.Format(time.DateOnly), ends[symbol].Format(time.DateOnly)), "dividends after that are missing from returns: fetch newer actions")
		}
	}
	for _, s := range c.bars { // no actions at all is only a finding when adj_close shows some: againstFactors
		if s.is == pitwall.Raw && s.adj == pitwall.Raw && len(s.byDay) > 0 && len(c.actions) == 0 && !s.crypto {
			c.say(s.file, s.symbol, "no actions", "", "prices are as traded and no splits or dividends are given: fetch actions")
		}
	}
}

// actionsDisagree names amounts that differ between files.
func (c *checker) actionsDisagree() {
	seen := map[string][]checkedAction{}
	for _, y := range c.actions {
		key := y.symbol + y.kind + y.day.Format(time.DateOnly)
		for _, x := range seen[key] {
			if x.file != y.file && math.Abs(x.value-y.value) > 1e-6 {
				c.say(x.file, x.symbol, "actions disagree", fmt.Sprintf("%s %s: %v here, %v in %s", x.day.Format(time.DateOnly), x.kind, x.value, y.value, y.file), "name one of the files as data; derived amounts are the worse ones")
			}
		}
		seen[key] = append(seen[key], y)
	}
}
