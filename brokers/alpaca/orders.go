package alpaca

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"

	"pitwall"
)

// page is how many orders Alpaca lists at once.
const page = 500

// Orders implements pitwall.Broker. Every call reads from Alpaca, so that an empty list
// is an answer and never a failed read. Orders that Alpaca does not have (rejected
// before they were sent) and those without an answer are in it too.
func (b *Broker) Orders(ctx context.Context, q pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	if q.ID != "" {
		s, err := b.one(ctx, q.ID)
		if err != nil {
			return nil, err
		}
		return []pitwall.OrderState{s}, nil
	}
	list, err := b.list(ctx, q.Open)
	if err != nil {
		return nil, err
	}
	local, err := b.local(ctx, list)
	if err != nil {
		return nil, err
	}
	list = append(list, local...)
	slices.SortStableFunc(list, byClock)
	out := []pitwall.OrderState{}
	for _, s := range list {
		if (q.Symbol == "" || s.Symbol == q.Symbol) && (q.Book == "" || s.Book == q.Book) && (!q.Open || s.Status.Open()) && (q.After.IsZero() || s.Updated.After(q.After)) {
			out = append(out, s)
		}
	}
	if q.Limit > 0 && len(out) > q.Limit {
		out = out[len(out)-q.Limit:]
	}
	return out, nil
}

// one returns an order by its id.
func (b *Broker) one(ctx context.Context, id string) (pitwall.OrderState, error) {
	if r := b.known(id); r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		return b.resolve(ctx, r)
	}
	a, err := b.current(ctx, id)
	if err != nil {
		return pitwall.OrderState{}, err
	}
	return b.shown(id, *a), nil
}

// shown is an order, or exit, that current found.
func (b *Broker) shown(id string, a sdk.Order) pitwall.OrderState {
	if parent, ok := strings.CutSuffix(id, ".tp"); ok && a.OrderClass == sdk.OCO && b.nameOf(a).parent == "" {
		return b.target(a, parent)
	}
	return b.overlay(id, b.placed(id), a)
}

// resolve is a record's order as it stands. One without an answer is asked for once; that
// Alpaca does not have it yet proves nothing.
func (b *Broker) resolve(ctx context.Context, r *record) (pitwall.OrderState, error) {
	switch r.stage {
	case refused:
		return r.local, nil
	case fresh:
		return pitwall.OrderState{}, pitwall.Errorf(pitwall.UnknownOrder, "order %q was not sent", r.asked.ID)
	case placed:
		return b.state(ctx, r)
	}
	a, err := b.client(ctx).GetOrderByClientOrderID(b.clientID(r.asked.ID))
	if what, _ := judge(err); what == notFound {
		return r.missing(b), nil
	}
	if err != nil {
		return r.unanswered(b), nil
	}
	return b.adopt(ctx, r, a)
}

// How often, and for how long, Alpaca must answer that it does not have an order without an
// answer before it counts as never sent, as after a restart.
const (
	absences = 15
	absent   = 30 * time.Second
)

// missing takes an answer that Alpaca does not have an order that it may still get.
func (r *record) missing(b *Broker) pitwall.OrderState {
	if r.absent++; r.absent == 1 {
		r.absentSince = b.cfg.Now()
	}
	if d := b.cfg.Now().Sub(r.absentSince); r.absent >= absences && d >= absent {
		return r.refuse(pitwall.Errorf(pitwall.UnknownOrder, "order %s never reached Alpaca: it answered %d times in %v that it does not have it", r.asked.ID, r.absent, d.Round(time.Second)).
			Hintf("nothing was bought or sold; send a new order if it is still wanted"))
	}
	return r.unanswered(b)
}

// current asks for an order, also for an exit of another one.
func (b *Broker) current(ctx context.Context, id string) (*sdk.Order, error) {
	parent, isLeg := strings.CutSuffix(id, ".tp")
	if !isLeg {
		parent, isLeg = strings.CutSuffix(id, ".sl")
	}
	if !isLeg {
		return b.find(ctx, id)
	}
	of := b.alpacaID(id)
	if of == "" { // after a restart the names of exits are learned from a list
		if _, err := b.list(ctx, false); err != nil {
			return nil, err
		}
		of = b.alpacaID(id)
	}
	if of == "" {
		a, err := b.find(ctx, parent)
		if err == nil && a.OrderClass != sdk.OCO {
			err = unknownOrder(id)
		}
		return a, err
	}
	a, err := b.client(ctx).GetOrder(of)
	if err != nil {
		return nil, readError("reading order "+id, err)
	}
	return b.newest(ctx, a)
}

// alpacaID returns Alpaca's id of an exit, or of an OCO order's target.
func (b *Broker) alpacaID(id string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for of, n := range b.names {
		if n.id == id {
			return of
		}
	}
	return ""
}

