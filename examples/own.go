package examples

import (
	"path/filepath"
	"strings"
	"time"
)

// Own is what a strategy of one's own begins with. Without a Rule and a Model it is
// a moving average.
type Own struct {
	Dir           string // of the strategy; its last part is the name
	Symbols, Data []string
	First, Last   time.Time // days that the data cover
	Rule          string    // SQL that decides
	Model         string    // or the model that does
	BaseURL       string    // where it answers
}

// Momentum returns the momentum example as a strategy in dir, with its data beside it.
func Momentum(dir string) (string, error) {
	raw, err := FS.ReadFile("momentum/strategy.yaml")
	text := strings.Replace(string(raw), "name: momentum", "name: "+filepath.Base(dir), 1)
	text = strings.Replace(text, "[../data]", "[data]", 1)
	return strings.Replace(text, "pitwall backtest examples/momentum", "pitwall backtest "+dir, 1), err
}

// Strategy is the text of the strategy's file, with comments for a reader new to it.
func (o Own) Strategy() string {
	return strings.NewReplacer("{name}", filepath.Base(o.Dir), "{dir}", o.Dir, "{symbols}", flow(o.Symbols), "{data}", flow(o.Data),
		"{first}", o.First.Format(time.DateOnly), "{last}", o.Last.Format(time.DateOnly), "{decides}", o.decides()).Replace(ownTemplate)
}

// flow writes a list of YAML; words that YAML would not read as text stand in quotes.
func flow(list []string) string {
	out := make([]string, 0, len(list))
	for _, x := range list {
		if strings.ContainsAny(x, " :#,[]{}&*!|>'\"%@`") {
			x = "'" + strings.ReplaceAll(x, "'", "''") + "'"
		}
		out = append(out, x)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// ownTemplate is a strategy of one's own. Its keys stand in tools/docs/strategy.md.
const ownTemplate = `# Run it: pitwall backtest {dir}
# What is missing or wrong: pitwall doctor {dir}
name: {name}
# What may be traded, and the files or folders of its prices, relative to this file:
symbols: {symbols}
data: {data}
# benchmark: SPY           # a symbol of the data to compare with
# The days of the run; without them all that the data hold:
# from: {first}
# to: {last}
cash: 100000
costs: {commission_bps: 10, slippage_bps: 5}
# account: {type: margin}  # to borrow and to short; the default is cash
# risk: {max_symbol_percent: 50}

{decides}`

// decides is who decides in a new strategy, with the other way as a comment.
func (o Own) decides() string {
	const cross = "close > avg(close) over (h rows 99 preceding)"
	if o.Model != "" {
		server := "# base_url: http://127.0.0.1:8000/v1   # a server of your own that speaks OpenAI's API; it needs no key"
		if o.BaseURL != "" {
			server = "base_url: " + o.BaseURL
		}
		return `every: 5                   # bars between turns; or 1d, monday, month
agent:
  model: ` + o.Model + `
  ` + server + `
  prompt: |                # your idea, in words
    Hold what trades above its own 100-day average, in equal parts; else hold cash.
  # budget: {usd: 2.00}    # new spending; needs a known price
# Instead of a model, a rule: SQL for the target weight of each symbol.
# rule: ` + cross + "\n"
	}
	rule, params := "close > avg(close) over (h rows {days}-1 preceding)", `# {days} in the rule; another value for one run: pitwall backtest ... --param days=50
params: {days: 100}
`
	if o.Rule != "" {
		rule, params = quoted(o.Rule), ""
	}
	return `every: 1                   # bars between turns; or 1d, monday, month
# The target weight of each symbol, in SQL over the bars known at each turn: symbol,
# ts, date, open, high, low, close, volume. h is the symbol's own history. true is an
# equal part of equity, false is nothing, a number is a share, NULL is no order.
# The current bar is one of the days: an average of N of them is rows N-1 preceding.
` + params + `rule: ` + rule + `
# band: 0.05               # order when the weight is further than this from what is held
# Named columns work too; the last is the weight:
# rule:
#   fast: avg(close) over (h rows 19 preceding)
#   slow: avg(close) over (h rows 99 preceding)
#   weight: fast > slow
# Instead of a rule, a model with a prompt:
# agent:
#   model: openai/gpt-5-mini
#   prompt: Hold what trades above its own 100-day average; else hold cash.
`
}

// quoted writes an expression as a value of YAML.
func quoted(text string) string {
	if strings.Contains(text, ": ") || strings.Contains(text, " #") || strings.ContainsAny(text[:1], "'\"[]{}&*!|>%@`-?,#:") {
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	return text
}
