package page

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
	"pitwall/tools/report"
	"pitwall/tools/report/browsertest"
)

func TestMain(m *testing.M) { os.Exit(browsertest.Run(m)) }

// render writes a run's page.
func render(t testing.TB, r *report.Run) []byte {
	t.Helper()
	s, err := r.Sheet()
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, Write(&b, r, s))
	return b.Bytes()
}

// file puts a page on disk.
func file(t testing.TB, raw []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, os.WriteFile(name, raw, 0o644))
	return name
}

// show opens a run's page and waits until its list of turns is there.
func show(t testing.TB, r *report.Run, width, height int) *browsertest.Page {
	t.Helper()
	p := browsertest.Open(t, file(t, render(t, r)), width, height)
	if len(r.Turns) > 0 {
		p.Wait("document.documentElement.dataset.ready === '1'")
	}
	return p
}

// shot keeps a picture when PITWALL_SCREENSHOTS names a folder.
func shot(p *browsertest.Page, name string) {
	if dir := os.Getenv("PITWALL_SCREENSHOTS"); dir != "" {
		p.Screenshot(filepath.Join(dir, name+".png"))
	}
}

func eval[T any](p *browsertest.Page, js string) (v T) {
	p.Eval(js, &v)
	return v
}

// emptyCharts are the charts on show in which nothing has a length.
const emptyCharts = `[...document.querySelectorAll("svg.chart")].filter(s => s.getClientRects().length)
	.filter(s => [...s.querySelectorAll("path:not(.grid):not(.base)")].filter(p => p.getTotalLength() > 0).length === 0)
	.map(s => s.getAttribute("aria-label"))`

// wide are elements that make the page scroll sideways: none when it does not.
const wide = `document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll")).map(e => e.tagName + "." + e.className + " " + e.textContent.slice(0, 40)).concat("wide")`

// outside are labels of charts that stick out of their drawing.
const outside = `[...document.querySelectorAll("svg.chart")].filter(s => s.getClientRects().length).flatMap(s => {
	const b = s.getBoundingClientRect();
	return [...s.querySelectorAll("text")].filter(t => { const r = t.getBoundingClientRect(); return t.textContent.trim() && (r.left < b.left - 1 || r.right > b.right + 1); }).map(t => t.textContent);
})`

// over are pairs of labels of one chart that lie on each other.
const over = `[...document.querySelectorAll("svg.chart")].filter(s => s.getClientRects().length).flatMap(s => {
	const t = [...s.querySelectorAll("text")].filter(x => x.textContent.trim()), out = [];
	const r = t.map(x => x.getBoundingClientRect());
	for (let i = 0; i < t.length; i++) for (let j = 0; j < i; j++)
		if (Math.min(r[i].right, r[j].right) - Math.max(r[i].left, r[j].left) > 1 && Math.min(r[i].bottom, r[j].bottom) - Math.max(r[i].top, r[j].top) > 5) out.push(t[i].textContent + " / " + t[j].textContent);
	return out;
})`

// good is what every page must be at every size.
func good(t testing.TB, p *browsertest.Page) {
	t.Helper()
	require.Empty(t, eval[[]string](p, emptyCharts), "charts without marks")
	require.Empty(t, eval[[]string](p, wide), "the page scrolls sideways")
	require.Empty(t, eval[[]string](p, outside), "labels stick out of a chart")
	require.Empty(t, eval[[]string](p, over), "labels lie on each other")
	p.Clean()
}

func TestPage(t *testing.T) {
	p := show(t, newFake(3, 400).open(t), 1400, 900)
	require.Equal(t, 5, eval[int](p, `[...document.querySelectorAll("svg.chart")].filter(s => s.getClientRects().length).length`), "equity, rolling Sharpe, three prices")
	good(t, p)
	shot(p, "page-1400-light")
	light := eval[string](p, `getComputedStyle(document.querySelector(".chart .c0")).stroke`)
	p.Emulate(true)
	require.NotEqual(t, light, eval[string](p, `getComputedStyle(document.querySelector(".chart .c0")).stroke`), "charts follow the theme")
	require.Equal(t, "rgb(20, 23, 27)", eval[string](p, `getComputedStyle(document.documentElement).backgroundColor`))
	shot(p, "page-1400-dark")
	p.Resize(390, 844)
	good(t, p)
	require.Equal(t, 5, eval[int](p, `[...document.querySelectorAll("svg.chart")].filter(s => s.getClientRects().length).length`), "each chart once")
	require.Greater(t, eval[float64](p, `Math.min(...[...document.querySelectorAll(".narrow svg text")].filter(t => t.textContent.trim()).map(t => t.getBoundingClientRect().height))`), 11.0, "text of charts on a telephone")
	shot(p, "page-390-dark")
	p.Emulate(false)
	shot(p, "page-390-light")
	// Paper is light, wide and has no controls.
	p.Emulate(true)
	p.Resize(718, 1000) // A4 at 96 dots an inch, without margins
	p.Print()
	require.Equal(t, "rgb(255, 255, 255)", eval[string](p, `getComputedStyle(document.documentElement).backgroundColor`))
	require.Equal(t, []string{"none", "none", "block"}, eval[[]string](p, `["#filter", "nav", ".wide"].map(s => getComputedStyle(document.querySelector(s)).display)`))
	shot(p, "page-print")
	pdf := p.PDF()
	require.Greater(t, len(pdf), 20000)
	if dir := os.Getenv("PITWALL_SCREENSHOTS"); dir != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "page.pdf"), pdf, 0o644))
	}
}

