package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/agentloop"
)

// This file says in a run's evidence which agents ran, what they used and what
// there is to look at.

// agentInfo is an agent in a manifest.
type agentInfo struct {
	Name        string         `json:"name"`
	Model       string         `json:"model"`
	Fingerprint string         `json:"fingerprint,omitempty"`
	Prompt      string         `json:"prompt,omitempty"`
	Params      map[string]any `json:"params,omitempty"`
	Every       string         `json:"every,omitempty"`
	Triggers    []trigger      `json:"triggers,omitempty"`
	Tools       []string       `json:"tools,omitempty"`
	Budget      *budget        `json:"budget,omitempty"`
	Price       *priceInfo     `json:"price_per_million,omitempty"`
	Cutoff      string         `json:"cutoff,omitempty"` // the last day that the model's training knows
	// Inside is the share of the run's days that are not after the cutoff; absent
	// when the cutoff is not known.
	Inside *float64 `json:"inside_cutoff,omitempty"`
}

type priceInfo struct {
	In         pitwall.Dec  `json:"in"`
	Out        pitwall.Dec  `json:"out"`
	CacheRead  *pitwall.Dec `json:"cache_read,omitempty"`
	CacheWrite *pitwall.Dec `json:"cache_write,omitempty"`
}

func describeAgents(s *strategy, list []agentloop.Agent, from, to time.Time) []agentInfo {
	out := make([]agentInfo, 0, len(list))
	for i, x := range s.team() {
		y := list[i]
		info := agentInfo{Name: y.Name, Model: y.ModelName, Fingerprint: y.Fingerprint, Prompt: x.Prompt, Params: x.Params, Every: x.Every, Triggers: x.Triggers, Tools: x.Tools, Budget: x.Budget, Cutoff: x.Cutoff}
		if p := y.Price; p != nil && *p != (agentloop.Price{}) {
			info.Price = &priceInfo{p.In, p.Out, p.CacheRead, p.CacheWrite}
		}
		if share, ok := x.inside(from, to); ok {
			info.Inside = &share
		}
		out = append(out, info)
	}
	return out
}

// modelNames are the models of a run, each once.
func modelNames(list []agentloop.Agent) string {
	var names []string
	for _, a := range list {
		if !slices.Contains(names, a.ModelName) {
			names = append(names, a.ModelName)
		}
	}
	return strings.Join(names, ", ")
}

// trained warns of a run that lies in what a model learned from: what it
// remembers looks like skill.
func trained(list []agentInfo) (out []string) {
	for _, a := range list {
		if a.Inside != nil && *a.Inside > 0 {
			out = append(out, fmt.Sprintf("%.0f %% of the run is not after the training cutoff of %s (%s): what it remembers looks like skill", *a.Inside*100, a.Model, a.Cutoff))
		}
	}
	return out
}

// toldOf are the turns' warnings, counted by kind.
func toldOf(out agentloop.Outcome) (list []string) {
	for _, kind := range slices.Sorted(maps.Keys(out.Warnings)) {
		if n := out.Warnings[kind]; kind == "budget" {
			continue // why the run was stopped says it
		} else if n == 1 {
			list = append(list, kind+" once: pitwall trace says where")
		} else {
			list = append(list, fmt.Sprintf("%s %d times: pitwall trace says where", kind, n))
		}
	}
	if out.First != "" {
		list = append(list, out.First)
	}
	return list
}

// because adds a reason to a sentence.
func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

// usage is usage.json: what models used in a run. It differs between a first run
// and one from the cache, so it is no part of the manifest.
type usage struct {
	Turns           *int            `json:"turns"`       // null in folders of before it was written
	ModelCalls      int             `json:"model_calls"` // asked for in this run
	CacheHits       int             `json:"cache_hits"`  // replies from the cache
	ToolCalls       int             `json:"tool_calls"`
	Tokens          agentloop.Usage `json:"tokens"`            // of model_calls
	CostUSD         *pitwall.Dec    `json:"cost_usd"`          // of model_calls; null = a price is not known
	CostUSDRecorded *pitwall.Dec    `json:"cost_usd_recorded"` // what those from the cache cost once
	Stopped         string          `json:"stopped,omitempty"`
}

func usageOf(o agentloop.Outcome) usage {
	return usage{&o.Turns, o.ModelCalls, o.CacheHits, o.ToolCalls, o.Usage, o.Cost, o.Recorded, o.Stopped}
}
