package main

import (
	"os"
	"path/filepath"
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
		out, errs, code := command(t, dir, env, words[1:]...)
		t.Log(time.Since(began).Round(time.Millisecond), line)
		commands++
		switch {
		case strings.Contains(line, "--live"): // the fake plays other days
			require.Equal(t, exitFailed, code, line)
			require.Contains(t, errs, "1 of 10 gates are closed; nothing was started:\n  - the host's clock differs", line)
		case strings.HasSuffix(line, "kill status") && !strings.Contains(out, "halt: off"):
			require.Equal(t, exitFailed, code, line)
		default:
			require.Zero(t, code, "%s: %s%s", line, out, errs)
		}
	}
	require.Greater(t, commands, 25)
}
