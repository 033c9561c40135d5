package halt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"pitwall"
)

// Job does what the levels cancel and flatten ask for. Its broker is the one below the
// [Gate], since a halt refuses the orders that end it.
type Job struct {
	Broker  pitwall.Broker
	Journal pitwall.Journal // no record, no order
	Latch   *Latch
	Now     func() time.Time // the world's time
	Host    func() time.Time // the clock that dates the broker's orders
	Retry   time.Duration    // how long after a close ended the next one is sent, if the position is still there
	Book    string
	// Instruments says what is crypto, which has no day orders.
	Instruments pitwall.Instruments
	// Policy is what a halt asks of this strategy besides what its level says: Cancel or
	// Flatten; another level asks for nothing. It does not act on a raise in doubt.
	Policy Level
	// Who names account and run in notices: what is stopped, and what goes on after off.
	Who string

	mu   sync.Mutex
	said string // the last change that was journaled
	over string // the latch when it was last done
}

// Pass makes one attempt and reports whether nothing is left to do: the broker's lists,
// read after it, have no open order and, to flatten, no position. Call it until then. A
// list that cannot be read is never an empty one.
func (j *Job) Pass(ctx context.Context) (done bool, err error) {
	s := j.Latch.State()
	if s.Level = s.Asks(j.Policy); s.Level < Cancel {
		return true, nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	ctx = context.WithoutCancel(ctx) // what was begun is finished
	left, err := j.work(ctx, s)
	done = left == "" && err == nil
	if done && j.over == s.String() {
		return true, nil
	}
	if j.over = ""; done {
		j.over = s.String()
	}
	text := fmt.Sprintf("%v: %s", s.Level, left)
	if err != nil {
		text += ": " + err.Error()
	} else if left == "" {
		text = fmt.Sprintf("%v: done, read back from the broker%s", s.Level, j.closed(ctx, s))
	}
	if text == j.said {
		return done, err
	}
	j.said = text
	note := text + " (" + s.String() + ")"
	if j.Who != "" {
		note += "; " + j.Who + "; pitwall kill off lets it send orders again"
	}
	_, jerr := j.Journal.Append(ctx, pitwall.Entry{AsOf: j.Now(), Kind: pitwall.EntryHalt, Book: j.Book, Note: note})
	rerr := j.Latch.Report(Report{At: j.Host().UTC(), Raised: first(s).At, Who: j.Who, Done: done, Text: text})
	return done, errors.Join(err, jerr, rerr)
}

// Asks returns how far a job goes: as far as the level, or as a strategy's policy at a halt.
// Raises in doubt alone leave it at the level.
func (s State) Asks(policy Level) Level {
	if slices.ContainsFunc(s.Raises, Raise.certain) {
		return max(s.Level, policy)
	}
	return s.Level
}

// certain reports whether a policy acts on a raise.
func (r Raise) certain() bool { return r.Level >= Halt && !r.Doubt }

// first is the raise that closes are named by: the oldest that asks for them, or that a
// policy acts on.
func first(s State) Raise {
	for _, r := range s.Raises {
		if r.Level == Flatten {
			return r
		}
	}
	return s.Raises[max(0, slices.IndexFunc(s.Raises, Raise.certain))]
}

// closed says what the job's own orders have traded, as the broker lists them.
func (j *Job) closed(ctx context.Context, s State) string {
	if s.Level < Flatten {
		return ""
	}
	all, err := j.Broker.Orders(ctx, pitwall.OrderQuery{Book: j.Book})
	if err != nil {
		return "" // that nothing is left was read; what was done is in the journal
	}
	var list []string
	for _, o := range all {
		if strings.HasPrefix(o.ID, closeID(first(s), "")) && o.Filled > 0 {
			list = append(list, fmt.Sprintf("%s %v %s", o.Side, o.Filled, o.Symbol))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "; closed: " + strings.Join(list, ", ")
}

// closeID begins the id of the close of a symbol.
func closeID(r Raise, symbol string) string {
	return closePrefix + r.At.UTC().Format("20060102T150405") + "-" + symbol
}

// work cancels what is open, then closes what is held, and returns what is left.
func (j *Job) work(ctx context.Context, s State) (left string, err error) {
	open, err := j.open(ctx)
	if err != nil {
		return "open orders are not known", err
	}
	closing := map[string]bool{}
	var errs []error
	for _, o := range open {
		if own(o.Order) {
			closing[o.Symbol] = true // ends its position: canceling it would not
			continue
		}
		if _, err := j.send(ctx, pitwall.Entry{Verb: "cancel", ID: o.ID}, func() (pitwall.OrderState, error) { return j.Broker.Cancel(ctx, o.ID) }); err != nil && pitwall.CodeOf(err) != pitwall.OrderClosed {
			errs = append(errs, fmt.Errorf("canceling %s: %w", o.ID, err))
		}
	}
	if open, err = j.open(ctx); err != nil {
		return "open orders are not known", errors.Join(append(errs, err)...)
	}
	var names []string
	blocked, unanswered := map[string]bool{}, map[string]string{}
	for _, o := range open {
		if o.Status != pitwall.Unknown { // one that may not be there must not keep a position open: the close only reduces
			names, blocked[o.Symbol] = append(names, o.ID), true
			continue
		}
		names = append(names, o.ID+", which has no answer")
		unanswered[o.Symbol] = o.ID
	}
	if len(names) > 0 {
		left = fmt.Sprintf("%d open orders (%s)", len(names), strings.Join(names, ", "))
	}
	if s.Level < Flatten {
		return left, errors.Join(errs...)
	}
	a, err := j.Broker.Account(ctx, j.Book)
	if err != nil {
		return "positions are not known", errors.Join(append(errs, err)...)
	}
	var held []string
	for _, p := range a.Positions {
		if p.Qty == 0 {
			continue
		}
		held = append(held, fmt.Sprintf("%v %s", p.Qty, p.Symbol))
		if id := unanswered[p.Symbol]; id != "" {
			held[len(held)-1] += fmt.Sprintf(" beside order %s without an answer", id)
		}
		if closing[p.Symbol] || blocked[p.Symbol] { // one close at a time, and none beside an order that may fill
			continue
		}
		if err := j.flatten(ctx, p, s); err != nil {
			errs = append(errs, fmt.Errorf("closing %s: %w", p.Symbol, err))
		}
	}
	if len(held) > 0 {
		left = strings.TrimPrefix(left+"; "+fmt.Sprintf("%d positions (%s)", len(held), strings.Join(held, ", ")), "; ")
	}
	return left, errors.Join(errs...)
}

func (j *Job) open(ctx context.Context) ([]pitwall.OrderState, error) {
	return j.Broker.Orders(ctx, pitwall.OrderQuery{Book: j.Book, Open: true})
}

// closePrefix begins the ids of the job's own orders; tools refuse it.
const closePrefix = "flatten-"

// principal is who sends them.
const principal = "halt"

// own reports whether an order is one of the job's: an id alone says nothing.
func own(o pitwall.Order) bool {
	return o.By.Principal == principal && strings.HasPrefix(o.ID, closePrefix)
}

// flatten sends the close of one position. Its id says which raise and which attempt it
// is, so that a process that starts again finds what was sent and sends no second one.
func (j *Job) flatten(ctx context.Context, p pitwall.Position, s State) error {
	cause := first(s)
	for n := 1; ; n++ {
		id := fmt.Sprintf("%s-%d", closeID(cause, p.Symbol), n)
		known, err := j.Broker.Orders(ctx, pitwall.OrderQuery{ID: id})
		switch {
		case err == nil && len(known) == 1 && known[0].Status.Open():
			return nil
		case err == nil && len(known) == 1 && !j.Host().After(known[0].Updated.Add(j.Retry)):
			return fmt.Errorf("%s is %s; the next try is at a later time", id, known[0].Status)
		case err == nil && len(known) == 1:
			continue // it ended and the position is still there
		case pitwall.CodeOf(err) != pitwall.UnknownOrder:
			return fmt.Errorf("whether %s was sent is not known: %w", id, err)
		}
		in, err := j.Instruments.Instrument(p.Symbol)
		if err != nil {
			in = pitwall.Instrument{}
			if strings.Contains(p.Symbol, "/") { // pairs are crypto
				in.Kind = pitwall.Crypto
			}
		}
		o := pitwall.Order{ID: id, Book: j.Book, Symbol: p.Symbol, Side: pitwall.Sell, Type: pitwall.MarketOrder, Class: pitwall.Simple, Qty: p.Qty, TIF: pitwall.Day, ReduceOnly: true,
			By: pitwall.Caller{Principal: principal}, Reason: "flatten: " + cause.Reason}
		if in.Kind == pitwall.Crypto {
			o.TIF = pitwall.GTC // there is no day, and what does not fill at once is still to be closed
		}
		if p.Qty < 0 {
			o.Side, o.Qty = pitwall.Buy, -p.Qty
		}
		state, err := j.send(ctx, pitwall.Entry{Verb: "submit", ID: id, Order: &o, By: &o.By}, func() (pitwall.OrderState, error) { return j.Broker.Submit(ctx, o) })
		if err == nil && state.Error != nil {
			err = state.Error // an order that was refused closed nothing
		}
		return err
	}
}

// send journals an intent, does it and journals what came of it.
func (j *Job) send(ctx context.Context, e pitwall.Entry, do func() (pitwall.OrderState, error)) (pitwall.OrderState, error) {
	e.AsOf, e.Kind, e.Book = j.Now(), pitwall.EntryIntent, j.Book
	if _, err := j.Journal.Append(ctx, e); err != nil {
		return pitwall.OrderState{}, err
	}
	state, err := do()
	out := pitwall.Entry{AsOf: j.Now(), Kind: pitwall.EntryOrder, ID: e.ID, Book: j.Book, State: &state}
	if err != nil {
		out.State, out.Note = nil, err.Error()
	}
	_, jerr := j.Journal.Append(ctx, out)
	return state, errors.Join(err, jerr)
}
