package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"pitwall/cmd/pitwall/term"
)

// verbCalls are calls that succeed and print.
var verbCalls = map[string][]string{
	"pitwall":                       {},
	"pitwall ablate":                {"ablate", "examples/desk", "--to", "2013-06-28"},
	"pitwall alpaca-fake":           nil, // it says nothing on stdout
	"pitwall analyze":               {"analyze", "AAPL", "--date", "2013-12-02"},
	"pitwall approve":               {"approve"},
	"pitwall backtest":              {"backtest", "examples/buyhold", "--to", "2013-06-28", "--json"},
	"pitwall cache":                 {"cache"},
	"pitwall cache clear":           {"cache", "clear", "--yes"},
	"pitwall cache ls":              {"cache", "ls"},
	"pitwall cache verify":          {"cache", "verify"},
	"pitwall completion":            {"completion"},
	"pitwall completion bash":       {"completion", "bash"},
	"pitwall completion fish":       {"completion", "fish"},
	"pitwall completion powershell": {"completion", "powershell"},
	"pitwall completion zsh":        {"completion", "zsh"},
	"pitwall data":                  {"data"},
	"pitwall data check":            {"data", "check", "bars.csv"},
	"pitwall data fetch":            nil, // in process: it needs a vendor
	"pitwall data import":           {"data", "import", "bars.csv"},
	"pitwall data ls":               {"data", "ls"},
	"pitwall data synth":            {"data", "synth", "AAPL", "--from", "2024-01-02", "--to", "2024-01-31"},
	"pitwall demo":                  {"demo"},
	"pitwall docs":                  {"docs", "moving", "average"},
	"pitwall doctor":                {"doctor"},
	"pitwall drift":                 {"drift", "papered"},
	"pitwall fork":                  {"fork", "momentum-1", "--turn", "2", "--answer", "hold"},
	"pitwall help":                  {"help", "backtest"},
	"pitwall init":                  {"init", "mine"},
	"pitwall kill":                  {"kill"},
	"pitwall kill off":              {"kill", "off"},
	"pitwall kill on":               {"kill", "on", "--reason", "the output is lost"},
	"pitwall kill status":           {"kill", "status"},
	"pitwall leaktest":              {"leaktest", "examples/buyhold", "--mutations", "1", "--steps", "2", "--queries", "1"},
	"pitwall preflight":             {"preflight", "paper.yaml"},
	"pitwall report":                {"report", "last"},
	"pitwall runs":                  {"runs"},
	"pitwall serve":                 {"serve"},
	"pitwall sql":                   {"sql", "momentum-1", "SELECT count(*) FROM turns"},
	"pitwall sweep":                 {"sweep", "examples/momentum", "--param", "lookback=50,100", "--to", "2013-07-31", "--json"},
	"pitwall trace":                 {"trace", "last"},
	"pitwall trade":                 {"trade", "paper.yaml", "--feed", "bars.csv", "--speed", "0", "--out", "mine"},
	"pitwall verify":                {"verify", "last"},
	"pitwall version":               {"version"},
	"pitwall why":                   {"why", "last", "AAPL", "2013-12-02"},
}

// Whatever a verb prints with, it fails when its output cannot be written: on a full
// device, without a stdout, and when the reader has hung up. No verb can be forgotten.
func TestOutputThatIsLost(t *testing.T) {
	dir := inMomentum(t)
	write(t, dir, "bars.csv", goodBars, "paper.yaml", "symbols: [A]\ndata: [bars.csv]\nrisk: {max_order_notional: 1000, max_symbol_percent: off, max_gross_percent: off, max_daily_loss_percent: 3, max_orders: off, price_collar_percent: off, stale_price: off}\nagent: {model: script/buyhold}\n")
	env := append(os.Environ(), "PITWALL_DATA_DIR="+t.TempDir(), "PITWALL_CACHE_DIR="+t.TempDir(), "PITWALL_HALT_DIR="+t.TempDir())
	_, errs, code := command(t, dir, env, "trade", "paper.yaml", "--feed", "bars.csv", "--speed", "0", "--out", "papered")
	require.Zero(t, code, errs)
	var names []string
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Runnable() && c.Name() != "__complete" && c.Name() != "__completeNoDesc" {
			names = append(names, c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	root := testApp(t).root()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	walk(root)
	sinks := map[string]func(t *testing.T, c *exec.Cmd) (want string){
		"a full device": func(t *testing.T, c *exec.Cmd) string {
			full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				t.Skip("skipped: no /dev/full")
			}
			t.Cleanup(func() { full.Close() })
			c.Stdout = full
			return "no space left on device"
		},
		"no stdout": func(_ *testing.T, c *exec.Cmd) string {
			shell, err := exec.LookPath("sh")
			require.NoError(t, err)
			c.Path, c.Args = shell, append([]string{"sh", "-c", `exec "$0" "$@" >&-`}, c.Args...)
			return "closed"
		},
		"a reader that hung up": func(t *testing.T, c *exec.Cmd) string {
			r, w, err := os.Pipe()
			require.NoError(t, err)
			require.NoError(t, r.Close())
			t.Cleanup(func() { w.Close() })
			c.Stdout = w
			return ""
		},
	}
	each := []string{"pitwall backtest", "pitwall help", "pitwall serve", "pitwall trace", "pitwall version"} // lose it in every way; PITWALL_LONG=1: all verbs
	if often(0, 1) == 1 {
		each = names
	}
	for _, name := range names {
		args, known := verbCalls[name]
		require.True(t, known, "%s: add a call of it to verbCalls", name)
		for sink, attach := range sinks {
			if args == nil || name == "pitwall demo" && often(0, 1) == 0 || sink != "a full device" && !slices.Contains(each, name) {
				continue
			}
			require.NoError(t, os.RemoveAll(dir+"/mine"))
			t.Run(strings.TrimPrefix(name, "pitwall ")+" to "+sink, func(t *testing.T) {
				c := exec.Command(binary, args...)
				c.Dir, c.Env = dir, env
				var errs bytes.Buffer
				c.Stderr = &errs
				want := attach(t, c)
				if name == "pitwall serve" {
					in, err := c.StdinPipe() // open until the answer cannot be written
					require.NoError(t, err)
					_, err = in.Write([]byte(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}` + "\n"))
					require.NoError(t, err)
				}
				require.Error(t, c.Run())
				require.Equal(t, exitFailed, c.ProcessState.ExitCode(), errs.String())
				require.Contains(t, errs.String(), want)
				if sink == "a reader that hung up" && name != "pitwall serve" {
					require.NotContains(t, errs.String(), "stdout", "as head hangs up: no message")
				}
			})
		}
	}
}

// The verb that needs a vendor, and a verb that fails for another reason too: both
// are said.
func TestOutputOfAFetchIsLost(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("skipped: no /dev/full")
	}
	defer full.Close()
	for _, symbols := range [][]string{{"AAA"}, {"AAA", "NOPE"}} {
		c := newConsole(t)
		c.stdout = term.NewOutput(full)
		root := c.root()
		root.SetArgs(append(append([]string{"data", "fetch", "yahoo"}, symbols...), "--from", "2024-01-01", "--to", "2024-12-31", "--kind", "bars"))
		require.Equal(t, exitFailed, c.exit(root.ExecuteContext(context.Background())))
		said, err := os.ReadFile(c.stderr.Name())
		require.NoError(t, err)
		require.Contains(t, string(said), "pitwall: stdout could not be written: ")
		require.Equal(t, len(symbols) > 1, strings.Contains(string(said), "1 of 2 symbols failed"))
	}
}
