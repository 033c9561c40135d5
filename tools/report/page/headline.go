package page

import (
	"fmt"
	"strings"

	"pitwall"
	"pitwall/tools/report"
)

// tiles returns the figures that a reader sees first.
func tiles(s *report.Sheet) []fact {
	h := s.Headline
	list := []fact{{"Return", ret(&h.TotalReturn), money(s.Run.Cash) + " became " + money(h.FinalEquity), sign(&h.TotalReturn)}}
	if h.BenchmarkReturn != nil {
		list = append(list, fact{"Benchmark " + clean(s.Run.Benchmark), ret(h.BenchmarkReturn), "bought at the first close, no costs", ""})
	}
	if h.BuyHoldReturn != nil {
		list = append(list, fact{"Buy and hold", ret(h.BuyHoldReturn), "equal parts of the run's symbols, no costs", ""})
	}
	down := fact{Name: "Max drawdown", Value: ret(&h.MaxDrawdown), Note: span(s.Strategy)}
	size := "daily"
	if h.Sharpe != nil {
		size = report.Sampling(*h.First, *h.Last, h.Bars)
	}
	sharpe := fact{Name: "Sharpe ratio", Value: number(h.Sharpe, 2), Note: size + ", annualized, risk-free rate 0"}
	if s.Strategy.FewForYearly {
		sharpe.Note = "under 30 " + size + " returns: it says little"
	}
	return append(list, down, sharpe)
}

func span(f report.Stats) string {
	switch {
	case f.MaxDDFrom == "":
		return ""
	case f.MaxDDRecovery == "":
		return fmt.Sprintf("%s to %s, not recovered", f.MaxDDFrom, f.MaxDDTo)
	}
	return fmt.Sprintf("%s to %s, recovered %s", f.MaxDDFrom, f.MaxDDTo, f.MaxDDRecovery)
}

// beat answers whether the run beat doing nothing.
func beat(s *report.Sheet) question {
	h := s.Headline
	q := question{Text: "Did it beat doing nothing?"}
	against := func(name string, r *float64) {
		if r == nil {
			return
		}
		d := h.TotalReturn - *r
		q.Facts = append(q.Facts, fact{Name: "Against " + name, Value: points(d), Note: "run " + ret(&h.TotalReturn) + ", " + name + " " + ret(r), Class: sign(&d)})
	}
	against(clean(s.Run.Benchmark), h.BenchmarkReturn)
	against("buy and hold", h.BuyHoldReturn)
	for _, p := range s.Passive[:min(1, len(s.Passive))] {
		q.Facts = append(q.Facts, fact{Name: "Held from the first open", Value: ret(&p.TotalReturn), Note: clean(p.Rule)})
	}
	if x := s.Relative; x != nil {
		note := "alpha " + percent(x.Alpha, 1) + " a year, correlation " + number(x.Correlation, 2)
		if s.Strategy.FewForYearly {
			note = "correlation " + number(x.Correlation, 2) + "; too few days for an alpha"
		}
		q.Facts = append(q.Facts, fact{Name: "Beta to " + clean(x.Against), Value: number(x.Beta, 2), Note: note})
	}
	q.Answer = clean(s.Beat())
	return q
}

// points formats a difference of two returns.
func points(d float64) string {
	return strings.TrimSuffix(ret(&d), "\u00a0%") + "\u00a0points"
}

