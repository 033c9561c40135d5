package mirror

import (
	"cmp"
	"context"
	"slices"
	"time"

	"pitwall"
)

// Account implements pitwall.Broker: the broker's account with what the journal knows
// since the run began (start, peak, the day's first equity).
func (m *Mirror) Account(ctx context.Context, book string) (pitwall.Account, error) {
	a, err := m.cfg.Broker.Account(ctx, book)
	if err != nil {
		return a, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known(a), nil
}

func (m *Mirror) known(a pitwall.Account) pitwall.Account {
	day := a.DayEquity
	a.Start, a.Marks = m.start, m.marks
	if !m.marks.Begun() { // what the broker says, unless money came in since
		a.DayEquity = max(day, a.DayEquity)
	}
	a.PeakEquity = max(a.PeakEquity, a.Equity)
	a.Realized = a.Equity - a.Start - a.Unrealized
	return a
}

// Last returns the account and the number of open orders as they were last read.
func (m *Mirror) Last() (pitwall.Account, int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known(m.account), m.open
}

// Submit implements pitwall.Broker.
func (m *Mirror) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	return m.cfg.Broker.Submit(ctx, o)
}

// Replace implements pitwall.Broker.
func (m *Mirror) Replace(ctx context.Context, id string, c pitwall.Change) (pitwall.OrderState, error) {
	return m.cfg.Broker.Replace(ctx, id, c)
}

// Cancel implements pitwall.Broker.
func (m *Mirror) Cancel(ctx context.Context, id string) (pitwall.OrderState, error) {
	return m.cfg.Broker.Cancel(ctx, id)
}

// Orders implements pitwall.Broker.
func (m *Mirror) Orders(ctx context.Context, q pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	return m.cfg.Broker.Orders(ctx, q)
}

// Fills implements pitwall.Broker: the broker's fills, each with what it realized by the
// journal's costs. One that the journal does not have yet has realized nothing so far.
func (m *Mirror) Fills(ctx context.Context, since pitwall.Cursor) ([]pitwall.Fill, pitwall.Cursor, error) {
	list, next, err := m.cfg.Broker.Fills(ctx, since)
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, f := range list {
		list[i].Realized = cmp.Or(f.Realized, m.gains[f.ID])
	}
	return list, next, err
}

// Progress implements pitwall.SimClock. It has no digest: what a broker does is not
// computed again.
func (m *Mirror) Progress() pitwall.SimProgress {
	m.mu.Lock()
	defer m.mu.Unlock()
	return pitwall.SimProgress{From: m.begun, Bars: len(m.equity)}
}

// Equity implements pitwall.SimClock.
func (m *Mirror) Equity() []pitwall.EquityPoint {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clip(m.equity)
}

// Flows implements pitwall.SimClock.
func (m *Mirror) Flows(after time.Time) (list []pitwall.CashFlow) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.flows {
		if f.Time.After(after) {
			list = append(list, f)
		}
	}
	return list
}

// Start returns what the account was worth when the run began.
func (m *Mirror) Start() pitwall.Dec {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.start
}
