package runs

import (
	"sort"
	"strconv"
	"time"

	"pitwall"
)

// Prices writes the bars that a run passed, and the one before them, whose close
// was its first price.
func (f *Folder) Prices(s *pitwall.Series, from, until time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	first := sort.Search(s.Len(), func(i int) bool { return i+1 == s.Len() || s.Start[i+1] >= from.UnixNano() })
	x := s.Part(first, max(first, s.KnownAt(until.UnixNano())))
	for i := range x.Len() {
		b := x.Bar(i)
		b.Start, b.End, b.Known = f.zone.in(b.Start), f.zone.in(b.End), f.zone.in(b.Known)
		if f.waiting[PricesFile] = appendPrice(f.waiting[PricesFile], b, s.Size); len(f.waiting[PricesFile]) > atOnce {
			if err := f.flush(); err != nil {
				return err
			}
		}
	}
	if x.Len() > 0 {
		f.series = append(f.series, x)
	}
	return f.flush()
}

// Bars adds bars to the prices of a run that goes on with the host's time, and returns
// when they are on the disk. size is that of a symbol's bars.
func (f *Folder) Bars(list []pitwall.Bar, size func(symbol string) time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range list {
		f.waiting[PricesFile] = appendPrice(f.waiting[PricesFile], x, size(x.Symbol))
	}
	if err := f.flush(); err != nil {
		return err
	}
	return f.sync(PricesFile)
}

// appendPrice appends a line of prices.csv.
func appendPrice(b []byte, x pitwall.Bar, size time.Duration) []byte {
	stamp := time.RFC3339
	if size >= 24*time.Hour {
		stamp = time.DateOnly
	}
	b = x.Start.AppendFormat(append(append(b, quote(x.Symbol)...), ','), stamp)
	for _, d := range []pitwall.Dec{x.Open, x.High, x.Low, x.Close} {
		b = d.Append(append(b, ','))
	}
	b = append(b, ',')
	if x.Volume != pitwall.NoVolume {
		b = strconv.AppendFloat(b, x.Volume, 'f', -1, 64)
	}
	b = x.Start.AppendFormat(append(b, ','), time.RFC3339)
	b = append(b, ',')
	at := len(b)
	b = x.End.AppendFormat(b, time.RFC3339)
	if x.Known == x.End {
		b = append(append(b, ','), b[at:]...)
	} else {
		b = x.Known.AppendFormat(append(b, ','), time.RFC3339)
	}
	return append(b, '\n')
}
