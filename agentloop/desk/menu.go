package desk

import (
	"fmt"
	"strings"
)

// Strategy is one that a trader may choose: what it is for, and how it trades.
type Strategy struct {
	Name     string
	Regime   string // the state of the market that it is for
	Text     string
	Disabled bool
}

// menu writes the strategies that may be chosen into the trader's prompt.
func (d *Desk) menu() string {
	if len(d.Menu) == 0 {
		return ""
	}
	text := "\n\nTrade by one of these strategies and by no other. Name it as strategy and the regime that you see as regime; without a trade give the regime alone.\n"
	for _, s := range d.Menu {
		if !s.Disabled {
			text += fmt.Sprintf("- %s (regime %s): %s\n", s.Name, s.Regime, s.Text)
		}
	}
	return text
}

// chosen refuses a plan whose strategy the menu does not offer.
func (d *Desk) chosen(p *TradePlan) error {
	if len(d.Menu) == 0 {
		return nil
	}
	var names []string
	known := p.Strategy == "" && len(p.Orders) == 0
	for _, s := range d.Menu {
		switch {
		case !s.Disabled:
			names = append(names, s.Name)
			known = known || s.Name == p.Strategy
		case s.Name == p.Strategy:
			return fmt.Errorf("the strategy %s is disabled", s.Name)
		}
	}
	switch {
	case p.Regime == "":
		return fmt.Errorf("regime is missing; name the one that you see")
	case !known:
		return fmt.Errorf("strategy is %q; choose one of %s", p.Strategy, strings.Join(names, ", "))
	}
	return nil
}
