package driver_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/agentloop/models"
	"pitwall/cache/runs"
)

const fundHead = "name: fund\nbenchmark: SPX\ndata: [data]\nfrom: 2014-01-02\nto: 2015-06-30\ncosts: {commission_bps: 10, slippage_bps: 5}\n"

// ran runs a strategy of scripts and verifies its folder.
func ran(t *testing.T, text string) (*driver.Result, *runs.Run) {
	t.Helper()
	s, err := driver.Parse("fund.yaml", []byte(text))
	require.NoError(t, err)
	s.ReadRoles(config("").Files)
	require.NoError(t, s.Check())
	var list []driver.Model
	for _, a := range s.Team() {
		m, err := driver.NewModel(a, models.Options{Env: func(string) string { return "" }})
		require.NoError(t, err)
		list = append(list, m)
	}
	c := config(filepath.Join(t.TempDir(), "run"))
	c.Strategy = s
	c.Agents, err = s.Deciders(list, nil)
	require.NoError(t, err)
	r, err := driver.Run(t.Context(), c)
	require.NoError(t, err)
	v, err := driver.Verify(os.DirFS(r.Out))
	require.NoError(t, err)
	require.Empty(t, v.Differences)
	return r, runs.Open(os.DirFS(r.Out))
}

// trades returns the fills of a book: time to fee.
func tradesOf(r *runs.Run, book string) (list []string) {
	for _, row := range r.Rows(runs.FillsFile) {
		if row[6] == book {
			list = append(list, strings.Join(row[:6], " "))
		}
	}
	return list
}

const (
	trend = "agent: {model: script/momentum, params: {lookback: 20}}"
	hold  = "agent: {model: script/buyhold}"
)

// A pod trades as its strategy does by itself, whatever other pods do beside it.
func TestPodTradesAsByItself(t *testing.T) {
	_, alone := ran(t, fundHead+"symbols: [AAPL]\nevery: 3\ncash: 40000\n"+trend+"\n")
	want := tradesOf(alone, pitwall.MainBook)
	require.Greater(t, len(want), 5)
	for name, more := range map[string]string{"alone": "", "beside another": "- {name: other, weight: 0.5, " + hold + "}\n"} {
		t.Run(name, func(t *testing.T) {
			_, r := ran(t, fundHead+"symbols: [AAPL]\ncash: 100000\npods:\n"+more+"- {name: trend, capital: 40000, every: 3, "+trend+"}\n")
			require.Equal(t, want, tradesOf(r, "trend"))
		})
	}
}

// A rule in a pod waits for its window, and orders, as it does by itself.
func TestPodsRuleAsByItself(t *testing.T) {
	const rule = "rule: close > avg(close) over (h rows 249 preceding)"
	alone, r := ran(t, fundHead+"symbols: [AAPL]\nevery: 20\ncash: 40000\n"+rule+"\n")
	want := tradesOf(r, pitwall.MainBook)
	require.NotEmpty(t, want)
	both, r := ran(t, fundHead+"symbols: [AAPL]\nevery: 20\ncash: 100000\npods:\n- {name: other, weight: 0.5, "+rule+"}\n- {name: slow, capital: 40000, "+rule+"}\n")
	require.Equal(t, want, tradesOf(r, "slow"))
	require.Len(t, tradesOf(r, "other"), len(want))
	one := func(list []string, text string) (found string) {
		for _, w := range list {
			if strings.Contains(w, text) {
				found = w
			}
		}
		return found
	}
	require.Contains(t, one(alone.Warnings, "longest window (250 bars)"), "turns before")
	require.Regexp(t, `^pod slow: no order before the rule's longest window \(250 bars\) is full: AAPL from [0-9-]+; data`, one(both.Warnings, "pod slow: no order"))
}

