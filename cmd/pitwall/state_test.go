package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop/models/modeltest"
	"pitwall/examples"
)

// A run over a folder in which revised series stand beside vintages is refused what
// it asks for. What was recorded there does not answer for the vintages alone.
func TestWithheldRecordsAreInTheKey(t *testing.T) {
	t.Parallel()
	files := sharedFiles(t)
	vintages := files[5]
	require.True(t, strings.HasSuffix(vintages, "fred_vintages.csv"))
	files = append(files[:4:4], "--data", filepath.Dir(vintages))
	dir := t.TempDir()
	cache := []string{"PITWALL_CACHE_DIR=" + filepath.Join(dir, "cache")}
	args := []string{"examples/m2_liquidity", "--no-report"}
	both := backtestJSON(t, dir, cache, append(args, files...)...)
	require.Contains(t, fmt.Sprint(both["warnings"]), "tool_error")
	require.EqualValues(t, 0, both["orders"])
	files[5] = vintages
	fresh := backtestJSON(t, t.TempDir(), nil, append(args, files...)...)
	warm := backtestJSON(t, dir, cache, append(args, files...)...)
	require.Positive(t, fresh["orders"])
	require.Equal(t, fresh["orders"], warm["orders"])
	require.Equal(t, fresh["digest"], warm["digest"])
}

// What changes no answer asks no model again: white space around a prompt, how
// replies travel, and which name this machine is called by.
func TestChangesThatNeedNoMiss(t *testing.T) {
	raw, err := examples.FS.ReadFile("momentum/strategy.yaml")
	require.NoError(t, err)
	provider := modeltest.New(t, oneScript(t, string(raw)), modeltest.Options{})
	model, base := dialects["openai"](provider.URL)
	text := regexp.MustCompile(`(?m)^to: .*$`).ReplaceAllString(overHTTP(string(raw), model, base), "to: 2013-12-31")
	t.Setenv("OPENAI_API_KEY", secretKey)
	t.Setenv("PITWALL_CACHE_DIR", t.TempDir())
	dir := t.TempDir()
	copyExampleData(t, dir)
	run := func(name, strategy string, more ...string) map[string]any {
		write(t, dir, "s.yaml", strategy)
		return backtestJSON(t, dir, nil, append([]string{"s.yaml", "--no-report", "--data", "data", "--out", name}, more...)...)
	}
	cold := run("cold", text)
	require.Positive(t, cold["model_calls"])
	agent := "agent:\n  model: " + model
	require.Contains(t, text, agent)
	other := strings.Replace(text, agent, "agent:\n  params: {stream: false}\n  model: "+model, 1)
	other = strings.Replace(other, "127.0.0.1", "localhost", 1)
	other = regexp.MustCompile(`(?m)^  prompt: (.*)$`).ReplaceAllString(other, "  prompt: \"$1 \\n\\n\"")
	require.Contains(t, other, `\n\n"`)
	warm := run("warm", other, "--strict-replay")
	require.EqualValues(t, 0, warm["model_calls"])
	require.Equal(t, cold["digest"], warm["digest"])
	sameTurns(t, filepath.Join(dir, "cold"), filepath.Join(dir, "warm"))
}
