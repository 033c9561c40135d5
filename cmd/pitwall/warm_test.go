package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/agentloop/models/modeltest"
	"pitwall/agentloop/scripts"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
	"pitwall/examples"
)

// secretKey is the key of every provider and source in these tests: it may occur
// nowhere.
const secretKey = "sk-canary-5f1e"

var keyNames = []string{"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "APCA_API_KEY_ID", "APCA_API_SECRET_KEY", "FRED_API_KEY"}

func testApp(t *testing.T) *app {
	t.Helper()
	null, err := os.OpenFile(filepath.Join(t.TempDir(), "stderr"), os.O_CREATE|os.O_RDWR, 0o600)
	require.NoError(t, err)
	t.Cleanup(func() { null.Close() })
	return &app{now: hostNow, stdout: term.NewOutput(null), stderr: null, stop: make(chan struct{}), settings: readSettings}
}

// tree reads all files of a folder.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[rel] = string(body)
		return err
	}))
	return out
}

// sameTurns asserts that two runs left the same bytes, but for what may differ.
func sameTurns(t *testing.T, cold, warm string) {
	t.Helper()
	a, b := tree(t, cold), tree(t, warm)
	for name := range a {
		switch name {
		case "manifest.json", "timing.jsonl", "usage.json", "SHA256SUMS": // run_id and attempt; times and costs; the sums of these
			continue
		case "report.html": // shows run_id, attempt and costs; of the same inputs it is the same: TestPageColdAndWarm
			continue
		}
		require.Equal(t, a[name], b[name], name)
	}
	require.Len(t, b, len(a))
	require.Equal(t, turnsDigest(t, cold), turnsDigest(t, warm))
}

// turnsDigest reads a run's turns_digest.
func turnsDigest(t *testing.T, dir string) string {
	t.Helper()
	var m runs.Manifest
	require.NoError(t, readJSON(filepath.Join(dir, runs.ManifestFile), &m))
	require.Len(t, m.TurnsDigest, 64)
	return m.TurnsDigest
}

// dialects are the models under which a fake provider is asked.
var dialects = map[string]func(url string) (model, base string){
	"openai":    func(url string) (string, string) { return "openai/fake-1", url + "/v1" },
	"anthropic": func(url string) (string, string) { return "anthropic/fake-1", url },
	"gemini":    func(url string) (string, string) { return "gemini/fake-1", url },
}

// oneScript makes the script that an example names.
func oneScript(t *testing.T, text string) agentloop.Model {
	t.Helper()
	s, err := driver.Parse("example", []byte(text))
	require.NoError(t, err)
	m, err := scripts.All()[strings.TrimPrefix(s.Agent.Model.Name, "script/")](s.Agent.Params)
	require.NoError(t, err)
	return m
}

// overHTTP turns an example into one whose model is asked over HTTP.
var paramsBlock = regexp.MustCompile(`(?m)^  params:.*\n(    .*\n|\n)*`)

func overHTTP(text, model, base string) string {
	text = paramsBlock.ReplaceAllString(text, "")
	return regexp.MustCompile(`(?m)^  model: script/.*$`).ReplaceAllString(text, "  model: "+model+"\n  base_url: "+base)
}

