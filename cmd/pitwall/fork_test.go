package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop/models/modeltest"
	"pitwall/examples"
)

// A fork asks the provider for its own turns only, with an empty replay cache too; both
// branches are printed and written.
func TestForkAsksAProviderFromItsTurnOn(t *testing.T) {
	raw, err := examples.FS.ReadFile("momentum/strategy.yaml")
	require.NoError(t, err)
	provider := modeltest.New(t, oneScript(t, string(raw)), modeltest.Options{})
	model, base := dialects["openai"](provider.URL)
	dir := t.TempDir()
	t.Chdir(dir)
	copyExampleData(t, dir)
	write(t, dir, "s.yaml", regexp.MustCompile(`(?m)^to: .*$`).ReplaceAllString(strings.Replace(overHTTP(string(raw), model, base), "[../data]", "[data]", 1), "to: 2013-12-31"), "calm.txt", "Be calm.")
	t.Setenv("OPENAI_API_KEY", secretKey)
	t.Setenv("PITWALL_CACHE_DIR", t.TempDir())
	parent := backtestJSON(t, dir, nil, "s.yaml")
	before := len(provider.Bodies())
	require.Positive(t, parent["orders"])
	t.Setenv("PITWALL_CACHE_DIR", t.TempDir())
	out, errs, code := command(t, dir, os.Environ(), "fork", "last", "--turn", "10", "--prompt", "calm.txt")
	require.Zero(t, code, errs)
	asked := provider.Bodies()[before:]
	turns := map[string]bool{}
	for _, b := range asked {
		turns[string(regexp.MustCompile(`Turn \d+\.`).Find(b))] = true
		require.Contains(t, string(b), "Be calm.")
	}
	require.Len(t, turns, int(parent["turns"].(float64))-9)
	require.True(t, turns["Turn 10."])
	require.False(t, turns["Turn 9."])
	require.Contains(t, errs, "turns before 10 stand as recorded")
	require.Contains(t, out, "of momentum-1 at turn 10: another prompt")
	require.Contains(t, out, "compare-momentum-1-momentum-2.html")
	page, err := os.ReadFile(filepath.Join(dir, "runs", "momentum-2", "report.html"))
	require.NoError(t, err)
	require.Contains(t, string(page), "of momentum-1 at turn 10: another prompt")
	_, errs, code = command(t, dir, os.Environ(), "fork", "momentum-1", "--evidence", "o-1")
	require.Equal(t, exitFailed, code)
	require.Contains(t, errs, "has no order")
}

// Evidence spends money: it needs a person, or --yes.
func TestEvidenceAsksFirst(t *testing.T) {
	dir := inMomentum(t)
	journal, err := os.ReadFile(filepath.Join(dir, "runs", "momentum-1", "journal.jsonl"))
	require.NoError(t, err)
	order := regexp.MustCompile(`"kind":"intent".*?"id":"([^"]+)"`).FindSubmatch(journal)
	require.NotNil(t, order)
	out, errs, code := command(t, dir, nil, "fork", "momentum-1", "--evidence", string(order[1]))
	require.Zero(t, code, errs)
	require.Contains(t, out, "no order")
	write(t, dir, "paid.yaml", "symbols: [AAPL]\ndata: [bars.csv]\nagent: {model: openai/gpt-5-mini}\n")
	_, errs, code = command(t, dir, append(os.Environ(), "OPENAI_API_KEY=k"), "fork", "momentum-1", "--strategy", "paid.yaml", "--evidence", string(order[1]))
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "each without one answer")
	require.Contains(t, errs, "the same command with --yes")
}