// The fund is the sum of its books at every bar, to the last digit.
func TestFundIsTheSumOfItsBooks(t *testing.T) {
	result, r := ran(t, fundHead+"cash: 100000\npods:\n- {name: trend, weight: 0.3, symbols: [AAPL], every: 3, "+trend+"}\n- {name: hold, weight: 0.45, symbols: [AAPL], "+hold+"}\n")
	sums := map[string]pitwall.EquityPoint{}
	books := map[string]int{}
	var c pitwall.Calc
	for _, e := range r.Journal() {
		if e.Kind == pitwall.EntryMark {
			books[e.Book]++
			at := e.Mark.Time.UTC().String()
			p := sums[at]
			sums[at] = pitwall.EquityPoint{Equity: c.Add(p.Equity, e.Mark.Equity), Cash: c.Add(p.Cash, e.Mark.Cash)}
		}
	}
	require.Equal(t, map[string]int{"main": result.Bars, "trend": result.Bars, "hold": result.Bars}, books)
	rows := r.Equity()
	require.Len(t, rows, result.Bars)
	for _, row := range rows {
		require.Equal(t, sums[row.Time.UTC().String()], pitwall.EquityPoint{Equity: row.Equity, Cash: row.Cash})
	}
	require.Equal(t, rows[len(rows)-1].Equity, result.FinalEquity)
	require.Len(t, r.Rows(runs.BooksFile), 3*result.Bars)
	file := filepath.Join(result.Out, runs.BooksFile)
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(raw), ",hold,45000,", ",hold,45001,", 1)), 0o600))
	v, err := driver.Verify(os.DirFS(result.Out))
	require.NoError(t, err)
	require.Len(t, v.Differences, 2, "its sum, and what it says: %v", v.Differences)
	require.Contains(t, v.Differences[1], "books.csv line")
	require.Equal(t, []runs.Pod{
		{Name: "trend", Cash: pitwall.Int(30_000), Symbols: []string{"AAPL"}, Limits: result.Manifest.Pods[0].Limits, Agents: []string{"trend"}},
		{Name: "hold", Cash: pitwall.Int(45_000), Symbols: []string{"AAPL"}, Limits: result.Manifest.Pods[1].Limits, Agents: []string{"hold"}}}, result.Manifest.Pods)
}

// A limit on the sum denies or trims a pod's order, and says who holds what.
func TestFundLimitsTheSum(t *testing.T) {
	pods := "pods:\n- {name: first, weight: 0.5, symbols: [AAPL], " + hold + "}\n- {name: second, weight: 0.5, symbols: [AAPL], every: 5, " + trend + "}\n"
	_, r := ran(t, fundHead+"cash: 100000\nrisk: {max_gross_percent: 60}\n"+pods)
	var denied *pitwall.Error
	for _, e := range r.Journal() {
		if e.State != nil && e.State.Status == pitwall.Denied {
			require.Equal(t, "second", e.Book)
			denied = e.State.Error
		}
	}
	require.NotNil(t, denied)
	require.Contains(t, denied.Message, "fund limit: ")
	require.Contains(t, denied.Message, "AAPL is held by first ")
	require.Equal(t, "fund.max_gross_percent", denied.Checks[0].Name)

	_, r = ran(t, fundHead+"cash: 100000\nrisk: {max_gross_percent: 60, over_limit: trim}\n"+pods)
	trimmed := 0
	for _, e := range r.Journal() {
		if e.Kind == pitwall.EntryIntent && e.Order != nil && e.Book == "second" && e.Order.Sizing != nil && strings.Contains(e.Order.Sizing.Limited, "limit fund.max_gross_percent: ") {
			trimmed++
		}
	}
	require.NotZero(t, trimmed)
}

