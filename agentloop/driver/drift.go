package driver

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/brokers/paper"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/sim"
	"pitwall/tools"
)

// This file compares a live run with what the backtest makes of what it saw. A cause is
// found by trying: the run's orders are filled again over the bars that it saw, without
// costs, and over other bars; its agents decide again over the same bars, and over others.

// Cause is why a live run and its backtest differ.
type Cause string

// The causes.
const (
	ByData    Cause = "data"    // the bars were others than those of the reference, or none traded at the price
	ByLatency Cause = "latency" // it came at a later bar, or a turn was missed
	ByFees    Cause = "fees"    // costs: commission, spread, slippage
	ByModel   Cause = "model"   // the same inputs, another decision
	ByHalt    Cause = "halt"    // trading was stopped
	ByOthers  Cause = "others"  // the broker refused, or a person or the exchange acted
	ByBefore  Cause = "before"  // the account differed already
)

// Difference is one thing that differs.
type Difference struct {
	At       time.Time `json:"at"` // of the order
	Order    string    `json:"order,omitempty"`
	What     string    `json:"what"` // price, quantity, fee, fill or decision
	Live     string    `json:"live"`
	Backtest string    `json:"backtest"`
	Cause    Cause     `json:"cause"`
	Why      string    `json:"why"`
}

// Drift is what a live run and the backtest over what it saw differ in.
type Drift struct {
	RunID       string       `json:"run_id"`
	Orders      int          `json:"orders"`  // of the live run
	Fills       int          `json:"fills"`   // of the live run
	Decided     bool         `json:"decided"` // the agents have decided again
	Differences []Difference `json:"differences"`
	Notes       []string     `json:"notes"`
}

// DriftConfig is a live run and what it is compared with.
type DriftConfig struct {
	Folder fs.FS
	// Feed holds the bars as they are known now: a recorded feed, or data fetched since; nil
	// = what the run saw is all that there is.
	Feed pitwall.Source

	// Of the decisions. Without agents only fills are compared.
	Strategy *Strategy
	History  *history.Store // the strategy's data
	Agents   []agentloop.Agent
	Tools    []tools.External
	Dir      string // for the runs that are made to compare; the caller removes it
	Now      func() time.Time
}

// driftRun is a comparison under way.
type driftRun struct {
	DriftConfig
	manifest runs.Manifest
	journal  []pitwall.Entry
	orders   *runs.Orders
	seen     *runs.Data
	from, to time.Time // to: behind the last bar that it saw
	zone     *time.Location
	out      Drift
}

// FindDrift compares.
func FindDrift(ctx context.Context, c DriftConfig) (Drift, error) {
	d := &driftRun{DriftConfig: c}
	if err := d.read(); err != nil {
		return d.out, err
	}
	if err := d.fills(ctx); err != nil {
		return d.out, fmt.Errorf("filling the run's orders again: %w", err)
	}
	if len(c.Agents) == 0 {
		d.out.Notes = append(d.out.Notes, "the decisions were not made again: a model is asked only on request")
	} else {
		if err := d.decisions(ctx); err != nil {
			return d.out, fmt.Errorf("deciding again: %w", err)
		}
	}
	slices.SortStableFunc(d.out.Differences, func(a, b Difference) int { return a.At.Compare(b.At) })
	return d.out, nil
}

// read reads the run.
func (d *driftRun) read() (err error) {
	strict := runs.Strict{FS: d.Folder}
	if d.manifest, err = strict.Manifest(); err != nil {
		return fmt.Errorf("reading the run: %w", err)
	}
	m := d.manifest
	if m.Mode == "" {
		return pitwall.Errorf(pitwall.InvalidInput, "%s is a backtest", m.RunID).Hintf("drift is for runs of pitwall trade and of pitwall serve --broker")
	}
	if d.journal, err = strict.Journal(); err != nil {
		return err
	}
	if d.seen, err = strict.Data(m); err != nil {
		return err
	}
	if len(d.seen.Series()) == 0 {
		return pitwall.Errorf(pitwall.InvalidInput, "%s has no bars", m.RunID)
	}
	d.zone = d.seen.Series()[0].Instrument.Location()
	if d.from, err = time.ParseInLocation(time.DateOnly, m.From, d.zone); err != nil {
		return fmt.Errorf("manifest.json: from: %w", err)
	}
	for _, s := range d.seen.Series() {
		if n := s.Len(); n > 0 && s.Bar(n-1).End.After(d.to) {
			d.to = s.Bar(n - 1).End
		}
	}
	d.orders = runs.OrdersOf(d.journal)
	d.out = Drift{RunID: m.RunID, Fills: len(d.orders.Fills), Differences: []Difference{}, Notes: []string{}}
	for _, o := range d.orders.List {
		if o.Status != pitwall.Denied {
			d.out.Orders++
		}
	}
	if d.Feed != nil {
		d.compareBars()
	}
	return nil
}