// Every demo through every dialect: the second run asks nobody, sends its orders
// again, and leaves the same bytes.
func TestWarmDemosAskNobody(t *testing.T) {
	files := sharedFiles(t)
	for i, name := range []string{"momentum_allocator", "macro_risk", "m2_liquidity", "news_sentiment"} {
		raw, err := examples.FS.ReadFile(name + "/strategy.yaml")
		require.NoError(t, err)
		for j, dialect := range slices.Sorted(maps.Keys(dialects)) {
			if (i+j)%often(3, 1) != 0 {
				continue // by default each demo speaks one dialect, and each dialect is spoken
			}
			of := dialects[dialect]
			t.Run(name+" "+dialect, func(t *testing.T) {
				text, outside := string(raw), &alpacaNews{}
				if name == "news_sentiment" {
					outside = serveNews(t)
					text = strings.Replace(text, "https://data.alpaca.markets/v1beta1/news", outside.url+"/v1beta1/news", 1)
					text = strings.Replace(text, "when: live", "when: both", 1)
				}
				for _, key := range keyNames {
					t.Setenv(key, secretKey)
				}
				dir, cache := t.TempDir(), t.TempDir()
				t.Setenv("PITWALL_CACHE_DIR", cache)
				provider := modeltest.New(t, oneScript(t, text), modeltest.Options{})
				model, base := of(provider.URL)
				write(t, dir, "s.yaml", overHTTP(text, model, base)+"\nprices: {"+model+": {in: 1, out: 10}}\n")
				run := func(out string, more ...string) map[string]any {
					return backtestJSON(t, dir, nil, append(append([]string{"s.yaml", "--out", out}, more...), files...)...)
				}
				cold := run("cold")
				calls, fetched := provider.Calls(), outside.calls.Load()
				require.EqualValues(t, cold["model_calls"], calls)
				require.Equal(t, name == "news_sentiment", fetched > 0)
				require.Greater(t, cold["cost_usd"], 0.0)
				warm := run("warm", "--strict-replay")
				require.Equal(t, calls, provider.Calls(), "no model is asked")
				require.Equal(t, fetched, outside.calls.Load(), "nothing outside is called")
				require.Equal(t, []any{0.0, cold["model_calls"], cold["digest"], 0.0, cold["cost_usd"]}, []any{warm["model_calls"], warm["cache_hits"], warm["digest"], warm["cost_usd"], warm["cost_usd_recorded"]})
				sameTurns(t, filepath.Join(dir, "cold"), filepath.Join(dir, "warm"))
				require.Contains(t, fmt.Sprint(provider.Keys()), secretKey, "the key did reach the provider")
				for _, root := range []string{dir, cache} {
					for file, body := range tree(t, root) {
						require.NotContains(t, body, secretKey, file)
					}
				}
				if want := goldenDigest(t, name); name != "news_sentiment" {
					require.Equal(t, want, cold["digest"], "over HTTP a script decides as it does in process")
				}
			})
		}
	}
}

func goldenDigest(t *testing.T, name string) string {
	raw, err := os.ReadFile("testdata/demos.json")
	require.NoError(t, err)
	var list map[string]golden
	require.NoError(t, json.Unmarshal(raw, &list))
	return list[name].Digest
}

// alpacaNews is a local server that answers as Alpaca's news endpoint does, from
// the shared news; it knows the future and leaves it to the wall.
type alpacaNews struct {
	url   string
	calls atomic.Int64
}

func serveNews(t *testing.T) *alpacaNews {
	file, err := os.Open("../../../shared/data/news/finnhub_company_news_2025.csv")
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	a := &alpacaNews{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.calls.Add(1)
		q := r.URL.Query()
		if r.Header.Get("APCA-API-SECRET-KEY") != secretKey {
			http.Error(w, "who are you", http.StatusUnauthorized)
			return
		}
		news := []map[string]any{}
		for _, row := range rows[1:] { // newest last in the file
			symbols := strings.Split(row[2], ";")
			if slices.Contains(symbols, q.Get("symbols")) && row[0] >= q.Get("start")[:10] {
				news = append(news, map[string]any{"created_at": row[0], "headline": row[3], "summary": row[5], "symbols": symbols})
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"news": news, "next_page_token": "of tomorrow"})
	}))
	t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

// A year of bars more, in the same file and in the run: every old turn is found.
func TestAppendedYearKeepsOldTurns(t *testing.T) {
	files := sharedFiles(t)
	raw, err := examples.FS.ReadFile("m2_liquidity/strategy.yaml")
	require.NoError(t, err)
	dir := t.TempDir()
	t.Setenv("PITWALL_CACHE_DIR", t.TempDir())
	whole, err := os.ReadFile(files[1])
	require.NoError(t, err)
	header, rows, _ := strings.Cut(string(whole), "\n")
	var cut strings.Builder
	cut.WriteString(header + "\n")
	for line := range strings.Lines(rows) {
		if strings.Split(line, ",")[1] < "2024-05-25" {
			cut.WriteString(line)
		}
	}
	write(t, dir, "s.yaml", regexp.MustCompile(`(?m)^to: .*\n`).ReplaceAllString(string(raw), ""), "cut.csv", cut.String())
	old := backtestJSON(t, dir, nil, append([]string{"s.yaml", "--data", "cut.csv"}, files[2:]...)...)
	more := backtestJSON(t, dir, nil, append([]string{"s.yaml", "--to", "2025-05-27"}, files...)...)
	require.Greater(t, more["turns"], old["turns"])
	require.Equal(t, old["model_calls"], more["cache_hits"])
	timing, err := os.ReadFile(filepath.Join(dir, "runs", "m2_liquidity-2", "timing.jsonl"))
	require.NoError(t, err)
	require.EqualValues(t, old["turns"], strings.Count(string(timing), `"cache":"turn"`), "as turns, not as replies only")
}
