package history

import (
	"time"

	"pitwall"
)

// stated applies what a file's mapping says of its times: which week a bar dated on a Sunday
// is of, and that times are those at which bars end.
func (g *raw) stated(m Mapping) {
	size := g.series.Size
	if m.Sundays == "start" && g.dates && size == pitwall.OneWeek {
		for k := range g.starts {
			if day := g.start(k); day.Weekday() == time.Sunday {
				g.starts[k] = day.AddDate(0, 0, 1).Unix() // the week of the Monday after it
			}
		}
	}
	if m.Stamps != "end" || g.dates {
		return
	}
	var before int64 // the end of the bar before it
	for k, end := range g.starts {
		start := end - int64(size/time.Second)
		if k > 0 {
			start = max(start, before) // the last of a session may be shorter
		}
		g.starts[k], before = start, end
	}
}

// oddClock warns of times that look like those of another zone, where they have no offset
// and stand outside the sessions, or like those at which bars end.
func (l *loader) oddClock(t *table, g *raw) {
	const enough = 2000
	in := g.series.Instrument
	if g.dates || g.series.Size >= pitwall.OneDay || in.Calendar == pitwall.AlwaysOpen {
		return
	}
	var day, opens, closes time.Time
	days, atOpen, atClose, early, late := 0, 0, 0, 0, 0
	for k := range min(len(g.starts), enough) {
		start := g.start(k)
		if start.YearDay() != day.YearDay() || days == 0 {
			day, days = start, days+1
			opens, closes, _ = in.Session(in.Day(start))
		}
		switch {
		case start.Equal(opens):
			atOpen++
		case start.Equal(closes):
			atClose++
		}
		if start.Before(opens.Add(time.Hour)) && start.After(opens.Add(-2*time.Hour)) {
			early++ // around the open, when most trade
		} else if start.After(closes) || start.Before(opens) {
			late++
		}
	}
	const write = "beside the file's path in the strategy, or in FILE.yaml"
	switch {
	case g.naive && early == 0 && late > days:
		l.warn("no bar of %s in %s begins around the open of its sessions (%s in %s), and %d stand outside them: their times look like those of another zone; write timezone: UTC, or the zone that they are of, %s",
			in.Symbol, t.name, opens.Format("15:04"), cityOf(in.Location()), late, write)
	case atOpen == 0 && 2*atClose > days && t.mapping.Stamps == "":
		l.warn("the bars of %s in %s begin after the open and at the close of its sessions: their times look like those at which bars end; write stamps: end (or start) %s", in.Symbol, t.name, write)
	}
}

// asStarts writes the times of a symbol's bars as the store keeps them, where the mapping
// says that they are others: the starts of bars, and the Mondays of weeks.
func (t *table) asStarts(rows [][]string, symbol string) (err error) {
	if t.mapping.Stamps != "end" && t.mapping.Sundays == "" {
		return nil
	}
	in := t.mapping.trades(newLoader().instrument(symbol))
	g := raw{series: &pitwall.Series{Instrument: in}, zone: in.Location(), sundays: t.mapping.Sundays}
	for _, r := range rows {
		when, err := t.barTime(r[1], g.zone)
		if err != nil {
			return err
		}
		g.starts, g.dates = append(g.starts, when.t.Unix()), when.date
	}
	if err := g.byDate(in); err != nil {
		return err
	}
	if g.series.Size, err = g.size(0); err != nil {
		return err
	}
	g.stated(t.mapping)
	for i := range g.starts {
		switch start := g.start(i); {
		case !g.dates:
			rows[i][1] = start.Format(time.RFC3339)
		case g.series.Size == pitwall.OneWeek && start.Weekday() == time.Sunday:
			rows[i][1] = start.AddDate(0, 0, -6).Format(time.DateOnly)
		default:
			rows[i][1] = start.Format(time.DateOnly)
		}
	}
	return nil
}
