package models

import (
	"strings"

	"pitwall"
)

// provider is one line of the table: who answers, where, with which key, and in
// which dialect.
type provider struct {
	name     string
	dialect  string   // openai, anthropic or gemini
	base     string   // the URL that the dialect's paths are appended to
	keys     []string // variables that may hold the key, the first one set wins
	local    bool     // runs on one's own machine: a key is optional, and it is never picked by default
	model    string   // used when no model is named; empty = one must be named
	prefixes []string // bare model names that can only mean this provider

	// maxTokens is the field for the output limit: OpenAI's own models refuse the
	// old max_tokens, and many compatible servers do not know the new one.
	maxTokens string
}

// table is in the order in which a default is looked for.
func table() []provider {
	return []provider{
		{name: "openai", dialect: "openai", base: "https://api.openai.com/v1", keys: []string{"OPENAI_API_KEY"}, model: "gpt-5-mini",
			prefixes: []string{"gpt-", "chatgpt-", "o1", "o3", "o4-"}, maxTokens: "max_completion_tokens"},
		{name: "anthropic", dialect: "anthropic", base: "https://api.anthropic.com", keys: []string{"ANTHROPIC_API_KEY"}, model: "claude-sonnet-4-6",
			prefixes: []string{"claude-"}},
		{name: "gemini", dialect: "gemini", base: "https://generativelanguage.googleapis.com", keys: []string{"GOOGLE_API_KEY", "GEMINI_API_KEY"}, model: "gemini-3.1-flash-lite-preview",
			prefixes: []string{"gemini-"}},
		{name: "ollama", dialect: "openai", base: "http://localhost:11434/v1", keys: []string{"OLLAMA_API_KEY"}, local: true},
		{name: "vllm", dialect: "openai", base: "http://localhost:8000/v1", keys: []string{"VLLM_API_KEY"}, local: true},
		{name: "lmstudio", dialect: "openai", base: "http://localhost:1234/v1", keys: []string{"LMSTUDIO_API_KEY"}, local: true},
		{name: "openrouter", dialect: "openai", base: "https://openrouter.ai/api/v1", keys: []string{"OPENROUTER_API_KEY"}, model: "openai/gpt-5-mini"},
		{name: "groq", dialect: "openai", base: "https://api.groq.com/openai/v1", keys: []string{"GROQ_API_KEY"}, model: "openai/gpt-oss-120b"},
		{name: "deepseek", dialect: "openai", base: "https://api.deepseek.com/v1", keys: []string{"DEEPSEEK_API_KEY"}, model: "deepseek-chat",
			prefixes: []string{"deepseek-"}},
		{name: "xai", dialect: "openai", base: "https://api.x.ai/v1", keys: []string{"XAI_API_KEY"}, model: "grok-4",
			prefixes: []string{"grok-"}},
	}
}

// key returns the provider's key from the environment, trimmed: a newline from
// a file would break the header.
func (p provider) key(env func(string) string) string {
	for _, v := range p.keys {
		if k := strings.TrimSpace(env(v)); k != "" {
			return k
		}
	}
	return ""
}

func (p provider) variable() string { return strings.Join(p.keys, " or ") }

// resolve finds the provider and the model that a name means. With a base URL
// a bare name that no provider owns is an OpenAI-compatible server's.
func resolve(name, baseURL string, env func(string) string) (provider, string, error) {
	if name == "" {
		return first(env)
	}
	who, model, slash := strings.Cut(name, "/")
	for _, p := range table() {
		if slash && p.name == who {
			if model == "" {
				return p, "", pitwall.Errorf(pitwall.StrategyError, "model: %q names no model", name).Hintf("write %s/MODEL", who)
			}
			return p, model, nil
		}
		if !slash && p.name == name {
			if p.model == "" {
				return p, "", pitwall.Errorf(pitwall.StrategyError, "model: %s has no default model", name).Hintf("write %s/MODEL, with a model that the server has", name)
			}
			return p, p.model, nil
		}
		for _, prefix := range p.prefixes {
			if !slash && strings.HasPrefix(name, prefix) {
				return p, name, nil
			}
		}
	}
	if !slash && baseURL != "" {
		return table()[0], name, nil
	}
	return provider{}, "", unknown(name, who, slash, baseURL)
}

// first picks the first hosted provider whose key is set.
func first(env func(string) string) (provider, string, error) {
	var variables []string
	for _, p := range table() {
		if p.local {
			continue
		}
		if p.key(env) != "" {
			return p, p.model, nil
		}
		variables = append(variables, p.variable())
	}
	return provider{}, "", pitwall.Errorf(pitwall.MissingKey, "no model is named and no provider's key is set").
		Hintf("set one of %s, or name a local model such as ollama/qwen3, or script/momentum, which needs no key", strings.Join(variables, ", "))
}

func unknown(name, who string, slash bool, baseURL string) error {
	var names, prefixes, models []string
	for _, p := range table() {
		names = append(names, p.name)
		if p.model != "" && !strings.Contains(p.model, "/") {
			models = append(models, p.model)
		}
		for _, x := range p.prefixes {
			prefixes = append(prefixes, x+"...")
		}
	}
	if slash {
		e := pitwall.Errorf(pitwall.StrategyError, "model: %q: unknown provider %q", name, who)
		if baseURL != "" {
			return e.Hintf("for a model of that name at base_url write openai/%s", name)
		}
		return e.Hintf("did you mean %q? Providers are %s", pitwall.Nearest(who, names)+name[len(who):], strings.Join(names, ", "))
	}
	return pitwall.Errorf(pitwall.StrategyError, "model: %q: unknown model provider", name).
		Hintf("did you mean %q? Write PROVIDER/MODEL with a provider of %s, or a bare name that starts with %s", pitwall.Nearest(name, append(models, names...)),
			strings.Join(names, ", "), strings.Join(prefixes, " "))
}

// Status describes a provider and reports whether it can be used.
type Status struct {
	Provider string
	Default  string // the model that is used when none is named; empty = one must be named
	Variable string // the variables that may hold its key, or the one that does
	Base     string // the URL that is asked
	Local    bool   // it is a server on one's own machine, which may or may not run
	Usable   bool
	Why      string
}

// Providers lists all providers in the order of the table. Nothing is asked over
// the network.
func Providers(env func(string) string) []Status {
	var list []Status
	for _, p := range table() {
		s := Status{Provider: p.name, Default: p.model, Variable: p.variable(), Base: p.base, Local: p.local}
		for i := len(p.keys) - 1; i >= 0; i-- {
			if strings.TrimSpace(env(p.keys[i])) != "" {
				s.Variable, s.Usable, s.Why = p.keys[i], true, p.keys[i]+" is set"
			}
		}
		if !s.Usable && p.local {
			s.Usable, s.Why = true, "needs no key; its server is expected at "+p.base
		}
		if !s.Usable {
			s.Why = p.variable() + " is not set"
		}
		list = append(list, s)
	}
	return list
}
