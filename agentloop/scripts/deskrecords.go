package scripts

import (
	"fmt"
	"math"
	"strings"

	"pitwall/agentloop"
)

// This file is how the script desk plays the analysts that read records: statements, news
// and series. Each says what it could not read.

// recordReaders are the analysts that read records: the calls of a symbol, or of none for a view
// that holds for all, and what they say.
var recordReaders = map[string]struct {
	calls func(t turn, symbols []string) []agentloop.Call
	judge func(results []agentloop.Result, i int, view map[string]any)
}{
	"fundamentals": {statementCalls, judgeStatements},
	"news":         {newsCalls, judgeNews},
	"sentiment":    {newsCalls, judgeNews},
	"macro": {func(turn, []string) []agentloop.Call {
		return []agentloop.Call{call("macro_series", map[string]any{"series": "FEDFUNDS", "limit": 12})}
	}, judgeRates},
}

// reportRecords plays an analyst of records.
func reportRecords(t turn, role string, since []agentloop.Message) agentloop.Reply {
	if len(since) == 0 {
		return agentloop.Reply{Calls: []agentloop.Call{call("market_last_price", struct{}{})}}
	}
	symbols := tradable(since[0].Results[0])
	if since[0].Results[0].IsError || len(symbols) == 0 {
		return answer(map[string]any{"reports": []any{}})
	}
	reader := recordReaders[role]
	if len(since) == 1 {
		return agentloop.Reply{Calls: reader.calls(t, symbols)}
	}
	var reports []any
	for i, symbol := range symbols {
		view := map[string]any{"symbol": symbol, "signal": "HOLD", "confidence": 0, "score": 5, "horizon": "20 bars", "evidence": []string{}, "invalidation": "records that become known"}
		view["reasons"] = []string{"it was not read"}
		if at := min(i, len(since[1].Results)-1); at >= 0 && (role == "macro" || i == at) { // a reply has 50 calls at most
			if r := since[1].Results[at]; r.IsError {
				first, _, _ := strings.Cut(strings.TrimPrefix(r.Text, "error "), "\n")
				view["reasons"] = []string{first}
			} else {
				reader.judge(since[1].Results, at, view)
				if role != "macro" && len(view["evidence"].([]string)) > 0 {
					view["evidence"] = []string{r.Name + " " + symbol}
				}
			}
		}
		reports = append(reports, view)
	}
	return answer(map[string]any{"reports": reports})
}

// lean fills in a view: sure by strength, 0 to 1, up or down by its sign.
func lean(view map[string]any, strength float64, evidence, why, wrong string) {
	view["evidence"], view["reasons"], view["invalidation"] = []string{evidence}, []string{why}, wrong
	confidence := round(math.Min(0.9, math.Abs(strength)))
	view["confidence"], view["score"] = confidence, round(5.5+4.5*math.Max(-1, math.Min(1, strength)))
	switch {
	case confidence < 0.3:
	case strength > 0:
		view["signal"] = "BUY"
	default:
		view["signal"] = "SELL"
	}
}

func statementCalls(_ turn, symbols []string) (calls []agentloop.Call) {
	for _, s := range symbols {
		calls = append(calls, call("fundamentals", map[string]any{"symbol": s, "periods": 5, "items": []string{"revenues", "net_income_loss"}}))
	}
	return calls
}

// judgeStatements compares revenue and income with those of a year before.
func judgeStatements(results []agentloop.Result, i int, view map[string]any) {
	growth := func(item string) float64 {
		var values []float64
		for _, row := range block(results[i].Text, "items") {
			if row["item"] == item {
				values = append(values, number(row["value"]))
			}
		}
		if len(values) < 5 || values[4] <= 0 {
			return math.NaN()
		}
		return values[0]/values[4] - 1
	}
	sales, income := growth("revenues"), growth("net_income_loss")
	if math.IsNaN(sales + income) {
		view["reasons"] = []string{"fewer than five quarters of revenue and income are known"}
		return
	}
	lean(view, math.Max(-0.8, math.Min(0.8, 2*sales+income/2)), results[i].Name, fmt.Sprintf("revenue %+.1f %%, income %+.1f %% against the quarter of a year before", 100*sales, 100*income), "the next statement")
}

// newsDays is how far back headlines are read.
const newsDays = 10

func newsCalls(t turn, symbols []string) (calls []agentloop.Call) {
	return t.builtin(symbols, newsDays)
}

// judgeNews counts good and bad headlines.
func judgeNews(results []agentloop.Result, i int, view map[string]any) {
	c := score(readNews(results[i].Text, "x"), nil)["x"]
	if c.read == 0 {
		view["reasons"] = []string{fmt.Sprintf("no headline in %d days", newsDays)}
		return
	}
	lean(view, float64(c.net())/10, results[i].Name, c.String(), "headlines that turn")
}

// judgeRates compares the newest rate with the one half a year before.
func judgeRates(results []agentloop.Result, i int, view map[string]any) {
	s := readSeries(results, "FEDFUNDS")
	if len(s.points) < 7 || !(s.age < 120) {
		view["reasons"] = []string{"no fresh rates are known"}
		return
	}
	now, before := number(s.points[0]["value"]), number(s.points[6]["value"])
	lean(view, math.Max(-0.5, math.Min(0.5, before-now)), "macro_series", fmt.Sprintf("FEDFUNDS %.2f, half a year before %.2f", now, before), "a rate decision")
}
