package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop/driver"
	"pitwall/cache/disk"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools/report"
)

// A page replaces files and nothing else: a link stays a link, a file keeps who may
// read it, and a device stays what it is.
func TestWriteAside(t *testing.T) {
	dir := t.TempDir()
	says := func(text string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
	}
	reads := func(name string) string {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return string(raw)
	}
	file := filepath.Join(dir, "file")
	require.NoError(t, disk.WriteAside(file, says("one")))
	require.Equal(t, "one", reads("file"))
	require.ErrorContains(t, disk.WriteAside(file, func(io.Writer) error { return errors.New("the page's fault") }), "file: the page's fault")
	require.Equal(t, "one", reads("file"), "a fault leaves the old one")
	require.EqualError(t, disk.WriteAside(dir, says("x")), "writing "+dir+": it is a folder; name a file")
	require.ErrorContains(t, disk.WriteAside(filepath.Join(dir, "no", "file"), says("x")), "writing "+filepath.Join(dir, "no", "file")+": ")
	if runtime.GOOS == "windows" {
		t.Skip("skipped: links, permissions and devices are others there")
	}
	require.NoError(t, os.Chmod(file, 0o600))
	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink("file", link))
	require.NoError(t, disk.WriteAside(link, says("two")))
	require.Equal(t, "two", reads("file"))
	info, err := os.Lstat(link)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeSymlink)
	info, err = os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	null := filepath.Join(dir, "null") // a link: were it replaced, the machine's own would stay
	require.NoError(t, os.Symlink(os.DevNull, null))
	require.NoError(t, disk.WriteAside(null, says("three")))
	info, err = os.Stat(null)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeDevice)
	left, err := filepath.Glob(filepath.Join(dir, ".pitwall-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// The summary names the days that the page names: midnight ends the day before it.
func TestSummaryNamesDays(t *testing.T) {
	first, last := time.Date(2024, 1, 16, 0, 0, 0, 0, time.UTC), time.Date(2024, 6, 21, 0, 0, 0, 0, time.UTC)
	a := testApp(t)
	require.NoError(t, a.answer(false, nil, func(p *term.Pen) {
		show.Result(p, &driver.Result{RunID: "r", Model: "m", Digest: "0123456789abcdef", Manifest: runs.Manifest{Symbols: []string{"BTC-USD"}}, Metrics: report.Metrics{First: &first, Last: &last}})
	}, nil))
	raw, err := os.ReadFile(a.stdout.Name())
	require.NoError(t, err)
	require.Contains(t, string(raw), "r: m on BTC-USD, 2024-01-15 to 2024-06-20\n")
}

// What the table leaves out is said below it, and no text of a run makes lines of
// its own.
func TestSheetSaysWhatItLeavesOut(t *testing.T) {
	a := testApp(t)
	fall, deeper, yearly := -0.06, -0.07, 0.5
	s := &report.Sheet{Run: report.Header{ID: "r\nPage: evil"}, Warnings: []string{"w\nPage: evil"}, Notes: []string{"n\nPage: evil"}}
	s.Strategy = report.Stats{TotalReturn: &fall, MaxDrawdown: &fall, CAGR: &yearly, Volatility: &yearly, Sharpe: &yearly, Sortino: &yearly, FewForYearly: true, Days: 16}
	s.Headline.MaxDrawdown = deeper
	p := term.NewPen(a.stdout)
	show.Sheet(p, s)
	require.NoError(t, p.Done())
	raw, err := os.ReadFile(a.stdout.Name())
	require.NoError(t, err)
	require.Contains(t, string(raw), "max drawdown -7.00 %; the table is of days' ends\n")
	for _, line := range []string{"  return          -6.00 %\n", "  CAGR          +50.00 %*\n", "  volatility     50.00 %*\n", "  max drawdown    -6.00 %\n", "  Sharpe            0.50*\n", "  Sortino           0.50*\n",
		"  * from 16 daily returns: under 30, figures of a year say little\n"} {
		require.Contains(t, string(raw), line)
	}
	require.NotContains(t, string(raw), "\nPage: evil")
}
