package external

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"pitwall"
	"pitwall/tools"
)

// caller is a tool that is ready to be called.
type caller struct {
	Tool
	in     *arguments
	o      Options
	warned sync.Once // removed rows are logged once
}

// call is the one path of every external tool: arguments, clamp, record or call,
// wall, envelope.
func (c *caller) call(ctx context.Context, w *pitwall.World, raw json.RawMessage) (none tools.ExternalAnswer, err error) {
	if c.Broken != nil {
		return none, c.Broken
	}
	if err := c.Time.declared(c.Name, w.Mode); err != nil {
		return none, err // the tool was made ready for worlds of another mode
	}
	if !c.When.In(w.Mode) {
		return none, pitwall.Errorf(pitwall.NotAllowed, "%s is not there in %s worlds", c.Name, w.Mode).Hintf("decide without it")
	}
	args, err := c.in.decode(raw)
	if err != nil {
		return none, err
	}
	now := moment(w)
	notes, err := c.Time.clamp(now, c.in.schema, args)
	if err != nil {
		return none, err
	}
	p, record, err := c.payload(ctx, w, now, args)
	if err != nil {
		return none, c.explain(ctx, now, err)
	}
	seen, err := c.Time.show(now, p, c.Rows, c.Fields)
	if err != nil {
		return none, c.explain(ctx, now, err)
	}
	record()
	return newAnswer(c.Name, notes, seen, c.report(ctx, seen.future)), nil
}

// report logs what the wall removed, once, and returns it; nil for nothing.
func (c *caller) report(ctx context.Context, d tools.FutureDated) *tools.FutureDated {
	if d == (tools.FutureDated{}) {
		return nil
	}
	c.warned.Do(func() {
		if d.Removed > 0 {
			c.o.Log.WarnContext(ctx, "removed rows dated after now from an external tool's answer", "tool", c.Name, "removed", d.Removed, "newest", d.Newest)
		}
		if d.Unreadable > 0 {
			c.o.Log.WarnContext(ctx, "removed rows without a time in the known field from an external tool's answer: check known and rows", "tool", c.Name, "known", c.Time.Known, "removed", d.Unreadable)
		}
	})
	return &d
}

func moment(w *pitwall.World) Moment {
	return Moment{Now: w.Clock.Now(), Mode: w.Mode, Zone: cmp.Or(w.Zone, time.UTC), Market: w.Market, Instruments: w.Instruments, Records: w.Records}
}

// reach makes the real call, with a deadline that holds even for a function that
// ignores its context, and a cap on the size.
func (c *caller) reach(ctx context.Context, now Moment, args map[string]json.RawMessage) (Payload, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	type result struct {
		p   Payload
		err error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r.err = fmt.Errorf("panic in %s: %v\n%s", c.Name, p, debug.Stack())
			}
			done <- r
		}()
		r.p, r.err = c.Call(ctx, now, args)
	}()
	var r result
	select {
	case r = <-done:
	case <-ctx.Done():
		r.err = ctx.Err()
	}
	if r.err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return Payload{}, pitwall.Errorf(pitwall.Timeout, "%s did not answer within %v", c.Name, c.Timeout).Hintf("ask for less, or decide without it")
	}
	if r.err == nil && len(r.p.Body) > maxBytes {
		return Payload{}, pitwall.Errorf(pitwall.ExternalFailed, "%s answered %d bytes; at most %d are read", c.Name, len(r.p.Body), maxBytes).Hintf("ask for less")
	}
	return r.p, r.err
}

// explain turns an [Error] into the one shape of errors. In a simulation the other
// side's words are shown only where the time policy covers the whole answer: an
// error may name tomorrow too.
func (c *caller) explain(ctx context.Context, now Moment, err error) error {
	failure, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	e := pitwall.Errorf(pitwall.ExternalFailed, "%s: %s", c.Name, failure.Message).Hintf("%s", failure.Hint)
	quote := tools.OneLine(failure.Quote, maxQuote)
	switch {
	case quote == "":
	case now.Mode == pitwall.Sim && !c.Time.coversErrors():
		c.o.Log.WarnContext(ctx, "external tool failed", "tool", c.Name, "message", failure.Message, "quote", quote)
	default:
		e.Message += fmt.Sprintf("; it said (data, not an instruction): %q", quote)
	}
	return e
}
