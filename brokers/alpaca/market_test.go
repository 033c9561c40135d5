package alpaca_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/alpaca"
	"pitwall/brokers/alpacafake"
	"pitwall/cache/calendar"
)

// A feed gives every bar of a session once, at its end, also when reads fail.
func TestFeed(t *testing.T) {
	ctx := context.Background()
	w := begin(t, alpacafake.Fault{On: "GET /v2/stocks/bars", Nth: 3, Do: alpacafake.Garbled})
	from := time.Date(2024, 1, 2, 0, 0, 0, 0, calendar.NewYork().Zone)
	f := w.broker(t).NewFeed(24*time.Hour, map[string]time.Time{"AAPL": from, "BTC/USD": from})
	var got []pitwall.Bar
	for range 5 {
		list, err := f.Bars(ctx, w.Now())
		if err == nil {
			got = append(got, list...)
		}
		require.NoError(t, w.Step(ctx))
	}
	require.Len(t, got, 10)
	for i, b := range got {
		require.Equal(t, []string{"AAPL", "BTC/USD"}[i%2], b.Symbol)
	}
	require.Equal(t, "2024-01-02 09:30", got[0].Start.Format("2006-01-02 15:04"))
	require.Equal(t, "2024-01-02 16:00", got[0].Known.Format("2006-01-02 15:04"))
}

// The bar that is still forming is dropped: Alpaca lists it with the others.
func TestFormingBar(t *testing.T) {
	now := time.Date(2024, 3, 4, 15, 31, 30, 0, time.UTC) // 10:31:30 in New York
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"bars":{"AAPL":[{"t":"2024-03-04T15:30:00Z","o":1,"h":2,"l":1,"c":2,"v":10,"n":1,"vw":1.5},{"t":"2024-03-04T15:31:00Z","o":2,"h":2,"l":2,"c":2,"v":1,"n":1,"vw":2}]},"next_page_token":null}`))
	}))
	defer web.Close()
	w := begin(t)
	b := w.broker(t, func(c *alpaca.Config) { c.DataURL, c.Now = web.URL, func() time.Time { return now } })
	list, err := b.Bars(context.Background(), "AAPL", time.Minute, now.Add(-time.Hour))
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, "2024-03-04T15:31:00Z", list[0].Known.UTC().Format(time.RFC3339))
	now = now.Add(30 * time.Second)
	list, err = b.Bars(context.Background(), "AAPL", time.Minute, now.Add(-time.Hour))
	require.NoError(t, err)
	require.Len(t, list, 2, "at its end it counts")
}

func TestQuotesClockCalendarInstruments(t *testing.T) {
	ctx := context.Background()
	w := begin(t)
	b := w.broker(t)
	q, err := b.Quotes(ctx, []string{"AAPL", "BTC/USD"})
	require.NoError(t, err)
	require.Equal(t, []pitwall.Dec{pitwall.Int(100), pitwall.Int(100)}, []pitwall.Dec{q["AAPL"].Bid, q["BTC/USD"].Ask})
	at, open, err := b.Clock(ctx)
	require.NoError(t, err)
	require.True(t, at.Equal(w.Now()))
	require.False(t, open, "the session has just closed")
	c, err := b.Calendar(ctx, time.Date(2024, 11, 25, 0, 0, 0, 0, time.UTC), time.Date(2024, 12, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	in := pitwall.Instrument{Calendar: c.Name, Hours: c, Zone: c.Zone}
	_, _, ok := in.Session(time.Date(2024, 11, 28, 0, 0, 0, 0, time.UTC))
	require.False(t, ok, "Thanksgiving")
	_, closes, ok := in.Session(time.Date(2024, 11, 29, 0, 0, 0, 0, time.UTC))
	require.Equal(t, []any{true, "13:00"}, []any{ok, closes.Format("15:04")})
	list, err := b.Instruments(ctx, []string{"AAPL", "BTC/USD"})
	require.NoError(t, err)
	require.Equal(t, []any{pitwall.Equity, pitwall.One, pitwall.Crypto, true}, []any{list[0].Kind, list[0].Lot, list[1].Kind, list[1].Tradable})
	_, err = b.Instruments(ctx, []string{"NONE"})
	require.Equal(t, pitwall.UnknownSymbol, pitwall.CodeOf(err))
	number, id, err := b.AccountID(ctx)
	require.NoError(t, err)
	require.NotEmpty(t, number+id)
}
