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
	var id string
	c := &cobra.Command{
		Use:   "approve [RUN] [HASH]",
		Short: "Approve or deny an order that waits for a person, or list them",
		Long: "With approve: in the strategy or the broker's profile, orders wait until a person has approved them. approve lists those of\n" +
			"the runs in ./" + runs.Dir + ", or of RUN; with the beginning of an order's hash (4 characters or more) it approves that one. An id\n" +
			"goes behind --id alone: a model chooses it, and it can look like another order's hash. The process that trades then sends it, through limits and halt. An approval lapses two minutes after the order was held, and when the price moves.",
		Example: "  pitwall approve\n  pitwall approve 3f9a1c07\n  pitwall approve desk-1 3f9a1c07 --deny\n  pitwall approve --id dip-1",
		Args:    takes(0, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			dirs, order, err := approvals(args, id)
			if err != nil {
				return err
			}
			if order == (driver.Asked{}) {
				if denied {
					return &usageError{pitwall.Errorf(pitwall.InvalidInput, "--deny needs an order").Hintf("give its hash, or its id with --id")}
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
	c.Flags().StringVar(&id, "id", "", "the order with this id, instead of a hash")
	return c
}

// approvals returns the runs that the arguments are about, the one with the order first,
// and which order.
func approvals(args []string, id string) (dirs []string, order driver.Asked, err error) {
	order.ID = id
	switch {
	case len(args) == 2 && id != "":
		return nil, order, &usageError{pitwall.Errorf(pitwall.InvalidInput, "both a hash (%s) and --id %s are given", args[1], id).Hintf("give one of them")}
	case len(args) == 2, len(args) == 1 && id != "":
		order.Hash = strings.Join(args[1:], "") // none behind an id
		dir, err := runs.Find(args[0])
		return []string{dir}, order, err
	}
	all, err := filepath.Glob(filepath.Join(runs.Dir, "*", runs.ApprovalsDir))
	if err != nil {
		return nil, order, err
	}
	for _, d := range all {
		dirs = append(dirs, filepath.Dir(d))
	}
	switch {
	case len(args) == 1:
		order.Hash = args[0]
	case id == "":
		return dirs, order, nil
	}
	var with []string
	for _, d := range dirs {
		if slices.ContainsFunc(driver.Undecided(d), order.Is) {
			with = append(with, d)
		}
	}
	switch {
	case len(with) == 1:
		return with, order, nil
	case len(with) > 1:
		return nil, order, pitwall.Errorf(pitwall.InvalidInput, "order %s waits in %s", order, strings.Join(with, " and ")).Hintf("name the run: pitwall approve RUN")
	}
	if dir, err := runs.Find(order.Hash); order.Hash != "" && err == nil {
		return []string{dir}, driver.Asked{}, nil
	}
	return nil, order, pitwall.Errorf(pitwall.UnknownOrder, "no order %s waits for a person", order).Hintf("pitwall approve lists what waits; an id goes behind --id")
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
