package page

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/tools/report"
	"pitwall/tools/report/browsertest"
)

func TestCompare(t *testing.T) {
	a, b, c := newFake(2, 200), newFake(2, 200), newFake(2, 150)
	b.name, c.name = "other", evil[1]
	b.turns[4].Messages[3].Reply.Text = "RESULT: otherwise " + evil[0]
	b.price = func(symbol, day int) float64 { return a.price(symbol, day) * 1.5 }
	runs := []*report.Run{a.open(t), b.open(t), c.open(t)}
	compared, err := report.Compare(runs)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, Compare(&out, runs, compared))
	p := browsertest.Open(t, file(t, out.Bytes()), 1400, 900)
	good(t, p)
	require.Equal(t, 3, eval[int](p, `[...document.querySelectorAll(".wide svg path")].filter(x => /^c\d$/.test(x.className.baseVal)).length`), "a curve for each run")
	text := eval[string](p, `document.body.innerText`)
	for _, want := range []string{"fake-1", "other-1", evil[1] + "-1", "otherwise " + evil[0], "max drawdown", "turn 5 and turn 5"} {
		require.Contains(t, text, want)
	}
	require.Greater(t, eval[int](p, `document.querySelectorAll("#compared td.differs").length`), 4)
	require.Less(t, eval[int](p, `document.querySelectorAll("#compared td.differs").length`), eval[int](p, `document.querySelectorAll("#compared td").length`))
	require.True(t, eval[bool](p, `window.hit === undefined`), "foreign code ran")
	shot(p, "compare-1400")
	p.Resize(390, 844)
	good(t, p)
	shot(p, "compare-390")

	err = Compare(&out, runs[:2], compared)
	require.ErrorContains(t, err, "2 runs and 3 sheets")
}
