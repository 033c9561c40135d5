package driver

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/desk"
	"pitwall/cache/runs"
	"pitwall/tools/report"
)

// This file is decisions.jsonl: what a desk decided, did and had of it, computed from the
// turns, the journal and the trades at the end of a run.

// datedLine is a line with what it is ordered by.
type datedLine struct {
	at   time.Time
	line runs.Decision
}

// decisions writes decisions.jsonl of a run with a desk.
func (r *run) decisions(figures *report.Run, trades []report.RoundTrip) error {
	if r.Strategy.Desk == nil {
		return nil
	}
	folder := runs.Open(os.DirFS(r.Dir))
	remembered, err := folder.Memory()
	if err != nil {
		return err
	}
	var list []datedLine
	for _, line := range folder.Lines() {
		t, err := folder.Turn(line.Turn)
		if err != nil {
			return err
		}
		more, err := linesOfTurn(t)
		if err != nil {
			return fmt.Errorf("turn %d: %w", t.Turn, err)
		}
		list = append(list, more...)
	}
	for _, e := range figures.Events() {
		if f := e.Fill; e.Kind == pitwall.EntryFill && f != nil {
			list = append(list, datedLine{f.Time, runs.Decision{Type: runs.Execution, TradeID: tradeID(e.Turn, f.Symbol), Turn: e.Turn, Symbol: f.Symbol, Side: f.Side, Qty: &f.Qty, Price: &f.Price, Fee: &f.Fee, Order: f.OrderID}})
		}
	}
	for _, t := range trades {
		if t.ExitTime == nil {
			continue
		}
		profit, reason := t.Profit, t.ExitReason
		switch {
		case strings.HasSuffix(t.ExitOrder, ".tp"):
			reason = string(pitwall.TakeProfit)
		case strings.HasSuffix(t.ExitOrder, ".sl"):
			reason = string(pitwall.StopLoss)
		}
		x := runs.Decision{Type: runs.Result, TradeID: tradeID(t.EntryTurn, t.Symbol), Turn: t.EntryTurn, Symbol: t.Symbol, Profit: &profit, ExitReason: reason, Order: t.ExitOrder, Lessons: lessonsOf(remembered, t)}
		if t.Return != nil {
			percent := *t.Return * 100
			x.ReturnPercent = &percent
		}
		list = append(list, datedLine{*t.ExitTime, x})
	}
	rank := []string{runs.Chosen, runs.Failure, runs.Execution, runs.Result}
	slices.SortStableFunc(list, func(a, b datedLine) int {
		return cmp.Or(a.at.Compare(b.at), slices.Index(rank, a.line.Type)-slices.Index(rank, b.line.Type))
	})
	lines := make([]runs.Decision, 0, len(list))
	for _, x := range list {
		x.line.AsOf = x.at.Format(time.RFC3339)
		lines = append(lines, x.line)
	}
	return r.folder.Decisions(lines)
}

// lessonsOf returns the lessons that were written of a closed trade.
func lessonsOf(m *runs.Memory, t report.RoundTrip) []string {
	list := []string{}
	if m == nil {
		return list
	}
	for _, x := range m.Trades {
		if x.Run == "" && x.Turn == t.EntryTurn && x.Symbol == t.Symbol && x.Exit.Equal(*t.ExitTime) && x.Qty == t.Qty && x.Lesson != "" {
			for _, item := range m.Items {
				if item.ID == x.Lesson {
					list = append(list, item.Text)
				}
			}
		}
	}
	return list
}

// tradeID names what a turn did in a symbol.
func tradeID(turn int, symbol string) string {
	return strings.TrimSuffix(fmt.Sprintf("%d-%s", turn, symbol), "-")
}

// linesOfTurn returns the lines of a turn: one for each order of the plan, one for a turn
// without any, and one for each failure. The failure of a role is no symbol's, so its
// trade_id is the turn alone.
func linesOfTurn(t *agentloop.Turn) (list []datedLine, err error) {
	at, err := time.Parse(time.RFC3339, t.AsOf)
	if err != nil {
		return nil, err
	}
	add := func(x runs.Decision) {
		x.Turn, x.Shadow = t.Turn, t.Shadow()
		list = append(list, datedLine{at, x})
	}
	if len(t.Output) == 0 {
		add(runs.Decision{Type: runs.Chosen, TradeID: tradeID(t.Turn, "")})
		if t.Status != agentloop.StatusNoAction { // a fork's hold
			add(runs.Decision{Type: runs.Failure, TradeID: tradeID(t.Turn, ""), Error: cmp.Or(t.Error, string(t.Status))})
		}
		return list, nil
	}
	var rec desk.Record
	if err := json.Unmarshal(t.Output, &rec); err != nil {
		return nil, err
	}
	plan := desk.TradePlan{}
	if rec.Plan != nil {
		plan = *rec.Plan
	}
	for _, o := range plan.Orders {
		single := plan
		single.Orders = []desk.PlannedOrder{o}
		x, err := chosen(&rec, o.Symbol, single)
		if err != nil {
			return nil, err
		}
		x.TradeID = tradeID(t.Turn, o.Symbol)
		add(x)
	}
	if len(plan.Orders) == 0 {
		x, err := chosen(&rec, "", plan)
		if err != nil {
			return nil, err
		}
		x.TradeID = tradeID(t.Turn, "")
		add(x)
	}
	for _, a := range rec.Absent {
		add(runs.Decision{Type: runs.Failure, TradeID: tradeID(t.Turn, ""), Role: a.Role, Error: a.Why})
	}
	for _, o := range rec.Orders {
		if o.Refused {
			add(runs.Decision{Type: runs.Failure, TradeID: tradeID(t.Turn, o.Symbol), Symbol: o.Symbol, Role: "trader", Error: strings.TrimSpace(o.Answer)})
		}
	}
	return list, nil
}

// chosen returns the decision about a symbol, of all if it is empty.
func chosen(rec *desk.Record, symbol string, plan desk.TradePlan) (x runs.Decision, err error) {
	analysts := map[string][]desk.AnalystReport{}
	for _, r := range rec.Reports {
		analysts[r.Role] = slices.DeleteFunc(slices.Clone(r.Reports), func(a desk.AnalystReport) bool { return symbol != "" && a.Symbol != symbol })
	}
	x = runs.Decision{Type: runs.Chosen, Symbol: symbol}
	for _, part := range []struct {
		into *json.RawMessage
		of   any
		is   bool
	}{{&x.Analysts, analysts, true}, {&x.Researchers, rec.Debate, rec.Debate != nil}, {&x.Plan, plan, rec.Plan != nil}, {&x.Risk, rec.Risk, rec.Risk != nil}, {&x.Manager, rec.Manager, rec.Manager != nil}} {
		if !part.is {
			continue
		}
		if *part.into, err = json.Marshal(part.of); err != nil {
			return x, fmt.Errorf("encoding a decision: %w", err)
		}
	}
	return x, nil
}
