package driver_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
	"pitwall/agentloop/desk"
)

// madeCloses are made-up closes of symbols on the same days, as a file.
func madeCloses(days int, daily map[string]float64) (fstest.MapFS, map[string][]float64) {
	r := rand.New(rand.NewPCG(19, 64))
	closes, file := map[string][]float64{}, "symbol,date,open,high,low,close,volume\n"
	day := time.Date(2013, 1, 2, 0, 0, 0, 0, time.UTC)
	last := map[string]float64{}
	for n := 0; n < days; day = day.AddDate(0, 0, 1) {
		if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
			continue
		}
		n++
		for _, s := range []string{"AA", "BB", "CC"} {
			if last[s] == 0 {
				last[s] = 100
			}
			last[s] = math.Round(last[s]*math.Exp(daily[s]*r.NormFloat64())*100) / 100
			closes[s] = append(closes[s], last[s])
			file += fmt.Sprintf("%s,%s,%.2f,%.2f,%.2f,%.2f,10000000\n", s, day.Format(time.DateOnly), last[s], last[s], last[s], last[s])
		}
	}
	return fstest.MapFS{"data/walk.csv": {Data: []byte(file)}}, closes
}

// Views become weights as computed here from the closes; after a reject the volatility is
// nine tenths of itself, once.
func TestViewsBecomeWeights(t *testing.T) {
	data, closes := madeCloses(330, map[string]float64{"AA": 0.02, "BB": 0.03, "CC": 0.01})
	const views = `{"views":[{"symbol":"AA","expected_return":12,"confidence":0.5,"risks":["r"]},{"symbol":"BB","expected_return":8,"confidence":0.25,"risks":[]},{"symbol":"CC","expected_return":-5,"confidence":0.9,"risks":[]}]}`
	const reject = `{"decision":"reject","risk_score":0.9,"risk_level":"HIGH","concerns":["too wild"],"recommendations":[]}`
	for name, c := range map[string]struct {
		limit    float64
		verdicts []string
		decided  []string // rejected, risk
		cap      float64  // that the orders hold; 0 = none
	}{
		"accepted":       {20, []string{usual("risk")}, []string{"", "approve"}, 20},
		"tightened once": {20, []string{reject, usual("risk")}, []string{"reject", "approve"}, 18},
		"rejected twice": {20, []string{reject, reject}, []string{"reject", "reject"}, 0},
		"far below":      {200, []string{reject}, []string{"", "reject"}, 0},
		"unlimited":      {200, []string{usual("risk")}, []string{"", "approve"}, 200},
	} {
		n := 0
		d := &deskRun{desk: fmt.Sprintf("{analysts: [technical], trader: {}, portfolio: {volatility: %v}, risk: {}}", c.limit), turns: 1, symbols: "AA, BB, CC", data: data, play: func(role string, _ agentloop.Request) (agentloop.Reply, error) {
			switch role {
			case "trader":
				return agentloop.Reply{Text: views}, nil
			case "risk":
				n++
				return agentloop.Reply{Text: c.verdicts[n-1]}, nil
			}
			return agentloop.Reply{Text: reports("AA", "BUY")}, nil
		}}
		_, turns, err := d.run(t)
		require.NoError(t, err, name)
		rec := recordOf(t, turns[0])
		require.Empty(t, rec.Absent, name)
		decided := []string{"", rec.Risk.Decision}
		if rec.Rejected != nil {
			decided[0] = rec.Rejected.Decision
		}
		require.Equal(t, c.decided, decided, name)
		require.Equal(t, len(c.verdicts), n, name)

		asOf, err := time.Parse(time.RFC3339, turns[0].AsOf)
		require.NoError(t, err)
		bars := 0
		for day := time.Date(2013, 1, 2, 0, 0, 0, 0, time.UTC); !day.After(asOf); day = day.AddDate(0, 0, 1) {
			if day.Weekday() != time.Saturday && day.Weekday() != time.Sunday {
				bars++
			}
		}
		a, b := 12*0.5/(12*0.5+8*0.25), 8*0.25/(12*0.5+8*0.25)
		var mixed, wa, wb []float64 // returns
		for i := bars - 250; i < bars; i++ {
			wa, wb = append(wa, math.Log(closes["AA"][i]/closes["AA"][i-1])), append(wb, math.Log(closes["BB"][i]/closes["BB"][i-1]))
			mixed = append(mixed, a*wa[len(wa)-1]+b*wb[len(wb)-1])
		}
		mean, variance := 0.0, 0.0
		for _, x := range mixed {
			mean += x / 250
		}
		for _, x := range mixed {
			variance += (x - mean) * (x - mean) / 249
		}
		year := 250 * 365.25 / asOf.Sub(asOf.AddDate(0, 0, -(250/5*7-1))).Hours() * 24 // 250 working days ending on a Thursday
		scale := math.Min(1, c.cap/100/math.Sqrt(variance*year))
		want := map[string]float64{"AA": 100 * a * scale, "BB": 100 * b * scale}
		require.Equal(t, c.cap == 0, len(rec.Orders) == 0, name)
		for _, o := range rec.Orders {
			var x struct {
				Target float64 `json:"target_percent"`
			}
			require.NoError(t, json.Unmarshal(o.Asked, &x))
			require.InDelta(t, want[o.Symbol], x.Target, 0.05, "%s %s", name, o.Symbol)
			delete(want, o.Symbol)
		}
		require.Equal(t, c.cap > 0, len(want) == 0, name)
		if name == "tightened once" {
			said := ""
			for _, line := range desk.Conversation(&turns[0]) {
				said += line.Role + " " + line.Text + "\n"
			}
			require.Contains(t, said, "trader view: AA +12.00 % a year, confidence 0.5; risks: r\n")
			require.Contains(t, said, "risk reject AA ")
			require.Equal(t, 2, strings.Count(said, "\nrisk "), said)
			require.Contains(t, rec.Plan.Orders[0].Reason, "held to 18.0 %")
		}
	}
}

