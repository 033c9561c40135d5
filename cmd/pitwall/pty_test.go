//go:build !windows

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
)

// onTerminal runs the binary on a terminal of 100 columns and returns all that it
// wrote there.
func onTerminal(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	c := exec.Command(binary, args...)
	c.Dir = dir
	c.Env = append(append(os.Environ(), "TERM=xterm-256color", "NO_COLOR=", "COLUMNS="), env...)
	f, err := pty.StartWithSize(c, &pty.Winsize{Rows: 40, Cols: 100})
	require.NoError(t, err)
	defer f.Close()
	var out bytes.Buffer
	_, _ = io.Copy(&out, f) // Linux ends it with an error once the process is gone
	require.NoError(t, c.Wait(), out.String())
	return strings.ReplaceAll(out.String(), "\r\n", "\n")
}

var hanging = regexp.MustCompile(`\n {6,}`) // a line that was broken to fit

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// A real terminal: a bar that fits and clears itself, colours, and how to open the
// page; NO_COLOR takes the codes, a dumb terminal the bar too; the words stay.
func TestOnATerminal(t *testing.T) {
	made := []string{} // folders: the same name in each, so that the words are the same
	backtest := func(env ...string) string {
		made = append(made, t.TempDir())
		return onTerminal(t, made[len(made)-1], env, "backtest", "examples/momentum", "--to", "2014-02-28", "--no-cache", "--out", "run")
	}
	const how = "   (open it: pitwall report run --open)"
	words := func(text string) string { // without bars, colours and host times
		lines := strings.Split(hostSeconds.ReplaceAllString(colours.ReplaceAllString(text, ""), "0.00 s"), "\n")
		for i, line := range lines {
			lines[i] = line[strings.LastIndex(line, "\r")+1:]
		}
		return hanging.ReplaceAllString(strings.Replace(strings.Join(lines, "\n"), how, "", 1), " ")
	}
	colour := backtest()
	require.Contains(t, colour, "░]")
	require.Contains(t, colour, "\x1b[32m+2.1 %\x1b[0m   buy and hold", "a gain is green")
	require.Contains(t, colour, "\x1b[31m-14.7 %\x1b[0m", "a drawdown is red")
	require.Contains(t, colour, "\x1b[33m  warning: \x1b[0m")
	require.Contains(t, colour, how)
	for line := range strings.SplitSeq(strings.ReplaceAll(colour, "\n", "\r"), "\r") {
		require.LessOrEqual(t, len([]rune(colours.ReplaceAllString(line, ""))), 100, line)
	}
	plain := backtest("NO_COLOR=1")
	require.NotContains(t, plain, "\x1b")
	require.Contains(t, plain, "░]")
	dumb := backtest("TERM=dumb")
	require.NotContains(t, dumb, "\x1b")
	require.NotContains(t, dumb, "\r")
	require.NotContains(t, dumb, "░]")
	out, errs, code := command(t, t.TempDir(), nil, "backtest", "examples/momentum", "--to", "2014-02-28", "--no-cache", "--out", "run")
	require.Equal(t, 0, code)
	require.Empty(t, errs, "a pipe is quiet")
	require.NotContains(t, out, "\x1b")
	require.NotContains(t, out, "\r")
	for name, text := range map[string]string{"colour": colour, "NO_COLOR": plain, "dumb": dumb} {
		require.Equal(t, words(out), words(text), name)
	}
	table := onTerminal(t, made[0], nil, "report", "run")
	require.Contains(t, table, "\x1b[32mcomplete\x1b[0m")
	require.Contains(t, table, "\x1b[31m-14.70 %\x1b[0m")
	require.NotContains(t, onTerminal(t, made[0], []string{"NO_COLOR=1"}, "report", "run"), "\x1b")
}
