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
	b := f.waiting[PricesFile]
	for i := range x.Len() {
		if b = f.appendPrice(b, x.Bar(i), s.Size); len(b) > atOnce {
			f.waiting[PricesFile] = b
			if err := f.flush(); err != nil {
				return err
			}
			b = f.waiting[PricesFile]
		}
	}
	f.waiting[PricesFile] = b
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
		f.waiting[PricesFile] = f.appendPrice(f.waiting[PricesFile], x, size(x.Symbol))
	}
	if err := f.flush(); err != nil {
		return err
	}
	return f.sync(PricesFile)
}

// appendPrice appends a line of prices.csv. A start that is the timestamp and a bar that
// was known at its end are not written a second time.
func (f *Folder) appendPrice(b []byte, x pitwall.Bar, size time.Duration) []byte {
	b = append(append(b, quote(x.Symbol)...), ',')
	dated := size >= 24*time.Hour
	if dated {
		b = f.stamps.appendDate(b, x.Start)
	} else {
		b = f.stamps.append(b, x.Start)
	}
	for _, d := range [...]pitwall.Dec{x.Open, x.High, x.Low, x.Close} {
		b = d.Append(append(b, ','))
	}
	b = append(b, ',')
	switch units := int64(x.Volume); {
	case x.Volume == pitwall.NoVolume:
	case x.Volume == float64(units) && 0 < units && units < 1<<53:
		b = strconv.AppendInt(b, units, 10)
	default:
		b = strconv.AppendFloat(b, x.Volume, 'f', -1, 64)
	}
	b = append(b, ',')
	if dated {
		b = f.stamps.append(b, x.Start)
	}
	b = append(f.stamps.append(append(b, ','), x.End), ',')
	if !x.Known.Equal(x.End) {
		b = f.stamps.append(b, x.Known)
	}
	return append(b, '\n')
}
