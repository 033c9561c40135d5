package approval

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"pitwall"
	"pitwall/brokers/halt"
)

// The orders that wait for a person.
const (
	Entries = "entries" // those that can open or enlarge a position
	All     = "all"     // all
)

const (
	// Window is how long an approval can be given and used.
	Window = 2 * time.Minute
	// maxWaiting is how many orders may wait at a time.
	maxWaiting = 20
)

// DefaultCollar is how far the price may move while an order waits, in percent, where the
// strategy has no price collar of its own.
const DefaultCollar = 2 * pitwall.One

// The codes of orders that were not sent.
const (
	Denied pitwall.Code = "APPROVAL_DENIED"
	Lapsed pitwall.Code = "APPROVAL_LAPSED"
	Needed pitwall.Code = "APPROVAL_NEEDED"
)

// Config says what a desk stands before. Every field but Tell must be given.
type Config struct {
	Broker  pitwall.Broker   // the guard
	Journal pitwall.Journal  // no record, no order
	Orders  string           // which wait: Entries or All; empty = none
	Dir     string           // where decisions are put
	Collar  pitwall.Dec      // percent that the price may move while an order waits; 0 = not at all
	Now     func() time.Time // the clock that approvals lapse by
	World   func() time.Time // the world's time, of journal lines
	Market  interface {
		Last(ctx context.Context, symbol string) (pitwall.Bar, error)
	}
	Tell func(o Order) // tells a person of an order that waits; must not block; may be nil
}

// Desk is a pitwall.Broker that keeps orders back. It is safe for concurrent use.
type Desk struct {
	cfg Config

	mu      sync.Mutex
	waiting []Order
	ended   []pitwall.OrderState // that were kept back and never sent
}

// New returns a desk that goes on with what waits in a journal.
func New(c Config, past []pitwall.Entry) *Desk { return &Desk{cfg: c, waiting: Waiting(past)} }

type approvedKey struct{}

// Hold keeps an order back unless it needs no approval or has one. It is what
// risk.Guard.Hold takes.
func (d *Desk) Hold(ctx context.Context, o pitwall.Order) (*pitwall.OrderState, error) {
	if a, _ := ctx.Value(approvedKey{}).(pitwall.Order); a.ID != "" && a.ID == o.ID {
		if a.Qty != o.Qty {
			return nil, pitwall.Errorf(Needed, "a person approved %v of %s, and limits leave %v now", a.Qty, o.Symbol, o.Qty).Hintf("send a new order for what limits leave")
		}
		return nil, nil
	}
	if d.cfg.Orders == "" {
		return nil, nil
	}
	if d.cfg.Orders == Entries && halt.Reduces(ctx, d.cfg.Broker, o, "") {
		return nil, nil
	}
	if o.ID == "" {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "an order that waits for a person needs an id")
	}
	bar, err := d.cfg.Market.Last(ctx, o.Symbol)
	if err != nil {
		return nil, pitwall.Errorf(pitwall.NoPrice, "no price of %s is known for a person to judge the order by", o.Symbol)
	}
	d.mu.Lock()
	same := slices.IndexFunc(d.waiting, func(w Order) bool {
		return w.Symbol == o.Symbol && w.Side == o.Side && w.Qty == o.Qty && w.Type == o.Type && w.Limit == o.Limit && w.Stop == o.Stop
	})
	n := len(d.waiting)
	var twin string
	if same >= 0 {
		twin = d.waiting[same].ID
	}
	d.mu.Unlock()
	switch {
	case same >= 0:
		return nil, pitwall.Errorf(Needed, "the same order waits for a person already: %s", twin).Hintf("do not send it again; orders_status %s says what became of it", twin)
	case n >= maxWaiting:
		return nil, pitwall.Errorf(Needed, "%d orders wait for a person", n).Hintf("wait, or cancel one of them")
	}
	w := Order{Order: o, Cause: pitwall.CauseFrom(ctx), Approval: pitwall.Approval{Held: d.cfg.Now().UTC(), Price: bar.Close}}
	w.Until = w.Held.Add(Window)
	if w.Hash, err = hashOf(o, w.Held); err != nil {
		return nil, err
	}
	if err := d.record(ctx, hold, w, &o.By, ""); err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.waiting = append(d.waiting, w)
	d.mu.Unlock()
	if d.cfg.Tell != nil {
		d.cfg.Tell(w)
	}
	s := w.state(d.cfg.World())
	return &s, nil
}

// state is how a caller sees an order that waits.
func (o Order) state(at time.Time) pitwall.OrderState {
	return pitwall.OrderState{Order: o.Order, Status: pitwall.Awaiting, Updated: at,
		Note: fmt.Sprintf("a person must approve it until %s; nothing was sent. Do not send it again: it is sent when it is approved", o.Until.Format(time.RFC3339))}
}

// record journals a line about an order that waits.
func (d *Desk) record(ctx context.Context, verb string, o Order, by *pitwall.Caller, note string) error {
	e := pitwall.Entry{AsOf: d.cfg.World(), Kind: pitwall.EntryApproval, Verb: verb, Cause: o.Cause, Book: o.Book, By: by, ID: o.ID, Note: note}
	if verb == hold {
		e.Order, e.Approval = &o.Order, &o.Approval
	}
	if _, err := d.cfg.Journal.Append(ctx, e); err != nil {
		return &pitwall.Error{Code: pitwall.JournalFailed, Message: "the journal could not be written, so nothing is held or sent", Err: err}
	}
	return nil
}

