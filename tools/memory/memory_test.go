package memory_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/cache/runs"
	"pitwall/tools/memory"
	"pitwall/tools/report"
)

var start = time.Date(2024, 1, 2, 21, 0, 0, 0, time.UTC)

func day(n int) time.Time { return start.AddDate(0, 0, n) }

// bench is a memory over made-up closes, whose clock a test sets.
type bench struct {
	t       *testing.T
	journal *pitwall.MemoryJournal
	now     time.Time
	closes  []float64
	store   *memory.Store
	prefix  string // of the orders' reasons
}

func newBench(t *testing.T, c memory.Config) *bench {
	b := &bench{t: t, journal: &pitwall.MemoryJournal{}, now: day(0)}
	r := rand.New(rand.NewPCG(1, 2))
	for price := 100.0; len(b.closes) < 400; price *= 1 + 0.04*(r.Float64()-0.5) {
		b.closes = append(b.closes, math.Round(price*100)/100)
	}
	c.Journal, c.Market, c.Now = b.journal, b, func() time.Time { return b.now }
	var err error
	b.store, err = memory.New(c)
	require.NoError(t, err)
	b.add(pitwall.Entry{Kind: pitwall.EntryStart, Book: pitwall.MainBook, Amount: pitwall.Int(1000)})
	return b
}

func (b *bench) add(e pitwall.Entry) {
	if e.AsOf.IsZero() {
		e.AsOf = b.now
	}
	_, err := b.journal.Append(b.t.Context(), e)
	require.NoError(b.t, err)
}

// trade opens and closes a position of ten units.
func (b *bench) trade(turn int, symbol string, entry, exit float64) {
	for i, x := range []struct {
		side  pitwall.Side
		price float64
	}{{pitwall.Buy, entry}, {pitwall.Sell, exit}} {
		id := fmt.Sprintf("o%d-%s-%d", turn, symbol, i)
		o := pitwall.Order{ID: id, Symbol: symbol, Side: x.side, Reason: b.prefix + "reason " + id}
		b.add(pitwall.Entry{Kind: pitwall.EntryIntent, ID: id, Order: &o, Cause: pitwall.Cause{Turn: turn + i}})
		b.now = b.now.AddDate(0, 0, 1)
		b.add(pitwall.Entry{Kind: pitwall.EntryFill, ID: id, Cause: pitwall.Cause{Turn: turn + i},
			Fill: &pitwall.Fill{OrderID: id, Symbol: symbol, Side: x.side, Qty: pitwall.Int(10), Price: dec(x.price), Time: b.now.Add(-6 * time.Hour)}})
	}
}

func dec(f float64) pitwall.Dec { return pitwall.Dec(math.Round(f*1e4)) * (pitwall.One / 1e4) }

// Last, Bars, Count and Digest implement pitwall.Market with daily bars of AAA.
func (b *bench) Last(ctx context.Context, symbol string) (pitwall.Bar, error) {
	list, err := b.Bars(ctx, pitwall.BarQuery{Symbol: symbol})
	if err == nil && len(list) == 0 {
		err = pitwall.Errorf(pitwall.NoPrice, "no bar")
	}
	if err != nil {
		return pitwall.Bar{}, err
	}
	return list[len(list)-1], nil
}

func (b *bench) Bars(_ context.Context, q pitwall.BarQuery) (list []pitwall.Bar, _ error) {
	if q.Symbol != "AAA" {
		return nil, pitwall.Errorf(pitwall.UnknownSymbol, "there is no %s", q.Symbol)
	}
	for i, c := range b.closes {
		if known := day(i); !known.After(b.now) && known.After(q.After) {
			list = append(list, pitwall.Bar{Symbol: "AAA", Known: known, Close: dec(c)})
		}
	}
	return list, nil
}

func (b *bench) Count(context.Context, string) (int, error) { return 0, nil }
func (b *bench) Digest() string                             { return "d" }

