package history

import "time"

// noOffset stands for a time without an offset.
const noOffset = time.Duration(1 << 62)

// plainTime reads 2020-01-31 09:30:00, with a T instead of the blank, and with Z or
// +02:00 behind it: nearly all times that there are, in a fifth of time.Parse's time. The
// figures are returned as those of UTC. All else is for time.Parse.
func plainTime(s string) (at time.Time, offset time.Duration, ok bool) {
	if len(s) < 19 || s[4] != '-' || s[7] != '-' || s[10] != 'T' && s[10] != ' ' || s[13] != ':' || s[16] != ':' {
		return at, 0, false
	}
	valid := true
	pair := func(i int) int {
		a, b := s[i]-'0', s[i+1]-'0'
		valid = valid && a <= 9 && b <= 9
		return int(a)*10 + int(b)
	}
	y, m, d, h, mi, sec := pair(0)*100+pair(2), pair(5), pair(8), pair(11), pair(14), pair(17)
	if !valid || m < 1 || m > 12 || d < 1 || d > 28 && d > daysIn(y, m) || h > 23 || mi > 59 || sec > 59 {
		return at, 0, false
	}
	switch {
	case len(s) == 19:
		offset = noOffset
	case len(s) == 20 && s[19] == 'Z':
	case len(s) == 25 && (s[19] == '+' || s[19] == '-') && s[22] == ':':
		hours, minutes := pair(20), pair(23)
		if !valid || hours > 15 || minutes > 59 {
			return at, 0, false
		}
		if offset = time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute; s[19] == '-' {
			offset = -offset
		}
	default:
		return at, 0, false
	}
	return time.Date(y, time.Month(m), d, h, mi, sec, 0, time.UTC), offset, true
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
