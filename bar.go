package pitwall

import (
	"context"
	"fmt"
	"math"
	"sort"
	"time"
)

// Bar is one finished interval [Start, End). Known is when it could first have
// been had, never before End.
type Bar struct {
	Symbol string    `json:"symbol"`
	Start  time.Time `json:"start"`
	End    time.Time `json:"end"`
	Known  time.Time `json:"known"`
	Open   Dec       `json:"open"`
	High   Dec       `json:"high"`
	Low    Dec       `json:"low"`
	Close  Dec       `json:"close"`
	// Volume is a statistic in units traded; NoVolume when the data has none.
	Volume float64 `json:"volume"`
}

// NoVolume marks a bar whose data has no volume field (indices, FX).
const NoVolume = -1.0

// Adjustment says what was already done to a file's prices.
type Adjustment string

// The adjustments. Corporate actions apply only where they are still needed.
const (
	Raw           Adjustment = "raw"   // as traded
	SplitAdjusted Adjustment = "split" // splits applied, dividends not
	TotalAdjusted Adjustment = "total" // splits and dividends applied
)

// Action is a corporate action or another payment per unit.
type Action struct {
	Symbol string    `json:"symbol"`
	Ex     time.Time `json:"ex_date"`
	Pay    time.Time `json:"pay_date,omitzero"`
	Type   string    `json:"type"`          // dividend, split, ...
	Value  Dec       `json:"value"`         // money per unit as paid on the ex date, or new units of a split ...
	Per    Dec       `json:"per,omitempty"` // ... for this many old ones; 0 = 1
}

// Split returns a split's new units and the old ones they replace.
func (a Action) Split() (units, per Dec) {
	if a.Per == 0 {
		return a.Value, One
	}
	return a.Value, a.Per
}

// Series is the whole history of one symbol in columns of equal length, future
// included. Times are Unix nanoseconds, strictly increasing. It is loaded once,
// shared by every run and never written after loading.
type Series struct {
	Instrument Instrument
	Size       time.Duration
	Adjusted   Adjustment
	File       string // where it came from, for messages

	Start, End, Known      []int64
	Open, High, Low, Close []Dec
	Volume                 []float64
}

// Len returns the number of bars.
func (s *Series) Len() int { return len(s.Known) }

// KnownAt returns how many bars are known at the instant ns.
func (s *Series) KnownAt(ns int64) int {
	return sort.Search(len(s.Known), func(i int) bool { return s.Known[i] > ns })
}

// Bar returns bar i with its times in the instrument's zone.
func (s *Series) Bar(i int) Bar {
	loc := s.Instrument.Location()
	return Bar{
		Symbol: s.Instrument.Symbol,
		Start:  time.Unix(0, s.Start[i]).In(loc), End: time.Unix(0, s.End[i]).In(loc), Known: time.Unix(0, s.Known[i]).In(loc),
		Open: s.Open[i], High: s.High[i], Low: s.Low[i], Close: s.Close[i], Volume: s.Volume[i],
	}
}

// Part returns bars first to end, end exclusive. The columns are shared.
func (s *Series) Part(first, end int) *Series {
	p := *s
	p.Start, p.End, p.Known = s.Start[first:end], s.End[first:end], s.Known[first:end]
	p.Open, p.High, p.Low, p.Close, p.Volume = s.Open[first:end], s.High[first:end], s.Low[first:end], s.Close[first:end], s.Volume[first:end]
	return &p
}

// Append adds a bar after checking it against the last one; see [Series.Check].
func (s *Series) Append(b Bar) error {
	s.Start, s.End, s.Known = append(s.Start, b.Start.UnixNano()), append(s.End, b.End.UnixNano()), append(s.Known, b.Known.UnixNano())
	s.Open, s.High, s.Low, s.Close = append(s.Open, b.Open), append(s.High, b.High), append(s.Low, b.Low), append(s.Close, b.Close)
	s.Volume = append(s.Volume, b.Volume)
	return s.Check(s.Len() - 1)
}

