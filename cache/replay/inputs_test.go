package replay

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every test that INPUTS.md names is there.
func TestInputsNamesTests(t *testing.T) {
	text, err := os.ReadFile("INPUTS.md")
	require.NoError(t, err)
	var tests strings.Builder
	require.NoError(t, filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		body, err := os.ReadFile(path)
		tests.Write(body)
		return err
	}))
	names := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(text), -1)
	require.Greater(t, len(names), 10)
	for _, n := range names {
		require.Contains(t, tests.String(), "func "+n[1]+"(", "INPUTS.md names a test that is not there")
	}
}
