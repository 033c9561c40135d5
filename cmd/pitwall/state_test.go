package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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
