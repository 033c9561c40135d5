package driver_test

import (
	"cmp"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/desk"
	"pitwall/agentloop/driver"
	"pitwall/agentloop/models"
	"pitwall/cache/runs"
	"pitwall/examples"
)

// deskRun is a desk of functions over bundled data.
type deskRun struct {
	desk    string // the value of the key
	turns   int
	every   int // 0 = 5 bars
	cache   agentloop.Cache
	asked   map[string]int // replies by role
	mu      sync.Mutex
	play    func(role string, r agentloop.Request) (agentloop.Reply, error) // ok text without one
	context context.Context
	change  func(*agentloop.Agent)
	beside  fstest.MapFS // role files
	symbols string       // empty = AAPL of the bundled data
	days    string       // from and to; empty = the first quarter of 2014
	data    fs.FS        // of symbols
	fork    *driver.Fork
}

const wholeDesk = "{analysts: [technical, breadth, news], debate: {rounds: 2}, trader: {}, risk: {}, manager: {}}"

func reports(symbol, signal string) string {
	return `{"reports":[{"symbol":"` + symbol + `","signal":"` + signal + `","confidence":0.6,"score":6,"horizon":"20 bars","reasons":["r"],"evidence":["snapshot"],"invalidation":"i"}]}`
}

// usual is what a role answers when a test does not care.
func usual(role string) string {
	switch role {
	case "bull", "bear":
		return `{"claim":"c","evidence":["technical"],"strength":0.5}`
	case "judge":
		return `{"winner":"BULL","margin":"SLIGHT","bull_points":[],"bear_points":[],"consensus":"c","thesis":"t","recommendation":"BUY"}`
	case "trader":
		return `{"orders":[{"symbol":"AAPL","target_percent":50,"confidence":0.5,"reason":"thesis"}]}`
	case "risk", "risk_conservative", "manager":
		return `{"decision":"approve","risk_score":0.2,"risk_level":"LOW","concerns":[],"recommendations":[]}`
	}
	return reports("AAPL", "BUY")
}

func (d *deskRun) run(t *testing.T) (*driver.Result, []agentloop.Turn, error) {
	t.Helper()
	c := config(filepath.Join(t.TempDir(), "run"))
	s, err := driver.Parse("desk.yaml", []byte("name: desk\nsymbols: ["+cmp.Or(d.symbols, "AAPL]\nbenchmark: SPX\ndata: [data")+"]\n"+cmp.Or(d.days, "from: 2014-01-02\nto: 2014-03-31")+"\nevery: "+strconv.Itoa(cmp.Or(d.every, 5))+"\nagent: {model: script/desk, prompt: Trade.}\ndesk: "+d.desk+"\n"))
	require.NoError(t, err)
	if d.symbols != "" {
		s.Data, c.Files = []driver.DataEntry{{Path: "data"}}, d.data
	}
	if d.beside != nil {
		s.ReadRoles(d.beside)
	}
	require.NoError(t, s.Check())
	if c.Fork = d.fork; d.fork != nil {
		require.NoError(t, d.fork.Prepare(s))
	}
	d.asked = map[string]int{}
	list := []driver.Model{}
	for _, a := range s.Team() {
		list = append(list, driver.Model{Model: deskRole{a.Name, d}, Name: "test/" + a.Name, Free: true})
	}
	c.Strategy, c.Turns, c.Cache = s, d.turns, d.cache
	c.Agents, err = s.Deciders(list, nil)
	require.NoError(t, err)
	if d.change != nil {
		d.change(&c.Agents[0])
	}
	if d.context == nil {
		d.context = t.Context()
	}
	r, err := driver.Run(d.context, c)
	return r, turnsIn(t, c.Dir), err
}

// turnsIn reads the turns of a run, as far as there are any.
func turnsIn(t *testing.T, dir string) (list []agentloop.Turn) {
	t.Helper()
	run := runs.Open(os.DirFS(dir))
	for _, line := range run.Lines() {
		x, err := run.Turn(line.Turn)
		require.NoError(t, err)
		list = append(list, *x)
	}
	return list
}

// deskRole plays one role.
type deskRole struct {
	role string
	d    *deskRun
}

