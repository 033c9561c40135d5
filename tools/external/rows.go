package external

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"pitwall/tools"
)

var errTrailing = errors.New("there is text after its JSON answer")

// exactJSON decodes one JSON value with its numbers as text.
func exactJSON(body []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err = d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err = d.Token(); !errors.Is(err, io.EOF) {
		return nil, errTrailing
	}
	return v, nil
}

// jsonRows takes the list at a path out of a JSON answer. Everything around it
// is left: page tokens and totals can tell the future. With an empty path the
// whole answer is the list, or one row.
func jsonRows(body []byte, path string) ([]any, error) {
	v, err := exactJSON(body)
	switch {
	case errors.Is(err, errTrailing):
		return nil, &Error{Message: err.Error(), Hint: "decide without it"}
	case err != nil:
		return nil, &Error{Message: "its answer is not JSON", Hint: "decide without it", Quote: string(body[:min(len(body), 4*maxQuote)])}
	}
	if quote := errorOf(v); quote != "" {
		return nil, &Error{Message: "it answered with an error", Hint: "change the arguments, or decide without it", Quote: quote}
	}
	if path != "" {
		list, ok := at(v, path)
		if !ok {
			return nil, &Error{Message: "its answer has no list at " + path, Hint: "decide without it", Quote: compact(v)}
		}
		v = list
	}
	switch v := v.(type) {
	case nil:
		return []any{}, nil
	case []any:
		return v, nil
	}
	return []any{v}, nil
}

// errorOf is what an answer says went wrong: a text or an object named error.
func errorOf(v any) string {
	m, ok := v.(map[string]any)
	if !ok {
		return ""
	}
	switch e := m["error"].(type) {
	case string:
		return e
	case map[string]any:
		return compact(e)
	}
	return ""
}

// csvRows reads a CSV with a header line. Fields past the header are left out.
func csvRows(body []byte) ([]any, []string, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))))
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return []any{}, nil, nil
	}
	if err != nil {
		return nil, nil, errors.New("its header line is broken")
	}
	seen := map[string]bool{}
	for i, h := range header {
		header[i] = strings.TrimSpace(clean(h))
		if seen[header[i]] {
			return nil, nil, fmt.Errorf("it has two columns named %q", tools.OneLine(header[i], 60))
		}
		seen[header[i]] = true
	}
	rows := []any{}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, header, nil
		}
		if err != nil {
			return nil, nil, errors.New("a quote is open or out of place")
		}
		row := map[string]any{}
		for i, c := range cells[:min(len(cells), len(header))] {
			row[header[i]] = c
		}
		rows = append(rows, row)
	}
}

// clean takes out what could act on a reader instead of being read: control
// characters, escapes, bidi overrides, zero-width marks.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// mapText returns a value with f applied to all its texts, names included. A number
// that f changes becomes a text.
func mapText(v any, f func(string) string) any {
	switch v := v.(type) {
	case string:
		return f(v)
	case json.Number:
		if s := f(v.String()); s != v.String() {
			return s
		}
	case []any:
		for i := range v {
			v[i] = mapText(v[i], f)
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[f(k)] = mapText(x, f)
		}
		return out
	}
	return v
}

// compact is a value as JSON on one line, keys sorted.
func compact(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "null"
	}
	return strings.TrimSuffix(b.String(), "\n")
}
