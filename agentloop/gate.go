package agentloop

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pitwall"
)

// Gate lets an agent decide in some regimes of the market only. At a turn in any other one,
// or before there is a regime, no model is asked: orders that wait are canceled and all
// positions closed.
type Gate struct {
	Symbol string   // whose regime, as the tool market_regime says it
	When   []string // the labels in which the agent decides
}

// regimeTool says the regime of a symbol.
const regimeTool = "market_regime"

// regime returns the label of now; empty where the history is too short for one.
func (g *Gate) regime(ctx context.Context, c client) (string, error) {
	var x struct{ Days []struct{ Label string } }
	_, err := c.look(ctx, regimeTool, map[string]any{"symbol": g.Symbol}, &x, pitwall.NoCoverage, pitwall.UnknownSymbol)
	if err != nil || len(x.Days) == 0 {
		return "", err
	}
	return x.Days[len(x.Days)-1].Label, nil
}

// shut decides in place of an agent whose gate is closed.
type shut struct {
	gate  *Gate
	label string
}

// text says the regime in the message of a turn.
func (g shut) text() string {
	return fmt.Sprintf("Regime of %s: %s; decisions are made in %s.\n", g.gate.Symbol, g.name(), strings.Join(g.gate.When, ", "))
}

func (g shut) name() string { return cmp.Or(g.label, "none yet") }

// closed reports whether the agent may not decide.
func (g shut) closed() bool { return !slices.Contains(g.gate.When, g.label) }

// Decide implements [Decider].
func (g shut) Decide(ctx context.Context, b *Brief) (Decision, error) {
	canceled, sold := 0, 0
	send := func(done *int, name string, args map[string]any) error {
		raw, err := json.Marshal(args)
		if err != nil {
			return fmt.Errorf("encoding a call of %s: %w", name, err)
		}
		r, err := b.Call(ctx, b.Roles[0], Call{ID: fmt.Sprintf("gate.%d", canceled+sold), Name: name, Arguments: raw})
		if err == nil && !r.IsError {
			*done++
		}
		return err
	}
	if asked := 0; len(b.Held)+len(b.Open) > 0 { // what the orders rest on
		if err := send(&asked, regimeTool, map[string]any{"symbol": g.gate.Symbol}); err != nil {
			return Decision{}, err
		}
	}
	for _, o := range b.Open {
		if o.Parent == "" {
			if err := send(&canceled, "orders_cancel", map[string]any{"id": o.ID}); err != nil {
				return Decision{}, err
			}
		}
	}
	for _, symbol := range slices.Sorted(maps.Keys(b.Held)) {
		if err := send(&sold, "orders_submit", map[string]any{"symbol": symbol, "target_percent": 0, "reason": strings.TrimSpace(g.text())}); err != nil {
			return Decision{}, err
		}
	}
	return Decision{Text: fmt.Sprintf("RESULT: held back by the regime %s; orders canceled: %d, positions closed: %d", g.name(), canceled, sold)}, nil
}
