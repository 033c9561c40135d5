package agentloop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"pitwall"
)

// Recorder keeps the record of a run.
type Recorder interface {
	// EndTurn keeps a Turn (the same bytes on every run), its TurnLine, and what may
	// differ between runs.
	EndTurn(n int, turn []byte, line json.RawMessage, timing Timing) error
}

// Cache keeps what models answered. Requests are JSON objects; kind and slot
// group them. A nil Cache keeps nothing: a live world must have none.
type Cache interface {
	Get(kind, slot string, request []byte) ([]byte, error)
	// Put keeps the first answer to a request; another one is an error.
	Put(kind, slot string, request, body []byte) error
	// Differs says in which parts a request differs from the nearest one kept.
	Differs(kind, slot string, request []byte) (string, error)
}

// Config describes a run: agents, in the order of their turns, on one server.
type Config struct {
	Session  *mcp.ClientSession
	Agents   []Agent
	Recorder Recorder
	Cache    Cache            // may be nil
	Strict   bool             // ask no model: what is not recorded ends the run
	Sample   int              // tells repeated runs of the same thing apart in the cache
	Turns    int              // end before a further turn, as asked; 0 = no limit
	Now      func() time.Time // host time, for timing only
	Progress func(Progress)   // called after each move of the clock; may be nil
	Stop     <-chan struct{}  // closed: end after the turn
	Log      *slog.Logger     // one line per turn; may be nil

	Fork *Fork // the run parts from an earlier one; nil = it does not

	// Of a run that goes on after a stop: the number of its last turn, and where each
	// agent stood. What triggers compare a move with begins anew.
	Made int
	Past map[string]Past
}

// Past is where an agent of an earlier process stood.
type Past struct {
	AsOf    string // of its last turn, but for shadow turns; empty = it had none
	Bars    int    // since then
	Shadows int    // shadow turns
	USD     pitwall.Dec
	Tokens  int // both of the whole run, for its budget
}

// Progress is where a run stands.
type Progress struct {
	AsOf   time.Time
	Equity float64
	Bars   int
	Turns  int
	Spent  pitwall.Dec // new USD so far, of agents whose price is known
	Cached int         // replies that came from the cache
}

// Outcome is how a run ended.
type Outcome struct {
	Bars       int
	Turns      int
	Asleep     int // looks at which an agent with Wake had no turn, or one without effect
	Failed     int // turns that a model's failure or the time limit ended
	ModelCalls int // new ones
	CacheHits  int // replies that came from the cache
	ToolCalls  int // made or, of a turn that came from the cache, recorded
	Usage      Usage
	Cost       *pitwall.Dec // new USD; nil when a price was not known
	Recorded   *pitwall.Dec // USD that the replies from the cache cost once; nil alike
	Ended      bool         // the replay was passed to its end; false = stopped before
	Stopped    string       // why it was stopped, when that was neither Stop nor ctx: a budget, Turns
	Requested  bool         // it was stopped before its end because Config.Turns asked for that
	Warnings   map[string]int
	Notes      []string // what servers were found to need, once each
	First      string   // the first warning of a model's failure or a cache's, with its words
	ToolError  string   // the first error of a tool: the tool and its words
}

// count adds a turn's warnings.
func (o *Outcome) count(list []Warning) {
	for _, w := range list {
		o.Warnings[w.Kind]++
		if w.Kind == "tool_error" && o.ToolError == "" {
			o.ToolError = w.Detail
		}
	}
}

// loop is a run in progress.
type loop struct {
	Config
	home   *world // of Config.Session
	agents []*agentState
	out    Outcome
	acted  bool // an agent had a turn since the clock's last move
}

// world is what agents trade in: a session, and the turns that were had in it.
type world struct {
	client  client
	server  string // its name and version
	turns   int    // so far, those of an earlier process included
	shadows int    // of them, turns that no other turn's text may show
	tools   []Tool
	traits  map[string]trait
}

// errBudget and errTurns end a run cleanly.
var (
	errBudget = errors.New("budget")
	errTurns  = errors.New("turns")
)

