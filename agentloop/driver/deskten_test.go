package driver_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop/driver"
	"pitwall/agentloop/models"
	"pitwall/examples"
)

// examples/desk_ten over real prices, headlines, statements and rates: each analyst reads
// its records or says that it has none, and a verdict changes the plan.
func TestDeskOverTenCompanies(t *testing.T) {
	files := os.DirFS("../../../shared/data")
	if _, err := os.Stat("../../../shared/data"); err != nil {
		t.Skip("skipped: no ../shared")
	}
	raw, err := examples.FS.ReadFile("desk_ten/strategy.yaml")
	require.NoError(t, err)
	s, err := driver.Parse("examples/desk_ten", raw)
	require.NoError(t, err)
	s.Data = nil
	for _, p := range []string{"daily/us_daily_raw.csv", "daily/corporate_actions.csv", "macro/fred_vintages.csv", "news/finnhub_company_news_2025.csv", "fundamentals/quarterly_financials.csv"} {
		s.Data = append(s.Data, driver.DataEntry{Path: p})
	}
	require.NoError(t, s.Check())
	var list []driver.Model
	for _, a := range s.Team() {
		m, err := driver.NewModel(a, models.Options{})
		require.NoError(t, err)
		list = append(list, m)
	}
	c := config(filepath.Join(t.TempDir(), "run"))
	c.Strategy, c.Files, c.Turns = s, files, 5
	c.Agents, err = s.Deciders(list, nil)
	require.NoError(t, err)
	r, err := driver.Run(t.Context(), c)
	require.NoError(t, err)
	said, decided := map[string]string{}, map[string]int{}
	for _, x := range turnsIn(t, r.Out) {
		rec := recordOf(t, x)
		require.Empty(t, rec.Absent)
		require.NotContains(t, kindsOf(x), "evidence_not_fetched")
		for _, a := range rec.Reports {
			require.Len(t, a.Reports, 10, a.Role)
			for _, v := range a.Reports {
				said[a.Role] += v.Symbol + ": " + v.Reasons[0] + "\n"
			}
		}
		if rec.Risk != nil {
			decided[rec.Risk.Decision]++
		}
	}
	for role, want := range map[string]string{
		"fundamentals": `(?s)AAPL: revenue \S+ %, income .*UNH: NO_COVERAGE.*V: NO_COVERAGE`, "technical": `JPM: JPM \d`, "breadth": `AAPL: \w+: SPY \d`,
		"news": `[A-Z]+: [+-]\d+ \(\d+ good, \d+ bad of \d+ headlines\)`, "macro": `FEDFUNDS|no fresh rates`,
	} {
		require.Regexp(t, want, said[role], role)
	}
	require.Greater(t, decided["modify"]+decided["reject"], 0)
	require.NotContains(t, strings.Join(r.Warnings, "\n"), "role_absent")
	require.Len(t, r.Desk.Goals, 4)
	_, err = driver.Verify(os.DirFS(r.Out))
	require.NoError(t, err)
}
