package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"pitwall/server"
	"pitwall/tools"
	"pitwall/tools/duckdb"
)

// binary is pitwall, built once for all tests.
var binary string

func TestMain(m *testing.M) {
	duckdb.RunWorkerIfChild()
	server.TuneGC()
	if filepath.Base(os.Args[0]) == "pitwall" { // started by a test under the name that itself gave it
		main()
		os.Exit(0)
	}
	dir, err := os.MkdirTemp("", "pitwall-test-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "pitwall")
	os.Setenv("PITWALL_CACHE_DIR", noCacheDir) // a test that wants answers kept names its own folder
	if err := itself(binary); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// itself makes the test binary answer to a second name, under which it is the
// program: nothing has to be linked twice.
func itself(name string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if os.Link(self, name) == nil {
		return nil
	}
	return os.Symlink(self, name) // another file system
}

// often returns how many times a test repeats a property: few times, or all of
// them with PITWALL_LONG=1, as .ci/run does.
func often(few, all int) int {
	if os.Getenv("PITWALL_LONG") != "" {
		return all
	}
	return few
}

// aYear shortens a run of the bundled prices, which take five, unless
// PITWALL_LONG is set.
func aYear() string {
	if os.Getenv("PITWALL_LONG") != "" {
		return "2018-05-11"
	}
	return "2014-06-30"
}

// command runs the binary in a folder and returns stdout, stderr and exit code.
func command(t testing.TB, dir string, env []string, args ...string) (string, string, int) {
	t.Helper()
	c := exec.Command(binary, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), env...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	if err != nil {
		_, ok := err.(*exec.ExitError)
		require.True(t, ok, err)
	}
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

// backtestJSON runs a backtest that must succeed.
func backtestJSON(t testing.TB, dir string, env []string, args ...string) map[string]any {
	t.Helper()
	out, errs, code := command(t, dir, env, append([]string{"backtest", "--json"}, args...)...)
	require.Equal(t, 0, code, errs)
	var r map[string]any
	dec := json.NewDecoder(strings.NewReader(out))
	require.NoError(t, dec.Decode(&r))
	require.False(t, dec.More(), "one object on stdout")
	return r
}

func TestJSONHasEveryField(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() // outside the checkout: the examples come from the binary
	r := backtestJSON(t, dir, nil, "examples/momentum")
	for _, k := range []string{"run_id", "mode", "model", "bars", "turns", "model_calls", "cache_hits", "orders", "fills", "final_equity", "total_return", "benchmark_return",
		"max_drawdown", "sharpe", "cost_usd", "cost_usd_recorded", "read_with", "warnings", "digest", "wall_seconds", "out"} {
		require.Contains(t, r, k)
	}
	require.Len(t, r, 21)
	require.EqualValues(t, 1260, r["bars"])
	require.EqualValues(t, 252, r["turns"])
	require.Greater(t, r["fills"], 10.0)
	require.Equal(t, "momentum-1", r["run_id"])
	require.Len(t, r["digest"], 64)
	for _, f := range []string{"manifest.json", "journal.jsonl", "turns.log", "summaries.jsonl", "timing.jsonl", "fills.csv", "equity.csv", "prices.csv", "metrics.json"} {
		require.FileExists(t, filepath.Join(dir, r["out"].(string), f))
	}
	fills, err := os.ReadFile(filepath.Join(dir, "runs/momentum-1/fills.csv"))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(fills), "timestamp,symbol,side,qty,price,fee,book,turn,order,reason,confidence,utc\n"))
	require.EqualValues(t, r["fills"], strings.Count(string(fills), "\n")-1)
}

// The same inputs give the same digest and the same evidence, whatever the
// machine's settings.
func TestDigestIsTheSameEverywhere(t *testing.T) {
	t.Parallel()
	var first map[string]any
	var evidence string
	for i := range often(3, 6) {
		dir := t.TempDir()
		env := []string{fmt.Sprintf("GOMAXPROCS=%d", 1+i%2), "TZ=" + []string{"UTC", "Asia/Tokyo", "America/New_York"}[i%3], "LANG=" + []string{"C", "de_DE.UTF-8"}[i%2], fmt.Sprintf("GOGC=%d", 50+100*i)}
		r := backtestJSON(t, dir, env, "examples/momentum", "--to", aYear(), "--out", "run")
		if first == nil {
			first, evidence = r, fingerprint(t, filepath.Join(dir, "run"))
			continue
		}
		require.Equal(t, first["digest"], r["digest"], "run %d with %v", i, env)
		require.Equal(t, evidence, fingerprint(t, filepath.Join(dir, "run")), "evidence of run %d with %v", i, env)
	}
}

// fingerprint is every byte that a run left, but for host times.
func fingerprint(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "timing.jsonl" {
			return err
		}
		raw, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		fmt.Fprintf(&b, "== %s\n%s\n", rel, raw)
		return err
	})
	require.NoError(t, err)
	return b.String()
}

