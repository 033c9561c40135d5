package driver_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
)

// ruled makes a run of a strategy text over the bars of testdata.
func ruled(t *testing.T, data, text string) driver.Config {
	t.Helper()
	c := idea{symbols: "[A, B]", rule: text}.config(t, data)
	c.Files = os.DirFS("testdata")
	return c
}

// A faulty rule is refused before the run leaves a folder, with the
// expression and DuckDB's words.
func TestRuleIsChecked(t *testing.T) {
	for text, want := range map[string]string{
		"rule: clos > 1":                             `s.yaml: rule: weight: clos > 1: Binder Error: Referenced column "clos" not found in FROM clause!; Candidate bindings: "close"`,
		"rule: close >":                              "syntax error",
		"rule: close), (open":                        "rule: weight: close), (open: ",
		"rule: close) as x, (open":                   "rule: weight: close) as x, (open",
		"rule: close > pg_sleep(1)":                  `the function "pg_sleep" is not allowed`,
		"rule: (select count(*) from other)":         `unknown table "other"`,
		"rule: symbol":                               "weight is neither a number nor true or false: symbol",
		"rule: date":                                 "weight is neither a number nor true or false: date",
		"rule: {fast: slow, slow: close, weight: 1}": `rule: fast: slow: Binder Error: Referenced column "slow" not found`,
		"rule: {fast: avg(close) over (h rows 9 preceding), weight: fast > lag(fst) over h}": `Referenced column "fst" not found`,
	} {
		c := ruled(t, "later", text)
		_, err := driver.Run(t.Context(), c)
		require.ErrorContains(t, err, want, text)
		require.NoDirExists(t, c.Dir)
	}
	for text, want := range map[string]string{
		"rule: clos > 1": "did you mean close? columns are symbol, ts, date, open, high, low, close, volume",
		"rule: {fast: avg(close) over (h rows 9 preceding), weight: fast > lag(fst) over h}": "did you mean fast? columns are symbol, ts, date, open, high, low, close, volume, fast",
		"rule: close > sma(close, 50)": "sma: a 50-day average is avg(close) over (h rows 49 preceding)",
		"rule: close > ema(close, 50)": "ema: a 50-day average is avg(close) over (h rows 49 preceding)",
		"rule: close > pg_sleep(1)":    `pitwall docs "SQL functions" lists those that are`,
		"rule: lag(close, {days}) over h > close\nparams: {days: a b, n: 1}\nagent: {prompt: '{n}'}": "{days} is a b, from params or --param days",
	} {
		_, err := driver.Run(t.Context(), ruled(t, "later", text))
		e, ok := errors.AsType[*pitwall.Error](err)
		require.True(t, ok, err)
		require.Contains(t, e.Hint, want, text)
	}
	for text, want := range map[string]string{
		"rule: []":                                 "line 4: rule is a list",
		"rule: {a: [1], weight: a}":                "column a of rule is no text",
		"rule: {weight: 1, a: 2}":                  "rule: the columns end with a",
		"rule: lag(close, {days}) over h":          "rule: weight: {days} has no value; write params: {days: 50} or --param days=50",
		"rule: {a: 1}":                             "rule: the columns end with a",
		"rule: {close: 1, weight: 1}":              "two columns are named close",
		"rule: {a: 1, a: 2, weight: 1}":            "two columns are named a",
		"rule: {A b: 1, weight: 1}":                `column "A b"`,
		"rule: {a: '', weight: 1}":                 "rule: a is empty",
		"rule: 1\nband: 1":                         "band is 1",
		"band: 0.1":                                "band is given without rule",
		"rule: 1\nagent: {model: script/buyhold}":  "rule and a model are both given",
		"rule: 1\nagents: [{name: a, model: gpt}]": "rule and a model are both given",
	} {
		s, err := driver.Parse("s.yaml", []byte("name: x\nsymbols: [A]\n\n"+text+"\n"))
		if err == nil {
			err = s.Check()
		}
		require.ErrorContains(t, err, want, text)
	}
}

