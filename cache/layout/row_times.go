package layout

import (
	"slices"
	"strings"
	"time"
)

// timeColumn reads times one after the other where all are of one form and one kind.
type timeColumn struct {
	form form
	last dated
	kind kind
	own  bool // all are written as Pitwall writes them
}

// kind is what a time says: a date, a time of day too, or an offset as well.
type kind int8

const (
	unknown kind = iota
	date
	naive
	instant
)

func (m moment) kind() kind {
	switch {
	case !m.clock:
		return date
	case m.instant:
		return instant
	}
	return naive
}

// newTimeColumn chooses the form that reads the first cell of a column; a date in figures
// needs a look at all of them.
func newTimeColumn(first, stated string) (*timeColumn, bool) {
	first = strings.TrimSpace(plainDate(first))
	list := forms
	if stated != "" {
		list = slices.Clone(figures)
		list = slices.DeleteFunc(list, func(f form) bool { return f.name != stated })
	} else if !yearFirst(first) {
		list = forms[1:]
	}
	for _, f := range list {
		if _, ok := f.read(first); ok {
			return &timeColumn{form: f, own: true}, f.name != "epoch" || hours(f, []string{first}) == nil
		}
	}
	return nil, false
}

// read returns a time in seconds since 1970.
func (c *timeColumn) read(cell string) (seconds int64, ok bool) {
	if n := len(c.last.text); n > 0 && len(cell) > n+1 && cell[:n] == c.last.text && (cell[n] == ' ' || cell[n] == 'T') {
		if since, k, ok := quickClock(cell[n+1:]); ok {
			c.own = c.own && isOwn(cell)
			return c.last.at.Unix() + since, c.is(k)
		}
	}
	if c.form.name == "epoch" && len(cell) <= 19 {
		if n := digitRun(cell); n == len(cell) && n > 0 {
			var v int64
			for i := range n {
				v = v*10 + int64(cell[i]-'0')
			}
			c.own = false
			seconds, ok = epochSeconds(v)
			return seconds, ok && c.is(instant)
		}
	}
	bare := strings.TrimSpace(plainDate(cell))
	m, ok := c.last.read(bare)
	if !ok {
		if m, ok = c.form.read(bare); !ok {
			return 0, false
		}
		c.last.learn(c.form, bare)
	}
	c.own = c.own && isOwn(cell)
	return m.t.Unix(), m.t.Nanosecond() == 0 && c.is(m.kind()) && (m.offset == 0 || !m.isMidnight())
}

// is reports whether all times are of a kind.
func (c *timeColumn) is(k kind) bool {
	if c.kind == unknown {
		c.kind = k
	}
	return c.kind == k
}

// quickClock reads 09:30 or 09:30:00, with nothing, Z or +02:00 behind it, as seconds.
func quickClock(s string) (seconds int64, k kind, ok bool) {
	n := 5
	if len(s) > 5 && s[5] == ':' {
		n = 8
	}
	if len(s) < n {
		return 0, unknown, false
	}
	since, ok := plainClock(s[:n])
	seconds = int64(since / time.Second)
	switch rest := s[n:]; {
	case !ok:
	case rest == "":
		return seconds, naive, true
	case rest == "Z":
		return seconds, instant, true
	case len(rest) == 6 && (rest[0] == '+' || rest[0] == '-'):
		offset, ok := plainClock(rest[1:])
		if ok = ok && offset < 16*time.Hour; rest[0] == '-' {
			offset = -offset
		}
		return seconds - int64(offset/time.Second), instant, ok
	}
	return 0, unknown, false
}

// epochSeconds reads whole seconds of an epoch in any unit.
func epochSeconds(n int64) (seconds int64, ok bool) {
	for _, unit := range epochUnits {
		if n >= firstEpoch*unit && n < lastEpoch*unit {
			return n / unit, n%unit == 0
		}
	}
	return 0, false
}
