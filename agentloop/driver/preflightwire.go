package driver

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"

	"pitwall"
	"pitwall/cache/runs"
)

// wireTap is the wire to a preflight's fake broker: it notes the orders on it, and raises
// a halt while one of them is on its way.
type wireTap struct {
	below  http.RoundTripper
	haltAt int // while this order is on its way; 0 = never
	raise  func() error

	mu     sync.Mutex
	ids    []string // client order ids, each as often as it was sent
	raised bool
	behind []string // ids that were sent after the halt
	err    error    // of raising
}

// RoundTrip implements http.RoundTripper.
func (w *wireTap) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost || r.URL.Path != "/v2/orders" {
		return w.below.RoundTrip(r)
	}
	body, err := r.GetBody()
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	var q struct {
		ID string `json:"client_order_id"`
	}
	if err := json.Unmarshal(raw, &q); err != nil {
		return nil, fmt.Errorf("reading an order on its way: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids = append(w.ids, q.ID)
	if w.raised {
		w.behind = append(w.behind, q.ID)
	}
	answer, err := w.below.RoundTrip(r)
	if len(w.ids) == w.haltAt {
		w.raised = true
		w.err = w.raise()
	}
	return answer, err
}

// brokerOrder is an order as the fake broker lists it.
type brokerOrder struct {
	Client string      `json:"client_order_id"`
	Symbol string      `json:"symbol"`
	Status string      `json:"status"`
	Filled pitwall.Dec `json:"filled_qty"`
}

// listed reads the broker's own list of orders, past every part of ours.
func (x *rehearsed) listed(ctx context.Context) (list []brokerOrder, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, x.url+"/v2/orders?status=all&limit=500&direction=asc", nil)
	if err != nil {
		return nil, err
	}
	answer, err := x.wire.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the fake broker answers %s", answer.Status)
	}
	return list, json.NewDecoder(answer.Body).Decode(&list)
}

// closes reports whether the journal has a client order id as the halt's own close of a
// position.
func (t *trial) closes(client string) bool {
	return slices.ContainsFunc(t.orders.List, func(o *runs.Order) bool {
		return o.By.Principal == "halt" && t.result.Manifest.Broker.Prefix+o.ID == client
	})
}