// list returns the orders that wait.
func (d *Desk) list() []Order {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.waiting)
}

// Waiting returns how many orders wait.
func (d *Desk) Waiting() int { return len(d.list()) }

// Ready reports whether [Desk.Work] has something to do.
func (d *Desk) Ready(ctx context.Context) bool {
	return slices.ContainsFunc(d.list(), func(o Order) bool {
		_, _, found := decided(d.cfg.Dir, o.Hash)
		return found || o.Approved || d.lapsed(ctx, o) != ""
	})
}

// Work sends what was approved, and drops what was denied or has lapsed.
func (d *Desk) Work(ctx context.Context) error {
	for _, o := range d.list() {
		if err := d.settle(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// settle does what is due for one order.
func (d *Desk) settle(ctx context.Context, o Order) error {
	yes, by, found := decided(d.cfg.Dir, o.Hash)
	person := &pitwall.Caller{Principal: by, Role: "person"}
	why := d.lapsed(ctx, o)
	switch {
	case found && !yes:
		return d.unsent(ctx, deny, o, person, pitwall.Errorf(Denied, "%s did not approve it; nothing was sent", by).Hintf("do not send the same order again"))
	case why != "":
		return d.unsent(ctx, lapse, o, nil, pitwall.Errorf(Lapsed, "%s; nothing was sent", why).Hintf("decide again with the prices of now"))
	case !found && !o.Approved:
		return nil
	case !o.Approved:
		if err := d.record(ctx, approve, o, person, o.Hash); err != nil {
			return err
		}
		d.mark(o.ID)
	}
	ctx = pitwall.WithCaller(pitwall.WithCause(context.WithValue(context.WithoutCancel(ctx), approvedKey{}, o.Order), o.Cause), o.By)
	s, err := d.cfg.Broker.Submit(ctx, o.Order)
	switch code := pitwall.CodeOf(err); {
	case err == nil:
		d.remove(o.ID)
		if s.Status == pitwall.Denied {
			d.end(s)
		}
		return nil
	case code == pitwall.JournalFailed:
		return err // it waits, approved: a repeated Submit sends nothing twice
	case code == pitwall.Timeout:
		return nil // as above
	}
	o.Approved = true
	return d.unsent(ctx, fail, o, nil, pitwall.Errorf(pitwall.CodeOf(err), "it was approved, and could not be sent: %v; nothing was sent", err))
}

// unsent drops an order that was not sent. Of one that was approved the broker says so: what
// it has, or does not answer for, is not dropped.
func (d *Desk) unsent(ctx context.Context, verb string, o Order, by *pitwall.Caller, e *pitwall.Error) error {
	if o.Approved {
		switch known, err := d.cfg.Broker.Orders(ctx, pitwall.OrderQuery{ID: o.ID}); {
		case err == nil && len(known) > 0:
			d.remove(o.ID)
			return nil
		case pitwall.CodeOf(err) != pitwall.UnknownOrder:
			return nil // asked again
		}
	}
	return d.drop(ctx, verb, o, by, e)
}

// lapsed returns why an order can not be approved any more, empty while it can.
func (d *Desk) lapsed(ctx context.Context, o Order) string {
	if hash, err := hashOf(o.Order, o.Held); err != nil || hash != o.Hash {
		return fmt.Sprintf("the order is not the one of hash %s", o.Hash)
	}
	if now := d.cfg.Now(); now.After(o.Until) {
		return fmt.Sprintf("it lapsed at %s, %v after it was held", o.Until.Format(time.RFC3339), Window)
	}
	bar, err := d.cfg.Market.Last(ctx, o.Symbol)
	if err != nil {
		return "no price of " + o.Symbol + " is known any more"
	}
	var c pitwall.Calc
	if far := c.MulDiv(o.Price.Abs(), d.cfg.Collar, 100*pitwall.One); c.Err != nil || (bar.Close-o.Price).Abs() > far {
		return fmt.Sprintf("the price of %s was %v when it was held and is %v: more than %v %% away", o.Symbol, o.Price, bar.Close, d.cfg.Collar)
	}
	return ""
}

// drop ends an order that was never sent.
func (d *Desk) drop(ctx context.Context, verb string, o Order, by *pitwall.Caller, e *pitwall.Error) error {
	if err := d.record(ctx, verb, o, by, e.Error()); err != nil {
		return err
	}
	d.remove(o.ID)
	d.end(pitwall.OrderState{Order: o.Order, Status: pitwall.Denied, Updated: d.cfg.World(), Error: e})
	return nil
}

func (d *Desk) end(s pitwall.OrderState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = append(d.ended, s)
}

func (d *Desk) mark(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.waiting {
		d.waiting[i].Approved = d.waiting[i].Approved || d.waiting[i].ID == id
	}
}

func (d *Desk) remove(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting = slices.DeleteFunc(d.waiting, func(o Order) bool { return o.ID == id })
}

// find returns the order that waits under an id.
func (d *Desk) find(id string) (Order, bool) {
	for _, o := range d.list() {
		if o.ID == id {
			return o, true
		}
	}
	return Order{}, false
}
