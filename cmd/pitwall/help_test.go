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
