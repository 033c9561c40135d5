package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
)

// Pod returns one pod of a fund's run as a run of its own: the entries of its book, the
// turns of its agents, and the comparisons for its cash and symbols. Where capital was moved
// returns are time-weighted: the curve is what the pod's first cash would have become.
func (r *Run) Pod(name string) (*Run, error) {
	i := slices.IndexFunc(r.Manifest.Pods, func(p runs.Pod) bool { return p.Name == name })
	if i < 0 {
		names := []string{}
		for _, p := range r.Manifest.Pods {
			names = append(names, p.Name)
		}
		if len(names) == 0 {
			return nil, pitwall.Errorf(pitwall.InvalidInput, "the run %s has no pods", r.Manifest.RunID).Hintf("leave out --pod")
		}
		return nil, pitwall.Errorf(pitwall.InvalidInput, "there is no pod %q", name).Hintf("did you mean %s? the pods are %v", pitwall.Nearest(name, names), names)
	}
	p := r.Manifest.Pods[i]
	m := r.Manifest
	m.Pods, m.Cash, m.Symbols, m.Limits, m.Name, m.RunID = nil, p.Cash, p.Symbols, p.Limits, cmp.Or(m.Name, m.RunID)+", pod "+name, m.RunID+" pod "+name
	m.Agents = slices.DeleteFunc(slices.Clone(m.Agents), func(a runs.Agent) bool { return !slices.Contains(p.Agents, a.Name) })
	own := &Run{Manifest: m, Bars: r.Bars, folder: r.folder, Notes: slices.Clone(r.Notes)}
	own.Turns = slices.DeleteFunc(slices.Clone(r.Turns), func(t agentloop.TurnLine) bool { return !slices.Contains(p.Agents, t.Agent) })
	var journal []pitwall.Entry
	moved := 0
	for e := range r.Journal {
		if e.Book != name {
			continue
		}
		if e.Mark != nil {
			e.Mark = new(*e.Mark) // the journal's own may be written again
		}
		if e.Flow != nil && e.Flow.Type == transfer {
			moved++
		}
		e.Book = pitwall.MainBook
		journal = append(journal, e)
	}
	own.Journal = slices.Values(journal)
	own.points(journal)
	if moved > 0 {
		own.Notes = append(own.Notes, fmt.Sprintf("capital was moved %s: returns and the curve are time-weighted; money is what the pod had", Plural(moved, "time")))
	}
	return own, nil
}

// transfer is the flow of capital that moves between books.
const transfer = "transfer"

// points fills a pod's curve, and what its comparisons were worth.
func (r *Run) points(journal []pitwall.Entry) {
	m := r.Manifest
	var traded []*pitwall.Series
	zone := time.UTC
	for _, symbol := range m.Symbols {
		traded = append(traded, r.Bars[symbol])
		zone = r.traded(symbol).Location()
	}
	from, _ := time.ParseInLocation(time.DateOnly, m.From, zone) // else all bars count
	ref := pitwall.NewReference(m.Cash, r.Bars[m.Benchmark], traded, m.Actions, m.Account.Reinvest, from)
	worth, base := m.Cash.Float(), m.Cash.Float() // of the first cash, and of the book since the last step
	for _, e := range journal {
		switch {
		case e.Flow != nil && e.Flow.Type == transfer:
			base += e.Flow.Amount.Float()
		case e.Kind == pitwall.EntryMark && e.Mark != nil:
			equity := e.Mark.Equity.Float()
			if base > 0 {
				worth *= equity / base
			}
			base = equity
			row := runs.EquityRow{Time: e.Mark.Time, Equity: e.Mark.Equity, Cash: e.Mark.Cash}
			row.Benchmark, row.Hold = ref(e.Mark.Time)
			p := point(row)
			p.Equity = worth
			r.Points = append(r.Points, p)
		}
	}
}