// checkZero reports a price of 0 or below that bar i cannot have. Such prices are real: oil settled at -37.63 on 2020-04-20, and a share whose
// company is wound up closes at 0. Futures may have any price, and so may an index,
// which is a level; an option may be worth 0. Any other instrument may end at 0: no bar
// after a close of 0 is above it, and none before. Another 0 is a missing price.
func (s *Series) checkZero(i int) error {
	low, named := s.Low[i], s.Instrument.Kind
	switch {
	case named == Future || named == Index:
	case low < 0:
		return fmt.Errorf("low %v is below 0, where only futures and indices may be; if this is one, give its kind in instruments.csv", low)
	case named == Option:
	case i == 0:
		return fmt.Errorf("low %v is not above 0", low)
	case i > 0 && s.Close[i-1] == 0 && s.High[i] > 0:
		return fmt.Errorf("high %v follows a close of 0: a share at 0 is worthless and trades no more; if 0 stands for a missing price, delete those rows", s.High[i])
	case low == 0 && (s.Close[i] > 0 || s.Open[i] == 0 && s.High[i] > 0):
		return fmt.Errorf("a price is 0 and others of the bar are above it; if 0 stands for a missing price, delete the row")
	}
	return nil
}

// CheckPrices reports what is impossible about bar i's prices: one below its kind's
// least, or a high below the low or not around open and close.
func (s *Series) CheckPrices(i int) error {
	o, h, l, c := s.Open[i], s.High[i], s.Low[i], s.Close[i]
	switch {
	case h < l:
		return fmt.Errorf("high %v is below low %v", h, l)
	case o < l || o > h:
		return fmt.Errorf("open %v is outside low %v .. high %v", o, l, h)
	case c < l || c > h:
		return fmt.Errorf("close %v is outside low %v .. high %v", c, l, h)
	case l <= 0 || i > 0 && s.Close[i-1] == 0:
		return s.checkZero(i)
	}
	return nil
}

// Check reports what is impossible about bar i: its prices, a volume that is no number,
// times out of order, or a bar known before it ended.
func (s *Series) Check(i int) error {
	if err := s.CheckPrices(i); err != nil {
		return err
	}
	switch v := s.Volume[i]; {
	case math.IsNaN(v) || math.IsInf(v, 0) || (v < 0 && v != NoVolume):
		return fmt.Errorf("volume %v is not a number >= 0", v)
	case s.End[i] <= s.Start[i] || s.Known[i] < s.End[i]:
		return fmt.Errorf("a bar must end after it starts and be known at its end or later")
	case i > 0 && s.Start[i] == s.Start[i-1]:
		return fmt.Errorf("duplicate timestamp %s", s.Bar(i).Start.Format(time.RFC3339))
	case i > 0 && (s.Start[i] < s.Start[i-1] || s.Known[i] <= s.Known[i-1]):
		return fmt.Errorf("time %s is not after %s", s.Bar(i).Start.Format(time.RFC3339), s.Bar(i-1).Start.Format(time.RFC3339))
	}
	return nil
}

// Source holds all of history, future included. Only cmd, cache and sim may
// hold one; everything else sees a [Market].
type Source interface {
	// Series returns every series by symbol. Shared: do not write.
	Series() []*Series
	// Actions returns every corporate action by symbol and ex date.
	Actions() []Action
}

// BarQuery asks for known bars of one symbol, oldest first.
type BarQuery struct {
	Symbol string
	// After, if set, leaves out bars whose Known is not after it.
	After time.Time
	// Limit, if above 0, keeps the newest Limit bars.
	Limit int
	// Size, if set, is that of the bars: a multiple of the held size, complete
	// intervals only; see [Resample].
	Size time.Duration
	// Adjusted, if set, restates raw prices as of now; see [Adjust].
	Adjusted Adjustment
}

// Market is what may be known now about prices. No method takes a date after
// now. Implementations are safe for concurrent use.
type Market interface {
	// Last returns the newest known bar, UNKNOWN_SYMBOL or NO_REFERENCE_PRICE.
	Last(ctx context.Context, symbol string) (Bar, error)
	// Bars returns known bars, oldest first. The slice is the caller's.
	Bars(ctx context.Context, q BarQuery) ([]Bar, error)
	// Count returns how many bars of the symbol are known now.
	Count(ctx context.Context, symbol string) (int, error)
	// Digest is a running hash over everything this market could show up to
	// now, as a chain in time: later data never changes an earlier digest.
	// Empty when the market is not replayed.
	Digest() string
}
