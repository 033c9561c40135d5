package pitwall

import "time"

// Marks are the earlier equities of an account that limits on losses compare with. A
// broker that cannot tell one leaves it 0. Answers do not show them.
type Marks struct {
	PeakEquity Dec // highest at the end of any bar so far, Start included
	DayPeak    Dec // highest at the end of any day but the last, Start included
	DayEquity  Dec // when the account's day began: at the end of the day before
	DayBalance Dec // then, without unrealized gains
	DayLow     Dec // lowest at the end of any bar of the day

	last, balance Dec
	date          string    // of last, in the zone of the times
	from, until   time.Time // within which the date is that, for sure
}

// NewMarks returns the marks of an account that begins with cash alone.
func NewMarks(start Dec) Marks {
	return Marks{PeakEquity: start, DayPeak: start, DayEquity: start, DayBalance: start, last: start, balance: start}
}

// Begun reports whether a bar has ended.
func (m *Marks) Begun() bool { return m.date != "" }

// Day returns the date of the newest bar that has ended, empty before the first.
func (m *Marks) Day() string { return m.date }

// Move takes the equity at the end of a bar, and the balance: equity without unrealized
// gains. A bar that ends at midnight belongs to the day it ends.
func (m *Marks) Move(at time.Time, equity, balance Dec) {
	if at.Before(m.from) || !at.Before(m.until) || at.Location() != m.until.Location() {
		in := at.Add(-1)
		if date := in.Format(time.DateOnly); date != m.date {
			m.DayPeak = max(m.DayPeak, m.last)
			m.DayEquity, m.DayBalance, m.DayLow, m.date = m.last, m.balance, equity, date
		}
		y, month, day := in.Date()
		m.from, m.until = at, time.Date(y, month, day+1, -2, 0, 0, 0, at.Location()) // two hours less: some zones have no midnight on a day
	}
	m.last, m.balance = equity, balance
	m.PeakEquity, m.DayLow = max(m.PeakEquity, equity), min(m.DayLow, equity)
}

// Transfer takes money that the account's owner put in, or took out when below 0: every
// mark moves by it, so that a deposit hides no loss and a withdrawal is none.
func (m *Marks) Transfer(amount Dec) {
	for _, d := range []*Dec{&m.PeakEquity, &m.DayPeak, &m.DayEquity, &m.DayBalance, &m.last, &m.balance} {
		*d += amount
	}
	if m.Begun() {
		m.DayLow += amount
	}
}
