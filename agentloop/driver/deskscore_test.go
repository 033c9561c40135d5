package driver_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
)

// What desk.json says of confidence, judge, costs and goals equals what is computed here
// from the closes and from what the roles said.
func TestDeskScoreEqualsAnIndependentComputation(t *testing.T) {
	data, closes := madeCloses(330, map[string]float64{"AA": 0.02, "BB": 0.02, "CC": 0.02})
	horizons := map[string]int{"5 bars": 5, "two hands": 20, "2 weeks": 10}
	names := []string{"5 bars", "two hands", "2 weeks"}
	n := 0
	d := &deskRun{desk: "{analysts: [technical], debate: {compact: true}, trader: {}, goals: {net_pl: -1e6, max_drawdown: 0.5, win_rate_gain: 0.1, usd_per_decision: 0.003, logged: 1}}", every: 3, symbols: "AA, BB", data: data}
	d.play = func(role string, _ agentloop.Request) (agentloop.Reply, error) {
		switch role {
		case "technical":
			n++
			signal, confidence := []string{"BUY", "SELL"}[n%2], float64(n%10)/10
			text := strings.Replace(reports([]string{"AA", "BB"}[n/2%2], signal), "20 bars", names[n%3], 1)
			return agentloop.Reply{Text: strings.Replace(text, `"confidence":0.6`, fmt.Sprintf(`"confidence":%v`, confidence), 1), Usage: agentloop.Usage{Input: 1000, Output: 100}}, nil
		case "debate":
			return agentloop.Reply{Text: strings.Replace(bothSides, "BULL", []string{"BULL", "BEAR"}[n%2], 1), Usage: agentloop.Usage{Input: 2000, Output: 200}}, nil
		}
		return agentloop.Reply{Text: `{"orders":[],"no_trade":"n"}`}, nil
	}
	d.change = func(a *agentloop.Agent) {
		for i := range a.Roles {
			a.Roles[i].Price = &agentloop.Price{In: pitwall.One, Out: pitwall.Int(10)}
		}
	}
	r, turns, err := d.run(t)
	require.NoError(t, err)
	const firstBar = 261 // 2014-01-02
	last := firstBar + r.Bars - 1
	right, scored, sum, brier := 0, 0, 0.0, 0.0
	won := map[string][3]float64{} // times, scored, right
	for i := range turns {
		bar, k := firstBar+3*i, i+1
		side := []string{"BULL", "BEAR"}[k%2]
		w := won[side]
		w[0]++
		if bar+20 <= last {
			move := (closes["AA"][bar+20]/closes["AA"][bar] + closes["BB"][bar+20]/closes["BB"][bar]) - 2
			w[1]++
			if (move > 0) == (side == "BULL") {
				w[2]++
			}
		}
		won[side] = w
		symbol, end := []string{"AA", "BB"}[k/2%2], bar+horizons[names[k%3]]
		if end > last {
			continue
		}
		confidence, hit := float64(k%10)/10, 0.0
		if (closes[symbol][end] > closes[symbol][bar]) == (k%2 == 0) {
			hit = 1
			right++
		}
		scored++
		sum += confidence
		brier += math.Pow(confidence-hit, 2)
	}
	require.Greater(t, scored, 12)
	c := r.Desk.Calibration[0]
	require.Equal(t, []any{"technical", len(turns), scored, right}, []any{c.Role, c.Said, c.Scored, c.Right})
	require.InDelta(t, sum/float64(scored), c.Confidence, 1e-9)
	require.InDelta(t, brier/float64(scored), c.Brier, 1e-9)
	inBins := 0
	for _, b := range c.Bins {
		inBins += b.Scored
	}
	require.Equal(t, scored, inBins)
	for _, x := range r.Desk.Judge.Won[:2] {
		require.Equal(t, won[x.Winner], [3]float64{float64(x.Times), float64(x.Scored), float64(x.Right)}, x.Winner)
	}
	// 1,000 in and 100 out cost 0.002 USD, twice that of the debate; the trader says how much it
	// used in no way, so its worst case counts.
	require.Equal(t, "0.002", strings.TrimRight((*r.Desk.Roles[0].USD/pitwall.Dec(len(turns))).String(), "0"))
	require.Equal(t, "0.004", strings.TrimRight((*r.Desk.Roles[1].USD/pitwall.Dec(len(turns))).String(), "0"))
	require.InDelta(t, r.CostUSD.Float()/float64(len(turns)), *r.Desk.USDPerDecision, 1e-9)
	got := map[string]string{}
	for _, g := range r.Desk.Goals {
		met := "unknown"
		if g.Met != nil {
			met = fmt.Sprint(*g.Met)
		}
		got[g.Name] = met
	}
	require.Equal(t, map[string]string{"net_pl": "true", "max_drawdown": "true", "win_rate_gain": "unknown", "usd_per_decision": "false", "logged": "true"}, got)
	sums, err := os.ReadFile(filepath.Join(r.Out, runs.SumsFile))
	require.NoError(t, err)
	require.Contains(t, string(sums), "  desk.json\n")
}

