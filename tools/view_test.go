package tools_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/tools"
	"pitwall/tools/report/browsertest"
)

func TestMain(m *testing.M) { os.Exit(browsertest.Run(m)) }

// hostPage is a stub of a host: it keeps the view in a sandboxed frame, which inherits
// the policy that MCP Apps sets when a view asks for nothing, and speaks the protocol
// with it. The test steers it by window.host.
const hostPage = `<!doctype html><meta charset="utf-8"><title>host</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self' data:; connect-src 'none'">
<style>body{margin:0}iframe{border:0;width:100%;height:200px;display:block}</style>
<script type="application/json" id="view">VIEW</script>
<script>
const host = window.host = { got: [], size: null, calls: [], answer: null, silent: SILENT, frame: null };
window.stolen = 0;
const post = m => host.frame.contentWindow.postMessage({ jsonrpc: "2.0", ...m }, "*");
host.notify = (method, params) => post({ method, params });
addEventListener("message", e => {
  if (e.source !== host.frame.contentWindow) return;
  const m = e.data;
  host.got.push(m);
  if (host.silent) return;
  switch (m.method) {
  case "ui/initialize":
    post({ id: m.id, result: { protocolVersion: "2026-01-26", hostInfo: { name: "stub", version: "1" }, hostCapabilities: { serverTools: {} },
      hostContext: { theme: "light", styles: { variables: VARIABLES }, displayMode: "inline", containerDimensions: { maxHeight: 4000 } } } });
    break;
  case "ui/notifications/size-changed":
    host.size = m.params;
    host.frame.style.height = m.params.height + "px";
    break;
  case "tools/call":
    host.calls.push(m.params);
    if (host.answer) post({ id: m.id, result: host.answer });
    else post({ id: m.id, error: { code: -32000, message: "refused by the stub" } });
    break;
  }
});
addEventListener("DOMContentLoaded", () => {
  host.frame = document.createElement("iframe");
  host.frame.setAttribute("sandbox", "SANDBOX");
  host.frame.srcdoc = JSON.parse(document.getElementById("view").textContent);
  document.body.append(host.frame);
});
</script>`

// openHost writes the host's page around the view and opens it.
func openHost(t *testing.T, width int, silent bool, sandbox string) *browsertest.Page {
	t.Helper()
	views := tools.Views()
	require.Len(t, views, 1)
	view, err := json.Marshal(views[0].HTML)
	require.NoError(t, err)
	require.NotContains(t, string(view), "</script>", "JSON escapes what would end the script")
	s := strings.ReplaceAll(hostPage, "VIEW", string(view))
	s = strings.ReplaceAll(s, "SILENT", map[bool]string{true: "true", false: "false"}[silent])
	s = strings.ReplaceAll(s, "SANDBOX", sandbox)
	s = strings.ReplaceAll(s, "VARIABLES", `{"--color-text-primary":"light-dark(#101828, #fafafa)","--font-sans":"sans-serif","bad name;":"x"}`)
	file := filepath.Join(t.TempDir(), "host.html")
	require.NoError(t, os.WriteFile(file, []byte(s), 0o644))
	return browsertest.Open(t, file, width, 900)
}

// The sandboxes of a frame: closed as a host has it, and one into which a test sees.
const (
	closed = "allow-scripts"
	seen   = "allow-scripts allow-same-origin"
)

const inView = "host.frame.contentDocument"

func show(t *testing.T, p *browsertest.Page, result any) {
	t.Helper()
	body, err := json.Marshal(result)
	require.NoError(t, err)
	p.Eval(`host.notify("ui/notifications/tool-input", {arguments: {benchmark: "SPY"}})`, nil)
	p.Eval(`host.notify("ui/notifications/tool-result", `+string(body)+`)`, nil)
	p.Wait(inView + `.querySelector("#body").hidden === false`)
}

// clean fails on any fault but what the browser says of the sandbox into which a
// test sees.
func clean(t *testing.T, p *browsertest.Page) {
	t.Helper()
	for _, fault := range p.Faults() {
		require.Contains(t, fault, "allow-scripts and allow-same-origin")
	}
}

// shot keeps a picture for looking at, with PITWALL_SCREENSHOTS=folder.
func shot(p *browsertest.Page, name string) {
	if dir := os.Getenv("PITWALL_SCREENSHOTS"); dir != "" {
		p.Screenshot(filepath.Join(dir, name+".png"))
	}
}

func text(p *browsertest.Page, selector string) (s string) {
	p.Eval(inView+`.querySelector("`+selector+`").textContent`, &s)
	return s
}

