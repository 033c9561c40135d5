package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// rowsOf are a comparison's rows by name, each as its texts.
func rowsOf(list []Row) map[string][]string {
	rows := map[string][]string{}
	for _, r := range list {
		for _, v := range r.Values {
			rows[r.Name] = append(rows[r.Name], v.Text)
		}
	}
	return rows
}

// A run that did not come to its end is told from one that did, and its days are
// those that it came to.
func TestCompareSaysWhatIsIncomplete(t *testing.T) {
	failed, asked := made(3), made(6)
	failed.manifest["status"], failed.manifest["run_id"] = "failed", "f"
	asked.manifest["to"] = "2024-01-08" // the data ended before either
	c, err := Compare([]*Run{made(6).open(t), failed.open(t), asked.open(t)})
	require.NoError(t, err)
	require.Equal(t, "status", c.Rows[0].Name)
	require.True(t, c.Rows[0].Always)
	require.True(t, c.Rows[0].Differ)
	require.Equal(t, []string{"complete", "failed", "complete"}, rowsOf(c.Rows)["status"])
	require.Equal(t, []string{"2024-01-07", "2024-01-04", "2024-01-07"}, rowsOf(c.Settings)["to"])
	require.Equal(t, []string{"the periods differ, so figures cover different dates: r is 2024-01-02 to 2024-01-07, f is 2024-01-02 to 2024-01-04, r (3) is 2024-01-02 to 2024-01-07"}, c.Warnings)

	c, err = Compare([]*Run{failed.open(t), failed.open(t)})
	require.NoError(t, err)
	require.False(t, c.Rows[0].Differ)
	require.True(t, c.Rows[0].Always, "both failed: that is no difference, and not to be left out")
	require.Empty(t, c.Warnings)
}

// What every run is held against is there however alike it is, beside the return.
func TestCompareHoldsAgainstDoingNothing(t *testing.T) {
	runs := []*Run{made(6).open(t), made(6).open(t)}
	for _, r := range runs {
		r.Manifest.Benchmark = "SPX"
		for i := range r.Points {
			r.Points[i].Benchmark = 100 + float64(i)*10
		}
		r.Journal = slices.Values([]pitwall.Entry{{Kind: pitwall.EntryMark, Mark: &pitwall.EquityPoint{Time: r.Points[0].At, Equity: r.Points[0].Exact}}})
	}
	c, err := Compare(runs, "a", "b")
	require.NoError(t, err)
	names := []string{}
	for _, r := range c.Rows[:4] {
		names = append(names, r.Name)
		require.Equal(t, r.Name != "final equity", r.Always, r.Name)
		require.False(t, r.Differ)
	}
	require.Equal(t, []string{"final equity", "return", "benchmark return", "buy-and-hold return"}, names)
	require.Equal(t, []string{"+50.00 %", "+50.00 %"}, rowsOf(c.Rows)["benchmark return"])
	require.Equal(t, []string{"a", "b"}, c.Names)
	require.Equal(t, []string{"traded nothing, against SPX (+50.0 %) and buy and hold (+0.5 %)", "traded nothing, against SPX (+50.0 %) and buy and hold (+0.5 %)"}, c.Verdicts)
}

// One name for a figure, and the number of attempts where a figure depends on it.
func TestCompareNamesFigures(t *testing.T) {
	named := func(attempts ...int) (list map[string]Row) {
		list = map[string]Row{}
		var runs []*Run
		for _, n := range attempts {
			m := made(6)
			m.equity[3], m.manifest["attempt"] = 900, n
			r := m.open(t)
			r.Journal = slices.Values([]pitwall.Entry{{Kind: pitwall.EntryMark, Mark: &pitwall.EquityPoint{Time: r.Points[0].At, Equity: r.Points[0].Exact}}})
			runs = append(runs, r)
		}
		c, err := Compare(runs)
		require.NoError(t, err)
		for _, r := range c.Rows {
			list[r.Name] = r
		}
		return list
	}
	for want, list := range map[string]map[string]Row{"(1 attempt)": named(1, 0), "(3 attempts)": named(3, 3), "(own attempts)": named(1, 3)} {
		require.Contains(t, list, "deflated Sharpe "+want)
		require.Contains(t, list, "probabilistic Sharpe")
		require.Contains(t, list, "exposure")
		for name, r := range list {
			yearly := name == "CAGR" || name == "volatility" || name == "Sharpe" || name == "Sortino" || name == "Calmar"
			require.Equal(t, yearly, r.Yearly, name)
		}
	}
}

