package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"pitwall/cmd/pitwall/show"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop/models"
)

const canary = "CANARY-b1f7-do-not-print"

// secretVariables are all that may hold a key: of models, of sources, of ours.
func secretVariables() (names []string) {
	for _, p := range models.Providers(func(string) string { return "" }) {
		names = append(names, strings.Split(p.Variable, " or ")...)
	}
	keyed := regexp.MustCompile(`KEY|SECRET|TOKEN`)
	s := reflect.TypeFor[settings]()
	for i := range s.NumField() {
		if name := strings.Split(s.Field(i).Tag.Get("env"), ",")[0]; keyed.MatchString(name) {
			names = append(names, name)
		}
	}
	for _, s := range sources() {
		names = append(names, slices.Concat(s.keys...)...)
	}
	for _, b := range brokers() {
		names = append(names, slices.Concat(b.keys...)...)
	}
	return append(names, "TOOL_KEY", "TOOL_TOKEN")
}

// healthy is an environment in which doctor finds the same on every machine: no
// keys, a store and a cache of its own.
func healthy(t *testing.T) (dir string, env []string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range secretVariables() {
		env = append(env, name+"=")
	}
	for _, name := range []string{"PITWALL_PRICES", "PITWALL_HOSTS", "PITWALL_LOG", "HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"} {
		env = append(env, name+"=")
	}
	return dir, append(env, "PITWALL_DATA_DIR="+filepath.Join(dir, "store"), "PITWALL_CACHE_DIR="+filepath.Join(dir, "cache"), "COLUMNS=", "TZ=UTC")
}

func TestDoctorGolden(t *testing.T) {
	dir, env := healthy(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "cache"), 0o755))
	write(t, filepath.Join(dir, "cache"), "x", strings.Repeat("x", 2048))
	out, errs, code := command(t, dir, env, "doctor", "examples/momentum")
	require.Equal(t, 0, code, out+errs)
	require.Empty(t, errs)
	lines := strings.SplitN(out, "\n", 2)
	require.Regexp(t, `^pitwall \S+  go1\.\S+, \w+/\w+, \d+ cores?(, .+ memory)?$`, lines[0])
	out = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d \S+ here, \d\d:\d\d`).ReplaceAllString(lines[1], "(now) here, (now)")
	goldenText(t, "doctor", strings.ReplaceAll(out, dir, "/home"))
	left, err := os.ReadDir(filepath.Join(dir, "cache"))
	require.NoError(t, err)
	require.Len(t, left, 1, "its test of writing left nothing")
	require.NoDirExists(t, filepath.Join(dir, "store"))
}

// No key is ever printed, however broken the rest is.
func TestDoctorKeepsSecrets(t *testing.T) {
	dir, env := healthy(t)
	write(t, dir, "s.yaml", `symbols: [A]
data: [bars.csv]
agents:
  - {name: one, model: openai/gpt-5-mini}
  - {name: two, model: openai/gpt-x, base_url: "http://user:`+canary+`@localhost:1"}
tools:
  - name: prices
    rest: {url: "https://example.com/x", query: {apikey: $TOOL_KEY}, headers: {Authorization: $TOOL_TOKEN}}
    timeless: true
