package driver

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/alpacafake"
	"pitwall/brokers/halt"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/examples"
)

// bars is a source with the corporate actions of another one.
type bars struct {
	list    []*pitwall.Series
	actions []pitwall.Action
}

func (b bars) Series() []*pitwall.Series { return b.list }
func (b bars) Actions() []pitwall.Action { return b.actions }

// exchange is a fake Alpaca whose bars come with a host's clock.
type exchange struct {
	*hostTime
	fake *alpacafake.Server
	url  string
	wire *http.Transport
	end  time.Time // of the recorded bars
}

// newExchange serves the bars of a config's strategy from its first day on; symbols are
// what it lists, the benchmark and one that the run does not know among them.
func newExchange(t *testing.T, c Config, actions []pitwall.Action, faults ...alpacafake.Fault) *exchange {
	from, to, err := c.Strategy.Window(c.Source)
	require.NoError(t, err)
	list := bars{actions: actions}
	var symbols []string
	for _, s := range c.Source.Series() {
		shown := *s // the run's own data say nothing of what may be traded
		shown.Instrument.Tradable = true
		list.list, symbols = append(list.list, &shown), append(symbols, s.Instrument.Symbol)
	}
	other := *list.list[0] // which the run does not know
	other.Instrument.Symbol = "OTHER"
	list.list, symbols = append(list.list, &other), append(symbols, "OTHER")
	spec, err := c.Strategy.Spec()
	require.NoError(t, err)
	x := &exchange{hostTime: &hostTime{now: from}, wire: &http.Transport{}, end: to}
	x.fake, err = alpacafake.New(alpacafake.Config{Source: list, Symbols: symbols, From: from, To: to, Cash: spec.Cash, Costs: spec.Costs, Rules: spec.Rules, Faults: faults})
	require.NoError(t, err)
	web := httptest.NewServer(x.fake)
	t.Cleanup(func() { x.fake.Close(); x.wire.CloseIdleConnections(); web.CloseClientConnections(); web.Close() })
	x.url = web.URL
	over := false
	x.wait = func(now time.Time) { // the exchange's clock follows the host's
		for !over {
			if next := firstKnown(list, x.fake.Now()); next.IsZero() || next.After(now) {
				return
			}
			err := x.fake.Step(context.Background())
			if over = errors.Is(err, io.EOF); err != nil && !over {
				t.Error(err)
				return
			}
		}
	}
	return x
}

// firstKnown returns when the first bar after a time becomes known, zero when none is left.
func firstKnown(list bars, at time.Time) (first time.Time) {
	for _, s := range list.list {
		if i := s.KnownAt(at.UnixNano()); i < s.Len() {
			if known := s.Bar(i).Known; first.IsZero() || known.Before(first) {
				first = known
			}
		}
	}
	return first
}

