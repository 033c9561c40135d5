package driver

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
	"pitwall/tools/report"
)

// Evidence is what the answers that a turn had were worth to an order of it: the turn was
// decided again once for each, without that answer. A model that answers otherwise each
// time it is asked does so here too.
type Evidence struct {
	Order  string          `json:"order"`
	Turn   int             `json:"turn"`
	AsOf   string          `json:"as_of"`
	Symbol string          `json:"symbol"`
	Qty    pitwall.Dec     `json:"qty"` // that the turn ordered of the symbol: sold below 0
	Rows   []WithoutAnswer `json:"answers"`
	Asked  int             `json:"asked"`    // replies
	USD    *pitwall.Dec    `json:"cost_usd"` // null = a price is not known
}

// WithoutAnswer is what a turn ordered without one of its answers.
type WithoutAnswer struct {
	Call      int         `json:"call"` // its number among the calls of the turn
	Role      string      `json:"role,omitempty"`
	Tool      string      `json:"tool"`
	Arguments string      `json:"arguments"`
	Qty       pitwall.Dec `json:"qty"`
	Changed   string      `json:"changed"` // none, size, side, or no order
}

// AtOrder sets Turn to that of an order of the parent. It is called before [Fork.Prepare].
func (f *Fork) AtOrder(id string) (symbol string, err error) {
	run := runs.Open(f.Parent)
	orders := runs.OrdersOf(run.Journal())
	var known []string
	for _, o := range orders.List {
		if o.ID == id && o.Turn > 0 {
			f.Turn = o.Turn
			return o.Symbol, nil
		}
		if o.Turn > 0 {
			known = append(known, o.ID)
		}
	}
	return "", pitwall.Errorf(pitwall.UnknownOrder, "%s has no order %q of a turn", run.Manifest.RunID, id).Hintf("did you mean %s? pitwall trace shows the orders of a turn", pitwall.Nearest(id, known))
}

// Answers lists the numbers of the calls of Turn whose answers can be left out: those that
// have one and neither order nor write into the memory, each once.
func (f *Fork) Answers() (list []int, err error) {
	t, err := f.run.Turn(f.Turn)
	if err != nil {
		return nil, err
	}
	calls := t.Calls()
	for i, c := range calls {
		again := slices.ContainsFunc(calls[:i], func(x agentloop.AnsweredCall) bool {
			return x.Role == c.Role && x.Name == c.Name && string(x.Arguments) == string(c.Arguments)
		})
		if !again && !c.Result.IsError && !agentloop.ChangesOrders(c.Name) && c.Name != "memory_note" {
			list = append(list, i+1)
		}
	}
	return list, nil
}

// TurnCost returns what Turn cost in the parent, with recorded replies at what they once
// cost; nil = not known.
func (f *Fork) TurnCost() *pitwall.Dec {
	y := f.run.Timing()[f.Turn]
	if y.USD == nil || y.RecordedUSD == nil {
		return nil
	}
	sum, err := y.USD.Add(*y.RecordedUSD)
	if err != nil {
		return nil
	}
	return &sum
}

// FindEvidence decides Fork.Turn again without each of its answers and compares what it
// orders of a symbol. Dir is a folder for these runs.
func FindEvidence(ctx context.Context, c Config, order, symbol string) (*Evidence, error) {
	answers, err := c.Fork.Answers()
	if err != nil {
		return nil, err
	}
	e := &Evidence{Order: order, Turn: c.Fork.Turn, AsOf: c.Fork.asOf.Format("2006-01-02"), Symbol: symbol, Rows: []WithoutAnswer{}, USD: new(pitwall.Dec)}
	if e.Qty, err = orderedIn(c.Fork.run, e.Turn, symbol); err != nil {
		return nil, err
	}
	dir := c.Dir
	c.Turns = e.Turn
	for _, n := range answers {
		f := *c.Fork
		f.Without = strconv.Itoa(n)
		if err := f.findCall(); err != nil {
			return nil, err
		}
		c.Fork, c.Dir = &f, filepath.Join(dir, "without-"+f.Without)
		r, err := Run(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("without the answer of call %d: %w", n, err)
		}
		x := WithoutAnswer{Call: n, Role: f.call.Role, Tool: f.call.Name, Arguments: report.Canonical(f.call.Arguments)}
		if x.Qty, err = orderedIn(runs.Open(os.DirFS(r.Out)), e.Turn, symbol); err != nil {
			return nil, err
		}
		x.Changed = changed(e.Qty, x.Qty)
		e.Rows, e.Asked = append(e.Rows, x), e.Asked+r.ModelCalls
		if e.USD, err = addKnown(e.USD, r.CostUSD); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// addKnown adds amounts; one that is not known makes the sum not known.
func addKnown(sum, d *pitwall.Dec) (*pitwall.Dec, error) {
	if sum == nil || d == nil {
		return nil, nil
	}
	total, err := sum.Add(*d)
	return &total, err
}

// orderedIn returns how much of a symbol a turn ordered: sold below 0.
func orderedIn(run *runs.Run, turn int, symbol string) (pitwall.Dec, error) {
	var c pitwall.Calc
	var sum pitwall.Dec
	for _, e := range run.Journal() {
		if o := e.Order; e.Kind == pitwall.EntryIntent && e.Turn == turn && o != nil && o.Symbol == symbol {
			if o.Side == pitwall.Sell {
				sum = c.Sub(sum, o.Qty)
			} else {
				sum = c.Add(sum, o.Qty)
			}
		}
	}
	return sum, c.Err
}

// changed says in what a turn orders otherwise.
func changed(was, is pitwall.Dec) string {
	switch {
	case was == is:
		return "none"
	case is == 0:
		return "no order"
	case (was > 0) != (is > 0):
		return "side"
	}
	return "size"
}
