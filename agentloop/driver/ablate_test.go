package driver_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/agentloop/models"
	"pitwall/agentloop/roles"
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

// The bundled desk orders at turns 43, 48, 52 and 54, each time 40 % that its risk role makes
// 10 %, and has five plans rejected before and between them. Without the role it buys 40 %
// at turn 41 and is out and in again at other turns.
func TestAblateTheBundledDesk(t *testing.T) {
	a := ablated(t, nil)
	require.Len(t, a.Parts, 5)
	require.Empty(t, a.LeftOut)
	require.EqualValues(t, 4, a.Base.Orders)
	counts := map[string]map[driver.Direction]int{}
	for _, p := range a.Parts {
		counts[p.Name] = movedIn(p)
		require.Equal(t, pitwall.Dec(0), *p.USD)
		require.Regexp(t, `earned|earned nothing`, p.Verdict)
	}
	require.Empty(t, counts["without debate"], "the script's bull and bear repeat the reports")
	require.Empty(t, counts["compact debate"])
	require.Equal(t, "the memory changed no order, and costs nothing more (0.0000 USD a run): it earned nothing.", a.Parts[2].Verdict)
	require.Equal(t, map[driver.Direction]int{driver.ToTrade: 4, driver.ToHold: 5}, counts["without risk role"])
	require.NotEmpty(t, counts["coin-flip judge"])
	var turns []int
	decisions := map[string]int{}
	for _, v := range a.Vetoes {
		turns = append(turns, v.Turn)
		decisions[v.Decision]++
		require.NotZero(t, v.Saved)
	}
	require.Equal(t, []int{41, 42, 43, 48, 49, 50, 51, 52, 54}, turns)
	require.Equal(t, map[string]int{"reject": 5, "modify": 4}, decisions)
}

func movedIn(p driver.Part) map[driver.Direction]int {
	n := map[driver.Direction]int{}
	for _, m := range p.Moves {
		if m.Count > 0 {
			n[m.Direction] = m.Count
		}
	}
	return n
}

// turnOf reads the number of the turn that a role is asked in.
func turnOf(r agentloop.Request) (n int) {
	_, _ = fmt.Sscanf(r.Messages[0].User, "Turn %d.", &n)
	return n
}

// A trader that decides one way after a debate and another way without: each direction is
// counted once, and paid what the prices say.
func TestAblateCountsDirections(t *testing.T) {
	plan := func(target string) string {
		if target == "" {
			return `{"orders":[],"no_trade":"t"}`
		}
		return `{"orders":[{"symbol":"AAPL","target_percent":` + target + `,"confidence":0.5,"reason":"t"}]}`
	}
	with := []string{"", "20", "", "0", "30", "0"} // by turn
	without := []string{"", "50", "0", "", "10", "60"}
	d := &deskRun{play: func(role string, r agentloop.Request) (agentloop.Reply, error) {
		if role != "trader" {
			return agentloop.Reply{}, nil
		}
		list := without
		if strings.Contains(r.Messages[0].User, "\njudge: ") {
			list = with
		}
		return agentloop.Reply{Text: plan(list[turnOf(r)])}, nil
	}, asked: map[string]int{}}
	a, c := ablatedDesk(t, d, 5, "to: 2014-02-28\nevery: 7\n", "{analysts: [technical], debate: {rounds: 1}, trader: {}}", nil)
	require.Equal(t, []string{"without risk role: the desk has no risk role", "without memory: the desk has no memory"}, a.LeftOut)
	require.Empty(t, a.Vetoes)
	require.Equal(t, "without debate", a.Parts[0].Name)
	require.Equal(t, map[driver.Direction]int{driver.Smaller: 1, driver.ToHold: 1, driver.ToTrade: 1, driver.Larger: 1, driver.OtherSide: 1}, movedIn(a.Parts[0]))
	require.Contains(t, a.Parts[0].Verdict, "the debate ")
	require.Contains(t, a.Parts[0].Verdict, "moved 5 orders")
	bars := c.Source.Series()[0]
	require.Equal(t, "AAPL", bars.Instrument.Symbol)
	first := 0
	for bars.Bar(first).Start.Format("2006-01-02") < "2014-01-02" {
		first++
	}
	gain := bars.Close[first+20].Float()/bars.Open[first+1].Float() - 1
	for _, m := range a.Parts[0].Moves {
		if m.Direction == driver.Smaller {
			require.InDelta(t, -0.30*gain, m.Paid, 0.01*abs(gain), "20 % in place of 50 %, from the next open over 20 bars")
		}
	}
}

