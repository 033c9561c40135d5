package docs_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/tools/docs"
)

var named = regexp.MustCompile(`\b([a-z][a-z0-9]*(?:_[a-z0-9]+)+|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b`)

// elsewhere holds names that belong to others, or stand for a reader's own.
var elsewhere = map[string]bool{"agent_tool": true, "RESEARCH_TOKEN": true, "MY_TOKEN": true, "server_tool": true, "claude_desktop_config": true,
	"mcp_servers": true, "mcp_config": true, "get_tools": true, "client_session_timeout_seconds": true, "pydantic_ai": true,
	"read_csv": true, "index_col": true, "parse_dates": true, "check_output": true}

// Pages name only tools, arguments, fields, keys, functions, codes and variables that
// exist: each stands in a string or a tag of the source, or in a client's script.
func TestPagesNameWhatExists(t *testing.T) {
	root := os.DirFS("../..")
	exists := map[string]bool{}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if rule, ok := strings.CutPrefix(name, "agentloop/rules/"); ok {
			exists[strings.TrimSuffix(rule, ".yaml")] = true
		} else if strings.HasSuffix(name, ".yaml") {
			return err
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, ".py") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		body, err := fs.ReadFile(root, name)
		for _, line := range strings.Split(string(body), "\n") {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "//") {
				continue
			}
			for _, m := range named.FindAllString(line, -1) {
				exists[m] = true
			}
		}
		return err
	})
	require.NoError(t, err)
	for _, page := range docs.Pages() {
		body, err := os.ReadFile(page + ".md")
		require.NoError(t, err)
		for _, word := range named.FindAllString(string(body), -1) {
			if !exists[word] && !elsewhere[word] {
				t.Errorf("%s.md names %s, which does not exist", page, word)
			}
		}
	}
}

// What tests measured, commits and machines are for developers: a model reads these
// pages.
func TestPagesHoldNoTestFigures(t *testing.T) {
	bad := regexp.MustCompile(`(?i)go test|\b[0-9]+ mutations|\bseed [0-9]|random walk|epyc|\bcores?\b.*\bms\b|benchmark.*bars/s|\bL[0-9]{2}\b|\b[0-9a-f]{7,40}\b.*commit|planted`)
	for _, page := range docs.Pages() {
		body, err := os.ReadFile(page + ".md")
		require.NoError(t, err)
		require.Empty(t, bad.FindString(string(body)), page)
	}
}