// Runs that share no turn are not compared turn by turn: their periods say why.
func TestCompareWithoutACommonTurn(t *testing.T) {
	a, b := made(6), made(6)
	a.turns, a.equity = a.turns[:2], a.equity[:2]
	b.turns = b.turns[3:]
	c, err := Compare([]*Run{a.open(t), b.open(t), made(0).open(t)}, "one", "two", "three")
	require.NoError(t, err)
	p := c.Partings[0]
	require.Equal(t, "no turn in common: one is 2024-01-02 to 2024-01-03, two 2024-01-02 to 2024-01-07", p.Text)
	require.Nil(t, p.First)
	require.Nil(t, p.Orders)
	require.Equal(t, "no turn in common: one is 2024-01-02 to 2024-01-03, three 2024-01-02 to 2024-01-09", c.Partings[1].Text)
}

// Comparisons are read by people: no escapes for the sake of HTML, and numbers as
// they were sent.
func TestPlainJSON(t *testing.T) {
	for raw, want := range map[string]string{
		`{"sql":"a \u003c= b \u003E c \u0026 d"}`: `{"sql":"a <= b > c & d"}`,
		`"\\u003c \u00e9 \" \\\u003c"`:            `"\\u003c \u00e9 \" \\<"`,
		`{"n":1.10,"big":12345678901234567890}`:   `{"n":1.10,"big":12345678901234567890}`,
		`"\u003`:                                  `"\u003`,
		`"\`:                                      `"\`,
		``:                                        ``,
	} {
		require.Equal(t, want, PlainJSON([]byte(raw)))
	}
	with := func(qty string) *Run {
		m := made(6)
		args := fmt.Sprintf(`{"symbol":"A","qty":%s,"why":"a \u003c= b"}`, qty)
		m.turns[2].Messages[1].Reply.Calls[1].Arguments = json.RawMessage(args)
		m.manifest["agents"] = []any{map[string]any{"name": "main", "model": "m/1", "params": map[string]string{"sql": "x <= " + qty}}}
		r := m.open(t)
		require.Contains(t, string(r.folder.FS.(fstest.MapFS)["turns/000003.json"].Data), `\u003c`, "as it is written")
		return r
	}
	c, err := Compare([]*Run{with("5.10"), with("12345678901234567890")})
	require.NoError(t, err)
	require.Equal(t, [2]string{`orders_submit {"qty":5.10,"symbol":"A","why":"a <= b"}`, `orders_submit {"qty":12345678901234567890,"symbol":"A","why":"a <= b"}`}, c.Partings[0].First.Lines)
	require.Equal(t, []string{`{"sql":"x <= 5.10"}`, `{"sql":"x <= 12345678901234567890"}`}, rowsOf(c.Settings)["params"])
}

// Two runs of a rule differ by its values and its text, not by the SQL made of it.
func TestRulesAreComparedByTheirText(t *testing.T) {
	with := func(days int) *Run {
		m := made(6).with(1, `{"symbols":["A"]}`, fmt.Sprintf(`{"sql":"SELECT (close > avg(close) over (h rows %d preceding)) AS weight"}`, days))
		m.manifest["params"] = map[string]any{"days": days}
		m.manifest["agents"] = []any{map[string]any{"name": "main", "model": "rule", "params": map[string]any{"band": 0.05, "rule": []string{fmt.Sprintf("weight: close > avg(close) over (h rows %d preceding)", days)}}}}
		return m.open(t)
	}
	c, err := Compare([]*Run{with(99), with(19)})
	require.NoError(t, err)
	rules := [2]string{"weight: close > avg(close) over (h rows 99 preceding)", "weight: close > avg(close) over (h rows 19 preceding)"}
	rows := rowsOf(c.Settings)
	require.Equal(t, []string{`{"days":99}`, `{"days":19}`}, rows["params"])
	require.Equal(t, rules[:], rows["rule"])
	require.Equal(t, []string{"0.05", "0.05"}, rows["band"])
	require.Equal(t, rules, c.Partings[0].First.Lines)
}
