package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// helpWidth is the width of help: a terminal as it opens.
const helpWidth = 80

// fitHelp breaks the help of a command and of those below it into lines of at most
// helpWidth characters.
func fitHelp(c *cobra.Command) {
	c.Long = fill(c.Long, helpWidth)
	if !c.HasParent() { // the others inherit it
		c.SetUsageTemplate(strings.ReplaceAll(c.UsageTemplate(), "FlagUsages", "FlagUsagesWrapped 80"))
	}
	for _, sub := range c.Commands() {
		fitHelp(sub)
	}
}

// fill breaks paragraphs into lines of a width. A line that begins with a space is a
// row of a list: it stays one, its further lines indented.
func fill(text string, width int) string {
	var out []string
	paragraph := ""
	flush := func() {
		if paragraph != "" {
			out = append(out, wrap(paragraph, width)...)
		}
		paragraph = ""
	}
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case line == "":
			flush()
			out = append(out, "")
		case line[0] == ' ':
			flush()
			for i, part := range wrap(line, width-4) {
				if i > 0 {
					part = "      " + part
				}
				out = append(out, part)
			}
		case paragraph == "":
			paragraph = line
		default:
			paragraph += " " + line
		}
	}
	flush()
	return strings.Join(out, "\n")
}
