package main

import (
	"github.com/spf13/cobra"

	"pitwall/agentloop/driver"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
)

func (a *app) sql() *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use:     "sql RUN SELECT",
		Short:   "Read a run's turns, fills, equity and decisions with SQL",
		Long:    "sql answers one SELECT over a run's folder: the tables turns, fills, equity and trades; of a desk decisions; of a run with a memory\nmemory_trades, memory_lessons and beliefs. It is the SQL that agents have, with its limits, and changes nothing.",
		Example: "  pitwall sql last \"SELECT status, count(*) FROM turns GROUP BY status\"\n  pitwall sql desk-1 \"SELECT turn, plan FROM decisions\" --json",
		Args:    takes(2, 2),
		RunE: func(c *cobra.Command, args []string) error {
			r, err := show.Open(args[0], "")
			if err != nil {
				return err
			}
			out, err := driver.SQL(c.Context(), r.Run, args[1])
			return a.answer(asJSON, out, func(p *term.Pen) { show.Rows(p, out, r.Notes) }, err)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object on stdout")
	return c
}
