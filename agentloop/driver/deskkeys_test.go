package driver_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/desk"
	"pitwall/agentloop/driver"
)

func TestDeskKeys(t *testing.T) {
	check := func(text string, beside fstest.MapFS) (*driver.Strategy, error) {
		s, err := driver.Parse("s.yaml", []byte("symbols: [AAPL]\n"+text))
		if err != nil {
			return nil, err
		}
		s.ReadRoles(beside)
		return s, s.Check()
	}
	for text, want := range map[string]string{
		"desk: {analyst: [technical]}":    `there is no key "analyst"`,
		"desk: {debate: {round: 2}}":      `there is no key "round"`,
		"desk: {trader: {modl: x}}":       `there is no key "modl"`,
		"desk: {risk: {profil: neutral}}": `there is no key "profil"`,
		"desk: {analysts: technical}":     "write a list",
		"desk: bundled/fin":               "there is no template fin; bundled are activetrader, crypto",
		"desk: {template: fincon}":        `desk.template is "fincon"; write bundled/ and one of activetrader`,
		"desk: {trader: false}":           "desk.trader is false; leave it out",
		"agent: {model: script/desk}\ndesk: {template: bundled/fincon, trader: false, risk: false}": "the pattern hierarchical",
		"agent: {model: script/desk}\ndesk: {trader: {}, pattern: ring}":                            `pattern is "ring"; use parallel, sequential`,
		"agent: {model: script/desk}\ndesk: {trader: {}, debate: {compact: true, rounds: 2}}":       "desk.debate is compact and has rounds",
		"desk: {portfolio: {vol: 1}}": `there is no key "vol"`,
		"agent: {model: script/desk}\ndesk: {trader: {}, portfolio: {volatility: .nan}}":                                              "desk.portfolio.volatility is NaN",
		"agent: {model: script/desk}\ndesk: {trader: {}, goals: {net_pl: .nan}}":                                                      "a goal is NaN",
		"agent: {model: script/desk}\ndesk: {trader: {}, goals: {logged: .inf}}":                                                      "a goal is +Inf",
		"agent: {model: script/desk}\ndesk: {trader: {}, portfolio: {volatility: 0}}":                                                 "desk.portfolio.volatility is 0",
		"agent: {model: script/desk}\ndesk: {analysts: [technical], portfolio: {volatility: 9}}":                                      "takes the views of a trader",
		"agent: {model: script/desk}\ndesk: {trader: {role: trader}, portfolio: {volatility: 9}}":                                     "answers with TradePlan, and as trader it has to with Views",
		"desk: {strategies: [{name: a, when: b}]}":                                                                                    `there is no key "when"`,
		"agent: {model: script/desk}\ndesk: {trader: {}, strategies: [{name: a, regime: b}]}":                                         "strategy 1 lacks name, regime or text",
		"agent: {model: script/desk}\ndesk: {trader: {}, strategies: [{name: a, regime: b, text: c, enabled: false}]}":                "all are disabled",
		"agent: {model: script/desk}\ndesk: {analysts: [technical], strategies: [{name: a, regime: b, text: c}]}":                     "the desk has none",
		"agent: {model: script/desk}\ndesk: {trader: {}, strategies: [{name: a, regime: b, text: c}, {name: a, regime: d, text: e}]}": "two are named a",
		"desk: {memory: {}}":                                                                  "desk.memory has no place here; write memory: {} beside desk",
		"desk: {trader: }":                                                                    "desk.trader has no value; write trader: {}",
		"agent: {model: script/desk}\ndesk: {}":                                               "desk has no roles",
		"agent: {model: script/desk}\ndesk: {analysts: [astrology]}":                          "role astrology not found",
		"agent: {model: script/desk}\ndesk: {analysts: [bull]}":                               "an analyst cannot be named bull",
		"agent: {model: script/desk}\ndesk: {analysts: [technical, technical]}":               "an analyst cannot be named technical",
		"agent: {model: script/desk}\ndesk: {analysts: [risk_neutral]}":                       "answers with Verdict",
		"agent: {model: script/desk}\ndesk: {analysts: [../x]}":                               "the role name",
		"agent: {model: script/desk}\ndesk: {risk: {}}":                                       "reviews the plan of a trader",
		"agent: {model: script/desk}\ndesk: {trader: {}, risk: {profile: netral}}":            "did you mean neutral?",
		"agent: {model: script/desk}\ndesk: {trader: {tools: [orders_submit]}}":               "may not have orders_submit",
		"agent: {model: script/desk}\ndesk: {analysts: [technical], debate: {rounds: 11}}":    "use 1 to 10",
		"agent: {model: script/desk}\ndesk: {analysts: [technical], models: {slow: gpt-5}}":   `names the tier "slow"`,
		"agent: {model: script/desk, tools: [clock_now]}\ndesk: {trader: {}}":                 "desk with agent.output_schema or agent.tools",
		"agents: [{name: a, model: script/buyhold}]\ndesk: {trader: {}}":                      "desk with agents or rule",
		"desk: {analysts: [technical], models: {deep: script/desk}}":                          "role technical has no model",
		"agent: {model: script/desk, max_steps: 2000}\ndesk: {trader: {}}":                    "use 1 to 1000",
		"agent: {model: script/desk}\ndesk: {analysts: [{role: technical, model: {cmd: x}}]}": `there is no key "cmd"`,
	} {
		_, err := check(text, nil)
		require.ErrorContains(t, err, want, text)
	}
	mine := fstest.MapFS{"charts.md": {Data: []byte("---\nname: charts\ntier: standard\ntools: [market_indicators]\nschema: AnalystReports\n---\nRead charts.")},
		"news.md": {Data: []byte("---\nname: news\ntier: slow\nschema: AnalystReports\n---\nx")}}
	_, err := check("agent: {model: script/desk}\ndesk: {analysts: [news]}", mine)
	require.ErrorContains(t, err, `tier: "slow"`)
	s, err := check("agent: {model: script/desk, prompt: idea, budget: {usd_per_turn: 1}}\ndesk: {analysts: [charts, {role: technical, tools: [], params: {size: 5}}], debate: {judge: {model: openai/gpt-5, max_tokens: 99}}, trader: {budget: {usd_per_turn: 0.5}}, models: {standard: openai/gpt-5-mini}}", mine)
	require.NoError(t, err)
	price := agentloop.Price{In: pitwall.One, Out: pitwall.One}
	models, prices := []driver.Model{}, map[string]agentloop.Price{}
	var names []string
	for _, a := range s.Team() {
		names = append(names, a.Name+" "+a.Model.Name)
		models, prices[a.Model.Name] = append(models, driver.Model{Name: a.Model.Name}), price
	}
	require.Equal(t, []string{"charts openai/gpt-5-mini", "technical script/desk", "bull openai/gpt-5-mini", "bear openai/gpt-5-mini", "judge openai/gpt-5", "trader script/desk"}, names)
	agents, err := s.Deciders(models, prices)
	require.NoError(t, err)
	a := agents[0]
	require.Equal(t, "openai/gpt-5-mini, script/desk, openai/gpt-5", a.ModelName)
	require.Equal(t, "desk 2 of charts, technical, bull, bear, judge, trader; 3 rounds", a.DeciderName)
	require.Contains(t, a.Roles[0].Prompt, "Read charts.")
	require.Contains(t, a.Roles[0].Prompt, `"invalidation"`)
	require.Equal(t, [][]string{{"market_indicators"}, {}, {}, {}, {}, {}}, [][]string{a.Roles[0].Tools, a.Roles[1].Tools, a.Roles[2].Tools, a.Roles[3].Tools, a.Roles[4].Tools, a.Roles[5].Tools})
	require.Equal(t, []string{"orders_submit", "orders_cancel"}, a.Roles[5].Acts)
	require.Equal(t, 99, a.Roles[4].MaxOutput)
	require.Equal(t, pitwall.One/2, a.Roles[5].USDPerTurn)
	_, err = s.Deciders(models, nil)
	require.ErrorContains(t, err, "role charts has a budget in USD and the price of openai/gpt-5-mini is not known")
	s.UseModel("script/desk")
	for _, a := range s.Team() {
		require.Equal(t, "script/desk", a.Model.Name, a.Name)
	}
}

