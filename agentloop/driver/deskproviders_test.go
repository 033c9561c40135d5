package driver_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/agentloop/models"
	"pitwall/agentloop/models/modeltest"
)

// deskProvider answers for every role of a desk behind a fake provider: by the name with
// which the desk ends what it says.
type deskProvider struct {
	mu    sync.Mutex
	asked map[string]int
	play  func(role string, n int) agentloop.Reply // of the nth request of a role; an empty Model field means usual
}

func (p *deskProvider) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	role := ""
	for _, m := range r.Messages {
		if i := strings.LastIndex(m.User, "You are "); i >= 0 {
			role, _, _ = strings.Cut(m.User[i+len("You are "):], ".")
		}
	}
	p.mu.Lock()
	p.asked[role]++
	n := p.asked[role]
	p.mu.Unlock()
	reply := agentloop.Reply{Text: usual(role), Stop: agentloop.StopEnd}
	if p.play != nil {
		if x := p.play(role, n); x.Stop != "" {
			reply = x
		}
	}
	reply.Usage = agentloop.Usage{Input: 1000, Output: 100}
	return reply, nil
}

// A compact debate behind each dialect ends as tools/docs/desk.md says.
func TestCompactDebateOverProviders(t *testing.T) {
	for model, path := range map[string]string{"openai/a": "/v1", "anthropic/b": "", "gemini/c": ""} {
		for name, c := range map[string]struct {
			text   string
			stop   agentloop.Stop
			times  int
			kinds  []string
			result string
		}{
			"answers":   {bothSides, agentloop.StopEnd, 9, nil, "debate: BULL SLIGHT, BUY"},
			"repaired":  {`{"bull":{}}`, agentloop.StopEnd, 1, []string{"answer_repaired"}, "debate: BULL SLIGHT, BUY"},
			"refused":   {"I cannot help with that.", agentloop.StopRefused, 9, []string{"refused", "role_absent"}, "debate absent"},
			"truncated": {bothSides[:180], agentloop.StopLength, 9, []string{"output_limit", "role_absent"}, "debate absent"},
			"a tie":     {strings.Replace(bothSides, `"winner":"BULL","margin":"SLIGHT"`, `"winner":"TIE","margin":"TIE"`, 1), agentloop.StopEnd, 9, nil, "debate: TIE TIE, BUY"},
		} {
			p := &deskProvider{asked: map[string]int{}, play: func(role string, n int) agentloop.Reply {
				if role != "debate" {
					return agentloop.Reply{}
				}
				if n > c.times {
					return agentloop.Reply{Text: bothSides, Stop: agentloop.StopEnd}
				}
				return agentloop.Reply{Text: c.text, Stop: c.stop}
			}}
			server := modeltest.New(t, p, modeltest.Options{})
			s, err := driver.Parse("compact.yaml", []byte("symbols: [AAPL]\nbenchmark: SPX\ndata: [data]\nfrom: 2014-01-02\nto: 2014-03-31\nagent: {model: "+model+", base_url: "+server.URL+path+"}\ndesk: "+strings.Replace(patterns["compact"], "[technical, breadth, news]", "[technical, news]", 1)))
			require.NoError(t, err)
			require.NoError(t, s.Check())
			var list []driver.Model
			for _, a := range s.Team() {
				m, err := driver.NewModel(a, models.Options{Env: func(string) string { return "key" }, Sleep: func(context.Context, time.Duration) error { return nil }})
				require.NoError(t, err)
				list = append(list, m)
			}
			conf := config(filepath.Join(t.TempDir(), "run"))
			conf.Strategy, conf.Turns = s, 1
			conf.Agents, err = s.Deciders(list, nil)
			require.NoError(t, err)
			r, err := driver.Run(t.Context(), conf)
			require.NoError(t, err)
			turns := turnsIn(t, conf.Dir)
			require.Equal(t, c.kinds, kindsOf(turns[0]), "%s %s: %v", model, name, turns[0].Warnings)
			require.Contains(t, turns[0].Result, c.result, "%s %s", model, name)
			require.Equal(t, 1, r.Orders, "%s %s", model, name)
			require.Zero(t, p.asked["bull"]+p.asked["judge"])
		}
	}
}

