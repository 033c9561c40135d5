package mirror

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
)

const (
	readings = 3  // how often the broker is read before a difference counts
	absences = 15 // how often it must answer that it does not have an order before that is believed
)

// Sync reads the broker, journals what is new at the world's time at, and returns what
// differs between the two after [readings] tries, or [absences] while an order without an
// answer is looked for. Cash that is only cents apart is read as often before it is
// booked. With mark it adds an equity point. With an error nothing is known to be equal:
// no turn should follow.
func (m *Mirror) Sync(ctx context.Context, at time.Time, mark bool) (differences []string, err error) {
	m.syncing.Lock()
	defer m.syncing.Unlock()
	for try := 1; ; try++ {
		waiting, err := m.look(ctx, at)
		if err != nil {
			return nil, err
		}
		differences = m.compare(at)
		if !waiting && (len(differences) == 0 && !m.owes() || try >= readings) || try == absences {
			break
		}
		if err := m.cfg.Pause(ctx); err != nil {
			return nil, err
		}
	}
	if len(differences) == 0 && len(m.found) == 0 {
		if err := m.bookFees(ctx, at); err != nil {
			return nil, err
		}
		if err := m.smallCash(ctx, at); err != nil {
			return nil, err
		}
	}
	if mark {
		if err := m.mark(ctx, at); err != nil {
			return nil, err
		}
	}
	differences, m.found = append(m.found, differences...), nil
	return differences, nil
}

// find keeps what the broker's orders and fills cannot explain until [Mirror.Sync] has
// returned it: the journal has the order then, and the next reading is silent.
func (m *Mirror) find(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(m.found, text) {
		m.found = append(m.found, text)
	}
}

// look reads fills, orders and account once, and reports whether an order without an
// answer is still looked for.
func (m *Mirror) look(ctx context.Context, at time.Time) (waiting bool, err error) {
	if err := m.absorb(ctx); err != nil {
		return false, err
	}
	if err := m.payFees(ctx, at); err != nil {
		return false, err
	}
	fills, cursor, err := m.cfg.Broker.Fills(ctx, m.cursor)
	if err == nil {
		err = m.absorb(ctx) // the intent of what was sent meanwhile is in the journal by now
	}
	if err != nil {
		return false, err
	}
	for _, f := range fills {
		if err := m.newFill(ctx, at, f); err != nil {
			return false, err
		}
	}
	m.cursor = pitwall.Cursor{Seq: cursor.Seq, Time: m.cfg.Since}
	if err := m.newFlows(ctx, at, true); err != nil {
		return false, err
	}
	open, err := m.cfg.Broker.Orders(ctx, pitwall.OrderQuery{Open: true})
	if err == nil {
		err = m.absorb(ctx)
	}
	if err != nil {
		return false, err
	}
	listed := map[string]bool{}
	for _, s := range open {
		listed[s.ID] = true
		if err := m.notice(ctx, at, s); err != nil {
			return false, err
		}
	}
	for _, id := range m.unlisted(listed) {
		absent, err := m.lookFor(ctx, at, id)
		if err != nil {
			return false, err
		}
		waiting = waiting || absent
	}
	a, err := m.cfg.Broker.Account(ctx, pitwall.MainBook)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.account, m.open = a, len(open)
	return waiting, err
}

// payer is a broker that tells which money moved without an order: entries with the id of
// each and its flow.
type payer interface {
	CashFlows(context.Context) ([]pitwall.Entry, error)
}

// newFlows journals the cash flows that are not known yet; those from before the run
// count as 0, since its first cash holds them.
func (m *Mirror) newFlows(ctx context.Context, at time.Time, counts bool) error {
	b, ok := m.cfg.Broker.(payer)
	if !ok {
		return nil
	}
	list, err := b.CashFlows(ctx)
	if err != nil {
		return err
	}
	for _, e := range list {
		m.mu.Lock()
		known := m.paid[e.ID]
		m.mu.Unlock()
		if known {
			continue
		}
		flow := *e.Flow
		if flow.Time = at; !counts {
			flow.Amount = 0
		}
		if err := m.append(ctx, pitwall.Entry{AsOf: at, Kind: pitwall.EntryCash, Book: pitwall.MainBook, ID: e.ID, Flow: &flow}); err != nil {
			return err
		}
	}
	return nil
}

