package pitwall

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// judgment is a test and the changes that it reaches.
type judgment struct {
	binary  int
	name    string
	took    time.Duration
	reaches map[int]bool
}

// chosen returns the numbers of the changes that are tried.
func (m *mutants) chosen(t *testing.T) (ids []int) {
	every := 1
	if s := os.Getenv("PITWALL_MUTATE_EVERY"); s != "" {
		n, err := strconv.Atoi(s)
		require.NoError(t, err)
		every = n
	}
	only := regexp.MustCompile(os.Getenv("PITWALL_MUTATE_ONLY"))
	for i, about := range m.about {
		if i%every == 0 && only.MatchString(about) {
			ids = append(ids, i+1)
		}
	}
	require.NotEmpty(t, ids, "no change is chosen")
	return ids
}

// judge runs the tests that reach a change, with it, and returns those that none noticed.
func (m *mutants) judge(t *testing.T, judges []string, ids []int) (survived []string) {
	var binaries, dirs []string
	for i, pkg := range judges {
		bin := filepath.Join(t.TempDir(), fmt.Sprintf("judge%d.test", i))
		out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", m.overlay, "-o", bin, pkg).CombinedOutput()
		require.NoError(t, err, "%s", out)
		dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", pkg).Output()
		require.NoError(t, err)
		binaries, dirs = append(binaries, bin), append(dirs, strings.TrimSpace(string(dir)))
	}
	run := func(binary, id int, limit time.Duration, names []string, env ...string) ([]byte, error) {
		c := exec.Command(binaries[binary], "-test.failfast", "-test.short", "-test.timeout", limit.String(), "-test.run", "^("+strings.Join(names, "|")+")$")
		c.Dir, c.Env = dirs[binary], append(os.Environ(), append(env, fmt.Sprint("PITWALL_MUTANT=", id), "PITWALL_MUTATE=")...)
		return c.CombinedOutput()
	}
	var all []judgment
	log := filepath.Join(t.TempDir(), "reached")
	for i := range binaries {
		c := exec.Command(binaries[i], "-test.list", "^(Test|Example|Fuzz)")
		c.Dir = dirs[i]
		names, err := c.Output()
		require.NoError(t, err)
		for _, name := range strings.Fields(string(names)) {
			require.NoError(t, os.WriteFile(log, nil, 0o600))
			start := time.Now()
			out, err := run(i, 0, time.Hour, []string{name}, "PITWALL_MUTANTS_REACHED="+log)
			require.NoError(t, err, "%s of %s fails unchanged: %s", name, judges[i], out)
			j := judgment{binary: i, name: name, took: time.Since(start), reaches: map[int]bool{}}
			body, err := os.ReadFile(log)
			require.NoError(t, err)
			for _, line := range strings.Fields(string(body)) {
				id, err := strconv.Atoi(line)
				require.NoError(t, err)
				j.reaches[id] = true
			}
			all = append(all, j)
		}
	}
	slices.SortStableFunc(all, func(a, b judgment) int { return int(a.took - b.took) })
	for done, id := range ids {
		with := slices.DeleteFunc(slices.Clone(all), func(j judgment) bool { return !j.reaches[id] })
		about, seen := m.about[id-1], len(with) > 0
		killed := false
		for share := time.Second; len(with) > 0 && !killed; share *= 4 {
			var names []string
			var took time.Duration
			binary := with[0].binary
			with = slices.DeleteFunc(with, func(j judgment) bool {
				take := j.binary == binary && (names == nil || took+j.took <= share)
				if take {
					names, took = append(names, j.name), took+j.took
				}
				return take
			})
			for range 2 { // a test that fails on a busy machine notices nothing
				out, err := run(binary, id, 20*time.Second+10*took, names)
				if killed = err != nil; !killed {
					break
				}
				if bytes.Contains(out, []byte("panic: test timed out")) {
					t.Logf("%d of %d out of time: %s", done+1, len(ids), about)
					break
				}
			}
		}
		switch {
		case !seen:
			about += " (no test reaches it)"
			fallthrough
		case !killed:
			survived = append(survived, about)
			t.Logf("%d of %d survived: %s", done+1, len(ids), about)
		}
	}
	return survived
}
