package layout

import (
	"encoding/csv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Rows without quotes are those of encoding/csv, with their lines, however many parts
// the text has.
func TestSplitIsEncodingCSV(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 3000 {
		var text strings.Builder
		for range rng.IntN(40) {
			text.WriteString([]string{"a", "1.5", ",", ";", " ", "\t", "\u00a0x", "\n", "\r\n", "\r", "", "é"}[rng.IntN(12)])
		}
		if n%1000 == 0 {
			line := text.String() + ",2024-01-02,1,2\n"
			for text.Len() < 5<<20 {
				text.WriteString(line)
			}
		}
		for _, comma := range ",;\t" {
			r := csv.NewReader(strings.NewReader(text.String()))
			r.Comma, r.FieldsPerRecord, r.TrimLeadingSpace = comma, -1, comma != '\t'
			var want [][]string
			var lines []int
			for row, err := r.Read(); err == nil; row, err = r.Read() {
				line, _ := r.FieldPos(0)
				want, lines = append(want, row), append(lines, line+6)
			}
			var got Table
			got.split(text.String(), byte(comma), comma != '\t', 7, n%5*3) // parts of one to a few lines, too
			require.Len(t, got.Rows, len(want), "%q", comma)
			for i := range want {
				if !slices.Equal(got.Rows[i], want[i]) || got.Lines[i] != lines[i] {
					require.Equal(t, want[i], got.Rows[i], "%q at row %d", text.String()[:min(text.Len(), 200)], i)
					require.Equal(t, lines[i], got.Lines[i])
				}
			}
		}
	}
}
