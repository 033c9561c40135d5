package mirror

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"pitwall"
)

// Config says which account and which journal. Broker, Journal and Pause must be given.
type Config struct {
	Broker  pitwall.Broker                  // the account, below guard and halt
	Journal pitwall.Journal                 // with what an earlier process wrote
	Since   time.Time                       // fills that became known later are the run's
	Pause   func(context.Context) error     // between two readings of what differs; 15 of them are how long an order may take to arrive
	Rivals  string                          // begins the ids of other programs' orders that must not be in the account; empty = any may
	Fee     func(symbol string) pitwall.Dec // the part that the broker may take out of what a fill brings; nil = none
	Cash    pitwall.Dec                     // how far the broker's cash may be from the journal's in a day; 0 = 1 and a basis point of equity
}

// Mirror is an account at a broker as its journal tells it. It is a pitwall.Broker that
// passes everything on, with what only the journal knows of the account. It is safe for
// concurrent use.
type Mirror struct {
	cfg Config

	syncing sync.Mutex // one reading at a time; guards found
	found   []string   // what is a difference however often it is read, until Sync returns it
	mu      sync.Mutex // guards what follows
	read    int64      // lines of the journal that are in here
	orders  map[string]*order
	ids     []string // of orders, in the order of the journal
	fills   map[string]bool
	paid    map[string]bool // cash flows, by the broker's id
	held    map[string]pitwall.Dec
	cost    map[string]pitwall.Dec // what was paid for what is held; below 0 of a short
	gains   map[string]pitwall.Dec // what fills realized, by their id
	closed  map[string]string      // the newest fill that closed, by symbol
	fees    fees
	begun   time.Time
	start   pitwall.Dec
	cash    pitwall.Dec
	equity  []pitwall.EquityPoint
	flows   []pitwall.CashFlow
	marks   pitwall.Marks
	cursor  pitwall.Cursor
	account pitwall.Account // as last read
	open    int
}

// order is what the journal says of one order.
type order struct {
	state   pitwall.OrderState
	cause   pitwall.Cause
	pending bool // sent, and no outcome was journaled
	missing int  // how often the broker answered that it does not have it
}

// Open reads the journal. On an empty one it begins: what the account holds now is the
// start, as fills at the current price.
func Open(ctx context.Context, c Config, at time.Time) (*Mirror, error) {
	m := &Mirror{cfg: c, orders: map[string]*order{}, fills: map[string]bool{}, paid: map[string]bool{}, held: map[string]pitwall.Dec{}, cost: map[string]pitwall.Dec{}, gains: map[string]pitwall.Dec{}, closed: map[string]string{}, fees: newFees(), cursor: pitwall.Cursor{Time: c.Since}}
	if c.Journal.Last() > 0 {
		return m, m.absorb(ctx)
	}
	return m, m.begin(ctx, at)
}

// begin journals the account as it stands.
func (m *Mirror) begin(ctx context.Context, at time.Time) error {
	a, err := m.cfg.Broker.Account(ctx, pitwall.MainBook)
	if err != nil {
		return err
	}
	var c pitwall.Calc
	start := a.Cash
	for _, p := range a.Positions {
		start = c.Add(start, c.Mul(p.Qty, p.Last))
	}
	if c.Err != nil {
		return fmt.Errorf("the account's start: %w", c.Err)
	}
	if err := m.append(ctx, pitwall.Entry{AsOf: at, Kind: pitwall.EntryStart, Book: pitwall.MainBook, Amount: start}); err != nil {
		return err
	}
	for _, p := range a.Positions {
		if err := m.enter(ctx, at, p.Symbol, p.Qty, p.Last, "held before the run"); err != nil {
			return err
		}
	}
	if err := m.newFlows(ctx, at, false); err != nil {
		return err
	}
	open, err := m.cfg.Broker.Orders(ctx, pitwall.OrderQuery{Open: true})
	for _, s := range open { // of others: no order of this run has been sent
		if s.By = external(); err == nil {
			err = m.notice(ctx, at, s)
		}
	}
	return err
}

// enter journals a change of a position that no order of this program explains.
func (m *Mirror) enter(ctx context.Context, at time.Time, symbol string, qty, price pitwall.Dec, why string) error {
	if qty == 0 {
		return nil
	}
	side := pitwall.Buy
	if qty < 0 {
		side = pitwall.Sell
	}
	id := fmt.Sprintf("external:%s-%s-%d", at.UTC().Format("20060102T150405"), symbol, m.cfg.Journal.Last()+1)
	by := external()
	s := pitwall.OrderState{Order: pitwall.Order{ID: id, Book: pitwall.MainBook, Symbol: symbol, Side: side, Type: pitwall.MarketOrder, Class: pitwall.Simple, Qty: qty.Abs(), TIF: pitwall.Day, By: by, Reason: why},
		Status: pitwall.Filled, Filled: qty.Abs(), AvgPrice: price, Accepted: at, Updated: at, Note: why}
	if err := m.append(ctx, pitwall.Entry{AsOf: at, Kind: pitwall.EntryOrder, Book: pitwall.MainBook, By: &by, ID: id, State: &s}); err != nil {
		return err
	}
	f := pitwall.Fill{ID: id, OrderID: id, Book: pitwall.MainBook, Symbol: symbol, Side: side, Qty: qty.Abs(), Price: price, Reference: price, Rule: why, Bar: at, Time: at, Known: at}
	return m.append(ctx, pitwall.Entry{AsOf: at, Kind: pitwall.EntryFill, Book: pitwall.MainBook, By: &by, ID: id, Fill: &f})
}