func (m deskRole) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	reply, err := agentloop.Reply{Text: usual(m.role)}, error(nil)
	if m.d.play != nil {
		reply, err = m.d.play(m.role, r)
		if err == nil && reply.Text == "" && len(reply.Calls) == 0 && reply.Stop == "" {
			reply.Text = usual(m.role)
		}
	}
	if err == nil {
		m.d.mu.Lock()
		m.d.asked[m.role]++
		m.d.mu.Unlock()
	}
	return reply, err
}

func recordOf(t *testing.T, x agentloop.Turn) (r desk.Record) {
	t.Helper()
	require.NoError(t, json.Unmarshal(x.Output, &r))
	return r
}

// kindsOf lists the warnings of a turn, but for those of roles that call no tool.
func kindsOf(x agentloop.Turn) (kinds []string) {
	for _, w := range x.Warnings {
		if w.Kind != "no_tool_calls" && w.Kind != "order_without_data" {
			kinds = append(kinds, w.Kind)
		}
	}
	return kinds
}

// says answers a role with a text, the others as usual.
func says(role, text string) func(string, agentloop.Request) (agentloop.Reply, error) {
	return func(r string, _ agentloop.Request) (agentloop.Reply, error) {
		if r == role {
			return agentloop.Reply{Text: text}, nil
		}
		return agentloop.Reply{}, nil
	}
}

func TestDeskDecides(t *testing.T) {
	d := &deskRun{desk: wholeDesk, turns: 1}
	r, turns, err := d.run(t)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"technical": 1, "breadth": 1, "news": 1, "bull": 2, "bear": 2, "judge": 1, "trader": 1, "risk": 1, "manager": 1}, d.asked)
	require.Equal(t, "debate: BULL SLIGHT, BUY; plan: AAPL 50 %; risk: approve; manager: approve; orders: 1 sent, 0 refused", turns[0].Result)
	require.Equal(t, agentloop.StatusOrdered, turns[0].Status)
	rec := recordOf(t, turns[0])
	require.Len(t, rec.Reports, 3)
	require.Len(t, rec.Debate.Rounds, 2)
	require.Equal(t, "BULL", rec.Debate.Winner)
	require.Equal(t, rec.Plan.Orders, rec.Risk.Original)
	require.Equal(t, rec.Plan.Orders, rec.Approved)
	require.Len(t, r.Manifest.Agents[0].Roles, 9)
	require.Equal(t, "test/judge", r.Manifest.Agents[0].Roles[5].Model)
	journal, err := os.ReadFile(filepath.Join(r.Out, "journal.jsonl"))
	require.NoError(t, err)
	require.Contains(t, string(journal), `"kind":"intent","turn":1,"role":"trader"`)
	require.Contains(t, string(journal), `"reason":"thesis; risk: approve; manager: approve"`)
	_, err = driver.Verify(os.DirFS(r.Out))
	require.NoError(t, err)
}

