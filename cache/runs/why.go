package runs

import (
	"slices"
	"time"

	"pitwall"
)

// Why is what a run says about a symbol on a day: the orders behind its fills or, in
// their place, what else there is. Days are those of the exchange.
type Why struct {
	Orders []*Order       // that filled on Day, in the order of their fills
	Fills  []pitwall.Fill // of those orders on Day; empty: the orders were sent on the day asked for
	Day    string         // the day asked for; else of the fills of an order sent on it, else a day beside it

	Refused []*Order // denied or rejected on the day asked for
	Flows   []pitwall.CashFlow

	// When no order explains the day.
	Open          []*Order      // open on it, or ended on it or later without a fill
	Before, After *pitwall.Fill // the nearest fills
	Held          Turns         // whose decisions held on the day: the last up to its end, of one time each
	Next          Turns         // the first after it
}

// DayOf returns the exchange's day of a time.
func DayOf(t time.Time) string { return t.Format(time.DateOnly) }

// Why explains a symbol's day, 2006-01-02.
func (o *Orders) Why(turns Turns, symbol, day string) Why {
	w := Why{}
	for _, x := range o.List {
		if x.Symbol == symbol && x.refused() && (DayOf(x.Sent) == day || DayOf(x.Updated) == day) {
			w.Refused = append(w.Refused, x)
		}
	}
	for _, f := range o.Flows {
		if f.Symbol == symbol && DayOf(f.Time) == day {
			w.Flows = append(w.Flows, f)
		}
	}
	if o.filled(&w, symbol, day) {
		return w
	}
	for _, f := range o.Fills {
		if x := o.byID[f.OrderID]; f.Symbol == symbol && DayOf(x.Sent) == day && x.Parent == "" && !slices.Contains(w.Orders, x) {
			w.Orders = append(w.Orders, x)
		}
	}
	if len(w.Orders) > 0 {
		w.Day = DayOf(w.Orders[0].Fills[0].Time)
		return w
	}
	if at, err := time.Parse(time.DateOnly, day); err == nil && (o.filled(&w, symbol, DayOf(at.AddDate(0, 0, 1))) || o.filled(&w, symbol, DayOf(at.AddDate(0, 0, -1)))) {
		return w
	}
	o.around(&w, symbol, day)
	w.Held, w.Next = turns.at(day)
	return w
}

// refused reports whether an order never came to stand.
func (x *Order) refused() bool { return x.Status == pitwall.Denied || x.Status == pitwall.Rejected }

// filled adds the orders of a symbol that filled on a day, and reports whether there
// are any.
func (o *Orders) filled(w *Why, symbol, day string) bool {
	for _, f := range o.Fills {
		if f.Symbol != symbol || DayOf(f.Time) != day {
			continue
		}
		if x := o.byID[f.OrderID]; !slices.Contains(w.Orders, x) {
			w.Orders = append(w.Orders, x)
		}
		w.Fills, w.Day = append(w.Fills, f), day
	}
	return len(w.Orders) > 0
}

// around adds the orders that were open on a day, and the nearest fills.
func (o *Orders) around(w *Why, symbol, day string) {
	for _, x := range o.List {
		if x.Symbol == symbol && !x.refused() && DayOf(x.Sent) <= day && (x.Status.Open() || DayOf(x.Updated) >= day) {
			w.Open = append(w.Open, x)
		}
	}
	for i, f := range o.Fills {
		switch {
		case f.Symbol != symbol:
		case DayOf(f.Time) < day:
			w.Before = &o.Fills[i]
		case w.After == nil:
			w.After = &o.Fills[i]
		}
	}
}

// at returns the turns whose decisions held on a day, and those that came next:
// agents have turns together.
func (l Turns) at(day string) (held, next Turns) {
	for _, t := range l {
		at := t.AsOf
		if x, err := time.Parse(time.RFC3339, at); err == nil {
			at = DayOf(x)
		}
		switch {
		case at > day:
			if len(next) == 0 || next[0].AsOf == t.AsOf {
				next = append(next, t)
			}
		case len(held) > 0 && held[0].AsOf != t.AsOf:
			held = Turns{t}
		default:
			held = append(held, t)
		}
	}
	return held, next
}
