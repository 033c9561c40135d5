package history

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"pitwall"
)

// Exchanges and vendors offer a file for each month or day. Files of one symbol that follow
// each other in time are one series; any other two are an error that names both.

// joined sorts what was found by symbol, and joins files that follow each other.
func (l *loader) joined() error {
	slices.SortStableFunc(l.found, func(a, b *pitwall.Series) int { return cmp.Compare(a.Instrument.Symbol, b.Instrument.Symbol) })
	for len(l.found) > 0 {
		symbol := l.found[0].Instrument.Symbol
		n := slices.IndexFunc(l.found, func(s *pitwall.Series) bool { return s.Instrument.Symbol != symbol })
		if n < 0 {
			n = len(l.found)
		}
		list := slices.Clone(l.found[:n])
		l.found = l.found[n:]
		slices.SortStableFunc(list, func(a, b *pitwall.Series) int { return cmp.Compare(a.Start[0], b.Start[0]) })
		for i := range list[1:] {
			if err := l.follows(list[i], list[i+1]); err != nil {
				return err
			}
		}
		if n > 1 {
			l.join(list)
		}
		l.series = append(l.series, list[0])
	}
	return nil
}

// follows returns an error unless b goes on where a ends, in bars of the same kind.
func (l *loader) follows(a, b *pitwall.Series) error {
	e := pitwall.Errorf(pitwall.DataError, "%s is in two files: %s (%s bars) and %s (%s bars)", a.Instrument.Symbol, a.File, pitwall.SizeName(a.Size), b.File, pitwall.SizeName(b.Size))
	x, y := l.beside[a], l.beside[b]
	switch {
	case a.Size != b.Size:
		return e.Hintf("choose one with bar_size, or name one file as data")
	case a.End[len(a.End)-1] > b.Start[0]:
		return e.Hintf("name one of the files as data, or leave the symbol out; files that follow each other in time are joined")
	case a.Adjusted != b.Adjusted:
		return e.Hintf("files that follow each other are joined where both are adjusted alike: write adjusted beside the path of each")
	case a.Instrument != b.Instrument:
		return e.Hintf("files that follow each other are joined where both are of one session and scale: write session beside the path of each, or scale into instruments.csv")
	case x.adj != nil || y.adj != nil || len(x.actions)+len(y.actions) > 0 || x.derive || y.derive || x.madeUp != y.madeUp:
		return e.Hintf("files with adj_close, dividends or splits beside their prices are not joined: put them into one file")
	}
	return nil
}

// join puts the bars of all into the first.
func (l *loader) join(list []*pitwall.Series) {
	s, last := list[0], list[len(list)-1]
	l.warn("%s is joined from %d files that follow each other: %s to %s (%s to %s)", s.Instrument.Symbol, len(list), s.File, last.File,
		s.Bar(0).Start.Format(time.DateOnly), last.Bar(last.Len()-1).Start.Format(time.DateOnly))
	known := slices.Clone(s.Known) // it may be the ends
	for _, x := range list[1:] {
		known = append(known, x.Known...)
		s.Start, s.End = append(s.Start, x.Start...), append(s.End, x.End...)
		s.Open, s.High, s.Low, s.Close = append(s.Open, x.Open...), append(s.High, x.High...), append(s.Low, x.Low...), append(s.Close, x.Close...)
		s.Volume = append(s.Volume, x.Volume...)
		delete(l.beside, x)
	}
	s.Known = known
	s.File = fmt.Sprintf("%s and %d more", s.File, len(list)-1)
}
