package driver

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// The strategy, then the profile, then flags: each value comes from the last that states
// it, and the digest is of the result.
func TestLayers(t *testing.T) {
	text := "symbols: [A]\nevery: 5\nrisk: {max_order_notional: 5000, max_gross_percent: 30}\nagent: {model: script/momentum}\n"
	read := func(profile, model string) (*Strategy, map[string]Setting) {
		s, err := Parse("mine.yaml", []byte(text))
		require.NoError(t, err)
		p, err := ParseProfile("paper.yaml", []byte("broker: alpaca\n"+profile))
		require.NoError(t, err)
		by := map[string]Setting{}
		for _, x := range s.Layer(p, "paper.yaml", model) {
			by[x.Key] = x
		}
		require.NoError(t, s.Check())
		return s, by
	}
	plain, by := read("", "")
	require.Equal(t, Setting{"every", "5", "mine.yaml"}, by["every"])
	require.Equal(t, Setting{"cash", "100000", "default"}, by["cash"])
	require.Equal(t, Setting{"lag", "5s", "default"}, by["lag"])
	require.Equal(t, "default", by["costs"].From)

	changed, by := read("lag: 2s\nstrategy: {model: script/buyhold, every: 2, risk: {max_order_notional: 500, stale_price: 3d}}\n", "")
	require.Equal(t, Setting{"model of main", "script/buyhold", "paper.yaml"}, by["model of main"])
	require.Equal(t, Setting{"every", "2", "paper.yaml"}, by["every"])
	require.Equal(t, Setting{"risk.max_order_notional", "500", "paper.yaml"}, by["risk.max_order_notional"])
	require.Equal(t, Setting{"risk.max_gross_percent", "30", "mine.yaml"}, by["risk.max_gross_percent"])
	require.Equal(t, Setting{"lag", "2s", "paper.yaml"}, by["lag"])
	spec, err := changed.Spec()
	require.NoError(t, err)
	most, ok := spec.Limits.MaxOrderNotional.Get()
	require.True(t, ok)
	require.Equal(t, pitwall.Int(500), most, "it acts")

	_, by = read("strategy: {model: script/buyhold}\n", "script/momentum")
	require.Equal(t, Setting{"model of main", "script/momentum", "--model"}, by["model of main"])

	a, err := plain.Digest()
	require.NoError(t, err)
	b, err := changed.Digest()
	require.NoError(t, err)
	require.NotEqual(t, a, b)

	live, by := read("mode: live\naccount: X\nstrategy: {risk: {max_order_notional: 500}}\n", "") // as a live run narrows them
	require.Equal(t, Setting{"risk.max_order_notional", "125", "safe mode"}, by["risk.max_order_notional"])
	require.Equal(t, Setting{"risk.max_gross_percent", "30", "mine.yaml"}, by["risk.max_gross_percent"])
	require.Equal(t, Setting{"risk.max_positions", "3", "safe mode"}, by["risk.max_positions"])
	require.Equal(t, Setting{"risk.safe_mode", "true", "safe mode"}, by["risk.safe_mode"])
	spec, err = live.Spec()
	require.NoError(t, err)
	values := spec.Limits.Safe().Values()
	for k, v := range by {
		if key, ok := strings.CutPrefix(k, "risk."); ok {
			require.Equal(t, values[key], v.Value, k)
			delete(values, key)
		}
	}
	require.Empty(t, values, "every limit is shown")
	_, by = read("mode: live\naccount: X\nstrategy: {risk: {safe_mode: false}}\n", "")
	require.Equal(t, Setting{"risk.max_order_notional", "5000", "mine.yaml"}, by["risk.max_order_notional"])
	require.NotContains(t, by, "risk.max_positions")

	for profile, want := range map[string]string{"strategy: {cash: 5}\n": "not a valid broker profile (line 2)", "strategy: {risk: {max_oder: 5}}\n": "there is no key of that name"} {
		_, err := ParseProfile("paper.yaml", []byte("broker: alpaca\n"+profile))
		require.ErrorContains(t, err, want)
	}
}
