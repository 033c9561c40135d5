package roles

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestBundledRolesAreRead(t *testing.T) {
	require.Len(t, Names(), 14)
	for _, name := range Names() {
		r, err := Read(nil, "", name)
		require.NoError(t, err)
		require.Equal(t, name, r.Name)
		require.NotContains(t, r.Tools, "orders_submit", name)
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
	require.ErrorContains(t, err, "bundled are bear, breadth")
}
