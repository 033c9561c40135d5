package desk

import (
	"errors"
	"fmt"
	"slices"

	"pitwall"
)

// AnalystReports is what an analyst answers with: its views, at most one a symbol.
type AnalystReports struct {
	Reports []AnalystReport `json:"reports"`
}

// AnalystReport is a view of one symbol.
type AnalystReport struct {
	Symbol       string   `json:"symbol"`
	Signal       string   `json:"signal"` // BUY, SELL or HOLD
	Confidence   float64  `json:"confidence"`
	Score        float64  `json:"score"` // 1 to 10
	Horizon      string   `json:"horizon"`
	Reasons      []string `json:"reasons"`
	Evidence     []string `json:"evidence"`     // the calls that it rests on
	Invalidation string   `json:"invalidation"` // the price or fact that would prove it wrong
	// Unfetched is the evidence that no call of this turn returned; code fills it in.
	Unfetched []string `json:"unfetched,omitempty"`
}

// Argument is one side's part in a round of a debate.
type Argument struct {
	Claim       string   `json:"claim"`
	Evidence    []string `json:"evidence"`         // the reports that it rests on
	Answer      string   `json:"answer,omitempty"` // to the other side
	Strength    float64  `json:"strength"`         // of the case so far, 0 to 1
	PriceTarget *float64 `json:"price_target,omitempty"`
	Unfetched   []string `json:"unfetched,omitempty"` // evidence that no report gave; code fills it in
}

// Judgement is how a debate ended.
type Judgement struct {
	Winner         string   `json:"winner"` // BULL, BEAR or TIE
	Margin         string   `json:"margin"` // DECISIVE, MODERATE, SLIGHT or TIE
	BullPoints     []string `json:"bull_points"`
	BearPoints     []string `json:"bear_points"`
	Consensus      string   `json:"consensus"`
	Thesis         string   `json:"thesis"`
	Recommendation string   `json:"recommendation"` // BUY, SELL or HOLD
}

// TradePlan is what the trader wants. Without orders NoTrade says why.
type TradePlan struct {
	Strategy string         `json:"strategy,omitempty"`
	Regime   string         `json:"regime,omitempty"`
	Orders   []PlannedOrder `json:"orders"`
	NoTrade  string         `json:"no_trade,omitempty"`
}

// PlannedOrder is one order of a plan: TargetPercent, or Side and Quantity.
type PlannedOrder struct {
	Symbol        string       `json:"symbol"`
	TargetPercent *pitwall.Dec `json:"target_percent,omitempty"` // of equity
	Side          pitwall.Side `json:"side,omitempty"`
	Quantity      *pitwall.Dec `json:"quantity,omitempty"`
	Entry         *pitwall.Dec `json:"entry,omitempty"` // limit price; nil = at the market
	Stop          *pitwall.Dec `json:"stop,omitempty"`
	Target        *pitwall.Dec `json:"target,omitempty"`
	Confidence    float64      `json:"confidence"`
	Horizon       string       `json:"horizon,omitempty"`
	Reason        string       `json:"reason"`
	Invalidation  string       `json:"invalidation,omitempty"`
}

// Verdict is a review of a plan. Orders are those that a modification lets through.
type Verdict struct {
	Decision        string     `json:"decision"` // approve, modify or reject
	Orders          []Approval `json:"orders,omitempty"`
	RiskScore       float64    `json:"risk_score"` // 0 to 1, higher is riskier
	RiskLevel       string     `json:"risk_level"` // LOW, MEDIUM or HIGH
	Concerns        []string   `json:"concerns"`
	Recommendations []string   `json:"recommendations"`
}

// The decisions of a [Verdict].
const (
	Approve = "approve"
	Modify  = "modify"
	Reject  = "reject"
)

// Approval is what a modification leaves of one order, sized as the plan sizes it.
type Approval struct {
	Symbol        string       `json:"symbol"`
	TargetPercent *pitwall.Dec `json:"target_percent,omitempty"`
	Quantity      *pitwall.Dec `json:"quantity,omitempty"`
	Stop          *pitwall.Dec `json:"stop,omitempty"` // nil = the plan's
}

// check tests what the schema cannot say.
func (a *AnalystReports) check() error {
	for i, r := range a.Reports {
		if slices.ContainsFunc(a.Reports[:i], func(x AnalystReport) bool { return x.Symbol == r.Symbol }) {
			return fmt.Errorf("two reports of %s; give one a symbol", r.Symbol)
		}
	}
	return nil
}

func (a *Argument) check() error { return nil }

func (j *Judgement) check() error {
	if (j.Winner == "TIE") != (j.Margin == "TIE") {
		return fmt.Errorf("winner is %s and margin %s; a tie has both", j.Winner, j.Margin)
	}
	return nil
}

func (c *CompactDebate) check() error { return c.Judgement.check() }

func (p *TradePlan) check() error {
	if (len(p.Orders) == 0) != (p.NoTrade != "") {
		return fmt.Errorf("a plan of %d orders with no_trade %q; give orders, or none and no_trade with the reason", len(p.Orders), p.NoTrade)
	}
	if len(p.Orders) == 0 && blank(p.NoTrade) {
		return errors.New("no_trade is blank; give the reason")
	}
	for i, o := range p.Orders {
		byTarget, bySide := o.TargetPercent != nil, o.Side != "" || o.Quantity != nil
		switch {
		case o.Reason != "" && blank(o.Reason): // a memory could not keep it
			return fmt.Errorf("order of %s: the reason is blank; write a sentence", o.Symbol)
		case slices.ContainsFunc(p.Orders[:i], func(x PlannedOrder) bool { return x.Symbol == o.Symbol }):
			return fmt.Errorf("two orders of %s; give one a symbol", o.Symbol)
		case byTarget == bySide || bySide && (o.Side == "" || o.Quantity == nil || *o.Quantity <= 0):
			return fmt.Errorf("order of %s: give target_percent, or side and a quantity above 0", o.Symbol)
		case byTarget && o.TargetPercent.Abs() > pitwall.Int(1000):
			return fmt.Errorf("order of %s: target_percent is %v; use -1000 to 1000", o.Symbol, *o.TargetPercent)
		}
		for _, x := range []struct {
			name  string
			price *pitwall.Dec
		}{{"entry", o.Entry}, {"stop", o.Stop}, {"target", o.Target}} {
			if x.price != nil && *x.price <= 0 {
				return fmt.Errorf("order of %s: %s is %v; use a price above 0, or leave it out", o.Symbol, x.name, *x.price)
			}
		}
	}
	return nil
}

func (v *Verdict) check() error {
	if (v.Decision == Modify) != (len(v.Orders) > 0) {
		return fmt.Errorf("%s with %d orders; orders go with modify, and say what is let through", v.Decision, len(v.Orders))
	}
	for i, o := range v.Orders {
		switch {
		case slices.ContainsFunc(v.Orders[:i], func(x Approval) bool { return x.Symbol == o.Symbol }):
			return fmt.Errorf("two orders of %s; give one a symbol", o.Symbol)
		case (o.TargetPercent == nil) == (o.Quantity == nil):
			return fmt.Errorf("order of %s: give target_percent or quantity, as the plan does", o.Symbol)
		case o.Quantity != nil && *o.Quantity <= 0:
			return fmt.Errorf("order of %s: quantity is %v; to drop an order leave it out", o.Symbol, *o.Quantity)
		case o.Stop != nil && *o.Stop <= 0:
			return fmt.Errorf("order of %s: stop is %v; use a price above 0, or leave it out for the plan's", o.Symbol, *o.Stop)
		}
	}
	return nil
}
