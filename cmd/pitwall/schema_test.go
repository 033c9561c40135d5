package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
)

// known returns what a run's folder holds that the schema of cache/runs does not: a
// file, a column, a field, or a value that does not come back as it was written.
func known(folder fs.FS) (list []string, files int, err error) {
	lines := func(name string, raw []byte, of func() any) {
		for i, line := range bytes.Split(bytes.TrimSuffix(raw, []byte("\n")), []byte("\n")) {
			v := of()
			again, err := sameJSON(line, v, json.Marshal)
			list = appendFault(list, fmt.Sprintf("%s line %d", name, i+1), again, err)
		}
	}
	err = fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		raw, err := fs.ReadFile(folder, name)
		if err != nil {
			return err
		}
		whole := func(v any, indent string) {
			again, err := sameJSON(bytes.TrimSuffix(raw, []byte("\n")), v, func(v any) ([]byte, error) { return json.MarshalIndent(v, "", indent) })
			list = appendFault(list, name, again, err)
		}
		switch {
		case name == runs.ManifestFile:
			whole(&runs.Manifest{}, "  ")
		case name == runs.UsageFile:
			whole(&runs.Usage{}, "  ")
		case name == runs.MetricsFile:
			whole(&runs.Metrics{}, "  ")
		case name == runs.JournalFile:
			lines(name, raw, func() any { return &pitwall.Entry{} })
		case name == runs.SummariesFile:
			lines(name, raw, func() any { return &agentloop.TurnLine{} })
		case name == runs.TimingFile:
			lines(name, raw, func() any { return &agentloop.Timing{} })
		case name == runs.TurnsFile:
			r := runs.Open(folder)
			for _, line := range r.Lines() {
				if raw, err = r.RawTurn(line.Turn); err != nil {
					return err
				}
				name = fmt.Sprintf("%s turn %d", runs.TurnsFile, line.Turn)
				files++
				whole(&agentloop.Turn{}, " ")
			}
		case runs.Columns(name) != nil:
			first, _, _ := strings.Cut(string(raw), "\n")
			if want := strings.Join(runs.Columns(name), ","); first != want {
				list = append(list, fmt.Sprintf("%s: the columns are %s", name, first))
			}
			if _, err := (runs.Strict{FS: folder}).Rows(name); err != nil {
				list = append(list, err.Error())
			}
		case name == runs.SumsFile:
			if !regexp.MustCompile(`\A([0-9a-f]{64}  [a-z0-9_/.]+\n)*\z`).Match(raw) { // empty until a run ends
				list = append(list, name+": not as sha256sum writes it: "+string(raw[:min(len(raw), 80)]))
			}
		case name != runs.PageFile:
			list = append(list, name+": no such file in the schema")
		}
		return nil
	})
	return list, files, err
}

// sameJSON decodes strictly into v, encodes v again and reports whether that gives
// the same bytes.
func sameJSON(raw []byte, v any, encode func(any) ([]byte, error)) (bool, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return false, err
	}
	again, err := encode(v)
	return bytes.Equal(raw, again), err
}

func appendFault(list []string, where string, same bool, err error) []string {
	switch {
	case err != nil:
		return append(list, fmt.Sprintf("%s: %v", where, err))
	case !same:
		return append(list, where+": read and written again it differs")
	}
	return list
}

// Whatever a run writes, the schema reads, and nothing is lost on the way: of a
// script, of a model that is refused, brackets and fails, and of a page.
func TestFolderIsItsSchema(t *testing.T) {
	dir := inMomentum(t)
	modelRun(t, dir, bracketReplies())
	for name, least := range map[string]int{"momentum-1": 41 + 12, "fake-1": 4 + 10} {
		list, files, err := known(os.DirFS(dir + "/runs/" + name))
		require.NoError(t, err)
		require.Empty(t, list, name)
		require.GreaterOrEqual(t, files, least, name)
	}
	timing, err := os.ReadFile(dir + "/runs/momentum-1/" + runs.TimingFile)
	require.NoError(t, err)
	require.Contains(t, string(timing), `"queries":[{"seconds":`, "its SQL is timed")
}

// A field, a column or a file that no reader knows is found wherever it is.
func TestFolderBeyondItsSchema(t *testing.T) {
	dir := inMomentum(t)
	run := dir + "/runs/momentum-1"
	for _, name := range []string{runs.ManifestFile, runs.UsageFile, runs.MetricsFile, runs.JournalFile, runs.SummariesFile, runs.TimingFile, runs.TurnsFile, runs.FillsFile, runs.EquityFile, runs.PricesFile, runs.SumsFile} {
		raw, err := os.ReadFile(run + "/" + name)
		require.NoError(t, err)
		planted := strings.Replace(string(raw), "{", `{"planted":1,`, 1)
		if runs.Columns(name) != nil || name == runs.SumsFile {
			planted = "planted," + string(raw)
		}
		require.NotEqual(t, string(raw), planted)
		write(t, run, name, planted)
		list, _, err := known(os.DirFS(run))
		require.NoError(t, err)
		require.NotEmpty(t, list, name)
		require.Contains(t, list[0], name)
		require.Contains(t, list[0], "planted", name)
		write(t, run, name, string(raw))
	}
	write(t, run, "stray.json", "{}")
	list, _, err := known(os.DirFS(run))
	require.NoError(t, err)
	require.Equal(t, []string{"stray.json: no such file in the schema"}, list)
}
