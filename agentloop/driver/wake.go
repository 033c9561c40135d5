package driver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/scripts"
	"pitwall/tools/duckdb"
)

// This file is a desk's `wake:`: what has to happen before anybody is asked.

// Wake is what wakes a desk at a bar at which it would have a turn: any of these.
type Wake struct {
	When   string  `yaml:"when"`   // an SQL condition on the newest bar of a symbol, with the windows of a rule
	Fill   bool    `yaml:"fill"`   // an order was filled, or ended without
	News   bool    `yaml:"news"`   // a headline of a symbol
	Every  int     `yaml:"every"`  // bars after its last turn at which it is asked at the latest; 0 = never
	Shadow float64 `yaml:"shadow"` // share of the times it sleeps that it is asked all the same, without orders
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (w *Wake) UnmarshalYAML(n *yaml.Node) error {
	type plain Wake
	return strictly(n, (*plain)(w), "Wake", keys(Wake{}))
}

// wakeTable is the table that `when` reads.
const wakeTable = "wake_bars"

// checkWake validates what needs no SQL engine.
func (s *Strategy) checkWake() error {
	w := s.Desk.Wake
	switch {
	case w == nil:
	case w.When == "" && !w.Fill && !w.News && w.Every == 0:
		return errors.New("nothing wakes the desk; give when, fill, news or every: shadow alone does not")
	case w.Every < 0 || w.Every > pitwall.MaxSteps:
		return fmt.Errorf("every is %d; give bars, such as 20", w.Every)
	case w.Shadow < 0 || w.Shadow > 1:
		return fmt.Errorf("shadow is %v; give a share from 0 to 1, such as 0.1", w.Shadow)
	case len(s.Agent.Triggers) > 0:
		return errors.New("agent.triggers with wake; say in when and fill what wakes the desk")
	case placeholder.MatchString(s.fill(w.When)):
		name := strings.Trim(placeholder.FindString(s.fill(w.When)), "{}")
		return fmt.Errorf("when: {%s} has no value; write params: {%s: 50} or --param %s=50", name, name, name)
	}
	return nil
}

// wakeQuery returns a query of the symbols for which a condition holds at their newest bar.
func wakeQuery(when string) string {
	if when == "" {
		return ""
	}
	return "SELECT symbol FROM (SELECT symbol, (" + when + "\n) AS wakes, lead(1) OVER h IS NULL AS newest FROM " + wakeTable + " " + scripts.Windows + ")\nWHERE newest AND wakes ORDER BY symbol"
}

// wake returns what wakes the desk as the loop takes it, nil without.
func (s *Strategy) wake() *agentloop.Wake {
	w := s.Desk.Wake
	if w == nil {
		return nil
	}
	shown := slices.Concat(s.Symbols, s.Watch)
	out := &agentloop.Wake{Latest: w.Every, Fill: w.Fill, Table: wakeTable, Symbols: slices.Compact(slices.Sorted(slices.Values(shown))), SQL: wakeQuery(s.fill(w.When)), Shadow: w.Shadow}
	if w.News {
		out.News = shown
	}
	return out
}

// CheckWake asks the SQL engine whether it takes the condition that wakes a desk.
func (s *Strategy) CheckWake(ctx context.Context) error {
	for _, p := range s.active() {
		if err := p.own.CheckWake(ctx); err != nil {
			return err
		}
	}
	if s.Desk == nil || s.Desk.Wake == nil || s.Desk.Wake.When == "" {
		return nil
	}
	t := duckdb.New(nil, func() time.Time { return time.Time{} }, nil) // a table without symbols asks no market
	defer t.Close()
	if err := t.Define(ctx, pitwall.TableSpec{Name: wakeTable}); err != nil {
		return err
	}
	when := s.fill(s.Desk.Wake.When)
	_, err := t.Query(ctx, wakeQuery(when), 1)
	if e, ok := errors.AsType[*pitwall.Error](err); ok && (e.Code == pitwall.SQLFailed || e.Code == pitwall.SQLRefused) {
		return s.bad("desk.wake.when: %s: %s", when, strings.ReplaceAll(e.Message, "\n", "; ")).Hintf("write a condition on %s, for example close < min(low) over (h rows between 20 preceding and 1 preceding)", strings.Join(barColumns, ", "))
	}
	if err != nil {
		return fmt.Errorf("checking desk.wake: %w", err)
	}
	return nil
}
