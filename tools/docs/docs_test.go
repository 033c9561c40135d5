package docs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/tools/docs"
)

// What people ask finds the page that answers it.
func TestSearch(t *testing.T) {
	x := docs.New()
	for query, want := range map[string]string{
		"why is my agent not trading":      "Why is my agent not trading",
		"order rejected buying power":      "Buying power in a cash account: why an order was rejected",
		"which SQL functions can I use":    "SQL functions that are allowed",
		"limit order fill price":           "When and at which price an order fills: why a limit or stop did not fill",
		"cash buffer target_percent":       "Sizing: target_percent, notional and the cash buffer",
		"debug a bad trade":                "How do I debug a bad trade",
		"csv header data files":            "Data files: your own CSV or Parquet",
		"orders_cancel":                    "Changing and canceling orders",
		"partial fill volume":              "Volume and lots: why an order filled only in part, fractional shares",
		"PITWALL_TOKEN":                    "Settings from the environment",
		"start a new simulation":           "Simulations: sim_start and sim_status",
		"sharpe ratio":                     "Figures: return, drawdown, Sharpe ratio, buy and hold",
		"how is drawdown computed":         "Figures: return, drawdown, Sharpe ratio, buy and hold",
		"leverage":                         "Leverage, shorting and margin calls: account type margin",
		"bracket order take profit":        "Brackets, take profit and stop loss: exits of an order",
		"stop loss on existing position":   "OCO: exits on a position that is already held, and groups",
		"dividend":                         "Dividends and splits: corporate actions",
		"margin call":                      "Leverage, shorting and margin calls: account type margin",
		"why was my order denied":          "Risk limits: denied orders",
		"good till date":                   "Time in force: day, gtc, gtd, ioc, fok, opg, cls",
		"ema":                              "Indicators: moving average, EMA, RSI, volatility",
		"claude desktop config":            "Connect a host: Claude Desktop, Claude Code, VS Code",
		"how do I use my own CSV":          "Data files: your own CSV or Parquet",
		"why did my limit order not fill":  "When and at which price an order fills: why a limit or stop did not fill",
		"fractional shares":                "Volume and lots: why an order filled only in part, fractional shares",
		"current_date":                     "The clock in SQL",
		"TOOL_NOT_TIME_SAFE":               "How the wall holds for external tools: clamp, known, timeless",
		"add a REST endpoint as a tool":    "Declare a REST endpoint as a tool",
		"mcp server allow pin":             "Declare an MCP server: allow, pin",
		"was the best of many tries luck":  "Is the best of many runs luck",
		"first live day":                   "First live day",
		"broker disagrees":                 "Broker disagrees: positions, orders or cash differ from the journal",
		"kill switch":                      "Stop trading at once: pitwall kill",
		"resume a paper run after a crash": "Missed turns, stop and resume",
		"how are beliefs scored":           "Beliefs: stated, refined, retired, scored",
		"win rate by regime in SQL":        "SQL over the memory: memory_trades, memory_lessons, beliefs",
		"MISSING_KEY":                      "Errors of external tools",
	} {
		titles := []string{}
		for _, h := range x.Search(query, 2) {
			titles = append(titles, h.Title)
		}
		require.Contains(t, titles, want, query)
	}
	require.Empty(t, x.Search("zzzyqx", 3))
	require.Empty(t, x.Search("", 3))
	require.Len(t, x.Search("order", 2), 2)
}

// Pages speak of tools that exist and say nothing about markets.
func TestPages(t *testing.T) {
	require.Equal(t, []string{"brokers", "clients", "desk", "external", "faq", "funds", "memory", "orders", "paper", "python", "report", "rules", "runbooks", "sql", "strategy", "sweep", "tools", "troubleshooting", "wall"}, docs.Pages())
}
