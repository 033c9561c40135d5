package driver_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop/driver"
	"pitwall/agentloop/roles"
)

// Every key that the table of features shows is one that a strategy may have; what it says
// of commands is tested beside the docs.
func TestTableOfFeaturesParses(t *testing.T) {
	page, err := os.ReadFile("../../tools/docs/desk.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(page), "\n## What shows what\n")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n## ")
	rows, keys := 0, 0
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		rows++
		for _, m := range regexp.MustCompile("`([a-z]+: [^`]*)`").FindAllStringSubmatch(line, -1) {
			text := strings.NewReplacer("...", "script/desk", "bundled/NAME", "bundled/"+roles.Templates()[0]).Replace(m[1])
			switch key, _, _ := strings.Cut(text, ":"); key {
			case "desk", "agent", "memory":
			default:
				text = "desk:\n  " + text
			}
			_, err := driver.Parse("s.yaml", []byte("symbols: [AAPL]\n"+text+"\n"))
			require.NoError(t, err, "%s: %s", line, text)
			keys++
		}
	}
	require.Greater(t, rows, 25)
	require.Greater(t, keys, 8)
}
