package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhyGolden(t *testing.T) {
	dir := inMomentum(t)
	goldenText(t, "why_fill", printed(t, dir, 0, "why", "last", "aapl", "2013-10-04"))
	goldenText(t, "why_not", printed(t, dir, 0, "why", "last", "AAPL", "2013-11-20"))
	for day, want := range map[string]string{
		"2013-10-03": "no fill, but an order was sent that filled on 2013-10-04",
		"2013-10-05": "no fill; next to it, on 2013-10-04",
		"2001-01-02": "no fill: the run goes from 2013-05-13 to 2014-02-28",
		"2013-05-14": "before   no fill",
	} {
		require.Contains(t, printed(t, dir, 0, "why", "last", "AAPL", day), want, day)
	}
	require.Contains(t, printed(t, dir, 1, "why", "last", "AAPLE", "2013-10-04"), "did you mean AAPL?")
	require.Contains(t, printed(t, dir, 2, "why", "last", "AAPL", "yesterday"), "write a day")
}

func TestWhyOfAModel(t *testing.T) {
	dir := t.TempDir()
	modelRun(t, dir, bracketReplies())
	entry := printed(t, dir, 0, "why", "last", "A", "2024-01-03")
	goldenText(t, "why_entry", entry)
	exit := printed(t, dir, 0, "why", "last", "A", "2024-01-04")
	goldenText(t, "why_exit", exit)
	require.Contains(t, exit, "b1.tp is its exit")
	require.Contains(t, exit, "pitwall trace runs/fake-1 1", "the turn of the entry")
	denied := printed(t, dir, 0, "why", "last", "A", "2024-01-02")
	require.Contains(t, denied, "MAX_ORDER_QTY")
	require.Contains(t, denied, "by turn 1: pitwall trace runs/fake-1 1")
	for _, day := range []string{"2024-01-05", "2024-01-06", "2024-01-09"} {
		harmless(t, printed(t, dir, 0, "why", "last", "A", day))
	}
	silent := printed(t, dir, 0, "why", "last", "BTC-USD", "2024-01-04")
	require.Contains(t, silent, "none of BTC-USD in the whole run")
	require.Contains(t, silent, "its model gave no answer")
}

// A replayed turn is said to be one.
func TestWhyReplayed(t *testing.T) {
	dir := t.TempDir()
	env := []string{"PITWALL_CACHE_DIR=" + t.TempDir()}
	for range 2 {
		_, errs, code := command(t, dir, env, "backtest", "examples/momentum", "--to", "2013-10-31")
		require.Equal(t, 0, code, errs)
	}
	require.Contains(t, printed(t, dir, 0, "why", "momentum-1", "AAPL", "2013-10-04"), "asked for in this run")
	require.Contains(t, printed(t, dir, 0, "why", "last", "AAPL", "2013-10-04"), "replayed: no model was asked in this run")
	out := printed(t, dir, 0, "trace", "last")
	require.True(t, strings.HasPrefix(out, "runs/momentum-2"))
	require.Contains(t, out, "0 replies asked")
	require.Contains(t, printed(t, dir, 0, "trace", "last", "21"), "the whole turn was replayed")
}
