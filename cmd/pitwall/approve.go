package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
)

func (a *app) approve() *cobra.Command {
	var denied bool
	c := &cobra.Command{
		Use:   "approve [RUN] [ID|HASH]",
		Short: "Approve or deny an order that waits for a person, or list them",
		Long: "With approve: in the strategy or the broker's profile, orders wait until a person has approved them. approve lists those of\n" +
			"the runs in ./" + runs.Dir + ", or of RUN; with an order's id, or the beginning of its hash, it approves that one. The process that\n" +
			"trades then sends it, through limits and halt. An approval lapses two minutes after the order was held, and when the price moves.",
		Example: "  pitwall approve\n  pitwall approve 3f9a1c07\n  pitwall approve desk-1 3f9a1c07 --deny",
		Args:    takes(0, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			dirs, order, err := approvals(args)
			if err != nil {
				return err
			}
			if order == "" {
				if denied {
					return &usageError{pitwall.Errorf(pitwall.InvalidInput, "--deny needs an order").Hintf("give its id or hash")}
				}
				return a.sayWaiting(dirs)
			}
			o, err := driver.Decide(dirs[0], order, !denied, person(), a.now())
			if err != nil {
				return err
			}
			word := "approved"
			if denied {
				word = "denied"
			}
			fmt.Fprintf(a.stdout, "%s: %s, hash %s, of %s\n", word, term.OneLine(o.String()), o.Hash, dirs[0])
			return nil
		},
	}
	c.Flags().BoolVar(&denied, "deny", false, "deny the order")
	return c
}

// approvals returns the runs that the arguments are about, the one with the order first,
// and which order.
func approvals(args []string) (dirs []string, order string, err error) {
	if len(args) == 2 {
		dir, err := runs.Find(args[0])
		return []string{dir}, args[1], err
	}
	all, err := filepath.Glob(filepath.Join(runs.Dir, "*", runs.ApprovalsDir))
	if err != nil {
		return nil, "", err
	}
	for _, d := range all {
		dirs = append(dirs, filepath.Dir(d))
	}
	if len(args) == 0 {
		return dirs, "", nil
	}
	var with []string
	for _, d := range dirs {
		for _, o := range driver.Undecided(d) {
			if o.ID == args[0] || strings.HasPrefix(o.Hash, args[0]) {
				with = append(with, d)
			}
		}
	}
	switch with = slices.Compact(with); {
	case len(with) == 1:
		return with, args[0], nil
	case len(with) > 1:
		return nil, "", pitwall.Errorf(pitwall.InvalidInput, "order %s waits in %s", args[0], strings.Join(with, " and ")).Hintf("pitwall approve RUN %s", args[0])
	}
	if dir, err := runs.Find(args[0]); err == nil {
		return []string{dir}, "", nil
	}
	return nil, "", pitwall.Errorf(pitwall.UnknownOrder, "no order %s waits for a person", args[0]).Hintf("pitwall approve lists what waits")
}

// sayWaiting lists what waits.
func (a *app) sayWaiting(dirs []string) error {
	n := 0
	for _, d := range dirs {
		for _, o := range driver.Undecided(d) {
			n++
			fmt.Fprintf(a.stdout, "%s  %s\n  order %s of %s, held %s, lapses %s\n", o.Hash, term.OneLine(o.String()), term.OneLine(o.ID), d, o.Held.Format(time.RFC3339), o.Until.Format(time.RFC3339))
			if o.Reason != "" {
				fmt.Fprintf(a.stdout, "  reason: %s\n", term.OneLine(o.Reason))
			}
		}
	}
	if n == 0 {
		fmt.Fprintln(a.stdout, "no order waits for a person")
	}
	return nil
}