// A rule that the account cannot hold, or that gives no number, ends the run with
// its figures.
func TestRuleThatCannotBeHeld(t *testing.T) {
	for text, want := range map[string]string{
		"rule: 1.2":                 "rule: weights add up to 1.2, 120 % of equity: 1 is all of it, and this account carries 1: A 1.2",
		"rule: -0.5":                "rule: the weight of A is -0.5 and this account does not short",
		"rule: 1 / (close - close)": "rule: the weight of A is not finite",
		"rule: {z: close - close, weight: 1 / z}":            "rule: the weight of A is not finite: z 0",
		"rule: sqrt(-close)":                                 "cannot take square root of a negative number",
		"rule: 2.5\naccount: {type: margin}":                 "rule: weights add up to 2.5, 250 % of equity: 1 is all of it, and this account carries 2: A 2.5",
		"rule: -0.5\naccount: {type: margin, shorts: false}": "this account does not short",
	} {
		c := ruled(t, "later", text)
		result, err := driver.Run(t.Context(), c)
		require.ErrorContains(t, err, want, text)
		require.NotContains(t, err.Error(), "asking the model", text)
		require.Zero(t, result.Orders, text)
	}
	_, err := driver.Run(t.Context(), ruled(t, "later", "rule: 0.6"))
	require.ErrorContains(t, err, "weights add up to 1.2, 120 % of equity: 1 is all of it, and this account carries 1: A 0.6, B 0.6", "when B lists")
	result, err := driver.Run(t.Context(), ruled(t, "later", "rule: case symbol when 'A' then 1 else -1 end\naccount: {type: margin, borrow_rate: 0.01, margin_rate: 0.05}"))
	require.NoError(t, err)
	require.Positive(t, result.Fills)
}

// Orders close what a rule no longer wants, wait in the band, and are sent at every
// turn without one. NULL is no order. Symbols that list later get their part then.
func TestRuleOrders(t *testing.T) {
	run := func(data, text string) (*driver.Result, string) {
		result, err := driver.Run(t.Context(), ruled(t, data, text))
		require.NoError(t, err)
		raw, err := os.ReadFile(filepath.Join(result.Out, "fills.csv"))
		require.NoError(t, err)
		return result, string(raw)
	}
	result, fills := run("later", "rule: true")
	require.Equal(t, 2, strings.Count(fills, ",buy,"), fills)
	require.Contains(t, fills, ",B,buy,")
	require.NotContains(t, fills, ",sell,", "half of it stays cash until B lists")
	turns := runs.Open(os.DirFS(result.Out))
	require.NotContains(t, turns.Manifest.Warnings, "tool_error")

	_, fills = run("later", "rule: case when symbol = 'A' and date = '2024-01-10' then 1 when symbol = 'A' and date = '2024-01-17' then 0 end")
	require.Equal(t, 2, strings.Count(fills, ",A,"), fills)

	_, fills = run("later", "rule: case symbol when 'A' then 0.5 + 0.02 * (day(ts) % 2) end")
	require.Equal(t, 1, strings.Count(fills, ",A,"), fills)
	_, fills = run("later", "rule: case symbol when 'A' then 0.5 + 0.02 * (day(ts) % 2) end\nband: 0")
	require.Greater(t, strings.Count(fills, ",A,"), 10)
}

