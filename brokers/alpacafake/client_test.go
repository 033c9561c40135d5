package alpacafake_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Alpaca's own Python client trades against the fake, REST and stream. .ci/run installs
// it by exact version and names its folder in PITWALL_CLIENTS.
func TestPythonClient(t *testing.T) {
	folder := os.Getenv("PITWALL_CLIENTS")
	if folder == "" {
		t.Skip("skipped: PITWALL_CLIENTS names no folder with alpaca-py")
	}
	_, _, url := start(t, nil)
	c := exec.Command(filepath.Join(folder, "alpaca", "bin", "python"), "testdata/alpaca_py.py", url)
	c.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "ok 18 calls")
}
