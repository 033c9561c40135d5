// Package browsertest opens a file in a headless Chromium and watches it: a page
// of ours must work from disk with no network, say nothing on its console and run
// nothing that a run's text brought along. It is imported by tests only.
//
//	func TestMain(m *testing.M) { os.Exit(browsertest.Run(m)) }
//
//	p := browsertest.Open(t, "report.html", 1400, 900)
//	p.Click("#more")
//	p.Eval("document.title", &title)
//	p.Clean()
//
// Without Chromium tests are skipped; with PITWALL_CHROMIUM=required they fail.
//
// github.com/chromedp/chromedp drives the browser: it speaks the browser's own
// protocol and needs no second run-time, as Playwright or Selenium do.
package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// patience is how long one action may take: far more than it does, since other
// tests may hold the processor.
const patience = 90 * time.Second

// process is the one browser of a test binary. It lives from the first Open to
// the end of Run.
type process struct {
	sync.Mutex
	running bool // inside Run
	ctx     context.Context
	stop    func()
	err     error
}

var browser process

// Run runs a package's tests and then ends the browser that they used.
func Run(m *testing.M) int {
	browser.Lock()
	browser.running = true
	browser.Unlock()
	code := m.Run()
	browser.Lock()
	defer browser.Unlock()
	if browser.stop != nil {
		browser.stop()
	}
	return code
}

// Find returns the path of a Chromium, empty when there is none.
func Find() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

func (b *process) get(t testing.TB) context.Context {
	t.Helper()
	b.Lock()
	defer b.Unlock()
	path := Find()
	if path == "" {
		if os.Getenv("PITWALL_CHROMIUM") == "required" {
			t.Fatal("no chromium on the path, and PITWALL_CHROMIUM=required")
		}
		t.Skip("skipped: no chromium")
	}
	require.True(t, b.running, "call browsertest.Run in TestMain: it ends the browser")
	if b.ctx == nil && b.err == nil {
		b.start(path)
	}
	require.NoError(t, b.err, "starting %s", path)
	return b.ctx
}

func (b *process) start(path string) {
	profile, err := os.MkdirTemp("", "pitwall-browser-")
	if err != nil {
		b.err = err
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.UserDataDir(profile),
		chromedp.NoSandbox, // root in a container has no sandbox; only our own files are opened
		chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		// Frames stay in the page's process, so that their console is seen too.
		chromedp.Flag("disable-features", "site-per-process,IsolateSandboxedIframes,Translate,OptimizationHints,MediaRouter"),
		// No name resolves; that a request was tried is seen in Page.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND"),
		chromedp.Flag("lang", "en-US"),
	)
	alloc, end := chromedp.NewExecAllocator(context.Background(), options...)
	// A newer Chromium sends events that the library does not know: no fault of the page.
	ctx, cancel := chromedp.NewContext(alloc, chromedp.WithErrorf(func(string, ...any) {}))
	b.ctx = ctx
	b.stop = func() {
		_ = chromedp.Cancel(ctx) // asks the browser to close and waits for it
		cancel()
		end()
		// Its helpers may write for a moment longer.
		for range 20 {
			if os.RemoveAll(profile) == nil {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	b.err = chromedp.Do(ctx)
}

// Page is an open file.
type Page struct {
	t      testing.TB
	ctx    context.Context
	scheme []*emulation.MediaFeature // of colours; nil: the browser's own

	mu     sync.Mutex
	faults []string
}

// Open loads a file into a tab of its own that is width x height CSS pixels, and
// waits for its load event. The tab closes when the test ends.
func Open(t testing.TB, file string, width, height int) *Page {
	t.Helper()
	p := &Page{t: t}
	ctx, cancel := chromedp.NewContext(browser.get(t), chromedp.WithListener(p.watch))
	p.ctx = ctx
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx)
		cancel()
	})
	path, err := filepath.Abs(file)
	require.NoError(t, err)
	// The tab is made under ctx itself: under a shorter life it would end with
	// its first action.
	require.NoError(t, chromedp.Do(ctx), "opening a tab")
	p.do("opening "+file, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		if _, err := cdp.Call(ctx, tab, network.Enable, network.EnableParams{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, tab, log.Enable, cdp.Empty{})
		return err
	}), chromedp.EmulateViewport(int64(width), int64(height)),
		chromedp.Navigate("file://"+filepath.ToSlash(path)))
	return p
}

func (p *Page) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	run(p, what, chromedp.Steps(actions...))
}

func run[T any](p *Page, what string, a chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	require.NoError(p.t, err, what)
	return v
}

func (p *Page) fault(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, fmt.Sprintf(format, args...))
}

// watch collects what a good page never does.
func (p *Page) watch(event any) {
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.request(e.Request.URL)
	case *network.EventWebSocketCreated:
		p.request(e.URL)
	case *network.EventWebTransportCreated:
		p.request(e.URL)
	case *runtime.EventExceptionThrown:
		p.fault("exception: %s", describe(e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		switch e.Type {
		case "error", "warning", "assert":
			var words []string
			for _, a := range e.Args {
				words = append(words, string(a.Value)+a.Description)
			}
			p.fault("console.%s: %s", e.Type, strings.Join(words, " "))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" || e.Entry.Level == "warning" {
			p.fault("log (%s): %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *page.EventJavascriptDialogOpening:
		p.fault("dialog: %s", e.Message)
		// A listener must not wait for an answer of the browser.
		go func() {
			_, _ = chromedp.Call(p.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}()
	}
}

func (p *Page) request(url string) {
	scheme, _, _ := strings.Cut(url, ":")
	switch scheme {
	case "file", "data", "blob", "about":
	default:
		p.fault("request: %.200s", url)
	}
}

// Faults are what the page did so far that it must not: requests to a network,
// errors and warnings on the console (a policy's among them), exceptions that
// nobody caught, dialogs.
func (p *Page) Faults() []string {
	p.t.Helper()
	// What the page did before this call is reported before its answer.
	p.Eval("new Promise(r => setTimeout(r, 20)).then(() => 0)", nil)
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.faults...)
}

// Clean fails the test when the page has a fault.
func (p *Page) Clean() {
	p.t.Helper()
	require.Empty(p.t, p.Faults(), "faults of the page")
}

func describe(d *runtime.ExceptionDetails) string {
	if d.Exception != nil {
		return d.Text + " " + d.Exception.Description
	}
	return d.Text
}