func (b *bench) write(turn int, x pitwall.MemoryItem) (pitwall.MemoryItem, error) {
	return b.store.Write(pitwall.WithCause(b.t.Context(), pitwall.Cause{Turn: turn, Role: "critic"}), x)
}

func (b *bench) recall() pitwall.Memories {
	m, err := b.store.Recall(b.t.Context())
	require.NoError(b.t, err)
	return m
}

func TestTradesPlansAndLessons(t *testing.T) {
	b := newBench(t, memory.Config{})
	_, err := b.write(1, pitwall.MemoryItem{Kind: pitwall.Plan, Symbol: "AAA", Text: "t", Strategy: "trend", Regime: "bull", Expected: "a rise"})
	require.NoError(t, err)
	b.trade(1, "AAA", 100, 110)
	m := b.recall()
	require.Len(t, m.Trades, 1)
	x := m.Trades[0]
	require.Equal(t, []any{"1-AAA", "trend", "bull", "a rise", pitwall.Int(100), 0.1, "reason o1-AAA-0", b.now, b.now.Add(-6 * time.Hour)},
		[]any{x.ID, x.Strategy, x.Regime, x.Expected, x.Profit, math.Round(*x.Return*1e9) / 1e9, x.Reason, x.Known, x.Exit})
	lesson, err := b.write(3, pitwall.MemoryItem{Kind: pitwall.Lesson, Trade: "1-AAA", Text: "trends go on", Why: "as expected"})
	require.NoError(t, err)
	require.Equal(t, []any{"m2", "AAA", "trend", "bull", 3, "critic", b.now}, []any{lesson.ID, lesson.Symbol, lesson.Strategy, lesson.Regime, lesson.Turn, lesson.Role, lesson.Known})
	require.Equal(t, "m2", b.recall().Trades[0].Lesson)
	_, err = b.write(3, pitwall.MemoryItem{Kind: pitwall.Lesson, Trade: "1-AAA", Text: "again"})
	require.ErrorContains(t, err, "has the lesson m2 already")
	_, err = b.write(3, pitwall.MemoryItem{Kind: pitwall.Lesson, Trade: "9-AAA", Text: "again"})
	require.ErrorContains(t, err, `no closed trade has the id "9-AAA"`)

	traded := func(reason string, turn, steps int) string {
		other := newBench(t, memory.Config{})
		other.prefix = reason
		other.trade(turn, "AAA", 100, 110)
		other.now = other.now.AddDate(0, 0, steps)
		return other.store.Digest()
	}
	require.Equal(t, traded("", 1, 0), traded("", 1, 0))
	require.NotEqual(t, traded("", 1, 0), traded("another ", 1, 0), "the reason of a closed trade is shown")
	require.NotEqual(t, traded("", 1, 0), traded("", 2, 0), "its turn is shown")
	require.Equal(t, traded("", 1, -1), traded("another ", 2, -1), "it is not closed yet")

	b.now = b.now.AddDate(0, 0, -2) // before the exit was known
	m = b.recall()
	require.Empty(t, m.Trades)
	require.Len(t, m.Items, 1)
}

