package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/ascii85"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pitwall"
	"pitwall/tools/report"
)

// Same run, same bytes: in other processes with other zones, languages and numbers
// of processors.
func TestSameBytes(t *testing.T) {
	if os.Getenv("PAGE_DIGEST") != "" {
		f := newFake(3, 300)
		runs := []*report.Run{f.open(t), f.open(t)}
		c, err := report.Compare(runs)
		require.NoError(t, err)
		var b bytes.Buffer
		require.NoError(t, Compare(&b, runs, c))
		fmt.Printf("digest %x %x\n", sha256.Sum256(render(t, runs[0])), sha256.Sum256(b.Bytes()))
		return
	}
	digest := regexp.MustCompile(`digest [0-9a-f]{64} [0-9a-f]{64}`)
	seen := map[string]string{}
	for _, env := range []string{"TZ=UTC LANG=C GOMAXPROCS=1", "TZ=Asia/Tokyo LANG=de_DE.UTF-8 GOMAXPROCS=7", "TZ=America/New_York LANG=tr_TR.UTF-8 GOMAXPROCS=2"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestSameBytes$")
		cmd.Env = append(append(os.Environ(), "PAGE_DIGEST=1"), strings.Fields(env)...)
		cmd.Dir = t.TempDir()
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		seen[digest.FindString(string(out))] = env
	}
	require.Len(t, seen, 1)
	require.NotContains(t, seen, "")
}

// The page names nothing but itself.
func TestNothingOfTheMachine(t *testing.T) {
	raw := string(render(t, newFake(2, 100).open(t)))
	host, err := os.Hostname()
	require.NoError(t, err)
	dir, err := os.Getwd()
	require.NoError(t, err)
	for _, bad := range []string{dir, os.TempDir() + "/", "http-equiv=\"refresh\"", "src=", "url(", "@import", "href=\"http", "style=\"", "http://", "https://"} {
		if i := strings.Index(raw, bad); i >= 0 {
			t.Errorf("%q is in the page: %q", bad, raw[max(0, i-60):min(len(raw), i+60)])
		}
	}
	if len(host) > 6 {
		require.False(t, strings.Contains(raw, host), "the host's name is in the page")
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain\ttext\n":                   "plain\ttext\n",
		"\x1b[1;31mred\x1b[0m":            "red",
		"\x1b]8;;http://x\x07link":        "8;;http://xlink", // a model has read it
		"\x1b]0;title\x1b\\rest":          "0;titlerest",
		"a\u2063b\u3164c\U000e0120d":      "a\u27e6U+2063\u27e7b\u27e6U+3164\u27e7c\u27e6U+E0120\u27e7d",
		"\u009b31mred":                    "red",
		"a\x00b\x08c\x7fd\u0085e":         "abcde",
		"line\r\nend":                     "line\nend",
		"abc\u202edef":                    "abc\u27e6U+202E\u27e7def",
		"zero\u200bwidth\ufeff":           "zero\u27e6U+200B\u27e7width\u27e6U+FEFF\u27e7",
		"\U000e0041":                      "\u27e6U+E0041\u27e7",
		"bad \xff\xfe":                    "bad \ufffd",
		"\U0001f468\u200d\U0001f469":      "\U0001f468\u200d\U0001f469", // a joiner of emoji stays
		"\u05e9\u05dc\u05d5\u05dd \u682a": "\u05e9\u05dc\u05d5\u05dd \u682a",
	} {
		require.Equal(t, want, clean(in), "%q", in)
		require.Equal(t, want, clean(clean(in)), "%q twice", in)
	}
}

func ptr(v float64) *float64 { return &v }

// A block holds no letter that could end its element, and only gzip.
func TestLetters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOf(rapid.Byte()).Draw(t, "raw")
		out := encoded(raw)
		require.NotContains(t, string(out), "<")
		back := make([]byte, len(out)*4)
		n, _, err := ascii85.Decode(back, bytes.ReplaceAll(out, []byte("v"), []byte("<")), true)
		require.NoError(t, err)
		require.True(t, bytes.Equal(raw, back[:n]))
	})
}

