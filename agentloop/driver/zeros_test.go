package driver

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// number is a numeric key of a strategy file, by its path.
type number struct{ path, zero string }

// numbersOf lists the numeric keys of a type; lists stand as their element.
func numbersOf(t reflect.Type, path string) (list []number) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return []number{{path, "0s"}}
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int64 || t.Kind() == reflect.Float64:
		return []number{{path, "0"}}
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			key, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
			if key != "" && key != "-" {
				list = append(list, numbersOf(t.Field(i).Type, strings.TrimPrefix(path+"."+key, "."))...)
			}
		}
	}
	return list
}

// A stated 0 is never read as nothing stated: each number of a strategy file either
// refuses it, or means 0 by it. What it means is in the table, as the
// simulation gets it.
func TestZeroIsNotUnset(t *testing.T) {
	spec := func(s SimSpec) string {
		raw, err := json.Marshal([]any{s.Costs, s.Terms, s.Rules})
		require.NoError(t, err)
		return string(raw)
	}
	const same, free, exact = "the default is 0", `"commission_bps":0,`, `"slippage_bps":0` // a cost that is stated replaces the usual one
	means := map[string]string{
		"costs.commission_bps": free, "costs.per_share": free, "costs.fixed": free, "costs.min_per_order": free,
		"costs.slippage_bps": exact, "costs.slippage_each": exact, "costs.spread": exact, "costs.impact": exact,
		"costs.cash_buffer": `"slippage_bps":5}`, "costs.volume_share": `"volume_share":0,`, "costs.maker_bps": `"maker_bps":0`,
		"account.borrow_rate": same, "account.margin_rate": same, "account.settle_days": same, "fills.latency": same,
		"band": "rule", // refused without one; with one 0 orders at every turn
	}
	base := "name: z\nsymbols: [A]\nagent: {model: script/buyhold, prompt: hold}\n"
	text := func(n number) string {
		keys := strings.Split(n.path, ".")
		line := strings.Join(keys, ": {") + ": " + n.zero + strings.Repeat("}", len(keys)-1) + "\n"
		switch keys[0] {
		case "pods":
			if len(keys) > 2 { // what decides in a pod is what decides in a strategy
				return ""
			}
			size := ""
			if keys[1] == "band" {
				size = "weight: 0.5, "
			}
			return "symbols: [A]\npods: [{name: p, " + size + keys[1] + ": " + n.zero + ", agent: {model: script/buyhold, prompt: hold}}]\n"
		case "agent":
			line = strings.Replace(line, "agent: {", "agent: {model: script/buyhold, prompt: hold, ", 1)
		case "agents":
			line = "agents:\n  - " + strings.Replace(strings.TrimPrefix(line, "agents: "), "{", "{name: a, model: script/buyhold, prompt: hold, ", 1)
		case "prices", "tools":
			return ""
		}
		if strings.HasPrefix(n.path, "desk.goals.") { // pointers too: a goal may be 0
			return ""
		}
		line = strings.Replace(line, "triggers: {", "triggers: [{", 1)
		if strings.Contains(line, "analysts: {") {
			return strings.TrimSuffix(base, "agent: {model: script/buyhold, prompt: hold}\n") + strings.TrimSuffix(strings.Replace(line, "analysts: {", "analysts: [{role: technical, ", 1), "}\n") + "]}\n"
		}
		if strings.Contains(line, "[{") {
			line = strings.Replace(line, n.zero+"}", n.zero+"}]", 1)
		}
		if strings.HasPrefix(keys[0], "agent") {
			return strings.Replace(base, "agent: {model: script/buyhold, prompt: hold}\n", line, 1)
		}
		return base + line
	}
	left, err := Parse("s.yaml", []byte(base))
	require.NoError(t, err)
	require.NoError(t, left.Check())
	unset, err := left.Spec()
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, n := range numbersOf(reflect.TypeFor[Strategy](), "") {
		file := text(n)
		if file == "" { // prices of models are pointers and may be 0; tools of others have their own tests
			continue
		}
		s, err := Parse("s.yaml", []byte(file))
		if err == nil {
			err = s.Check()
		}
		var got SimSpec
		if err == nil {
			got, err = s.Spec()
		}
		want, listed := means[n.path]
		seen[n.path] = true
		switch {
		case !listed || want == "rule":
			require.Error(t, err, "%s: a stated 0 is neither refused nor in the table:\n%s", n.path, file)
			require.Contains(t, err.Error(), n.path[strings.LastIndex(n.path, ".")+1:])
		case want == same:
			require.NoError(t, err, n.path)
			require.Equal(t, spec(unset), spec(got), n.path)
		default:
			require.NoError(t, err, n.path)
			require.NotContains(t, spec(unset), want, n.path)
			require.Contains(t, spec(got), want, "%s: a stated 0 is read as nothing stated", n.path)
		}
	}
	for path := range means {
		require.True(t, seen[path], "%s is no number of a strategy file", path)
	}
	require.Greater(t, len(seen), 25)
	require.Equal(t, pitwall.Int(10), unset.Costs.CommissionBps)
}

// What is not the strategy's own may be 0.
func TestZerosOfOthers(t *testing.T) {
	_, err := Parse("s.yaml", []byte("name: z\nsymbols: [A]\nagent: {model: script/buyhold, prompt: hold, params: {timeout: 0, tokens: 0}}\n"))
	require.NoError(t, err)
}
