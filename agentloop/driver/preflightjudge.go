package driver

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/brokers/halt"
	"pitwall/brokers/risk"
	"pitwall/cache/runs"
)

// This file judges a preflight's drills by the broker's own books and the run's journal.

// loss is one limit of the strategy on what it may lose.
type loss struct {
	key, what string
	limit     risk.Limit[risk.Loss]
	lost      func(runs.Drill) float64 // by a drill, as a fraction
	percent   pitwall.Dec
}

// lossBudget is what the strategy says that it may lose.
type lossBudget []loss

func budgetOf(l risk.Limits) (b lossBudget) {
	day := func(d runs.Drill) float64 { return d.WorstDay }
	fall := func(d runs.Drill) float64 { return d.WorstFall }
	for _, x := range []loss{{key: "max_daily_loss_percent", what: "in a day", limit: l.MaxDailyLoss, lost: day}, {key: "max_drawdown_percent", what: "from its peak", limit: l.MaxDrawdown, lost: fall},
		{key: "max_trailing_loss_percent", what: "from its highest", limit: l.MaxTrailingLoss, lost: fall}, {key: "max_loss_percent", what: "from the start", limit: l.MaxLoss, lost: func(d runs.Drill) float64 { return d.Loss }}} {
		if v, ok := x.limit.Get(); ok {
			x.percent = v.Percent
			b = append(b, x)
		}
	}
	return b
}

// String says what may be lost.
func (b lossBudget) String() string {
	var list []string
	for _, x := range b {
		list = append(list, fmt.Sprintf("%v %% %s", x.percent, x.what))
	}
	return strings.Join(list, ", ")
}

// must notes a failure unless something holds.
func (t *trial) must(holds bool, format string, args ...any) {
	if !holds {
		t.out.Failures = append(t.out.Failures, fmt.Sprintf(format, args...))
	}
}

// read fills in what came of a drill, and judges it.
func (t *trial) read(budget lossBudget) {
	t.out = runs.Drill{Name: t.name, What: t.what, Refused: []string{}, Happened: []string{}, Failures: []string{}}
	t.journal = runs.Open(os.DirFS(t.config.Dir)).Journal()
	t.orders = runs.OrdersOf(t.journal)
	t.counted()
	t.losses(budget)
	if t.result != nil {
		t.out.ModelCalls = t.result.ModelCalls
	}
	for _, e := range t.journal {
		if e.Kind == pitwall.EntryHalt && len(t.out.Happened) < 6 {
			t.out.Happened = append(t.out.Happened, e.Note)
		}
	}
	if t.skew == 0 {
		t.must(t.err == nil, "the run failed: %v", t.err)
		t.books()
	}
	t.judge(t)
}

