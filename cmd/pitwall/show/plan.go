package show

import (
	"fmt"
	"strings"

	"pitwall/agentloop/driver"
	"pitwall/cmd/pitwall/term"
)

// Plan prints what a strategy would run on.
func Plan(p *term.Pen, plan driver.Plan) {
	p.Line(term.Bold, "%s: %s, %s to %s", plan.Strategy, plan.Model, plan.From, plan.To)
	assumed := ""
	if plan.Assumed {
		assumed = " (assumed: the strategy states none)"
	}
	p.Line(term.Plain, "cash %s; %v%s", Money(plan.Cash.Float()), plan.Costs, assumed)
	t := term.Table{Columns: []term.Column{{Name: "SYMBOL"}, {Name: "AS"}, {Name: "SIZE"}, {Name: "BARS", Right: true}, {Name: "FIRST"}, {Name: "LAST"}, {Name: "PRICES"}}}
	for _, x := range plan.Symbols {
		var row []term.Cell
		for _, text := range []string{x.Symbol, x.As, x.Size, fmt.Sprint(x.Bars), x.First, x.Last, x.Prices} {
			row = append(row, term.Plain.Cell(text))
		}
		t.Rows = append(t.Rows, row)
	}
	p.Table(t)
	guesses := 0
	for _, u := range plan.Files {
		guesses += len(u.Guesses)
		p.Line(term.Plain, "\n%s", strings.TrimSuffix(u.String(), "\n"))
	}
	for _, f := range plan.Findings {
		p.Item(term.Plain, "  ", 4, fmt.Sprintf("%s: %s (%d): %s", f.File, f.Rule, f.Count, f.Do))
	}
	for _, w := range plan.Warnings {
		p.Note("  warning: ", w)
	}
	p.Line(term.Plain, "\nGuesses that can change money (marked with ?): %d. Nothing was run or written: leave out --dry-run to run it.", guesses)
}
