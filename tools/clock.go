package tools

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"pitwall"
)

const (
	liveWait = 45 * time.Second // longest wait of one call on a live clock

	// maxWatched is how many symbols that may not be traded a snapshot shows.
	maxWatched = 3
)

func addClock(s *Set) {
	add(s, Tool{Name: "clock_now", Title: "Current time", Idempotent: true,
		Description: "The world's time. Nothing later than this can be seen by any tool."}, clockNow)
	add(s, Tool{Name: "clock_next_bar", Title: "Go to the next bar", Effect: Step,
		Description: "Let time pass to the next bar and return a full snapshot: cash, equity, positions, open orders, fills, rejections and cash flows since, newest bars. Resting orders fill first. " +
			"ended=true means no bar is left. Live: waits up to 45 s and may answer advanced=0; call again."}, clockNextBar)
}

type noInput struct{}

type nowOut struct {
	Weekday string `json:"weekday"`
	Zone    string `json:"zone"`
}

func (o nowOut) text(*pitwall.World) string {
	var t text
	t.pairs("weekday", o.Weekday, "zone", o.Zone)
	return t.String()
}

func clockNow(_ context.Context, w *pitwall.World, _ noInput) (nowOut, error) {
	now := w.Clock.Now().In(zoned(w))
	return nowOut{Weekday: now.Weekday().String(), Zone: now.Location().String()}, nil
}

type nextIn struct {
	Bars  *int   `json:"bars,omitempty" jsonschema:"how many bars to pass, default 1"`
	Until string `json:"until,omitempty" jsonschema:"instead: to the first bar known at or after this time"`
	After string `json:"after,omitempty" jsonschema:"the as_of you last saw: makes a repeated call safe"`
}

// snapshot is what a decision starts from.
type snapshot struct {
	Advanced    int            `json:"advanced"`
	Ended       bool           `json:"ended"`
	Cash        pitwall.Dec    `json:"cash"`
	Equity      pitwall.Dec    `json:"equity"`
	BuyingPower pitwall.Dec    `json:"buying_power"`
	Receivable  pitwall.Dec    `json:"receivable,omitempty"` // dividends earned, in equity, not paid yet
	Positions   []positionView `json:"positions"`
	OpenOrders  []orderView    `json:"open_orders"`
	Fills       []fillView     `json:"fills"`
	Closed      []orderView    `json:"closed_unfilled"`
	Flows       []flowView     `json:"cash_flows"` // dividends, splits, borrow fees, margin calls
	Bars        []barView      `json:"last_bars"`  // the newest of each symbol
	Warnings    []string       `json:"warnings"`
}

func (o snapshot) text(*pitwall.World) string {
	var t text
	t.pairs("advanced", o.Advanced, "ended", o.Ended, "cash", o.Cash, "equity", o.Equity, "buying_power", o.BuyingPower)
	if o.Receivable != 0 {
		t.pairs("receivable", o.Receivable)
	}
	t.positions(o.Positions)
	t.orders("open_orders", o.OpenOrders)
	t.fills(o.Fills)
	t.orders("closed_unfilled", o.Closed)
	t.flows(o.Flows)
	t.bars(o.Bars)
	for _, x := range o.Warnings {
		t.pairs("warning", x)
	}
	return t.String()
}

