package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every command that README and the pages of tools/docs show is one that pitwall
// has, with the flags that it has.
func TestPagesShowCommandsThatExist(t *testing.T) {
	const readme = "../../README.md"
	pages, err := filepath.Glob("../../tools/docs/*.md")
	require.NoError(t, err)
	root := (&app{}).root()
	shown, flag := regexp.MustCompile("(?:^|`)pitwall ([a-z][^`\n#]*)"), regexp.MustCompile(`--([a-z][a-z-]*)`)
	all := map[string]bool{"help": true}
	for _, c := range root.Commands() {
		for _, c := range append(c.Commands(), c) {
			for _, f := range flag.FindAllStringSubmatch(c.UsageString(), -1) {
				all[f[1]] = true
			}
		}
	}
	n := 0
	for _, page := range append(pages, readme) {
		body, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, line := range strings.Split(string(body), "\n") {
			for _, m := range shown.FindAllStringSubmatch(line, -1) {
				words := strings.Fields(m[1])
				c, _, err := root.Find(words[:1])
				require.NoError(t, err, "%s: %s", page, m[0])
				require.NotEqual(t, root, c, "%s: %s", page, m[0])
				for _, verb := range strings.Split(words[min(1, len(words)-1)], "|") {
					if sub, _, err := c.Find([]string{verb}); err == nil {
						c = sub
					}
				}
				for _, f := range flag.FindAllStringSubmatch(m[1], -1) {
					require.Contains(t, c.UsageString(), "--"+f[1], "%s: %s", page, m[0])
				}
				n++
			}
			for _, f := range flag.FindAllStringSubmatch(line, -1) {
				others := []string{"tools", "sandbox"}                                                      // of programs that answer as models
				if page != readme && !slices.Contains(others, f[1]) && strings.Contains(line, "`--"+f[1]) { // README also shows flags of other programs
					require.True(t, all[f[1]], "%s: --%s", page, f[1])
				}
			}
		}
	}
	require.Greater(t, n, 40)
}
