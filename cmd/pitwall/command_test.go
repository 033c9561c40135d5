package main

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
	"pitwall/examples"
)

// A program that reads the prompt trades, and a run from the cache alone starts none.
func TestProgramTrades(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("skipped: no sh")
	}
	dir := t.TempDir()
	t.Setenv("PITWALL_CACHE_DIR", t.TempDir())
	for _, file := range []string{"aapl_daily.csv", "aapl_daily.csv.yaml"} {
		body, err := examples.FS.ReadFile("data/" + file)
		require.NoError(t, err)
		write(t, dir, file, string(body))
	}
	marks := filepath.Join(dir, "marks")
	write(t, dir, "answer.sh", `echo x >> "$1"; if grep -q '^# Result of orders_submit'; then echo 'RESULT: bought'; else echo '{"calls":[{"name":"orders_submit","arguments":`+buyTen+`}]}'; fi`)
	write(t, dir, "s.yaml", "name: program\nsymbols: [AAPL]\ndata: [aapl_daily.csv]\nfrom: 2018-05-01\nto: 2018-05-11\nevery: 5\n"+
		"agent: {model: {command: [sh, "+filepath.Join(dir, "answer.sh")+", "+marks+"]}, prompt: Trade Apple.}\n")
	var digest string
	for _, strict := range []bool{false, true} {
		a := testApp(t)
		s, err := backtestFlags{}.strategy(filepath.Join(dir, "s.yaml"))
		require.NoError(t, err)
		out := filepath.Join(dir, map[bool]string{false: "live", true: "strict"}[strict])
		r, err := a.runStrategy(t.Context(), s, backtestFlags{out: out, noReport: true, strictReplay: strict}, nil)
		require.NoError(t, err)
		require.Equal(t, "command/sh", r.Model)
		require.Equal(t, 2, r.Fills)
		require.Equal(t, agentloop.StatusOrdered, readTurns(t, out)[0].Status)
		if strict {
			require.Equal(t, digest, r.Digest)
			require.Zero(t, r.ModelCalls)
		} else {
			require.Nil(t, r.CostUSD, "it does not say what it cost")
		}
		digest = r.Digest
		require.Equal(t, "x\nx\nx\nx\n", tree(t, dir)["marks"], "one process a reply")
	}
	write(t, dir, "bad.yaml", "symbols: [AAPL]\nagent: {model: {comand: [x]}}\n")
	_, err := backtestFlags{}.strategy(filepath.Join(dir, "bad.yaml"))
	require.ErrorContains(t, err, `did you mean "command"?`)
}
