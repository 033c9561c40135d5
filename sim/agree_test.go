package sim_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"pitwall"
	"pitwall/sim"
	"pitwall/sim/audit"
)

// The venue and the second implementation agree on every fill, fee, flow, state
// and equity point of random worlds.
func TestPropertyVerifyAgrees(t *testing.T) {
	events := 0
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, everything)
		p := w.play(t, nil)
		terms := w.cfg.Terms
		v, err := audit.Verify(audit.Run{Data: w, Symbols: w.cfg.Symbols, From: w.cfg.From, Terms: terms, Costs: w.cfg.Costs, Rules: w.cfg.Rules, Journal: p.journal.Entries()})
		if err != nil {
			t.Fatal(err)
		}
		if len(v.Differences) > 0 {
			for _, e := range p.journal.Entries() {
				t.Logf("%s", tell(e))
			}
			for _, x := range w.series {
				for i := range x.Len() {
					b := x.Bar(i)
					t.Logf("%s %s %v %v %v %v %v", b.Symbol, b.Start.Format("01-02T15:04"), b.Open, b.High, b.Low, b.Close, b.Volume)
				}
			}
			t.Fatalf("they differ: %v", v.Differences)
		}
		if again, err := sim.Repeat(w.cfg, p.journal.Entries()); err != nil || again != p.venue.Progress().Digest {
			t.Fatalf("the journal's orders give digest %s, the run %s (%v)", again, p.venue.Progress().Digest, err)
		}
		events += len(p.journal.Entries())
	})
	t.Logf("%d events compared", events)
}

// tell writes a journal line for a person.
func tell(e pitwall.Entry) string {
	text := fmt.Sprintf("%d %s %s %s", e.Seq, e.AsOf.Format("01-02T15:04"), e.Kind, e.Verb)
	switch {
	case e.Order != nil:
		o := e.Order
		text += fmt.Sprintf(" %s %s %s %s qty %v limit %v stop %v trail %v%% %s %s group %q reduce %v legs %v", o.ID, o.Symbol, o.Side, o.Type, o.Qty, o.Limit, o.Stop, o.TrailPercent, o.TIF, o.Class, o.Group, o.ReduceOnly, o.Legs)
	case e.State != nil:
		text += fmt.Sprintf(" %s limit %v trigger %v", describe(*e.State), e.State.Limit, e.State.Trigger)
	case e.Fill != nil:
		text += fmt.Sprintf(" %s %s %v %s at %v fee %v: %s", e.Fill.OrderID, e.Fill.Side, e.Fill.Qty, e.Fill.Symbol, e.Fill.Price, e.Fill.Fee, e.Fill.Rule)
	case e.Flow != nil:
		text += fmt.Sprintf(" %+v", *e.Flow)
	case e.Mark != nil:
		text += fmt.Sprintf(" equity %v cash %v", e.Mark.Equity, e.Mark.Cash)
	default:
		text += fmt.Sprintf(" %s %+v %s", e.ID, e.Change, e.Note)
	}
	return text
}
