package history

import (
	"cmp"
	"io/fs"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"pitwall"
	"pitwall/cache/calendar"
	"pitwall/cache/layout"
)

// Mapping is what a strategy's data entry or a file's sidecar says of the columns of a
// file of bars. Each key goes before what the file itself shows.
type Mapping struct {
	Columns  map[string]string `yaml:"columns,omitempty"`  // timestamp: zeit
	Timezone string            `yaml:"timezone,omitempty"` // of times without an offset
	Session  string            `yaml:"session,omitempty"`  // a calendar: 24/7, XNYS; see instruments.csv
	Dates    string            `yaml:"dates,omitempty"`    // dmy, mdy or ymd
	Decimal  string            `yaml:"decimal,omitempty"`  // "." or ","
	Stamps   string            `yaml:"stamps,omitempty"`   // end: times are those at which bars end
	Sundays  string            `yaml:"sundays,omitempty"`  // a weekly bar dated on a Sunday: start or end of its week
}

// sidecar is what stands in <file>.yaml.
type sidecar struct {
	Adjusted pitwall.Adjustment `yaml:"adjusted"`
	Mapping  `yaml:",inline"`
}

// readSidecar reads the file beside a file of data; none is empty.
func readSidecar(in Input) (side sidecar, err error) {
	raw, err := fs.ReadFile(in.FS, in.Path+".yaml")
	if err != nil {
		return side, nil
	}
	dec := yaml.NewDecoder(strings.NewReader(string(raw)))
	dec.KnownFields(true)
	if err := dec.Decode(&side); err != nil {
		return side, pitwall.Errorf(pitwall.DataError, "%s.yaml: %v", in.Show, err).Hintf("it holds adjusted: raw, split or total, and may hold columns, timezone, session, dates, decimal, stamps and sundays")
	}
	return side, nil
}

// mapped adds the sidecar's mapping to what the caller says.
func mapped(in Input) (Input, error) {
	side, err := readSidecar(in)
	if err != nil {
		return in, err
	}
	m := &in.Mapping
	if m.Columns == nil {
		m.Columns = side.Columns
	}
	m.Timezone, m.Session = cmp.Or(m.Timezone, side.Timezone), cmp.Or(m.Session, side.Session)
	m.Dates, m.Decimal = cmp.Or(m.Dates, side.Dates), cmp.Or(m.Decimal, side.Decimal)
	m.Stamps, m.Sundays = cmp.Or(m.Stamps, side.Stamps), cmp.Or(m.Sundays, side.Sundays)
	if _, err := calendarOf(m.Session); err != nil {
		return in, pitwall.Errorf(pitwall.DataError, "%s: session: %v", in.Show, err)
	}
	return in, nil
}

// hints are what the reader of files takes of a mapping.
func (m Mapping) hints(file string) (layout.Hints, error) {
	h := layout.Hints{Columns: m.Columns, Dates: m.Dates, Decimal: m.Decimal}
	if err := h.Check(); err != nil {
		return h, pitwall.Errorf(pitwall.DataError, "%s: %v", file, err)
	}
	if m.Stamps != "" && m.Stamps != "start" && m.Stamps != "end" {
		return h, pitwall.Errorf(pitwall.DataError, "%s: stamps is %q; use start or end", file, m.Stamps)
	}
	if m.Sundays != "" && m.Sundays != "start" && m.Sundays != "end" {
		return h, pitwall.Errorf(pitwall.DataError, "%s: sundays is %q; use start or end", file, m.Sundays)
	}
	if m.Timezone == "" {
		return h, nil
	}
	zone, err := pitwall.LoadZone(m.Timezone)
	if err != nil {
		return h, pitwall.Errorf(pitwall.DataError, "%s: unknown timezone %q", file, m.Timezone).Hintf("use a name like America/New_York or UTC")
	}
	h.Zone = zone
	return h, nil
}

// calendarOf returns the calendar that a session names; nil is none or 24/7.
func calendarOf(session string) (*pitwall.Calendar, error) {
	if session == "" || session == pitwall.AlwaysOpen {
		return nil, nil
	}
	return calendar.Named(session)
}

// trades gives an instrument the session that a file's mapping states.
func (m Mapping) trades(in pitwall.Instrument) pitwall.Instrument {
	c, err := calendarOf(m.Session)
	switch {
	case m.Session == "" || err != nil: // checked before
	case c == nil:
		in.Calendar, in.Hours, in.Zone = pitwall.AlwaysOpen, nil, time.UTC
	default:
		in.Calendar, in.Hours, in.Zone = c.Name, c, c.Zone
	}
	return in
}