// inView tells whether an element's top is in the window.
const inView = `(s => { const r = document.querySelector(s).getBoundingClientRect(); return r.top >= -2 && r.top < innerHeight; })`

func TestFillsLeadToTurnsAndBack(t *testing.T) {
	p := show(t, newFake(3, 400).open(t), 1400, 900)
	marks := eval[[]string](p, `[...document.querySelectorAll("#price-1 .wide a")].map(a => a.getAttribute("href"))`)
	require.Greater(t, len(marks), 5)
	want := marks[len(marks)-1]
	p.Click(`#price-1 .wide a[href="` + want + `"] path`)
	p.Wait(`document.querySelector("` + want + `")?.open && document.querySelector("` + want + ` .body pre")`)
	p.Wait(inView + `("` + want + `")`)
	turn := want[len("#turn-"):]
	require.Contains(t, eval[string](p, `document.querySelector("`+want+` .body").textContent`), "word"+turn+"ofreply")
	// The turn names its fill, its trade and the chart.
	require.Contains(t, eval[string](p, `document.querySelector("`+want+` .fill").textContent`), " SYM")
	back := eval[[]string](p, `[...document.querySelectorAll("`+want+` .fill a")].map(a => a.getAttribute("href"))`)
	require.Contains(t, back, "#price-1")
	require.Regexp(t, `^#trade-\d+$`, back[0])
	p.Click(want + ` .fill a`)
	p.Wait(inView + `("` + back[0] + `")`)
	require.Contains(t, eval[[]string](p, `[...document.querySelectorAll("`+back[0]+` a")].map(a => a.getAttribute("href"))`), want, "the trade leads back to its turn")
	// So does every trade that any turn names.
	require.Greater(t, eval[int](p, `(async () => { let n = 0; for (const r of index.rows) for (const f of (await bodies(r.b))[r.i].fills || []) for (const k of f.r || []) n++; return n; })()`), 30)
	require.Empty(t, eval[[]string](p, `(async () => {
		const bad = [];
		for (const r of index.rows) for (const f of (await bodies(r.b))[r.i].fills || []) for (const k of f.r || [])
			if (!document.querySelector("#trade-" + k)?.querySelector('a[href="#turn-' + r.n + '"]')) bad.push("turn " + r.n + ", trade " + k);
		return bad;
	})()`))
	// Every link of the page has an end.
	require.Empty(t, eval[[]string](p, `[...document.querySelectorAll("a")].map(a => a.getAttribute("href")).filter(h => !h.startsWith("#turn-") && !document.querySelector(h))`))
	require.Empty(t, eval[[]string](p, `[...document.querySelectorAll("a")].map(a => a.getAttribute("href")).filter(h => h.startsWith("#turn-") && !index.rows.some(r => "#turn-" + r.n === h))`))
	p.Clean()
}