// Statistics agree with sums over the same trades, written down apart.
func TestStatistics(t *testing.T) {
	b := newBench(t, memory.Config{})
	exits := []float64{110, 95, 104, 90, 130}
	for i, exit := range exits {
		regime := []string{"bull", "bear"}[i%2]
		_, err := b.write(10*i+1, pitwall.MemoryItem{Kind: pitwall.Plan, Symbol: "AAA", Text: "t", Strategy: "trend", Regime: regime})
		require.NoError(t, err)
		b.trade(10*i+1, "AAA", 100, exit)
	}
	got := memory.Statistics(b.recall().Trades)
	require.Len(t, got, 3)
	bull, bear, all := got[0], got[1], got[2]
	require.Equal(t, []any{"trend", "bull", 3, 1.0}, []any{bull.Strategy, bull.Regime, bull.Trades, bull.WinRate})
	require.InDelta(t, (0.1+0.04+0.3)/3, bull.MeanReturn, 1e-12)
	require.Nil(t, bull.RewardToRisk)
	require.Zero(t, bear.WinRate)
	require.Nil(t, bear.RewardToRisk)
	mean := 0.29 / 5
	sd := math.Sqrt(((0.1-mean)*(0.1-mean) + (0.05+mean)*(0.05+mean) + (0.04-mean)*(0.04-mean) + (0.1+mean)*(0.1+mean) + (0.3-mean)*(0.3-mean)) / 4)
	require.Equal(t, []any{5, 0.6}, []any{all.Trades, all.WinRate})
	require.InDelta(t, mean/sd, *all.Sharpe, 1e-9)
	require.InDelta(t, (0.44/3)/(0.15/2), *all.RewardToRisk, 1e-9)
}

