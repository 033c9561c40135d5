package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The lines of the page on Python run as they stand, in the folder of a run.
func TestPythonPage(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("skipped: no python3")
	}
	if exec.CommandContext(t.Context(), python, "-c", "import pandas").Run() != nil {
		t.Skip("skipped: python3 has no pandas")
	}
	page, err := os.ReadFile("../../tools/docs/python.md")
	require.NoError(t, err)
	lines := regexp.MustCompile("(?s)```python\n(.*?)```").FindSubmatch(page)
	require.NotNil(t, lines)
	dir := inMomentum(t)
	c := exec.CommandContext(t.Context(), python, "-c", string(lines[1])+"print(equity.index.dtype, trades.exit_time.dtype, trades.entry_reason[0])")
	c.Dir = filepath.Join(dir, "runs", "momentum-1")
	out, err := c.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Regexp(t, `buy_and_hold +0\.1572`, string(out))
	require.Regexp(t, `AAPL +2 `, string(out))
	require.Equal(t, 2, strings.Count(string(out), "UTC]"))
	require.Contains(t, string(out), "above its average")
}
