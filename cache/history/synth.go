package history

import (
	"encoding/csv"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"time"

	"pitwall"
	"pitwall/cache/layout"
)

// Synth describes made-up daily bars: a geometric random walk without drift for each
// symbol, from 100, on the sessions of its exchange.
//
// A bar is 16 steps, of which the first is the night before it. A step multiplies the
// price by 1 + volatility/4 x z, where z is the sum of twelve uniform numbers less 6
// (mean 0, variance 1). All of it is integers of 1e-8, so that a seed gives the same
// bytes on every machine; a symbol's bars do not depend on the other symbols.
type Synth struct {
	Symbols    []string
	From, To   time.Time // days
	Seed       uint64
	Volatility pitwall.Dec // of a day's return
}

const (
	synthSteps = 16
	cent       = pitwall.One / 100
)

// Write writes the bars as CSV with a column made_up, by which every result over them
// is marked, and returns their number.
func (s Synth) Write(w io.Writer) (rows int, err error) {
	if s.Volatility <= 0 || s.Volatility > pitwall.One/2 {
		return 0, pitwall.Errorf(pitwall.InvalidInput, "the volatility of a day is %v", s.Volatility).Hintf("use a number above 0 and up to 0.5, such as 0.02")
	}
	out := csv.NewWriter(w)
	_ = out.Write([]string{layout.Symbol, layout.Timestamp, layout.Open, layout.High, layout.Low, layout.Close, layout.Volume, layout.MadeUp}) // Error says it
	model := fmt.Sprintf("random walk; seed %d; volatility %v a day", s.Seed, s.Volatility)
	l := newLoader()
	for _, symbol := range s.Symbols {
		name := fnv.New64a()
		_, _ = name.Write([]byte(symbol)) // never fails
		x := synthWalk{price: 100 * pitwall.One, step: s.Volatility / 4, r: rand.New(rand.NewPCG(s.Seed, name.Sum64()))}
		in := l.instrument(symbol)
		for day := s.From; !day.After(s.To); day = day.AddDate(0, 0, 1) {
			if _, _, trades := in.Session(day); !trades {
				continue
			}
			bar, err := x.bar()
			if err != nil {
				return rows, fmt.Errorf("%s on %s: %w", symbol, day.Format(time.DateOnly), err)
			}
			_ = out.Write(append(append([]string{symbol, day.Format(time.DateOnly)}, bar...), model))
			rows++
		}
	}
	out.Flush()
	if rows == 0 {
		return 0, pitwall.Errorf(pitwall.InvalidInput, "there is no session from %s to %s", s.From.Format(time.DateOnly), s.To.Format(time.DateOnly))
	}
	return rows, out.Error()
}

// synthWalk is the walk of one symbol.
type synthWalk struct {
	price, step pitwall.Dec
	r           *rand.Rand
}

// bar walks a day and returns its open, high, low, close and volume. Prices are whole
// cents, at least one.
func (x *synthWalk) bar() ([]string, error) {
	var open, high, low, last pitwall.Dec
	for i := range synthSteps {
		z := -6 * pitwall.One
		for range 12 {
			z += pitwall.Dec(x.r.Int64N(int64(pitwall.One)))
		}
		move, err := x.step.MulDiv(z, pitwall.One)
		if err != nil {
			return nil, err
		}
		if x.price, err = x.price.MulDiv(pitwall.One+move, pitwall.One); err != nil {
			return nil, err
		}
		x.price = max(x.price, cent)
		last = x.price.Round(2)
		if i == 0 {
			open, high, low = last, last, last
		}
		high, low = max(high, last), min(low, last)
	}
	return []string{open.String(), high.String(), low.String(), last.String(), fmt.Sprint(500_000 + x.r.IntN(1_000_001))}, nil
}

// MadeUp returns a warning for each symbol of which a file says that its prices are made
// up, from its first bar on.
func (s *Store) MadeUp() (list []pitwall.Warning) {
	for _, x := range s.series {
		if b := s.beside[x]; b != nil && b.madeUp != "" {
			list = append(list, pitwall.Warning{Known: x.Bar(0).Known, Code: pitwall.MadeUp, Text: fmt.Sprintf("prices of %s are made up (%s): the result says nothing about a market", x.Instrument.Symbol, b.madeUp)})
		}
	}
	return list
}