// Run drives the agents until the replay ends, a budget is used up, Stop closes,
// or ctx ends.
func Run(ctx context.Context, cfg Config) (Outcome, error) {
	zero := [2]pitwall.Dec{}
	l := &loop{Config: cfg, home: &world{client: client{session: cfg.Session}, turns: cfg.Made}, out: Outcome{Warnings: map[string]int{}, Cost: &zero[0], Recorded: &zero[1]}}
	if l.Recorder == nil || l.Now == nil {
		return l.out, errors.New("a run needs a recorder and the host's time")
	}
	if l.Log == nil {
		l.Log = slog.New(slog.DiscardHandler)
	}
	if err := l.start(ctx); err != nil {
		return l.out, err
	}
	now, err := l.home.client.call(ctx, speaker{}, Call{Name: "clock_now"})
	if err != nil {
		return l.out, err
	}
	if now.IsError {
		return l.out, errors.New(now.Text)
	}
	var start struct {
		AsOf string `json:"as_of"`
	}
	now.read(&start)
	after := start.AsOf
	l.out.Turns = l.Made
	for _, a := range l.agents {
		a.lastText = after
		a.world.shadows += l.Past[a.Name].Shadows
		if err := a.resume(l.Past[a.Name]); err != nil {
			return l.out, err
		}
	}
	for {
		select {
		case <-l.Stop:
			return l.out, nil
		default:
		}
		snap, err := l.next(ctx, after)
		if err != nil {
			return l.out, err
		}
		after, l.acted = snap.asOf, false
		if err := l.bar(ctx, snap); errors.Is(err, errBudget) || errors.Is(err, errTurns) {
			return l.out, nil
		} else if err != nil {
			return l.out, err
		}
		if l.Progress != nil {
			l.Progress(Progress{snap.time, snap.equity, l.out.Bars, l.out.Turns - l.Made, l.spent(), l.out.CacheHits})
		}
		if snap.ended {
			l.out.Ended = true
			return l.out, nil
		}
	}
}

// start reads what does not change during a run: tools and prompts.
func (l *loop) start(ctx context.Context) error {
	if err := checkAgents(l.Config.Agents); err != nil {
		return err
	}
	worlds := []*world{l.home}
	for _, a := range l.Config.Agents {
		w := l.home
		if a.Session != nil {
			i := slices.IndexFunc(worlds, func(x *world) bool { return x.client.session == a.Session })
			if i < 0 {
				i, worlds = len(worlds), append(worlds, &world{client: client{session: a.Session}})
			}
			w = worlds[i]
		}
		if err := w.open(ctx); err != nil {
			return err
		}
		s, err := newAgent(a, w.tools, w.traits)
		if err != nil {
			return err
		}
		s.world = w
		if err := s.read(func(prompt string) (string, error) { return w.client.system(ctx, prompt) }); err != nil {
			return err
		}
		l.agents = append(l.agents, s)
	}
	return nil
}

// open reads what does not change in a world, once.
func (w *world) open(ctx context.Context) (err error) {
	if w.traits == nil {
		w.tools, w.traits, err = w.client.tools(ctx)
		w.server = w.client.server()
	}
	return err
}

// bar gives every agent that is due its turn, in the stated order.
func (l *loop) bar(ctx context.Context, snap snapshot) error {
	for _, a := range l.agents {
		a.passed += snap.advanced
		a.unlooked += snap.advanced
		own, told, why := snap, a.world == l.home && a.lastText == snap.from && !l.acted, ""
		var err error
		if a.world != l.home && a.looks() && snap.advanced > 0 { // what gives it a turn is what happened in its world
			if own, err = l.since(ctx, a, snap); err != nil {
				return err
			}
			told = true
		}
		a.event = a.event || own.event
		if snap.advanced > 0 {
			if why, err = l.why(ctx, a, own); err != nil {
				return err
			}
		}
		if why == "" {
			continue
		}
		if l.Turns > 0 && l.out.Turns-l.Made == l.Turns {
			l.out.Requested, l.out.Stopped = true, fmt.Sprintf("--turns %d", l.Turns)
			return errTurns
		}
		if !told { // more than this move to tell: all that happened since its last turn
			if own, err = l.since(ctx, a, snap); err != nil {
				return err
			}
		}
		own.advanced = a.passed
		if why == whyShadow { // as if it had not been
			if err := l.turn(ctx, a, own, why); err != nil {
				return fmt.Errorf("turn %d at %s: %w", l.out.Turns, snap.asOf, err)
			}
			continue
		}
		a.passed, a.event, a.last, a.lastText = 0, false, snap.time, snap.asOf
		closes := snap.closes
		if a.world != l.home {
			closes = own.closes
		}
		for _, b := range closes {
			a.closes[b.symbol] = b.close
		}
		l.acted, a.ordered = true, false
		if err := l.turn(ctx, a, own, why); err != nil {
			return fmt.Errorf("turn %d at %s: %w", l.out.Turns, snap.asOf, err)
		}
		for _, b := range l.agents {
			if a.ordered && b != a && b.world == a.world && b.lastText == snap.asOf { // had its turn at this bar: "since" does not tell it
				b.disturbed = true
			}
		}
	}
	return nil
}

// spent is the new money of all agents.
func (l *loop) spent() (usd pitwall.Dec) {
	if l.out.Cost != nil {
		return *l.out.Cost
	}
	return 0
}