// luck answers whether it was luck. The answer never says more than the weakest
// of the figures.
func luck(s *report.Sheet) question {
	l := s.Luck
	q := question{Text: "Was it luck?"}
	var doubts []string
	known := false
	if x := l.Random; x != nil {
		known = true
		q.Facts = append(q.Facts, fact{Name: "Beats random traders", Value: chance(&x.Beaten),
			Note: fmt.Sprintf("90 %% ended between %s and %s (median %s). %s", percent(&x.Low, 1), percent(&x.High, 1), percent(&x.Median, 1), clean(x.Rule))})
		if !x.Telling {
			doubts = append(doubts, "there was too little timing to compare with random traders")
		} else if x.Beaten < 0.95 {
			doubts = append(doubts, fmt.Sprintf("it beats only %s of random traders", chance(&x.Beaten)))
		}
	}
	if x := l.Return; x != nil {
		known = true
		q.Facts = append(q.Facts, fact{Name: "Return, 90 % interval", Value: percent(&x.Low, 1) + " to " + percent(&x.High, 1), Note: fmt.Sprintf("%d resamples of its days in blocks of about %.0f", l.Resamples, l.Block)})
		if x.Low < 0 {
			doubts = append(doubts, "resampled runs often lose money")
		}
	}
	if x := l.Sharpe; x != nil {
		q.Facts = append(q.Facts, fact{Name: "Sharpe, 90 % interval", Value: number(&x.Low, 2) + " to " + number(&x.High, 2)})
	}
	if x := l.Drawdown; x != nil {
		q.Facts = append(q.Facts, fact{Name: "Drawdown, 90 % interval", Value: percent(&x.Low, 1) + " to " + percent(&x.High, 1)})
	}
	if x := l.Probabilistic; x != nil {
		known = true
		q.Facts = append(q.Facts, fact{Name: "Probabilistic Sharpe ratio", Value: chance(x), Note: "chance that the true Sharpe ratio is above 0"})
	}
	if x := l.Deflated; x != nil {
		q.Facts = append(q.Facts, fact{Name: "Deflated Sharpe ratio", Value: chance(x), Note: fmt.Sprintf("chance that it is above the best of %s without skill", report.Plural(l.Trials, "trial"))})
		if *x < 0.95 {
			doubts = append(doubts, fmt.Sprintf("the deflated Sharpe ratio is %s, under 95 %%", chance(x)))
		}
	}
	q.Facts = append(q.Facts, fact{Name: "Attempt on these dates", Value: fmt.Sprint(max(1, s.Run.Attempt)), Note: "different configurations run to their end on dates that overlap, repeats not counted: each makes a good result less meaningful"}, inside(l))
	if l.Inside != nil && *l.Inside > 0 {
		doubts = append(doubts, fmt.Sprintf("%s of the days are inside the model's training window", chance(l.Inside)))
	}
	switch {
	case s.Headline.TotalReturn <= 0:
		q.Answer = "There is no gain to explain."
	case !known:
		q.Answer = "Too little happened to tell."
	case len(doubts) > 0:
		q.Answer = "Could be luck: " + strings.Join(doubts, "; ") + "."
	default:
		q.Answer = "These figures speak against luck alone."
	}
	return q
}

func inside(l report.Luck) fact {
	f := fact{Name: "Inside the model's training window", Value: chance(l.Inside), Note: clean(l.InsideOf)}
	switch {
	case l.Inside == nil:
		f.Value, f.Note = "not known", "no training cutoff is stated"
	case f.Note == "":
		f.Note = "share of the run's days"
	}
	return f
}

// cost answers what trading and deciding cost.
func cost(s *report.Sheet) question {
	c := s.Costs
	q := question{Text: "What did it cost?"}
	var a pitwall.Calc
	trading := a.Add(a.Add(c.Commission, c.Slippage), c.Borrow)
	q.Facts = []fact{
		{Name: "Commission", Value: money(c.Commission), Note: clean(c.StatedCommission)},
		{Name: "Slippage", Value: money(c.Slippage)},
		{Name: "Borrow", Value: money(c.Borrow)},
		{Name: "Of traded value", Value: bps(c.CostOfTradedBps), Note: "commission and slippage of " + number(&s.Activity.Traded, 0) + " traded"},
		{Name: "Models", Value: dollars(c.Models), Note: fmt.Sprintf("new calls %s, from the cache %s; %s tokens in, %s out", dollars(c.ModelsNew), dollars(c.ModelsRecorded), report.Group(fmt.Sprint(c.TokensIn)), report.Group(fmt.Sprint(c.TokensOut)))},
		{Name: "Return without trading costs", Value: percent(c.ReturnWithout, 2), Note: "commission, slippage, borrow and interest paid added back, not compounded"},
	}
	if c.Models == nil || *c.Models != 0 {
		q.Facts = append(q.Facts, fact{Name: "Return before models", Value: percent(c.ReturnBefore, 2)}, fact{Name: "Return after models", Value: percent(c.ReturnAfter, 2)})
	}
	if c.Interest != 0 || c.Dividends != 0 {
		q.Facts = append(q.Facts, fact{Name: "Interest and dividends", Value: money(c.Interest) + " and " + money(c.Dividends)})
	}
	q.Answer = "Trading cost " + money(trading) + "; models cost " + dollars(c.Models) + "."
	if c.Models == nil {
		q.Answer = "Trading cost " + money(trading) + "; what the models cost is not known."
	}
	return q
}

func bps(v *float64) string {
	if v == nil {
		return missing
	}
	return number(v, 1) + "\u00a0bps"
}

func dollars(d *pitwall.Dec) string {
	if d == nil {
		return "not known"
	}
	return money(*d) + "\u00a0USD"
}
