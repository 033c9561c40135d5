package driver

import (
	"fmt"
	"strings"
)

// DriftText is a comparison for a person, in lines of the page's width.
func DriftText(d Drift) string {
	var b strings.Builder
	counts := map[Cause]int{}
	var order []Cause
	for _, x := range d.Differences {
		if counts[x.Cause]++; counts[x.Cause] == 1 {
			order = append(order, x.Cause)
		}
	}
	head := fmt.Sprintf("%s: %d orders, %d fills", d.RunID, d.Orders, d.Fills)
	if len(order) == 0 {
		head += "; no drift: the backtest over what the run saw fills as the broker did"
		if d.Decided {
			head += ", and its agents decide the same"
		}
	} else {
		var list []string
		for _, c := range order {
			list = append(list, fmt.Sprintf("%d by %s", counts[c], c))
		}
		head += fmt.Sprintf("; %d differences: %s", len(d.Differences), strings.Join(list, ", "))
	}
	wrapped(&b, 2, head)
	for _, n := range d.Notes {
		wrapped(&b, 2, "note: "+n)
	}
	for _, x := range d.Differences {
		fmt.Fprintf(&b, "\n%s  %-9s %-8s %s\n", x.At.Format("2006-01-02 15:04"), x.Cause, x.What, x.Order)
		wrapped(&b, 12, "  live      "+x.Live)
		wrapped(&b, 12, "  backtest  "+x.Backtest)
		wrapped(&b, 2, "  "+x.Why)
	}
	return b.String()
}