// ablatedDesk takes a desk of functions over AAPL apart. Role files lie beside it.
func ablatedDesk(t *testing.T, d *deskRun, turns int, days, desk string, beside fstest.MapFS) (*driver.Ablation, driver.Config) {
	t.Helper()
	s, err := driver.Parse("desk.yaml", []byte("name: desk\nsymbols: [AAPL]\ndata: [data]\nfrom: 2014-01-02\n"+days+"agent: {model: script/desk, prompt: Trade.}\ndesk: "+desk+"\n"))
	require.NoError(t, err)
	if beside != nil {
		s.ReadRoles(beside)
	}
	require.NoError(t, s.Check())
	c := config(t.TempDir())
	c.Strategy, c.Turns = s, turns
	c.Source, err = s.Load(t.Context(), examples.FS, &history.Local{})
	require.NoError(t, err)
	a, err := driver.Ablate(t.Context(), driver.AblateConfig{Run: c, Agents: func(s *driver.Strategy) ([]agentloop.Agent, error) {
		var list []driver.Model
		for _, a := range s.Team() {
			if a.Model.Name == "script/coin" {
				m, err := driver.NewModel(a, models.Options{})
				require.NoError(t, err)
				list = append(list, m)
				continue
			}
			list = append(list, driver.Model{Model: deskRole{a.Name, d}, Name: "test/" + a.Name, Free: true})
		}
		return s.Deciders(list, nil)
	}})
	require.NoError(t, err)
	return a, c
}

// A desk that a fill wakes has more turns in one branch than in the other: what a veto
// saved is still the difference at one time, 20 bars on. A turn while it sleeps has no veto.
func TestVetoesArePricedAtOneTime(t *testing.T) {
	d := &deskRun{play: func(role string, r agentloop.Request) (agentloop.Reply, error) {
		if role == "risk" {
			return agentloop.Reply{Text: `{"decision":"reject","risk_score":0.9,"risk_level":"HIGH","concerns":[],"recommendations":[]}`}, nil
		}
		return agentloop.Reply{}, nil // the trader buys 50 %
	}, asked: map[string]int{}}
	a, c := ablatedDesk(t, d, 0, "to: 2014-04-30\nevery: 1\n", "{trader: {}, risk: {limits: false}, wake: {fill: true, every: 7, shadow: 0.3}}", nil)
	require.Len(t, a.LeftOut, 4)
	shadows := 0
	for _, x := range turnsIn(t, filepath.Join(c.Dir, "base-1")) {
		if x.Shadow() {
			shadows++
		}
	}
	require.Greater(t, shadows, 5)
	bars := c.Source.Series()[0]
	priced := 0
	for _, v := range a.Vetoes {
		require.NotZero(t, v.Saved)
		n := 0
		for bars.Bar(n).Start.Format("2006-01-02") <= v.AsOf[:10] {
			n++
		}
		if bars.Bar(n+19).Start.Format("2006-01-02") > "2014-04-30" {
			continue
		}
		priced++
		gain := bars.Close[n+19].Float()/bars.Open[n].Float() - 1
		require.InDelta(t, -50_000*gain, v.Saved.Float(), 250, v.AsOf)
	}
	require.Greater(t, priced, 5)
}

