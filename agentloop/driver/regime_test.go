package driver_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop/driver"
	"pitwall/agentloop/models"
	"pitwall/cache/runs"
)

// gated is a strategy that always wants all of X, over 500 days that rise and then fall.
func gated(t *testing.T, more string) (*driver.Strategy, error) {
	t.Helper()
	s, err := driver.Parse("s.yaml", []byte("name: gated\nsymbols: [X]\ndata: [x.csv]\nfrom: 2021-01-04\nrule: 'true'\n"+more))
	if err != nil {
		return nil, err
	}
	return s, s.Check()
}

func risesAndFalls() fstest.MapFS {
	var b strings.Builder
	b.WriteString("symbol,timestamp,open,high,low,close,volume\n")
	price, n, r := 100.0, 0, rand.New(rand.NewPCG(1, 2))
	for day := time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC); n < 560; day = day.AddDate(0, 0, 1) {
		if wd := day.Weekday(); wd == time.Saturday || wd == time.Sunday {
			continue
		}
		drift, swing := 0.002, 0.004
		if n >= 400 {
			drift, swing = -0.004, 0.02
		}
		price *= 1 + drift + swing*r.NormFloat64()
		fmt.Fprintf(&b, "X,%s,%.2f,%.2f,%.2f,%.2f,1000\n", day.Format(time.DateOnly), price, price*1.001, price*0.999, price)
		n++
	}
	return fstest.MapFS{"x.csv": {Data: []byte(b.String())}}
}

// In a bull market the rule holds X; in any other its position is closed, and no rule is
// asked.
func TestWhen(t *testing.T) {
	for _, model := range []string{"hmm", "trend"} {
		s, err := gated(t, "regime: {model: "+model+", labels: {trending_bull: up}}\nwhen: [up]\n")
		require.NoError(t, err)
		m, err := driver.NewModel(s.Team()[0], models.Options{})
		require.NoError(t, err)
		agents, err := s.Deciders([]driver.Model{m}, nil)
		require.NoError(t, err)
		dir := filepath.Join(t.TempDir(), "run")
		_, err = driver.Run(t.Context(), driver.Config{Strategy: s, Files: risesAndFalls(), Agents: agents, Dir: dir, Now: time.Now})
		require.NoError(t, err)
		r := runs.Open(os.DirFS(dir))
		require.NotEmpty(t, r.Manifest.Regimes)
		labels := map[string]bool{}
		for i, x := range r.Manifest.Regimes {
			labels[x.Label] = true
			require.Equal(t, "X", x.Symbol)
			require.True(t, i == 0 || x.From > r.Manifest.Regimes[i-1].From && x.Label != r.Manifest.Regimes[i-1].Label)
		}
		require.True(t, labels["up"] && len(labels) > 1, "%v", labels)
		require.Contains(t, r.Manifest.Agents[0].Gate, "X by "+model+": up")
		held, back, sold := 0, 0, 0
		for n := 1; ; n++ {
			turn, err := r.Turn(n)
			if err != nil {
				break
			}
			text := turn.Messages[0].User
			require.Contains(t, text, "Regime of X: ")
			if strings.Contains(text, "Regime of X: up;") {
				held++
				require.NotContains(t, turn.Result, "held back")
				continue
			}
			back++
			require.Contains(t, turn.Result, "held back by the regime ")
			if strings.Contains(turn.Result, "positions closed: 1") {
				sold++
			}
		}
		require.Greater(t, held, 50, model)
		require.Greater(t, back, 50, model)
		require.Positive(t, sold, model)
		require.NotContains(t, string(must(os.ReadFile(filepath.Join(dir, runs.SummariesFile)))), "order_without_data")
	}
}

func must(raw []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return raw
}

func TestRegimeKeys(t *testing.T) {
	for more, want := range map[string]string{
		"when: [trending_bull]\n":                                             "when is given without regime",
		"regime: {symbol: SPY}\n":                                             "regime is of SPY, which is not among symbols, watch and benchmark",
		"regime: {model: magic}\n":                                            `regime: model is "magic"`,
		"regime: {model: trend, states: 2}\n":                                 "model trend has no states",
		"regime: {states: 5}\n":                                               "states is 5",
		"regime: {states: 0}\n":                                               "states is 0",
		"regime: {retrain: 0}\n":                                              "retrain is 0",
		"regime: {labels: {bull: up}}\n":                                      `labels names "bull", and there is no such label`,
		"regime: {labels: {range: Sideways}}\n":                               `labels calls range "Sideways"`,
		"regime: {labels: {range: mixed}}\n":                                  "two labels are named mixed",
		"regime: {}\nwhen: [bull]\n":                                          `when names "bull", and there is no such label`,
		"regime: {labels: {range: flat}}\nwhen: [range]\n":                    `when names "range"`,
		"regime: {}\nwhen: [range, range]\n":                                  "when names range twice",
		"regime: {}\nwhen: []\n":                                              "when is empty",
		"regime: {state: 2}\n":                                                `there is no key "state"`,
		"regime: {model: trend}\nwhen: [mixed]\nsymbols: [X]\nuniverse: {}\n": "",
	} {
		_, err := gated(t, more)
		require.ErrorContains(t, err, want, more)
	}
	_, err := gated(t, "regime: {}\nwhen: [mixed, range]\n")
	require.NoError(t, err)
}
