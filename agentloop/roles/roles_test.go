package roles

import (
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

// The risk roles judge by these numbers; tools/docs/desk.md states the neutral ones.
func TestRiskRolesHoldTheirNumbers(t *testing.T) {
	for name, want := range map[string][]string{
		"risk_aggressive":   {"at most 20 % of equity", "sector at most 40 %", "above 0.9 ", "at most 35 % a year", "at most 25 % from", "and 12 % in a day", "at least 1.2 times"},
		"risk_neutral":      {"at most 10 % of equity", "sector at most 25 %", "above 0.8 ", "at most 20 % a year", "at most 15 % from", "and 10 % in a day", "at least 1.5 times"},
		"risk_conservative": {"at most 5 % of equity", "sector at most 15 %", "above 0.7 ", "at most 12 % a year", "at most 10 % from", "and 5 % in a day", "at least 2 times"},
	} {
		r, err := Read(nil, "", name)
		require.NoError(t, err)
		for _, x := range want {
			require.Contains(t, r.Prompt, x, name)
		}
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
		"---\nname: technical\ntier: fast\nschema: X\ntool: [a]\n---\nx": "takes name, tier, tools and schema",
	} {
		require.ErrorContains(t, file(text), want, text)
	}
	_, err = Read(nil, "", "astrology")
	require.ErrorContains(t, err, "bundled are allocator, bear, breadth")
}