// A risk role that only moves a stop orders the same sizes, and is not said to change
// nothing.
func TestAblateJudgesWhatSizesDoNotShow(t *testing.T) {
	d := &deskRun{play: func(role string, r agentloop.Request) (agentloop.Reply, error) {
		switch role {
		case "trader":
			return agentloop.Reply{Text: `{"orders":[{"symbol":"AAPL","target_percent":50,"stop":100,"confidence":0.5,"reason":"t"}]}`}, nil
		case "risk":
			return agentloop.Reply{Text: `{"decision":"modify","orders":[{"symbol":"AAPL","target_percent":50,"stop":300}],"risk_score":0.2,"risk_level":"LOW","concerns":[],"recommendations":[]}`}, nil
		}
		return agentloop.Reply{}, nil
	}, asked: map[string]int{}}
	a, _ := ablatedDesk(t, d, 1, "to: 2014-02-28\nevery: 1\n", "{trader: {}, risk: {limits: false}}", nil)
	require.Equal(t, "without risk role", a.Parts[0].Name)
	require.Empty(t, movedIn(a.Parts[0]))
	require.NotContains(t, a.Parts[0].Verdict, "changed no order")
	require.Contains(t, a.Parts[0].Verdict, "moved no order by 0.5 % of equity or more")
}

// A judge with a file of its own, which answers as a judge and not as a compact debate.
func TestAblateWithARoleOfItsOwn(t *testing.T) {
	mine, err := roles.Read(nil, "", "judge")
	require.NoError(t, err)
	d := &deskRun{asked: map[string]int{}, play: func(role string, r agentloop.Request) (agentloop.Reply, error) {
		if role == "debate" {
			return agentloop.Reply{Text: bothSides}, nil
		}
		return agentloop.Reply{}, nil
	}}
	a, _ := ablatedDesk(t, d, 1, "to: 2014-01-31\nevery: 5\n", "{analysts: [technical], debate: {rounds: 1, judge: {role: my_judge}}, trader: {}}", file("my_judge", mine.Tier, mine.Schema, "Judge."))
	require.Len(t, a.Parts, 3)
	require.Equal(t, 1, d.asked["debate"])
	require.Contains(t, a.Parts[0].Verdict, "changed no order")
}

func abs(x float64) float64 { return max(x, -x) }

func TestAblateNeedsADesk(t *testing.T) {
	c := config(t.TempDir())
	_, err := driver.Ablate(t.Context(), driver.AblateConfig{Run: c})
	require.ErrorContains(t, err, "there is no desk to take apart")
}

// One decision at a day, and no order.
func TestAnalyzeOrdersNothing(t *testing.T) {
	raw, err := examples.FS.ReadFile("desk/strategy.yaml")
	require.NoError(t, err)
	s, err := driver.Parse("examples/desk", raw)
	require.NoError(t, err)
	s.Dir = "desk"
	s.ReadRoles(examples.FS)
	require.NoError(t, s.Check())
	require.NoError(t, s.OnlyPlans())
	c := config(filepath.Join(t.TempDir(), "run"))
	c.Strategy = s
	c.Source, err = s.Load(t.Context(), examples.FS, &history.Local{})
	require.NoError(t, err)
	var list []driver.Model
	for _, a := range s.Team() {
		m, err := driver.NewModel(a, models.Options{})
		require.NoError(t, err)
		list = append(list, m)
	}
	c.Agents, err = s.Deciders(list, nil)
	require.NoError(t, err)
	r, err := driver.Analyze(t.Context(), c, "2014-03-16") // a Sunday
	require.NoError(t, err)
	turns := turnsIn(t, r.Out)
	require.Len(t, turns, 1)
	require.Contains(t, turns[0].AsOf, "2014-03-14T16:00:00")
	rec := recordOf(t, turns[0])
	require.NotNil(t, rec.Plan)
	require.Len(t, rec.Debate.Rounds, 3)
	require.Empty(t, rec.Orders)
	require.Zero(t, r.Orders)
	_, err = driver.Analyze(t.Context(), c, "1990-01-01")
	require.ErrorContains(t, err, "there are no bars of AAPL up to 1990-01-01")
}

// A role that is given the memory's tool cannot do without the memory.
func TestAblateLeavesTheMemoryThatARoleNeeds(t *testing.T) {
	d := &deskRun{play: swinging("wait"), asked: map[string]int{}}
	a, _ := ablatedDesk(t, d, 2, "to: 2014-02-28\nevery: 7\n", "{analysts: [{role: technical, tools: [memory_search]}], trader: {}, critic: {}}", nil)
	require.Contains(t, a.LeftOut, "without memory: role technical has memory_search among its tools")
}
