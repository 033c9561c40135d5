package agentloop

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every field of a key is in the key: changed alone, it makes another request.
// as_of cannot be changed alone from outside, since the context tells it too.
func TestEveryFieldOfAKeyCounts(t *testing.T) {
	for _, key := range []any{&turnKey{}, &roleKey{}, &replyKey{}} {
		v := reflect.ValueOf(key).Elem()
		seen := map[string]string{}
		keep := func(name string) {
			body, err := json.Marshal(key)
			require.NoError(t, err)
			require.Empty(t, seen[string(body)], "%s of %s changes nothing", name, v.Type())
			seen[string(body)] = name
		}
		keep("nothing")
		for i := range v.NumField() {
			f := v.Field(i)
			switch f.Kind() {
			case reflect.String:
				f.SetString("x")
			case reflect.Bool:
				f.SetBool(true)
			case reflect.Int:
				f.SetInt(7)
			case reflect.Map:
				f.Set(reflect.ValueOf(map[string]any{"x": 1}))
			case reflect.Slice:
				f.Set(reflect.MakeSlice(f.Type(), 1, 1))
			default:
				t.Fatalf("a field of kind %s: say here how to change it", f.Kind())
			}
			keep(v.Type().Field(i).Name)
			f.SetZero()
		}
	}
}

// inKeys changes each setting that can change an answer.
var inKeys = map[string]func(*Config, *Agent, *Role){
	"Config.Sample":     func(c *Config, _ *Agent, _ *Role) { c.Sample++ },
	"Agent.Name":        func(_ *Config, a *Agent, _ *Role) { a.Name = "other" },
	"Agent.ModelName":   func(_ *Config, a *Agent, _ *Role) { a.ModelName = "other" },
	"Agent.Fingerprint": func(_ *Config, a *Agent, _ *Role) { a.Fingerprint = "other" },
	"Agent.Prompt":      func(_ *Config, a *Agent, _ *Role) { a.Prompt = "other" },
	"Agent.Params":      func(_ *Config, a *Agent, _ *Role) { a.Params = map[string]any{"x": 1} },
	"Agent.DeciderName": func(_ *Config, a *Agent, _ *Role) { a.DeciderName = "other" },
	"Agent.Roles":       func(_ *Config, a *Agent, _ *Role) { a.Roles = a.Roles[:1] },
	"Agent.Tools":       func(_ *Config, a *Agent, _ *Role) { a.Tools = []string{"look"} },
	"Agent.Schema":      func(_ *Config, a *Agent, _ *Role) { a.Schema = json.RawMessage(`{"type":"object"}`) },
	"Agent.MaxSteps":    func(_ *Config, a *Agent, _ *Role) { a.MaxSteps = 7 },
	"Agent.MaxOutput":   func(_ *Config, a *Agent, _ *Role) { a.MaxOutput = 7 },
	"Agent.Price":       func(_ *Config, a *Agent, _ *Role) { a.Price = &Price{In: 7} }, // where usd_per_turn ends a turn
	"Agent.Budget":      func(_ *Config, a *Agent, _ *Role) { a.Budget.USDPerTurn++ },
	"Role.Name":         func(_ *Config, _ *Agent, r *Role) { r.Name = "other" },
	"Role.ModelName":    func(_ *Config, _ *Agent, r *Role) { r.ModelName = "other" },
	"Role.Fingerprint":  func(_ *Config, _ *Agent, r *Role) { r.Fingerprint = "other" },
	"Role.Params":       func(_ *Config, _ *Agent, r *Role) { r.Params = map[string]any{"x": 1} },
	"Role.Price":        func(_ *Config, _ *Agent, r *Role) { r.Price = &Price{In: 7} },
	"Role.Prompt":       func(_ *Config, _ *Agent, r *Role) { r.Prompt = "other" },
	"Role.Tools":        func(_ *Config, _ *Agent, r *Role) { r.Tools = []string{"look"} },
	"Role.MaxOutput":    func(_ *Config, _ *Agent, r *Role) { r.MaxOutput = 7 },
	"Role.Acts":         func(_ *Config, _ *Agent, r *Role) { r.Acts = []string{"look"} },
	"Role.ReadOnly":     func(_ *Config, _ *Agent, r *Role) { r.ReadOnly = true },
	"Role.USDPerTurn":   func(_ *Config, _ *Agent, r *Role) { r.USDPerTurn = 7 },
}