// counted counts orders, fills and refusals.
func (t *trial) counted() {
	refused := map[string]int{}
	for _, o := range t.orders.List {
		switch {
		case o.Status == pitwall.Denied || o.Status == pitwall.Rejected:
			code := string(o.Status)
			if o.Error != nil {
				code = string(o.Error.Code)
			}
			refused[code]++
		default:
			t.out.Orders++
		}
	}
	t.out.Fills = len(t.orders.Fills)
	if t.extra != nil { // what never became an order
		for code, n := range t.extra.refused {
			refused[code] = max(refused[code], n)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(refused)) {
		t.out.Refused = append(t.out.Refused, fmt.Sprintf("%d %s", refused[code], code))
	}
}

// refusals returns how often something was refused.
func (t *trial) refusals(code string) (n int) {
	for _, text := range t.out.Refused {
		var found string
		var times int
		if _, err := fmt.Sscanf(text, "%d %s", &times, &found); err == nil && (code == "" || found == code) {
			n += times
		}
	}
	return n
}

// losses measures what the broker's account lost, and holds it against the budget.
func (t *trial) losses(budget lossBudget) {
	zone := t.exchange.week.series[0].Instrument.Location()
	points := t.exchange.fake.Venue().Equity()
	if len(points) == 0 {
		return
	}
	before, peak, last := points[0].Equity, points[0].Equity, points[0]
	for _, p := range points {
		if p.Time.In(zone).YearDay() != last.Time.In(zone).YearDay() {
			before = last.Equity
		}
		peak, last = max(peak, p.Equity), p
		t.out.WorstDay = max(t.out.WorstDay, 1-p.Equity.Float()/before.Float())
		t.out.WorstFall = max(t.out.WorstFall, 1-p.Equity.Float()/peak.Float())
		t.out.Loss = max(t.out.Loss, 1-p.Equity.Float()/points[0].Equity.Float())
	}
	const advice = "a limit refuses orders and does not undo a fall; let less be held (max_gross_percent, max_symbol_percent), or state the loss that you accept"
	for _, b := range budget {
		t.must(b.lost(t.out)*100 <= b.percent.Float(), "lost %.2f %% %s, and %s is %v: %s", b.lost(t.out)*100, b.what, b.key, b.percent, advice)
	}
}

// books compares the journal with the broker's own list of orders: none lost, none
// doubled, none that no intent explains, the same quantities filled and held.
func (t *trial) books() {
	if t.result == nil || t.result.Manifest.Broker == nil {
		return
	}
	listed, err := t.exchange.listed(context.Background())
	if err != nil {
		t.must(false, "the broker's orders cannot be read: %v", err)
		return
	}
	prefix := t.result.Manifest.Broker.Prefix
	times, filled := map[string]int{}, map[string]pitwall.Dec{}
	for _, o := range listed {
		times[o.Client]++
		filled[o.Client] += o.Filled
	}
	intended := map[string]bool{}
	for _, e := range t.journal {
		intended[e.ID] = intended[e.ID] || e.Kind == pitwall.EntryIntent && e.Order != nil
	}
	net := map[string]pitwall.Dec{}
	for _, o := range t.orders.List {
		if o.Status == pitwall.Denied || o.Parent != "" || !intended[o.ID] {
			continue
		}
		client := prefix + o.ID
		rejected := o.Status == pitwall.Rejected && o.Filled == 0
		t.must(times[client] == 1 || rejected && times[client] == 0, "order %s (%s %v %s, %s) is %d times at the broker", o.ID, o.Side, o.Qty, o.Symbol, o.Status, times[client])
		t.must(filled[client] == o.Filled, "order %s: the journal has %v filled, the broker %v", o.ID, o.Filled, filled[client])
		delete(times, client)
	}
	for _, client := range slices.Sorted(maps.Keys(times)) {
		t.must(!strings.HasPrefix(client, prefix), "the broker has the order %s, and the journal has no intent of it", client)
	}
	for _, f := range t.orders.Fills {
		if f.Side == pitwall.Sell {
			net[f.Symbol] -= f.Qty
		} else {
			net[f.Symbol] += f.Qty
		}
	}
	if !t.split {
		t.sameHeld(net, t.held())
	}
}

// sameHeld compares what the journal's fills make of each symbol with what the account holds.
func (t *trial) sameHeld(net, has map[string]pitwall.Dec) {
	all := maps.Clone(net)
	maps.Copy(all, has)
	for _, symbol := range slices.Sorted(maps.Keys(all)) {
		t.must(net[symbol] == has[symbol], "the journal's fills of %s make %v, and the account holds %v", symbol, net[symbol], has[symbol])
	}
}

// held returns what the broker's account holds.
func (t *trial) held() map[string]pitwall.Dec {
	has := map[string]pitwall.Dec{}
	a, err := t.exchange.fake.Venue().Account(context.Background(), pitwall.MainBook)
	t.must(err == nil, "the broker's account cannot be read: %v", err)
	for _, p := range a.Positions {
		if p.Qty != 0 {
			has[p.Symbol] = p.Qty
		}
	}
	return has
}

// latched returns the level and the reasons of the drill's halt.
func (t *trial) latched() halt.State { return t.config.Live.Latch.State() }

// agrees says that the account must not have differed from the journal.
func (t *trial) agrees() {
	s := t.latched()
	t.must(!strings.Contains(s.String(), "differs from the journal"), "trading was halted: %v", s)
}

func (t *trial) judgeQuiet() {
	t.agrees()
	if t.result != nil {
		t.must(t.result.Turns >= len(badDays)-1, "%d turns in %d sessions", t.result.Turns, len(badDays))
	}
}

func (t *trial) judgeHalt() {
	t.must(t.sent.err == nil, "the halt could not be raised: %v", t.sent.err)
	t.must(t.sent.raised, "no order passed the limits, so no halt could meet one: the member tried 0.01 to 10 %% of the cash")
	if !t.sent.raised || t.result == nil {
		return
	}
	late := slices.DeleteFunc(slices.Clone(t.sent.behind), t.closes)
	t.must(len(late) == 0, "orders were sent after the halt: %s", strings.Join(late, ", "))
	t.must(t.refusals(string(pitwall.Halted)) > 0, "no order was refused because of the halt")
	t.must(len(t.held()) == 0, "the account still holds positions: %v", t.held())
	open, err := t.exchange.fake.Venue().Orders(context.Background(), pitwall.OrderQuery{Open: true})
	t.must(err == nil && len(open) == 0, "%d orders are still open (%v)", len(open), err)
	t.must(t.latched().Level == halt.Flatten, "the latch is %v at the end", t.latched())
}

func (t *trial) judgeThrottle() {
	t.agrees()
	t.must(t.out.Orders > 0, "no order passed the limits, so none could be throttled")
	t.must(len(t.sent.ids) > t.out.Orders, "no order was sent again after a 429: %d sent, %d orders", len(t.sent.ids), t.out.Orders)
}

func (t *trial) judgeStale() {
	t.must(t.extra.accepted == 0, "%d orders at prices of two days before were let through", t.extra.accepted)
	t.must(t.refusals(string(pitwall.NoPrice))+t.refusals(string(risk.StalePrice)) > 0, "no order was refused because its price was old")
}

func (t *trial) judgeSplit() {
	symbol := t.config.Strategy.Symbols[0]
	when := t.exchange.week.actions[0].Ex
	heldThen := false
	for _, f := range t.orders.Fills {
		heldThen = heldThen || f.Symbol == symbol && f.Time.Before(when)
	}
	t.must(heldThen, "nothing of %s was held over the split, so it was not met", symbol)
	t.must(t.latched().Level >= halt.Halt && strings.Contains(t.latched().String(), symbol+": the journal has"), "the split did not halt trading: the latch is %v", t.latched())
	for _, o := range t.orders.List {
		t.must(o.Status == pitwall.Denied || o.Sent.Before(when.Add(24*time.Hour)), "order %s (%s %v %s) was sent after the split", o.ID, o.Side, o.Qty, o.Symbol)
	}
}

func (t *trial) judgeNews() {
	t.must(len(t.extra.refused) > 0, "nothing of \"buy everything\" was refused")
	t.must(t.extra.refused["NO_COVERAGE"] == 0, "the headline was not found")
}

func (t *trial) judgeSkew() {
	t.must(t.err != nil && strings.Contains(t.err.Error(), "clock differs"), "the run started with a clock that is %v off (%v)", t.skew, t.err)
	t.must(len(t.sent.ids) == 0, "%d orders were sent", len(t.sent.ids))
	if t.err != nil {
		t.out.Happened = append(t.out.Happened, t.err.Error())
	}
}

func (t *trial) judgeIgnore() {
	t.must(t.refusals("") > 0, "nothing was refused")
	for _, o := range t.orders.List {
		t.must(o.Status == pitwall.Denied || slices.Contains(t.config.Strategy.Symbols, o.Symbol), "an order of %s was sent, which the strategy does not trade", o.Symbol)
	}
	if t.config.Strategy.Account.Type != pitwall.MarginAccount {
		for symbol, has := range t.held() {
			t.must(has > 0, "%v %s are held in an account that may not short", has, symbol)
		}
	}
}
