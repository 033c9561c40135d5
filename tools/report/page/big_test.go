package page

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/tools/report"
	"pitwall/tools/report/browsertest"
)

// prose makes text of a few thousand made-up words, of which few are frequent, as
// in real text, with numbers between them.
type prose struct {
	*rand.Rand
	words []string
	often *rand.Zipf
}

func newProse() *prose {
	p := &prose{Rand: rand.New(rand.NewPCG(7, 7))}
	syllables := strings.Fields("ka lo mi re sta du no fi pel ag ro vi ta sen ing er on ex pri qua th mar ket")
	for range 6000 {
		w := ""
		for range 1 + p.IntN(4) {
			w += syllables[p.IntN(len(syllables))]
		}
		p.words = append(p.words, w)
	}
	p.often = rand.NewZipf(p.Rand, 1.15, 4, uint64(len(p.words)-1))
	return p
}

func (p *prose) text(n int) string {
	var b strings.Builder
	for b.Len() < n {
		if p.IntN(12) == 0 {
			fmt.Fprintf(&b, "%d.%02d ", p.IntN(900), p.IntN(100))
		} else {
			b.WriteString(p.words[p.often.Uint64()] + " ")
		}
	}
	return b.String()
}

// bars are rows of prices.
func (p *prose) bars(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "SYM%d,2024-%02d-%02dT09:30:00-05:00,%d.%02d,%d.%02d,%d.%02d,%d\n", i, 1+p.IntN(12), 1+p.IntN(28), 100+p.IntN(20), p.IntN(100), 100+p.IntN(20), p.IntN(100), 100+p.IntN(20), p.IntN(100), p.IntN(90000000))
	}
	return b.String()
}

// big is a run of 5,000 turns. Their records are 7 KB each, a bit more than those of
// examples/momentum (5.9 KB), and two thirds of that is text that never comes
// again, which gzip takes to 1/3.5: real news go to 1/3.7, what scripts say to 1/12.
func big() (f *fake, bytes int) {
	f = newFake(4, 5001)
	f.turns, f.orders = nil, nil
	p := newProse()
	system := p.text(2500)
	for day := range 5000 {
		t := f.turn(day+1, day, "no_action")
		t.System = system
		t.Messages[0].User += "\n" + p.bars(12) + p.text(500)
		t.Messages[1].Reply.Reasoning += p.text(600)
		t.Messages[2].Results[0].Text = `{"news":"` + p.text(1700) + `"}`
		t.Messages[3].Reply.Text += " " + p.text(600)
		if day%3 == 0 {
			t.Status = "ordered"
			f.orders = append(f.orders, fakeOrder{day, day % 4, float64(1 - day%2*2), day + 1, p.text(120)})
		}
		f.turns = append(f.turns, t)
		raw, err := json.Marshal(t)
		if err != nil {
			panic(err)
		}
		bytes += len(raw)
	}
	return f, bytes
}

// Five thousand turns: under 10 MB, and open in under 2 s where nothing else runs.
// PITWALL_SPEED=1 asks for that; without it a busy machine has four times as long.
func TestFiveThousandTurns(t *testing.T) {
	f, size := big()
	require.Greater(t, size/5000, 6000, "bytes of a record")
	r := f.open(t)
	require.Len(t, r.Turns, 5000)
	raw := render(t, r)
	t.Logf("%.1f MB of turns give a page of %.2f MB", float64(size)/1e6, float64(len(raw))/1e6)
	require.Less(t, len(raw), 10_000_000)
	name := file(t, raw)
	var p *browsertest.Page
	limit := 8000.0
	if os.Getenv("PITWALL_SPEED") != "" {
		limit = 2000
	}
	loaded, ready := math.Inf(1), math.Inf(1)
	// The best of three: other tests may hold the processor.
	for range 3 {
		p = browsertest.Open(t, name, 1400, 900)
		p.Wait("document.documentElement.dataset.ready === '1'")
		loaded = min(loaded, eval[float64](p, `performance.getEntriesByType("navigation")[0].loadEventEnd`))
		ready = min(ready, eval[float64](p, `performance.getEntriesByName("ready")[0].startTime`))
		t.Logf("load event after %.0f ms, list of turns after %.0f ms", loaded, ready)
		if ready < limit && loaded < limit {
			break
		}
	}
	require.Less(t, ready, limit, "ms until the list is there")
	require.Less(t, loaded, limit, "ms until the page has loaded")
	require.Equal(t, 200, eval[int](p, `document.querySelectorAll(".turn").length`))
	p.Eval(`(() => { location.hash = "#turn-4321"; })()`, nil)
	p.Wait(`document.querySelector("#turn-4321 .body")?.textContent.includes("word4321ofreply")`)
	p.Wait(inView + `("#turn-4321")`)
	p.Type("#query", "word4999ofreply")
	p.Wait(`document.querySelector("#count").textContent === "1 hit in 1 of 5000 turns"`)
	took := eval[float64](p, `(async () => { const a = performance.now(); document.querySelector("#query").value = "word1ofreply"; await search(); return performance.now() - a; })()`)
	t.Logf("a second search took %.0f ms", took)
	require.Equal(t, "1 hit in 1 of 5000 turns", eval[string](p, `document.querySelector("#count").textContent`))
	p.Clean()
}

// Turns of a run that was killed: one has no record, another no summary, a third
// is torn.
func TestTurnsWithoutRecords(t *testing.T) {
	f := newFake(1, 60)
	fsys := f.folder()
	delete(fsys, "turns/000002.json")
	fsys["turns/000003.json"].Data = fsys["turns/000003.json"].Data[:100]
	lines := strings.SplitAfter(string(fsys["summaries.jsonl"].Data), "\n")
	fsys["summaries.jsonl"].Data = []byte(strings.Join(lines[:10], "") + `{"turn":11,"as`)
	r, err := report.Open(fsys)
	require.NoError(t, err)
	p := show(t, r, 1400, 900)
	require.Equal(t, 12, eval[int](p, `document.querySelectorAll(".turn").length`))
	for n, want := range map[int]string{2: "no record that can be read", 3: "no record that can be read", 12: "word12ofreply"} {
		p.Eval(fmt.Sprintf(`(() => { location.hash = "#turn-%d"; })()`, n), nil)
		p.Wait(fmt.Sprintf(`document.querySelector("#turn-%d .body")?.textContent.includes(%q)`, n, want))
	}
	p.Type("#query", "result of turn 2")
	p.Wait(`document.querySelector("#count").textContent.startsWith("1 hit in 1 of 12 turns")`)
	require.Contains(t, eval[string](p, `document.querySelector("#warnings").textContent`), "half a line")
	p.Clean()
}

// A block that cannot be unpacked is said; the rest of the page stands.
func TestDamagedPage(t *testing.T) {
	raw := string(render(t, newFake(1, 60).open(t)))
	at := strings.Index(raw, `id="block-index">`) + len(`id="block-index">`)
	p := browsertest.Open(t, file(t, []byte(raw[:at+20]+"!!!!!"+raw[at+25:])), 1400, 900)
	p.Wait(`document.querySelector("#count").textContent.startsWith("The decisions cannot be unpacked here")`)
	require.Empty(t, eval[[]string](p, emptyCharts))
	p.Click(`#trades-table th:nth-child(2) button`)
	p.Clean()
}
