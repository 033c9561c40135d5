package layout

import (
	"strconv"
	"strings"
	"time"

	"pitwall"
)

// moment is a parsed time: a date, a clock time without an offset, or an instant.
type moment struct {
	t       time.Time     // in UTC; without an offset the clock's figures
	clock   bool          // has a time of day
	instant bool          // has an offset
	offset  time.Duration // as it is written
}

// An epoch is between 1973 and 2100, in one of these units of a second.
const firstEpoch, lastEpoch = 100_000_000, 4_102_444_800

var epochUnits = [...]int64{1, 1e3, 1e6, 1e9}

// epochTime reads seconds, milliseconds, microseconds or nanoseconds since 1970, told by
// their size: the four do not overlap from 1973 to 2100.
func epochTime(s string) (moment, bool) {
	whole, frac, _ := strings.Cut(s, ".")
	if !plainFloat(s) || len(whole) > 19 {
		return moment{}, false
	}
	if strings.ContainsAny(s, "eE") { // 1.7040672e+12
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || f < 1e8 || f >= 1e15 || f != float64(int64(f)) {
			return moment{}, false
		}
		whole, frac = strconv.FormatInt(int64(f), 10), ""
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return moment{}, false
	}
	for _, unit := range epochUnits {
		if n < firstEpoch*unit || n >= lastEpoch*unit {
			continue
		}
		t := time.Unix(n/unit, n%unit*(1e9/unit)).UTC()
		if strings.Trim(frac, "0") != "" {
			t = t.Add(1) // a fraction, which the reader of bars refuses
		}
		return moment{t: t, clock: true, instant: true}, true
	}
	return moment{}, false
}

