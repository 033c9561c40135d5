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

// This file is what recorded answers are found by: what is not in a key must not be
// able to change an answer.

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
	Arguments   []string       `json:"arguments"` // of all calls, byte for byte: JSON would merge what only looks different
}

// key is the request under which this turn is kept; nil when it cannot be: without
// a cache, on a server that does not say what its world can show, or with a tool
// whose code may have changed unseen.
func (v *visit) key(text string) (request []byte, slot string, err error) {
	a := v.agent
	if v.Cache == nil || v.rec.StateDigest == "" || a.unknown {
		return nil, "", nil
	}
	request, err = json.Marshal(turnKey{recordVersion, a.Name, a.ModelName, a.Fingerprint, a.Params, a.keys.system, sum([]byte(text)), a.keys.tools, v.client.server(),
		v.rec.AsOf, v.rec.StateDigest, v.Sample, a.MaxSteps, a.MaxOutput, a.turnBudget()})
	if err != nil {
		return nil, "", fmt.Errorf("encoding the key of the turn: %w", err)
	}
	return request, a.Name + " " + v.rec.AsOf, nil
}

func (v *visit) replyKey() ([]byte, error) {
	a := v.agent
	k := replyKey{recordVersion, a.ModelName, a.Fingerprint, a.Params, a.MaxOutput, v.Sample, a.keys.system, a.keys.seen, v.rec.Messages, []string{}}
	for _, m := range v.rec.Messages {
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

// turnBudget is what decides where usd_per_turn ends a turn, empty without one.
func (a *agentState) turnBudget() string {
	if a.Budget.USDPerTurn == 0 {
		return ""
	}
	cached := func(d *pitwall.Dec) pitwall.Dec {
		if d == nil {
			return a.Price.In
		}
		return *d
	}
	return fmt.Sprint(a.Budget.USDPerTurn, a.Price.In, a.Price.Out, cached(a.Price.CacheRead), cached(a.Price.CacheWrite))
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