// A desk whose roles are at three providers runs, whatever one of them does, as
// tools/docs/desk.md says.
func TestDeskOverProviders(t *testing.T) {
	says := func(who, text string, stop agentloop.Stop, times int) func(string, int) agentloop.Reply {
		return func(role string, n int) agentloop.Reply {
			if role == who && n <= times {
				return agentloop.Reply{Text: text, Stop: stop}
			}
			return agentloop.Reply{}
		}
	}
	const tie = `{"winner":"TIE","margin":"TIE","bull_points":[],"bear_points":[],"consensus":"c","thesis":"t","recommendation":"HOLD"}`
	for name, c := range map[string]struct {
		play   func(string, int) agentloop.Reply
		orders int
		kinds  []string
		result string
		asked  map[string]int // that differ from once
	}{
		"all answer":          {nil, 1, nil, "orders: 1 sent", nil},
		"schema repair":       {says("technical", `{"reports":[{"symbol":"AAPL"}]}`, agentloop.StopEnd, 1), 1, []string{"answer_repaired"}, "orders: 1 sent", map[string]int{"technical": 2}},
		"no JSON, twice":      {says("breadth", "Breadth is fine.", agentloop.StopEnd, 9), 1, []string{"role_absent"}, "breadth absent", map[string]int{"breadth": 2}},
		"refusal":             {says("risk", "I cannot help with that.", agentloop.StopRefused, 9), 0, []string{"refused", "role_absent"}, "risk absent", map[string]int{"risk": 2, "manager": 0}},
		"one refusal":         {says("risk", "I cannot help with that.", agentloop.StopRefused, 1), 1, []string{"refused", "answer_repaired"}, "risk: approve", map[string]int{"risk": 2}},
		"truncated JSON":      {says("judge", tie[:len(tie)-30], agentloop.StopLength, 9), 1, []string{"output_limit", "role_absent"}, "judge absent", map[string]int{"judge": 2}},
		"truncated plan":      {says("trader", usual("trader")[:30], agentloop.StopLength, 1), 1, []string{"output_limit", "answer_repaired"}, "orders: 1 sent", map[string]int{"trader": 2}},
		"a silent analyst":    {says("news", "", agentloop.StopEnd, 99), 1, []string{"role_absent"}, "news absent", map[string]int{"news": 3}},
		"a judge that ties":   {says("judge", tie, agentloop.StopEnd, 9), 1, nil, "debate: TIE TIE, HOLD", nil},
		"a silent trader":     {says("trader", "", agentloop.StopEnd, 99), 0, []string{"role_absent"}, "", map[string]int{"trader": 3, "risk": 0, "manager": 0}},
		"nothing is reported": {func(role string, n int) agentloop.Reply { return agentloop.Reply{Text: "?", Stop: agentloop.StopEnd} }, 0, []string{"role_absent", "role_absent", "role_absent"}, "no plan", map[string]int{"technical": 2, "breadth": 2, "news": 2, "bull": 0, "bear": 0, "judge": 0, "trader": 0, "risk": 0, "manager": 0}},
	} {
		p := &deskProvider{asked: map[string]int{}, play: c.play}
		server := modeltest.New(t, p, modeltest.Options{})
		text := strings.NewReplacer("OPENAI", "model: openai/a, base_url: "+server.URL+"/v1", "ANTHROPIC", "model: anthropic/b, base_url: "+server.URL, "GEMINI", "model: gemini/c, base_url: "+server.URL).Replace(
			"symbols: [AAPL]\nbenchmark: SPX\ndata: [data]\nfrom: 2014-01-02\nto: 2014-03-31\nagent: {OPENAI, budget: {usd: 10, usd_per_turn: 5}}\n" +
				"prices: {openai/a: {in: 1, out: 10}, anthropic/b: {in: 2, out: 20}, gemini/c: {in: 3, out: 30}}\n" +
				"desk: {analysts: [technical, {role: breadth, ANTHROPIC}, {role: news, GEMINI}], debate: {rounds: 1, bear: {ANTHROPIC}, judge: {GEMINI}}, trader: {ANTHROPIC}, risk: {OPENAI}, manager: {GEMINI}}\n")
		s, err := driver.Parse("mixed.yaml", []byte(text))
		require.NoError(t, err, text)
		require.NoError(t, s.Check())
		var list []driver.Model
		for _, a := range s.Team() {
			m, err := driver.NewModel(a, models.Options{Env: func(string) string { return "key" }, Sleep: func(context.Context, time.Duration) error { return nil }})
			require.NoError(t, err)
			list = append(list, m)
		}
		conf := config(filepath.Join(t.TempDir(), "run"))
		conf.Strategy, conf.Turns = s, 1
		conf.Agents, err = s.Deciders(list, nil)
		require.NoError(t, err)
		r, err := driver.Run(t.Context(), conf)
		if name != "a silent trader" { // its only turn failed, so the run did
			require.NoError(t, err, name)
		} else {
			require.Equal(t, pitwall.NoCoverage, pitwall.CodeOf(err))
		}
		turns := turnsIn(t, conf.Dir)
		require.Equal(t, c.orders, r.Orders, name)
		require.Equal(t, c.kinds, kindsOf(turns[0]), "%s: %v", name, turns[0].Warnings)
		require.Contains(t, turns[0].Result, c.result, name)
		total := 0
		for _, role := range []string{"technical", "breadth", "news", "bull", "bear", "judge", "trader", "risk", "manager"} {
			want, differs := c.asked[role]
			if !differs {
				want = 1
			}
			require.Equal(t, want, p.asked[role], "%s: %s", name, role)
			total += want
		}
		require.Equal(t, int64(total), server.Calls(), name)
		if name == "all answer" { // 1,000 in and 100 out of each: 3 of 0.002, 3 of 0.004 and 3 of 0.006 USD
			require.Equal(t, "0.036", strings.TrimRight(r.CostUSD.String(), "0"))
		}
	}
}
