package sim_test

import (
	"testing"

	"pgregory.net/rapid"

	"pitwall"
	"pitwall/tools/report"
)

// The venue and the second implementation agree on every fill, fee, flow, state
// and equity point of random worlds.
func TestPropertyVerifyAgrees(t *testing.T) {
	events := 0
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, everything)
		p := w.play(t, nil)
		terms := w.cfg.Terms
		v, err := report.Verify(report.Case{Data: w, Symbols: w.cfg.Symbols, From: w.cfg.From, Terms: terms, Costs: w.cfg.Costs, Rules: w.cfg.Rules, Journal: p.journal.Entries()})
		if err != nil {
			t.Fatal(err)
		}
		if len(v.Differences) > 0 {
			for _, e := range p.journal.Entries() {
				t.Logf("%d %s %s %s %+v %+v %+v %+v %s", e.Seq, e.AsOf.Format("01-02T15:04"), e.Kind, e.Verb, e.Order, e.State, e.Fill, e.Flow, e.Note)
			}
			t.Fatalf("they differ: %v", v.Differences)
		}
		events += len(p.journal.Entries())
	})
	t.Logf("%d events compared", events)
	_ = pitwall.One
}
