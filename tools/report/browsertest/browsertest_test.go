package browsertest

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { os.Exit(Run(m)) }

func write(t *testing.T, html string) string {
	file := filepath.Join(t.TempDir(), "page.html")
	require.NoError(t, os.WriteFile(file, []byte(html), 0o644))
	return file
}

func TestGoodPage(t *testing.T) {
	p := Open(t, write(t, `<!doctype html><title>good</title>
		<style>body{background:#fff} @media (prefers-color-scheme: dark){body{background:#000}}</style>
		<p style="height:3000px">text</p><svg width="50" height="50"><a href="#end"><path d="M10 10h20v20z"/></a></svg>
		<input id="in"><h2 id="end">end</h2><iframe sandbox="allow-scripts" srcdoc="<script>parent.postMessage('hi','*')</script>"></iframe>
		<script>onmessage = e => window.heard = e.data</script>`), 390, 844)
	var title string
	p.Eval("document.title", &title)
	require.Equal(t, "good", title)
	p.Wait("window.heard === 'hi'")
	p.Click("svg a")
	p.Wait("location.hash === '#end'")
	p.Type("#in", "word")
	p.Eval("document.querySelector('#in').value", &title)
	require.Equal(t, "word", title)
	var background string
	for _, dark := range []bool{true, false} {
		p.Emulate(dark)
		p.Eval("getComputedStyle(document.body).backgroundColor", &background)
		require.Equal(t, map[bool]string{true: "rgb(0, 0, 0)", false: "rgb(255, 255, 255)"}[dark], background)
	}
	var width int
	p.Eval("innerWidth", &width)
	require.Equal(t, 390, width)
	p.Resize(1400, 900)
	p.Eval("new Promise(r => setTimeout(() => r(innerWidth), 10))", &width)
	require.Equal(t, 1400, width)
	shot := filepath.Join(t.TempDir(), "a", "shot.png")
	p.Screenshot(shot)
	raw, err := os.ReadFile(shot)
	require.NoError(t, err)
	img, err := png.Decode(bytes.NewReader(raw))
	require.NoError(t, err)
	require.Greater(t, img.Bounds().Dy(), 3000)
	require.True(t, bytes.HasPrefix(p.PDF(), []byte("%PDF-")))
	p.Clean()
}

// Every kind of fault is seen; a browser that hides one would hide it in all
// tests of pages.
func TestFaults(t *testing.T) {
	for name, c := range map[string]struct{ html, want string }{
		"image":      {`<img src="http://example.com/a.png">`, "request: http://example.com/a.png"},
		"literal":    {`<script>fetch("http://127.0.0.1:9/x").catch(() => 0)</script>`, "request: http://127.0.0.1:9/x"},
		"style":      {`<link rel="stylesheet" href="https://example.com/a.css">`, "request: https://example.com/a.css"},
		"socket":     {`<script>new WebSocket("ws://127.0.0.1:9/")</script>`, "request: ws://127.0.0.1:9/"},
		"console":    {`<script>console.error("bad", 7)</script>`, `console.error: "bad" 7`},
		"warning":    {`<script>console.warn("odd")</script>`, `console.warning: "odd"`},
		"exception":  {`<script>null.x</script>`, "exception: "},
		"rejection":  {`<script>Promise.reject(new Error("late"))</script>`, "late"},
		"dialog":     {`<script>alert(1)</script>`, "dialog: 1"},
		"policy":     {`<meta http-equiv="Content-Security-Policy" content="default-src 'none'"><script>1</script>`, "log (security)"},
		"style-attr": {`<meta http-equiv="Content-Security-Policy" content="default-src 'none'"><p style="color:red">x</p>`, "log (security)"},
		"frame":      {`<iframe sandbox="allow-scripts" srcdoc="<script>null.x</script>"></iframe>`, "exception: "},
	} {
		t.Run(name, func(t *testing.T) {
			p := Open(t, write(t, "<!doctype html>"+c.html), 800, 600)
			p.Eval("new Promise(r => setTimeout(r, 100)).then(() => 0)", nil)
			faults := p.Faults()
			require.NotEmpty(t, faults)
			found := ""
			for _, f := range faults {
				found += f + "\n"
			}
			require.Contains(t, found, c.want)
		})
	}
}

func TestWithoutChromium(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	require.Empty(t, Find())
	t.Setenv("PITWALL_CHROMIUM", "")
	t.Run("skips", func(t *testing.T) {
		defer func() { require.True(t, t.Skipped()) }()
		Open(t, "x.html", 100, 100)
	})
}