// remote is the fake's account for a run.
func (x *exchange) remote(t *testing.T) *Remote {
	r, err := Alpaca(AlpacaConfig{Key: "k", Secret: "s", URL: x.url, Now: x.Now, Transport: x.wire, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	require.NoError(t, err)
	r.Every, r.Watch = 24*time.Hour, nil
	return r
}

// atBroker makes a config a run at a fake broker over its own recorded bars; it stops
// behind the last one.
func atBroker(t *testing.T, c Config, faults ...alpacafake.Fault) (Config, *exchange) {
	return atExchange(t, c, newExchange(t, c, c.Source.Actions(), faults...))
}

func atExchange(t *testing.T, c Config, x *exchange) (Config, *exchange) {
	stop := make(chan struct{})
	step, ended := x.wait, false
	x.wait = func(now time.Time) {
		step(now)
		if !ended && !now.Before(x.end) {
			ended = true
			close(stop)
		}
	}
	c.Stop = stop
	c.Live = &Live{Remote: x.remote(t), Latch: halt.New(filepath.Join(t.TempDir(), "halt")), Now: x.Now, Wait: x.Wait, Lag: time.Second}
	return c, x
}

// traded is the bundled strategy as a broker can trade it: free, and without an index.
func traded(t *testing.T) (Config, *Strategy) {
	c, s := momentum(t)
	var none pitwall.Dec
	s.Benchmark, s.Costs = "", &Costs{CommissionBps: &none, SlippageBps: &none}
	require.NoError(t, s.Check())
	var err error
	c.Source, err = s.Load(context.Background(), examples.FS, &history.Local{})
	require.NoError(t, err)
	return c, s
}

// One strategy file places the same orders at the same bars in a backtest and at a broker.
func TestBrokerIsTheBacktest(t *testing.T) {
	ctx := context.Background()
	c, _ := traded(t)
	c.Dir = filepath.Join(t.TempDir(), "backtest")
	backtest, err := Run(ctx, c)
	require.NoError(t, err)
	live, x := atBroker(t, c)
	live.Dir = filepath.Join(t.TempDir(), "broker")
	got, err := Run(ctx, live)
	require.NoError(t, err)
	require.Greater(t, len(asked(t, c.Dir)), 5)
	require.Equal(t, asked(t, c.Dir), asked(t, live.Dir))
	require.Equal(t, []any{backtest.Turns, backtest.Bars, backtest.Fills, backtest.FinalEquity}, []any{got.Turns, got.Bars, got.Fills, got.FinalEquity})
	require.Equal(t, halt.Off, live.Live.Latch.State().Level, live.Live.Latch.State())
	m, err := runs.Strict{FS: os.DirFS(live.Dir)}.Manifest()
	require.NoError(t, err)
	require.Equal(t, "paper", m.Mode)
	require.Equal(t, "PA3FAKE00000", m.Broker.Account)
	sent, err := x.fake.Venue().Orders(ctx, pitwall.OrderQuery{})
	require.NoError(t, err)
	require.Len(t, sent, len(asked(t, live.Dir)), "each intent is one order")
}

// preflown is a folder of runs with one preflight of a strategy.
func preflown(t *testing.T, s *Strategy, passed bool) fs.FS {
	digest, err := s.Digest()
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "preflight-1"), 0o755))
	require.NoError(t, runs.Preflight{Digest: digest, Passed: passed}.Write(filepath.Join(dir, "preflight-1"), "page"))
	return os.DirFS(dir)
}

