package leaktest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every test that LEAKS.md names exists, and every number of its two lists has a
// row.
func TestPageNamesRealTests(t *testing.T) {
	raw, err := os.ReadFile("LEAKS.md")
	require.NoError(t, err)
	defined := map[string]bool{}
	err = filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(text), -1) {
			defined[m[1]] = true
		}
		return err
	})
	require.NoError(t, err)
	named := 0
	for _, name := range regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(string(raw), -1) {
		named++
		require.True(t, defined[name], "LEAKS.md names %s; no such test exists", name)
	}
	require.Greater(t, named, 60)
	covered := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^\| ([LD])(\d+)(?:-[LD](\d+)|, [LD](\d+))? \|`).FindAllStringSubmatch(string(raw), -1) {
		last := m[2]
		for _, other := range m[3:] {
			if other != "" {
				last = other
			}
		}
		for n := atoi(t, m[2]); n <= atoi(t, last); n++ {
			covered[m[1]]++
		}
	}
	require.Equal(t, map[string]int{"L": 62, "D": 27}, covered)
}

func atoi(t *testing.T, s string) int {
	n := 0
	for _, c := range s {
		require.True(t, c >= '0' && c <= '9')
		n = 10*n + int(c-'0')
	}
	return n
}
