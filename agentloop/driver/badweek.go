package driver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"pitwall"
	"pitwall/brokers/alpacafake"
)

// This file is the exchange of a preflight: the fixed bad week behind the strategy's own
// history, served by the fake Alpaca on this machine, and a clock that follows it.

// badDay is how a session of the bad week opens and closes, each in basis points of the
// close before. The last one is where the orders of the fifth fill.
var badDays = []struct{ open, close int64 }{{-50, -200}, {-300, -400}, {100, -300}, {-400, -600}, {100, 200}, {0, 0}}

// splitDay is the session whose open a split of the preflight is at, from 0.
const splitDay = 2

// barsOfDay is how many bars a session of the bad week has where bars are shorter.
const barsOfDay = 2

// badWeek is a source: history, then the bad week.
type badWeek struct {
	series  []*pitwall.Series
	actions []pitwall.Action
	from    time.Time // the first session
	to      time.Time // behind the last bar
}

// Series implements pitwall.Source.
func (w *badWeek) Series() []*pitwall.Series { return w.series }

// Actions implements pitwall.Source.
func (w *badWeek) Actions() []pitwall.Action { return w.actions }

// newBadWeek puts the week behind the history of every symbol; with split the first of
// symbols is split 2:1 before its third session.
func newBadWeek(history pitwall.Source, symbols []string, split bool) (*badWeek, error) {
	w := &badWeek{}
	var begin time.Time
	for _, s := range history.Series() {
		if n := s.Len(); n > 0 && s.Bar(n-1).Known.After(begin) {
			begin = s.Bar(n - 1).Known
		}
	}
	for _, s := range history.Series() {
		x, err := w.extend(s, begin, split && s.Instrument.Symbol == symbols[0])
		if err != nil {
			return nil, fmt.Errorf("the bad week of %s: %w", s.Instrument.Symbol, err)
		}
		w.series = append(w.series, x)
	}
	return w, nil
}

// extend returns a series with the week behind it.
func (w *badWeek) extend(s *pitwall.Series, begin time.Time, split bool) (*pitwall.Series, error) {
	x := s.Part(0, s.Len())
	if x.Len() == 0 {
		return nil, errors.New("it has no bar")
	}
	x = &pitwall.Series{Instrument: x.Instrument, Size: x.Size, Adjusted: pitwall.Raw, File: "the bad week",
		Start: slices.Clone(x.Start), End: slices.Clone(x.End), Known: slices.Clone(x.Known), Open: slices.Clone(x.Open), High: slices.Clone(x.High), Low: slices.Clone(x.Low), Close: slices.Clone(x.Close), Volume: slices.Clone(x.Volume)}
	x.Instrument.Tradable = true
	last := x.Bar(x.Len() - 1)
	price, volume, at := last.Close, last.Volume, begin
	for i, d := range badDays {
		var c pitwall.Calc
		if split && i == splitDay {
			price = c.Div(price, pitwall.Int(2))
		}
		open, closes := c.Add(price, c.Bps(price, pitwall.Int(d.open))), c.Add(price, c.Bps(price, pitwall.Int(d.close)))
		if c.Err != nil {
			return nil, c.Err
		}
		bars := 1
		if x.Size < 24*time.Hour {
			bars = barsOfDay
		}
		from := open
		for n := range bars {
			end := nextClose(x.Instrument, x.Size, at)
			if end.IsZero() {
				return nil, errors.New("its calendar has no session within a month")
			}
			start := end.Add(-x.Size)
			if opens, _, ok := x.Instrument.Session(x.Instrument.Day(end.Add(-1))); ok && x.Size >= 24*time.Hour && x.Size < pitwall.OneWeek {
				start = opens
			}
			to := closes
			if n+1 < bars {
				to = (open + closes) / 2
			}
			if w.from.IsZero() || start.Before(w.from) {
				w.from = start
			}
			if split && i == splitDay && n == 0 {
				w.actions = append(w.actions, pitwall.Action{Symbol: x.Instrument.Symbol, Type: "split", Ex: x.Instrument.Day(start), Value: pitwall.Int(2)})
			}
			b := pitwall.Bar{Symbol: x.Instrument.Symbol, Start: start, End: end, Known: end, Open: onTick(from, x.Instrument.Tick), Close: onTick(to, x.Instrument.Tick), Volume: volume}
			b.High, b.Low = max(b.Open, b.Close), min(b.Open, b.Close)
			if err := x.Append(b); err != nil {
				return nil, err
			}
			from, at = to, end
		}
		price = closes
		if _, ends, ok := x.Instrument.Session(x.Instrument.Day(at.Add(-1))); ok && x.Size < 24*time.Hour && ends.After(at) {
			at = ends
		}
	}
	if at.After(w.to) {
		w.to = at
	}
	return x, nil
}