// Fifty symbols, one of which is not listed yet, have 1,225 pairs: they come in two pages.
func TestViewsOfFiftySymbols(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 65))
	var file strings.Builder
	file.WriteString("symbol,date,open,high,low,close,volume\n")
	names, views := []string{}, []string{}
	for i := range 50 {
		names = append(names, fmt.Sprintf("S%02d", i))
		views = append(views, fmt.Sprintf(`{"symbol":%q,"expected_return":10,"confidence":0.5,"risks":[]}`, names[i]))
		last := 100.0
		for day := time.Date(2013, 10, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2014 || day.Month() < 4; day = day.AddDate(0, 0, 1) {
			if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday || i == 49 && day.Month() != 3 {
				continue
			}
			last *= math.Exp(0.01 * r.NormFloat64())
			fmt.Fprintf(&file, "%s,%s,%.2f,%.2f,%.2f,%.2f,10000000\n", names[i], day.Format(time.DateOnly), last, last, last, last)
		}
	}
	data := fstest.MapFS{"data/walk.csv": {Data: []byte(file.String())}}
	d := &deskRun{desk: "{analysts: [technical], trader: {}, portfolio: {volatility: 200}}", turns: 1, symbols: strings.Join(names, ", "), data: data, play: func(role string, _ agentloop.Request) (agentloop.Reply, error) {
		if role == "trader" {
			return agentloop.Reply{Text: `{"views":[` + strings.Join(views, ",") + `]}`}, nil
		}
		return agentloop.Reply{Text: reports("S00", "BUY")}, nil
	}}
	_, turns, err := d.run(t)
	require.NoError(t, err)
	rec := recordOf(t, turns[0])
	require.Len(t, rec.Plan.Orders, 49, rec.Plan.NoTrade)
	require.Equal(t, "2.04", rec.Plan.Orders[0].TargetPercent.String())
}

// Where the prices cannot be read, nothing is planned and the turn says so.
func TestViewsWithoutCovariancesPlanNothing(t *testing.T) {
	data, _ := madeCloses(330, map[string]float64{"AA": 0.02, "BB": 0.03, "CC": 0.01})
	asked := 0
	d := &deskRun{desk: "{analysts: [technical], trader: {tools: [market_load_history_table]}, portfolio: {volatility: 20}}", turns: 1, symbols: "AA, BB, CC", data: data, play: func(role string, _ agentloop.Request) (agentloop.Reply, error) {
		if role != "trader" {
			return agentloop.Reply{Text: reports("AA", "BUY")}, nil
		}
		if asked++; asked > 4 {
			return agentloop.Reply{Text: `{"views":[{"symbol":"AA","expected_return":12,"confidence":0.5,"risks":[]}]}`}, nil
		}
		var calls []agentloop.Call
		for i := range 25 { // in four replies as many tables as there may be
			calls = append(calls, agentloop.Call{ID: fmt.Sprint("c", i), Name: "market_load_history_table", Arguments: json.RawMessage(fmt.Sprintf(`{"symbols":["AA"],"table":"t%d_%d"}`, asked, i))})
		}
		return agentloop.Reply{Calls: calls}, nil
	}}
	_, turns, err := d.run(t)
	require.NoError(t, err)
	rec := recordOf(t, turns[0])
	require.Contains(t, rec.Plan.NoTrade, "100 tables are loaded")
	require.Empty(t, rec.Plan.Orders)
	require.Contains(t, kindsOf(turns[0]), "no_covariances")
}
