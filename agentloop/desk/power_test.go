package desk

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
)

func at(n int64) *pitwall.Dec { d := pitwall.Int(n); return &d }

// exposure is what an order does, computed apart from power.go: the change and what is
// held after it.
func exposure(held agentloop.Holding, target, quantity *pitwall.Dec, side pitwall.Side) (change, after float64) {
	if target != nil {
		return target.Float() - held.Percent.Float(), target.Float()
	}
	change = quantity.Float()
	if side == pitwall.Sell {
		change = -change
	}
	return change, held.Qty.Float() + change
}

// madePlan returns a random plan over three symbols and what is held of them.
func madePlan(r *rand.Rand) ([]PlannedOrder, map[string]agentloop.Holding) {
	held, plan := map[string]agentloop.Holding{}, []PlannedOrder{}
	for _, s := range []string{"A", "B", "C"} {
		if r.IntN(2) == 0 {
			held[s] = agentloop.Holding{Qty: pitwall.Int(r.Int64N(21) - 10), Percent: pitwall.Int(r.Int64N(21) - 10)}
		}
		o := PlannedOrder{Symbol: s}
		if r.IntN(2) == 0 {
			o.TargetPercent = at(r.Int64N(31) - 15)
		} else {
			o.Quantity, o.Side = at(1+r.Int64N(20)), []pitwall.Side{pitwall.Buy, pitwall.Sell}[r.IntN(2)]
		}
		if r.IntN(2) == 0 {
			o.Stop = at(50 + r.Int64N(5))
		}
		if r.IntN(4) > 0 {
			plan = append(plan, o)
		}
	}
	return plan, held
}

// madeVerdict returns a random verdict over a plan, allowed or not.
func madeVerdict(r *rand.Rand, plan []PlannedOrder) Verdict {
	v := Verdict{Decision: []string{Approve, Modify, Modify, Modify, Reject}[r.IntN(5)]}
	for _, o := range plan {
		if v.Decision != Modify || r.IntN(4) == 0 {
			continue
		}
		a := Approval{Symbol: o.Symbol}
		if (o.TargetPercent != nil) == (r.IntN(20) > 0) {
			a.TargetPercent = at(r.Int64N(31) - 15)
		} else {
			a.Quantity = at(1 + r.Int64N(20))
		}
		if r.IntN(2) == 0 {
			a.Stop = at(48 + r.Int64N(9))
		}
		v.Orders = append(v.Orders, a)
	}
	return v
}

// Over random plans and verdicts of a risk manager and a portfolio manager, what is left
// is never more than the plan, the risk manager or the portfolio manager allows, in size,
// in what is held after it and in the distance of the stop.
func TestOrdersNeverExceedWhatWasApproved(t *testing.T) {
	n := 10_000
	if os.Getenv("PITWALL_LONG") != "" {
		n = 1_000_000
	}
	r := rand.New(rand.NewPCG(19, 1))
	left, modified, refused, dropped := 0, 0, 0, 0
	for range n {
		plan, held := madePlan(r)
		orders, reviews := plan, []Verdict{}
		for range 2 {
			v := madeVerdict(r, orders)
			next, err := apply(orders, v, held)
			if err != nil { // it counts as a reject
				refused++
				next, v = nil, Verdict{Decision: Reject}
			}
			reviews, orders = append(reviews, v), next
		}
		for _, o := range orders {
			left++
			require.NotNil(t, findOrder(plan, o.Symbol))
			p := *findOrder(plan, o.Symbol)
			change, after := exposure(held[o.Symbol], o.TargetPercent, o.Quantity, o.Side)
			limits := []Approval{{TargetPercent: p.TargetPercent, Quantity: p.Quantity, Stop: p.Stop}}
			stop := p.Stop
			before, planned := exposure(held[o.Symbol], p.TargetPercent, p.Quantity, p.Side)
			for _, v := range reviews {
				require.NotEqual(t, Reject, v.Decision)
				if v.Decision == Modify {
					modified++
					a := findApproval(v, o.Symbol)
					require.NotNil(t, a, "an order that a reviewer did not list")
					limits = append(limits, *a)
				}
			}
			for _, l := range limits {
				most, holds := exposure(held[o.Symbol], l.TargetPercent, l.Quantity, p.Side)
				require.LessOrEqual(t, abs(change), abs(most), "%+v of %+v", o, p)
				require.LessOrEqual(t, abs(after), abs(holds), "%+v of %+v", o, p)
				require.False(t, change*most < 0, "another side: %+v of %+v", o, p)
				if l.Stop != nil && stop != nil && *l.Stop != *stop { // added or nearer, step by step
					require.Equal(t, planned > 0, *l.Stop > *stop, "%+v of %+v", o, p)
				}
				if l.Stop != nil {
					stop = l.Stop
				}
			}
			require.False(t, after*planned < 0, "another side than the plan's: %+v of %+v", o, p)
			if before = planned - before; before != 0 && after*before >= 0 && abs(after) <= abs(before) && modifiedBy(reviews) {
				stop = nil // it only reduces
			}
			require.Equal(t, stop, o.Stop, "%+v of %+v", o, p)
		}
		before, planned, after := 0.0, 0.0, 0.0 // gross, of the planned symbols
		for _, p := range plan {
			change, then := exposure(held[p.Symbol], p.TargetPercent, p.Quantity, p.Side)
			before, planned = before+abs(then-change), planned+abs(then)
			if o := findOrder(orders, p.Symbol); o != nil {
				_, then = exposure(held[p.Symbol], o.TargetPercent, o.Quantity, o.Side)
				after += abs(then)
			} else {
				after += abs(then - change)
			}
		}
		require.LessOrEqual(t, after, max(planned, before), "gross exposure: %+v of %+v, held %+v", orders, plan, held)
		dropped += len(plan) - len(orders)
	}
	t.Logf("no violation found in %d plans: %d orders left, %d of them modified, %d orders dropped, %d verdicts refused", n, left, modified, dropped, refused)
	require.Greater(t, min(left, modified, refused, dropped), n/50, "the test must see each case")
}