// Beliefs are scored when their horizon has passed and not a bar before, refined and
// retired ones too; scores and the calibration table equal a computation of their own.
func TestBeliefsAreScoredWhenTheyMature(t *testing.T) {
	b := newBench(t, memory.Config{})
	r := rand.New(rand.NewPCG(3, 4))
	type stated struct {
		id         string
		at, bars   int
		up         bool
		confidence float64
	}
	var all []stated
	for n := 5; n < 300; n += 2 {
		b.now = day(n)
		x := stated{at: n, bars: 1 + r.IntN(40), up: r.IntN(2) == 0, confidence: float64(r.IntN(101)) / 100}
		item := pitwall.MemoryItem{Kind: pitwall.Belief, Symbol: "AAA", Text: "b", Direction: map[bool]string{true: "up", false: "down"}[x.up], Horizon: x.bars, Confidence: &x.confidence}
		for _, s := range b.recall().Beliefs {
			if s.Status == pitwall.BeliefActive && s.Direction == item.Direction {
				_, err := b.write(n, item)
				require.ErrorContains(t, err, "says the same of AAA")
				item.Of = s.ID
			}
		}
		if len(all) > 0 && r.IntN(4) == 0 {
			_, err := b.write(n, pitwall.MemoryItem{Kind: pitwall.Retire, Of: all[r.IntN(len(all))].id, Text: "no more"})
			if err != nil {
				require.ErrorContains(t, err, "state a new one")
			} else if item.Of != "" {
				continue // perhaps the one to refine
			}
		}
		kept, err := b.write(n, item)
		require.NoError(t, err)
		x.id = kept.ID
		all = append(all, x)
	}
	for _, now := range []int{60, 299, 320, 399} {
		b.now = day(now)
		got := b.recall().Beliefs
		var hits, matured int
		var brier float64
		bins := map[int][]float64{}
		for _, x := range all {
			i := slices.IndexFunc(got, func(s pitwall.ScoredBelief) bool { return s.ID == x.id })
			if x.at > now {
				require.Negative(t, i)
				continue
			}
			s := got[i]
			if x.at+x.bars > now {
				require.Nil(t, s.Matured)
				require.Nil(t, s.Hit)
				continue
			}
			require.Equal(t, day(x.at+x.bars), *s.Matured)
			move := b.closes[x.at+x.bars] - b.closes[x.at]
			hit := move != 0 && (move > 0) == x.up
			require.Equal(t, hit, *s.Hit, "%+v: %v -> %v", x, b.closes[x.at], b.closes[x.at+x.bars])
			matured++
			outcome := 0.0
			if hit {
				hits++
				outcome = 1
			}
			brier += (x.confidence - outcome) * (x.confidence - outcome)
			bin := min(9, int(x.confidence*10))
			bins[bin] = append(bins[bin], outcome)
		}
		c := report.Calibrate(got)
		require.Equal(t, []int{len(got), matured, hits}, []int{c.Beliefs, c.Matured, c.Hits})
		require.InDelta(t, brier/float64(matured), c.Brier, 1e-12)
		require.InDelta(t, float64(hits)/float64(matured), c.HitRate, 1e-12)
		require.Len(t, c.Bins, len(bins))
		for _, x := range c.Bins {
			outcomes := bins[int(math.Round(x.From*10))]
			sum := 0.0
			for _, o := range outcomes {
				sum += o
			}
			require.Equal(t, len(outcomes), x.Beliefs)
			require.InDelta(t, sum/float64(len(outcomes)), x.HitRate, 1e-12)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	b := newBench(t, memory.Config{})
	half := 0.5
	for want, x := range map[string]pitwall.MemoryItem{
		"text is empty":          {Kind: pitwall.Note, Text: " \n"},
		"kind is":                {Kind: "thought", Text: "t"},
		"there is no BBB":        {Kind: pitwall.Note, Symbol: "BBB", Text: "t"},
		"direction is":           {Kind: pitwall.Belief, Symbol: "AAA", Text: "t", Horizon: 5, Confidence: &half},
		"horizon is 0 bars":      {Kind: pitwall.Belief, Symbol: "AAA", Text: "t", Direction: "up", Confidence: &half},
		"needs confidence":       {Kind: pitwall.Belief, Symbol: "AAA", Text: "t", Direction: "up", Horizon: 5},
		"needs the symbol":       {Kind: pitwall.Belief, Text: "t", Direction: "up", Horizon: 5, Confidence: &half},
		`no belief has the id`:   {Kind: pitwall.Retire, Of: "m7", Text: "t"},
		"a text of 2001 bytes":   {Kind: pitwall.Note, Text: string(make([]byte, 2001))},
		"no closed trade has":    {Kind: pitwall.Lesson, Text: "t"},
		`no belief has the id "`: {Kind: pitwall.Belief, Of: "m7", Text: "t", Direction: "up", Horizon: 5, Confidence: &half},
	} {
		before := b.journal.Last()
		_, err := b.write(1, x)
		require.ErrorContains(t, err, want)
		require.Equal(t, before, b.journal.Last(), "the journal holds what was refused: %s", want)
	}
}

// Episodes end with the month, or with a drawdown, until they are reviewed.
func TestEpisodes(t *testing.T) {
	b := newBench(t, memory.Config{Drawdown: 0.1})
	mark := func(n int, equity int64) {
		b.now = day(n)
		b.add(pitwall.Entry{Kind: pitwall.EntryMark, Book: pitwall.MainBook, Mark: &pitwall.EquityPoint{Time: b.now, Equity: pitwall.Int(equity)}})
	}
	mark(0, 1000)
	require.Empty(t, b.recall().Ended)
	mark(5, 1100)
	mark(6, 1000)
	require.Empty(t, b.recall().Ended)
	mark(7, 985)
	require.Equal(t, "drawdown of 10.45 % since 2024-01-07", b.recall().Ended)
	_, err := b.write(1, pitwall.MemoryItem{Kind: pitwall.Episode, Text: "reviewed"})
	require.NoError(t, err)
	require.Empty(t, b.recall().Ended, "the peak before the review counts no more")
	mark(40, 990)
	require.Equal(t, "month 2024-01", b.recall().Ended)
}

// The alert equals FinCon's rule over results that are computed apart.
func TestAlert(t *testing.T) {
	b := newBench(t, memory.Config{})
	r := rand.New(rand.NewPCG(5, 6))
	equity, before := int64(1000), 1000.0
	var results []float64
	alerts := 0
	for n := range 350 {
		equity += r.Int64N(21) - 9
		b.now = day(n)
		for range 1 + n%2 { // an hour earlier too: the day's last point counts
			b.add(pitwall.Entry{Kind: pitwall.EntryMark, Book: pitwall.MainBook, Mark: &pitwall.EquityPoint{Time: b.now, Equity: pitwall.Int(equity)}})
		}
		results = append(results, float64(equity)/before-1)
		before = float64(equity)
		mean := func(list []float64) float64 { // of the worst 1 %
			list = slices.Clone(list)
			slices.Sort(list)
			k, sum := (len(list)+99)/100, 0.0
			for _, x := range list[:k] {
				sum += x
			}
			return sum / float64(k)
		}
		require.InDelta(t, mean(results), memory.CVaR(results), 1e-15)
		want := results[n] < 0 || n > 0 && mean(results) < mean(results[:n])
		require.Equal(t, want, b.recall().Alert != "", "day %d", n)
		if want {
			alerts++
		}
	}
	require.Greater(t, alerts, 50)
	require.Less(t, alerts, 300)
}

// What is carried keeps its times and gets the name of its run; the future is refused.
func TestCarry(t *testing.T) {
	b := newBench(t, memory.Config{})
	b.trade(1, "AAA", 100, 110)
	half := 0.5
	for _, x := range []pitwall.MemoryItem{{Kind: pitwall.Lesson, Trade: "1-AAA", Text: "l"}, {Kind: pitwall.Belief, Symbol: "AAA", Text: "b", Direction: "up", Horizon: 3, Confidence: &half},
		{Kind: pitwall.Belief, Of: "m2", Text: "c", Direction: "down", Horizon: 300, Confidence: &half}} {
		_, err := b.write(2, x)
		require.NoError(t, err)
	}
	b.now = day(20)
	file, err := b.store.File(t.Context(), runs.MemoryOf{Run: "first", From: "2024-01-02", Until: b.now})
	require.NoError(t, err)
	raw := written(t, file)

	_, err = memory.Carry("m.jsonl", raw, day(20).Add(-time.Second))
	require.ErrorContains(t, err, "m.jsonl knows of 2024-01-22T21:00:00Z, and the run starts at 2024-01-22T20:59:59Z")
	early := file
	early.Of.Until = day(1) // the head lies: the lines count
	_, err = memory.Carry("m.jsonl", written(t, early), day(1))
	require.ErrorContains(t, err, "knows of")

	for want, spoil := range map[string]func(*pitwall.ScoredBelief){
		"belief m2 has confidence -1":                   func(b *pitwall.ScoredBelief) { minus := -1.0; b.Confidence = &minus },
		"belief m2 has no confidence":                   func(b *pitwall.ScoredBelief) { b.Confidence = nil },
		"has a horizon of 0 bars":                       func(b *pitwall.ScoredBelief) { b.Horizon = 0 },
		`has direction "side"`:                          func(b *pitwall.ScoredBelief) { b.Direction = "side" },
		`has status "sure"`:                             func(b *pitwall.ScoredBelief) { b.Status = "sure" },
		`is of kind "note"`:                             func(b *pitwall.ScoredBelief) { b.Kind = pitwall.Note },
		"has a part of matured, hit and brier":          func(b *pitwall.ScoredBelief) { b.Hit = nil },
		"belief m2 has a part of matured, hit":          func(b *pitwall.ScoredBelief) { b.Brier = nil },
		"line 4: belief m2 has a part of matured, hit":  func(b *pitwall.ScoredBelief) { b.Matured = nil },
		"m.jsonl is no memory of a run: line 4: belief": func(b *pitwall.ScoredBelief) { two := 2.0; b.Brier = &two },
	} {
		bad := file
		bad.Beliefs = slices.Clone(file.Beliefs)
		spoil(&bad.Beliefs[0])
		_, err = memory.Carry("m.jsonl", written(t, bad), day(20))
		require.ErrorContains(t, err, want)
	}
	carried, err := memory.Carry("m.jsonl", raw, day(20))
	require.NoError(t, err)
	second := newBench(t, memory.Config{Carried: carried})
	second.now = day(330)
	m := second.recall()
	require.Equal(t, []string{"first:1-AAA", "first", "first:m1"}, []string{m.Trades[0].ID, m.Trades[0].Run, m.Trades[0].Lesson})
	require.Equal(t, []string{"first:m1", "first:1-AAA"}, []string{m.Items[0].ID, m.Items[0].Trade})
	require.Equal(t, []string{"first:m2", pitwall.BeliefRefined}, []string{m.Beliefs[0].ID, m.Beliefs[0].Status})
	require.Equal(t, []string{"first:m3", "first:m2", pitwall.BeliefMatured}, []string{m.Beliefs[1].ID, m.Beliefs[1].Of, m.Beliefs[1].Status}, "a carried belief is scored in the later run")
	_, err = second.write(1, pitwall.MemoryItem{Kind: pitwall.Retire, Of: "first:m3", Text: "no more"})
	require.NoError(t, err)
	require.NotEqual(t, newBench(t, memory.Config{}).store.Digest(), newBench(t, memory.Config{Carried: carried}).store.Digest())

	file, err = second.store.File(t.Context(), runs.MemoryOf{Run: "second", Until: second.now})
	require.NoError(t, err)
	twice, err := memory.Carry("n.jsonl", written(t, file), day(400))
	require.NoError(t, err)
	require.Equal(t, []string{"first:m2", "first:m3"}, []string{twice.Beliefs[0].ID, twice.Beliefs[1].ID})
	require.Equal(t, "first:m3", twice.Items[len(twice.Items)-1].Of)

	file.Of.Run = "first" // two runs of one name
	file.Items = append(file.Items, pitwall.MemoryItem{ID: "m1", Kind: pitwall.Note, Text: "t"})
	_, err = memory.Carry("n.jsonl", written(t, file), day(400))
	require.ErrorContains(t, err, "holds first:m1 twice")
}

func written(t *testing.T, m runs.Memory) []byte {
	raw, err := m.Encode()
	require.NoError(t, err)
	return raw
}

// Search ranks by words and age, and finds by symbol and regime.
func TestSearch(t *testing.T) {
	items := []pitwall.MemoryItem{
		{ID: "old", Known: day(0), Symbol: "AAA", Regime: "bull", Text: "the stop was too near"},
		{ID: "new", Known: day(200), Symbol: "AAA", Regime: "bear", Text: "the stop was too near"},
		{ID: "other", Known: day(201), Symbol: "BBB", Regime: "bull", Text: "earnings surprised"},
	}
	ids := func(q memory.Query) (ids []string) {
		q.Limit = 10
		for _, x := range memory.Best(q, day(201), 90, items, memory.Item) {
			ids = append(ids, x.ID)
		}
		return ids
	}
	require.Equal(t, []string{"other", "new", "old"}, ids(memory.Query{}))
	require.Equal(t, []string{"new", "old"}, ids(memory.Query{Words: "stops near"}))
	require.Equal(t, []string{"old"}, ids(memory.Query{Words: "stop", Regime: "bull"}))
	require.Equal(t, []string{"other"}, ids(memory.Query{Symbols: []string{"BBB"}}))
	require.Empty(t, ids(memory.Query{Words: "dividend"}))
	items[0].Text += " near near"
	require.Equal(t, "old", memory.Best(memory.Query{Words: "near", Limit: 1}, day(201), 1e6, items, memory.Item)[0].ID, "a better match of old with hardly any decay")
	require.Equal(t, "new", memory.Best(memory.Query{Words: "near", Limit: 1}, day(201), 90, items, memory.Item)[0].ID)

	trades := []pitwall.MemoryTrade{{ID: "1", Symbol: "A"}, {ID: "2", Symbol: "B"}, {ID: "3", Symbol: "A"}, {ID: "4", Symbol: "A"}}
	require.Equal(t, []pitwall.MemoryTrade{trades[1], trades[2], trades[3]}, memory.Recent(trades, 2))
}