// newFill journals a fill that is not known yet, after its order.
func (m *Mirror) newFill(ctx context.Context, at time.Time, f pitwall.Fill) error {
	m.mu.Lock()
	known, o := m.fills[f.ID], m.orders[f.OrderID]
	m.mu.Unlock()
	if known {
		return nil
	}
	if o != nil && !o.pending && o.state.Status == pitwall.Rejected {
		m.find("order %s was rejected in the journal and the broker has a fill of it (%s %v %s at %v)", f.OrderID, f.Side, f.Qty, f.Symbol, f.Price)
	}
	if o == nil {
		list, err := m.cfg.Broker.Orders(ctx, pitwall.OrderQuery{ID: f.OrderID})
		if err != nil {
			return fmt.Errorf("reading the order of fill %s: %w", f.ID, err)
		}
		if err := m.notice(ctx, at, list[0]); err != nil {
			return err
		}
	}
	m.mu.Lock()
	e := pitwall.Entry{AsOf: at, Kind: pitwall.EntryFill, Cause: m.orders[f.OrderID].cause, Book: f.Book, ID: f.OrderID, Fill: &f}
	m.mu.Unlock()
	return m.append(ctx, e)
}

// notice journals an order of the broker's that is new or has changed.
func (m *Mirror) notice(ctx context.Context, at time.Time, s pitwall.OrderState) error {
	m.mu.Lock()
	o := m.orders[s.ID]
	var before order
	if o != nil {
		before = *o
	} else if parent := m.orders[s.Parent]; parent != nil {
		before.cause = parent.cause
	}
	m.mu.Unlock()
	e := pitwall.Entry{AsOf: at, Kind: pitwall.EntryOrder, Cause: before.cause, Book: s.Book, ID: s.ID}
	switch {
	case o == nil && s.Parent == "" && s.By.Principal != external().Principal:
		m.find("order %s is at the broker (%s %v %s, %s) and the journal has no record of sending it", s.ID, s.Side, s.Qty, s.Symbol, s.Status)
	case o == nil && s.By.Principal == external().Principal:
		by := external()
		e.By = &by
		if m.rival(s.ID) {
			m.find("order %s is of another run (%s %v %s, %s): one account, one run", strings.TrimPrefix(s.ID, "external:"), s.Side, s.Qty, s.Symbol, s.Status)
		}
	case o != nil && !before.pending && !before.state.Status.Open() && s.Status.Open():
		m.find("order %s was %s in the journal and is %s at the broker", s.ID, before.state.Status, s.Status)
	case o != nil && !before.pending && same(before.state, s):
		return nil
	}
	if o != nil {
		s.Order = asAsked(before.state.Order, s.Order)
	}
	s.Repeated = false
	e.State = &s
	return m.append(ctx, e)
}

// asAsked is an order as it was submitted with what may have changed since: a broker does
// not keep who asked and why.
func asAsked(asked, live pitwall.Order) pitwall.Order {
	asked.Qty, asked.Limit, asked.Stop, asked.Trail, asked.TrailPercent, asked.TIF = live.Qty, live.Limit, live.Stop, live.Trail, live.TrailPercent, live.TIF
	return asked
}

// same reports whether two states say the same of what matters. A trailing stop's trigger
// moves with every trade.
func same(a, b pitwall.OrderState) bool {
	return a.Status == b.Status && a.Filled == b.Filled && a.AvgPrice == b.AvgPrice && a.Qty == b.Qty && a.Limit == b.Limit && (a.Stop == b.Stop || a.Type == pitwall.TrailingStop)
}

// unlisted returns the orders that are open in the journal and not in the broker's list
// of open ones.
func (m *Mirror) unlisted(listed map[string]bool) (ids []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range m.ids {
		if o := m.orders[id]; !listed[id] && (o.pending || o.state.Status.Open()) {
			ids = append(ids, id)
		}
	}
	return ids
}

// lookFor asks for an order by its id. One that was sent and never answered is rejected
// after the broker has said often enough that it does not have it.
func (m *Mirror) lookFor(ctx context.Context, at time.Time, id string) (waiting bool, err error) {
	list, err := m.cfg.Broker.Orders(ctx, pitwall.OrderQuery{ID: id})
	if err == nil {
		return false, m.notice(ctx, at, list[0])
	}
	if pitwall.CodeOf(err) != pitwall.UnknownOrder {
		return false, err
	}
	m.mu.Lock()
	o := m.orders[id]
	o.missing++
	was, missing := *o, o.missing
	m.mu.Unlock()
	switch {
	case !was.pending && was.state.Status != pitwall.Unknown:
		m.find("order %s is %s in the journal and the broker does not have it", id, was.state.Status)
		return false, nil
	case missing < absences:
		return true, nil
	}
	s := was.state
	s.Status, s.Updated = pitwall.Rejected, at
	s.Error = pitwall.Errorf(pitwall.UnknownOrder, "order %s never reached the broker: it answered %d times that it does not have it", id, missing).Hintf("nothing was bought or sold; send a new order if it is still wanted")
	return false, m.append(ctx, pitwall.Entry{AsOf: at, Kind: pitwall.EntryOrder, Cause: was.cause, Book: s.Book, ID: id, State: &s})
}