func example(n int) map[string]any {
	times, own, bench, hold := []int64{}, []float64{}, []float64{}, []float64{}
	v, b := 0.0, 0.0
	state := uint64(9)
	for i := range n {
		state = state*6364136223846793005 + 1442695040888963407
		v += (float64(state>>40)/float64(1<<24) - 0.45) * 0.02
		b += (float64(state>>20&0xffffff)/float64(1<<24) - 0.48) * 0.014
		times, own, bench, hold = append(times, 1740000000+int64(i)*86400), append(own, v), append(bench, b), append(hold, b*0.7+0.01)
	}
	return map[string]any{"mode": "sim", "as_of": "2025-06-30T16:00:00-04:00",
		"run":      map[string]any{"name": "Simulation", "from": "2025-03-03", "to": "2025-06-30", "symbols": []string{"AAPL", "MSFT", "NVDA", "AMZN", "JPM", "UNH", "V"}, "benchmark": "SPY", "attempt": 2, "cash": 100000},
		"strategy": map[string]any{"total_return": v, "max_drawdown": -0.0411, "sharpe": 1.42, "days": n, "few_periods": false}, "benchmark": map[string]any{"total_return": b, "max_drawdown": -0.0812},
		"buy_and_hold": map[string]any{"total_return": b * 0.7, "max_drawdown": -0.07},
		"trading":      map[string]any{"closed": 12, "win_rate": 0.58}, "costs": map[string]any{"commission": 204.785, "slippage": 102.36},
		"luck":      map[string]any{"random_trader": map[string]any{"low": -0.06, "median": 0.01, "high": 0.09, "beaten": 0.87, "traders": 1000}},
		"curve":     map[string]any{"time": times, "strategy": own, "benchmark": bench, "buy_and_hold": hold},
		"positions": []any{map[string]any{"symbol": "AAPL", "qty": 120, "last": 201.08, "value": 24129.6, "unrealized": 812.5}, map[string]any{"symbol": "JPM", "qty": 40, "last": 289.91, "value": 11596.4, "unrealized": -95.2}},
		"fills":     []any{map[string]any{"symbol": "AAPL", "time": "2025-06-02T09:30:00-04:00", "side": "buy", "qty": 120, "price": 194.3, "fee": 23.3}, map[string]any{"symbol": "JPM", "time": "2025-06-09T09:30:00-04:00", "side": "buy", "qty": 40, "price": 292.29, "fee": 11.69}},
		"warnings":  []string{"attempt 2 on dates that local has already seen: repeated tries overfit"}, "notes": []string{}, "omitted": []string{"fills: the first 14 of 16"}}
}

func TestViewInAHost(t *testing.T) {
	p := openHost(t, 760, false, seen)
	p.Wait(`host.got.some(m => m.method === "ui/notifications/initialized")`)
	var first map[string]any
	p.Eval(`host.got[0]`, &first)
	require.Equal(t, "ui/initialize", first["method"])
	params := first["params"].(map[string]any)
	require.Equal(t, "2026-01-26", params["protocolVersion"])
	require.NotEmpty(t, params["appInfo"].(map[string]any)["name"])
	require.Contains(t, params, "appCapabilities")

	show(t, p, map[string]any{"content": []any{map[string]any{"type": "text", "text": "x"}}, "structuredContent": example(120)})
	var paths, length int
	p.Eval(inView+`.querySelectorAll("#chart path.strategy, #chart path.benchmark, #chart path.hold").length`, &paths)
	require.Equal(t, 3, paths)
	p.Eval(`(`+inView+`.querySelector("#chart path.strategy").getAttribute("d").match(/[ML]/g)||[]).length`, &length)
	require.Equal(t, 120, length, "every point is a mark")
	require.Contains(t, text(p, "#tiles"), "SPY")
	require.Contains(t, text(p, "#tiles"), "87\u00a0%")
	require.Contains(t, text(p, "#positions"), "JPM")
	require.Contains(t, text(p, "#fills tr:nth-child(2)"), "JPM", "the newest fill is the first")
	require.Contains(t, text(p, "#warnings"), "attempt 2")
	require.Contains(t, text(p, "#notes"), "the first 14 of 16")
	p.Wait(`host.size && host.size.height > 400 && Math.abs(host.frame.clientHeight - host.size.height) < 2`)

	// The host's theme and variables.
	var colour, back string
	p.Eval(`getComputedStyle(`+inView+`.body).color`, &colour)
	require.Equal(t, "rgb(16, 24, 40)", colour, "the host's own variable")
	shot(p, "view-light")
	p.Eval(`host.notify("ui/notifications/host-context-changed", {theme: "dark"})`, nil)
	p.Wait(`getComputedStyle(` + inView + `.body).color === "rgb(250, 250, 250)"`)
	p.Eval(`getComputedStyle(`+inView+`.body).backgroundColor`, &back)
	require.Equal(t, "rgb(21, 24, 30)", back)
	shot(p, "view-dark")
	p.Resize(400, 800)
	p.Wait(inView + `.querySelector("#chart svg").clientWidth <= 400`)
	var wide bool
	p.Eval(inView+`.documentElement.scrollWidth > 400`, &wide)
	require.False(t, wide, "nothing sticks out at 400 pixels")
	shot(p, "view-dark-400")
	p.Eval(`host.notify("ui/notifications/host-context-changed", {theme: "light"})`, nil)
	shot(p, "view-light-400")

	// Refreshing asks the host, without the picture.
	next := example(5)
	next["run"].(map[string]any)["name"] = "refreshed"
	body, err := json.Marshal(map[string]any{"content": []any{}, "structuredContent": next})
	require.NoError(t, err)
	p.Eval(`host.answer = `+string(body), nil)
	p.Eval(inView+`.querySelector("#refresh").click()`, nil)
	p.Wait(inView + `.querySelector("#name").textContent === "refreshed"`)
	var call map[string]any
	p.Eval(`host.calls[0]`, &call)
	require.Equal(t, map[string]any{"name": "report_tearsheet", "arguments": map[string]any{"benchmark": "SPY", "picture": false}}, call)
	p.Eval(`host.answer = null`, nil)
	p.Eval(inView+`.querySelector("#refresh").click()`, nil)
	p.Wait(inView + `.querySelector("#status").textContent.includes("refused by the stub")`)

	// Requests of the host are answered.
	p.Eval(`post({id: "t1", method: "ui/resource-teardown", params: {reason: "x"}}); post({id: "t2", method: "nonsense"})`, nil)
	p.Wait(`host.got.some(m => m.id === "t1" && m.result) && host.got.some(m => m.id === "t2" && m.error)`)
	clean(t, p)
}