// inNoKey says of each other setting why it cannot change an answer.
var inNoKey = map[string]string{
	"Config.Session":  "what the server is and shows is in the key: its name, tools, prompt, digest and snapshot",
	"Config.Agents":   "each by its own fields; what another one did is in the digest",
	"Config.Recorder": "it is written to only",
	"Config.Cache":    "it holds answers, and gives none that differs",
	"Config.Strict":   "it ends a run instead of asking",
	"Config.Now":      "for timing only",
	"Config.Progress": "it only receives",
	"Config.Stop":     "it ends a run between turns",
	"Config.Turns":    "as Stop",
	"Config.Fork":     "turns that it decides or leaves an answer out of are neither looked up nor kept; replies are keyed by what was said",
	"Config.Made":     "of runs without a cache; the turn's number is in the message",
	"Config.Past":     "as Made",
	"Config.Log":      "it is written to only",
	"Agent.Model":     "ModelName, Fingerprint and Params stand for it",
	"Agent.Decider":   "DeciderName stands for it",
	"Agent.Every":     "it says when a turn is; the reason, if any, is in the message",
	"Agent.Wake":      "as Every; that a turn is a look in its sleep is in the key",
	"Agent.Gate":      "the message says the regime and where it decides",
	"Agent.Triggers":  "as Every",
	"Agent.When":      "as Every",
	"Agent.Session":   "as Config.Session: what its world is and shows is in the key",
	"Agent.Timeout":   "a turn that it ends is not kept",
	"Role.Model":      "ModelName, Fingerprint and Params stand for it",
}

// A new setting must say whether it can change an answer: then it is in a key, and
// changing it changes one.
func TestEverySettingIsInAKeyOrExplained(t *testing.T) {
	keys := func(change func(*Config, *Agent, *Role)) string {
		tools, traits := []Tool{{Name: "look"}, {Name: "more"}}, map[string]trait{}
		c := Config{Cache: noCache{}}
		model := struct{ Model }{}
		role := Role{Name: "first", Model: model, ModelName: "m", MaxOutput: 1, Price: &Price{In: 1}}
		a := Agent{Name: "main", Model: model, ModelName: "m", Every: Every{Bars: 1}, Decider: oneModel{}, DeciderName: "d", MaxOutput: 1, Price: &Price{In: 1}, Budget: Budget{USDPerTurn: 1}, Roles: []Role{{}, {Name: "second"}}}
		change(&c, &a, &role)
		a.Roles[0] = role
		s, err := newAgent(a, tools, traits)
		require.NoError(t, err)
		require.NoError(t, s.read(func(p string) (string, error) { return p, nil }))
		s.world = &world{}
		v := &turnRun{loop: &loop{Config: c}, agent: s, rec: Turn{StateDigest: "x"}}
		turn, slot, err := v.key("text")
		require.NoError(t, err)
		require.NotEmpty(t, slot)
		return string(turn)
	}
	before := keys(func(*Config, *Agent, *Role) {})
	settings := 0
	for _, typ := range []reflect.Type{reflect.TypeFor[Config](), reflect.TypeFor[Agent](), reflect.TypeFor[Role]()} {
		for i := range typ.NumField() {
			settings++
			name := typ.Name() + "." + typ.Field(i).Name
			change, ok := inKeys[name]
			require.NotEqual(t, ok, inNoKey[name] != "", "%s is in a key, or it is explained why it cannot change an answer", name)
			if ok {
				require.NotEqual(t, before, keys(change), name)
			}
		}
	}
	require.Equal(t, settings, len(inKeys)+len(inNoKey), "a setting that is gone")
}

type noCache struct{ Cache }
