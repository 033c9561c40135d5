package alpaca_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/alpaca"
	"pitwall/brokers/risk"
)

// recorded are payloads of Alpaca's documents, by method and path.
func recorded(t *testing.T, file string) map[string][]json.RawMessage {
	raw, err := os.ReadFile("../../../shared/data/wire/alpaca/" + file)
	if err != nil {
		t.Skip("skipped: no ../shared")
	}
	var list []struct {
		Method, Path string
		Payload      json.RawMessage
	}
	require.NoError(t, json.Unmarshal(raw, &list))
	out := map[string][]json.RawMessage{}
	for _, x := range list {
		out[x.Method+" "+x.Path] = append(out[x.Method+" "+x.Path], x.Payload)
	}
	return out
}

// Recorded orders, accounts and positions are read as what they say.
func TestRecordedPayloads(t *testing.T) {
	docs, client := recorded(t, "openapi_examples_trading-api.json"), recorded(t, "trading_rest.json")
	var body []byte
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v2/account":
			_, _ = w.Write(docs["GET /v2/account"][0])
		case "/v2/positions":
			_, _ = w.Write(client["GET /v2/positions"][0])
		default:
			_, _ = w.Write(body)
		}
	}))
	defer web.Close()
	w := begin(t)
	b := w.broker(t, func(c *alpaca.Config) { c.BaseURL = web.URL })
	var err error
	body, err = json.Marshal(docs["GET /v2/orders"])
	require.NoError(t, err)
	list, err := b.Orders(context.Background(), pitwall.OrderQuery{})
	require.NoError(t, err)
	got := map[string][]any{}
	for _, o := range list {
		got[o.Symbol+string(o.Class)] = []any{o.Side, o.Type, o.Qty.String(), o.Limit.String(), o.TIF, o.Status}
	}
	require.Equal(t, []any{pitwall.Buy, pitwall.LimitOrder, "0.02", "2100", pitwall.GTC, pitwall.Working}, got["ETH/USDsimple"])
	require.Equal(t, []any{pitwall.Buy, pitwall.LimitOrder, "2", "150", pitwall.GTC, pitwall.Working}, got["AAPLsimple"])
	require.Equal(t, pitwall.Filled, got["AAPL241213C00250000mleg"][5], "a leg of an option order")
	a, err := b.Account(context.Background(), "")
	require.NoError(t, err)
	require.Equal(t, []any{pitwall.MarginAccount, "123346.11", "122086.5", "0", "245432.61", "377.88", "122011.09751111"},
		[]any{a.Type, a.Equity.String(), a.Cash.String(), a.Reserved.String(), a.BuyingPower.String(), a.Maintenance.String(), a.DayEquity.String()})
	require.Equal(t, []any{"5", "100", "120", "600"}, []any{a.Positions[0].Qty.String(), a.Positions[0].AvgPrice.String(), a.Positions[0].Last.String(), a.Positions[0].Value.String()})
}

// How long a guarded order takes against the fake on this machine; -v shows it.
func TestLatency(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: a measurement")
	}
	w := begin(t)
	g := risk.New(w.broker(t), &pitwall.MemoryJournal{}, w.Venue(), nil, nil, risk.NoLimits())
	var took []time.Duration
	for n := range 200 {
		began := time.Now()
		s, err := g.Submit(context.Background(), resting(string(rune('a'+n%26))+string(rune('a'+n/26)), 1))
		took = append(took, time.Since(began))
		require.NoError(t, err)
		require.Equal(t, pitwall.Working, s.Status)
	}
	slices.Sort(took)
	t.Logf("200 guarded orders: p50 %v, p99 %v", took[100], took[198])
}

// A page that comes again is an error: what is behind it is not known.
func TestRepeatedPageOfCashFlows(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		line := `{"id":"x","activity_type":"DIV","net_amount":"1","date":"2024-01-02"}`
		_, _ = io.WriteString(w, "["+strings.Repeat(line+",", 99)+line+"]")
	}))
	t.Cleanup(web.Close)
	b := begin(t).broker(t, func(c *alpaca.Config) { c.BaseURL = web.URL })
	_, err := b.CashFlows(context.Background())
	require.ErrorContains(t, err, "Alpaca lists the page of cash flows after x again")
}