// list reads orders, oldest first: the open ones, or all since Since. Exits follow their
// parents.
func (b *Broker) list(ctx context.Context, open bool) ([]pitwall.OrderState, error) {
	q := sdk.GetOrdersRequest{Status: "all", Limit: page, Direction: "asc", Nested: true, After: b.cfg.Since}
	if open {
		q.Status, q.Nested, q.After = "open", false, q.After.UTC().AddDate(-10, 0, 0) // exits are listed by themselves
	}
	seen := map[string]bool{}
	var all []sdk.Order
	for {
		got, err := b.client(ctx).GetOrders(q)
		if err != nil {
			return nil, readError("listing orders", err)
		}
		fresh := 0
		for _, a := range got {
			if !seen[a.ID] {
				seen[a.ID] = true
				all, fresh = append(all, a), fresh+1
			}
		}
		if len(got) < page {
			break
		}
		if fresh == 0 {
			return nil, pitwall.Errorf(pitwall.Unsupported, "more than %d orders of one second", page)
		}
		q.After = got[len(got)-1].SubmittedAt.Add(-1) // written in whole seconds: some come again
	}
	if open {
		return b.openStates(ctx, all)
	}
	return b.states(all), nil
}

// openStates names open orders; where an exit's name is not known, a list of all teaches it.
func (b *Broker) openStates(ctx context.Context, all []sdk.Order) ([]pitwall.OrderState, error) {
	for _, a := range all {
		b.mu.Lock()
		_, ok := b.names[a.ID]
		b.mu.Unlock()
		if !ok && a.OrderClass != "" && a.OrderClass != sdk.Simple {
			if _, err := b.list(ctx, false); err != nil {
				return nil, err
			}
			break
		}
	}
	return b.states(all), nil
}

// states turns a list into states: of orders that replaced each other only the newest.
func (b *Broker) states(all []sdk.Order) []pitwall.OrderState {
	var list []pitwall.OrderState
	at := map[string]int{}
	add := func(a sdk.Order) {
		n := b.nameOf(a)
		s := b.overlay(n.id, b.placed(n.id), a)
		if i, ok := at[n.id]; ok {
			if a.Status != "rejected" {
				s.Accepted = list[i].Accepted
				list[i] = s
			}
			return
		}
		at[n.id] = len(list)
		list = append(list, s)
	}
	for _, a := range all {
		if a.Replaces != nil {
			b.inherit(*a.Replaces, a.ID)
		}
		n := b.nameOf(a)
		if n.parent == "" {
			b.learn(a, n.id)
		}
		add(a)
		if a.OrderClass == sdk.OCO && n.parent == "" {
			list = append(list, b.target(a, n.id))
		}
		for _, l := range a.Legs {
			add(l)
		}
	}
	return list
}

// target is the take_profit of an OCO order, which at Alpaca is the order itself.
func (b *Broker) target(a sdk.Order, id string) pitwall.OrderState {
	leg := a
	leg.ID, leg.Legs, leg.OrderClass = a.ID+"/tp", nil, sdk.Simple
	s := b.overlay(pitwall.LegID(id, pitwall.TakeProfit), nil, leg)
	s.Parent, s.Role, s.ReduceOnly = id, pitwall.TakeProfit, true
	return s
}

// placed returns the record of an order that Alpaca has, or nil. It takes no lock of the
// record: what it holds of a placed order does not change.
func (b *Broker) placed(id string) *record {
	r := b.known(id)
	if r == nil || !r.mu.TryLock() {
		return nil
	}
	defer r.mu.Unlock()
	if r.stage != placed {
		return nil
	}
	return r
}

// local returns the orders that Alpaca's list lacks: those refused before they were sent,
// and those without an answer, which are asked for once more.
func (b *Broker) local(ctx context.Context, listed []pitwall.OrderState) ([]pitwall.OrderState, error) {
	has := map[string]bool{}
	for _, s := range listed {
		has[s.ID] = true
	}
	b.mu.Lock()
	var ids []string
	for id := range b.records {
		if !has[id] {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(x, y string) int { return b.records[x].seq - b.records[y].seq })
	b.mu.Unlock()
	var out []pitwall.OrderState
	for _, id := range ids {
		r := b.known(id)
		if !r.mu.TryLock() { // it is being sent
			if s := r.sending.Load(); s != nil {
				out = append(out, *s)
			}
			continue
		}
		at := r.stage
		if at == refused || at == unknown {
			s, err := b.resolve(ctx, r)
			if err != nil {
				r.mu.Unlock()
				return nil, err
			}
			out = append(out, s)
		}
		r.mu.Unlock()
	}
	return out, nil
}

// nextClientID is the client_order_id of what replaces an order.
func (b *Broker) nextClientID(id string, a *sdk.Order) string {
	n := 0
	if m := replacement.FindStringSubmatch(a.ClientOrderID); m != nil {
		n, _ = strconv.Atoi(m[1])
	}
	return b.clientID(id) + "~r" + strconv.Itoa(n+1)
}
