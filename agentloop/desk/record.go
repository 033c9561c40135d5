package desk

import (
	"encoding/json"
	"fmt"
	"strings"

	"pitwall"
)

// Record is what a turn's record says of a desk's decision, as its output.
type Record struct {
	Critique *Critique  `json:"critique,omitempty"`
	Tasks    []Task     `json:"tasks,omitempty"`   // of a hierarchical desk
	Reports  []Reported `json:"reports,omitempty"` // by analyst
	Debate   *Debate    `json:"debate,omitempty"`
	Views    []View     `json:"views,omitempty"` // of a portfolio
	Plan     *TradePlan `json:"plan,omitempty"`
	// Held is what was held of the symbols of the plan, in percent of equity; without those
	// of which nothing was.
	Held     map[string]pitwall.Dec `json:"held,omitempty"`
	Rejected *Review                `json:"rejected,omitempty"` // of a portfolio at the first volatility
	Risk     *Review                `json:"risk,omitempty"`
	Manager  *Review                `json:"manager,omitempty"`
	Approved []PlannedOrder         `json:"approved,omitempty"` // what was turned into orders
	Canceled []string               `json:"canceled,omitempty"` // open entries that the orders replace
	Orders   []Sent                 `json:"orders,omitempty"`
	Absent   []Absent               `json:"absent,omitempty"`
	Alert    string                 `json:"alert,omitempty"` // why risk was judged conservatively

	memory *remembered // nil = none
}

// Reported is what one analyst answered.
type Reported struct {
	Role string `json:"role"`
	AnalystReports
}

// Debate is what bull, bear and judge said.
type Debate struct {
	Rounds []Round `json:"rounds"`
	*Judgement
}

// Round is one exchange. The side that was absent is nil.
type Round struct {
	Bull *Argument `json:"bull,omitempty"`
	Bear *Argument `json:"bear,omitempty"`
}

// Review is a verdict, with the orders before and after it.
type Review struct {
	Verdict
	Original []PlannedOrder `json:"original"`
	Modified []PlannedOrder `json:"modified"`
}

// Sent is an approved order, with the server's answer.
type Sent struct {
	Symbol  string          `json:"symbol"`
	Asked   json.RawMessage `json:"asked"`
	Answer  string          `json:"answer"`
	Refused bool            `json:"refused,omitempty"`
	NotSent string          `json:"not_sent,omitempty"` // why no order was sent although none was refused
	// Change is what an order would have changed, of a desk that was asleep: in percent of
	// equity or, of an order with a quantity, in units.
	Change *pitwall.Dec `json:"change,omitempty"`
	ByUnit bool         `json:"by_unit,omitempty"`
}

// Absent is a role that gave no valid answer.
type Absent struct {
	Role string `json:"role"`
	Why  string `json:"why"`
}

// summary writes the decision in a line.
func (r *Record) summary() string {
	var parts []string
	if r.Debate != nil && r.Debate.Judgement != nil {
		parts = append(parts, fmt.Sprintf("debate: %s %s, %s", r.Debate.Winner, r.Debate.Margin, r.Debate.Recommendation))
	}
	switch {
	case r.Plan == nil:
		parts = append(parts, "no plan")
	case len(r.Plan.Orders) == 0:
		parts = append(parts, "no trade: "+r.Plan.NoTrade)
	default:
		parts = append(parts, "plan: "+Sizes(r.Plan.Orders))
	}
	for _, x := range []struct {
		role string
		r    *Review
	}{{risk, r.Risk}, {manager, r.Manager}} {
		if x.r == nil {
			continue
		}
		text := x.role + ": " + x.r.Decision
		if x.r.Decision == Modify {
			text += " to " + Sizes(x.r.Modified)
		}
		parts = append(parts, text)
	}
	for _, a := range r.Absent {
		parts = append(parts, a.Role+" absent")
	}
	if len(r.Canceled) > 0 {
		parts = append(parts, "canceled: "+strings.Join(r.Canceled, ", "))
	}
	sent, refused := 0, 0
	for _, o := range r.Orders {
		switch {
		case o.Refused:
			refused++
		case o.NotSent != "":
			parts = append(parts, o.Symbol+" "+o.NotSent)
		default:
			sent++
		}
	}
	if len(r.Orders) > 0 {
		parts = append(parts, fmt.Sprintf("orders: %d sent, %d refused", sent, refused))
	}
	return strings.Join(parts, "; ")
}

// Sizes lists orders as a reader thinks of them.
func Sizes(list []PlannedOrder) string {
	var out []string
	for _, o := range list {
		text := o.Symbol
		if o.TargetPercent != nil {
			text += fmt.Sprintf(" %v %%", *o.TargetPercent)
		} else {
			text += fmt.Sprintf(" %s %v", o.Side, *o.Quantity)
		}
		if o.Stop != nil {
			text += fmt.Sprintf(" stop %v", *o.Stop)
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}
