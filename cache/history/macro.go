package history

import (
	"fmt"
	"time"

	"pitwall"
)

// vintage is a value with the day by which it had been published: the value at a
// time is the newest vintage known then.
func (l *loader) vintage(t *table, i int) (r pitwall.Record, err error) {
	if r, err = l.observation(t, i); err != nil {
		return r, err
	}
	r.Fields = map[string]string{"vintage": t.get(i, "first_seen")}
	r.ID += "@" + t.get(i, "first_seen")
	r.Known, err = t.when(i, "first_seen", l.newYork)
	return r, err
}

// revision is a value as it stands today. It is shown, if at all, after its
// series' usual release lag, and marked.
func (l *loader) revision(t *table, i int) (r pitwall.Record, err error) {
	if r, err = l.observation(t, i); err != nil {
		return r, err
	}
	r.Revised = true
	r.Fields = map[string]string{"vintage": t.get(i, "as_of")}
	r.ID += "@" + t.get(i, "as_of") + " revised"
	r.Known = released(r.Series, r.Event)
	return r, nil
}

func (l *loader) observation(t *table, i int) (pitwall.Record, error) {
	series := t.get(i, "series_id")
	day, err := t.date(i, "date", l.newYork)
	if err != nil {
		return pitwall.Record{}, err
	}
	if series == "" {
		return pitwall.Record{}, t.bad(i, "series_id", fmt.Errorf("is empty"))
	}
	value := t.get(i, "value")
	if _, err := pitwall.ParseDec(value); err != nil && value != "" && value != "." {
		return pitwall.Record{}, t.bad(i, "value", err)
	}
	if value == "." {
		value = "" // FRED's mark for a missing observation
	}
	return pitwall.Record{Kind: pitwall.Macro, ID: series + "/" + day.Format(time.DateOnly), Series: series, Event: day, Value: value, Source: "FRED"}, nil
}

// period is what one observation covers.
type period int

const (
	aDay period = iota
	aMonth
	aQuarter
)

// release is how long after its period's end a series was published at the
// latest, in ordinary times.
type release struct {
	covers period
	days   int  // after the period's last day; of a daily series: business days
	slow   int  // the same for periods before 2017, when January's was late
	office bool // of an office that government shutdowns close
}

// releases are conservative lags. WM2NS comes with M2SL's release; weekly
// figures were out sooner until 2021.
func releases() map[string]release {
	return map[string]release{
		"M2SL": {aMonth, 28, 28, false}, "WM2NS": {aMonth, 28, 28, false}, "FEDFUNDS": {aMonth, 3, 3, false},
		"CPIAUCSL": {aMonth, 16, 28, true}, "UNRATE": {aMonth, 10, 14, true},
		"GDP": {aQuarter, 31, 31, true}, "GDPC1": {aQuarter, 31, 31, true},
		"T10Y2Y": {aDay, 1, 1, false}, "DGS10": {aDay, 1, 1, false},
	}
}

// released is the end of the day by which an observation was out, or zero for a
// series whose lag is not known: it is withheld.
func released(series string, day time.Time) time.Time {
	r, ok := releases()[series]
	if !ok {
		return time.Time{}
	}
	lag := r.days
	if day.Year() < 2017 {
		lag = r.slow
	}
	y, m, _ := day.Date()
	switch r.covers {
	case aDay:
		return endOf(nextBusinessDay(day))
	case aMonth:
		day = time.Date(y, m+1, 0, 0, 0, 0, 0, day.Location())
	case aQuarter:
		day = time.Date(y, m-(m-1)%3+3, 0, 0, 0, 0, 0, day.Location())
	}
	out := day.AddDate(0, 0, lag)
	if next := nextBusinessDay(day); next.After(out) {
		out = next // a month that ends before a long weekend
	}
	if r.office {
		out = afterShutdown(out)
	}
	return endOf(out)
}

// afterShutdown moves a release that fell into a government shutdown, or the
// backlog behind it, to the end of that backlog. (October 2013; December 2018,
// in which only GDP was late; October 2025, after which the first quarter of
// 2026 still ran late.)
func afterShutdown(day time.Time) time.Time {
	for _, s := range [][2]string{{"2013-10-01", "2013-11-30"}, {"2018-12-22", "2019-02-28"}, {"2025-10-01", "2026-03-31"}} {
		if d := day.Format(time.DateOnly); d >= s[0] && d <= s[1] {
			end, err := time.ParseInLocation(time.DateOnly, s[1], day.Location())
			if err == nil {
				return end
			}
		}
	}
	return day
}

// nextBusinessDay is the first day after this one that is no weekend and no
// holiday of the Federal Reserve.
func nextBusinessDay(day time.Time) time.Time {
	for {
		day = day.AddDate(0, 0, 1)
		if w := day.Weekday(); w != time.Saturday && w != time.Sunday && !bankHoliday(day) {
			return day
		}
	}
}

// bankHoliday reports a holiday of the Federal Reserve on a weekday. Those on a
// Saturday are not moved; those on a Sunday are on Monday.
func bankHoliday(day time.Time) bool {
	m, d, w := day.Month(), day.Day(), day.Weekday()
	fixed := func(month time.Month, n int) bool {
		return m == month && (d == n || d == n+1 && w == time.Monday)
	}
	nth := func(month time.Month, week int, on time.Weekday) bool {
		return m == month && w == on && (d-1)/7 == week-1
	}
	return fixed(time.January, 1) || nth(time.January, 3, time.Monday) || nth(time.February, 3, time.Monday) ||
		m == time.May && w == time.Monday && d > 24 || day.Year() >= 2021 && fixed(time.June, 19) || fixed(time.July, 4) ||
		nth(time.September, 1, time.Monday) || nth(time.October, 2, time.Monday) || fixed(time.November, 11) ||
		nth(time.November, 4, time.Thursday) || fixed(time.December, 25)
}
