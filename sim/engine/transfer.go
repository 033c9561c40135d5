package engine

import "pitwall"

// Spare is what a book can give away: settled cash less what open orders hold; on margin
// not more than its equity beyond the initial margins and what they hold.
func (e *Engine) Spare(book int) (pitwall.Dec, error) {
	var a pitwall.Calc
	b := &e.books[book]
	if !b.margin {
		return max(0, a.Sub(a.Sub(b.Cash, b.Unsettled), b.Reserved)), a.Err
	}
	initial, _, err := e.Margins(book)
	if err != nil {
		return 0, err
	}
	return max(0, min(b.Cash, a.Sub(a.Sub(b.Equity(), b.Reserved), initial))), a.Err
}

// Transfer moves cash from one book to another: what each was given, not what it earned.
// The caller has asked Spare.
func (e *Engine) Transfer(from, to int, amount pitwall.Dec) error {
	var a pitwall.Calc
	give, take := &e.books[from], &e.books[to]
	left, more := a.Sub(give.Cash, amount), a.Add(take.Cash, amount)
	before, after := a.Sub(give.Capital, amount), a.Add(take.Capital, amount)
	if a.Err != nil {
		return a.Err
	}
	give.Cash, take.Cash, give.Capital, take.Capital = left, more, before, after
	e.flow(give.id, -1, "transfer", 0, 0, -amount, 0)
	e.flow(take.id, -1, "transfer", 0, 0, amount, 0)
	return nil
}
