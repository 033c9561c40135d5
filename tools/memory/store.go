package memory

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"pitwall"
	"pitwall/cache/runs"
	"pitwall/tools/report"
)

// Config says what a memory is made of.
type Config struct {
	Journal     pitwall.Journal
	Market      pitwall.Market
	Now         func() time.Time
	Zone        *time.Location         // whose days and months count; nil = UTC
	Multipliers map[string]pitwall.Dec // of contracts, by symbol
	Episode     string                 // week, month or quarter; empty = month
	Drawdown    float64                // a fall from the episode's peak that ends it; 0 = none does
	ShortTerm   int                    // trades of a symbol that count as recent; 0 = 10
	HalfLife    float64                // days after which a memory counts half; 0 = 90
	Carried     runs.Memory            // from an earlier run
}

// Store implements [pitwall.Memory].
type Store struct {
	Config

	mu      sync.Mutex
	read    int64           // the journal's entries that are taken
	entries []pitwall.Entry // that trades are made of
	items   []pitwall.MemoryItem
	own     int // items that this run wrote
	points  []pitwall.EquityPoint
	start   pitwall.EquityPoint
	digest  [sha256.Size]byte

	trips  []report.RoundTrip // of the first booked entries
	booked int
}

var _ pitwall.Memory = (*Store)(nil)

// New returns the memory of a world.
func New(c Config) (*Store, error) {
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	c.Episode = cmp.Or(c.Episode, Month)
	if !slices.Contains([]string{Week, Month, Quarter}, c.Episode) {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "episode is %q", c.Episode).Hintf("use week, month or quarter")
	}
	c.ShortTerm, c.HalfLife = cmp.Or(c.ShortTerm, 10), cmp.Or(c.HalfLife, 90)
	s := &Store{Config: c}
	raw, err := json.Marshal([]any{c.Episode, c.Drawdown, c.ShortTerm, c.HalfLife, c.Carried})
	if err != nil {
		return nil, fmt.Errorf("encoding what is carried: %w", err)
	}
	s.digest = sha256.Sum256(raw)
	for _, b := range c.Carried.Beliefs {
		s.items = append(s.items, b.MemoryItem)
	}
	s.items = append(s.items, c.Carried.Items...)
	return s, nil
}

// sync takes what the journal has that is new. The caller has the lock.
func (s *Store) sync(ctx context.Context) error {
	last := s.Journal.Last()
	if s.read >= last {
		return nil
	}
	for e, err := range s.Journal.Follow(ctx, s.read+1) {
		if err != nil {
			return fmt.Errorf("reading the journal: %w", err)
		}
		s.take(e)
		if s.read = e.Seq; e.Seq >= last {
			return nil
		}
	}
	return nil
}

func (s *Store) take(e pitwall.Entry) {
	switch {
	case e.Kind == pitwall.EntryMemory && e.Memory != nil:
		s.items, s.own = append(s.items, *e.Memory), s.own+1
		if raw, err := json.Marshal(e.Memory); err == nil { // it came from JSON, or was encoded for the journal
			s.digest = sha256.Sum256(append(s.digest[:], raw...))
		}
	case e.Kind == pitwall.EntryStart && e.Book == pitwall.MainBook && s.start.Time.IsZero():
		s.start = pitwall.EquityPoint{Time: e.AsOf, Equity: e.Amount}
	case e.Kind == pitwall.EntryMark && e.Mark != nil && e.Book == pitwall.MainBook:
		s.points = append(s.points, *e.Mark)
	case e.Kind == pitwall.EntryIntent, e.Kind == pitwall.EntryOrder, e.Kind == pitwall.EntryFill, e.Kind == pitwall.EntryCash:
		s.entries = append(s.entries, e)
	}
}

// Digest implements [pitwall.Memory].
func (s *Store) Digest() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.sync(context.Background()); err != nil {
		return "unreadable: " + err.Error() // no digest of a journal that was read
	}
	trades, err := s.trades(s.Now(), nil) // what plans and lessons add is in what was written
	if err != nil {
		return "unreadable: " + err.Error()
	}
	raw, err := json.Marshal(trades)
	if err != nil {
		return "unreadable: " + err.Error()
	}
	sum := sha256.Sum256(append(s.digest[:], raw...))
	return hex.EncodeToString(sum[:])
}

// Recall implements [pitwall.Memory].
func (s *Store) Recall(ctx context.Context) (pitwall.Memories, error) {
	return s.recall(ctx, s.Now())
}

// recall returns what is known at a time that is not after the clock's.
func (s *Store) recall(ctx context.Context, now time.Time) (m pitwall.Memories, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.sync(ctx); err != nil {
		return m, err
	}
	known := slices.DeleteFunc(slices.Clone(s.items), func(x pitwall.MemoryItem) bool { return x.Known.After(now) })
	if m.Trades, err = s.trades(now, known); err != nil {
		return m, err
	}
	if m.Beliefs, err = s.beliefs(ctx, now, known); err != nil {
		return m, err
	}
	for _, x := range known {
		if x.Kind != pitwall.Belief {
			m.Items = append(m.Items, x)
		}
	}
	points := s.points[:len(s.points):len(s.points)]
	for len(points) > 0 && points[len(points)-1].Time.After(now) {
		points = points[:len(points)-1]
	}
	m.Ended, m.Alert = s.ended(now, points, known), s.alert(points)
	m.ShortTerm, m.HalfLife = s.ShortTerm, s.HalfLife
	return m, nil
}

// maxText bounds what is written at once, in bytes.
const maxText = 2000

