package sim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"sort"
	"sync"
	"time"

	"pitwall"
)

// DefaultVolumeShare is the share of a bar's volume that all orders of a world
// together may take (rule 15).
const DefaultVolumeShare = pitwall.One / 10

// Config says what a venue replays and how it fills.
type Config struct {
	Source  pitwall.Source
	Symbols []string  // what may be traded; their bars make the steps
	From    time.Time // bars that start before From are history, not steps
	To      time.Time // bars that start at or after To are left out; zero = all
	Cash    pitwall.Dec
	Costs   pitwall.Costs
	// VolumeShare is rule 15's share. 0 fills nothing; NoVolumeLimit lifts it.
	VolumeShare pitwall.Dec
	// TouchFills lets a limit fill when the bar only touches it; without it the
	// bar must trade through (rule 3).
	TouchFills bool
	// CloseCutoff refuses orders on the close that come later than this before
	// an intraday session's close (rule 14). 0 = none.
	CloseCutoff time.Duration
	Journal     pitwall.Journal
}

// NoVolumeLimit as VolumeShare lets an order of any size fill.
const NoVolumeLimit pitwall.Dec = -1

// Venue replays bars and trades against them. It implements pitwall.Clock,
// pitwall.Progress and pitwall.Broker and is safe for concurrent use.
type Venue struct {
	cfg  Config
	list []*listed // tradable, by symbol
	id   map[string]int

	mu     sync.Mutex
	now    int64 // the world's time
	steps  int
	ended  bool
	failed error // the books broke: nothing moves any more

	orders  []*order // in submission order
	byID    map[string]*order
	resting []*order // open orders in submission order
	fills   []pitwall.Fill
	ledger  ledger
	equity  []pitwall.EquityPoint
	digest  hash.Hash
}

// listed is one tradable symbol: its columns and how far the replay has come.
type listed struct {
	*pitwall.Series
	next int // first bar not yet replayed
	end  int // first bar beyond the run
	hit  bool
	left pitwall.Dec // volume share left in this step's bar
}

// New builds a venue with its clock at cfg.From.
func New(cfg Config) (*Venue, error) {
	v := &Venue{cfg: cfg, id: map[string]int{}, byID: map[string]*order{}, digest: sha256.New(), now: cfg.From.UnixNano()}
	if cfg.Journal == nil {
		return nil, fmt.Errorf("sim: no journal: no record, no order")
	}
	if cfg.Cash <= 0 {
		return nil, pitwall.Errorf(pitwall.InvalidNumber, "cash is %v", cfg.Cash).Hintf("start with cash above 0")
	}
	if !cfg.To.IsZero() && !cfg.From.Before(cfg.To) {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "from %s is not before to %s", cfg.From.Format(time.DateOnly), cfg.To.Format(time.DateOnly))
	}
	all := map[string]*pitwall.Series{}
	for _, s := range cfg.Source.Series() {
		all[s.Instrument.Symbol] = s
	}
	symbols := append([]string(nil), cfg.Symbols...)
	sort.Strings(symbols)
	bars := 0
	for _, symbol := range symbols {
		s, ok := all[symbol]
		if !ok {
			return nil, pitwall.Errorf(pitwall.UnknownSymbol, "there is no data for %q", symbol).Hintf("the data holds %s", names(cfg.Source))
		}
		if s.Instrument.Kind == pitwall.Index {
			return nil, pitwall.Errorf(pitwall.NotTradable, "%s is an index level and cannot be traded", symbol).Hintf("it can be watched; trade a fund that follows it")
		}
		if len(v.list) > 0 && (s.Size != v.list[0].Size || s.Instrument.Calendar != v.list[0].Instrument.Calendar) {
			return nil, pitwall.Errorf(pitwall.Unsupported, "%s and %s have bars of different sizes or calendars", v.list[0].Instrument.Symbol, symbol).
				Hintf("trade them in separate runs: while one bar is still open, another's end must not decide about its orders")
		}
		l := &listed{Series: s, end: s.Len()}
		l.next = sort.Search(s.Len(), func(i int) bool { return s.Start[i] >= cfg.From.UnixNano() })
		if !cfg.To.IsZero() {
			l.end = sort.Search(s.Len(), func(i int) bool { return s.Start[i] >= cfg.To.UnixNano() })
		}
		bars += max(0, l.end-l.next)
		v.id[symbol] = len(v.list)
		v.list = append(v.list, l)
	}
	if bars == 0 {
		return nil, pitwall.Errorf(pitwall.NoCoverage, "no bar of %v between %s and %s", symbols, cfg.From.Format(time.DateOnly), cfg.To.Format(time.DateOnly)).Hintf("the data holds %s", names(cfg.Source))
	}
	v.ledger.open(cfg.Cash, len(v.list))
	v.hashWords(int64(cfg.Cash), v.now)
	_, err := cfg.Journal.Append(context.Background(), pitwall.Entry{AsOf: cfg.From, Kind: pitwall.EntryStart, Book: pitwall.MainBook, Amount: cfg.Cash})
	return v, err
}

