package scripts

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"pitwall/agentloop"
)

// desk plays every role of a desk by a rule, so that a team can be run without a key.
// Analysts read their tools, the bull and the bear argue from the reports, the judge
// compares how strong each case ended, the trader buys what the desk wants at size
// percent of equity with a stop two ranges away, and sells what it does not want. The risk
// manager rejects a purchase while the range of 14 bars is above max_atr percent of the
// price, and shrinks one to cap percent with a stop one and a half ranges away.
type desk struct{ size, cap, maxATR float64 }

func newDesk(given map[string]any) (agentloop.Model, error) {
	p := read(given, "size", "cap", "max_atr")
	d := desk{size: p.number("size", 40), cap: p.number("cap", 10), maxATR: p.number("max_atr", 1.6)}
	return script(d.reply), p.err
}

// reply plays the role that the desk names at the end of what it says.
func (d desk) reply(t turn) agentloop.Reply {
	asked := t.asked()
	text := t.Messages[asked].User
	_, role, _ := cutLast(text, "You are ")
	role, _, _ = strings.Cut(role, ".")
	since := t.Messages[asked+1:]
	switch role {
	case "bull", "bear":
		return argue(t, role, text)
	case "judge":
		return judged(text)
	case "debate":
		return alone(t, text)
	case "trader":
		if strings.HasSuffix(text, "Answer with one Assignments.") {
			return tasks(text)
		}
		if strings.HasSuffix(text, "Answer with one Views.") {
			return viewsOf(text)
		}
		return d.plan(t.System, text)
	case "risk":
		return d.review(t, text, since)
	case "risk_conservative": // under an alert
		d.cap /= 2
		return d.review(t, text, since)
	case "critic":
		return criticise(text)
	case "manager":
		return answer(map[string]any{"decision": "approve", "risk_score": 0.2, "risk_level": "LOW", "concerns": []string{}, "recommendations": []string{}})
	case "technical", "breadth":
		return report(role, since)
	}
	if _, is := recordReaders[role]; is {
		return reportRecords(t, role, since)
	}
	return answer(map[string]any{"reports": []any{}})
}

// asked returns the index of the newest message of the desk.
func (t turn) asked() int {
	for i := len(t.Messages) - 1; i > 0; i-- {
		if t.Messages[i].User != "" {
			return i
		}
	}
	return 0
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// answer writes a role's object.
func answer(v any) agentloop.Reply {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // answers are texts, finite numbers and lists of them
	}
	return agentloop.Reply{Text: string(raw)}
}

// round keeps the digits that a reader needs.
func round(f float64) float64 { return math.Round(f*1e4) / 1e4 }

// argue plays a side: its strength is half the confidence of the reports that agree with it,
// by symbol, and falls a little with every round in which the other side is stronger.
func argue(t turn, side, text string) agentloop.Reply {
	wanted := "BUY"
	if side == "bear" {
		wanted = "SELL"
	}
	strength, reasons, evidence := 0.0, []string{}, []string{}
	reports, symbols := reportsOf(t.Messages[0].User), map[string]bool{}
	for _, v := range reports {
		symbols[v.Symbol] = true
	}
	for _, v := range reports {
		if v.Signal != wanted {
			continue
		}
		strength += v.Confidence / 2 / float64(len(symbols))
		reasons = append(reasons, v.Reasons...)
		if !slices.Contains(evidence, v.Role) {
			evidence = append(evidence, v.Role)
		}
	}
	out := map[string]any{"claim": "no report speaks for this side", "evidence": evidence}
	if len(reasons) > 0 {
		out["claim"] = strings.Join(reasons, "; ")
	}
	if _, said, ok := strings.Cut(text, " said:\n"); ok {
		var other struct {
			Claim    string
			Strength float64
		}
		said, _, _ = strings.Cut(said, "\n")
		if json.Unmarshal([]byte(said), &other) == nil {
			out["answer"] = "to: " + other.Claim
			if other.Strength > strength {
				strength = max(0, strength-0.05)
			}
		}
	}
	out["strength"] = round(min(1, strength))
	return answer(out)
}

