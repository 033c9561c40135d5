package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/examples"
)

func (a *app) init() *cobra.Command {
	return &cobra.Command{
		Use:     "init NAME",
		Short:   "Write a first strategy with data into the folder NAME",
		Example: "  pitwall init mine\n  pitwall backtest mine",
		Args:    takes(1, 1),
		RunE:    func(_ *cobra.Command, args []string) error { return a.initStrategy(args[0]) },
	}
}

func (a *app) initStrategy(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return pitwall.Errorf(pitwall.InvalidInput, "%s exists already", dir).Hintf("choose another name")
	}
	name := filepath.Base(dir)
	raw, err := fs.ReadFile(examples.FS, "momentum/strategy.yaml")
	if err != nil {
		return err
	}
	text := string(raw)
	text = strings.Replace(text, "name: momentum", "name: "+name, 1)
	text = strings.Replace(text, "[../data]", "[data]", 1)
	text = strings.Replace(text, "pitwall backtest examples/momentum", "pitwall backtest "+dir, 1)
	s, err := driver.Parse(dir, []byte(text))
	if err == nil {
		err = s.Check()
	}
	if err != nil {
		return err
	}
	data, err := fs.Sub(examples.FS, "data")
	if err == nil {
		err = os.CopyFS(filepath.Join(dir, "data"), data)
	}
	if err != nil {
		return fmt.Errorf("writing the data: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "strategy.yaml"), []byte(text), 0o644); err != nil {
		return fmt.Errorf("writing the strategy: %w", err)
	}
	fmt.Fprintf(a.stdout, "Wrote %s/strategy.yaml and %s/data. Run it:\n\n  pitwall backtest %s\n\nThen change symbols, dates, params or data.\n", dir, dir, dir)
	return nil
}
