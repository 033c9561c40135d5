package runs

import (
	"math"
	"time"
)

// stamps writes times in RFC 3339. It keeps the offset of the newest one, which a zone has
// for months, and the text of its day.
type stamps struct {
	of, fixed  *time.Location // the zone, and its offset as reading a text gives it
	start, end int64          // of the offset, in Unix seconds
	offset     int64          // seconds east of UTC
	zone       []byte         // Z or +01:00

	day  int64  // since 1970, at the offset
	date []byte // of the day, with the T; empty = none yet
}

// in returns t in the offset of its zone, as reading its text would.
func (s *stamps) in(t time.Time) time.Time {
	if sec := t.Unix(); t.Location() != s.of || sec < s.start || sec >= s.end {
		s.move(t)
	}
	return t.In(s.fixed)
}

// move takes the offset of another time.
func (s *stamps) move(t time.Time) {
	from, to := t.ZoneBounds()
	_, offset := t.Zone()
	s.of, s.fixed, s.start, s.end, s.offset = t.Location(), time.UTC, math.MinInt64, math.MaxInt64, int64(offset)
	if offset != 0 {
		s.fixed = time.FixedZone("", offset)
	}
	if !from.IsZero() {
		s.start = from.Unix()
	}
	if !to.IsZero() {
		s.end = to.Unix()
	}
	s.zone, s.date = t.AppendFormat(s.zone[:0], "Z07:00"), s.date[:0]
}

const daySeconds = 24 * 60 * 60

// at takes a time and returns the second of its day.
func (s *stamps) at(t time.Time) int64 {
	sec := t.Unix()
	if t.Location() != s.of || sec < s.start || sec >= s.end {
		s.move(t)
	}
	sec += s.offset
	day := sec / daySeconds
	if sec -= day * daySeconds; sec < 0 {
		day, sec = day-1, sec+daySeconds
	}
	if day != s.day || len(s.date) == 0 {
		s.day, s.date = day, appendDay(s.date[:0], time.Unix(day*daySeconds, 0).UTC())
	}
	return sec
}

// appendDay appends the date of a time in UTC, with the T.
func appendDay(b []byte, t time.Time) []byte {
	y, month, d := t.Date()
	if y < 0 || y > 9999 {
		return t.AppendFormat(b, "2006-01-02T")
	}
	b = append(b, byte('0'+y/1000), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10))
	return append(b, '-', byte('0'+month/10), byte('0'+month%10), '-', byte('0'+d/10), byte('0'+d%10), 'T')
}

// append appends a time, to the second.
func (s *stamps) append(b []byte, t time.Time) []byte {
	sec := s.at(t)
	h, m := sec/3600, sec/60%60
	sec %= 60
	b = append(b, s.date...)
	b = append(b, byte('0'+h/10), byte('0'+h%10), ':', byte('0'+m/10), byte('0'+m%10), ':', byte('0'+sec/10), byte('0'+sec%10))
	return append(b, s.zone...)
}

// appendDate appends the date of a time.
func (s *stamps) appendDate(b []byte, t time.Time) []byte {
	s.at(t)
	return append(b, s.date[:len(s.date)-1]...)
}

// json reports whether encoding/json writes a time as append does: RFC 3339 has years of
// four digits and zones of whole minutes.
func (s *stamps) json(t time.Time) bool {
	s.at(t)
	return len(s.date) == len("2006-01-02T") && t.Nanosecond() == 0 && s.offset%60 == 0 && s.offset > -daySeconds && s.offset < daySeconds
}

// parse reads a time in RFC 3339.
func (s *stamps) parse(text string) (time.Time, error) {
	if n := len(s.date); n > 0 && len(text) == n+len("15:04:05")+len(s.zone) && text[:n] == string(s.date) && text[n+8:] == string(s.zone) {
		h, ok1 := digits(text[n:], 24)
		m, ok2 := digits(text[n+3:], 60)
		sec, ok3 := digits(text[n+6:], 60)
		at := s.day*daySeconds + int64(h*3600+m*60+sec) - s.offset
		if ok1 && ok2 && ok3 && text[n+2] == ':' && text[n+5] == ':' && s.start <= at && at < s.end {
			return time.Unix(at, 0).In(s.of), nil
		}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err == nil {
		s.at(t)
	}
	return t, err
}

// digits reads a number of two digits below most.
func digits(text string, most int) (n int, ok bool) {
	a, b := int(text[0])-'0', int(text[1])-'0'
	n = 10*a + b
	return n, 0 <= a && a <= 9 && 0 <= b && b <= 9 && n < most
}
