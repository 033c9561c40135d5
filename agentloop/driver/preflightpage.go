package driver

import (
	"fmt"
	"strings"

	"pitwall/cache/runs"
)

// pageWidth is that of a preflight's page.
const pageWidth = 80

// PreflightText is a preflight on one page: a row for each drill, then what happened and
// what did not hold.
func PreflightText(p runs.Preflight) string {
	var b strings.Builder
	line := func(hang int, format string, args ...any) { wrapped(&b, hang, fmt.Sprintf(format, args...)) }
	verdict := map[bool]string{true: "passed", false: "FAILED"}
	failed := 0
	for _, d := range p.Drills {
		if len(d.Failures) > 0 {
			failed++
		}
	}
	line(0, "preflight of %s: %s", p.Name, verdict[p.Passed])
	line(2, "  %s, %s, trading %s", p.Strategy, p.Model, strings.Join(p.Symbols, ", "))
	line(2, "  A made-up bad week (%s to %s) behind its own history, at a fake broker on this machine. Loss that the strategy allows: %s. Orders do not wait for a person here.", p.From, p.To, p.Budget)
	b.WriteString("\n  drill     result   orders  fills  refused  worst day  from peak\n")
	for _, d := range p.Drills {
		fmt.Fprintf(&b, "  %-9s %-8s %6d %6d %8d %9.2f%% %9.2f%%\n", d.Name, verdict[len(d.Failures) == 0], d.Orders, d.Fills, refusedIn(d), 0-100*d.WorstDay, 0-100*d.WorstFall)
	}
	for _, d := range p.Drills {
		fmt.Fprintf(&b, "\n%s: %s\n", d.Name, d.What)
		if len(d.Refused) > 0 {
			line(4, "  refused: %s", strings.Join(d.Refused, ", "))
		}
		for _, text := range d.Happened {
			line(4, "  %s", text)
		}
		for _, text := range d.Failures {
			line(4, "  FAILED: %s", text)
		}
	}
	b.WriteString("\n")
	if p.Passed {
		line(0, "Passed. It shows that these limits and this program held in this week against a server of our own; no broker was reached and no market is promised.")
	} else {
		line(0, "Failed: %d of %d drills. trade --live asks for a passed preflight of the strategy as it is.", failed, len(p.Drills))
	}
	line(0, "strategy digest %s", p.Digest)
	return b.String()
}

// refusedIn sums a drill's refusals.
func refusedIn(d runs.Drill) (sum int) {
	for _, text := range d.Refused {
		var n int
		if _, err := fmt.Sscanf(text, "%d", &n); err == nil {
			sum += n
		}
	}
	return sum
}

// wrapped writes a text in lines of the page's width; hang is how far later ones are in.
func wrapped(b *strings.Builder, hang int, text string) {
	indent := len(text) - len(strings.TrimLeft(text, " "))
	column := indent
	b.WriteString(strings.Repeat(" ", indent))
	for i, word := range strings.Split(strings.TrimLeft(text, " "), " ") {
		n := len([]rune(word))
		if i > 0 && column+1+n > pageWidth {
			b.WriteString("\n" + strings.Repeat(" ", hang))
			column = hang
		} else if i > 0 {
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		column += n
	}
	b.WriteString("\n")
}
