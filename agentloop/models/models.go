package models

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"pitwall"
	"pitwall/agentloop"
)

// Options choose a model and how to ask it. The zero value of each field is a sensible default.
type Options struct {
	// Name is "provider/model", a bare model name whose provider is known, a
	// provider (its default model), or "": the first provider whose key is set.
	Name    string
	Command []string            // instead of Name: a program with its arguments that answers, see command
	BaseURL string              // instead of the provider's own; then an OpenAI-compatible server needs no key
	Params  map[string]any      // the strategy's; an unknown one is an error
	Env     func(string) string // where keys come from, and nowhere else

	Client   *http.Client                               // nil = one with timeouts
	Sleep    func(context.Context, time.Duration) error // between attempts; nil = real
	Jitter   func() float64                             // 0..1; nil = random
	Attempts int                                        // 0 = 5
}

// Client asks one model of one provider. It may be used by several goroutines.
type Client struct {
	provider provider
	model    string
	host     string
	variable string // where its key was looked for
	keyless  bool   // and none was there
	base     string // where it is asked: a gateway may serve several by path
	params   params
	dialect  dialect
	secrets  []string
	refused  refusals
	reached  atomic.Bool // its server answered once

	sleep    func(context.Context, time.Duration) error
	jitter   func() float64
	attempts int
	limit    time.Duration // of one attempt
}

// dialect asks once: one HTTP request, no retry.
type dialect interface {
	ask(ctx context.Context, r agentloop.Request, x *exchange) (agentloop.Reply, error)
	version() string        // changes when the same Request makes another body
	takesID(id string) bool // reports whether an id of a call may be sent back
}

// New finds the provider, its key and its dialect. Nothing is sent.
func New(o Options) (*Client, error) {
	if o.Env == nil {
		o.Env = func(string) string { return "" }
	}
	secrets := secretsOf(o.Env)
	c, err := newClient(o)
	if err != nil {
		if e, ok := errors.AsType[*pitwall.Error](err); ok {
			e.Message, e.Hint = redact(secrets, e.Message), redact(secrets, e.Hint)
		}
		return nil, err
	}
	c.secrets = secrets
	return c, nil
}

func newClient(o Options) (*Client, error) {
	if len(o.Command) > 0 {
		return newCommand(o)
	}
	p, model, err := resolve(o.Name, o.BaseURL, o.Env)
	if err != nil {
		return nil, err
	}
	given, err := checkParams(p.dialect, p.name, o.Params)
	if err != nil {
		return nil, err
	}
	base, host, err := baseOf(p, o.BaseURL)
	if err != nil {
		return nil, err
	}
	key, variable := p.key(o.Env), p.variable()
	if foreignHost(p, host) {
		key, variable = strings.TrimSpace(o.Env(KeyElsewhere)), KeyElsewhere
	}
	if key == "" && !p.local && (o.BaseURL == "" || p.dialect != "openai") {
		return nil, pitwall.Errorf(pitwall.MissingKey, "%s/%s at %s needs a key: %s is not set", p.name, model, host, variable).
			Hintf("set it in the environment or in .env, or use script/momentum, which needs none")
	}
	c := &Client{provider: p, model: model, host: host, base: base, variable: variable, keyless: key == "", params: given}
	h := c.complete(o)
	switch p.dialect {
	case "anthropic":
		c.dialect = &anthropic{base: base, key: key, model: model, params: given, refused: &c.refused, http: h}
	case "gemini":
		c.dialect = &gemini{base: base, key: key, model: model, params: given, refused: &c.refused, http: h}
	default:
		c.dialect = &openAI{provider: p, base: base, key: key, model: model, params: given, refused: &c.refused, http: h}
	}
	return c, err
}

// newCommand makes a client of a program. What it is asked with is its whole command.
func newCommand(o Options) (*Client, error) {
	if o.Name != "" || o.BaseURL != "" || len(o.Params) > 0 {
		return nil, pitwall.Errorf(pitwall.StrategyError, "model: a command takes neither base_url nor params").Hintf("write them as arguments of the command")
	}
	if o.Command[0] == "" {
		return nil, pitwall.Errorf(pitwall.StrategyError, "model: command begins with an empty text").Hintf("write command: [claude, -p]")
	}
	argv, err := json.Marshal(o.Command)
	if err != nil {
		return nil, err
	}
	c := &Client{provider: provider{name: "command", dialect: "command"}, model: filepath.Base(o.Command[0]), base: string(argv), dialect: &command{argv: o.Command}}
	c.complete(o)
	return c, nil
}