const goodStrategy = `name: s
symbols: [A]
data: [bars.csv]
cash: 1000
agent: {model: script/buyhold}
`

const goodBars = "symbol,timestamp,open,high,low,close,volume\nA,2024-01-02,10,11,9,10,100000\nA,2024-01-03,10,11,9,10.5,100000\nA,2024-01-04,10.5,12,10,11,100000\n"

// write puts files into a folder.
func write(t testing.TB, dir string, files ...string) {
	t.Helper()
	for i := 0; i < len(files); i += 2 {
		require.NoError(t, os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o644))
	}
}

// agents is goodStrategy with these agents, tool one with a tool from elsewhere.
func agents(list string) string {
	text, _, _ := strings.Cut(goodStrategy, "agent:")
	return text + "agents: [" + list + "]\n"
}

func tool(name, wall string) string {
	return "tools:\n  - name: " + name + "\n    description: x\n    rest: {url: http://127.0.0.1:1/}\n    " + wall + "\n"
}

func TestBadInputIsAClearError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		strategy, bars string
		args           []string
		code           int
		want           string
	}{
		"good":                {goodStrategy, goodBars, nil, 0, ""},
		"unknown key":         {goodStrategy + "symbol: [B]\n", goodBars, nil, 1, `s.yaml:6: there is no key "symbol"` + "\n  did you mean \"symbols\"?"},
		"unknown cost":        {goodStrategy + "costs: {comission_bps: 1}\n", goodBars, nil, 1, `did you mean "commission_bps"?`},
		"unknown agent key":   {strings.Replace(goodStrategy, "model:", "modell:", 1), goodBars, nil, 1, `did you mean "model"?`},
		"not yaml":            {"symbols: [A\n", goodBars, nil, 1, "s.yaml: line"},
		"wrong type":          {goodStrategy + "costs: 5\n", goodBars, nil, 1, "s.yaml: line 6: unexpected value `5`\n  write keys and values"},
		"timeout":             {agents("{name: a, model: script/buyhold, timeout: 10}"), goodBars, nil, 1, "write a duration, such as 30s or 5m"},
		"triggers no list":    {agents("{name: a, model: script/buyhold, triggers: fill}"), goodBars, nil, 1, "write a list, such as [a, b]"},
		"schema type":         {agents("{name: a, model: script/buyhold, output_schema: {type: array}}"), goodBars, nil, 1, `output_schema is of type "array"`},
		"trigger elsewhere":   {agents("{name: a, model: script/buyhold, triggers: [{move: 3, symbol: TSLA}]}"), goodBars, nil, 0, "TSLA, which is not among symbols"},
		"key twice":           {goodStrategy + "cash: 5\n", goodBars, nil, 1, "already defined"},
		"no symbols":          {strings.Replace(goodStrategy, "[A]", "[]", 1), goodBars, nil, 1, "symbols is empty"},
		"unknown file":        {strings.Replace(goodStrategy, "bars.csv", "nope.csv", 1), goodBars, nil, 1, "no data at nope.csv"},
		"from after to":       {goodStrategy + "from: 2024-02-01\nto: 2024-01-01\n", goodBars, nil, 1, "from 2024-02-01 is after to 2024-01-01"},
		"--from after to":     {goodStrategy + "to: 2024-01-01\n", goodBars, []string{"--from", "2024-01-03"}, 0, ""},
		"tildes":              {goodStrategy, strings.ReplaceAll(goodBars, ",", "~"), nil, 1, "fields are separated by commas"},
		"semicolons":          {goodStrategy, strings.ReplaceAll(goodBars, ",", ";"), nil, 0, ""},
		"bar size":            {goodStrategy + "bar_size: 1h\n", goodBars, nil, 1, "not all of them in bars of 1h"},
		"cash zero":           {strings.Replace(goodStrategy, "1000", "0", 1), goodBars, nil, 1, "cash is 0"},
		"two documents":       {goodStrategy + "---\nname: b\n", goodBars, nil, 1, "more than one document"},
		"no bars in window":   {goodStrategy + "from: 2025-01-01\nto: 2025-02-01\n", goodBars, nil, 1, "between 2025-01-01"},
		"from after the data": {goodStrategy + "from: 2025-01-01\n", goodBars, nil, 1, "from 2025-01-01 is after the last bar (2024-01-04)"},
		"bad date":            {goodStrategy + "from: 2024-13-01\n", goodBars, nil, 1, `"2024-13-01" is not a date`},
		"symbol without data": {strings.Replace(goodStrategy, "[A]", "[A, ZZZ]", 1), goodBars, nil, 1, "there is no data for ZZZ in the files given\n  they hold A"},
		"gap in the header":   {goodStrategy, strings.Replace(goodBars, "open,", ",", 1), nil, 1, "column 3 of the header has no name"},
		"broken number":       {goodStrategy, strings.Replace(goodBars, "10.5,12", "1o.5,12", 1), nil, 1, `bars.csv:4: open: "1o.5" is not a decimal number`},
		"high below low":      {goodStrategy, strings.Replace(goodBars, "10,11,9,10,", "10,8,9,10,", 1), nil, 1, "high 8 is below low 9"},
		"duplicate time":      {goodStrategy, goodBars + "A,2024-01-04,10,11,9,10,1\n", nil, 1, "duplicate timestamp"},
		"unsorted time":       {goodStrategy, goodBars + "A,2024-01-01,10,11,9,10,1\n", nil, 1, "is not after"},
		"negative cash":       {strings.Replace(goodStrategy, "1000", "-1", 1), goodBars, nil, 1, "cash is -1"},
		"ninth decimal":       {strings.Replace(goodStrategy, "1000", "1000.123456789", 1), goodBars, nil, 1, "more than 8 decimals"},
		"every":               {goodStrategy + "every: often\n", goodBars, nil, 1, `every is "often"`},
		"cost too high":       {goodStrategy + "costs: {slippage_bps: 9999}\n", goodBars, nil, 1, "slippage_bps is 9999"},
		"regime":              {goodStrategy + "regime: {model: magic}\n", goodBars, nil, 1, `regime: model is "magic"`},
		"account type":        {goodStrategy + "account: {type: prime}\n", goodBars, nil, 1, `account type is "prime"`},
		"account key":         {goodStrategy + "account: {typ: margin}\n", goodBars, nil, 1, `did you mean "type"?`},
		"borrow without":      {goodStrategy + "account: {borrow_rate: 0.03}\n", goodBars, nil, 1, "a cash account has no shorts and no loans"},
		"settle on margin":    {goodStrategy + "account: {type: margin, settle_days: 1}\n", goodBars, nil, 1, "settlement is for cash accounts"},
		"maintenance":         {goodStrategy + "account: {type: margin, initial_margin: 0.2}\n", goodBars, nil, 1, "may not be more than what opens it"},
		"path":                {goodStrategy + "fills: {path: zigzag}\n", goodBars, nil, 1, `path is "zigzag"`},
		"latency":             {goodStrategy + "fills: {latency: soon}\n", goodBars, nil, 1, "s.yaml: line 6"},
		"risk key":            {goodStrategy + "risk: {max_order_qtty: 5}\n", goodBars, nil, 1, "max_order_qty"},
		"risk negative":       {goodStrategy + "risk: {max_order_qty: -5}\n", goodBars, nil, 1, "max_order_qty"},
		"risk empty":          {goodStrategy + "risk: {}\n", goodBars, nil, 1, "names no limit"},
		"risk not a mapping":  {goodStrategy + "risk: 5\n", goodBars, nil, 1, "line 6: unexpected value `5`\n  write keys and values"},
		"adjusted twice":      {strings.Replace(goodStrategy, "[bars.csv]", "[{path: bars.csv, adjusted: total}, act.csv]", 1), goodBars, nil, 1, "it would count twice"},
		"source":              {strings.Replace(goodStrategy, "bars.csv", "yahoo", 1), goodBars, nil, 1, "the store holds no 1d bars of A from yahoo"},
		"provider":            {strings.Replace(goodStrategy, "script/buyhold", "openai/gpt", 1), goodBars, nil, 1, "OPENAI_API_KEY is not set"},
		"unknown script":      {strings.Replace(goodStrategy, "buyhold", "nope", 1), goodBars, nil, 1, "there is no model script/nope"},
		"unknown param":       {strings.Replace(goodStrategy, "buyhold", "momentum, params: {look: 3}", 1), goodBars, nil, 1, `unknown "look"`},
		"bad param":           {strings.Replace(goodStrategy, "buyhold", "momentum, params: {lookback: 1}", 1), goodBars, nil, 1, "lookback is 1"},
		"flag":                {goodStrategy, goodBars, []string{"--nope"}, 2, "unknown flag: --nope"},
		"--cash":              {goodStrategy, goodBars, []string{"--cash", "x"}, 2, "--cash is \"x\""},
		"--strict-replay":     {goodStrategy, goodBars, []string{"--strict-replay", "--no-cache"}, 2, "contradict each other"},
		"--url":               {goodStrategy, goodBars, []string{"--url", "http://x"}, 2, "unknown flag: --url"},
		"agent and agents":    {goodStrategy + "agents: [{name: a, model: script/buyhold}]\n", goodBars, nil, 1, "agent and agents are both given"},
		"agents":              {agents("{name: a, model: script/buyhold}, {name: b, model: script/buyhold, every: monday, tools: [market_last_price]}"), goodBars, nil, 0, ""},
		"agent twice":         {agents("{name: a, model: script/buyhold}, {name: a, model: script/buyhold}"), goodBars, nil, 1, "two agents are named a"},
		"agent without name":  {agents("{model: script/buyhold}"), goodBars, nil, 1, `agent 1 is named ""`},
		"agent's every":       {agents("{name: a, model: script/buyhold, every: often}"), goodBars, nil, 1, `every is "often"`},
		"agent's tool":        {agents("{name: a, model: script/buyhold, tools: [market_last_prise]}"), goodBars, nil, 1, `did you mean "market_last_price"?`},
		"sim_start as a tool": {agents("{name: a, model: script/buyhold, tools: [sim_start]}"), goodBars, nil, 1, "there is no such tool"},
		"clock as a tool":     {agents("{name: a, model: script/buyhold, tools: [clock_next_bar]}"), goodBars, nil, 1, "there is no such tool"},
		"trigger":             {agents("{name: a, model: script/buyhold, triggers: [noon]}"), goodBars, nil, 1, `a trigger is "noon"`},
		"trigger key":         {agents("{name: a, model: script/buyhold, triggers: [{mov: 3}]}"), goodBars, nil, 1, `did you mean "move"?`},
		"two in a trigger":    {agents(`{name: a, model: script/buyhold, triggers: [{move: 3, at: "15:30"}]}`), goodBars, nil, 1, "exactly one of"},
		"trigger time":        {agents(`{name: a, model: script/buyhold, triggers: [{at: "25:00"}]}`), goodBars, nil, 1, `at is "25:00"`},
		"triggers":            {agents(`{name: a, model: script/buyhold, triggers: [fill, {move: 3, symbol: A}, {at: "15:30"}, {at: 2024-01-03}]}`), goodBars, nil, 0, ""},
		"empty budget":        {agents("{name: a, model: script/buyhold, budget: {}}"), goodBars, nil, 1, "budget of a limits nothing"},
		"budget of a script":  {agents("{name: a, model: script/buyhold, budget: {usd: 1}}"), goodBars, nil, 0, ""},
		"price":               {goodStrategy + "prices: {openai/x: {in: 1}}\n", goodBars, nil, 1, "prices of openai/x need in and out"},
		"schema":              {agents("{name: a, model: script/buyhold, output_schema: {type: 7}}"), goodBars, nil, 1, "output_schema"},
		"cutoff":              {agents("{name: a, model: script/buyhold, cutoff: june}"), goodBars, nil, 1, `cutoff of a is "june"`},
		"a name of ours":      {goodStrategy + tool("market_last_price", "timeless: true"), goodBars, nil, 1, "market_last_price"},
		"no wall":             {goodStrategy + tool("movers", "known: \"\""), goodBars, nil, 1, "declare"},
		"tool's key":          {goodStrategy + tool("movers", "timelesss: true"), goodBars, nil, 1, `did you mean "timeless"?`},
		"tool":                {goodStrategy + tool("movers", "timeless: true"), goodBars, nil, 0, ""},
		"index":               {goodStrategy, goodBars, []string{"--data", "two"}, 1, "cannot be traded"},
		"symbol in two files": {goodStrategy, goodBars, []string{"--data", "bars.csv", "--data", "copy.csv"}, 1, "A is in two files"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "s.yaml", c.strategy, "bars.csv", c.bars, "copy.csv", c.bars, "act.csv", "symbol,ex_date,type,value\nA,2024-01-03,dividend,0.1\n")
			require.NoError(t, os.Mkdir(filepath.Join(dir, "two"), 0o755))
			write(t, dir, "two/bars.csv", c.bars, "two/instruments.csv", "symbol,kind\nA,index\n")
			out, errs, code := command(t, dir, nil, append([]string{"backtest", "s.yaml"}, c.args...)...)
			require.Equal(t, c.code, code, errs)
			require.Contains(t, errs, c.want)
			require.NotContains(t, errs+out, "goroutine")
			if code != 0 {
				require.NoDirExists(t, filepath.Join(dir, "runs"), "nothing is half-written")
				require.Empty(t, out)
			}
		})
	}
	_, errs, code := command(t, t.TempDir(), nil, "backtest")
	require.Equal(t, 2, code)
	require.Contains(t, errs, "usage: pitwall backtest FILE|DIR")
	_, errs, code = command(t, t.TempDir(), nil, "nope")
	require.Equal(t, 2, code)
	require.Contains(t, errs, `there is no command "nope"`)
	_, errs, code = command(t, t.TempDir(), nil, "backtest", "nope.yaml")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "examples/momentum")
	_, errs, code = command(t, t.TempDir(), nil, "serve", "--read-only")
	require.Equal(t, 2, code)
	require.Contains(t, errs, "unknown flag: --read-only")
	_, errs, code = command(t, t.TempDir(), []string{"PITWALL_TOKEN="}, "serve", "--http", "0.0.0.0:0")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "PITWALL_TOKEN is not set")
}

