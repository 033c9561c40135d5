package runs

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// NextDir returns the first folder dir/<name>-<n> that does not exist.
func NextDir(dir, name string) (string, error) {
	for n := 1; n < 1_000_000; n++ {
		next := filepath.Join(dir, name+"-"+strconv.Itoa(n))
		if _, err := os.Stat(next); errors.Is(err, os.ErrNotExist) {
			return next, nil
		}
	}
	return "", fmt.Errorf("%s is full", dir)
}

// Attempt counts the runs beside dir that share a symbol and a day with run m, m
// included: repeated tries overfit. Not counted are runs that failed before their
// first turn, exact repeats (same digest), and interrupted runs that m resumes.
// Before a run there is no digest: then runs of the same settings count as repeats.
// Agents see the attempt, and a repeat must see what the first run saw, or its
// recorded answers do not fit.
func Attempt(dir string, m Manifest) int {
	n := 1
	seen := map[string]bool{m.Digest: true}
	others, err := filepath.Glob(filepath.Join(filepath.Dir(dir), "*", "manifest.json"))
	if err != nil {
		return n // a constant pattern cannot fail
	}
	for _, file := range others {
		var x Manifest
		raw, err := os.ReadFile(file)
		if err != nil || json.Unmarshal(raw, &x) != nil || filepath.Dir(file) == filepath.Clean(dir) {
			continue // not a run, or this one
		}
		if x.Status == "failed" && untried(filepath.Dir(file)) || x.Digest != "" && seen[x.Digest] || (m.Digest == "" || x.Status != "complete" && !x.NoCache && !m.NoCache) && sameTrial(x, m) {
			continue
		}
		seen[x.Digest] = true
		shared := slices.ContainsFunc(x.Symbols, func(s string) bool { return slices.Contains(m.Symbols, s) })
		if shared && x.From <= m.To && m.From <= x.To {
			n++
		}
	}
	return n
}

// untried reports whether a run has no turn. Ask it of failed runs only: the folder of
// turns may be long.
func untried(dir string) bool {
	turns, err := os.ReadDir(filepath.Join(dir, "turns"))
	return err == nil && len(turns) == 0
}

// sameTrial reports whether two runs were asked to do the same.
func sameTrial(x, y Manifest) bool {
	asked := func(m Manifest) string {
		raw, err := json.Marshal([]any{m.Symbols, m.Benchmark, m.From, m.To, m.Every, m.Cash, m.Costs, m.Account, m.Fills, m.Limits, m.Agents, m.Data, m.Sample})
		if err != nil {
			return m.RunID // not to be compared
		}
		return string(raw)
	}
	return asked(x) == asked(y)
}
