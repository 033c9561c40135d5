package agentloop

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// Wake decides at each bar at which an agent would have a turn whether it has one. What is
// asleep asks no model, and leaves no turn but those of the sample Shadow.
type Wake struct {
	Latest  int      // bars after its last turn at which it has one anyway; 0 = never
	Fill    bool     // an order was filled, or ended without, since its last turn
	News    []string // symbols whose headlines, known since its last turn, give it one
	Table   string   // that SQL reads, of the bars of Symbols; the loop loads it
	Symbols []string // those that are not listed yet are loaded when they are
	SQL     string   // a query whose rows give it a turn: the first column is a symbol with a bar since the last look. Empty = none
	Shadow  float64  // share of the looks at which it sleeps that it is asked at all the same, without effect
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
	if !a.Every.Due(a.looked, s.time, a.unlooked) {
		return "", nil
	}
	before := a.looked
	a.looked, a.unlooked = s.time, 0
	why, err := l.wakes(ctx, a, before)
	if err != nil || why != "" {
		return why, err
	}
	l.out.Asleep++
	if drawn := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", a.Name, s.asOf, l.Sample)); float64(binary.BigEndian.Uint64(drawn[:8]))/(1<<64) < a.Wake.Shadow {
		return whyShadow, nil
	}
	return "", nil
}

// wakes returns what wakes an agent that looked before, empty for nothing.
func (l *loop) wakes(ctx context.Context, a *agentState, before time.Time) (string, error) {
	w := a.Wake
	switch {
	case w.Fill && a.event:
		return "fill", nil
	case w.Latest > 0 && a.passed >= w.Latest:
		return fmt.Sprintf("%d bars since your last turn", a.passed), nil
	}
	if len(w.News) > 0 {
		var x struct{ Items []struct{ Known string } }
		text, err := a.world.client.look(ctx, "news_search", map[string]any{"symbols": w.News, "since": a.lastText, "limit": 1}, &x, pitwall.NoCoverage)
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
	if err := l.load(ctx, a); err != nil || len(a.loaded) == 0 {
		return "", err
	}
	var x struct{ Rows [][]any }
	_, err := a.world.client.look(ctx, sqlTool, map[string]any{"sql": w.SQL, "limit": maxWaking}, &x)
	if err != nil || len(x.Rows) == 0 {
		return "", err
	}
	var list []string
	for _, row := range x.Rows {
		if len(row) > 0 {
			list = append(list, fmt.Sprint(row[0]))
		}
	}
	var y struct {
		Prices []struct {
			Symbol string
			Known  time.Time
		}
	}
	if _, err := a.world.client.look(ctx, "market_last_price", map[string]any{"symbols": list}, &y); err != nil {
		return "", err
	}
	list = nil
	for _, p := range y.Prices {
		if p.Known.After(before) { // a bar that was there at the last look wakes nobody again
			list = append(list, p.Symbol)
		}
	}
	if len(list) == 0 {
		return "", nil
	}
	return "wake: " + strings.Join(list[:min(len(list), 50)], ", "), nil
}

// maxWaking is how many symbols market_last_price answers for.
const maxWaking = 500

// load makes the table that Wake.SQL reads, of the symbols that are listed.
func (*loop) load(ctx context.Context, a *agentState) error {
	try := func(symbols []string) error {
		text, err := a.world.client.look(ctx, loadTool, map[string]any{"symbols": symbols, "table": a.Wake.Table}, nil, pitwall.UnknownSymbol)
		if err == nil && text == "" {
			a.loaded = symbols
		}
		return err
	}
	if len(a.loaded) == len(a.Wake.Symbols) {
		return nil
	}
	if err := try(a.Wake.Symbols); err != nil {
		return err
	}
	for _, s := range a.Wake.Symbols {
		if slices.Contains(a.loaded, s) {
			continue
		}
		if err := try(append(slices.Clone(a.loaded), s)); err != nil {
			return err
		}
	}
	return nil
}

// loadTool makes a table of bars.
const loadTool = "market_load_history_table"

const wakeTaken = " says when to wake; choose another name"

// taken returns the answer to a call that would make the loop's own table anew, empty for
// any other.
func (a *agentState) taken(c Call) string {
	var x struct{ Table string }
	if a.Wake == nil || a.Wake.SQL == "" || strings.ReplaceAll(c.Name, ".", "_") != loadTool || json.Unmarshal(c.Arguments, &x) != nil || x.Table != a.Wake.Table {
		return ""
	}
	return "error NOT_ALLOWED: the table " + x.Table + wakeTaken
}

// look calls a tool for the loop itself. It returns the text of an error with one of the
// codes that mean nothing to see; any other one ends the run.
func (c client) look(ctx context.Context, tool string, args, into any, nothing ...pitwall.Code) (string, error) {
	raw, err := json.Marshal(args)
	if err != nil {
		return "", fmt.Errorf("encoding a call of %s: %w", tool, err)
	}
	r, err := c.call(ctx, speaker{}, Call{Name: tool, Arguments: raw})
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