func plainFloat(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' && isPlain(s) }

// serialTime reads a day number of Excel, with the time of day as its fraction.
func serialTime(s string) (moment, bool) {
	if days, part, ok := strings.Cut(s, ","); ok && part != "" { // with a decimal comma
		s = days + "." + part
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !plainFloat(s) || f < 15000 || f >= 80000 { // 1941 to 2119
		return moment{}, false
	}
	days := int(f)
	t := time.Date(1899, 12, 30+days, 0, 0, 0, 0, time.UTC)
	since := time.Duration((f - float64(days)) * float64(24*time.Hour))
	return moment{t: t.Add(since.Round(time.Second)), clock: strings.Contains(s, ".") && since > 0}, true
}

// compactTime reads 20240102, 202401020930 or 20240102093000, with the time also after a
// blank or a T.
func compactTime(s string) (moment, bool) {
	if len(s) < 8 || digitRun(s) < 8 {
		return moment{}, false
	}
	rest := strings.TrimSuffix(s[8:], ".0")
	switch digitRun(s) {
	case 8:
	case 12, 14:
		rest = " " + rest
	default:
		return moment{}, false
	}
	return withClock(s[:4], s[4:6], s[6:8], rest)
}

// digitRun returns how many digits a text begins with.
func digitRun(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// calendarTime reads a date of three parts in an order, and what follows it.
func calendarTime(s, order string) (moment, bool) {
	var parts [3]string
	rest := s
	if word, after, ok := strings.Cut(rest, " "); ok && len(word) >= 3 && digitRun(word) == 0 && isWeekday(strings.TrimSuffix(word, ",")) {
		rest = after
	}
	var mark byte
	for i := range parts {
		n := digitRun(rest)
		if n == 0 && i < 2 { // a month's name
			for n < len(rest) && (rest[n]|0x20 >= 'a' && rest[n]|0x20 <= 'z') {
				n++
			}
		}
		if n == 0 {
			return moment{}, false
		}
		parts[i], rest = rest[:n], rest[n:]
		if i == 2 {
			break
		}
		if strings.HasPrefix(rest, ", ") {
			rest = rest[1:]
		}
		if rest == "" || !strings.ContainsRune("-/. ", rune(rest[0])) || i == 1 && rest[0] != mark && mark != ' ' {
			return moment{}, false
		}
		mark, rest = rest[0], rest[1:]
	}
	y, m, d := parts[0], parts[1], parts[2]
	if order == "ymd" && len(y) != 4 && monthOf(m) > 0 { // 02-Jan-24 is the second
		return moment{}, false
	}
	switch named := monthOf(parts[0]) > 0; {
	case named && order != "mdy", !named && monthOf(parts[1]) > 0 && order == "mdy":
		return moment{}, false
	case order == "dmy":
		d, m, y = parts[0], parts[1], parts[2]
	case order == "mdy":
		m, d, y = parts[0], parts[1], parts[2]
	}
	if len(y) == 2 {
		y = "20" + y
	}
	return withClock(y, m, d, rest)
}

var months = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}

// monthOf returns the month that an English name or its first three letters name, or 0.
func monthOf(s string) int {
	for i, m := range months {
		if len(s) >= 3 && strings.EqualFold(s[:3], m) && (len(s) == 3 || strings.EqualFold(s, time.Month(i+1).String()) || strings.EqualFold(s, "sept")) {
			return i + 1
		}
	}
	return 0
}

func isWeekday(s string) bool {
	for d := range time.Weekday(7) {
		if name := d.String(); strings.EqualFold(s, name) || strings.EqualFold(s, name[:3]) {
			return true
		}
	}
	return false
}

// withClock joins a date with the time of day in the rest of its text.
func withClock(y, m, d, rest string) (moment, bool) {
	year, errY := strconv.Atoi(y)
	month, errM := strconv.Atoi(m)
	day, errD := strconv.Atoi(d)
	if errM != nil {
		month = monthOf(m)
	}
	if errY != nil || errD != nil || len(y) != 4 || len(m) == 0 || month < 1 || month > 12 || len(d) > 2 || errM == nil && len(m) > 2 || year < 1800 || year >= 2200 {
		return moment{}, false
	}
	at := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if at.Day() != day {
		return moment{}, false
	}
	if rest == "" {
		return moment{t: at}, true
	}
	if rest = strings.TrimPrefix(rest, ","); rest == "" || rest[0] != ' ' && rest[0] != 'T' && rest[0] != 't' {
		return moment{}, false
	}
	return atClock(at, rest[1:])
}

// atClock adds the time of day in a text, and its offset, to a date.
func atClock(at time.Time, text string) (moment, bool) {
	since, zone, ok := readClock(strings.TrimSpace(text))
	if !ok {
		return moment{}, false
	}
	if strings.Contains(zone, "/") && !strings.Contains(zone, "[") { // 09:30:00 America/New_York
		loc, err := pitwall.LoadZone(zone)
		if err != nil {
			return moment{}, false
		}
		clock := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, int(since), loc)
		shown := clock.Format(time.DateTime)
		skipped := shown != at.Add(since).Format(time.DateTime) // or shown twice: both are refused
		twice := clock.Add(-time.Hour).Format(time.DateTime) == shown || clock.Add(time.Hour).Format(time.DateTime) == shown
		return moment{t: clock.UTC(), clock: true, instant: true}, !skipped && !twice
	}
	offset, instant, ok := readOffset(zone)
	if !ok {
		return moment{}, false
	}
	return moment{t: at.Add(since - offset), clock: true, instant: instant, offset: offset}, true
}

// readClock reads 9:30, 09:30:00.000, 0930, 093000 or 9:30 PM and returns what follows.
func readClock(s string) (since time.Duration, rest string, ok bool) {
	if since, ok := plainClock(s); ok {
		return since, "", true
	}
	n := digitRun(s)
	var h, m, sec, frac string
	switch {
	case (n == 4 || n == 6) && (len(s) == n || s[n] != ':'):
		h, m, sec, rest = s[:2], s[2:4], s[4:n], s[n:]
	case (n == 1 || n == 2) && len(s) == n+3 && s[n] == '-': // 11-AM
		h, m, rest = s[:n], "00", s[n+1:]
	case (n == 1 || n == 2) && len(s) > n && s[n] == ':':
		h, rest = s[:n], s[n+1:]
		if k := digitRun(rest); k != 2 {
			return 0, "", false
		}
		m, rest = rest[:2], rest[2:]
		if len(rest) > 0 && rest[0] == ':' {
			if k := digitRun(rest[1:]); k != 2 {
				return 0, "", false
			}
			sec, rest = rest[1:3], rest[3:]
		}
	default:
		return 0, "", false
	}
	if sec != "" && len(rest) > 1 && (rest[0] == '.' || rest[0] == ',') {
		n := digitRun(rest[1:])
		frac, rest = rest[1:1+n], rest[1+n:]
	}
	hour, _ := strconv.Atoi(h) // digits all
	minute, _ := strconv.Atoi(m)
	second, _ := strconv.Atoi("0" + sec)
	rest = strings.TrimSpace(rest)
	if len(rest) >= 2 && (rest[1]|0x20 == 'm') && (len(rest) == 2 || rest[2] == ' ') && (rest[0]|0x20 == 'a' || rest[0]|0x20 == 'p') {
		if hour < 1 || hour > 12 {
			return 0, "", false
		}
		hour %= 12
		if rest[0]|0x20 == 'p' {
			hour += 12
		}
		rest = strings.TrimSpace(rest[2:])
	}
	if hour > 23 || minute > 59 || second > 59 || len(frac) > 9 {
		return 0, "", false
	}
	nanos, _ := strconv.Atoi((frac + "000000000")[:9])
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second + time.Duration(nanos), rest, true
}

// plainClock reads 09:30 and 09:30:00, which most times of day are.
func plainClock(s string) (since time.Duration, ok bool) {
	if len(s) != 5 && len(s) != 8 || s[2] != ':' || len(s) == 8 && s[5] != ':' {
		return 0, false
	}
	pair := func(i int) (n time.Duration) {
		if a, b := s[i]-'0', s[i+1]-'0'; a <= 9 && b <= 9 {
			return time.Duration(a*10 + b)
		}
		return 99
	}
	h, m, sec := pair(0), pair(3), time.Duration(0)
	if len(s) == 8 {
		sec = pair(6)
	}
	return h*time.Hour + m*time.Minute + sec*time.Second, h < 24 && m < 60 && sec < 60
}

// isClock reports whether a cell is a time of day alone.
func isClock(s string) bool {
	_, rest, ok := readClock(strings.TrimSpace(s))
	return ok && rest == ""
}

// readOffset reads Z, +00:00, -0500, +01, GMT+0100, UTC, EST or EDT; nothing is no
// offset.
func readOffset(s string) (offset time.Duration, instant, ok bool) {
	if s == "" {
		return 0, false, true
	}
	if i := strings.IndexByte(s, '['); i > 0 && strings.HasSuffix(s, "]") { // 2024-01-02T09:30-05:00[America/New_York]
		s = s[:i]
	}
	switch strings.ToUpper(s) {
	case "Z", "UTC", "GMT":
		return 0, true, true
	case "EST":
		return -5 * time.Hour, true, true
	case "EDT":
		return -4 * time.Hour, true, true
	}
	for _, p := range []string{"GMT", "UTC"} {
		s = strings.TrimPrefix(s, p)
	}
	if len(s) < 2 || s[0] != '+' && s[0] != '-' {
		return 0, false, false
	}
	digits := strings.Replace(s[1:], ":", "", 1)
	if n := digitRun(digits); n != len(digits) || n == 3 || n > 4 {
		return 0, false, false
	}
	if len(digits) <= 2 {
		digits += "00"
	}
	n, _ := strconv.Atoi(digits) // digits all
	if n/100 > 15 || n%100 > 59 {
		return 0, false, false
	}
	offset = time.Duration(n/100)*time.Hour + time.Duration(n%100)*time.Minute
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true, true
}

// appendTo writes a moment as the reader of bars takes it: a date, a time without an
// offset or an instant.
func (m moment) appendTo(b []byte) []byte {
	start := len(b)
	if m.offset != 0 && m.isMidnight() {
		return m.t.In(time.FixedZone("", int(m.offset/time.Second))).AppendFormat(b, time.RFC3339)
	}
	b = m.t.AppendFormat(b, time.RFC3339Nano) // of UTC
	switch date := start + len(time.DateOnly); {
	case !m.clock:
		b = b[:date]
	case !m.instant:
		b[date] = ' '
		b = b[:len(b)-1]
	}
	return b
}

// isMidnight reports whether an instant is written as the midnight of its offset.
func (m moment) isMidnight() bool {
	own := m.t.Add(m.offset)
	return m.instant && own.Equal(own.Truncate(24*time.Hour))
}

// text is what appendTo writes.
func (m moment) text() string { return string(m.appendTo(nil)) }
