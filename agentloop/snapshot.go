package agentloop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"pitwall"
)

// snapshot is what clock_next_bar answered.
type snapshot struct {
	text     string
	digest   string
	from     string // the as_of that it tells from
	asOf     string
	time     time.Time
	advanced int
	ended    bool
	event    bool // a fill, or an order that ended without
	equity   float64
	closes   []symbolClose
	held     map[string]Holding
	open     []OpenOrder
}

type symbolClose struct {
	symbol string
	close  float64
}

// next moves the clock. A live clock may have nothing yet: ask again.
func (l *loop) next(ctx context.Context, after string) (snapshot, error) {
	move := map[string]any{"after": after}
	day := nextDay(l.agents)
	if day != "" {
		move["until"] = day
	} else {
		move["bars"] = stride(l.agents)
	}
	for {
		s, err := l.home.client.clock(ctx, move)
		if err != nil {
			return s, err
		}
		if day == "" || s.advanced == 1 {
			s.from = after
		} // else what happened is asked for as after moves of one bar: the text is part of replay keys
		l.out.Bars += s.advanced
		if s.advanced > 0 || s.ended {
			return s, nil
		}
		if s.asOf != after {
			return snapshot{}, fmt.Errorf("the clock moved from %s to %s and the loop did not move it: another client shares this world", after, s.asOf)
		}
		select {
		case <-l.Stop:
			return s, context.Canceled
		default:
		}
	}
}

// since reads the snapshot of an agent's world now, with everything that happened after its
// last turn: a clock that is past that does not move.
func (*loop) since(ctx context.Context, a *agentState, now snapshot) (snapshot, error) {
	after := a.lastText
	s, err := a.world.client.clock(ctx, map[string]any{"after": after})
	if err != nil {
		return now, fmt.Errorf("asking what happened since %s: %w", after, err)
	}
	if s.asOf != now.asOf {
		return now, fmt.Errorf("asking what happened since %s: the clock moved from %s to %s and the loop did not move it", after, now.asOf, s.asOf)
	}
	s.ended = now.ended
	return s, nil
}

// clock calls clock_next_bar.
func (c client) clock(ctx context.Context, args map[string]any) (snapshot, error) {
	raw, err := json.Marshal(args)
	if err != nil {
		return snapshot{}, err
	}
	r, err := c.call(ctx, speaker{}, Call{Name: "clock_next_bar", Arguments: raw})
	if err != nil {
		return snapshot{}, err
	}
	if r.IsError {
		return snapshot{}, errors.New(r.Text)
	}
	s := snapshot{text: r.Text, digest: r.digest(), held: map[string]Holding{}}
	var x struct {
		AsOf     string `json:"as_of"`
		Ended    bool
		Equity   float64
		Advanced float64
		Fills    []json.RawMessage
		Closed   []json.RawMessage `json:"closed_unfilled"`
		Bars     []struct {
			Symbol string
			Close  float64
		} `json:"last_bars"`
		Positions []struct {
			Symbol  string
			Qty     pitwall.Dec
			Percent pitwall.Dec `json:"percent_of_equity"`
		}
		Open []OpenOrder `json:"open_orders"`
	}
	r.read(&x)
	for _, p := range x.Positions {
		s.held[p.Symbol] = Holding{p.Qty, p.Percent}
	}
	s.open = x.Open
	s.asOf, s.ended, s.equity, s.advanced, s.event = x.AsOf, x.Ended, x.Equity, int(x.Advanced), len(x.Fills)+len(x.Closed) > 0
	for _, b := range x.Bars {
		s.closes = append(s.closes, symbolClose{b.Symbol, b.Close})
	}
	if s.time, err = time.Parse(time.RFC3339, s.asOf); err != nil {
		return snapshot{}, fmt.Errorf("the server's as_of: %w", err)
	}
	return s, nil
}
