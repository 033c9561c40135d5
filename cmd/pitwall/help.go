package main

import (
	"pitwall/cmd/pitwall/term"
	"strings"

	"github.com/spf13/cobra"
)

// helpWidth is the width of help: a terminal as it opens.
const helpWidth = 80

// fitHelp breaks the help of a command and of those below it into lines of at most
// helpWidth characters.
func fitHelp(c *cobra.Command) {
	c.Long = term.Fill(c.Long, helpWidth)
	if !c.HasParent() { // the others inherit it
		c.SetUsageTemplate(strings.ReplaceAll(c.UsageTemplate(), "FlagUsages", "FlagUsagesWrapped 80"))
	}
	for _, sub := range c.Commands() {
		fitHelp(sub)
	}
}