// What belongs to a model goes with it, and what a seat says stands before the agent's.
func TestSeatsAndTheirModels(t *testing.T) {
	read := func() *driver.Strategy {
		s, err := driver.Parse("s.yaml", []byte(`
symbols: [AAPL]
agent: {model: openai/a, base_url: "http://agent", cutoff: 2020-01-01, params: {seed: 1}}
desk:
  analysts: [{role: technical, base_url: "http://seat", cutoff: 2021-01-01, params: {seed: 2}}, {role: macro, model: openai/c, base_url: "http://c", params: {seed: 3}}, {role: news, base_url: "http://b", params: {seed: 4}}]
  debate: {judge: {params: {seed: 5}}}
  trader: {}
`))
		require.NoError(t, err)
		s.Desk.Models = map[string]driver.ModelChoice{"deep": {Name: "openai/b"}}
		return s
	}
	seats := func(s *driver.Strategy) map[string]driver.Agent {
		all := map[string]driver.Agent{}
		for _, a := range s.Team() {
			all[a.Name] = a
		}
		return all
	}
	s := read()
	was := seats(s)
	require.Equal(t, []any{"openai/a", "http://seat", "2021-01-01", 2}, []any{was["technical"].Model.Name, was["technical"].BaseURL, was["technical"].Cutoff, was["technical"].Params["seed"]})
	require.Equal(t, []any{"openai/a", "http://b", "2020-01-01", 4}, []any{was["news"].Model.Name, was["news"].BaseURL, was["news"].Cutoff, was["news"].Params["seed"]})
	require.Equal(t, []any{"openai/b", "", ""}, []any{was["trader"].Model.Name, was["trader"].BaseURL, was["trader"].Cutoff})
	s.UseModel("openai/c")
	for name, a := range seats(s) {
		require.Equal(t, "openai/c", a.Model.Name, name)
		if name == "macro" {
			require.Equal(t, []any{"http://c", 3}, []any{a.BaseURL, a.Params["seed"]})
			continue
		}
		require.Empty(t, a.Params, name)
	}
	s = read()
	s.UseModel("openai/b")
	require.Equal(t, 5, seats(s)["judge"].Params["seed"], "its model stays")
	require.Empty(t, seats(s)["news"].Params)
}

