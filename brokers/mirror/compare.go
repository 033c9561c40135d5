package mirror

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// compare returns what differs between the journal and the account as last read: each
// position, and cash beyond its tolerance. Orders are compared as they are read.
func (m *Mirror) compare(at time.Time) (list []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	has := map[string]pitwall.Dec{}
	for _, p := range m.account.Positions {
		has[p.Symbol] = p.Qty
	}
	all := maps.Clone(has)
	maps.Copy(all, m.held)
	for _, symbol := range slices.Sorted(maps.Keys(all)) {
		if m.held[symbol] != has[symbol] && !m.isFee(symbol, has[symbol]) {
			list = append(list, fmt.Sprintf("%s: the journal has %v, the broker %v", symbol, m.held[symbol], has[symbol]))
		}
	}
	missing := m.cash - m.account.Cash
	if limit := m.tolerance(at); (missing - m.cashFee(missing)).Abs() > limit {
		list = append(list, fmt.Sprintf("cash: the journal has %v, the broker %v (more than %v apart)", m.cash, m.account.Cash, limit))
	}
	return list
}

// unexplained is the type of a cash flow that no fill and no line of the broker's explains.
const unexplained = "unexplained"

// tolerance is how far cash may be apart: less by what was booked as unexplained that day,
// so that many small amounts are not a large one. The caller holds mu.
func (m *Mirror) tolerance(at time.Time) pitwall.Dec {
	limit := m.cfg.Cash
	if limit == 0 {
		limit = pitwall.One + m.account.Equity.Abs()/10_000
	}
	for _, f := range slices.Backward(m.flows) {
		if f.Time.UTC().Format(time.DateOnly) != at.UTC().Format(time.DateOnly) {
			break
		}
		if f.Type == unexplained {
			limit -= f.Amount.Abs()
		}
	}
	return max(limit, 0)
}

// owes reports whether the broker's cash is another than the journal's, if only by cents:
// it may be older than the fills beside it.
func (m *Mirror) owes() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.account.Cash != m.cash
}

// smallCash journals the part of the broker's cash that no fill explains, which is within
// the tolerance when nothing differs: fees that come at the end of a day.
func (m *Mirror) smallCash(ctx context.Context, at time.Time) error {
	m.mu.Lock()
	d := m.account.Cash - m.cash
	m.mu.Unlock()
	if d == 0 {
		return nil
	}
	return m.flow(ctx, at, unexplained, d)
}

func (m *Mirror) flow(ctx context.Context, at time.Time, of string, amount pitwall.Dec) error {
	return m.append(ctx, pitwall.Entry{AsOf: at, Kind: pitwall.EntryCash, Book: pitwall.MainBook, Flow: &pitwall.CashFlow{Time: at, Type: of, Amount: amount}})
}

// Adopt takes the account over as the broker tells it: positions that differ enter as
// external fills at the current price, cash as a flow, and orders that the broker does
// not have are canceled. Cash alone counts as put in or taken out (external). Cash beside a
// position does not (adopted): it balances the fill, whose price is not that of a split, a
// merger or a trade, and the account is worth what it was. It is for a person who has looked at the
// differences, and returns what it took over. It refuses while another run has an open
// order: that run would go on trading.
func (m *Mirror) Adopt(ctx context.Context, at time.Time) (taken []string, err error) {
	if taken, err = m.Sync(ctx, at, false); err != nil {
		return nil, err
	}
	if err := m.refuseRivals(); err != nil || len(taken) == 0 {
		return nil, err
	}
	if err := m.cancelLost(ctx, at); err != nil {
		return taken, err
	}
	if err := m.bookCoins(ctx, at); err != nil {
		return taken, err
	}
	m.mu.Lock()
	a, held := m.account, maps.Clone(m.held)
	m.mu.Unlock()
	last := map[string]pitwall.Position{}
	for _, p := range a.Positions {
		last[p.Symbol] = p
	}
	all := maps.Clone(held)
	for symbol := range last {
		all[symbol] += 0
	}
	of := "external"
	for _, symbol := range slices.Sorted(maps.Keys(all)) {
		if last[symbol].Qty != held[symbol] {
			of = "adopted"
		}
		if err := m.enter(ctx, at, symbol, last[symbol].Qty-held[symbol], last[symbol].Last, "taken over from the broker"); err != nil {
			return taken, err
		}
	}
	m.mu.Lock()
	d := a.Cash - m.cash
	m.mu.Unlock()
	if d != 0 {
		err = m.flow(ctx, at, of, d)
	}
	return taken, err
}

// refuseRivals returns an error while another run has an open order.
func (m *Mirror) refuseRivals() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range m.ids {
		if o := m.orders[id].state; m.rival(id) && o.Status.Open() {
			return pitwall.Errorf(pitwall.NotAllowed, "another run has the open order %s (%s %v %s)", strings.TrimPrefix(id, "external:"), o.Side, o.Qty, o.Symbol).
				Hintf("resume that run, or cancel the order at the broker")
		}
	}
	return nil
}

// rival reports whether an order was sent by another run.
func (m *Mirror) rival(id string) bool {
	return m.cfg.Rivals != "" && strings.HasPrefix(id, "external:"+m.cfg.Rivals)
}

// cancelLost ends the orders that are open in the journal and not at the broker.
func (m *Mirror) cancelLost(ctx context.Context, at time.Time) error {
	for _, id := range m.unlisted(nil) {
		_, err := m.cfg.Broker.Orders(ctx, pitwall.OrderQuery{ID: id})
		if pitwall.CodeOf(err) != pitwall.UnknownOrder {
			continue
		}
		m.mu.Lock()
		s, cause := m.orders[id].state, m.orders[id].cause
		m.mu.Unlock()
		s.Status, s.Updated, s.Note = pitwall.Canceled, at, "the broker does not have it"
		if err := m.append(ctx, pitwall.Entry{AsOf: at, Kind: pitwall.EntryOrder, Cause: cause, Book: s.Book, ID: id, State: &s}); err != nil {
			return err
		}
	}
	return nil
}

// mark journals an equity point.
func (m *Mirror) mark(ctx context.Context, at time.Time) error {
	m.mu.Lock()
	p := pitwall.EquityPoint{Time: at, Equity: m.account.Equity, Cash: m.account.Cash}
	balance := p.Equity - m.account.Unrealized
	m.mu.Unlock()
	return m.append(ctx, pitwall.Entry{AsOf: at, Kind: pitwall.EntryMark, Book: pitwall.MainBook, Mark: &p, Amount: balance})
}
