package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pitwall"
	"pitwall/agentloop"
)

// This file is how a desk reads its memory and writes down a plan. remind.go is what its
// roles are reminded of, critic.go what the critic adds.

// Recorder is the role in whose name code reads the memory; no model plays it.
const Recorder = "memory"

// The tools of a memory.
const (
	searchTool = "memory_search"
	noteTool   = "memory_note"
)

// remembered is what memory_search answers, each list newest first.
type remembered struct {
	Trades     []pitwall.MemoryTrade  `json:"trades"`
	Items      []pitwall.MemoryItem   `json:"items"`
	Beliefs    []pitwall.ScoredBelief `json:"beliefs"`
	Statistics []struct {
		Strategy, Regime string
		Trades           int
		WinRate          float64  `json:"win_rate"`
		MeanReturn       float64  `json:"mean_return"`
		Sharpe           *float64 `json:"sharpe_proxy"`
		RewardToRisk     *float64 `json:"reward_to_risk"`
	} `json:"statistics"`
	Calibration struct {
		Matured int     `json:"matured"`
		HitRate float64 `json:"hit_rate"`
		Brier   float64 `json:"brier"`
	} `json:"calibration"`
	Ended string `json:"ended"`
	Alert string `json:"alert"`

	reminded map[string]bool // by role, in this turn
}

// recall reads the memory as of now. One that cannot be read is empty, and risk is judged
// conservatively then.
func (d *Desk) recall(ctx context.Context, b *agentloop.Brief) (*remembered, error) {
	m := &remembered{reminded: map[string]bool{}}
	why, err := d.search(ctx, b, m, map[string]any{"kinds": []string{"trade", "lesson", "belief", "regime"}, "limit": 50})
	if why != "" {
		b.Warn("memory_unread", why)
		m = &remembered{reminded: map[string]bool{}, Alert: "the memory could not be read"}
	}
	return m, err
}

// search calls memory_search and decodes its answer, or returns why there is none.
func (d *Desk) search(ctx context.Context, b *agentloop.Brief, into any, args map[string]any) (why string, err error) {
	raw, err := json.Marshal(args)
	if err != nil {
		return "", fmt.Errorf("encoding a search of the memory: %w", err)
	}
	r, err := b.Call(ctx, Recorder, agentloop.Call{ID: "memory", Name: searchTool, Arguments: raw})
	if err != nil {
		return "", err
	}
	if r.IsError {
		why, _, _ = strings.Cut(r.Text, "\n")
		return why, nil
	}
	if err := json.Unmarshal(r.Data, into); err != nil {
		return "", fmt.Errorf("reading the memory: %w", err)
	}
	return "", nil
}

// note is the arguments of memory_note.
type note struct {
	Kind       pitwall.MemoryKind `json:"kind"`
	Text       string             `json:"text"`
	Symbol     string             `json:"symbol,omitempty"`
	Strategy   string             `json:"strategy,omitempty"`
	Regime     string             `json:"regime,omitempty"`
	Trade      string             `json:"trade,omitempty"`
	Expected   string             `json:"expected,omitempty"`
	Why        string             `json:"why,omitempty"`
	Direction  string             `json:"direction,omitempty"`
	Horizon    int                `json:"horizon,omitempty"`
	Confidence *float64           `json:"confidence,omitempty"`
	Roles      []string           `json:"roles,omitempty"`
	Of         string             `json:"of,omitempty"`
}

// write keeps a note in the name of a role. One that is refused costs a warning.
func (d *Desk) write(ctx context.Context, b *agentloop.Brief, role string, n note) error {
	raw, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("encoding a note: %w", err)
	}
	r, err := b.Call(ctx, role, agentloop.Call{ID: "note", Name: noteTool, Arguments: raw})
	if err == nil && r.IsError {
		first, _, _ := strings.Cut(r.Text, "\n")
		b.Warn("memory_refused", fmt.Sprintf("%s, %s: %s", role, n.Kind, first))
	}
	return err
}

// notePlan writes down what the orders that were sent are for.
func (d *Desk) notePlan(ctx context.Context, b *agentloop.Brief, rec *Record) error {
	if !d.Memory || b.Shadow {
		return nil
	}
	if seen := rec.Plan.Regime; seen != "" && seen != rec.memory.regime() {
		if err := d.write(ctx, b, trader, note{Kind: pitwall.Regime, Regime: clip(seen), Text: "seen by the plan of turn " + strconv.Itoa(b.Turn)}); err != nil {
			return err
		}
	}
	for _, o := range rec.Approved {
		i := slices.IndexFunc(rec.Orders, func(s Sent) bool { return s.Symbol == o.Symbol })
		before, planned, err := o.effect(b.Held)
		if err != nil || i < 0 || rec.Orders[i].Refused || rec.Orders[i].NotSent != "" || reduces(before, planned) {
			continue
		}
		expected := []string{}
		for _, part := range []string{after("within ", o.Horizon), strings.TrimSpace(prices(o)), after("wrong if ", o.Invalidation)} {
			if part != "" {
				expected = append(expected, part)
			}
		}
		n := note{Kind: pitwall.Plan, Symbol: o.Symbol, Text: clip(o.Reason), Strategy: clip(rec.Plan.Strategy), Regime: clip(rec.Plan.Regime), Expected: clip(strings.Join(expected, "; ")), Confidence: &o.Confidence}
		if err := d.write(ctx, b, trader, n); err != nil {
			return err
		}
	}
	return nil
}

// clip cuts a text to what a memory takes.
func clip(s string) string {
	if len(s) > maxReason {
		return strings.ToValidUTF8(s[:maxReason], "")
	}
	return s
}