func TestSearchAndFilter(t *testing.T) {
	f := newFake(2, 1500)
	f.turns[7].Warnings = []agentloop.Warning{{Kind: "stale", Detail: "old price"}}
	f.turns[9].Status, f.turns[9].Error = "model_error", "no answer came"
	f.turns[9].Agent = "second"
	p := show(t, f.open(t), 1400, 900)
	rows := func() []string {
		return eval[[]string](p, `[...document.querySelectorAll(".turn")].map(d => d.id)`)
	}
	require.Len(t, f.turns, 300)
	require.Len(t, rows(), 200, "no more rows than needed")
	p.Click("#later")
	require.Len(t, rows(), 300)
	p.Type("#query", "word77OFreply")
	p.Wait(`document.querySelector("#count").textContent === "1 hit in 1 of 300 turns"`)
	require.Equal(t, []string{"turn-77"}, rows())
	require.Equal(t, "word77ofreply", eval[string](p, `document.querySelector(".snippet mark").textContent`))
	// By keyboard: the row is the next that takes the focus after the fields.
	p.Eval(`document.querySelector("#turn-77 summary").focus()`, nil)
	p.Key("\r")
	p.Wait(`document.querySelector("#turn-77 .body pre.reply")`)
	require.Equal(t, 1, eval[int](p, `CSS.highlights.get("hit").size`), "the word is marked")
	body := eval[string](p, `document.querySelector("#turn-77 .body").textContent`)
	for _, want := range []string{"You are a trader", "Turn 77. What do you do?", "thought 77", "market_last_price", "\"symbol\": \"SYM0\"", "\"price\": 101.25", "orders_submit", "its turn came by: every"} {
		require.Contains(t, body, want)
	}
	p.Eval(`(() => { const q = document.querySelector("#query"); q.value = "thought 1"; q.dispatchEvent(new Event("input")); })()`, nil)
	p.Wait(`document.querySelector("#count").textContent === "111 hits in 111 of 300 turns"`)
	p.Eval(`(() => { const q = document.querySelector("#query"); q.value = ""; q.dispatchEvent(new Event("input")); })()`, nil)
	p.Wait(`document.querySelector("#count").textContent === "300 turns"`)
	for _, c := range [][2]string{{"+ordered", "150 of 300 turns"}, {"+warnings", "1 of 300 turns"}, {"no_action", "149 of 300 turns"}, {"+errors", "1 of 300 turns"}} {
		value, want := c[0], c[1]
		p.Eval(`(() => { const s = document.querySelector("#status"); s.value = "`+value+`"; s.dispatchEvent(new Event("change")); })()`, nil)
		require.Equal(t, want, eval[string](p, `document.querySelector("#count").textContent`), value)
	}
	// An address of a turn that the filter hides shows it all the same.
	p.Eval(`(() => { location.hash = "#turn-290"; })()`, nil)
	p.Wait(`document.querySelector("#turn-290")?.open`)
	p.Wait(inView + `("#turn-290")`)
	require.LessOrEqual(t, len(rows()), 200)
	p.Click("#earlier")
	p.Eval(`(() => { const s = document.querySelector("#agent"); s.value = "second"; s.dispatchEvent(new Event("change")); })()`, nil)
	require.Equal(t, []string{"turn-10"}, rows())
	p.Clean()
}

func TestTables(t *testing.T) {
	f := newFake(3, 1500) // 150 orders: fewer trades than rows
	for i := range f.orders {
		f.orders[i].reason = "because " + string(bytes.Repeat([]byte("very "), 20)) + "long"
	}
	for day := 3; day < 1400; day += 5 {
		f.orders = append(f.orders, fakeOrder{day, 1, 1, 1000 + day, "r"}, fakeOrder{day + 1, 1, -1, 2000 + day, "r"})
	}
	sortOrders(f)
	p := show(t, f.open(t), 1400, 900)
	rows := func() int { return eval[int](p, `document.querySelector("#trades-table").tBodies[0].rows.length`) }
	require.Equal(t, 100, rows())
	profits := `[...document.querySelector("#trades-table").tBodies[0].rows].map(r => parseFloat(r.cells[9].textContent.replace("\u2212", "-").replaceAll(",", "")))`
	p.Click(`#trades-table th:nth-child(10) button`)
	p.Wait(`document.querySelector("#trades-table th:nth-child(10)").getAttribute("aria-sort") === "descending"`)
	p.Wait(`(p => p.length === 100 && p.every((v, i) => !i || p[i-1] >= v) && p[0] > p[99])(` + profits + `)`)
	p.Click("#trades-more")
	p.Wait(`document.querySelector("#trades-table").tBodies[0].rows.length > 280`)
	require.Empty(t, eval[[]int](p, `[...document.querySelectorAll("#trades-more")].map(() => 1)`))
	p.Click(`#trades-table th:nth-child(2) button`)
	p.Wait(`(r => r[0] <= r[r.length - 1])([...document.querySelector("#trades-table").tBodies[0].rows].map(r => r.cells[1].textContent))`)
	require.Greater(t, eval[int](p, `document.querySelectorAll("#trades-table details.fold").length`), 50)
	p.Click(`#by-symbol th:nth-child(4) button`)
	require.Equal(t, "descending", eval[string](p, `document.querySelector("#by-symbol th:nth-child(4)").getAttribute("aria-sort")`))
	// A trade that is not among the first rows is found by its address.
	q := browsertest.Open(t, file(t, render(t, f.open(t))), 390, 844)
	q.Eval(`(() => { location.hash = "#trade-250"; })()`, nil)
	q.Wait(`document.querySelector("#trade-250.found")`)
	q.Wait(inView + `("#trade-250")`)
	q.Clean()
	p.Clean()
}