// external is who did what this program did not.
func external() pitwall.Caller { return pitwall.Caller{Principal: "external"} }

// append writes a line and takes it in.
func (m *Mirror) append(ctx context.Context, e pitwall.Entry) error {
	if _, err := m.cfg.Journal.Append(ctx, e); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return m.absorb(ctx)
}

// absorb takes in the lines of the journal that it has not.
func (m *Mirror) absorb(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	last := m.cfg.Journal.Last()
	if m.read >= last {
		return nil
	}
	for e, err := range m.cfg.Journal.Follow(ctx, m.read+1) {
		if err != nil {
			return fmt.Errorf("reading the journal: %w", err)
		}
		if err := m.take(e); err != nil {
			return err
		}
		if m.read = e.Seq; e.Seq >= last {
			break
		}
	}
	return nil
}

// take folds one line in.
func (m *Mirror) take(e pitwall.Entry) error {
	switch e.Kind {
	case pitwall.EntryStart:
		m.begun, m.start, m.cash = e.AsOf, e.Amount, e.Amount
		m.marks = pitwall.NewMarks(e.Amount)
	case pitwall.EntryIntent:
		if e.Order != nil {
			o := m.get(e.ID)
			o.state, o.cause, o.pending = pitwall.OrderState{Order: *e.Order}, e.Cause, true
		}
	case pitwall.EntryOrder:
		switch o := m.orders[e.ID]; {
		case e.State == nil: // a request failed: what became of the order is read
		case e.State.Status == pitwall.Denied && o != nil && o.pending: // a halt was raised before it was sent
			delete(m.orders, e.ID)
			m.ids = slices.DeleteFunc(m.ids, func(id string) bool { return id == e.ID })
		case e.State.Status != pitwall.Denied:
			o = m.get(e.ID)
			o.state, o.pending, o.missing = *e.State, false, 0
			if o.cause == (pitwall.Cause{}) {
				o.cause = e.Cause
			}
		}
	case pitwall.EntryFill:
		return m.takeFill(*e.Fill)
	case pitwall.EntryCash:
		m.cash += e.Flow.Amount
		m.takeFeeFlow(*e.Flow)
		if e.Flow.Transfer() {
			m.start += e.Flow.Amount
			m.marks.Transfer(e.Flow.Amount)
		}
		if m.paid[e.ID] = true; e.Flow.Amount != 0 {
			m.flows = append(m.flows, *e.Flow)
		}
	case pitwall.EntryMark:
		m.equity = append(m.equity, *e.Mark)
		m.marks.Move(e.Mark.Time, e.Mark.Equity, e.Amount)
	}
	return nil
}

func (m *Mirror) takeFill(f pitwall.Fill) error {
	if m.fills[f.ID] {
		return pitwall.Errorf(pitwall.Ledger, "the journal holds fill %s twice", f.ID)
	}
	m.fills[f.ID] = true
	var c pitwall.Calc
	money, qty := c.Mul(f.Qty, f.Price), f.Qty
	if f.Side == pitwall.Sell {
		money, qty = -money, -qty
	}
	m.cash = c.Sub(c.Sub(m.cash, money), f.Fee)
	m.takeCost(&c, f, money, qty)
	m.takeFeeOf(&c, f, money, qty)
	if m.held[f.Symbol] = c.Add(m.held[f.Symbol], qty); m.held[f.Symbol] == 0 {
		delete(m.held, f.Symbol)
	}
	return c.Err
}

// takeCost moves what was paid for a position by a fill, before its quantity, and keeps what
// the fill realized. What entered without an order is worth its price then, and so is all
// that is held of the symbol. Of a sale of coins its fee, at most, is no gain: the broker
// says what it was a day later.
func (m *Mirror) takeCost(c *pitwall.Calc, f pitwall.Fill, money, qty pitwall.Dec) {
	held, cost := m.held[f.Symbol], m.cost[f.Symbol]
	switch {
	case f.Rule == coinFee && c.Add(held, qty) == 0: // none is left: what they cost is of the sale of the others
		m.gains[m.closed[f.Symbol]] = c.Sub(m.gains[m.closed[f.Symbol]], cost)
		m.cost[f.Symbol] = 0
	case f.Rule == coinFee: // the coins that are left have cost what all did
	case f.ID == f.OrderID: // by enter
		m.cost[f.Symbol] = c.Mul(c.Add(held, qty), f.Price)
	case held == 0 || (held > 0) == (qty > 0):
		m.cost[f.Symbol] = c.Add(cost, money)
	default:
		part := min(f.Qty, held.Abs())
		got, paid := c.MulDiv(-money, part, f.Qty), c.MulDiv(cost, part, held.Abs())
		m.gains[f.ID], m.closed[f.Symbol] = c.Sub(got, paid), f.ID
		if m.cfg.Fee != nil && f.Side == pitwall.Sell {
			m.gains[f.ID] = c.Sub(m.gains[f.ID], c.Mul(got, m.cfg.Fee(f.Symbol)))
		}
		m.cost[f.Symbol] = c.Add(c.Sub(cost, paid), c.Add(money, got)) // the rest opens the other way
	}
}

func (m *Mirror) get(id string) *order {
	o := m.orders[id]
	if o == nil {
		o = &order{}
		m.orders[id] = o
		m.ids = append(m.ids, id)
	}
	return o
}