func TestFigures(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{percent(ptr(0.1234), 1), "+12.3\u00a0%"},
		{percent(ptr(-0.00001), 1), "0.0\u00a0%"},
		{percent(ptr(-12.345), 2), "\u22121,234.50\u00a0%"},
		{percent(nil, 1), "n/a"},
		{share(ptr(0.5), 0), "50\u00a0%"},
		{number(ptr(-1234567.891), 2), "\u22121,234,567.89"},
		{number(ptr(999), 0), "999"},
		{money(dec(-0.004)), "0.00"},
		{money(dec(100000)), "100,000.00"},
		{exact(dec(1234.5)), "1,234.5"},
		{ret(ptr(0.0004)), "+0.04\u00a0%"},
		{ret(ptr(-0.1234)), "\u221212.3\u00a0%"},
		{price(1234567), "0.01234567"},
		{price(123), "0.00000123"},
		{price(pitwall.Int(1234) + 123456789), "1,235.2346"},
		{chance(nil), "n/a"},
		{points(-0.334), "\u221233.4\u00a0points"},
		{bps(nil), "n/a"},
		{dollars(nil), "not known"},
		{report.Plural(1, "turn"), "1 turn"},
		{report.Plural(1500, "turn"), "1,500 turns"},
	} {
		require.Equal(t, c.want, c.got)
	}
}

// An answer never says more than its weakest figure.
func TestAnswers(t *testing.T) {
	s := &report.Sheet{Curve: []report.Point{{Equity: 1}}}
	s.Headline.TotalReturn, s.Headline.Fills, s.Activity.TimeHeld = 0.10, 3, ptr(0)
	s.Run.Benchmark = "SPY"
	s.Headline.BenchmarkReturn, s.Headline.BuyHoldReturn = ptr(0.05), ptr(0.02)
	require.Equal(t, "Yes: it did better than SPY and buy and hold.", beat(s).Answer)
	s.Headline.BuyHoldReturn = ptr(0.10)
	require.Equal(t, "It beat SPY, but not buy and hold.", beat(s).Answer, "as good is not better")
	s.Headline.BenchmarkReturn = ptr(0.3)
	require.Equal(t, "No: it did not beat SPY or buy and hold.", beat(s).Answer)
	s.Headline.Fills = 0
	require.Equal(t, "It traded nothing.", beat(s).Answer)

	require.Equal(t, "Too little happened to tell.", luck(s).Answer)
	s.Luck = report.Luck{Return: &report.Interval{Low: 0.01, High: 0.2}, Deflated: ptr(0.97), Trials: 3, Random: &report.RandomBaseline{Beaten: 0.96, Telling: true}}
	require.Equal(t, "These figures speak against luck alone.", luck(s).Answer)
	for _, worse := range []func(l *report.Luck){
		func(l *report.Luck) { l.Return = &report.Interval{Low: -0.01, High: 0.2} },
		func(l *report.Luck) { l.Deflated = ptr(0.9) },
		func(l *report.Luck) { l.Random = &report.RandomBaseline{Beaten: 0.9, Telling: true} },
		func(l *report.Luck) { l.Random = &report.RandomBaseline{Beaten: 0.99} }, // all alike
		func(l *report.Luck) { l.Inside = ptr(0.5) },
	} {
		x := *s
		worse(&x.Luck)
		require.Contains(t, luck(&x).Answer, "Could be luck: ")
	}
	// Near a limit and near none or all, words and figures agree.
	s.Luck = report.Luck{Deflated: ptr(0.9496), Probabilistic: ptr(0.9996), Random: &report.RandomBaseline{Beaten: 0.9491, Telling: true}, Inside: ptr(0.001)}
	q := luck(s)
	require.Equal(t, "Could be luck: it beats only 94\u00a0% of random traders; the deflated Sharpe ratio is 94\u00a0%, under 95 %; under 1\u00a0% of the days are inside the model's training window.", q.Answer)
	for _, f := range q.Facts {
		require.NotContains(t, f.Value, "100\u00a0%")
	}
	s.Headline.TotalReturn = -0.1
	require.Equal(t, "There is no gain to explain.", luck(s).Answer)
}