// A pod's file may have pods of its own: their books are the fund's, and the limits of each
// level hold on the sum of its own.
func TestPodsWithinAPod(t *testing.T) {
	_, r := ran(t, fundHead+"cash: 200000\nevery: 10\npods:\n- {name: inner, weight: 0.5, strategy: fund, risk: {max_gross_percent: 50, over_limit: trim}}\n- {name: hold, weight: 0.4, symbols: [AAPL], "+hold+"}\n")
	var pods []string
	for _, p := range r.Manifest.Pods {
		pods = append(pods, fmt.Sprint(p.Name, p.Cash, p.Within, p.Agents))
	}
	require.Equal(t, []string{"inner-trend60000 [inner] [inner-trend]", "inner-dip40000 [inner] [inner-dip]", "hold80000 [] [hold]"}, pods)
	require.NotEmpty(t, tradesOf(r, "hold"))
	trimmed := ""
	for _, e := range r.Journal() {
		if e.Kind == pitwall.EntryIntent && e.Order != nil && e.Order.Sizing != nil && strings.Contains(e.Order.Sizing.Limited, "limit inner.max_gross_percent: ") {
			trimmed += e.Book + " "
		}
	}
	require.Contains(t, trimmed, "inner-trend ")
	require.NotContains(t, trimmed, "hold")

	loop, err := driver.Parse("f.yaml", []byte("symbols: [AAPL]\ndata: [data]\npods:\n- {name: a, weight: 0.5, strategy: self.yaml}\n"))
	require.NoError(t, err)
	loop.ReadRoles(fstest.MapFS{"self.yaml": {Data: []byte("symbols: [AAPL]\npods:\n- {name: a, weight: 0.5, strategy: self.yaml}\n")}})
	require.ErrorContains(t, loop.Check(), "more than 4 deep")
}

func TestFundThatCannotBe(t *testing.T) {
	for text, want := range map[string]string{
		"- {name: a, weight: 0.5}":                                                                     "pod a has nothing that decides",
		"- {name: a, weight: 0.5, strategy: no.yaml}":                                                  "no files beside the strategy",
		"- {name: a, " + hold + "}":                                                                    "give one of capital and weight",
		"- {name: a, weight: 0.5, capital: 1, " + hold + "}":                                           "give one of capital and weight",
		"- {name: main, weight: 0.5, " + hold + "}":                                                    "two pods have the name main",
		"- {name: A, weight: 0.5, " + hold + "}":                                                       "pod 1 has the name",
		"- {name: a, weight: 0.6, " + hold + "}\n- {name: b, weight: 0.5, " + hold + "}":               "10000 over it",
		"- {name: a, weight: 0.5, " + hold + "}\n- {name: a, weight: 0.5, " + hold + "}":               "two pods have the name a",
		"- {name: a, weight: 0.5, enabled: false, " + hold + "}":                                       "no pod is enabled",
		"- {name: a, weight: 0.5, pods: [], " + hold + "}":                                             "pods within a pod stand in its file",
		"- {name: a, weight: 0.5, carry: x, " + hold + "}":                                             "carry is reserved",
		"- {name: a, weight: 0.5, " + hold + "}\ncross: true":                                          "cross is reserved",
		"- {name: a, weight: 0.5, " + hold + "}\nallocate: {every: month, to: best}":                   "allocate.to is",
		"- {name: a, weight: 0.5, " + hold + "}\nallocate: {to: target}":                               "allocate has no every",
		"- {name: fund, weight: 0.5, " + hold + "}":                                                    "one has the name main or fund",
		"- {name: a, weight: 0, " + hold + "}":                                                         "begins with 0",
		"- {name: a, weight: 0.5, symbols: [SPX], " + hold + "}":                                       "not among the fund's symbols",
		"- {name: a, weight: 0.5, wait: 3, " + hold + "}":                                              `there is no key "wait"`,
		"- {name: a, weight: 0.5, " + hold + "}\nagent: {model: script/buyhold}":                       "what decides belongs into the pods",
		"- {name: a, weight: 0.5, " + hold + "}\nagent: {budget: {usd: 5}}":                            "pods with rule, band, agent",
		"- {name: a, weight: 0.5, " + hold + "}\ninvestor_policy: false":                               "pods with investor_policy",
		"- {name: a, weight: 0.5, risk: {max_consecutive_losses: {count: 1, per: 30d}}, " + hold + "}": "max_consecutive_losses is not supported in a pod",
		"- {name: a, weight: 0.5, risk: {duplicate_window: 10m}, " + hold + "}":                        "duplicate_window is not supported in a pod",
		"- {name: a, weight: 0.5, desk: {trader: {}, critic: {}}, agent: {model: script/desk}}":        "a desk with a critic",
		"- {name: a, weight: 0.5, " + hold + "}\nparams: {x: 1}":                                       "pods with params",
		"- {name: a, weight: 0.5, rule: close, band: 2}":                                               "band is 2",
		"- {name: a, weight: 0.5, strategy: x, " + hold + "}":                                          "a strategy and a rule",
	} {
		s, err := driver.Parse("f.yaml", []byte("symbols: [AAPL]\ndata: [data]\npods:\n"+text+"\n"))
		if err == nil {
			err = s.Check()
		}
		require.ErrorContains(t, err, want, text)
	}
}