func TestInitThenBacktest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out, errs, code := command(t, dir, nil, "init", "mine")
	require.Equal(t, 0, code, errs)
	require.Contains(t, out, "pitwall backtest mine")
	r := backtestJSON(t, dir, nil, "mine", "--to", aYear())
	require.Equal(t, "mine-1", r["run_id"])
	out, errs, code = command(t, dir, nil, "backtest", "mine", "--to", aYear())
	require.Equal(t, 0, code, errs)
	require.NotContains(t, out, "on these dates", "the same again is no try")
	out, errs, code = command(t, dir, nil, "backtest", "mine", "--to", aYear(), "--cash", "50000")
	require.Equal(t, 0, code, errs)
	require.Contains(t, out, "2 on these dates: repeated tries overfit")
	out, errs, code = command(t, dir, nil, "backtest", "mine", "--model", "script/buyhold", "--to", "2013-05-12", "--from", "2013-05-01")
	require.Equal(t, 1, code, out+errs)
	_, errs, code = command(t, dir, nil, "init", "mine")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "exists already")
	_, errs, code = command(t, dir, nil, "backtest", "mine", "--out", "runs/mine-1")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "is not empty")
}

func TestSummaryAndVersion(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "s.yaml", goodStrategy, "bars.csv", goodBars)
	out, errs, code := command(t, dir, nil, "backtest", "s.yaml")
	require.Equal(t, 0, code, errs)
	for _, want := range []string{"final equity", "buy and hold", "max drawdown", "(assumed: the strategy states none)", "runs/s-1", "Next:"} {
		require.Contains(t, out, want)
	}
	require.NotContains(t, out+errs, "\x1b", "no colour and no cursor movement where there is no terminal")
	out, _, code = command(t, dir, nil, "version")
	require.Equal(t, 0, code)
	require.True(t, strings.HasPrefix(out, "pitwall "))
}

