package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"pitwall/cache/runs"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var quoted = regexp.MustCompile(`"[^"]*"|\S+`)

// Every command of the runbooks is run, in order, against the fake broker.
func TestRunbooks(t *testing.T) {
	page, err := os.ReadFile("../../tools/docs/runbooks.md")
	require.NoError(t, err)
	dir, env := accountFolderEvery(t, 250*time.Millisecond)
	live, err := os.ReadFile(filepath.Join(dir, "live.yaml"))
	require.NoError(t, err)
	mine, err := os.ReadFile(filepath.Join(dir, "mine.yaml"))
	require.NoError(t, err)
	strategy := regexp.MustCompile(`(?s)risk:.*`).ReplaceAllString(string(mine), "risk: {max_gross_percent: 40, max_symbol_percent: 40, max_order_notional: 40000, max_daily_loss_percent: 3, max_orders: {count: 60, per: 1h}, price_collar_percent: 20, stale_price: 100h}\nrule: \"0.05\"\n")
	write(t, dir, "live.yaml", strings.ReplaceAll(string(live), "PA3FAKE00001", "PA3FAKE00000"), "mine.yaml", strategy)
	env = append(env, "I_UNDERSTAND_LIVE_TRADING=true")
	commands, inside := 0, false
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			inside = !inside
			continue
		}
		if !inside {
			continue
		}
		words := quoted.FindAllString(line, -1)
		require.Equal(t, "pitwall", words[0], line)
		for i := range words {
			words[i] = strings.Trim(words[i], `"`)
		}
		began := time.Now()
		if strings.Contains(line, "--live") {
			liveThenInterrupted(t, dir, env, words[1:])
			commands++
			continue
		}
		out, errs, code := command(t, dir, env, words[1:]...)
		t.Log(time.Since(began).Round(time.Millisecond), line)
		commands++
		switch {
		case strings.HasSuffix(line, "kill status") && !strings.Contains(out, "halt: off"):
			require.Equal(t, exitFailed, code, line)
		default:
			require.Zero(t, code, "%s: %s%s", line, out, errs)
		}
	}
	require.Greater(t, commands, 25)
}

// liveThenInterrupted runs a live account at the fake, in a folder of its own, until it has
// begun, and ends it as a person does.
func liveThenInterrupted(t *testing.T, dir string, env, args []string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "live")
	var said bytes.Buffer
	c := exec.Command(binary, append(args, "--out", out)...)
	c.Dir, c.Env, c.Stdout, c.Stderr = dir, append(os.Environ(), env...), &said, &said
	require.NoError(t, c.Start())
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	begun := func() bool { // its gates were open: nothing is written before
		_, err := os.Stat(filepath.Join(out, runs.ManifestFile))
		return err == nil
	}
	for !begun() {
		select {
		case err := <-ended:
			require.NoError(t, err, "%v ended: %s", args, &said)
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
	require.NoError(t, c.Process.Signal(os.Interrupt))
	require.NoError(t, <-ended, said.String())
}
