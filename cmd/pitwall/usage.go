package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pitwall/agentloop"
	"pitwall/cache/runs"
)

// This file says in a run's evidence which agents ran, what they used and what
// there is to look at.

func describeAgents(s *strategy, list []agentloop.Agent, from, to time.Time) []runs.Agent {
	out := make([]runs.Agent, 0, len(list))
	for i, x := range s.team() {
		y := list[i]
		info := runs.Agent{Name: y.Name, Model: y.ModelName, Fingerprint: y.Fingerprint, Prompt: x.Prompt, Params: x.Params, Every: x.Every, Tools: x.Tools, Budget: (*runs.Budget)(x.Budget), Cutoff: x.Cutoff}
		for _, t := range x.Triggers {
			info.Triggers = append(info.Triggers, runs.Trigger(t))
		}
		if p := y.Price; p != nil && *p != (agentloop.Price{}) {
			info.Price = (*runs.Price)(p)
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
func trained(list []runs.Agent) (out []string) {
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
