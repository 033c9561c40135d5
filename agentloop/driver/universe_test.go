package driver_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/agentloop/scripts"
	"pitwall/cache/history"
)

// tradedBars writes daily bars from 2023-01-03 on whose volume is a function of the date.
func tradedBars(symbol string, days int, volume func(day time.Time) float64) string {
	var b strings.Builder
	for day := time.Date(2023, 1, 3, 0, 0, 0, 0, time.UTC); days > 0; day = day.AddDate(0, 0, 1) {
		if w := day.Weekday(); w != time.Saturday && w != time.Sunday {
			fmt.Fprintf(&b, "%s,%s,10,10,10,10,%v\n", symbol, day.Format(time.DateOnly), volume(day))
			days--
		}
	}
	return b.String()
}

func steady(v float64) func(time.Time) float64 { return func(time.Time) float64 { return v } }

// stretches writes memberships out.
func stretches(list []pitwall.Membership) string {
	var out []string
	for _, m := range list {
		text := m.Symbol + " " + m.From.Format(time.RFC3339)
		if !m.Until.IsZero() {
			text += " to " + m.Until.Format(time.RFC3339)
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// The two most traded symbols of the ten bars before each month may be traded: A all
// along, B until its volume falls in February, C from March on; D ends in January.
func TestUniverse(t *testing.T) {
	falls := func(day time.Time) float64 {
		if day.Month() >= 2 {
			return 1
		}
		return 900
	}
	bars := barHead + tradedBars("A", 80, steady(1000)) + tradedBars("B", 80, falls) + tradedBars("C", 80, steady(500)) + tradedBars("D", 12, steady(800)) + tradedBars("SPX", 80, steady(5000))
	load := func(more string) (*driver.Strategy, *history.Store, error) {
		s, err := driver.Parse("s.yaml", []byte("benchmark: SPX\ndata: [d]\nfrom: 2023-02-01\nuniverse: {top: 2, over: 10"+more+"}\nagent: {model: script/buyhold}\n"))
		require.NoError(t, err)
		if err := s.Check(); err != nil {
			return s, nil, err
		}
		store, err := s.Load(t.Context(), fstest.MapFS{"d/bars.csv": {Data: []byte(bars)}}, &history.Local{})
		return s, store, err
	}
	s, store, err := load("")
	require.NoError(t, err)
	require.NoError(t, s.Check(), "it may be checked again")
	spec, err := s.Spec()
	require.NoError(t, err)
	require.Equal(t, "A 2023-02-01T00:00:00-05:00, B 2023-02-01T00:00:00-05:00 to 2023-03-01T00:00:00-05:00, C 2023-03-01T00:00:00-05:00", stretches(spec.Members))
	require.Equal(t, []string{"A", "B", "C"}, spec.Symbols)
	require.ElementsMatch(t, []string{"A", "B", "C", "SPX"}, store.Symbols())
	require.Empty(t, spec.Survived, "D ended")

	s, _, err = load(", without: [A], min_volume: 5000")
	require.NoError(t, err)
	spec, err = s.Spec()
	require.NoError(t, err)
	require.Equal(t, "B 2023-02-01T00:00:00-05:00 to 2023-03-01T00:00:00-05:00, C 2023-02-01T00:00:00-05:00", stretches(spec.Members), "5,000 of C is enough")
	s, _, err = load(", only: [A, C], every: week, min_volume: 5001")
	require.NoError(t, err)
	spec, err = s.Spec()
	require.NoError(t, err)
	require.Equal(t, "A 2023-02-01T00:00:00-05:00", stretches(spec.Members))
	require.Contains(t, spec.Survived, "each of the 2 symbols of the data lives to their end")

	for more, want := range map[string]string{
		", quote: USDT":             "no symbol of the data is chosen",
		"0":                         "a symbol needs 100 bars before it is chosen",
		", every: day":              `every is "day"`,
		", min_volume: -1":          "min_volume is -1",
		"}\nsymbols: [A]\nfills: {": "symbols and universe say both",
		"}\nindex: m.csv\nfills: {": "index and universe say both",
	} {
		_, _, err := load(more)
		require.ErrorContains(t, err, want)
	}
}

// What is traded after a choice does not change it.
func TestUniverseSeesNoFuture(t *testing.T) {
	chosen := func(later float64) []pitwall.Membership {
		turn := func(day time.Time) float64 {
			if day.Month() >= 3 {
				return later
			}
			return 700
		}
		s, err := driver.Parse("s.yaml", []byte("data: [d]\nfrom: 2023-02-01\nuniverse: {top: 1, over: 10}\nagent: {model: script/buyhold}\n"))
		require.NoError(t, err)
		_, err = s.Load(t.Context(), fstest.MapFS{"d/bars.csv": {Data: []byte(barHead + tradedBars("A", 80, steady(600)) + tradedBars("B", 80, turn))}}, &history.Local{})
		require.NoError(t, err)
		spec, err := s.Spec()
		require.NoError(t, err)
		return spec.Members
	}
	falls, rises := chosen(1), chosen(9999)
	require.Equal(t, falls[0].Symbol, rises[0].Symbol)
	require.Equal(t, time.April, falls[0].Until.Month(), "March is over before its volume counts")
	require.True(t, rises[0].Until.IsZero())
}

func TestUniverseRuns(t *testing.T) {
	bars := barHead
	for i, v := range []float64{900, 800, 700, 600, 500} {
		bars += tradedBars(fmt.Sprintf("S%d", i), 80, steady(v))
	}
	s, err := driver.Parse("s.yaml", []byte("data: [d]\nfrom: 2023-02-01\nuniverse: {top: 2, over: 10}\nagent: {model: script/buyhold}\n"))
	require.NoError(t, err)
	model, err := scripts.All()["buyhold"](nil)
	require.NoError(t, err)
	r, err := driver.Run(t.Context(), driver.Config{Strategy: s, Files: fstest.MapFS{"d/bars.csv": {Data: []byte(bars)}}, Dir: filepath.Join(t.TempDir(), "run"), Now: time.Now,
		Agents: []agentloop.Agent{{Name: "main", Model: model, ModelName: "script/buyhold", Prompt: "Hold.", Every: agentloop.Every{Bars: 1}}}})
	require.NoError(t, err)
	require.Equal(t, 2, r.Fills)
	require.Equal(t, pitwall.Survivors, r.ReadWith[0].Code)
}
