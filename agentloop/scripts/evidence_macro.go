package scripts

import (
	"fmt"
	"math"
	"strings"
	"time"

	"pitwall/agentloop"
)

// covers reads the names that an answer says it covers, each with its last day:
// "covered: M2SL 2019-09-30..2021-03-11 (81), ...".
func covers(text string) map[string]string {
	until := map[string]string{}
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "covered: ")
		if !ok {
			continue
		}
		for c := range strings.SplitSeq(rest, ", ") {
			name, span, _ := strings.Cut(c, " ")
			_, last, _ := strings.Cut(span, "..")
			until[name], _, _ = strings.Cut(last, " ")
		}
	}
	return until
}

// listSeries asks, as the last call of a first reply, which series there are.
func listSeries() []agentloop.Call { return []agentloop.Call{call("macro_series", struct{}{})} }

// seriesCalls asks for those of the series that [listSeries] found.
func seriesCalls(t turn, names []string) (calls []agentloop.Call) {
	listed := t.results(0)[len(t.results(0))-1]
	there := covers(listed.Text)
	for _, n := range names {
		if there[n] != "" && !listed.IsError {
			calls = append(calls, call("macro_series", map[string]any{"series": n, "limit": 12}))
		}
	}
	return calls
}

// series is an economic series as macro_series answered it, newest date first.
type series struct {
	name   string
	age    float64 // days since the newest value was known
	points []map[string]string
}

// readSeries finds a series among results.
func readSeries(results []agentloop.Result, name string) series {
	for _, r := range results {
		if r.Name == "macro_series" && !r.IsError && value(r.Text, "series") == name {
			return series{name, number(value(r.Text, "age_days")), block(r.Text, "points")}
		}
	}
	return series{name: name, age: math.NaN()}
}

// newest is the last value. A date without one (FRED writes none) is passed over.
func (s series) newest() (date string, v float64) {
	for _, p := range s.points {
		if v := number(p["value"]); !math.IsNaN(v) {
			return p["date"], v
		}
	}
	return "", math.NaN()
}

// before returns the value n months before the newest, looked up by its date: counting
// rows would go wrong where a month is missing.
func (s series) before(n int) (date string, v float64) {
	last, _ := s.newest()
	day, err := time.Parse(time.DateOnly, last)
	if err != nil {
		return "", math.NaN()
	}
	date = day.AddDate(0, -n, 0).Format(time.DateOnly)
	for _, p := range s.points {
		if p["date"] == date {
			return date, number(p["value"])
		}
	}
	return date, math.NaN()
}

// fresh reports whether there is a value that has been known for at most days days.
func (s series) fresh(days int) bool {
	_, v := s.newest()
	return !math.IsNaN(v) && s.age <= float64(days)
}

// describe returns the newest value with its age, and whether it is too old to use.
func (s series) describe(days int) string {
	if _, v := s.newest(); !math.IsNaN(v) && !s.fresh(days) {
		return s.String() + ", too old to use"
	}
	return s.String()
}

// String is the newest value with its age.
func (s series) String() string {
	date, v := s.newest()
	if math.IsNaN(v) {
		return s.name + " has no value"
	}
	return fmt.Sprintf("%s %g of %s, known for %.0f days", s.name, v, month(date), s.age)
}

// month cuts the day off the first of a month: a monthly value is of a month.
func month(date string) string { return strings.TrimSuffix(date, "-01") }
