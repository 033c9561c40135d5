package driver

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
	"pitwall/tools/report"
)

// This file is what is known of a run only at its end. Warnings with a code change
// how the result must be read; terminal, page and JSON show them beside the headline.

// turnWarnings counts the turns' warnings by kind.
func turnWarnings(out agentloop.Outcome) (list []pitwall.Warning) {
	if out.Failed*10 > out.Turns {
		list = append(list, pitwall.Warning{Code: pitwall.TurnsFailed, Text: fmt.Sprintf("the model failed in %d of %d turns: it decided nothing there", out.Failed, out.Turns)})
	}
	for _, kind := range slices.Sorted(maps.Keys(out.Warnings)) {
		n := out.Warnings[kind]
		if kind == "budget" {
			continue // why the run was stopped says it
		}
		count := "once"
		if n > 1 {
			count = fmt.Sprintf("%d times", n)
		}
		if kind == "order_without_data" {
			count += " (an order before any tool had answered in its turn)"
		}
		if what, _, _ := strings.Cut(out.ToolError, ";"); kind == "tool_error" {
			count += " (the first: " + what + ")"
		}
		w := pitwall.Warning{Text: kind + " " + count + ": pitwall trace says where"}
		if kind == "tool_error" && n*10 > out.Turns {
			w.Code = pitwall.TurnsFailed
		}
		list = append(list, w)
	}
	for _, text := range append([]string{out.First}, out.Notes...) {
		if text != "" {
			list = append(list, pitwall.Warning{Text: text})
		}
	}
	return list
}

// cutoffWarnings warns of a run inside a model's training window.
func cutoffWarnings(list []runs.Agent) (out []pitwall.Warning) {
	for _, a := range list {
		out = append(out, cutoffWarnings(a.Roles)...)
		if a.Inside != nil && *a.Inside > 0 {
			out = append(out, pitwall.Warning{Text: fmt.Sprintf("%.0f %% of the run is not after the training cutoff of %s (%s): what it remembers looks like skill", *a.Inside*100, a.Model, a.Cutoff)})
		}
	}
	return slices.Compact(out) // roles of a desk that share a model
}

// cutWarnings names the order that the volume cap cut most.
func cutWarnings(c report.Cut) []pitwall.Warning {
	if c.Orders == 0 {
		return nil
	}
	orders := "an order was"
	if c.Orders > 1 {
		orders = fmt.Sprintf("%d orders were", c.Orders)
	}
	return []pitwall.Warning{{Code: pitwall.FillsCapped, Text: fmt.Sprintf("%s cut by the volume cap: %s filled %v of %v (%.2g %%); costs.volume_share sets the cap", orders, c.Symbol, c.Filled, c.Asked, c.Filled.Float()/c.Asked.Float()*100)}}
}

// closedWarnings names what was closed without an order of the run: a symbol that
// closed at 0, and positions that margin did not carry.
func closedWarnings(c pitwall.Clock) (list []pitwall.Warning) {
	clock, ok := c.(pitwall.SimClock)
	if !ok {
		return nil
	}
	for _, f := range clock.Flows(time.Time{}) {
		switch day := f.Time.Format(time.DateOnly); f.Type {
		case pitwall.WrittenOff:
			list = append(list, pitwall.Warning{Code: f.Type, Text: fmt.Sprintf("%s closed at 0 on %s: %v units were written off", f.Symbol, day, f.Qty)})
		case pitwall.MarginCalled:
			list = append(list, pitwall.Warning{Code: f.Type, Text: fmt.Sprintf("equity was %v short of the maintenance margin on %s: open orders ended and positions were closed", f.Each.Round(2), day)})
		}
	}
	return list
}

// resultWarnings returns what came of the run's orders, and whether it was stopped.
func resultWarnings(run *runs.Manifest, m report.Metrics, out agentloop.Outcome) (list []pitwall.Warning) {
	say := func(code, format string, args ...any) {
		list = append(list, pitwall.Warning{Code: code, Text: fmt.Sprintf(format, args...)})
	}
	if m.Rejected > 0 {
		orders, by := "orders", []string{}
		if m.Rejected == 1 {
			orders = "order"
		}
		for _, x := range m.RejectedBy {
			by = append(by, fmt.Sprintf("%s %d", x.Code, x.Count))
		}
		say(pitwall.OrdersRejected, "%d %s of %d rejected: %s; pitwall why %s %s %s", m.Rejected, orders, m.Orders, strings.Join(by, ", "), run.RunID, m.RejectedBy[0].Symbol, m.RejectedBy[0].Date)
	}
	if m.Denied > 0 {
		by := []string{}
		for _, d := range m.DeniedBy {
			by = append(by, fmt.Sprintf("%s %d", d.Limit, d.Count))
		}
		say("", "%d orders were denied by the risk limits (%s): nothing was sent", m.Denied, strings.Join(by, ", "))
	}
	if run.Status == "complete" && m.Orders == 0 && m.Denied == 0 && out.Turns > 0 {
		say("", "nothing was ordered in %d turns: pitwall trace says what they said", out.Turns)
	}
	if run.Status == "incomplete" {
		why := ""
		if out.Stopped != "" {
			why = ": " + out.Stopped
		}
		say(pitwall.RunIncomplete, "the run was stopped before its end%s", why)
	}
	return list
}
