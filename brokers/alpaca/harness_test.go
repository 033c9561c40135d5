package alpaca_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"pitwall"
	"pitwall/brokers/alpaca"
	"pitwall/brokers/alpacafake"
	"pitwall/cache/calendar"
	"pitwall/sim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type source []*pitwall.Series

func (s source) Series() []*pitwall.Series { return s }
func (source) Actions() []pitwall.Action   { return nil }

// days are forty flat days of a symbol at 100.
func days(symbol string, kind pitwall.Kind) *pitwall.Series {
	ny := calendar.NewYork()
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: symbol, Kind: kind, Lot: pitwall.One, Tick: pitwall.One / 100, Zone: ny.Zone, Calendar: ny.Name, Hours: ny, Tradable: true}, Size: 24 * time.Hour}
	for day := time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC); s.Len() < 40; day = day.AddDate(0, 0, 1) {
		if opens, closes, ok := s.Instrument.Session(day); ok {
			p := pitwall.Int(100)
			_ = s.Append(pitwall.Bar{Open: p, High: p, Low: p, Close: p, Volume: 1000, Start: opens, End: closes, Known: closes})
		}
	}
	return s
}

// world is a fake with one bar known, and how to reach it.
type world struct {
	*alpacafake.Server
	url  string
	wire *http.Transport
	list []pitwall.Instrument
}

// begin serves a fake with faults.
func begin(t testing.TB, faults ...alpacafake.Fault) *world {
	return beginWith(t, alpacafake.Config{Faults: faults, Cash: pitwall.Int(20_000)})
}

func beginWith(t testing.TB, cfg alpacafake.Config) *world {
	src := source{days("AAPL", pitwall.Equity), days("BTC/USD", pitwall.Crypto)}
	cfg.Source, cfg.Symbols, cfg.From = src, []string{"AAPL", "BTC/USD"}, time.Date(2024, 1, 2, 0, 0, 0, 0, calendar.NewYork().Zone)
	cfg.Rules = pitwall.Rules{VolumeShare: sim.DefaultVolumeShare}
	s, err := alpacafake.New(cfg)
	require.NoError(t, err)
	web := httptest.NewServer(s)
	w := &world{Server: s, url: web.URL, wire: &http.Transport{}, list: []pitwall.Instrument{src[0].Instrument, src[1].Instrument}}
	t.Cleanup(func() { s.Close(); w.wire.CloseIdleConnections(); web.CloseClientConnections(); web.Close() })
	require.NoError(t, s.Step(context.Background()))
	return w
}

// sleep waits a thousandth of what is asked.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	c, stop := context.WithTimeout(ctx, d/1000)
	defer stop()
	<-c.Done()
	return ctx.Err()
}

// broker is a broker of its own for the fake's account, as after a restart.
func (w *world) broker(t testing.TB, change ...func(*alpaca.Config)) *alpaca.Broker {
	cfg := alpaca.Config{Key: "k", Secret: "s", BaseURL: w.url, DataURL: w.url, Instruments: w.list, Now: w.Now, Sleep: sleep, Timeout: 150 * time.Millisecond, PerMinute: 1_000_000, Transport: w.wire}
	for _, f := range change {
		f(&cfg)
	}
	b, err := alpaca.New(cfg)
	require.NoError(t, err)
	return b
}

func market(id string, side pitwall.Side, qty int64) pitwall.Order {
	return pitwall.Order{ID: id, Symbol: "AAPL", Side: side, Type: pitwall.MarketOrder, Qty: pitwall.Int(qty), TIF: pitwall.GTC}
}

func resting(id string, qty int64) pitwall.Order {
	o := market(id, pitwall.Buy, qty)
	o.Type, o.Limit = pitwall.LimitOrder, pitwall.Int(50)
	return o
}