// conversation is a scripted trading conversation over a bundled world; it
// returns the run's digest.
func conversation(t *testing.T, transport mcp.Transport, version string) string {
	ctx := context.Background()
	cs, err := mcp.NewClient(&mcp.Implementation{Name: "t", Version: "1"}, nil).Connect(ctx, transport, &mcp.ClientSessionOptions{ProtocolVersion: version})
	require.NoError(t, err)
	defer cs.Close()
	call := func(name string, args map[string]any) map[string]any {
		r, err := cs.CallTool(ctx, &mcp.CallToolParams{Name: name, Arguments: args})
		require.NoError(t, err)
		require.False(t, r.IsError, "%s: %v", name, r.StructuredContent)
		return r.StructuredContent.(map[string]any)
	}
	for i := range 5 {
		call("clock_next_bar", map[string]any{"bars": 20})
		call("market.load_history_table", map[string]any{"symbols": []string{"AAPL"}})
		call("duckdb.query", map[string]any{"sql": "SELECT avg(close) FROM aapl"})
		call("orders.submit", map[string]any{"symbol": "AAPL", "target_percent": 10 + 15*(i%3), "reason": "test"})
		call("orders_submit", map[string]any{"symbol": "AAPL", "side": "buy", "qty": 5, "type": "limit", "limit": 60, "tif": "gtc"})
	}
	call("clock_next_bar", map[string]any{})
	require.Greater(t, call("account_history", map[string]any{})["total_fills"], 3.0)
	return call("sim_status", map[string]any{})["digest"].(string)
}

