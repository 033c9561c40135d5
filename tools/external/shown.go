package external

import (
	"strings"
	"time"

	"pitwall"
	"pitwall/tools"
)

// shown is what is left of an answer.
type shown struct {
	rows    []any
	columns []string // of a CSV answer, in its order
	text    string
	isText  bool
	future  tools.FutureDated
}

// show applies the wall to a payload.
func (t TimePolicy) show(now Moment, p Payload, path string, fields []string) (s shown, err error) {
	switch p.Form {
	case CSV:
		if s.rows, s.columns, err = csvRows(p.Body); err != nil {
			return s, &Error{Message: "its CSV cannot be read: " + err.Error(), Hint: "decide without it"}
		}
	case JSON:
		if s.rows, err = jsonRows(p.Body, path); err != nil {
			return s, err
		}
	default:
		if t.Known != "" && now.Mode == pitwall.Sim {
			return s, &Error{Message: "its answer is text, not rows that say when they were known", Hint: "decide without it"}
		}
		s.isText, s.text = true, clean(string(p.Body))
		return s, nil
	}
	if t.Known != "" {
		s.drop(now, t.Known)
	}
	for i, row := range s.rows {
		s.rows[i] = mapText(keep(row, fields), clean)
	}
	if len(fields) > 0 {
		s.columns = fields
	}
	return s, nil
}

// drop removes rows that are not known now, and those that do not say.
func (s *shown) drop(now Moment, field string) {
	var newest time.Time
	kept := s.rows[:0:0]
	for _, row := range s.rows {
		v, _ := at(row, field)
		t, ok := knownAt(v, now.Zone)
		if ok && !t.After(now.Now) {
			kept = append(kept, row)
			continue
		}
		if !ok {
			s.future.Unreadable++
			continue
		}
		s.future.Removed++
		if t.After(newest) {
			newest = t
			s.future.Newest = t.In(now.Zone).Format(time.RFC3339)
		}
	}
	s.rows = kept
}

// keep leaves the named fields of a row.
func keep(row any, fields []string) any {
	m, ok := row.(map[string]any)
	if !ok || len(fields) == 0 {
		return row
	}
	out := map[string]any{}
	for _, f := range fields {
		if v, ok := m[f]; ok {
			out[f] = v
		}
	}
	return out
}

// at follows a dotted path, and reports whether it leads to a value.
func at(v any, path string) (any, bool) {
	if m, ok := v.(map[string]any); ok && m[path] != nil {
		return m[path], true // a column whose name holds a dot
	}
	for name := range strings.SplitSeq(path, ".") {
		m, _ := v.(map[string]any)
		x, ok := m[name]
		if !ok {
			return nil, false
		}
		v = x
	}
	return v, true
}