// Write implements [pitwall.Memory].
func (s *Store) Write(ctx context.Context, x pitwall.MemoryItem) (pitwall.MemoryItem, error) {
	m, err := s.Recall(ctx)
	if err != nil {
		return x, err
	}
	for _, text := range []*string{&x.Text, &x.Expected, &x.Why, &x.Strategy, &x.Regime} {
		*text = strings.TrimSpace(*text)
		if len(*text) > maxText {
			return x, pitwall.Errorf(pitwall.InvalidInput, "a text of %d bytes", len(*text)).Hintf("write at most %d", maxText)
		}
	}
	if err := s.check(ctx, &x, m); err != nil {
		return x, err
	}
	cause, by := pitwall.CauseFrom(ctx), pitwall.CallerFrom(ctx)
	s.mu.Lock()
	x.ID = fmt.Sprintf("m%d", s.own+1)
	s.mu.Unlock()
	x.Known, x.Turn, x.Role, x.Run = s.Now(), cause.Turn, cause.Role, ""
	if _, err := s.Journal.Append(ctx, pitwall.Entry{AsOf: x.Known, Kind: pitwall.EntryMemory, Cause: cause, By: &by, ID: x.ID, Memory: &x}); err != nil {
		return x, fmt.Errorf("writing %s into the journal: %w", x.ID, err)
	}
	return x, nil
}

// check refuses what could not be used later, and fills in what follows from what it
// refers to.
func (s *Store) check(ctx context.Context, x *pitwall.MemoryItem, m pitwall.Memories) error {
	bad := func(format string, args ...any) *pitwall.Error {
		return pitwall.Errorf(pitwall.InvalidInput, format, args...)
	}
	if x.Text == "" {
		return bad("text is empty").Hintf("write a sentence that will be understood later")
	}
	switch x.Kind {
	case pitwall.Note, pitwall.Plan, pitwall.Episode:
		return s.refer(ctx, x)
	case pitwall.Regime:
		if x.Regime == "" {
			return bad("regime is empty").Hintf("name the state of the market, as plans do")
		}
		return s.refer(ctx, x)
	case pitwall.Lesson:
		i := slices.IndexFunc(m.Trades, func(t pitwall.MemoryTrade) bool { return t.ID == x.Trade })
		switch {
		case i < 0:
			return bad("no closed trade has the id %q", x.Trade).Hintf("memory_search lists closed trades with their ids")
		case m.Trades[i].Lesson != "":
			return bad("trade %s has the lesson %s already", x.Trade, m.Trades[i].Lesson).Hintf("write a note to add to it")
		}
		x.Symbol, x.Strategy, x.Regime = m.Trades[i].Symbol, m.Trades[i].Strategy, m.Trades[i].Regime
		return nil
	case pitwall.Retire:
		b, err := standing(m.Beliefs, x.Of)
		x.Symbol = b.Symbol
		return err
	case pitwall.Belief:
		switch {
		case x.Direction != "up" && x.Direction != "down":
			return bad("direction is %q", x.Direction).Hintf("use up or down")
		case x.Horizon < 1 || x.Horizon > pitwall.MaxHorizon:
			return bad("horizon is %d bars", x.Horizon).Hintf("use 1 to %d", pitwall.MaxHorizon)
		case x.Confidence == nil || !(*x.Confidence >= 0 && *x.Confidence <= 1):
			return bad("a belief needs confidence").Hintf("give a number from 0 to 1: the share of such beliefs that should come true")
		}
		if x.Of != "" {
			b, err := standing(m.Beliefs, x.Of)
			if err == nil && x.Symbol != "" && x.Symbol != b.Symbol {
				err = bad("belief %s is about %s, not %s", x.Of, b.Symbol, x.Symbol).Hintf("state a new belief")
			}
			x.Symbol = b.Symbol
			if err == nil {
				err = said(*x, m.Beliefs)
			}
			return err
		}
		if x.Symbol == "" {
			return bad("a belief needs the symbol that it is about")
		}
		if err := said(*x, m.Beliefs); err != nil {
			return err
		}
		return s.refer(ctx, x)
	}
	return bad("kind is %q", x.Kind).Hintf("use note, plan, lesson, belief, retire, episode or regime")
}

// said refuses a belief beside an active one that says the same; the one that it refines
// makes room.
func said(x pitwall.MemoryItem, beliefs []pitwall.ScoredBelief) error {
	for _, b := range beliefs {
		if b.Status == pitwall.BeliefActive && b.ID != x.Of && b.Symbol == x.Symbol && b.Direction == x.Direction && b.Regime == x.Regime {
			return pitwall.Errorf(pitwall.InvalidInput, "belief %s says the same of %s", b.ID, x.Symbol).Hintf("refine it: of: %s", b.ID)
		}
	}
	return nil
}

// refer refuses a symbol that has no bar yet.
func (s *Store) refer(ctx context.Context, x *pitwall.MemoryItem) error {
	if x.Symbol == "" {
		return nil
	}
	_, err := s.Market.Last(ctx, x.Symbol)
	return err
}

// standing returns a belief that can be refined or retired.
func standing(list []pitwall.ScoredBelief, id string) (pitwall.ScoredBelief, error) {
	i := slices.IndexFunc(list, func(b pitwall.ScoredBelief) bool { return b.ID == id })
	switch {
	case i < 0:
		return pitwall.ScoredBelief{}, pitwall.Errorf(pitwall.InvalidInput, "no belief has the id %q", id).Hintf("memory_search lists beliefs with their ids")
	case list[i].Status == pitwall.BeliefRefined || list[i].Status == pitwall.BeliefRetired:
		return list[i], pitwall.Errorf(pitwall.InvalidInput, "belief %s was %s", id, list[i].Status).Hintf("state a new one")
	}
	return list[i], nil
}