// In the closed sandbox of a real host, where the view has no origin of its own.
func TestViewInAClosedFrame(t *testing.T) {
	p := openHost(t, 760, false, closed)
	p.Wait(`host.got.some(m => m.method === "ui/notifications/initialized")`)
	p.Wait(`host.size && host.size.height > 0`)
	p.Eval(`host.before = host.size.height`, nil)
	body, err := json.Marshal(map[string]any{"content": []any{}, "structuredContent": example(300)})
	require.NoError(t, err)
	p.Eval(`host.notify("ui/notifications/tool-result", `+string(body)+`)`, nil)
	p.Wait(`host.size.height > host.before + 400`)
	shot(p, "view-closed")
	p.Clean()
}

// Texts of others are shown as texts: nothing of them runs, nothing is loaded.
func TestViewIsSafe(t *testing.T) {
	p := openHost(t, 700, false, seen)
	p.Wait(`host.got.some(m => m.method === "ui/notifications/initialized")`)
	evil := "<script>parent.stolen=1</script><img src=https://example.invalid/x onerror=parent.stolen=1>]]>\x1b[31m\u202e"
	s := example(40)
	run := s["run"].(map[string]any)
	run["name"], run["benchmark"], run["symbols"] = evil, evil, []string{evil, "日経"}
	s["warnings"], s["notes"], s["as_of"], s["mode"] = []string{evil}, []string{evil}, evil, evil
	for _, key := range []string{"positions", "fills"} {
		row := s[key].([]any)[0].(map[string]any)
		row["symbol"], row["side"], row["time"] = evil, evil, evil
		row["qty"], row["price"] = evil, evil
	}
	show(t, p, map[string]any{"content": []any{}, "structuredContent": s})
	require.Contains(t, text(p, "#name"), "<script>parent.stolen=1</script>")
	require.NotContains(t, text(p, "body"), "\x1b")
	require.NotContains(t, text(p, "body"), "\u202e")
	var images, scripts, stolen int
	p.Eval(inView+`.querySelectorAll("img").length`, &images)
	p.Eval(inView+`.querySelectorAll("script").length`, &scripts)
	p.Eval(`stolen`, &stolen)
	require.Equal(t, []int{0, 1, 0}, []int{images, scripts, stolen})
	shot(p, "view-hostile")
	clean(t, p)
	// The page's own policy stops what a host would let run.
	p.Eval(`{const s = `+inView+`.createElement("script"); s.textContent = "parent.stolen = 2"; `+inView+`.body.append(s)}`, nil)
	p.Eval(`stolen`, &stolen)
	require.Zero(t, stolen)
	require.Contains(t, strings.Join(p.Faults(), " "), "Content Security Policy")
}

