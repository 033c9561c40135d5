package driver

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pitwall"
)

// nextClose returns when the first bar of a size ends that ends after a time: by the
// exchange's sessions, with its holidays, early closes and breaks; day and night where
// it never closes. Zero when there is none within a month.
func nextClose(in pitwall.Instrument, size time.Duration, after time.Time) time.Time {
	first := in.Day(after).AddDate(0, 0, -1) // a session of the day before may end after midnight
	for d := range 33 {
		day := first.AddDate(0, 0, d)
		open, closes, ok := in.Session(day)
		if size == pitwall.OneWeek {
			open, closes, ok = in.Week(day)
		}
		if !ok || !closes.After(after) {
			continue
		}
		if size >= 24*time.Hour {
			return closes
		}
		if pause, resumes := in.Break(day); !pause.IsZero() {
			if end := endOfBar(open, pause, size, after); !end.IsZero() {
				return end
			}
			open = resumes
		}
		return endOfBar(open, closes, size, after)
	}
	return time.Time{}
}

// endOfBar returns the first end after a time of the bars between two times; the last
// one may be short.
func endOfBar(open, closes time.Time, size time.Duration, after time.Time) time.Time {
	end := open.Add(size)
	if passed := after.Sub(open); passed >= 0 {
		end = open.Add((passed/size + 1) * size)
	}
	if end.After(closes) {
		end = closes
	}
	if !end.After(after) {
		return time.Time{}
	}
	return end
}

// brokersHours lets the broker's sessions win over the built-in ones, from a month before
// the run to a year from now.
func (p *LiveSession) brokersHours(ctx context.Context) error {
	if p.Live.Remote.Calendar == nil || !slices.ContainsFunc(p.store.Series(), func(s *pitwall.Series) bool { return s.Instrument.Hours != nil }) {
		return nil
	}
	from, to := midnight(p.from, -30), midnight(p.Live.Now(), 366)
	theirs, err := p.Live.Remote.Calendar(ctx, from, to)
	if err != nil {
		return err
	}
	built := p.store
	p.store = built.WithHours(theirs)
	for i, s := range p.store.Series() {
		for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
			if a, b := sessionText(s.Instrument, day), sessionText(built.Series()[i].Instrument, day); a != b {
				p.hours = append(p.hours, fmt.Sprintf("%s: %s at the broker, %s in the built-in calendar; the broker's sessions count", day.Format(time.DateOnly), a, b))
			}
		}
	}
	slices.Sort(p.hours)
	p.hours = slices.Compact(p.hours)
	return nil
}

// sessionText is a day's session in words.
func sessionText(in pitwall.Instrument, day time.Time) string {
	opens, closes, ok := in.Session(day)
	if !ok {
		return "closed"
	}
	return "open " + opens.Format("15:04") + " to " + closes.Format("15:04")
}
