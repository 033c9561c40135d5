package runs

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
	"pitwall/cache/disk"
)

// sumsRun is a run of three turns, sealed or killed before its end.
func sumsRun(t *testing.T, whole bool) (string, Manifest) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	f, err := Create(disk.OS{}, dir, nil)
	require.NoError(t, err)
	m := Manifest{RunID: "run", Status: "running"}
	require.NoError(t, f.WriteJSON(ManifestFile, m))
	for n := 1; n <= 3; n++ {
		require.NoError(t, f.EndTurn(n, []byte(`{"turn":1}`+"\n"), []byte(`{"turn":1}`), agentloop.Timing{Turn: n}))
	}
	require.NoError(t, f.Flush())
	if whole {
		m.Status = "complete"
		require.NoError(t, f.WriteJSON(MetricsFile, 1))
		require.NoError(t, f.WriteJSON(UsageFile, 1))
		require.NoError(t, f.Seal(&m))
	}
	require.NoError(t, f.Close())
	return dir, m
}

// filesOf reads a folder.
func filesOf(t *testing.T, dir string) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{}
	require.NoError(t, filepath.WalkDir(dir, func(file string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(file)
		name, _ := filepath.Rel(dir, file)
		fsys[filepath.ToSlash(name)] = &fstest.MapFile{Data: raw}
		return err
	}))
	return fsys
}

