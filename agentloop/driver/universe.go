package driver

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/cache/history"
)

// Universe chooses what may be traded by the money that was traded in it, as known then.
type Universe struct {
	Top       int          `yaml:"top"`        // how many symbols
	Over      int          `yaml:"over"`       // bars that are averaged; 0 = 60
	Every     string       `yaml:"every"`      // month (the default) or week: when it is chosen anew
	MinVolume *pitwall.Dec `yaml:"min_volume"` // money traded in a bar, at least; nil = no bound
	Only      symbolList   `yaml:"only"`       // nothing else is chosen
	Without   symbolList   `yaml:"without"`    // never chosen
	Quote     string       `yaml:"quote"`      // the money of the pair: USDT keeps BTC/USDT and BTCUSDT
}

// universeBars is what is averaged where a universe does not say.
const universeBars = 60

// forgotten is how long after its newest bar a symbol is not chosen any more.
const forgotten = 10 * 24 * time.Hour

// following names the key that chooses what may be traded in place of symbols, if any does.
func (s *Strategy) following() string {
	switch {
	case s.Index != "":
		return "index"
	case s.Universe != nil:
		return "universe"
	}
	return ""
}

func (s *Strategy) checkUniverse() error {
	u := s.Universe
	switch {
	case u == nil:
		return nil
	case u.MinVolume != nil && *u.MinVolume <= 0:
		return s.bad("universe: min_volume is %v", *u.MinVolume).Hintf("say an amount of money a bar, or leave it out")
	case u.Top < 1 || u.Top > 1000:
		return s.bad("universe: top is %d", u.Top).Hintf("say how many symbols, from 1 to 1000")
	case u.Over < 0 || u.Over > 10_000:
		return s.bad("universe: over is %d", u.Over).Hintf("say over how many bars, from 1 to 10000; default %d", universeBars)
	case u.Every != "" && u.Every != "month" && u.Every != "week":
		return s.bad("universe: every is %q", u.Every).Hintf("use month (the default) or week")
	}
	return nil
}

// loadUniverse reads all that the data hold, and chooses.
func (s *Strategy) loadUniverse(ctx context.Context, inputs []history.Input, opts history.Options) (*history.Store, error) {
	opts.Symbols = nil
	store, err := history.Load(ctx, inputs, opts)
	if err != nil {
		return nil, err
	}
	if s.Benchmark != "" && len(store.Lacking([]string{s.Benchmark})) > 0 {
		return nil, pitwall.Errorf(pitwall.UnknownSymbol, "the data hold no benchmark %s", s.Benchmark).Hintf("leave benchmark out, or add its file to data")
	}
	if lacking := store.Lacking(s.Watch); len(lacking) > 0 {
		return nil, pitwall.Errorf(pitwall.UnknownSymbol, "the data do not hold %s, which watch names", strings.Join(lacking, ", "))
	}
	return s.chooseUniverse(store)
}

// chooseUniverse makes the memberships of a universe out of the bars of a store, each
// choice of the bars that were known when it was made, and keeps their symbols.
func (s *Strategy) chooseUniverse(store *history.Store) (*history.Store, error) {
	var candidates []*pitwall.Series
	for _, x := range store.Series() {
		if s.Universe.admits(x.Instrument) && x.Instrument.Symbol != s.Benchmark && !slices.Contains(s.Watch, x.Instrument.Symbol) {
			candidates = append(candidates, x)
		}
	}
	from, to, err := s.Days()
	if err != nil {
		return nil, err
	}
	if s.members = s.Universe.members(candidates, from, to); len(s.members) == 0 {
		return nil, s.bad("universe: no symbol of the data is chosen on any of the run's days").Hintf("a symbol needs %d bars before it is chosen; the data hold %s", cmp.Or(s.Universe.Over, universeBars), few(store.Symbols()))
	}
	s.Symbols = pitwall.MembersBetween(s.members, time.Time{}, time.Time{})
	end := lastOfAll(candidates)
	if !to.IsZero() && to.Before(end) {
		end = to
	}
	if !slices.ContainsFunc(candidates, func(x *pitwall.Series) bool { return end.Sub(x.Bar(x.Len()-1).Known) > Quiet }) {
		s.survived = fmt.Sprintf("universe: each of the %d symbols of the data lives to their end, so these are survivors: the choice is not point in time, and results are likely too good; add data of symbols that were delisted", len(candidates))
	}
	return store.Only(slices.Concat(s.Symbols, s.Watch, []string{s.Benchmark})), nil
}

