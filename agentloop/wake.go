package agentloop

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pitwall"
)

// Wake decides at each bar at which an agent would have a turn whether it has one. What is
// asleep asks no model, and leaves no turn but those of the sample Shadow.
type Wake struct {
	Latest int             // bars after its last turn at which it has one anyway; 0 = never
	Fill   bool            // an order was filled, or ended without, since its last turn
	News   []string        // symbols whose headlines, known since its last turn, give it one
	Load   json.RawMessage // arguments of market_load_history_table, for SQL
	SQL    string          // a query whose rows give it a turn; the first column says why. Empty = none
	Shadow float64         // share of the looks at which it sleeps that it is asked at all the same, without effect
}

// whyShadow is the reason of a turn that changes nothing: it tells what sleeping missed. It
// is not said to the model.
const whyShadow = "shadow"

// Shadow reports whether a turn was taken while its agent slept.
func (t *TurnLine) Shadow() bool { return t.Why == whyShadow }

// Shadow reports whether a turn was taken while its agent slept.
func (t *Turn) Shadow() bool { return t.Why == whyShadow }

// why returns the reason for a turn of an agent at a snapshot, empty for none.
func (l *loop) why(ctx context.Context, a *agentState, s snapshot) (string, error) {
	if a.Wake == nil || a.last.IsZero() {
		a.looked, a.unlooked = s.time, 0
		return a.reason(s), nil
	}
	if !a.Every.due(a.looked, s.time, a.unlooked) {
		return "", nil
	}
	a.looked, a.unlooked = s.time, 0
	why, err := l.wakes(ctx, a, s)
	if err != nil || why != "" {
		return why, err
	}
	l.out.Asleep++
	if drawn := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", a.Name, s.asOf, l.Sample)); float64(binary.BigEndian.Uint64(drawn[:8]))/(1<<64) < a.Wake.Shadow {
		return whyShadow, nil
	}
	return "", nil
}

// wakes returns what wakes an agent at a snapshot, empty for nothing.
func (l *loop) wakes(ctx context.Context, a *agentState, s snapshot) (string, error) {
	w := a.Wake
	switch {
	case w.Fill && a.event:
		return "fill", nil
	case w.Latest > 0 && a.passed >= w.Latest:
		return fmt.Sprintf("%d bars since your last turn", a.passed), nil
	}
	if len(w.News) > 0 {
		var x struct{ Items []struct{ Known string } }
		text, err := l.look(ctx, "news_search", map[string]any{"symbols": w.News, "since": a.lastText, "limit": 1}, &x, pitwall.NoCoverage)
		switch {
		case err != nil:
			return "", err
		case text == "" && len(x.Items) > 0 && x.Items[0].Known != a.lastText: // the newest is first
			return "news", nil
		}
	}
	if w.SQL == "" {
		return "", nil
	}
	if !a.loaded {
		text, err := l.look(ctx, "market_load_history_table", w.Load, nil, pitwall.UnknownSymbol)
		if err != nil || text != "" {
			return "", err // not all are listed yet
		}
		a.loaded = true
	}
	var x struct{ Rows [][]any }
	_, err := l.look(ctx, sqlTool, map[string]any{"sql": w.SQL, "limit": 50}, &x)
	if err != nil || len(x.Rows) == 0 {
		return "", err
	}
	var list []string
	for _, row := range x.Rows {
		if len(row) > 0 {
			list = append(list, fmt.Sprint(row[0]))
		}
	}
	return "wake: " + strings.Join(list, ", "), nil
}

// look calls a tool for the loop itself. It returns the text of an error with one of the
// codes that mean nothing to see; any other one ends the run.
func (l *loop) look(ctx context.Context, tool string, args, into any, nothing ...pitwall.Code) (string, error) {
	raw, err := json.Marshal(args)
	if err != nil {
		return "", fmt.Errorf("encoding a call of %s: %w", tool, err)
	}
	r, err := l.client.call(ctx, speaker{}, Call{Name: tool, Arguments: raw})
	if err != nil {
		return "", fmt.Errorf("looking whether to wake: %w", err)
	}
	if !r.IsError {
		if into != nil {
			r.read(into)
		}
		return "", nil
	}
	if slices.ContainsFunc(nothing, func(c pitwall.Code) bool { return strings.HasPrefix(r.Text, "error "+string(c)) }) {
		return r.Text, nil
	}
	return "", fmt.Errorf("looking whether to wake: %s: %s", tool, strings.TrimSpace(r.Text))
}
