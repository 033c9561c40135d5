package driver

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"pitwall"
)

func TestExtends(t *testing.T) {
	files := fstest.MapFS{
		"d/base.yaml":  {Data: []byte("# pitwall data fetch stooq AAPL\nname: base\nsymbols: [AAPL, MSFT]\ndata: [bars.csv]\nbenchmark: SPX\nevery: 5\nrisk: {max_open_orders: 3, max_positions: 4}\nagent: {model: script/buyhold, prompt: Hold.}\n")},
		"d/mid.yaml":   {Data: []byte("extends: base.yaml\nevery: 10\ncosts: {commission_bps: 1}\n")},
		"d/top.yaml":   {Data: []byte("extends: mid.yaml\nname: top\nsymbols: [AAPL]\nbenchmark: null\nrisk: {max_open_orders: 1}\n")},
		"d/loop.yaml":  {Data: []byte("extends: pool.yaml\n")},
		"d/pool.yaml":  {Data: []byte("extends: loop.yaml\n")},
		"d/away.yaml":  {Data: []byte("extends: ../base.yaml\n")},
		"d/none.yaml":  {Data: []byte("extends: nothing.yaml\n")},
		"d/typo.yaml":  {Data: []byte("extends: bad.yaml\n")},
		"d/bad.yaml":   {Data: []byte("name: x\nsymbol: [A]\n")},
		"d/void.yaml":  {Data: []byte("extends: empty.yaml\nname: void\n")},
		"d/empty.yaml": {},
	}
	s, err := Read(files, "d/top.yaml", "my/top.yaml")
	require.NoError(t, err)
	require.NoError(t, s.Check())
	require.Equal(t, []any{"top", symbolList{"AAPL"}, "", "10", "d", "script/buyhold"}, []any{s.Name, s.Symbols, s.Benchmark, s.Every, s.Dir, s.Agent.Model.Name})
	require.Equal(t, map[string]any{"max_open_orders": 1, "max_positions": 4}, s.Risk)
	require.Equal(t, []string{"pitwall data fetch stooq AAPL"}, s.Fetch)
	require.Equal(t, pitwall.One, *s.Costs.CommissionBps)
	from := map[string]string{}
	for _, x := range s.Layer(Profile{}, "", "") {
		from[x.Key] = x.From
	}
	require.Equal(t, []string{"my/mid.yaml", "my/top.yaml", "my/base.yaml", "my/base.yaml", "my/mid.yaml"},
		[]string{from["every"], from["risk.max_open_orders"], from["risk.max_positions"], from["model of main"], from["costs"]})

	s, err = Read(files, "d/void.yaml", "void.yaml")
	require.NoError(t, err)
	require.Equal(t, "void", s.Name)
	for file, want := range map[string]string{
		"d/loop.yaml": "pool.yaml: extends: loop.yaml extends itself",
		"d/away.yaml": `away.yaml: extends is "../base.yaml"`,
		"d/none.yaml": "none.yaml: extends: there is no nothing.yaml beside it",
		"d/typo.yaml": `bad.yaml:2: there is no key "symbol"`,
	} {
		_, err := Read(files, file, file[2:])
		require.ErrorContains(t, err, want)
		require.Equal(t, pitwall.StrategyError, pitwall.CodeOf(err))
	}
	alone, err := Parse("top.yaml", files["d/top.yaml"].Data)
	require.NoError(t, err)
	require.ErrorContains(t, alone.Check(), "this text was read alone")
}
