package wall

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"pitwall"
)

// Wall shows the known part of a source. It implements pitwall.Market and
// pitwall.Instruments and is safe for concurrent use.
type Wall struct {
	now      func() time.Time
	series   []*pitwall.Series // by symbol
	bySymbol map[string]*pitwall.Series
	tradable map[string]bool
	actions  map[string][]pitwall.Action     // by symbol, in order of ex date
	members  map[string][]pitwall.Membership // of the index that tradable follows; nil = none
	joins    map[string]int64                // when a member joins first: nothing is shown of it before

	mu    sync.Mutex // guards the digest chain
	chain [sha256.Size]byte
	fed   []int            // per series: bars already in the chain
	fresh []fed            // of Digest
	paid  []pitwall.Action // actions, by ex date and symbol
	given int              // actions already in the chain
	turns []memberTurn     // members that come and go, by time
	took  int              // turns already in the chain
}

// New builds the wall over a source. now is the world's clock; tradable names
// the symbols that the world's trader may order.
func New(src pitwall.Source, now func() time.Time, tradable []string) *Wall {
	w := &Wall{now: now, series: src.Series(), bySymbol: map[string]*pitwall.Series{}, tradable: map[string]bool{}}
	for _, s := range w.series {
		w.bySymbol[s.Instrument.Symbol] = s
	}
	for _, s := range tradable {
		w.tradable[s] = true
	}
	w.fed = make([]int, len(w.series))
	w.actions = map[string][]pitwall.Action{}
	w.paid = slices.Clone(src.Actions())
	sort.SliceStable(w.paid, func(i, j int) bool {
		return w.paid[i].Ex.Before(w.paid[j].Ex) || w.paid[i].Ex.Equal(w.paid[j].Ex) && w.paid[i].Symbol < w.paid[j].Symbol
	})
	for _, a := range w.paid {
		w.actions[a.Symbol] = append(w.actions[a.Symbol], a)
	}
	return w
}

// known returns the series of a symbol and how many of its bars are visible.
func (w *Wall) known(symbol string) (*pitwall.Series, int, error) {
	s, ok := w.bySymbol[symbol]
	if now := w.now().UnixNano(); ok && w.joins[symbol] <= now {
		if n := s.KnownAt(now); n > 0 {
			return s, n, nil
		}
	}
	return nil, 0, w.unknown(symbol)
}

// unknown is the same answer for a symbol that does not exist and for one
// whose first bar lies in the future.
func (w *Wall) unknown(symbol string) error {
	names := make([]string, 0, len(w.series))
	for _, i := range w.Instruments() {
		names = append(names, i.Symbol)
	}
	e := pitwall.Errorf(pitwall.UnknownSymbol, "%q is not in this world as of now", symbol)
	if len(names) == 0 {
		return e.Hintf("no bar is known yet: move the clock with clock_next_bar")
	}
	return e.Hintf("there is %s", strings.Join(names, ", "))
}

// Last implements pitwall.Market.
func (w *Wall) Last(_ context.Context, symbol string) (pitwall.Bar, error) {
	s, n, err := w.known(symbol)
	if err != nil {
		return pitwall.Bar{}, err
	}
	return s.Bar(n - 1), nil
}

// Bars implements pitwall.Market.
func (w *Wall) Bars(_ context.Context, q pitwall.BarQuery) ([]pitwall.Bar, error) {
	s, n, err := w.known(q.Symbol)
	if err != nil {
		return nil, err
	}
	held := (q.Size == 0 || q.Size == s.Size) && !w.restates(s, q.Adjusted)
	from := 0
	if held && !q.After.IsZero() {
		from = min(s.KnownAt(q.After.UnixNano()), n)
	}
	if held && q.Limit > 0 {
		from = max(from, n-q.Limit)
	}
	bars := make([]pitwall.Bar, 0, n-from)
	for i := from; i < n; i++ {
		bars = append(bars, s.Bar(i))
	}
	if held {
		return bars, nil
	}
	if bars, err = pitwall.Adjust(bars, w.actions[q.Symbol], s.Adjusted, q.Adjusted, w.now()); err != nil {
		return nil, err
	}
	if q.Size != 0 && q.Size != s.Size {
		if bars, err = pitwall.Resample(bars, s.Size, q.Size, s.Instrument.Location(), w.now()); err != nil {
			return nil, err
		}
	}
	from = sort.Search(len(bars), func(i int) bool { return bars[i].Known.After(q.After) })
	if q.Limit > 0 {
		from = max(from, len(bars)-q.Limit)
	}
	return slices.Clip(bars[from:]), nil
}

// restates reports whether asking for an adjustment may change a series as of now:
// most series have no splits, and are shown as they are held.
func (w *Wall) restates(s *pitwall.Series, want pitwall.Adjustment) bool {
	if want == "" || want == s.Adjusted {
		return false
	}
	if want != pitwall.SplitAdjusted || s.Adjusted != pitwall.Raw && s.Adjusted != "" {
		return true // pitwall.Adjust decides
	}
	now := w.now()
	return slices.ContainsFunc(w.actions[s.Instrument.Symbol], func(a pitwall.Action) bool {
		return a.Type == "split" && !a.Ex.After(now) && a.Ex.UnixNano() > s.Start[0]
	})
}

