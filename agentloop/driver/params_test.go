package driver_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
)

// One value serves rule, prompt and script; one that changes nothing is refused.
func TestParams(t *testing.T) {
	parse := func(text string, params ...string) (*driver.Strategy, error) {
		s, err := driver.Parse("s.yaml", []byte("symbols: [A]\n"+text))
		require.NoError(t, err)
		for _, p := range params {
			require.NoError(t, s.SetParam(p))
		}
		return s, s.Check()
	}
	s, err := parse("params: {n: 20}\nrule: close > avg(close) over (h rows {n} preceding)\nagent: {prompt: 'above {n} days, {unknown}'}\n")
	require.NoError(t, err)
	require.Equal(t, "above 20 days, {unknown}", s.Team()[0].Prompt)
	require.Equal(t, []any{"weight: close > avg(close) over (h rows 20 preceding)"}, s.Team()[0].Params["rule"])
	bars, err := s.CheckRule(t.Context())
	require.NoError(t, err)
	require.Equal(t, 21, bars)
	require.NoError(t, s.SetParam("n=5"))
	require.NoError(t, s.Check(), "and again")
	require.Equal(t, []any{"weight: close > avg(close) over (h rows 5 preceding)"}, s.Team()[0].Params["rule"])

	s, err = parse("agent: {model: script/momentum, params: {lookback: 100}}\n", "lookback=50")
	require.NoError(t, err)
	require.Equal(t, map[string]any{"lookback": 50}, s.Team()[0].Params)
	s, err = parse("agent: {model: gpt-5, prompt: 'at most {x}', params: {temperature: 1}}\n", "temperature=0.5", "x=half")
	require.NoError(t, err)
	require.Equal(t, map[string]any{"temperature": 0.5}, s.Team()[0].Params)
	require.Equal(t, "at most half", s.Team()[0].Prompt)
	s, err = parse("params: {n: 7, lookback: 9}\nagents: [{name: a, model: gpt-5, prompt: '{n}'}, {name: b, model: script/momentum}]\n")
	require.NoError(t, err)
	require.Equal(t, "7", s.Team()[0].Prompt)
	require.Nil(t, s.Team()[0].Params)
	s.UseModel("gpt-5")
	require.NoError(t, s.Check(), "a script's value goes with the script")

	_, err = parse("agent: {model: gpt-5, prompt: hold}\n", "lookback=50")
	require.ErrorContains(t, err, "params: nothing uses lookback")
	for _, bad := range []string{"lookback", "=5", "Look back=5", "n=", "n=[1"} {
		require.Equal(t, pitwall.InvalidInput, pitwall.CodeOf(s.SetParam(bad)), bad)
	}
}

// A run that was asked for some turns ends before the next one, and says so.
func TestTurnsAskedFor(t *testing.T) {
	c := config(filepath.Join(t.TempDir(), "run"))
	c.Turns = 2
	result, err := driver.Run(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, 2, result.Turns)
	require.Equal(t, 41, result.Bars, "the bars up to the third turn, in which orders fill")
	require.Equal(t, 1, result.Fills)
	require.False(t, result.Complete)
	require.True(t, result.Requested)
	require.Contains(t, result.ReadWith, runs.Reading{Code: pitwall.RunIncomplete, Text: "the run was stopped before its end: --turns 2"})
	require.Equal(t, "incomplete", runs.Open(os.DirFS(result.Out)).Manifest.Status)

	c = config(filepath.Join(t.TempDir(), "run"))
	c.Turns = 4
	result, err = driver.Run(t.Context(), c)
	require.NoError(t, err)
	require.True(t, result.Complete, "no turn was left out")
	require.False(t, result.Requested)
}
