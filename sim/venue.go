package sim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"sort"
	"strings"
	"sync"
	"time"

	"pitwall"
	"pitwall/sim/engine"
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
	Terms   pitwall.Terms
	Books   []Book // besides the main one, which Cash and Terms open
	Costs   pitwall.Costs
	Rules   pitwall.Rules
	Journal pitwall.Journal
	// Grows lets a replay begin without a bar and go on after its last one: more come
	// by [Venue.Extend].
	Grows bool
}

// Book is a sub-account with its own cash, positions and orders.
type Book struct {
	Name  string
	Cash  pitwall.Dec
	Terms pitwall.Terms
}

// Venue replays bars and trades against them. It implements pitwall.Clock,
// pitwall.SimClock and pitwall.Broker and is safe for concurrent use.
type Venue struct {
	cfg   Config
	list  []*pitwall.Series // tradable, by symbol
	id    map[string]int32
	books []string
	zone  *time.Location

	mu     sync.Mutex
	engine *engine.Engine
	ended  bool
	failed error // the books broke: nothing moves any more

	orders []*order // in submission order
	byID   map[string]*order
	byNum  []*order // those that the engine numbered
	live   []*order // open, in submission order
	groups map[string]int32
	fills  []pitwall.Fill
	equity [][]pitwall.EquityPoint // by book, as marks and flows
	marks  []pitwall.Marks
	flows  [][]pitwall.CashFlow
	asked  hash.Hash // over every request
	calls  int       // orders of margin calls

	askedBy []hash.Hash // over the requests of each book; empty with one book
}

