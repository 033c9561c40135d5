package roles

import (
	"fmt"
	"math"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestBundledRolesAreRead(t *testing.T) {
	require.Len(t, Names(), 21)
	for _, name := range Names() {
		r, err := Read(nil, "", name)
		require.NoError(t, err)
		require.Equal(t, name, r.Name)
		require.NotContains(t, r.Tools, "orders_submit", name)
	}
}

// The risk roles judge by these numbers, and code enforces the same ones; tools/docs/desk.md
// states them.
func TestRiskRolesHoldTheirNumbers(t *testing.T) {
	counts := map[float64]string{8: "eight", 12: "twelve"}
	for name, want := range map[string][8]float64{ // position, sector, positions, correlation, volatility, drawdown, in a day, reward to risk
		"risk_aggressive": {20, 40, 12, 0.9, 35, 25, 12, 1.2}, "risk_neutral": {10, 25, 8, 0.8, 20, 15, 10, 1.5},
		"risk_conservative": {5, 15, 8, 0.7, 12, 10, 5, 2}, "risk_activetrader": {5, 25, 8, 0.8, 0, 10, 10, 1.5},
	} {
		r, err := Read(nil, "", name)
		require.NoError(t, err)
		limits := map[string]any{"over_limit": "trim"}
		for i, x := range []struct{ key, text string }{{"max_symbol_percent", "a position at most %v %% of equity"}, {"max_sector_percent", "sector at most %v %%"}, {"max_positions", ""}, {"max_correlation", "correlated above %v "},
			{"max_volatility_percent", "volatility at most %v %% a year"}, {"max_drawdown_percent", "drawdown at most %v %% from"}, {"max_daily_loss_percent", "%v %%"}, {"min_risk_reward", "at least %v times"}} {
			switch v := want[i]; {
			case v == 0:
				continue
			case x.text == "":
				require.Contains(t, r.Prompt, "at most "+counts[v]+" positions", name)
				fallthrough
			case v == math.Trunc(v):
				limits[x.key] = int(v)
			default:
				limits[x.key] = v
			}
			if x.text != "" {
				require.Contains(t, r.Prompt, fmt.Sprintf(x.text, want[i]), name)
			}
		}
		require.Equal(t, limits, r.Limits, name)
	}
}

func TestFilesBesideAStrategy(t *testing.T) {
	file := func(text string) error {
		_, err := Read(fstest.MapFS{"s/technical.md": {Data: []byte(text)}}, "s", "technical")
		return err
	}
	r, err := Read(fstest.MapFS{"s/technical.md": {Data: []byte("---\r\nname: technical\r\ntier: deep\r\nschema: AnalystReports\r\n---\r\nmine\r\n")}}, "s", "technical")
	require.NoError(t, err)
	require.Equal(t, Role{Name: "technical", Tier: "deep", Schema: "AnalystReports", Prompt: "mine"}, r)
	r, err = Read(fstest.MapFS{"s/technical.md": {}}, "other", "technical")
	require.NoError(t, err)
	require.Equal(t, Fast, r.Tier, "the bundled one")
	for text, want := range map[string]string{
		"": "no front matter",
		"---\nname: technical\ntier: fast\nschema: X\n":                  "no front matter",
		"---\nname: other\ntier: fast\nschema: X\n---\nx":                `says name: "other"`,
		"---\nname: technical\ntier: slow\nschema: X\n---\nx":            `says tier: "slow"`,
		"---\nname: technical\ntier: fast\n---\nx":                       "says no schema",
		"---\nname: technical\ntier: fast\nschema: X\n---\n \n":          "holds no prompt",
		"---\nname: technical\ntier: fast\nschema: X\ntool: [a]\n---\nx": "takes name, tier, tools, schema and limits",
	} {
		require.ErrorContains(t, file(text), want, text)
	}
	_, err = Read(nil, "", "astrology")
	require.ErrorContains(t, err, "bundled are allocator, bear, breadth")
}
