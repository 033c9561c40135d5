package risk_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
)

// Limits on orders per time go on after a restart with what the journal says was sent: an
// order and a change that asked for more, and none that was denied, refused by a halt or
// sent longer ago than a limit looks back.
func TestRecall(t *testing.T) {
	bounds := limits{"max_orders": limits{"count": 2, "per": "1h"}}
	o, bigger := named("a", b("A", "1")), pitwall.Change{Qty: n("2")}
	intent := func(at time.Duration, seq int64, e pitwall.Entry) pitwall.Entry {
		e.Seq, e.AsOf, e.Kind, e.ID = seq, noon.Add(at), pitwall.EntryIntent, o.ID
		return e
	}
	submit := pitwall.Entry{Verb: "submit", Order: &o}
	denied := pitwall.Entry{Seq: 9, Kind: pitwall.EntryOrder, ID: o.ID, State: &pitwall.OrderState{Order: o, Status: pitwall.Denied}}
	known := pitwall.Entry{Seq: 2, Kind: pitwall.EntryOrder, ID: o.ID, State: &pitwall.OrderState{Order: o, Status: pitwall.Working}}
	for name, x := range map[string]struct {
		past []pitwall.Entry
		want int // orders until the limit
	}{
		"nothing":         {nil, 2},
		"one":             {[]pitwall.Entry{intent(-time.Hour+1, 1, submit)}, 1},
		"two":             {[]pitwall.Entry{intent(-time.Minute, 1, submit), intent(-time.Second, 3, submit)}, 0},
		"long ago":        {[]pitwall.Entry{intent(-time.Hour-1, 1, submit)}, 2},
		"halted":          {[]pitwall.Entry{intent(-time.Minute, 1, submit), denied}, 2},
		"denied":          {[]pitwall.Entry{denied}, 2},
		"a bigger change": {[]pitwall.Entry{intent(-time.Minute, 1, submit), known, intent(-time.Second, 3, pitwall.Entry{Verb: "replace", Change: &bigger})}, 0},
		"a cancel":        {[]pitwall.Entry{intent(-time.Minute, 1, submit), known, intent(-time.Second, 3, pitwall.Entry{Verb: "cancel"})}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, bounds)
			d.Guard.Recall(t.Context(), x.past)
			sent := 0
			for _, id := range []string{"x", "y", "z"} {
				s := d.submit(t, named(id, b("A", "1")))
				if s.Status != pitwall.Denied {
					sent++
					continue
				}
				require.Equal(t, risk.OrderRate, s.Error.Code)
			}
			require.Equal(t, x.want, sent)
		})
	}
}

// The money of what an earlier process sent counts, at its own price or the last one; where
// neither is known nothing more is sent.
func TestRecallOfMoney(t *testing.T) {
	for _, x := range []struct {
		order pitwall.Order
		code  pitwall.Code // of a buy for 1,000 in an account of 10,000
	}{{b("A", "10"), risk.DailyTurnover}, {bl("A", "12", "80"), ""}, {bl("A", "13", "80"), risk.DailyTurnover}, {b("Z", "1"), risk.MissingInput}, {bl("Z", "1", "5"), ""}} {
		d := newDesk(t, limits{"max_turnover_percent": "19.99"})
		d.Guard.Recall(t.Context(), []pitwall.Entry{{Seq: 1, AsOf: noon.Add(-time.Hour), Kind: pitwall.EntryIntent, Verb: "submit", ID: "old", Order: new(named("old", x.order))}})
		s := d.submit(t, b("A", "10"))
		if x.code == "" {
			require.Equal(t, pitwall.Working, s.Status, "%+v", x)
			continue
		}
		require.Equal(t, x.code, s.Error.Code, "%+v", x)
	}
}
