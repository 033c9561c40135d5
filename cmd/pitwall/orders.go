package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"pitwall"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
	"strings"
	"time"
)

// This file writes orders, fills and changes for trace and why.

// printOrder prints an order and its fills.
func printOrder(p *term.Pen, x *runs.Order) {
	p.Item(term.Cyan, "  "+term.OneLine(x.ID)+"  ", 4, asked(x.OrderState))
	s := term.Plain
	if x.Status == pitwall.Denied || x.Status == pitwall.Rejected {
		s = term.Red
	}
	if len(x.Fills) == 0 || x.Status != pitwall.Filled {
		p.Prose(4, s, became(x))
	}
	for _, f := range x.Fills {
		p.Put(term.Dim, "    "+stamp(f.Time)+"  ")
		p.Hang(6, term.Green, bought(f))
	}
	for _, c := range x.Changes {
		p.Item(term.Plain, "    "+stamp(c.AsOf)+"  ", 6, change(c))
	}
}

// change says what a later intent asked for.
func change(e pitwall.Entry) string {
	s := cmp.Or(e.Verb, "replace") // a change that was denied has no verb
	if raw, err := json.Marshal(e.Change); err == nil && e.Change != nil {
		s += " " + string(raw)
	}
	if e.Turn > 0 {
		s += fmt.Sprintf(" by turn %d", e.Turn)
	}
	if e.Note != "" {
		s += ": " + e.Note
	}
	return s
}

// asked says what an order asked for.
func asked(o pitwall.OrderState) string {
	s := fmt.Sprintf("%s %v %s %s", o.Side, o.Qty, o.Symbol, o.Type)
	stop := o.Stop
	if o.Trigger != 0 { // as it stands: a trailing stop's moves, one in percent is found at the fill
		stop = o.Trigger
	}
	switch {
	case o.Type == pitwall.LimitOrder:
		s += fmt.Sprintf(" at %v", o.Limit.Round(4))
	case stop != 0 && o.Limit != 0:
		s += fmt.Sprintf(" at %v, limit %v,", stop.Round(4), o.Limit.Round(4))
	case stop != 0:
		s += fmt.Sprintf(" at %v", stop.Round(4))
	}
	if o.Trail != 0 {
		s += fmt.Sprintf(" trailing by %v", o.Trail.Round(4))
	}
	if o.TrailPercent != 0 {
		s += fmt.Sprintf(" trailing by %v %%", o.TrailPercent)
	}
	for _, word := range []string{string(o.Class), string(o.TIF), string(o.Role)} {
		if word != "" && word != string(pitwall.Simple) {
			s += " " + word
		}
	}
	return s
}

// became says what became of an order.
func became(x *runs.Order) string {
	s := string(x.Status)
	if s == "" {
		s = "sent, no answer in the journal"
	}
	if x.Filled != 0 {
		s = fmt.Sprintf("%s %v at %v, fees %v", strings.ReplaceAll(s, "_", " "), x.Filled, x.AvgPrice.Round(4), x.Fees.Round(2))
	}
	switch {
	case x.Status == pitwall.Canceled || x.Status == pitwall.Expired:
		s += " " + stamp(x.Updated)
	case x.Status == pitwall.Working && x.Filled == 0:
		s += ", no fill"
	}
	if x.Error != nil {
		s += ": " + string(x.Error.Code) + " " + x.Error.Message
	}
	if x.Note != "" {
		s += "; " + x.Note
	}
	return s
}

// bought says what a fill did.
func bought(f pitwall.Fill) string {
	s := fmt.Sprintf("%s %v at %v, fee %v", f.Side, f.Qty, f.Price.Round(4), f.Fee.Round(2))
	if f.Slippage != 0 {
		s += fmt.Sprintf(", slippage %v", f.Slippage.Round(2))
	}
	if f.Rule != "" {
		s += "; rule " + f.Rule
	}
	return s
}

// flowed says what a dividend, a split or the like did.
func flowed(f pitwall.CashFlow) string {
	s := fmt.Sprintf("%s of %v", f.Type, f.Amount.Round(2))
	switch {
	case f.Type == "split":
		s = fmt.Sprintf("split: %v are held since", f.Qty)
	case f.Each != 0 && f.Qty != 0:
		s += fmt.Sprintf(": %v each on %v", f.Each, f.Qty)
	}
	if !f.Pay.IsZero() {
		s += ", to be paid on " + runs.DayOf(f.Pay)
	}
	return s
}

// stamp is a time in the zone of its exchange.
func stamp(t time.Time) string { return t.Format("2006-01-02 15:04") }

// asOf is a record's time as stamp writes it.
func asOf(text string) string {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return stamp(t)
	}
	return text
}
