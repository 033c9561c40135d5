package driver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"pitwall"
	"pitwall/brokers/risk"
)

// Profile says which account a run trades: a file beside the strategies, without keys.
type Profile struct {
	Broker  string        `yaml:"broker"`
	Mode    pitwall.Mode  `yaml:"mode"`    // paper or live
	Account string        `yaml:"account"` // the account's id, as a person read it at the broker
	Keys    []string      `yaml:"keys"`    // names of the variables that hold them
	URL     string        `yaml:"url"`     // of a server on this machine that stands for the broker
	Prices  string        `yaml:"prices"`  // the broker's source of stock prices
	Lag     time.Duration `yaml:"lag"`     // how long after its close a bar is asked for
	Alert   Alert         `yaml:"alert"`
	Approve string        `yaml:"approve"` // which orders wait for a person; the stricter of this and the strategy's
	Link    Link          `yaml:"link"`

	Strategy Overrides `yaml:"strategy"` // what this account's runs do otherwise than the strategy says
}

// Alert says who learns of a halt, an order without an answer or a difference.
type Alert struct {
	Command []string `yaml:"command"` // is run with the text as its last argument
	Webhook string   `yaml:"webhook"` // name of the variable that holds an address for a POST
}

// Link says where a person decides about an order that waits, from the link of an alert.
type Link struct {
	Listen string `yaml:"listen"` // address of the trading process, such as 127.0.0.1:8765
	URL    string `yaml:"url"`    // how it is reached from outside, through a tunnel of the reader's own
	Key    string `yaml:"key"`    // name of the variable that holds what signs links
}

var variableName = regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$`)

// ParseProfile reads a profile; file is how messages name it. What looks like a key is
// refused and not repeated.
func ParseProfile(file string, raw []byte) (p Profile, err error) {
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(&p); err != nil && !errors.Is(err, io.EOF) {
		return p, pitwall.Errorf(pitwall.StrategyError, "%s: it is not a valid broker profile (line %s)", file, lineOf(err)).
			Hintf("the keys are %s; of strategy %s", strings.Join(keys(Profile{}), ", "), strings.Join(keys(Overrides{}), ", ")) // the reader's own words would repeat what is there, and with it a key
	}
	bad := func(hint, format string, args ...any) (Profile, error) {
		return Profile{}, pitwall.Errorf(pitwall.StrategyError, "%s: %s", file, fmt.Sprintf(format, args...)).Hintf("%s", hint)
	}
	if p.Mode == "" {
		p.Mode = pitwall.Paper
	}
	names := p.Keys
	for _, name := range []string{p.Alert.Webhook, p.Link.Key} {
		if name != "" {
			names = append(names[:len(names):len(names)], name)
		}
	}
	for i, name := range names {
		if !variableName.MatchString(name) {
			return bad("write the name of a variable, such as APCA_API_KEY_ID, and set the variable", "name %d of keys, webhook and link is not a variable name", i+1)
		}
	}
	if err := checkApprove(p.Approve); err != nil {
		return bad("leave it out for none", "%v", err)
	}
	for k := range p.Strategy.Risk {
		if !slices.Contains(risk.Keys(), k) {
			return bad("the keys are "+strings.Join(risk.Keys(), ", "), "strategy: risk: there is no key of that name among %d given", len(p.Strategy.Risk))
		}
	}
	switch {
	case p.Link != (Link{}) && p.Link.Listen == "":
		return bad("write listen: 127.0.0.1:8765", "link has no listen")
	case p.Link.URL != "" && !strings.HasPrefix(p.Link.URL, "https://") && !strings.HasPrefix(p.Link.URL, "http://"):
		return bad("write https://HOST, as the phone reaches it", "the url of link is no address")
	case p.Broker == "":
		return bad("write broker: alpaca", "broker is missing")
	case p.Mode != pitwall.Paper && p.Mode != pitwall.Live:
		return bad("write mode: paper or mode: live", "mode is neither paper nor live")
	case p.Lag < 0 || p.Lag > time.Minute:
		return bad("use 0s to 1m", "lag is %v", p.Lag)
	case p.Mode == pitwall.Live && p.Account == "":
		return bad("write the account's id as the broker shows it", "account is missing")
	}
	return p, nil
}

var atLine = regexp.MustCompile(`line (\d+)`)

// lineOf returns the line that an error of the YAML reader names.
func lineOf(err error) string {
	if m := atLine.FindStringSubmatch(err.Error()); m != nil {
		return m[1]
	}
	return "unknown"
}