// Where a budget ends must not depend on which analyst is faster.
func TestABudgetAsksOneAtATime(t *testing.T) {
	for budget, want := range map[string]int{"": 6, ", budget: {tokens: 9}": 1, ", budget: {usd: 9}": 1, ", budget: {usd_per_turn: 9}": 1} {
		s, err := driver.Parse("s.yaml", []byte("symbols: [AAPL]\nagent: {model: script/desk"+budget+"}\ndesk: {analysts: [technical], parallel: 6}"))
		require.NoError(t, err)
		agents, err := s.Deciders([]driver.Model{{Name: "script/desk", Free: true}}, nil)
		require.NoError(t, err)
		require.Equal(t, want, agents[0].Decider.(*desk.Desk).Parallel, budget)
	}
}

// A desk of scripts decides the same each time.
func TestADeskOfScriptsIsDeterministic(t *testing.T) {
	for text, want := range map[string]bool{"{model: script/desk}\ndesk: {trader: {}}": true, "{model: openai/a}\ndesk: {trader: {}}": false, "{model: script/desk}\ndesk: {trader: {}, manager: {model: openai/a}}": false} {
		s, err := driver.Parse("s.yaml", []byte("symbols: [AAPL]\nagent: "+text))
		require.NoError(t, err)
		require.NoError(t, s.Check())
		require.Equal(t, want, s.Deterministic(), text)
	}
}
