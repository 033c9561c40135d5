package models

import (
	"fmt"
	"regexp"
	"strings"

	"pitwall"
	"pitwall/agentloop"
)

// PricesOf is the day of which [Client.ListPrice] knows the providers' list prices.
const PricesOf = "2026-07-24"

// listPrices are in USD per million tokens: in, out, read from the provider's prompt
// cache, written to it. Providers that ask more for long requests (from 200,000 tokens
// on) stand here with the usual price.
const listPrices = `
openai/gpt-5.6-sol 5 30 0.5
openai/gpt-5.6-terra 2.5 15 0.25
openai/gpt-5.6-luna 1 6 0.1
openai/gpt-5.5 5 30 0.5
openai/gpt-5.4 2.5 15 0.25
openai/gpt-5.4-mini 0.75 4.5 0.075
openai/gpt-5.4-nano 0.2 1.25 0.02
openai/gpt-5.2 1.75 14 0.175
openai/gpt-5.1 1.25 10 0.125
openai/gpt-5 1.25 10 0.125
openai/gpt-5-mini 0.25 2 0.025
openai/gpt-5-nano 0.05 0.4 0.005
openai/gpt-4.1 2 8 0.5
openai/gpt-4.1-mini 0.4 1.6 0.1
openai/gpt-4.1-nano 0.1 0.4 0.025
openai/gpt-4o 2.5 10 1.25
openai/gpt-4o-mini 0.15 0.6 0.075
openai/o3 2 8 0.5
openai/o3-mini 1.1 4.4 0.55
openai/o4-mini 1.1 4.4 0.275
anthropic/claude-opus-5 5 25 0.5 6.25
anthropic/claude-sonnet-5 2 10 0.2 2.5
anthropic/claude-opus-4-8 5 25 0.5 6.25
anthropic/claude-opus-4-7 5 25 0.5 6.25
anthropic/claude-opus-4-6 5 25 0.5 6.25
anthropic/claude-opus-4-5 5 25 0.5 6.25
anthropic/claude-opus-4-1 15 75 1.5 18.75
anthropic/claude-sonnet-4-6 3 15 0.3 3.75
anthropic/claude-sonnet-4-5 3 15 0.3 3.75
anthropic/claude-haiku-4-5 1 5 0.1 1.25
gemini/gemini-3.6-flash 1.5 7.5 0.15
gemini/gemini-3.5-flash 1.5 9 0.15
gemini/gemini-3.5-flash-lite 0.3 2.5 0.03
gemini/gemini-3.1-pro-preview 2 12 0.2
gemini/gemini-3.1-flash-lite 0.25 1.5 0.025
gemini/gemini-3.1-flash-lite-preview 0.25 1.5 0.025
gemini/gemini-3-pro-preview 2 12 0.2
gemini/gemini-3-flash-preview 0.5 3 0.05
gemini/gemini-2.5-pro 1.25 10 0.125
gemini/gemini-2.5-flash 0.3 2.5 0.03
gemini/gemini-2.5-flash-lite 0.1 0.4 0.01
deepseek/deepseek-v4-pro 0.435 0.87 0.003625
deepseek/deepseek-v4-flash 0.14 0.28 0.0028
deepseek/deepseek-chat 0.28 0.42 0.028
deepseek/deepseek-reasoner 0.28 0.42 0.028
xai/grok-4.5 2 6 0.5
xai/grok-4.3 1.25 2.5 0.2
`

// versionDay is the day at the end of a model's name: a version of a model costs what the
// model does.
var versionDay = regexp.MustCompile(`-(\d{8}|\d{4}-\d{2}-\d{2})$`)

// ListPrice returns the provider's list price of the model, nil when it is not known or
// the model is asked elsewhere: a proxy has prices of its own.
func (c *Client) ListPrice() *agentloop.Price {
	if c.base != c.provider.base {
		return nil
	}
	name := versionDay.ReplaceAllString(c.Name(), "")
	for line := range strings.Lines(listPrices) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != name {
			continue
		}
		p, err := listPrice(fields[1:])
		if err != nil {
			return nil // TestListPrices reads every line
		}
		return p
	}
	return nil
}

func listPrice(fields []string) (*agentloop.Price, error) {
	figures := make([]pitwall.Dec, len(fields))
	for i, f := range fields {
		var err error
		if figures[i], err = pitwall.ParseDec(f); err != nil {
			return nil, err
		}
	}
	if len(figures) < 3 {
		return nil, fmt.Errorf("%d prices", len(figures))
	}
	p := &agentloop.Price{In: figures[0], Out: figures[1], CacheRead: &figures[2], ListOf: PricesOf}
	if len(figures) > 3 {
		p.CacheWrite = &figures[3]
	}
	return p, nil
}
