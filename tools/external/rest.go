package external

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"pitwall"
)

// endpoint is a REST tool.
type endpoint struct {
	spec   Spec
	values *values
	o      Options
	client *http.Client
}

// rest makes the tool of one endpoint.
func rest(s Spec, v *values, o Options) Tool {
	r := s.REST
	e := &endpoint{spec: s, values: v, o: o, client: sameHost(o.Client)}
	in := &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{}}
	for _, name := range slices.Sorted(maps.Keys(s.Parameters)) {
		p := s.Parameters[name]
		in.Properties[name] = &jsonschema.Schema{Type: p.Type, Description: p.Description}
		if p.Required {
			in.Required = append(in.Required, name)
		}
		if p.Default != nil {
			if raw, err := json.Marshal(p.Default); err == nil {
				in.Properties[name].Default = raw
			}
		}
	}
	definition, err := json.Marshal(map[string]any{"method": r.Method, "url": r.URL, "query": r.Query, "headers": r.Headers, "answer": r.Answer, "parameters": s.Parameters, "settings": v.settings})
	if err != nil {
		definition = nil // a default that is no JSON: it is then not recorded
	}
	return Tool{Name: s.Name, Description: s.Description, In: in, When: s.When, Time: s.timePolicy(""), Rows: r.Rows, Fields: r.Fields,
		Definition: definition, Timeout: r.Timeout, Call: e.call}
}

var errRedirect = errors.New("it redirects to another host, which is not followed")

// sameHost is a client that follows no redirect to another host or down to http:
// the headers would go there too.
func sameHost(base *http.Client) *http.Client {
	c := *base
	c.Jar, c.Timeout = nil, 0
	c.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if first := via[0].URL; r.URL.Host != first.Host || r.URL.Scheme != first.Scheme {
			return errRedirect
		}
		if len(via) > 5 {
			return errors.New("it redirects too often")
		}
		return nil
	}
	return &c
}

func (e *endpoint) call(ctx context.Context, _ Moment, args map[string]json.RawMessage) (Payload, error) {
	if err := e.values.need(e.spec.Name); err != nil {
		return Payload{}, err
	}
	var res *http.Response
	var body []byte
	for try := range 2 {
		var err error
		if res, body, err = e.send(ctx, args); err != nil {
			return Payload{}, e.values.explain(err)
		}
		wait, again := e.retryAfter(res)
		if !again || try == 1 {
			break
		}
		e.o.Log.WarnContext(ctx, "external tool asks to wait; trying once more", "tool", e.spec.Name, "status", res.StatusCode, "wait", wait)
		if err := pause(ctx, wait); err != nil {
			return Payload{}, err
		}
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return Payload{}, &Error{Message: fmt.Sprintf("it answered status %d", res.StatusCode), Hint: hintOf(res.StatusCode), Quote: string(e.values.redactJSON(body))}
	}
	if e.spec.REST.Answer == "csv" {
		return Payload{Form: CSV, Body: []byte(e.values.redact(string(body)))}, nil
	}
	return Payload{Form: JSON, Body: e.values.redactJSON(body)}, nil
}

func hintOf(status int) string {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return "the operator should look at the key; decide without this tool"
	case status == http.StatusTooManyRequests:
		return "call it less often"
	case status >= 500:
		return "decide without it, or try again later"
	}
	return "change the arguments"
}

// send makes one request and reads the answer up to the cap.
func (e *endpoint) send(ctx context.Context, args map[string]json.RawMessage) (*http.Response, []byte, error) {
	req, err := e.request(ctx, args)
	if err != nil {
		return nil, nil, err
	}
	res, err := e.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBytes+1))
	if err != nil {
		return nil, nil, err
	}
	if len(body) > maxBytes {
		return nil, nil, &Error{Message: fmt.Sprintf("its answer is larger than %d bytes", maxBytes), Hint: "ask for less"}
	}
	return res, body, nil
}

