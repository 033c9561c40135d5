package desk

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"pitwall/agentloop"
)

// Line is what one role said, for a reader.
type Line struct{ Role, Text string }

// Conversation tells a desk's turn from the output of its record: reports, debate, plan,
// verdicts, orders. It returns nothing for a turn of one model.
func Conversation(t *agentloop.Turn) (list []Line) {
	var r Record
	if len(t.Roles) == 0 || len(t.Output) == 0 || json.Unmarshal(t.Output, &r) != nil {
		return nil
	}
	say := func(role, format string, args ...any) {
		list = append(list, Line{role, fmt.Sprintf(format, args...)})
	}
	if c := r.Critique; c != nil {
		for _, x := range c.Lessons {
			say(critic, "lesson of %s: %s; expected: %s; why: %s", x.Trade, x.Lesson, x.Expected, x.Why)
		}
		for _, x := range c.Beliefs {
			what := "believes"
			if x.Of != "" {
				what = "refines " + x.Of
			}
			say(critic, "%s: %s %s within %d bars, confidence %v: %s", what, x.Subject, x.Direction, x.Horizon, x.Confidence, x.Statement)
		}
		for _, x := range c.Retired {
			say(critic, "retires %s: %s", x.Of, x.Reason)
		}
	}
	for _, x := range r.Tasks {
		say(trader, "task of %s: %s", x.Analyst, x.Task)
	}
	for _, a := range r.Reports {
		if len(a.Reports) == 0 {
			say(a.Role, "nothing to report")
		}
		for _, x := range a.Reports {
			say(a.Role, "%s %s, confidence %v, score %v, %s: %s; wrong if: %s%s", x.Symbol, x.Signal, x.Confidence, x.Score, x.Horizon, strings.Join(x.Reasons, "; "), x.Invalidation, cited(x.Unfetched))
		}
	}
	if r.Debate != nil {
		for i, round := range r.Debate.Rounds {
			for _, side := range []struct {
				role string
				a    *Argument
			}{{bull, round.Bull}, {bear, round.Bear}} {
				if side.a != nil {
					say(side.role, "round %d, strength %v: %s%s%s", i+1, side.a.Strength, side.a.Claim, after("; answers: ", side.a.Answer), cited(side.a.Unfetched))
				}
			}
		}
		if j := r.Debate.Judgement; j != nil {
			say(judge, "%s %s, %s: %s", j.Winner, j.Margin, j.Recommendation, cmp.Or(j.Thesis, j.Consensus))
		}
	}
	for _, v := range r.Views {
		say(trader, "view: %s %+.2f %% a year, confidence %v%s", v.Symbol, v.ExpectedReturn, v.Confidence, after("; risks: ", strings.Join(v.Risks, "; ")))
	}
	if x := r.Rejected; x != nil {
		say(risk, "%s %s%s", x.Decision, Sizes(x.Original), after(": ", strings.Join(x.Concerns, "; ")))
	}
	if p := r.Plan; p != nil {
		by := after(" by ", p.Strategy) + after(" in ", p.Regime)
		if len(p.Orders) == 0 {
			say(trader, "no trade%s: %s", by, p.NoTrade)
		}
		for _, o := range p.Orders {
			say(trader, "plan%s: %s%s: %s%s", by, Sizes([]PlannedOrder{o}), prices(o), o.Reason, after("; wrong if: ", o.Invalidation))
		}
	}
	reviewer := risk
	if r.Alert != "" {
		reviewer = wary
		say(reviewer, "in place of risk: %s", r.Alert)
	}
	for _, x := range []struct {
		role string
		r    *Review
	}{{reviewer, r.Risk}, {manager, r.Manager}} {
		if x.r == nil {
			continue
		}
		to := ""
		if x.r.Decision == Modify {
			to = " to " + Sizes(x.r.Modified)
		}
		say(x.role, "%s%s, risk %v %s%s%s", x.r.Decision, to, x.r.RiskScore, x.r.RiskLevel, after(": ", strings.Join(x.r.Concerns, "; ")), after("; advice: ", strings.Join(x.r.Recommendations, "; ")))
	}
	for _, a := range r.Absent {
		say(a.Role, "absent: %s", a.Why)
	}
	for _, o := range r.Orders {
		state := cmp.Or(o.NotSent, "sent")
		if o.Refused {
			state = strings.TrimSpace(o.Answer)
		}
		var asked bytes.Buffer
		if json.Compact(&asked, o.Asked) != nil {
			asked.Reset()
		}
		say("order", "%s %s: %s", o.Symbol, &asked, state)
	}
	if len(list) > 0 && len(r.Orders) == 0 && r.Plan != nil && len(r.Plan.Orders) > 0 {
		if len(r.Approved) > 0 {
			say("order", "none was sent: the desk was asked for its plan only")
		} else {
			say("order", "none: the plan was not approved")
		}
	}
	return list
}

// after returns a text behind what introduces it, nothing without one.
func after(intro, text string) string {
	if text == "" {
		return ""
	}
	return intro + text
}

func cited(unfetched []string) string {
	return after("; cites what was not fetched: ", strings.Join(unfetched, ", "))
}

// prices lists the other prices of an order.
func prices(o PlannedOrder) (text string) {
	if o.Target != nil {
		text += fmt.Sprintf(" target %v", *o.Target)
	}
	if o.Entry != nil {
		text += fmt.Sprintf(" entry %v", *o.Entry)
	}
	return text
}
