package runs

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"pitwall"
)

// This file says in words what became of an order, for trace and why.

// ChangeText says what a later intent asked for.
func ChangeText(e pitwall.Entry) string {
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

// Asked says what an order asked for.
func (x *Order) Asked() string {
	o := x.OrderState
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

// Became says what became of an order.
func (x *Order) Became() string {
	s := string(x.Status)
	if s == "" {
		s = "sent, no answer in the journal"
	}
	if x.Filled != 0 {
		s = fmt.Sprintf("%s %v at %v, fees %v", strings.ReplaceAll(s, "_", " "), x.Filled, x.AvgPrice.Round(4), x.Fees.Round(2))
	}
	switch {
	case x.Status == pitwall.Canceled || x.Status == pitwall.Expired:
		s += " " + Stamp(x.Updated)
	case x.Status == pitwall.Working && x.Filled == 0:
		s += ", no fill"
	}
	if x.Error != nil {
		s += ": " + named(x.Error, x.Status == pitwall.Denied) + " " + x.Error.Message
	}
	if x.Note != "" {
		s += "; " + x.Note
	}
	return s
}

// named names what refused: the limits that denied, as the strategy file does, or else
// the error's code.
func named(e *pitwall.Error, denied bool) string {
	if !denied || len(e.Checks) == 0 {
		return string(e.Code)
	}
	var names []string
	for _, c := range e.Checks {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ") + ":"
}

// FillText says what a fill did.
func FillText(f pitwall.Fill) string {
	s := fmt.Sprintf("%s %v at %v, fee %v", f.Side, f.Qty, f.Price.Round(4), f.Fee.Round(2))
	if f.Slippage != 0 {
		s += fmt.Sprintf(", slippage %v", f.Slippage.Round(2))
	}
	if f.Rule != "" {
		s += "; rule " + f.Rule
	}
	return s
}

// FlowText says what a dividend, a split or the like did.
func FlowText(f pitwall.CashFlow) string {
	s := fmt.Sprintf("%s of %v", f.Type, f.Amount.Round(2))
	switch {
	case f.Type == "split":
		s = fmt.Sprintf("split: %v are held since", f.Qty)
	case f.Type == pitwall.WrittenOff:
		s = fmt.Sprintf("closed at 0: %v were written off", f.Qty)
	case f.Each != 0 && f.Qty != 0:
		s += fmt.Sprintf(": %v each on %v", f.Each, f.Qty)
	}
	if !f.Pay.IsZero() {
		s += ", to be paid on " + DayOf(f.Pay)
	}
	return s
}

// Stamp returns a time in the zone of its exchange.
func Stamp(t time.Time) string { return t.Format("2006-01-02 15:04") }