// sums reads a folder with changes: a file's new text, "" to remove it.
func sums(t *testing.T, fsys fstest.MapFS, change map[string]string) (Sums, error) {
	t.Helper()
	fsys = maps.Clone(fsys)
	for name, text := range change {
		delete(fsys, name)
		if text != "" {
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	s := Strict{fsys}
	m, err := s.Manifest()
	require.NoError(t, err)
	return s.Sums(m)
}

// older makes of a folder one as older versions wrote it, with a file per turn.
func older(t *testing.T, fsys fstest.MapFS) fstest.MapFS {
	t.Helper()
	l, err := readTurns(fsys)
	require.NoError(t, err)
	raw, text := string(fsys[TurnsFile].Data), ""
	for _, x := range l.turns {
		body := raw[x.at : x.at+x.bytes]
		fsys[turnFile(x.n)] = &fstest.MapFile{Data: []byte(body)}
		text += sumLine(turnFile(x.n), digestOf([]byte(body)))
	}
	for line := range strings.Lines(string(fsys[SumsFile].Data)) {
		if !strings.HasSuffix(line, TurnsFile+"\n") {
			text += line
		}
	}
	delete(fsys, TurnsFile)
	fsys[SumsFile] = &fstest.MapFile{Data: []byte(text)}
	return fsys
}

// Each file but the timing has a sum, and one that is edited, missing or added is named.
func TestSums(t *testing.T) {
	dir, m := sumsRun(t, true)
	now := filesOf(t, dir)
	got, err := sums(t, now, nil)
	require.NoError(t, err)
	require.Equal(t, Sums{Turns: 3}, got)
	records := string(now[TurnsFile].Data)
	parts := strings.SplitAfter(records, "}\n") // of three turns, and nothing
	for what, c := range map[string]struct{ text, want string }{
		"a turn edited":                {parts[0] + strings.Replace(parts[1], "1}", "2}", 1) + parts[2], "turn 2 in turns.log was changed after the run wrote it"},
		"a turn that became longer":    {parts[0] + strings.Replace(parts[1], "1}", "1, \"x\": 1}", 1) + parts[2], "turn 2 in turns.log was changed after the run wrote it"},
		"a turn that became shorter":   {parts[0] + strings.Replace(parts[1], `{"turn":1}`, "{}", 1) + parts[2], "turn 2 in turns.log was changed after the run wrote it"},
		"the last that became shorter": {parts[0] + parts[1] + strings.Replace(parts[2], `{"turn":1}`, "{}", 1), "turns.log ends in"},
		"a turn missing":               {parts[0] + parts[2], "turn 2 is missing in turns.log"},
		"the last missing":             {parts[0] + parts[1], "has turns_digest"},
		"a turn added":                 {records + turnHead(4, digestOf([]byte("x")), 1) + "x", "has turns_digest"},
		"a turn with its sum":          {parts[0] + turnHead(2, digestOf([]byte("x")), 1) + "x" + parts[2], "has turns_digest"},
		"the order of turns":           {parts[1] + parts[0] + parts[2], "has turns_digest"},
		"nothing":                      {"x", "turns.log ends in"},
	} {
		got, err := sums(t, now, map[string]string{TurnsFile: c.text})
		require.NoError(t, err, what)
		require.Contains(t, strings.Join(got.Differences, "\n"), c.want, what)
		require.Contains(t, strings.Join(got.Differences, "\n"), TurnsFile+" was changed", what)
	}
	got, err = sums(t, now, map[string]string{TurnsFile: ""})
	require.NoError(t, err)
	require.Contains(t, got.Differences, TurnsFile+" is missing")
	was := older(t, now)
	got, err = sums(t, was, nil)
	require.NoError(t, err)
	require.Equal(t, Sums{Turns: 3}, got, "the digest of the turns is that of older versions")
	text := string(was[SumsFile].Data)
	require.Equal(t, 3+8, strings.Count(text, "\n"))
	lines := strings.SplitAfter(text, "\n")
	manifest, err := os.ReadFile(filepath.Join(dir, ManifestFile))
	require.NoError(t, err)
	for what, c := range map[string]struct {
		change map[string]string
		want   string
	}{
		"a turn edited":       {map[string]string{"turns/000002.json": "x"}, "turns/000002.json was changed after the run wrote it"},
		"a turn missing":      {map[string]string{"turns/000002.json": ""}, "turns/000002.json is missing"},
		"a turn added":        {map[string]string{"turns/000004.json": "x"}, "turns/000004.json has no sum in SHA256SUMS"},
		"the journal edited":  {map[string]string{JournalFile: "x"}, JournalFile + " was changed"},
		"the lines edited":    {map[string]string{SummariesFile: "x"}, SummariesFile + " was changed"},
		"the manifest edited": {map[string]string{ManifestFile: strings.Replace(string(manifest), `"run_id": "run"`, `"run_id": "other"`, 1)}, ManifestFile + " was changed"},
		"made to look open":   {map[string]string{ManifestFile: strings.Replace(string(manifest), "complete", "running", 1)}, ManifestFile + " was changed"},
		"the sums missing":    {map[string]string{SumsFile: ""}, "SHA256SUMS is missing"},
		"a sum missing":       {map[string]string{SumsFile: strings.Join(lines[1:], "")}, "turns/000001.json has no sum"},
		"a turn with its sum": {map[string]string{"turns/000002.json": "x", SumsFile: lines[0] + sumLine("turns/000002.json", digestOf([]byte("x"))) + strings.Join(lines[2:], "")}, `has turns_digest "` + m.TurnsDigest},
		"the order of turns":  {map[string]string{SumsFile: lines[1] + lines[0] + strings.Join(lines[2:], "")}, "has turns_digest"},
		"the metrics' sum":    {map[string]string{SumsFile: strings.Replace(text, "  "+MetricsFile, "  timing.jsonl", 1)}, MetricsFile + " has no sum"},
		"half a line":         {map[string]string{SumsFile: text[:len(text)-4]}, "SHA256SUMS line 11 cannot be read"},
		"not a sum":           {map[string]string{SumsFile: "x\n" + text}, "SHA256SUMS line 1 cannot be read"},
		"a path outside":      {map[string]string{SumsFile: text + sumLine("../secret", digestOf(nil))}, "../secret is missing"},
	} {
		got, err := sums(t, was, c.change)
		require.NoError(t, err, what)
		require.Contains(t, strings.Join(got.Differences, "\n"), c.want, what)
	}
	got, err = sums(t, was, map[string]string{TimingFile: "x", PageFile: "x"})
	require.NoError(t, err)
	require.Empty(t, got.Differences, "neither is covered")
	for _, name := range sometimes {
		got, err = sums(t, was, map[string]string{name: "x"})
		require.NoError(t, err)
		require.Equal(t, []string{name + " has no sum in SHA256SUMS"}, got.Differences)
	}
	change := map[string]string{}
	for n := range 30 {
		change["turns/"+strings.Repeat("9", n+1)+".json"] = "x"
	}
	got, err = sums(t, was, change)
	require.NoError(t, err)
	require.Len(t, got.Differences, maxNamed+1)
	require.Equal(t, "and 10 more files or lines", got.Differences[maxNamed])
}

// A killed run has sums of its turns; half a line and a turn without one are what a
// kill leaves. A run of an older version has none.
func TestSumsOfAKilledRun(t *testing.T) {
	dir, _ := sumsRun(t, false)
	now := filesOf(t, dir)
	records := string(now[TurnsFile].Data)
	for text, want := range map[string]string{
		records:                                                "",
		records[:len(records)-3]:                               "",
		records + "turn 000004 17 ":                            "",
		records[:len(records)/3] + "":                          "",
		strings.Replace(records, "1}", "2}", 1):                "turn 1 in turns.log was changed",
		records[len(records)/3:]:                               "turn 1 is missing in turns.log",
		strings.Replace(records, `{"turn":1}`, `{"turn":}`, 1): "turn 1 in turns.log was changed",
	} {
		got, err := sums(t, now, map[string]string{TurnsFile: text})
		require.NoError(t, err)
		require.Equal(t, want == "", len(got.Differences) == 0, got.Differences)
		require.Contains(t, strings.Join(got.Differences, "\n"), want)
	}
	was := older(t, now)
	text := string(was[SumsFile].Data)
	for want, change := range map[string]map[string]string{
		"":                              nil,
		" ":                             {SumsFile: text[:len(text)-9]},
		"  ":                            {"turns/000004.json": "x"},
		"   ":                           {"turns/000004.json.tmp": "x"},
		"turns/000001.json was changed": {"turns/000001.json": "x"},
		"turns/000003.json is missing":  {"turns/000003.json": ""},
		"SHA256SUMS line 1 cannot":      {SumsFile: "x\n" + text},
	} {
		got, err := sums(t, was, change)
		require.NoError(t, err)
		if strings.TrimSpace(want) == "" {
			require.Empty(t, got.Differences, slices.Collect(maps.Keys(change)))
			continue
		}
		require.Contains(t, strings.Join(got.Differences, "\n"), want)
	}
	got, err := sums(t, was, map[string]string{SumsFile: ""})
	require.NoError(t, err)
	require.True(t, got.Absent)
}