// judged compares how strong each side ended.
func judged(text string) agentloop.Reply {
	strength, claim := map[string]float64{}, map[string]string{}
	for line := range strings.Lines(text) {
		head, raw, ok := strings.Cut(line, ": {")
		if !ok || !strings.HasPrefix(head, "round ") {
			continue
		}
		var a struct {
			Claim    string
			Strength float64
		}
		if json.Unmarshal([]byte("{"+raw), &a) == nil {
			side := head[strings.LastIndex(head, " ")+1:]
			strength[side], claim[side] = a.Strength, a.Claim
		}
	}
	lead := strength["bull"] - strength["bear"]
	winner, margin, recommendation := "TIE", "TIE", "HOLD"
	if math.Abs(lead) > 0.02 {
		winner, margin, recommendation = "BULL", "SLIGHT", "BUY"
		if lead < 0 {
			winner, recommendation = "BEAR", "SELL"
		}
		if math.Abs(lead) > 0.15 {
			margin = "MODERATE"
		}
		if math.Abs(lead) > 0.4 {
			margin = "DECISIVE"
		}
	}
	return answer(map[string]any{"winner": winner, "margin": margin, "bull_points": []string{claim["bull"]}, "bear_points": []string{claim["bear"]},
		"consensus": fmt.Sprintf("bull %.2f against bear %.2f", strength["bull"], strength["bear"]), "thesis": "the side with the stronger reports is right for 20 bars", "recommendation": recommendation})
}

// alone argues both sides and compares them.
func alone(t turn, text string) agentloop.Reply {
	sides := ""
	out := map[string]any{}
	for _, side := range []string{"bull", "bear"} {
		a := argue(t, side, text).Text
		out[side] = json.RawMessage(a)
		sides += "round 1 " + side + ": " + a + "\n"
	}
	var j map[string]any
	if err := json.Unmarshal([]byte(judged(sides).Text), &j); err != nil {
		panic(err) // judged wrote it
	}
	maps.Copy(out, j)
	return answer(out)
}

// tasks gives every analyst one.
func tasks(text string) agentloop.Reply {
	_, names, _ := cutLast(text, "\nAnalysts: ")
	names, _, _ = strings.Cut(names, "\n")
	list := []any{}
	for name := range strings.SplitSeq(names, ", ") {
		list = append(list, map[string]any{"analyst": name, "task": "Judge every symbol that may be traded."})
	}
	return answer(map[string]any{"tasks": list})
}

// viewsOf expects of each symbol what its reports say: 20 % a year for one sure to rise.
func viewsOf(text string) agentloop.Reply {
	list, sum, n, order := []any{}, map[string]float64{}, map[string]float64{}, []string{}
	for _, v := range reportsOf(text) {
		if !slices.Contains(order, v.Symbol) {
			order = append(order, v.Symbol)
		}
		if v.Confidence > 0 {
			n[v.Symbol]++
			sum[v.Symbol] += v.Confidence * map[string]float64{"BUY": 1, "SELL": -1}[v.Signal]
		}
	}
	for _, s := range order {
		if n[s] > 0 {
			mean := sum[s] / n[s]
			list = append(list, map[string]any{"symbol": s, "expected_return": round(20 * mean), "confidence": round(math.Abs(mean)), "risks": []string{"the trend turns"}})
		}
	}
	return answer(map[string]any{"views": list})
}

// plan plays the trader.
func (d desk) plan(prompt, text string) agentloop.Reply {
	want := ""
	if _, raw, ok := strings.Cut(text, "\njudge: "); ok {
		var j struct{ Recommendation string }
		raw, _, _ = strings.Cut(raw, "\n")
		if json.Unmarshal([]byte(raw), &j) == nil {
			want = j.Recommendation
		}
	}
	held, regime := map[string]float64{}, "unknown"
	for _, p := range block(text, "positions") {
		held[p["symbol"]] = number(p["percent_of_equity"])
	}
	closes := map[string]float64{}
	for _, b := range block(text, "last_bars") {
		closes[b["symbol"]] = number(b["close"])
	}
	reports := reportsOf(text)
	for _, v := range reports {
		if v.Role == "breadth" && len(v.Reasons) > 0 {
			regime, _, _ = strings.Cut(v.Reasons[0], ":")
		}
	}
	var orders []any
	for _, v := range reports {
		if v.Role != "technical" {
			continue
		}
		decision := want
		if decision == "" {
			decision = v.Signal // a desk without a debate
		}
		switch held := held[v.Symbol]; {
		case decision == "BUY" && v.Signal == "BUY" && held == 0:
			atr, last := rangeOf(v), closes[v.Symbol]
			if low, high := round(last-2*atr), round(last+4*atr); !(atr > 0 && low > 0 && high < math.MaxFloat64) {
				continue // no finite range, no stop
			}
			orders = append(orders, map[string]any{"symbol": v.Symbol, "target_percent": d.size, "stop": round(last - 2*atr), "target": round(last + 4*atr), "confidence": v.Confidence,
				"horizon": "20 bars", "reason": "the desk is bullish: " + v.Reasons[0], "invalidation": v.Invalidation})
		case decision == "SELL" && held > 0:
			orders = append(orders, map[string]any{"symbol": v.Symbol, "target_percent": 0, "confidence": v.Confidence, "horizon": "now", "reason": "the desk is bearish: " + v.Reasons[0]})
		}
	}
	if len(orders) == 0 {
		return answer(map[string]any{"orders": []any{}, "regime": regime, "no_trade": "the desk says " + strings.ToLower(want+" ") + "and no order follows from what is held"})
	}
	return answer(map[string]any{"orders": orders, "strategy": strategyFor(prompt, regime), "regime": regime})
}

