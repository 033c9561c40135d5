package pitwall

import "time"

// Hours are a day's trading hours as offsets from its local midnight. Open below 0
// is the evening before. The zero Hours is a day without a session.
type Hours struct{ Open, Close, BreakStart, BreakEnd time.Duration }

// Calendar is when an exchange trades: its regular hours from Monday to Friday, other
// hours of whole years, and days that differ. It is shared and never written after it
// was made.
type Calendar struct {
	Name    string
	Zone    *time.Location
	Regular Hours
	Years   map[int]Hours
	Days    map[int]Hours // by 20060102; the zero Hours is a holiday
}

// hours returns the hours of a date; ok is false when there is no session.
func (c *Calendar) hours(y int, m time.Month, d int) (h Hours, ok bool) {
	if h, ok = c.Days[y*10000+int(m)*100+d]; ok {
		return h, h != Hours{}
	}
	if h, ok = c.Years[y]; !ok {
		h = c.Regular
	}
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Weekday()
	return h, day != time.Saturday && day != time.Sunday
}

// plain is a session calendar without facts: 09:30 to 16:00 from Monday to Friday.
var plain = Calendar{Regular: Hours{Open: 9*time.Hour + 30*time.Minute, Close: 16 * time.Hour}}

func (i Instrument) calendar() *Calendar {
	if i.Hours == nil {
		return &plain
	}
	return i.Hours
}

// Day returns the trading day that t belongs to: its local date, or the next where
// the session opens the evening before. It is a midnight of UTC, so that days can be
// compared and subtracted.
func (i Instrument) Day(t time.Time) time.Time {
	t = t.In(i.Location())
	y, m, d := t.Date()
	if early := i.calendar().Regular.Open; early < 0 && i.Calendar != AlwaysOpen {
		if hour, minute, sec := t.Clock(); time.Duration(hour)*time.Hour+time.Duration(minute)*time.Minute+time.Duration(sec)*time.Second >= 24*time.Hour+early {
			d++
		}
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// Session returns the bounds of the trading day of a date, and whether there is a
// session: a 24/7 day is whole, a holiday or weekend has the usual hours and none.
func (i Instrument) Session(day time.Time) (opens, closes time.Time, ok bool) {
	y, m, d := day.Date()
	at := func(since time.Duration) time.Time { // by the wall clock: days may have 23 or 25 hours
		return time.Date(y, m, d, 0, 0, int(since/time.Second), 0, i.Location())
	}
	if i.Calendar == AlwaysOpen {
		return at(0), at(24 * time.Hour), true
	}
	h, ok := i.calendar().hours(y, m, d)
	if h == (Hours{}) {
		h = i.calendar().Regular
	}
	return at(h.Open), at(h.Close), ok
}

// Week returns the bounds of the ISO week of a date: the open of its first session and
// the close of its last, and whether there is a session; a week without has the usual
// hours from Monday to Friday. A 24/7 week is whole.
func (i Instrument) Week(day time.Time) (opens, closes time.Time, ok bool) {
	y, m, d := day.Date()
	monday := time.Date(y, m, d-(int(day.Weekday())+6)%7, 0, 0, 0, 0, time.UTC)
	if opens, closes, ok = i.days(monday, 7); !ok {
		opens, _, _ = i.Session(monday)
		_, closes, _ = i.Session(monday.AddDate(0, 0, 4))
	}
	return opens, closes, ok
}

// Month returns the bounds of the calendar month of a date: the open of its first session
// and the close of its last, and whether there is a session. A 24/7 month is whole.
func (i Instrument) Month(day time.Time) (opens, closes time.Time, ok bool) {
	y, m, _ := day.Date()
	first := time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
	return i.days(first, first.AddDate(0, 1, -1).Day())
}

// days returns the open of the first session of n days and the close of the last.
func (i Instrument) days(first time.Time, n int) (opens, closes time.Time, ok bool) {
	for since := range n {
		from, to, trades := i.Session(first.AddDate(0, 0, since))
		if trades && !ok {
			opens, ok = from, true
		}
		if trades {
			closes = to
		}
	}
	return opens, closes, ok
}

// Break returns the bounds of the break of a date's session; both are zero without.
func (i Instrument) Break(day time.Time) (start, end time.Time) {
	y, m, d := day.Date()
	h, _ := i.calendar().hours(y, m, d)
	if h.BreakEnd == 0 || i.Calendar == AlwaysOpen {
		return start, end
	}
	midnight := time.Date(y, m, d, 0, 0, 0, 0, i.Location())
	return midnight.Add(h.BreakStart), midnight.Add(h.BreakEnd)
}

// SessionClose returns the instant at which the trading day that holds t closes. A
// time after the close (extended hours) belongs to a session that ends at midnight.
func (i Instrument) SessionClose(t time.Time) time.Time {
	day := i.Day(t)
	_, closes, _ := i.Session(day)
	if !t.Before(closes) {
		y, m, d := day.Date()
		return time.Date(y, m, d+1, 0, 0, 0, 0, i.Location())
	}
	return closes
}