// compareBars notes how many bars of the feed are not what the run saw.
func (d *driftRun) compareBars() {
	other := map[string]pitwall.Bar{}
	for _, s := range d.Feed.Series() {
		for i := range s.Len() {
			b := s.Bar(i)
			other[fmt.Sprint(b.Symbol, b.Start.UnixNano())] = b
		}
	}
	differ, lack, all := 0, 0, 0
	for _, s := range d.seen.Series() {
		for i := range s.Len() {
			b := s.Bar(i)
			x, ok := other[fmt.Sprint(b.Symbol, b.Start.UnixNano())]
			if all++; !ok {
				lack++
			} else if x.Open != b.Open || x.High != b.High || x.Low != b.Low || x.Close != b.Close {
				differ++
			}
		}
	}
	d.out.Notes = append(d.out.Notes, fmt.Sprintf("%d of the %d bars that the run saw are others in the feed, and it lacks %d", differ, all, lack))
}

// add notes a difference.
func (d *driftRun) add(at time.Time, order, what, live, backtest string, cause Cause, format string, args ...any) {
	d.out.Differences = append(d.out.Differences, Difference{At: at, Order: order, What: what, Live: live, Backtest: backtest, Cause: cause, Why: fmt.Sprintf(format, args...)})
}

// filled fills the run's own orders again over bars, by the rules of the backtest.
func (d *driftRun) filled(ctx context.Context, bars pitwall.Source, costs pitwall.Costs) (map[string][]pitwall.Fill, error) {
	m := d.manifest
	before := until(d.seen, d.from)
	var journal pitwall.MemoryJournal
	v, err := paper.Open(ctx, paper.Config{Sim: sim.Config{Source: before, Symbols: m.Symbols, From: d.from, Cash: m.Cash, Terms: m.Account, Costs: costs, Rules: m.Fills, Journal: &journal}})
	if err != nil {
		return nil, err
	}
	feed := NewRecorded(bars, d.from, d.to)
	unsent := pitwall.Unsent(d.journal)
	next := 0
	send := func(until time.Time) {
		for ; next < len(d.journal) && !d.journal[next].AsOf.After(until); next++ {
			e := d.journal[next]
			if e.Kind != pitwall.EntryIntent || unsent[e.Seq] {
				continue
			}
			switch e.Verb { // what is refused here has no fill, which is the difference
			case "submit":
				_, _ = v.Submit(ctx, *e.Order)
			case "replace":
				_, _ = v.Replace(ctx, e.ID, *e.Change)
			case "cancel":
				_, _ = v.Cancel(ctx, e.ID)
			}
		}
	}
	for len(feed.bars) > 0 {
		got, err := feed.Bars(ctx, feed.bars[0].Known)
		if err != nil {
			return nil, err
		}
		got = slices.DeleteFunc(slices.Clone(got), func(b pitwall.Bar) bool { return seriesOf(d.seen, b.Symbol) == nil })
		send(v.Now())
		if _, err := v.Take(ctx, got); err != nil {
			return nil, err
		}
		send(v.Now())
	}
	list, _, err := v.Fills(ctx, pitwall.Cursor{})
	out := map[string][]pitwall.Fill{}
	for _, f := range list {
		out[f.OrderID] = append(out[f.OrderID], f)
	}
	return out, err
}

// total is an order's fills as one.
type total struct {
	qty, price, fee pitwall.Dec // price: the average
	bar             time.Time   // start of the last one's bar
}

func (d *driftRun) total(symbol string, fills []pitwall.Fill) (t total) {
	var c pitwall.Calc
	var money pitwall.Dec
	for _, f := range fills {
		t.qty, money, t.fee = c.Add(t.qty, f.Qty), c.Add(money, c.Mul(f.Qty, f.Price)), c.Add(t.fee, f.Fee)
		t.bar = d.barAt(symbol, f.Time).Start
	}
	if t.qty != 0 {
		t.price = c.Div(money, t.qty).Round(6)
	}
	return t
}

// barAt returns the bar that ends at or first after a time, by what the run saw.
func (d *driftRun) barAt(symbol string, at time.Time) pitwall.Bar {
	s := seriesOf(d.seen, symbol)
	if s == nil {
		return pitwall.Bar{}
	}
	i, _ := slices.BinarySearch(s.End, at.UnixNano())
	if i == s.Len() {
		return pitwall.Bar{}
	}
	return s.Bar(i)
}