// What a verdict or a role's failure leaves of a plan of 50 %: the orders that the server
// got, by target.
func TestDeskIsHeldToVerdicts(t *testing.T) {
	modify := func(size string) string {
		return `{"decision":"modify","orders":[` + size + `],"risk_score":0.5,"risk_level":"MEDIUM","concerns":["c"],"recommendations":[]}`
	}
	const reject = `{"decision":"reject","risk_score":0.9,"risk_level":"HIGH","concerns":["c"],"recommendations":[]}`
	for name, c := range map[string]struct {
		role, text string
		want       []string // target_percent of each order
		kinds      []string
		result     string
	}{
		"approve":         {"risk", usual("risk"), []string{"50"}, nil, ""},
		"reject":          {"risk", reject, nil, nil, "risk: reject"},
		"modify":          {"risk", modify(`{"symbol":"AAPL","target_percent":10,"stop":60}`), []string{"10"}, nil, "risk: modify to AAPL 10 % stop 60; manager: approve"},
		"more":            {"risk", modify(`{"symbol":"AAPL","target_percent":60}`), nil, []string{"role_absent"}, "risk absent"},
		"another symbol":  {"risk", modify(`{"symbol":"SPX","target_percent":1}`), nil, []string{"role_absent"}, "risk absent"},
		"no verdict":      {"risk", "I would rather not say.", nil, []string{"role_absent"}, "risk absent"},
		"manager rejects": {"manager", reject, nil, nil, "manager: reject"},
		"manager shrinks": {"manager", modify(`{"symbol":"AAPL","target_percent":5}`), []string{"5"}, nil, "manager: modify to AAPL 5 %"},
		"manager enlarge": {"manager", modify(`{"symbol":"AAPL","target_percent":51}`), nil, []string{"role_absent"}, "manager absent"},
		"no trade":        {"trader", `{"orders":[],"no_trade":"nothing is cheap"}`, nil, nil, "no trade: nothing is cheap"},
		"no plan":         {"trader", `{"orders":[]}`, nil, []string{"role_absent"}, "no plan; trader absent"},
		"a tie":           {"judge", `{"winner":"TIE","margin":"TIE","bull_points":[],"bear_points":[],"consensus":"c","thesis":"t","recommendation":"HOLD"}`, []string{"50"}, nil, "debate: TIE TIE, HOLD"},
		"half a tie":      {"judge", `{"winner":"TIE","margin":"SLIGHT","bull_points":[],"bear_points":[],"consensus":"c","thesis":"t","recommendation":"HOLD"}`, []string{"50"}, []string{"role_absent"}, "judge absent"},
		"no bull":         {"bull", "{}", []string{"50"}, []string{"role_absent"}, "bull absent"},
		"no analyst":      {"technical", "...", []string{"50"}, []string{"role_absent", "evidence_not_fetched", "evidence_not_fetched"}, "technical absent"},
		"made up":         {"news", strings.Replace(reports("AAPL", "BUY"), "snapshot", "news_search AAPL", 1), []string{"50"}, []string{"evidence_not_fetched"}, ""},
	} {
		d := &deskRun{desk: strings.Replace(wholeDesk, "rounds: 2", "rounds: 1", 1), turns: 1, play: says(c.role, c.text)}
		r, turns, err := d.run(t)
		require.NoError(t, err, name)
		var targets []string
		for _, o := range recordOf(t, turns[0]).Orders {
			var x struct {
				Target json.Number `json:"target_percent"`
			}
			require.NoError(t, json.Unmarshal(o.Asked, &x), name)
			require.False(t, o.Refused, "%s: %s", name, o.Answer)
			targets = append(targets, x.Target.String())
		}
		require.Equal(t, c.want, targets, name)
		require.Equal(t, len(c.want), r.Orders, name)
		require.Equal(t, c.kinds, kindsOf(turns[0]), name)
		require.Contains(t, turns[0].Result, c.result, name)
		if len(c.kinds) > 0 && c.kinds[0] == "role_absent" {
			require.Equal(t, 2, d.asked[c.role], "%s: asked once more", name)
			require.Equal(t, c.role, recordOf(t, turns[0]).Absent[0].Role, name)
		}
	}
}

// A trader that orders by itself has no such tool, and an analyst that is given one
// is refused by the server.
func TestOnlyCodeOrders(t *testing.T) {
	order := agentloop.Call{ID: "c1", Name: "orders_submit", Arguments: json.RawMessage(`{"symbol":"AAPL","side":"buy","qty":100}`)}
	rebel := func(rebel string) func(string, agentloop.Request) (agentloop.Reply, error) {
		return func(role string, r agentloop.Request) (agentloop.Reply, error) {
			if role == rebel && len(r.Messages) == 1 {
				return agentloop.Reply{Calls: []agentloop.Call{order}}, nil
			}
			if role == "risk" {
				return agentloop.Reply{Text: `{"decision":"reject","risk_score":1,"risk_level":"HIGH","concerns":[],"recommendations":[]}`}, nil
			}
			return agentloop.Reply{}, nil
		}
	}
	for _, role := range []string{"trader", "technical", "risk"} {
		for _, offered := range []bool{false, true} {
			d := &deskRun{desk: wholeDesk, turns: 1, play: rebel(role), change: func(a *agentloop.Agent) {
				for i := range a.Roles {
					if offered && a.Roles[i].Name == role {
						a.Roles[i].Tools, a.Roles[i].Acts = nil, nil // all tools
					}
				}
			}}
			r, turns, err := d.run(t)
			require.NoError(t, err)
			require.Zero(t, r.Orders, role)
			require.Equal(t, "reject", recordOf(t, turns[0]).Risk.Decision, role)
			want := "error UNKNOWN_TOOL"
			if offered {
				want = "error NOT_ALLOWED: orders_submit changes the world"
			}
			details := ""
			for _, w := range turns[0].Warnings {
				details += w.Kind + " " + w.Detail + "\n"
			}
			require.Regexp(t, "tool_error "+role+": .*"+want, details)
			journal, err := os.ReadFile(filepath.Join(r.Out, "journal.jsonl"))
			require.NoError(t, err)
			require.NotContains(t, string(journal), `"kind":"intent"`)
		}
	}
}

