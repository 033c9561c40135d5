// Package rules holds rules that a strategy names in place of writing its own:
//
//	rule: bundled/ma
//	params: {slow: 50}
//
// A file is what would stand under `rule:` in a strategy, with {name=value} where params may
// put another value. Its comment says what it does, what its params are and where it comes
// from. State lives in the bars alone: a column event is 1 where a bar asks to hold, 0 where
// it asks not to and NULL where it says nothing, and the newest event that is known counts.
//
// # To add a rule
//
// Write its YAML file, its section in tools/docs/rules.md, and a series with the trades that you
// computed by hand in agentloop/driver/bundledrules_test.go.
//
// # Why not
//
// Why not a Go file for each: SQL can be read, copied into a strategy and changed, and it is
// judged over what is known at a turn as any rule is. What enters once and leaves at a stop or
// a target is a script (agentloop/scripts): a rule keeps no entry price.
package rules

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// Names lists the rules in order.
func Names() (list []string) {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(fmt.Sprintf("reading the rules in the binary: %v", err))
	}
	for _, e := range entries {
		list = append(list, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return list
}

// Text returns a rule's file; ok is false when there is none of that name.
func Text(name string) (text []byte, ok bool) {
	if !slices.Contains(Names(), name) {
		return nil, false
	}
	text, err := files.ReadFile(name + ".yaml")
	return text, err == nil
}
