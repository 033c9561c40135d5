package alpaca_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/alpaca"
	"pitwall/brokers/alpacafake"
)

// Every order kind, class and time in force that the tools offer is taken, comes back as
// what was asked, also after a restart; or is refused before anything is sent.
func TestOrderKinds(t *testing.T) {
	ctx := context.Background()
	coin := func(o *pitwall.Order) { o.Symbol = "BTC/USD" }
	set := func(kind pitwall.OrderType, limit, stop int64) func(o *pitwall.Order) {
		return func(o *pitwall.Order) { o.Type, o.Limit, o.Stop = kind, pitwall.Int(limit), pitwall.Int(stop) }
	}
	tif := func(x pitwall.TIF) func(o *pitwall.Order) { return func(o *pitwall.Order) { o.TIF = x } }
	legs := func(l ...pitwall.Leg) func(o *pitwall.Order) { return func(o *pitwall.Order) { o.Legs = l } }
	target, stop := pitwall.Leg{Role: pitwall.TakeProfit, Limit: pitwall.Int(200)}, pitwall.Leg{Role: pitwall.StopLoss, Stop: pitwall.Int(50)}
	for name, x := range map[string]struct {
		change []func(o *pitwall.Order)
		taken  bool
	}{
		"market":               {nil, true},
		"market day":           {[]func(o *pitwall.Order){tif(pitwall.Day)}, true},
		"market opg":           {[]func(o *pitwall.Order){tif(pitwall.OPG)}, true},
		"market cls":           {[]func(o *pitwall.Order){tif(pitwall.CLS)}, true},
		"limit ioc":            {[]func(o *pitwall.Order){set(pitwall.LimitOrder, 50, 0), tif(pitwall.IOC)}, true},
		"limit fok":            {[]func(o *pitwall.Order){set(pitwall.LimitOrder, 50, 0), tif(pitwall.FOK)}, true},
		"stop":                 {[]func(o *pitwall.Order){set(pitwall.StopOrder, 0, 150)}, true},
		"stop limit":           {[]func(o *pitwall.Order){set(pitwall.StopLimit, 160, 150)}, true},
		"trail":                {[]func(o *pitwall.Order){func(o *pitwall.Order) { o.Type, o.Trail = pitwall.TrailingStop, pitwall.Int(5) }}, true},
		"trail percent":        {[]func(o *pitwall.Order){func(o *pitwall.Order) { o.Type, o.TrailPercent = pitwall.TrailingStop, pitwall.Int(5) }}, true},
		"bracket":              {[]func(o *pitwall.Order){legs(target, stop)}, true},
		"oto":                  {[]func(o *pitwall.Order){legs(stop)}, true},
		"oto target":           {[]func(o *pitwall.Order){legs(target)}, true},
		"bracket stop limit":   {[]func(o *pitwall.Order){legs(target, pitwall.Leg{Role: pitwall.StopLoss, Stop: pitwall.Int(50), Limit: pitwall.Int(49)})}, true},
		"bracket percent":      {[]func(o *pitwall.Order){legs(target, pitwall.Leg{Role: pitwall.StopLoss, Percent: pitwall.Int(5)})}, false},
		"bracket trailing":     {[]func(o *pitwall.Order){legs(target, pitwall.Leg{Role: pitwall.StopLoss, Trail: pitwall.Int(5)})}, false},
		"bracket ioc":          {[]func(o *pitwall.Order){legs(target, stop), tif(pitwall.IOC)}, false},
		"bracket stop entry":   {[]func(o *pitwall.Order){legs(target, stop), set(pitwall.StopOrder, 0, 150)}, false},
		"gtd":                  {[]func(o *pitwall.Order){tif(pitwall.GTD), func(o *pitwall.Order) { o.GoodTill = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC) }}, false},
		"group":                {[]func(o *pitwall.Order){func(o *pitwall.Order) { o.Group = "g" }}, false},
		"book":                 {[]func(o *pitwall.Order){func(o *pitwall.Order) { o.Book = "pod" }}, false},
		"reduce only, nothing": {[]func(o *pitwall.Order){func(o *pitwall.Order) { o.Side, o.ReduceOnly = pitwall.Sell, true }}, false},
		"symbol":               {[]func(o *pitwall.Order){func(o *pitwall.Order) { o.Symbol = "NONE" }}, false},
		"id of an exit":        {[]func(o *pitwall.Order){func(o *pitwall.Order) { o.ID = "a.tp" }}, false},
		"id of a change":       {[]func(o *pitwall.Order){func(o *pitwall.Order) { o.ID = "a~r1" }}, false},
		"long id":              {[]func(o *pitwall.Order){func(o *pitwall.Order) { o.ID = strings.Repeat("x", 128) }}, false},
		"coin":                 {[]func(o *pitwall.Order){coin}, true},
		"coin ioc":             {[]func(o *pitwall.Order){coin, tif(pitwall.IOC)}, true},
		"coin stop limit":      {[]func(o *pitwall.Order){coin, set(pitwall.StopLimit, 160, 150)}, true},
		"coin stop":            {[]func(o *pitwall.Order){coin, set(pitwall.StopOrder, 0, 150)}, false},
		"coin day":             {[]func(o *pitwall.Order){coin, tif(pitwall.Day)}, false},
		"coin fok":             {[]func(o *pitwall.Order){coin, tif(pitwall.FOK)}, false},
		"coin bracket":         {[]func(o *pitwall.Order){coin, legs(target, stop)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			b := w.broker(t)
			o := market("a", pitwall.Buy, 10)
			for _, f := range x.change {
				f(&o)
			}
			s, err := b.Submit(ctx, o)
			require.NoError(t, err)
			if !x.taken {
				require.Equal(t, pitwall.Rejected, s.Status)
				require.NotEmpty(t, s.Error.Message)
				require.Equal(t, 0, w.Requests("POST /v2/orders"), "refused before it was sent")
				return
			}
			require.Nil(t, s.Error)
			require.Equal(t, pitwall.Working, s.Status)
			again, err := w.broker(t).Submit(ctx, o) // after a restart
			require.NoError(t, err)
			for _, got := range []pitwall.OrderState{s, again} {
				want := o.WithDefaults()
				require.Equal(t, []any{want.Symbol, want.Side, want.Type, want.Class, want.Qty, want.Limit, want.Stop, want.Trail, want.TrailPercent, want.TIF},
					[]any{got.Symbol, got.Side, got.Type, got.Class, got.Qty, got.Limit, got.Stop, got.Trail, got.TrailPercent, got.TIF})
			}
			require.Len(t, sent(t, w), 1)
			o.Qty = pitwall.Int(11)
			_, err = w.broker(t).Submit(ctx, o)
			require.Equal(t, pitwall.IdempotencyConflict, pitwall.CodeOf(err), "another body after a restart")
		})
	}
}

