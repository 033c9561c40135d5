package external

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// decimalNumber keeps hexadecimal and underscores out, which others may read in another way.
var decimalNumber = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// lastWholeDay is the last day that is over: yesterday, in the world's zone.
func lastWholeDay(now Moment) string {
	y, m, d := now.Now.In(now.Zone).Date()
	return time.Date(y, m, d-1, 12, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// dayOver is the first instant after a day in a zone. Where clocks skip midnight
// the library may give the hour before it.
func dayOver(day string, zone *time.Location) time.Time {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return time.Unix(math.MaxInt32, 0) // never: the caller has parsed it
	}
	y, m, d := t.Date()
	end := time.Date(y, m, d+1, 0, 0, 0, 0, zone)
	if end.In(zone).Day() == d {
		end = end.Add(time.Hour)
	}
	return end
}

// The size of an epoch tells its unit. Numbers below are no time (a year, a count) and
// 20240131 is a date: reading either as seconds would make it 1970, and visible.
const (
	minSeconds = 1e8 // 1973
	minMillis  = 1e11
	maxMillis  = 1e14
)

var jsonNumber = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// unsigned is a date or a time written without signs: 20240131, 2024013116, 202401311600,
// 20240131160000. Read as an epoch some of these would be long ago, and visible.
var unsigned = regexp.MustCompile(`^(19|20|21)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(\d\d(\d\d(\d\d)?)?)?$`)

// almost is a number of 12 digits that begins like a year: rather a time written
// wrongly than milliseconds of 1970 to 1976.
var almost = regexp.MustCompile(`^(19|20|21)\d{10}(\.\d*)?$`)

// knownAt reads when a row was known. What cannot be read for sure is no time.
func knownAt(v any, zone *time.Location) (time.Time, bool) {
	var s string
	switch v := v.(type) {
	case string:
		s = strings.TrimSpace(v)
	case json.Number:
		s = v.String()
	default:
		return time.Time{}, false
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, true
	}
	if _, err := time.Parse(time.DateOnly, s); err == nil {
		return dayOver(s, zone), true
	}
	for _, layout := range []string{time.DateTime, "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return laterReading(t, layout, s), true
		}
	}
	if unsigned.MatchString(s) && len(s) != 10 { // ten digits are seconds: such a number is a time of this century
		layout := "20060102150405"[:len(s)]
		t, err := time.ParseInLocation(layout, s, zone)
		if err != nil {
			return time.Time{}, false
		}
		if len(s) == 8 {
			return dayOver(t.Format(time.DateOnly), zone), true
		}
		return laterReading(t, layout, s), true
	}
	if almost.MatchString(s) {
		return time.Time{}, false
	}
	n, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil || !jsonNumber.MatchString(s) || n < minSeconds || n >= maxMillis || math.IsNaN(n):
		return time.Time{}, false
	case n >= minMillis:
		return time.UnixMicro(int64(math.Ceil(n * 1000))), true
	}
	return time.UnixMicro(int64(math.Ceil(n * 1e6))), true
}

// laterReading returns the later of the instants that a wall-clock time can name where
// clocks change: in the repeated hour and in the skipped one.
func laterReading(t time.Time, layout, s string) time.Time {
	text := t.Format(layout)
	if !strings.HasPrefix(s, text) {
		return t.Add(time.Hour)
	}
	for _, d := range []time.Duration{time.Hour, 30 * time.Minute} {
		if again := t.Add(d); again.Format(layout) == text {
			return again
		}
	}
	return t
}