func abs(f float64) float64 { return max(f, -f) }

func modifiedBy(reviews []Verdict) bool {
	return reviews[0].Decision == Modify || reviews[1].Decision == Modify
}

func findOrder(list []PlannedOrder, symbol string) *PlannedOrder {
	for i := range list {
		if list[i].Symbol == symbol {
			return &list[i]
		}
	}
	return nil
}

func findApproval(v Verdict, symbol string) *Approval {
	for i := range v.Orders {
		if v.Orders[i].Symbol == symbol {
			return &v.Orders[i]
		}
	}
	return nil
}

func TestModifyMayOnlyLowerRisk(t *testing.T) {
	held := map[string]agentloop.Holding{"A": {Qty: pitwall.Int(30), Percent: pitwall.Int(30)}, "S": {Qty: pitwall.Int(-20), Percent: pitwall.Int(-20)}}
	target := func(symbol string, percent int64) PlannedOrder {
		return PlannedOrder{Symbol: symbol, TargetPercent: at(percent)}
	}
	sell := func(n int64) PlannedOrder { return PlannedOrder{Symbol: "A", Side: pitwall.Sell, Quantity: at(n)} }
	stopped := target("A", 50)
	stopped.Stop = at(90)
	for name, c := range map[string]struct {
		plan PlannedOrder
		a    Approval
		want string
	}{
		"less of a purchase":          {target("A", 50), Approval{TargetPercent: at(40)}, ""},
		"nothing of it":               {target("A", 50), Approval{TargetPercent: at(30)}, ""},
		"a sale instead":              {target("A", 50), Approval{TargetPercent: at(20)}, "goes beyond"},
		"more":                        {target("A", 50), Approval{TargetPercent: at(51)}, "goes beyond"},
		"another kind of size":        {target("A", 50), Approval{Quantity: at(1)}, "with target_percent"},
		"less of an exit":             {target("A", 0), Approval{TargetPercent: at(10)}, "keeps more"},
		"less of a sale":              {sell(20), Approval{Quantity: at(10)}, "keeps more"},
		"more of a sale":              {sell(20), Approval{Quantity: at(30)}, "goes beyond"},
		"less of a short":             {target("B", -10), Approval{TargetPercent: at(-5)}, ""},
		"a long instead of a short":   {target("B", -10), Approval{TargetPercent: at(5)}, "goes beyond"},
		"less of a turn round":        {target("S", 20), Approval{TargetPercent: at(10)}, ""},
		"only the end of the short":   {target("S", 20), Approval{TargetPercent: at(0)}, ""},
		"a part of the short stays":   {target("S", 20), Approval{TargetPercent: at(-10)}, "on the other side"},
		"the plan itself":             {sell(20), Approval{Quantity: at(20)}, ""},
		"a stop is added":             {target("A", 50), Approval{TargetPercent: at(50), Stop: at(95)}, ""},
		"a nearer stop":               {stopped, Approval{TargetPercent: at(50), Stop: at(95)}, ""},
		"the same stop":               {stopped, Approval{TargetPercent: at(50), Stop: at(90)}, ""},
		"a farther stop":              {stopped, Approval{TargetPercent: at(40), Stop: at(89)}, "farther"},
		"the plan's stop":             {stopped, Approval{TargetPercent: at(40)}, ""},
		"a stop on an exit":           {target("A", 0), Approval{TargetPercent: at(0), Stop: at(90)}, "reduces the position"},
		"an order that was not there": {target("A", 50), Approval{Symbol: "B", TargetPercent: at(1)}, "the plan has none"},
	} {
		if c.a.Symbol == "" {
			c.a.Symbol = c.plan.Symbol
		}
		left, err := apply([]PlannedOrder{c.plan}, Verdict{Decision: Modify, Orders: []Approval{c.a}}, held)
		if c.want != "" {
			require.ErrorContains(t, err, c.want, name)
			continue
		}
		require.NoError(t, err, name)
		if name == "nothing of it" {
			require.Empty(t, left)
			continue
		}
		require.Len(t, left, 1, name)
		if c.a.Stop == nil {
			require.Equal(t, c.plan.Stop, left[0].Stop, name)
		} else {
			require.Equal(t, c.a.Stop, left[0].Stop, name)
		}
	}
	short := PlannedOrder{Symbol: "B", TargetPercent: at(-10), Stop: at(110)}
	_, err := apply([]PlannedOrder{short}, Verdict{Decision: Modify, Orders: []Approval{{Symbol: "B", TargetPercent: at(-10), Stop: at(111)}}}, held)
	require.ErrorContains(t, err, "farther")
}

