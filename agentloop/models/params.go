package models

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"

	"pitwall"
)

// params are a strategy's params, checked: float64, int, string or bool each.
type params map[string]any

// kinds of a param.
const (
	number  = "a number"
	whole   = "a whole number, 0 or more"
	text    = "a word"
	boolean = "true or false"
	either  = "a word or a whole number" // thinking: adaptive, or a budget
)

// knownParams lists what may be set, by dialect. What a model of the dialect does
// not take it refuses itself.
var knownParams = map[string]map[string]string{
	"openai": {"temperature": number, "top_p": number, "max_tokens": whole, "reasoning_effort": text, "seed": whole, "stream": boolean,
		"presence_penalty": number, "frequency_penalty": number, "parallel_tool_calls": boolean, "service_tier": text, "verbosity": text},
	"anthropic": {"temperature": number, "top_p": number, "top_k": whole, "max_tokens": whole, "reasoning_effort": text, "thinking": either, "stream": boolean},
	"gemini":    {"temperature": number, "top_p": number, "top_k": whole, "max_tokens": whole, "reasoning_effort": text, "thinking": whole, "seed": whole, "stream": boolean},
}

// checkParams refuses unknown params and values of the wrong kind.
func checkParams(dialect, provider string, given map[string]any) (params, error) {
	known := knownParams[dialect]
	names := slices.Sorted(maps.Keys(known))
	out := params{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		kind, ok := known[name]
		if !ok {
			return nil, pitwall.Errorf(pitwall.StrategyError, "params: %s takes no %q", provider, name).
				Hintf("did you mean %q? It takes %s", pitwall.Nearest(name, names), strings.Join(names, ", "))
		}
		v, ok := convert(kind, given[name])
		if !ok {
			return nil, pitwall.Errorf(pitwall.StrategyError, "params: %s is %v", name, given[name]).Hintf("it is %s", kind)
		}
		out[name] = v
	}
	return out, nil
}

// convert brings what YAML or JSON decoded to one Go type per kind.
func convert(kind string, v any) (any, bool) {
	switch x := v.(type) {
	case int:
		v = float64(x)
	case int64:
		v = float64(x)
	case json.Number:
		f, err := x.Float64()
		if err != nil {
			return nil, false
		}
		v = f
	}
	f, isNumber := v.(float64)
	s, isText := v.(string)
	b, isBool := v.(bool)
	isWhole := isNumber && f == math.Trunc(f) && f >= 0 && f <= math.MaxInt32
	switch {
	case kind == number && isNumber && !math.IsNaN(f) && !math.IsInf(f, 0):
		return f, true
	case (kind == whole || kind == either) && isWhole:
		return int(f), true
	case (kind == text || kind == either) && isText && s != "":
		return s, true
	case kind == boolean && isBool:
		return b, true
	}
	return nil, false
}

// canonical is the params as they count for a replay: sorted, and without stream,
// which changes how an answer travels and not what it says.
func (p params) canonical() string {
	c := maps.Clone(p)
	delete(c, "stream")
	b, err := json.Marshal(map[string]any(c))
	if err != nil { // cannot happen: numbers are finite
		return err.Error()
	}
	return string(b)
}

func (p params) stream() bool {
	v, ok := p["stream"].(bool)
	return v || !ok
}

func (p params) integer(name string) (int, bool) { v, ok := p[name].(int); return v, ok }

func (p params) word(name string) string { v, _ := p[name].(string); return v }

// float32 of a number, nil when it is not set.
func (p params) float32(name string) *float32 {
	v, ok := p[name].(float64)
	if !ok {
		if n, whole := p[name].(int); whole {
			v, ok = float64(n), true
		}
	}
	if !ok {
		return nil
	}
	f := float32(v)
	return &f
}

// maxOutput is the smaller one of what the request and the strategy allow, 0 for
// neither.
func (p params) maxOutput(request int) int {
	own, _ := p.integer("max_tokens")
	if request <= 0 {
		return own
	}
	if own <= 0 {
		return request
	}
	return min(own, request)
}