// Until a symbol has the bars of the rule's longest window, its average is not the one
// that was asked for: no order, and one warning says from when on there are some.
func TestRuleWarmsUp(t *testing.T) {
	file := walks(t)
	run := func(text string) (*driver.Result, string, []string) {
		c := idea{symbols: "[A]", rule: text}.config(t, file)
		result, err := driver.Run(t.Context(), c)
		require.NoError(t, err)
		reader := runs.Open(os.DirFS(result.Out))
		fills, err := os.ReadFile(filepath.Join(result.Out, "fills.csv"))
		require.NoError(t, err)
		_, first, _ := strings.Cut(string(fills), "\n")
		return result, first, reader.Manifest.Warnings
	}
	for _, n := range []string{"49", "50 - 1", "7 * 7"} {
		_, first, warnings := run("rule: close > 0.5 * avg(close) over (h rows " + n + " preceding)")
		require.Contains(t, warnings, "no order before the rule's longest window (50 bars) is full: A from 2013-07-23 (49 turns before); data that begin earlier, or a later from, avoid that")
		require.Regexp(t, "^[^\n]*2013-07-24", first, "the bar after the 50th")
	}
	result, first, warnings := run("from: 2013-08-01\nrule:\n  m: avg(close) over (h rows 49 preceding)\n  weight: close > 0.5 * m")
	require.NotContains(t, strings.Join(warnings, "\n"), "longest window", "bars before from count")
	require.Regexp(t, "^[^\n]*2013-08-02", first)
	require.Positive(t, result.Fills)
	result, _, warnings = run("rule: close > avg(close) over (h rows 300 preceding)")
	require.Zero(t, result.Orders)
	require.Contains(t, strings.Join(warnings, "\n"), "(301 bars) is full: A never in this run")
	turn, err := runs.Open(os.DirFS(result.Out)).RawTurn(3)
	require.NoError(t, err)
	require.Contains(t, string(turn), "A has 3 of the 301 bars that the rule needs")
}

// The record says what decided; columns that look ahead are noted.
func TestRuleInTheRecord(t *testing.T) {
	c := ruled(t, "later", "rule:\n  next: lead(close) over h\n  weight: coalesce(next > close, true)")
	result, err := driver.Run(t.Context(), c)
	require.NoError(t, err)
	m := runs.Open(os.DirFS(result.Out)).Manifest
	require.Equal(t, "rule", m.Model)
	require.Equal(t, []any{"next: lead(close) over h", "weight: coalesce(next > close, true)"}, m.Agents[0].Params["rule"])
	require.Equal(t, []string{"rule: next looks ahead (lead): rows after now are not there, so at the newest bar it sees nothing of them"}, m.Notes)
	raw, err := runs.Open(os.DirFS(result.Out)).RawTurn(1)
	require.NoError(t, err)
	require.Contains(t, string(raw), "weight true, held 0: next null")
}

// What is watched is shown and read by rules, never ordered, and makes no step.
func TestWatch(t *testing.T) {
	x := idea{symbols: "[A]\nwatch: [B]", rule: "rule: max(close) filter (where symbol = 'B') over across > 0"}
	c := x.config(t, "later")
	c.Files = os.DirFS("testdata")
	result, err := driver.Run(t.Context(), c)
	require.NoError(t, err)
	raw, err := os.ReadFile(filepath.Join(result.Out, "fills.csv"))
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(raw), ",A,buy,"), "when B lists: %s", raw)
	require.NotContains(t, string(raw), ",B,")
	turn, err := runs.Open(os.DirFS(result.Out)).RawTurn(result.Turns)
	require.NoError(t, err)
	require.Contains(t, string(turn), `A;B`)
	s, err := driver.Parse("s.yaml", []byte("symbols: [A]\nwatch: [A]\n"))
	require.NoError(t, err)
	require.ErrorContains(t, s.Check(), "watch and symbols name the same symbol")
}

// The investor policy stands before a prompt, unless the strategy leaves it out.
func TestInvestorPolicy(t *testing.T) {
	for text, want := range map[string]bool{"": true, "\ninvestor_policy: true": true, "\ninvestor_policy: false": false} {
		c := ruled(t, "later", "rule: true"+text)
		result, err := driver.Run(t.Context(), c)
		require.NoError(t, err)
		turn, err := runs.Open(os.DirFS(result.Out)).RawTurn(1)
		require.NoError(t, err)
		require.Equal(t, want, strings.Contains(string(turn), "Investor policy"), text)
		require.Contains(t, string(turn), "How to work:")
	}
}