// Prices are rounded to the cent, never to the trader's harm, and the note says so.
func TestTick(t *testing.T) {
	w := begin(t)
	o := resting("a", 1)
	o.Limit = pitwall.Int(50) + pitwall.One/1000
	s, err := w.broker(t).Submit(context.Background(), o)
	require.NoError(t, err)
	require.Equal(t, pitwall.Int(50), s.Limit)
	require.Equal(t, "limit 50.001 became 50 on the tick of 0.01", s.Note)
	s, err = w.broker(t).Submit(context.Background(), o)
	require.NoError(t, err, "the same order after a restart")
	require.Equal(t, pitwall.Working, s.Status)
}

// No misspelled host and no mix of paper and live trades.
func TestHosts(t *testing.T) {
	for _, x := range []struct {
		url  string
		live bool
		ok   bool
	}{{"", false, true}, {alpaca.PaperURL, false, true}, {alpaca.LiveURL, false, false}, {"https://paper-api.alpaca.market", false, false}, {"http://paper-api.alpaca.markets", false, false}, {"paper", false, false},
		{"", true, false}, {alpaca.PaperURL, true, false}, {alpaca.LiveURL, true, true}, {"https://api.alpaca.markets.example.com", true, false}, {"http://127.0.0.1:8099", false, true}, {"http://localhost:8099", true, true}, {"http://127.0.0.1.example.com", true, false}} {
		b, err := alpaca.New(alpaca.Config{Key: "k", Secret: "s", BaseURL: x.url, Live: x.live, Now: time.Now, Sleep: sleep})
		require.Equal(t, x.ok, err == nil, "%+v %v", x, err)
		if x.ok {
			require.Equal(t, x.live, b.Mode() == pitwall.Live)
		}
	}
	t.Setenv("APCA_API_BASE_URL", "http://127.0.0.1:1")
	t.Setenv("APCA_API_KEY_ID", "other")
	w := begin(t)
	_, err := w.broker(t).Account(context.Background(), "")
	require.NoError(t, err, "no variable moves the host")
	_, err = alpaca.New(alpaca.Config{Now: time.Now, Sleep: sleep})
	require.Equal(t, pitwall.MissingKey, pitwall.CodeOf(err), "nor stands in for a key")
}

// A 429 is tried again with the whole body; a redirect is not followed.
func TestWire(t *testing.T) {
	w := begin(t, alpacafake.Fault{On: "POST /v2/orders", Nth: 1, Do: alpacafake.TooMany})
	w.wire.DisableKeepAlives = true // on a connection that is kept, net/http itself can repair an empty body
	s, err := w.broker(t).Submit(context.Background(), resting("a", 1))
	require.NoError(t, err)
	require.Equal(t, pitwall.Working, s.Status)
	require.Equal(t, 2, w.Requests("POST /v2/orders"))
	require.Zero(t, w.Requests("GET /v2/orders"), "it was known not to have arrived")
	lost := begin(t, alpacafake.Fault{On: "POST /v2/orders", Nth: 1, Do: alpacafake.CutAfter})
	s, err = lost.broker(t).Submit(context.Background(), resting("a", 1))
	require.NoError(t, err)
	require.Equal(t, pitwall.Working, s.Status)
	require.Equal(t, 1, lost.Requests("POST /v2/orders"), "without an answer it is looked for, not sent again")
	elsewhere := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	moved := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer moved.Close()
	_, err = w.broker(t, func(c *alpaca.Config) { c.BaseURL = moved.URL }).Account(context.Background(), "")
	require.Error(t, err)
	require.Zero(t, elsewhere)
}

// What is held can be closed whatever lots it was bought in.
func TestCloseOffTheLot(t *testing.T) {
	ctx := context.Background()
	w := begin(t)
	settle(t, w.broker(t), market("buy", pitwall.Buy, 3))
	require.NoError(t, w.Step(ctx))
	w.list[0].Lot = pitwall.Int(2)
	o := market("close", pitwall.Sell, 3)
	s := settle(t, w.broker(t), o)
	require.Equal(t, pitwall.InvalidNumber, s.Error.Code)
	o.ID, o.ReduceOnly = "reduce", true
	s = settle(t, w.broker(t), o)
	require.Equal(t, pitwall.Working, s.Status, s.Error)
}