// The whole desk stops at usd_per_turn: who comes after is absent, and nothing is ordered.
func TestUSDPerTurnLimitsTheWholeDesk(t *testing.T) {
	for usd, want := range map[pitwall.Dec]string{pitwall.One / 5: " absent", 2 * pitwall.One: "orders: 1 sent"} {
		d := &deskRun{desk: "{analysts: [technical, breadth], trader: {}, risk: {}}", turns: 1}
		d.play = func(role string, _ agentloop.Request) (agentloop.Reply, error) {
			return agentloop.Reply{Text: usual(role), Usage: agentloop.Usage{Input: 10000, Output: 1000}}, nil
		}
		d.change = func(a *agentloop.Agent) {
			a.Budget.USDPerTurn = usd
			for i := range a.Roles {
				a.Roles[i].Price = &agentloop.Price{In: pitwall.Int(3), Out: pitwall.Int(15)}
			}
		}
		r, turns, err := d.run(t)
		require.NoError(t, err)
		require.Contains(t, turns[0].Result, want)
		require.LessOrEqual(t, r.CostUSD.Float(), usd.Float())
		require.Equal(t, want != " absent", r.Orders == 1)
	}
}

// Splits between a view and its end are no move.
func TestCalibrationReadsThroughSplits(t *testing.T) {
	data, _ := madeCloses(330, map[string]float64{"AA": 0, "BB": 0, "CC": 0})
	text := string(data["data/walk.csv"].Data)
	var out strings.Builder
	for line := range strings.Lines(text) { // AA splits 2 for 1 on 2014-01-10, and is then at 50.5, up 1 %
		if f := strings.Split(line, ","); f[0] == "AA" && f[1] >= "2014-01-10" {
			line = strings.ReplaceAll(line, "100.00", "50.50")
		}
		out.WriteString(line)
	}
	data["data/walk.csv"].Data = []byte(out.String())
	file := *data["data/walk.csv"]
	file.Data = []byte("symbol,ex_date,type,value\nAA,2014-01-10,split,2\n")
	data["data/actions.csv"] = &file
	d := &deskRun{desk: "{analysts: [technical], trader: {}}", every: 30, symbols: "AA, BB", data: data, play: func(role string, _ agentloop.Request) (agentloop.Reply, error) {
		if role == "technical" {
			return agentloop.Reply{Text: reports("AA", "BUY")}, nil
		}
		return agentloop.Reply{Text: `{"orders":[],"no_trade":"n"}`}, nil
	}}
	r, turns, err := d.run(t)
	require.NoError(t, err)
	require.Equal(t, time.January, func() time.Month { at, _ := time.Parse(time.RFC3339, turns[0].AsOf); return at.Month() }())
	require.Equal(t, 1, r.Desk.Calibration[0].Right, "of the turn before the split")
}

// A turn whose trader gave no valid plan has no decision, though its lines are written.
func TestTurnsWithoutDecisionAreNotLogged(t *testing.T) {
	n := 0
	d := &deskRun{desk: "{analysts: [technical], trader: {}, goals: {logged: 1}}", turns: 4, play: func(role string, _ agentloop.Request) (agentloop.Reply, error) {
		if n++; role == "trader" && n > 6 {
			return agentloop.Reply{Text: "no plan"}, nil
		}
		return agentloop.Reply{Text: usual(role)}, nil
	}}
	r, _, err := d.run(t)
	require.NoError(t, err)
	require.InDelta(t, 0.75, *r.Desk.Goals[0].Got, 1e-9)
	require.False(t, *r.Desk.Goals[0].Met)
}

// To cut a position is a view that it falls, and a portfolio is scored by its views alone.
func TestCutsAndViewsAreScored(t *testing.T) {
	data, _ := madeCloses(330, map[string]float64{"AA": 0, "BB": 0, "CC": 0})
	text := string(data["data/walk.csv"].Data)
	var out strings.Builder
	for line := range strings.Lines(text) { // AA falls on 2014-01-27, after the second turn
		if f := strings.Split(line, ","); f[0] == "AA" && f[1] >= "2014-01-27" {
			line = strings.ReplaceAll(line, "100.00", "90.00")
		}
		out.WriteString(line)
	}
	data["data/walk.csv"].Data = []byte(out.String())
	plan := func(percent int) string {
		return fmt.Sprintf(`{"orders":[{"symbol":"AA","target_percent":%d,"confidence":0.8,"reason":"r"}]}`, percent)
	}
	view := func(percent int) string {
		return fmt.Sprintf(`{"views":[{"symbol":"AA","expected_return":%d,"confidence":0.8,"risks":[]}]}`, percent)
	}
	for desk, say := range map[string][]string{
		"{analysts: [technical], trader: {}}":                             {plan(40), plan(10), `{"orders":[],"no_trade":"n"}`},
		"{analysts: [technical], trader: {}, portfolio: {volatility: 9}}": {view(5), view(-5), `{"views":[]}`},
	} {
		n := 0
		d := &deskRun{desk: desk, every: 15, symbols: "AA, BB", data: data, play: func(role string, _ agentloop.Request) (agentloop.Reply, error) {
			if role != "trader" {
				return agentloop.Reply{Text: strings.Replace(reports("AA", "HOLD"), "20 bars", "2 bars", 1)}, nil
			}
			n++
			return agentloop.Reply{Text: say[min(n, 3)-1]}, nil
		}}
		r, _, err := d.run(t)
		require.NoError(t, err, desk)
		c := r.Desk.Calibration[0]
		require.Equal(t, []any{"trader", 2, 2, 1}, []any{c.Role, c.Said, c.Scored, c.Right}, desk)
		require.InDelta(t, 0.8, c.Confidence, 1e-9, desk)
	}
}