// The same conversation with the built binary over stdio and over HTTP, both in
// both protocol eras, and in process: one digest.
func TestEveryTransportGivesOneDigest(t *testing.T) {
	b, _, err := testApp(t).newWorlds(context.Background(), "examples/momentum", nil, settings{})
	require.NoError(t, err)
	registry := server.NewRegistry(b)
	defer registry.Close()
	log := slog.New(slog.DiscardHandler)
	s := server.New("test", registry, log, tools.New(log, registry))
	near, far := server.Pipe()
	ss, err := s.Connect(context.Background(), far)
	require.NoError(t, err)
	defer ss.Close()
	want := conversation(t, near, server.LoopProtocol)
	for _, version := range []string{"2025-11-25", "2026-07-28"} {
		cmd := exec.Command(binary, "serve", "examples/momentum")
		cmd.Dir = t.TempDir()
		var errs bytes.Buffer
		cmd.Stderr = &errs
		require.Equal(t, want, conversation(t, &mcp.CommandTransport{Command: cmd}, version), "stdio "+version)
		require.Empty(t, errs.String())
		require.Equal(t, want, conversation(t, &mcp.StreamableClientTransport{Endpoint: serveHTTP(t, "serve", "examples/momentum"), DisableStandaloneSSE: true}, version), "http "+version)
	}
}

