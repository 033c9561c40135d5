package external

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"pitwall"
)

// values are a spec's values with those of the environment filled in. They know
// which texts are secrets and take them out of what comes back.
type values struct {
	query, headers, env map[string]string
	missing             []string // variables that are not set
	short               []string // warnings about secrets too short to redact
	secrets             []string // every spelling, longest first
	// settings are values of variables that are no secrets, such as a feed or a
	// limit: they may stand in answers, and belong to what a tool is.
	settings map[string]string
}

const (
	minSecret = 4
	hidden    = "[secret]"
)

// suspect names make what they hold a secret; so does its shape.
var suspect = regexp.MustCompile(`(?i)key|auth|secret|token|cookie|pass|pwd|cred|sess|sign|login|user|bearer|otp|code|private|access|account|client|^pin|pin$|id$`)

// harmless are the shapes of a setting: a number, true, a short word.
var harmless = regexp.MustCompile(`^([0-9]{1,9}|true|false|[a-z]{1,8})$`)

func resolve(s Spec, env func(string) string) *values {
	v := &values{settings: map[string]string{}}
	spelled := map[string]bool{}
	fill := func(in map[string]string) map[string]string {
		out := map[string]string{}
		for _, name := range slices.Sorted(maps.Keys(in)) {
			value := in[name]
			variable, isEnv := strings.CutPrefix(value, "$")
			if isEnv {
				if value = strings.TrimSpace(env(variable)); value == "" && !slices.Contains(v.missing, variable) {
					v.missing = append(v.missing, variable)
				}
			}
			out[name] = value
			switch {
			case !isEnv || value == "": // a constant stands in the file for all to read; those that look like secrets are refused there
			case harmless.MatchString(value) && !suspect.MatchString(variable) && !suspect.MatchString(name):
				v.settings[variable] = value
			case len(value) < minSecret:
				v.short = append(v.short, "tool "+s.Name+": "+variable+" is too short to be kept out of answers")
			default:
				spell(spelled, value)
			}
		}
		return out
	}
	if s.REST != nil {
		v.query, v.headers = fill(s.REST.Query), fill(s.REST.Headers)
	} else {
		v.headers, v.env = fill(s.MCP.Headers), fill(s.MCP.Env)
	}
	v.secrets = slices.SortedFunc(maps.Keys(spelled), func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return v
}

// Missing lists the variables of the environment that a spec names and env lacks.
func (s Spec) Missing(env func(string) string) []string {
	return slices.Sorted(slices.Values(resolve(s, env).missing))
}

// spell adds the spellings in which a secret may come back. Of "Bearer abc", abc
// is one too.
func spell(into map[string]bool, secret string) {
	parts := []string{secret}
	if _, rest, ok := strings.Cut(secret, " "); ok && len(rest) >= minSecret {
		parts = append(parts, rest)
	}
	for _, p := range parts {
		quoted, err := json.Marshal(p)
		if err == nil {
			into[strings.Trim(string(quoted), `"`)] = true
		}
		for _, spelling := range []string{p, strings.ReplaceAll(p, `"`, `""`), url.QueryEscape(p), url.PathEscape(p), base64.StdEncoding.EncodeToString([]byte(p)), base64.RawURLEncoding.EncodeToString([]byte(p))} {
			into[spelling] = true
		}
	}
}

// need says which variable is missing.
func (v *values) need(tool string) error {
	if len(v.missing) == 0 {
		return nil
	}
	return pitwall.Errorf(pitwall.MissingKey, "%s needs %s, which is not set", tool, strings.Join(v.missing, " and ")).
		Hintf("set it in the environment or in .env; until then decide without this tool")
}

// redact takes the secrets out of a text.
func (v *values) redact(s string) string {
	for _, x := range v.secrets {
		s = strings.ReplaceAll(s, x, hidden)
	}
	return s
}

// redactError takes the secrets out of an error.
func (v *values) redactError(err error) error {
	if e, ok := errors.AsType[*pitwall.Error](err); ok {
		c := *e
		c.Message, c.Hint, c.Err = v.redact(e.Message), v.redact(e.Hint), nil
		return &c
	}
	if err == nil || v.redact(err.Error()) == err.Error() {
		return err
	}
	return errors.New(v.redact(err.Error()))
}

// redactJSON takes the secrets out of a JSON text, however its strings are
// escaped. A text that is not JSON is treated as plain.
func (v *values) redactJSON(body []byte) []byte {
	if len(v.secrets) == 0 {
		return body
	}
	x, err := exactJSON(body)
	if err != nil {
		return []byte(v.redact(string(body)))
	}
	return []byte(compact(mapText(x, v.redact)))
}
