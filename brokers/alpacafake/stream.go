package alpacafake

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/coder/websocket"

	"pitwall"
)

// lateEvent is an event that was put off.
type lateEvent struct {
	left int
	body []byte
}

// publish sends what changed since it was last called: fills, then new statuses.
func (s *Server) publish() {
	fills, next, err := s.venue.Fills(context.Background(), s.seen)
	if err != nil {
		return
	}
	s.seen = next
	for _, f := range fills {
		if o := s.bySim[f.OrderID]; o != nil {
			s.publishFill(o, f)
		}
	}
	for _, o := range s.orders {
		status := s.status(o)
		if status == o.told {
			continue
		}
		o.told = status
		switch status {
		case "filled", "partially_filled", "held":
		default:
			s.deliver(status, map[string]any{"event": status, "timestamp": s.venue.Now().UTC(), "order": s.show(o, false)})
		}
	}
}

// publishFill lists a fill and sends its event.
func (s *Server) publishFill(o *order, f pitwall.Fill) {
	x := s.state(o)
	e := execution{id: s.newID(), order: o, fill: f, cum: f.Qty}
	for _, before := range s.fills {
		if before.fill.OrderID == f.OrderID {
			e.cum += before.fill.Qty
		}
	}
	e.activity = f.Known.UTC().Format("20060102150405000") + "::" + e.id
	e.leaves = x.Qty - e.cum
	e.whole = e.leaves == 0
	s.fills = append(s.fills, e)
	s.charge(o.in, f)
	event, shown := "partial_fill", s.show(o, false)
	shown.FilledQty, shown.Status = e.cum.String(), "partially_filled"
	if e.whole {
		event, shown.Status = "fill", "filled"
	}
	a, _ := s.venue.Account(context.Background(), "")
	s.deliver(event, map[string]any{"event": event, "timestamp": f.Known.UTC(), "order": shown, "price": f.Price.String(), "qty": f.Qty.String(), "position_qty": s.less(a).Held(f.Symbol).String(), "execution_id": e.id})
}

// deliver sends an event to every stream, as the fault table says.
func (s *Server) deliver(event string, data map[string]any) {
	body, err := json.Marshal(map[string]any{"stream": "trade_updates", "data": data})
	if err != nil {
		return
	}
	f := s.due(EventsOf + " " + event)
	switch {
	case f == nil:
		s.send(body)
	case f.Do == Drop:
		s.send(nil)
	case f.Do == Lose:
	case f.Do == Duplicate:
		s.send(body)
		s.send(body)
	case f.Do == Delay:
		s.late = append(s.late, &lateEvent{f.Later, body})
		return
	}
	keep := s.late[:0]
	for _, l := range s.late {
		if l.left--; l.left <= 0 {
			s.send(l.body)
		} else {
			keep = append(keep, l)
		}
	}
	s.late = keep
}

// send hands a frame to every stream; nil breaks them. A stream that does not read
// fast enough breaks.
func (s *Server) send(body []byte) {
	for c := range s.streams {
		if body != nil {
			select {
			case c <- body:
				continue
			default:
			}
		}
		delete(s.streams, c)
		close(c)
	}
}

// Streams returns how many clients listen to trade updates.
func (s *Server) Streams() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.streams)
}

// stream serves one websocket: it wants keys, then listens to trade updates. Frames are
// binary, as on Alpaca's paper host.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()

	var q struct {
		Action, Key, Secret string
		Data                struct {
			KeyID     string `json:"key_id"`
			SecretKey string `json:"secret_key"`
			Streams   []string
		}
	}
	read := func() bool {
		_, body, err := c.Read(s.context)
		return err == nil && json.Unmarshal(body, &q) == nil
	}
	if !read() {
		return
	}
	key, secret := q.Key+q.Data.KeyID, q.Secret+q.Data.SecretKey
	status := "authorized"
	if s.cfg.Key != "" && (key != s.cfg.Key || secret != s.cfg.Secret) {
		status = "unauthorized"
	}
	answer := func(v any) bool {
		body, _ := json.Marshal(v)
		return c.Write(s.context, websocket.MessageBinary, body) == nil
	}
	if !answer(map[string]any{"stream": "authorization", "data": map[string]any{"status": status, "action": "authenticate"}}) || status != "authorized" || !read() {
		return
	}
	events := make(chan []byte, 1024)
	s.mu.Lock()
	s.streams[events] = struct{}{}
	s.mu.Unlock()
	if !answer(map[string]any{"stream": "listening", "data": map[string]any{"streams": q.Data.Streams}}) {
		return
	}
	s.forward(c.CloseRead(s.context), c, events)
}

// forward sends events until the client or the fake ends.
func (s *Server) forward(ctx context.Context, c *websocket.Conn, events chan []byte) {
	defer func() {
		s.mu.Lock()
		delete(s.streams, events)
		s.mu.Unlock()
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case body, ok := <-events:
			if !ok || c.Write(ctx, websocket.MessageBinary, body) != nil {
				return
			}
		}
	}
}
