package agentloop

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pitwall"
)

// Cache keys. Whatever can change an answer is part of its key.

// turnKey is all that a turn depends on, each part under its own name so that a
// miss can say which differed.
type turnKey struct {
	Version     int            `json:"version"`
	Agent       string         `json:"agent"`
	Model       string         `json:"model"`
	Fingerprint string         `json:"fingerprint"`
	Params      map[string]any `json:"params"`
	Prompt      string         `json:"prompt"`  // digest of the system prompt: the server's and the strategy's
	Context     string         `json:"context"` // digest of the user's message: snapshot, turn, reason
	Tools       string         `json:"tools"`   // digest of names, descriptions, schemas, effects, identities
	Server      string         `json:"server"`  // its name and version: another one may read the same data otherwise
	AsOf        string         `json:"as_of"`
	StateDigest string         `json:"state_digest"`
	Sample      int            `json:"sample"`
	MaxSteps    int            `json:"max_steps"`
	MaxOutput   int            `json:"max_output"`
	TurnBudget  string         `json:"turn_budget,omitempty"` // usd_per_turn and the price that it is held by
	Decider     string         `json:"decider,omitempty"`
	Shadow      bool           `json:"shadow,omitempty"`
	Turn        int            `json:"turn,omitempty"` // its number in the record, where shadow turns make it another than the context's
	Roles       []roleKey      `json:"roles,omitempty"`
}

// roleKey is what a turn depends on in one role of several.
type roleKey struct {
	Name        string         `json:"name"`
	Model       string         `json:"model"`
	Fingerprint string         `json:"fingerprint"`
	Params      map[string]any `json:"params"`
	Prompt      string         `json:"prompt"` // digest of the system prompt
	Tools       string         `json:"tools"`  // digest as of a turn
	MaxOutput   int            `json:"max_output"`
	TurnBudget  string         `json:"turn_budget,omitempty"` // the agent's
	OwnBudget   string         `json:"own_budget,omitempty"`  // the role's
	Acts        []string       `json:"acts,omitempty"`
	ReadOnly    bool           `json:"read_only,omitempty"`
}

// replyKey is all that a reply depends on. What is the same in every request of a
// run stands as its digest.
type replyKey struct {
	Version     int            `json:"version"`
	Model       string         `json:"model"`
	Fingerprint string         `json:"fingerprint"`
	Params      map[string]any `json:"params"`
	MaxOutput   int            `json:"max_output"`
	Sample      int            `json:"sample"`
	Prompt      string         `json:"prompt"` // digest of the system prompt
	Tools       string         `json:"tools"`  // digest of names, descriptions, schemas
	Messages    []Message      `json:"messages"`
	Arguments   []string       `json:"arguments"`      // of all calls, byte for byte: JSON would merge what only looks different
	Role        string         `json:"role,omitempty"` // two roles alike are two samples
}

// key is the request under which this turn is kept; nil when it cannot be: without
// a cache, on a server that does not say what its world can show, with a tool
// whose code may have changed unseen, or where a fork decides, leaves out an answer or keeps its parent's replies.
func (t *turnRun) key(text string) (request []byte, slot string, err error) {
	a := t.agent
	if t.Cache == nil || t.rec.StateDigest == "" || a.unknown || t.Fork.here(t.timing.Turn) || t.Fork.keeps(t.timing.Turn) {
		return nil, "", nil
	}
	k := turnKey{
		Version:     recordVersion,
		Agent:       a.Name,
		Model:       a.ModelName,
		Fingerprint: a.Fingerprint,
		Params:      a.Params,
		Prompt:      a.self.keys.system,
		Context:     sum([]byte(text)),
		Tools:       a.self.keys.tools,
		Server:      a.world.server,
		AsOf:        t.rec.AsOf,
		StateDigest: t.rec.StateDigest,
		Sample:      t.Sample,
		MaxSteps:    a.MaxSteps,
		MaxOutput:   a.MaxOutput,
		TurnBudget:  a.Budget.key(a.Price),
		Decider:     a.DeciderName,
		Shadow:      t.rec.Shadow(),
	}
	if a.world.turns-a.world.shadows != t.timing.Turn {
		k.Turn = t.timing.Turn
	}
	for _, r := range a.roles[:len(a.Roles)] {
		k.Roles = append(k.Roles, roleKey{
			Name:        r.Name,
			Model:       r.ModelName,
			Fingerprint: r.Fingerprint,
			Params:      r.Params,
			Prompt:      r.keys.system,
			Tools:       r.keys.tools,
			MaxOutput:   r.MaxOutput,
			TurnBudget:  a.Budget.key(r.Price),
			OwnBudget:   Budget{USDPerTurn: r.USDPerTurn}.key(r.Price),
			Acts:        r.Acts,
			ReadOnly:    r.ReadOnly,
		})
	}
	if request, err = json.Marshal(k); err != nil {
		return nil, "", fmt.Errorf("encoding the key of the turn: %w", err)
	}
	return request, a.Name + " " + t.rec.AsOf, nil
}

func (t *turnRun) replyKey(c *talk) ([]byte, error) {
	k := replyKey{
		Version:     recordVersion,
		Model:       c.ModelName,
		Fingerprint: c.Fingerprint,
		Params:      c.Params,
		MaxOutput:   c.MaxOutput,
		Sample:      t.Sample,
		Prompt:      c.keys.system,
		Tools:       c.keys.seen,
		Messages:    c.messages,
		Arguments:   []string{},
		Role:        c.Name,
	}
	for _, m := range c.messages {
		if m.Reply != nil {
			for _, c := range m.Reply.Calls {
				k.Arguments = append(k.Arguments, string(c.Arguments))
			}
		}
	}
	body, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("encoding the request: %w", err)
	}
	return body, nil
}

// key is what decides where usd_per_turn ends a turn, empty without one.
func (b Budget) key(p *Price) string {
	if b.USDPerTurn == 0 || p == nil {
		return ""
	}
	cached := func(d *pitwall.Dec) pitwall.Dec {
		if d == nil {
			return p.In
		}
		return *d
	}
	return fmt.Sprint(b.USDPerTurn, p.In, p.Out, cached(p.CacheRead), cached(p.CacheWrite))
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// digestTools is over the tools in order of their names, with or without what a
// model does not see of them.
func digestTools(tools []Tool, traits map[string]trait) (string, error) {
	type row struct {
		Tool
		trait
	}
	rows := []row{}
	for _, t := range tools {
		rows = append(rows, row{t, traits[t.Name]})
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.Name, b.Name) })
	body, err := json.Marshal(rows)
	if err != nil {
		return "", fmt.Errorf("encoding the list of tools: %w", err)
	}
	return sum(body), nil
}
