package browsertest

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Eval runs JavaScript in the page, waits for it when it is a promise, and decodes
// its value into out; nil ignores the value.
func (p *Page) Eval(js string, out any) {
	p.t.Helper()
	if out == nil {
		run(p, "evaluating "+js, chromedp.Evaluate[chromedp.Void](js, chromedp.EvalAwaitPromise))
		return
	}
	raw := run(p, "evaluating "+js, chromedp.Evaluate[[]byte](js, chromedp.EvalAwaitPromise))
	require.NoError(p.t, json.Unmarshal(raw, out), "%s gave %s", js, raw)
}

// Wait waits until a JavaScript expression is true.
func (p *Page) Wait(js string) {
	p.t.Helper()
	run(p, "waiting for "+js, chromedp.Poll[chromedp.Void](js,
		chromedp.WithPollingTimeout(patience), chromedp.WithPollingInterval(20*time.Millisecond)))
}

// Click scrolls to the first element that a CSS selector finds and clicks on its
// middle with a real mouse event.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.do("clicking "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Type focuses an element and types text with real key events; the keys of
// github.com/chromedp/chromedp/kb are understood.
func (p *Page) Type(selector, text string) {
	p.t.Helper()
	p.do("typing into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Key presses keys where the focus is.
func (p *Page) Key(keys string) {
	p.t.Helper()
	p.do("pressing "+keys, chromedp.KeyEvent(keys))
}

// Emulate sets the colour scheme that the reader prefers.
func (p *Page) Emulate(dark bool) {
	p.t.Helper()
	p.scheme = []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}}
	if dark {
		p.scheme[0].Value = "dark"
	}
	p.media(emulation.SetEmulatedMediaParams{Features: p.scheme})
}

// Print shows the page as a printer gets it from a reader with the colour scheme
// that was set.
func (p *Page) Print() {
	p.t.Helper()
	p.media(emulation.SetEmulatedMediaParams{Media: "print", Features: p.scheme})
}

func (p *Page) media(m emulation.SetEmulatedMediaParams) {
	p.t.Helper()
	p.do("emulating a medium", chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, m)
		return err
	}))
}

// Resize changes the size of the page.
func (p *Page) Resize(width, height int) {
	p.t.Helper()
	p.do("resizing", chromedp.EmulateViewport(int64(width), int64(height)))
}

// PDF prints the page on A4.
func (p *Page) PDF() []byte {
	p.t.Helper()
	return run(p, "printing", chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4), chromedp.PDFPrintBackground()))
}

// Screenshot writes the whole page, also what is below the fold, as a PNG.
func (p *Page) Screenshot(file string) {
	p.t.Helper()
	p.save(file, run(p, "taking a screenshot", chromedp.FullScreenshot(100)))
}

// View writes what is in view as a PNG.
func (p *Page) View(file string) {
	p.t.Helper()
	p.save(file, run(p, "taking a screenshot", chromedp.CaptureScreenshot()))
}

func (p *Page) save(file string, raw []byte) {
	p.t.Helper()
	require.NoError(p.t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(p.t, os.WriteFile(file, raw, 0o644))
}
