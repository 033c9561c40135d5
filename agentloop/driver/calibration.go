package driver

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pitwall"
	"pitwall/cache/runs"
)

// This file is how right a desk was: its roles when they were sure, and its judge.

// scoredAfter is how many bars after it a view without a horizon is judged, and a debate.
const scoredAfter = 20

// prices are the bars that a run passed, with the splits between them.
type prices struct {
	bars    map[string]*pitwall.Series
	actions []pitwall.Action
}

// at returns the bars of a symbol and the index of the last one known at a time, -1 without.
func (p prices) at(symbol string, t time.Time) (*pitwall.Series, int) {
	s := p.bars[symbol]
	if s == nil {
		return nil, -1
	}
	return s, s.KnownAt(t.UnixNano()) - 1
}

// close returns a close in units of an earlier bar: after a 2 for 1 split twice itself.
func (p prices) close(s *pitwall.Series, first, i int) float64 {
	c := s.Close[i].Float()
	if s.Adjusted != pitwall.Raw && s.Adjusted != "" {
		return c
	}
	for _, a := range p.actions {
		if a.Symbol == s.Instrument.Symbol && a.Type == "split" && a.Ex.UnixNano() > s.Start[first] && a.Ex.UnixNano() <= s.Start[i] {
			units, per := a.Split()
			c *= units.Float() / per.Float()
		}
	}
	return c
}

// between returns the closes known at two times, the second in units of the first; a zero
// end is that of the run.
func (p prices) between(symbol string, start, end time.Time) (before, after float64, ok bool) {
	s, i := p.at(symbol, start)
	if i < 0 {
		return 0, 0, false
	}
	j := s.Len() - 1
	if !end.IsZero() {
		_, j = p.at(symbol, end)
	}
	before, after = p.close(s, i, i), p.close(s, i, j)
	return before, after, before > 0
}

var horizonText = regexp.MustCompile(`(?i)\b(\d{1,4})[ -]*(bar|day|week|month)`)

// move returns the return of a symbol from a time to the end of a horizon (20 bars, 3
// weeks), and whether the run lasted until then.
func (p prices) move(symbol string, from time.Time, horizon string) (float64, bool) {
	s, i := p.at(symbol, from)
	if i < 0 {
		return 0, false
	}
	n, unit := scoredAfter, "bar"
	if m := horizonText.FindStringSubmatch(horizon); m != nil {
		n, _ = strconv.Atoi(m[1]) // digits
		unit = strings.ToLower(m[2])
	}
	j := i + n
	if days := map[string]int{"day": 1, "week": 7, "month": 30}[unit]; days > 0 {
		end := from.AddDate(0, 0, n*days).UnixNano()
		if j = s.KnownAt(end) - 1; s.Known[s.Len()-1] < end {
			return 0, false
		}
	}
	if j >= s.Len() || s.Close[i] <= 0 {
		return 0, false
	}
	return p.close(s, i, j)/p.close(s, i, i) - 1, true
}

// said is one view with a direction.
type said struct {
	symbol, horizon string
	up              bool
	confidence      float64
	at              time.Time
}

// calibrate scores the views of each role: those of analysts with a signal to buy or sell,
// and the orders that the trader planned or, of a portfolio, its views: what code made of
// them it did not say. An order to a target goes up from what is held or down.
func calibrate(turns []deskTurn, past prices, portfolio bool) []runs.Calibrated {
	by, order := map[string][]said{}, []string{}
	add := func(role string, x said) {
		if !slices.Contains(order, role) {
			order = append(order, role)
		}
		by[role] = append(by[role], x)
	}
	for _, t := range turns {
		for _, a := range t.rec.Reports {
			for _, r := range a.Reports {
				if r.Signal != "HOLD" {
					add(a.Role, said{r.Symbol, r.Horizon, r.Signal == "BUY", r.Confidence, t.at})
				}
			}
		}
		for _, v := range t.rec.Views {
			if v.ExpectedReturn != 0 {
				add("trader", said{v.Symbol, "", v.ExpectedReturn > 0, v.Confidence, t.at})
			}
		}
		if t.rec.Plan == nil || portfolio {
			continue
		}
		for _, o := range t.rec.Plan.Orders {
			up, down := o.Side == pitwall.Buy, o.Side == pitwall.Sell
			if o.TargetPercent != nil {
				held := t.rec.Held[o.Symbol]
				up, down = *o.TargetPercent > held, *o.TargetPercent < held
			}
			if up || down {
				add("trader", said{o.Symbol, o.Horizon, up, o.Confidence, t.at})
			}
		}
	}
	list := make([]runs.Calibrated, 0, len(order))
	for _, role := range order {
		list = append(list, scoreViews(role, by[role], past))
	}
	return list
}

// bins is into how many parts confidence is divided.
const bins = 5

// scoreViews compares confidence with what came.
func scoreViews(role string, views []said, past prices) runs.Calibrated {
	c := runs.Calibrated{Role: role, Said: len(views), Bins: make([]runs.Bin, bins)}
	for i := range c.Bins {
		c.Bins[i].From = float64(i) / bins
	}
	for _, v := range views {
		move, known := past.move(v.symbol, v.at, v.horizon)
		if !known {
			continue
		}
		b := &c.Bins[min(bins-1, int(v.confidence*bins))]
		right := 0.0
		if move != 0 && (move > 0) == v.up {
			right = 1
			c.Right++
			b.Right++
		}
		c.Scored++
		b.Scored++
		c.Confidence += v.confidence
		b.Confidence += v.confidence
		c.Brier += (v.confidence - right) * (v.confidence - right)
	}
	if c.Scored > 0 {
		c.Confidence /= float64(c.Scored)
		c.Brier /= float64(c.Scored)
	}
	for i, b := range c.Bins {
		if b.Scored > 0 {
			c.Bins[i].Confidence /= float64(b.Scored)
		}
	}
	return c
}

// judged scores a judge: how the symbols moved after each of its judgements, on average.
func judged(turns []deskTurn, past prices, symbols []string) *runs.JudgeScore {
	s := &runs.JudgeScore{Bars: scoredAfter, Won: []runs.JudgeSide{{Winner: "BULL"}, {Winner: "BEAR"}, {Winner: "TIE"}}}
	for _, t := range turns {
		if t.rec.Debate == nil || t.rec.Debate.Judgement == nil {
			continue
		}
		i := slices.IndexFunc(s.Won, func(x runs.JudgeSide) bool { return x.Winner == t.rec.Debate.Winner })
		x := &s.Won[i]
		x.Times++
		sum, n := 0.0, 0
		for _, symbol := range symbols {
			if move, known := past.move(symbol, t.at, ""); known {
				sum += move
				n++
			}
		}
		if n == 0 {
			continue
		}
		mean := sum / float64(n)
		x.Scored++
		if x.Moved == nil {
			x.Moved = new(float64)
		}
		*x.Moved += mean
		if x.Winner == "BULL" && mean > 0 || x.Winner == "BEAR" && mean < 0 {
			x.Right++
		}
	}
	for i, x := range s.Won {
		if x.Moved != nil {
			*s.Won[i].Moved /= float64(x.Scored)
		}
	}
	return s
}
