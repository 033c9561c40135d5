package history

import (
	"fmt"
	"slices"
	"time"

	"pitwall"
)

// Shifted returns a store in which the newest bar of a symbol that is known at a time
// closes percent higher, and every later price lies as much higher: returns after that
// bar stay as they are. Its high and low hold the new close; dividends stay as they are.
func (s *Store) Shifted(symbol string, at time.Time, percent pitwall.Dec) (*Store, error) {
	i := slices.IndexFunc(s.series, func(x *pitwall.Series) bool { return x.Instrument.Symbol == symbol })
	if i < 0 {
		return nil, pitwall.Errorf(pitwall.UnknownSymbol, "there is no data for %s", symbol)
	}
	x := s.series[i]
	n := x.KnownAt(at.UnixNano()) - 1
	if n < 0 {
		return nil, pitwall.Errorf(pitwall.NoPrice, "no bar of %s is known at %s", symbol, at.Format(time.RFC3339))
	}
	y := *x
	y.Open, y.High, y.Low, y.Close = slices.Clone(x.Open), slices.Clone(x.High), slices.Clone(x.Low), slices.Clone(x.Close)
	var c pitwall.Calc
	by := c.Add(pitwall.Int(100), percent)
	move := func(p *pitwall.Dec) { *p = c.MulDiv(*p, by, pitwall.Int(100)) }
	move(&y.Close[n])
	y.High[n], y.Low[n] = max(y.High[n], y.Close[n]), min(y.Low[n], y.Close[n])
	for k := n + 1; k < y.Len(); k++ {
		for _, column := range [][]pitwall.Dec{y.Open, y.High, y.Low, y.Close} {
			move(&column[k])
		}
	}
	if c.Err != nil {
		return nil, fmt.Errorf("moving the prices of %s: %w", symbol, c.Err)
	}
	out := *s
	out.series, out.beside = slices.Clone(s.series), map[*pitwall.Series]*beside{}
	out.series[i] = &y
	for k, old := range s.series {
		out.beside[out.series[k]] = s.beside[old]
	}
	return &out, nil
}
