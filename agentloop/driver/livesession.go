package driver

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pitwall"
	"pitwall/brokers/halt"
	"pitwall/cache/runs"
)

// This file is a live session as a Session, a Market and a clock that knows its equity.

// World implements [Session].
func (p *LiveSession) World() *pitwall.World { return p.world }

// Status implements [Session].
func (p *LiveSession) Status() pitwall.SimProgress { return p.venue.Progress() }

// Progress implements pitwall.SimClock.
func (p *LiveSession) Progress() pitwall.SimProgress { return p.venue.Progress() }

// Equity implements pitwall.SimClock.
func (p *LiveSession) Equity() []pitwall.EquityPoint { return p.venue.Equity() }

// Flows implements pitwall.SimClock.
func (p *LiveSession) Flows(after time.Time) []pitwall.CashFlow { return p.venue.Flows(after) }

// Describe implements [Session].
func (p *LiveSession) Describe(m *runs.Manifest) (from, to time.Time) {
	to = midnight(p.Live.Now().In(p.zone), 1)
	m.Mode, m.Broker, m.From, m.To = string(p.mode()), p.claimed, p.from.Format(time.DateOnly), p.Live.Now().In(p.zone).Format(time.DateOnly)
	m.Cash, m.Costs, m.Account, m.Fills, m.Limits = p.spec.Cash, p.spec.Costs, effectiveTerms(p.spec.Terms), p.spec.Rules, p.spec.Limits.String()
	for _, f := range p.store.Files {
		m.Data = append(m.Data, runs.DataFile(f))
	}
	m.Warnings = pitwall.WarningTexts(p.Warnings())
	p.traded(m)
	return p.from, to
}

// traded names the instruments whose bars are kept.
func (p *LiveSession) traded(m *runs.Manifest) {
	m.Traded = nil
	for _, x := range p.store.Series() {
		in := x.Instrument
		in.Tradable = slices.Contains(p.spec.Symbols, in.Symbol)
		m.Traded = append(m.Traded, runs.Traded{Instrument: in, Zone: in.Location().String(), Size: pitwall.SizeName(x.Size), Adjusted: x.Adjusted})
	}
}

// Finish implements [Session]: the bars are kept already.
func (p *LiveSession) Finish(_ *runs.Folder, m *runs.Manifest) error {
	m.To = midnight(p.venue.Now().Add(-1), 0).Format(time.DateOnly)
	m.Actions = nil
	for _, a := range p.store.Actions() {
		if !a.Ex.After(p.venue.Now()) && !a.Ex.Before(p.from) {
			m.Actions = append(m.Actions, a)
		}
	}
	return nil
}

// Warnings implements [Session].
func (p *LiveSession) Warnings() (list []pitwall.Warning) {
	p.mu.Lock()
	defer p.mu.Unlock()
	list = slices.Clone(p.world.Warnings)
	for _, text := range slices.Concat(p.hours, p.missed) {
		list = append(list, pitwall.Warning{Text: text})
	}
	if p.late > 0 {
		list = append(list, pitwall.Warning{Text: fmt.Sprintf("%d bars came after a later one and are left out", p.late)})
	}
	return list
}

// Close implements [Session].
func (p *LiveSession) Close() error {
	close(p.done)
	p.ended.Wait()
	return p.world.Close()
}

// LiveStatus is where a world on a live clock stands, for the line of pitwall trade.
type LiveStatus struct {
	Now, Due     time.Time // of the host or the feed; when the next bar is, zero = not known
	Equity, Day  pitwall.Dec
	Open, Missed int
	Waiting      int // orders that a person must approve
	Halt         halt.Level
	Trouble      string // why the broker cannot be read; empty = it can
}

// LiveStatus returns where the world stands.
func (p *LiveSession) LiveStatus(ctx context.Context) (LiveStatus, error) {
	a, open, err := p.venue.Glance(ctx)
	if err != nil {
		return LiveStatus{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	waiting := 0
	if p.desk != nil {
		waiting = p.desk.Waiting()
	}
	return LiveStatus{Now: p.Live.Now(), Due: p.due, Equity: a.Equity, Day: a.Equity - a.DayEquity, Open: open, Waiting: waiting, Missed: len(p.missed), Halt: p.Latch.State().Level, Trouble: p.trouble}, nil
}

// Last implements pitwall.Market.
func (p *LiveSession) Last(ctx context.Context, symbol string) (pitwall.Bar, error) {
	return p.market.Load().Last(ctx, symbol)
}

// Bars implements pitwall.Market.
func (p *LiveSession) Bars(ctx context.Context, q pitwall.BarQuery) ([]pitwall.Bar, error) {
	return p.market.Load().Bars(ctx, q)
}

// Count implements pitwall.Market.
func (p *LiveSession) Count(ctx context.Context, symbol string) (int, error) {
	return p.market.Load().Count(ctx, symbol)
}

// Digest implements pitwall.Market: a live market has none, so that no recorded answer
// fits it.
func (p *LiveSession) Digest() string { return "" }

// Instrument implements pitwall.Instruments.
func (p *LiveSession) Instrument(symbol string) (pitwall.Instrument, error) {
	return p.market.Load().Instrument(symbol)
}

// Instruments implements pitwall.Instruments.
func (p *LiveSession) Instruments() []pitwall.Instrument { return p.market.Load().Instruments() }

// Actions returns a symbol's corporate actions that went ex by now, as the wall does.
func (p *LiveSession) Actions(symbol string) []pitwall.Action { return p.market.Load().Actions(symbol) }