// The purchases of a plan are planned for what its reductions leave.
func TestModifyMayNotKeepOnlyPurchases(t *testing.T) {
	held := map[string]agentloop.Holding{"A": {Percent: pitwall.Int(50)}, "C": {Percent: pitwall.Int(20)}}
	plan := []PlannedOrder{{Symbol: "A", TargetPercent: at(0)}, {Symbol: "B", TargetPercent: at(100)}, {Symbol: "C", TargetPercent: at(10)}}
	a, b, c := Approval{Symbol: "A", TargetPercent: at(0)}, Approval{Symbol: "B", TargetPercent: at(90)}, Approval{Symbol: "C", TargetPercent: at(10)}
	for _, x := range []struct {
		list []Approval
		want string
	}{
		{[]Approval{b}, "order of C: it leaves less"}, {[]Approval{b, c}, "order of A: it leaves less"}, {[]Approval{a, b}, "order of C: it leaves less"},
		{[]Approval{a, b, c}, ""}, {[]Approval{a}, ""}, {[]Approval{a, c}, ""},
	} {
		left, err := apply(plan, Verdict{Decision: Modify, Orders: x.list}, held)
		if x.want != "" {
			require.ErrorContains(t, err, x.want)
			continue
		}
		require.NoError(t, err)
		require.Len(t, left, len(x.list))
	}
}

// A target of what is held orders nothing, and the message says so.
func TestExitsNeedAnOrderThatOpens(t *testing.T) {
	held := map[string]agentloop.Holding{"A": {Percent: pitwall.Int(50)}}
	for percent, want := range map[int64]string{50: "50 % is what is held", 20: "it reduces the position", 60: ""} {
		err := checkPlan(&TradePlan{Orders: []PlannedOrder{{Symbol: "A", TargetPercent: at(percent), Stop: at(1)}}}, held)
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want)
	}
}

