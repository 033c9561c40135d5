package driver

import (
	"context"
	"errors"
	"time"

	"pitwall"
	"pitwall/brokers/risk"
)

// GuardConfig is what stands between a program that sends orders and its broker.
// Every field but Costs is required: a check that is left out by mistake must not
// let orders through.
type GuardConfig struct {
	Broker      pitwall.Broker
	Journal     pitwall.Journal // no record, no order
	Market      pitwall.Market  // prices that the checks read
	Instruments pitwall.Instruments
	Limits      risk.Limits      // the zero value refuses every order; risk.NoLimits() has none
	Costs       *pitwall.Costs   // of trading, for the limit buying_power
	Now         func() time.Time // the host's time

	// Halted returns why trading is stopped, or nil. NeverHalted is the answer of
	// programs without a halt.
	Halted func() error
	// Approve returns why an order must not be sent, or nil. It may ask a person; one
	// order is decided at a time. ApproveAll asks for no approval.
	Approve func(context.Context, pitwall.Order) error
}

// NeverHalted is a [GuardConfig.Halted] that is never halted.
func NeverHalted() error { return nil }

// ApproveAll is a [GuardConfig.Approve] that approves every order.
func ApproveAll(context.Context, pitwall.Order) error { return nil }

// Guard returns the broker behind order rules, limits, halt, approval and journal,
// for a program that has no world: a proxy, or a trader of another kind. Submissions
// and changes are denied by the first that says no, in this order: limits, order
// rules, halt, approval. Cancels always pass. Use the result in place of c.Broker,
// from any goroutine.
func Guard(c GuardConfig) (pitwall.Broker, error) {
	if c.Broker == nil || c.Journal == nil || c.Market == nil || c.Instruments == nil || c.Now == nil || c.Halted == nil || c.Approve == nil {
		return nil, errors.New("driver: a guard needs Broker, Journal, Market, Instruments, Now, Halted and Approve")
	}
	g := risk.New(c.Broker, c.Journal, hostClock(c.Now), c.Market, c.Instruments, c.Limits)
	if c.Costs != nil {
		g.SetCosts(*c.Costs)
	}
	g.Before(func(ctx context.Context, o pitwall.Order) *pitwall.Error {
		instrument, err := c.Instruments.Instrument(o.Symbol)
		if err != nil {
			return pitwall.Errorf(pitwall.UnknownSymbol, "no instrument %q", o.Symbol)
		}
		bar, err := c.Market.Last(ctx, o.Symbol)
		if err != nil {
			return pitwall.Errorf(pitwall.NoPrice, "no price of %s is known", o.Symbol)
		}
		if e := o.WithDefaults().Check(instrument, bar.Close, c.Now()); e != nil {
			return e
		}
		if err := c.Halted(); err != nil {
			return pitwall.Errorf(pitwall.Halted, "trading is halted: %v", err).Hintf("open orders can be canceled; an operator clears the halt")
		}
		if err := c.Approve(ctx, o); err != nil {
			return pitwall.Errorf(pitwall.NotAllowed, "not approved: %v", err)
		}
		return nil
	})
	return g, nil
}

// hostClock is a clock that can only be read.
type hostClock func() time.Time

// Now implements pitwall.Clock.
func (c hostClock) Now() time.Time { return c() }

// Next implements pitwall.Clock.
func (c hostClock) Next(context.Context, time.Time) (time.Time, error) {
	return time.Time{}, pitwall.Errorf(pitwall.Unsupported, "a guard has no bars to step through")
}
