package page

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/tools/report"
	"pitwall/tools/report/browsertest"
)

func TestMain(m *testing.M) { os.Exit(browsertest.Run(m)) }

// file writes a run's page to disk.
func file(t testing.TB, r *report.Run) string {
	t.Helper()
	s, err := r.Sheet()
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, Write(&b, r, s))
	name := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, os.WriteFile(name, b.Bytes(), 0o644))
	return name
}
