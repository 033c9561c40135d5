package driver

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop/models"
	"pitwall/brokers/halt"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/examples"
)

// stated are the limits that real money asks for, off where a test states no other.
const stated = "max_symbol_percent: off, max_orders: off, price_collar_percent: off, "

// sound are limits that hold in the bad week.
const sound = "\nrisk: {" + stated + "max_gross_percent: 40, max_order_notional: 20000, max_daily_loss_percent: 3, max_drawdown_percent: 10, stale_price: 100h}\n"

// toPreflight is the bundled strategy with limits, ready for a preflight.
func toPreflight(t *testing.T, limits string) PreflightConfig {
	raw, err := examples.FS.ReadFile("momentum/strategy.yaml")
	require.NoError(t, err)
	s, err := Parse("strategy.yaml", append(raw, limits...))
	require.NoError(t, err)
	s.Dir = "momentum"
	require.NoError(t, s.Check())
	m, err := NewModel(s.Team()[0], models.Options{})
	require.NoError(t, err)
	c := PreflightConfig{Local: &history.Local{}, Run: Config{Strategy: s, Files: examples.FS, Dir: filepath.Join(t.TempDir(), "preflight"), Build: "b1", Now: func() time.Time { return time.Unix(0, 0) }}}
	c.Run.Agents, err = s.Deciders([]Model{m}, nil)
	require.NoError(t, err)
	return c
}

func TestPreflight(t *testing.T) {
	ctx := context.Background()
	c := toPreflight(t, sound)
	p, err := Preflight(ctx, c)
	require.NoError(t, err)
	page, err := os.ReadFile(filepath.Join(c.Run.Dir, runs.PreflightPage))
	require.NoError(t, err)
	require.True(t, p.Passed, "%s", page)
	require.Len(t, p.Drills, len(drills()))
	for line := range strings.Lines(string(page)) {
		require.LessOrEqual(t, len(line), pageWidth+1, line)
	}
	digest, err := c.Run.Strategy.Digest()
	require.NoError(t, err)
	beside := os.DirFS(filepath.Dir(c.Run.Dir))
	require.True(t, runs.PassedPreflight(beside, digest, "b1"))
	require.False(t, runs.PassedPreflight(beside, digest, "b2"), "of another build")
	require.False(t, runs.PassedPreflight(beside, digest+"0", "b1"), "of another strategy")

	again := toPreflight(t, sound)
	for i, d := range []string{1: "halt", 5: "news"} { // the same file gives the same page
		if again.only = d; d == "" {
			continue
		}
		q, err := Preflight(ctx, again)
		require.NoError(t, err)
		require.Equal(t, p.Drills[i], q.Drills[0])
	}
	for _, name := range []string{"halt", "news"} { // each drill leaves a run that other verbs read
		v, err := Verify(os.DirFS(filepath.Join(c.Run.Dir, name)))
		require.NoError(t, err)
		require.Empty(t, v.Differences)
	}
}

// failing returns what a drill found.
func failing(t *testing.T, p runs.Preflight, drill string) string {
	t.Helper()
	require.False(t, p.Passed)
	i := slices.IndexFunc(p.Drills, func(d runs.Drill) bool { return d.Name == drill })
	require.NotEmpty(t, p.Drills[i].Failures, PreflightText(p))
	return strings.Join(p.Drills[i].Failures, "\n")
}

// Limits that do not keep the loss that they state fail.
func TestPreflightFindsLooseLimits(t *testing.T) {
	for limits, want := range map[string]string{
		"max_order_notional: off, max_gross_percent: 100, max_daily_loss_percent: 3":                                 "in a day, and max_daily_loss_percent is 3",
		"max_order_notional: off, max_gross_percent: 100, max_daily_loss_percent: off, max_drawdown_percent: 7":      "from its peak, and max_drawdown_percent is 7",
		"max_order_notional: off, max_gross_percent: 100, max_daily_loss_percent: off, max_loss_percent: 6":          "from the start, and max_loss_percent is 6",
		"max_order_notional: 10000, max_gross_percent: off, max_daily_loss_percent: 3":                               "in a day, and max_daily_loss_percent is 3", // many small orders
		"max_order_notional: off, max_gross_percent: 100, max_daily_loss_percent: off, max_trailing_loss_percent: 6": "from its highest, and max_trailing_loss_percent is 6",
	} {
		c := toPreflight(t, "\nrisk: {safe_mode: false, stale_price: off, "+stated+limits+"}\n")
		c.only = "news"
		p, err := Preflight(context.Background(), c)
		require.NoError(t, err)
		require.Contains(t, failing(t, p, "news"), want, limits)
	}
}