// names lists what a source holds with the dates, for errors.
func names(src pitwall.Source) string {
	s := ""
	for i, x := range src.Series() {
		if i == 20 {
			return s + fmt.Sprintf(" and %d more", len(src.Series())-i)
		}
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprintf("%s %s..%s", x.Instrument.Symbol, x.Bar(0).Start.Format(time.DateOnly), x.Bar(x.Len()-1).Start.Format(time.DateOnly))
	}
	return s
}

// Now implements pitwall.Clock.
func (v *Venue) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.time(v.now)
}

func (v *Venue) time(ns int64) time.Time { return time.Unix(0, ns).In(v.cfg.From.Location()) }

// Next implements pitwall.Clock: it moves to the next Known time of any
// tradable symbol. io.EOF ends the replay.
func (v *Venue) Next(ctx context.Context, after time.Time) (time.Time, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.failed != nil {
		return time.Time{}, v.failed
	}
	if err := ctx.Err(); err != nil {
		return time.Time{}, err
	}
	if v.now > after.UnixNano() {
		return v.time(v.now), nil
	}
	known, ok := v.nextKnown()
	if !ok {
		v.ended = true
		return v.time(v.now), io.EOF
	}
	if err := v.step(ctx, known); err != nil {
		v.failed = err
		return time.Time{}, err
	}
	return v.time(v.now), nil
}

// nextKnown returns the earliest Known time not yet replayed.
func (v *Venue) nextKnown() (int64, bool) {
	best, ok := int64(0), false
	for _, l := range v.list {
		if l.next < l.end && (!ok || l.Known[l.next] < best) {
			best, ok = l.Known[l.next], true
		}
	}
	return best, ok
}

// step replays every bar known at the instant: expire, fill, mark, publish.
func (v *Venue) step(ctx context.Context, known int64) error {
	at := v.time(known)
	opens := int64(0) // the latest start among this step's bars
	for _, l := range v.list {
		if l.hit = l.next < l.end && l.Known[l.next] == known; l.hit {
			l.left = v.volumeShare(l)
			opens = max(opens, l.Start[l.next])
		}
	}
	v.sessions()
	if err := v.expire(ctx, opens, at); err != nil {
		return err
	}
	if err := v.match(ctx, at); err != nil {
		return err
	}
	for _, l := range v.list {
		if l.hit {
			v.ledger.last[v.id[l.Instrument.Symbol]] = l.Close[l.next]
			l.next++
		}
	}
	v.now = known
	v.steps++
	if err := v.expire(ctx, known, at); err != nil {
		return err
	}
	return v.mark(ctx, at)
}

// volumeShare returns what all orders together may trade of l's current bar.
func (v *Venue) volumeShare(l *listed) pitwall.Dec {
	volume := l.Volume[l.next]
	if volume == 0 {
		return 0 // nobody traded: nothing fills, whatever the share
	}
	if v.cfg.VolumeShare == NoVolumeLimit || volume == pitwall.NoVolume {
		return pitwall.MaxDec
	}
	whole, err := pitwall.FromFloat(volume)
	if err != nil {
		return pitwall.MaxDec // more than 92 billion units: no order reaches it
	}
	share, err := whole.Mul(v.cfg.VolumeShare)
	if err != nil {
		return pitwall.MaxDec
	}
	return share.Floor(l.Instrument.Lot)
}

// mark values the book at the new prices, checks the ledger's identity and
// journals the equity point.
func (v *Venue) mark(ctx context.Context, at time.Time) error {
	equity, err := v.ledger.check()
	if err != nil {
		return fmt.Errorf("at %s: %w", at.Format(time.RFC3339), err)
	}
	p := pitwall.EquityPoint{Time: at, Equity: equity, Cash: v.ledger.cash}
	v.equity = append(v.equity, p)
	v.hashWords(v.now, int64(equity), int64(v.ledger.cash))
	_, err = v.cfg.Journal.Append(ctx, pitwall.Entry{AsOf: at, Kind: pitwall.EntryMark, Book: pitwall.MainBook, Mark: &p})
	return err
}

// Replay implements pitwall.Progress.
func (v *Venue) Replay() pitwall.Replay {
	v.mu.Lock()
	defer v.mu.Unlock()
	return pitwall.Replay{From: v.cfg.From, To: v.cfg.To, Bars: v.steps, Ended: v.ended, Digest: hex.EncodeToString(v.digest.Sum(nil))}
}

// Equity returns the equity points so far.
func (v *Venue) Equity() []pitwall.EquityPoint {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]pitwall.EquityPoint(nil), v.equity...)
}

// hashWords and hashText feed the run's digest: fixed-width words and
// length-prefixed text, so that no two runs share an encoding.
func (v *Venue) hashWords(words ...int64) {
	var b [8]byte
	for _, w := range words {
		for i := range b {
			b[i] = byte(uint64(w) >> (56 - 8*i))
		}
		v.digest.Write(b[:])
	}
}

func (v *Venue) hashText(texts ...string) {
	for _, s := range texts {
		v.hashWords(int64(len(s)))
		io.WriteString(v.digest, s)
	}
}
