package runs

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"pitwall"
	"pitwall/agentloop"
)

// TurnRow is a turn in a list: its line, and what may differ between two runs.
type TurnRow struct {
	agentloop.TurnLine
	Timing *agentloop.Timing `json:"timing"` // nil: not known
}

// Timed returns the timing, the zero value where it is not known.
func (t TurnRow) Timed() agentloop.Timing {
	if t.Timing == nil {
		return agentloop.Timing{}
	}
	return *t.Timing
}

// AllWarnings returns the warnings of the turn, then those of its replay.
func (t TurnRow) AllWarnings() []agentloop.Warning {
	return slices.Concat(t.Warnings, t.Timed().Warnings)
}

// Turns are turns in their order.
type Turns []TurnRow

// Turns reads summaries.jsonl and timing.jsonl.
func (r *Run) Turns() Turns {
	timing, list := r.Timing(), Turns{}
	for _, line := range r.Lines() {
		t := TurnRow{TurnLine: line}
		if y, ok := timing[line.Turn]; ok {
			t.Timing = &y
		}
		list = append(list, t)
	}
	return list
}

// Agents returns the names of the agents, in order.
func (l Turns) Agents() []string {
	names := map[string]bool{}
	for _, t := range l {
		names[t.Agent] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// Get returns a turn by its number, and whether it is there.
func (l Turns) Get(n int) (TurnRow, bool) {
	i := slices.IndexFunc(l, func(t TurnRow) bool { return t.Turn == n })
	if i < 0 {
		return TurnRow{}, false
	}
	return l[i], true
}

// Until returns the last turn up to the end of a day, and whether there is one.
func (l Turns) Until(day time.Time) (TurnRow, bool) {
	for _, t := range slices.Backward(l) {
		if at, err := time.Parse(time.RFC3339, t.AsOf); err == nil && at.Format(time.DateOnly) <= day.Format(time.DateOnly) {
			return t, true
		}
	}
	return TurnRow{}, false
}

// String says which turns there are: 1 to 17, 19.
func (l Turns) String() string {
	var parts []string
	for i := 0; i < len(l); {
		first := l[i].Turn
		for i++; i < len(l) && l[i].Turn == l[i-1].Turn+1; i++ {
		}
		part := strconv.Itoa(first)
		if last := l[i-1].Turn; first != last {
			part += " to " + strconv.Itoa(last)
		}
		parts = append(parts, part)
	}
	if len(parts) > 8 {
		parts = append(parts[:7], "...", parts[len(parts)-1])
	}
	return strings.Join(parts, ", ")
}

// Totals are sums over turns.
type Totals struct {
	Turns       int                      `json:"turns"`
	Status      map[agentloop.Status]int `json:"status"`
	Orders      int                      `json:"order_calls"`
	Asked       int                      `json:"asked"`
	Cached      int                      `json:"cached"`
	Tokens      agentloop.Usage          `json:"tokens"`
	USD         *pitwall.Dec             `json:"usd"`          // null = a price is not known
	RecordedUSD *pitwall.Dec             `json:"recorded_usd"` // what those from the cache cost once
	Warnings    map[string]int           `json:"warnings"`
}

// Totals adds up what the turns did and cost.
func (l Turns) Totals() (Totals, error) {
	var c pitwall.Calc
	var usd, recorded pitwall.Dec
	sum := Totals{Turns: len(l), Status: map[agentloop.Status]int{}, Warnings: map[string]int{}, USD: &usd, RecordedUSD: &recorded}
	add := func(sum **pitwall.Dec, d *pitwall.Dec) {
		if *sum == nil || d == nil {
			*sum = nil
			return
		}
		**sum = c.Add(**sum, *d)
	}
	for _, t := range l {
		sum.Status[t.Status]++
		sum.Orders += t.Orders
		if y := t.Timing; y != nil {
			sum.Asked, sum.Cached, sum.Tokens = sum.Asked+y.Asked, sum.Cached+y.Cached, sum.Tokens.Add(y.Usage)
			add(&sum.USD, y.USD)
			add(&sum.RecordedUSD, y.RecordedUSD)
		}
		for _, w := range t.AllWarnings() {
			sum.Warnings[w.Kind]++
		}
	}
	return sum, c.Err
}