`, "bars.csv", marginBars)
	for _, name := range secretVariables() {
		env = append(env, name+"="+canary)
	}
	for _, more := range [][]string{nil, {"PITWALL_PRICES=" + canary}, {"PITWALL_LOG=" + canary}} {
		for _, args := range [][]string{{"doctor"}, {"doctor", "s.yaml"}, {"doctor", "--json", "s.yaml"}} {
			out, errs, _ := command(t, dir, append(env, more...), args...)
			require.NotContains(t, out+errs, canary)
			require.Contains(t, out, "OPENAI_API_KEY is set")
			require.Contains(t, out, "ALPHAVANTAGE_API_KEY is set")
		}
	}
	// In .env, also in a line that cannot be read.
	dir, env = healthy(t)
	write(t, dir, ".env", "OPENAI_API_KEY "+canary+"\n"+canary+"\n")
	for _, verb := range [][]string{{"doctor"}, {"data", "ls"}} {
		out, errs, code := command(t, dir, env, verb...)
		require.Equal(t, 1, code)
		require.NotContains(t, out+errs, canary)
		require.Contains(t, out+errs, "reading .env")
	}
}

// checks runs doctor --json and returns what it found by name.
func checks(t *testing.T, dir string, env []string, code int, args ...string) map[string][]show.Finding {
	t.Helper()
	out, errs, got := command(t, dir, env, append([]string{"doctor", "--json"}, args...)...)
	require.Equal(t, code, got, out+errs)
	var r struct{ Checks []show.Finding }
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	by := map[string][]show.Finding{}
	for _, f := range r.Checks {
		by[f.Name] = append(by[f.Name], f)
	}
	return by
}

func TestDoctorStates(t *testing.T) {
	dir, env := healthy(t)
	got := checks(t, dir, env, 0)
	require.Equal(t, show.StateMissing, got["openai"][0].State)
	require.Equal(t, show.StateOK, got["SQL worker"][0].State)
	got = checks(t, dir, append(env, "APCA_API_KEY_ID=k", "GEMINI_API_KEY=k", "PITWALL_PRICES=openai/x=1/2"), 0)
	require.Equal(t, show.StateMissing, got["alpaca"][0].State, "the secret still lacks")
	require.NotContains(t, got["alpaca"][0].Detail, "APCA_API_KEY_ID")
	require.Equal(t, show.StateOK, got["gemini"][0].State)
	require.Equal(t, show.StateOK, got["prices"][0].State)
	write(t, dir, "file", "")
	got = checks(t, dir, append(env, "PITWALL_CACHE_DIR="+filepath.Join(dir, "file")), 1)
	require.Equal(t, show.StateBad, got["replay cache"][0].State)
	got = checks(t, dir, append(env, "PITWALL_DATA_DIR="+filepath.Join(dir, "file", "below")), 1)
	require.Equal(t, show.StateBad, got["data store"][0].State)
	require.Equal(t, show.StateBad, checks(t, dir, append(env, "PITWALL_PRICES=x"), 1)["prices"][0].State)
	require.Equal(t, show.StateOK, checks(t, dir, append(env, "PITWALL_CACHE_DIR=none"), 0)["replay cache"][0].State)
}

func TestDoctorStrategy(t *testing.T) {
	dir, env := healthy(t)
	strategy := func(agent, more string) string {
		return "symbols: [A]\ndata: [bars.csv]\nfrom: 2024-01-02\nagent: " + agent + "\n" + more
	}
	write(t, dir, "bars.csv", marginBars, "key.yaml", strategy("{model: openai/gpt-5-mini}", ""), "unknown.yaml", strategy("{model: gpd-5}", ""), "typo.yaml", strategy("{modle: x}", ""),
		"unlisted.yaml", strategy("{model: openai/gpt-x}", ""),
		"priced.yaml", strategy("{model: anthropic/claude-x, budget: {usd: 1}}", "prices: {anthropic/claude-x: {in: 3, out: 15}}\n"),
		"budget.yaml", strategy("{model: anthropic/claude-x, budget: {usd: 1}}", ""),
		"early.yaml", strings.Replace(strategy("{model: script/buyhold}", ""), "2024-01-02", "2020-01-02", 1),
		"fetch.yaml", "symbols: [TQQQ]\ndata: [yahoo]\nagent: {model: script/buyhold}\n",
		"tool.yaml", strategy("{model: script/buyhold}", "tools:\n  - {name: prices, timeless: true, rest: {url: \"https://example.com/x\", query: {apikey: $TOOL_KEY}}}\n  - {name: other, mcp: {command: [no-such-program-here], allow: [search], timeless: [search]}}\n"))
	got := checks(t, dir, env, 0, "key.yaml")
	require.Equal(t, show.StateMissing, got["agent main"][0].State)
	require.Contains(t, got["agent main"][0].Detail, "OPENAI_API_KEY")
	require.Contains(t, got["price"][0].Detail, "openai/gpt-5-mini: 0.25 in, 2 out, USD per million tokens, the list price of ")
	require.Contains(t, checks(t, dir, env, 0, "unlisted.yaml")["price"][0].Detail, "openai/gpt-x: not known")
	require.Contains(t, got["data"][0].Detail, "A: 6 bars of 1d, 2024-01-02 to 2024-01-09")
	require.Equal(t, show.StateOK, checks(t, dir, append(env, "OPENAI_API_KEY=k"), 0, "key.yaml")["agent main"][0].State)
	require.Contains(t, checks(t, dir, env, 1, "unknown.yaml")["agent main"][0].Detail, "gpd-5")
	require.Contains(t, checks(t, dir, env, 1, "typo.yaml")["file"][0].Fix, `did you mean "model"?`)
	require.Equal(t, show.StateBad, checks(t, dir, env, 1, "nothing.yaml")["file"][0].State)
	require.Contains(t, checks(t, dir, env, 0, "priced.yaml")["price"][0].Detail, "3 in, 15 out")
	require.Equal(t, show.StateBad, checks(t, dir, env, 1, "budget.yaml")["price"][0].State)
	require.Contains(t, checks(t, dir, env, 0, "early.yaml")["data"][0].Detail, "the strategy begins on 2020-01-02")
	fetch := checks(t, dir, env, 0, "fetch.yaml")["data"][0]
	require.Equal(t, show.StateMissing, fetch.State)
	require.Contains(t, fetch.Fix, "pitwall data fetch yahoo TQQQ")
	got = checks(t, dir, env, 0, "tool.yaml")
	require.Equal(t, "TOOL_KEY is not set", got["tool prices"][0].Detail)
	require.Contains(t, got["tool other"][0].Detail, "no-such-program-here")
	require.Equal(t, show.StateOK, checks(t, dir, append(env, "TOOL_KEY=k"), 0, "tool.yaml")["tool prices"][0].State)
}

// --network connects and sends nothing; without it only the strategy's base_url is
// connected to.
func TestDoctorNetwork(t *testing.T) {
	dir, env := healthy(t)
	asked := make(chan string, 9)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.URL.Path }))
	connected := make(chan bool, 20)
	s.Config.ConnState = func(_ net.Conn, c http.ConnState) {
		if c == http.StateNew {
			connected <- true
		}
	}
	s.Start()
	defer s.Close()
	write(t, dir, "bars.csv", marginBars, "s.yaml", "symbols: [A]\ndata: [bars.csv]\nagent: {model: openai/x, base_url: \""+s.URL+"/v1\"}\n")
	checks(t, dir, env, 0, "s.yaml")
	require.Len(t, connected, 1)
	<-connected
	// A proxy that is this server keeps the test on this machine.
	env = append(env, "HTTPS_PROXY=http://user:"+canary+"@"+s.Listener.Addr().String())
	out, errs, code := command(t, dir, env, "doctor", "s.yaml", "--network")
	require.Equal(t, 0, code, out+errs)
	require.Contains(t, out, "the keys are not tested")
	require.Regexp(t, `ok +agent main +openai/x at 127\.0\.0\.1:\d+: 127\.0\.0\.1:\d+ answered by TCP`, out)
	require.Regexp(t, `ok +yahoo +the proxy 127\.0\.0\.1:\d+ answered by TCP`, out)
	require.NotContains(t, out, canary)
	free := 1 // the agent's own
	for _, s := range sources() {
		if s.keys == nil {
			free++
		}
	}
	require.Len(t, connected, free, "the agent's own, and the proxy of every source that needs no key: what lacks its key is left alone")
	require.Empty(t, asked)
	_, err := reach(t.Context(), "http://127.0.0.1:1")
	require.ErrorContains(t, err, "127.0.0.1:1 was not reached")
}
