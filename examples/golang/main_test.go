package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
)

func TestMain(m *testing.M) {
	driver.RunWorkerIfChild()
	os.Exit(m.Run())
}

// The agent is asked when the code says so, by the tool that is the code's own.
func TestExample(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	require.NoError(t, run(context.Background(), dir))
	r := runs.Open(os.DirFS(dir))
	require.Len(t, r.Lines(), 23)
	turn, err := r.Turn(2)
	require.NoError(t, err)
	require.Equal(t, "AAPL -8.3 % since 2013-05-13", turn.Why)
	require.Equal(t, agentloop.StatusOrdered, turn.Status)
	require.Empty(t, turn.Warnings)
	require.Contains(t, turn.Tools, "drawdown")
	require.Contains(t, turn.Messages[1].Results[0].Text, "8.334")
}
