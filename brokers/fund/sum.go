package fund

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// Sum is several books of a venue as one account, for limits on all of them together. What
// goes through to the venue keeps its book. It is safe for concurrent use, but for Move.
type Sum struct {
	venue  pitwall.Broker // is read
	orders pitwall.Broker // takes what changes
	books  []string
	marks  pitwall.Marks
}

// NewSum returns the sum of books of a venue, which begin with the given cash together.
// Orders go to orders: the venue, or the guard of what these books are a part of.
func NewSum(venue, orders pitwall.Broker, books []string, start pitwall.Dec) *Sum {
	return &Sum{venue: venue, orders: orders, books: books, marks: pitwall.NewMarks(start)}
}

// Move takes the end of a bar: the highest equity so far and the day's first are those of
// the sum. The clock calls it, before the limits look.
func (s *Sum) Move(ctx context.Context, at time.Time) error {
	a, err := s.Account(ctx, "")
	if err != nil {
		return err
	}
	s.marks.Move(at, a.Equity, a.Equity-a.Unrealized)
	return nil
}

// Submit implements pitwall.Broker.
func (s *Sum) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	return s.orders.Submit(ctx, o)
}

// Replace implements pitwall.Broker.
func (s *Sum) Replace(ctx context.Context, id string, c pitwall.Change) (pitwall.OrderState, error) {
	return s.orders.Replace(ctx, id, c)
}

// Cancel implements pitwall.Broker.
func (s *Sum) Cancel(ctx context.Context, id string) (pitwall.OrderState, error) {
	return s.orders.Cancel(ctx, id)
}

// Orders implements pitwall.Broker.
func (s *Sum) Orders(ctx context.Context, q pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	limit := q.Limit
	q.Book, q.Limit = "", 0
	list, err := s.venue.Orders(ctx, q)
	list = slices.DeleteFunc(list, func(o pitwall.OrderState) bool { return !slices.Contains(s.books, o.Book) })
	if limit > 0 && len(list) > limit {
		list = list[len(list)-limit:]
	}
	return list, err
}

// Fills implements pitwall.Broker.
func (s *Sum) Fills(ctx context.Context, since pitwall.Cursor) ([]pitwall.Fill, pitwall.Cursor, error) {
	list, next, err := s.venue.Fills(ctx, since)
	return slices.DeleteFunc(list, func(f pitwall.Fill) bool { return !slices.Contains(s.books, f.Book) }), next, err
}

// Account implements pitwall.Broker: the sum, whichever book is asked for. Positions in one
// symbol net; one that nets to nothing is none.
func (s *Sum) Account(ctx context.Context, _ string) (pitwall.Account, error) {
	var c pitwall.Calc
	var all pitwall.Account
	for i, book := range s.books {
		a, err := s.venue.Account(ctx, book)
		if err != nil {
			return a, fmt.Errorf("book %s: %w", book, err)
		}
		if i == 0 {
			all.Type, all.Currency = a.Type, a.Currency
		}
		for _, f := range [][2]*pitwall.Dec{{&all.Start, &a.Start}, {&all.Cash, &a.Cash}, {&all.Unsettled, &a.Unsettled}, {&all.Receivable, &a.Receivable}, {&all.Reserved, &a.Reserved},
			{&all.BuyingPower, &a.BuyingPower}, {&all.Equity, &a.Equity}, {&all.Realized, &a.Realized}, {&all.Unrealized, &a.Unrealized}, {&all.Dividends, &a.Dividends},
			{&all.Fees, &a.Fees}, {&all.Borrow, &a.Borrow}, {&all.Initial, &a.Initial}, {&all.Maintenance, &a.Maintenance}} {
			*f[0] = c.Add(*f[0], *f[1])
		}
		for _, p := range a.Positions {
			all.Positions = add(&c, all.Positions, p)
		}
	}
	all.Book, all.Marks = pitwall.MainBook, s.marks
	all.Positions = slices.DeleteFunc(all.Positions, func(p pitwall.Position) bool { return p.Qty == 0 })
	if all.Positions == nil {
		all.Positions = []pitwall.Position{}
	}
	return all, c.Err
}

// add adds a position to a list that is ordered by symbol.
func add(c *pitwall.Calc, list []pitwall.Position, p pitwall.Position) []pitwall.Position {
	i, has := slices.BinarySearchFunc(list, p.Symbol, func(x pitwall.Position, symbol string) int { return cmp.Compare(x.Symbol, symbol) })
	if !has {
		return slices.Insert(list, i, p)
	}
	x := &list[i]
	qty := c.Add(x.Qty, p.Qty)
	if cost := c.Add(c.Mul(x.AvgPrice, x.Qty), c.Mul(p.AvgPrice, p.Qty)); qty != 0 {
		x.AvgPrice = c.Div(cost, qty)
	}
	x.Qty, x.Cost, x.Notional, x.Value = qty, c.Add(x.Cost, p.Cost), c.Add(x.Notional, p.Notional), c.Add(x.Value, p.Value)
	x.Unrealized, x.Realized = c.Add(x.Unrealized, p.Unrealized), c.Add(x.Realized, p.Realized)
	return list
}

// Counts returns how orders count in the sum as it stands. One that only reduces its own
// book's position may open one of the sum where books hold the symbol on opposite sides: it
// counts in full then.
func (s *Sum) Counts(ctx context.Context) func(pitwall.OrderState) pitwall.OrderState {
	long, short, unknown := map[string]bool{}, map[string]bool{}, false
	for _, book := range s.books {
		a, err := s.venue.Account(ctx, book)
		unknown = unknown || err != nil
		for _, p := range a.Positions {
			long[p.Symbol], short[p.Symbol] = long[p.Symbol] || p.Qty > 0, short[p.Symbol] || p.Qty < 0
		}
	}
	return func(o pitwall.OrderState) pitwall.OrderState {
		if unknown || long[o.Symbol] && short[o.Symbol] {
			o.ReduceOnly, o.Parent = false, ""
			if o.Class == pitwall.OCO {
				o.Class = pitwall.Simple
			}
		}
		return o
	}
}

// Holders says what each book holds of a symbol, in shares of the sum's equity; empty when
// none holds any.
func (s *Sum) Holders(ctx context.Context, symbol string) string {
	all, err := s.Account(ctx, "")
	if err != nil || all.Equity <= 0 {
		return ""
	}
	var c pitwall.Calc
	var list []string
	for _, book := range s.books {
		a, err := s.venue.Account(ctx, book)
		if err != nil {
			continue
		}
		for _, p := range a.Positions {
			if p.Symbol == symbol {
				list = append(list, fmt.Sprintf("%s %v %%", book, c.MulDiv(p.Notional, pitwall.Int(100), all.Equity).Round(2)))
			}
		}
	}
	return strings.Join(list, ", ")
}