// An order that was not sent is not called sent.
func TestNotSentIsSaid(t *testing.T) {
	require.Equal(t, "not needed", notSent(agentloop.Result{Text: "as_of=x\nsent=false\nnote=the position is already there\n"}))
	require.Equal(t, "waits for approval", notSent(agentloop.Result{Text: "sent=false\norder: id,status\no-1,awaiting_approval\n"}))
	require.Empty(t, notSent(agentloop.Result{Text: "sent=true\norder: id,status\no-1,working\n"}))
	require.Empty(t, notSent(agentloop.Result{Text: "sent=false\n", IsError: true}))
	rec := Record{Plan: &TradePlan{Orders: []PlannedOrder{{Symbol: "A", TargetPercent: at(50), Reason: "r"}}}, Orders: []Sent{{Symbol: "A", NotSent: "not needed"}, {Symbol: "B", NotSent: "waits for approval"}, {Symbol: "C"}, {Symbol: "D", Refused: true}}}
	require.Equal(t, "plan: A 50 %; A not needed; B waits for approval; orders: 1 sent, 1 refused", rec.summary())
	said := Conversation(&agentloop.Turn{Roles: make([]agentloop.RoleRecord, 1), Output: json.RawMessage(compact(rec))})
	require.Contains(t, said[1].Text, "A null: not needed")
	require.Contains(t, said[2].Text, "B null: waits for approval")
	require.Contains(t, said[3].Text, "C null: sent")
}

func TestEvidenceNamesWhatWasFetched(t *testing.T) {
	said := func(tool, arguments, text string, isError bool) toolCall {
		return toolCall{agentloop.Call{Name: tool, Arguments: json.RawMessage(arguments)}, agentloop.Result{Text: text, IsError: isError}}
	}
	q := question{calls: []toolCall{
		said("market_indicators", `{"symbols":["TSLA","BRK.B"],"names":["rsi:14"]}`, "indicators: symbol,rsi:14,time\nTSLA,55,2014-01-02T16:00:00Z\nBRK.B,50,2014-01-02T16:00:00Z\n", false),
		said("market_last_price", `{}`, "prices: symbol,last\nTSLA,200\nSPX,1800\n", false),
		said("fundamentals", `{"symbol":"MSFT"}`, "NO_COVERAGE", true),
		said("news_search", `{"query":"Tesla"}`, "headline: TSLA. It rose; (GM) fell.\n", false),
	}}
	snapshot := map[string]float64{"T": 1, "TSLA": 200, "BRK.B": 1, "BRK": 1, "MSFT": 1}
	for evidence, want := range map[string]bool{
		"snapshot": true, "market_indicators TSLA": true, "market.indicators TSLA, BRK.B": true, "market_indicators": true, "market_last_price SPX": true,
		"market_indicators TSLA RSI 55": true, "market_indicators TSLA: above its average of 50 bars": true, "news_search TSLA": true, "news_search GM": true,
		"market_indicators T": false, "market_indicators BRK": false, "market_indicators TSLA and T": false,
		"market_indicators NVDA": false, "market_last_price AMZN": false, "market_last_price TSLA, AMZN": false,
		"fundamentals MSFT": false, "filings_search TSLA": false, "": false,
	} {
		require.Equal(t, want, q.fetched(evidence, snapshot), evidence)
	}
}

// Each schema takes what its type writes, and refuses a field more.
func TestSchemasFitTheirTypes(t *testing.T) {
	for name, v := range map[string]any{
		analystReports: AnalystReports{[]AnalystReport{{Symbol: "A", Signal: "BUY", Confidence: 0.5, Score: 5, Horizon: "h", Reasons: []string{"r"}, Evidence: []string{}, Invalidation: "i"}}},
		argument:       Argument{Claim: "c", Evidence: []string{"technical"}, Answer: "a", Strength: 1, PriceTarget: new(float64)},
		judgement:      Judgement{Winner: "TIE", Margin: "TIE", BullPoints: []string{}, BearPoints: []string{}, Consensus: "c", Thesis: "t", Recommendation: "HOLD"},
		tradePlan:      TradePlan{Strategy: "s", Regime: "r", Orders: []PlannedOrder{{Symbol: "A", TargetPercent: at(5), Entry: at(1), Stop: at(1), Target: at(1), Reason: "r", Horizon: "h", Invalidation: "i"}}},
		verdict:        Verdict{Decision: Modify, Orders: []Approval{{Symbol: "A", TargetPercent: at(1), Stop: at(1)}}, RiskLevel: "LOW", Concerns: []string{}, Recommendations: []string{}},
	} {
		text := "Here it is.\n```json\n" + compact(v) + "\n```"
		_, err := agentloop.Structured(schemas()[name], text)
		require.NoError(t, err, name)
		_, err = agentloop.Structured(schemas()[name], text[:len(text)-5]+`,"more":1}`)
		require.Error(t, err, name)
	}
}