var offered = regexp.MustCompile(`(?m)^- (\S+) \(regime ([^)]*)\): `)

// strategyFor chooses from the menu in a prompt: the one for the regime, else the first.
func strategyFor(prompt, regime string) string {
	name := ""
	for _, m := range offered.FindAllStringSubmatch(prompt, -1) {
		if m[2] == regime {
			return m[1]
		}
		name = cmp.Or(name, m[1])
	}
	return cmp.Or(name, "trend")
}

// rangeOf reads the average true range from a report's reason.
func rangeOf(v view) float64 {
	_, text, _ := cutLast(v.Reasons[0], "range ")
	return number(text)
}

// review plays the risk manager.
func (d desk) review(t turn, text string, since []agentloop.Message) agentloop.Reply {
	_, raw, _ := strings.Cut(text, "\nPlan of the trader:\n")
	raw, _, _ = strings.Cut(raw, "\n")
	var plan struct {
		Orders []struct {
			Symbol string
			Target float64 `json:"target_percent"`
			Stop   float64
		}
	}
	if err := json.Unmarshal([]byte(raw), &plan); err != nil {
		return answer(map[string]any{"decision": "reject", "risk_score": 1, "risk_level": "HIGH", "concerns": []string{"no plan could be read"}, "recommendations": []string{}})
	}
	if len(since) == 0 {
		symbols := []string{}
		for _, o := range plan.Orders {
			symbols = append(symbols, o.Symbol)
		}
		return agentloop.Reply{Calls: []agentloop.Call{call("account_portfolio", struct{}{}), call("market_indicators", map[string]any{"symbols": symbols, "names": []string{"atr:14"}})}}
	}
	closes, atr := map[string]float64{}, map[string]float64{}
	for _, b := range block(text, "last_bars") {
		closes[b["symbol"]] = number(b["close"])
	}
	for _, r := range block(since[0].Results[1].Text, "indicators") {
		atr[r["symbol"]] = number(r["atr:14"])
	}
	held := map[string]float64{}
	for _, p := range block(text, "positions") {
		held[p["symbol"]] = number(p["percent_of_equity"])
	}
	var left, concerns, advice []any
	for _, o := range plan.Orders {
		if o.Target == 0 || o.Target < held[o.Symbol] { // a sale lowers risk by itself
			left = append(left, map[string]any{"symbol": o.Symbol, "target_percent": o.Target})
			continue
		}
		if wild := 100 * atr[o.Symbol] / closes[o.Symbol]; wild > d.maxATR || math.IsNaN(wild) {
			return answer(map[string]any{"decision": "reject", "risk_score": 0.9, "risk_level": "HIGH",
				"concerns": []string{fmt.Sprintf("%s moves %.2f %% a day, %.2f %% are allowed", o.Symbol, wild, d.maxATR)}, "recommendations": []string{"wait for a calmer market"}})
		}
		size := o.Target
		if size > d.cap {
			size = d.cap
			concerns = append(concerns, fmt.Sprintf("%s would be %.4g %% of equity, %.4g %% are allowed", o.Symbol, o.Target, d.cap))
			advice = append(advice, fmt.Sprintf("hold at most %.4g %%", d.cap))
		}
		if size <= held[o.Symbol] { // no more of it
			left = append(left, map[string]any{"symbol": o.Symbol, "target_percent": held[o.Symbol]})
			continue
		}
		left = append(left, map[string]any{"symbol": o.Symbol, "target_percent": size, "stop": max(o.Stop, round(closes[o.Symbol]-1.5*atr[o.Symbol]))})
	}
	if len(concerns) == 0 {
		return answer(map[string]any{"decision": "approve", "risk_score": 0.2, "risk_level": "LOW", "concerns": []string{}, "recommendations": []string{}})
	}
	return answer(map[string]any{"decision": "modify", "orders": left, "risk_score": 0.6, "risk_level": "MEDIUM", "concerns": concerns, "recommendations": advice})
}
