package main

import (
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
)

func (a *app) runs() *cobra.Command {
	dir, asJSON := runs.Dir, false
	c := &cobra.Command{
		Use:   "runs",
		Short: "List the runs with their headline figures",
		Long: "runs lists the runs in a folder, the newest first: what was run, and what came of it. Against is the benchmark's return, or that of\n" +
			"buying and holding when the run has none. From and to are the days that it came to. A damaged\n" +
			"folder is listed with what is wrong with it.",
		Example: "  pitwall runs\n  pitwall runs --dir elsewhere/runs --json",
		Args:    takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			list, err := runs.List(os.DirFS(dir))
			if errors.Is(err, fs.ErrNotExist) {
				return pitwall.Errorf(pitwall.InvalidInput, "there is no folder %s", term.OneLine(dir)).Hintf("pitwall backtest leaves its runs in runs/; --dir names another folder")
			}
			if err != nil {
				return err
			}
			return a.answer(asJSON, list, func(p *term.Pen) { show.List(p, list, dir) }, nil)
		},
	}
	c.Flags().StringVar(&dir, "dir", runs.Dir, "the folder that holds the runs")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON list on stdout")
	return c
}
