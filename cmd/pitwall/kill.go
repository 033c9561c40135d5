package main

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/brokers/halt"
	"pitwall/cmd/pitwall/show"
)

// latch is the halt latch of this machine's user: PITWALL_HALT_DIR, else in the user's
// configuration folder, which no one clears.
func (s settings) latch() (*halt.Latch, error) {
	if s.HaltDir != "" {
		dir, err := filepath.Abs(s.HaltDir)
		return halt.New(dir), err
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return nil, pitwall.Errorf(pitwall.DataError, "there is no configuration folder on this machine: %v", err).Hintf("set PITWALL_HALT_DIR to a folder for the halt latch")
	}
	return halt.New(filepath.Join(dir, "pitwall", "halt")), nil
}

func (a *app) latch() (*halt.Latch, error) {
	cfg, err := a.settings()
	if err != nil {
		return nil, err
	}
	return cfg.latch()
}

func (a *app) kill() *cobra.Command {
	return group(&cobra.Command{
		Use:   "kill",
		Short: "Stop all trading of this machine at once, and see what stopped it",
		Long: "The halt latch stops every trading process of this machine's user. It is read before each order is sent, outlives\n" +
			"restarts and never expires. Cancels always pass. Only pitwall kill off lowers it; no tool can. It is a folder:\n" +
			"PITWALL_HALT_DIR, else pitwall/halt in the user's configuration folder.",
		Example: "  pitwall kill on --reason \"prices look wrong\"\n  pitwall kill on --reason \"wrong model\" --flatten\n  pitwall kill status\n  pitwall kill off",
	}, a.killOn(), a.killStatus(), a.killOff())
}

func (a *app) killOn() *cobra.Command {
	var reason string
	var reduce, cancel, flatten bool
	c := &cobra.Command{
		Use:   "on",
		Short: "Stop trading until a person lowers the latch",
		Long: "on refuses every new order and every change of one. With --cancel-orders running pitwall trade and serve processes cancel\n" +
			"what is open, with --flatten they close all positions of their accounts too; both go on until the broker's own lists say\nthat nothing is left.\n" +
			"With --reduce-only orders that shrink a position still pass.",
		Example: "  pitwall kill on --reason \"prices look wrong\"\n  pitwall kill on --reason \"wrong model\" --flatten",
		Args:    takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			level := halt.Halt
			switch {
			case reason == "":
				return &usageError{fmt.Errorf("--reason is missing: say why, for whoever decides to resume")}
			case reduce && (cancel || flatten):
				return &usageError{fmt.Errorf("--reduce-only lets orders pass that --cancel-orders and --flatten would cancel; leave one out")}
			case flatten:
				level = halt.Flatten
			case cancel:
				level = halt.Cancel
			case reduce:
				level = halt.ReduceOnly
			}
			l, err := a.latch()
			if err != nil {
				return err
			}
			if err := l.Raise(halt.Raise{Level: level, By: person(), Reason: reason, At: a.now()}); err != nil {
				return err
			}
			show.Halt(a.stdout, l.State())
			return nil
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why (needed)")
	c.Flags().BoolVar(&reduce, "reduce-only", false, "let orders pass that only shrink a position")
	c.Flags().BoolVar(&cancel, "cancel-orders", false, "and cancel all open orders")
	c.Flags().BoolVar(&flatten, "flatten", false, "and close all positions")
	return c
}

// person is who runs this program.
func person() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "a person"
}

func (a *app) killStatus() *cobra.Command {
	return &cobra.Command{
		Use:     "status",
		Short:   "Say whether trading is stopped, since when, by whom and why",
		Long:    "status prints the level, every raise, and what each trading process did about it. Exit code 1 while trading is stopped.",
		Example: "  pitwall kill status",
		Args:    takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			l, err := a.latch()
			if err != nil {
				return err
			}
			s := l.State()
			show.Halt(a.stdout, s)
			if err := show.HaltReports(a.stdout, l, s); err != nil {
				return err
			}
			if s.Level != halt.Off {
				return errSaid
			}
			return nil
		},
	}
}

func (a *app) killOff() *cobra.Command {
	return &cobra.Command{
		Use:     "off",
		Short:   "Let trading go on: for a person, once the reason is gone",
		Long:    "off removes the raises that there are and lets every trading process of this machine send orders again.",
		Example: "  pitwall kill off",
		Args:    takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			l, err := a.latch()
			if err != nil {
				return err
			}
			seen := l.State()
			if err := l.Lower(seen); err != nil {
				return err
			}
			for _, r := range seen.Raises {
				fmt.Fprintf(a.stdout, "lowered: %s\n", show.Raised(r))
			}
			after := l.State()
			show.Halt(a.stdout, after)
			if after.Level != halt.Off {
				return errSaid
			}
			return nil
		},
	}
}
