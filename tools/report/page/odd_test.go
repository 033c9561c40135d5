package page

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
)

func sortOrders(f *fake) {
	slices.SortStableFunc(f.orders, func(a, b fakeOrder) int { return a.day - b.day })
}

// evil is text that tries to run, to end an element or to mislead.
var evil = []string{
	`<script>window.hit=1</script>`, `</script><script>window.hit=1</script>`, `]]><img src=x onerror="window.hit=1">`,
	`<!--<script>window.hit=1`, `"><svg onload=window.hit=1>`, `' onmouseover='window.hit=1`, `{{.}}`, `javascript:window.hit=1`,
	"\x1b[31mred\x1b[0m \x1b]0;title\x07bell", "abc\u202efdp.exe", "\u2066x\u2069 zero\u200bwidth \U000e0041tag", "Zürich 株式 \U0001f4c8 עברית",
	"\u2028line\u2029", "\xff\xfe not UTF-8", `\u003cscript\u003ewindow.hit=1`,
}

func TestHostileText(t *testing.T) {
	f := newFake(len(evil), 120)
	f.name = evil[1]
	for i, s := range evil {
		f.symbols[i] = s + fmt.Sprint(i)
	}
	f.orders = nil
	for i, s := range evil {
		f.orders = append(f.orders, fakeOrder{i * 5, i, 5, i + 1, s})
	}
	all := strings.Join(evil, " ")
	for i := range f.turns {
		f.turns[i].Result, f.turns[i].System, f.turns[i].Agent, f.turns[i].Model, f.turns[i].Why = all, all, evil[i%len(evil)], all, all
		f.turns[i].Error, f.turns[i].Status = all, agentloop.Status(evil[1])
		f.turns[i].Warnings = []agentloop.Warning{{Kind: all, Detail: all}}
		m := f.turns[i].Messages
		m[0].User, m[1].Reply.Text, m[1].Reply.Reasoning, m[2].Results[0].Text, m[2].Results[0].Name = all, all, all, all, all
		m[1].Reply.Calls[0].Name = all
		raw, err := json.Marshal(map[string]string{all: all})
		require.NoError(t, err)
		m[1].Reply.Calls[0].Arguments = raw
		f.turns[i].Params, f.turns[i].Output = map[string]any{all: all}, raw
	}
	f.edit = func(m map[string]any) {
		m["warnings"], m["notes"], m["error"], m["benchmark"], m["model"], m["status"], m["pitwall"] = evil, evil, all, all, all, all, all
		m["agents"] = []map[string]string{{"name": all, "model": all}, {"name": "b", "model": all}}
	}
	r := f.open(t)
	raw := string(render(t, r))
	for _, bad := range []string{"\x1b", "\u202e", "\u2066", "\u200b", "\U000e0041", "\x07", "<script>window", "onerror=\"window", "<svg onload"} {
		if i := strings.Index(raw, bad); i >= 0 {
			t.Errorf("%q is in the page: %q", bad, raw[max(0, i-60):min(len(raw), i+60)])
		}
	}
	p := show(t, r, 1400, 900)
	good(t, p)
	n := eval[int](p, `document.querySelectorAll("script").length`)
	p.Eval(`document.querySelectorAll(".turn").forEach(d => { d.open = true; })`, nil)
	p.Wait(`document.querySelectorAll(".turn .body").length === document.querySelectorAll(".turn").length`)
	p.Type("#query", "onerror")
	p.Wait(`document.querySelector("#count").textContent.includes("hits")`)
	p.Eval(`document.querySelector(".turn").open = true`, nil)
	p.Wait(`document.querySelector(".turn .body pre")`)
	p.Eval(`document.querySelectorAll("th button").forEach(b => b.click())`, nil)
	body := eval[string](p, `document.querySelector(".turn .body").textContent`)
	for _, want := range []string{evil[0], evil[1], evil[2], evil[3], "red 0;titlebell", "⟦U+202E⟧fdp.exe", "Zürich 株式 \U0001f4c8 עברית", "⟦U+E0041⟧"} {
		require.Contains(t, body, want, "what was said is shown as it was said")
	}
	require.Empty(t, eval[[]string](p, "document.documentElement.textContent.match(/[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]/g) || []"), "signs that turn or hide text")
	for _, list := range []string{".turn *", "table *", "dl *", "li *"} {
		require.Zero(t, eval[int](p, `[...document.querySelectorAll("`+list+`")].filter(e => ["SCRIPT", "IMG", "IFRAME"].includes(e.tagName) || [...e.attributes].some(a => a.name.startsWith("on"))).length`), list)
	}
	require.Equal(t, n, eval[int](p, `document.querySelectorAll("script").length`))
	require.True(t, eval[bool](p, `window.hit === undefined`), "foreign code ran")
	require.Contains(t, eval[string](p, `document.title`), evil[1])
	p.Resize(390, 844)
	good(t, p)
	shot(p, "hostile-390")
}

func TestOddRuns(t *testing.T) {
	gap := newFake(2, 60)
	for i := 30; i < 60; i++ {
		gap.days[i] = gap.days[i].AddDate(1, 0, 0)
	}
	lost := newFake(1, 80)
	lost.orders = []fakeOrder{{0, 0, 1030, 1, "all in"}}
	lost.price = func(_, day int) float64 { return max(0.0001, 100-float64(day)*1.5) }
	many := newFake(200, 100)
	many.orders = nil
	for i := range 200 {
		many.orders = append(many.orders, fakeOrder{i % 90, i, float64(1 + i%7), i%19 + 1, "one of many"})
	}
	sortOrders(many)
	still := newFake(2, 80)
	still.orders = nil
	for i := range still.turns {
		still.turns[i].Status = "no_action"
	}
	bar := newFake(1, 1)
	single := newFake(1, 4)
	hours := newFake(1, 60)
	for i := range hours.days {
		hours.days[i] = hours.days[0].Add(time.Duration(i) * 15 * time.Minute)
	}
	none := newFake(1, 0)
	killed := newFake(1, 40)
	killed.edit = func(m map[string]any) { m["status"] = "running" }
	for _, c := range []struct {
		name   string
		run    *fake
		prices int
		want   []string
	}{
		{"no-trades", still, 0, []string{"It traded nothing.", "Nothing was bought or sold.", "There is no trade.", "There is no gain to explain."}},
		{"one-bar", bar, 0, []string{"The run has no turns.", "There are too few daily returns"}},
		{"one-turn", single, 1, []string{"1 turn"}},
		{"total-loss", lost, 1, []string{"There is no gain to explain.", "−101.", "No: it did not beat"}},
		{"gap", gap, 2, []string{"no data from 2024-02-09 to 2025-02-12"}},
		{"200-symbols", many, 12, []string{"Of 200 symbols with fills the 12 with the largest traded value are drawn", "SYM199"}},
		{"quarter-hours", hours, 1, []string{"2024-01-01 10:15"}},
		{"nothing", none, 0, []string{"The run has no equity curve.", "There is no equity curve to judge."}},
		{"killed", killed, 1, []string{"This run has not ended"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := show(t, c.run.open(t), 1400, 900)
			good(t, p)
			text := eval[string](p, `document.body.innerText`)
			for _, want := range c.want {
				require.Contains(t, text, want)
			}
			require.NotRegexp(t, "NaN|Inf\\b", text)
			require.Equal(t, c.prices, eval[int](p, `document.querySelectorAll("#prices figure").length`), "charts of prices")
			shot(p, "odd-"+c.name+"-1400")
			p.Resize(390, 844)
			good(t, p)
			shot(p, "odd-"+c.name+"-390")
		})
	}
}
