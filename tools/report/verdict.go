package report

import (
	"fmt"
	"slices"
	"strings"

	"pitwall"
	"pitwall/cache/runs"
)

// Beat answers whether the run beat doing nothing: its benchmark, and buying and
// holding its symbols. The answer is a sentence, and a second one when the run is not
// complete.
func (s *Sheet) Beat() string {
	over, under := s.against(false)
	var text string
	switch {
	case len(s.Curve) == 0:
		text = "There is no equity curve to judge."
	case s.idle():
		text = "It traded nothing."
	case s.misvalued() != "":
		text = "Unknown: a position was valued wrongly; see the warning."
	case len(over)+len(under) == 0:
		text = "There is nothing to compare with."
	case len(under) == 0:
		text = "Yes: it did better than " + strings.Join(over, " and ") + "."
	case len(over) == 0:
		text = "No: it did not beat " + strings.Join(under, " or ") + "."
	default:
		text = "It beat " + over[0] + ", but not " + under[0] + "."
	}
	if s.has(pitwall.BenchmarkShort) && s.Headline.BenchmarkReturn != nil && len(over)+len(under) > 0 {
		text += " " + s.Run.Benchmark + " covers only a part of the run and is not compared."
	}
	if s.has(pitwall.NoDividends) && len(over)+len(under) > 0 {
		text += " Dividends are not counted."
	}
	switch {
	case s.Run.complete():
	case s.Run.Status == "running":
		text += " The run has not ended: this is up to its last record."
	default:
		text += fmt.Sprintf(" The run is %s: this is up to its last record.", s.Run.Status)
	}
	return text
}

// verdict returns the answer of Beat for a line that begins with the run's name, with
// the returns that it is compared with.
func (s *Sheet) verdict() string {
	over, under := s.against(true)
	switch {
	case len(s.Curve) == 0:
		return "no equity curve to judge"
	case s.idle() && len(over)+len(under) > 0:
		return "traded nothing, against " + strings.Join(append(over, under...), " and ")
	case s.idle():
		return "traded nothing"
	case s.misvalued() != "":
		return "unknown: " + oneLine(s.misvalued())
	case len(over)+len(under) == 0:
		return "nothing to compare with"
	case len(under) == 0:
		return "beat " + strings.Join(over, " and ")
	case len(over) == 0:
		return "did not beat " + strings.Join(under, " or ")
	}
	return "beat " + over[0] + ", but not " + under[0]
}

// against names the ways of doing nothing that the run returned more than, and those
// that it did not. Equal is not more.
func (s *Sheet) against(figures bool) (over, under []string) {
	for _, x := range []struct {
		name string
		of   *float64
	}{{oneLine(s.Run.Benchmark), s.Headline.BenchmarkReturn}, {"buy and hold", s.Headline.BuyHoldReturn}} {
		if x.of == nil || x.of == s.Headline.BenchmarkReturn && s.has(pitwall.BenchmarkShort) {
			continue
		}
		if figures {
			x.name += fmt.Sprintf(" (%+.1f %%)", *x.of*100)
		}
		if s.Headline.TotalReturn > *x.of {
			over = append(over, x.name)
		} else {
			under = append(under, x.name)
		}
	}
	return over, under
}

// OtherWarnings returns the warnings that are not in ReadWith.
func (s *Sheet) OtherWarnings() []string { return runs.Others(s.Warnings, s.ReadWith) }

// has reports whether the run must be read with a warning of a code.
func (s *Sheet) has(code string) bool {
	return slices.ContainsFunc(s.ReadWith, func(r runs.Reading) bool { return r.Code == code })
}

// misvalued returns why the run's positions were valued wrongly, empty when they were not.
func (s *Sheet) misvalued() string {
	for _, r := range s.ReadWith {
		if r.Code == pitwall.SplitUnapplied || r.Code == pitwall.SplitMismatch {
			return r.Text
		}
	}
	return ""
}

// idle reports whether the run traded nothing. Without a step in the journal there is no
// exposure, and nothing says what was traded.
func (s *Sheet) idle() bool { return s.Headline.Fills == 0 && s.Activity.TimeHeld != nil }

// complete reports whether the run reached its end; a world without a folder has no
// status and no end.
func (h Header) complete() bool { return h.Status == "" || h.Status == "complete" }
