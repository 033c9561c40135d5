package tools

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/tools/memory"
	"pitwall/tools/report"
)

// The tools of a memory.
const (
	memorySearchTool = "memory_search"
	memoryNoteTool   = "memory_note"
)

// Use says which tools the worlds of a set have use for.
type Use struct {
	Events  bool // there are some
	Memory  bool // the strategy has one
	Several bool // symbols may be traded
}

// UseOf returns what one world has use for.
func UseOf(w *pitwall.World) Use { return Use{w.Events, w.Memory != nil, w.Several} }

// Fit gives a set the tools that its worlds have use for.
func (s *Set) Fit(u Use) {
	if !u.Events {
		s.Remove(EventsTool)
	}
	if !u.Several {
		s.Remove(PortfolioTool)
	}
	if u.Memory {
		s.AddMemory()
	}
}

// AddMemory adds the tools of worlds with a memory: a set has them only for those.
func (s *Set) AddMemory() {
	add(s, Tool{Name: memorySearchTool, Title: "Search the memory", Idempotent: true,
		Description: "Your closed trades, lessons, notes and beliefs so far, best first: by the words of query (BM25) and recency, without query by recency. Statistics by strategy and regime; how often beliefs came true. " +
			"SQL has the same in memory_trades, memory_lessons and beliefs."}, memorySearch)
	add(s, Tool{Name: memoryNoteTool, Title: "Write into the memory", Effect: Change,
		Description: "Write down what is worth finding again. kind plan: what this turn's orders of a symbol are for (strategy, regime, expected). lesson: of a closed trade (trade, expected, why it came otherwise). " +
			"belief: that a symbol goes up or down within horizon bars, with confidence; it is scored then. of: the belief that a new one refines, or that is retired. episode: that the episode which ended was reviewed (memory_search says episode_ended until then). regime: the state of the market that you see from now on."}, memoryNote)
}

// withoutMemory is the answer of a world that has none.
func withoutMemory() error {
	return pitwall.Errorf(pitwall.NoCoverage, "this world has no memory").Hintf("memory: in the strategy file gives it one")
}

type searchIn struct {
	Query   string   `json:"query,omitempty"`
	Symbols []string `json:"symbols,omitempty"`
	Regime  string   `json:"regime,omitempty"`
	Kinds   []string `json:"kinds,omitempty" jsonschema:"of trade, lesson, note, plan, belief, episode, regime; default all but plan and regime"`
	Limit   *int     `json:"limit,omitempty" jsonschema:"of each kind, default 10, at most 100"`
}

type searchOut struct {
	Trades      []pitwall.MemoryTrade  `json:"trades"`
	Items       []pitwall.MemoryItem   `json:"items"`
	Beliefs     []pitwall.ScoredBelief `json:"beliefs"`
	Statistics  []memory.Statistic     `json:"statistics"`
	Calibration report.Calibration     `json:"calibration"`
	Ended       string                 `json:"ended"` // the episode that ended without a review
	Alert       string                 `json:"alert"` // why risk should be conservative
}

func memorySearch(ctx context.Context, w *pitwall.World, in searchIn) (searchOut, error) {
	out := searchOut{Trades: []pitwall.MemoryTrade{}, Items: []pitwall.MemoryItem{}, Beliefs: []pitwall.ScoredBelief{}, Statistics: []memory.Statistic{}, Calibration: report.Calibrate(nil)}
	if w.Memory == nil {
		return out, withoutMemory()
	}
	limit, err := atMost("limit", in.Limit, 10, 100)
	if err != nil {
		return out, err
	}
	all := []string{"trade", string(pitwall.Lesson), string(pitwall.Note), string(pitwall.Plan), string(pitwall.Belief), string(pitwall.Episode), string(pitwall.Regime)}
	for _, k := range in.Kinds {
		if !slices.Contains(all, k) {
			return out, pitwall.Errorf(pitwall.InvalidInput, "kinds names %q", k).Hintf("kinds are %s", strings.Join(all, ", "))
		}
	}
	wants := func(kind string) bool {
		return len(in.Kinds) == 0 && kind != string(pitwall.Plan) && kind != string(pitwall.Regime) || slices.Contains(in.Kinds, kind)
	}
	m, err := w.Memory.Recall(ctx)
	if err != nil {
		return out, err
	}
	now, q := w.Clock.Now(), memory.Query{Words: in.Query, Symbols: in.Symbols, Regime: in.Regime, Limit: limit}
	out.Ended, out.Alert = m.Ended, m.Alert
	if wants("trade") {
		out.Trades = append(out.Trades, memory.Best(q, now, m.HalfLife, memory.Recent(m.Trades, m.ShortTerm), memory.Trade)...)
		about := slices.DeleteFunc(slices.Clone(m.Trades), func(t pitwall.MemoryTrade) bool { return len(in.Symbols) > 0 && !slices.Contains(in.Symbols, t.Symbol) })
		out.Statistics = append(out.Statistics, memory.Statistics(about)...)
	}
	for _, kind := range all {
		if wants(kind) {
			items := slices.DeleteFunc(slices.Clone(m.Items), func(x pitwall.MemoryItem) bool { return string(x.Kind) != kind })
			out.Items = append(out.Items, memory.Best(q, now, m.HalfLife, items, memory.Item)...)
		}
	}
	if wants(string(pitwall.Belief)) {
		active := func(b pitwall.ScoredBelief) bool { return b.Status == pitwall.BeliefActive }
		first := memory.Best(q, now, m.HalfLife, slices.DeleteFunc(slices.Clone(m.Beliefs), func(b pitwall.ScoredBelief) bool { return !active(b) }), memory.Belief)
		rest := memory.Best(q, now, m.HalfLife, slices.DeleteFunc(slices.Clone(m.Beliefs), active), memory.Belief)
		both := append(first, rest...)
		out.Beliefs = append(out.Beliefs, both[:min(limit, len(both))]...)
		out.Calibration = report.Calibrate(m.Beliefs)
	}
	return out, nil
}

