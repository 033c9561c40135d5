package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/cache/history"
)

// Each row's constructor makes the source of its name, with the keys of its row.
func TestSources(t *testing.T) {
	for i, s := range sources() {
		require.Equal(t, i, slices.IndexFunc(sources(), func(x source) bool { return x.name == s.name }), "duplicate source %s", s.name)
		require.Equal(t, s.name, s.open(history.RemoteOptions{}).Name())
		require.NotEmpty(t, s.help, s.name)
		require.Regexp(t, "^https://", s.url, s.name)
		require.LessOrEqual(t, len(s.keys), 2, "%s: key and secret", s.name)
		require.NotEqual(t, "files", s.name, "the name of what was imported")
	}
	for _, b := range brokers() {
		require.NotEmpty(t, b.modes, b.name)
		require.Equal(t, b.name == "sim" || b.name == "paper", b.open == nil, "%s: fills are simulated", b.name)
	}
}

// A row's broker opens for its own host, or a fake of this machine, and no other.
func TestBrokersOpen(t *testing.T) {
	for _, b := range brokers() {
		if b.open == nil {
			continue
		}
		keys := make([]string, len(b.keys))
		_, err := b.open(connection{keys: keys})
		require.Equal(t, pitwall.MissingKey, pitwall.CodeOf(err), "%s without keys", b.name)
		for i := range keys {
			keys[i] = "k"
		}
		for _, live := range []bool{false, true} {
			for url, ok := range map[string]bool{"": true, "http://127.0.0.1:8099": true, "https://example.com": false} {
				_, err := b.open(connection{keys: keys, live: live, url: url})
				require.Equal(t, ok, err == nil, "%s %v %s: %v", b.name, live, url, err)
			}
		}
	}
}

// A key is found under any of its names, without the line end of a file.
func TestKeyNames(t *testing.T) {
	k := keyVars{{"A", "A2"}, {"B", "B2"}}
	values, missing := k.lookUp(settings{vars: map[string]string{"A": " ", "A2": "x\n"}})
	require.Equal(t, []string{"x", ""}, values)
	require.Equal(t, []string{"B or B2"}, missing)
	require.Equal(t, "A and B (or A2 and B2)", k.String())
	require.Equal(t, "A", keyVars{{"A"}}.String())
	got := map[string]history.RemoteOptions{}
	row := source{name: "x", keys: k, open: func(o history.RemoteOptions) *history.Vendor { got["x"] = o; return nil }}
	row.connect(settings{vars: map[string]string{"A2": "key", "B": "secret"}}, history.RemoteOptions{})
	require.Equal(t, history.RemoteOptions{Key: "key", Secret: "secret", KeyNames: k.String()}, got["x"])
}

// The page that models and users read lists the table's rows and no others, and
// the help of fetch does too.
func TestDocsListTheSources(t *testing.T) {
	raw, err := os.ReadFile("../../tools/docs/strategy.md")
	require.NoError(t, err)
	_, section, ok := strings.Cut(string(raw), "\n## Downloads")
	require.True(t, ok)
	section, _, _ = strings.Cut(section, "\n## ")
	var rows []string
	for _, s := range sources() {
		rows = append(rows, "- "+s.name+": "+s.String())
	}
	listed := regexp.MustCompile(`(?m)^- .*$`).FindAllString(section, -1)
	require.Equal(t, append(rows, "- files: what `pitwall data import FILE` copied"), listed)
	out, _, code := command(t, t.TempDir(), nil, "data", "fetch", "--help")
	require.Equal(t, 0, code)
	out = hanging.ReplaceAllString(out, " ")
	for _, s := range sources() {
		require.Regexp(t, `(?m)^  `+s.name+` +`+regexp.QuoteMeta(s.String())+`$`, out)
	}
}
