package models

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
)

// extras are the fields of a message that the dialect does not name: reasoning and
// signatures under whatever name a server gives them. They go back as they came,
// since a model may refuse a conversation in which its own are missing. Numbers stay
// as they are written.
type extras map[string]any

// UnmarshalJSON implements json.Unmarshaler.
func (e *extras) UnmarshalJSON(b []byte) error {
	*e, _ = decoded(b).(map[string]any)
	return nil
}

// add takes a field of a message, or the next part of it in a stream.
func (e extras) add(name string, raw json.RawMessage) { e[name] = joined(e[name], decoded(raw)) }

// set takes a field of a call, which never comes in parts.
func (e *extras) set(name string, raw json.RawMessage) {
	if *e == nil {
		*e = extras{}
	}
	if v := decoded(raw); v != nil {
		(*e)[name] = v
	}
}

// filled returns the fields that hold something.
func (e extras) filled() extras {
	out := extras{}
	for name, v := range e {
		if r := reflect.ValueOf(v); v != nil && (r.Kind() != reflect.String && r.Kind() != reflect.Map && r.Kind() != reflect.Slice || r.Len() > 0) {
			out[name] = v
		}
	}
	return out
}

func decoded(raw json.RawMessage) (v any) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

// joined adds the next part of a field to what came before: texts are one text, the
// parts of a list's entry one entry.
func joined(a, b any) any {
	if a == nil || b == nil {
		if b == nil {
			return a
		}
		return b
	}
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return x + y
		}
	case map[string]any:
		if y, ok := b.(map[string]any); ok {
			for k, v := range y {
				switch k {
				case "type", "id", "index", "format", "name", "role": // labels, not parts
					if v != nil {
						x[k] = v
					}
				default:
					x[k] = joined(x[k], v)
				}
			}
			return x
		}
	case []any:
		if y, ok := b.([]any); ok {
			for _, v := range y {
				if n := len(x); n > 0 && continues(x[n-1], v) {
					x[n-1] = joined(x[n-1], v)
				} else {
					x = append(x, v)
				}
			}
			return x
		}
	}
	return b
}

// continues reports whether an entry of a list is the next part of the one before: of
// the same kind and place, and the one before is not yet signed.
func continues(a, b any) bool {
	x, ok := a.(map[string]any)
	y, also := b.(map[string]any)
	if !ok || !also || !reflect.DeepEqual(x["type"], y["type"]) || !reflect.DeepEqual(x["index"], y["index"]) || y["id"] != nil && !reflect.DeepEqual(x["id"], y["id"]) {
		return false
	}
	signature, _ := x["signature"].(string)
	return signature == ""
}

// word is a text that some servers write as a number or null.
type word string

// UnmarshalJSON implements json.Unmarshaler.
func (w *word) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) != nil {
		s = string(b)
	}
	*w = word(s)
	return nil
}

// count is a whole number that some servers write as 12.0, "12" or null.
type count int

// UnmarshalJSON implements json.Unmarshaler.
func (c *count) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	if err == nil && f >= 0 && f < 1<<53 {
		*c = count(f)
	}
	return nil
}