// percent writes a fraction as percent, blank if it is not known.
func percent(f *float64) any {
	if f == nil {
		return ""
	}
	return math.Round(*f*1e4) / 100
}

// optional writes a number, blank if it is not known.
func optional(f *float64) any {
	if f == nil {
		return ""
	}
	return math.Round(*f*1e4) / 1e4
}

func (o searchOut) text(w *pitwall.World) string {
	var t text
	day := func(at time.Time) string { return w.Time(at)[:len(time.DateOnly)] }
	t.block("trades", "id,symbol,side,entry,exit,return_percent,profit,strategy,regime,confidence,reason,expected,exit_reason,lesson", len(o.Trades), func(i int) []any {
		x := o.Trades[i]
		return []any{x.ID, x.Symbol, x.Side, day(x.Entry), day(x.Exit), percent(x.Return), x.Profit, x.Strategy, x.Regime, optional(x.Confidence), OneLine(x.Reason, 300), OneLine(x.Expected, 300), OneLine(x.ExitReason, 100), x.Lesson}
	})
	t.block("statistics", "strategy,regime,trades,win_rate_percent,mean_return_percent,sharpe_proxy,reward_to_risk", len(o.Statistics), func(i int) []any {
		x := o.Statistics[i]
		return []any{x.Strategy, x.Regime, x.Trades, percent(&x.WinRate), percent(&x.MeanReturn), optional(x.Sharpe), optional(x.RewardToRisk)}
	})
	t.block("notes", "id,kind,known,symbol,strategy,regime,trade,text,expected,why", len(o.Items), func(i int) []any {
		x := o.Items[i]
		return []any{x.ID, string(x.Kind), day(x.Known), x.Symbol, x.Strategy, x.Regime, x.Trade, OneLine(x.Text, maxNote), OneLine(x.Expected, maxNote), OneLine(x.Why, maxNote)}
	})
	t.block("beliefs", "id,stated,symbol,direction,horizon_bars,confidence,regime,status,hit,roles,text", len(o.Beliefs), func(i int) []any {
		x := o.Beliefs[i]
		hit := ""
		if x.Hit != nil {
			hit = fmt.Sprint(*x.Hit)
		}
		return []any{x.ID, day(x.Known), x.Symbol, x.Direction, x.Horizon, optional(x.Confidence), x.Regime, x.Status, hit, strings.Join(x.Roles, ";"), OneLine(x.Text, maxNote)}
	})
	body := t.marked(memorySearchTool, len(o.Trades)+len(o.Items)+len(o.Beliefs))
	var rest text
	if c := o.Calibration; c.Beliefs > 0 {
		rest.pairs("beliefs_stated", c.Beliefs, "matured", c.Matured, "came_true_percent", percent(&c.HitRate), "brier", optional(&c.Brier))
		if c.Matured > 0 {
			rest.block("calibration", "confidence_from,confidence_to,beliefs,mean_confidence,came_true_percent", len(c.Bins), func(i int) []any {
				b := c.Bins[i]
				return []any{b.From, b.To, b.Beliefs, optional(&b.Confidence), percent(&b.HitRate)}
			})
		}
	}
	if o.Ended != "" {
		rest.pairs("episode_ended", OneLine(o.Ended, 100))
	}
	if o.Alert != "" {
		rest.pairs("alert", o.Alert)
	}
	return body + rest.String()
}

// maxNote is how many characters of a text an answer shows.
const maxNote = 500

type noteIn struct {
	Text       string             `json:"text"`
	Kind       pitwall.MemoryKind `json:"kind,omitempty"`
	Symbol     string             `json:"symbol,omitempty"`
	Strategy   string             `json:"strategy,omitempty"`
	Regime     string             `json:"regime,omitempty"`
	Trade      string             `json:"trade,omitempty" jsonschema:"id of the closed trade that a lesson is of"`
	Expected   string             `json:"expected,omitempty"`
	Why        string             `json:"why,omitempty"`
	Direction  string             `json:"direction,omitempty"`
	Horizon    *int               `json:"horizon,omitempty" jsonschema:"bars"`
	Confidence *float64           `json:"confidence,omitempty" jsonschema:"0 to 1"`
	Roles      []string           `json:"roles,omitempty"`
	Of         string             `json:"of,omitempty"`
}

type noteOut struct {
	ID    string `json:"id"`
	Known string `json:"known"`
}

func (o noteOut) text(*pitwall.World) string {
	var t text
	t.pairs("id", o.ID, "known", o.Known)
	return t.String()
}

func memoryNote(ctx context.Context, w *pitwall.World, in noteIn) (noteOut, error) {
	if w.Memory == nil {
		return noteOut{}, withoutMemory()
	}
	x := pitwall.MemoryItem{Kind: cmp.Or(in.Kind, pitwall.Note), Symbol: in.Symbol, Text: in.Text, Strategy: in.Strategy, Regime: in.Regime, Trade: in.Trade, Expected: in.Expected, Why: in.Why, Direction: in.Direction, Confidence: in.Confidence, Roles: in.Roles, Of: in.Of}
	if in.Horizon != nil {
		x.Horizon = *in.Horizon
	}
	x, err := w.Memory.Write(ctx, x)
	if err != nil {
		return noteOut{}, err
	}
	return noteOut{x.ID, w.Time(x.Known)}, nil
}
