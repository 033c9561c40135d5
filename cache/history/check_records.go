package history

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// records looks at files that are neither bars nor actions, by their columns.
func (c *checker) records(t *table) {
	switch {
	case t.has("series_id", "date", "value"):
		c.macro(t)
	case t.has("published_at", "headline"):
		c.news(t)
	case t.has("symbol", "date", "text"):
		c.sayN(t.name, "", "dates without a time", len(t.rows), t.get(0, "date"), "treat a text as known after that day's close")
		c.cut(t, "text")
		c.duplicates(t)
	case t.has("statement", "item", "value"):
		c.statements(t)
	case t.kind() == "members":
		c.duplicates(t)
	case t.has("filed_date"):
		c.filings(t)
	case t.has("known_at", "event_at"):
		c.events(t)
	default:
		c.sayN(t.name, "", "not used", len(t.rows), strings.Join(t.header, ","), "Pitwall reads bars, actions, instruments, news, macro, fundamentals, filings and events by their header")
	}
}

// get returns a cell by its column, or "".
func (t *table) get(i int, column string) string {
	at, ok := t.col[column]
	if !ok || i >= len(t.rows) {
		return ""
	}
	return strings.TrimSpace(t.rows[i][at])
}

// macro looks at series: revised values, coarse vintages, missing observations.
func (c *checker) macro(t *table) {
	byID := map[string][]int{}
	var ids []string
	for i := range t.rows {
		id := t.get(i, "series_id")
		if byID[id] == nil {
			ids = append(ids, id)
		}
		byID[id] = append(byID[id], i)
		if _, err := time.Parse(time.DateOnly, t.get(i, "date")); err != nil {
			c.say(t.name, id, "unreadable", t.bad(i, "date", err).Error(), "fix the row")
		}
		if _, err := strconv.ParseFloat(t.get(i, "value"), 64); err != nil {
			c.say(t.name, id, "unreadable", t.bad(i, "value", err).Error(), "leave the row out when there is no value")
		}
	}
	_, vintages := t.col["first_seen"]
	for _, id := range ids {
		rows := byID[id]
		if vintages {
			c.vintages(t, id, rows)
		} else {
			c.sayN(t.name, id, "revised values", len(rows), "as of "+t.get(rows[len(rows)-1], "as_of"), "these are today's figures, not what was known then: use vintages (pitwall data fetch fred "+id+" with FRED_API_KEY)")
		}
		c.observations(t, id, rows)
	}
}

// vintages looks at when values were first seen, and how much they changed.
func (c *checker) vintages(t *table, id string, rows []int) {
	seen := map[string]bool{}
	values := map[string][]float64{}
	late := 0
	for _, i := range rows {
		seen[t.get(i, "first_seen")] = true
		v, _ := strconv.ParseFloat(t.get(i, "value"), 64) // bad ones are named already
		values[t.get(i, "date")] = append(values[t.get(i, "date")], v)
		day, err1 := time.Parse(time.DateOnly, t.get(i, "date"))
		first, err2 := time.Parse(time.DateOnly, t.get(i, "first_seen"))
		if err1 == nil && err2 == nil && len(values[t.get(i, "date")]) == 1 && first.Sub(day) > 180*24*time.Hour {
			late++
		}
	}
	if late > 0 && len(seen) < len(values) {
		days := slices.Sorted(maps.Keys(seen))
		c.sayN(t.name, id, "first_seen is an upper bound", late, fmt.Sprintf("%d snapshot days, %s .. %s", len(days), days[0], days[len(days)-1]), "values were published earlier than first_seen says: safe, but late; ALFRED has the true days")
	}
	worst, revised, example := 0.0, 0, ""
	for day, list := range values {
		for k := 1; k < len(list); k++ {
			if list[k-1] == 0 || list[k] == list[k-1] {
				continue
			}
			revised++
			if off := math.Abs(list[k]/list[k-1] - 1); off > worst {
				worst, example = off, fmt.Sprintf("%s: %v became %v (%.2f %%)", day, list[k-1], list[k], off*100)
			}
		}
	}
	if revised > 0 {
		c.sayN(t.name, id, "values were revised", revised, example, "Load gives the value of the day; code that reads the file must take the newest first_seen up to its own now")
	}
}

// observations names steps that are missing between observations.
func (c *checker) observations(t *table, id string, rows []int) {
	var days []time.Time
	for _, i := range rows {
		if d, err := time.Parse(time.DateOnly, t.get(i, "date")); err == nil {
			days = append(days, d)
		}
	}
	slices.SortFunc(days, time.Time.Compare)
	days = slices.Compact(days)
	if len(days) < 3 {
		return
	}
	steps := map[int]int{}
	for i := 1; i < len(days); i++ {
		steps[int(days[i].Sub(days[i-1]).Hours()/24)]++
	}
	step, _ := usual(steps)
	next := func(d time.Time) time.Time {
		switch {
		case step >= 360:
			return d.AddDate(1, 0, 0)
		case step >= 89:
			return d.AddDate(0, 3, 0)
		case step >= 28:
			return d.AddDate(0, 1, 0)
		case step > 1:
			return d.AddDate(0, 0, step)
		}
		d = d.AddDate(0, 0, 1)
		for d.Weekday() == time.Saturday || d.Weekday() == time.Sunday {
			d = d.AddDate(0, 0, 1)
		}
		return d
	}
	rule, do := "missing observation", "nothing was published for it (a shutdown, a gap): the last value before it holds on"
	if step <= 1 {
		rule, do = "days without an observation", "holidays: the last value before them holds on"
	}
	for i := 1; i < len(days); i++ {
		for d := next(days[i-1]); d.Before(days[i]); d = next(d) {
			c.say(t.name, id, rule, d.Format(time.DateOnly), do)
		}
	}
}

