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
	"pitwall/agentloop"
)

// tradedLive runs the bundled strategy at a fake broker; change may plant a difference
// before it starts.
func tradedLive(t *testing.T, change func(c *Config, x *exchange)) (DriftConfig, *exchange) {
	c, s := traded(t)
	s.From, s.To, s.Every, c.Agents[0].Every.Bars = "2014-02-03", "2014-03-14", "1", 1
	agents := slices.Clone(c.Agents)
	c, x := atBroker(t, c)
	c.Dir = filepath.Join(t.TempDir(), "run")
	if change != nil {
		change(&c, x)
	}
	_, err := Run(context.Background(), c)
	require.NoError(t, err)
	require.NotEmpty(t, asked(t, c.Dir))
	return DriftConfig{Folder: os.DirFS(c.Dir), Strategy: s, History: c.Source, Agents: agents, Dir: t.TempDir(), Now: func() time.Time { return time.Unix(0, 0) }}, x
}

// causes lists what a comparison found: what, and why.
func causes(d Drift) (list []string) {
	for _, x := range d.Differences {
		list = append(list, x.What+" "+string(x.Cause))
	}
	return list
}

// A run at the fake without faults has no drift.
func TestNoDrift(t *testing.T) {
	c, _ := tradedLive(t, nil)
	c.Feed = c.History
	d, err := FindDrift(context.Background(), c)
	require.NoError(t, err)
	require.Empty(t, d.Differences)
	require.True(t, d.Decided)
	require.GreaterOrEqual(t, d.Fills, 3)
}

// wrongBar is a feed that shows one bar with other prices than those that traded.
type wrongBar struct {
	Feed
	day   time.Time
	wrong func(*pitwall.Bar)
}

func (f wrongBar) Bars(ctx context.Context, now time.Time) ([]pitwall.Bar, error) {
	list, err := f.Feed.Bars(ctx, now)
	list = slices.Clone(list)
	for i := range list {
		if list[i].Start.Format(time.DateOnly) == f.day.Format(time.DateOnly) {
			f.wrong(&list[i])
		}
	}
	return list, err
}

// seeing plants another bar into what a run sees.
func seeing(day time.Time, wrong func(*pitwall.Bar)) func(*Config, *exchange) {
	return func(c *Config, _ *exchange) {
		open := c.Live.Remote.Open
		c.Live.Remote.Open = func(ctx context.Context, r RemoteRun) (pitwall.Broker, Feed, error) {
			b, f, err := open(ctx, r)
			return b, wrongBar{f, day, wrong}, err
		}
	}
}

// slow sends the orders of one day a bar later.
type slow struct {
	pitwall.Broker
	x    *exchange
	when time.Time
}

func (b slow) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	if b.x.Now().After(b.when) {
		if err := b.x.fake.Step(ctx); err != nil {
			return pitwall.OrderState{}, err
		}
	}
	return b.Broker.Submit(ctx, o)
}

// odd is a model that does nothing on the day on which the strategy's first orders.
type odd struct {
	agentloop.Model
	day time.Time
}

func (m odd) Reply(ctx context.Context, r agentloop.Request) (agentloop.Reply, error) {
	if strings.Contains(r.Messages[0].User, m.day.Format(time.DateOnly)) {
		return agentloop.Reply{Text: "RESULT: not today"}, nil
	}
	return m.Model.Reply(ctx, r)
}

// Planted differences of each cause are named rightly.
func TestDriftNamesTheCause(t *testing.T) {
	base, _ := tradedLive(t, nil)
	first, err := FindDrift(context.Background(), base)
	require.NoError(t, err)
	require.Empty(t, first.Differences)
	sent, filled := firstFill(t, base)
	for name, x := range map[string]struct {
		plant func(*Config, *exchange)
		want  string
		feed  bool
	}{
		"the bar of a fill":     {seeing(filled, func(b *pitwall.Bar) { b.Open += pitwall.One / 4; b.High = max(b.High, b.Open) }), "price data", true},
		"the bar of a decision": {seeing(sent, func(b *pitwall.Bar) { b.Close /= 2; b.Low = min(b.Low, b.Close) }), "decision data", true},
		"a commission that the broker does not take": {func(c *Config, _ *exchange) {
			bps, none := pitwall.Int(10), pitwall.Dec(0)
			c.Strategy.Costs = &Costs{CommissionBps: &bps, SlippageBps: &none}
		}, "fee fees", false},
		"slippage of the broker": {func(c *Config, _ *exchange) {
			other, s := *c, *c.Strategy
			bps, none := pitwall.Int(7), pitwall.Dec(0)
			s.Costs = &Costs{CommissionBps: &none, SlippageBps: &bps}
			other.Strategy = &s
			live := *c.Live
			*c, _ = atExchange(t, *c, newExchange(t, other, nil))
			c.Live.Latch = live.Latch
		}, "price fees", false},
		"a late order": {func(c *Config, x *exchange) {
			open := c.Live.Remote.Open
			c.Live.Remote.Open = func(ctx context.Context, r RemoteRun) (pitwall.Broker, Feed, error) {
				b, f, err := open(ctx, r)
				return slow{b, x, sent}, f, err
			}
		}, "price latency", false},
		"a model that differs": {func(c *Config, _ *exchange) {
			c.Agents = slices.Clone(c.Agents)
			c.Agents[0].Model = odd{c.Agents[0].Model, sent}
		}, "decision model", false},
		"a turn that was missed": {func(c *Config, x *exchange) {
			done := false
			c.Progress = func(agentloop.Progress) {
				x.mu.Lock()
				defer x.mu.Unlock()
				if !done && x.now.After(sent.AddDate(0, 0, -4)) {
					x.now, done = sent.Add(26*time.Hour), true
				}
			}
		}, "decision latency", false},
	} {
		if testing.Short() && name != "a late order" {
			continue // one is enough for the race detector
		}
		t.Run(name, func(t *testing.T) {
			c, _ := tradedLive(t, x.plant)
			if x.feed {
				c.Feed = c.History
			}
			d, err := FindDrift(context.Background(), c)
			require.NoError(t, err)
			t.Log(causes(d), d.Notes)
			require.NotEmpty(t, d.Differences)
			require.Equal(t, x.want, causes(d)[0], "%+v", d.Differences[0])
		})
	}
}

// firstFill returns when the first filled order of a run was sent, and the day of its fill.
func firstFill(t *testing.T, c DriftConfig) (sent, filled time.Time) {
	d := &driftRun{DriftConfig: c}
	require.NoError(t, d.read())
	for _, o := range d.orders.List {
		if len(o.Fills) > 0 {
			return o.Sent, o.Fills[0].Time
		}
	}
	t.Fatal("no fill")
	return sent, filled
}