func clockNextBar(ctx context.Context, w *pitwall.World, in nextIn) (snapshot, error) {
	bars := 1
	if in.Bars != nil {
		bars = *in.Bars
	}
	if bars < 1 || bars > pitwall.MaxSteps || (in.Bars != nil && in.Until != "") {
		return snapshot{}, pitwall.Errorf(pitwall.InvalidInput, "bars is %d and until is %q", bars, in.Until).Hintf("give bars between 1 and %d, or until, not both", pitwall.MaxSteps)
	}
	since := w.Clock.Now()
	var until time.Time
	var err error
	if in.After != "" {
		if since, err = parseTime(w, "after", in.After); err != nil {
			return snapshot{}, err
		}
		if since.After(w.Clock.Now()) {
			return snapshot{}, pitwall.Errorf(pitwall.InvalidInput, "after is %s, but it is %s now", w.Time(since), w.Time(w.Clock.Now())).Hintf("give the as_of of an answer of this world")
		}
	}
	if in.Until != "" {
		if until, err = parseTime(w, "until", in.Until); err != nil {
			return snapshot{}, err
		}
	}
	out := snapshot{}
	if out.Advanced, out.Ended, err = pass(ctx, w, since, bars, until); err != nil {
		return out, err
	}
	if out.Advanced > 0 {
		w.BeginTurn()
	}
	return out, fillSnapshot(ctx, w, since, &out)
}

// pass moves the clock by n bars, or until a time. A clock that is already past
// since does not move: that is what makes a repeated call safe.
func pass(ctx context.Context, w *pitwall.World, since time.Time, n int, until time.Time) (advanced int, ended bool, err error) {
	if w.Clock.Now().After(since) {
		return 0, false, nil
	}
	if w.Mode != pitwall.Sim {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, liveWait)
		defer cancel()
	}
	total := n
	if !until.IsZero() {
		n, total = pitwall.MaxSteps, 0
	}
	for advanced < n && (until.IsZero() || w.Clock.Now().Before(until)) {
		before := w.Clock.Now()
		_, err := w.Clock.Next(ctx, before)
		switch {
		case errors.Is(err, io.EOF):
			return advanced, true, nil
		case errors.Is(err, context.DeadlineExceeded) && w.Mode != pitwall.Sim:
			return advanced, false, nil
		case err != nil:
			return advanced, false, err
		}
		advanced++
		if w.Mode == pitwall.Sim { // a live wait is one of seconds
			stepped(ctx, advanced, total)
		}
	}
	return advanced, false, nil
}

// warnings returns those about the data that became known after since and by now.
func warnings(w *pitwall.World, since time.Time) []pitwall.Warning {
	return slices.DeleteFunc(slices.Clone(w.Warnings), func(x pitwall.Warning) bool {
		return !since.IsZero() && !x.Known.After(since) || x.Known.After(w.Clock.Now())
	})
}

// fillSnapshot reads what the trader may know now.
func fillSnapshot(ctx context.Context, w *pitwall.World, since time.Time, out *snapshot) error {
	acc, err := w.Broker.Account(ctx, pitwall.MainBook)
	if err != nil {
		return err
	}
	open, err := w.Broker.Orders(ctx, pitwall.OrderQuery{Open: true})
	if err != nil {
		return err
	}
	changed, err := w.Broker.Orders(ctx, pitwall.OrderQuery{After: since})
	if err != nil {
		return err
	}
	fills, _, err := w.Broker.Fills(ctx, pitwall.Cursor{Time: since})
	if err != nil {
		return err
	}
	out.Cash, out.Equity, out.BuyingPower, out.Receivable = acc.Cash, acc.Equity, acc.BuyingPower, acc.Receivable
	out.Positions, out.OpenOrders, out.Fills = viewPositions(w, acc), viewOrders(w, open), viewFills(w, fills)
	out.Closed = []orderView{}
	for _, o := range changed {
		if !o.Status.Open() && o.Status != pitwall.Filled {
			out.Closed = append(out.Closed, viewOrder(w, o))
		}
	}
	out.Flows = viewFlows(w, since)
	out.Warnings = pitwall.WarningTexts(warnings(w, since))
	out.Bars = []barView{}
	all := w.Instruments.Instruments()
	watched := 0
	for _, i := range all {
		if !i.Tradable {
			watched++
		}
	}
	for _, i := range all {
		if !i.Tradable && watched > maxWatched {
			continue // market_last_price has them
		}
		if b, err := w.Market.Last(ctx, i.Symbol); err == nil && b.Known.After(since) {
			out.Bars = append(out.Bars, viewBar(w, b))
		}
	}
	return nil
}