// fills compares the fills of each order.
func (d *driftRun) fills(ctx context.Context) error {
	costs := d.manifest.Costs
	again, err := d.filled(ctx, d.seen, costs)
	if err != nil {
		return err
	}
	free, err := d.filled(ctx, d.seen, pitwall.Costs{CashBuffer: costs.CashBuffer})
	if err != nil {
		return err
	}
	var other map[string][]pitwall.Fill
	if d.Feed != nil {
		if other, err = d.filled(ctx, d.Feed, costs); err != nil {
			return err
		}
	}
	for _, o := range d.orders.List {
		if o.Status == pitwall.Denied {
			continue
		}
		if o.By.Principal == "halt" || strings.HasPrefix(o.ID, "external:") {
			if o.Filled > 0 {
				cause, why := ByHalt, "a halt closed the position"
				if strings.HasPrefix(o.ID, "external:") {
					cause, why = ByOthers, "a person or the exchange traded in the account"
				}
				if o.Reason == "coin_fee" {
					cause, why = ByFees, "the broker took its fee of a purchase in coins"
				}
				d.add(o.Sent, o.ID, "fill", fmt.Sprintf("%s %v", o.Side, o.Filled), "none", cause, "%s", why)
			}
			continue
		}
		live, mine := d.total(o.Symbol, o.Fills), d.total(o.Symbol, again[o.ID])
		if live == mine {
			continue
		}
		d.explain(o, live, mine, d.total(o.Symbol, free[o.ID]), d.total(o.Symbol, other[o.ID]), other != nil)
	}
	return nil
}

// explain says what differs in an order's fills, and why.
func (d *driftRun) explain(o *runs.Order, live, mine, free, other total, known bool) {
	bar := d.barAt(o.Symbol, lastFill(o.Fills))
	price := func(t total) string { return fmt.Sprintf("%v at %v", t.qty, t.price) }
	switch {
	case live.qty == 0 && o.Error != nil:
		d.add(o.Sent, o.ID, "fill", "none", price(mine), ByOthers, "the broker said no: %s", o.Error.Message)
	case live.qty == 0 && o.Status == pitwall.Unknown:
		d.add(o.Sent, o.ID, "fill", "none", price(mine), ByOthers, "the broker has not answered for the order")
	case known && live.qty == other.qty && live.price == other.price && (mine.qty != other.qty || mine.price != other.price):
		d.add(o.Sent, o.ID, whatDiffers(live, mine), price(live), price(mine), ByData, "over the bars of the feed the backtest fills as the broker did: the run saw other bars")
	case mine.qty != 0 && !live.bar.Equal(mine.bar) && live.bar.After(mine.bar):
		d.add(o.Sent, o.ID, whatDiffers(live, mine), price(live)+" in the bar of "+stampOf(live.bar), price(mine)+" in the bar of "+stampOf(mine.bar), ByLatency, "the order filled in a later bar")
	case live.qty == 0:
		d.add(o.Sent, o.ID, "fill", "none", price(mine), ByLatency, "the order was %s before it filled", o.Status)
	case mine.qty == 0:
		d.add(o.Sent, o.ID, "fill", price(live), "none", ByData, "in the bars that the run saw the order does not fill")
	case live.qty != mine.qty:
		d.add(o.Sent, o.ID, "quantity", price(live), price(mine), ByData, "the backtest takes at most a share of the bar's volume, %v here", bar.Volume)
	case live.price == mine.price:
		d.add(o.Sent, o.ID, "fee", live.fee.String(), mine.fee.String(), ByFees, "the costs of the strategy are not those of the broker")
	case live.price == free.price:
		d.add(o.Sent, o.ID, "price", price(live), price(mine), ByFees, "without the strategy's slippage the backtest fills at the broker's price")
	case live.price >= bar.Low && live.price <= bar.High:
		d.add(o.Sent, o.ID, "price", price(live), price(mine), ByFees, "inside the bar (%v to %v): spread and slippage of the market", bar.Low, bar.High)
	default:
		d.add(o.Sent, o.ID, "price", price(live), price(mine), ByData, "outside the bar that the run saw (%v to %v)", bar.Low, bar.High)
	}
}

func whatDiffers(a, b total) string {
	if a.qty != b.qty {
		return "quantity"
	}
	return "price"
}

func stampOf(t time.Time) string {
	if t.IsZero() {
		return "no known day"
	}
	return t.Format("2006-01-02 15:04")
}

func lastFill(fills []pitwall.Fill) (at time.Time) {
	for _, f := range fills {
		at = f.Time
	}
	return at
}
