package history

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

const own = "wann;p0;p1;p2;p3;menge\n"

// A mapping is given once: files of the same header are read with it later, a header that
// differs in one name is not, and what one file states goes before.
func TestImportRemembersMappings(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	put := func(name, text string, m Mapping) Input {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
		in := Disk(filepath.Join(dir, name))
		in.Mapping = m
		return in
	}
	l := newLocal(t, "2026-11-20")
	say := Mapping{Columns: map[string]string{"timestamp": "wann", "open": "p0", "high": "p1", "low": "p2", "close": "p3", "volume": "menge"}, Session: "XETR"}
	rows := "2024-01-02 09:00:00;1,25;2;1;1,5;10\n2024-01-02 09:01:00;1,5;2;1;1,75;10\n"
	_, err := l.Import(ctx, put("SAP.csv", own+rows, Mapping{}))
	require.Error(t, err, "without the mapping its columns mean nothing")
	require.NoFileExists(t, l.mappingsFile())

	done, err := l.Import(ctx, put("SAP.csv", own+rows, say))
	require.NoError(t, err)
	require.Equal(t, "columns: {close: p3, high: p1, low: p2, open: p0, timestamp: wann, volume: menge}, session: XETR; remembered for files of this header in "+l.mappingsFile(), done[0].Note)
	done, err = l.Import(ctx, put("BMW.csv", own+rows, Mapping{}))
	require.NoError(t, err)
	require.Contains(t, done[0].Note, "session: XETR, as remembered in ")
	require.Equal(t, "BMW", done[0].Symbol)
	s, err := Load(ctx, []Input{Disk(done[0].File)}, Options{})
	require.NoError(t, err)
	bar := s.Series()[0].Bar(0)
	require.Equal(t, "2024-01-02T08:00:00Z 1.25", bar.Start.UTC().Format(time.RFC3339)+" "+bar.Open.String(), "Frankfurt's nine o'clock")
	require.Equal(t, "XETR", s.Series()[0].Instrument.Calendar, "the store keeps the session")

	_, err = l.Import(ctx, put("VOW.csv", strings.Replace(own, "menge", "anzahl", 1)+rows, Mapping{}))
	require.Error(t, err, "another header")
	tokyo := put("SONY.csv", own+rows, Mapping{})
	put("SONY.csv.yaml", "columns: {timestamp: wann, open: p0, high: p1, low: p2, close: p3}\nsession: XTKS\n", Mapping{})
	done, err = l.Import(ctx, tokyo)
	require.NoError(t, err)
	require.Empty(t, done[0].Note)
	s, err = Load(ctx, []Input{Disk(done[0].File)}, Options{})
	require.NoError(t, err)
	require.Equal(t, "2024-01-02T00:00:00Z", s.Series()[0].Bar(0).Start.UTC().Format(time.RFC3339), "its own sidecar goes before")

	// A newer mapping of a header replaces the older one; one that fails is not remembered.
	say.Session, say.Timezone = "24/7", "America/New_York"
	done, err = l.Import(ctx, put("COIN.csv", own+rows, say))
	require.NoError(t, err)
	list, err := l.shapes()
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, say, list[0].Mapping)
	s, err = Load(ctx, []Input{Disk(done[0].File)}, Options{})
	require.NoError(t, err)
	require.Equal(t, "2024-01-02T14:00:00Z", s.Series()[0].Bar(0).Start.UTC().Format(time.RFC3339))
	require.Equal(t, pitwall.AlwaysOpen, s.Series()[0].Instrument.Calendar)
	bad := say
	bad.Dates = "ydm"
	_, err = l.Import(ctx, put("BAD.csv", own+rows, bad))
	require.ErrorContains(t, err, `dates is "ydm"`)
	_, err = l.Import(ctx, put("SAP.csv", own+strings.ReplaceAll(rows, "-02 ", "-03 "), Mapping{}))
	require.ErrorContains(t, err, `the session of SAP is "24/7", and that of its bars in the store is "XETR"`)
	require.NoError(t, os.WriteFile(l.mappingsFile(), []byte("- heder: [a]\n"), 0o644))
	_, err = l.Import(ctx, put("BMW.csv", own+rows, Mapping{}))
	require.ErrorContains(t, err, "mappings.yaml: yaml: unmarshal errors:")
	require.ErrorContains(t, err, "field heder not found")
}
