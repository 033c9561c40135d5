package history

import (
	"cmp"
	"fmt"
	"path"
	"strings"
	"time"

	"pitwall"
	"pitwall/cache/layout"
)

// understood says in one line what a file of bars was taken for, when anything of it was
// guessed:
//
//	AAPL from yahoo.csv: 1,258 daily bars, New York, prices taken as traded (...), 1 column ignored
func (l *loader) understood(t *table, series []*pitwall.Series, adj pitwall.Adjustment) {
	if t.layout.Own || len(series) == 0 {
		return
	}
	first, bars := series[0], 0
	symbols := make([]string, 0, 4)
	for i, s := range series {
		bars += len(s.Open)
		if i < 3 {
			symbols = append(symbols, s.Instrument.Symbol)
		}
	}
	name := strings.Join(symbols, ", ")
	if more := len(series) - len(symbols); more > 0 {
		name += fmt.Sprintf(" and %d more", more)
	}
	zone := cityOf(first.Instrument.Location())
	if t.layout.Naive && first.Size < pitwall.OneDay {
		zone = "times without an offset taken as " + cityOf(cmp.Or(t.layout.Zone, first.Instrument.Location()))
	}
	said := []string{fmt.Sprintf("%s %s %s", layout.Grouped(bars), sizeWord(first.Size), plural("bar", bars)), zone}
	if adj == "" {
		said = append(said, "prices taken as traded (write `adjusted: split` or `total` if they are not)")
	}
	if t.layout.Headerless != "" {
		said = append(said, "no header: columns as "+t.layout.Headerless)
	}
	said = append(said, t.layout.Notes...)
	for _, s := range t.layout.Skipped {
		said = append(said, fmt.Sprintf("left out: %s", s))
	}
	if n := len(t.layout.Ignored); n > 0 {
		said = append(said, fmt.Sprintf("%d %s ignored", n, plural("column", n)))
	}
	alike := name + strings.Join(said[1:], ", ")
	if l.alike[alike]++; l.alike[alike] <= shownAlike {
		l.warn("%s from %s: %s", name, path.Base(t.name), strings.Join(said, ", "))
	}
}

// shownAlike is how many files that are read alike, such as one a month, have a line each.
const shownAlike = 3

// sizeWord names a size of bars as people do.
func sizeWord(size time.Duration) string {
	switch size {
	case pitwall.OneDay:
		return "daily"
	case pitwall.OneWeek:
		return "weekly"
	}
	return pitwall.SizeName(size)
}

// plural adds the s of more than one.
func plural(what string, n int) string {
	if n == 1 {
		return what
	}
	return what + "s"
}

// cityOf names a zone as people do: New York for America/New_York.
func cityOf(zone *time.Location) string {
	return strings.ReplaceAll(path.Base(zone.String()), "_", " ")
}
