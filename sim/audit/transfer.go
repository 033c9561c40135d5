package audit

import (
	"strings"

	"pitwall"
)

// spare is what a book may give away, by section 8.
func (r *replica) spare(b *book) pitwall.Dec {
	var held pitwall.Dec
	for _, o := range r.orders {
		if o.Book == b.name && o.open() {
			held = r.a.Add(held, o.reserved)
		}
	}
	if r.Terms.Type == pitwall.CashAccount {
		return max(0, r.a.Sub(r.settled(b), held))
	}
	free := r.a.Sub(r.equity(b), held)
	for _, p := range b.positions {
		s := r.symbol(p.symbol)
		free = r.a.Sub(free, r.a.Mul(r.notional(s, p.qty, s.last).Abs(), r.initial(s)))
	}
	return max(0, min(b.cash, free))
}

// transfer moves cash between books; one that the rules do not allow is a difference.
func (r *replica) transfer(in input) {
	name, is := strings.CutPrefix(in.ID, "transfer-")
	from, to := r.book(bookName(in.Book)), r.book(name)
	if !is || from == nil || to == nil || from == to || in.Amount <= 0 || in.Amount > r.spare(from) {
		r.differences = append(r.differences, difference{in.Seq, "a transfer of " + in.Amount.String() + " from " + in.Book + " to " + name + ": the rules do not allow it"})
		return
	}
	from.cash, from.start = r.a.Sub(from.cash, in.Amount), r.a.Sub(from.start, in.Amount)
	to.cash, to.start = r.a.Add(to.cash, in.Amount), r.a.Add(to.start, in.Amount)
	r.flow(from, pitwall.CashFlow{Type: "transfer", Amount: -in.Amount})
	r.flow(to, pitwall.CashFlow{Type: "transfer", Amount: in.Amount})
}
