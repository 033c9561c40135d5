package external

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pitwall/tools"
)

// maxText is how many bytes of data one answer shows: about 8,000 tokens.
const maxText = 32 << 10

// answer is the JSON of an answer. Rows beyond the cap are in neither part.
type answer struct {
	Notes []string `json:"notes,omitempty"`
	Rows  *[]any   `json:"rows,omitempty"`
	Text  *string  `json:"text,omitempty"`
	Cut   string   `json:"cut,omitempty"`
}

func newAnswer(tool string, notes []string, s shown, future *tools.FutureDated) tools.ExternalAnswer {
	a, body := &answer{Notes: notes}, s.text
	if s.isText {
		if len(body) > maxText {
			body = strings.ToValidUTF8(body[:maxText], "")
			a.Cut = fmt.Sprintf("%d more bytes", len(s.text)-len(body))
		}
		text := body
		a.Text = &text
	} else {
		body = a.table(s)
	}
	return tools.ExternalAnswer{Value: a, Text: a.envelope(tool, body), FutureDated: future}
}

// table takes the rows that fit and returns them as text.
func (a *answer) table(s shown) string {
	lines, header := tableOf(s)
	size, n := len(header), 0
	for n < len(lines) && size+len(lines[n])+1 <= maxText {
		size += len(lines[n]) + 1
		n++
	}
	if left := len(lines) - n; left > 0 {
		a.Cut = fmt.Sprintf("%d more rows", left)
	}
	rows := s.rows[:n:n]
	a.Rows = &rows
	body := strings.Join(lines[:n], "\n")
	switch {
	case len(s.rows) == 0:
		return "no rows"
	case header != "":
		return header + "\n" + body
	}
	return body
}

// tableOf writes rows as lines: CSV under a header when all are flat objects,
// else a JSON value each.
func tableOf(s shown) (lines []string, header string) {
	columns, flat := s.columns, true
	names := map[string]bool{}
	for _, row := range s.rows {
		m, ok := row.(map[string]any)
		flat = flat && ok && len(m) > 0
		for k, v := range m {
			names[k], flat = true, flat && isCell(v)
		}
	}
	if !flat {
		for _, row := range s.rows {
			lines = append(lines, compact(row))
		}
		return lines, ""
	}
	if columns == nil {
		columns = slices.Sorted(maps.Keys(names))
	}
	record := func(text func(column string) string) string {
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = tools.Cell(text(c))
		}
		return strings.Join(cells, ",")
	}
	for _, row := range s.rows {
		lines = append(lines, record(func(c string) string { return cellText(row.(map[string]any)[c]) }))
	}
	return lines, record(func(c string) string { return c })
}

// isCell reports whether a value fits a CSV cell: a scalar, or a list of scalars.
func isCell(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return false
	case []any:
		for _, x := range v {
			switch x.(type) {
			case string, json.Number:
			default:
				return false
			}
		}
	}
	return true
}

func cellText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = cellText(x)
		}
		return strings.Join(parts, ";")
	}
	return compact(v)
}

// envelope puts the data between marks, after the notes.
func (a *answer) envelope(tool, body string) string {
	var b strings.Builder
	for _, n := range a.Notes {
		b.WriteString(n + "\n")
	}
	b.WriteString(tools.Marked(tool, body))
	if a.Cut != "" {
		b.WriteString("cut: " + a.Cut + "\n")
	}
	return b.String()
}
