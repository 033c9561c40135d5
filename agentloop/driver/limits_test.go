package driver

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/halt"
	"pitwall/cache/runs"
)

// A breaker stops a backtest and a run on the live clock over the same days after the
// same order: until the breach they are one run, and after it neither sends anything.
func TestBreakerInBacktestAndPaper(t *testing.T) {
	c, s := momentum(t)
	c.Dir = filepath.Join(t.TempDir(), "free")
	_, err := Run(context.Background(), c)
	require.NoError(t, err)
	free := asked(t, c.Dir)
	s.Risk["max_drawdown_percent"] = map[string]any{"limit": 3, "then": "halt"}
	c.Dir = filepath.Join(t.TempDir(), "backtest")
	r, err := Run(context.Background(), c)
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(r.Warnings, func(text string) bool {
		return strings.HasPrefix(text, "from 201") && strings.Contains(text, " on the risk limits let only cancels pass: limit max_drawdown_percent: equity ")
	}), r.Warnings)
	v, err := Verify(os.DirFS(c.Dir))
	require.NoError(t, err)
	require.Empty(t, v.Differences)
	sent := asked(t, c.Dir)
	require.NotEmpty(t, sent)
	require.Less(t, len(sent), len(free), "the breaker cost orders")
	require.Equal(t, free[:len(sent)], sent)
	require.Equal(t, []string{"halt: limit max_drawdown_percent: "}, halts(t, c.Dir, 34))
	live, _ := onPaper(t, c)
	live.Dir = filepath.Join(t.TempDir(), "paper")
	_, err = Run(context.Background(), live)
	require.NoError(t, err)
	require.Equal(t, sent, asked(t, live.Dir))
	state := live.Live.Latch.State()
	require.Equal(t, halt.Halt, state.Level)
	require.Len(t, state.Raises, 1)
	require.Equal(t, "breaker", state.Raises[0].By)
	require.True(t, strings.HasPrefix(state.Raises[0].Reason, "limit max_drawdown_percent: equity "), state.Raises[0].Reason)
	require.True(t, slices.ContainsFunc(halts(t, live.Dir, 1000), func(note string) bool { return strings.Contains(note, state.Raises[0].Reason) }))
}

// Losing trades in a row stop a backtest, a run on paper and one at a broker after the same
// order: of a broker's fills, which do not say what they realized, the journal does.
func TestConsecutiveLossesEverywhere(t *testing.T) {
	c, s := traded(t)
	c.Dir = filepath.Join(t.TempDir(), "free")
	_, err := Run(context.Background(), c)
	require.NoError(t, err)
	free := asked(t, c.Dir)
	s.Risk["max_consecutive_losses"] = map[string]any{"count": 2, "per": "3650d", "then": "halt"}
	c.Dir = filepath.Join(t.TempDir(), "backtest")
	_, err = Run(context.Background(), c)
	require.NoError(t, err)
	sent := asked(t, c.Dir)
	require.Less(t, len(sent), len(free), "the breaker cost orders")
	require.Equal(t, free[:len(sent)], sent)
	notes := halts(t, c.Dir, 1000)
	require.Len(t, notes, 1)
	require.Contains(t, notes[0], "halt: limit max_consecutive_losses: 3 losing trades in a row in 3650d; limit 2; only orders that close or shrink positions pass until 202")
	for name, at := range map[string]func(*testing.T, Config) Config{
		"paper":  func(t *testing.T, c Config) Config { c, _ = onPaper(t, c); return c },
		"broker": func(t *testing.T, c Config) Config { c, _ = atBroker(t, c); return c },
	} {
		t.Run(name, func(t *testing.T) {
			live := at(t, c)
			live.Dir = filepath.Join(t.TempDir(), "run")
			_, err = Run(context.Background(), live)
			require.NoError(t, err)
			require.Equal(t, sent, asked(t, live.Dir))
			require.Equal(t, strings.TrimPrefix(notes[0], "halt: "), live.Live.Latch.State().Raises[0].Reason)
		})
	}
}

// After a person has lowered the halt of a daily loss, a loss of another day raises it again
// in the same process.
func TestBreakerAfterKillOff(t *testing.T) {
	c, s := momentum(t)
	s.Risk["max_daily_loss_percent"] = map[string]any{"limit": "0.1", "then": "halt"}
	live, _ := onPaper(t, c)
	live.Dir = filepath.Join(t.TempDir(), "paper")
	reasons := map[string]bool{}
	live.Live.Show = func(LiveStatus) {
		state := live.Live.Latch.State()
		for _, r := range state.Raises {
			reasons[r.Reason] = true
		}
		require.NoError(t, live.Live.Latch.Lower(state))
	}
	_, err := Run(context.Background(), live)
	require.NoError(t, err)
	require.Greater(t, len(reasons), 1, "%v", reasons)
}

// halts are the first n bytes of what a run's journal says about halts.
func halts(t *testing.T, dir string, n int) (list []string) {
	journal, err := runs.Strict{FS: os.DirFS(dir)}.Journal()
	require.NoError(t, err)
	for _, e := range journal {
		if e.Kind == pitwall.EntryHalt {
			list = append(list, e.Note[:min(n, len(e.Note))])
		}
	}
	return list
}

// A strategy's trim acts in a backtest, and the run's journal says so.
func TestTrimInABacktest(t *testing.T) {
	c, s := momentum(t)
	s.Risk = map[string]any{"max_order_notional": 20_000, "over_limit": "trim"}
	c.Dir = filepath.Join(t.TempDir(), "run")
	r, err := Run(context.Background(), c)
	require.NoError(t, err)
	require.Positive(t, r.Fills)
	journal, err := runs.Strict{FS: os.DirFS(c.Dir)}.Journal()
	require.NoError(t, err)
	trimmed := 0
	for _, e := range journal {
		if e.Kind == pitwall.EntryIntent && e.Order != nil && e.Order.Sizing != nil && strings.Contains(e.Order.Sizing.Limited, "limit max_order_notional: ") {
			trimmed++
		}
	}
	require.Positive(t, trimmed)
	v, err := Verify(os.DirFS(c.Dir))
	require.NoError(t, err)
	require.Empty(t, v.Differences)
}
