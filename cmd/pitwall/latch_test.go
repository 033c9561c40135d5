package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKill(t *testing.T) {
	dir := t.TempDir()
	env := []string{"PITWALL_HALT_DIR=" + filepath.Join(dir, "halt")}
	kill := func(code int, args ...string) string {
		t.Helper()
		out, errs, got := command(t, dir, env, append([]string{"kill"}, args...)...)
		require.Equal(t, code, got, out+errs)
		return out + errs
	}
	require.Contains(t, kill(1, "status"), "cannot be read", "a latch that is missing halts")
	require.Contains(t, kill(0, "off"), "halt: off\n")
	require.Equal(t, "halt: off\n", kill(0, "status"))
	require.Contains(t, kill(2, "on"), "--reason is missing")
	require.Contains(t, kill(2, "on", "--reason", "x", "--reduce-only", "--flatten"), "leave one out")
	require.Contains(t, kill(0, "on", "--reason", "odd\x1bprices", "--reduce-only"), "halt: reduce_only\n")
	require.Contains(t, kill(0, "on", "--reason", "worse", "--cancel-orders"), "halt: cancel\n")
	status := kill(1, "status")
	require.Contains(t, status, "by "+person()+": worse\n")
	require.NotContains(t, status, "\x1b")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "halt", "x"), nil, 0o644))
	require.Contains(t, kill(1, "status"), `the latch holds "x", which is not understood`)
	require.Contains(t, kill(0, "off"), "lowered: cancel since ")
	require.Equal(t, "halt: off\n", kill(0, "status"))
}
