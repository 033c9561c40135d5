package driver

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/halt"
)

// A flatten closes what the account holds, in a symbol that the run does not trade too, and
// says so beside the latch. A halt does what the strategy asks of it.
func TestFlattenClosesTheAccount(t *testing.T) {
	ctx := context.Background()
	for _, x := range []struct {
		level  halt.Level
		onHalt string
		held   int
	}{{halt.Flatten, "", 0}, {halt.Halt, "flatten", 0}, {halt.Halt, "keep", 2}} {
		c, s := traded(t)
		s.To, s.OnHalt, s.Risk = "2014-01-31", x.onHalt, map[string]any{"max_order_notional": 200_000}
		c, e := atBroker(t, c)
		require.NoError(t, e.Wait(ctx, e.Now().Add(20*time.Hour)))
		o, err := e.fake.Venue().Submit(ctx, pitwall.Order{ID: "app", Symbol: "OTHER", Side: pitwall.Buy, Type: pitwall.MarketOrder, Qty: pitwall.Int(7), TIF: pitwall.GTC})
		require.NoError(t, err)
		require.Equal(t, pitwall.Working, o.Status, o.Error)
		require.NoError(t, e.Wait(ctx, e.Now().Add(48*time.Hour)))
		var alerts told
		c.Live.Alert, c.Dir = alerts.tell, filepath.Join(t.TempDir(), "run")
		step, raised := e.wait, false
		e.wait = func(now time.Time) { // once the run holds something beside OTHER
			step(now)
			a, err := e.fake.Venue().Account(ctx, pitwall.MainBook)
			if err == nil && !raised && len(a.Positions) == 2 {
				raised = true
				err = c.Live.Latch.Raise(halt.Raise{Level: x.level, By: "ann", Reason: "test", At: now})
			}
			if err != nil {
				t.Error(err)
			}
		}
		_, err = Run(ctx, c)
		require.NoError(t, err)
		require.True(t, raised, "%v %v", c.Live.Latch.State(), alerts.list)
		a, err := e.fake.Venue().Account(ctx, pitwall.MainBook)
		require.NoError(t, err)
		require.Len(t, a.Positions, x.held, "%+v", x)
		reports, err := c.Live.Latch.Reports(c.Live.Latch.State())
		require.NoError(t, err)
		if x.held > 0 {
			require.Empty(t, reports)
			continue
		}
		require.Len(t, reports, 1)
		require.True(t, reports[0].Done)
		require.Equal(t, "run run, account PA3FAKE00000 at alpaca", reports[0].Who)
		require.Contains(t, reports[0].Text, "sell 7 OTHER")
		require.True(t, alerts.has("; run run, account PA3FAKE00000 at alpaca; pitwall kill off lets it send orders again"), "%v", alerts.list)
	}
}

func TestOnHaltIsUnderstood(t *testing.T) {
	for text, want := range map[string]string{"flaten": `on_halt is "flaten"`, "flatten_perpetuals": `on_halt is "flatten_perpetuals"`} {
		s, err := Parse("s.yaml", []byte("symbols: [AAPL]\ndata: [x]\non_halt: "+text+"\nagent: {model: script/buyhold}\n"))
		require.NoError(t, err)
		require.ErrorContains(t, s.Check(), want)
		require.ErrorContains(t, s.Check(), "no broker here trades them")
	}
	s, err := Parse("s.yaml", []byte("symbols: [AAPL]\ndata: [x]\napprove: some\nagent: {model: script/buyhold}\n"))
	require.NoError(t, err)
	require.ErrorContains(t, s.Check(), `approve is "some"`)
}

// url: is a server of this machine, never Alpaca's own host, whose clock is not followed
// either.
func TestURLIsOfThisMachine(t *testing.T) {
	sleep := func(context.Context, time.Duration) error { return nil }
	for url, ok := range map[string]bool{"http://127.0.0.1:8099": true, "http://localhost:1": true, "http://[::1]:8099": true, "": true,
		"https://paper-api.alpaca.markets": false, "https://api.alpaca.markets": false, "http://10.0.0.7:8099": false, "http://127.0.0.1.example": false} {
		for _, live := range []bool{false, true} {
			r, err := Alpaca(AlpacaConfig{Key: "k", Secret: "s", URL: url, Live: live, Now: time.Now, Sleep: sleep})
			require.Equal(t, ok, err == nil, "%s %v: %v", url, live, err)
			if ok && url == "" {
				_, _, err = HostClock{}.Following(context.Background(), r)
				require.ErrorContains(t, err, "is not followed")
			}
		}
	}
}