// request builds the request of one call.
func (e *endpoint) request(ctx context.Context, args map[string]json.RawMessage) (*http.Request, error) {
	r := e.spec.REST
	target, header, query, body := r.URL, http.Header{}, url.Values{}, map[string]json.RawMessage{}
	for name, value := range e.values.query {
		query.Set(name, value)
	}
	for _, name := range slices.Sorted(maps.Keys(args)) {
		p := e.spec.Parameters[name]
		value, wire := plain(args[name]), p.wire(name)
		switch p.place(r.Method) {
		case "path":
			if err := segment(name, value); err != nil {
				return nil, err
			}
			target = strings.ReplaceAll(target, "{"+wire+"}", url.PathEscape(value))
		case "header":
			if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c > '~' }) {
				return nil, pitwall.Errorf(pitwall.InvalidInput, "argument %s is no header value", name).Hintf("use printable ASCII on one line")
			}
			header.Set(wire, value)
		case "body":
			body[wire] = args[name]
		default:
			if value != "" { // an empty default is an argument left out
				query.Set(wire, value)
			}
		}
	}
	u, err := url.Parse(target)
	if err != nil {
		return nil, errors.New("the url of the call cannot be read")
	}
	given := u.Query()
	maps.Copy(given, query)
	u.RawQuery = given.Encode()
	var raw []byte
	if r.Method == http.MethodPost {
		if raw, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("encoding the call: %w", err)
		}
		header.Set("Content-Type", "application/json")
	}
	req, err := http.NewRequestWithContext(ctx, cmp.Or(r.Method, http.MethodGet), u.String(), bytes.NewReader(raw))
	if err != nil {
		return nil, errors.New("the request of the call cannot be built")
	}
	header.Set("User-Agent", "pitwall")
	for name, value := range e.values.headers {
		header.Set(name, value)
	}
	req.Header = header
	return req, nil
}

// plain is an argument as it stands in a URL.
func plain(raw json.RawMessage) string {
	var s string
	if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// segment refuses what could climb out of its place in the path, also for servers
// that decode %2F.
func segment(name, value string) error {
	bad := value == "" || strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f })
	for _, part := range strings.FieldsFunc(value, func(c rune) bool { return c == '/' || c == '\\' }) {
		bad = bad || part == "." || part == ".."
	}
	if bad {
		return pitwall.Errorf(pitwall.InvalidInput, "argument %s cannot be a part of a path", name).Hintf("use a plain name without . and .. between slashes")
	}
	return nil
}

// retryAfter reports whether an answer asks for a wait below the timeout. Only
// seconds are read: a date would need the host's clock.
func (e *endpoint) retryAfter(res *http.Response) (time.Duration, bool) {
	if res.StatusCode != http.StatusTooManyRequests && res.StatusCode != http.StatusServiceUnavailable {
		return 0, false
	}
	n, err := strconv.Atoi(res.Header.Get("Retry-After"))
	if err != nil || n < 0 || n > 3600 {
		return 0, false
	}
	wait := time.Duration(n) * time.Second
	return wait, wait < cmp.Or(e.spec.REST.Timeout, defaultTimeout)
}

// pause waits, or says that the deadline comes first.
func pause(ctx context.Context, d time.Duration) error {
	wait, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-wait.Done()
	return ctx.Err()
}

// explain says what failed without the URL, whose query may hold a key.
func (v *values) explain(err error) error {
	switch {
	case isExplained(err):
		return err
	case errors.Is(err, errRedirect):
		return &Error{Message: errRedirect.Error(), Hint: "the operator should give the final url"}
	}
	what := "the request failed"
	if op, ok := errors.AsType[*net.OpError](err); ok {
		what = "it could not be reached: " + op.Op + " failed"
	}
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err
	}
	return &Error{Message: what, Quote: v.redact(err.Error()), Hint: "decide without it, or try again later"}
}
