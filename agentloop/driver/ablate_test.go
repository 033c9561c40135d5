package driver_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/agentloop/models"
	"pitwall/cache/history"
	"pitwall/examples"
)

// ablated takes the bundled desk apart over a year.
func ablated(t *testing.T, change func(*driver.Strategy)) *driver.Ablation {
	t.Helper()
	raw, err := examples.FS.ReadFile("desk/strategy.yaml")
	require.NoError(t, err)
	s, err := driver.Parse("examples/desk", []byte(strings.Replace(string(raw), "to: 2018-05-11", "to: 2014-06-30", 1)))
	require.NoError(t, err)
	s.Dir = "desk"
	s.ReadRoles(examples.FS)
	if change != nil {
		change(s)
	}
	require.NoError(t, s.Check())
	c := config(t.TempDir())
	c.Strategy = s
	c.Source, err = s.Load(t.Context(), examples.FS, &history.Local{})
	require.NoError(t, err)
	a, err := driver.Ablate(t.Context(), driver.AblateConfig{Run: c, Samples: 2, Agents: func(s *driver.Strategy) ([]agentloop.Agent, error) {
		var list []driver.Model
		for _, a := range s.Team() {
			m, err := driver.NewModel(a, models.Options{})
			if err != nil {
				return nil, err
			}
			list = append(list, m)
		}
		return s.Deciders(list, nil)
	}})
	require.NoError(t, err)
	return a
}

// The bundled desk orders at turns 43, 48, 52 and 54, each 40 % that its risk role makes 10 %.
func TestAblateTheBundledDesk(t *testing.T) {
	a := ablated(t, nil)
	require.Len(t, a.Parts, 4)
	require.Empty(t, a.LeftOut)
	by := map[string]driver.Part{}
	for _, p := range a.Parts {
		by[p.Name] = p
	}
	count := func(name string) (n map[driver.Direction]int) {
		n = map[driver.Direction]int{}
		for _, m := range by[name].Moves {
			if m.Count > 0 {
				n[m.Direction] = m.Count
			}
		}
		return n
	}
	t.Logf("%+v", a)
	for name, p := range by {
		t.Logf("%s: %v: %s", name, count(name), p.Verdict)
		require.Equal(t, pitwall.Dec(0), *p.USD)
	}
	for _, v := range a.Vetoes {
		t.Logf("%+v", v)
	}
	_ = os.Stdout
}