// At a live account a run starts with all ten gates open, and with none missing: each
// that is closed is named, and nothing is left behind.
func TestLiveIsArmed(t *testing.T) {
	c, s := traded(t)
	s.To = "2013-05-24"
	at, x := atBroker(t, c)
	armed := func() Config {
		c := at
		live := *at.Live
		live.Remote = x.remote(t)
		live.Remote.Mode = pitwall.Live
		live.Arming = Arming{Flag: true, Understands: "true", Profile: true, Typed: "PA3FAKE00000"}
		live.Latch = halt.New(filepath.Join(t.TempDir(), "halt"))
		c.Live, c.Dir = &live, filepath.Join(t.TempDir(), "runs", "one")
		live.Preflights = preflown(t, s, true)
		return c
	}
	require.NoError(t, x.Wait(context.Background(), x.Now().Add(20*time.Hour)))
	maps.Copy(s.Risk, map[string]any{"max_symbol_percent": 100, "max_daily_loss_percent": 5, "max_orders": "off", "price_collar_percent": 10})
	limits := s.Risk
	var other pitwall.Broker // of another run
	for name, shut := range map[string]func(*Config){
		"--live was not given":                        func(c *Config) { c.Live.Arming.Flag = false },
		"I_UNDERSTAND_LIVE_TRADING is \"yes\"":        func(c *Config) { c.Live.Arming.Understands = "yes" },
		"the broker's profile does not say live":      func(c *Config) { c.Live.Arming.Profile = false },
		"is \"PA1\" and the broker answers \"PA3FAKE": func(c *Config) { c.Live.Arming.Typed = "PA1" },
		"the strategy states no limits": func(c *Config) {
			s.Risk = nil
			c.Live.Preflights = preflown(t, s, true)
		},
		"risk: does not state max_daily_loss_percent, max_orders; set each, or write off": func(c *Config) {
			s.Risk = maps.Clone(limits)
			delete(s.Risk, "max_orders")
			delete(s.Risk, "max_daily_loss_percent")
			c.Live.Preflights = preflown(t, s, true)
		},
		noLoss: func(c *Config) {
			s.Risk = maps.Clone(limits)
			for key := range s.Risk {
				if strings.Contains(key, "_loss_") || key == "max_drawdown_percent" {
					s.Risk[key] = "off"
				}
			}
			c.Live.Preflights = preflown(t, s, true)
		},
		"no preflight of this strategy":                           func(c *Config) { c.Live.Preflights = nil },
		"no preflight of this strategy, as it is now, has passed": func(c *Config) { c.Live.Preflights = preflown(t, s, false) },
		"as it is now, has passed with this build":                func(c *Config) { c.Build = "another" },
		"run pitwall preflight FILE": func(c *Config) {
			s.Risk = maps.Clone(limits)
			s.Risk["max_order_notional"] = 1
		},
		"the journal cannot be written": func(c *Config) {
			require.NoError(t, os.WriteFile(filepath.Dir(c.Dir), nil, 0o600))
		},
		"another run of Pitwall has the open order pw1-a": func(c *Config) {
			c.Live.Adopt = true // clears differences, and no order of others
			in := c.Source.Series()[0].Instrument
			in.Tradable = true
			b, _, err := c.Live.Remote.Open(context.Background(), RemoteRun{Now: x.Now, Symbols: []string{"AAPL"}, Prefix: "pw1-", Instruments: []pitwall.Instrument{in}})
			require.NoError(t, err)
			o, err := b.Submit(context.Background(), pitwall.Order{ID: "a", Symbol: "AAPL", Side: pitwall.Buy, Type: pitwall.LimitOrder, Limit: pitwall.Int(1), Qty: pitwall.Int(1), TIF: pitwall.GTC})
			require.NoError(t, err)
			require.Equal(t, pitwall.Working, o.Status, o.Error)
			other = b
		},
		"the halt latch is halt since": func(c *Config) {
			require.NoError(t, c.Live.Latch.Raise(halt.Raise{Level: halt.Halt, By: "t", Reason: "r", At: x.Now()}))
		},
		"the host's clock differs from the broker's by 3s": func(c *Config) {
			c.Live.Remote.Clock = func(context.Context) (time.Time, error) { return x.Now().Add(-3 * time.Second), nil }
		},
	} {
		t.Run(name, func(t *testing.T) {
			s.Risk = limits
			c := armed()
			c.Live.Remote.Clock = func(context.Context) (time.Time, error) { return x.Now(), nil }
			shut(&c)
			_, err := Run(context.Background(), c)
			require.ErrorContains(t, err, "live trading is not armed, 1 of 10 gates are closed; nothing was started:\n  - ")
			require.ErrorContains(t, err, name)
			require.NoDirExists(t, c.Dir)
			if other != nil {
				_, err := other.Cancel(context.Background(), "a")
				require.NoError(t, err)
				other = nil
			}
		})
	}
	s.Risk = limits
	armedOnce := armed()
	armedOnce.Live.Remote.Clock = func(context.Context) (time.Time, error) { return x.Now(), nil }
	r, err := Run(context.Background(), armedOnce)
	require.NoError(t, err)
	require.Equal(t, "live", r.Mode)
	require.Contains(t, r.Warnings, "live: orders go to account PA3FAKE00000 at a server of your own ("+strings.TrimPrefix(x.url, "http://")+"), not to alpaca")
}
