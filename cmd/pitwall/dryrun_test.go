package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop/driver"
)

// A dry run shows the files as they are read, with what was guessed, and leaves nothing.
func TestDryRun(t *testing.T) {
	dir := t.TempDir()
	rows := "Datum;Eröffnung;Hoch;Tief;Schluss;Volumen;Note\n"
	for _, day := range []string{"02", "03", "04", "05", "08", "15"} {
		rows += day + ".01.2024;100,5;102,25;99,75;101,5;1.234;x\n"
	}
	write(t, dir, "AAPL.csv", rows, "s.yaml", "name: s\nsymbols: [AAPL]\ndata: [AAPL.csv]\ncash: 1000\nagent: {model: gpt-4o, prompt: p}\n")
	out := printed(t, dir, 0, "backtest", "s.yaml", "--dry-run")
	for _, want := range []string{"s: gpt-4o, 2024-01-02 to 2024-01-15", "assumed: the strategy states none", "AAPL    traded  1d       6  2024-01-02  2024-01-15  raw",
		"  Schluss    close      101,5\n", "  2024-01-02  100.5  102.25  99.75  101.5  1234    AAPL\n", "  not read: Note\n",
		"? the decimal mark is \",\"\n", "? 02.01.2024 is read as 2024-01-02\n", "? prices are taken as traded;", "(marked with ?): 3. Nothing was run"} {
		require.Contains(t, out, want)
	}
	require.NoDirExists(t, filepath.Join(dir, "runs"))
	var plan driver.Plan
	require.NoError(t, json.Unmarshal([]byte(printed(t, dir, 0, "backtest", "s.yaml", "--dry-run", "--json")), &plan))
	require.Len(t, plan.Files, 1)
	require.Len(t, plan.Files[0].Guesses, 3)
	require.Equal(t, []string{"2024-01-02", "100.5", "102.25", "99.75", "101.5", "1234", "AAPL"}, plan.Files[0].First[0])
	// What is stated is no guess.
	write(t, dir, "s.yaml", "name: s\nsymbols: [AAPL]\ndata: [{path: AAPL.csv, adjusted: raw}]\ncash: 1000\nagent: {model: gpt-4o, prompt: p}\n")
	require.Contains(t, printed(t, dir, 0, "backtest", "s.yaml", "--dry-run"), "(marked with ?): 2.")
	// What a run would refuse is refused, and data check marks the same guesses.
	write(t, dir, "s.yaml", "name: s\nsymbols: [AAPL]\ndata: [AAPL.csv]\ncash: 1000\nfrom: 2030-01-01\nagent: {model: gpt-4o, prompt: p}\n")
	_, errs, code := command(t, dir, nil, "backtest", "s.yaml", "--dry-run")
	require.Equal(t, 1, code, errs)
	out, _, _ = command(t, dir, nil, "data", "check", "AAPL.csv")
	require.Contains(t, out, "? 02.01.2024 is read as 2024-01-02\n")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2, "nothing was written")
}