// Capital moves between books when it is due, as transfers that the second implementation
// finds too (ran verifies): none is lost, and each pod ends nearer to its part.
func TestCapitalMoves(t *testing.T) {
	pods := "pods:\n- {name: trend, weight: 0.5, symbols: [AAPL], every: 3, " + trend + "}\n- {name: hold, weight: 0.4, symbols: [AAPL], " + hold + "}\n"
	for _, to := range []string{"target", "risk_parity"} {
		t.Run(to, func(t *testing.T) {
			result, r := ran(t, fundHead+"cash: 100000\nallocate: {every: month, to: "+to+"}\n"+pods)
			moves, months := 0, map[string]bool{}
			var c pitwall.Calc
			var left pitwall.Dec
			for _, e := range r.Journal() {
				if e.Flow == nil || e.Flow.Type != "transfer" {
					continue
				}
				moves++
				months[e.AsOf.Format("2006-01")] = true
				require.LessOrEqual(t, e.AsOf.Day(), 6, "the first bar of a month")
				if left = c.Add(left, e.Flow.Amount); moves%2 == 0 {
					require.Zero(t, left)
				}
			}
			require.Greater(t, len(months), 5)
			sheet, err := result.Report.Sheet()
			require.NoError(t, err)
			require.NotZero(t, sheet.Fund.Pods[0].Moved)
		})
	}
}

// A pod's gate closes its own book and no other; the labels are the fund's.
func TestPodWithRegimes(t *testing.T) {
	_, r := ran(t, fundHead+"symbols: [AAPL]\nevery: 5\ncash: 100000\nregime: {model: trend}\npods:\n- {name: gated, weight: 0.5, when: [trending_bull], "+hold+"}\n- {name: free, weight: 0.5, "+hold+"}\n")
	require.Equal(t, "SPX by trend: trending_bull", r.Manifest.Agents[0].Gate)
	require.Empty(t, r.Manifest.Agents[1].Gate)
	require.Len(t, tradesOf(r, "free"), 1, "it buys and holds")
	sold := 0
	for _, x := range tradesOf(r, "gated") {
		if strings.Contains(x, " sell ") {
			sold++
		}
	}
	require.Positive(t, sold)
}

// A pod may be several agents over one book, or a desk.
func TestPodsOfSeveralAgentsAndADesk(t *testing.T) {
	_, r := ran(t, "name: fund\nbenchmark: SPX\ndata: [data]\nfrom: 2014-01-02\nto: 2014-12-31\nsymbols: [AAPL]\nevery: 20\ncash: 100000\npods:\n"+
		"- {name: two, weight: 0.4, agents: [{name: fast, model: script/momentum, params: {lookback: 5}}, {name: slow, model: script/buyhold}]}\n"+
		"- {name: team, weight: 0.5, agent: {model: script/desk}, desk: {analysts: [technical], trader: {}, risk: {}}}\n")
	require.Equal(t, []string{"two-fast", "two-slow"}, r.Manifest.Pods[0].Agents)
	require.Equal(t, []string{"team"}, r.Manifest.Pods[1].Agents)
	require.Len(t, r.Manifest.Agents, 3)
	require.Len(t, r.Manifest.Agents[2].Roles, 3)
	agents := map[string]int{}
	for _, line := range r.Lines() {
		agents[line.Agent]++
	}
	require.Equal(t, map[string]int{"two-fast": 13, "two-slow": 13, "team": 13}, agents)
	require.NotEmpty(t, tradesOf(r, "two"))
	require.NotEmpty(t, tradesOf(r, "team"))
}
