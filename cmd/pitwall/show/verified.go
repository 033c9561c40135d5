package show

import (
	"fmt"
	"slices"
	"strings"

	"pitwall/agentloop/driver"
	"pitwall/cmd/pitwall/term"
	"pitwall/sim/audit"
)

// shownFills is how many fills the list for a person holds.
const shownFills = 20

// Fills prints what was found in a file of fills; exact says that no tolerance was given.
func Fills(p *term.Pen, file string, exact bool, r driver.FillsChecked) {
	for _, n := range r.Notes {
		p.Item(term.Plain, file+": ", 2, n)
	}
	for _, x := range r.Findings[:min(shownFills, len(r.Findings))] {
		p.Line(term.Plain, "%s:%d: %s %s %s %s at %s: %s", file, x.Line, x.Time, x.Side, x.Qty, x.Symbol, x.Price, x.Reason)
	}
	if more := len(r.Findings) - shownFills; more > 0 {
		p.Line(term.Plain, "and %d more; --json lists all", more)
	}
	p.Line(term.Plain, "%s: %d explained by a bar, %d unexplained", term.Plural(r.Fills, "fill"), r.Explained, r.Unexplained)
	outside := slices.ContainsFunc(r.Findings, func(x audit.Finding) bool { return strings.Contains(x.Reason, "outside") })
	if outside && exact && r.Costs == nil {
		p.Line(term.Plain, "prices with slippage may lie just outside a bar: --tolerance-bps 5 allows that much; splits need the file of actions in --data")
	}
}

// Verified prints what came of computing a run again.
func Verified(p *term.Pen, dir string, v driver.Verified) {
	if len(v.Differences) > 0 {
		for _, d := range v.Differences {
			p.Item(term.Plain, dir+": ", 2, d)
		}
		return
	}
	written := ""
	if !v.Sums.Absent {
		written = fmt.Sprintf("; %d turns are as they were written", v.Sums.Turns)
	}
	follow := "follow from the journal and the bars"
	if v.Broker != "" {
		follow = "are as in the journal; the fills are those of the broker (" + v.Broker + ") and are not recomputed"
	}
	p.Item(term.Plain, dir+": ", 2, fmt.Sprintf("verified: %d orders, %d fills, %d cash flows, %d equity points %s%s", v.Orders, v.Fills, v.Flows, v.Points, follow, written))
}