// The bundled desk needs no key, and shows three analysts, a debate of three rounds, a
// modification and a reject that held, lessons and matured beliefs. decisions.jsonl has a line of every turn.
func TestBundledDesk(t *testing.T) {
	raw, err := examples.FS.ReadFile("desk/strategy.yaml")
	require.NoError(t, err)
	s, err := driver.Parse("examples/desk", raw)
	require.NoError(t, err)
	s.Dir = "desk"
	s.ReadRoles(examples.FS)
	require.NoError(t, s.Check())
	var list []driver.Model
	for _, a := range s.Team() {
		m, err := driver.NewModel(a, models.Options{})
		require.NoError(t, err)
		list = append(list, m)
	}
	c := config(filepath.Join(t.TempDir(), "run"))
	c.Strategy, c.Turns = s, 64
	c.Agents, err = s.Deciders(list, nil)
	require.NoError(t, err)
	r, err := driver.Run(t.Context(), c)
	require.NoError(t, err)
	decisions, lessons, beliefs := map[string]int{}, 0, 0
	for _, x := range turnsIn(t, r.Out) {
		rec := recordOf(t, x)
		require.Len(t, rec.Reports, 3)
		require.Len(t, rec.Debate.Rounds, 3)
		require.Empty(t, rec.Absent)
		said := desk.Conversation(&x)
		if rec.Critique != nil {
			lessons, beliefs = lessons+len(rec.Critique.Lessons), beliefs+len(rec.Critique.Beliefs)
			require.Equal(t, "critic", said[0].Role)
			said = said[len(rec.Critique.Lessons)+len(rec.Critique.Beliefs)+len(rec.Critique.Retired):]
		}
		require.Equal(t, "fundamentals", said[0].Role)
		if rec.Risk == nil {
			require.Empty(t, rec.Plan.Orders)
			continue
		}
		decisions[rec.Risk.Decision]++
		last := said[len(said)-1]
		if rec.Risk.Decision == desk.Reject {
			require.Empty(t, rec.Orders)
			require.Equal(t, desk.Line{Role: "order", Text: "none: the plan was not approved"}, last)
			continue
		}
		require.Equal(t, "10", rec.Approved[0].TargetPercent.String())
		require.Less(t, *rec.Plan.Orders[0].Stop, *rec.Approved[0].Stop)
		require.Contains(t, string(rec.Orders[0].Asked), `"target_percent": 10`)
		require.Contains(t, last.Text, `"target_percent":10`)
	}
	require.Greater(t, decisions[desk.Modify], 2)
	require.Greater(t, decisions[desk.Reject], 2)

	turns, kinds, learned := map[int]bool{}, map[string]int{}, 0
	lines, err := os.ReadFile(filepath.Join(r.Out, runs.DecisionsFile))
	require.NoError(t, err)
	for line := range strings.Lines(string(lines)) {
		var x runs.Decision
		require.NoError(t, json.Unmarshal([]byte(line), &x))
		kinds[x.Type]++
		if x.Type == runs.Chosen {
			turns[x.Turn] = true
			require.NotEmpty(t, x.Analysts)
			require.NotEmpty(t, x.Researchers)
			require.NotEmpty(t, x.Plan)
			require.Equal(t, x.Symbol != "", len(x.Risk) > 0)
		}
		if x.Type == runs.Result {
			require.Contains(t, []string{"stop_loss", "take_profit"}, x.ExitReason)
			learned += len(x.Lessons)
			require.Contains(t, string(lines), `"type":"decision","trade_id":"`+x.TradeID+`"`)
		}
	}
	require.Len(t, turns, 64, "every turn has its decision")
	require.Equal(t, r.Fills, kinds[runs.Execution])
	require.Greater(t, kinds[runs.Result], 1)
	require.Equal(t, lessons, learned, "each outcome has its lesson")
	require.Equal(t, kinds[runs.Result], lessons)
	require.Greater(t, beliefs, 5)
	m, err := runs.Open(os.DirFS(r.Out)).Memory()
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(m.Beliefs, func(b pitwall.ScoredBelief) bool { return b.Matured != nil }))
	_, err = driver.Verify(os.DirFS(r.Out))
	require.NoError(t, err)
}