// serveHTTP starts the binary's HTTP server on a free port and returns its
// address.
func serveHTTP(t *testing.T, args ...string) string {
	t.Helper()
	return startServer(t, append(args, "--http", "127.0.0.1:0")...)
}

// startServer starts a server and returns the address that it names on stderr.
func startServer(t *testing.T, args ...string) string {
	t.Helper()
	c := exec.Command(binary, args...)
	c.Dir = t.TempDir()
	errs, err := c.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	var said bytes.Buffer
	line := bufio.NewScanner(io.TeeReader(errs, &said))
	require.True(t, line.Scan())
	_, rest, ok := strings.Cut(line.Text(), "serving ")
	require.True(t, ok, line.Text())
	url, _, _ := strings.Cut(rest, " ")
	t.Cleanup(func() {
		require.NoError(t, c.Process.Signal(os.Interrupt))
		for line.Scan() { // to the end, before Wait closes the pipe
		}
		require.NoError(t, c.Wait(), "one Ctrl-C ends a server cleanly: %s", &said)
	})
	return url
}

// Only protocol bytes reach stdout: every line is a JSON-RPC message, whatever
// is sent, and the process ends with its input.
func TestStdoutBelongsToTheProtocol(t *testing.T) {
	c := exec.Command(binary, "serve")
	c.Dir = t.TempDir()
	lines := []string{
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		`this is no JSON`, `{}`, `null`, `[]`, `"x"`, `{"jsonrpc":"2.0","id":{},"method":"ping"}`,
	}
	for i, sql := range []string{"SELECT 1", "SELECT * FROM enable_logging('QueryLog', storage='stdout')", "PRAGMA enable_profiling", "SELECT nope"} {
		lines = append(lines, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"duckdb_query","arguments":{"sql":%q}}}`, 2+i, sql))
	}
	lines = append(lines, `{"jsonrpc":"2.0","id":9,"method":"no/such","params":{}}`)
	in, err := c.StdinPipe()
	require.NoError(t, err)
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	_, err = in.Write([]byte(strings.Join(lines, "\n") + "\n"))
	require.NoError(t, err)
	answers := bufio.NewScanner(out)
	var got []string
	for len(got) < 12 && answers.Scan() {
		got = append(got, answers.Text())
	}
	require.NoError(t, in.Close())
	for answers.Scan() {
		got = append(got, answers.Text())
	}
	require.NoError(t, c.Wait())
	require.Len(t, got, 12)
	require.Equal(t, 5, strings.Count(strings.Join(got, "\n"), "-32600"))
	require.Contains(t, strings.Join(got, "\n"), "-32700", "a line that is no JSON is an error and not the end")
	for _, line := range got {
		var m map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &m), line)
		require.Equal(t, "2.0", m["jsonrpc"])
	}
}

// One Ctrl-C ends a run after its turn: the folder is whole and says incomplete.
func TestInterruptLeavesAWholeFolder(t *testing.T) {
	dir := t.TempDir()
	longRun(t, dir)
	c := exec.Command(binary, "backtest", "s.yaml", "--json")
	c.Dir = dir
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	require.NoError(t, c.Start())
	turnAppears(t, filepath.Join(dir, "runs/s-1"), 20)
	require.NoError(t, c.Process.Signal(os.Interrupt))
	require.Error(t, c.Wait())
	require.Equal(t, 1, c.ProcessState.ExitCode())
	require.Contains(t, errs.String(), "stopped before the end")
	var r map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &r))
	require.Contains(t, fmt.Sprint(r["warnings"]), "stopped before its end")
	require.Less(t, r["bars"], 6000.0)
	var m map[string]any
	raw, err := os.ReadFile(filepath.Join(dir, "runs/s-1/manifest.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &m))
	require.Equal(t, "incomplete", m["status"])
	require.Equal(t, r["digest"], m["digest"])
}

// Real bars of many symbols, with different first and last days, splits inside,
// and missing days in which nothing fills.
func TestSharedData(t *testing.T) {
	t.Parallel()
	file, err := filepath.Abs("../../../shared/data/daily/us_daily_raw.csv")
	require.NoError(t, err)
	if _, err := os.Stat(file); err != nil {
		t.Skip("skipped: no ../shared")
	}
	dir := t.TempDir()
	strategy := func(symbols, more string) string {
		return "name: s\nsymbols: [" + symbols + "]\ndata: [" + file + "]\nevery: " + strconv.Itoa(often(20, 5)) + "\nagent: {model: script/momentum, params: {lookback: 50}}\n" + more
	}
	write(t, dir, "two.yaml", strategy("TQQQ, SHV", "from: 2020-01-02\nto: 2025-05-27\n"),
		"all.yaml", strategy("TQQQ, QQQ, SPY, XOM, TSLA, SHV, SGOV, AAPL, MSFT, AMZN, JPM, JNJ, V, HD, UNH, CAT, PG", "from: 2018-01-02\nto: 2025-07-31\n"))
	r := backtestJSON(t, dir, nil, "two.yaml")
	require.EqualValues(t, 1357, r["bars"])
	require.Greater(t, r["fills"], 20.0)
	warnings := fmt.Sprint(r["warnings"])
	require.Contains(t, warnings, "TQQQ split 2:1 on 2021-01-21")
	require.Contains(t, warnings, "TQQQ split 2:1 on 2022-01-13")
	require.NotContains(t, warnings, "2018-05-24", "a split outside the window is nobody's concern")
	r = backtestJSON(t, dir, nil, "all.yaml")
	require.Greater(t, r["bars"], 1900.0)
	require.Greater(t, r["fills"], 100.0)
	for _, run := range []string{"s-1", "s-2"} {
		out, errs, code := command(t, dir, nil, "verify", filepath.Join("runs", run))
		require.Equal(t, 0, code, errs+out)
	}
	nothingFillsOnMissingDays(t, filepath.Join(dir, r["out"].(string)))
}

// nothingFillsOnMissingDays holds fills.csv against prices.csv.
func nothingFillsOnMissingDays(t *testing.T, run string) {
	t.Helper()
	days := map[string]bool{}
	for _, row := range csvRows(t, filepath.Join(run, "prices.csv")) {
		days[row[0]+row[1]] = true
	}
	for _, row := range csvRows(t, filepath.Join(run, "fills.csv")) {
		require.True(t, days[row[1]+row[0][:10]], "%v: no bar of that day", row)
	}
}

func csvRows(t *testing.T, file string) [][]string {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Greater(t, len(rows), 1)
	return rows[1:]
}

// The other bundled strategy: buys once at the first turn, then holds.
func TestBuyHold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := backtestJSON(t, dir, nil, "examples/buyhold")
	require.EqualValues(t, 1, r["fills"])
	require.EqualValues(t, 1, r["orders"])
	require.EqualValues(t, 61, r["turns"], "the first bar of each month")
	fills := csvRows(t, filepath.Join(dir, "runs/buyhold-1/fills.csv"))
	require.Equal(t, "2013-05-14T09:30:00-04:00", fills[0][0], "the open after the first turn")
	require.InDelta(t, 1.87, r["total_return"], 0.1)
}
