package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// The help of every command fits a terminal of 80 columns.
func TestHelpFits(t *testing.T) {
	seen := 0
	var look func(c *cobra.Command)
	look = func(c *cobra.Command) {
		var b strings.Builder
		c.SetOut(&b)
		require.NoError(t, c.Help())
		for line := range strings.Lines(b.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > helpWidth {
				t.Errorf("%s: %d columns: %s", c.CommandPath(), n, line)
			}
		}
		seen++
		for _, sub := range c.Commands() {
			look(sub)
		}
	}
	look(testApp(t).root())
	require.Greater(t, seen, 15)
}

// The terminal finds what docs_search finds, in 80 columns; a page's name prints it all.
func TestDocs(t *testing.T) {
	t.Parallel()
	out, errs, code := command(t, t.TempDir(), nil, "docs", "order", "rejected", "buying", "power")
	require.Zero(t, code, errs)
	require.Contains(t, out, "orders: Buying power in a cash account: why an order was rejected\n")
	for line := range strings.Lines(out) {
		require.LessOrEqual(t, utf8.RuneCountInString(line), 81, line)
	}
	out, errs, code = command(t, t.TempDir(), nil, "docs")
	require.Zero(t, code, errs)
	require.Contains(t, out, "troubleshooting: ")
	out, errs, code = command(t, t.TempDir(), nil, "docs", "wall")
	require.Zero(t, code, errs)
	require.Greater(t, strings.Count(out, "\nwall: "), 1)
	_, errs, code = command(t, t.TempDir(), nil, "docs", "zzzyqx")
	require.NotZero(t, code)
	require.Contains(t, errs, "no section fits \"zzzyqx\"")
}
