package main

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/cache/runs"
)

// turnAppears waits until a run has written the record of a turn.
func turnAppears(t *testing.T, run string, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, err := runs.Open(os.DirFS(run)).RawTurn(n)
		return err == nil
	}, 2*time.Minute, 5*time.Millisecond, "turn %d of %s", n, run)
}

// recordsOf reads the records of a run's turns, in order.
func recordsOf(t require.TestingT, run string) (list []string) {
	r := runs.Open(os.DirFS(run))
	for _, line := range r.Lines() {
		raw, err := r.RawTurn(line.Turn)
		require.NoError(t, err)
		list = append(list, string(raw))
	}
	require.NotEmpty(t, list)
	return list
}

// withRecords reads a run's folder, and each record under a name of its own.
func withRecords(t *testing.T, run string) map[string]string {
	t.Helper()
	all := tree(t, run)
	for i, raw := range recordsOf(t, run) {
		all[turnName(i+1)] = raw
	}
	return all
}

// turnName is the key of a turn's record in tests that keep many.
func turnName(n int) string { return fmt.Sprintf("turns/%06d.json", n) }