func TestViewWithLittle(t *testing.T) {
	p := openHost(t, 500, false, seen)
	p.Wait(`host.got.some(m => m.method === "ui/notifications/initialized")`)
	show(t, p, map[string]any{"content": []any{}, "structuredContent": map[string]any{"mode": "sim", "as_of": "2025-01-01T00:00:00Z", "run": map[string]any{"name": "", "from": "", "to": "", "symbols": []string{}},
		"strategy": map[string]any{"total_return": nil, "max_drawdown": nil, "sharpe": nil, "days": 0}, "trading": map[string]any{"closed": 0, "win_rate": nil}, "costs": map[string]any{"commission": 0, "slippage": 0},
		"luck": map[string]any{"random_trader": nil}, "curve": map[string]any{"time": []int{}, "strategy": []int{}, "benchmark": []int{}, "buy_and_hold": []int{}},
		"positions": []any{}, "fills": []any{}, "warnings": []string{}, "notes": []string{"no bar has passed yet"}, "omitted": []string{}}})
	require.Contains(t, text(p, "#positions"), "Nothing is held")
	require.Contains(t, text(p, "#tiles"), "–")
	one := example(1)
	show(t, p, map[string]any{"content": []any{}, "structuredContent": one})
	var marks int
	p.Eval(inView+`.querySelectorAll("#chart circle").length`, &marks)
	require.Equal(t, 1, marks)
	// An error is shown as its text.
	p.Eval(`host.notify("ui/notifications/tool-result", {isError: true, content: [{type: "text", text: "error INTERNAL: <b>broken</b>"}]})`, nil)
	p.Wait(inView + `.querySelector("#plain").textContent.includes("<b>broken</b>")`)
	p.Eval(`host.notify("ui/notifications/tool-cancelled", {reason: "user action"})`, nil)
	p.Wait(inView + `.querySelector("#status").textContent.includes("user action")`)
	clean(t, p)
}

// Without a host the page says so in words: opened as a file, and in a frame whose
// parent does not answer.
func TestViewWithoutAHost(t *testing.T) {
	file := filepath.Join(t.TempDir(), "view.html")
	require.NoError(t, os.WriteFile(file, []byte(tools.Views()[0].HTML), 0o644))
	p := browsertest.Open(t, file, 600, 400)
	p.Wait(`document.querySelector("#status").textContent.includes("No host answered")`)
	clean(t, p)
	p = openHost(t, 600, true, seen)
	p.Wait(inView + `.querySelector("#status").textContent.includes("No host answered")`)
	clean(t, p)
}

// An answer of any shape is said to be none, what is nearly nothing has no minus, and
// a small price is seen. The next answer is shown as if nothing had been.
func TestViewTakesAnything(t *testing.T) {
	p := openHost(t, 600, false, seen)
	p.Wait(`host.got.some(m => m.method === "ui/notifications/initialized")`)
	for _, bad := range []string{`{structuredContent: {run: {}}}`, `{structuredContent: {run: {symbols: 7}, strategy: null, curve: {}}}`,
		`{content: [null], structuredContent: {run: {}}}`, `{content: "x", structuredContent: 5}`, `{structuredContent: {run: {}, strategy: {}, costs: {}, curve: {time: null}}}`} {
		p.Eval(inView+`.querySelector("#status").textContent = ""`, nil)
		p.Eval(`host.notify("ui/notifications/tool-result", `+bad+`)`, nil)
		p.Wait(`/cannot be shown|no figures/.test(` + inView + `.querySelector("#status").textContent)`)
	}
	p.Eval(`host.frame.contentWindow.postMessage(null, "*"); host.frame.contentWindow.postMessage({jsonrpc: "2.0"}, "*"); host.notify("ui/notifications/host-context-changed", {theme: 5, styles: {variables: "x"}})`, nil)
	s := example(20)
	s["strategy"].(map[string]any)["sharpe"] = -0.001
	s["luck"].(map[string]any)["random_trader"].(map[string]any)["beaten"] = 0.9996
	row := s["positions"].([]any)[0].(map[string]any)
	row["last"], row["unrealized"] = 0.00000123, -0.001
	show(t, p, map[string]any{"content": []any{}, "structuredContent": s})
	require.NotContains(t, text(p, "#tiles"), "−0.00")
	require.Contains(t, text(p, "#tiles"), "99\u00a0%")
	require.Contains(t, text(p, "#positions tr:nth-child(2)"), "0.00000123")
	require.NotContains(t, text(p, "#positions tr:nth-child(2)"), "−")
	require.Empty(t, text(p, "#status"))
	clean(t, p)
}
