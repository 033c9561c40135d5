package driver_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
)

// The numbers of the risk role bind what it approved itself; a strategy's own section stands
// above them, and one that the user wrote refuses what has no sector.
func TestLimitsOfTheRiskRoleAreEnforced(t *testing.T) {
	const plan = `{"symbol":"AAPL","target_percent":50,SIZE}`
	for _, c := range []struct {
		name, desk string
		most       float64 // of equity, that is bought; 0 = nothing
		limits     string
	}{
		{"neutral", "{trader: {}, risk: {}}", 10, "max_symbol_percent 10; max_sector_percent 25; max_drawdown_percent 15; max_daily_loss_percent 10 from equity; max_positions 8; min_risk_reward 1.5; " +
			"max_volatility_percent 20 over 60 days; max_correlation 0.8 over 60 days; over_limit trim; unknown_sector pass"},
		{"conservative", "{trader: {}, risk: {profile: conservative}}", 5, "max_symbol_percent 5;"},
		{"activetrader", "{trader: {}, risk: {role: risk_activetrader}}", 5, "max_positions 8;"},
		{"only judged by", "{trader: {}, risk: {limits: false}}", 50, "no limits"},
		{"no risk role", "{trader: {}}", 50, "no limits"},
		{"wider", "{trader: {}, risk: {}}\nrisk: {max_symbol_percent: 30, max_volatility_percent: off, over_limit: trim}", 25, "max_symbol_percent 30; max_sector_percent 25;"},
		{"denied", "{trader: {}, risk: {}}\nrisk: {max_order_qty: 100000}", 0, "max_symbol_percent 10;"},
		{"a wider sector", "{trader: {}, risk: {}}\nrisk: {max_symbol_percent: off, max_volatility_percent: off, max_sector_percent: 40, over_limit: trim}", 40, "max_sector_percent 40;"},
		{"off", "{trader: {}, risk: {}}\nrisk: {max_symbol_percent: off, max_volatility_percent: off, max_sector_percent: off}", 50, "max_drawdown_percent 15;"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &deskRun{desk: c.desk, turns: 2, play: plans(plan, plan)}
			r, turns, err := d.run(t)
			require.NoError(t, err)
			require.Contains(t, r.Manifest.Limits, c.limits)
			sent := recordOf(t, turns[0])
			require.Len(t, sent.Orders, 1)
			require.Equal(t, c.most == 0, sent.Orders[0].Refused, sent.Orders[0].Answer)
			require.Equal(t, pitwall.Int(50), *sent.Approved[0].TargetPercent, "the role let all of it pass")
			held := recordOf(t, turns[1]).Held["AAPL"]
			require.InDelta(t, c.most, held.Float(), 0.06*c.most)
		})
	}
}

// A symbol without a sector passes the role's limit of one, and the result says so; a limit
// that the user wrote denies it.
func TestSymbolsWithoutASector(t *testing.T) {
	data, _ := madeCloses(330, map[string]float64{"AA": 0.02, "BB": 0.02})
	const plan = `{"symbol":"AA","target_percent":9,SIZE}`
	for risk, passes := range map[string]bool{"": true, "\nrisk: {max_positions: 3}": true, "\nrisk: {max_sector_percent: 5}": false} {
		d := &deskRun{desk: "{trader: {}, risk: {}}" + risk, turns: 1, every: 30, symbols: "AA, BB", data: data, play: plans(plan)}
		r, turns, err := d.run(t)
		require.NoError(t, err)
		sent := recordOf(t, turns[0]).Orders
		require.Len(t, sent, 1)
		require.Equal(t, !passes, sent[0].Refused, sent[0].Answer)
		said := slices.ContainsFunc(r.ReadWith, func(w runs.Reading) bool {
			return w.Code == pitwall.SectorUnknown && strings.Contains(w.Text, "no sector is known of AA, BB")
		})
		require.Equal(t, passes, said, r.ReadWith)
		if !passes {
			require.Contains(t, sent[0].Answer, "CONCENTRATION_SECTOR: denied: unknown would be")
		}
	}
}

// A prompt of the user's own keeps the numbers of the role that it replaces.
func TestAPromptAloneKeepsTheLimits(t *testing.T) {
	for role, want := range map[string]string{"{}": "10;", "{profile: conservative}": "5;", "{role: mine}": "10;"} {
		s, err := driver.Parse("s.yaml", []byte("symbols: [AAPL]\ndesk: {trader: {}, risk: "+role+"}\nagent: {model: script/desk}\n"))
		require.NoError(t, err)
		files := file("risk_neutral", "deep", "Verdict", "Be kind.")
		maps.Copy(files, file("mine", "deep", "Verdict", "Be kind."))
		s.ReadRoles(files)
		require.NoError(t, s.Check())
		spec, err := s.Spec()
		require.NoError(t, err)
		require.Contains(t, spec.Limits.String(), "max_symbol_percent "+want, role)
	}
}
