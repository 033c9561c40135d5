package term

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClean(t *testing.T) {
	const hostile = "\x1b]0;owned\x07 \x1b[31mred\x1b[0m \x1b[2J \u009b31m \u202eevil\u202c \r\x00 done"
	require.Equal(t, "]0;owned [31mred[0m [2J 31m evil  done", Clean(hostile))
	require.Equal(t, "a\nb c\uFFFD", Clean("a\r\nb\tc\xff"))
}

func TestPen(t *testing.T) {
	var b bytes.Buffer
	p := To(&b, 30)
	p.Colour = true
	text := func() string {
		require.NoError(t, p.Done())
		defer b.Reset()
		return b.String()
	}
	p.Table(Table{Columns: []Column{{Name: "n", Right: true}, {Name: "none"}, {Name: "text", Wide: true}},
		Rows: [][]Cell{{Bold.Cell("1"), {}, Plain.Cell("short")}, {Bold.Cell("10"), {}, Red.Cell(strings.Repeat("long ", 9))}}})
	table := text()
	require.Regexp(t, "^ *\x1b\\[2mn\x1b\\[0m", table)
	require.Contains(t, table, "\x1b[31mlong long long long lon...\x1b[0m\n")
	require.NotContains(t, table, "none")
	p.Prose(2, Dim, "one two three four five six seven eight\nnine\x1b[0m")
	require.Equal(t, "  \x1b[2mone two three four five six\x1b[0m\n  \x1b[2mseven eight\x1b[0m\n  \x1b[2mnine[0m\x1b[0m\n", text())
	p.Colour = false
	p.Rows("  ", 2, Plain, strings.Repeat("0123456789", 4)+"\nb\nc\nd")
	require.Equal(t, "  0123456789012345678901234...\n  b\n  ... 2 more lines\n", text())
	p.Item(Plain, "a long head: ", 2, "text that is broken early")
	require.Equal(t, "a long head: text that is\n  broken early\n", text())
	p.Note("note: ", "a text that does not fit\nin one line")
	require.Equal(t, "note: a text that does not fit\n      in one line\n", text())
}

func TestFill(t *testing.T) {
	require.Equal(t, "a sentence that goes on\nand on\n\n  a row of a list that\n      is longer", Fill("a sentence that\ngoes on and on\n\n  a row of a list that is longer", 26))
}

// A table of runs side by side is as wide as the terminal where names can be cut;
// names that would be alike are not.
func TestFitNames(t *testing.T) {
	fit := func(width int, names ...string) (got []string) {
		x := Table{Indent: 2, Columns: []Column{{}}, Rows: [][]Cell{{{Text: "return"}, {Text: "+1.00 %"}, {Text: "+2.00 %"}}}}
		for _, n := range names {
			x.Columns = append(x.Columns, Column{Name: n})
		}
		x.FitNames(width)
		for _, c := range x.Columns[1:] {
			got = append(got, c.Name)
		}
		return got
	}
	names := []string{"a-long-strategy-name-1", "a-long-strategy-name-2"}
	require.Equal(t, names, fit(0, names...), "a pipe has no width")
	require.Equal(t, names, fit(56, names...))
	require.Equal(t, []string{"a-long-s...gy-name-1", "a-long-s...gy-name-2"}, fit(53, names...))
	require.Equal(t, []string{"a-...e-1", "a-...e-2"}, fit(10, names...), "no shorter than 8")
	alike := []string{"a-long-1-strategy", "a-long-2-strategy"}
	require.Equal(t, alike, fit(30, alike...))
}