// news looks at coverage and at what was cut.
func (c *checker) news(t *table) {
	perDay := map[string]int{}
	ids := map[string]bool{}
	most := 0
	for i := range t.rows {
		at, err := time.Parse(time.RFC3339, t.get(i, "published_at"))
		if err != nil {
			c.say(t.name, "", "unreadable", t.bad(i, "published_at", err).Error(), "give RFC 3339 with an offset")
			continue
		}
		perDay[at.Format(time.DateOnly)]++
		most = max(most, perDay[at.Format(time.DateOnly)])
		if id := t.get(i, "id"); id != "" && ids[id] {
			c.say(t.name, "", "duplicate", "id "+id, "delete one row")
		} else {
			ids[id] = true
		}
	}
	days := slices.Sorted(maps.Keys(perDay))
	if len(days) > 1 {
		first, _ := time.Parse(time.DateOnly, days[0]) // written by Format above
		last, _ := time.Parse(time.DateOnly, days[len(days)-1])
		silent := int(last.Sub(first).Hours()/24) + 1 - len(days)
		if silent > 0 || len(t.rows) < 20*len(days) {
			c.sayN(t.name, "", "news is a sample", len(t.rows), fmt.Sprintf("%d of %d days without an article, %.1f a day, at most %d", silent, silent+len(days), float64(len(t.rows))/float64(len(days)), most), "no article does not mean no news")
		}
	}
	c.cut(t, "summary")
}

// cut names texts that end at the same length.
func (c *checker) cut(t *table, column string) {
	longest, at := 0, 0
	lengths := map[int]int{}
	for i := range t.rows {
		n := len([]rune(t.rows[i][t.col[column]]))
		lengths[n]++
		longest = max(longest, n)
	}
	for n := longest; n > longest-4 && n >= 100; n-- { // spaces at the cut may be trimmed
		at += lengths[n]
	}
	if at >= 20 {
		c.sayN(t.name, "", "texts are cut", at, fmt.Sprintf("%s at %d characters", column, longest), "the end of these texts is not there")
	}
}

// duplicates reports rows that equal an earlier row in every cell.
func (c *checker) duplicates(t *table) {
	seen := map[string]bool{}
	for i, r := range t.rows {
		key := strings.Join(r, "\x00")
		if seen[key] {
			c.say(t.name, "", "duplicate", fmt.Sprintf("row %d", i+1), "delete one row")
		}
		seen[key] = true
	}
}

// statements looks at fundamentals: when were they public?
func (c *checker) statements(t *table) {
	for i := range t.rows {
		period := t.get(i, "fiscal_year") + t.get(i, "fiscal_period") + " " + t.get(i, "item")
		if t.get(i, "filing_date") == "" {
			c.say(t.name, t.get(i, "symbol"), "no filing date", period, "do not show it before the annual filing: Load must hold it back")
		}
		if t.get(i, "acceptance_datetime") == "" {
			c.say(t.name, t.get(i, "symbol"), "no acceptance time", period, "known by date only: after the close of the filing day")
		}
	}
}

// filings looks at public filings: dates without a time, amounts as ranges.
func (c *checker) filings(t *table) {
	c.sayN(t.name, "", "dates without a time", len(t.rows), t.get(0, "filed_date"), "treat a filing as known after that day's close; the transaction came earlier")
	for i := range t.rows {
		if s := t.get(i, "amount"); s != "" && !t.has("accession") {
			if _, err := strconv.ParseFloat(s, 64); err != nil {
				c.say(t.name, "", "amounts are ranges", s, "an amount is not a number: do not add them up")
			}
		}
	}
	c.duplicates(t)
}

// events looks at announcements: dates without a time, and rows known after their day.
func (c *checker) events(t *table) {
	late, days := 0, 0
	first := ""
	for i := range t.rows {
		known, at := t.get(i, "known_at"), t.get(i, "event_at")
		if len(known) == len(time.DateOnly) {
			days++
			first = cmp.Or(first, known)
		}
		if len(at) >= len(time.DateOnly) && len(known) >= len(time.DateOnly) && known[:len(time.DateOnly)] > at[:len(time.DateOnly)] {
			late++
		}
	}
	if days > 0 {
		c.sayN(t.name, "", "dates without a time", days, first, "an announcement counts as known after that day's close")
	}
	if late > 0 {
		c.sayN(t.name, "", "known after the event", late, "", "they are never ahead, so market_events does not show them")
	}
	c.duplicates(t)
}