// New builds a venue with its clock at cfg.From.
func New(cfg Config) (*Venue, error) {
	v := &Venue{cfg: cfg, id: map[string]int32{}, byID: map[string]*order{}, groups: map[string]int32{}, asked: sha256.New(), zone: cfg.From.Location()}
	if cfg.Journal == nil {
		return nil, fmt.Errorf("sim: no journal: no record, no order")
	}
	if !cfg.To.IsZero() && !cfg.From.Before(cfg.To) {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "from %s is not before to %s", cfg.From.Format(time.DateOnly), cfg.To.Format(time.DateOnly))
	}
	if err := checkTerms(cfg); err != nil {
		return nil, err
	}
	if len(cfg.Symbols) == 0 {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "no symbols").Hintf("name what may be traded")
	}
	if err := v.choose(); err != nil {
		return nil, err
	}
	data, err := engine.NewData(cfg.Source, cfg.Symbols, cfg.From, cfg.To)
	if err != nil {
		return nil, err
	}
	if data.Bars() == 0 && !cfg.Grows {
		return nil, pitwall.Errorf(pitwall.NoCoverage, "no bar of %v between %s and %s", v.symbols(), cfg.From.Format(time.DateOnly), cfg.To.Format(time.DateOnly)).Hintf("the data holds %s", names(cfg.Source))
	}
	books := append([]Book{{pitwall.MainBook, cfg.Cash, cfg.Terms}}, cfg.Books...)
	spec := engine.Config{Data: data, Costs: cfg.Costs, Rules: cfg.Rules}
	for _, b := range books {
		v.books = append(v.books, b.Name)
		v.marks = append(v.marks, pitwall.NewMarks(b.Cash))
		v.equity, v.flows = append(v.equity, make([]pitwall.EquityPoint, 0, data.Steps())), append(v.flows, nil)
		if len(books) > 1 {
			v.askedBy = append(v.askedBy, sha256.New())
		}
		spec.Books = append(spec.Books, engine.Account{Cash: b.Cash, Terms: b.Terms})
	}
	v.engine = engine.New(spec)
	for _, b := range books {
		if _, err := cfg.Journal.Append(context.Background(), pitwall.Entry{AsOf: cfg.From, Kind: pitwall.EntryStart, Book: b.Name, Amount: b.Cash}); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// choose looks up the symbols that may be traded.
func (v *Venue) choose() error {
	all := map[string]*pitwall.Series{}
	for _, s := range v.cfg.Source.Series() {
		all[s.Instrument.Symbol] = s
	}
	symbols := append([]string(nil), v.cfg.Symbols...)
	sort.Strings(symbols)
	for _, symbol := range symbols {
		s, ok := all[symbol]
		if !ok {
			return pitwall.Errorf(pitwall.UnknownSymbol, "there is no data for %q", symbol).Hintf("the data holds %s", names(v.cfg.Source))
		}
		switch in := s.Instrument; {
		case in.Kind == pitwall.Index || in.Kind == pitwall.Cash:
			return pitwall.Errorf(pitwall.NotTradable, "%s is an index level and cannot be traded", symbol).Hintf("it can be watched; trade a fund that follows it")
		case in.Kind == pitwall.FX && in.Currency != "USD":
			return pitwall.Errorf(pitwall.Unsupported, "%s is quoted in %s and the account is in USD", symbol, in.Currency).Hintf("one currency per world for now: there are no exchange rates; trade a pair quoted in USD")
		case len(v.list) > 0 && in.Currency != v.list[0].Instrument.Currency:
			return pitwall.Errorf(pitwall.Unsupported, "%s trades in %s and %s in %s", v.list[0].Instrument.Symbol, v.list[0].Instrument.Currency, symbol, in.Currency).Hintf("one currency per world for now: there are no exchange rates")
		}
		if _, twice := v.id[symbol]; twice {
			return pitwall.Errorf(pitwall.InvalidInput, "duplicate symbol %s", symbol)
		}
		v.id[symbol] = int32(len(v.list))
		v.list = append(v.list, s)
	}
	return nil
}

// checkTerms refuses accounts and rules that mean nothing.
func checkTerms(cfg Config) error {
	if p := cfg.Rules.Path; p != "" && p != pitwall.Provable && p != pitwall.OHLC && p != pitwall.Worst {
		return pitwall.Errorf(pitwall.InvalidInput, "path is %q", p).Hintf("use provable, worst or ohlc")
	}
	if cfg.Rules.Latency < 0 || cfg.Rules.VolumeShare < pitwall.NoVolumeLimit || cfg.Rules.VolumeShare > pitwall.One {
		return pitwall.Errorf(pitwall.InvalidNumber, "latency %v, volume_share %v", cfg.Rules.Latency, cfg.Rules.VolumeShare).Hintf("use a latency of 0 or more and a share of 0 to 1")
	}
	seen := map[string]bool{pitwall.MainBook: true}
	for _, b := range append([]Book{{Cash: cfg.Cash, Terms: cfg.Terms}}, cfg.Books...) {
		if b.Cash <= 0 && (b.Cash < 0 || b.Name != "" || len(cfg.Books) == 0) { // beside others the main book may hold none
			return pitwall.Errorf(pitwall.InvalidNumber, "cash is %v", b.Cash).Hintf("start with cash above 0")
		}
		if b.Name != "" && seen[b.Name] {
			return pitwall.Errorf(pitwall.InvalidInput, "duplicate book %q", b.Name)
		}
		seen[b.Name] = true
		t := b.Terms.WithDefaults()
		switch {
		case t.Type != pitwall.CashAccount && t.Type != pitwall.MarginAccount:
			return pitwall.Errorf(pitwall.InvalidInput, "account type is %q", t.Type).Hintf("use cash or margin")
		case t.SettleDays < 0 || t.SettleDays > 0 && t.Type == pitwall.MarginAccount:
			return pitwall.Errorf(pitwall.InvalidInput, "settle_days is %d in a %s account", t.SettleDays, t.Type).Hintf("settlement is for cash accounts: 0 or more sessions")
		case t.Type == pitwall.CashAccount && (t.BorrowRate != 0 || t.MarginRate != 0 || t.NoShorts || len(t.NoBorrow) > 0):
			return pitwall.Errorf(pitwall.InvalidInput, "a cash account has no shorts and no loans: borrow_rate, margin_rate, shorts and no_borrow mean nothing").Hintf("leave them out, or use type margin")
		}
		for _, m := range [...]pitwall.Dec{t.Initial, t.LongMaintenance, t.ShortMaintenance, t.FutureInitial, t.FutureMaintenance} {
			if m <= 0 || m > 10*pitwall.One {
				return pitwall.Errorf(pitwall.InvalidNumber, "a margin is %v", m).Hintf("margins are shares of the notional: 0.5 = 50 %%")
			}
		}
		if t.BorrowRate < 0 || t.MarginRate < 0 {
			return pitwall.Errorf(pitwall.InvalidNumber, "borrow_rate is %v and margin_rate %v", t.BorrowRate, t.MarginRate).Hintf("rates are shares a year: 0.03 = 3 %%")
		}
		if t.LongMaintenance > t.Initial || t.ShortMaintenance > t.Initial || t.FutureMaintenance > t.FutureInitial {
			return pitwall.Errorf(pitwall.InvalidNumber, "margins to open %v and %v, to keep %v long, %v short, %v futures", t.Initial, t.FutureInitial, t.LongMaintenance, t.ShortMaintenance, t.FutureMaintenance).
				Hintf("what keeps a position may not be more than what opens it")
		}
	}
	return nil
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

func (v *Venue) symbols() []string {
	names := make([]string, len(v.list))
	for i, l := range v.list {
		names[i] = l.Instrument.Symbol
	}
	return names
}

// Now implements pitwall.Clock.
func (v *Venue) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now()
}

func (v *Venue) now() time.Time { return v.time(v.engine.Now()) }

func (v *Venue) time(ns int64) time.Time { return time.Unix(0, ns).In(v.zone) }

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
	if v.engine.Now() > after.UnixNano() {
		return v.now(), nil
	}
	if err := v.step(ctx); errors.Is(err, io.EOF) {
		v.ended = !v.cfg.Grows
		return v.now(), io.EOF
	} else if err != nil {
		v.failed = err
		return time.Time{}, err
	}
	return v.now(), nil
}