// admits reports whether an instrument may be chosen at all.
func (u *Universe) admits(in pitwall.Instrument) bool {
	switch in.Kind {
	case pitwall.Equity, pitwall.ETF, pitwall.Crypto, pitwall.FX:
	default:
		return false
	}
	return (len(u.Only) == 0 || slices.Contains(u.Only, in.Symbol)) && !slices.Contains(u.Without, in.Symbol) &&
		strings.HasSuffix(in.Symbol, u.Quote) && in.Symbol != u.Quote
}

// members returns who is chosen when: at the first day and at each month or week that
// begins after it.
func (u *Universe) members(list []*pitwall.Series, from, to time.Time) (out []pitwall.Membership) {
	var first, last time.Time
	for _, x := range list {
		if x.Len() == 0 {
			continue
		}
		if t := x.Bar(0).Start; first.IsZero() || t.Before(first) {
			first = t
		}
	}
	last = lastOfAll(list)
	if first.IsZero() {
		return nil
	}
	if zone := list[0].Instrument.Location(); from.IsZero() {
		from = midnight(first.In(zone), 0)
	} else {
		from = time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, zone)
	}
	if !to.IsZero() && to.Before(last) {
		last = to.AddDate(0, 0, 1)
	}
	open := map[string]int{} // where a membership that goes on is in out
	for at := from; !at.After(last); at = u.next(at) {
		chosen := u.choose(list, at)
		for _, symbol := range slices.Sorted(maps.Keys(open)) {
			if !slices.Contains(chosen, symbol) {
				out[open[symbol]].Until = at
				delete(open, symbol)
			}
		}
		for _, symbol := range chosen {
			if _, ok := open[symbol]; !ok {
				open[symbol] = len(out)
				out = append(out, pitwall.Membership{Symbol: symbol, From: at})
			}
		}
	}
	return out
}

// next returns when a universe is chosen after a time: a first of a month, or a Monday.
func (u *Universe) next(at time.Time) time.Time {
	if u.Every == "week" {
		return midnight(at, 7-(int(at.Weekday())+6)%7)
	}
	return time.Date(at.Year(), at.Month()+1, 1, 0, 0, 0, 0, at.Location())
}

// choose returns the symbols in which most money was traded by a time, in order.
func (u *Universe) choose(list []*pitwall.Series, at time.Time) (symbols []string) {
	type traded struct {
		symbol string
		money  *big.Int // price times volume, both in 1e-8, of all bars: no float decides
	}
	over := cmp.Or(u.Over, universeBars)
	var ranked []traded
	for _, x := range list {
		n := x.KnownAt(at.UnixNano())
		if n < over || at.Sub(x.Bar(n-1).Known) > forgotten {
			continue
		}
		sum := new(big.Int)
		for i := n - over; i < n; i++ {
			b := x.Bar(i)
			if volume, err := pitwall.FromFloat(b.Volume); err == nil { // a volume that is missing is none
				sum.Add(sum, new(big.Int).Mul(big.NewInt(int64(b.Close)), big.NewInt(int64(volume))))
			}
		}
		if u.MinVolume != nil {
			least := new(big.Int).Mul(big.NewInt(int64(*u.MinVolume)), big.NewInt(int64(pitwall.One)))
			if sum.Cmp(least.Mul(least, big.NewInt(int64(over)))) < 0 {
				continue
			}
		}
		ranked = append(ranked, traded{x.Instrument.Symbol, sum})
	}
	slices.SortFunc(ranked, func(a, b traded) int { return cmp.Or(b.money.Cmp(a.money), cmp.Compare(a.symbol, b.symbol)) })
	for _, r := range ranked[:min(u.Top, len(ranked))] {
		symbols = append(symbols, r.symbol)
	}
	slices.Sort(symbols)
	return symbols
}

// lastOfAll returns when the newest bar of all series became known.
func lastOfAll(list []*pitwall.Series) (last time.Time) {
	for _, x := range list {
		if n := x.Len(); n > 0 && x.Bar(n-1).Known.After(last) {
			last = x.Bar(n - 1).Known
		}
	}
	return last
}