// Actions returns a symbol's corporate actions that went ex by now, by ex date, as its
// prices need them.
func (w *Wall) Actions(symbol string) []pitwall.Action {
	s, _, err := w.known(symbol)
	if err != nil {
		return nil
	}
	all, now := pitwall.ActionsFor(s.Adjusted, w.actions[symbol]), w.now().UnixNano()
	return slices.Clone(all[:sort.Search(len(all), func(i int) bool { return all[i].Ex.UnixNano() > now })])
}

// Count implements pitwall.Market.
func (w *Wall) Count(_ context.Context, symbol string) (int, error) {
	_, n, err := w.known(symbol)
	return n, err
}

// Instrument implements pitwall.Instruments.
func (w *Wall) Instrument(symbol string) (pitwall.Instrument, error) {
	s, n, err := w.known(symbol)
	if err != nil {
		return pitwall.Instrument{}, err
	}
	return w.show(s, n), nil
}

// gone is how long after its last bar a symbol is no longer listed: it may have
// been delisted, and whether it comes back is not known.
const gone = 10 * 24 * time.Hour

// Instruments implements pitwall.Instruments: symbols between their first bar and
// a while after the last.
func (w *Wall) Instruments() []pitwall.Instrument {
	now := w.now().UnixNano()
	list := make([]pitwall.Instrument, 0, len(w.series))
	for _, s := range w.series {
		if n := s.KnownAt(now); n > 0 && now-s.Known[n-1] <= int64(gone) && w.joins[s.Instrument.Symbol] <= now {
			list = append(list, w.show(s, n))
		}
	}
	return list
}

// show is an instrument with n known bars as the trader sees it now.
func (w *Wall) show(s *pitwall.Series, n int) pitwall.Instrument {
	i := s.Instrument
	i.Tradable = w.tradable[i.Symbol] && w.isMember(i.Symbol) && i.Kind != pitwall.Index && w.now().UnixNano()-s.Known[n-1] <= int64(gone)
	return i
}

// fed is a bar that comes into the chain.
type fed struct {
	at          int64
	series, bar int
}

// Digest implements pitwall.Market: a chain over every visible bar and corporate
// action in order of (time, symbol). It depends neither on later data nor on when it is asked.
func (w *Wall) Digest() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now().UnixNano()
	fresh := w.fresh[:0]
	for k, more := 0, true; more; k++ { // the next bar of each series, then the one after: mostly in order
		more = false
		for i, s := range w.series {
			if n := w.fed[i] + k; n < s.Len() {
				if at := w.shownAt(s, n); at <= now {
					fresh, more = append(fresh, fed{at, i, n}), true
				}
			}
		}
	}
	w.fresh = fresh
	slices.SortFunc(fresh, func(x, y fed) int { // series are sorted by symbol
		if x.at != y.at {
			return cmp.Compare(x.at, y.at)
		}
		return cmp.Or(cmp.Compare(x.series, y.series), cmp.Compare(x.bar, y.bar))
	})
	for _, f := range fresh {
		s := w.series[f.series]
		w.give(f.at)
		w.feed(s, f.bar)
		w.fed[f.series]++
	}
	w.give(now)
	for ; w.took < len(w.turns) && w.turns[w.took].at <= now; w.took++ {
		w.chain = sha256.Sum256(fmt.Appendf(w.chain[:], "%#v", w.turns[w.took]))
	}
	return hex.EncodeToString(w.chain[:])
}

// give adds the actions that went ex by then to the chain, whole.
func (w *Wall) give(by int64) {
	for ; w.given < len(w.paid) && w.paid[w.given].Ex.UnixNano() <= by; w.given++ {
		w.chain = sha256.Sum256(fmt.Appendf(w.chain[:], "%#v", w.paid[w.given]))
	}
}

// feed adds one bar to the chain: fixed-width words, then the symbol. With the
// first bar comes what else shapes answers about the series: what its prices are,
// its instrument, and whether it may be traded.
func (w *Wall) feed(s *pitwall.Series, i int) {
	if i == 0 {
		in := s.Instrument
		in.Tradable, in.Zone, in.Hours = w.tradable[in.Symbol], nil, nil // pointers; the zone's name follows, the calendar's is a field
		w.chain = sha256.Sum256(fmt.Appendf(w.chain[:], "%d %q %#v %q", s.Size, s.Adjusted, in, s.Instrument.Location()))
	}
	buf := make([]byte, 0, 160)
	buf = append(buf, w.chain[:]...)
	for _, v := range [...]int64{s.Start[i], s.End[i], s.Known[i], int64(s.Open[i]), int64(s.High[i]), int64(s.Low[i]), int64(s.Close[i])} {
		buf = binary.BigEndian.AppendUint64(buf, uint64(v))
	}
	buf = binary.BigEndian.AppendUint64(buf, math.Float64bits(s.Volume[i]))
	buf = append(buf, s.Instrument.Symbol...)
	w.chain = sha256.Sum256(buf)
}