// onTick rounds a price down to a tick, and a price below one up to it.
func onTick(price, tick pitwall.Dec) pitwall.Dec {
	if tick <= 0 {
		tick = pitwall.One / 100
	}
	return cmp.Or(price.Floor(tick), tick)
}

// rehearsed is the fake exchange of one drill, with a clock that moves only while it is
// waited on. The fake's clock follows it.
type rehearsed struct {
	week *badWeek
	fake *alpacafake.Server
	web  *http.Server
	url  string
	wire *http.Transport
	over func() // called once, behind the last bar

	mu  sync.Mutex
	now time.Time
	err error // of the fake
	end bool
}

// rehearse serves a week on a port of this machine.
func rehearse(ctx context.Context, w *badWeek, spec SimSpec, faults []alpacafake.Fault) (*rehearsed, error) {
	var names []string
	for _, s := range w.series {
		names = append(names, s.Instrument.Symbol)
	}
	costs := spec.Costs // commission is not in the prices of Alpaca's fills
	costs = pitwall.Costs{SlippageBps: costs.SlippageBps, SlippageEach: costs.SlippageEach, Spread: costs.Spread, Impact: costs.Impact}
	fake, err := alpacafake.New(alpacafake.Config{Source: w, Symbols: names, From: w.from, To: w.to.Add(time.Second), Cash: spec.Cash, Costs: costs, Rules: spec.Rules, Terms: pitwall.Terms{Type: spec.Terms.Type}, Faults: faults})
	if err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serving the fake broker: %w", err)
	}
	x := &rehearsed{week: w, fake: fake, url: "http://" + l.Addr().String(), wire: &http.Transport{}, web: &http.Server{Handler: fake, ReadHeaderTimeout: 10 * time.Second}, now: w.from}
	go func() { _ = x.web.Serve(l) }() // it ends with close
	return x, nil
}

func (x *rehearsed) close() error {
	x.fake.Close()
	x.wire.CloseIdleConnections()
	return x.web.Close()
}

// Now is the host's time.
func (x *rehearsed) Now() time.Time {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.now
}

// skip moves the host's clock alone: a model thinks.
func (x *rehearsed) skip(d time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.now = x.now.Add(d)
}

// Wait moves the clock. A wait for a bar, which is longer than the pauses between two
// questions to a broker, ends no earlier than when the next one is there.
func (x *rehearsed) Wait(ctx context.Context, until time.Time) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if next := x.next(); until.Sub(x.now) >= 30*time.Second && next.Add(time.Second).After(until) {
		until = next.Add(time.Second)
	}
	if until.After(x.now) {
		x.now = until
	}
	for x.err == nil {
		if next := x.next(); next.IsZero() || next.After(x.now) {
			break
		}
		if err := x.fake.Step(ctx); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			x.err = err
		}
	}
	if !x.end && !x.now.Before(x.week.to) {
		x.end = true
		x.over()
	}
	return errors.Join(ctx.Err(), x.err)
}

// next returns when the fake's next bar becomes known, zero when none is left.
func (x *rehearsed) next() (first time.Time) {
	at := x.fake.Now().UnixNano()
	for _, s := range x.week.series {
		if i := s.KnownAt(at); i < s.Len() {
			if known := s.Bar(i).Known; first.IsZero() || known.Before(first) {
				first = known
			}
		}
	}
	return first
}