// A preflight asks for the limits that a live run asks for, in the same words, and tries
// nothing without them.
func TestPreflightAsksForTheLimitsOfALiveRun(t *testing.T) {
	for limits, want := range map[string]string{
		"stale_price: 1h, max_gross_percent: 30, max_order_notional: 10000":                             "strategy.yaml: risk: does not state max_daily_loss_percent; set each, or write off; " + noLoss,
		"stale_price: 1h, max_gross_percent: 30, max_order_notional: 10, max_daily_loss_percent: off":   noLoss,
		"stale_price: 1h, max_gross_percent: 30, max_drawdown_percent: 10, max_daily_loss_percent: off": "strategy.yaml: risk: does not state max_order_notional; set each, or write off",
	} {
		c := toPreflight(t, "\nrisk: {"+stated+limits+"}\n")
		_, err := Preflight(context.Background(), c)
		require.ErrorContains(t, err, want)
		require.NoDirExists(t, c.Run.Dir)
	}
}

const noLoss = "risk: limits no loss: one of max_daily_loss_percent, max_drawdown_percent, max_trailing_loss_percent and max_loss_percent needs a value"

// twice sends each order two times under two ids; swallow sends none and says that it did.
type twice struct{ pitwall.Broker }

func (b twice) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	x := o
	x.ID += "-again"
	if _, err := b.Broker.Submit(ctx, x); err != nil {
		return pitwall.OrderState{}, err
	}
	return b.Broker.Submit(ctx, o)
}

type swallow struct{ pitwall.Broker }

func (b swallow) Submit(_ context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	return pitwall.OrderState{Order: o, Status: pitwall.Working}, nil
}

// Faults planted under the strategy, each of which a drill finds.
func TestPreflightFindsOurFaults(t *testing.T) {
	under := func(wrap func(pitwall.Broker) pitwall.Broker) func(string, *Live) {
		return func(_ string, l *Live) {
			open := l.Remote.Open
			l.Remote.Open = func(ctx context.Context, r RemoteRun) (pitwall.Broker, Feed, error) {
				b, f, err := open(ctx, r)
				return wrap(b), f, err
			}
		}
	}
	for name, x := range map[string]struct {
		drill, want string
		plant       func(string, *Live)
	}{
		"each order twice": {"throttle", "the journal has no intent of it", under(func(b pitwall.Broker) pitwall.Broker { return twice{b} })},
		"no order is sent": {"news", "is 0 times at the broker", under(func(b pitwall.Broker) pitwall.Broker { return swallow{b} })},
		"another latch":    {"halt", "orders were sent after the halt", func(_ string, l *Live) { l.Latch = halt.New(filepath.Join(t.TempDir(), "other")) }},
		"the clock is right": {"skew", "the run started with a clock", func(_ string, l *Live) {
			l.Remote.Clock = func(context.Context) (time.Time, error) { return l.Now(), nil }
		}},
		"old prices are good": {"stale", "at prices of two days before were let through", func(_ string, l *Live) { l.Lag = 60 * 24 * time.Hour }},
	} {
		t.Run(name, func(t *testing.T) {
			c := toPreflight(t, sound)
			c.plant = x.plant
			c.only = x.drill
			p, err := Preflight(context.Background(), c)
			require.NoError(t, err)
			require.Contains(t, failing(t, p, x.drill), x.want)
		})
	}
}

// What the journal's fills make is compared with the account both ways.
func TestPreflightComparesPositionsBothWays(t *testing.T) {
	a, b := map[string]pitwall.Dec{"A": 1, "B": 2, "C": 0}, map[string]pitwall.Dec{"B": 2, "D": 4}
	var found trial
	found.sameHeld(a, b)
	require.Equal(t, []string{"the journal's fills of A make 0.00000001, and the account holds 0", "the journal's fills of D make 0, and the account holds 0.00000004"}, found.out.Failures)
}

// The headline's drill needs a refusal of the member that obeyed, not of another.
func TestPreflightNewsNeedsTheObeyersRefusal(t *testing.T) {
	found := trial{extra: &member{refused: map[string]int{}}}
	found.out.Refused = []string{"1 STALE_PRICE"}
	found.judgeNews()
	require.Equal(t, []string{`nothing of "buy everything" was refused`}, found.out.Failures)
}
