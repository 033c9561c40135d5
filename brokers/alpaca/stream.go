package alpaca

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/coder/websocket"

	"pitwall"
)

// Update says that something changed at Alpaca. It is a hint to read Orders and Fills,
// which are the truth: updates can be lost, repeated and out of order.
type Update struct {
	Event string // Alpaca's word: new, fill, canceled, ...; "connected" after each reconciliation
	ID    string // the order's; empty when connected
}

const (
	firstBackOff = time.Second
	mostBackOff  = 30 * time.Second
	pingEvery    = 20 * time.Second
	quickEnd     = 10 * time.Second // a stream that ends sooner has not worked
)

// Watch follows the stream of trade updates until ctx ends, and calls changed for each,
// one at a time. After every connection it reconciles: it asks for unanswered orders and
// reads the fills, then reports "connected". A broken stream is opened again after a
// pause, which grows up to 30 s while streams do not last; refused keys end it with an error.
func (b *Broker) Watch(ctx context.Context, changed func(Update)) error {
	wait := firstBackOff
	for {
		began := b.cfg.Now()
		err := b.follow(ctx, changed)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if pitwall.CodeOf(err) == pitwall.NotAllowed {
			return err
		}
		if b.cfg.Now().Sub(began) > quickEnd {
			wait = firstBackOff
		}
		if err := b.cfg.Sleep(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, mostBackOff)
	}
}

// frame is what the stream sends.
type frame struct {
	Stream string `json:"stream"`
	Data   struct {
		Status  string    `json:"status"`
		Streams []string  `json:"streams"`
		Event   string    `json:"event"`
		Order   sdk.Order `json:"order"`
	} `json:"data"`
}

// follow reads one connection to its end.
func (b *Broker) follow(ctx context.Context, changed func(Update)) error {
	ctx, cancel := context.WithCancel(ctx)
	c, err := b.connect(ctx)
	if err != nil {
		cancel()
		return err
	}
	pinging := make(chan struct{})
	go func() { // a connection that is half open does not answer
		defer close(pinging)
		for b.cfg.Sleep(ctx, pingEvery) == nil {
			limit, stop := context.WithTimeout(ctx, b.cfg.Timeout)
			if c.Ping(limit) != nil {
				_ = c.CloseNow()
			}
			stop()
		}
	}()
	defer func() { cancel(); _ = c.CloseNow(); <-pinging }()
	if err := b.Reconcile(ctx); err != nil {
		return err
	}
	changed(Update{Event: "connected"})
	for {
		f, err := readFrame(ctx, c)
		if err != nil {
			return err
		}
		if f.Stream == "trade_updates" {
			changed(Update{Event: f.Data.Event, ID: b.nameOf(f.Data.Order).id})
		}
	}
}

// connect opens a connection, shows the keys and asks for trade updates.
func (b *Broker) connect(ctx context.Context) (*websocket.Conn, error) {
	limit, stop := context.WithTimeout(ctx, b.cfg.Timeout)
	defer stop()
	c, _, err := websocket.Dial(limit, "ws"+strings.TrimPrefix(b.cfg.BaseURL, "http")+"/stream", &websocket.DialOptions{HTTPClient: &http.Client{Transport: b.cfg.Transport, CheckRedirect: noRedirect}})
	if err != nil {
		return nil, readError("opening the stream", err)
	}
	c.SetReadLimit(1 << 20)
	say := func(v any) error {
		body, err := json.Marshal(v)
		if err == nil {
			err = c.Write(limit, websocket.MessageText, body)
		}
		return err
	}
	err = say(map[string]string{"action": "auth", "key": b.cfg.Key, "secret": b.cfg.Secret})
	var f frame
	if err == nil {
		f, err = readFrame(limit, c)
	}
	if err == nil && f.Data.Status != "authorized" {
		err = pitwall.Errorf(pitwall.NotAllowed, "Alpaca's stream answered %q to the keys", f.Data.Status)
	}
	if err == nil {
		err = say(map[string]any{"action": "listen", "data": map[string]any{"streams": []string{"trade_updates"}}})
	}
	if err == nil {
		f, err = readFrame(limit, c)
	}
	if err == nil && (f.Stream != "listening" || len(f.Data.Streams) == 0) {
		err = pitwall.Errorf(pitwall.Timeout, "Alpaca's stream answered %q to listen", f.Stream)
	}
	if err != nil {
		_ = c.CloseNow()
		return nil, err
	}
	return c, nil
}

// readFrame reads one frame, text or binary: paper sends the latter.
func readFrame(ctx context.Context, c *websocket.Conn) (frame, error) {
	var f frame
	_, body, err := c.Read(ctx)
	if err == nil {
		err = json.Unmarshal(body, &f)
	}
	return f, err
}

// Reconcile asks Alpaca for what may have changed unseen: orders without an answer, and
// fills.
func (b *Broker) Reconcile(ctx context.Context) error {
	if _, err := b.Orders(ctx, pitwall.OrderQuery{Open: true}); err != nil {
		return err
	}
	return b.readFills(ctx)
}
