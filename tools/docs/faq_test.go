package docs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/tools/docs"
)

// questions are what users of an agentic backtesting framework ask, in its words and
// in others, by the section that answers them.
var questions = map[string][]string{
	"Is it possible to backtest an AI or LLM agent":                                        {"Can I backtest an AI trading agent?", "is it possible to backtest an LLM trading agent"},
	"What makes Pitwall different from other AI trading frameworks":                        {"What makes LumiBot different from other AI trading frameworks?", "how does pitwall differ from other frameworks"},
	"What AI models are supported":                                                         {"What AI models are supported?", "can I use anthropic or ollama models"},
	"How do I get started":                                                                 {"How do I get started?", "first steps to get started"},
	"What API keys do I need":                                                              {"What API keys do I need?", "which API key is required"},
	"How do I set up my environment":                                                       {"How do I set up my environment?", ".env file setup"},
	"Can I use this for live trading":                                                      {"Can I use this for live trading?", "live trading with real money"},
	"Does it work with my broker":                                                          {"Does it work with my broker?", "which brokers are supported"},
	"What is an agent_tool of my own: a Go function as an external tool":                   {"What is @agent_tool?", "make my own Go function a tool"},
	"How does the agent know what parameters my tool accepts":                              {"How does the agent know what parameters my tool accepts?", "tool parameter schema"},
	"Do I need to list built-in tools":                                                     {"Do I need to list built-in tools?", "must I list the built-in tools"},
	"Can I use multiple custom tools":                                                      {"Can I use multiple custom tools?", "several custom tools"},
	"What REST APIs can I wrap":                                                            {"What REST APIs can I wrap with @agent_tool?", "which REST API can I wrap"},
	"How do I add authentication to my tool":                                               {"How do I add authentication to my tool?", "authentication header token for a tool"},
	"What happens if my tool returns an error":                                             {"What happens if my tool returns an error?", "my tool returns an error"},
	"Can I use MCP servers instead of Go functions and REST tools":                         {"Can I use MCP servers instead of @agent_tool?", "use an MCP server instead of a function"},
	"What is the difference between a Go function, a REST tool and an MCP server as tools": {"What is the difference between @agent_tool and MCP servers?", "difference between REST tool and MCP server"},
	"How long should my prompt be":                                                         {"How long should my system prompt be?", "length of prompt: how long"},
	"What should I put in the prompt":                                                      {"What should I put in the system prompt?", "what to put into the prompt"},
	"What is in the base prompt":                                                           {"What does LumiBot handle automatically in the base prompt?", "base prompt contents"},
	"Can I override the investor policy":                                                   {"Can I override the default investor policy?", "override policy"},
	"How do I make the agent more aggressive or more conservative":                         {"How do I make the agent more aggressive or more conservative?", "make it more aggressive"},
	"How does backtesting work with AI agents":                                             {"How does backtesting work with AI agents?", "how backtesting works with an agent"},
	"How does the agent avoid looking into the future during backtests":                    {"How does the agent avoid looking into the future during backtests?", "avoid look-ahead into the future"},
	"The replay cache":                                                                     {"What is the replay cache?", "replay cache explained"},
	"How do I clear the cache for a fresh run":                                             {"How do I clear the cache for a fresh run?", "clear the cache"},
	"How long does a backtest take":                                                        {"How long does a backtest take?", "backtest duration: how long does it take"},
	"Can I speed up backtests":                                                             {"Can I speed up backtests?", "speed up a backtest"},
	"What data sources work for backtesting":                                               {"What data sources work for backtesting?", "data sources for backtests"},
	"How do I see what the agent is doing":                                                 {"How do I see what the agent is doing?", "see what the agent does"},
	"What are agent traces":                                                                {"What are agent traces?", "agent trace"},
	"Where are trace files stored":                                                         {"Where are trace files stored?", "where is the trace file"},
	"How do I debug a bad trade":                                                           {"How do I debug a bad trade?", "debugging a bad trade"},
	"Why is my agent not trading":                                                          {"Why is my agent not trading?", "agent does not trade"},
	"Why is my agent only buying SHV, the safe asset":                                      {"Why is my agent only buying SHV?", "only buys the safe asset"},
	"How much does it cost to run":                                                         {"How much does it cost to run?", "what does a run cost"},
	"How can I reduce API costs: pay less":                                                 {"How can I reduce API costs?", "reduce costs, pay less"},
	"How does replay caching reduce costs":                                                 {"How does replay caching reduce costs?", "does caching reduce the costs"},
}

// Each question finds the section that answers it first.
func TestQuestions(t *testing.T) {
	require.Len(t, questions, 38)
	x := docs.New()
	for title, list := range questions {
		for _, q := range list {
			hits := x.Search(q, 3)
			require.NotEmpty(t, hits, q)
			if hits[0].Title != title {
				titles := []string{}
				for _, h := range hits {
					titles = append(titles, h.Title)
				}
				t.Errorf("%q finds %q, want %q", q, titles, title)
			}
		}
	}
}