// complete fills in how to ask and to wait, and returns what to ask over HTTP with.
func (c *Client) complete(o Options) *http.Client {
	c.sleep, c.jitter, c.attempts = o.Sleep, o.Jitter, o.Attempts
	if c.sleep == nil {
		c.sleep = sleep
	}
	if c.jitter == nil {
		c.jitter = rand.Float64
	}
	if c.attempts <= 0 {
		c.attempts = 5
	}
	h, limit := httpClient(o.Client)
	c.limit = limit
	return h
}

// KeyElsewhere holds the key for a base URL that is neither the provider's own nor
// on this machine. The provider's key is not sent there: a strategy file from
// somebody else names a server, and must not collect keys with it.
const KeyElsewhere = "PITWALL_MODEL_KEY"

// foreignHost reports whether a host is neither the provider's own nor this machine.
func foreignHost(p provider, host string) bool {
	own, err := url.Parse(p.base)
	if err == nil && own.Host == host {
		return false
	}
	name := (&url.URL{Host: host}).Hostname()
	ip := net.ParseIP(name)
	return name != "localhost" && (ip == nil || !ip.IsLoopback())
}

// baseOf checks a base URL. A user, password or query in it would be a key that
// does not come from the environment, and would show in errors.
func baseOf(p provider, given string) (base, host string, err error) {
	base = p.base
	if given != "" {
		base = strings.TrimRight(given, "/")
	}
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return "", "", pitwall.Errorf(pitwall.StrategyError, "base_url is no http or https URL").Hintf("such as %s", p.base)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", "", pitwall.Errorf(pitwall.StrategyError, "base_url of %s holds a user, a query or a fragment", u.Host).
			Hintf("keys come from the environment: %s", p.variable())
	}
	return base, u.Host, nil
}

// Name returns provider/model.
func (c *Client) Name() string { return c.provider.name + "/" + c.model }

// Fingerprint identifies the model in a replay key: it covers whatever may change the
// reply to a Request, and never holds a key. This machine has one name in it.
func (c *Client) Fingerprint() string {
	base := c.base
	if u, err := url.Parse(base); err == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "::1") {
		u.Host = strings.TrimSuffix("localhost:"+u.Port(), ":")
		base = u.String()
	}
	return redact(c.secrets, fmt.Sprintf("%s %s %s %s %s", c.provider.name, base, c.model, c.dialect.version(), c.params.canonical()))
}

// secretsOf returns the values of all providers' key variables, not only the one in
// use: a server or a proxy may echo any.
func secretsOf(env func(string) string) (list []string) {
	for _, p := range append(table(), provider{keys: []string{KeyElsewhere}}) {
		for _, v := range p.keys {
			// Shorter ones are placeholders such as "none", which also occur in texts.
			if k := strings.TrimSpace(env(v)); len(k) >= 8 {
				list = append(list, k)
				if q, err := json.Marshal(k); err == nil {
					if inner := string(bytes.Trim(q, `"`)); inner != k {
						list = append(list, inner)
					}
				}
				if e := url.QueryEscape(k); e != k {
					list = append(list, e)
				}
			}
		}
	}
	return list
}

func redact(secrets []string, s string) string {
	for _, k := range secrets {
		s = strings.ReplaceAll(s, k, "[key]")
	}
	return s
}

// redactReply removes keys from a reply before it is recorded: a server may echo one.
func redactReply(secrets []string, r *agentloop.Reply) {
	r.Text, r.Reasoning, r.Model, r.StopReason = redact(secrets, r.Text), redact(secrets, r.Reasoning), redact(secrets, r.Model), redact(secrets, r.StopReason)
	for i, c := range r.Calls {
		if c.Sent != nil {
			c.Sent.ID = redact(secrets, c.Sent.ID)
		}
		r.Calls[i] = agentloop.Call{ID: redact(secrets, c.ID), Name: redact(secrets, c.Name), Arguments: json.RawMessage(redact(secrets, string(c.Arguments))), Sent: c.Sent}
	}
	if r.Opaque != nil {
		r.Opaque = json.RawMessage(redact(secrets, string(r.Opaque)))
	}
}