// Extend goes on over a source that holds all that the old one did, and more bars
// behind it. The steps already made stay as they are.
func (v *Venue) Extend(src pitwall.Source) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	data, err := engine.NewData(src, v.cfg.Symbols, v.cfg.From, v.cfg.To)
	if err != nil {
		return err
	}
	if err := v.engine.Extend(data); err != nil {
		return err
	}
	for _, s := range src.Series() {
		if i, ok := v.id[s.Instrument.Symbol]; ok {
			v.list[i] = s
		}
	}
	v.cfg.Source = src
	return nil
}

// step makes one step and journals what it brought.
func (v *Venue) step(ctx context.Context) error {
	ok, err := v.engine.Step()
	if err != nil {
		at, _ := v.engine.Next()
		return fmt.Errorf("at %s: %w", v.time(at).Format(time.RFC3339), err)
	}
	if !ok {
		return io.EOF
	}
	if err := v.drain(ctx, nil); err != nil {
		return err
	}
	at := v.now()
	for i, name := range v.books {
		b := v.engine.Book(i)
		p := pitwall.EquityPoint{Time: at, Equity: b.Equity(), Cash: b.Cash}
		v.marks[i].Move(at, p.Equity, b.Capital+b.Realized+b.Dividends-b.Fees-b.Borrow)
		v.equity[i] = append(v.equity[i], p)
		if _, err := v.cfg.Journal.Append(ctx, pitwall.Entry{AsOf: at, Kind: pitwall.EntryMark, Book: name, Mark: &p}); err != nil {
			return err
		}
	}
	return nil
}

// Progress implements pitwall.SimClock.
func (v *Venue) Progress() pitwall.SimProgress {
	v.mu.Lock()
	defer v.mu.Unlock()
	sum := sha256.Sum256(append([]byte(v.engine.Digest()), v.asked.Sum(nil)...))
	return pitwall.SimProgress{From: v.cfg.From, To: v.cfg.To, Bars: v.engine.Steps(), Ended: v.ended, Digest: hex.EncodeToString(sum[:])}
}

// Equity returns the main book's equity points so far.
func (v *Venue) Equity() []pitwall.EquityPoint {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.curve(0)
}

// Flows implements pitwall.SimClock.
func (v *Venue) Flows(after time.Time) []pitwall.CashFlow {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.flowsOf(0, after)
}

// remember adds a request for a book to the digests as length-prefixed text.
func (v *Venue) remember(book string, texts ...string) {
	into := io.Writer(v.asked)
	if i, err := v.book(book); err == nil && len(v.askedBy) > 0 {
		into = io.MultiWriter(v.asked, v.askedBy[i])
	}
	for _, s := range texts {
		fmt.Fprintf(into, "%d:%s", len(s), s)
	}
	io.WriteString(into, "\n")
}

// book finds a book by name.
func (v *Venue) book(name string) (int, error) {
	if name == "" {
		return 0, nil
	}
	for i, b := range v.books {
		if b == name {
			return i, nil
		}
	}
	return 0, pitwall.Errorf(pitwall.Unsupported, "book %q: this world has %s", name, strings.Join(v.books, ", "))
}
